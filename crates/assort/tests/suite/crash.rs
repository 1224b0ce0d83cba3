//! A process that is killed at a random moment loses nothing it has
//! acknowledged, leaves nothing half done, and goes on where it was.
//!
//! `ASSORT_CRASH_ROUNDS` sets the number of kills, `ASSORT_TEST_SEED` repeats
//! their moments as well as a clock allows.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::time::Duration;

use assort::core::{Embedder, Product};
use assort::{Catalog, Error, ImportOptions, InputRow, LabelOptions};
use assort_testkit::Chance;
use assort_testkit::toy::Toy;

use crate::common::{self, Teller, path, tell, told};

/// Products of the new file; several groups of the engine.
const PRODUCTS: usize = 8000;
/// Products that were there before, of an older file.
const BEFORE: usize = 1500;
/// Labels of one transaction.
const LABELS: usize = 40;
/// Transactions of labels.
const LABELLINGS: usize = 100;
/// Seed of the products: the child makes the same ones.
const SEED: u64 = 11;

/// Products of one commit while segments come and go.
const INDEXED: usize = 60;
/// Commits while segments come and go.
const INDEXINGS: usize = 60;

/// Every commit brings new products and changes half of those of the last one.
fn indexing(at: usize) -> Vec<Product> {
    let new = |at: usize| {
        let file = common::products(SEED, INDEXED * INDEXINGS);
        let part = file.into_iter().skip(at * INDEXED).take(INDEXED);
        part.map(|(product, _)| product)
    };
    let before = at.checked_sub(1).into_iter().flat_map(new).step_by(2);
    let changed = before.map(|mut product| {
        product.title.push_str(" again");
        product
    });
    changed.chain(new(at)).collect()
}

/// Name of a store's file that is not whole yet.
const DRAFT: &str = "catalog.redb.new";

/// A toy that takes about a second for everything.
fn slow_toy(name: &str) -> Arc<Toy> {
    Arc::new(Toy::new(name).slow(Duration::from_micros(60)))
}

/// The new file: every seventh product comes with a category.
fn new_file() -> Vec<(Product, Option<String>)> {
    let products = common::products(SEED, PRODUCTS).into_iter().zip(0..);
    products
        .map(|((product, leaf), at)| (product, (at % 7 == 0).then(|| path(leaf))))
        .collect()
}

/// The older file has some of the products, spread out, under other titles.
fn old_file() -> Vec<Product> {
    let step = PRODUCTS / BEFORE;
    let products = common::products(SEED, PRODUCTS).into_iter().step_by(step);
    products
        .map(|(mut product, _)| {
            product.title.insert_str(0, "old ");
            product
        })
        .take(BEFORE)
        .collect()
}

fn labelling(at: usize) -> impl Iterator<Item = InputRow> {
    let file = common::products(SEED, PRODUCTS);
    let part: Vec<(String, usize)> = file[at * LABELS..][..LABELS]
        .iter()
        .map(|(product, leaf)| (product.id.clone(), *leaf))
        .collect();
    common::rows(part.into_iter().map(|(id, leaf)| {
        let product = Product {
            id,
            ..Product::default()
        };
        (product, Some(path(leaf)))
    }))
}

/// Runs the tasks of child processes.
const CHILD: &str = "crash::child";

#[test]
fn child() {
    let Some(task) = common::task() else { return };
    let catalog = Catalog::open(&task[1]).unwrap();
    match task[0].as_str() {
        "import" => {
            let catalog = catalog.with_embedder(slow_toy("a")).unwrap();
            let rows = common::rows(new_file());
            let options = ImportOptions::default();
            catalog
                .import(rows, &options, &|| None, &mut Teller)
                .unwrap();
        }
        "label" => {
            for at in 0..LABELLINGS {
                let options = LabelOptions::default();
                catalog.label(labelling(at), options, &mut ()).unwrap();
                tell("done", 1 + at as u64);
            }
        }
        "reembed" => {
            catalog.reembed(slow_toy("b"), "toy", &mut Teller).unwrap();
        }
        "index" => {
            let catalog = catalog.with_embedder(slow_toy("a")).unwrap();
            let catalog = catalog.with_live_limit(200);
            for at in 0..INDEXINGS {
                catalog.put(indexing(at)).unwrap();
                tell("done", 1 + at as u64);
            }
            catalog.wait_until_indexed(&mut ()).unwrap();
        }
        "compact" => {
            let catalog = catalog.with_embedder(Arc::new(Toy::new("a"))).unwrap();
            for at in 0..INDEXINGS {
                catalog.put(indexing(at)).unwrap();
                tell("done", 1 + at as u64);
                catalog.compact(&mut ()).unwrap();
            }
        }
        "compact on a full disk" => {
            let error = catalog.compact(&mut ()).unwrap_err();
            assert!(matches!(error, Error::Io { .. }), "{error:?}");
            assert!(error.to_string().contains(DRAFT), "{error}");
            assert!(!Path::new(&task[1]).join(DRAFT).exists());
            for (product, _) in common::products(SEED, PRODUCTS) {
                assert_eq!(catalog.product(&product.id).unwrap().product, product);
            }
        }
        other => panic!("{other}"),
    }
    tell("end", 0);
}

