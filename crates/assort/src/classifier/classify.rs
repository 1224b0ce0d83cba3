//! The classifier: everything that was learned, ready to file products.

use std::sync::Arc;

use assort_core::features::Features;
use assort_core::{
    Candidates, DecideOptions, Decision, Embedder, Ensemble, Evidence, Lexicon, Method, Neighbor,
    Outcomes, Prototypes, Source, SourceEvidence, Taxonomy, WordEvidence, knows, log_shares,
    sources,
};
use assort_head::HeadInput;
use rayon::prelude::*;

use super::heads::{HeadScorer, KnownHead};
use super::learned::{FitCounts, Learned};
use super::pictures::PictureModel;
use super::prototype_index::PrototypeIndex;
use super::source_categories::{RememberedWords, SourceCategories, SourceWords};
use crate::knn::effort::Effort;
use crate::knn::labelled::voters;
use crate::snapshot::Snapshot;
use crate::store::Epoch;
use crate::{Error, Result};

/// Products that one thread files at a time.
const BLOCK: usize = 64;

/// Everything needed to file products, as it was learned from the catalog.
pub(crate) struct Classifier {
    /// The taxonomy and space it is of.
    pub(crate) epoch: Epoch,
    /// Digest of the file of what was learned that the store named when this was
    /// made; none if it named none.
    pub(crate) kept: Option<u128>,
    /// What the catalog held when it was learned from.
    pub(crate) counts: FitCounts,
    pub(crate) taxonomy: Arc<Taxonomy>,
    candidates: Arc<Candidates>,
    pub(crate) ensemble: Ensemble,
    /// Prototypes of the texts, fitted to the catalog without labels.
    plain: Indexed,
    /// The same moved by labels; none without labels.
    by_labels: Option<Indexed>,
    lexicon: Lexicon,
    self_trained: Option<HeadScorer>,
    heads: Option<HeadScorer>,
    pictures: Option<PictureModel>,
    source_categories: SourceCategories,
    source_words: RememberedWords,
    is_repeatable: bool,
}

/// Prototypes with their index, where they are so many that it is worth it.
struct Indexed {
    prototypes: Prototypes,
    index: Option<PrototypeIndex>,
}

impl Indexed {
    fn new(prototypes: Prototypes) -> Result<Self> {
        let index = PrototypeIndex::of(&prototypes)?;
        Ok(Self { prototypes, index })
    }

    /// Scores of each of `queries`. A single one takes a quicker way, if it `may_differ` by
    /// rounding from what it would get among others.
    fn scores(&self, queries: &[f32], may_differ: bool) -> Result<Vec<Vec<f32>>> {
        let dimensions = self.prototypes.dimensions();
        match &self.index {
            Some(index) => queries
                .chunks_exact(dimensions)
                .map(|query| index.scores(&self.prototypes, query))
                .collect(),
            None if may_differ && queries.len() == dimensions => {
                Ok(vec![self.prototypes.scores(queries)])
            }
            None => Ok(self.prototypes.scores_of_all(queries)),
        }
    }
}

/// The sources that read the words of a product.
pub(super) const TEXT_SOURCES: [Source; 3] = [Source::Lexical, Source::SelfTrained, Source::Head];

/// What is asked of a classifier.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) decide: DecideOptions,
    /// Whether to give the shares of all candidates too.
    pub(crate) shares: bool,
    /// Whether to find the words and sources that carry decisions.
    pub(crate) words: bool,
}

/// A decision with what it was made by.
pub(crate) struct Decided {
    pub(crate) decision: Decision,
    /// The labelled products that voted.
    pub(crate) neighbors: Vec<Neighbor>,
    /// The share of each candidate, if asked for; empty without evidence.
    pub(crate) shares: Vec<f32>,
    /// The words and sources that carry the decision, if asked for.
    pub(crate) words: Vec<WordEvidence>,
    pub(crate) sources: Vec<SourceEvidence>,
}

/// Products to be filed.
#[derive(Clone, Copy)]
pub(crate) struct Queries<'a> {
    /// Their vectors of unit length, row by row; nothing where no source needs them.
    pub(crate) vectors: &'a [f32],
    /// Their words and attributes.
    pub(crate) inputs: &'a [HeadInput<'a>],
    /// The row each must not be helped by: a product has no vote on itself.
    pub(crate) without: &'a [Option<u32>],
    /// Vectors of their pictures, as many as there are inputs.
    pub(crate) pictures: &'a [Option<Vec<f32>>],
    /// What sources called their categories, as many as there are inputs.
    pub(crate) source_categories: &'a [Vec<&'a str>],
    /// What tells whether their vectors mean anything; none if nothing does.
    pub(crate) embedder: Option<&'a dyn Embedder>,
}

/// Products that one thread files together.
#[derive(Clone, Copy)]
struct Block<'a> {
    vectors: &'a [f32],
    inputs: &'a [HeadInput<'a>],
    pictures: &'a [Option<Vec<f32>>],
    source_categories: &'a [Vec<&'a str>],
}

