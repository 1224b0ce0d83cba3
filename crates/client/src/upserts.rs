//! Storing products as they come, as many as there are.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use assort_proto::v1;
use assort_proto::v1::product_service_client::ProductServiceClient;
use assort_proto::v1::stream_upsert_products_request::{Message, Open, Rows};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use crate::batches::{Size, checked};
use crate::connection::Client;
use crate::error::{Error, RejectedRow, Result};
use crate::retry::asked;
use crate::values::{Row, told};

/// Products of a message, at most: more would wait longer for their answer.
const ROWS: usize = 512;

/// Bytes of a message, at most, for the same reason.
const BYTES: usize = 2 << 20;

/// Messages that wait for their answer, at most; they are kept to be sent again.
const UNANSWERED: usize = 12;

/// How long to wait before a stream that broke is opened again.
const AGAIN: Duration = Duration::from_millis(250);

/// Products on their way into a catalog.
///
/// The server stores what has come and says so; no more is sent ahead of that than a few
/// messages, so that a slow server makes [`Upserts::send`] wait. When the connection breaks,
/// the stream is opened again and goes on behind what is stored.
///
/// ```no_run
/// # async fn example(shop: &assort_client::Catalog, rows: Vec<assort_client::Row>)
/// # -> assort_client::Result<()> {
/// let mut upserts = shop.upserts().await?;
/// for row in rows {
///     upserts.send(row).await?;
/// }
/// let stored = upserts.finish().await?;
/// println!("{} new, {} rejected", stored.counts.added, stored.rejected.len());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Upserts {
    client: Client,
    parent: String,
    size: Size,
    /// Products of the next message.
    gathered: Vec<v1::Product>,
    gathered_bytes: usize,
    /// The number of the last row that was given.
    last: i64,
    /// Messages that were not answered, with rows above `committed` only.
    unanswered: VecDeque<Rows>,
    stream: Option<Stream>,
    /// What was stored by streams that have ended.
    before: v1::UpsertCounts,
    committed: i64,
    rejected: Vec<RejectedRow>,
    broken: Option<Broken>,
}

/// A stream that is open.
#[derive(Debug)]
struct Stream {
    requests: mpsc::Sender<v1::StreamUpsertProductsRequest>,
    answers: Streaming<v1::StreamUpsertProductsResponse>,
    /// How many of the unanswered messages were sent on it.
    sent: usize,
    /// What it has stored.
    counts: v1::UpsertCounts,
}

/// Since when, and how often, no stream has got on.
#[derive(Debug)]
struct Broken {
    since: Instant,
    tries: u32,
}

/// What became of products that were sent.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Upserted {
    /// Every row up to this number is stored or rejected.
    pub committed_through: u64,
    /// How many products were stored. Those that had to be sent again after a connection
    /// broke, and were stored before, count as unchanged.
    pub counts: v1::UpsertCounts,
    /// Rows that were rejected, but for those that [`Upserts::take_rejected`] gave.
    pub rejected: Vec<RejectedRow>,
}

impl Upserts {
    pub(crate) async fn open(client: Client, parent: String) -> Result<Self> {
        let size = client.size().await?;
        let mut upserts = Self {
            client,
            parent,
            size,
            gathered: Vec::new(),
            gathered_bytes: 0,
            last: 0,
            unanswered: VecDeque::new(),
            stream: None,
            before: v1::UpsertCounts::default(),
            committed: 0,
            rejected: Vec::new(),
            broken: None,
        };
        // What stands in the way of it is told before anything is sent.
        upserts.open_stream().await?;
        Ok(upserts)
    }

    /// Sends a row, once there is room for it. Rows are numbered from 1 on.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for a product that fits no message, which was not sent and has
    /// no number; any other one ends the whole, and what is stored stays.
    pub async fn send(&mut self, row: impl Into<Row>) -> Result<()> {
        let product = told(&row.into());
        let name = |product: &v1::Product| format!("the product `{}`", product.id);
        let bytes = checked(&product, self.size, name)?;
        let most = self.size.bytes.min(BYTES.max(bytes));
        let is_full = self.gathered.len() >= self.size.count.min(ROWS);
        if is_full || self.gathered_bytes + bytes > most {
            self.flush();
            self.drive(UNANSWERED).await?;
        }
        self.gathered_bytes += bytes;
        self.gathered.push(product);
        self.last += 1;
        Ok(())
    }

    /// The number of the last row that was sent.
    pub fn last_row(&self) -> u64 {
        self.last as u64
    }

    /// Every row up to this number is stored for good, or was rejected.
    pub fn committed_through(&self) -> u64 {
        self.committed as u64
    }

    /// How many products were stored so far.
    pub fn counts(&self) -> v1::UpsertCounts {
        let now = self.stream.as_ref().map(|stream| stream.counts);
        sum(self.before, now.unwrap_or_default())
    }

    /// Rows that were rejected since this was called last.
    pub fn take_rejected(&mut self) -> Vec<RejectedRow> {
        std::mem::take(&mut self.rejected)
    }

