//! Training heads on the labels of a catalog, and what heads say of products whose
//! content they did not learn from.

use std::collections::BTreeSet;

use assort_core::{Candidates, CategoryIndex, Taxonomy, TextInput};
use assort_head::{Head, Labelled, Step, TrainOptions, train};

use super::heads::{HeadScorer, KnownHead};
use super::labelled::LabelledProducts;
use super::trials::HeadEvidence;
use crate::{Error, Result};

/// With more labels than this, a part is held out instead of training several times.
const MANY_LABELS: usize = 30_000;

/// Parts into which labels are divided: each is judged by heads of the others.
const FOLDS: u128 = 3;

/// Of many labels, one content in so many is held out.
const HELD_OUT_OF: u128 = 32;

/// Characters of scripts without spaces, in whose titles words of other scripts are names
/// and numbers: their parts tell little.
const UNSPACED: f64 = 0.3;

/// How many heads to train on so many labels of such products, and how, by what measured
/// best (see `docs/classification.md`).
pub(super) fn recommended(labelled: &LabelledProducts) -> (usize, TrainOptions) {
    let options = TrainOptions::default();
    let options = match is_unspaced(labelled) {
        true => options.with_shortest_sequence(5),
        false => options,
    };
    match labelled.len() > MANY_LABELS {
        true => (3, options.with_epochs(8).with_learning_rate(0.005)),
        false => (2, options.with_epochs(20).with_learning_rate(0.01)),
    }
}

/// Whether titles are mostly in scripts without spaces.
pub(super) fn is_unspaced(labelled: &LabelledProducts) -> bool {
    let is_unspaced = |c: &char| assort_core::features::is_unspaced(*c);
    let titles = || labelled.words.iter().flat_map(|words| words.title.chars());
    let (unspaced, all) = (titles().filter(is_unspaced).count(), titles().count());
    unspaced as f64 > UNSPACED * all as f64
}

/// Heads, and what is known of their quality.
pub(super) struct Trained {
    pub(super) heads: Vec<KnownHead>,
    pub(super) evidence: HeadEvidence,
}

/// How far training has come: the number of the head, of how many, and its step.
pub(super) type Tell<'a> = dyn FnMut(usize, usize, Step) -> bool + 'a;

/// Trains a head for each of `options`. Products of one content are never on both
/// sides of a split.
pub(super) fn trained(
    labelled: &LabelledProducts,
    taxonomy: &Taxonomy,
    candidates: &Candidates,
    options: &[TrainOptions],
    tell: &mut Tell<'_>,
) -> Result<Trained> {
    let classes = Classes::of(labelled, taxonomy, candidates);
    let inputs: Vec<TextInput<'_>> = labelled.words.iter().map(|words| words.input()).collect();
    let weights: Vec<f32> = (0..labelled.len()).map(|at| labelled.weight(at)).collect();
    let holds_out = holds_out(labelled.len() as u64);
    let folds: Vec<Vec<usize>> = match holds_out {
        true => vec![part_of(labelled, 0, HELD_OUT_OF)],
        false => (0..FOLDS)
            .map(|fold| part_of(labelled, fold, FOLDS))
            .collect(),
    };
    let count = options.len() * (folds.len() + usize::from(!holds_out));
    let mut number = 0;
    let mut one = |options: &TrainOptions, held_out: &[usize]| -> Result<KnownHead> {
        let data = Labelled {
            inputs: &inputs,
            classes: &classes.of_products,
            weights: &weights,
            categories: &classes.ids,
            held_out,
        };
        number += 1;
        let head = train(&data, options, &mut |step| tell(number, count, step));
        Ok(KnownHead(interruptible(head)?.into()))
    };
    let mut evidence = HeadEvidence::new();
    let mut heads = Vec::new();
    for held_out in &folds {
        let own: Vec<KnownHead> = options
            .iter()
            .map(|options| one(options, held_out))
            .collect::<Result<_>>()?;
        add_evidence(&mut evidence, &own, held_out, &inputs, taxonomy, candidates);
        heads = own;
    }
    if !holds_out {
        heads = options
            .iter()
            .map(|options| one(options, &[]))
            .collect::<Result<_>>()?;
    }
    Ok(Trained { heads, evidence })
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
    let mut evidence = HeadEvidence::new();
    if has_held_out {
        let apart = part_of(labelled, 0, HELD_OUT_OF);
        let inputs: Vec<TextInput<'_>> = labelled.words.iter().map(|words| words.input()).collect();
        add_evidence(&mut evidence, &heads, &apart, &inputs, taxonomy, candidates);
    }
    Trained { heads, evidence }
}

fn interruptible(head: assort_head::Result<Head>) -> Result<Head> {
    match head {
        Err(assort_head::Error::Interrupted) => Err(Error::Interrupted),
        other => Ok(other?),
    }
}

fn add_evidence(
    evidence: &mut HeadEvidence,
    heads: &[KnownHead],
    held_out: &[usize],
    inputs: &[TextInput<'_>],
    taxonomy: &Taxonomy,
    candidates: &Candidates,
) {
    let Some(scorer) = HeadScorer::new(heads, taxonomy, candidates) else {
        return;
    };
    let own: Vec<TextInput<'_>> = held_out.iter().map(|&at| inputs[at]).collect();
    evidence.extend(held_out.iter().copied().zip(scorer.log_shares(&own)));
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
