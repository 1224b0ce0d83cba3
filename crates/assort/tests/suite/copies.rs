//! Backups that are taken while others write, and replicas that follow them.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use assort::copies::{CopiedFile, CopyOptions, Folder, Manifest, Source, replicate, restore};
use assort::core::Product;
use assort::{Catalog, ClassifyOptions, Error, Query, Result, Search};
use assort_testkit::Chance;
use assort_testkit::toy::Toy;

use crate::common::{self, path, tell, told};

/// Products of one commit of the writer.
const GROUP: usize = 40;
/// Seed of the products: the child makes the same ones.
const SEED: u64 = 23;
/// Commits of the writer.
const GROUPS: usize = 150;

/// The products of a commit.
fn group(at: usize) -> Vec<Product> {
    let all = common::products(SEED, GROUP * GROUPS);
    let part = all.into_iter().skip(at * GROUP).take(GROUP);
    part.map(|(product, _)| product).collect()
}

/// Products that the writer removes after commit `at`: a quarter of the last one's.
fn removed(at: usize) -> Vec<String> {
    let before = at.checked_sub(1).map(group).unwrap_or_default();
    before.into_iter().step_by(4).map(|one| one.id).collect()
}

/// Runs the tasks of child processes.
const CHILD: &str = "copies::child";

#[test]
fn child() {
    let Some(task) = common::task() else { return };
    match task[0].as_str() {
        "write" => {
            let catalog = Catalog::open(&task[1]).unwrap();
            let catalog = catalog.with_embedder(Arc::new(Toy::new("a"))).unwrap();
            let catalog = catalog.with_live_limit(100);
            for at in 0..GROUPS {
                catalog.put(group(at)).unwrap();
                let gone = removed(at);
                catalog.remove(gone.iter().map(String::as_str)).unwrap();
                if at % 20 == 10 {
                    catalog.compact(&mut ()).unwrap();
                }
                tell("done", 1 + at as u64);
            }
        }
        "backup" => {
            let catalog = Catalog::open(&task[1]).unwrap();
            let catalog = catalog.with_embedder(Arc::new(Toy::new("a"))).unwrap();
            let catalog = catalog.with_live_limit(100);
            for at in 0..GROUPS / 5 {
                catalog.put(group(at)).unwrap();
                catalog.wait_until_indexed(&mut ()).unwrap();
                let links = CopyOptions::default().with_links(at % 2 == 0);
                catalog.backup(&task[2], links, &mut ()).unwrap();
                tell("done", 1 + at as u64);
            }
        }
        other => panic!("{other}"),
    }
    tell("end", 0);
}

/// Follows what a child acknowledges.
fn follow(child: &mut Child) -> (Arc<AtomicU64>, Arc<AtomicBool>) {
    let (done, ended) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let (done_to, ended_to) = (Arc::clone(&done), Arc::clone(&ended));
    let out = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || {
        for line in out.lines().map_while(std::result::Result::ok) {
            if let Some(number) = told(&line, "done") {
                done_to.store(number, Ordering::SeqCst);
            }
        }
        ended_to.store(true, Ordering::SeqCst);
    });
    (done, ended)
}

fn reader(directory: &Path) -> Catalog {
    Catalog::open_read_only(directory).unwrap()
}

/// Fails unless a copy has what was acknowledged, and nothing else is missing.
fn assert_has(copy: &Catalog, acknowledged: usize) {
    common::assert_clean(copy);
    let ids: HashSet<String> = copy.ids(None, usize::MAX).unwrap().into_iter().collect();
    // What the writer was about to remove may be gone.
    let gone: HashSet<String> = (0..=acknowledged + 1).flat_map(removed).collect();
    for product in (0..acknowledged).flat_map(group) {
        if !gone.contains(&product.id) {
            assert!(ids.contains(&product.id), "{} is lost", product.id);
        }
    }
}

#[test]
fn a_backup_under_load_is_whole_and_has_what_was_acknowledged() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = common::catalog(&toy);
    drop(catalog);
    let at = directory.path().to_str().unwrap();
    let mut child = common::start(CHILD, &["write", at]);
    let (done, ended) = follow(&mut child);
    let source = reader(directory.path());
    let place = tempfile::tempdir().unwrap();
    let mut seen = HashSet::new();
    for round in 0.. {
        let last = ended.load(Ordering::SeqCst);
        let acknowledged = done.load(Ordering::SeqCst) as usize;
        // One is always brought up to date; others are new, of either kind.
        let options = CopyOptions::default().with_links(round % 3 > 0);
        for to in ["same".to_owned(), format!("new {round}")] {
            let to = place.path().join(to);
            let report = source.backup(&to, options, &mut ()).unwrap();
            let copy = reader(&to);
            assert_has(&copy, acknowledged);
            seen.insert(report.commit);
        }
        if last {
            break;
        }
    }
    assert!(child.wait().unwrap().success());
    assert!(seen.len() > 2, "nothing was written meanwhile: {seen:?}");
    // What was segmented and removed long ago is in the oldest one still.
    let first = place.path().join("new 0");
    common::assert_clean(&reader(&first));
    let restored = place.path().join("restored");
    restore(&mut Folder::new(&first), &restored, &mut ()).unwrap();
    let catalog = Catalog::open(&restored).unwrap();
    let catalog = catalog.with_embedder(toy.clone()).unwrap();
    common::assert_clean(&catalog);
    catalog.put(group(0)).unwrap();
    common::assert_found_by_own_vector(&catalog, &toy, &group(0)[3]);
}

