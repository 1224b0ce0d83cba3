//! What users may meet: damaged files, broken embedders, full disks, folders
//! they may not write to. Never a panic, never a silent loss, always a sentence
//! that says what to do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assort::core::Product;
use assort::{Catalog, ClassifyOptions, Error, ImportOptions, LabelOptions, Query, Search};
use assort_testkit::Chance;
use assort_testkit::toy::{Fault, Toy};

use crate::common::{self, Recorder, Teller, path, tell};

const FILE: &str = "catalog.redb";

fn all(products: &[(Product, usize)]) -> impl Iterator<Item = Product> + '_ {
    products.iter().map(|(product, _)| product.clone())
}

fn store_file(directory: &Path) -> PathBuf {
    directory.join(FILE)
}

#[test]
fn a_directory_without_a_catalog_is_refused_by_its_name() {
    let empty = tempfile::tempdir().unwrap();
    let missing = empty.path().join("missing");
    let file = empty.path().join("file");
    std::fs::write(&file, "text").unwrap();
    for path in [empty.path(), &missing, &file] {
        for result in [Catalog::open(path), Catalog::open_read_only(path)] {
            let Err(error) = result else {
                panic!("opened {path:?}")
            };
            assert!(matches!(error, Error::NotACatalog(_)), "{error:?}");
            let told = error.to_string();
            assert!(told.contains(&*path.to_string_lossy()), "{told}");
        }
    }
    let left = std::fs::read_dir(empty.path()).unwrap().count();
    assert_eq!(left, 1, "opening makes nothing");
}

/// The system keeps a deleted file for those who have it open: what they write is lost.
#[cfg(unix)]
#[test]
fn nothing_is_acknowledged_where_the_catalog_was_deleted() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = common::catalog(&toy);
    let products = |from: usize| {
        let all = common::products(1, from + 5).into_iter().skip(from);
        all.map(|(product, _)| product)
    };
    catalog.put(products(0)).unwrap();
    std::fs::remove_dir_all(directory.path()).unwrap();
    let refused = catalog.put(products(5)).unwrap_err();
    assert!(matches!(refused, Error::Io { .. }), "{refused:?}");
    assert!(refused.to_string().contains(FILE), "{refused}");
    // Nor where another one was put in its place.
    let (other, _) = common::catalog(&toy);
    std::fs::create_dir(directory.path()).unwrap();
    std::fs::copy(store_file(other.path()), store_file(directory.path())).unwrap();
    let refused = catalog.put(products(5)).unwrap_err().to_string();
    assert!(refused.contains("another file has its name"), "{refused}");
}

#[test]
fn a_file_of_something_else_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for content in ["", "id,title\n1,kettle\n", &"x".repeat(100_000)] {
        std::fs::write(store_file(directory.path()), content).unwrap();
        for result in [
            Catalog::open(directory.path()),
            Catalog::open_read_only(directory.path()),
        ] {
            let Err(error) = result else { panic!("opened") };
            assert!(matches!(error, Error::Damaged { .. }), "{error:?}");
        }
        let after = std::fs::read_to_string(store_file(directory.path())).unwrap();
        assert_eq!(after, content, "opening changes nothing");
    }
}

#[test]
fn a_catalog_is_not_made_over_another() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = common::catalog(&toy);
    drop(catalog);
    let before = std::fs::read(store_file(directory.path())).unwrap();
    let again = Catalog::create(directory.path(), &common::taxonomy(), toy, "toy");
    assert!(matches!(again, Err(Error::AlreadyACatalog(_))));
    assert_eq!(std::fs::read(store_file(directory.path())).unwrap(), before);
}

#[test]
fn a_catalog_of_a_newer_format_is_refused_with_both_numbers() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = common::catalog(&toy);
    drop(catalog);
    let database = redb::Database::open(store_file(directory.path())).unwrap();
    let transaction = database.begin_write().unwrap();
    let table: redb::TableDefinition<'_, &str, &[u8]> = redb::TableDefinition::new("meta");
    let newer = 7u32.to_le_bytes();
    transaction
        .open_table(table)
        .unwrap()
        .insert("format", newer.as_slice())
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    for result in [
        Catalog::open(directory.path()),
        Catalog::open_read_only(directory.path()),
    ] {
        match result.map(drop) {
            Err(Error::NewerFormat {
                found: 7,
                supported,
                ..
            }) => assert!(supported < 7),
            other => panic!("{other:?}"),
        }
    }
}

