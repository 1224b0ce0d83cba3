//! `ReplicationService`

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use assort::Observer;
use assort::copies::Manifest;
use assort_proto::v1;
use assort_proto::v1::replication_service_server::ReplicationService;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::access::Role;
use crate::call::Call;
use crate::names;
use crate::pool::{fault, stopped};
use crate::reason::{Reason, Refusal, of_error, refuse};
use crate::served::{Served, Shared};
use crate::services::stopping;
use crate::snapshots::{HOLD, Snapshot};

/// Bytes of a message.
const CHUNK: usize = 64 << 10;

/// Messages that wait for their reader.
const AHEAD: usize = 8;

type Chunk = Result<v1::ReadSnapshotFileResponse, Status>;

/// Copies of catalogs.
pub(crate) struct Replication(pub(crate) Arc<Shared>);

#[tonic::async_trait]
impl ReplicationService for Replication {
    type ReadSnapshotFileStream = ReceiverStream<Chunk>;

    async fn get_snapshot(
        &self,
        request: Request<v1::GetSnapshotRequest>,
    ) -> Result<Response<v1::Snapshot>, Status> {
        let (call, request) = (Call::of(&request)?, request.into_inner());
        let name = names::part("name", &request.name, "snapshot")?;
        let served = self.0.catalog(&call, Role::ReadOnly, name)?;
        let stops = self.0.stopping.clone();
        let own = Arc::clone(&served);
        let told = self.0.bulk.run(call.deadline, move || {
            let commit = own.catalog.last_commit();
            let commit = commit.map_err(|error| of_error(&error))? as i64;
            if commit == request.known_commit {
                let identity = own.catalog.identity().map_err(|error| of_error(&error))?;
                return Ok(v1::Snapshot {
                    commit,
                    identity: bytes(identity),
                    ..v1::Snapshot::default()
                });
            }
            let taken = own.snapshots.take(&own.catalog, &mut Stopping(stops))?;
            Ok(told(&own.name, &taken))
        });
        let told = told.await?;
        let_go_later(&served);
        Ok(Response::new(told))
    }

    async fn read_snapshot_file(
        &self,
        request: Request<v1::ReadSnapshotFileRequest>,
    ) -> Result<Response<Self::ReadSnapshotFileStream>, Status> {
        let (call, request) = (Call::of(&request)?, request.into_inner());
        let (catalog, id) = names::snapshot("name", &request.name)?;
        let served = self.0.catalog(&call, Role::ReadOnly, catalog)?;
        let missing = |what: String, kind: &str| {
            let refusal = refuse(Reason::NotFound, what);
            refusal.with_resource(kind, &request.name).status()
        };
        let snapshot = served.snapshots.get(id).ok_or_else(|| {
            let what = format!("the server does not hold `{}`", request.name);
            missing(what, "assort.v1.Snapshot")
        })?;
        let (path, size) = snapshot.file(&request.path).ok_or_else(|| {
            let what = format!("the snapshot has no file `{}`", request.path);
            missing(what, "assort.v1.SnapshotFile")
        })?;
        let offset = u64::try_from(request.offset).ok();
        let offset = offset.filter(|offset| *offset <= size).ok_or_else(|| {
            let what = format!(
                "`offset` is {}, and the file has {size} bytes",
                request.offset
            );
            Refusal::of_field("offset", what).status()
        })?;
        let file = blocking(move || open(&path, offset)).await?;
        let (sender, receiver) = mpsc::channel(AHEAD);
        tokio::spawn(send(file, snapshot, sender, self.0.stopping.clone()));
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

/// Sends what follows of a file, no faster than it is read.
async fn send(
    mut file: File,
    snapshot: Arc<Snapshot>,
    chunks: mpsc::Sender<Chunk>,
    mut stops: watch::Receiver<bool>,
) {
    // While it is sent, the snapshot is held.
    let _held = snapshot;
    loop {
        let read = blocking(move || {
            let mut data = Vec::with_capacity(CHUNK);
            let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut data);
            read.map_err(|error| failed(&error))?;
            Ok((file, data))
        });
        let next = tokio::select! {
            read = read => read,
            stopped = stopping(&mut stops) => Err(stopped),
        };
        let (next, data) = match next {
            Ok((next, data)) if !data.is_empty() => (next, data),
            Ok(_) => return,
            Err(status) => {
                // Who has gone is told nothing.
                let _ = chunks.send(Err(status)).await;
                return;
            }
        };
        file = next;
        let sent = chunks.send(Ok(v1::ReadSnapshotFileResponse { data }));
        let sent = tokio::select! {
            sent = sent => sent.is_ok(),
            _ = stopping(&mut stops) => {
                let _ = chunks.try_send(Err(stopped()));
                false
            }
        };
        if !sent {
            return;
        }
    }
}

fn open(path: &Path, offset: u64) -> Result<File, Status> {
    let opened = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(offset))?;
        Ok(file)
    });
    opened.map_err(|error| failed(&error))
}

fn failed(error: &std::io::Error) -> Status {
    tracing::error!(%error, "a file of a snapshot cannot be read");
    let what = "a file of the snapshot cannot be read; the server's log says more";
    refuse(Reason::Storage, what).status()
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Status> + Send + 'static,
) -> Result<T, Status> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(fault()))
}

/// Lets go of the catalog's snapshots when nobody asks for them.
fn let_go_later(served: &Arc<Served>) {
    if !served.snapshots.watch() {
        return;
    }
    let served = Arc::downgrade(served);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(HOLD / 10).await;
            let Some(served) = served.upgrade() else {
                return;
            };
            if !served.snapshots.let_go(HOLD) {
                served.snapshots.unwatch();
                return;
            }
        }
    });
}

fn told(catalog: &str, snapshot: &Snapshot) -> v1::Snapshot {
    let Manifest {
        catalog: identity,
        commit,
        format,
        assort,
        files,
    } = snapshot.manifest();
    let files = files.iter().map(|file| v1::SnapshotFile {
        path: file.name.clone(),
        size_bytes: file.size as i64,
        xxh3: file.digest.to_be_bytes().to_vec(),
    });
    v1::Snapshot {
        name: format!("catalogs/{catalog}/snapshots/{}", snapshot.id()),
        commit: *commit as i64,
        identity: bytes(*identity),
        format: *format as i32,
        assort_version: assort.clone(),
        files: files.collect(),
        expire_time: Some((SystemTime::now() + HOLD).into()),
    }
}

/// What tells a catalog from others, as bytes.
fn bytes(identity: Option<u128>) -> Vec<u8> {
    identity.map_or_else(Vec::new, |identity| identity.to_be_bytes().to_vec())
}

/// Stops a copy when the server is about to end.
struct Stopping(watch::Receiver<bool>);

impl Observer for Stopping {
    fn stop(&self) -> bool {
        *self.0.borrow()
    }
}
