//! The store's file: written anew beside reads and commits, verified, and read
//! after a kill by who may not write.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use assort_core::{CategoryRow, Place, Product, Space, Taxonomy};
use proptest::prelude::*;

use super::*;

const DIMENSIONS: usize = 64;

fn taxonomy() -> Taxonomy {
    Taxonomy::from_rows(vec![CategoryRow {
        place: Place::Path(vec!["all".to_owned()]),
        ..CategoryRow::default()
    }])
    .unwrap()
}

fn space() -> SpaceRecord {
    let space = Space {
        model: "toy".to_owned(),
        fingerprint: "1".to_owned(),
        dimensions: DIMENSIONS,
    };
    SpaceRecord::new(1, &space, "toy")
}

fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::create(directory.path(), |writer| {
        writer.initialize(&space(), &taxonomy())
    });
    (directory, store.unwrap())
}

fn put(store: &Store, ids: impl IntoIterator<Item = usize>, word: &str) {
    let puts: Vec<Put> = ids
        .into_iter()
        .map(|id| Put {
            product: ProductRecord::from(Product {
                id: format!("p{id}"),
                title: format!("{word} {id}"),
                ..Product::default()
            }),
            text_hash: id as u128,
            vector: Some(vec![id as f32; DIMENSIONS]),
            label: (id % 3 == 0).then(|| "all".to_owned()),
        })
        .collect();
    store.write(|writer| writer.put(&space(), &puts)).unwrap();
}

fn remove(store: &Store, ids: impl IntoIterator<Item = usize>) {
    let removed = store.write(|writer| {
        for id in ids {
            writer.remove(&format!("p{id}"), &[&space()])?;
        }
        Ok(())
    });
    removed.unwrap();
}

/// All products with their vectors and labels, by id.
fn contents(store: &Store) -> BTreeMap<String, (String, Vec<f32>, Option<String>)> {
    let reader = store.read().unwrap();
    let mut vectors = BTreeMap::new();
    let seen = reader.each_live_vector(&space(), |row, view| {
        vectors.insert(row, view.to_vec());
        Ok(())
    });
    seen.unwrap();
    let products = reader.products_from(0, usize::MAX).unwrap();
    products
        .into_iter()
        .map(|(row, product)| {
            assert_eq!(reader.row(&product.id).unwrap(), Some(row));
            let label = reader.label(row).unwrap();
            (product.id, (product.title, vectors[&row].clone(), label))
        })
        .collect()
}

fn never() -> bool {
    false
}

fn draft(store: &Store) -> PathBuf {
    store.directory.join(DRAFT)
}

#[test]
fn a_file_written_anew_has_every_row_and_no_free_space() {
    let (directory, store) = store();
    put(&store, 0..6000, "red");
    remove(&store, 500..6000);
    put(&store, 0..10, "blue");
    let (before, size) = (contents(&store), store.size());
    let version = store.read().unwrap().version().unwrap();
    store.rewrite(&never).unwrap();
    assert_eq!(contents(&store), before);
    assert_eq!(store.read().unwrap().version().unwrap(), version);
    assert!(store.size() < size / 4, "{} of {size}", store.size());
    assert!(!draft(&store).exists());
    put(&store, 7000..7100, "green");
    let before = contents(&store);
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(contents(&store), before);
    assert!(store.verify().unwrap());
}

#[test]
fn a_large_file_is_bloated_once_most_of_it_is_free_and_not_before() {
    let (_directory, store) = store();
    assert!(!store.may_be_bloated(), "a small file is left alone");
    let wide = vec![0.5; 16 * DIMENSIONS];
    let taught: Vec<(u128, Vec<f32>)> = (0..11_000u128).map(|hash| (hash, wide.clone())).collect();
    store
        .write(|writer| writer.put_taught(&space(), &taught))
        .unwrap();
    assert!(!store.is_bloated().unwrap());
    let mut next = space();
    next.generation += 1;
    store
        .write(|writer| writer.switch_space(&space(), &next))
        .unwrap();
    assert!(store.is_bloated().unwrap(), "taught vectors stayed");
    store.rewrite(&never).unwrap();
    assert!(store.size() < 2 << 20, "{}", store.size());
    assert!(!store.is_bloated().unwrap());
}

