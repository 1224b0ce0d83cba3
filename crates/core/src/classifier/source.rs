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
    /// Adds these beliefs, times `weight`, to a sum whose first entries are
    /// those of all candidates.
    pub(crate) fn add_to(
        &self,
        sum: &mut Vec<(CategoryIndex, f32)>,
        candidates: &Candidates,
        weight: f32,
    ) {
        match self {
            Self::Dense(shares) => {
                for (entry, share) in sum.iter_mut().zip(shares) {
                    entry.1 += weight * share;
                }
            }
            Self::Sparse(shares) => {
                for &(category, share) in shares {
                    let others = candidates.len()..sum.len();
                    let known = candidates.position(category).or_else(|| {
                        let mut others = others;
                        others.find(|&at| sum[at].0 == category)
                    });
                    match known {
                        Some(at) => sum[at].1 += weight * share,
                        None => sum.push((category, weight * share)),
                    }
                }
            }
        }
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
