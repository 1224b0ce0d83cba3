//! What a student is taught: to point where its teacher points, and a little
//! towards the middle of the category where a label tells it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Instant;

use assort_core::vector::{add_scaled, normalize};
use assort_core::{CategoryIndex, Space, text_hash};
use assort_distill::{StaticEmbedding, Student, StudentCard, Table, is_kept_apart, teach};

use super::{Categories, Text, Vectors};
use crate::Result;
use crate::observer::{Observer, Progress};

/// What a student is taught with.
pub(super) struct TrainingSet<'a> {
    pub(super) categories: &'a Categories,
    pub(super) vectors: &'a Vectors,
    pub(super) space: &'a Space,
    pub(super) start: Option<&'a StaticEmbedding>,
    pub(super) teaching: &'a assort_distill::Options,
    /// How far labelled products lean.
    pub(super) labels: f32,
}

/// With fewer labelled texts kept apart, nobody could tell how well a student
/// files that has learned the labels of the others.
const ENOUGH_APART: usize = 100;

/// How far a student of `products` is to lean towards labels, if they are
/// enough for `asked`.
pub(super) fn leaning(products: &[Text], asked: f32) -> f32 {
    let labelled = products.iter().filter(|text| text.label.is_some());
    let apart = labelled.filter(|text| is_kept_apart(text.hash)).count();
    if apart >= ENOUGH_APART { asked } else { 0.0 }
}

/// What came of it.
pub(super) struct Taught {
    pub(super) table: Table,
    pub(super) student: Student,
    /// How long it took.
    pub(super) seconds: f64,
}

impl TrainingSet<'_> {
    /// Teaches where `products` and all categories point; progress goes from
    /// one part of the whole to another.
    pub(super) fn teach(
        &self,
        products: &[Text],
        (from, to): (f64, f64),
        observer: &mut dyn Observer,
    ) -> Result<Taught> {
        let begun = Instant::now();
        let composed: Vec<Cow<'_, str>> = products.iter().map(Text::composed).collect();
        let mut texts: Vec<&str> = composed.iter().map(AsRef::as_ref).collect();
        texts.extend(self.categories.texts.iter().map(String::as_str));
        let mut targets = self.targets(products);
        for text in &self.categories.texts {
            targets.extend_from_slice(&self.vectors[&text_hash(text)]);
        }
        let go_on = |done| {
            let fraction = from + (to - from) * done;
            observer.progress(Progress::Distilling { fraction });
            !observer.stop()
        };
        let (dimensions, start) = (self.space.dimensions, self.start);
        let table = teach(&texts, &targets, dimensions, start, self.teaching, go_on)?;
        let count = texts.len() as u64;
        Ok(Taught {
            student: Student::new(&table, self.space, count, StudentCard::default())?,
            table,
            seconds: begun.elapsed().as_secs_f64(),
        })
    }

    /// Where products are to point, row by row.
    fn targets(&self, products: &[Text]) -> Vec<f32> {
        let middles = self.middles(products);
        let lean = self.labels;
        let mut targets = Vec::with_capacity(products.len() * self.space.dimensions);
        for text in products {
            let own = text.vector(self.vectors);
            let middle = taught_label(text).and_then(|label| middles.get(&label));
            match middle {
                Some(middle) => {
                    let mut target = vec![0.0; own.len()];
                    add_scaled(&mut target, own, 1.0 - lean);
                    add_scaled(&mut target, middle, lean);
                    normalize(&mut target);
                    targets.extend(target);
                }
                None => targets.extend_from_slice(own),
            }
        }
        targets
    }

    /// The mean of the products of each category.
    fn middles(&self, products: &[Text]) -> HashMap<CategoryIndex, Vec<f32>> {
        let mut sums: HashMap<CategoryIndex, (Vec<f32>, f32)> = HashMap::new();
        for text in products {
            if let Some(label) = taught_label(text) {
                let zero = || (vec![0.0; self.space.dimensions], 0.0);
                let (sum, count) = sums.entry(label).or_insert_with(zero);
                add_scaled(sum, text.vector(self.vectors), 1.0);
                *count += 1.0;
            }
        }
        let mean = |(mut sum, count): (Vec<f32>, f32)| {
            sum.iter_mut().for_each(|value| *value /= count);
            sum
        };
        let sums = sums.into_iter();
        sums.map(|(label, sum)| (label, mean(sum))).collect()
    }
}

/// The label of a text that a student may learn.
fn taught_label(text: &Text) -> Option<CategoryIndex> {
    text.label.filter(|_| !is_kept_apart(text.hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(hash: u128, label: Option<CategoryIndex>) -> Text {
        Text {
            row: None,
            hash,
            title: format!("product {hash}"),
            further: String::new(),
            label,
        }
    }

    #[test]
    fn labels_are_learned_only_where_enough_are_kept_apart() {
        let products: Vec<Text> = (0..1000).map(|hash| text(hash, Some(1))).collect();
        assert_eq!(leaning(&products, 0.3), 0.3);
        assert_eq!(leaning(&products[..700], 0.3), 0.0);
        let unlabelled: Vec<Text> = (0..1000).map(|hash| text(hash, None)).collect();
        assert_eq!(leaning(&unlabelled, 0.3), 0.0);
    }

    #[test]
    fn labelled_products_lean_to_the_middle_of_their_category_but_for_those_kept_apart() {
        // 8 is kept apart, 3 has no label.
        let products = [
            text(1, Some(5)),
            text(2, Some(5)),
            text(3, None),
            text(8, Some(5)),
        ];
        let vectors: Vectors = HashMap::from([
            (1, vec![1.0, 0.0, 0.0]),
            (2, vec![0.0, 1.0, 0.0]),
            (3, vec![0.0, 0.0, 1.0]),
            (8, vec![0.0, 0.0, -1.0]),
        ]);
        let categories = Categories {
            texts: Vec::new(),
            counts: Vec::new(),
        };
        let space = Space {
            model: "toy".to_owned(),
            fingerprint: String::new(),
            dimensions: 3,
        };
        let targets = |labels| {
            let training_set = TrainingSet {
                categories: &categories,
                vectors: &vectors,
                space: &space,
                start: None,
                teaching: &assort_distill::Options::default(),
                labels,
            };
            training_set.targets(&products)
        };
        let (plain, leaning) = (targets(0.0), targets(0.4));
        let own = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, -1.0];
        assert_eq!(plain, own);
        assert_eq!(leaning[6..], plain[6..]);
        // 0.6 of itself and 0.4 of (0.5, 0.5): 0.8 to 0.2.
        assert!((leaning[0] / leaning[1] - 4.0).abs() < 1e-5);
        assert!((leaning[3] / leaning[4] - 0.25).abs() < 1e-5);
    }
}
