//! The catalogs that a server has open, and the threads that work for them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use assort::core::{Embedder, Input, Role, Space, Taxonomy};
use assort::students::{StaticEmbedding, Teacher};
use assort::{Catalog, Observer, Pack, Query, Search};
use prometheus_client::metrics::histogram::Histogram;
use prost::Message;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, watch};
use tonic::Status;

use crate::access;
use crate::batcher::{Batcher, Bounds};
use crate::call::Call;
use crate::decisions::{self, Asked, Filer};
use crate::measure::seconds;
use crate::operations::Operations;
use crate::pool::{Pool, by};
use crate::reason::{Reason, of_error, refuse};
use crate::remembered::Remembered;
use crate::snapshots::Snapshots;

/// A text that no catalog is about: a student leaves it to its teacher, which is opened
/// then.
const UNFAMILIAR: &str = "qxzv jqwk vzxq";

/// How often something is read again because the taxonomy was replaced meanwhile.
const ATTEMPTS: usize = 3;

/// How much a server does at once.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Load {
    /// Threads for calls.
    pub threads: usize,
    /// Calls that may wait for a thread; more are refused.
    pub waiting: usize,
    /// Threads for writes of many products, which embed long.
    pub bulk_threads: usize,
    /// Products or texts that are embedded together.
    pub batch: usize,
}

impl Default for Load {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            threads: threads.max(2),
            waiting: 256,
            bulk_threads: 2,
            batch: 64,
        }
    }
}

/// Opens the teacher of a catalog's next student.
pub type OpenTeacher = Arc<dyn Fn(&Catalog) -> assort::Result<Teacher> + Send + Sync>;

/// Opens an embedder: the embedder, and what a catalog keeps to open it again.
pub type OpenEmbedder = Arc<dyn Fn() -> assort::Result<(Arc<dyn Embedder>, String)> + Send + Sync>;

/// Embedders that callers may move catalogs to, by the names that they call them.
#[derive(Clone, Default)]
pub struct Embedders(pub BTreeMap<String, OpenEmbedder>);

impl std::fmt::Debug for Embedders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A catalog that is to be served.
pub struct Opened {
    /// Its name in the names of resources.
    pub name: String,
    /// The catalog, with its embedder.
    pub catalog: Catalog,
    /// Whether it was opened for reading only.
    pub read_only: bool,
    /// What opens the teacher, once a student is to be taught.
    pub teacher: OpenTeacher,
    /// What students start from; none start from nothing.
    pub start: Option<StaticEmbedding>,
    /// What files products in place of the catalog: the pack that its own were filed by.
    pub pack: Option<Pack>,
    /// Whether the catalog fetches pictures from the web: products that have such are filed
    /// apart from others, which do not wait for them.
    pub fetches_pictures: bool,
}

/// The vector of a text, with the space it is of.
pub(crate) type QueryVector = (Vec<f32>, Space);

/// A catalog that is served.
pub(crate) struct Served {
    pub(crate) name: String,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) read_only: bool,
    pub(crate) fetches_pictures: bool,
    /// Held to read while products are written, and to write where what is written
    /// depends on what was read.
    pub(crate) writes: Arc<RwLock<()>>,
    /// Turns at writing that have ended.
    written: Arc<AtomicU64>,
    pub(crate) remembered: Remembered,
    pub(crate) operations: Operations,
    /// What replicas copy.
    pub(crate) snapshots: Snapshots,
    pub(crate) teacher: OpenTeacher,
    /// What students start from.
    pub(crate) start: Option<StaticEmbedding>,
    pub(crate) filer: Arc<Filer>,
    pub(crate) filing: Batcher<Asked, Vec<decisions::Filed>>,
    pub(crate) queries: Batcher<String, QueryVector>,
    /// Seconds that searches took.
    pub(crate) searches: Histogram,
}

impl Served {
    pub(crate) fn new(opened: Opened, load: &Load, pool: &Arc<Pool>) -> Self {
        let Opened {
            name,
            catalog,
            read_only,
            teacher,
            start,
            pack,
            fetches_pictures,
        } = opened;
        let directory = (!read_only).then(|| catalog.directory().to_owned());
        let catalog = Arc::new(catalog);
        let bounds = Bounds {
            runs: load.threads,
            size: load.batch,
            waiting: load.waiting,
        };
        let filer = Arc::new(Filer::new(Arc::clone(&catalog), pack));
        let files = Arc::clone(&filer);
        let embeds = Arc::clone(&catalog);
        let own = name.clone();
        Self {
            filing: Batcher::new(bounds, Arc::clone(pool), move |batch| {
                decisions::file(&files, &own, batch)
            }),
            queries: Batcher::new(bounds, Arc::clone(pool), move |texts| {
                embed_queries(&embeds, &texts)
            }),
            searches: seconds(),
            filer,
            remembered: Remembered::open(directory.clone()),
            operations: Operations::open(&name, directory),
            snapshots: Snapshots::new(catalog.directory()),
            teacher,
            start,
            writes: Arc::default(),
            written: Arc::default(),
            name,
            catalog,
            read_only,
            fetches_pictures,
        }
    }

