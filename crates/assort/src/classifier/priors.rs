//! How common categories are in the catalog beside what labels say.

use assort_core::{DecideOptions, LEAF, Method, Shares, prior_shift};
use assort_head::HeadInput;

use super::cache::Ground;
use super::classify::{Asked, Queries};
use super::content::{Words, words};
use super::fit::spread;
use super::learn::Taught;
use super::learned::Learned;
use super::trials;
use crate::Result;
use crate::knn::effort::Effort;

/// Products without a label that are looked at, and the fewest that say anything.
const LOOKED_AT: usize = 2000;
const FEWEST: usize = 200;

/// Part of the labels kept apart that have to be filed rightly. What is believed of products
/// by less says little of how common categories are, and confidence would be wrong by it.
const RIGHT: f64 = 0.5;

/// Products that are filed at a time.
const GROUP: usize = 256;

impl Ground<'_> {
    /// What was learned, with how much more or less common each category is among products
    /// without a label than among labels; sources are weighed anew as if labels were as
    /// common as that.
    pub(super) fn with_priors(&self, taught: Taught) -> Result<Learned> {
        let Taught {
            mut learned,
            trials,
        } = taught;
        learned.ensemble.priors = Vec::new();
        let (auto, all) = (Method::Auto, trials.iter().collect::<Vec<_>>());
        let is_calibrated = learned.ensemble.calibrations.get(auto, LEAF).is_some();
        if !is_calibrated
            || trials::accuracy(&learned.ensemble, auto, self.candidates(), &all) < RIGHT
        {
            return Ok(learned);
        }
        let mut labels = vec![0; self.candidates().len()];
        let mut rows = Vec::new();
        for chunk in self.snapshot.chunks() {
            for (_, row) in chunk.rows()? {
                match self.snapshot.label(row) {
                    Some(label) => {
                        let place = self.candidates().position(label);
                        place.into_iter().for_each(|at| labels[at] += 1);
                    }
                    None => rows.push(row),
                }
            }
        }
        if rows.len() < FEWEST {
            return Ok(learned);
        }
        rows.sort_unstable();
        let rows: Vec<u32> = spread(rows.len(), LOOKED_AT).map(|at| rows[at]).collect();
        let shares = self.shares_of(&learned, &rows)?;
        let Some(priors) = prior_shift(&labels, &shares) else {
            return Ok(learned);
        };
        match trials::as_common(self.candidates(), &trials, &priors) {
            Some(common) => {
                learned.ensemble = trials::ensemble(self.candidates(), &common, priors);
            }
            None => learned.ensemble.priors = priors,
        }
        Ok(learned)
    }

    /// What is believed of the products of some rows.
    fn shares_of(&self, learned: &Learned, rows: &[u32]) -> Result<Vec<Shares>> {
        let classifier = self.classifier(None, learned)?;
        let catalogued = self.catalogued();
        let effort = Effort::tuned(catalogued.reader.tuning()?);
        let asked = Asked {
            method: Method::Auto,
            decide: DecideOptions {
                top: 1,
                min_confidence: 0.0,
                set_coverage: None,
            },
            shares: true,
            words: false,
        };
        let mut shares = Vec::with_capacity(rows.len());
        for rows in rows.chunks(GROUP) {
            let mut vectors = Vec::with_capacity(rows.len() * self.snapshot.dimensions());
            for row in rows {
                vectors.extend(self.snapshot.vector(*row)?.into_iter().flatten());
            }
            let words = words(catalogued.reader, rows)?;
            let inputs: Vec<HeadInput<'_>> = words.iter().map(Words::input).collect();
            let without: Vec<Option<u32>> = rows.iter().map(|row| Some(*row)).collect();
            let queries = Queries {
                vectors: &vectors,
                inputs: &inputs,
                without: &without,
                pictures: &classifier.pictures_of(catalogued.pictures, &without)?,
                source_categories: &words
                    .iter()
                    .map(Words::source_categories)
                    .collect::<Vec<_>>(),
                embedder: catalogued.embedder,
            };
            let decided = classifier.decide(self.snapshot, queries, asked, effort)?;
            let own = decided.into_iter().filter(|one| !one.shares.is_empty());
            shares.extend(own.map(|one| {
                let shares = as_sure_as(one.shares, one.decision.confidence);
                Shares::of(self.candidates(), shares)
            }));
        }
        Ok(shares)
    }
}

/// Shares whose greatest is a calibrated confidence; the others share what it leaves.
fn as_sure_as(mut shares: Vec<f32>, confidence: f32) -> Vec<f32> {
    let best = shares.iter().copied().fold(0.0, f32::max);
    let left = (1.0 - confidence) / (1.0 - best).max(1e-6);
    for share in &mut shares {
        *share = match *share == best {
            true => confidence,
            false => *share * left,
        };
    }
    shares
}