#[test]
fn a_reader_that_is_open_keeps_its_commit_while_the_file_is_written_anew() {
    let (_directory, store) = store();
    put(&store, 0..50, "red");
    let reader = store.read().unwrap();
    put(&store, 0..50, "blue");
    store.rewrite(&never).unwrap();
    put(&store, 0..50, "green");
    let title = |reader: &Reader<'_>| reader.product(7).unwrap().unwrap().title;
    assert_eq!(title(&reader), "red 7");
    assert_eq!(title(&store.read().unwrap()), "green 7");
}

#[test]
fn stopping_leaves_the_file_as_it_is_and_no_draft() {
    let (_directory, store) = store();
    put(&store, 0..100, "red");
    let before = contents(&store);
    let stopped = store.rewrite(&|| true);
    assert!(matches!(stopped, Err(Error::Interrupted)), "{stopped:?}");
    assert!(!draft(&store).exists());
    assert_eq!(contents(&store), before);
    put(&store, 100..110, "red");
}

#[test]
fn a_draft_that_cannot_be_written_leaves_the_file_in_force() {
    let (_directory, store) = store();
    put(&store, 0..100, "red");
    let before = contents(&store);
    std::fs::create_dir(draft(&store)).unwrap();
    let failed = store.rewrite(&never);
    assert!(matches!(failed, Err(Error::Io { .. })), "{failed:?}");
    assert_eq!(contents(&store), before);
    std::fs::remove_dir(draft(&store)).unwrap();
    put(&store, 100..110, "red");
    store.rewrite(&never).unwrap();
}

#[test]
#[cfg(unix)]
fn a_file_written_anew_has_the_mode_of_the_old_one_and_a_linked_one_stays_where_it_is() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (directory, store) = store();
    put(&store, 0..500, "red");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    std::fs::set_permissions(store.file(), PermissionsExt::from_mode(0o660)).unwrap();
    assert!(store.rewrite(&never).unwrap());
    assert_eq!(mode(&store.file()), 0o660);
    drop(store);
    let elsewhere = tempfile::tempdir().unwrap();
    let (link, real) = (directory.path().join(FILE), elsewhere.path().join(FILE));
    std::fs::rename(&link, &real).unwrap();
    symlink(&real, &link).unwrap();
    let store = Store::open(directory.path()).unwrap();
    remove(&store, 10..500);
    assert!(store.rewrite(&never).unwrap());
    assert!(link.is_symlink() && real.is_file());
    assert_eq!(contents(&store).len(), 10);
}

#[test]
fn a_table_of_a_newer_program_is_never_left_out() {
    let (_directory, store) = store();
    let (handle, transaction) = store.begin_write().unwrap();
    let unknown: redb::TableDefinition<'_, u32, u32> = redb::TableDefinition::new("heads");
    transaction
        .open_table(unknown)
        .unwrap()
        .insert(1, 1)
        .unwrap();
    transaction.commit().unwrap();
    drop(handle);
    let refused = store.rewrite(&never).unwrap_err();
    assert!(refused.to_string().contains("`heads`"), "{refused}");
    assert!(!draft(&store).exists());
}

#[test]
#[cfg(unix)]
fn readers_follow_the_name_and_a_second_writer_never_gets_the_old_file() {
    let (directory, store) = store();
    put(&store, 0..200, "red");
    let directory = directory.path();
    let other = Store::open_read_only(directory).unwrap();
    let (done, committed) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                let least = committed.load(Ordering::SeqCst);
                let version = other.read().unwrap().version().unwrap();
                assert!(version >= least, "an old file was read");
                assert!(contents(&other).len() >= 200);
            }
        });
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                let second = Store::open(directory).map(drop);
                assert!(matches!(second, Err(Error::Locked(_))), "{second:?}");
            }
        });
        for round in 0..20 {
            store.rewrite(&never).unwrap();
            put(&store, [200 + round], "blue");
            let version = store.read().unwrap().version().unwrap();
            committed.store(version, Ordering::SeqCst);
        }
        done.store(true, Ordering::SeqCst);
    });
    drop(store);
    let store = Store::open(directory).unwrap();
    assert_eq!(contents(&store).len(), 220);
    assert_eq!(contents(&other), contents(&store));
}

