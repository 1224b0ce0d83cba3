//! Learning from the catalog as a whole.

use assort_core::{Candidates, Embedder, Ensemble, Lexicon, Prototypes, Taxonomy};

use super::heads::{HeadScorer, KnownHead};
use super::labelled::{LabelledProducts, class_means};
use super::learned::Learned;
use super::pictures::LearnedPictures;
use super::recipes::Recipe;
use super::self_training::{Judged, self_trained};
use super::source_categories::{SourceCategories, SourceWords};
use super::trials::{self, HeadEvidence, Sources, Trial};
use super::{fit, train};
use crate::knn::effort::Effort;
use crate::observer::Observer;
use crate::snapshot::Snapshot;
use crate::store::Reader;
use crate::{Error, Result};

/// With labels of up to so many contents a head is trained without being asked.
const MOST_LABELS: usize = 100_000;

/// With fewer labels than this a head knows nothing.
const MIN_LABELS: usize = 20;

/// What is learned from.
#[derive(Clone, Copy)]
pub(super) struct Catalogued<'a> {
    pub(super) reader: &'a Reader<'a>,
    pub(super) snapshot: &'a Snapshot,
    pub(super) taxonomy: &'a Taxonomy,
    pub(super) embedder: Option<&'a dyn Embedder>,
    /// Vectors of pictures, if there are any.
    pub(super) pictures: Option<&'a Snapshot>,
}

impl Catalogued<'_> {
    /// Whether the embedder knows the label of the product in a row.
    pub(super) fn was_taught(&self, row: u32) -> Result<bool> {
        let text = self.reader.text_hash(&self.reader.space()?, row)?;
        let student = self.embedder.and_then(|embedder| embedder.as_student());
        let known = text.zip(student);
        Ok(known.is_some_and(|(text, student)| student.was_taught(text)))
    }

    fn effort(&self) -> Result<Effort> {
        Ok(Effort::tuned(self.reader.tuning()?))
    }
}

/// What was learned, and the labelled products that it was tried on; none where heads that
/// learned from every label were kept.
pub(super) struct Taught {
    pub(super) learned: Learned,
    pub(super) trials: Vec<Trial>,
}

/// Learns anew; heads that somebody asked for stay, with what was found out of them.
pub(super) fn learn(
    catalogued: &Catalogued<'_>,
    start: impl Fn(Option<Vec<f32>>) -> Prototypes,
    previous: Option<Learned>,
    observer: &dyn Observer,
) -> Result<Taught> {
    let learned = without_labels(catalogued, &start, observer)?;
    with_labels(catalogued, &start, learned, previous, observer)
}

/// What the products alone teach.
pub(super) fn without_labels(
    catalogued: &Catalogued<'_>,
    start: impl Fn(Option<Vec<f32>>) -> Prototypes,
    observer: &dyn Observer,
) -> Result<Learned> {
    let Catalogued {
        reader,
        snapshot,
        taxonomy,
        ..
    } = *catalogued;
    let go_on = || match observer.stop() {
        true => Err(Error::Interrupted),
        false => Ok(()),
    };
    // Of prototypes that the catalog has not moved yet: two opinions are better than one.
    let untaught = start(None);
    let sample = fit::sample(reader, snapshot, untaught.candidates().len())?;
    let mean = fit::mean(&sample, snapshot.dimensions());
    go_on()?;
    let untaught = match &mean {
        Some(_) => start(mean.clone()),
        None => untaught,
    };
    let plain = match &mean {
        Some(_) => fit::adapted(&sample, &untaught),
        None => untaught.clone(),
    };
    go_on()?;
    let lexicon = Lexicon::new(taxonomy, plain.candidates());
    let mut judged = Judged::of(&sample, &untaught, &lexicon);
    let source_words = SourceWords {
        prototypes: &plain,
        lexicon: &lexicon,
    };
    let source_categories = judged.hear_sources(source_words, catalogued.embedder, observer)?;
    let own = self_trained(&judged, taxonomy, plain.candidates(), observer)?;
    drop(judged);
    drop(sample);
    go_on()?;
    let (leaves, prior) = plain.learned();
    Ok(Learned {
        epoch: snapshot.epoch().clone(),
        counts: reader.counts()?.into(),
        mean,
        leaves: leaves.to_vec(),
        prior: prior.to_vec(),
        by_labels: Vec::new(),
        self_trained: own,
        heads: Vec::new(),
        pictures: None,
        source_categories,
        trained_on: 0,
        ensemble: Ensemble::default(),
    })
}

