//! Work in the background: one thread that runs while there is work, with as many helpers as
//! leave half of the machine to others. It lets those go first, tries again after a failure, and
//! tells how it fares.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::locks::lock;
use crate::priority::lower_priority;
use crate::{Error, Result};

/// How long a task waits after its first failure; twice as long after each
/// further one,
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// and no longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What a background task does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskState {
    /// There is nothing to do.
    #[default]
    Idle,
    /// It is at work.
    Working,
    /// It failed, and tries again by itself after a while: at first after a tenth of
    /// a second, later every half minute.
    Retrying {
        /// Why it failed the last time.
        error: String,
        /// How many times it failed in a row.
        failures: u32,
    },
}

/// Threads that a task works with: half of the machine is left to those who search and write.
pub(crate) fn threads() -> usize {
    rayon::current_num_threads().div_ceil(2)
}

/// A task that runs in a thread of its own.
#[derive(Default)]
pub(crate) struct Task {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    state: Mutex<TaskState>,
    /// Ends a wait after a failure.
    stopped: Condvar,
}

impl Task {
    /// Begins to repeat `step` until it tells that there is no more to do, unless
    /// the task runs already. `step` is told whether to stop.
    pub(crate) fn start(
        &self,
        name: &str,
        step: impl FnMut(&AtomicBool) -> Result<bool> + Send + 'static,
    ) {
        let mut thread = lock(&self.thread);
        if thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let threads = threads();
        *lock(&shared.state) = TaskState::Working;
        let spawned = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                lower_priority();
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                match pool {
                    Ok(pool) => pool.install(|| shared.run(step)),
                    Err(_) => shared.run(step),
                }
            });
        if spawned.is_err() {
            // The work stays undone until the task is started again.
            *lock(&self.shared.state) = TaskState::Idle;
        }
        *thread = spawned.ok();
    }

    /// Whether its thread runs.
    pub(crate) fn is_running(&self) -> bool {
        let thread = lock(&self.thread);
        thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// What it does.
    pub(crate) fn state(&self) -> TaskState {
        lock(&self.shared.state).clone()
    }

    /// Asks it to end soon, without waiting for it.
    pub(crate) fn ask_to_stop(&self) {
        // Under the lock of the state, so that nobody begins to wait meanwhile.
        let _state = lock(&self.shared.state);
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.stopped.notify_all();
    }

    /// Stops it and waits until it has ended; it can be started again.
    pub(crate) fn stop(&self) {
        let mut thread = lock(&self.thread);
        self.ask_to_stop();
        if let Some(thread) = thread.take() {
            // Panics are caught inside.
            let _ = thread.join();
        }
        self.shared.stop.store(false, Ordering::Relaxed);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn run(&self, mut step: impl FnMut(&AtomicBool) -> Result<bool>) {
        let mut failures = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let done = catch_unwind(AssertUnwindSafe(|| step(&self.stop)));
            let error = match done {
                Ok(Ok(true)) => {
                    failures = 0;
                    *lock(&self.state) = TaskState::Working;
                    continue;
                }
                Ok(Ok(false)) => break,
                // It was stopped, or what it worked on has gone: it asks anew.
                Ok(Err(Error::Interrupted)) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(panic) => format!("a fault of the program: {}", message(panic.as_ref())),
            };
            failures += 1;
            self.wait(error, failures);
        }
        *lock(&self.state) = TaskState::Idle;
    }

    fn wait(&self, error: String, failures: u32) {
        let factor = 1 << failures.saturating_sub(1).min(16);
        let longest = FIRST_WAIT.saturating_mul(factor).min(LONGEST_WAIT);
        let mut state = lock(&self.state);
        *state = TaskState::Retrying { error, failures };
        let stopped = |_: &mut TaskState| !self.stop.load(Ordering::Relaxed);
        drop(self.stopped.wait_timeout_while(state, longest, stopped));
    }
}

/// What a panic said.
fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn wait_until(condition: impl Fn() -> bool) {
        for _ in 0..2_000 {
            if condition() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("it did not come about within ten seconds");
    }

    #[test]
    fn a_task_tries_again_after_errors_and_panics_and_tells_so() {
        let task = Task::default();
        let (sender, receiver) = channel();
        let mut round = 0;
        task.start("test", move |_| {
            round += 1;
            match round {
                1 => Err(Error::NoProduct("first".to_owned())),
                2 => panic!("second"),
                _ => {
                    let _ = sender.send(round);
                    receiver_waits();
                    Ok(false)
                }
            }
        });
        wait_until(|| matches!(task.state(), TaskState::Retrying { failures: 1, .. }));
        wait_until(
            || matches!(task.state(), TaskState::Retrying { error, failures: 2 } if error.contains("second")),
        );
        assert_eq!(receiver.recv(), Ok(3));
        wait_until(|| task.state() == TaskState::Idle);
    }

    fn receiver_waits() {
        std::thread::sleep(Duration::from_millis(1));
    }

    #[test]
    fn a_task_that_waits_after_a_failure_stops_at_once() {
        let task = Task::default();
        task.start("test", |_| Err(Error::ReadOnly));
        wait_until(|| matches!(task.state(), TaskState::Retrying { failures, .. } if failures > 2));
        let begun = std::time::Instant::now();
        task.stop();
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert_eq!(task.state(), TaskState::Idle);
    }
}