/// A catalog with something of everything in it.
fn rich_catalog(toy: &Arc<Toy>) -> (tempfile::TempDir, Vec<(Product, usize)>) {
    let (directory, catalog) = common::catalog(toy);
    let products = common::products(9, 400);
    catalog.put(all(&products)).unwrap();
    let labels = products[..150]
        .iter()
        .map(|(product, leaf)| (product.id.as_str(), Some(path(*leaf))));
    catalog
        .label(common::labels(labels), LabelOptions::default(), &mut ())
        .unwrap();
    let ids: Vec<&str> = products[150..].iter().map(|(p, _)| p.id.as_str()).collect();
    let decisions = catalog
        .classify_stored(&ids, &ClassifyOptions::default())
        .unwrap();
    let pairs = ids.iter().copied().zip(&decisions);
    catalog.apply(assort::core::Method::Auto, pairs).unwrap();
    (directory, products)
}

/// Uses a catalog in all ways; errors are welcome, panics are not.
fn use_it(catalog: &Catalog, products: &[(Product, usize)]) {
    let _ = catalog.stats();
    let _ = catalog.taxonomy();
    let _ = catalog.search(&Search::new(Query::Text("red kettle".to_owned())));
    let filter = Search::new(Query::Like(products[3].0.id.clone()))
        .with_filter(Some("category under Kitchen".to_owned()));
    let _ = catalog.search(&filter);
    for (product, _) in products.iter().step_by(13) {
        let _ = catalog.product(&product.id);
    }
    let _ = catalog.classify(&[products[0].0.clone()], &ClassifyOptions::default());
    let _ = catalog.unlabelled();
}

/// What a check of a damaged catalog brought to light.
#[derive(Debug, PartialEq)]
enum Outcome {
    Refused,
    Found,
    /// Nothing was found, and indeed everything is there.
    Whole,
}

/// Opens, checks and uses a catalog whose file was damaged.
fn examine(directory: &Path, toy: &Arc<Toy>, products: &[(Product, usize)]) -> Outcome {
    if let Ok(reader) = Catalog::open_read_only(directory)
        && let Ok(reader) = reader.with_embedder(toy.clone())
    {
        use_it(&reader, products);
    }
    let catalog = Catalog::open(directory).and_then(|catalog| catalog.with_embedder(toy.clone()));
    let catalog = match catalog {
        Ok(catalog) => catalog,
        Err(error) => {
            let expected = matches!(error, Error::Damaged { .. } | Error::Io { .. });
            // A digit of the format or the space may be what was damaged.
            let other = matches!(
                error,
                Error::NewerFormat { .. } | Error::SpaceMismatch { .. }
            );
            assert!(expected || other, "{error:?}");
            return Outcome::Refused;
        }
    };
    match catalog.check() {
        Err(error) => {
            assert!(matches!(error, Error::Damaged { .. } | Error::Io { .. }));
            Outcome::Refused
        }
        Ok(problems) if !problems.is_empty() => {
            use_it(&catalog, products);
            Outcome::Found
        }
        Ok(_) => {
            assert_whole(&catalog, toy, products);
            Outcome::Whole
        }
    }
}

/// Everything [`rich_catalog`] put in is still there.
fn assert_whole(catalog: &Catalog, toy: &Toy, products: &[(Product, usize)]) {
    let taxonomy = catalog.taxonomy().unwrap();
    for (at, (product, leaf)) in products.iter().enumerate() {
        let stored = catalog.product(&product.id).unwrap();
        assert_eq!(stored.product, *product);
        let label = stored.label.map(|label| taxonomy.path(label));
        assert_eq!(label, (at < 150).then(|| path(*leaf)));
        assert_eq!(stored.decision.is_some(), at >= 150);
        if at % 20 == 0 {
            common::assert_found_by_own_vector(catalog, toy, product);
        }
    }
}

/// A change of a file's bytes.
type Damage = Box<dyn Fn(&mut Vec<u8>)>;

/// Damages a copy of a whole catalog in many ways, one after the other.
fn damage_and_examine(
    ways: impl IntoIterator<Item = (String, Damage)>,
    whole: &[u8],
    toy: &Arc<Toy>,
    products: &[(Product, usize)],
) {
    let (mut outcomes, mut panics) = (Vec::new(), Vec::new());
    for (name, damage) in ways {
        let directory = tempfile::tempdir().unwrap();
        let mut bytes = whole.to_vec();
        damage(&mut bytes);
        std::fs::write(store_file(directory.path()), bytes).unwrap();
        let examined = AssertUnwindSafe(|| examine(directory.path(), toy, products));
        match catch_unwind(examined) {
            Ok(outcome) => outcomes.push((name, outcome)),
            Err(_) => panics.push(name),
        }
    }
    for outcome in [Outcome::Refused, Outcome::Found, Outcome::Whole] {
        let count = outcomes
            .iter()
            .filter(|(_, found)| *found == outcome)
            .count();
        println!("{outcome:?}: {count}");
    }
    assert!(panics.is_empty(), "panics: {panics:?}");
}

