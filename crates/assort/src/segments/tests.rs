//! Sealing and merging on a file system that fails at every step in turn:
//! nothing is lost, and what is there is right.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use assort_core::{CategoryRow, EmbedError, Embedder, Place, Product, Space, Taxonomy, text_hash};
use assort_index::{BuildOptions, Disk, Files, NewFile};

use super::{merge_all, seal};
use crate::catalog::Catalog;
use crate::{Error, Query, Search};

const DIMENSIONS: usize = 24;

/// Vectors that depend on the text alone.
struct Chance(Space);

impl Chance {
    fn new() -> Arc<Self> {
        Arc::new(Self(Space {
            model: "chance".to_owned(),
            fingerprint: "1".to_owned(),
            dimensions: DIMENSIONS,
        }))
    }

    fn vector(text: &str) -> Vec<f32> {
        let mut state = text_hash(text) as u64 | 1;
        let mut row: Vec<f32> = (0..DIMENSIONS)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
            })
            .collect();
        assort_core::vector::normalize(&mut row);
        row
    }
}

impl Embedder for Chance {
    fn space(&self) -> &Space {
        &self.0
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<f32>, EmbedError> {
        Ok(texts.iter().flat_map(|text| Self::vector(text)).collect())
    }
}

/// What happens at the operation that fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// The system says no.
    Error,
    /// The disk is full.
    Full,
    /// A part is written, then the system says no.
    Torn,
}

/// The disk, until an operation fails; everything after it fails too.
struct Failing {
    fault: Fault,
    /// Operations left before the failure.
    left: Arc<AtomicUsize>,
}

impl Failing {
    fn after(operations: usize, fault: Fault) -> Arc<Self> {
        let left = Arc::new(AtomicUsize::new(operations));
        Arc::new(Self { fault, left })
    }

    fn try_one(left: &AtomicUsize, fault: Fault) -> io::Result<()> {
        let step = |left: usize| left.checked_sub(1);
        match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, step) {
            Ok(_) => Ok(()),
            Err(_) if fault == Fault::Full => Err(io::ErrorKind::StorageFull.into()),
            Err(_) => Err(io::Error::other("the disk is on fire")),
        }
    }

    fn go(&self) -> io::Result<()> {
        Self::try_one(&self.left, self.fault)
    }
}

impl Files for Failing {
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        self.go()?;
        Ok(Box::new(FailingFile {
            file: Disk.create(path)?,
            fault: self.fault,
            left: Arc::clone(&self.left),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.go()?;
        Disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.go()?;
        Disk.remove(path)
    }
}

struct FailingFile {
    file: Box<dyn NewFile>,
    fault: Fault,
    left: Arc<AtomicUsize>,
}

impl FailingFile {
    fn go(&self) -> io::Result<()> {
        Failing::try_one(&self.left, self.fault)
    }
}

impl Write for FailingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Short writes, so that everything takes several.
        let part = bytes.len().min(4096);
        if let Err(error) = self.go() {
            if self.fault == Fault::Torn {
                self.file.write_all(&bytes[..part / 2])?;
            }
            return Err(error);
        }
        self.file.write(&bytes[..part])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl NewFile for FailingFile {
    fn write_head(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.go()?;
        self.file.write_head(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.go()?;
        self.file.sync()
    }
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
    let catalog = Catalog::create(directory, &taxonomy, Chance::new(), "chance").unwrap();
    catalog.put((0..rows).map(product)).unwrap();
}

/// Each product is found by its own vector, as the most similar one.
fn assert_whole(directory: &Path, rows: usize) {
    let catalog = Catalog::open(directory).unwrap();
    assert_eq!(catalog.check().unwrap(), []);
    for number in 0..rows {
        let vector = Chance::vector(&product(number).title);
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
    for fault in [Fault::Error, Fault::Full, Fault::Torn] {
        let directory = tempfile::tempdir().unwrap();
        fill(directory.path(), rows);
        prepare(directory.path());
        for operations in 0.. {
            let files = Failing::after(operations, fault);
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
        let catalog = catalog.with_embedder(Chance::new()).unwrap();
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
    let catalog = catalog.with_embedder(Chance::new()).unwrap();
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
            .search(&Search::new(Query::Vector(Chance::vector(title))))
            .unwrap();
        assert!(page.found[0].similarity < 0.99, "{title} is still found");
    }
    let vector = Chance::vector("something else");
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
        let catalog = catalog.with_embedder(Chance::new()).unwrap();
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
            .with_embedder(Chance::new())
            .unwrap();
        let problems = catalog.check().unwrap();
        assert!(
            problems
                .iter()
                .any(|problem| problem.mend.contains("--repair")),
            "{problems:?}"
        );
        let mut search = Search::new(Query::Vector(Chance::vector("thing 5")));
        search.exact = true;
        let refused = catalog.search(&search);
        assert!(matches!(refused, Err(Error::Segment { .. })), "{damage}");
        assert_eq!(catalog.repair(&mut ()).unwrap(), 400);
        drop(catalog);
        assert_whole(directory.path(), 400);
    }
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
