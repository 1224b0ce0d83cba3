//! When a line of progress is due where nobody sees a bar: the first one of a
//! stage soon, then one every ten seconds, and the last one.

use std::time::{Duration, Instant};

/// Lines of one stage come no more often than this.
const EVERY: Duration = Duration::from_secs(10);

/// A stage that ends sooner is not worth a line.
const SOON: Duration = Duration::from_secs(1);

/// Decides which lines are printed.
#[derive(Debug)]
pub(super) struct Pace {
    /// When the stage began.
    begun: Instant,
    /// When a line of this stage was printed last.
    printed: Option<Instant>,
    /// The newest line that was held back.
    held: Option<String>,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            begun: now,
            printed: None,
            held: None,
        }
    }

    /// Takes a line of the stage; gives it back if it is to be printed.
    pub(super) fn offer(&mut self, line: String, now: Instant) -> Option<String> {
        let due = match self.printed {
            None => now.duration_since(self.begun) >= SOON,
            Some(printed) => now.duration_since(printed) >= EVERY,
        };
        if due {
            self.printed = Some(now);
            self.held = None;
            return Some(line);
        }
        self.held = Some(line);
        None
    }

    /// Ends the stage; gives its last line, if it had others before and this
    /// one was held back.
    pub(super) fn end(&mut self, now: Instant) -> Option<String> {
        let last = self.held.take();
        let shown = self.printed.is_some();
        *self = Self::new(now);
        last.filter(|_| shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds at which lines are printed when one is offered twenty times a
    /// second for so many, and whether a last one is.
    fn printed(seconds: u64) -> (Vec<f64>, bool) {
        let begun = Instant::now();
        let mut pace = Pace::new(begun);
        let at = |tick: u64| begun + Duration::from_millis(50 * tick);
        let mut found = Vec::new();
        for tick in 0..20 * seconds {
            if pace.offer(tick.to_string(), at(tick)).is_some() {
                found.push(tick as f64 / 20.0);
            }
        }
        (found, pace.end(at(20 * seconds)).is_some())
    }

    #[test]
    fn the_first_line_comes_soon_then_one_every_ten_seconds_and_the_last() {
        assert_eq!(printed(35), (vec![1.0, 11.0, 21.0, 31.0], true));
        assert_eq!(printed(2), (vec![1.0], true));
    }

    #[test]
    fn a_short_stage_has_no_line() {
        assert_eq!(printed(1), (vec![], false));
    }

    #[test]
    fn a_line_is_not_printed_twice() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        let later = now + Duration::from_secs(2);
        assert_eq!(pace.offer("a".to_owned(), later).as_deref(), Some("a"));
        assert_eq!(pace.end(later), None);
    }
}
