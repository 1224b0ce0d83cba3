//! Searches against plain arithmetic, over all plans.

use std::collections::BTreeSet;

use assort_index::{BuildOptions, Hit, Plan, SearchParams, Searcher, Segment, SlotFilter};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::common::{Chance, Data, built, naive, normalized, recall, temporary};

/// What may be lost where codes decide which rows are ranked.
const CODED: f32 = 0.02;

/// Rounding of sums.
const SUMMED: f32 = 1e-5;

fn options(m: usize, seed: u64) -> BuildOptions {
    BuildOptions {
        m,
        seed,
        ..BuildOptions::default()
    }
}

/// Data of some kind and size, under rows with gaps between them.
fn sparse(kind: usize, rows: usize, dimensions: usize, seed: u64) -> Data {
    let mut data = match kind {
        0 => Data::random(rows, dimensions, seed),
        1 => Data::clustered(rows, dimensions, 20, seed),
        2 => Data::repeated(rows, dimensions, seed),
        _ => Data::spread(rows, dimensions, 50, 0.05, seed),
    };
    let mut chance = Chance(seed);
    let mut row = 0;
    for place in &mut data.rows {
        row += 1 + chance.below(1000) as u32;
        *place = row;
    }
    // Not in ascending order.
    let at = chance.below(rows);
    data.rows.rotate_left(at);
    data
}

fn slots(segment: &Segment, rows: &BTreeSet<u32>) -> SlotFilter {
    rows.iter().filter_map(|&row| segment.slot(row)).collect()
}

fn assert_sorted(hits: &[Hit]) {
    assert!(
        hits.is_sorted_by(|a, b| a.best_first(b).is_lt()),
        "{hits:?}"
    );
}

fn assert_like(hits: &[Hit], model: &[Hit], tolerance: f32) {
    assert_eq!(hits.len(), model.len());
    for (hit, other) in hits.iter().zip(model) {
        let difference = (hit.similarity - other.similarity).abs();
        assert!(difference <= tolerance, "{hit:?} instead of {other:?}");
    }
}

