//! Sessions of one model that work beside each other.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use assort_core::EmbedError;

use crate::Error;

/// Every session holds the weights once. Up to this many bytes of them, one
/// session per thread is fastest; bigger models share sessions instead.
const WEIGHTS_BUDGET: usize = 600 << 20;

/// Sessions of one model, at least one.
pub(crate) struct Sessions<S>(Vec<Mutex<S>>);

impl<S: Send> Sessions<S> {
    /// Loads as many sessions as are fastest for weights of so many bytes on so many
    /// threads, beside each other. `load` is told how many threads a session has.
    pub(crate) fn load(
        weights: usize,
        threads: usize,
        load: impl Fn(usize) -> Result<S, Error> + Sync,
    ) -> Result<Self, Error> {
        let count = (WEIGHTS_BUDGET / weights.max(1)).clamp(1, threads);
        let load = &load;
        let sessions: Result<Vec<S>, Error> = std::thread::scope(|scope| {
            let loading: Vec<_> = (0..count)
                .map(|_| scope.spawn(move || load(threads / count)))
                .collect();
            let loaded = loading.into_iter().map(|session| match session.join() {
                Ok(session) => session,
                Err(_) => Err(Error::Threads {
                    threads: count,
                    cause: "one broke down".to_owned(),
                }),
            });
            loaded.collect()
        });
        Ok(Self(sessions?.into_iter().map(Mutex::new).collect()))
    }

    /// What `work` makes of parts `0..parts`, each taken by whichever session is free;
    /// in no order.
    pub(crate) fn share<T: Send>(
        &self,
        parts: usize,
        work: impl Fn(usize, Turn<'_, S>) -> Result<T, EmbedError> + Sync,
    ) -> Result<Vec<T>, EmbedError> {
        let (next, work) = (&AtomicUsize::new(0), &work);
        let run = move |worker: usize| {
            let mut done = Vec::new();
            loop {
                let part = next.fetch_add(1, Ordering::Relaxed);
                if part >= parts {
                    return Ok(done);
                }
                let turn = Turn {
                    sessions: self,
                    worker,
                };
                done.push(work(part, turn).inspect_err(|_| {
                    // The other workers need not finish what nobody will get.
                    next.store(parts, Ordering::Relaxed);
                })?);
            }
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..self.0.len().min(parts))
                .map(|worker| scope.spawn(move || run(worker)))
                .collect();
            let mut done = run(0)?;
            for other in others {
                done.extend(other.join().map_err(|_| {
                    EmbedError::new("a thread that ran the model broke down; please report this")
                })??);
            }
            Ok(done)
        })
    }

    /// The first session.
    pub(crate) fn first(&self) -> MutexGuard<'_, S> {
        self.free(0)
    }

    /// A session nobody uses, or else a worker's own as soon as it is free.
    fn free(&self, worker: usize) -> MutexGuard<'_, S> {
        let count = self.0.len();
        for i in 0..count {
            match self.0[(worker + i) % count].try_lock() {
                Ok(session) => return session,
                // A session holds no state between inputs that could be torn.
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        self.0[worker % count]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker's right to a session, which it takes when it has prepared what is to be run.
pub(crate) struct Turn<'s, S> {
    sessions: &'s Sessions<S>,
    worker: usize,
}

impl<'s, S: Send> Turn<'s, S> {
    pub(crate) fn session(&self) -> MutexGuard<'s, S> {
        self.sessions.free(self.worker)
    }
}
