//! Builds on a file system that fails: after a failure the segment is not
//! there, or an older one still is, whole.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use assort_files::Disk;
use assort_index::{BuildOptions, Builder, Error, Result, Segment, Vectors, build};
use assort_testkit::disk::{Failing, Fault};

use crate::common::{Data, SPACE, temporary};

fn options() -> BuildOptions {
    BuildOptions {
        m: 6,
        ..BuildOptions::default()
    }
}

/// Builds on files that fail.
fn build_on(files: &Failing, path: &Path, data: &Data) -> Result<()> {
    build(files, path, SPACE, data, &options(), &|_| false)
}

/// The bytes under a name, which must be those of a whole segment.
fn whole(path: &Path) -> Option<Vec<u8>> {
    let bytes = fs::read(path).ok()?;
    let verified = Segment::open(path, SPACE).and_then(|segment| segment.verify());
    assert!(verified.is_ok(), "{verified:?}");
    Some(bytes)
}

#[test]
fn a_failed_build_leaves_what_was_there() {
    let data = Data::clustered(150, 24, 30, 1);
    let older = Data::random(40, 24, 2);
    for fault in [
        Fault::Once,
        Fault::Late,
        Fault::Dead,
        Fault::Torn,
        Fault::Full,
    ] {
        for replaces in [false, true] {
            let mut turn = 0;
            loop {
                let directory = temporary();
                let path = directory.path().join("new.seg");
                if replaces {
                    let built = build(&Disk, &path, SPACE, &older, &options(), &|_| false);
                    assert!(built.is_ok());
                }
                let before = whole(&path);
                assert_eq!(before.is_some(), replaces);
                let files = Failing::new(fault, turn);
                let result = build_on(&files, &path, &data);
                let after = whole(&path);
                let Err(error) = result else {
                    assert!(after.is_some() && after != before);
                    break;
                };
                assert!(matches!(error, Error::Io { .. }), "{error}");
                let log = files.log();
                let renamed = fault == Fault::Late && log.get(turn) == Some(&"rename");
                assert!(after == before || renamed, "{fault:?} at {turn}: {log:?}");
                if !matches!(fault, Fault::Dead | Fault::Torn) {
                    // Nothing is left of the draft.
                    let left = fs::read_dir(directory.path()).map_or(9, Iterator::count);
                    assert_eq!(left, usize::from(after.is_some()), "{fault:?} at {turn}");
                }
                turn += 1;
            }
            assert!(turn > 10, "{turn}");
        }
    }
}

#[test]
fn a_segment_is_durable_before_it_has_its_name() {
    let directory = temporary();
    let files = Failing::never();
    let path = directory.path().join("new.seg");
    assert!(build_on(&files, &path, &Data::random(100, 24, 1)).is_ok());
    let log = files.log();
    assert!(log.ends_with(&["head", "sync", "rename"]), "{log:?}");
    assert_eq!(
        log.iter().filter(|operation| **operation == "sync").count(),
        1
    );
}

#[test]
fn an_interrupted_build_leaves_nothing() {
    let data = Data::clustered(700, 24, 30, 1);
    let directory = temporary();
    let path = directory.path().join("new.seg");
    for &builder in Builder::ALL {
        let options = BuildOptions {
            builder,
            ..options()
        };
        let mut patience = 0;
        loop {
            let asked = AtomicUsize::new(0);
            let stop = |_| asked.fetch_add(1, Ordering::Relaxed) >= patience;
            match build(&Disk, &path, SPACE, &data, &options, &stop) {
                Ok(()) => break,
                Err(Error::Interrupted) => {}
                Err(error) => panic!("{error}"),
            }
            let left = fs::read_dir(directory.path()).map_or(9, Iterator::count);
            assert_eq!(left, 0);
            patience += 1;
        }
        assert!(patience > 5, "{patience}");
        assert!(fs::remove_file(&path).is_ok());
    }
}

