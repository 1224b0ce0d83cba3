//! Packs: they file as their catalog does, and what is no pack is refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use assort::core::{Decision, Method, Product};
use assort::{Catalog, ClassifyOptions, Error, LabelOptions, Pack, TrainHeads};
use assort_testkit::toy::Toy;
use proptest::prelude::*;

use crate::common::{self, path};

/// Confidence may differ by what rounding vectors to half precision changes.
const NEAR: f32 = 2e-3;

/// A catalog, the first `labelled` of whose products have labels, and its pack.
struct Shop {
    directory: tempfile::TempDir,
    catalog: Catalog,
    products: Vec<Product>,
    file: PathBuf,
}

impl Shop {
    fn new(count: usize, labelled: usize) -> Self {
        let toy = Arc::new(Toy::new("a"));
        let (directory, catalog) = common::catalog(&toy);
        let all = common::products(5, count);
        catalog
            .put(all.iter().map(|(product, _)| product.clone()))
            .unwrap();
        let labels = all[..labelled]
            .iter()
            .map(|(product, leaf)| (product.id.as_str(), Some(path(*leaf))));
        let labels = common::labels(labels);
        catalog
            .label(labels, LabelOptions::default(), &mut ())
            .unwrap();
        let file = directory.path().join("shop.pack");
        Self {
            products: all.into_iter().map(|(product, _)| product).collect(),
            directory,
            catalog,
            file,
        }
    }

    fn packed(&self) -> Pack {
        self.catalog.pack(&self.file, &mut ()).unwrap();
        open(&self.file)
    }
}

fn open(file: &Path) -> Pack {
    let pack = Pack::open(file).unwrap();
    pack.with_embedder(Arc::new(Toy::new("a"))).unwrap()
}

fn explained(method: Method) -> ClassifyOptions {
    ClassifyOptions::default()
        .with_method(method)
        .with_explain(true)
}

/// Fails unless two decisions say the same, but for rounding.
#[track_caller]
fn assert_like(packed: &Decision, own: &Decision) {
    assert_eq!(packed.taxonomy, own.taxonomy);
    assert_eq!(packed.category, own.category);
    assert!(
        (packed.confidence - own.confidence).abs() < NEAR,
        "{packed:?} {own:?}"
    );
    assert_eq!(packed.is_calibrated, own.is_calibrated);
    let (packed, own) = (
        packed.reasons.as_ref().unwrap(),
        own.reasons.as_ref().unwrap(),
    );
    let texts = |reasons: &assort::core::Reasons| -> Vec<String> {
        reasons.texts.iter().map(|text| text.text.clone()).collect()
    };
    assert_eq!(texts(packed), texts(own));
    let nearest = |reasons: &assort::core::Reasons| {
        reasons
            .neighbors
            .first()
            .map(|near| (near.title.clone(), near.category))
    };
    assert_eq!(nearest(packed), nearest(own));
}

#[test]
fn a_pack_files_as_its_catalog_does() {
    for (count, labelled) in [(12, 0), (300, 0), (300, 10), (400, 300)] {
        let shop = Shop::new(count, labelled);
        if labelled == 300 {
            shop.catalog.train(&TrainHeads::default(), &mut ()).unwrap();
        }
        let pack = shop.packed();
        assert_eq!(pack.labels(), labelled);
        // Products of the catalog, labelled ones among them, and new ones.
        let mut asked = shop.products.clone();
        asked.extend(
            common::products(99, 50)
                .into_iter()
                .map(|(product, _)| Product {
                    id: format!("new {}", product.id),
                    ..product
                }),
        );
        for method in Method::ALL {
            let options = explained(method);
            match shop.catalog.classify(&asked, &options) {
                Ok(own) => {
                    let packed = pack.classify(&asked, &options).unwrap();
                    packed
                        .iter()
                        .zip(&own)
                        .for_each(|(packed, own)| assert_like(packed, own));
                }
                Err(error) => {
                    let packed = pack.classify(&asked, &options).unwrap_err();
                    assert_eq!(packed.to_string(), error.to_string());
                }
            }
        }
    }
}