#[test]
fn a_truncated_file_is_refused_or_found_out() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, products) = rich_catalog(&toy);
    let whole = std::fs::read(store_file(directory.path())).unwrap();
    let length = whole.len();
    let cuts = [
        1,
        64,
        512,
        4096,
        5000,
        64 * 1024,
        length / 2,
        length - 4096,
        length - 1,
    ];
    let ways = cuts.into_iter().filter(|cut| *cut < length).map(|cut| {
        let damage: Damage = Box::new(move |bytes| bytes.truncate(cut));
        (format!("cut at {cut} of {length}"), damage)
    });
    damage_and_examine(ways, &whole, &toy, &products);
}

#[test]
fn flipped_bytes_are_found_out() {
    let mut random = Chance(common::seed());
    let toy = Arc::new(Toy::new("a"));
    let (directory, products) = rich_catalog(&toy);
    let whole = std::fs::read(store_file(directory.path())).unwrap();
    // Only where something is stored: the file has empty stretches.
    let used: Vec<usize> = (0..whole.len()).filter(|&at| whole[at] != 0).collect();
    let count = common::setting("ASSORT_TEST_FLIPS", 60);
    let ways = (0..count).map(|_| {
        let at = *random.pick(&used);
        let (mask, run) = (1 << random.below(8), 1 + random.below(40));
        let damage: Damage = Box::new(move |bytes| {
            let end = (at + run).min(bytes.len());
            bytes[at..end].iter_mut().for_each(|byte| *byte ^= mask);
        });
        (format!("{run} bytes at {at} by {mask}"), damage)
    });
    let ways: Vec<_> = ways.collect();
    damage_and_examine(ways, &whole, &toy, &products);
}

#[test]
fn vectors_that_are_none_are_refused_and_nothing_is_stored() {
    for (fault, word) in [
        (Fault::Nan, "not finite"),
        (Fault::Short, "coordinates"),
        (Fault::TwiceAsLong, "length 2"),
        (Fault::Error, "wind it up"),
    ] {
        let toy = Arc::new(Toy::new("a"));
        let (_directory, catalog) = common::catalog(&toy);
        let products = common::products(1, 50);
        toy.break_at(0, fault);
        let error = catalog.put(all(&products)).unwrap_err();
        assert!(matches!(error, Error::Embed(_)), "{error:?}");
        assert!(error.to_string().contains(word), "{error}");
        assert_eq!(catalog.stats().unwrap().products, 0);
        common::assert_clean(&catalog);
        // Nor does it answer with them.
        let text = Search::new(Query::Text("kettle".to_owned()));
        assert!(matches!(catalog.search(&text), Err(Error::Embed(_))));
        let how = ClassifyOptions::default();
        let classified = catalog.classify(&[products[0].0.clone()], &how);
        assert!(matches!(classified, Err(Error::Embed(_))));
        toy.mend();
        assert_eq!(catalog.put(all(&products)).unwrap().added, 50);
        common::assert_clean(&catalog);
    }
}

#[test]
fn an_embedder_that_breaks_midway_keeps_what_was_committed() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let products = common::products(2, 5000);
    toy.break_at(50, Fault::Error);
    let mut observer = Recorder::default();
    let rows = common::rows(all(&products).map(|product| (product, None)));
    let options = ImportOptions::default().with_prune(true);
    let error = catalog
        .import(rows, &options, &|| None, &mut observer)
        .unwrap_err();
    assert!(error.to_string().contains("wind it up"), "{error}");
    let told = observer.imports.last().unwrap().added;
    assert_eq!(told, 2048);
    assert_eq!(catalog.stats().unwrap().products, told);
    common::assert_clean(&catalog);
    toy.mend();
    let report = catalog.put(all(&products)).unwrap();
    assert_eq!((report.unchanged, report.added), (told, 5000 - told));
}

