//! Catalogs that older versions wrote: each is opened, searched, used for
//! classification and written to, and answers as the program that wrote it did.
//!
//! A fixture is a catalog's directory with each file compressed, and
//! `answers.txt` beside it. Fixtures are never changed. When records get new
//! versions, the test writes a fixture of its own, to be committed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::common::answers::answers;
use assort_testkit::toy::Toy;

use crate::common::{self, path};
use assort::core::{AttributeKind, Embedder, Method, Product};
use assort::students::{Distilled, Student};
use assort::{Catalog, ClassifyOptions, LabelOptions, Query, Search};
use redb::{ReadableDatabase, ReadableTable, TableHandle};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The fixtures' directories, which may be told apart by their names.
fn names() -> Vec<String> {
    let entries = std::fs::read_dir(fixtures()).unwrap().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

/// Runs `each` on every file below a directory, with its path from there.
fn each_file(root: &Path, below: &Path, each: &mut dyn FnMut(&Path)) {
    for entry in std::fs::read_dir(root.join(below)).unwrap().flatten() {
        let file = below.join(entry.file_name());
        if entry.path().is_dir() {
            each_file(root, &file, each);
        } else {
            each(&file);
        }
    }
}

/// The catalog of a fixture, in a directory of its own.
fn unpacked(name: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let from = fixtures().join(name);
    each_file(&from, Path::new(""), &mut |file| {
        if file.extension().is_none_or(|extension| extension != "zst") {
            return;
        }
        let packed = std::fs::read(from.join(file)).unwrap();
        let to = directory.path().join(file.with_extension(""));
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(to, zstd::decode_all(packed.as_slice()).unwrap()).unwrap();
    });
    directory
}

fn toy(name: &str) -> Arc<Toy> {
    Arc::new(Toy::with_dimensions(name, 8))
}

/// The embedder of a fixture: the toy, or the student in its directory.
fn embedder(directory: &Path) -> Arc<dyn Embedder> {
    let Ok(mut students) = std::fs::read_dir(directory.join("students")) else {
        return toy("a");
    };
    let student = Student::open(&students.next().unwrap().unwrap().path()).unwrap();
    let open = Box::new(|| {
        let toy: Arc<dyn Embedder> = toy("a");
        Ok(toy)
    });
    Arc::new(Distilled::with_teacher(Arc::new(student), None, open))
}

/// Fails unless two texts are the same but for what rounding may change.
#[track_caller]
fn assert_alike(name: &str, found: &str, expected: &str) {
    assert_eq!(found.lines().count(), expected.lines().count(), "{name}");
    for (found, expected) in found.lines().zip(expected.lines()) {
        let (ours, theirs): (Vec<_>, Vec<_>) =
            (found.split(' ').collect(), expected.split(' ').collect());
        let close = |our: &str, their: &str| {
            let both = our.parse::<f64>().ok().zip(their.parse::<f64>().ok());
            our == their || both.is_some_and(|(a, b)| (a - b).abs() <= 0.002)
        };
        // Of products as similar as the last, another one may be the last.
        let last = |tokens: &[&str], at: usize| {
            let similarity = tokens.get(at + 1).zip(tokens.last());
            tokens[0] == "search" && similarity.is_some_and(|(own, last)| close(own, last))
        };
        // Filing learns anew by what this version knows, so products may be filed
        // elsewhere; that they are filed is what counts.
        if ours[0] == "classify" && theirs[0] == "classify" {
            assert!(found.contains(" > "), "{name}: {found}");
            continue;
        }
        let alike = ours.len() == theirs.len()
            && ours
                .iter()
                .zip(&theirs)
                .enumerate()
                .all(|(at, (our, their))| {
                    close(our, their) || (last(&ours, at) && last(&theirs, at))
                });
        assert!(alike, "{name}:\n{found}\nwas\n{expected}");
    }
}

#[test]
fn a_catalog_of_every_format_answers_as_it_did_when_it_was_written() {
    for name in names() {
        let directory = unpacked(&name);
        let embedder = embedder(directory.path());
        let expected = std::fs::read_to_string(fixtures().join(&name).join("answers.txt")).unwrap();
        let reader = Catalog::open_read_only(directory.path()).unwrap();
        let reader = reader.with_embedder(Arc::clone(&embedder)).unwrap();
        assert_alike(&name, &answers(&reader), &expected);
        drop(reader);
        let writer = Catalog::open(directory.path()).unwrap();
        let writer = writer.with_embedder(embedder).unwrap();
        assert_alike(&name, &answers(&writer), &expected);
    }
}

#[test]
fn a_catalog_of_every_format_is_written_to_and_stays_whole() {
    for name in names() {
        let directory = unpacked(&name);
        let catalog = Catalog::open(directory.path()).unwrap();
        let catalog = catalog
            .with_embedder(embedder(directory.path()))
            .unwrap()
            .with_live_limit(60);
        let before = catalog.stats().unwrap();
        let new = common::products(77, 100)
            .into_iter()
            .map(|(mut product, _)| {
                product.id = format!("new {}", product.id);
                product
            });
        let new: Vec<Product> = new.collect();
        catalog.put(new.iter().cloned()).unwrap();
        let label = common::labels([(new[0].id.as_str(), Some(path(2)))]);
        catalog
            .label(label, LabelOptions::default(), &mut ())
            .unwrap();
        let options = ClassifyOptions::default();
        let decisions = catalog.classify_stored(&[&new[1].id], &options).unwrap();
        let pair = (new[1].id.as_str(), &decisions[0]);
        catalog.apply(Method::Auto, [pair]).unwrap();
        catalog.remove([new[2].id.as_str()]).unwrap();
        catalog.wait_until_indexed(&mut ()).unwrap();
        catalog.compact(&mut ()).unwrap();
        common::assert_clean(&catalog);
        let after = catalog.stats().unwrap();
        assert_eq!(after.products, before.products + 99, "{name}");
        assert_eq!(after.labelled, before.labelled + 1, "{name}");
        let like = Search::new(Query::Like(new[3].id.clone()));
        assert_eq!(catalog.search(&like).unwrap().found.len(), 10, "{name}");
    }
}

#[test]
fn a_move_that_an_older_version_began_goes_on_where_it_was() {
    let directory = unpacked("format-2-moving");
    let catalog = Catalog::open(directory.path()).unwrap();
    let (next, moved) = catalog.stats().unwrap().moving_to.unwrap();
    let new = toy("b");
    assert_eq!((&next, moved), (new.space(), 256));
    let report = catalog.reembed(new, "toy b", &mut ()).unwrap();
    assert_eq!((report.products, report.embedded), (327, 71));
    assert_eq!(catalog.space().unwrap(), next);
    common::assert_clean(&catalog);
}

#[test]
fn a_tuning_of_the_older_layout_is_not_believed_and_a_sound_one_is() {
    let tuned = |name: &str| {
        let directory = unpacked(name);
        let catalog = Catalog::open_read_only(directory.path()).unwrap();
        catalog.stats().unwrap().tuned
    };
    assert_eq!(tuned("format-2-older-tuning"), None);
    assert!(tuned("format-2").is_some());
}

/// A catalog of the current format with something of everything in it.
fn current(directory: &Path) {
    let catalog = Catalog::create(directory, &common::taxonomy(), toy("a"), "toy").unwrap();
    let catalog = catalog.with_live_limit(60);
    let products = common::products(41, 330);
    catalog
        .put(products.iter().map(|(product, _)| product.clone()))
        .unwrap();
    let labels = products[..140]
        .iter()
        .map(|(product, leaf)| (product.id.as_str(), Some(path(*leaf))));
    catalog
        .label(common::labels(labels), LabelOptions::default(), &mut ())
        .unwrap();
    catalog.wait_until_indexed(&mut ()).unwrap();
    catalog.remove(["p00200", "p00217"]).unwrap();
    let ids: Vec<&str> = products[280..300]
        .iter()
        .map(|(product, _)| product.id.as_str())
        .collect();
    let decisions = catalog.classify_stored(&ids, &ClassifyOptions::default());
    let pairs = ids.iter().copied().zip(decisions.as_ref().unwrap());
    catalog.apply(Method::Auto, pairs).unwrap();
    catalog.tune(0.9, 100, &mut ()).unwrap();
    let number: AttributeKind = "number".parse().unwrap();
    catalog.set_attribute_kinds([("price", number)]).unwrap();
    let mut stop = common::Recorder::stopping_after(3);
    assert!(
        catalog
            .reembed(toy("b"), "toy b", &mut stop)
            .unwrap()
            .stopped
    );
}

/// The format of a catalog and the versions of its records, as text.
fn versions(directory: &Path) -> String {
    let database = redb::Database::open(directory.join("catalog.redb")).unwrap();
    let transaction = database.begin_read().unwrap();
    let mut versions = Vec::new();
    for table in transaction.list_tables().unwrap() {
        let name = table.name().to_owned();
        let kind = name.split(' ').next().unwrap();
        let first = match kind {
            "ids" | "labels" | "meta" => continue,
            "dead" => first_byte::<u64>(&transaction, &name),
            "texts" | "taught" => first_byte::<u128>(&transaction, &name),
            _ => first_byte::<u32>(&transaction, &name),
        };
        versions.extend(first.map(|version| format!("{kind} {version}\n")));
    }
    let meta: redb::TableDefinition<'_, &str, &[u8]> = redb::TableDefinition::new("meta");
    let meta = transaction.open_table(meta).unwrap();
    for key in ["format", "space", "tuning", "fit", "columns", "attributes"] {
        let value = meta.get(key).unwrap();
        versions.extend(value.map(|value| format!("{key} {}\n", value.value()[0])));
    }
    versions.sort_unstable();
    versions.dedup();
    versions.concat()
}

fn first_byte<K: redb::Key + 'static>(
    transaction: &redb::ReadTransaction,
    table: &str,
) -> Option<u8> {
    let table: redb::TableDefinition<'_, K, &[u8]> = redb::TableDefinition::new(table);
    let table = transaction.open_table(table).unwrap();
    let first = table.first().unwrap();
    first.map(|(_, value)| value.value()[0])
}