impl Classifier {
    /// A classifier by what was learned. `start` are the prototypes of the texts
    /// alone, centered on the mean that was learned.
    pub(super) fn new(
        epoch: Epoch,
        kept: Option<u128>,
        taxonomy: Arc<Taxonomy>,
        start: Prototypes,
        learned: &Learned,
    ) -> Result<Self> {
        let candidates = Arc::clone(start.candidates());
        let (plain, by_labels) = learned.prototypes(start);
        let own: Vec<KnownHead> = learned.self_trained.iter().cloned().collect();
        Ok(Self {
            epoch,
            kept,
            counts: learned.counts,
            lexicon: Lexicon::new(&taxonomy, &candidates),
            self_trained: HeadScorer::new(&own, &taxonomy, &candidates),
            heads: HeadScorer::new(&learned.heads, &taxonomy, &candidates),
            pictures: learned.pictures.clone(),
            source_categories: learned.source_categories.clone(),
            source_words: RememberedWords::default(),
            is_repeatable: false,
            taxonomy,
            candidates,
            ensemble: learned.ensemble.clone(),
            plain: Indexed::new(plain)?,
            by_labels: by_labels.map(Indexed::new).transpose()?,
        })
    }

    /// The same, whose answers do not depend on what is asked together, to the last bit.
    pub(super) fn repeatable(self) -> Self {
        Self {
            is_repeatable: true,
            ..self
        }
    }

    /// Whether a head learned from labels.
    pub(crate) fn has_head(&self) -> bool {
        self.heads.is_some()
    }

    /// How decisions of a method came out whose truth is known.
    pub(crate) fn outcomes(&self, method: Method) -> Result<&Outcomes> {
        let outcomes = self.ensemble.calibrations.outcomes(method);
        outcomes.ok_or_else(|| {
            Error::Precondition(format!(
                "confidence of the method {method} is not calibrated: that takes a hundred labelled products of different content"
            ))
        })
    }

    /// The categories that can be decided on.
    pub(crate) fn candidates(&self) -> &Candidates {
        &self.candidates
    }

    /// Decides where products belong.
    pub(crate) fn decide(
        &self,
        snapshot: &Snapshot,
        queries: Queries<'_>,
        asked: Asked,
        effort: Effort,
    ) -> Result<Vec<Decided>> {
        let hears_neighbors = sources(asked.method).contains(&Source::Neighbors);
        let mut neighbors: Vec<Vec<Neighbor>> = if hears_neighbors && snapshot.has_labels() {
            let (plain, none) = (&self.plain.prototypes, |_: usize, _: u32| false);
            voters(
                snapshot,
                plain,
                queries.vectors,
                queries.without,
                &none,
                effort,
            )?
        } else {
            vec![Vec::new(); queries.without.len()]
        };
        let size = BLOCK * snapshot.dimensions();
        let decided: Vec<Vec<_>> = queries
            .inputs
            .par_chunks(BLOCK)
            .zip(neighbors.par_chunks_mut(BLOCK))
            .enumerate()
            .map(|(at, (inputs, neighbors))| {
                let vectors = queries.vectors.chunks(size).nth(at).unwrap_or_default();
                let pictures = queries.pictures.chunks(BLOCK).nth(at).unwrap_or_default();
                let sources = queries.source_categories.chunks(BLOCK).nth(at);
                let block = Block {
                    vectors,
                    inputs,
                    pictures,
                    source_categories: sources.unwrap_or_default(),
                };
                self.decide_block(queries.embedder, block, neighbors, asked)
            })
            .collect::<Result<_>>()?;
        Ok(decided.into_iter().flatten().collect())
    }

    fn decide_block(
        &self,
        embedder: Option<&dyn Embedder>,
        block: Block<'_>,
        neighbors: &mut [Vec<Neighbor>],
        asked: Asked,
    ) -> Result<Vec<Decided>> {
        let mut evidence: Vec<Evidence> = neighbors
            .iter_mut()
            .map(|near| Evidence::default().with_neighbors(&self.candidates, std::mem::take(near)))
            .collect();
        for &source in sources(asked.method) {
            if source != Source::Neighbors && self.weight(asked.method, source) > 0.0 {
                let all = match source {
                    Source::Pictures => self.by_pictures(block.pictures),
                    Source::SourceCategory => {
                        let hears_labels = asked.method == Method::Auto;
                        self.by_source_categories(block.source_categories, hears_labels, embedder)?
                    }
                    _ => self.log_shares(source, asked.method, block.vectors, block.inputs)?,
                };
                let both = evidence.into_iter().zip(all);
                evidence = both.map(|(one, says)| one.with(source, says)).collect();
            }
        }
        let both = evidence.into_iter().zip(block.inputs);
        both.map(|(evidence, input)| {
            let is_unknown =
                embedder.and_then(|embedder| knows(embedder, input.text)) == Some(false);
            let evidence = match is_unknown {
                true => evidence.by_words_alone(),
                false => evidence,
            };
            self.decided(evidence, input, asked)
        })
        .collect()
    }

