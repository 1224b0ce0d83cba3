//! When a call is made again.

use std::time::Duration;

use tonic::Code;

use crate::error::{Error, Refusal};

/// How often a call is made again that the server had no room for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Retries {
    /// Times a call is made at most.
    pub tries: u32,
    /// The longest time from the first try to the last.
    pub patience: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            tries: 6,
            patience: Duration::from_secs(8),
        }
    }
}

impl Retries {
    /// The same with another value of [`Self::tries`].
    #[must_use]
    pub fn with_tries(mut self, tries: u32) -> Self {
        self.tries = tries;
        self
    }

    /// The same with another value of [`Self::patience`].
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How long to wait before a call is made again that was made `tries` times in the
    /// time `spent`, and may take until `left` is over; none if it failed for good.
    pub(crate) fn wait(
        &self,
        first: Duration,
        tries: u32,
        spent: Duration,
        left: Option<Duration>,
    ) -> Option<Duration> {
        // Each time twice as long: what has no room is not made busier.
        let wait = first.saturating_mul(1 << tries.saturating_sub(1).min(10));
        let in_time = left.is_none_or(|left| wait < left);
        (tries < self.tries && spent + wait <= self.patience && in_time).then_some(wait)
    }
}

/// How long the server asks to wait, if it says that the call may be made again.
pub(crate) fn asked(error: &Error) -> Option<Duration> {
    let retriable =
        |refusal: &&Refusal| matches!(refusal.code, Code::ResourceExhausted | Code::Unavailable);
    error.refusal().filter(retriable)?.retry_after()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_with_tries_patience_or_the_deadline() {
        let retries = Retries::default();
        let first = Duration::from_millis(100);
        let wait = |tries, spent, left| retries.wait(first, tries, spent, left);
        let second = Duration::from_secs(1);
        assert_eq!(wait(1, Duration::ZERO, None), Some(first));
        assert_eq!(wait(3, second, None), Some(4 * first));
        assert_eq!(wait(6, second, None), None);
        assert_eq!(wait(1, 8 * second, None), None);
        assert_eq!(wait(2, Duration::ZERO, Some(first)), None);
        assert_eq!(wait(1, Duration::ZERO, Some(second)), Some(first));
    }
}