    /// Makes ready what the first search and the first classification need.
    pub(crate) fn prepare(&self, observer: &mut dyn Observer) -> assort::Result<()> {
        let first = Search::new(Query::Text(UNFAMILIAR.to_owned()));
        self.catalog.search(&first)?;
        self.filer.prepare(observer)
    }

    /// What `read` gives, with the taxonomy that its categories are of: it is read
    /// again if the taxonomy was replaced meanwhile.
    pub(crate) fn with_taxonomy<T>(
        &self,
        read: impl Fn(&Catalog) -> Result<T, Status>,
    ) -> Result<(T, Arc<Taxonomy>), Status> {
        let taxonomy = || self.catalog.taxonomy().map_err(|error| of_error(&error));
        let mut before = taxonomy()?;
        for _ in 0..ATTEMPTS {
            let found = read(&self.catalog)?;
            let after = taxonomy()?;
            if before.version() == after.version() {
                return Ok((found, after));
            }
            before = after;
        }
        let what = "the taxonomy is being replaced again and again; try again later";
        Err(refuse(Reason::Busy, what).status())
    }

    /// What page tokens are bound to: the content, and writes of this server that do
    /// not show in it, such as those of attributes.
    pub(crate) fn page_state(&self, content: u64) -> u64 {
        content ^ self.written.load(Ordering::Relaxed).rotate_left(32)
    }

    /// Refuses writes where the catalog is open for reading only.
    pub(crate) fn check_writes(&self) -> Result<(), Status> {
        match self.read_only {
            true => Err(of_error(&assort::Error::ReadOnly)),
            false => Ok(()),
        }
    }
}

/// The vectors of queries, in one call of the embedder; each alone if that fails.
fn embed_queries(catalog: &Catalog, texts: &[String]) -> Vec<Result<QueryVector, Status>> {
    let embedder = match catalog.embedder() {
        Ok(embedder) => embedder,
        Err(error) => return texts.iter().map(|_| Err(of_error(&error))).collect(),
    };
    match embed(embedder.as_ref(), texts) {
        Ok(vectors) => vectors.into_iter().map(Ok).collect(),
        Err(status) if texts.len() == 1 => vec![Err(status)],
        Err(_) => {
            let alone = texts.iter().map(|text| {
                let mut vectors = embed(embedder.as_ref(), std::slice::from_ref(text))?;
                vectors.pop().ok_or_else(crate::pool::fault)
            });
            alone.collect()
        }
    }
}

fn embed(embedder: &dyn Embedder, texts: &[String]) -> Result<Vec<QueryVector>, Status> {
    let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::plain(text)).collect();
    let failed = |error| of_error(&assort::Error::Embed(error));
    let vectors = embedder.embed(&inputs, Role::Query).map_err(failed)?;
    let space = embedder.space();
    if vectors.len() != texts.len() * space.dimensions {
        let what = "the embedder gave another number of coordinates than its space has";
        return Err(of_error(&assort::Error::Internal(what.to_owned())));
    }
    let vectors = vectors.chunks_exact(space.dimensions);
    Ok(vectors
        .map(|vector| (vector.to_vec(), space.clone()))
        .collect())
}

/// The catalogs that are served, by name.
pub(crate) struct Serving(std::sync::RwLock<BTreeMap<String, Arc<Served>>>);

impl Serving {
    pub(crate) fn new(catalogs: impl IntoIterator<Item = Served>) -> Self {
        let catalogs = catalogs.into_iter();
        let named = catalogs.map(|served| (served.name.clone(), Arc::new(served)));
        Self(std::sync::RwLock::new(named.collect()))
    }

    /// The catalog of that name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Served>> {
        let catalogs = self.0.read().unwrap_or_else(PoisonError::into_inner);
        catalogs.get(name).cloned()
    }

    /// All of them, in the order of their names.
    pub(crate) fn all(&self) -> Vec<Arc<Served>> {
        let catalogs = self.0.read().unwrap_or_else(PoisonError::into_inner);
        catalogs.values().cloned().collect()
    }

    /// Serves a catalog in the place of the one of its name. Calls that are under way go on
    /// with the one that they began with.
    pub(crate) fn replace(&self, served: Served) {
        let (name, served) = (served.name.clone(), Arc::new(served));
        let mut catalogs = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = catalogs.insert(name, served);
        drop(catalogs);
        // It may have much to give back, for which no call waits.
        drop(before);
    }
}