#[test]
fn a_move_that_breaks_leaves_the_old_space_and_goes_on_later() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    let products = common::products(2, 3000);
    catalog.put(all(&products)).unwrap();
    let other = Arc::new(Toy::new("b"));
    for fault in [Fault::Error, Fault::Nan, Fault::Short] {
        other.break_at(if fault == Fault::Error { 35 } else { 3 }, fault);
        let result = catalog.reembed(other.clone(), "toy b", &mut ());
        assert!(matches!(result, Err(Error::Embed(_))), "{result:?}");
        assert_eq!(catalog.embedder_spec().unwrap(), "toy");
        common::assert_clean(&catalog);
        common::assert_found_by_own_vector(&catalog, &toy, &products[7].0);
    }
    other.mend();
    let (_, moved) = catalog.stats().unwrap().moving_to.unwrap();
    assert_eq!(moved, 2048);
    let report = catalog.reembed(other.clone(), "toy b", &mut ()).unwrap();
    assert_eq!(report.embedded, 3000 - moved);
    assert_eq!(catalog.embedder_spec().unwrap(), "toy b");
    common::assert_clean(&catalog);
    common::assert_found_by_own_vector(&catalog, &other, &products[7].0);
}

#[test]
fn a_query_vector_that_is_none_is_refused() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    catalog.put(all(&common::products(1, 20))).unwrap();
    let good = toy.vector("kettle");
    let mut nan = good.clone();
    nan[3] = f32::NAN;
    let mut infinite = good.clone();
    infinite[3] = f32::INFINITY;
    let zero = vec![0.0; good.len()];
    for bad in [nan, infinite, zero, good[1..].to_vec(), Vec::new()] {
        let result = catalog.search(&Search::new(Query::Vector(bad)));
        assert!(matches!(result, Err(Error::Argument(_))), "{result:?}");
    }
    // One that is only not of unit length means the same.
    let long: Vec<f32> = good.iter().map(|x| x * 40.0).collect();
    let ids = |vector: Vec<f32>| -> Vec<String> {
        let page = catalog.search(&Search::new(Query::Vector(vector))).unwrap();
        let found = page.found.into_iter();
        found.map(|found| found.product.product.id).collect()
    };
    assert_eq!(ids(long), ids(good));
}

#[test]
fn searches_that_cannot_be_meant_are_refused_in_words() {
    let toy = Arc::new(Toy::new("a"));
    let (_directory, catalog) = common::catalog(&toy);
    catalog.put(all(&common::products(1, 20))).unwrap();
    let text = || Search::new(Query::Text("kettle".to_owned()));
    let deep = text().with_offset(usize::MAX);
    let filtered = |filter: &str| text().with_filter(Some(filter.to_owned()));
    let blank = Search::new(Query::Text(" \u{200b} ".to_owned()));
    let bad = [
        deep,
        filtered("price <"),
        filtered("category = Nowhere"),
        blank,
    ];
    for search in bad {
        let result = catalog.search(&search);
        assert!(matches!(result, Err(Error::Argument(_))), "{result:?}");
    }
    let nobody = catalog.search(&Search::new(Query::Like("nobody".to_owned())));
    assert!(matches!(nobody, Err(Error::NoProduct(_))));
}

#[test]
fn an_embedder_of_another_space_is_refused_and_both_are_named() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = common::catalog(&toy);
    drop(catalog);
    let others = [Toy::new("b"), Toy::with_dimensions("a", 48)];
    for other in others {
        let catalog = Catalog::open(directory.path()).unwrap();
        let Err(error) = catalog.with_embedder(Arc::new(other)) else {
            panic!("two spaces meet");
        };
        let Error::SpaceMismatch { catalog, given } = &error else {
            panic!("{error:?}");
        };
        let message = error.to_string();
        assert!(message.contains(&catalog.to_string()), "{message}");
        assert!(message.contains(&given.to_string()), "{message}");
    }
    let catalog = Catalog::open(directory.path()).unwrap();
    let result = catalog.put(all(&common::products(1, 3)));
    assert!(matches!(result, Err(Error::NoEmbedder)), "{result:?}");
}

/// Runs the tasks of child processes.
const CHILD: &str = "damage::child";