/// Kills the child somewhere between its start and its end. Returns the last
/// number it acknowledged, and whether it had come to its end.
fn kill_at_random(mut child: Child, random: &mut Chance, acknowledgements: u64) -> (u64, bool) {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let wait_for = random.below(acknowledgements as usize + 1);
    let pause = Duration::from_micros(random.below(150_000) as u64);
    let (mut acknowledged, mut count, mut ended) = (0, 0, false);
    let (mut child, mut killer) = (Some(child), None);
    for line in std::iter::once(Ok(String::new())).chain(lines) {
        let line = line.unwrap();
        ended |= told(&line, "end").is_some();
        if let Some(number) = told(&line, "done") {
            count += usize::from(number > acknowledged);
            acknowledged = number;
        }
        if count >= wait_for
            && let Some(mut child) = child.take()
        {
            killer = Some(std::thread::spawn(move || {
                std::thread::sleep(pause);
                child.kill().unwrap();
                child.wait().unwrap();
            }));
        }
    }
    let killed = killer.map(|killer| killer.join().unwrap());
    assert!(killed.is_some(), "the child did less than it should");
    (acknowledged, ended)
}

fn copy(base: &Path) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(base).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            continue;
        }
        std::fs::copy(entry.path(), directory.path().join(entry.file_name())).unwrap();
    }
    directory
}

/// Opens what a killed process left and sees that it is whole.
fn reopen(directory: &Path) -> Catalog {
    let catalog = Catalog::open(directory).unwrap();
    common::assert_clean(&catalog);
    catalog
}

fn rounds() -> usize {
    // Five kinds share them.
    common::setting("ASSORT_CRASH_ROUNDS", 15).div_ceil(5)
}

#[test]
#[cfg(unix)]
fn a_killed_import_keeps_what_it_acknowledged_and_goes_on() {
    let mut random = Chance(common::seed());
    let toy = Arc::new(Toy::new("a"));
    let (base, catalog) = common::catalog(&toy);
    catalog.put(old_file()).unwrap();
    drop(catalog);
    let (old, new) = (old_file(), new_file());
    for round in 0..rounds() {
        let directory = copy(base.path());
        let at = directory.path().to_str().unwrap();
        let child = common::start(CHILD, &["import", at]);
        let (acknowledged, ended) = kill_at_random(child, &mut random, 4);
        let catalog = reopen(directory.path()).with_embedder(toy.clone()).unwrap();
        let stored = new
            .iter()
            .filter(|(product, _)| {
                let stored = catalog.product(&product.id);
                stored.is_ok_and(|stored| stored.product == *product)
            })
            .count();
        println!("round {round}: {acknowledged} acknowledged, {stored} stored, ended: {ended}");
        assert!(stored as u64 >= acknowledged);
        assert!(!ended || stored == PRODUCTS);
        let is_stored = |at: usize| at < stored;
        for (at, (product, category)) in new.iter().enumerate() {
            match catalog.product(&product.id) {
                Ok(found) if is_stored(at) => {
                    assert_eq!(found.product, *product);
                    assert_eq!(found.label.is_some(), category.is_some());
                }
                Ok(found) => {
                    assert!(old.contains(&found.product), "{:?}", found.product);
                    assert_eq!(found.label, None);
                }
                Err(_) => assert!(!is_stored(at), "{} is lost", product.id),
            }
        }
        assert_found(&catalog, &toy, &mut random, &new[..stored]);
        resume_import(catalog, &toy, &mut random, &new, stored);
    }
}

fn assert_found(
    catalog: &Catalog,
    toy: &Toy,
    random: &mut Chance,
    stored: &[(Product, Option<String>)],
) {
    for _ in 0..stored.len().min(10) {
        let (product, _) = random.pick(stored);
        common::assert_found_by_own_vector(catalog, toy, product);
    }
}

