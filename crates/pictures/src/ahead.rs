//! Many pictures opened on threads, ahead of who takes them.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use assort_core::Pixels;

use crate::error::Error;
use crate::pictures::Pictures;

/// How many pictures are opened ahead of who takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ahead {
    /// Threads that open pictures: as many as the machine has cores by default.
    pub threads: usize,
    /// How many pictures are handed over at once: 64 by default.
    pub batch: usize,
    /// Bytes of decoded pictures that may wait, those that were handed over among them:
    /// 256 MiB by default. Each thread may have one more picture in the making.
    pub bytes: u64,
}

impl Default for Ahead {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            threads: cores,
            batch: 64,
            bytes: 256 << 20,
        }
    }
}

impl Ahead {
    /// The same with another value of [`Self::threads`].
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// The same with another value of [`Self::batch`].
    #[must_use]
    pub fn with_batch(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }

    /// The same with another value of [`Self::bytes`].
    #[must_use]
    pub fn with_bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }
}

/// A picture, or why there is none.
type Opened = Result<Pixels, Error>;

/// What threads that open and the one that takes have in common.
#[derive(Default)]
struct Shared {
    /// The next to be opened.
    next: usize,
    /// Those that are being opened or wait, in order, from the first not taken.
    waiting: VecDeque<Option<Opened>>,
    /// How many were taken from the front.
    taken: usize,
    /// Bytes of all that wait, or were taken last.
    held: u64,
    /// Whether nobody takes any more.
    stopped: bool,
}

struct Queue<'a> {
    pictures: &'a Pictures,
    references: &'a [&'a str],
    options: Ahead,
    shared: Mutex<Shared>,
    changed: Condvar,
}

impl Pictures {
    /// Opens pictures on threads, and hands them over in their order, with the place of
    /// the first, some at a time. While `take` works on some, the next ones are opened.
    ///
    /// # Errors
    /// That of `take`, after which none is handed over.
    pub fn open_ahead<E>(
        &self,
        references: &[&str],
        options: Ahead,
        mut take: impl FnMut(usize, Vec<Result<Pixels, Error>>) -> Result<(), E>,
    ) -> Result<(), E> {
        let queue = Queue {
            pictures: self,
            references,
            options,
            shared: Mutex::default(),
            changed: Condvar::new(),
        };
        let threads = options.threads.clamp(1, references.len().max(1));
        std::thread::scope(|scope| {
            let _stop = Stop(&queue);
            for _ in 0..threads {
                scope.spawn(|| {
                    // Nobody waits for a thread that broke down: its panic goes on.
                    let stop = Stop(&queue);
                    queue.open_all();
                    std::mem::forget(stop);
                });
            }
            while let Some((first, batch)) = queue.next_batch() {
                let bytes = batch.iter().map(size).sum::<u64>();
                take(first, batch)?;
                queue.lock().held -= bytes;
                queue.changed.notify_all();
            }
            Ok(())
        })
    }
}

impl Queue<'_> {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no more may be opened; where nothing waits one always may.
    fn is_full(&self, shared: &Shared) -> bool {
        shared.held > 0 && shared.held >= self.options.bytes
    }

    /// Opens pictures until there is none left, or nobody takes them.
    fn open_all(&self) {
        let mut shared = self.lock();
        loop {
            if shared.stopped || shared.next >= self.references.len() {
                return;
            }
            if self.is_full(&shared) {
                shared = self.wait(shared);
                continue;
            }
            let at = shared.next;
            shared.next += 1;
            shared.waiting.push_back(None);
            drop(shared);
            let opened = self.pictures.open(self.references[at]);
            shared = self.lock();
            shared.held += size(&opened);
            // What is not yet opened was not taken.
            let place = at - shared.taken;
            if let Some(waiting) = shared.waiting.get_mut(place) {
                *waiting = Some(opened);
            }
            self.changed.notify_all();
        }
    }

    /// The next pictures with the place of the first; none after the last.
    fn next_batch(&self) -> Option<(usize, Vec<Opened>)> {
        let mut shared = self.lock();
        loop {
            if shared.stopped {
                return None;
            }
            let first = shared.taken;
            let rest = self.references.len() - first;
            let wanted = self.options.batch.max(1).min(rest);
            let ready = shared.waiting.iter().take_while(|one| one.is_some());
            let ready = ready.take(wanted).count();
            let full = self.is_full(&shared) && ready > 0;
            if ready == wanted || full {
                if ready == 0 {
                    return None;
                }
                shared.taken += ready;
                let batch = shared.waiting.drain(..ready).flatten().collect();
                return Some((first, batch));
            }
            shared = self.wait(shared);
        }
    }

    fn wait<'g>(&self, shared: MutexGuard<'g, Shared>) -> MutexGuard<'g, Shared> {
        let woken = self.changed.wait(shared);
        woken.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the work on a queue when it is dropped.
struct Stop<'q, 'a>(&'q Queue<'a>);

impl Drop for Stop<'_, '_> {
    fn drop(&mut self) {
        self.0.lock().stopped = true;
        self.0.changed.notify_all();
    }
}

fn size(opened: &Opened) -> u64 {
    opened
        .as_ref()
        .map_or(0, |pixels| pixels.rgb().len() as u64)
}
