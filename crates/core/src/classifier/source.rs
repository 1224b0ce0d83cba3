//! Where evidence comes from, and what it comes to.

use super::candidates::Candidates;
use crate::taxonomy::CategoryIndex;

/// A source of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// What the taxonomy says of its categories, and what was learned of that.
    Prototypes,
    /// Labelled products near the one to be filed.
    Neighbors,
}

impl Source {
    /// Number of sources.
    pub const COUNT: usize = 2;

    /// All sources.
    pub const ALL: [Self; Self::COUNT] = [Self::Prototypes, Self::Neighbors];

    /// The source's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prototypes => "prototypes",
            Self::Neighbors => "neighbors",
        }
    }
}

/// What one source says of one product: shares of belief, which sum to at most
/// one.
#[derive(Clone, Debug, PartialEq)]
pub enum Beliefs {
    /// A share for each candidate, in their order.
    Dense(Vec<f32>),
    /// Shares of some categories, which need not be candidates.
    Sparse(Vec<(CategoryIndex, f32)>),
}

impl Beliefs {
    /// Adds these beliefs, times `weight`, to a sum.
    pub(super) fn add_to(&self, sum: &mut Fused, candidates: &Candidates, weight: f32) {
        match self {
            Self::Dense(shares) => {
                for (entry, share) in sum.shares.iter_mut().zip(shares) {
                    *entry += weight * share;
                }
            }
            Self::Sparse(shares) => {
                for &(category, share) in shares {
                    *sum.share_mut(candidates, category) += weight * share;
                }
            }
        }
    }
}

/// What all sources together believe: shares that sum to at most one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fused {
    /// A share for each candidate, in their order; empty if nothing was heard.
    pub(super) shares: Vec<f32>,
    /// Shares of categories that are no candidates.
    pub(super) others: Vec<(CategoryIndex, f32)>,
}

impl Fused {
    fn share_mut(&mut self, candidates: &Candidates, category: CategoryIndex) -> &mut f32 {
        if let Some(at) = candidates.position(category) {
            return &mut self.shares[at];
        }
        let known = self.others.iter().position(|(other, _)| *other == category);
        let at = known.unwrap_or_else(|| {
            self.others.push((category, 0.0));
            self.others.len() - 1
        });
        &mut self.others[at].1
    }

    /// The `count` categories that are believed in most, best first, ties by
    /// category; none that nobody believes in.
    pub fn best(&self, candidates: &Candidates, count: usize) -> Vec<(CategoryIndex, f32)> {
        let own = candidates.categories().iter().copied();
        let all = own.zip(self.shares.iter().copied());
        let mut best: Vec<(CategoryIndex, f32)> = Vec::with_capacity(count + 1);
        let mut least = f32::MIN_POSITIVE;
        for (category, share) in all.chain(self.others.iter().copied()) {
            if share.is_nan() || share < least {
                continue;
            }
            let better = |other: &(CategoryIndex, f32)| {
                other.1 > share || (other.1 == share && other.0 < category)
            };
            let at = best.partition_point(better);
            best.insert(at, (category, share));
            if best.len() >= count {
                best.truncate(count);
                least = best.last().map_or(least, |(_, share)| *share);
            }
        }
        best
    }

    /// The sum of all shares.
    pub(super) fn total(&self) -> f32 {
        let others = self.others.iter().map(|(_, share)| share);
        self.shares.iter().chain(others).sum()
    }
}

/// How much each source counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights([f32; Source::COUNT]);

impl Weights {
    /// The weight of each source, in the order of [`Source::ALL`].
    pub const fn new(weights: [f32; Source::COUNT]) -> Self {
        Self(weights)
    }

    /// Only one source counts.
    pub fn only(source: Source) -> Self {
        let mut weights = [0.0; Source::COUNT];
        weights[source as usize] = 1.0;
        Self(weights)
    }

    /// The weight of a source.
    pub fn of(&self, source: Source) -> f32 {
        self.0[source as usize]
    }

    /// The weights in the order of [`Source::ALL`].
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }
}