/// A catalog with segments, labels and something learned.
fn shop(toy: &Arc<Toy>) -> (tempfile::TempDir, Catalog) {
    let (directory, catalog) = common::catalog(toy);
    let catalog = catalog.with_live_limit(100);
    let products = common::products(3, 700);
    catalog
        .put(products.iter().map(|(product, _)| product.clone()))
        .unwrap();
    catalog.wait_until_indexed(&mut ()).unwrap();
    let labels = products.iter().take(300);
    let labels = labels.map(|(one, leaf)| (one.id.as_str(), Some(path(*leaf))));
    let options = assort::LabelOptions::default();
    catalog
        .label(common::labels(labels), options, &mut ())
        .unwrap();
    catalog.prepare(&mut ()).unwrap();
    (directory, catalog)
}

fn manifest(copy: &Path) -> Manifest {
    Folder::new(copy).manifest().unwrap()
}

#[test]
fn a_backup_answers_as_its_catalog_and_keeps_what_was_learned() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = shop(&toy);
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("backup");
    catalog
        .backup(&to, CopyOptions::default(), &mut ())
        .unwrap();
    let copy = reader(&to).with_embedder(toy.clone()).unwrap();
    let answers = common::answers::answers(&catalog);
    assert_eq!(common::answers::answers(&copy), answers);
    let names: Vec<String> = manifest(&to).files.into_iter().map(|f| f.name).collect();
    for kind in ["segments/", "models/"] {
        assert!(names.iter().any(|name| name.starts_with(kind)), "{names:?}");
    }
    assert!(
        names.iter().any(|name| name.ends_with(".head")),
        "{names:?}"
    );
    // Of a copy, too.
    let second = place.path().join("second");
    copy.backup(&second, CopyOptions::default(), &mut ())
        .unwrap();
    common::assert_clean(&reader(&second));
    let refused = Catalog::open(&to).unwrap_err();
    assert!(matches!(refused, Error::ReadOnlyCopy(_)), "{refused}");
}

#[test]
fn a_backup_is_brought_up_to_date_by_what_is_new() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = shop(&toy);
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("backup");
    let options = CopyOptions::default().with_links(false);
    let first = catalog.backup(&to, options, &mut ()).unwrap();
    assert_eq!((first.kept, first.linked), (0, 0));
    assert_eq!(first.bytes, first.size);
    let again = catalog.backup(&to, options, &mut ()).unwrap();
    assert!(again.is_unchanged() && again.commit == first.commit);
    catalog.put(group(0)).unwrap();
    let second = catalog.backup(&to, options, &mut ()).unwrap();
    // The store alone is new.
    assert_eq!((second.copied, second.kept), (1, first.copied - 1));
    assert!(second.commit > first.commit);
    common::assert_clean(&reader(&to));
    catalog.compact(&mut ()).unwrap();
    catalog.backup(&to, options, &mut ()).unwrap();
    common::assert_clean(&reader(&to));
    let named = manifest(&to).files.len();
    let there = files(&to).len();
    assert_eq!(
        there,
        named + 2,
        "beside a manifest and a lock: {:?}",
        files(&to)
    );
}

/// All files below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

