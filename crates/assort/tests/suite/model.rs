//! Chance operations on a catalog and on a naive model of it, which must agree
//! at every step.
//!
//! `ASSORT_TEST_OPS` sets the number of operations, `ASSORT_TEST_SEED` repeats
//! a run.

mod questions;

use std::collections::BTreeMap;
use std::sync::Arc;

use assort::core::{Embedder, Method, Product, Taxonomy};
use assort::{Catalog, ClassifyOptions, Error, ImportOptions, LabelOptions, StoredProduct};
use assort_testkit::Chance;
use assort_testkit::toy::Toy;

use crate::common::{self, LEAVES, Recorder, product_of};

/// What the catalog should know of a product.
#[derive(Clone)]
struct Known {
    product: Product,
    /// Id of the category.
    label: Option<String>,
    /// Id of the category, confidence and method.
    decision: Option<(String, f32, Method)>,
}

/// The catalog and its model.
struct Both {
    random: Chance,
    directory: tempfile::TempDir,
    catalog: Option<Catalog>,
    /// Another handle on the same catalog, which follows the writer.
    follower: Option<Catalog>,
    known: BTreeMap<String, Known>,
    taxonomy: Taxonomy,
    toy: Arc<Toy>,
    /// Spaces made so far.
    spaces: usize,
    /// The embedder of a move that was begun and stopped.
    moving: Option<Arc<Toy>>,
    /// Of the best products, how many were found and how many there were, in
    /// searches that may miss some.
    recall: (usize, usize),
    next_id: usize,
}

/// Live vectors at which they are sealed: so few that it happens often.
const LIVE: usize = 40;

/// How exact similarities are: sealed vectors are kept in half precision.
const CLOSE: f32 = 1e-3;

const FULL: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];
/// Lacks two leaves and has the others in another order, so that categories
/// change their positions.
const PART: [usize; 6] = [7, 0, 5, 2, 4, 6];

#[test]
fn a_catalog_does_what_a_naive_model_does() {
    let seed = common::seed();
    let operations = common::setting("ASSORT_TEST_OPS", 250);
    let mut both = Both::new(seed);
    for step in 0..operations {
        both.step();
        if step % 25 == 24 {
            both.check();
        }
    }
    both.check();
    both.reopen();
    both.check();
    both.compare_everything();
    let (found, all) = both.recall;
    println!("{found} of {all} found in searches that may miss some");
    assert!(found as f64 >= 0.95 * all as f64, "{found} of {all}");
}

impl Both {
    fn new(seed: u64) -> Self {
        let toy = Arc::new(Toy::new("0").batch_of(8));
        let directory = tempfile::tempdir().unwrap();
        let taxonomy = common::taxonomy_of(&FULL);
        let embedder: Arc<dyn Embedder> = toy.clone();
        let catalog = Catalog::create(directory.path(), &taxonomy, embedder, "toy").unwrap();
        let catalog = catalog.with_live_limit(LIVE);
        Self {
            random: Chance(seed),
            directory,
            catalog: Some(catalog),
            follower: None,
            known: BTreeMap::new(),
            taxonomy,
            toy,
            spaces: 1,
            moving: None,
            recall: (0, 0),
            next_id: 0,
        }
    }

    fn catalog(&self) -> &Catalog {
        self.catalog.as_ref().unwrap()
    }

    fn step(&mut self) {
        match self.random.below(43) {
            0..=7 => self.put(),
            8..=10 => self.change_title(),
            11..=12 => self.change_attributes(),
            13..=14 => self.remove(),
            15..=19 => self.label(),
            20 => self.clear_labels(),
            21..=22 => self.apply(),
            23 => self.replace_taxonomy(),
            24 => self.reembed(),
            25 => self.reopen(),
            26 => self.follow(),
            27..=28 => self.import_and_prune(),
            29..=36 => self.search(),
            40..=41 => self.wait_until_indexed(),
            42 => self.compact(),
            _ => self.classify(),
        }
    }

    fn some_ids(&mut self, most: usize) -> Vec<String> {
        let all: Vec<&String> = self.known.keys().collect();
        if all.is_empty() {
            return Vec::new();
        }
        let count = 1 + self.random.below(most);
        let mut ids: Vec<String> = (0..count)
            .map(|_| (*self.random.pick(&all)).clone())
            .collect();
        ids.sort();
        ids.dedup();
        ids
    }

    fn new_product(&mut self) -> Product {
        self.next_id += 1;
        let id = format!("p{}", self.next_id);
        let leaf = self.random.below(LEAVES.len());
        product_of(&mut self.random, &id, leaf)
    }

    /// The id of a category that the taxonomy has.
    fn some_category(&mut self) -> String {
        let at = self.random.below(self.taxonomy.len());
        self.taxonomy.categories()[at].id.clone()
    }

