//! Parts for cross-validation, and how figures differ between them.

use std::collections::HashMap;

use crate::CategoryIndex;
use crate::chance::shuffle;

/// Divides products into `folds` parts, numbered from 0: products of one group are
/// always in the same part, and every category is spread over the parts as evenly as
/// its groups allow (as in scikit-learn's `StratifiedGroupKFold`). Gives the part of
/// each product. Equal seeds give equal parts.
///
/// The largest groups are placed first, each where its categories have the fewest
/// products so far, and of equal parts in the smallest.
pub fn stratified_group_folds(
    categories: &[CategoryIndex],
    groups: &[u128],
    folds: usize,
    seed: u64,
) -> Vec<usize> {
    let count = categories.len().min(groups.len());
    let mut places: HashMap<u128, usize> = HashMap::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (at, &group) in groups.iter().enumerate().take(count) {
        let place = *places.entry(group).or_insert(members.len());
        if place == members.len() {
            members.push(Vec::new());
        }
        members[place].push(at);
    }
    let mut order: Vec<usize> = (0..members.len()).collect();
    shuffle(&mut order, &mut seed.clone());
    order.sort_by_key(|&group| std::cmp::Reverse(members[group].len()));
    let mut of_category: HashMap<CategoryIndex, Vec<usize>> = HashMap::new();
    let mut sizes = vec![0; folds];
    let mut parts = vec![0; count];
    for group in order {
        let mut alike = vec![0; folds];
        for at in &members[group] {
            if let Some(counts) = of_category.get(&categories[*at]) {
                alike.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
            }
        }
        let best = (0..folds).min_by_key(|&fold| (alike[fold], sizes[fold], fold));
        let best = best.unwrap_or(0);
        for &at in &members[group] {
            parts[at] = best;
            let counts = of_category.entry(categories[at]);
            counts.or_insert_with(|| vec![0; folds])[best] += 1;
        }
        sizes[best] += members[group].len();
    }
    parts
}

/// How a figure differs between parts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// Mean of the parts.
    pub mean: f64,
    /// Standard deviation of the parts, as of a sample (divided by their number less
    /// one); 0 for a single part.
    pub deviation: f64,
}

impl Spread {
    /// The spread of some values; 0 of none.
    pub fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let freedom = values.len().saturating_sub(1).max(1) as f64;
        Self {
            mean,
            deviation: (squares / freedom).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_spread_is_that_of_a_sample() {
        let spread = Spread::of(&[2.0, 4.0, 6.0]);
        assert_eq!((spread.mean, spread.deviation), (4.0, 2.0));
        assert_eq!(Spread::of(&[3.0]).deviation, 0.0);
        assert_eq!(Spread::of(&[]), Spread::default());
    }

    proptest! {
        #[test]
        fn groups_stay_together_and_categories_are_spread(
            products in prop::collection::vec((0u32..6, 0u128..60), 1..300),
            folds in 2usize..7,
            seed in 0u64..9,
        ) {
            // A group is of one category, as nearly all content is.
            let (categories, groups): (Vec<u32>, Vec<u128>) = products
                .iter()
                .map(|(_, group)| ((*group % 6) as u32, *group))
                .unzip();
            let parts = stratified_group_folds(&categories, &groups, folds, seed);
            prop_assert_eq!(&parts, &stratified_group_folds(&categories, &groups, folds, seed));
            let mut part_of = HashMap::new();
            for (at, &part) in parts.iter().enumerate() {
                prop_assert!(part < folds);
                prop_assert_eq!(*part_of.entry(groups[at]).or_insert(part), part);
            }
            // No part has more of a category than another by more than a group.
            for category in 0..6 {
                let mut counts = vec![0usize; folds];
                let mut sizes: HashMap<u128, usize> = HashMap::new();
                for at in (0..parts.len()).filter(|&at| categories[at] == category) {
                    counts[parts[at]] += 1;
                    *sizes.entry(groups[at]).or_default() += 1;
                }
                let most = sizes.values().max().copied().unwrap_or(0);
                let (low, high) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
                prop_assert!(high - low <= most, "{:?}", counts);
            }
        }
    }
}