/// Similarities that hits claim are those of their rows.
fn assert_true(hits: &[Hit], data: &Data, query: &[f32], tolerance: f32) {
    let all = naive(data, query, usize::MAX, |_| true);
    for hit in hits {
        let truth = all.iter().find(|other| other.row == hit.row);
        let truth = truth.map_or(f32::NAN, |truth| truth.similarity);
        let difference = (hit.similarity - truth).abs();
        assert!(difference <= tolerance, "{hit:?} instead of {truth}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn searches_keep_their_word(
        kind in 0usize..4,
        rows in 1usize..400,
        dimensions in 1usize..150,
        m in 2usize..20,
        seed in any::<u64>(),
    ) {
        let data = sparse(kind, rows, dimensions, seed);
        let directory = temporary();
        let segment = built(directory.path(), &data, &options(m, seed));
        for &row in &data.rows {
            let slot = segment.slot(row);
            prop_assert_eq!(slot.and_then(|slot| segment.row(slot)), Some(row));
        }
        let mut searcher = Searcher::default();
        let mut chance = Chance(seed);
        for turn in 0..12 {
            let query = chance.direction(dimensions);
            let k = [0, 1, 3, 10, 50, 1000, usize::MAX][chance.below(7)];
            let share = [1.0, 0.5, 0.1, 0.01, 0.0][chance.below(5)];
            let allowed: BTreeSet<u32> =
                data.rows.iter().copied().filter(|_| chance.unit() < share).collect();
            let mut filter = slots(&segment, &allowed);
            if turn % 3 == 0 {
                // A slot that is not there is never found.
                filter.slots_mut().insert(rows as u32 + 70);
            }
            if turn % 2 == 0 {
                filter = SlotFilter::once(filter.slots().clone());
            }
            let filter = (turn % 4 > 0).then_some(&filter);
            let is_allowed = |row| filter.is_none() || allowed.contains(&row);
            let matches = data.rows.iter().filter(|&&row| is_allowed(row)).count();

            let exact = SearchParams { k, filter, exact: true, ..SearchParams::new(k) };
            let hits = searcher.search(&segment, &query, &exact).unwrap_or_default();
            assert_sorted(hits);
            assert_like(hits, &naive(&data, &query, k, is_allowed), SUMMED);
            assert_true(hits, &data, &query, SUMMED);

            let ef = [0, 1, 2, 40, usize::MAX][chance.below(5)];
            let oversample = [0, 1, 8, usize::MAX][chance.below(4)];
            let slack = [0.0, 1.0, 1.25, f32::INFINITY, f32::NAN][chance.below(5)];
            let scan = chance.below(4) == 0;
            let search = SearchParams { k, ef, slack, oversample, filter, exact: false, scan };
            let hits = searcher.search(&segment, &query, &search).unwrap_or_default();
            assert_sorted(hits);
            prop_assert_eq!(hits.len(), k.min(matches), "{:?}", search);
            prop_assert!(hits.iter().all(|hit| is_allowed(hit.row)));
            assert_true(hits, &data, &query, SUMMED);
            if search.plan(&segment) == Plan::Scan && oversample > 1 {
                assert_like(hits, &naive(&data, &query, k, is_allowed), 2.0 * CODED);
            }
        }
    }
}

#[test]
fn a_scan_of_all_finds_nearly_all() {
    for data in [
        Data::clustered(6000, 100, 20, 7),
        Data::spread(6000, 256, 50, 0.2, 8),
        Data::random(6000, 40, 9),
    ] {
        let directory = temporary();
        let segment = built(directory.path(), &data, &options(16, 5));
        let all: SlotFilter = (0..6000).collect();
        let search = SearchParams {
            ef: 512,
            oversample: 32,
            filter: Some(&all),
            scan: true,
            ..SearchParams::new(10)
        };
        assert_eq!(search.plan(&segment), Plan::Scan);
        let (mut searcher, mut chance) = (Searcher::default(), Chance(5));
        let mut found = 0;
        for _ in 0..100 {
            let query = chance.direction(data.dimensions);
            let best = naive(&data, &query, 10, |_| true);
            let hits = searcher
                .search(&segment, &query, &search)
                .unwrap_or_default();
            found += best
                .iter()
                .filter(|best| hits.iter().any(|hit| hit.row == best.row))
                .count();
        }
        assert!(found >= 999, "{} coordinates: {found}", data.dimensions);
    }
}

/// Sketches pay from the second search on: the first one walks where it would scan them.
#[test]
fn a_filter_for_one_search_finds_as_well_as_one_that_is_kept() {
    let data = Data::clustered(4000, 64, 20, 5);
    let directory = temporary();
    let segment = built(directory.path(), &data, &options(16, 5));
    let allowed: BTreeSet<u32> = data
        .rows
        .iter()
        .copied()
        .filter(|row| row % 10 > 0)
        .collect();
    let filter = SlotFilter::once(slots(&segment, &allowed).slots().clone());
    let search = SearchParams {
        ef: 32,
        filter: Some(&filter),
        ..SearchParams::new(10)
    };
    let mut searcher = Searcher::default();
    let mut chance = Chance(5);
    for plan in [Plan::FilteredGraph, Plan::Scan] {
        assert_eq!(search.plan(&segment), plan);
        let mut found = 0.0;
        for _ in 0..50 {
            let query = chance.direction(64);
            let hits = searcher.search(&segment, &query, &search).unwrap();
            let truth = naive(&data, &query, 10, |row| allowed.contains(&row));
            let hits = hits
                .iter()
                .filter(|hit| truth.iter().any(|one| one.row == hit.row));
            found += hits.count() as f32 / truth.len() as f32;
        }
        assert!(found / 50.0 > 0.95, "{plan:?}: {found}");
        filter.keep();
    }
}

#[test]
fn what_twelve_bits_leave_open_is_decided_by_whole_vectors() {
    let mut data = Data::spread(2000, 64, 500, 0.05, 3);
    // And some that are equal.
    for at in (0..2000).step_by(9) {
        data.vectors[at] = data.vectors[at / 90].clone();
    }
    let directory = temporary();
    let segment = built(directory.path(), &data, &options(16, 1));
    let mut searcher = Searcher::default();
    let mut chance = Chance(4);
    for _ in 0..50 {
        let center = chance.below(data.vectors.len());
        let query = chance.near(&data.vectors[center], 0.05);
        let search = SearchParams {
            oversample: 2000,
            ..SearchParams::new(10)
        };
        assert_eq!(search.plan(&segment), Plan::Scan);
        let scanned = searcher.search(&segment, &query, &search).unwrap().to_vec();
        let exact = SearchParams {
            exact: true,
            ..search
        };
        assert_eq!(scanned, searcher.search(&segment, &query, &exact).unwrap());
    }
}

/// A segment of clustered rows, and everything to search it.
fn clustered(rows: usize) -> (TempDir, Data, Segment) {
    let data = Data::clustered(rows, 96, 100, 5);
    let directory = temporary();
    let segment = built(directory.path(), &data, &BuildOptions::default());
    (directory, data, segment)
}

#[test]
fn a_walk_finds_nearly_all() {
    let (_directory, data, segment) = clustered(12_000);
    assert_eq!(SearchParams::new(10).plan(&segment), Plan::Graph);
    let recall = recall(&segment, &data, 128);
    assert!(recall >= 0.95, "{recall}");
}

#[test]
fn filtered_searches_find_nearly_all_by_every_plan() {
    let (_directory, data, segment) = clustered(6000);
    let mut searcher = Searcher::default();
    let mut chance = Chance(9);
    let mut plans = Vec::new();
    for share in [1.0, 0.6, 0.3, 0.1, 0.01] {
        let (mut found, mut wanted) = (0, 0);
        for _ in 0..50 {
            let center = chance.below(data.vectors.len());
            let query = chance.near(&data.vectors[center], 0.5);
            let allowed: BTreeSet<u32> = data
                .rows
                .iter()
                .copied()
                .filter(|_| chance.unit() < share)
                .collect();
            let filter = slots(&segment, &allowed);
            let search = SearchParams {
                ef: 10,
                filter: Some(&filter),
                ..SearchParams::new(10)
            };
            plans.push(search.plan(&segment));
            let hits = searcher
                .search(&segment, &query, &search)
                .unwrap_or_default();
            let best = naive(&data, &query, 10, |row| allowed.contains(&row));
            assert_eq!(hits.len(), best.len());
            let least = best.last().map_or(0.0, |hit| hit.similarity) - 1e-3;
            found += hits.iter().filter(|hit| hit.similarity >= least).count();
            wanted += best.len();
        }
        let recall = found as f64 / f64::from(wanted as u32);
        assert!(recall >= 0.9, "{recall} at a share of {share}");
    }
    assert!(plans.contains(&Plan::Scan) && plans.contains(&Plan::FilteredGraph));
}

#[test]
fn rows_that_are_far_from_the_query_are_found_among_nearer_ones() {
    let (_directory, data, segment) = clustered(12_000);
    let mut searcher = Searcher::default();
    let mut chance = Chance(4);
    // Rows at right angles to the query are all alike to it: those are hard.
    let tries = [
        (0.5, 10, Plan::FilteredGraph, 0.8),
        (0.5, 128, Plan::Scan, 0.9),
        (0.2, 128, Plan::Scan, 0.9),
    ];
    for (share, ef, plan, least_recall) in tries {
        let (mut found, mut wanted) = (0, 0);
        for _ in 0..20 {
            let center = chance.below(data.vectors.len());
            let query = chance.near(&data.vectors[center], 0.5);
            let all = naive(&data, &query, usize::MAX, |_| true);
            let far = all.len() - (share * all.len() as f64) as usize;
            let allowed: BTreeSet<u32> = all[far..].iter().map(|hit| hit.row).collect();
            let filter = slots(&segment, &allowed);
            let search = SearchParams {
                ef,
                filter: Some(&filter),
                ..SearchParams::new(10)
            };
            assert_eq!(search.plan(&segment), plan);
            let hits = searcher.search(&segment, &query, &search);
            let hits = hits.unwrap_or_default();
            assert_eq!(hits.len(), 10);
            let least = all[far + 9].similarity - 1e-3;
            found += hits.iter().filter(|hit| hit.similarity >= least).count();
            wanted += 10;
        }
        let recall = found as f64 / f64::from(wanted);
        assert!(recall >= least_recall, "{recall} at a share of {share}");
    }
}

#[test]
fn changed_matches_are_scanned_anew() {
    let (_directory, data, segment) = clustered(6000);
    let mut searcher = Searcher::default();
    let query = &data.vectors[7];
    let mut filter: SlotFilter = (0..2000).collect();
    let mut best = |filter: &SlotFilter| {
        let search = SearchParams {
            filter: Some(filter),
            ..SearchParams::new(1)
        };
        assert_eq!(search.plan(&segment), Plan::Scan);
        let hits = searcher.search(&segment, query, &search);
        hits.unwrap_or_default().first().map(|hit| hit.row)
    };
    let own = segment.slot(data.rows[7]).unwrap_or_default();
    filter.slots_mut().insert(own);
    assert_eq!(best(&filter), Some(data.rows[7]));
    filter.slots_mut().remove(own);
    assert_ne!(best(&filter), Some(data.rows[7]));
    filter.slots_mut().insert(own);
    assert_eq!(best(&filter.clone()), Some(data.rows[7]));
}

/// Vectors that are hard on codes: each is found by itself, and exact search
/// is right.
fn assert_found(name: &str, data: &Data) {
    let directory = temporary();
    let segment = built(directory.path(), data, &options(4, 1));
    let mut searcher = Searcher::default();
    for (&row, vector) in data.rows.iter().zip(&data.vectors) {
        let best = naive(data, vector, 5, |_| true);
        for exact in [true, false] {
            let search = SearchParams {
                exact,
                ..SearchParams::new(5)
            };
            let hits = searcher
                .search(&segment, vector, &search)
                .unwrap_or_default();
            assert_eq!(hits.len(), best.len(), "{name}");
            let difference = (hits[0].similarity - best[0].similarity).abs();
            assert!(difference < SUMMED, "{name}, row {row}");
        }
    }
}

#[test]
fn tiny_segments_are_searched() {
    for rows in [1, 2, 5] {
        for dimensions in [1, 2, 33, 64, 65] {
            assert_found("tiny", &Data::random(rows, dimensions, 1));
        }
    }
}

#[test]
fn degenerate_vectors_are_searched() {
    let mut chance = Chance(3);
    let one = chance.direction(40);
    assert_found("equal", &Data::new(vec![one; 300]));
    assert_found("of one coordinate", &Data::random(200, 1, 1));
    let mut flat = Data::random(300, 40, 1).vectors;
    for vector in &mut flat {
        vector[..20].fill(0.1);
        *vector = normalized(std::mem::take(vector));
    }
    assert_found("with coordinates that hardly vary", &Data::new(flat));
    let one_hot = |at: usize| {
        (0..60)
            .map(|place| f32::from(u8::from(place == at % 60)))
            .collect()
    };
    assert_found("one-hot", &Data::new((0..300).map(one_hot).collect()));
    let mut zeros = Data::random(100, 30, 1).vectors;
    zeros[50].fill(0.0);
    assert_found("with a zero vector", &Data::new(zeros));
}

#[test]
fn bad_queries_are_refused() {
    let (_directory, data, segment) = clustered(100);
    let mut searcher = Searcher::default();
    let search = SearchParams::new(3);
    let query = &data.vectors[0];
    assert!(searcher.search(&segment, &query[..95], &search).is_err());
    for bad in [f32::NAN, f32::INFINITY] {
        let mut query = query.clone();
        query[7] = bad;
        assert!(searcher.search(&segment, &query, &search).is_err());
    }
    assert!(searcher.search(&segment, query, &search).is_ok());
}
