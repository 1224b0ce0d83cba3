//! Sealing and merging on a file system that fails at every step in turn:
//! nothing is lost, and what is there is right.

use std::path::Path;
use std::sync::Arc;

use assort_core::{CategoryRow, Place, Product, Taxonomy};
use assort_index::BuildOptions;
use assort_testkit::disk::{Failing, Fault};
use assort_testkit::toy::Scattered;

use super::{merge_all, seal};
use crate::catalog::Catalog;
use crate::{Error, Observer, ProblemKind, Progress, Query, Search};

const DIMENSIONS: usize = 24;

/// The embedder of these tests.
fn scattered() -> Arc<Scattered> {
    Arc::new(Scattered::new(DIMENSIONS))
}

fn product(number: usize) -> Product {
    Product {
        id: number.to_string(),
        title: format!("thing {number}"),
        ..Product::default()
    }
}

fn fill(directory: &Path, rows: usize) {
    let row = CategoryRow {
        place: Place::Path(vec!["all".to_owned()]),
        ..CategoryRow::default()
    };
    let taxonomy = Taxonomy::from_rows(vec![row]).unwrap();
    let catalog = Catalog::create(directory, &taxonomy, scattered(), "scattered").unwrap();
    catalog.put((0..rows).map(product)).unwrap();
}

/// Each product is found by its own vector, as the most similar one.
fn assert_whole(directory: &Path, rows: usize) {
    let catalog = Catalog::open(directory).unwrap();
    assert_eq!(catalog.check().unwrap(), []);
    for number in 0..rows {
        let vector = scattered().vector(&product(number).title);
        let page = catalog.search(&Search::new(Query::Vector(vector))).unwrap();
        assert_eq!(page.found.len(), 10.min(rows));
        assert_eq!(page.found[0].product.product.id, number.to_string());
        assert!((page.found[0].similarity - 1.0).abs() < 1e-3);
    }
}

fn seal_live(catalog: &Catalog) -> crate::Result<usize> {
    let space = catalog.state.store.read()?.space()?;
    let options = BuildOptions::default();
    seal(&catalog.state, &space, &options, &|| false)
}

/// Runs `work` with a failure at the first operation, then at the second, and
/// so on, until there is none; each time on what the time before has left.
fn at_every_step(rows: usize, prepare: fn(&Path), work: fn(&Catalog) -> crate::Result<()>) {
    for fault in [Fault::Dead, Fault::Full, Fault::Torn] {
        let directory = tempfile::tempdir().unwrap();
        fill(directory.path(), rows);
        prepare(directory.path());
        for operations in 0.. {
            let files = Arc::new(Failing::new(fault, operations));
            let catalog = Catalog::open_on(directory.path(), files).unwrap();
            let outcome = work(&catalog);
            drop(catalog);
            assert_whole(directory.path(), rows);
            match outcome {
                Ok(()) => break,
                Err(Error::Io { .. }) => {}
                Err(other) => panic!("{fault:?} after {operations}: {other}"),
            }
        }
        let catalog = Catalog::open(directory.path()).unwrap();
        let files = std::fs::read_dir(directory.path().join("segments")).unwrap();
        assert_eq!(
            files.count(),
            catalog.stats().unwrap().segments.len(),
            "files are left over"
        );
    }
}

#[test]
fn sealing_survives_a_failure_at_every_step() {
    at_every_step(
        300,
        |_| {},
        |catalog| seal_live(catalog).map(|sealed| assert_eq!(sealed, 300)),
    );
}

#[test]
fn merging_survives_a_failure_at_every_step() {
    let prepare: fn(&Path) = |directory| {
        let catalog = Catalog::open(directory).unwrap();
        let catalog = catalog.with_embedder(scattered()).unwrap();
        seal_live(&catalog).unwrap();
        // A part of the first segment is replaced by a second one, so small
        // that the background lets them be.
        let ids: Vec<String> = (0..40).map(|number| number.to_string()).collect();
        catalog.remove(ids.iter().map(String::as_str)).unwrap();
        catalog.put((0..40).map(product)).unwrap();
        seal_live(&catalog).unwrap();
        assert_eq!(catalog.stats().unwrap().segments.len(), 2);
    };
    at_every_step(300, prepare, |catalog| {
        merge_all(&catalog.state, &BuildOptions::default(), &|| false)?;
        assert_eq!(catalog.stats().unwrap().segments.len(), 1);
        Ok(())
    });
}

