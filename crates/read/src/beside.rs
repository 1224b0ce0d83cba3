//! An iterator that runs in a thread beside whoever takes what it gives.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Items that wait to be taken, at most.
const WAITING: usize = 2;

/// The items of an iterator in their order, taken ahead by a thread, which starts when the
/// first is asked for.
pub(crate) struct Beside<I: Iterator> {
    state: State<I>,
}

impl<I: Iterator> fmt::Debug for Beside<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beside").finish_non_exhaustive()
    }
}

enum State<I: Iterator> {
    Waiting(I),
    Running(Receiver<Option<I::Item>>),
    Ended,
}

impl<I> Beside<I>
where
    I: Iterator<Item: Send> + Send + 'static,
{
    pub(crate) fn new(iterator: I) -> Self {
        Self {
            state: State::Waiting(iterator),
        }
    }

    /// The next item; none at the end, and after an error.
    ///
    /// # Errors
    /// If there can be no thread, or it ended before the iterator.
    pub(crate) fn next(&mut self) -> io::Result<Option<I::Item>> {
        loop {
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Waiting(iterator) => {
                    let (sender, receiver) = sync_channel(WAITING);
                    let thread = thread::Builder::new().name("reader".to_owned());
                    thread.spawn(move || give(iterator, &sender))?;
                    self.state = State::Running(receiver);
                }
                State::Running(receiver) => match receiver.recv() {
                    Ok(Some(item)) => {
                        self.state = State::Running(receiver);
                        return Ok(Some(item));
                    }
                    Ok(None) => return Ok(None),
                    Err(_) => return Err(io::Error::other("the thread that reads it has failed")),
                },
                State::Ended => return Ok(None),
            }
        }
    }
}

/// Gives all items and that they are all, until nobody takes them any more.
fn give<T>(items: impl Iterator<Item = T>, sender: &SyncSender<Option<T>>) {
    for next in items.map(Some).chain([None]) {
        if sender.send(next).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_their_order_and_end() {
        let count = WAITING as u32 * 5 + 1;
        let mut beside = Beside::new(0..count);
        for item in 0..count {
            assert_eq!(beside.next().unwrap(), Some(item));
        }
        assert_eq!(beside.next().unwrap(), None);
        assert_eq!(beside.next().unwrap(), None);
    }

    #[test]
    fn a_thread_that_fails_is_no_end() {
        let failing = (0..WAITING * 3).inspect(|at| {
            assert!(*at < WAITING, "this thread is meant to fail");
        });
        let mut beside = Beside::new(failing);
        for _ in 0..WAITING {
            assert!(beside.next().unwrap().is_some());
        }
        assert!(beside.next().is_err());
        assert!(beside.next().unwrap().is_none());
    }
}
