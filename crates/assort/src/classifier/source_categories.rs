//! What the categories mean that sources gave their products.
//!
//! What a source's category is without labels is learned from what its words say and from
//! what its products are without it; labels are counted beside that.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use assort_core::compose::source_category_texts;
use assort_core::features::Features;
use assort_core::{
    Candidates, Commonness, Embedder, Ensemble, Evidence, Lexicon, Method, Prototypes, Role,
    Source, SparseShares, fold, log_shares, mean_of, sparse, text_hash, vector,
};
use rayon::prelude::*;

use super::content::Words;
use super::fit::spread;
use super::labelled::LabelledProducts;
use crate::embedding::{Item, embed_all};
use crate::locks::lock;
use crate::observer::Observer;
use crate::{Error, Result};

/// Products of one source's category that are looked at together.
const TOGETHER: usize = 200;

/// Categories whose words are looked at while learning, those of most products.
const MOST_WORDS: usize = 2_000;

/// Categories whose words are remembered.
const REMEMBERED: usize = 10_000;

/// What categories of sources mean, by digests of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SourceCategories {
    /// Sums of what is expected of products that have such a category, in the order of the
    /// candidates.
    attracted: Vec<f32>,
    /// Shares of candidates without labels.
    expected: BTreeMap<u64, SparseShares>,
    /// How many labels of their products each candidate has.
    labels: BTreeMap<u64, SparseShares>,
    common: Commonness,
}

/// The digest of a name, in any case.
pub(super) fn key(name: &str) -> u64 {
    text_hash(&fold(name)) as u64
}

impl SourceCategories {
    pub(super) fn new(
        attracted: Vec<f32>,
        expected: BTreeMap<u64, SparseShares>,
        labels: BTreeMap<u64, SparseShares>,
    ) -> Self {
        let mut labelled = vec![0.0; attracted.len()];
        for &(place, count) in labels.values().flatten() {
            let sum = labelled.get_mut(place as usize);
            sum.into_iter().for_each(|sum| *sum += count);
        }
        Self {
            common: Commonness::new(&attracted, &labelled),
            attracted,
            expected,
            labels,
        }
    }

    /// What it was made of.
    pub(super) fn parts(
        &self,
    ) -> (
        &[f32],
        &BTreeMap<u64, SparseShares>,
        &BTreeMap<u64, SparseShares>,
    ) {
        (&self.attracted, &self.expected, &self.labels)
    }

    /// What they mean by the words of their names and by what their products are, of which
    /// `evidence` is what is known of each without them.
    pub(super) fn expected(
        products: &[Words],
        evidence: &[Evidence],
        words: SourceWords<'_>,
        embedder: Option<&dyn Embedder>,
        observer: &dyn Observer,
    ) -> Result<Self> {
        let mut known: BTreeMap<u64, (&str, Vec<usize>)> = BTreeMap::new();
        for (at, product) in products.iter().enumerate() {
            for name in &product.source_categories {
                let known = known.entry(key(name));
                known.or_insert((name, Vec::new())).1.push(at);
            }
        }
        let mut by_size: Vec<&(&str, Vec<usize>)> = known.values().collect();
        by_size.sort_by_key(|(_, products)| std::cmp::Reverse(products.len()));
        let most: Vec<&str> = by_size
            .iter()
            .take(MOST_WORDS)
            .map(|known| known.0)
            .collect();
        let by_words = words.shares(&most, embedder, observer)?;
        let candidates = words.candidates();
        let ensemble = Ensemble::default();
        let shares: Vec<Option<Vec<f32>>> = products
            .par_iter()
            .zip(evidence)
            .map(|(product, evidence)| {
                let shares = ensemble.fuse(Method::ZeroShot, candidates, evidence);
                let is_heard = !product.source_categories.is_empty() && !shares.is_empty();
                is_heard.then(|| shares.own().to_vec())
            })
            .collect();
        let mut attracted = vec![0.0; candidates.len()];
        for own in shares.iter().flatten() {
            vector::add_scaled(&mut attracted, own, 1.0);
        }
        let common = Commonness::new(&attracted, &[]);
        let settle = |(key, (_, products)): (u64, (&str, Vec<usize>))| {
            let chosen = spread(products.len(), TOGETHER).map(|at| products[at]);
            let logarithm = |share: &f32| share.max(f32::MIN_POSITIVE).ln();
            let own = chosen.filter_map(|at| shares[at].as_ref());
            let own: Vec<Vec<f32>> = own.map(|own| own.iter().map(logarithm).collect()).collect();
            (key, sparse(&common.agreed(&own, by_words.get(&key))))
        };
        let expected = known.into_par_iter().map(settle).collect();
        Ok(Self::new(attracted, expected, BTreeMap::new()))
    }

    /// The same with the labels of their products.
    pub(super) fn with_labels(self, labelled: &LabelledProducts, candidates: &Candidates) -> Self {
        let mut counts: BTreeMap<u64, BTreeMap<u32, f32>> = BTreeMap::new();
        for at in 0..labelled.len() {
            let Some(place) = candidates.position(labelled.categories[at]) else {
                continue;
            };
            for name in &labelled.words[at].source_categories {
                let own = counts.entry(key(name)).or_default();
                *own.entry(place as u32).or_default() += labelled.weight(at);
            }
        }
        let listed = counts
            .into_iter()
            .map(|(key, own)| (key, own.into_iter().collect()));
        Self::new(self.attracted, self.expected, listed.collect())
    }

    /// The same without labels.
    pub(super) fn without_labels(self) -> Self {
        Self::new(self.attracted, self.expected, BTreeMap::new())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.expected.is_empty() && self.labels.is_empty()
    }

