//! Copies in object stores.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use assort::copies::{CopiedFile, CopyOptions, CopyReport, Manifest, Source, replicate, restore};
use assort::core::Taxonomy;
use assort::{Catalog, Error, Observer, Progress, Result};
use assort_replica::Objects;
use assort_testkit::toy::Toy;
use object_store::memory::InMemory;
use object_store::path::Path;
use tempfile::TempDir;

use crate::common::products;
use crate::s3::S3;

/// A catalog with segments, and places beside it.
struct Shop {
    place: TempDir,
    catalog: Catalog,
}

impl Shop {
    fn new(name: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        let taxonomy = Taxonomy::from_paths(["Kitchen > Kettles", "Kitchen > Knives"]).unwrap();
        let toy = Arc::new(Toy::new("a"));
        let catalog = Catalog::create(place.path().join(name), &taxonomy, toy, "toy").unwrap();
        let catalog = catalog.with_live_limit(300);
        catalog.put(products(0, 1_000)).unwrap();
        catalog.wait_until_indexed(&mut ()).unwrap();
        Self { place, catalog }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn store(&self, at: usize) {
        self.catalog.put(products(at, 1)).unwrap();
    }

    fn backup(&self, to: &mut Objects) -> Result<CopyReport> {
        to.backup(&self.catalog, CopyOptions::default(), &mut ())
    }

    fn replicate(&self, from: &mut dyn Source) -> Result<CopyReport> {
        replicate(from, self.path("replica"), CopyOptions::default(), &mut ())
    }

    fn assert_replica_has(&self, products: u64) {
        let replica = Catalog::open_read_only(self.path("replica")).unwrap();
        assert_eq!(replica.check().unwrap(), []);
        assert_eq!(replica.stats().unwrap().products, products);
    }
}

/// A source with something that is done before each reading.
struct Meddled<'o, F> {
    objects: &'o mut Objects,
    meddle: F,
}

impl<F: FnMut(&CopiedFile)> Source for Meddled<'_, F> {
    fn name(&self) -> String {
        self.objects.name()
    }

    fn manifest(&mut self) -> Result<Manifest> {
        self.objects.manifest()
    }

    fn read(&mut self, file: &CopiedFile, offset: u64) -> Result<Box<dyn Read + '_>> {
        (self.meddle)(file);
        self.objects.read(file, offset)
    }
}

/// Stops after so many bytes.
struct StopAt(u64, bool);

impl Observer for StopAt {
    fn progress(&mut self, progress: Progress) {
        if let Progress::Copying { done, .. } = progress {
            self.1 |= done >= self.0;
        }
    }

    fn stop(&self) -> bool {
        self.1
    }
}

fn in_memory() -> Objects {
    let store = Arc::new(InMemory::new());
    Objects::on("memory:///a", store, Path::from("a")).unwrap()
}

#[test]
fn a_backup_in_a_folder_of_objects_is_brought_up_to_date_replicated_and_restored() {
    let shop = Shop::new("shop");
    let url = format!("file://{}", shop.path("with blank/store").display()).replace(' ', "%20");
    let mut objects = Objects::open(&url).unwrap();
    let refused = shop.replicate(&mut objects).unwrap_err();
    assert!(matches!(refused, Error::NotACopy(_)), "{refused}");
    let first = shop.backup(&mut objects).unwrap();
    assert_eq!((first.kept, first.bytes), (0, first.size));
    assert!(shop.backup(&mut objects).unwrap().is_unchanged());
    shop.replicate(&mut objects).unwrap();
    shop.assert_replica_has(1_000);
    shop.store(1_000);
    let next = shop.backup(&mut objects).unwrap();
    assert_eq!((next.copied, next.kept), (1, first.copied - 1));
    let fetched = shop.replicate(&mut objects).unwrap();
    assert_eq!((fetched.copied, fetched.kept), (1, first.copied - 1));
    shop.assert_replica_has(1_001);
    assert!(shop.replicate(&mut objects).unwrap().is_unchanged());
    restore(&mut objects, shop.path("again"), &mut ()).unwrap();
    let again = Catalog::open_read_only(shop.path("again")).unwrap();
    assert_eq!(again.stats().unwrap().products, 1_001);
    // What was sent from is gone.
    assert!(!shop.path("shop/snapshots").exists());
}

