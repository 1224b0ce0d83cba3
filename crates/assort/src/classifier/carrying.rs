//! What carries a decision: sources of evidence, and the words of a product without which
//! those that read words would be less sure of it.

use assort_core::{
    CategoryIndex, Evidence, SourceEvidence, TextInput, WordEvidence, pieces, sources,
};
use assort_head::HeadInput;

use super::classify::{Asked, Classifier, TEXT_SOURCES};
use crate::Result;

/// Words of a title that are tried.
const TRIED: usize = 24;

/// Words that are told.
const TOLD: usize = 5;

/// Words of less effect than this carry nothing.
const LEAST: f32 = 0.05;

impl Classifier {
    /// What each source says of `category`, the weightiest first.
    pub(super) fn carrying_sources(
        &self,
        asked: Asked,
        evidence: &Evidence,
        category: CategoryIndex,
    ) -> Vec<SourceEvidence> {
        let Some(place) = self.candidates().position(category) else {
            return Vec::new();
        };
        let heard = sources(asked.method).iter();
        let effect = heard.filter_map(|&source| {
            let says = evidence.of(source)?;
            let effect = self.weight(asked.method, source) * lead(says, place);
            Some(SourceEvidence { source, effect })
        });
        let mut carrying: Vec<SourceEvidence> = effect.collect();
        carrying.sort_by(|a, b| b.effect.total_cmp(&a.effect));
        carrying
    }

    /// The words of a product's title that carry `category`, the weightiest first.
    pub(super) fn carrying_words(
        &self,
        asked: Asked,
        evidence: &Evidence,
        input: &HeadInput<'_>,
        category: CategoryIndex,
    ) -> Result<Vec<WordEvidence>> {
        let title = input.text.title();
        let words = pieces(title, TRIED);
        let without: Vec<String> = words
            .iter()
            .map(|word| format!("{} {}", &title[..word.start], &title[word.end..]))
            .collect();
        let inputs: Vec<HeadInput<'_>> = without
            .iter()
            .map(|title| HeadInput {
                text: TextInput::of_product(title, input.text.further()),
                ..*input
            })
            .collect();
        let Some(place) = self.candidates().position(category) else {
            return Ok(Vec::new());
        };
        let mut effects = vec![0.0; inputs.len()];
        for source in TEXT_SOURCES {
            let Some(with) = evidence.of(source) else {
                continue;
            };
            let weight = self.weight(asked.method, source);
            let says = self.log_shares(source, asked.method, &[], &inputs)?;
            for (effect, without) in effects.iter_mut().zip(says) {
                let left = without.map_or(0.0, |without| lead(&without, place));
                *effect += weight * (lead(with, place) - left);
            }
        }
        let effects = words
            .iter()
            .zip(effects)
            .map(|(word, effect)| WordEvidence {
                word: title[word.clone()].to_owned(),
                effect,
            });
        let mut carrying: Vec<WordEvidence> = effects.filter(|word| word.effect >= LEAST).collect();
        carrying.sort_by(|a, b| b.effect.total_cmp(&a.effect));
        carrying.truncate(TOLD);
        Ok(carrying)
    }
}

/// How far the candidate at `place` is ahead of the mean of all.
fn lead(log_shares: &[f32], place: usize) -> f32 {
    let mean = log_shares.iter().sum::<f32>() / log_shares.len() as f32;
    log_shares[place] - mean
}
