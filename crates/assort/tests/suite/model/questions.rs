//! What the random test asks: searches and classifications, held against the naive
//! model.

use assort::core::compose::product_text;
use assort::core::{Decision, Method, Product};
use assort::{Catalog, ClassifyOptions, Error, Page, Plan, Query, Search};

use super::{Both, CLOSE, Known, PART};
use crate::common::{self, LEAVES, path};

impl Both {
    pub(super) fn search(&mut self) {
        let (query, vector, without) = match self.random.below(3) {
            0 => {
                let text = format!(
                    "{} {}",
                    self.random.pick(&LEAVES).2[0],
                    self.random.below(9)
                );
                let vector = self.toy.vector(&text);
                (Query::Text(text), vector, None)
            }
            1 => {
                let word = *self.random.pick(&common::FILLERS);
                let vector = self.toy.vector(word);
                (Query::Vector(vector.clone()), vector, None)
            }
            _ => {
                let Some(id) = self.some_ids(1).pop() else {
                    return;
                };
                let vector = self.toy.vector(&product_text(&self.known[&id].product));
                (Query::Like(id.clone()), vector, Some(id))
            }
        };
        let (filter, wanted) = self.filter();
        let search = Search::new(query)
            .with_filter(filter)
            .with_top(self.random.below(15))
            .with_offset(self.random.below(2) * self.random.below(10))
            .with_exact(self.random.one_in(3));
        let matching: Vec<&Known> = self.known.values().filter(|known| wanted(known)).collect();
        let mut scored: Vec<f32> = Vec::new();
        for known in &matching {
            if without.as_ref() != Some(&known.product.id) {
                scored.push(self.similarity(&vector, known));
            }
        }
        scored.sort_by(|a, b| b.total_cmp(a));
        let handles = [self.catalog.as_ref(), self.follower.as_ref()];
        let pages: Vec<Page> = handles
            .into_iter()
            .flatten()
            .map(|handle| handle.search(&search).unwrap())
            .collect();
        for page in pages {
            assert_eq!(page.matches, matching.len() as u64, "{search:?}");
            let exact = search.exact || page.steps.iter().all(|step| step.plan == Plan::Exact);
            let right = self.compare_page(&search, &page, &vector, &scored, exact);
            if !exact {
                self.recall.0 += right;
                self.recall.1 += page.found.len();
            }
            for found in &page.found {
                let known = &self.known[&found.product.product.id];
                assert!(wanted(known), "{search:?} found {found:?}");
                assert_ne!(Some(&known.product.id), without.as_ref());
            }
        }
    }

    /// Compares with the similarities of all products that could be found, in
    /// falling order; tells how many are as good as they should be.
    fn compare_page(
        &self,
        search: &Search,
        page: &Page,
        vector: &[f32],
        scored: &[f32],
        exact: bool,
    ) -> usize {
        let expected = scored.iter().skip(search.offset).take(search.top);
        assert_eq!(page.found.len(), expected.len(), "{search:?}");
        let mut seen = std::collections::BTreeSet::new();
        let mut right = 0;
        for (found, expected) in page.found.iter().zip(expected) {
            let id = &found.product.product.id;
            assert!(seen.insert(id), "{id} was found twice");
            let own = self.similarity(vector, &self.known[id]);
            assert!(
                (found.similarity - own).abs() < CLOSE,
                "{search:?}: {id} {} for {own}",
                found.similarity
            );
            let good = (found.similarity - expected).abs() < CLOSE;
            assert!(
                good || !exact,
                "{search:?}: {} for {expected}",
                found.similarity
            );
            right += usize::from(good);
            self.compare(&self.known[id], &found.product);
        }
        right
    }

    fn similarity(&self, vector: &[f32], known: &Known) -> f32 {
        let own = self.toy.vector(&product_text(&known.product));
        vector.iter().zip(&own).map(|(a, b)| a * b).sum()
    }