#[test]
fn a_flipped_byte_is_refused_with_the_name_of_its_file() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = shop(&toy);
    let place = tempfile::tempdir().unwrap();
    let to = place.path().join("backup");
    let options = CopyOptions::default().with_links(false);
    catalog.backup(&to, options, &mut ()).unwrap();
    let mut random = Chance(5);
    for (file, round) in manifest(&to).files.iter().zip(0..) {
        let damaged = to.join(&file.name);
        let whole = std::fs::read(&damaged).unwrap();
        let mut bytes = whole.clone();
        bytes[random.below(whole.len())] ^= 0x10;
        for bytes in [&bytes[..], &whole[..whole.len() - 1]] {
            std::fs::write(&damaged, bytes).unwrap();
            let place = place.path().join(format!("restored {round}"));
            let refused = restore(&mut Folder::new(&to), &place, &mut ()).unwrap_err();
            assert!(matches!(refused, Error::Copy { .. }), "{refused}");
            assert!(refused.to_string().contains(&file.name), "{refused}");
            assert!(matches!(
                Catalog::open(&place).unwrap_err(),
                Error::NotACatalog(_)
            ));
            if !file.is_store() {
                let problems = reader(&to).check().unwrap();
                let named = |what: &str| what.contains(&file.name);
                assert!(problems.iter().any(|p| named(&p.what)), "{problems:?}");
            }
        }
        std::fs::write(&damaged, whole).unwrap();
    }
    // Verified, the backup is mended from its catalog.
    let file = manifest(&to).files[0].name.clone();
    let mut bytes = std::fs::read(to.join(&file)).unwrap();
    bytes[100] ^= 1;
    std::fs::write(to.join(&file), bytes).unwrap();
    catalog
        .backup(&to, options.with_verify(true), &mut ())
        .unwrap();
    common::assert_clean(&reader(&to));
}

#[test]
fn what_is_no_earlier_copy_of_the_catalog_is_not_touched() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = shop(&toy);
    let (other_directory, other) = common::catalog(&toy);
    let place = tempfile::tempdir().unwrap();
    let options = CopyOptions::default();
    let backup = |to: &Path| catalog.backup(to, options, &mut ()).unwrap_err();
    for to in [directory.path(), other_directory.path()] {
        let refused = backup(to);
        assert!(matches!(refused, Error::AlreadyACatalog(_)), "{refused}");
    }
    let others = place.path().join("others");
    other.backup(&others, options, &mut ()).unwrap();
    let letters = place.path().join("letters");
    std::fs::create_dir(&letters).unwrap();
    std::fs::write(letters.join("letter"), "dear").unwrap();
    for to in [&others, &letters] {
        let before = files(to);
        let refused = backup(to);
        assert!(matches!(refused, Error::OtherCopy { .. }), "{refused}");
        assert_eq!(files(to), before);
    }
    // A restored catalog is behind, until it is backed up elsewhere.
    let own = place.path().join("own");
    catalog.backup(&own, options, &mut ()).unwrap();
    let restored = place.path().join("restored");
    restore(&mut Folder::new(&own), &restored, &mut ()).unwrap();
    let refused = restore(&mut Folder::new(&own), &restored, &mut ()).unwrap_err();
    assert!(matches!(refused, Error::AlreadyACatalog(_)), "{refused}");
    catalog.put(group(1)).unwrap();
    catalog.backup(&own, options, &mut ()).unwrap();
    let restored = Catalog::open(&restored).unwrap();
    let refused = restored.backup(&own, options, &mut ()).unwrap_err();
    assert!(refused.to_string().contains("earlier"), "{refused}");
    let missing = restore(&mut Folder::new(&letters), place.path().join("x"), &mut ());
    assert!(matches!(missing.unwrap_err(), Error::NotACopy(_)));
}

#[test]
#[cfg(unix)]
fn a_killed_backup_is_no_catalog_or_a_whole_one() {
    let mut random = Chance(common::seed());
    let toy = Arc::new(Toy::new("a"));
    for round in 0..common::setting("ASSORT_CRASH_ROUNDS", 15).div_ceil(3) {
        let (directory, catalog) = common::catalog(&toy);
        drop(catalog);
        let to = tempfile::tempdir().unwrap();
        let arguments = [directory.path(), to.path()].map(|path| path.to_str().unwrap());
        let mut child = common::start(CHILD, &["backup", arguments[0], arguments[1]]);
        let (done, ended) = follow(&mut child);
        let after = random.below(8) as u64;
        while done.load(Ordering::SeqCst) < after && !ended.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_micros(random.below(40_000) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = done.load(Ordering::SeqCst) as usize;
        match Catalog::open_read_only(to.path()) {
            Err(Error::NotACatalog(_)) => assert_eq!(acknowledged, 0, "round {round}"),
            Err(error) => panic!("{error}"),
            Ok(copy) => {
                common::assert_clean(&copy);
                assert!(copy.stats().unwrap().products as usize >= acknowledged * GROUP);
                let restored = tempfile::tempdir().unwrap();
                restore(&mut Folder::new(to.path()), restored.path(), &mut ()).unwrap();
                common::assert_clean(&Catalog::open(restored.path()).unwrap());
            }
        }
        // The next run gets over what the last one left.
        let catalog = Catalog::open(directory.path()).unwrap();
        catalog
            .backup(to.path(), CopyOptions::default(), &mut ())
            .unwrap();
        let copy = reader(to.path());
        common::assert_clean(&copy);
        assert_eq!(
            copy.ids(None, usize::MAX).unwrap(),
            catalog.ids(None, usize::MAX).unwrap()
        );
    }
}

/// A source whose connection is cut again and again, and which counts what it gave.
struct Cut {
    folder: Folder,
    /// Bytes that go through before each cut.
    after: u64,
    given: Arc<AtomicU64>,
    /// Cuts until nothing goes through any more.
    left: usize,
}

struct CutReader<'r> {
    inner: std::io::Take<Box<dyn Read + 'r>>,
    given: Arc<AtomicU64>,
}

