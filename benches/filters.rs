//! Search under filters: every selectivity, with matches at random, near the
//! query and far from it.
//!
//! `cargo bench --bench filters -- DIR --json`; DIR is one that
//! `benches/peers/filter_data.py` has prepared. One thread. `ms` is the middle
//! time of a query whose filter is known as a set of rows, as it is from the
//! second search on; `cold_ms` adds making the set from a column of numbers.

#[path = "common/vectors.rs"]
mod vectors;

use std::path::PathBuf;
use std::time::Instant;

use assort_files::Disk;
use assort_index::{BuildOptions, Hit, SearchParams, Searcher, Segment, SlotFilter, build};
use clap::Parser;
use serde_json::{Value, json};
use vectors::{Rows, floats, numbers};

type Failure = Box<dyn std::error::Error>;

/// Results of a query.
const K: usize = 10;

/// Recall that the width of the walk is chosen for, without a filter.
const RECALL: f64 = 0.95;

#[derive(Parser)]
struct Args {
    /// Folder with base.fbin, query.fbin, truth.ibin, attributes.ibin and filters.jsonl
    dir: Option<PathBuf>,
    /// Print JSON lines instead of a table
    #[arg(long)]
    json: bool,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

/// What the queries run on.
struct Epoch {
    segment: Segment,
    queries: Rows<f32>,
    attributes: Rows<u32>,
    ef: usize,
}

/// One query with its filter.
struct Case {
    query: usize,
    column: usize,
    low: u32,
    high: u32,
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    let Some(dir) = args.dir else {
        println!("skipped: name a folder, as in `cargo bench --bench filters -- DIR`");
        return Ok(());
    };
    let base = floats(&dir.join("base.fbin"))?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bench.seg");
    build(&Disk, &path, 0, &base, &BuildOptions::default(), &|_| false)?;
    drop(base);
    let mut epoch = Epoch {
        segment: Segment::open(&path, 0)?,
        queries: floats(&dir.join("query.fbin"))?,
        attributes: numbers(&dir.join("attributes.ibin"))?,
        ef: 0,
    };
    let unfiltered = epoch.choose_width(&numbers(&dir.join("truth.ibin"))?)?;
    let text = std::fs::read_to_string(dir.join("filters.jsonl"))?;
    for line in text.lines() {
        let cell: Value = serde_json::from_str(line)?;
        let cases = cases(&cell["cases"]);
        let mut result = epoch.run(&cases)?;
        result["engine"] = json!("assort");
        result["correlation"] = cell["correlation"].clone();
        result["selectivity"] = cell["selectivity"].clone();
        result["unfiltered_ms"] = json!(round(unfiltered));
        result["setting"] = json!(format!("ef {}", epoch.ef));
        if args.json {
            println!("{result}");
        } else {
            println!(
                "{:15} {:7}: {:.4} ms, exact scan {:.4} ms, unfiltered {:.4} ms; recall {:.4}, full {:.3}; {}",
                result["correlation"].as_str().unwrap_or_default(),
                result["selectivity"],
                result["ms"].as_f64().unwrap_or_default(),
                result["exact_ms"].as_f64().unwrap_or_default(),
                unfiltered,
                result["recall"].as_f64().unwrap_or_default(),
                result["full_rows"].as_f64().unwrap_or_default(),
                result["plan"].as_str().unwrap_or_default(),
            );
        }
    }
    Ok(())
}

fn cases(cases: &Value) -> Vec<Case> {
    let field = |case: &Value, name: &str| case[name].as_u64().unwrap_or(0);
    let cases = cases.as_array().map(Vec::as_slice).unwrap_or_default();
    cases
        .iter()
        .map(|case| Case {
            query: field(case, "query") as usize,
            column: field(case, "column") as usize,
            low: field(case, "low") as u32,
            high: field(case, "high") as u32,
        })
        .collect()
}

impl Epoch {
    /// Chooses the narrowest walk of sufficient recall; its time per query in
    /// milliseconds.
    fn choose_width(&mut self, truth: &Rows<u32>) -> Result<f64, Failure> {
        let mut searcher = Searcher::default();
        let mut middle = 0.0;
        for ef in (10..=960).step_by(10) {
            let search = SearchParams {
                ef,
                ..SearchParams::new(K)
            };
            let (mut found, mut times) = (0, Vec::new());
            for at in 0..self.queries.len() {
                let begun = Instant::now();
                let hits = searcher.search(&self.segment, self.queries.row(at), &search)?;
                times.push(begun.elapsed().as_secs_f64());
                let truth = &truth.row(at)[..K];
                found += hits.iter().filter(|hit| truth.contains(&hit.row)).count();
            }
            self.ef = ef;
            middle = 1e3 * median(times);
            if found as f64 >= RECALL * (K * self.queries.len()) as f64 {
                break;
            }
        }
        Ok(middle)
    }

    fn run(&self, cases: &[Case]) -> Result<Value, Failure> {
        let mut searcher = Searcher::default();
        let (mut times, mut cold, mut exact_times) = (Vec::new(), Vec::new(), Vec::new());
        let (mut right, mut all, mut full) = (0, 0, 0);
        let mut plan = String::new();
        for case in cases {
            let begun = Instant::now();
            let matches = self.matching(case);
            let making = begun.elapsed().as_secs_f64();
            let search = SearchParams {
                ef: self.ef,
                filter: Some(&matches),
                ..SearchParams::new(K)
            };
            plan = format!("{:?}", search.plan(&self.segment));
            let query = self.queries.row(case.query);
            searcher.search(&self.segment, query, &search)?;
            let begun = Instant::now();
            let found = searcher.search(&self.segment, query, &search)?.to_vec();
            let time = begun.elapsed().as_secs_f64();
            times.push(time);
            cold.push(making + time);
            let exact = SearchParams {
                exact: true,
                ..search
            };
            let begun = Instant::now();
            let truth = searcher.search(&self.segment, query, &exact)?;
            exact_times.push(begun.elapsed().as_secs_f64());
            full += usize::from(found.len() == K.min(matches.len()));
            all += truth.len();
            let rows: Vec<u32> = truth.iter().map(|hit: &Hit| hit.row).collect();
            right += found.iter().filter(|hit| rows.contains(&hit.row)).count();
        }
        Ok(json!({
            "recall": round(right as f64 / all.max(1) as f64),
            "full_rows": round(full as f64 / cases.len().max(1) as f64),
            "ms": round(1e3 * median(times)),
            "cold_ms": round(1e3 * median(cold)),
            "exact_ms": round(1e3 * median(exact_times)),
            "plan": plan,
        }))
    }

    /// The slots of the rows that a case lets through.
    fn matching(&self, case: &Case) -> SlotFilter {
        let slots = 0..self.segment.len() as u32;
        let wanted = slots.filter(|&slot| {
            let row = self.segment.row(slot).unwrap_or(0);
            let value = self.attributes.row(row as usize)[case.column];
            (case.low..case.high).contains(&value)
        });
        wanted.collect()
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(0.0)
}

fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