/// Vectors of which one cannot be read any more after some time.
struct Fading {
    data: Data,
    reads: AtomicUsize,
}

impl Vectors for Fading {
    fn len(&self) -> usize {
        self.data.len()
    }

    fn dimensions(&self) -> usize {
        self.data.dimensions
    }

    fn row(&self, at: usize) -> u32 {
        self.data.row(at)
    }

    fn read(&self, at: usize, out: &mut [f32]) -> Result<()> {
        let left = self
            .reads
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        match left {
            Ok(_) => self.data.read(at, out),
            Err(_) => Err(Error::Argument("the source is gone".to_owned())),
        }
    }
}

#[test]
fn an_unreadable_vector_is_the_error_of_the_build() {
    let directory = temporary();
    let path = directory.path().join("new.seg");
    let mut reads = 0;
    loop {
        let vectors = Fading {
            data: Data::random(120, 16, 1),
            reads: AtomicUsize::new(reads),
        };
        match build(&Disk, &path, SPACE, &vectors, &options(), &|_| false) {
            Ok(()) => break,
            Err(Error::Argument(what)) => assert_eq!(what, "the source is gone"),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(fs::read_dir(directory.path()).map_or(9, Iterator::count), 0);
        reads += 17;
    }
    assert!(reads > 400, "{reads}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let directory = temporary();
    let path = directory.path().join("new.seg");
    let good = Data::random(10, 8, 1);
    let refused = |data: &Data, options: &BuildOptions| {
        let built = build(&Disk, &path, SPACE, data, options, &|_| false);
        assert!(matches!(built, Err(Error::Argument(_))), "{built:?}");
        assert!(!path.exists());
    };
    for m in [0, 1, 65] {
        refused(&good, &BuildOptions { m, ..options() });
    }
    for ef_construction in [0, 10_001] {
        refused(
            &good,
            &BuildOptions {
                ef_construction,
                ..options()
            },
        );
    }
    refused(&Data::default(), &options());
    refused(
        &Data {
            dimensions: 0,
            ..good.clone()
        },
        &options(),
    );
    for bad in [f32::NAN, f32::INFINITY, 1e6] {
        let mut data = good.clone();
        data.vectors[3][2] = bad;
        refused(&data, &options());
    }
    let mut twice = good;
    twice.rows[4] = 7;
    refused(&twice, &options());
}

#[test]
fn a_seed_gives_the_same_bytes_with_any_threads() {
    let data = Data::clustered(2500, 40, 50, 3);
    let directory = temporary();
    let path = directory.path().join("new.seg");
    for &builder in Builder::ALL {
        let bytes = |seed, threads| {
            let options = BuildOptions {
                builder,
                seed,
                ..options()
            };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let build = || build(&Disk, &path, SPACE, &data, &options, &|_| false);
            assert!(pool.unwrap().install(build).is_ok());
            fs::read(&path).unwrap_or_default()
        };
        let one = bytes(1, 1);
        assert!(one == bytes(1, 3), "{builder}");
        assert!(one != bytes(2, 1), "{builder}");
    }
}

#[test]
fn a_build_tells_which_part_of_it_is_done() {
    let directory = tempfile::tempdir().unwrap();
    let data = Data::random(3_000, 8, 5);
    let told = std::sync::Mutex::new(Vec::new());
    let observe = |part| {
        told.lock().unwrap().push(part);
        false
    };
    let path = directory.path().join("a.seg");
    // Several threads may overtake each other between counting and telling.
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let built = one
        .unwrap()
        .install(|| build(&Disk, &path, SPACE, &data, &options(), &observe));
    built.unwrap();
    let told: Vec<f64> = told.into_inner().unwrap();
    assert!(told.is_sorted(), "{told:?}");
    assert!(told.iter().all(|part| (0.0..=1.0).contains(part)));
    let between = told.iter().filter(|part| (0.2..0.9).contains(*part));
    assert!(between.count() > 20, "{told:?}");
}
