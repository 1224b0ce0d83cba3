//! Requests that embed, gathered into batches: what comes while all runs are busy
//! is taken together by the next one, so that nobody waits for a batch to fill.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tonic::Status;
use tracing::Span;

use crate::measure::seconds;
use crate::pace::Pace;
use crate::pool::{Pool, by, deadline_exceeded, fault, queue_full};

/// Does a batch: as many results as there are requests, in their order.
pub(crate) type Work<I, O> = dyn Fn(Vec<I>) -> Vec<Result<O, Status>> + Send + Sync;

/// How batches are bounded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Batches under way at once.
    pub(crate) runs: usize,
    /// What the requests of a batch come to, at most; a larger one goes alone.
    pub(crate) size: usize,
    /// Requests that may wait.
    pub(crate) waiting: usize,
}

/// Bounds of the sizes of batches: 1, 2, 4 and so on to 1,024.
const SIZES: u16 = 11;

/// Gathers requests into batches.
pub(crate) struct Batcher<I, O> {
    shared: Arc<Shared<I, O>>,
    pool: Arc<Pool>,
}

struct Shared<I, O> {
    work: Box<Work<I, O>>,
    pace: Pace,
    queue: Mutex<Queue<I, O>>,
    sizes: Histogram,
    seconds: Histogram,
}

struct Queue<I, O> {
    waiting: VecDeque<Entry<I, O>>,
    runs: usize,
    bounds: Bounds,
}

struct Entry<I, O> {
    request: I,
    size: usize,
    deadline: Option<Instant>,
    answer: oneshot::Sender<Result<O, Status>>,
    span: Span,
}

impl<I: Send + 'static, O: Send + 'static> Batcher<I, O> {
    /// Batches that `work` does in threads of a pool.
    pub(crate) fn new(
        bounds: Bounds,
        pool: Arc<Pool>,
        work: impl Fn(Vec<I>) -> Vec<Result<O, Status>> + Send + Sync + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            work: Box::new(work),
            pace: Pace::default(),
            queue: Mutex::new(Queue {
                waiting: VecDeque::new(),
                runs: 0,
                bounds,
            }),
            sizes: Histogram::new(exponential_buckets(1.0, 2.0, SIZES)),
            seconds: seconds(),
        });
        Self { shared, pool }
    }

    /// Changes how large a batch may be, and how many requests may wait.
    pub(crate) fn set_bounds(&self, size: usize, waiting: usize) {
        let mut queue = self.shared.lock();
        queue.bounds.size = size;
        queue.bounds.waiting = waiting;
    }

    /// Requests that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.shared.lock().waiting.len()
    }

    /// How many requests the batches had that were begun.
    pub(crate) fn sizes(&self) -> Histogram {
        self.shared.sizes.clone()
    }

    /// How many seconds the batches took that are done.
    pub(crate) fn seconds(&self) -> Histogram {
        self.shared.seconds.clone()
    }

    /// The answer to a request that counts as `size` in its batch. One that waits
    /// when its deadline passes, or whose caller goes, is not worked at.
    ///
    /// # Errors
    /// That of this request alone; and where the queue is full or the deadline has
    /// passed.
    pub(crate) async fn ask(
        &self,
        request: I,
        size: usize,
        deadline: Option<Instant>,
    ) -> Result<O, Status> {
        let (answer, answered) = oneshot::channel();
        let entry = Entry {
            request,
            size,
            deadline,
            answer,
            span: Span::current(),
        };
        if self.shared.begin(entry)? {
            run(Arc::clone(&self.shared), Arc::clone(&self.pool));
        }
        by(deadline, answered)
            .await?
            .unwrap_or_else(|_| Err(fault()))
    }
}

/// Does batches until nobody waits; after each, it is the turn of others.
fn run<I: Send + 'static, O: Send + 'static>(shared: Arc<Shared<I, O>>, pool: Arc<Pool>) {
    let next = Arc::clone(&pool);
    pool.spawn(move || {
        if shared.step() {
            run(shared, next);
        }
    });
}

impl<I, O> Shared<I, O> {
    fn lock(&self) -> MutexGuard<'_, Queue<I, O>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a request into the queue; tells whether another run is to begin.
    fn begin(&self, entry: Entry<I, O>) -> Result<bool, Status> {
        let mut queue = self.lock();
        let (waiting, runs) = (queue.waiting.len(), queue.bounds.runs);
        let is_full = waiting >= queue.bounds.waiting;
        if is_full || !self.pace.in_time(waiting, runs, entry.deadline) {
            return Err(queue_full());
        }
        queue.waiting.push_back(entry);
        let another = queue.runs < queue.bounds.runs;
        queue.runs += usize::from(another);
        Ok(another)
    }