#[test]
fn a_decision_does_not_depend_on_the_products_beside_it_nor_on_threads() {
    let shop = Shop::new(300, 200);
    let pack = shop.packed();
    let options = explained(Method::Auto);
    let all = pack.classify(&shop.products, &options).unwrap();
    let one_by_one = shop.products.iter().map(|product| {
        let alone = pack
            .classify(std::slice::from_ref(product), &options)
            .unwrap();
        alone.into_iter().next().unwrap()
    });
    for (alone, among) in one_by_one.zip(&all) {
        assert_eq!(alone, *among);
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let one_thread = pool.install(|| pack.classify(&shop.products, &options).unwrap());
    assert_eq!(one_thread, all);
    let again = open(&shop.file);
    assert_eq!(again.digest(), pack.digest());
    assert_eq!(again.classify(&shop.products, &options).unwrap(), all);
}

#[test]
fn a_pack_outlives_its_catalog_and_changes_of_it() {
    let shop = Shop::new(100, 60);
    let pack = shop.packed();
    let asked = &shop.products[..20].to_vec();
    let before = pack.classify(asked, &ClassifyOptions::default()).unwrap();
    let copy = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(&shop.file, copy.path()).unwrap();
    shop.catalog
        .remove(asked.iter().map(|one| one.id.as_str()))
        .unwrap();
    shop.catalog.pack(&shop.file, &mut ()).unwrap();
    // The open one is what it was, though its name leads to another.
    assert_eq!(
        pack.classify(asked, &ClassifyOptions::default()).unwrap(),
        before
    );
    assert_eq!(open(&shop.file).labels(), 40);
    drop(shop);
    let copied = open(copy.path());
    assert_eq!(copied.digest(), pack.digest());
    assert_eq!(
        copied.classify(asked, &ClassifyOptions::default()).unwrap(),
        before
    );
}

#[test]
fn a_pack_needs_the_embedder_of_its_space() {
    let shop = Shop::new(60, 0);
    shop.packed();
    let pack = Pack::open(&shop.file).unwrap();
    assert_eq!(pack.embedder_spec(), "toy");
    let product = &shop.products[..1];
    let error = pack
        .classify(product, &ClassifyOptions::default())
        .unwrap_err();
    assert!(matches!(error, Error::NoEmbedder), "{error:?}");
    let error = pack.with_embedder(Arc::new(Toy::new("b"))).unwrap_err();
    assert!(matches!(error, Error::SpaceMismatch { .. }), "{error:?}");
}

#[test]
fn a_stopped_or_failed_packing_leaves_what_was_there() {
    let shop = Shop::new(400, 300);
    let before = shop.packed().digest();
    let mut stopped = common::Recorder::stopping_after(0);
    let error = shop.catalog.pack(&shop.file, &mut stopped).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error:?}");
    assert_eq!(open(&shop.file).digest(), before);
    let directory = shop.directory.path();
    let error = shop.catalog.pack(directory, &mut ()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("is a directory; name a file for the pack"),
        "{error}"
    );
    let nowhere = directory.join("none/shop.pack");
    let error = shop.catalog.pack(&nowhere, &mut ()).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    let left = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left
        .filter(|name| name.to_string_lossy().contains("tmp"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_is_no_pack_is_refused_by_what_it_is() {
    let shop = Shop::new(60, 30);
    shop.packed();
    let whole = std::fs::read(&shop.file).unwrap();
    let told = |bytes: &[u8]| {
        std::fs::write(&shop.file, bytes).unwrap();
        Pack::open(&shop.file).unwrap_err().to_string()
    };
    assert!(told(b"id,title\n1,Kettle of steel, 1.7 l\n").contains("does not begin as a pack's"));
    assert!(told(b"").contains("has only 0 bytes"));
    assert!(told(&whole[..whole.len() - 1]).contains("has been cut short"));
    let mut newer = whole.clone();
    newer[8] = 9;
    assert!(told(&newer).contains("has format 9, this program reads up to 1"));
    let mut other_order = whole.clone();
    other_order[8..12].reverse();
    assert!(told(&other_order).contains("in the order of another machine"));
    std::fs::remove_file(&shop.file).unwrap();
    let missing = Pack::open(&shop.file).unwrap_err();
    assert!(matches!(missing, Error::Io { .. }), "{missing:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_flipped_bit_is_seen(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        static WHOLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let mut bytes = WHOLE
            .get_or_init(|| {
                let shop = Shop::new(40, 20);
                shop.packed();
                std::fs::read(&shop.file).unwrap()
            })
            .clone();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        prop_assert!(Pack::open(file.path()).is_err());
    }
}

/// A pack of the first format opens and files as it did. It makes itself where it is
/// missing: a change of the format needs another file beside it.
#[test]
fn a_pack_of_every_format_opens() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/format-1.pack");
    if !file.exists() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        Shop::new(40, 20).catalog.pack(&file, &mut ()).unwrap();
    }
    let pack = open(&file);
    let kettle = Product {
        id: "new".to_owned(),
        title: "classic kettle spout boil".to_owned(),
        ..Product::default()
    };
    let decision = &pack.classify(&[kettle], &explained(Method::Auto)).unwrap()[0];
    let category = pack.taxonomy().path(decision.category.unwrap());
    assert_eq!(category, "Kitchen > Kettles");
    assert_eq!(format!("{:.2}", decision.confidence), "1.00");
}
