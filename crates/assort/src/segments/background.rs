//! Sealing and merging in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use assort_index::BuildOptions;

use super::compact::give_back;
use super::merge::merge;
use super::merge_policy::{LIVE, MOST, Work, due};
use super::seal::seal_locked;
use crate::Result;
use crate::columns::{build_columns, columns_are_due};
use crate::state::State;
use crate::store::{Reader, SpaceRecord};
use crate::task::{Task, TaskState, threads};

/// Keeps a catalog's segments few and its live vectors bounded, in a thread
/// of its own that runs while there is work.
pub(crate) struct Background {
    task: Task,
    shared: Arc<Shared>,
}

struct Shared {
    /// Live vectors at which they are sealed.
    limit: AtomicU64,
    /// Whether many are coming, so that more may gather.
    gathering: AtomicBool,
    /// Whether somebody with more threads takes over after the next step.
    handing_over: AtomicBool,
}

impl Background {
    pub(crate) fn new() -> Self {
        let shared = Shared {
            limit: AtomicU64::new(LIVE),
            gathering: AtomicBool::new(false),
            handing_over: AtomicBool::new(false),
        };
        Self {
            task: Task::default(),
            shared: Arc::new(shared),
        }
    }

    /// Begins to work, if there is any and it is not at it already.
    pub(crate) fn wake(&self, state: &Arc<State>) {
        if !state.store.is_writer() || self.task.is_running() || !self.shared.has_work(state) {
            return;
        }
        let (shared, state) = (Arc::clone(&self.shared), Arc::clone(state));
        self.task
            .start("assort segments", move |stop| shared.step(&state, stop));
    }

    /// Sets the number of live vectors at which they are sealed.
    pub(crate) fn set_limit(&self, limit: u64) {
        self.shared.limit.store(limit, Ordering::Relaxed);
    }

    /// The number of live vectors at which they are sealed.
    pub(crate) fn limit(&self) -> u64 {
        self.shared.limit.load(Ordering::Relaxed)
    }

    /// Lets more vectors gather than usual while many are coming: one large
    /// segment costs less than many that are merged.
    pub(crate) fn gather(&self, gathering: bool) {
        self.shared.gathering.store(gathering, Ordering::Relaxed);
    }

    /// Ends its work after the step that it is at, for somebody who does the
    /// rest with all threads; until it is told otherwise.
    pub(crate) fn hand_over(&self, handing_over: bool) {
        let shared = &self.shared;
        shared.handing_over.store(handing_over, Ordering::Relaxed);
    }

    /// Whether it is at a step. It is not while it waits after a failure.
    pub(crate) fn is_busy(&self) -> bool {
        self.task.is_running() && self.task.state() == TaskState::Working
    }

    /// Whether the segment that it builds is sooner there if all threads begin it anew than
    /// if it goes on.
    pub(crate) fn is_slower_than_anew(&self, state: &State) -> bool {
        let all = rayon::current_num_threads();
        let done = state.written.part();
        done.is_some_and(|done| is_slower_than_anew(done, threads(), all))
    }

    /// What it does.
    pub(crate) fn health(&self) -> TaskState {
        self.task.state()
    }

    /// Stops and gives up what is not finished; what is committed stays.
    pub(crate) fn rest(&self) {
        self.task.stop();
    }
}

/// Whether `threads` take longer for what is left, when a part is `done`, than `all` do for
/// the whole.
fn is_slower_than_anew(done: f64, threads: usize, all: usize) -> bool {
    (1.0 - done) * all as f64 > threads as f64
}

/// What is due next, and in which space: that of texts goes before that of pictures.
fn due_in_any_space(reader: &Reader<'_>, limit: u64) -> Result<Option<(SpaceRecord, Work)>> {
    for space in [Some(reader.space()?), reader.picture_space()?] {
        if let Some(space) = space
            && let Some(work) = due(reader, &space, limit)?
        {
            return Ok(Some((space, work)));
        }
    }
    Ok(None)
}

/// Does what is due next, when live vectors are sealed at `limit`; tells
/// whether there was anything.
pub(crate) fn step(
    state: &State,
    limit: u64,
    options: &BuildOptions,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<bool> {
    let _guard = state.lock_segments();
    let reader = state.store.read()?;
    let work = due_in_any_space(&reader, limit)?;
    // While a commit is read, pages that later ones free cannot be used again.
    drop(reader);
    match work {
        None if columns_are_due(state, &state.store.read()?, limit)? => build_columns(state, stop)?,
        None => return Ok(false),
        Some((space, Work::Seal)) => {
            seal_locked(state, &space, options, stop)?;
        }
        Some((space, Work::Merge(numbers))) => merge(state, &space, &numbers, options, stop)?,
    }
    Ok(true)
}

impl Shared {
    /// Live vectors at which they are sealed now.
    fn limit(&self) -> u64 {
        let limit = self.limit.load(Ordering::Relaxed);
        let gathering = self.gathering.load(Ordering::Relaxed);
        if gathering {
            limit.max(MOST as u64)
        } else {
            limit
        }
    }

    fn is_due(&self, state: &State) -> Result<bool> {
        Ok(due_in_any_space(&state.store.read()?, self.limit())?.is_some())
    }

    fn has_work(&self, state: &State) -> bool {
        self.gives_back(state)
            || self.is_due(state).is_ok_and(|due| due)
            || self.columns_are_due(state)
    }

    /// Whether columns are to be made: not while more is coming that would change them.
    fn columns_are_due(&self, state: &State) -> bool {
        let due = || columns_are_due(state, &state.store.read()?, self.limit());
        !self.gathering.load(Ordering::Relaxed) && due().is_ok_and(|due| due)
    }

    /// Whether free space may be given back: not while vectors are coming that
    /// will take it.
    fn gives_back(&self, state: &State) -> bool {
        !self.gathering.load(Ordering::Relaxed) && state.store.may_be_bloated()
    }

    /// Does what is due next; tells whether there is more.
    fn step(&self, state: &State, stop: &AtomicBool) -> Result<bool> {
        if self.handing_over.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let options = BuildOptions::default();
        let stop = || stop.load(Ordering::Relaxed);
        match step(state, self.limit(), &options, &stop)? {
            false if self.gives_back(state) => give_back(state, &stop).map(|()| false),
            more => Ok(more),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_begun_anew_only_where_that_is_sooner_done() {
        assert!(is_slower_than_anew(0.0, 1, 2));
        assert!(is_slower_than_anew(0.4, 2, 4));
        assert!(!is_slower_than_anew(0.6, 2, 4));
        assert!(!is_slower_than_anew(0.4, 2, 3));
        assert!(
            !is_slower_than_anew(0.0, 1, 1),
            "nothing is gained by one thread"
        );
    }
}
