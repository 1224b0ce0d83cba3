//! Long work on a catalog: one at a time, followed and cancelled by its name, and
//! remembered over restarts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use assort::{Observer, Progress};
use assort_files::{Disk, save};
use assort_proto::longrunning::Operation;
use assort_proto::longrunning::operation::Result as Outcome;
use assort_proto::v1::OperationMetadata;
use prost::{Message, Name};
use prost_types::Any;
use tokio::sync::watch;
use tonic::Status;

use crate::pool::fault;
use crate::reason::{Reason, in_message, of_error, refuse};

/// Operations of a catalog that are remembered.
const KEPT: usize = 100;

/// File of a catalog's operations, in its directory.
const FILE: &str = "operations";

/// Operations of a file.
#[derive(Clone, PartialEq, Message)]
struct Kept {
    #[prost(message, repeated, tag = "1")]
    operations: Vec<Operation>,
}

/// The operations of a catalog.
#[derive(Clone)]
pub(crate) struct Operations(Arc<Shared>);

struct Shared {
    catalog: String,
    /// Where they are kept; none if the catalog is open for reading only.
    file: Option<PathBuf>,
    state: Mutex<State>,
    /// Tells of every change.
    changes: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    /// By their numbers, which grow.
    known: BTreeMap<u64, Known>,
    /// The one that is under way, and what asks it to stop.
    running: Option<(u64, Arc<AtomicBool>)>,
}

struct Known {
    operation: Operation,
    metadata: OperationMetadata,
}

impl Operations {
    /// What is remembered of a catalog's operations. Those that were under way when
    /// a server ended have failed.
    pub(crate) fn open(catalog: &str, file: Option<PathBuf>) -> Self {
        let file = file.map(|directory| directory.join(FILE));
        let bytes = file.as_ref().and_then(|file| std::fs::read(file).ok());
        let kept = Kept::decode(bytes.unwrap_or_default().as_slice()).unwrap_or_else(|error| {
            // It is only a memory; a new one begins.
            tracing::warn!(catalog, %error, "operations of before are forgotten");
            Kept::default()
        });
        let mut known = BTreeMap::new();
        for mut operation in kept.operations {
            let number = number(catalog, &operation.name);
            let metadata = operation
                .metadata
                .as_ref()
                .map(Any::to_msg::<OperationMetadata>);
            let (Some(number), Some(Ok(metadata))) = (number, metadata) else {
                continue;
            };
            if !operation.done {
                let what = "the server ended meanwhile; begin it again";
                let status = refuse(Reason::Interrupted, what).status();
                operation.done = true;
                operation.result = Some(Outcome::Error(in_message(&status)));
            }
            known.insert(
                number,
                Known {
                    operation,
                    metadata,
                },
            );
        }
        let state = State {
            known,
            running: None,
        };
        Self(Arc::new(Shared {
            catalog: catalog.to_owned(),
            file,
            state: Mutex::new(state),
            changes: watch::channel(()).0,
        }))
    }

    /// Begins work, unless other work is under way; gives the operation as it begins.
    ///
    /// # Errors
    /// Where other work is under way, or the operation cannot be kept.
    pub(crate) fn begin<R: Message + Name>(
        &self,
        method: &str,
        stopping: watch::Receiver<bool>,
        work: impl FnOnce(&mut dyn Observer) -> Result<R, assort::Error> + Send + 'static,
    ) -> Result<Operation, Status> {
        let cancel = Arc::new(AtomicBool::new(false));
        let (number, operation) = self.add(method, &cancel)?;
        let follower = Follower {
            operations: self.clone(),
            number,
            cancel,
            stopping,
        };
        let thread = std::thread::Builder::new().name(format!("assort {method}"));
        let started = thread.spawn(move || follower.run(work));
        match started {
            Ok(_) => Ok(operation),
            Err(_) => {
                self.end(number, Err(fault()));
                Err(fault())
            }
        }
    }

    /// Refuses work while other work is under way.
    pub(crate) fn check_free(&self) -> Result<(), Status> {
        match self.0.lock().running {
            None => Ok(()),
            Some((number, _)) => {
                let name = self.0.name(number);
                let what = format!("the operation `{name}` is under way; wait until it ends");
                Err(refuse(Reason::Busy, what).status())
            }
        }
    }

    fn add(&self, method: &str, cancel: &Arc<AtomicBool>) -> Result<(u64, Operation), Status> {
        self.check_free()?;
        let mut state = self.0.lock();
        let number = state.known.last_key_value().map_or(1, |(last, _)| last + 1);
        let metadata = OperationMetadata {
            catalog: format!("catalogs/{}", self.0.catalog),
            method: method.to_owned(),
            create_time: Some(SystemTime::now().into()),
            ..OperationMetadata::default()
        };
        let operation = Operation {
            name: self.0.name(number),
            ..Operation::default()
        };
        let known = Known {
            operation,
            metadata,
        };
        let told = known.told();
        state.known.insert(number, known);
        while state.known.len() > KEPT {
            state.known.pop_first();
        }
        state.running = Some((number, Arc::clone(cancel)));
        if let Err(error) = self.0.keep(&state) {
            state.known.remove(&number);
            state.running = None;
            return Err(of_error(&error));
        }
        Ok((number, told))
    }

