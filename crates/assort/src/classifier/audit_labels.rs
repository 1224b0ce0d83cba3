//! Labels judged by what was not learned from their products' content.

use assort_core::{
    BelievedLabel, CategoryIndex, Lexicon, OverlappingCategories, Prototypes, label_issues,
    overlapping_categories,
};
use assort_head::{Step, TrainOptions};

use super::heads::HeadScorer;
use super::labelled::LabelledProducts;
use super::learn::{ByLabels, Catalogued};
use super::learned::Learned;
use super::recipes::recommended;
use super::text_examples::TextExamples;
use super::train::{Training, folds};
use super::trials::{self, Sources, Trial};
use crate::observer::{Observer, Progress};
use crate::{Error, Result};

/// Fewer labels than this cannot be divided.
const MIN_LABELS: usize = 100;

/// Labelled products that are judged at a time.
const BLOCK: usize = 2048;

/// Products that sources of evidence are weighed by.
const WEIGHED_BY: usize = 3000;

/// What an audit of labels found.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LabelAudit {
    /// Labels that were judged: those of products of which anything is known beside them.
    pub labels: u64,
    /// How many of them are counted as errors.
    pub errors: u64,
    /// Labels that another category contradicts, the worst first.
    pub suspects: Vec<SuspectLabel>,
    /// Products of one content with different labels, those of most products first.
    pub conflicts: Vec<LabelConflict>,
    /// Categories that products do not tell apart.
    pub overlapping: Vec<OverlappingCategories>,
}

/// A label that another category contradicts.
#[derive(Clone, Debug, PartialEq)]
pub struct SuspectLabel {
    /// The product.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its label.
    pub label: CategoryIndex,
    /// What is believed in more.
    pub suggested: CategoryIndex,
    /// The share of the label, from 0 to 1.
    pub label_share: f32,
    /// The share of the suggested category.
    pub suggested_share: f32,
    /// How far the label is ahead, as a logarithm of shares: below zero, and the lower
    /// the likelier wrong.
    pub margin: f32,
    /// Whether the label is counted as an error: the suggested category is believed in
    /// as much as is usual for products that are labelled with it (confident learning:
    /// Northcutt et al., 2021).
    pub is_error: bool,
}

/// Products that say the same but for numbers, sizes and colours, with different labels.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelConflict {
    /// The products, in the order they came.
    pub products: Vec<ConflictingLabel>,
}

/// One of several labels of one content.
#[derive(Clone, Debug, PartialEq)]
pub struct ConflictingLabel {
    /// The product.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its label.
    pub label: CategoryIndex,
}

/// Judges all labels.
pub(super) fn audit(
    catalogued: &Catalogued<'_>,
    start: impl Fn(Option<Vec<f32>>) -> Prototypes,
    learned: &Learned,
    observer: &mut dyn Observer,
) -> Result<LabelAudit> {
    let (plain, _) = learned.prototypes(start(learned.mean.clone()));
    let candidates = plain.candidates();
    let labelled = LabelledProducts::read(catalogued.reader, catalogued.snapshot, candidates)?;
    if labelled.len() < MIN_LABELS {
        return Err(Error::Precondition(format!(
            "judging labels takes at least {MIN_LABELS} labelled products, and there are {}",
            labelled.len()
        )));
    }
    let lexicon = Lexicon::new(catalogued.taxonomy, candidates);
    let by_labels = ByLabels::new(catalogued, &labelled, &plain, learned)?;
    let own: Vec<_> = learned.self_trained.iter().cloned().collect();
    let judge = Judge {
        catalogued,
        labelled: &labelled,
        sources: by_labels.sources(catalogued, &labelled, &plain, &lexicon)?,
        self_trained: HeadScorer::new(&own, catalogued.taxonomy, candidates),
        plain: &plain,
    };
    let believed = judge.all(observer)?;
    let (products, believed): (Vec<usize>, Vec<BelievedLabel>) = believed.into_iter().unzip();
    let issues = label_issues(&believed);
    let suspects = issues.iter().map(|issue| {
        let at = products[issue.at];
        Ok(SuspectLabel {
            id: judge.id(at)?,
            title: labelled.words[at].title.clone(),
            label: labelled.categories[at],
            suggested: issue.suggested,
            label_share: believed[issue.at].share,
            suggested_share: issue.suggested_share,
            margin: issue.margin,
            is_error: issue.is_error,
        })
    });
    Ok(LabelAudit {
        labels: believed.len() as u64,
        errors: issues.iter().filter(|issue| issue.is_error).count() as u64,
        suspects: suspects.collect::<Result<_>>()?,
        conflicts: judge.conflicts()?,
        overlapping: overlapping_categories(&believed),
    })
}

