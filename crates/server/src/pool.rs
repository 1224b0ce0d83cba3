//! Threads for work that waits for a disk, an embedder or a processor: so much at
//! once, so much waiting, and the rest is refused at once.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use assort::lower_priority;
use crossbeam_channel::{Receiver, Sender, unbounded};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tonic::Status;

use crate::error::Error;
use crate::pace::Pace;
use crate::reason::{Reason, refuse};

type Job = Box<dyn FnOnce() + Send>;

/// What fails where a machine has no more threads.
const STARTING: &str = "starting threads";

/// A number of threads with a bounded queue. The threads take their work from the
/// queue themselves, so that they never wait for the runtime in between. They end when
/// the pool is dropped and they have done what is in the queue.
pub(crate) struct Pool {
    jobs: Sender<Job>,
    threads: usize,
    waiting: Arc<AtomicUsize>,
    most_waiting: AtomicUsize,
    pace: Arc<Pace>,
}

impl Pool {
    /// Work of `threads` at once, one at least; `most_waiting` more may wait.
    ///
    /// # Errors
    /// [`Error::Machine`] if the threads cannot be started.
    pub(crate) fn new(name: &str, threads: usize, most_waiting: usize) -> Result<Self, Error> {
        Self::with(name, threads, most_waiting, |job| job())
    }

    /// The same for long work, which shares itself out among threads that no other
    /// work waits for, and that let others go first.
    ///
    /// # Errors
    /// As [`Pool::new`].
    pub(crate) fn apart(name: &str, threads: usize, most_waiting: usize) -> Result<Self, Error> {
        let named = name.to_owned();
        let shares = rayon::ThreadPoolBuilder::new()
            .thread_name(move |_| named.clone())
            .start_handler(|_| lower_priority())
            .build();
        let shares = shares.map_err(|error| Error::Machine {
            doing: STARTING,
            source: std::io::Error::other(error),
        })?;
        let shares = Arc::new(shares);
        Self::with(name, threads, most_waiting, move |job| shares.install(job))
    }

    fn with(
        name: &str,
        threads: usize,
        most_waiting: usize,
        run: impl Fn(Job) + Clone + Send + 'static,
    ) -> Result<Self, Error> {
        let (jobs, queue) = unbounded();
        for _ in 0..threads.max(1) {
            let queue: Receiver<Job> = queue.clone();
            let run = run.clone();
            let thread = std::thread::Builder::new().name(name.to_owned());
            let started = thread.spawn(move || queue.iter().for_each(run));
            started.map_err(|source| Error::Machine {
                doing: STARTING,
                source,
            })?;
        }
        Ok(Self {
            jobs,
            threads,
            waiting: Arc::default(),
            most_waiting: AtomicUsize::new(most_waiting),
            pace: Arc::default(),
        })
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
    /// its caller is gone, never begins; what has begun goes on to its end. What would
    /// not be done by its deadline is refused at once, by how long other work takes.
    ///
    /// # Errors
    /// Those of the work, and where the queue is full, or too long for the deadline, or
    /// the deadline has passed.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        deadline: Option<Instant>,
        work: impl FnOnce() -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let most = self.most_waiting.load(Ordering::Relaxed);
        let queued = Waits::begin(Arc::clone(&self.waiting), most)?;
        if !self
            .pace
            .in_time(self.waiting().saturating_sub(1), self.threads, deadline)
        {
            return Err(queue_full());
        }
        let pace = Arc::clone(&self.pace);
        let (answer, answered) = oneshot::channel();
        let span = tracing::info_span!("work");
        self.spawn(move || {
            drop(queued);
            let is_late = deadline.is_some_and(|deadline| deadline <= Instant::now());
            if is_late {
                let _ = answer.send(Err(deadline_exceeded()));
            } else if !answer.is_closed() {
                let begun = Instant::now();
                let done = span.in_scope(work);
                pace.note(begun.elapsed(), 1);
                // Whoever asked may be gone meanwhile.
                let _ = answer.send(done);
            }
        });
        by(deadline, answered)
            .await?
            .unwrap_or_else(|_| Err(fault()))
    }

    /// Does `work` when a thread is free, whoever else waits. A panic ends it alone.
    pub(crate) fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        let job = move || {
            // The panic was told by its hook; whoever waits is told by a channel.
            let _ = catch_unwind(AssertUnwindSafe(work));
        };
        // The threads wait for as long as there is a pool.
        let _ = self.jobs.send(Box::new(job));
    }
}

/// Counts one that waits, for as long as it lives.
struct Waits(Arc<AtomicUsize>);

impl Waits {
    /// Begins to wait, unless as many as may wait do.
    fn begin(waiting: Arc<AtomicUsize>, most: usize) -> Result<Self, Status> {
        // Whoever finds a free thread at once waits too, for no time.
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        let one = Self(waiting);
        match before > most {
            true => Err(queue_full()),
            false => Ok(one),
        }
    }
}

impl Drop for Waits {
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
        let pool = Arc::new(Pool::new("test", 1, 2).unwrap());
        let (go, wait) = mpsc::channel::<()>();
        let (begin, begun) = oneshot::channel();
        let spawn = |work: Box<dyn FnOnce() -> Result<u32, Status> + Send>| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.run(None, work).await })
        };
        let first = spawn(Box::new(move || {
            let _ = begin.send(());
            let _ = wait.recv();
            Ok(1)
        }));
        begun.await.unwrap();
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
        let pool = Pool::new("test", 1, 8).unwrap();
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
        let pool = Pool::new("test", 1, 1).unwrap();
        let work = || -> Result<(), Status> { panic!("on purpose") };
        assert_eq!(
            pool.run(None, work).await.unwrap_err().code(),
            Code::Internal
        );
        assert_eq!(pool.run(None, || Ok(1)).await.unwrap(), 1);
    }
}