    /// Whether pictures of labelled products taught it anything.
    pub(crate) fn knows_pictures(&self) -> bool {
        self.pictures.is_some()
    }

    /// Whether it learned from pictures of that generation of their space.
    pub(crate) fn learned_pictures(&self, generation: u32) -> bool {
        let own = self.pictures.as_ref().map(|own| own.generation);
        own == Some(generation)
    }

    /// Whether pictures have a say by a method.
    pub(crate) fn hears_pictures(&self, method: Method) -> bool {
        let is_asked = sources(method).contains(&Source::Pictures);
        is_asked && self.knows_pictures() && self.weight(method, Source::Pictures) > 0.0
    }

    /// The vectors of the pictures of rows, where it learned from those of the same space:
    /// `pictures` are those of the catalog.
    pub(crate) fn pictures_of(
        &self,
        pictures: Option<&Snapshot>,
        rows: &[Option<u32>],
    ) -> Result<Vec<Option<Vec<f32>>>> {
        let known = pictures.filter(|pictures| self.learned_pictures(pictures.generation()));
        let vector = |row: &Option<u32>| match known.zip(*row) {
            Some((pictures, row)) => pictures.vector(row),
            None => Ok(None),
        };
        rows.iter().map(vector).collect()
    }

    /// What pictures say, where there are any.
    fn by_pictures(&self, pictures: &[Option<Vec<f32>>]) -> Vec<Option<Vec<f32>>> {
        let says = |picture: &Option<Vec<f32>>| {
            let classifier = &self.pictures.as_ref()?.classifier;
            let picture = picture.as_ref()?;
            let fits = picture.len() == classifier.dimensions();
            fits.then(|| classifier.log_shares(picture, self.candidates.len()))
        };
        pictures.iter().map(says).collect()
    }

    /// What the categories say that sources gave.
    fn by_source_categories(
        &self,
        all: &[Vec<&str>],
        hears_labels: bool,
        embedder: Option<&dyn Embedder>,
    ) -> Result<Vec<Option<Vec<f32>>>> {
        let words = SourceWords {
            prototypes: &self.plain.prototypes,
            lexicon: &self.lexicon,
        };
        let by_words = |name: &str| self.source_words.shares(name, words, embedder);
        let says = |names: &Vec<&str>| {
            self.source_categories
                .log_shares(names, hears_labels, &by_words)
        };
        all.iter().map(says).collect()
    }

    fn decided(&self, evidence: Evidence, input: &HeadInput<'_>, asked: Asked) -> Result<Decided> {
        let (ensemble, candidates) = (&self.ensemble, &self.candidates);
        let shares = ensemble.fuse(asked.method, candidates, &evidence);
        let decision = ensemble.decide_by(asked.method, candidates, &shares, asked.decide);
        let (words, sources) = match decision.alternatives.first() {
            Some(best) if asked.words => (
                self.carrying_words(asked, &evidence, input, best.category)?,
                self.carrying_sources(asked, &evidence, best.category),
            ),
            _ => Default::default(),
        };
        Ok(Decided {
            decision,
            neighbors: evidence.into_neighbors(),
            shares: match asked.shares {
                true => shares.own().to_vec(),
                false => Vec::new(),
            },
            words,
            sources,
        })
    }

    /// How much a source counts.
    pub(super) fn weight(&self, method: Method, source: Source) -> f32 {
        match method {
            Method::Auto => self.ensemble.weights.of(source),
            _ => 1.0,
        }
    }

    /// What a source says of each of some products.
    pub(super) fn log_shares(
        &self,
        source: Source,
        method: Method,
        vectors: &[f32],
        inputs: &[HeadInput<'_>],
    ) -> Result<Vec<Option<Vec<f32>>>> {
        let of_head = |head: &Option<HeadScorer>| match head {
            Some(head) => head.log_shares(inputs),
            None => vec![None; inputs.len()],
        };
        Ok(match source {
            Source::Prototypes => {
                let by_labels = self.by_labels.as_ref().filter(|_| method == Method::Auto);
                let prototypes = by_labels.unwrap_or(&self.plain);
                let scores = prototypes.scores(vectors, !self.is_repeatable)?;
                scores
                    .iter()
                    .map(|scores| Some(log_shares(scores)))
                    .collect()
            }
            Source::Lexical => {
                let mut features = Features::default();
                let words = |input: &HeadInput<'_>| {
                    self.lexicon.log_shares(&mut features, input.text.title())
                };
                inputs.iter().map(words).collect()
            }
            Source::SelfTrained => of_head(&self.self_trained),
            Source::Head => of_head(&self.heads),
            Source::Neighbors | Source::Pictures | Source::SourceCategory => {
                vec![None; inputs.len()]
            }
        })
    }
}