    fn put(&mut self) {
        let most = if self.random.one_in(6) { 60 } else { 6 };
        let count = 1 + self.random.below(most);
        let products: Vec<Product> = (0..count).map(|_| self.new_product()).collect();
        let report = self.catalog().put(products.clone()).unwrap();
        assert_eq!(report.added, count as u64);
        for product in products {
            let known = Known {
                product,
                label: None,
                decision: None,
            };
            self.known.insert(known.product.id.clone(), known);
        }
    }

    fn update(&mut self, change: impl Fn(&mut Chance, &mut Product)) -> (u64, u64) {
        let ids = self.some_ids(5);
        let mut changed = Vec::new();
        for id in &ids {
            let known = self.known.get_mut(id).unwrap();
            let title = known.product.title.clone();
            change(&mut self.random, &mut known.product);
            if known.product.title != title {
                // A decision was made for the text there was.
                known.decision = None;
            }
            changed.push(known.product.clone());
        }
        let count = changed.len() as u64;
        let report = self.catalog().put(changed).unwrap();
        assert_eq!(report.updated + report.unchanged, count);
        assert_eq!(report.added, 0);
        (count, report.embedded)
    }

    fn change_title(&mut self) {
        self.update(|random, product| {
            product.title = format!("{} {}", product.title, random.pick(&common::FILLERS));
        });
    }

    fn change_attributes(&mut self) {
        let (_, embedded) = self.update(|random, product| {
            product.attributes = vec![("price".to_owned(), random.below(100).to_string())];
        });
        assert_eq!(embedded, 0, "attributes are not embedded");
    }

    fn remove(&mut self) {
        let mut ids = self.some_ids(4);
        let count = ids.len();
        ids.push("nobody".to_owned());
        let removed = self
            .catalog()
            .remove(ids.iter().map(String::as_str))
            .unwrap();
        assert_eq!(removed, count);
        for id in ids {
            self.known.remove(&id);
        }
    }

    fn label(&mut self) {
        let ids = self.some_ids(8);
        let pairs: Vec<(String, String)> = ids
            .into_iter()
            .map(|id| (id, self.some_category()))
            .collect();
        let rows = pairs
            .iter()
            .map(|(id, category)| (id.as_str(), Some(category.clone())));
        let report = self
            .catalog()
            .label(common::labels(rows), LabelOptions::default(), &mut ())
            .unwrap();
        assert_eq!(report.changed + report.unchanged, pairs.len() as u64);
        for (id, category) in pairs {
            self.known.get_mut(&id).unwrap().label = Some(category);
        }
    }

    fn clear_labels(&mut self) {
        let ids = self.some_ids(3);
        let options = LabelOptions::default().with_clear(true);
        let rows = common::labels(ids.iter().map(|id| (id.as_str(), None)));
        self.catalog().label(rows, options, &mut ()).unwrap();
        for id in &ids {
            self.known.get_mut(id).unwrap().label = None;
        }
    }

    fn apply(&mut self) {
        let ids = self.some_ids(6);
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let decisions = self
            .catalog()
            .classify_stored(&ids, &ClassifyOptions::default())
            .unwrap();
        let pairs: Vec<_> = ids.iter().copied().zip(&decisions).collect();
        let kept = self
            .catalog()
            .apply(Method::Auto, pairs.iter().copied())
            .unwrap();
        assert_eq!(kept, ids.len());
        for (id, decision) in pairs {
            let category = self.taxonomy.category(decision.category.unwrap());
            self.known.get_mut(id).unwrap().decision =
                Some((category.id.clone(), decision.confidence, Method::Auto));
        }
    }

    fn replace_taxonomy(&mut self) {
        let leaves: &[usize] = if self.random.one_in(3) { &PART } else { &FULL };
        self.taxonomy = common::taxonomy_of(leaves);
        let orphans = self.catalog().replace_taxonomy(&self.taxonomy).unwrap();
        assert_eq!(orphans, self.orphans());
    }

    /// Labels of categories that the taxonomy does not have.
    fn orphans(&self) -> u64 {
        let labels = self.known.values().filter_map(|known| known.label.as_ref());
        let gone = labels.filter(|label| self.taxonomy.by_id(label).is_none());
        gone.count() as u64
    }

    fn reembed(&mut self) {
        let toy = match self.moving.take() {
            Some(toy) if self.random.one_in(2) => toy,
            _ => {
                self.spaces += 1;
                let dimensions = 24 + 8 * self.random.below(3);
                Arc::new(Toy::with_dimensions(&self.spaces.to_string(), dimensions).batch_of(8))
            }
        };
        let mut observer = Recorder::default();
        if self.random.one_in(2) {
            observer.stop_after = Some(self.random.below(8));
        }
        let catalog = self.catalog.as_mut().unwrap();
        let report = catalog.reembed(toy.clone(), "toy", &mut observer).unwrap();
        assert_eq!(report.products, self.known.len() as u64);
        if report.stopped {
            self.moving = Some(toy);
        } else {
            self.toy = toy;
            self.moving = None;
            // The follower's embedder is of the old space now.
            self.follower = None;
        }
        assert_eq!(*self.toy.space(), self.catalog().space().unwrap());
    }