/// The same with what labels teach beyond it.
pub(super) fn with_labels(
    catalogued: &Catalogued<'_>,
    start: impl Fn(Option<Vec<f32>>) -> Prototypes,
    mut learned: Learned,
    previous: Option<Learned>,
    observer: &dyn Observer,
) -> Result<Taught> {
    let Catalogued {
        reader,
        snapshot,
        taxonomy,
        ..
    } = *catalogued;
    let mut trials = Vec::new();
    let (plain, _) = learned.prototypes(start(learned.mean.clone()));
    let lexicon = Lexicon::new(taxonomy, plain.candidates());
    let labelled = LabelledProducts::read(reader, snapshot, plain.candidates())?;
    if labelled.len() == 0 {
        return Ok(Taught { learned, trials });
    }
    let by_labels = ByLabels::new(catalogued, &labelled, &plain, &learned)?;
    by_labels.keep_in(&mut learned);
    let kept = previous.filter(|previous| previous.trained_on > 0);
    let heads = match &kept {
        Some(kept) => {
            learned.trained_on = kept.trained_on;
            let (heads, candidates) = (kept.heads.clone(), plain.candidates());
            let is_apart = train::holds_out(kept.trained_on);
            Some(train::kept(
                &labelled, taxonomy, candidates, heads, is_apart,
            ))
        }
        None => few_heads(taxonomy, plain.candidates(), &labelled, observer)?,
    };
    let evidence = heads.as_ref().map(|heads| &heads.evidence);
    learned.ensemble = match kept {
        // Heads that learned from every label cannot be tried on any.
        Some(kept) if evidence.is_none_or(HeadEvidence::is_empty) => kept.ensemble,
        _ => {
            let own = learned.self_trained.as_ref();
            trials = by_labels.trials(catalogued, &labelled, &plain, &lexicon, own, evidence)?;
            let all: Vec<&Trial> = trials.iter().collect();
            trials::ensemble(plain.candidates(), &all, Vec::new())
        }
    };
    learned.heads = heads.map_or_else(Vec::new, |heads| heads.heads);
    Ok(Taught { learned, trials })
}

/// What labels make of prototypes.
pub(super) struct ByLabels {
    pub(super) prototypes: Prototypes,
    class_means: assort_core::ClassMeans,
    pictures: Option<LearnedPictures>,
    source_categories: SourceCategories,
}

impl ByLabels {
    pub(super) fn new(
        catalogued: &Catalogued<'_>,
        labelled: &LabelledProducts,
        plain: &Prototypes,
        learned: &Learned,
    ) -> Result<Self> {
        let class_means = class_means(catalogued.snapshot, labelled, plain)?;
        let pictures = match catalogued.pictures {
            Some(pictures) => LearnedPictures::learn(pictures, labelled, plain.candidates())?,
            None => None,
        };
        Ok(Self {
            prototypes: class_means.taught(plain),
            class_means,
            pictures,
            source_categories: learned
                .source_categories
                .clone()
                .with_labels(labelled, plain.candidates()),
        })
    }

    /// Writes down what they are.
    pub(super) fn keep_in(&self, learned: &mut Learned) {
        learned.by_labels = self.prototypes.learned().0.to_vec();
        let pictures = self.pictures.as_ref();
        learned.pictures = pictures.map(|pictures| pictures.model.clone());
        learned.source_categories = self.source_categories.clone();
    }

    /// Labelled products filed as if nothing of their content had a label.
    pub(super) fn trials(
        &self,
        catalogued: &Catalogued<'_>,
        labelled: &LabelledProducts,
        plain: &Prototypes,
        lexicon: &Lexicon,
        self_trained: Option<&KnownHead>,
        heads: Option<&HeadEvidence>,
    ) -> Result<Vec<Trial>> {
        let own: Vec<KnownHead> = self_trained.cloned().into_iter().collect();
        let candidates = plain.candidates();
        let self_trained = HeadScorer::new(&own, catalogued.taxonomy, candidates);
        let was_taught = |row| catalogued.was_taught(row);
        let chosen = trials::chosen(labelled, candidates, heads, &was_taught)?;
        let sources = self.sources(catalogued, labelled, plain, lexicon)?;
        sources.trials(&chosen, self_trained.as_ref(), heads)
    }

    /// What labelled products are filed by, beside heads.
    pub(super) fn sources<'a>(
        &'a self,
        catalogued: &Catalogued<'a>,
        labelled: &'a LabelledProducts,
        plain: &'a Prototypes,
        lexicon: &'a Lexicon,
    ) -> Result<Sources<'a>> {
        Ok(Sources {
            snapshot: catalogued.snapshot,
            labelled,
            plain,
            by_labels: &self.prototypes,
            class_means: &self.class_means,
            lexicon,
            effort: catalogued.effort()?,
            embedder: catalogued.embedder,
            pictures: self.pictures.as_ref(),
            source_categories: &self.source_categories,
        })
    }
}

/// A head of a few labels; none for fewer than any, or for so many that it is asked for.
fn few_heads(
    taxonomy: &Taxonomy,
    candidates: &Candidates,
    labelled: &LabelledProducts,
    observer: &dyn Observer,
) -> Result<Option<train::Trained>> {
    let categories: std::collections::BTreeSet<u32> = labelled.categories.iter().copied().collect();
    let count = labelled.contents();
    if !(MIN_LABELS..=MOST_LABELS).contains(&count) || categories.len() < 2 {
        return Ok(None);
    }
    let recipe = Recipe::unasked(labelled, count, categories.len());
    let mut tell = |_: usize, _: usize, _: assort_head::Step| !observer.stop();
    let trained = train::trained(
        labelled,
        taxonomy,
        candidates,
        &[recipe.options],
        recipe.held_out_of,
        &mut tell,
    );
    match trained {
        Ok(trained) => Ok(Some(trained)),
        // All labels of one fold's others are of one category: nothing to tell apart.
        Err(Error::Precondition(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
