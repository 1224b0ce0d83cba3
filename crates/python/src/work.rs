//! Working without Python's lock: in threads of this process, while Ctrl-C is heard.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use assort::read::Rejected;
use assort::{Observer, Progress};
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{AssortError, NotReady, raised};

/// How often it is looked whether Ctrl-C was pressed, and progress is told.
const OFTEN: Duration = Duration::from_millis(100);

/// Rejected rows that are told one by one.
const MOST_REJECTS: usize = 100;

/// The threads that work, and the process that they are of: a fork has none of them.
static POOL: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);

/// Fails in a process that was forked from the one that opened something with threads.
pub(crate) fn same_process(opened: u32, what: &str) -> PyResult<()> {
    match std::process::id() == opened {
        true => Ok(()),
        false => Err(NotReady::new_err(format!(
            "the {what} was opened before this process was forked; open it again here, or start \
             processes by `spawn`"
        ))),
    }
}

/// Whether an embedder has no threads of its own, so that a fork can use it.
pub(crate) fn lives_through_forks(spec: &str) -> bool {
    ["bundled", "static:", "distilled:"]
        .iter()
        .any(|kind| spec.starts_with(kind))
}

/// Threads of this process, made anew after a fork.
fn pool() -> PyResult<Arc<ThreadPool>> {
    let process = std::process::id();
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((own, pool)) = &*pool
        && *own == process
    {
        return Ok(Arc::clone(pool));
    }
    let count = std::env::var("ASSORT_THREADS").ok();
    let count = count.and_then(|count| count.parse().ok()).unwrap_or(0);
    let made = ThreadPoolBuilder::new()
        .num_threads(count)
        .thread_name(|at| format!("assort {at}"))
        .build()
        .map_err(|error| AssortError::new_err(format!("threads cannot be started: {error}")))?;
    let made = Arc::new(made);
    // Threads of the process before the fork are not there to be joined.
    if let Some((_, old)) = pool.replace((process, Arc::clone(&made))) {
        std::mem::forget(old);
    }
    Ok(made)
}

/// Does `work` while other threads of Python run.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> assort::Result<T> + Send,
) -> PyResult<T> {
    let pool = pool()?;
    py.detach(|| pool.install(work)).map_err(raised)
}

/// Does long `work` while other threads of Python run; `told` is called with how far it is.
pub(crate) fn followed<T: Send>(
    py: Python<'_>,
    told: Option<Py<PyAny>>,
    work: impl FnOnce(&mut dyn Observer) -> assort::Result<T> + Send,
) -> PyResult<T> {
    // Stays in this thread, which is the one that hears Ctrl-C.
    let (worked, error) = py.detach(|| {
        let mut follower = Follower::new(told);
        let worked = work(&mut follower);
        (worked, follower.error.into_inner())
    });
    match error {
        Some(error) => Err(error),
        None => worked.map_err(raised),
    }
}

/// Tells Python of progress, and stops where it raises.
struct Follower {
    told: Option<Py<PyAny>>,
    heard: Cell<Instant>,
    said: Instant,
    error: RefCell<Option<PyErr>>,
}

impl Follower {
    fn new(told: Option<Py<PyAny>>) -> Self {
        let now = Instant::now();
        Self {
            told,
            heard: Cell::new(now),
            said: now - OFTEN,
            error: RefCell::new(None),
        }
    }
}

impl Observer for Follower {
    fn progress(&mut self, progress: Progress<'_>) {
        let (Some(told), Some((what, done, total))) = (&self.told, figures(&progress)) else {
            return;
        };
        if self.said.elapsed() < OFTEN && Some(done) != total {
            return;
        }
        self.said = Instant::now();
        let called = Python::attach(|py| told.call1(py, (what, done, total)).map(drop));
        if let Err(error) = called {
            self.error.borrow_mut().get_or_insert(error);
        }
    }

    fn stop(&self) -> bool {
        if self.error.borrow().is_none() && self.heard.get().elapsed() >= OFTEN {
            self.heard.set(Instant::now());
            #[expect(
                clippy::redundant_closure_for_method_calls,
                reason = "the method is of one lifetime"
            )]
            let heard = Python::attach(|py| py.check_signals());
            if let Err(error) = heard {
                *self.error.borrow_mut() = Some(error);
            }
        }
        self.error.borrow().is_some()
    }
}

/// Rows that were not taken: how many, and the first of them.
#[derive(Default)]
pub(crate) struct Rejects {
    pub(crate) count: u64,
    pub(crate) first: Vec<Rejected>,
}

/// Keeps rejected rows, and leaves all else to another observer.
pub(crate) struct Beside<'a>(&'a mut Rejects, &'a mut dyn Observer);

impl Rejects {
    /// An observer that keeps them, beside another.
    pub(crate) fn beside<'a>(&'a mut self, observer: &'a mut dyn Observer) -> Beside<'a> {
        Beside(self, observer)
    }
}

impl Observer for Beside<'_> {
    fn progress(&mut self, progress: Progress<'_>) {
        self.1.progress(progress);
    }

    fn rejected(&mut self, rejected: &Rejected) {
        self.0.count += 1;
        if self.0.first.len() < MOST_REJECTS {
            self.0.first.push(rejected.clone());
        }
    }

    fn stop(&self) -> bool {
        self.1.stop()
    }
}

/// What is being done, how much of it is, and of how much.
fn figures(progress: &Progress<'_>) -> Option<(&'static str, u64, Option<u64>)> {
    Some(match progress {
        Progress::CategoryTexts { done, total } => ("category texts", *done, Some(*total)),
        Progress::Import { report, .. } => ("products", report.rows, None),
        Progress::Indexing { done, total } => ("indexing", *done, Some(*total)),
        Progress::Sampling { done } => ("sampling", *done, None),
        Progress::Teaching { done, total } => ("teaching", *done, Some(*total)),
        Progress::Distilling { fraction } => ("percent learned", percent(*fraction), Some(100)),
        Progress::Reembed { done, total } => ("moving", *done, Some(*total)),
        Progress::Fold { number, of, .. } => ("folds", *number as u64, Some(*of as u64)),
        Progress::Evaluate { done } => ("evaluating", *done, None),
        _ => return None,
    })
}

fn percent(fraction: f64) -> u64 {
    (100.0 * fraction).round() as u64
}