    fn reopen(&mut self) {
        self.catalog = None;
        let catalog = Catalog::open(self.directory.path()).unwrap();
        let catalog = catalog.with_embedder(self.toy.clone()).unwrap();
        self.catalog = Some(catalog.with_live_limit(LIVE));
    }

    /// Waits for what is done in the background.
    fn wait_until_indexed(&mut self) {
        self.catalog().wait_until_indexed(&mut ()).unwrap();
    }

    fn compact(&mut self) {
        let catalog = self.catalog.as_mut().unwrap();
        catalog.compact(&mut ()).unwrap();
        assert!(catalog.stats().unwrap().segments.len() <= 1);
    }

    fn follow(&mut self) {
        let follower = Catalog::open_read_only(self.directory.path()).unwrap();
        self.follower = Some(follower.with_embedder(self.toy.clone()).unwrap());
    }

    /// A new file that lacks some products, has changed others and new ones.
    fn import_and_prune(&mut self) {
        let mut input: Vec<(Product, Option<String>)> = Vec::new();
        let known: Vec<Known> = self.known.values().cloned().collect();
        let mut next = BTreeMap::new();
        for mut known in known {
            match self.random.below(12) {
                0..=1 => continue,
                2 => {
                    known.product.title.push_str(" again");
                    known.decision = None;
                }
                3 => known.product.attributes.clear(),
                _ => {}
            }
            let mut category = None;
            if self.random.one_in(10) {
                known.label = Some(self.some_category());
                category = known.label.clone();
            }
            input.push((known.product.clone(), category));
            next.insert(known.product.id.clone(), known);
        }
        for _ in 0..self.random.below(4) {
            let product = self.new_product();
            input.push((product.clone(), None));
            let known = Known {
                product,
                label: None,
                decision: None,
            };
            next.insert(known.product.id.clone(), known);
        }
        let prune = self.random.one_in(2);
        let options = ImportOptions::default().with_prune(prune);
        let report = self
            .catalog()
            .import(common::rows(input.clone()), &options, &|| None, &mut ())
            .unwrap();
        assert_eq!(report.rejected, 0);
        let stored = report.added + report.updated + report.unchanged;
        assert_eq!(stored, input.len() as u64);
        let before = self.known.len() as u64 + report.added;
        if prune {
            assert_eq!(report.pruned, before - next.len() as u64);
            self.known = next;
        } else {
            assert_eq!(report.pruned, 0);
            self.known.append(&mut next);
        }
    }

    fn check(&mut self) {
        let orphans = self.orphans();
        let problems = self.catalog.as_mut().unwrap().check().unwrap();
        let others: Vec<_> = problems
            .iter()
            .filter(|problem| !problem.what.starts_with(&format!("{orphans} labels name")))
            .collect();
        assert!(others.is_empty(), "{others:#?}");
        assert_eq!(problems.len(), usize::from(orphans > 0));
        let stats = self.catalog().stats().unwrap();
        assert_eq!(stats.products, self.known.len() as u64);
        let labelled = self.known.values().filter(|known| known.label.is_some());
        assert_eq!(stats.labelled, labelled.count() as u64);
        let decided = self.known.values().filter(|known| known.decision.is_some());
        assert_eq!(stats.decided, decided.count() as u64);
    }

    fn compare_everything(&self) {
        for (id, known) in &self.known {
            self.compare(known, &self.catalog().product(id).unwrap());
        }
        let unlabelled = self.known.values().filter(|known| {
            let label = known.label.as_ref();
            label.is_none_or(|label| self.taxonomy.by_id(label).is_none())
        });
        let mut expected: Vec<&String> = unlabelled.map(|known| &known.product.id).collect();
        let mut given = self.catalog().unlabelled().unwrap();
        given.sort();
        expected.sort();
        assert!(given.iter().eq(expected));
        match self.catalog().product("nobody") {
            Err(Error::NoProduct(id)) => assert_eq!(id, "nobody"),
            other => panic!("{other:?}"),
        }
    }

    fn compare(&self, known: &Known, stored: &StoredProduct) {
        assert_eq!(stored.product, known.product);
        let label = known.label.as_ref();
        assert_eq!(
            stored.label,
            label.and_then(|label| self.taxonomy.by_id(label))
        );
        let decision = stored.decision.as_ref();
        let decision = decision.map(|d| (d.category_id.clone(), d.confidence, d.method.as_str()));
        let expected = known.decision.clone();
        assert_eq!(
            decision,
            expected.map(|(id, sure, by)| (id, sure, by.as_str()))
        );
    }
}
