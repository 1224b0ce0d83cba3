//! Requests that were answered and may come again: by the ids that clients gave
//! them, for a day, also over restarts.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use assort_files::{Disk, save};
use prost::Message;
use tokio::sync::Mutex;
use tonic::Status;

use crate::limits::MAX_REQUEST_ID;
use crate::pool::fault;
use crate::reason::{Reason, Refusal, refuse};
use crate::token::digest;

/// Seconds that an answer is remembered.
const KEPT: u64 = 24 * 60 * 60;

/// Answers that are remembered at most; then the older half is forgotten.
const MOST: usize = 100_000;

/// File of a catalog's answers, in its directory.
const FILE: &str = "requests";

/// Answers to requests with ids.
#[derive(Clone)]
pub(crate) struct Remembered(Arc<Mutex<Answers>>);

/// An answer, and a record of the file.
#[derive(Clone, PartialEq, Message)]
struct Answered {
    #[prost(string, tag = "1")]
    id: String,
    /// Digest of the request.
    #[prost(fixed64, tag = "2")]
    request: u64,
    #[prost(bytes = "vec", tag = "3")]
    answer: Vec<u8>,
    /// When it was given, in seconds since 1970.
    #[prost(uint64, tag = "4")]
    at: u64,
}

struct Answers {
    known: HashMap<String, Answered>,
    /// Where they are kept; none if the catalog is open for reading only.
    path: Option<PathBuf>,
    file: Option<File>,
}

impl Remembered {
    /// What is remembered in a catalog's directory.
    pub(crate) fn open(directory: Option<PathBuf>) -> Self {
        let path = directory.map(|directory| directory.join(FILE));
        let bytes = path.as_ref().and_then(|path| std::fs::read(path).ok());
        let mut answers = Answers {
            known: read(&bytes.unwrap_or_default()),
            path,
            file: None,
        };
        answers.forget();
        Self(Arc::new(Mutex::new(answers)))
    }

    /// The answer to a request: that of before, if it came before with this id, or
    /// what `work` gives. Only what was done is remembered, no error. Work that was
    /// begun is done and remembered even if nobody waits for it any more.
    pub(crate) async fn once<A: Message + Default + 'static>(
        &self,
        id: &str,
        request: &impl Message,
        work: impl Future<Output = Result<A, Status>> + Send + 'static,
    ) -> Result<A, Status> {
        if id.is_empty() {
            return work.await;
        }
        if id.len() > MAX_REQUEST_ID {
            let length = id.len();
            let what = format!("the request id has {length} bytes, the most is {MAX_REQUEST_ID}");
            return Err(Refusal::of_field("request_id", what).status());
        }
        let request = digest(request);
        // Held meanwhile, so that the same one sent twice at a time is done once.
        let mut answers = Arc::clone(&self.0).lock_owned().await;
        if let Some(before) = answers.known.get(id).filter(|before| before.is_fresh()) {
            return before.again(request);
        }
        let id = id.to_owned();
        let done = tokio::spawn(async move {
            let answer = work.await?;
            let answered = Answered {
                id,
                request,
                answer: answer.encode_to_vec(),
                at: now(),
            };
            let kept = tokio::task::spawn_blocking(move || answers.add(answered));
            kept.await.map_err(|_| fault())?;
            Ok(answer)
        });
        done.await.unwrap_or_else(|_| Err(fault()))
    }
}

impl Answered {
    fn is_fresh(&self) -> bool {
        now() < self.at.saturating_add(KEPT)
    }

    /// The answer for a request with the same id.
    fn again<A: Message + Default>(&self, request: u64) -> Result<A, Status> {
        if self.request != request {
            let what = "the request id was used for another request; give each its own";
            let refusal = refuse(Reason::RequestIdReused, what);
            return Err(refusal.with_field("request_id", what).status());
        }
        A::decode(self.answer.as_slice()).map_err(|_| fault())
    }
}