#[test]
fn threads_that_commit_while_the_file_is_written_anew_lose_nothing() {
    let (_directory, store) = store();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|thread| {
                let (store, done) = (&store, &done);
                scope.spawn(move || {
                    let mut count = 0;
                    while !done.load(Ordering::SeqCst) {
                        put(store, [thread * 100_000 + count], "red");
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        for _ in 0..10 {
            store.rewrite(&never).unwrap();
        }
        done.store(true, Ordering::SeqCst);
        let put: usize = writers.into_iter().map(|w| w.join().unwrap()).sum();
        assert_eq!(contents(&store).len(), put);
    });
    assert!(store.verify().unwrap());
}

/// What may be committed while rows are copied.
#[derive(Clone, Debug)]
enum Change {
    Put(usize),
    Remove(usize),
    Taxonomy,
    Taught(u128),
    Space,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (0..60usize).prop_map(Change::Put),
        3 => (0..60usize).prop_map(Change::Remove),
        1 => Just(Change::Taxonomy),
        2 => any::<u128>().prop_map(Change::Taught),
        1 => Just(Change::Space),
    ]
}

fn apply(store: &Store, change: &Change) {
    match change {
        Change::Put(id) => put(store, [*id], "new"),
        Change::Remove(id) => remove(store, [*id]),
        Change::Taxonomy => {
            store
                .write(|writer| writer.set_taxonomy(&taxonomy()))
                .unwrap();
        }
        Change::Taught(hash) => {
            let taught = [(*hash, vec![1.0; DIMENSIONS])];
            store
                .write(|writer| writer.put_taught(&space(), &taught))
                .unwrap();
        }
        // The tables of the space are dropped, and those of the same name begun.
        Change::Space => {
            store
                .write(|writer| writer.switch_space(&space(), &space()))
                .unwrap();
            let ids: Vec<usize> = (0..60).collect();
            remove(store, ids);
        }
    }
}

/// Every row of a table, as text.
struct Rows<'a>(&'a redb::ReadTransaction);

impl tables::TableWork for Rows<'_> {
    type Output = Vec<String>;

    fn run<K: redb::Key + 'static, V: redb::Value + 'static>(
        &self,
        table: redb::TableDefinition<'_, K, V>,
    ) -> Vec<String> {
        use redb::ReadableTable;
        let open = self.0.open_table(table).unwrap();
        let rows = open.iter().unwrap().map(|entry| {
            let (key, value) = entry.unwrap();
            format!("{table}: {:?} {:?}", key.value(), value.value())
        });
        rows.collect()
    }
}

/// Every row of every table, as text.
fn dump(store: &Store) -> Vec<String> {
    use redb::TableHandle;
    let reader = store.read().unwrap();
    let transaction = reader.transaction();
    let mut rows = Vec::new();
    for table in transaction.list_tables().unwrap() {
        let name = table.name();
        rows.push(name.to_owned());
        let layout = tables::layout(name).unwrap();
        rows.extend(layout.apply(name, &Rows(transaction)));
    }
    rows.sort_unstable();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_is_committed_while_rows_are_copied_is_in_the_new_file(
        first in prop::collection::vec(change(), 0..12),
        meanwhile in prop::collection::vec(change(), 0..12),
    ) {
        let (directory, store) = store();
        put(&store, 0..30, "old");
        first.iter().for_each(|change| apply(&store, change));
        // Asked whether to stop while a table is being copied.
        let (asked, expected) = (Cell::new(0), Cell::new(Vec::new()));
        store
            .rewrite(&|| {
                asked.set(asked.get() + 1);
                if asked.get() == 2 {
                    meanwhile.iter().for_each(|change| apply(&store, change));
                    expected.set(dump(&store));
                }
                false
            })
            .unwrap();
        prop_assert!(asked.get() > 1);
        prop_assert_eq!(dump(&store), expected.take());
        let dumped = dump(&store);
        drop(store);
        let store = Store::open(directory.path()).unwrap();
        prop_assert!(store.verify().unwrap());
        prop_assert_eq!(dump(&store), dumped);
    }
}