#[cfg(unix)]
fn resume_import(
    catalog: Catalog,
    toy: &Toy,
    random: &mut Chance,
    new: &[(Product, Option<String>)],
    stored: usize,
) {
    let rows = common::rows(new.to_vec());
    let report = catalog
        .import(rows, &ImportOptions::default(), &|| None, &mut ())
        .unwrap();
    assert_eq!(report.unchanged, stored as u64);
    assert_eq!(report.added + report.updated, (PRODUCTS - stored) as u64);
    common::assert_clean(&catalog);
    let stats = catalog.stats().unwrap();
    assert_eq!(stats.products, PRODUCTS as u64);
    assert_eq!(stats.labelled, PRODUCTS.div_ceil(7) as u64);
    assert_found(&catalog, toy, random, new);
    for (product, category) in new {
        let found = catalog.product(&product.id).unwrap();
        assert_eq!(found.product, *product);
        let taxonomy = catalog.taxonomy().unwrap();
        let label = found.label.map(|label| taxonomy.path(label));
        assert_eq!(label, *category);
    }
}

/// A catalog of the whole new file without labels.
#[cfg(unix)]
fn whole_base(toy: &Arc<Toy>) -> tempfile::TempDir {
    let (base, catalog) = common::catalog(toy);
    let products = new_file().into_iter().map(|(product, _)| product);
    catalog.put(products).unwrap();
    base
}

#[test]
#[cfg(unix)]
fn killed_labelling_keeps_whole_transactions() {
    let mut random = Chance(common::seed());
    let toy = Arc::new(Toy::new("a"));
    let base = whole_base(&toy);
    let file = common::products(SEED, PRODUCTS);
    for round in 0..rounds() {
        let directory = copy(base.path());
        let at = directory.path().to_str().unwrap();
        let child = common::start(CHILD, &["label", at]);
        let (acknowledged, ended) = kill_at_random(child, &mut random, LABELLINGS as u64);
        let catalog = reopen(directory.path());
        let labelled = catalog.stats().unwrap().labelled as usize;
        println!("round {round}: {acknowledged} acknowledged, {labelled} labels, ended: {ended}");
        assert_eq!(labelled % LABELS, 0, "a transaction is half there");
        assert!(labelled / LABELS >= acknowledged as usize);
        assert!(labelled / LABELS <= acknowledged as usize + 1);
        let taxonomy = catalog.taxonomy().unwrap();
        for (at, (product, leaf)) in file.iter().enumerate().take(LABELS * LABELLINGS) {
            let label = catalog.product(&product.id).unwrap().label;
            let label = label.map(|label| taxonomy.path(label));
            assert_eq!(label, (at < labelled).then(|| path(*leaf)));
        }
        let mut unchanged = 0;
        for at in 0..LABELLINGS {
            let options = LabelOptions::default();
            let report = catalog.label(labelling(at), options, &mut ()).unwrap();
            unchanged += report.unchanged as usize;
        }
        assert_eq!(unchanged, labelled);
        assert_eq!(
            catalog.unlabelled().unwrap().len(),
            PRODUCTS - LABELS * LABELLINGS
        );
        common::assert_clean(&catalog);
    }
}

#[test]
#[cfg(unix)]
fn segments_survive_kills_while_they_come_and_go() {
    let mut random = Chance(common::seed());
    let toy = Arc::new(Toy::new("a"));
    let (base, catalog) = common::catalog(&toy);
    drop(catalog);
    for round in 0..rounds() {
        let directory = copy(base.path());
        let at = directory.path().to_str().unwrap();
        let child = common::start(CHILD, &["index", at]);
        let (acknowledged, ended) = kill_at_random(child, &mut random, INDEXINGS as u64);
        let catalog = reopen(directory.path()).with_embedder(toy.clone()).unwrap();
        let stats = catalog.stats().unwrap();
        println!(
            "round {round}: {acknowledged} acknowledged, {} products, {} segments, ended: {ended}",
            stats.products,
            stats.segments.len()
        );
        let commits = stats.products as usize / INDEXED;
        assert_eq!(
            stats.products as usize % INDEXED,
            0,
            "a commit is half there"
        );
        assert!(commits as u64 >= acknowledged && commits as u64 <= acknowledged + 1);
        let mut expected = std::collections::HashMap::new();
        for at in 0..commits {
            let products = indexing(at).into_iter();
            expected.extend(products.map(|product| (product.id.clone(), product)));
        }
        for (id, product) in &expected {
            assert_eq!(catalog.product(id).unwrap().product, *product);
        }
        let all: Vec<&Product> = expected.values().collect();
        for _ in 0..all.len().min(30) {
            let product = *random.pick(&all);
            common::assert_found_by_own_vector(&catalog, &toy, product);
        }
        let catalog = catalog.with_live_limit(200);
        catalog.wait_until_indexed(&mut ()).unwrap();
        common::assert_clean(&catalog);
    }
}

