//! The words of a product that carry a decision: those without which the sources that
//! read words would be less sure of it.

use assort_core::{CategoryIndex, Evidence, TextInput, WordEvidence, pieces};

use super::classify::{Asked, Classifier, TEXT_SOURCES};
use crate::Result;

/// Words of a title that are tried.
const TRIED: usize = 24;

/// Words that are told.
const TOLD: usize = 5;

/// Words of less effect than this carry nothing.
const LEAST: f32 = 0.05;

impl Classifier {
    /// The words of a product's title that carry `category`, the weightiest first.
    pub(super) fn carrying_words(
        &self,
        asked: Asked,
        evidence: &Evidence,
        input: &TextInput<'_>,
        category: CategoryIndex,
    ) -> Result<Vec<WordEvidence>> {
        let title = input.title();
        let words = pieces(title, TRIED);
        let without: Vec<String> = words
            .iter()
            .map(|word| format!("{} {}", &title[..word.start], &title[word.end..]))
            .collect();
        let inputs: Vec<TextInput<'_>> = without
            .iter()
            .map(|title| TextInput::of_product(title, input.further()))
            .collect();
        let mut all: Vec<Evidence> = vec![evidence.clone(); inputs.len()];
        for source in TEXT_SOURCES {
            if evidence.of(source).is_none() {
                continue;
            }
            let says = self.log_shares(source, asked.method, &[], &inputs)?;
            let both = all.into_iter().zip(says);
            all = both.map(|(one, says)| one.with(source, says)).collect();
        }
        let share = |evidence: &Evidence| {
            let shares = self
                .ensemble
                .fuse(asked.method, self.candidates(), evidence);
            let share = shares.of_category(self.candidates(), category);
            share.max(f32::MIN_POSITIVE).ln()
        };
        let whole = share(evidence);
        let effects = words.iter().zip(&all).map(|(word, evidence)| WordEvidence {
            word: title[word.clone()].to_owned(),
            effect: whole - share(evidence),
        });
        let mut carrying: Vec<WordEvidence> = effects.filter(|word| word.effect >= LEAST).collect();
        carrying.sort_by(|a, b| b.effect.total_cmp(&a.effect));
        carrying.truncate(TOLD);
        Ok(carrying)
    }
}