#[test]
fn what_a_kill_left_beside_the_file_goes_when_it_is_opened_for_writing() {
    let (directory, store) = store();
    drop(store);
    let left = directory.path().join(DRAFT);
    std::fs::write(&left, "half").unwrap();
    drop(Store::open_read_only(directory.path()).unwrap());
    assert!(left.exists(), "a reader removes nothing");
    drop(Store::open(directory.path()).unwrap());
    assert!(!left.exists());
}

/// The files as a writer that is killed now would leave them.
fn killed(store: &Store) -> tempfile::TempDir {
    let left = tempfile::tempdir().unwrap();
    std::fs::copy(store.file(), left.path().join(FILE)).unwrap();
    left
}

/// Opens what a kill left, by who may not write.
fn without_writing(directory: &Path) -> Store {
    let handle = Store::open_reader(directory, false).unwrap();
    assert!(matches!(handle.access, Access::Recovered(_)));
    Store::on(directory, handle)
}

#[test]
fn who_may_not_write_reads_what_a_killed_writer_left_and_changes_nothing() {
    let (_directory, store) = store();
    put(&store, 0..300, "red");
    remove(&store, 20..60);
    let left = killed(&store);
    let before = std::fs::read(left.path().join(FILE)).unwrap();
    let reader = without_writing(left.path());
    assert_eq!(contents(&reader), contents(&store));
    let refused = reader.write(|_| Ok(()));
    assert!(matches!(refused, Err(Error::ReadOnly)));
    drop(reader);
    assert!(std::fs::read(left.path().join(FILE)).unwrap() == before);
}

#[test]
fn a_reader_of_what_a_killed_writer_left_follows_the_writer_that_repairs_it() {
    let (_directory, store) = store();
    put(&store, 0..300, "red");
    let left = killed(&store);
    let reader = without_writing(left.path());
    let open = reader.read().unwrap();
    assert_eq!(open.counts().unwrap().products, 300);
    let writer = Store::open(left.path()).unwrap();
    put(&writer, 0..400, "blue");
    assert_eq!(contents(&reader), contents(&writer));
    // One that was open meanwhile says so, or has all it needs in memory.
    match open.each_product(|_, product| {
        assert!(product.title.starts_with("red"));
        Ok(())
    }) {
        Ok(()) => {}
        Err(error) => assert!(error.to_string().contains("run it again"), "{error}"),
    }
}

#[test]
fn a_file_is_verified_while_others_read_and_damage_is_an_error() {
    let (_directory, store) = store();
    put(&store, 0..300, "red");
    let reader = store.read().unwrap();
    assert!(store.verify().unwrap());
    drop(reader);
    let mut bytes = std::fs::read(store.file()).unwrap();
    let at = bytes
        .windows(7)
        .position(|window| window == b"red 150")
        .unwrap();
    bytes[at] = b'x';
    std::fs::write(store.file(), &bytes).unwrap();
    let reader = store.read().unwrap();
    let found = store.verify();
    assert!(matches!(found, Err(Error::Damaged { .. })), "{found:?}");
    drop(reader);
}

#[test]
fn a_record_of_an_unknown_version_is_refused_by_name() {
    let (directory, store) = store();
    put(&store, 0..3, "red");
    let (handle, transaction) = store.begin_write().unwrap();
    let products: redb::TableDefinition<'_, u32, &[u8]> = redb::TableDefinition::new("products");
    let bytes = [9u8; 40];
    transaction
        .open_table(products)
        .unwrap()
        .insert(1, bytes.as_slice())
        .unwrap();
    transaction.commit().unwrap();
    drop((handle, store));
    let store = Store::open(directory.path()).unwrap();
    assert!(store.read().unwrap().product(0).unwrap().is_some());
    let refused = store.read().unwrap().product(1).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("product in row 1"), "{text}");
    assert!(text.contains("a product record of version 9"), "{text}");
    assert!(text.contains("reads 1 to 1"), "{text}");
}