#[test]
fn child() {
    let Some(task) = common::task() else { return };
    let toy = Arc::new(Toy::new("a"));
    match task[0].as_str() {
        "import" => {
            let catalog = Catalog::open(&task[1]).unwrap();
            let catalog = catalog.with_embedder(toy).unwrap();
            let products = common::products(4, 9000);
            let rows = common::rows(all(&products).map(|product| (product, None)));
            let options = ImportOptions::default();
            let result = catalog.import(rows, &options, &|| None, &mut Teller);
            let error = result.unwrap_err();
            println!("\nerror {error}");
            assert!(matches!(error, Error::Io { .. }), "{error:?}");
            // What comes after fails as clearly.
            let after = catalog.remove([products[0].0.id.as_str()]).unwrap_err();
            println!("\nafter {after}");
            assert!(matches!(after, Error::Io { .. }), "{after:?}");
        }
        "read only" => {
            let Err(error) = Catalog::open(&task[1]) else {
                panic!("opened for writing");
            };
            println!("\nerror {error}");
            assert!(matches!(error, Error::Io { .. }), "{error:?}");
            let reader = Catalog::open_read_only(&task[1]).unwrap();
            let reader = reader.with_embedder(toy).unwrap();
            let text = Search::new(Query::Text("red kettle".to_owned()));
            assert_eq!(reader.search(&text).unwrap().found.len(), 10);
            let products = common::products(9, 400);
            let how = ClassifyOptions::default();
            let decisions = reader.classify(&[products[0].0.clone()], &how).unwrap();
            assert!(decisions[0].category.is_some());
            common::assert_clean(&reader);
            let elsewhere = Path::new(&task[1]).join("new");
            let taxonomy = common::taxonomy();
            let created = Catalog::create(elsewhere, &taxonomy, Arc::new(Toy::new("a")), "toy");
            let Err(error) = created else {
                panic!("created")
            };
            assert!(matches!(error, Error::Io { .. }), "{error:?}");
        }
        other => panic!("{other}"),
    }
    tell("end", 0);
}

/// Runs a child to its end and gives what it wrote.
#[cfg(unix)]
fn run(mut command: std::process::Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("\nend 0\n"), "{text}\n{errors}");
    text
}

#[test]
#[cfg(unix)]
fn a_full_disk_fails_clearly_and_loses_nothing_that_was_committed() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = common::catalog(&toy);
    drop(catalog);
    let at = directory.path().to_str().unwrap();
    let size = std::fs::metadata(store_file(directory.path()))
        .unwrap()
        .len();
    // A limit on the file's size stands for the disk; blocks are of 512 bytes
    // in some shells, of 1024 in others.
    let blocks = (size + (2 << 20)) / 512;
    let inner = common::child_command(CHILD, &["import", at]);
    let mut command = std::process::Command::new("sh");
    command
        .args([
            "-c",
            &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""),
        ])
        .arg(inner.get_program())
        .args(inner.get_args());
    for (name, value) in inner.get_envs() {
        command.env(name, value.unwrap());
    }
    let text = run(command);
    println!("{text}");
    let told = text.lines().filter_map(|line| common::told(line, "done"));
    let acknowledged = told.max().unwrap();
    assert!((1..9000).contains(&acknowledged), "{acknowledged}");
    assert!(text.contains("free some space"), "{text}");

    let catalog = Catalog::open(directory.path()).unwrap();
    let catalog = catalog.with_embedder(toy.clone()).unwrap();
    common::assert_clean(&catalog);
    let stored = catalog.stats().unwrap().products;
    assert!(stored >= acknowledged, "{stored} {acknowledged}");
    let products = common::products(4, 9000);
    for (product, _) in &products[..acknowledged as usize] {
        assert_eq!(catalog.product(&product.id).unwrap().product, *product);
    }
    let report = catalog.put(all(&products)).unwrap();
    assert_eq!((report.unchanged, report.added), (stored, 9000 - stored));
    common::assert_clean(&catalog);
}

#[test]
#[cfg(unix)]
fn a_folder_that_may_not_be_written_to_can_still_be_read() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    let toy = Arc::new(Toy::new("a"));
    let (directory, _) = rich_catalog(&toy);
    let file = store_file(directory.path());
    let allow = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(&file, 0o444);
    allow(directory.path(), 0o555);
    let mut command =
        common::child_command(CHILD, &["read only", directory.path().to_str().unwrap()]);
    // Nobody keeps the superuser from writing, so become someone else.
    if std::fs::metadata(&file).unwrap().uid() == 0 {
        let program = directory.path().join("child");
        // Another process copies it: a file that this one has open for writing
        // cannot be run while another test starts a child.
        let mut copy = std::process::Command::new("cp");
        let copied = copy.arg(command.get_program()).arg(&program).status();
        assert!(copied.unwrap().success());
        allow(&program, 0o555);
        let mut other = std::process::Command::new(&program);
        other.args(command.get_args()).uid(65534).gid(65534);
        for (name, value) in command.get_envs() {
            other.env(name, value.unwrap());
        }
        command = other;
    }
    let text = run(command);
    allow(directory.path(), 0o755);
    println!("{text}");
    assert!(text.contains("make it writable"), "{text}");
}
