//! What the taxonomy says of categories as examples for heads: its texts are short titles of
//! products that belong there. They know words that few labels have not shown, and
//! categories that no label has.

use std::collections::BTreeSet;

use assort_core::compose::category_texts;
use assort_core::{Candidates, CategoryIndex, Taxonomy};
use assort_head::HeadInput;

use super::labelled::LabelledProducts;

/// All texts of a category count as much as so many products.
const WEIGHT: f32 = 1.0;

/// With more candidates only the texts of those are learned that have labels: each example
/// costs by the categories that are told apart.
const MOST_CANDIDATES: usize = 2_000;

/// Texts of candidates, by their places.
#[derive(Default)]
pub(super) struct TextExamples(Vec<(u32, f32, String)>);

impl TextExamples {
    /// Those to learn beside the labelled products; none where all of these are of one
    /// category, which teaches nobody to tell categories apart.
    pub(super) fn beside(
        labelled: &LabelledProducts,
        taxonomy: &Taxonomy,
        candidates: &Candidates,
    ) -> Self {
        let known: BTreeSet<CategoryIndex> = labelled.categories.iter().copied().collect();
        if known.len() < 2 {
            return Self::default();
        }
        let few = candidates.len() <= MOST_CANDIDATES;
        Self::of(taxonomy, candidates, |category| {
            few || known.contains(&category)
        })
    }

    fn of(
        taxonomy: &Taxonomy,
        candidates: &Candidates,
        is_learned: impl Fn(CategoryIndex) -> bool,
    ) -> Self {
        let mut all = Vec::new();
        for (place, &category) in (0u32..).zip(candidates.categories()) {
            if is_learned(category) {
                let texts = category_texts(taxonomy, category);
                let weight = WEIGHT / texts.len() as f32;
                all.extend(texts.into_iter().map(|(_, text)| (place, weight, text)));
            }
        }
        Self(all)
    }

    pub(super) fn inputs(&self) -> impl Iterator<Item = HeadInput<'_>> {
        self.0.iter().map(|(_, _, text)| HeadInput::plain(text))
    }

    /// The place of the candidate of each.
    pub(super) fn places(&self) -> impl Iterator<Item = u32> {
        self.0.iter().map(|(place, _, _)| *place)
    }

    pub(super) fn weights(&self) -> impl Iterator<Item = f32> {
        self.0.iter().map(|(_, weight, _)| *weight)
    }
}
