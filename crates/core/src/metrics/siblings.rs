//! Mistakes in the tree: where truth and decision part, and which mistakes stay among
//! categories of one parent.

use std::collections::BTreeMap;

use super::{Confusion, Paths, ratio};
use crate::CategoryIndex;

/// Mistakes among categories of one parent. Roots have no parent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Siblings {
    /// Number of these mistakes.
    pub errors: usize,
    /// Their part of all mistakes.
    pub share: f64,
    /// Which categories are taken for each other, the most mistakes first; ties by
    /// category.
    pub pairs: Vec<SiblingPair>,
}

/// Two categories of one parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SiblingPair {
    /// The one.
    pub first: CategoryIndex,
    /// The other, whose number is greater.
    pub second: CategoryIndex,
    /// Products of the first that were taken for the second.
    pub first_as_second: usize,
    /// Products of the second that were taken for the first.
    pub second_as_first: usize,
}

impl SiblingPair {
    /// Number of mistakes.
    pub fn count(&self) -> usize {
        self.first_as_second + self.second_as_first
    }
}

impl Siblings {
    pub(super) fn of(confusions: &[Confusion], paths: &Paths) -> Self {
        let mut pairs: BTreeMap<(CategoryIndex, CategoryIndex), SiblingPair> = BTreeMap::new();
        for one in confusions {
            if !are_siblings(&paths[&one.truth], &paths[&one.decided]) {
                continue;
            }
            let (first, second) = (one.truth.min(one.decided), one.truth.max(one.decided));
            let pair = pairs.entry((first, second)).or_insert(SiblingPair {
                first,
                second,
                ..SiblingPair::default()
            });
            match one.truth == first {
                true => pair.first_as_second = one.count,
                false => pair.second_as_first = one.count,
            }
        }
        let mut pairs: Vec<SiblingPair> = pairs.into_values().collect();
        // The sort is stable, so ties stay in the order of the map.
        pairs.sort_by_key(|pair| std::cmp::Reverse(pair.count()));
        let errors = pairs.iter().map(SiblingPair::count).sum();
        let all: usize = confusions.iter().map(|one| one.count).sum();
        Self {
            errors,
            share: ratio(errors, all),
            pairs,
        }
    }
}

fn are_siblings(a: &[CategoryIndex], b: &[CategoryIndex]) -> bool {
    let parents = a.split_last().zip(b.split_last());
    parents.is_some_and(|((_, a), (_, b))| !a.is_empty() && a == b)
}

/// Number of mistakes by the level on which truth and decision part, 1 for the roots.
pub(super) fn parted(confusions: &[Confusion], paths: &Paths) -> BTreeMap<usize, usize> {
    let mut parted = BTreeMap::new();
    for one in confusions {
        let both = paths[&one.truth].iter().zip(&paths[&one.decided]);
        let shared = both.take_while(|(truth, decided)| truth == decided).count();
        *parted.entry(shared + 1).or_insert(0) += one.count;
    }
    parted
}
