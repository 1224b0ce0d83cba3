//! What rows of a Parquet or Arrow file say, made in a thread beside whoever takes them.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::Result;
use crate::columnar::Columnar;
use crate::columns::Columns;
use crate::json::Positions;
use crate::maker::{Given, Maker};
use crate::refusal::{Refusal, cannot_read, wrong};
use crate::row::Rejected;

/// Batches that wait to be taken, at most.
const WAITING: usize = 2;

/// What a row says, or why it says nothing.
type Made = std::result::Result<Given, Rejected>;

/// The rows of such a file.
#[derive(Debug)]
pub(crate) struct Stored {
    file: String,
    rows: Rows,
    /// What was made, and not yet taken.
    made: std::vec::IntoIter<Made>,
}

#[derive(Debug)]
enum Rows {
    /// As long as it is not known what the columns mean.
    Raw(Box<Columnar>),
    /// What a thread makes of them.
    Made(Receiver<Next>),
    /// There are no further ones.
    None,
}

enum Next {
    Made(Vec<Made>),
    /// The file cannot be read on.
    Failed(crate::Error),
    End,
}

impl Stored {
    pub(crate) fn new(columnar: Box<Columnar>) -> Self {
        Self {
            file: columnar.file().to_owned(),
            rows: Rows::Raw(columnar),
            made: Vec::new().into_iter(),
        }
    }

    /// The file, until [`Self::next`] is called.
    pub(crate) fn raw(&mut self) -> Option<&mut Columnar> {
        match &mut self.rows {
            Rows::Raw(columnar) => Some(columnar),
            Rows::Made(_) | Rows::None => None,
        }
    }

    /// Whether the next row is in memory, or in a file.
    pub(crate) fn is_at_hand(&self) -> bool {
        matches!(&self.rows, Rows::Raw(columnar) if columnar.is_at_hand())
    }

    /// What the next row says, or why it says nothing; none at the end. All further rows
    /// are made as `maker` makes the first.
    pub(crate) fn next(&mut self, maker: Maker<'_>) -> Result<Option<Made>> {
        loop {
            if let Some(made) = self.made.next() {
                return Ok(Some(made));
            }
            match std::mem::replace(&mut self.rows, Rows::None) {
                Rows::Raw(columnar) => {
                    let started = started(*columnar, maker);
                    let failed = |error: io::Error| cannot_read(&self.file, &error);
                    self.rows = Rows::Made(started.map_err(failed)?);
                }
                Rows::Made(next) => match next.recv() {
                    Ok(Next::Made(made)) => {
                        self.made = made.into_iter();
                        self.rows = Rows::Made(next);
                    }
                    Ok(Next::End) => {}
                    Ok(Next::Failed(error)) => return Err(error),
                    Err(_) => return Err(self.error("what follows could not be read")),
                },
                Rows::None => return Ok(None),
            }
        }
    }

    /// An [`Error::Input`](crate::Error::Input) about this file.
    pub(crate) fn error(&self, refusal: impl Into<Refusal>) -> crate::Error {
        wrong(&self.file, None, refusal)
    }
}

/// A thread that makes all rows.
fn started(columnar: Columnar, maker: Maker<'_>) -> io::Result<Receiver<Next>> {
    let (sender, next) = sync_channel(WAITING);
    let (columns, number) = (maker.columns.clone(), maker.number);
    let reader = thread::Builder::new().name("reader".to_owned());
    reader.spawn(move || make_all(columnar, &columns, number, &sender))?;
    Ok(next)
}

/// Makes what all rows say, until nobody takes it any more.
fn make_all(mut columnar: Columnar, columns: &Columns, mut number: u64, sender: &SyncSender<Next>) {
    let positions: Positions = columnar.keys().clone();
    loop {
        let (batch, rows) = match columnar.read_batch() {
            Ok(Some(read)) => read,
            Ok(None) => return drop(sender.send(Next::End)),
            Err(error) => return drop(sender.send(Next::Failed(error))),
        };
        let mut made = Vec::with_capacity(rows.len());
        for row in rows {
            made.push(Maker { columns, number }.make_of_batch(&batch, row, &positions));
            number += 1;
        }
        if sender.send(Next::Made(made)).is_err() {
            return;
        }
    }
}