#[test]
fn there_is_a_fixture_of_what_this_version_writes() {
    let directory = tempfile::tempdir().unwrap();
    current(directory.path());
    let ours = versions(directory.path());
    let known = names().into_iter().find(|name| {
        let theirs = std::fs::read_to_string(fixtures().join(name).join("versions.txt"));
        theirs.is_ok_and(|theirs| theirs == ours)
    });
    if known.is_some() && std::env::var_os("ASSORT_WRITE_FIXTURE").is_none() {
        return;
    }
    let name = format!("written-{}", names().len() + 1);
    let to = fixtures().join(&name);
    let reader = Catalog::open_read_only(directory.path()).unwrap();
    let reader = reader.with_embedder(toy("a")).unwrap();
    let answers = answers(&reader);
    drop(reader);
    each_file(directory.path(), Path::new(""), &mut |file| {
        let bytes = std::fs::read(directory.path().join(file)).unwrap();
        let mut packed = to.join(file).into_os_string();
        packed.push(".zst");
        std::fs::create_dir_all(to.join(file).parent().unwrap()).unwrap();
        std::fs::write(packed, zstd::encode_all(bytes.as_slice(), 19).unwrap()).unwrap();
    });
    std::fs::write(to.join("answers.txt"), answers).unwrap();
    std::fs::write(to.join("versions.txt"), ours).unwrap();
    panic!("no fixture had the versions that this program writes: commit tests/fixtures/{name}");
}