impl Read for CutReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 {
            return Err(std::io::ErrorKind::ConnectionReset.into());
        }
        self.given.fetch_add(read as u64, Ordering::SeqCst);
        Ok(read)
    }
}

impl Source for Cut {
    fn name(&self) -> String {
        "far away".to_owned()
    }

    fn manifest(&mut self) -> Result<Manifest> {
        self.folder.manifest()
    }

    fn read(&mut self, file: &CopiedFile, offset: u64) -> Result<Box<dyn Read + '_>> {
        let Some(left) = self.left.checked_sub(1) else {
            return Err(Error::Interrupted);
        };
        self.left = left;
        Ok(Box::new(CutReader {
            inner: self.folder.read(file, offset)?.take(self.after),
            given: Arc::clone(&self.given),
        }))
    }
}

#[test]
fn a_replica_goes_on_where_a_cut_connection_ended() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = shop(&toy);
    let place = tempfile::tempdir().unwrap();
    let backup = place.path().join("backup");
    catalog
        .backup(&backup, CopyOptions::default(), &mut ())
        .unwrap();
    let size = manifest(&backup).size();
    let given = Arc::new(AtomicU64::new(0));
    let to = place.path().join("replica");
    let mut runs = 0;
    loop {
        let mut source = Cut {
            folder: Folder::new(&backup),
            after: size / 13,
            given: Arc::clone(&given),
            // One cut within a run, and then the run ends, too.
            left: 3,
        };
        runs += 1;
        match replicate(&mut source, &to, CopyOptions::default(), &mut ()) {
            Ok(report) => {
                assert_eq!(report.size, size);
                break;
            }
            Err(Error::Interrupted) => {
                let none = Catalog::open_read_only(&to).unwrap_err();
                assert!(matches!(none, Error::NotACatalog(_)), "{none}");
            }
            Err(error) => panic!("{error}"),
        }
        assert!(runs < 100, "it does not come forward");
    }
    assert!(runs > 2);
    assert_eq!(given.load(Ordering::SeqCst), size, "something came twice");
    common::assert_clean(&reader(&to));
}

#[test]
fn readers_of_a_replica_miss_no_answer_while_it_is_brought_up_to_date() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = shop(&toy);
    let place = tempfile::tempdir().unwrap();
    let (backup, to) = (place.path().join("backup"), place.path().join("replica"));
    let options = CopyOptions::default();
    let swap = || {
        catalog.backup(&backup, options, &mut ()).unwrap();
        replicate(&mut Folder::new(&backup), &to, options, &mut ()).unwrap()
    };
    swap();
    let served = reader(&to).with_embedder(toy.clone()).unwrap();
    let (ended, asked) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let asking = || {
            scope.spawn(|| {
                let product = &group(7)[0];
                while !ended.load(Ordering::SeqCst) {
                    let search = Search::new(Query::Text("red kettle".to_owned()));
                    let page = served.search(&search).unwrap();
                    assert_eq!(page.found.len(), 10);
                    let asked_for = std::slice::from_ref(product);
                    let filed = served.classify(asked_for, &ClassifyOptions::default());
                    assert!(filed.unwrap()[0].category.is_some());
                    asked.fetch_add(1, Ordering::SeqCst);
                }
            })
        };
        let threads = [asking(), asking()];
        for at in 0..10 {
            catalog.put(group(at)).unwrap();
            let gone = removed(at);
            catalog.remove(gone.iter().map(String::as_str)).unwrap();
            match at % 3 {
                0 => drop(catalog.compact(&mut ()).unwrap()),
                1 => catalog.wait_until_indexed(&mut ()).unwrap(),
                _ => catalog.prepare(&mut ()).unwrap(),
            }
            let before = asked.load(Ordering::SeqCst);
            swap();
            for product in &group(at)[1..4] {
                common::assert_found_by_own_vector(&served, &toy, product);
            }
            while asked.load(Ordering::SeqCst) == before {
                // Its panic is told when the scope ends.
                let failed = threads
                    .iter()
                    .any(std::thread::ScopedJoinHandle::is_finished);
                ended.store(failed, Ordering::SeqCst);
                assert!(!failed, "a request failed");
                std::thread::yield_now();
            }
        }
        ended.store(true, Ordering::SeqCst);
    });
    common::assert_clean(&served);
}