#[test]
fn a_place_with_something_else_is_refused() {
    let shop = Shop::new("shop");
    let other = Shop::new("other");
    let mut objects = in_memory();
    shop.store(1_000);
    shop.backup(&mut objects).unwrap();
    let refused = other.backup(&mut objects).unwrap_err();
    assert!(refused.to_string().contains("another catalog"), "{refused}");
    // Whoever names the place above it.
    std::fs::create_dir(shop.path("store")).unwrap();
    std::fs::write(shop.path("store/holiday.jpg"), "a picture").unwrap();
    let url = format!("file://{}", shop.path("store").display());
    let refused = shop.backup(&mut Objects::open(&url).unwrap()).unwrap_err();
    assert!(refused.to_string().contains("other objects"), "{refused}");
    for (url, what) in [
        ("ftp://shop/a", "s3://BUCKET/PREFIX"),
        ("s3:", "s3://BUCKET/PREFIX"),
        ("file:///", "no folder"),
        ("s3://shop/a?x=1", "nothing follows"),
    ] {
        let refused = Objects::open(url).unwrap_err();
        assert!(matches!(refused, Error::Argument(_)), "{refused}");
        assert!(refused.to_string().contains(what), "{refused}");
    }
}

#[test]
fn a_changed_byte_is_refused_with_its_file_and_mended_by_sending_all_again() {
    let shop = Shop::new("shop");
    let s3 = S3::start();
    let mut objects = s3.place();
    shop.backup(&mut objects).unwrap();
    let manifest = objects.manifest().unwrap();
    let file = &manifest.files[0];
    let key = format!("copies/a/files/{:032x}", file.digest);
    let change = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut kept = s3.kept.lock().unwrap();
        change(&mut kept.objects.get_mut(&key).unwrap().0);
    };
    change(&|bytes| bytes[99] ^= 1);
    let refused = shop.replicate(&mut objects).unwrap_err().to_string();
    let named = format!("s3://shop/copies/a/{}: its bytes", file.name);
    assert!(refused.contains(&named), "{refused}");
    assert!(Catalog::open_read_only(shop.path("replica")).is_err());
    change(&|bytes| bytes.truncate(99));
    let refused = shop.replicate(&mut objects).unwrap_err().to_string();
    assert!(
        refused.contains(&file.name) && refused.contains("99 bytes"),
        "{refused}"
    );
    let options = CopyOptions::default().with_verify(true);
    let all = objects.backup(&shop.catalog, options, &mut ()).unwrap();
    assert_eq!(all.kept, 0);
    shop.replicate(&mut objects).unwrap();
    shop.assert_replica_has(1_000);
    let mut kept = s3.kept.lock().unwrap();
    kept.objects.get_mut("copies/a/manifest.json").unwrap().0[0] = b'?';
    drop(kept);
    let refused = shop.replicate(&mut objects).unwrap_err();
    assert!(refused.to_string().contains("a/manifest.json"), "{refused}");
}

#[test]
fn s3_is_sent_what_is_new_alone_and_files_go_that_neither_manifest_names() {
    let shop = Shop::new("shop");
    let s3 = S3::start();
    let mut objects = s3.place();
    let first = shop.backup(&mut objects).unwrap();
    let puts = || std::mem::take(&mut s3.kept.lock().unwrap().puts);
    let files = || s3.kept.lock().unwrap().objects.len() as u64 - 1;
    let put = puts();
    assert_eq!(put.len() as u64, first.copied + 1);
    assert_eq!(put.last().unwrap(), "copies/a/manifest.json");
    for (round, files_there) in [(1, 1), (2, 1), (3, 1)] {
        shop.store(1_000 + round);
        let report = shop.backup(&mut objects).unwrap();
        assert_eq!((report.copied, report.kept), (1, first.copied - 1));
        assert_eq!(puts().len(), 2);
        // The store of the commit before stays, and no other.
        assert_eq!(files(), first.copied + files_there);
    }
    shop.replicate(&mut objects).unwrap();
    shop.assert_replica_has(1_003);
}

#[test]
fn reading_goes_on_where_it_was_cut_or_stopped() {
    let shop = Shop::new("shop");
    let s3 = S3::start();
    let mut objects = s3.place();
    let size = shop.backup(&mut objects).unwrap().size;
    let (to, options) = (shop.path("replica"), CopyOptions::default());
    let stopped = replicate(&mut objects, &to, options, &mut StopAt(size / 3, false));
    assert!(matches!(stopped, Err(Error::Interrupted)), "{stopped:?}");
    s3.kept.lock().unwrap().reads.clear();
    s3.kept.lock().unwrap().cut = Some(size as usize / 4);
    let report = shop.replicate(&mut objects).unwrap();
    shop.assert_replica_has(1_000);
    assert!(report.bytes <= size - size / 3, "{report:?}");
    let reads = std::mem::take(&mut s3.kept.lock().unwrap().reads);
    let of_files: Vec<_> = reads
        .iter()
        .filter(|(key, _)| key.contains("files"))
        .collect();
    let again = of_files.windows(2).filter(|two| two[0].0 == two[1].0);
    assert!(again.clone().count() > 0, "nothing was cut: {reads:?}");
    for two in again {
        assert!(two[1].1 > two[0].1, "it began anew: {reads:?}");
    }
}

