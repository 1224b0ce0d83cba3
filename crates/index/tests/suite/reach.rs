//! Every row of every build is found: a few builds as a rule, as many as
//! `ASSORT_INDEX_BUILDS` says on demand.

use std::time::Instant;

use assort_index::{BuildOptions, Builder};

use crate::common::{Data, audited, built, temporary};

const ROWS: usize = 3000;
const DIMENSIONS: [usize; 6] = [64, 768, 100, 384, 256, 512];

/// Data of another kind and size for each turn.
fn data(turn: usize) -> (&'static str, Data) {
    let dimensions = DIMENSIONS[turn % DIMENSIONS.len()];
    let seed = turn as u64;
    match turn % 5 {
        0 => ("clustered", Data::clustered(ROWS, dimensions, 100, seed)),
        1 => ("repeated", Data::repeated(ROWS, dimensions, seed)),
        2 => ("random", Data::random(ROWS, dimensions, seed)),
        3 => (
            "in few clusters",
            Data::clustered(ROWS, dimensions, 1000, seed),
        ),
        _ => (
            "nearly equal",
            Data::spread(ROWS, dimensions, 300, 0.05, seed),
        ),
    }
}

#[test]
fn every_build_leads_to_every_row() {
    let asked = std::env::var("ASSORT_INDEX_BUILDS").ok();
    let builds = asked.map_or(8, |asked| asked.parse().unwrap_or(200));
    let start = Instant::now();
    for turn in 0..builds {
        let (kind, data) = data(turn);
        let options = BuildOptions {
            builder: if turn % 7 == 6 {
                Builder::Reference
            } else {
                Builder::Native
            },
            m: if turn % 4 < 2 { 16 } else { 8 },
            seed: turn as u64,
            ..BuildOptions::default()
        };
        let directory = temporary();
        let audit = audited(&built(directory.path(), &data, &options));
        assert!(
            audit.is_clean(),
            "turn {turn}: {kind}, {} coordinates, {options:?}: {audit:?}",
            data.dimensions
        );
    }
    println!("{builds} builds and audits took {:?}", start.elapsed());
}
