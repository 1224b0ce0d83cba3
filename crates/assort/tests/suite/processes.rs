//! Several processes, and several threads, on one catalog.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use assort::core::Method;
use assort::{Catalog, ClassifyOptions, Error, ImportOptions, LabelOptions, Query, Search};
use assort_testkit::Chance;
use assort_testkit::toy::Toy;

use crate::common::{self, Teller, path, tell, told};

/// Products of a group that the engine commits together.
const GROUP: u64 = 2048;
const PRODUCTS: usize = 7000;

fn import(toy: Toy, directory: &str) {
    let catalog = Catalog::open(directory).unwrap();
    let catalog = catalog.with_embedder(Arc::new(toy)).unwrap();
    let products = common::products(3, PRODUCTS).into_iter();
    let rows = common::rows(products.map(|(product, leaf)| (product, Some(path(leaf)))));
    catalog
        .import(rows, &ImportOptions::default(), &|| None, &mut Teller)
        .unwrap();
}

/// Runs the tasks of child processes.
const CHILD: &str = "processes::child";

#[test]
fn child() {
    let Some(task) = common::task() else { return };
    match task[0].as_str() {
        "hold" => {
            let _catalog = Catalog::open(&task[1]).unwrap();
            tell("ready", 0);
            // Until the parent closes the pipe or dies.
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        }
        "compact" => {
            let catalog = Catalog::open(&task[1]).unwrap();
            let catalog = catalog.with_embedder(Arc::new(Toy::new("a"))).unwrap();
            for (product, done) in common::products(5, 200).into_iter().zip(1..) {
                catalog.put([product.0]).unwrap();
                catalog.compact(&mut ()).unwrap();
                tell("done", done);
            }
            // Until the parent closes the pipe or dies.
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        }
        "read" => {
            let catalog = Catalog::open_read_only(&task[1]).unwrap();
            tell(
                "products",
                catalog.ids(None, usize::MAX).unwrap().len() as u64,
            );
        }
        "import" => import(Toy::new("a").slow(Duration::from_micros(120)), &task[1]),
        other => panic!("{other}"),
    }
    tell("end", 0);
}

fn wait_for(out: &mut BufReader<ChildStdout>, word: &str) -> u64 {
    loop {
        let mut line = String::new();
        assert_ne!(out.read_line(&mut line).unwrap(), 0, "the child ended");
        if let Some(number) = told(line.trim_end(), word) {
            return number;
        }
    }
}

fn out(child: &mut Child) -> BufReader<ChildStdout> {
    BufReader::new(child.stdout.take().unwrap())
}

#[test]
fn a_second_writer_is_refused_in_words_and_readers_are_not() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = common::catalog(&toy);
    catalog
        .put(
            common::products(1, 20)
                .into_iter()
                .map(|(product, _)| product),
        )
        .unwrap();
    drop(catalog);
    let mut child = common::start(CHILD, &["hold", directory.path().to_str().unwrap()]);
    let mut out = out(&mut child);
    wait_for(&mut out, "ready");
    let Err(error) = Catalog::open(directory.path()) else {
        panic!("two writers at once");
    };
    assert!(matches!(error, Error::Locked(_)), "{error:?}");
    assert!(error.to_string().contains("in another process"), "{error}");
    let reader = Catalog::open_read_only(directory.path()).unwrap();
    assert_eq!(reader.stats().unwrap().products, 20);
    drop(child.stdin.take());
    wait_for(&mut out, "end");
    out.read_to_end(&mut Vec::new()).unwrap();
    assert!(child.wait().unwrap().success());
    Catalog::open(directory.path()).unwrap();
}

#[test]
fn a_second_writer_in_the_same_process_is_refused_too() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, _catalog) = common::catalog(&toy);
    let second = Catalog::open(directory.path());
    assert!(matches!(second, Err(Error::Locked(_))));
}

#[test]
fn what_a_reader_may_not_do_is_refused() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = common::catalog(&toy);
    let products = common::products(1, 20);
    catalog
        .put(products.iter().map(|(product, _)| product.clone()))
        .unwrap();
    let reader = Catalog::open_read_only(directory.path()).unwrap();
    let reader = reader.with_embedder(toy.clone()).unwrap();
    let id = products[0].0.id.as_str();
    let label = common::labels([(id, Some(path(0)))]);
    let refused = [
        reader
            .put([products[0].0.clone()].map(|mut product| {
                product.title.push('!');
                product
            }))
            .map(drop),
        reader.remove([id]).map(drop),
        reader
            .label(label, LabelOptions::default(), &mut ())
            .map(drop),
        reader.replace_taxonomy(&common::taxonomy()).map(drop),
        reader
            .reembed(Arc::new(Toy::new("b")), "toy", &mut ())
            .map(drop),
        reader.compact(&mut ()).map(drop),
    ];
    for (at, result) in refused.into_iter().enumerate() {
        assert!(matches!(result, Err(Error::ReadOnly)), "{at}: {result:?}");
    }
    // Classifying works, it only keeps nothing.
    let decisions = reader.classify_stored(&[id], &ClassifyOptions::default());
    assert!(decisions.unwrap()[0].category.is_some());
}