/// All that the services share.
pub(crate) struct Shared {
    pub(crate) catalogs: Serving,
    /// How much is done at once.
    pub(crate) load: Load,
    /// For calls that somebody waits for.
    pub(crate) quick: Arc<Pool>,
    /// For writes of many products.
    pub(crate) bulk: Pool,
    /// For calls that wait for pictures from the web.
    pub(crate) web: Pool,
    /// Folder of backups; callers make none if there is none.
    pub(crate) backups: Option<PathBuf>,
    /// Embedders that callers may move catalogs to.
    pub(crate) embedders: Embedders,
    /// Whether the server is about to end.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Shared {
    /// The catalog of that name, if the caller has the role for it.
    pub(crate) fn catalog(
        &self,
        call: &Call,
        role: access::Role,
        name: &str,
    ) -> Result<Arc<Served>, Status> {
        call.check(role, name)?;
        self.catalogs.get(name).ok_or_else(|| {
            let name = format!("catalogs/{name}");
            let refusal = refuse(Reason::NotFound, format!("the server has no `{name}`"));
            refusal.with_resource("assort.v1.Catalog", &name).status()
        })
    }

    /// The same to write to.
    pub(crate) fn writable(
        &self,
        call: &Call,
        role: access::Role,
        name: &str,
    ) -> Result<Arc<Served>, Status> {
        let served = self.catalog(call, role, name)?;
        served.check_writes()?;
        Ok(served)
    }

    /// Does work on a catalog that somebody waits for.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        call: &Call,
        served: &Arc<Served>,
        work: impl FnOnce(&Served) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let served = Arc::clone(served);
        self.quick.run(call.deadline, move || work(&served)).await
    }

    /// Does work that waits for pictures to come from the web; no other work waits for it.
    pub(crate) async fn fetch<T: Send + 'static>(
        &self,
        call: &Call,
        served: &Arc<Served>,
        work: impl FnOnce(&Served) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let served = Arc::clone(served);
        self.web.run(call.deadline, move || work(&served)).await
    }

    /// Does a write that sees no other write in between, once for each request id.
    /// With an id, the deadline ends the waiting and not the work, so that whoever
    /// asks again hears what came of it.
    pub(crate) async fn write_once<A: Message + Default + 'static>(
        self: &Arc<Self>,
        call: &Call,
        served: &Arc<Served>,
        id: &str,
        request: &impl Message,
        work: impl FnOnce(&Served) -> Result<A, Status> + Send + 'static,
    ) -> Result<A, Status> {
        let patient = Call {
            deadline: call.deadline.filter(|_| id.is_empty()),
            ..call.clone()
        };
        let (shared, own) = (Arc::clone(self), Arc::clone(served));
        let done = async move {
            let turn = Turn::alone(&own, &patient).await?;
            let work = move |served: &Served| {
                let _turn = turn;
                work(served)
            };
            shared.work(&patient, &own, work).await
        };
        by(call.deadline, served.remembered.once(id, request, done)).await?
    }
}

/// A turn at writing to a catalog. It lasts until the work that holds it has ended,
/// also where nobody waits for that any more.
pub(crate) struct Turn {
    _held: Held,
    written: Arc<AtomicU64>,
}

enum Held {
    /// Other writes go on.
    BesideOthers { _guard: OwnedRwLockReadGuard<()> },
    /// Nobody else writes.
    Alone { _guard: OwnedRwLockWriteGuard<()> },
}

impl Turn {
    /// A turn for writes that depend on nothing that was read.
    pub(crate) async fn beside_others(served: &Served, call: &Call) -> Result<Self, Status> {
        let guard = by(call.deadline, Arc::clone(&served.writes).read_owned());
        let held = Held::BesideOthers {
            _guard: guard.await?,
        };
        Ok(Self::new(served, held))
    }

    /// A turn for writes that depend on what they read.
    pub(crate) async fn alone(served: &Served, call: &Call) -> Result<Self, Status> {
        let guard = by(call.deadline, Arc::clone(&served.writes).write_owned());
        let held = Held::Alone {
            _guard: guard.await?,
        };
        Ok(Self::new(served, held))
    }

    fn new(served: &Served, held: Held) -> Self {
        Self {
            _held: held,
            written: Arc::clone(&served.written),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.written.fetch_add(1, Ordering::Relaxed);
    }
}