    /// A filter, and the same in other words.
    #[expect(clippy::type_complexity, reason = "named nowhere else")]
    pub(super) fn filter(&mut self) -> (Option<String>, Box<dyn Fn(&Known) -> bool>) {
        let price = |known: &Known| known.product.attribute("price")?.parse::<f64>().ok();
        let limit = self.random.below(100);
        let leaf = *self.random.pick(&PART);
        let word = *self.random.pick(&common::FILLERS);
        let filed = self.filed();
        match self.random.below(8) {
            0 => (
                Some("brand = Ada".into()),
                Box::new(|known| known.product.attribute("brand") == Some("Ada")),
            ),
            1 => (
                Some("not has brand".into()),
                Box::new(|known| known.product.attribute("brand").is_none()),
            ),
            2 => (
                Some(format!("price < {limit}")),
                Box::new(move |known| price(known).is_some_and(|price| price < limit as f64)),
            ),
            3 => (
                Some(format!("category = \"{}\"", path(leaf))),
                Box::new(move |known| filed(known) == Some(path(leaf))),
            ),
            4 => {
                let root = LEAVES[leaf].0;
                let under = move |known: &Known| {
                    filed(known)
                        .is_some_and(|id| id == root || id.starts_with(&format!("{root} > ")))
                };
                let expression = format!("category under {root} and price >= {limit}");
                let and = move |known: &Known| {
                    under(known) && price(known).is_some_and(|price| price >= limit as f64)
                };
                (Some(expression), Box::new(and))
            }
            5 => (
                Some(format!("title contains {word}")),
                Box::new(move |known| known.product.title.contains(word)),
            ),
            _ => (None, Box::new(|_| true)),
        }
    }

    /// The path of the category a product is filed under: the ids are paths.
    pub(super) fn filed(&self) -> impl Fn(&Known) -> Option<String> + 'static {
        let ids: Vec<String> = self
            .taxonomy
            .categories()
            .iter()
            .map(|category| category.id.clone())
            .collect();
        move |known| {
            let decided = known.decision.as_ref().map(|(category, ..)| category);
            let both = [known.label.as_ref(), decided];
            both.into_iter()
                .flatten()
                .find(|id| ids.contains(id))
                .cloned()
        }
    }

    pub(super) fn classify(&mut self) {
        let ids = self.some_ids(5);
        if ids.is_empty() {
            return;
        }
        let options = ClassifyOptions::default()
            .with_method(*self.random.pick(&Method::ALL))
            .with_explain(self.random.one_in(2));
        let handles = [self.catalog.as_ref(), self.follower.as_ref()];
        for handle in handles.into_iter().flatten() {
            // What was learned stays the same from here on.
            handle.prepare(&mut ()).unwrap();
            self.compare_classified(handle, &ids, &options);
        }
    }

    fn compare_classified(&self, handle: &Catalog, ids: &[String], options: &ClassifyOptions) {
        let stored: Vec<&str> = ids.iter().map(String::as_str).collect();
        let labelled = |known: &&Known| {
            let label = known.label.as_ref();
            label.is_some_and(|label| self.taxonomy.by_id(label).is_some())
        };
        let votes = self.known.values().filter(labelled).count();
        let decisions = match handle.classify_stored(&stored, options) {
            Err(Error::NoLabels) if options.method == Method::Neighbors => {
                assert_eq!(votes, 0);
                return;
            }
            // The few labels of these catalogs may be too few for a head.
            Err(Error::NoHead) if options.method == Method::Head => return,
            Err(Error::NoLabelledPictures) if options.method == Method::Pictures => return,
            other => other.unwrap(),
        };
        let products: Vec<Product> = ids
            .iter()
            .map(|id| self.known[id].product.clone())
            .collect();
        let given = handle.classify(&products, options).unwrap();
        for ((decision, given), id) in decisions.iter().zip(&given).zip(ids) {
            // The stored vector may be in half precision: near ties may differ.
            let sure = decision.confidence - given.confidence;
            assert!(
                sure.abs() < 0.1,
                "{sure} {options:?} {decision:?} {given:?}"
            );
            let tie = |other: &Decision| {
                let best = |at: usize| {
                    other
                        .alternatives
                        .get(at)
                        .map_or(0.0, |alternative| alternative.confidence)
                };
                best(0) - best(1) < 0.02
            };
            assert!(
                decision.category == given.category || tie(decision),
                "{decision:?}"
            );
            assert!((0.0..=1.0).contains(&decision.confidence));
            if matches!(options.method, Method::ZeroShot | Method::Head) {
                let reasons = decision.reasons.iter();
                assert!(reasons.clone().all(|reasons| reasons.neighbors.is_empty()));
                assert!(self.taxonomy.is_leaf(decision.category.unwrap()));
            } else if let Some(reasons) = &decision.reasons {
                let own = usize::from(labelled(&&self.known[id]));
                // Those that say the same vote once.
                let most = (votes - own).min(assort::core::NEIGHBORS);
                let voted = reasons.neighbors.len();
                assert!(voted <= most && (voted > 0 || most == 0), "{options:?}");
            }
        }
    }
}