impl Answers {
    fn add(&mut self, answered: Answered) {
        let record = answered.encode_length_delimited_to_vec();
        self.known.insert(answered.id.clone(), answered);
        if self.known.len() > MOST {
            self.forget();
        } else if let Err(error) = self.append(&record) {
            // What was asked for is done; only a restart forgets that it was.
            tracing::error!(%error, "an answer is not kept");
        }
    }

    fn append(&mut self, record: &[u8]) -> io::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        if self.file.is_none() {
            self.file = Some(OpenOptions::new().create(true).append(true).open(path)?);
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        file.write_all(record)?;
        file.sync_data()
    }

    /// Forgets what is too old, and the older half if there is too much; writes the
    /// file anew.
    fn forget(&mut self) {
        let before = self.known.len();
        self.known.retain(|_, answered| answered.is_fresh());
        if self.known.len() > MOST {
            let mut ages: Vec<u64> = self.known.values().map(|answered| answered.at).collect();
            let half = ages.len() / 2;
            let middle = *ages.select_nth_unstable(half).1;
            self.known.retain(|_, answered| answered.at > middle);
        }
        let Some(path) = self.path.as_ref().filter(|_| before > 0) else {
            return;
        };
        let records = self.known.values();
        let bytes: Vec<u8> = records
            .flat_map(Message::encode_length_delimited_to_vec)
            .collect();
        self.file = None;
        if let Err(error) = save(&Disk, path, &bytes) {
            tracing::error!(%error, "answers are not kept");
        }
    }
}

/// The records of a file. What a crash cut off at its end is left out.
fn read(mut bytes: &[u8]) -> HashMap<String, Answered> {
    let mut known = HashMap::new();
    while !bytes.is_empty() {
        let Ok(answered) = Answered::decode_length_delimited(&mut bytes) else {
            break;
        };
        known.insert(answered.id.clone(), answered);
    }
    known
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use assort_proto::v1::BatchDeleteProductsResponse as Deleted;

    use super::*;

    async fn ask(remembered: &Remembered, id: &str, deleted: i64) -> Result<i64, Status> {
        let work = async move { Ok(Deleted { deleted }) };
        let request = Deleted { deleted: 7 };
        let answer = remembered.once(id, &request, work).await;
        answer.map(|answer| answer.deleted)
    }

    #[tokio::test]
    async fn an_answer_is_remembered_over_a_restart_and_a_torn_record() {
        let directory = tempfile::tempdir().unwrap();
        let open = || Remembered::open(Some(directory.path().to_owned()));
        let remembered = open();
        assert_eq!(ask(&remembered, "a", 1).await.unwrap(), 1);
        assert_eq!(ask(&remembered, "b", 2).await.unwrap(), 2);
        let path = directory.path().join(FILE);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(bytes.len() - 1);
        std::fs::write(&path, bytes).unwrap();
        let remembered = open();
        assert_eq!(ask(&remembered, "a", 3).await.unwrap(), 1);
        assert_eq!(ask(&remembered, "b", 4).await.unwrap(), 4);
        let remembered = open();
        assert_eq!(ask(&remembered, "b", 5).await.unwrap(), 4);
        assert_eq!(ask(&remembered, "", 6).await.unwrap(), 6);
    }

    #[tokio::test]
    async fn an_answer_is_forgotten_after_a_day_and_an_error_at_once() {
        let remembered = Remembered::open(None);
        ask(&remembered, "a", 1).await.unwrap();
        let mut answers = remembered.0.lock().await;
        answers.known.get_mut("a").unwrap().at -= KEPT;
        drop(answers);
        assert_eq!(ask(&remembered, "a", 2).await.unwrap(), 2);
        let failing = async { Err::<Deleted, _>(fault()) };
        let failed = remembered.once("x", &Deleted { deleted: 7 }, failing).await;
        assert!(failed.is_err());
        assert_eq!(ask(&remembered, "x", 3).await.unwrap(), 3);
        let long = ask(&remembered, &"x".repeat(MAX_REQUEST_ID + 1), 1).await;
        assert!(long.is_err());
    }
}