    /// Changes what is told of an operation.
    fn tell(&self, number: u64, stage: &str, fraction: Option<f64>) {
        let mut state = self.0.lock();
        if let Some(known) = state.known.get_mut(&number) {
            stage.clone_into(&mut known.metadata.stage);
            known.metadata.fraction = fraction;
        }
    }

    fn end(&self, number: u64, result: Result<Any, Status>) {
        let mut state = self.0.lock();
        state.running = None;
        if let Some(known) = state.known.get_mut(&number) {
            known.metadata.end_time = Some(SystemTime::now().into());
            known.operation.done = true;
            known.operation.result = Some(match result {
                Ok(response) => Outcome::Response(response),
                Err(status) => Outcome::Error(in_message(&status)),
            });
        }
        if let Err(error) = self.0.keep(&state) {
            tracing::error!(catalog = self.0.catalog, %error, "an operation is not kept");
        }
        drop(state);
        self.0.changes.send_replace(());
    }

    /// All that are remembered, the newest first.
    pub(crate) fn all(&self) -> Vec<Operation> {
        let state = self.0.lock();
        state.known.values().rev().map(Known::told).collect()
    }

    /// The operation of a name.
    pub(crate) fn get(&self, name: &str) -> Result<Operation, Status> {
        let number = number(&self.0.catalog, name);
        let state = self.0.lock();
        let known = number.and_then(|number| state.known.get(&number));
        known.map(Known::told).ok_or_else(|| missing(name))
    }

    /// Asks an operation to stop. One that has ended stays as it is.
    pub(crate) fn cancel(&self, name: &str) -> Result<(), Status> {
        let number = number(&self.0.catalog, name);
        let mut state = self.0.lock();
        let known = number.filter(|number| state.known.contains_key(number));
        let number = known.ok_or_else(|| missing(name))?;
        if let Some((running, cancel)) = &state.running
            && *running == number
        {
            cancel.store(true, Ordering::Relaxed);
            if let Some(known) = state.known.get_mut(&number) {
                known.metadata.cancel_requested = true;
            }
        }
        Ok(())
    }

    /// Waits until an operation has ended.
    pub(crate) async fn wait(&self, name: &str) -> Result<Operation, Status> {
        let mut changes = self.0.changes.subscribe();
        loop {
            let operation = self.get(name)?;
            if operation.done {
                return Ok(operation);
            }
            changes.changed().await.map_err(|_| fault())?;
        }
    }
}

impl Known {
    fn told(&self) -> Operation {
        Operation {
            metadata: Any::from_msg(&self.metadata).ok(),
            ..self.operation.clone()
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self, number: u64) -> String {
        format!("operations/{}/{number}", self.catalog)
    }

    /// Writes the file of operations.
    fn keep(&self, state: &State) -> Result<(), assort::Error> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let operations = state.known.values().map(Known::told).collect();
        let bytes = Kept { operations }.encode_to_vec();
        save(&Disk, file, &bytes).map_err(|error| assort::Error::Io {
            path: error.path,
            doing: error.doing,
            source: error.source,
        })
    }
}

/// The catalog that `operations/{catalog}/{number}` names.
pub(crate) fn catalog(name: &str) -> Result<&str, Status> {
    let after = name.strip_prefix("operations/");
    let parts = after.and_then(|after| after.split_once('/'));
    parts
        .map(|(catalog, _)| catalog)
        .ok_or_else(|| missing(name))
}

fn number(catalog: &str, name: &str) -> Option<u64> {
    let after = name.strip_prefix("operations/")?.strip_prefix(catalog)?;
    after.strip_prefix('/')?.parse().ok()
}

fn missing(name: &str) -> Status {
    refuse(Reason::NotFound, format!("there is no operation `{name}`"))
        .with_resource("google.longrunning.Operation", name)
        .status()
}

/// Follows work, and stops it when somebody asks for that or the server ends.
struct Follower {
    operations: Operations,
    number: u64,
    cancel: Arc<AtomicBool>,
    stopping: watch::Receiver<bool>,
}

impl Follower {
    fn run<R: Message + Name>(
        mut self,
        work: impl FnOnce(&mut dyn Observer) -> Result<R, assort::Error>,
    ) {
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&mut self)));
        let result = match done {
            Ok(Ok(response)) => Any::from_msg(&response).map_err(|_| fault()),
            Ok(Err(error)) => Err(of_error(&error)),
            Err(_) => Err(fault()),
        };
        self.operations.end(self.number, result);
    }
}

