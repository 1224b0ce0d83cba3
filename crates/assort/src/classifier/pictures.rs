//! What pictures of labelled products teach.

use assort_core::{Candidates, CrossFitted, RidgeClassifier};

use super::fit::spread;
use super::labelled::LabelledProducts;
use crate::Result;
use crate::snapshot::Snapshot;

/// Pictures that are learned from at most.
const MOST: usize = 30_000;

/// With fewer pictures of labelled products nothing is learned.
const LEAST: usize = 20;

/// What tells categories from pictures, and of which space those are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PictureModel {
    pub(crate) generation: u32,
    pub(crate) classifier: RidgeClassifier,
}

/// The same with what it learned from, to be left out again.
pub(super) struct LearnedPictures {
    pub(super) model: PictureModel,
    /// Numbers of labelled products, ascending, and the vectors of their pictures.
    examples: Vec<usize>,
    vectors: Vec<f32>,
    /// Classifiers that have not seen a part of them each.
    apart: CrossFitted,
}

impl LearnedPictures {
    /// Learns from the pictures of labelled products; none without enough of them.
    pub(super) fn learn(
        pictures: &Snapshot,
        labelled: &LabelledProducts,
        candidates: &Candidates,
    ) -> Result<Option<Self>> {
        let (mut examples, mut vectors) = (Vec::new(), Vec::new());
        let (mut places, mut groups) = (Vec::new(), Vec::new());
        let known: Vec<(usize, u32)> = (0..labelled.len())
            .filter_map(|at| Some((at, candidates.position(labelled.categories[at])? as u32)))
            .collect();
        for at in spread(known.len(), MOST) {
            let (at, place) = known[at];
            if let Some(vector) = pictures.vector(labelled.rows[at])? {
                examples.push(at);
                vectors.extend(vector);
                places.push(place);
                groups.push(labelled.groups.key(at));
            }
        }
        if examples.len() < LEAST {
            return Ok(None);
        }
        let fitted = RidgeClassifier::fit(&vectors, pictures.dimensions(), &places, &groups);
        Ok(fitted.map(|(classifier, apart)| Self {
            model: PictureModel {
                generation: pictures.generation(),
                classifier,
            },
            examples,
            vectors,
            apart,
        }))
    }

    /// What it says of a labelled product, had it not learned from it; nothing where it
    /// knows no picture of it.
    pub(super) fn log_shares_without(
        &self,
        candidates: &Candidates,
        at: usize,
    ) -> Option<Vec<f32>> {
        let example = self.examples.binary_search(&at).ok()?;
        let dimensions = self.model.classifier.dimensions();
        let vector = &self.vectors[example * dimensions..][..dimensions];
        self.apart.log_shares(example, vector, candidates.len())
    }
}

#[cfg(test)]
impl PictureModel {
    /// One of two categories, for tests.
    pub(super) fn of_two() -> Option<Self> {
        let fitted = RidgeClassifier::from_parts(&[0.5; 9], vec![1, 3], 2);
        fitted.map(|classifier| Self {
            generation: 1 << 31,
            classifier,
        })
    }
}
