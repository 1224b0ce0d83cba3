//! Training heads on the labels of a catalog, and what heads say of products whose
//! content they did not learn from.

use std::collections::{BTreeSet, HashSet};

use assort_core::{Candidates, CategoryIndex, Taxonomy};
use assort_head::{Head, HeadInput, Labelled, Step, TrainOptions, train};

use super::heads::{HeadScorer, KnownHead};
use super::labelled::LabelledProducts;
use super::recipes::MANY_LABELS;
use super::text_examples::TextExamples;
use super::trials::HeadEvidence;
use crate::{Error, Result};

/// Parts into which labels are divided: each is judged by heads of the others.
const FOLDS: u128 = 3;

/// Products of one content and label that are learned from; further ones say nothing new,
/// unless they have other attributes.
const MOST_VARIANTS: usize = 4;

/// The same of those that have other attributes each.
const MOST_APART: usize = 16;

/// Of many labels, one content in so many is held out.
pub(super) const HELD_OUT_OF: u128 = 32;

/// Heads, and what is known of their quality.
pub(super) struct Trained {
    pub(super) heads: Vec<KnownHead>,
    pub(super) evidence: HeadEvidence,
}

/// How far training has come: the number of the head, of how many, and its step.
pub(super) type Tell<'a> = dyn FnMut(usize, usize, Step) -> bool + 'a;

/// Trains a head for each of `options`. Products of one content are never on both
/// sides of a split: one in so many contents is held out for good, or all are in turn.
pub(super) fn trained(
    labelled: &LabelledProducts,
    taxonomy: &Taxonomy,
    candidates: &Candidates,
    options: &[TrainOptions],
    held_out_of: Option<u128>,
    tell: &mut Tell<'_>,
) -> Result<Trained> {
    let parts: Vec<Vec<usize>> = match held_out_of {
        Some(of) => vec![part_of(labelled, 0, of)],
        None => folds(labelled),
    };
    let holds_out = held_out_of.is_some();
    let count = options.len() * (parts.len() + usize::from(!holds_out));
    let texts = TextExamples::beside(labelled, taxonomy, candidates);
    let mut training = Training::new(labelled, taxonomy, candidates, &texts, count);
    let mut evidence = HeadEvidence::new();
    let mut heads = Vec::new();
    for held_out in &parts {
        heads = training.heads(options, held_out, tell)?;
        evidence.extend(training.evidence(&heads, held_out));
    }
    if !holds_out {
        heads = training.heads(options, &[], tell)?;
    }
    Ok(Trained { heads, evidence })
}

/// Labelled products as heads read them.
pub(super) struct Training<'a> {
    labelled: &'a LabelledProducts,
    taxonomy: &'a Taxonomy,
    candidates: &'a Candidates,
    /// Ids of the categories that are told apart.
    ids: Vec<String>,
    /// The products that are learned from, by number, in ascending order.
    learned: Vec<usize>,
    /// Those, and behind them the texts of categories.
    inputs: Vec<HeadInput<'a>>,
    classes: Vec<u32>,
    weights: Vec<f32>,
    /// Heads that were trained or are being trained, and all that will be.
    number: usize,
    count: usize,
}

impl<'a> Training<'a> {
    /// `count` heads will be trained, on `texts` too.
    pub(super) fn new(
        labelled: &'a LabelledProducts,
        taxonomy: &'a Taxonomy,
        candidates: &'a Candidates,
        texts: &'a TextExamples,
        count: usize,
    ) -> Self {
        let classes = Classes::of(labelled, taxonomy, candidates);
        let (learned, mut weights): (Vec<usize>, Vec<f32>) = learned(labelled).into_iter().unzip();
        let products = learned.iter().map(|&at| labelled.words[at].input());
        let of_products = learned.iter().map(|&at| classes.of_products[at]);
        weights.extend(texts.weights());
        Self {
            taxonomy,
            candidates,
            ids: classes.ids,
            inputs: products.chain(texts.inputs()).collect(),
            classes: of_products.chain(texts.places()).collect(),
            weights,
            learned,
            labelled,
            number: 0,
            count,
        }
    }

    /// Heads that learned from all products but those held out, one for each of
    /// `options`.
    pub(super) fn heads(
        &mut self,
        options: &[TrainOptions],
        held_out: &[usize],
        tell: &mut Tell<'_>,
    ) -> Result<Vec<KnownHead>> {
        let mut heads = Vec::with_capacity(options.len());
        let places = held_out
            .iter()
            .map(|at| self.learned.binary_search(at).ok());
        let held_out: Vec<usize> = places.flatten().collect();
        for options in options {
            let data = Labelled {
                inputs: &self.inputs,
                classes: &self.classes,
                weights: &self.weights,
                categories: &self.ids,
                held_out: &held_out,
                schema: Some(&self.labelled.schema),
                ..Labelled::default()
            };
            self.number += 1;
            let (number, count) = (self.number, self.count);
            let head = train(&data, options, &mut |step| tell(number, count, step));
            heads.push(KnownHead(interruptible(head)?.into()));
        }
        Ok(heads)
    }