    /// Sends what is left, and waits until all is stored.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn finish(&mut self) -> Result<Upserted> {
        self.flush();
        self.drive(0).await?;
        self.stop().await
    }

    /// Sends no more; waits for what was sent, and gives what is stored. A row that was
    /// not sent yet is none that is stored.
    ///
    /// # Errors
    /// As all calls, see [`Error`]. What was stored stays.
    pub async fn stop(&mut self) -> Result<Upserted> {
        if let Some(stream) = &mut self.stream {
            let (requests, _) = mpsc::channel(1);
            // Without its sender the stream of requests ends.
            drop(std::mem::replace(&mut stream.requests, requests));
            loop {
                match self.answer().await {
                    Ok(Some(answer)) => self.hear(answer),
                    Ok(None) => break,
                    // Whatever it is, all is stored.
                    Err(_) if self.unanswered.is_empty() => break,
                    Err(error) => return Err(error),
                }
            }
        }
        let counts = self.counts();
        self.end_stream();
        Ok(Upserted {
            committed_through: self.committed_through(),
            counts,
            rejected: self.take_rejected(),
        })
    }

    /// Makes a message of what is gathered.
    fn flush(&mut self) {
        self.gathered_bytes = 0;
        let products = std::mem::take(&mut self.gathered);
        if !products.is_empty() {
            self.unanswered.push_back(Rows {
                first_row: self.last - products.len() as i64 + 1,
                products,
            });
        }
    }

    /// Sends and hears, until no more than so many messages are unanswered.
    async fn drive(&mut self, most: usize) -> Result<()> {
        while self.unanswered.len() > most || self.unsent() {
            if let Err(error) = self.step().await {
                self.recover(error).await?;
            }
        }
        Ok(())
    }

    fn unsent(&self) -> bool {
        let sent = self.stream.as_ref().map_or(0, |stream| stream.sent);
        sent < self.unanswered.len()
    }

    /// Sends a message or hears an answer.
    async fn step(&mut self) -> Result<()> {
        self.open_stream().await?;
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        let next = self.unanswered.get(stream.sent);
        let is_next = next.is_some();
        let answer = tokio::select! {
            // A stream that takes no more has an answer that says why.
            Ok(permit) = stream.requests.reserve(), if is_next => {
                permit.send(message(next.cloned().map(Message::Rows)));
                stream.sent += 1;
                return Ok(());
            }
            answer = stream.answers.message() => answer,
        };
        match answer {
            Ok(Some(answer)) => self.hear(answer),
            Ok(None) => return Err(self.ended()),
            Err(status) => return Err(self.client.error(&status)),
        }
        Ok(())
    }

    fn ended(&self) -> Error {
        Error::Broken {
            url: self.client.url().to_owned(),
            what: "the stream ended before its rows were answered".to_owned(),
        }
    }

    async fn answer(&mut self) -> Result<Option<v1::StreamUpsertProductsResponse>> {
        let Some(stream) = &mut self.stream else {
            return Ok(None);
        };
        let answer = stream.answers.message().await;
        answer.map_err(|status| self.client.error(&status))
    }

    async fn open_stream(&mut self) -> Result<()> {
        if self.stream.is_some() {
            return Ok(());
        }
        let (requests, receiver) = mpsc::channel(1);
        let open = Message::Open(Open {
            parent: self.parent.clone(),
        });
        // There is room for one.
        let _ = requests.try_send(message(Some(open)));
        let request = self.client.request(ReceiverStream::new(receiver));
        let mut products = ProductServiceClient::new(self.client.channel());
        let answers = products.stream_upsert_products(request).await;
        let answers = answers.map_err(|status| self.client.error(&status))?;
        self.stream = Some(Stream {
            requests,
            answers: answers.into_inner(),
            sent: 0,
            counts: v1::UpsertCounts::default(),
        });
        Ok(())
    }

    fn hear(&mut self, answer: v1::StreamUpsertProductsResponse) {
        self.broken = None;
        self.committed = self.committed.max(answer.committed_through);
        let rejected = answer.rejected.into_iter();
        self.rejected.extend(rejected.map(RejectedRow::of));
        let Some(stream) = &mut self.stream else {
            return;
        };
        stream.counts = answer.counts.unwrap_or(stream.counts);
        let is_done =
            |rows: &Rows| rows.first_row + rows.products.len() as i64 - 1 <= self.committed;
        while self.unanswered.front().is_some_and(is_done) {
            self.unanswered.pop_front();
            stream.sent = stream.sent.saturating_sub(1);
        }
    }

    fn end_stream(&mut self) {
        self.before = self.counts();
        self.stream = None;
    }

    /// Waits before the stream is opened again, unless it failed for good.
    async fn recover(&mut self, error: Error) -> Result<()> {
        self.end_stream();
        self.forget_stored();
        let first = asked(&error).or_else(|| error.is_of_connection().then_some(AGAIN));
        let broken = self.broken.get_or_insert_with(|| Broken {
            since: Instant::now(),
            tries: 0,
        });
        broken.tries += 1;
        let (tries, spent) = (broken.tries, broken.since.elapsed());
        let wait = first.and_then(|first| self.client.retries().wait(first, tries, spent, None));
        let Some(wait) = wait else {
            return Err(error);
        };
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Leaves out what is stored of a message, so that it is not sent again.
    fn forget_stored(&mut self) {
        if let Some(rows) = self.unanswered.front_mut() {
            let stored = (self.committed - rows.first_row + 1).max(0);
            rows.products.drain(..stored as usize);
            rows.first_row += stored;
        }
    }
}

fn message(message: Option<Message>) -> v1::StreamUpsertProductsRequest {
    v1::StreamUpsertProductsRequest { message }
}

/// Two counts together.
pub(crate) fn sum(a: v1::UpsertCounts, b: v1::UpsertCounts) -> v1::UpsertCounts {
    v1::UpsertCounts {
        added: a.added + b.added,
        updated: a.updated + b.updated,
        unchanged: a.unchanged + b.unchanged,
        labelled: a.labelled + b.labelled,
    }
}
