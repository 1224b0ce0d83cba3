//! An iterator that runs in a thread beside whoever takes what it gives.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Items that are handed over together, and how many times as many wait at most.
const TOGETHER: usize = 1024;
const WAITING: usize = 2;

/// The items of an iterator in their order, taken ahead by a thread, which starts when the
/// first is asked for.
#[derive(Debug)]
pub(crate) struct Beside<I: Iterator> {
    state: State<I>,
    items: std::vec::IntoIter<I::Item>,
}

#[derive(Debug)]
enum State<I: Iterator> {
    Waiting(I),
    Running(Receiver<Next<I::Item>>),
    Ended,
}

#[derive(Debug)]
enum Next<T> {
    Items(Vec<T>),
    End,
}

impl<I> Beside<I>
where
    I: Iterator<Item: Send> + Send + 'static,
{
    pub(crate) fn new(iterator: I) -> Self {
        Self {
            state: State::Waiting(iterator),
            items: Vec::new().into_iter(),
        }
    }

    /// The next item; none at the end, and after an error.
    ///
    /// # Errors
    /// If there can be no thread, or it ended before the iterator.
    pub(crate) fn next(&mut self) -> io::Result<Option<I::Item>> {
        loop {
            if let Some(item) = self.items.next() {
                return Ok(Some(item));
            }
            match std::mem::replace(&mut self.state, State::Ended) {
                State::Waiting(iterator) => {
                    let (sender, receiver) = sync_channel(WAITING);
                    let thread = thread::Builder::new().name("reader".to_owned());
                    thread.spawn(move || give(iterator, &sender))?;
                    self.state = State::Running(receiver);
                }
                State::Running(receiver) => match receiver.recv() {
                    Ok(Next::Items(items)) => {
                        self.items = items.into_iter();
                        self.state = State::Running(receiver);
                    }
                    Ok(Next::End) => {}
                    Err(_) => return Err(io::Error::other("the thread that reads it has failed")),
                },
                State::Ended => return Ok(None),
            }
        }
    }
}

/// Gives all items, until nobody takes them any more.
fn give<T>(mut items: impl Iterator<Item = T>, sender: &SyncSender<Next<T>>) {
    loop {
        let together: Vec<T> = items.by_ref().take(TOGETHER).collect();
        let next = match together.is_empty() {
            true => Next::End,
            false => Next::Items(together),
        };
        let is_over = matches!(next, Next::End);
        if sender.send(next).is_err() || is_over {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_their_order_and_end() {
        let count = TOGETHER as u32 * 5 + 1;
        let mut beside = Beside::new(0..count);
        for item in 0..count {
            assert_eq!(beside.next().unwrap(), Some(item));
        }
        assert_eq!(beside.next().unwrap(), None);
        assert_eq!(beside.next().unwrap(), None);
    }

    #[test]
    fn a_thread_that_fails_is_no_end() {
        let failing = (0..TOGETHER * 2).inspect(|at| {
            assert!(*at < TOGETHER, "this thread is meant to fail");
        });
        let mut beside = Beside::new(failing);
        for _ in 0..TOGETHER {
            assert!(beside.next().unwrap().is_some());
        }
        assert!(beside.next().is_err());
        assert!(beside.next().unwrap().is_none());
    }
}
