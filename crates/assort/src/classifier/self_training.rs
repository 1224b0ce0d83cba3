//! Learning from products without labels: a head is trained on the products that the
//! categories' own words file most surely (self-training: Scudder, 1965), and finds the
//! words of products that the categories' texts do not have.

use assort_core::features::Features;
use assort_core::{
    Candidates, DecideOptions, Embedder, Ensemble, Evidence, Lexicon, Method, Prototypes, Source,
    Taxonomy, log_shares,
};
use assort_head::{Head, Labelled, Shape, TrainOptions, train};
use rayon::prelude::*;

use super::content::Words;
use super::fit::Sample;
use super::heads::{HeadScorer, KnownHead};
use super::source_categories::{SourceCategories, SourceWords};
use crate::observer::Observer;
use crate::{Error, Result};

/// Fewer products than this are no sample.
const ENOUGH: usize = 300;

/// Products of a category that are learned from: the surest part of those it attracts,
/// within these bounds.
const SUREST: f64 = 0.3;
const PER_CATEGORY: std::ops::RangeInclusive<usize> = 3..=60;

/// Rounds, each of which learns from what the one before is surest of.
const ROUNDS: usize = 2;

/// Numbers that a head has at most.
const MOST_NUMBERS: usize = 1 << 24;

/// Products that one thread judges at a time.
const BLOCK: usize = 64;

/// Products, and what is known of each without labels.
pub(super) struct Judged<'a> {
    words: &'a [Words],
    /// What prototypes, words and the categories of sources say of each.
    evidence: Vec<Evidence>,
}

/// A head of what the catalog's own products say; none for a small catalog.
pub(super) fn self_trained(
    judged: &Judged<'_>,
    taxonomy: &Taxonomy,
    candidates: &Candidates,
    observer: &dyn Observer,
) -> Result<Option<KnownHead>> {
    if judged.words.len() < ENOUGH || candidates.len() < 2 {
        return Ok(None);
    }
    let ids = candidates.categories().iter();
    let ids: Vec<String> = ids.map(|&at| taxonomy.category(at).id.clone()).collect();
    let mut head: Option<KnownHead> = None;
    for _ in 0..ROUNDS {
        let Some(next) = round(judged, &ids, taxonomy, candidates, head.as_ref(), observer)? else {
            break;
        };
        head = Some(KnownHead(next.into()));
    }
    Ok(head)
}

impl<'a> Judged<'a> {
    /// What prototypes and words say of a sample.
    pub(super) fn of(sample: &'a Sample, prototypes: &Prototypes, lexicon: &Lexicon) -> Self {
        let evidence: Vec<Vec<Evidence>> = sample
            .vectors
            .par_chunks(BLOCK * prototypes.dimensions())
            .zip(sample.words.par_chunks(BLOCK))
            .map_init(Features::default, |features, (vectors, words)| {
                let scores = prototypes.scores_of_all(vectors).into_iter();
                scores
                    .zip(words)
                    .map(|(scores, words)| {
                        Evidence::default()
                            .with(Source::Prototypes, Some(log_shares(&scores)))
                            .with(Source::Lexical, lexicon.log_shares(features, &words.title))
                    })
                    .collect()
            })
            .collect();
        Self {
            words: &sample.words,
            evidence: evidence.into_iter().flatten().collect(),
        }
    }

    /// Adds what the categories of their sources say, and gives what was learned of those.
    pub(super) fn hear_sources(
        &mut self,
        words: SourceWords<'_>,
        embedder: Option<&dyn Embedder>,
        observer: &dyn Observer,
    ) -> Result<SourceCategories> {
        let known =
            SourceCategories::expected(self.words, &self.evidence, words, embedder, observer)?;
        if !known.is_empty() {
            let all = self.evidence.par_iter_mut().zip(self.words);
            all.try_for_each(|(evidence, words)| {
                let names = words.source_categories();
                let says = known.log_shares(&names, false, &|_| Ok(None))?;
                *evidence = std::mem::take(evidence).with(Source::SourceCategory, says);
                Ok::<_, Error>(())
            })?;
        }
        Ok(known)
    }
}

/// One round: a head that learned from the surest decisions; none where they are too
/// few, or all of one category.
fn round(
    judged: &Judged<'_>,
    ids: &[String],
    taxonomy: &Taxonomy,
    candidates: &Candidates,
    before: Option<&KnownHead>,
    observer: &dyn Observer,
) -> Result<Option<Head>> {
    let heads: Vec<KnownHead> = before.cloned().into_iter().collect();
    let scorer = HeadScorer::new(&heads, taxonomy, candidates);
    let decided = decided(judged, candidates, scorer.as_ref());
    let mut by_category: Vec<Vec<(f32, usize)>> = vec![Vec::new(); candidates.len()];
    for (at, decision) in decided.into_iter().enumerate() {
        if let Some((place, margin)) = decision {
            by_category[place].push((margin, at));
        }
    }
    let (mut chosen, mut classes, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for (class, own) in (0u32..).zip(&mut by_category) {
        own.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let part = (own.len() as f64 * SUREST).ceil() as usize;
        let count = part
            .clamp(*PER_CATEGORY.start(), *PER_CATEGORY.end())
            .min(own.len());
        for &(_, at) in &own[..count] {
            chosen.push(judged.words[at].text().into());
            classes.push(class);
            weights.push((count as f32).sqrt().recip());
        }
    }
    if chosen.len() < ENOUGH / 3 || classes.first() == classes.last() {
        return Ok(None);
    }
    let data = Labelled {
        inputs: &chosen,
        classes: &classes,
        weights: &weights,
        categories: ids,
        ..Labelled::default()
    };
    let options = TrainOptions::default()
        .with_shape(Shape::Linear)
        .with_epochs(4)
        .with_learning_rate(0.02)
        .with_max_features(MOST_NUMBERS / ids.len())
        .with_shortest_sequence(3)
        .with_text_weight(0.0);
    match train(&data, &options, &mut |_| !observer.stop()) {
        Ok(head) => Ok(Some(head)),
        Err(assort_head::Error::Interrupted) => Err(Error::Interrupted),
        Err(error) => Err(error.into()),
    }
}

/// The candidate that each product is filed under, and how far it is ahead.
fn decided(
    judged: &Judged<'_>,
    candidates: &Candidates,
    scorer: Option<&HeadScorer>,
) -> Vec<Option<(usize, f32)>> {
    // Roots that hold much would draw more to themselves with every round.
    let ensemble = Ensemble {
        roots: 0.0,
        ..Ensemble::default()
    };
    let options = DecideOptions {
        top: 2,
        min_confidence: 0.0,
        set_coverage: None,
    };
    let blocks: Vec<Vec<Option<(usize, f32)>>> = judged
        .evidence
        .par_chunks(BLOCK)
        .zip(judged.words.par_chunks(BLOCK))
        .map(|(evidence, words)| {
            let inputs: Vec<_> = words.iter().map(|words| words.text().into()).collect();
            let heads = match scorer {
                Some(scorer) => scorer.log_shares(&inputs),
                None => vec![None; inputs.len()],
            };
            let both = evidence.iter().zip(heads);
            both.map(|(evidence, head)| {
                let evidence = evidence.clone().with(Source::SelfTrained, head);
                let decision = ensemble.decide(Method::Auto, candidates, &evidence, options);
                let place = candidates.position(decision.category?)?;
                Some((place, decision.margin))
            })
            .collect()
        })
        .collect();
    blocks.into_iter().flatten().collect()
}
