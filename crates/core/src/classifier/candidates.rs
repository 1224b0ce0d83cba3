//! The categories that a product may be filed under.

use crate::taxonomy::{CategoryIndex, Taxonomy};

/// The categories that can be chosen, with the inner categories above them.
/// Scores of a product are in the order of its candidates.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidates {
    taxonomy: u128,
    categories: Vec<CategoryIndex>,
    inner: Vec<CategoryIndex>,
    /// Positions in `inner` of the ancestors of each candidate, parent first.
    above: Vec<Vec<u32>>,
    /// Positions of the candidates below each of `inner`.
    below: Vec<Vec<u32>>,
    /// How many categories lie above each of `inner`.
    depths: Vec<usize>,
    /// Position in `inner` of the root above each candidate; none where it is a root
    /// itself.
    roots: Vec<Option<u32>>,
}

impl Candidates {
    /// All leaves of a taxonomy.
    pub fn leaves(taxonomy: &Taxonomy) -> Self {
        let categories: Vec<CategoryIndex> = taxonomy.leaves().collect();
        let mut position = vec![u32::MAX; taxonomy.len()];
        let mut inner = Vec::new();
        let above: Vec<Vec<u32>> = categories
            .iter()
            .map(|&category| {
                let parent = |&at: &CategoryIndex| taxonomy.category(at).parent;
                let ancestors = std::iter::successors(parent(&category), parent);
                ancestors
                    .map(|ancestor| {
                        let place = &mut position[ancestor as usize];
                        if *place == u32::MAX {
                            *place = inner.len() as u32;
                            inner.push(ancestor);
                        }
                        *place
                    })
                    .collect()
            })
            .collect();
        let depths = inner.iter().map(|&at| taxonomy.lineage(at).len() - 1);
        let depths = depths.collect();
        let mut below = vec![Vec::new(); inner.len()];
        for (at, above) in (0..).zip(&above) {
            above
                .iter()
                .for_each(|&place| below[place as usize].push(at));
        }
        Self {
            taxonomy: taxonomy.version(),
            roots: above.iter().map(|above| above.last().copied()).collect(),
            categories,
            inner,
            above,
            below,
            depths,
        }
    }

    /// The version of their taxonomy, see [`Taxonomy::version`].
    pub fn taxonomy(&self) -> u128 {
        self.taxonomy
    }

    /// Number of candidates.
    pub fn len(&self) -> usize {
        self.categories.len()
    }

    /// Whether there is nothing to choose from.
    pub fn is_empty(&self) -> bool {
        self.categories.is_empty()
    }

    /// The candidates in ascending order.
    pub fn categories(&self) -> &[CategoryIndex] {
        &self.categories
    }

    /// The place of a category among the candidates, if it is one.
    pub fn position(&self, category: CategoryIndex) -> Option<usize> {
        self.categories.binary_search(&category).ok()
    }

    /// The inner categories above any candidate.
    pub fn inner(&self) -> &[CategoryIndex] {
        &self.inner
    }

    /// Places in [`Self::inner`] of the ancestors of the candidate at `at`,
    /// parent first.
    pub fn above(&self, at: usize) -> &[u32] {
        &self.above[at]
    }

    /// How many categories lie above the inner category at `place`.
    pub fn depth(&self, place: usize) -> usize {
        self.depths[place]
    }

    /// Places of the candidates below the inner category at `place` of
    /// [`Self::inner`].
    pub fn below(&self, place: u32) -> &[u32] {
        &self.below[place as usize]
    }

    /// Places of the candidates below an inner category; none if it is not one.
    pub fn below_category(&self, category: CategoryIndex) -> &[u32] {
        let place = self.inner.iter().position(|&inner| inner == category);
        place.map_or(&[], |place| &self.below[place])
    }

    /// Whether any place can be chosen for the truth `category`: it is a candidate or
    /// above one.
    pub fn holds(&self, category: CategoryIndex) -> bool {
        self.position(category).is_some() || !self.below_category(category).is_empty()
    }

    /// The place in [`Self::inner`] of the root above each candidate; none where a
    /// candidate is a root itself.
    pub(crate) fn roots(&self) -> &[Option<u32>] {
        &self.roots
    }

    /// The categories from the root down to a candidate or inner category, itself
    /// included; the category alone if it is neither.
    pub fn lineage(&self, category: CategoryIndex) -> Vec<CategoryIndex> {
        let own = self.position(category);
        let below = self.below_category(category).first();
        let Some(at) = own.or(below.map(|&at| at as usize)) else {
            return vec![category];
        };
        let above = self.above(at).iter().rev();
        let mut lineage: Vec<CategoryIndex> = above.map(|&at| self.inner[at as usize]).collect();
        match lineage.iter().position(|&inner| inner == category) {
            Some(end) => lineage.truncate(end + 1),
            None => lineage.push(category),
        }
        lineage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_know_what_is_above_them() {
        let taxonomy = Taxonomy::from_paths(["x > y > a", "x > b", "c"]).unwrap();
        let candidates = Candidates::leaves(&taxonomy);
        let names = |lineage: Vec<CategoryIndex>| -> Vec<&str> {
            let names = lineage.into_iter();
            names
                .map(|at| taxonomy.category(at).name.as_str())
                .collect()
        };
        let of = |name: &str| names(candidates.lineage(taxonomy.resolve(name).unwrap()));
        assert_eq!(of("a"), ["x", "y", "a"]);
        assert_eq!(of("b"), ["x", "b"]);
        assert_eq!(of("c"), ["c"]);
        assert_eq!(of("y"), ["x", "y"]);
        assert_eq!(candidates.inner().len(), 2);
        assert_eq!(candidates.roots().last(), Some(&None));
    }
}