struct Judge<'a> {
    catalogued: &'a Catalogued<'a>,
    labelled: &'a LabelledProducts,
    sources: Sources<'a>,
    self_trained: Option<HeadScorer>,
    plain: &'a Prototypes,
}

impl Judge<'_> {
    /// What is believed of each label, by heads that learned from other parts of the
    /// labels, and by neighbours and prototypes of other content.
    fn all(&self, observer: &mut dyn Observer) -> Result<Vec<(usize, BelievedLabel)>> {
        let (labelled, candidates) = (self.labelled, self.plain.candidates());
        let folds = folds(labelled);
        let taxonomy = self.catalogued.taxonomy;
        let texts = TextExamples::beside(labelled, taxonomy, candidates);
        let mut training = Training::new(labelled, taxonomy, candidates, &texts, folds.len());
        let (_, options) = recommended(labelled);
        let mut ensemble = None;
        let (mut done, mut believed) = (0, Vec::with_capacity(labelled.len()));
        for fold in &folds {
            let heads = self.heads(&mut training, &options, fold, observer)?;
            let trials = |products: &[usize]| {
                let evidence = training.evidence(&heads, products);
                let own = self.self_trained.as_ref();
                self.sources.trials(products, own, Some(&evidence))
            };
            let ensemble = match &mut ensemble {
                Some(ensemble) => ensemble,
                empty => {
                    let apart: Vec<usize> =
                        self.apart(fold)?.into_iter().take(WEIGHED_BY).collect();
                    let apart = trials(&apart)?;
                    let all: Vec<&Trial> = apart.iter().collect();
                    empty.insert(trials::ensemble(candidates, &all, Vec::new()))
                }
            };
            for block in fold.chunks(BLOCK) {
                if observer.stop() {
                    return Err(Error::Interrupted);
                }
                for (&at, trial) in block.iter().zip(trials(block)?) {
                    let trial = self.unbiased(at, trial)?;
                    let own = trial.believed(ensemble, candidates);
                    believed.extend(own.map(|own| (at, own)));
                }
                done += block.len();
                observer.progress(Progress::Judging {
                    done: done as u64,
                    total: labelled.len() as u64,
                });
            }
        }
        believed.sort_by_key(|(at, _)| *at);
        Ok(believed)
    }

    fn heads(
        &self,
        training: &mut Training<'_>,
        options: &TrainOptions,
        held_out: &[usize],
        observer: &mut dyn Observer,
    ) -> Result<Vec<super::heads::KnownHead>> {
        let mut tell = |head: usize, of: usize, step: Step| {
            observer.progress(Progress::training(head, of, step));
            !observer.stop()
        };
        training.heads(std::slice::from_ref(options), held_out, &mut tell)
    }

    /// The products of a fold of which the embedder does not know the label.
    fn apart(&self, fold: &[usize]) -> Result<Vec<usize>> {
        let mut apart = Vec::new();
        for &at in fold {
            if !self.catalogued.was_taught(self.labelled.rows[at])? {
                apart.push(at);
            }
        }
        Ok(apart)
    }

    /// Without what a vector says that was made by an embedder which knows the label.
    fn unbiased(&self, at: usize, trial: Trial) -> Result<Trial> {
        Ok(match self.catalogued.was_taught(self.labelled.rows[at])? {
            true => trial.by_words_alone(),
            false => trial,
        })
    }

    /// Contents with several labels.
    fn conflicts(&self) -> Result<Vec<LabelConflict>> {
        let labelled = self.labelled;
        let differ = |at: &usize| {
            let members = labelled.groups.members(*at);
            let label = |at: usize| labelled.categories[at];
            labelled.groups.is_first(*at) && members.iter().any(|&other| label(other) != label(*at))
        };
        let mut all: Vec<usize> = (0..labelled.len()).filter(differ).collect();
        all.sort_by_key(|&at| std::cmp::Reverse(labelled.groups.members(at).len()));
        let conflict = |at: usize| {
            let members = labelled.groups.members(at).iter();
            let one = |&at: &usize| {
                Ok(ConflictingLabel {
                    id: self.id(at)?,
                    title: labelled.words[at].title.clone(),
                    label: labelled.categories[at],
                })
            };
            Ok(LabelConflict {
                products: members.map(one).collect::<Result<_>>()?,
            })
        };
        all.into_iter().map(conflict).collect()
    }

    fn id(&self, at: usize) -> Result<String> {
        let row = self.labelled.rows[at];
        let id = self
            .catalogued
            .reader
            .with_product(row, |product| product.id.as_str().to_owned())?;
        Ok(id.unwrap_or_default())
    }
}
