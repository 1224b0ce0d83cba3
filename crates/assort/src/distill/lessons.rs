//! What a student is taught: to point where its teacher points, and a little
//! towards the middle of the category where a label tells it.

use std::collections::HashMap;

use assort_core::vector::{add_scaled, normalize};
use assort_core::{CategoryIndex, Space, text_hash};
use assort_distill::{Student, Table, Traits, is_kept_apart};

use super::{Categories, DistillOptions, Text, Vectors};
use crate::Result;
use crate::watch::{Progress, Watch};

/// What a student is taught with.
pub(super) struct Lessons<'a> {
    pub(super) categories: &'a Categories,
    pub(super) vectors: &'a Vectors,
    pub(super) space: &'a Space,
    pub(super) options: &'a DistillOptions,
}

impl Lessons<'_> {
    /// Teaches where `products` and all categories point; progress goes from
    /// one part of the whole to another.
    pub(super) fn teach(
        &self,
        products: &[Text],
        (from, to): (f64, f64),
        watch: &mut dyn Watch,
    ) -> Result<Table> {
        let mut texts: Vec<&str> = products.iter().map(|text| text.text.as_str()).collect();
        texts.extend(self.categories.texts.iter().map(String::as_str));
        let mut targets = self.targets(products);
        for text in &self.categories.texts {
            targets.extend_from_slice(&self.vectors[&text_hash(text)]);
        }
        let go_on = |done| {
            let fraction = from + (to - from) * done;
            watch.progress(Progress::Distilling { fraction });
            !watch.stop()
        };
        let (dimensions, teaching) = (self.space.dimensions, &self.options.teaching);
        let taught = assort_distill::teach(&texts, &targets, dimensions, teaching, go_on);
        Ok(taught?)
    }

    /// A student of what was taught on `products`.
    pub(super) fn student(&self, table: &Table, products: &[Text]) -> Result<Student> {
        let texts = (products.len() + self.categories.texts.len()) as u64;
        let student = Student::new(table, self.space, texts, Traits::default());
        Ok(student?)
    }

    /// How far a student of `products` leans towards labels: not at all where
    /// there are none.
    pub(super) fn leaning(&self, products: &[Text]) -> f32 {
        if products.iter().any(|text| taught_label(text).is_some()) {
            self.options.labels
        } else {
            0.0
        }
    }

    /// Where products are to point, row by row.
    fn targets(&self, products: &[Text]) -> Vec<f32> {
        let middles = self.middles(products);
        let lean = self.options.labels;
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

    #[test]
    fn labelled_products_lean_to_the_middle_of_their_category_but_for_those_kept_apart() {
        let text = |hash: u128, label| Text {
            row: None,
            hash,
            text: format!("product {hash}"),
            label,
        };
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
        let lessons = |labels| {
            let options = DistillOptions {
                labels,
                ..DistillOptions::default()
            };
            let lessons = Lessons {
                categories: &Categories {
                    texts: Vec::new(),
                    counts: Vec::new(),
                },
                vectors: &vectors,
                space: &Space {
                    model: "toy".to_owned(),
                    fingerprint: String::new(),
                    dimensions: 3,
                },
                options: &options,
            };
            (lessons.targets(&products), lessons.leaning(&products))
        };
        let (plain, _) = lessons(0.0);
        let (leaning, labels) = lessons(0.4);
        assert_eq!(labels, 0.4);
        assert_eq!(
            plain,
            [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, -1.0]
        );
        assert_eq!(leaning[6..], plain[6..]);
        // 0.6 of itself and 0.4 of (0.5, 0.5): 0.8 to 0.2.
        assert!((leaning[0] / leaning[1] - 4.0).abs() < 1e-5);
        assert!((leaning[3] / leaning[4] - 0.25).abs() < 1e-5);
    }
}