#[test]
fn what_changes_while_a_segment_is_built_is_dead_in_it_from_birth() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path(), 500);
    let catalog = Catalog::open(directory.path()).unwrap();
    let catalog = catalog.with_embedder(scattered()).unwrap();
    let space = catalog.state.store.read().unwrap().space().unwrap();
    // The question whether to stop is asked while the graph is built.
    let once = std::sync::Once::new();
    let change = || {
        once.call_once(|| {
            catalog.remove(["7"]).unwrap();
            let mut changed = product(8);
            changed.title = "something else".to_owned();
            catalog.put([changed]).unwrap();
        });
        false
    };
    seal(&catalog.state, &space, &BuildOptions::default(), &change).unwrap();
    let stats = catalog.stats().unwrap();
    assert_eq!((stats.live, stats.segments[0].dead), (1, 2));
    for title in ["thing 7", "thing 8"] {
        let page = catalog
            .search(&Search::new(Query::Vector(scattered().vector(title))))
            .unwrap();
        assert!(page.found[0].similarity < 0.99, "{title} is still found");
    }
    let vector = scattered().vector("something else");
    let page = catalog.search(&Search::new(Query::Vector(vector))).unwrap();
    assert_eq!(page.found[0].product.product.id, "8");
    drop(catalog);
    assert_eq!(
        Catalog::open(directory.path()).unwrap().check().unwrap(),
        []
    );
}

#[test]
fn a_lost_or_changed_segment_is_refused_and_repaired() {
    for damage in ["gone", "cut", "flipped"] {
        let directory = tempfile::tempdir().unwrap();
        fill(directory.path(), 400);
        let catalog = Catalog::open(directory.path()).unwrap();
        let catalog = catalog.with_embedder(scattered()).unwrap();
        seal_live(&catalog).unwrap();
        let file = catalog.state.segment_files.path(1);
        drop(catalog);
        let mut bytes = std::fs::read(&file).unwrap();
        match damage {
            "gone" => std::fs::remove_file(&file).unwrap(),
            "cut" => std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap(),
            _ => {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                std::fs::write(&file, bytes).unwrap();
            }
        }
        let catalog = Catalog::open(directory.path())
            .unwrap()
            .with_embedder(scattered())
            .unwrap();
        let problems = catalog.check().unwrap();
        assert!(
            problems
                .iter()
                .any(|problem| problem.kind == ProblemKind::Segment),
            "{problems:?}"
        );
        let mut search = Search::new(Query::Vector(scattered().vector("thing 5")));
        search.exact = true;
        let refused = catalog.search(&search);
        assert!(matches!(refused, Err(Error::Segment { .. })), "{damage}");
        assert_eq!(catalog.repair(&mut ()).unwrap(), 400);
        drop(catalog);
        assert_whole(directory.path(), 400);
    }
}

/// Keeps what is told of the work on segments: rows that are done, and all.
#[derive(Default)]
struct Told(Vec<(u64, u64)>);

impl Observer for Told {
    fn progress(&mut self, progress: Progress<'_>) {
        if let Progress::Indexing { done, total } = progress {
            self.0.push((done, total));
        }
    }
}

impl Told {
    fn assert_goes_to(&self, rows: u64) {
        assert!(self.0.is_sorted_by_key(|(done, _)| done), "{:?}", self.0);
        assert!(self.0.iter().all(|(done, all)| done <= all), "{:?}", self.0);
        assert!(self.0.iter().all(|(_, all)| *all == rows), "{:?}", self.0);
        assert_eq!(self.0.last(), Some(&(rows, rows)));
    }
}

#[test]
fn progress_counts_the_rows_that_sealing_and_merging_write() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path(), 900);
    let catalog = Catalog::open(directory.path()).unwrap();
    let catalog = catalog
        .with_embedder(Arc::new(Scattered::new(DIMENSIONS)))
        .unwrap();
    let catalog = catalog.with_live_limit(1);
    let mut told = Told::default();
    catalog.wait_until_indexed(&mut told).unwrap();
    told.assert_goes_to(900);

    // What replaces rows of a segment is sealed, and all alive is merged.
    let catalog = catalog.with_live_limit(1000);
    let mut told = Told::default();
    catalog.put((0..30).map(product)).unwrap();
    catalog
        .put([Product {
            title: "another thing".to_owned(),
            ..product(30)
        }])
        .unwrap();
    catalog.compact(&mut told).unwrap();
    told.assert_goes_to(1 + 900);
    let mut told = Told::default();
    catalog.compact(&mut told).unwrap();
    told.assert_goes_to(0);
}

#[test]
fn an_import_seals_once_far_too_many_vectors_are_live_and_not_before() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path(), 500);
    let catalog = Catalog::open(directory.path()).unwrap();
    catalog.seal_backlog(501, &mut ()).unwrap();
    assert_eq!(catalog.stats().unwrap().live, 500);
    catalog.seal_backlog(500, &mut ()).unwrap();
    let stats = catalog.stats().unwrap();
    assert_eq!((stats.live, stats.segments.len()), (0, 1));
    drop(catalog);
    assert_whole(directory.path(), 500);
}
