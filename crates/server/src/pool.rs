//! Threads for work that waits for a disk, an embedder or a processor: so much at
//! once, so much waiting, and the rest is refused at once.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tonic::Status;

use crate::reason::{Reason, refuse};

/// A bounded number of threads with a bounded queue.
pub(crate) struct Pool {
    threads: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: AtomicUsize,
}

impl Pool {
    /// Work of `threads` at once; `most_waiting` more may wait.
    pub(crate) fn new(threads: usize, most_waiting: usize) -> Self {
        Self {
            threads: Arc::new(Semaphore::new(threads.max(1))),
            waiting: AtomicUsize::new(0),
            most_waiting: AtomicUsize::new(most_waiting),
        }
    }

    /// Changes how much work may wait.
    pub(crate) fn set_most_waiting(&self, most: usize) {
        self.most_waiting.store(most, Ordering::Relaxed);
    }

    /// Work that waits for a thread.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Does `work` when a thread is free. What has not begun at the deadline, or when
    /// its caller is gone, never begins; what has begun goes on to its end.
    ///
    /// # Errors
    /// Those of the work, and where the queue is full or the deadline has passed.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        deadline: Option<Instant>,
        work: impl FnOnce() -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let queued = Waits::begin(&self.waiting, self.most_waiting.load(Ordering::Relaxed))?;
        let threads = Arc::clone(&self.threads);
        let permit = by(deadline, threads.acquire_owned()).await?;
        let permit = permit.map_err(|_| stopped())?;
        drop(queued);
        let span = tracing::info_span!("work");
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            span.in_scope(work)
        });
        by(deadline, done).await?.unwrap_or_else(|_| Err(fault()))
    }
}

/// Counts one that waits, for as long as it lives.
pub(crate) struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    /// Begins to wait, unless as many as may wait do.
    pub(crate) fn begin(waiting: &'a AtomicUsize, most: usize) -> Result<Self, Status> {
        let one = Self(waiting);
        // Whoever finds a free thread at once waits too, for no time.
        if waiting.fetch_add(1, Ordering::Relaxed) > most {
            return Err(queue_full());
        }
        Ok(one)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Waits for something, no longer than until the deadline.
pub(crate) async fn by<T>(
    deadline: Option<Instant>,
    future: impl Future<Output = T>,
) -> Result<T, Status> {
    match deadline {
        Some(deadline) => tokio::time::timeout_at(deadline, future)
            .await
            .map_err(|_| deadline_exceeded()),
        None => Ok(future.await),
    }
}

pub(crate) fn queue_full() -> Status {
    refuse(
        Reason::QueueFull,
        "more calls wait than the server takes; try again later",
    )
    .status()
}

pub(crate) fn deadline_exceeded() -> Status {
    refuse(Reason::DeadlineExceeded, "the deadline has passed").status()
}

/// Work ended without a result: it panicked, which is told in the log.
pub(crate) fn fault() -> Status {
    tracing::error!(
        reason = Reason::Internal.as_str(),
        "work ended without a result"
    );
    refuse(Reason::Internal, "a fault of the server; its log says more").status()
}

/// The server is about to end.
pub(crate) fn stopped() -> Status {
    refuse(Reason::Stopping, "the server is about to end").status()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use tonic::Code;

    use super::*;

    #[tokio::test]
    async fn what_is_too_much_is_refused_and_the_rest_is_done() {
        let pool = Arc::new(Pool::new(1, 2));
        let (go, wait) = mpsc::channel::<()>();
        let spawn = |work: Box<dyn FnOnce() -> Result<u32, Status> + Send>| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.run(None, work).await })
        };
        let first = spawn(Box::new(move || {
            let _ = wait.recv();
            Ok(1)
        }));
        while pool.threads.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let waiting = [spawn(Box::new(|| Ok(2))), spawn(Box::new(|| Ok(3)))];
        while pool.waiting() < 2 {
            tokio::task::yield_now().await;
        }
        let third = spawn(Box::new(|| Ok(4)));
        while pool.waiting() < 3 {
            tokio::task::yield_now().await;
        }
        let refused = pool.run(None, || Ok(5)).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        let late = Some(Instant::now() + Duration::from_millis(5));
        drop(third);
        go.send(()).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), 1);
        for (one, wanted) in waiting.into_iter().zip([2, 3]) {
            assert_eq!(one.await.unwrap().unwrap(), wanted);
        }
        let _ = late;
    }

    #[tokio::test]
    async fn a_deadline_ends_the_waiting() {
        let pool = Pool::new(1, 8);
        let (go, wait) = mpsc::channel::<()>();
        let deadline = Some(Instant::now() + Duration::from_millis(20));
        let work = move || {
            let _ = wait.recv();
            Ok(())
        };
        let status = pool.run(deadline, work).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        let status = pool.run(deadline, || Ok(())).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        drop(go);
        assert_eq!(pool.run(None, || Ok(7)).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_gives_its_thread_back() {
        let pool = Pool::new(1, 1);
        let work = || -> Result<(), Status> { panic!("on purpose") };
        assert_eq!(
            pool.run(None, work).await.unwrap_err().code(),
            Code::Internal
        );
        assert_eq!(pool.run(None, || Ok(1)).await.unwrap(), 1);
    }
}