    /// Does a batch; tells whether there was one.
    fn step(&self) -> bool {
        let Some(batch) = self.take() else {
            return false;
        };
        let span = joined(&batch);
        let (requests, answers): (Vec<I>, Vec<_>) = batch
            .into_iter()
            .map(|entry| (entry.request, entry.answer))
            .unzip();
        self.sizes.observe(requests.len() as f64);
        let begun = Instant::now();
        // After a panic its waiters are told by their channels, and others go on.
        let worked = catch_unwind(AssertUnwindSafe(|| span.in_scope(|| (self.work)(requests))));
        let took = begun.elapsed();
        self.seconds.observe(took.as_secs_f64());
        self.pace.note(took, answers.len());
        for (answer, result) in answers.into_iter().zip(worked.unwrap_or_default()) {
            // Whoever asked may have gone.
            let _ = answer.send(result);
        }
        true
    }

    /// The next batch; without one, this run has ended.
    fn take(&self) -> Option<Vec<Entry<I, O>>> {
        let mut queue = self.lock();
        let (mut batch, mut size) = (Vec::new(), 0);
        while let Some(entry) = queue.waiting.pop_front() {
            let late = entry.deadline.is_some_and(|by| by <= Instant::now());
            if late {
                let _ = entry.answer.send(Err(deadline_exceeded()));
                continue;
            }
            if entry.answer.is_closed() {
                continue;
            }
            if !batch.is_empty() && size + entry.size > queue.bounds.size {
                queue.waiting.push_front(entry);
                break;
            }
            size += entry.size;
            batch.push(entry);
        }
        if batch.is_empty() {
            queue.runs -= 1;
            return None;
        }
        Some(batch)
    }
}

/// The span of a batch: a part of its first call, which the others lead to as well.
fn joined<I, O>(batch: &[Entry<I, O>]) -> Span {
    let first = batch.first().and_then(|entry| entry.span.id());
    let span = tracing::info_span!(parent: first, "batch", requests = batch.len());
    for entry in batch.iter().skip(1) {
        span.follows_from(entry.span.id());
    }
    span
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tonic::Code;

    use super::*;

    fn bounds(size: usize) -> Bounds {
        Bounds {
            runs: 1,
            size,
            waiting: 5,
        }
    }

    type Doubling = (
        Arc<Batcher<u32, u32>>,
        mpsc::Sender<()>,
        mpsc::Receiver<Vec<u32>>,
    );

    /// Doubles numbers, tells the batches, and waits for a word before each.
    fn doubling(size: usize) -> Doubling {
        let (go, wait) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let wait = Mutex::new(wait);
        let work = move |batch: Vec<u32>| {
            tell.send(batch.clone()).unwrap();
            let _ = wait.lock().unwrap().recv();
            let double = |number: u32| match number {
                13 => Err(Status::invalid_argument("13")),
                99 => panic!("on purpose"),
                _ => Ok(2 * number),
            };
            batch.into_iter().map(double).collect()
        };
        let pool = Arc::new(Pool::new("test", 1, 0).unwrap());
        (Arc::new(Batcher::new(bounds(size), pool, work)), go, told)
    }

    #[tokio::test]
    async fn what_comes_meanwhile_is_taken_together_and_each_gets_its_own() {
        let (batcher, go, told) = doubling(3);
        let ask = |number: u32| {
            let batcher = Arc::clone(&batcher);
            tokio::spawn(async move { batcher.ask(number, 1, None).await })
        };
        let first = ask(1);
        let next = |told: mpsc::Receiver<Vec<u32>>| {
            tokio::task::spawn_blocking(move || (told.recv().unwrap(), told))
        };
        let (batch, told) = next(told).await.unwrap();
        assert_eq!(batch, [1]);
        let mut later = Vec::new();
        for (count, number) in [(1, 2), (2, 13), (3, 4), (4, 5), (5, 6)] {
            later.push(ask(number));
            while batcher.waiting() < count {
                tokio::task::yield_now().await;
            }
        }
        let refused = batcher.ask(7, 1, None).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        // Nobody waits for this one any more.
        later.remove(2).abort();
        tokio::task::yield_now().await;
        for _ in 0..3 {
            go.send(()).unwrap();
        }
        assert_eq!(first.await.unwrap().unwrap(), 2);
        let mut answers = Vec::new();
        for one in later {
            answers.push(one.await.unwrap().map_err(|status| status.code()));
        }
        assert_eq!(answers, [Ok(4), Err(Code::InvalidArgument), Ok(10), Ok(12)]);
        assert_eq!(next(told).await.unwrap().0, [2, 13, 5]);
    }

    #[tokio::test]
    async fn a_panic_ends_its_batch_alone() {
        let (batcher, go, _told) = doubling(1);
        go.send(()).unwrap();
        let status = batcher.ask(99, 1, None).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal);
        drop(go);
        assert_eq!(batcher.ask(4, 1, None).await.unwrap(), 8);
    }
}