#[test]
fn a_reader_sees_whole_commits_while_another_process_imports() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = common::catalog(&toy);
    drop(catalog);
    let at = directory.path().to_str().unwrap();
    let mut child = common::start(CHILD, &["import", at]);
    let mut out = out(&mut child);
    let reader = Catalog::open_read_only(directory.path()).unwrap();
    let reader = reader.with_embedder(toy.clone()).unwrap();
    let told_so_far = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let ended = Arc::new(AtomicBool::new(false));
    let (told_to, ended_to) = (told_so_far.clone(), ended.clone());
    let listener = std::thread::spawn(move || {
        let mut line = String::new();
        while out.read_line(&mut line).unwrap() > 0 {
            if let Some(done) = told(line.trim_end(), "done") {
                told_to.store(done, Ordering::SeqCst);
            }
            line.clear();
        }
        ended_to.store(true, Ordering::SeqCst);
    });
    let (mut seen, mut before) = (std::collections::BTreeSet::new(), 0);
    loop {
        let last = ended.load(Ordering::SeqCst);
        let acknowledged = told_so_far.load(Ordering::SeqCst);
        let stats = reader.stats().unwrap();
        assert!(stats.products >= acknowledged, "a commit is not seen");
        assert!(stats.products >= before, "a commit was taken back");
        assert!(stats.products.is_multiple_of(GROUP) || stats.products == PRODUCTS as u64);
        assert_eq!(stats.labelled, stats.products);
        before = stats.products;
        seen.insert(stats.products);
        let page = reader
            .search(&Search::new(Query::Text("red kettle".to_owned())))
            .unwrap();
        assert!(page.matches >= before);
        assert_eq!(page.found.len() as u64, page.matches.min(10));
        common::assert_clean(&reader);
        if last {
            break;
        }
    }
    listener.join().unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(before, PRODUCTS as u64);
    assert!(seen.len() > 2, "too few states were seen: {seen:?}");
}

#[test]
fn a_killed_writers_catalog_opens_for_readers_at_once() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = common::catalog(&toy);
    drop(catalog);
    let mut child = common::start(CHILD, &["import", directory.path().to_str().unwrap()]);
    let mut out = out(&mut child);
    while wait_for(&mut out, "done") < GROUP {}
    std::thread::sleep(Duration::from_millis(100));
    child.kill().unwrap();
    child.wait().unwrap();
    let begun = Instant::now();
    // Several readers at once all want the repair.
    let readers: Vec<Catalog> = std::thread::scope(|scope| {
        let open = || Catalog::open_read_only(directory.path()).unwrap();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    for reader in readers {
        common::assert_clean(&reader);
        assert!(reader.stats().unwrap().products >= GROUP);
    }
}

#[test]
#[cfg(unix)]
fn who_may_not_write_reads_a_killed_writers_catalog() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = common::catalog(&toy);
    drop(catalog);
    let mut child = common::start(CHILD, &["import", directory.path().to_str().unwrap()]);
    let mut told = out(&mut child);
    while wait_for(&mut told, "done") < GROUP {}
    child.kill().unwrap();
    child.wait().unwrap();
    let file = directory.path().join("catalog.redb");
    let allow = |of_directory: u32, of_file: u32| {
        let mode = std::fs::Permissions::from_mode;
        std::fs::set_permissions(&file, mode(of_file)).unwrap();
        std::fs::set_permissions(directory.path(), mode(of_directory)).unwrap();
    };
    allow(0o555, 0o444);
    let before = std::fs::read(&file).unwrap();
    let mut reader = common::child_command(CHILD, &["read", directory.path().to_str().unwrap()]);
    // Root may write whatever the modes say: another user reads.
    if std::fs::OpenOptions::new().write(true).open(&file).is_ok() {
        reader.uid(65534).gid(65534);
    }
    let output = reader.output();
    let after = std::fs::read(&file).unwrap();
    allow(0o755, 0o644);
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            println!("skipped: another user cannot run this test ({error})");
            return;
        }
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let products = text.lines().find_map(|line| common::told(line, "products"));
    assert!(products.is_some_and(|count| count >= GROUP), "{output:?}");
    assert!(before == after, "the file was changed");
    let catalog = Catalog::open(directory.path()).unwrap();
    common::assert_clean(&catalog);
    assert_eq!(catalog.stats().unwrap().products, products.unwrap());
}

