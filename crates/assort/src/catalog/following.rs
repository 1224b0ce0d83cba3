//! Doing long work on segments while an observer follows it and may stop it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::Result;
use crate::observer::{Observer, Progress};
use crate::state::State;

/// How often long work looks whether it is to stop.
pub(super) const POLL: Duration = Duration::from_millis(20);

/// Measures how far the work on segments is.
pub(super) struct Meter<'a> {
    state: &'a State,
    /// Rows that are to be written from the last commit on.
    planned: &'a dyn Fn() -> Result<u64>,
    /// Rows that were committed when the work began.
    before: u64,
    /// Rows that were committed when the plan was made.
    seen: Option<u64>,
    done: u64,
    total: u64,
}

impl<'a> Meter<'a> {
    /// Measures work that begins now; `planned` gives the rows that are to be
    /// written from the last commit on.
    pub(super) fn new(state: &'a State, planned: &'a dyn Fn() -> Result<u64>) -> Self {
        Self {
            state,
            planned,
            before: state.written.committed(),
            seen: None,
            done: 0,
            total: 0,
        }
    }

    /// Tells `observer`. The plan is made anew after each commit: others may
    /// write meanwhile.
    pub(super) fn tell(&mut self, observer: &mut dyn Observer) {
        let committed = self.state.written.committed();
        let own = committed - self.before;
        // Where the plan cannot be read the work fails too, and says why.
        if self.seen != Some(committed)
            && let Ok(left) = (self.planned)()
        {
            self.seen = Some(committed);
            self.total = own + left;
        }
        let done = own + self.state.written.building();
        self.done = self.done.max(done.min(self.total));
        observer.progress(Progress::Indexing {
            done: self.done,
            total: self.total,
        });
    }
}

/// Does `work` on segments in another thread while `observer` follows it by
/// `meter` and may stop it.
pub(super) fn observed<T: Send>(
    meter: &mut Meter<'_>,
    observer: &mut dyn Observer,
    work: impl FnOnce(&(dyn Fn() -> bool + Sync)) -> Result<T> + Send,
) -> Result<T> {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| work(&|| stop.load(Ordering::Relaxed)));
        while !thread.is_finished() {
            meter.tell(observer);
            if observer.stop() {
                stop.store(true, Ordering::Relaxed);
            }
            std::thread::sleep(POLL);
        }
        let worked = thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        meter.tell(observer);
        worked
    })
}