    /// What heads say of some products.
    pub(super) fn evidence(&self, heads: &[KnownHead], products: &[usize]) -> HeadEvidence {
        let Some(scorer) = HeadScorer::new(heads, self.taxonomy, self.candidates) else {
            return HeadEvidence::new();
        };
        let words = &self.labelled.words;
        let own: Vec<HeadInput<'_>> = products.iter().map(|&at| words[at].input()).collect();
        let all = scorer.log_shares(&own);
        products.iter().copied().zip(all).collect()
    }
}

/// The products that are learned from, ascending, with how much each counts: those of one
/// content and label count as one together.
fn learned(labelled: &LabelledProducts) -> Vec<(usize, f32)> {
    let mut learned = Vec::new();
    for at in 0..labelled.len() {
        // Those of one content are looked at together, with the first of them.
        if labelled.variants(at).next() == Some(at) {
            let kept = kept_variants(labelled, at);
            let weight = 1.0 / kept.len() as f32;
            learned.extend(kept.into_iter().map(|at| (at, weight)));
        }
    }
    learned.sort_unstable_by_key(|(at, _)| *at);
    learned
}

/// The first products of one content and label, and those that have other attributes.
fn kept_variants(labelled: &LabelledProducts, at: usize) -> Vec<usize> {
    let (mut kept, mut known) = (Vec::new(), HashSet::new());
    for variant in labelled.variants(at) {
        let is_new = known.insert(&labelled.words[variant].attributes);
        if kept.len() < MOST_VARIANTS || (is_new && kept.len() < MOST_APART) {
            kept.push(variant);
        }
    }
    kept
}

/// The labelled products in parts: those of one content are in one part.
pub(super) fn folds(labelled: &LabelledProducts) -> Vec<Vec<usize>> {
    (0..FOLDS)
        .map(|fold| part_of(labelled, fold, FOLDS))
        .collect()
}

/// Products whose content falls into one of so many parts, whatever else there is.
fn part_of(labelled: &LabelledProducts, part: u128, of: u128) -> Vec<usize> {
    let own = |at: &usize| (labelled.groups.key(*at) >> 7) % of == part;
    (0..labelled.len()).filter(own).collect()
}

/// Whether heads that learned from so many labels never saw those that are held out.
pub(super) fn holds_out(labels: u64) -> bool {
    labels > MANY_LABELS as u64
}

/// Heads that were trained before, with what they say of the products that many labels
/// keep apart; nothing of those that learned from every label.
pub(super) fn kept(
    labelled: &LabelledProducts,
    taxonomy: &Taxonomy,
    candidates: &Candidates,
    heads: Vec<KnownHead>,
    has_held_out: bool,
) -> Trained {
    let evidence = match has_held_out {
        true => {
            let texts = TextExamples::default();
            let training = Training::new(labelled, taxonomy, candidates, &texts, 0);
            training.evidence(&heads, &part_of(labelled, 0, HELD_OUT_OF))
        }
        false => HeadEvidence::new(),
    };
    Trained { heads, evidence }
}

fn interruptible(head: assort_head::Result<Head>) -> Result<Head> {
    match head {
        Err(assort_head::Error::Interrupted) => Err(Error::Interrupted),
        other => Ok(other?),
    }
}

/// What a head tells apart: all candidates, and the inner categories that are labels.
struct Classes {
    ids: Vec<String>,
    of_products: Vec<u32>,
}

impl Classes {
    fn of(labelled: &LabelledProducts, taxonomy: &Taxonomy, candidates: &Candidates) -> Self {
        let inner: BTreeSet<CategoryIndex> = labelled
            .categories
            .iter()
            .copied()
            .filter(|&category| candidates.position(category).is_none())
            .collect();
        let inner: Vec<CategoryIndex> = inner.into_iter().collect();
        let all = candidates.categories().iter().chain(&inner);
        let class = |&category: &CategoryIndex| {
            let at = candidates.position(category);
            let at = at.or_else(|| Some(candidates.len() + inner.binary_search(&category).ok()?));
            at.unwrap_or_default() as u32
        };
        Self {
            ids: all.map(|&at| taxonomy.category(at).id.clone()).collect(),
            of_products: labelled.categories.iter().map(class).collect(),
        }
    }
}