#[test]
fn readers_follow_a_writer_that_writes_the_file_anew_and_writers_are_refused() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = common::catalog(&toy);
    drop(catalog);
    let reader = Catalog::open_read_only(directory.path()).unwrap();
    let mut child = common::start(CHILD, &["compact", directory.path().to_str().unwrap()]);
    let mut told = out(&mut child);
    let mut done = 0;
    while done < 200 {
        done = wait_for(&mut told, "done");
        let seen = reader.ids(None, usize::MAX).unwrap().len() as u64;
        assert!(seen >= done, "{done} products are told and {seen} seen");
        if done % 40 == 1 {
            // It tries for half a second, while the name goes to other files.
            let second = Catalog::open(directory.path()).map(drop);
            assert!(matches!(second, Err(Error::Locked(_))), "{second:?}");
        }
    }
    drop(child.stdin.take());
    told.read_to_end(&mut Vec::new()).unwrap();
    assert!(child.wait().unwrap().success());
    let catalog = Catalog::open(directory.path()).unwrap();
    common::assert_clean(&catalog);
    assert_eq!(catalog.stats().unwrap().products, 200);
}

#[test]
fn a_reader_never_answers_with_the_embedder_of_a_space_that_was_left() {
    let toy = Arc::new(Toy::new("a"));
    let (directory, catalog) = common::catalog(&toy);
    let products = common::products(1, 50);
    catalog
        .put(products.iter().map(|(product, _)| product.clone()))
        .unwrap();
    let reader = Catalog::open_read_only(directory.path()).unwrap();
    let reader = reader.with_embedder(toy.clone()).unwrap();
    let text = Search::new(Query::Text("red kettle".to_owned()));
    reader.search(&text).unwrap();
    // Of the same number of dimensions, so that nothing else gives it away.
    let other = Arc::new(Toy::new("b"));
    catalog.reembed(other, "toy", &mut ()).unwrap();
    let by_text = reader.search(&text).map(drop);
    let classified = reader
        .classify(&[products[0].0.clone()], &ClassifyOptions::default())
        .map(drop);
    for result in [by_text, classified] {
        assert!(
            matches!(result, Err(Error::SpaceMismatch { .. })),
            "{result:?}"
        );
    }
    // What needs no embedder goes on.
    let like = Query::Like(products[0].0.id.clone());
    assert_eq!(reader.search(&Search::new(like)).unwrap().found.len(), 10);
}

#[test]
fn threads_that_change_the_same_products_leave_the_catalog_whole() {
    let seed = common::seed();
    let toy = Arc::new(Toy::new("a").batch_of(8));
    let (_directory, catalog) = common::catalog(&toy);
    let end = Instant::now() + Duration::from_secs(2);
    std::thread::scope(|scope| {
        for thread in 0..6 {
            let catalog = &catalog;
            scope.spawn(move || {
                let mut random = Chance(seed + thread);
                while Instant::now() < end {
                    change_something(catalog, &mut random);
                }
            });
        }
    });
    let problems = catalog.check().unwrap();
    let damage: Vec<_> = problems
        .iter()
        .filter(|problem| !problem.what.contains("labels name categories"))
        .collect();
    assert!(damage.is_empty(), "{damage:#?}");
}

/// One of everything that threads may do with a few products.
fn change_something(catalog: &Catalog, random: &mut Chance) {
    let id = format!("p{}", random.below(12));
    let id = id.as_str();
    let missing = |error: &Error| matches!(error, Error::NoProduct(_) | Error::Argument(_));
    match random.below(10) {
        0..=2 => {
            let leaf = random.below(8);
            let product = common::product_of(random, id, leaf);
            catalog.put([product]).unwrap();
        }
        3 => {
            let Ok(stored) = catalog.product(id) else {
                return;
            };
            let mut product = stored.product;
            product.attributes = vec![("price".into(), random.below(100).to_string())];
            catalog.put([product]).unwrap();
        }
        4 => drop(catalog.remove([id]).unwrap()),
        5..=6 => {
            let rows = common::labels([(id, Some(path(random.below(2))))]);
            let options = LabelOptions::default();
            catalog.label(rows, options, &mut ()).unwrap();
        }
        7 => {
            let leaves: &[usize] = if random.one_in(2) {
                &[1, 0]
            } else {
                &[0, 1, 4, 5]
            };
            catalog
                .replace_taxonomy(&common::taxonomy_of(leaves))
                .unwrap();
        }
        8 => match catalog.classify_stored(&[id], &ClassifyOptions::default()) {
            Ok(decisions) => {
                let pair = (id, &decisions[0]);
                match catalog.apply(Method::Auto, [pair]) {
                    // Another thread has replaced it since.
                    Ok(_) | Err(Error::OtherTaxonomy) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            Err(error) => assert!(missing(&error), "{error}"),
        },
        _ => match catalog.search(&Search::new(Query::Like(id.to_owned()))) {
            Ok(page) => assert_eq!(page.found.len() as u64, page.matches.min(11) - 1),
            Err(error) => assert!(missing(&error), "{error}"),
        },
    }
}