    /// What the categories that one product has of sources say together; `by_words` is asked
    /// for those that were not seen, and labels count where the method hears them.
    pub(super) fn log_shares(
        &self,
        names: &[&str],
        hears_labels: bool,
        by_words: &dyn Fn(&str) -> Result<Option<Arc<SparseShares>>>,
    ) -> Result<Option<Vec<f32>>> {
        let mut all = Vec::with_capacity(names.len());
        for name in names {
            let key = key(name);
            let by_words = match self.expected.contains_key(&key) {
                true => None,
                false => by_words(name)?.map(|words| self.common.by_words(&words)),
            };
            let expected = self.expected.get(&key).or(by_words.as_ref());
            let labels = self.labels.get(&key).filter(|_| hears_labels);
            all.extend(self.common.log_lifts(expected, labels));
        }
        Ok(mean(all))
    }

    /// What they say of a labelled product, as if nothing of its content had a label.
    pub(super) fn log_shares_without(
        &self,
        labelled: &LabelledProducts,
        at: usize,
        candidates: &Candidates,
        hears_labels: bool,
    ) -> Option<Vec<f32>> {
        let says = |name: &String| {
            let own = key(name);
            let labels = self
                .labels
                .get(&own)
                .filter(|_| hears_labels)
                .map(|labels| {
                    let mut left = labels.clone();
                    for &member in labelled.groups.members(at) {
                        let has = |name: &String| key(name) == own;
                        let place = candidates.position(labelled.categories[member]);
                        if labelled.words[member].source_categories.iter().any(has) {
                            let count = left.iter_mut().find(|one| Some(one.0 as usize) == place);
                            count
                                .into_iter()
                                .for_each(|one| one.1 -= labelled.weight(member));
                        }
                    }
                    // What rounding leaves of a label is none.
                    left.retain(|(_, count)| *count > 1e-3);
                    left
                });
            self.common
                .log_lifts(self.expected.get(&own), labels.as_ref())
        };
        let names = &labelled.words[at].source_categories;
        mean(names.iter().filter_map(says).collect())
    }
}

/// The mean of what several say.
fn mean(mut all: Vec<Vec<f32>>) -> Option<Vec<f32>> {
    if all.len() < 2 {
        return all.pop();
    }
    let mut sum = vec![0.0; all[0].len()];
    let part = (all.len() as f32).recip();
    all.iter()
        .for_each(|own| vector::add_scaled(&mut sum, own, part));
    Some(sum)
}

/// What the words of a source's category say: those of its name are compared with the
/// categories' own, by vectors and by letters.
#[derive(Clone, Copy)]
pub(super) struct SourceWords<'a> {
    pub(super) prototypes: &'a Prototypes,
    pub(super) lexicon: &'a Lexicon,
}

impl SourceWords<'_> {
    fn candidates(&self) -> &Candidates {
        self.prototypes.candidates()
    }

    /// Shares of candidates by digests of the names; nothing of a name without words.
    pub(super) fn shares(
        &self,
        names: &[&str],
        embedder: Option<&dyn Embedder>,
        observer: &dyn Observer,
    ) -> Result<HashMap<u64, SparseShares>> {
        let with_texts = |name: &&str| (key(name), source_category_texts(name));
        let texts: Vec<(u64, Vec<String>)> = names.iter().map(with_texts).collect();
        let all = texts.iter().flat_map(|(_, texts)| texts);
        let items = all.map(|text| Item::of_text(text));
        let vectors = match embedder {
            Some(embedder) => embed_all(embedder, Role::Query, items, |_| !observer.stop())?,
            None => HashMap::new(),
        };
        if observer.stop() {
            return Err(Error::Interrupted);
        }
        let judged = texts
            .par_iter()
            .map_init(Features::default, |features, (key, texts)| {
                let own: Vec<f32> = texts
                    .iter()
                    .filter_map(|text| vectors.get(&Item::of_text(text).hash))
                    .flatten()
                    .copied()
                    .collect();
                Some((*key, self.judge(features, texts, &own)?))
            });
        Ok(judged.flatten().collect())
    }

    fn judge(
        &self,
        features: &mut Features,
        texts: &[String],
        vectors: &[f32],
    ) -> Option<SparseShares> {
        let by_vector = (!vectors.is_empty()).then(|| {
            let mut query = mean_of(vectors, self.prototypes.dimensions());
            vector::normalize(&mut query);
            log_shares(&self.prototypes.scores(&query))
        });
        let by_letters = self.lexicon.log_shares(features, &texts.join(" "));
        let evidence = Evidence::default()
            .with(Source::Prototypes, by_vector)
            .with(Source::Lexical, by_letters);
        let shares = Ensemble::default().fuse(Method::ZeroShot, self.candidates(), &evidence);
        let kept = sparse(shares.own());
        (!texts.is_empty() && !kept.is_empty()).then_some(kept)
    }
}

/// What the words of categories say that were not there when it was learned.
#[derive(Default)]
pub(super) struct RememberedWords(Mutex<HashMap<u64, Option<Arc<SparseShares>>>>);

impl RememberedWords {
    pub(super) fn shares(
        &self,
        name: &str,
        words: SourceWords<'_>,
        embedder: Option<&dyn Embedder>,
    ) -> Result<Option<Arc<SparseShares>>> {
        let key = key(name);
        if let Some(known) = lock(&self.0).get(&key) {
            return Ok(known.clone());
        }
        let found = words
            .shares(&[name], embedder, &())?
            .remove(&key)
            .map(Arc::new);
        let mut known = lock(&self.0);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(key, found.clone());
        Ok(found)
    }
}
