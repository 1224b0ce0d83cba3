//! Decisions as bytes, by which processes send them to one another.

use std::ops::Range;

use assort::core::Method;
use pyo3::PyResult;
use rkyv::rancor;
use serde_json::Map;

use super::{Choice, Decisions};
use crate::error::{AssortError, invalid};

/// What the bytes begin with, and the version of what follows.
const KIND: &[u8] = b"assort decisions 2\n";

impl Decisions {
    /// All of them as bytes.
    pub(super) fn written(&self) -> PyResult<Vec<u8>> {
        let written = rkyv::to_bytes::<rancor::Error>(self);
        let written = written.map_err(|error| AssortError::new_err(error.to_string()))?;
        Ok([KIND, &written].concat())
    }

    /// The decisions of bytes that [`Self::written`] gave.
    pub(super) fn read(bytes: &[u8]) -> PyResult<Self> {
        let strange = || invalid("these bytes are no decisions of this version of Assort");
        let bytes = bytes.strip_prefix(KIND).ok_or_else(strange)?;
        let read = rkyv::from_bytes::<Self, rancor::Error>(bytes).map_err(|_| strange())?;
        match read.is_whole() {
            true => Ok(read),
            false => Err(strange()),
        }
    }

    /// Whether all is there that decisions refer to, and can be read.
    fn is_whole(&self) -> bool {
        let is_named = |category: u32| self.categories.contains_key(&category);
        let are_named = |all: &[Choice]| all.iter().all(|one| is_named(one.category));
        let is_within = |range: &Range<usize>, all: &[Choice]| all.get(range.clone()).is_some();
        self.method.parse::<Method>().is_ok()
            && self
                .ids
                .as_ref()
                .is_none_or(|ids| ids.len() == self.decided.len())
            && are_named(&self.alternatives)
            && are_named(&self.sets)
            && self.decided.iter().all(|one| {
                let is_object = |text: &str| serde_json::from_str::<Map<_, _>>(text).is_ok();
                one.category.is_none_or(is_named)
                    && is_within(&one.alternatives, &self.alternatives)
                    && one
                        .set
                        .as_ref()
                        .is_none_or(|set| is_within(set, &self.sets))
                    && one.reasons.as_deref().is_none_or(is_object)
            })
    }
}