#[test]
#[cfg(unix)]
fn a_killed_move_to_another_space_goes_on_where_it_was() {
    let mut random = Chance(common::seed());
    let (old, new) = (Arc::new(Toy::new("a")), Arc::new(Toy::new("b")));
    let base = whole_base(&old);
    let file = new_file();
    for round in 0..rounds() {
        let directory = copy(base.path());
        let at = directory.path().to_str().unwrap();
        let child = common::start(CHILD, &["reembed", at]);
        let (acknowledged, ended) = kill_at_random(child, &mut random, 4);
        let catalog = reopen(directory.path());
        let stats = catalog.stats().unwrap();
        let moved = stats.moving_to.as_ref().map_or(0, |(_, moved)| *moved);
        println!("round {round}: {acknowledged} acknowledged, {moved} moved, ended: {ended}");
        if stats.space == *new.space() {
            assert_eq!(stats.moving_to, None);
        } else {
            assert!(!ended);
            assert!(moved >= acknowledged, "acknowledged vectors are lost");
            assert_eq!(stats.space, *old.space());
            // The old space answers meanwhile.
            assert_found(&catalog, &old, &mut random, &file);
            new.embedded();
            let report = catalog.reembed(new.clone(), "toy", &mut ()).unwrap();
            assert_eq!(report.embedded, PRODUCTS as u64 - moved);
            assert!(new.embedded().len() as u64 <= report.embedded);
        }
        assert_eq!(catalog.space().unwrap(), *new.space());
        common::assert_clean(&catalog);
        assert_eq!(catalog.stats().unwrap().moving_to, None);
        assert_found(&catalog, &new, &mut random, &file);
    }
}

#[test]
#[cfg(unix)]
fn a_catalog_whose_file_was_written_anew_at_the_kill_is_whole() {
    let mut random = Chance(common::seed());
    let toy = Arc::new(Toy::new("a"));
    for round in 0..2 * rounds() {
        let (directory, catalog) = common::catalog(&toy);
        catalog.put(old_file()).unwrap();
        drop(catalog);
        let child = common::start(CHILD, &["compact", directory.path().to_str().unwrap()]);
        let (acknowledged, ended) = kill_at_random(child, &mut random, INDEXINGS as u64);
        let left = directory.path().join(DRAFT).exists();
        let catalog = reopen(directory.path()).with_embedder(toy.clone()).unwrap();
        println!("round {round}: {acknowledged} acknowledged, ended: {ended}, draft left: {left}");
        assert!(!directory.path().join(DRAFT).exists(), "the draft stays");
        let mut expected = std::collections::HashMap::new();
        for at in 0..acknowledged as usize {
            let products = indexing(at).into_iter();
            expected.extend(products.map(|product| (product.id.clone(), product)));
        }
        // The commit after the last that was acknowledged may be there too.
        let next = indexing(acknowledged as usize % INDEXINGS);
        for (id, product) in &expected {
            let stored = catalog.product(id).unwrap().product;
            let newer = next.contains(&stored);
            assert!(stored == *product || newer, "{id} is lost");
        }
        assert_found_some(&catalog, &toy, &mut random, expected.values());
    }
}

#[cfg(unix)]
fn assert_found_some<'p>(
    catalog: &Catalog,
    toy: &Toy,
    random: &mut Chance,
    products: impl Iterator<Item = &'p Product>,
) {
    let products: Vec<&Product> = products.collect();
    for _ in 0..products.len().min(20) {
        let stored = catalog.product(&random.pick(&products).id).unwrap();
        common::assert_found_by_own_vector(catalog, toy, &stored.product);
    }
}

#[test]
#[cfg(unix)]
fn a_disk_that_is_too_full_for_a_new_file_leaves_the_old_one_in_force() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = common::catalog(&toy);
    let products = common::products(SEED, PRODUCTS).into_iter();
    catalog.put(products.map(|(product, _)| product)).unwrap();
    drop(catalog);
    let whole = common::child_command(
        CHILD,
        &["compact on a full disk", directory.path().to_str().unwrap()],
    );
    // The limit of a file's size, in blocks of 512 bytes, stands for the disk.
    let mut limited = std::process::Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 1024; exec \"$0\" \"$@\""])
        .arg(whole.get_program())
        .args(whole.get_args());
    for (name, value) in whole.get_envs() {
        limited.env(name, value.unwrap());
    }
    let output = limited.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("end 0"),
        "{output:?}"
    );
    let catalog = Catalog::open(directory.path()).unwrap();
    common::assert_clean(&catalog);
    assert!(catalog.compact(&mut ()).is_ok());
}
