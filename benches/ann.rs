//! The index on vectors of your own: build time, size, memory, and recall
//! against queries per second.
//!
//! `cargo bench --bench ann -- DIR --json`; DIR holds `base.fbin`,
//! `query.fbin` and `truth.ibin` (see `benches/peers/README.md`). Prints one
//! line for each width of the walk and number of query threads.

#[path = "common/memory.rs"]
mod memory;
#[path = "common/vectors.rs"]
mod vectors;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use assort_files::Disk;
use assort_index::{BuildOptions, Builder, SearchParams, Searcher, Segment, build};
use clap::Parser;
use rayon::prelude::*;
use serde_json::json;
use vectors::{Rows, floats, numbers};

type Failure = Box<dyn std::error::Error>;

/// Results of a query.
const K: usize = 10;

/// Width of walks whose slack is varied.
const WIDE: usize = 300;

/// Passes over all queries, of which the middle one counts.
const PASSES: usize = 5;

#[derive(Parser)]
struct Args {
    /// Folder with base.fbin, query.fbin and truth.ibin
    dir: Option<PathBuf>,
    /// Print JSON lines instead of a table
    #[arg(long)]
    json: bool,
    /// native or hnsw_rs
    #[arg(long, default_value = "native")]
    builder: Builder,
    /// Links of a row on upper levels
    #[arg(long, default_value_t = 16)]
    m: usize,
    /// Rows a walk keeps while building
    #[arg(long, default_value_t = 200)]
    ef_construction: usize,
    /// Threads that build, and that search in the second half of the lines
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Widths of the walk
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "2,5,10,20,40,60,80,120,160,200,240,320,480"
    )]
    ef: Vec<usize>,
    /// How much farther than what they have found walks go
    #[arg(long, default_value_t = 1.25)]
    slack: f32,
    /// Slacks of further points, of walks of width 300
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "1.12,1.14,1.15,1.16,1.17,1.18,1.2"
    )]
    slacks: Vec<f32>,
    /// Rows ranked for each one to find
    #[arg(long, default_value_t = 8)]
    oversample: usize,
    /// SearchParams this segment instead of building one
    #[arg(long, hide = true)]
    segment: Option<PathBuf>,
    /// Seconds the segment took to build
    #[arg(long, hide = true, default_value_t = 0.0)]
    build_seconds: f64,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let Some(dir) = args.dir.clone() else {
        println!("skipped: name a folder of vectors, as in `cargo bench --bench ann -- DIR`");
        return Ok(());
    };
    match &args.segment {
        Some(segment) => search(&args, &dir, segment),
        None => build_and_search(&args, &dir),
    }
}

/// Builds here and searches in a process of its own, whose memory is then the
/// search's alone.
fn build_and_search(args: &Args, dir: &Path) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bench.seg");
    let base = floats(&dir.join("base.fbin"))?;
    let options = BuildOptions {
        m: args.m,
        ef_construction: args.ef_construction,
        builder: args.builder,
        ..BuildOptions::default()
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads)
        .build()?;
    let begun = Instant::now();
    pool.install(|| build(&Disk, &path, 0, &base, &options, &|_| false))?;
    let seconds = begun.elapsed().as_secs_f64();
    drop(base);
    let status = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .arg("--segment")
        .arg(&path)
        .arg(format!("--build-seconds={seconds}"))
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err("the search failed".into())
    }
}

fn search(args: &Args, dir: &Path, path: &Path) -> Result<(), Failure> {
    let queries = floats(&dir.join("query.fbin"))?;
    let truth = numbers(&dir.join("truth.ibin"))?;
    let resident = || memory::bytes("VmRSS").unwrap_or(0.0) / (1 << 20) as f64;
    let before = resident();
    let begun = Instant::now();
    let segment = Segment::open(path, 0)?;
    let opening = begun.elapsed();
    let bytes = segment.bytes() as f64 / segment.len() as f64;
    if !args.json {
        println!(
            "{} × {}: built in {:.1} s, {bytes:.0} bytes a vector, opened in {:.2} ms",
            segment.len(),
            segment.dimensions(),
            args.build_seconds,
            1e3 * opening.as_secs_f64()
        );
    }
    let mut all = vec![1, args.threads];
    all.dedup();
    for threads in all {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?;
        let usual = args.ef.iter().map(|&ef| (ef, args.slack));
        let others = args.slacks.iter().map(|&slack| (WIDE, slack));
        for (ef, slack) in usual.chain(others) {
            let search = SearchParams {
                ef,
                slack,
                oversample: args.oversample,
                ..SearchParams::new(K)
            };
            let (recall, time) = pool.install(|| measure(&segment, &queries, &truth, &search))?;
            let qps = queries.len() as f64 / time.as_secs_f64();
            let rss = resident() - before;
            if args.json {
                let line = json!({
                    "engine": "assort", "builder": args.builder.to_string(),
                    "build_s": round(args.build_seconds, 2), "bytes_per_vector": round(bytes, 1),
                    "rss_mb": round(rss, 1), "ef": ef, "slack": round(slack.into(), 3), "recall": round(recall, 4),
                    "qps": qps.round(), "threads": threads,
                });
                println!("{line}");
            } else {
                println!(
                    "threads {threads}, ef {ef:3}, slack {slack}: recall {recall:.4}, {qps:7.0} queries/s, {rss:.0} MB resident"
                );
            }
        }
    }
    Ok(())
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}

/// Recall, and the time of the middle one of some passes over all queries.
fn measure(
    segment: &Segment,
    queries: &Rows<f32>,
    truth: &Rows<u32>,
    search: &SearchParams<'_>,
) -> Result<(f64, Duration), assort_index::Error> {
    let mut found = 0;
    let mut times = Vec::with_capacity(PASSES);
    for _ in 0..PASSES {
        let begun = Instant::now();
        let counts: Vec<usize> = (0..queries.len())
            .into_par_iter()
            .map_init(Searcher::default, |searcher, at| {
                let hits = searcher.search(segment, queries.row(at), search)?;
                let truth = &truth.row(at)[..K];
                Ok(hits.iter().filter(|hit| truth.contains(&hit.row)).count())
            })
            .collect::<Result<_, assort_index::Error>>()?;
        times.push(begun.elapsed());
        found = counts.iter().sum();
    }
    times.sort_unstable();
    let recall = found as f64 / (K * queries.len()) as f64;
    Ok((recall, times[PASSES / 2]))
}
