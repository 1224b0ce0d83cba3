//! Vectors that tests make up, and segments of them.
use std::path::Path;

use assort_files::Disk;
use assort_index::{
    Audit, BuildOptions, Hit, Result, SearchParams, Searcher, Segment, Vectors, audit, build,
};
use tempfile::TempDir;

pub use assort_testkit::{Chance, normalized};

/// Space of the test segments.
pub const SPACE: u128 = 0x5eed;

/// Vectors in memory, with the rows they are for.
#[derive(Clone, Default)]
pub struct Data {
    pub dimensions: usize,
    pub rows: Vec<u32>,
    pub vectors: Vec<Vec<f32>>,
}

impl Data {
    /// Vectors for rows 0, 1, 2, and so on.
    pub fn new(vectors: Vec<Vec<f32>>) -> Self {
        Self {
            dimensions: vectors.first().map_or(0, Vec::len),
            rows: (0..vectors.len() as u32).collect(),
            vectors,
        }
    }

    /// Directions by chance.
    pub fn random(rows: usize, dimensions: usize, seed: u64) -> Self {
        let mut chance = Chance(seed);
        Self::new((0..rows).map(|_| chance.direction(dimensions)).collect())
    }

    /// Directions around a centre for each `size` rows.
    pub fn clustered(rows: usize, dimensions: usize, size: usize, seed: u64) -> Self {
        Self::spread(rows, dimensions, size, 0.7, seed)
    }

    /// Directions so far from a centre for each `size` rows.
    pub fn spread(rows: usize, dimensions: usize, size: usize, spread: f32, seed: u64) -> Self {
        let mut chance = Chance(seed);
        let centers: Vec<_> = (0..rows.div_ceil(size))
            .map(|_| chance.direction(dimensions))
            .collect();
        let row = |_| {
            let center = chance.below(centers.len());
            chance.near(&centers[center], spread)
        };
        Self::new((0..rows).map(row).collect())
    }

    /// Clustered directions of which most are there several times, a few very often.
    pub fn repeated(rows: usize, dimensions: usize, seed: u64) -> Self {
        let mut chance = Chance(seed);
        let Self { vectors, .. } = Self::clustered(rows / 4 + 1, dimensions, 50, seed);
        let row = |_| {
            // The first of a kind comes up much more often than the last.
            let at = chance.unit().powi(4) * vectors.len() as f32;
            vectors[at as usize].clone()
        };
        Self::new((0..rows).map(row).collect())
    }
}

impl Vectors for Data {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn row(&self, at: usize) -> u32 {
        self.rows[at]
    }

    fn read(&self, at: usize, out: &mut [f32]) -> Result<()> {
        out.copy_from_slice(&self.vectors[at]);
        Ok(())
    }
}

/// Builds a segment in a directory and opens it.
pub fn built(directory: &Path, data: &Data, options: &BuildOptions) -> Segment {
    let path = directory.join("test.seg");
    build(&Disk, &path, SPACE, data, options, &|_| false).unwrap();
    Segment::open(&path, SPACE).unwrap()
}

/// The best rows by plain arithmetic on half-precision coordinates.
pub fn naive(data: &Data, query: &[f32], k: usize, allowed: impl Fn(u32) -> bool) -> Vec<Hit> {
    let half = |value: &f32| half::f16::from_f32(*value).to_f32();
    let mut hits: Vec<Hit> = data
        .rows
        .iter()
        .zip(&data.vectors)
        .filter(|(row, _)| allowed(**row))
        .map(|(&row, vector)| Hit {
            row,
            similarity: query.iter().zip(vector).map(|(q, v)| q * half(v)).sum(),
        })
        .collect();
    hits.sort_by(Hit::best_first);
    hits.truncate(k);
    hits
}

pub fn temporary() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// What an audit of all rows of an undamaged segment says.
pub fn audited(segment: &Segment) -> Audit {
    segment.verify().unwrap();
    audit(segment, None, None).unwrap()
}

/// Share of the best 10 rows that is found, on average over queries near rows.
pub fn recall(segment: &Segment, data: &Data, ef: usize) -> f64 {
    const QUERIES: usize = 200;
    let mut searcher = Searcher::default();
    let search = SearchParams {
        ef,
        ..SearchParams::new(10)
    };
    let mut chance = Chance(77);
    let mut found = 0;
    for _ in 0..QUERIES {
        let query = {
            let center = chance.below(data.vectors.len());
            chance.near(&data.vectors[center], 0.5)
        };
        let best = naive(data, &query, 10, |_| true);
        let hits = searcher.search(segment, &query, &search).unwrap();
        let least = best.last().map_or(0.0, |hit| hit.similarity) - 1e-4;
        found += hits.iter().filter(|hit| hit.similarity >= least).count();
    }
    found as f64 / (10 * QUERIES) as f64
}
