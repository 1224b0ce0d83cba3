//! Storing products as they come: what has come while the last group was stored
//! is the next group.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assort_proto::v1;
use assort_proto::v1::stream_upsert_products_request::Message;
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::access::Role;
use crate::call::Call;
use crate::limits::MAX_REQUEST;
use crate::names;
use crate::reason::of_error;
use crate::served::{Served, Shared, Turn};
use crate::services::rows::{Numbers, no_rows, not_opened, rejected};
use crate::services::upsert::{Stored, counts, row, store};
use crate::services::{message, stopping};
use crate::values::Wrong;

/// Rows that are stored together at most: so many that a commit costs little beside them,
const GROUP: usize = 8_192;

/// at least, and those of the first group,
const SMALL_GROUP: usize = 64;

/// and otherwise as many as take so long to embed and store, so that clients soon hear
/// of them.
const GROUP_TIME: Duration = Duration::from_millis(500);

/// Bytes of rows that are stored together.
const GROUP_BYTES: usize = MAX_REQUEST;

/// Messages that are read ahead.
const AHEAD: usize = 4;

/// How long a group waits for the next message.
const PATIENCE: Duration = Duration::from_millis(2);

/// Answers that wait for their reader.
const ANSWERS: usize = 4;

type Answer = Result<v1::StreamUpsertProductsResponse, Status>;

/// A row with the number that the client gave it.
type Row = (i64, v1::Product);

/// Opens a stream.
pub(super) async fn open(
    shared: &Arc<Shared>,
    call: Call,
    mut messages: Streaming<v1::StreamUpsertProductsRequest>,
) -> Result<ReceiverStream<Answer>, Status> {
    let first = message(&mut messages)
        .await?
        .and_then(|first| first.message);
    let Some(Message::Open(open)) = first else {
        return Err(not_opened());
    };
    let name = names::catalog("parent", &open.parent)?;
    let served = shared.writable(&call, Role::ReadWrite, name)?;
    let (rows, reader) = mpsc::channel(AHEAD);
    tokio::spawn(read(messages, rows, Arc::clone(shared)));
    let (answers, receiver) = mpsc::channel(ANSWERS);
    let stream = Stream {
        shared: Arc::clone(shared),
        served,
        call,
        rows: reader,
        left: Vec::new().into_iter(),
        most: SMALL_GROUP,
        ended: None,
        counts: v1::UpsertCounts::default(),
    };
    tokio::spawn(stream.run(answers));
    Ok(ReceiverStream::new(receiver))
}

/// Reads messages ahead, until the client is done, something is wrong, or the server
/// is about to end.
async fn read(
    mut messages: Streaming<v1::StreamUpsertProductsRequest>,
    rows: mpsc::Sender<Result<Vec<Row>, Status>>,
    shared: Arc<Shared>,
) {
    let mut stops = shared.stopping.clone();
    let mut numbers = Numbers::default();
    loop {
        let next = tokio::select! {
            next = message(&mut messages) => next,
            stopped = stopping(&mut stops) => Err(stopped),
            () = rows.closed() => return,
        };
        let next = match next {
            Ok(None) => return,
            Ok(Some(message)) => match message.message {
                Some(Message::Rows(rows)) => numbers
                    .take(rows.first_row, rows.products.len())
                    .map(|numbers| numbers.zip(rows.products).collect()),
                _ => Err(no_rows()),
            },
            Err(status) => Err(status),
        };
        let ended = next.is_err();
        if rows.send(next).await.is_err() || ended {
            return;
        }
    }
}

/// A stream of products that are stored as they come.
struct Stream {
    shared: Arc<Shared>,
    served: Arc<Served>,
    call: Call,
    rows: mpsc::Receiver<Result<Vec<Row>, Status>>,
    /// Rows that were read and are in no group yet.
    left: std::vec::IntoIter<Row>,
    /// Rows of the next group, at most.
    most: usize,
    /// How the stream ends, once no more is read.
    ended: Option<Result<(), Status>>,
    /// What was stored since the stream began.
    counts: v1::UpsertCounts,
}