#[test]
fn a_replica_that_reads_while_backups_are_made_gets_the_old_commit_or_the_next() {
    let shop = Shop::new("shop");
    let store = Arc::new(InMemory::new());
    let open = || Objects::on("memory:///a", store.clone(), Path::from("a")).unwrap();
    let first = shop.backup(&mut open()).unwrap();
    // One backup while it reads: the files of the one before are there still.
    let mut backups = 1;
    let mut meddle = |file: &CopiedFile| {
        if file.is_store() && backups > 0 {
            backups -= 1;
            shop.store(2_000 + backups);
            shop.backup(&mut open()).unwrap();
        }
    };
    let (mut objects, meddle) = (open(), &mut meddle);
    let objects = &mut objects;
    let got = shop.replicate(&mut Meddled { objects, meddle }).unwrap();
    assert_eq!(got.commit, first.commit);
    shop.assert_replica_has(1_000);
    // Two of them: it goes on with the last.
    let mut backups = 2;
    let mut last = 0;
    let meddle = |file: &CopiedFile| {
        while file.is_store() && backups > 0 {
            backups -= 1;
            shop.store(3_000 + backups);
            last = shop.backup(&mut open()).unwrap().commit;
        }
    };
    let got = shop.replicate(&mut Meddled { objects, meddle }).unwrap();
    assert_eq!(got.commit, last);
    shop.assert_replica_has(1_003);
}

#[test]
fn of_two_backups_at_once_the_one_that_ends_last_is_refused() {
    let shop = Shop::new("shop");
    let s3 = S3::start();
    shop.backup(&mut s3.place()).unwrap();
    shop.store(1_000);
    /// Makes a backup of the next commit in the middle of one.
    struct Another<'s>(&'s Shop, Option<Objects>);
    impl Observer for Another<'_> {
        fn progress(&mut self, _: Progress) {
            if let Some(mut objects) = self.1.take() {
                self.0.store(1_001);
                self.0.backup(&mut objects).unwrap();
            }
        }
    }
    let mut another = Another(&shop, Some(s3.place()));
    let options = CopyOptions::default();
    let refused = s3.place().backup(&shop.catalog, options, &mut another);
    let refused = refused.unwrap_err();
    assert!(matches!(refused, Error::Send { .. }), "{refused}");
    assert!(refused.to_string().contains("meanwhile"), "{refused}");
    shop.replicate(&mut s3.place()).unwrap();
    shop.assert_replica_has(1_002);
}

#[test]
fn large_files_are_sent_in_parts() {
    let shop = Shop::new("shop");
    let text = "A thing for the home, with a long description. ".repeat(200);
    let large = products(2_000, 1_500).map(|mut product| {
        product.text.clone_from(&text);
        product
    });
    shop.catalog.put(large).unwrap();
    let s3 = S3::start();
    let mut objects = s3.place();
    let size = shop.catalog.snapshot(&mut ()).unwrap().manifest().size();
    assert!(size > 10 << 20, "{size}");
    let whole = shop.backup(&mut objects).unwrap();
    assert!(s3.kept.lock().unwrap().parts > 1);
    assert_eq!(whole.bytes, whole.size);
    shop.replicate(&mut objects).unwrap();
    shop.assert_replica_has(2_500);
}

#[test]
fn a_wrong_key_and_a_missing_bucket_are_told() {
    let shop = Shop::new("shop");
    let s3 = S3::start();
    for (url, key, what) in [
        ("s3://shop/a", "another", "InvalidAccessKeyId"),
        ("s3://none/a", "a-key", "no such bucket"),
    ] {
        let mut objects = s3.open(url, key);
        for refused in [shop.backup(&mut objects), shop.replicate(&mut objects)] {
            let refused = refused.unwrap_err();
            assert!(matches!(refused, Error::Refused { .. }), "{refused}");
            assert!(refused.to_string().contains(what), "{refused}");
        }
    }
    assert!(s3.kept.lock().unwrap().objects.is_empty());
}