impl Observer for Follower {
    fn progress(&mut self, progress: Progress<'_>) {
        let (stage, fraction) = stage(&progress);
        self.operations.tell(self.number, stage, fraction);
    }

    fn stop(&self) -> bool {
        self.cancel.load(Ordering::Relaxed) || *self.stopping.borrow()
    }
}

/// What is being done, and which part of it is done.
fn stage(progress: &Progress<'_>) -> (&'static str, Option<f64>) {
    let part = |done: u64, total: u64| Some(done as f64 / total.max(1) as f64);
    match *progress {
        Progress::CategoryTexts { done, total } => ("embedding categories", part(done, total)),
        Progress::Import { fraction, .. } => ("importing", fraction),
        Progress::Learning => ("learning", None),
        Progress::Training {
            head, of, fraction, ..
        } => {
            let heads = of.max(1) as f64;
            let before = head.saturating_sub(1) as f64;
            ("training", Some((before + fraction) / heads))
        }
        Progress::Evaluate { .. } => ("evaluating", None),
        Progress::Sampling { .. } => ("sampling", None),
        Progress::Teaching { done, total } => ("asking the teacher", part(done, total)),
        Progress::Distilling { fraction } => ("teaching", Some(fraction)),
        Progress::Indexing { done, total } => ("indexing", part(done, total)),
        Progress::Measuring { done, total } => ("measuring", part(done, total)),
        Progress::Copying { done, total } => ("copying", part(done, total)),
        Progress::Repair { done, total } => ("repairing", part(done, total)),
        Progress::Pictures { done, total } => ("embedding pictures", part(done, total)),
        Progress::Reembed { done, total } => ("embedding", part(done, total)),
        _ => ("working", None),
    }
}

#[cfg(test)]
mod tests {
    use assort_proto::v1::SealCatalogResponse;
    use tonic::Code;

    use super::*;

    fn stopping() -> (watch::Sender<bool>, watch::Receiver<bool>) {
        watch::channel(false)
    }

    fn code(operation: &Operation) -> Option<i32> {
        match operation.result.as_ref()? {
            Outcome::Error(status) => Some(status.code),
            Outcome::Response(_) => Some(0),
        }
    }

    #[tokio::test]
    async fn one_runs_at_a_time_and_is_cancelled_by_its_name() {
        let operations = Operations::open("shop", None);
        let (_stop, stopping) = stopping();
        let forever = |observer: &mut dyn Observer| {
            while !observer.stop() {
                observer.progress(Progress::Learning);
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            Err::<SealCatalogResponse, _>(assort::Error::Interrupted)
        };
        let begun = operations
            .begin("SealCatalog", stopping.clone(), forever)
            .unwrap();
        assert_eq!(
            (begun.name.as_str(), begun.done),
            ("operations/shop/1", false)
        );
        let other = operations.begin("SealCatalog", stopping.clone(), forever);
        assert_eq!(other.unwrap_err().code(), Code::Unavailable);
        operations.cancel("operations/shop/1").unwrap();
        let ended = operations.wait("operations/shop/1").await.unwrap();
        assert_eq!(code(&ended), Some(Code::Cancelled as i32));
        let quick = |_: &mut dyn Observer| Ok(SealCatalogResponse {});
        let begun = operations.begin("SealCatalog", stopping, quick).unwrap();
        let ended = operations.wait(&begun.name).await.unwrap();
        assert_eq!(code(&ended), Some(0));
        assert_eq!(operations.all().len(), 2);
        for name in ["operations/shop/3", "operations/other/1", "shop"] {
            assert_eq!(operations.get(name).unwrap_err().code(), Code::NotFound);
        }
    }

    #[tokio::test]
    async fn a_restart_remembers_what_ended_and_what_was_cut_off() {
        let directory = tempfile::tempdir().unwrap();
        let open = || Operations::open("shop", Some(directory.path().to_owned()));
        let operations = open();
        let (_stop, stopping) = stopping();
        let quick = |_: &mut dyn Observer| Ok(SealCatalogResponse {});
        let first = operations
            .begin("SealCatalog", stopping.clone(), quick)
            .unwrap();
        let first = operations.wait(&first.name).await.unwrap();
        let endless = |observer: &mut dyn Observer| {
            while !observer.stop() {
                std::thread::yield_now();
            }
            Ok(SealCatalogResponse {})
        };
        let cut = operations.begin("SealCatalog", stopping, endless).unwrap();
        let again = open();
        assert_eq!(again.get(&first.name).unwrap(), first);
        assert_eq!(
            code(&again.get(&cut.name).unwrap()),
            Some(Code::Cancelled as i32)
        );
        operations.cancel(&cut.name).unwrap();
    }
}
