//! How much each source of evidence counts.

use crate::source::Source;

/// How much each source counts: what it says, the logarithm of a share for each
/// candidate, is multiplied by this before all are added up (a product of experts:
/// Hinton, 2002).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights([f32; Source::COUNT]);

impl Weights {
    /// The weight of each source, in the order of [`Source::ALL`].
    pub const fn new(weights: [f32; Source::COUNT]) -> Self {
        Self(weights)
    }

    /// Only these sources count, as before.
    #[must_use]
    pub fn only(self, sources: &[Source]) -> Self {
        let mut weights = [0.0; Source::COUNT];
        for &source in sources {
            weights[source as usize] = self.of(source);
        }
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

/// What sources count before anything was measured: that of the two first in
/// `docs/classification.md`; heads and neighbours speak for themselves.
impl Default for Weights {
    fn default() -> Self {
        Self([1.0; Source::COUNT])
    }
}