impl Stream {
    /// Stores one group after the other. What was read before the end is stored, and
    /// acknowledged, before the client hears of the end.
    async fn run(mut self, answers: mpsc::Sender<Answer>) {
        loop {
            let group = self.group().await;
            if group.is_empty() {
                if let Some(Err(status)) = self.ended {
                    // The client may have gone.
                    let _ = answers.send(Err(status)).await;
                }
                return;
            }
            let answer = self.store(group).await;
            let failed = answer.is_err();
            if answers.send(answer).await.is_err() || failed {
                return;
            }
        }
    }

    /// The next rows to store together: no id twice, so that the last one stays.
    async fn group(&mut self) -> Vec<Row> {
        let (mut group, mut ids, mut bytes) = (Vec::new(), HashSet::new(), 0);
        loop {
            while let Some((_, product)) = self.left.as_slice().first() {
                let full = group.len() >= self.most || bytes >= GROUP_BYTES;
                if full || !ids.insert(product.id.trim().to_owned()) {
                    return group;
                }
                bytes += product.encoded_len();
                group.extend(self.left.next());
            }
            if self.ended.is_some() {
                return group;
            }
            let next = self.rows.recv();
            let next = match group.is_empty() {
                true => next.await,
                false => match tokio::time::timeout(PATIENCE, next).await {
                    Ok(next) => next,
                    Err(_) => return group,
                },
            };
            match next {
                Some(Ok(rows)) => self.left = rows.into_iter(),
                Some(Err(status)) => self.ended = Some(Err(status)),
                None => self.ended = Some(Ok(())),
            }
        }
    }

    async fn store(&mut self, group: Vec<Row>) -> Answer {
        let last = group.last().map_or(0, |(number, _)| *number);
        let (rows, begun) = (group.len(), Instant::now());
        let turn = Turn::beside_others(&self.served, &self.call).await?;
        let served = Arc::clone(&self.served);
        let work = move || {
            let _turn = turn;
            store_group(&served, group)
        };
        let (stored, rejected) = self.shared.bulk.run(self.call.deadline, work).await?;
        self.most = fitting_rows(rows, begun.elapsed());
        let now = counts(&stored.report);
        self.counts.added += now.added;
        self.counts.updated += now.updated;
        self.counts.unchanged += now.unchanged;
        self.counts.labelled += now.labelled;
        Ok(v1::StreamUpsertProductsResponse {
            committed_through: last,
            rejected,
            counts: Some(self.counts),
        })
    }
}

/// The rows that take as long as a group should, by what some took.
fn fitting_rows(rows: usize, took: Duration) -> usize {
    let rate = rows as f64 / took.as_secs_f64().max(1e-6);
    let fitting = (rate * GROUP_TIME.as_secs_f64()) as usize;
    fitting.clamp(SMALL_GROUP, GROUP)
}

/// Stores what can be stored of a group; gives the rest with the reasons.
fn store_group(served: &Served, group: Vec<Row>) -> Result<(Stored, Vec<v1::RejectedRow>), Status> {
    let taxonomy = served
        .catalog
        .taxonomy()
        .map_err(|error| of_error(&error))?;
    let (mut rows, mut rejects) = (Vec::with_capacity(group.len()), Vec::new());
    for (number, given) in group {
        let id = given.id.clone();
        let taken = match given.etag.is_empty() {
            true => row(number as u64, given, &taxonomy),
            false => Err(Wrong {
                field: "etag".to_owned(),
                what: "a product of a stream cannot have an etag".to_owned(),
            }),
        };
        match taken {
            Ok(row) => rows.push(row),
            Err(wrong) => rejects.push(rejected(number, id, wrong)),
        }
    }
    let stored = store(served, rows, false)?;
    rejects.extend(stored.rejected.iter().map(|one| {
        let wrong = Wrong {
            field: String::new(),
            what: one.reason.clone(),
        };
        rejected(one.line as i64, one.id.clone().unwrap_or_default(), wrong)
    }));
    rejects.sort_by_key(|one| one.row);
    Ok((stored, rejects))
}
