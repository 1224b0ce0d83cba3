//! A running server: from open catalogs and an address to the last answer.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use assort::Observer;
use assort_proto::DESCRIPTORS;
use assort_proto::longrunning::operations_server::OperationsServer;
use assort_proto::v1::admin_service_server::AdminServiceServer;
use assort_proto::v1::attribute_service_server::AttributeServiceServer;
use assort_proto::v1::catalog_service_server::CatalogServiceServer;
use assort_proto::v1::classification_service_server::ClassificationServiceServer;
use assort_proto::v1::label_service_server::LabelServiceServer;
use assort_proto::v1::product_service_server::ProductServiceServer;
use assort_proto::v1::replication_service_server::ReplicationServiceServer;
use assort_proto::v1::search_service_server::SearchServiceServer;
use assort_proto::v1::server_service_server::ServerServiceServer;
use assort_proto::v1::taxonomy_service_server::TaxonomyServiceServer;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};

use crate::error::{Error, Result};
use crate::gate::{Gate, pass, probe, tell};
use crate::hosts::Hosts;
use crate::keys::Keys;
use crate::limits::{MAX_REQUEST, MAX_RESPONSE};
use crate::metrics::Metrics;
use crate::names;
use crate::pool::Pool;
use crate::served::{Embedders, Load, Opened, Served, Serving, Shared};
use crate::services::{
    Admin, Attributes, Catalogs, Classification, Labels, LongRunning, Products, Replication,
    Searches, Server, Taxonomies,
};
use crate::times::Times;
use crate::tls::{Certificates, Tls};
use crate::web::{Origins, origins, ways};

/// Bytes on their way to the server, for each call and for each connection. What a
/// stream of small messages sends ahead must be a small part of the connection's: the
/// transport ends connections on which too many small frames wait, as of an attack.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 16 << 20;

/// Calls that a connection may take back before the server has seen them. Many callers
/// whose deadlines pass at once do so; more is taken for an attack, and ends it.
const RESETS: usize = 4_096;

/// Threads for calls that wait for pictures from the web.
const WEB_THREADS: usize = 2;

/// How often a silent caller is asked whether it is there, and how long it may take
/// to answer.
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_ANSWER: Duration = Duration::from_secs(20);

/// How long the last answers may take to leave.
const FLUSH: Duration = Duration::from_millis(50);

/// How long callers may take to close their connections once they are told to.
const CLOSE: Duration = Duration::from_secs(1);

/// How to serve.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// How much is done at once.
    pub load: Load,
    /// How long calls may go on once the server is told to end.
    pub drain: Duration,
    /// File of API keys; callers need none if there is none.
    pub keys: Option<PathBuf>,
    /// Certificates; the connection is in the clear if there are none.
    pub tls: Option<Tls>,
    /// Whether an address that others can reach may be served without keys and
    /// certificates.
    pub insecure: bool,
    /// Calls that take longer are told in the log; none for no such lines.
    pub slow: Option<Duration>,
    /// Folder in which callers may have backups made, by names of their own.
    pub backups: Option<PathBuf>,
    /// Embedders that callers may move catalogs to.
    pub embedders: Embedders,
    /// Origins, such as `https://shop.example`, whose pages may call from browsers.
    pub allowed_origins: Vec<String>,
    /// Names by which a server without keys on a loopback address may be called, beside
    /// `localhost` and loopback addresses.
    pub allowed_hosts: Vec<String>,
}

impl Options {
    /// An address with everything else as usual.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            load: Load::default(),
            drain: Duration::from_secs(10),
            keys: None,
            tls: None,
            insecure: false,
            slow: Some(Duration::from_secs(1)),
            backups: None,
            embedders: Embedders::default(),
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
        }
    }
}

/// A server that listens and does not answer yet.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
    keys: Option<Arc<Keys>>,
    certificates: Option<Arc<Certificates>>,
    times: Arc<Times>,
    origins: Origins,
    /// None where a name of the server says nothing.
    hosts: Option<Hosts>,
    stop: watch::Sender<bool>,
}

/// Listens, and makes everything ready to answer.
///
/// # Errors
/// [`Error`] if catalogs cannot be told apart, the address cannot be used or may not
/// be without protection, or keys, origins or certificates cannot be read.
pub async fn bind(opened: Vec<Opened>, options: Options) -> Result<Bound> {
    let names: Vec<&str> = opened.iter().map(|one| one.name.as_str()).collect();
    let (keys, certificates) = protection(&names, &options)?;
    let origins = origins(&options.allowed_origins)?;
    let hosts = hosts(&options)?;
    let (stop, stopping) = watch::channel(false);
    let load = &options.load;
    let quick = Arc::new(Pool::new("assort calls", load.threads, load.waiting)?);
    let shared = Shared {
        catalogs: Serving::new(opened.into_iter().map(|one| Served::new(one, load, &quick))),
        load: *load,
        quick,
        bulk: Pool::apart("assort bulk", load.bulk_threads, load.waiting)?,
        web: Pool::new("assort web", WEB_THREADS, load.waiting)?,
        backups: options.backups.clone(),
        embedders: options.embedders.clone(),
        stopping,
    };
    let failed = |source| Error::Listen {
        address: options.listen,
        source,
    };
    let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
    Ok(Bound {
        address: listener.local_addr().map_err(failed)?,
        listener,
        shared: Arc::new(shared),
        keys: keys.map(Arc::new),
        certificates: certificates.map(Arc::new),
        times: Arc::new(Times::new(options.slow, options.drain)),
        origins,
        hosts,
        stop,
    })
}

/// Checks what can be checked without listening: that catalogs of these names can be
/// served as the options say, and that keys, origins and certificates can be read.
///
/// # Errors
/// As [`bind`].
pub fn check(names: &[&str], options: &Options) -> Result<()> {
    origins(&options.allowed_origins)?;
    hosts(options)?;
    protection(names, options).map(drop)
}

/// Reads keys and certificates, once names and the address are found to be good.
fn protection(names: &[&str], options: &Options) -> Result<(Option<Keys>, Option<Certificates>)> {
    check_names(names)?;
    let protected = options.keys.is_some() && options.tls.is_some();
    if !options.listen.ip().is_loopback() && !protected && !options.insecure {
        return Err(Error::Exposed(options.listen));
    }
    let keys = options.keys.as_deref().map(Keys::read).transpose()?;
    let certificates = options.tls.as_ref().map(Tls::read).transpose()?;
    Ok((keys, certificates.map(Certificates::new)))
}

/// The names that calls may use, for a server that everything on its machine may call: a
/// page in a browser there can come by a name of its own.
fn hosts(options: &Options) -> Result<Option<Hosts>> {
    let hosts = Hosts::read(&options.allowed_hosts)?;
    let is_open = options.listen.ip().is_loopback() && options.keys.is_none();
    Ok(is_open.then_some(hosts))
}

fn transport() -> tonic::transport::Server {
    tonic::transport::Server::builder()
        // For metrics, JSON and gRPC-Web; calls of gRPC come by HTTP/2.
        .accept_http1(true)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_max_pending_accept_reset_streams(Some(RESETS))
        .http2_max_local_error_reset_streams(Some(RESETS))
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE_ANSWER))
}

fn check_names(names: &[&str]) -> Result<()> {
    let mut known = BTreeSet::new();
    for name in names {
        if !names::is_catalog(name) {
            let what = format!(
                "`{name}` cannot name a catalog: a name has letters, digits, `-`, `_` and `.` alone"
            );
            return Err(Error::Catalogs(what));
        }
        if !known.insert(name) {
            return Err(Error::Catalogs(format!("two catalogs are named `{name}`")));
        }
    }
    Ok(())
}

/// What changes a server while it runs.
#[derive(Clone)]
pub struct Controls {
    shared: Arc<Shared>,
    keys: Option<Arc<Keys>>,
    certificates: Option<Arc<Certificates>>,
    times: Arc<Times>,
}

impl Controls {
    /// Reads keys and certificates again, from where the options say, and takes from
    /// them how much may wait, how large batches may be, which calls are slow and how
    /// long open ones may go on. Gives the number of keys. All else stays, as does
    /// whether there are keys and certificates at all; open connections keep their
    /// certificates.
    ///
    /// # Errors
    /// [`Error`] if keys or certificates cannot be read; then nothing is changed.
    pub fn change(&self, options: &Options) -> Result<usize> {
        let keys = self.keys.as_ref().zip(options.keys.as_deref());
        let keys = keys.map(|(own, path)| Ok::<_, Error>((own, Keys::read(path)?)));
        let keys = keys.transpose()?;
        let certificates = self.certificates.as_ref().zip(options.tls.as_ref());
        let certificates = certificates.map(|(own, tls)| Ok::<_, Error>((own, tls.read()?)));
        let certificates = certificates.transpose()?;
        // Nothing fails from here on.
        if let Some((own, config)) = certificates {
            own.set(config);
        }
        let load = &options.load;
        self.shared.quick.set_most_waiting(load.waiting);
        self.shared.bulk.set_most_waiting(load.waiting);
        self.shared.web.set_most_waiting(load.waiting);
        for served in self.shared.catalogs.all() {
            served.filing.set_bounds(load.batch, load.waiting);
            served.queries.set_bounds(load.batch, load.waiting);
        }
        self.times.set(options.slow, options.drain);
        Ok(keys.map_or(0, |(own, keys)| {
            own.replace(&keys);
            keys.count()
        }))
    }
}

impl Controls {
    /// Serves a catalog in the place of the one of its name, once it is ready, for which this
    /// waits. Calls that are under way go on with the one that they began with.
    ///
    /// # Errors
    /// What the catalog says when it cannot be searched or made ready: then the one before
    /// is served as it was.
    pub fn replace(&self, opened: Opened) -> assort::Result<()> {
        let served = Served::new(opened, &self.shared.load, &self.shared.quick);
        served.prepare(&mut Stopping(self.shared.stopping.clone()))?;
        self.shared.catalogs.replace(served);
        Ok(())
    }
}

impl Bound {
    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What changes the server while it runs.
    pub fn controls(&self) -> Controls {
        Controls {
            shared: Arc::clone(&self.shared),
            keys: self.keys.clone(),
            certificates: self.certificates.clone(),
            times: Arc::clone(&self.times),
        }
    }

    /// Answers calls until `stop` is done. Then health tells that the server is not
    /// serving, new calls are refused, streams are ended after what they have sent,
    /// and open calls have [`Options::drain`] to end. At last callers are told to
    /// go, and connections are closed.
    ///
    /// # Errors
    /// [`Error::Internal`] if the transport failed.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<()> {
        let (reporter, health) = health_reporter();
        set_health(&reporter, ServingStatus::Serving).await;
        self.prepare();
        let Self {
            listener,
            shared,
            keys,
            certificates,
            times,
            origins,
            hosts,
            stop: stopping,
            ..
        } = self;
        let metrics = Arc::new(Metrics::new(&shared));
        let gate = Arc::new(Gate::new(
            keys,
            Arc::clone(&metrics),
            Arc::clone(&times),
            Arc::clone(&origins),
            hosts,
            shared.stopping.clone(),
        ));
        let routes = routes(&shared).add_service(health);
        let router = routes
            .into_axum_router()
            .route("/metrics", get(tell).with_state(metrics))
            .route("/healthz", get(probe).with_state(shared.stopping.clone()))
            .layer(from_fn_with_state(Arc::clone(&gate), pass));
        let router = ways(router, &origins)?;
        let (go, gone) = oneshot::channel::<()>();
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let router = transport().add_routes(Routes::from(router));
        let gone = async { drop(gone.await) };
        let serving = async {
            match certificates {
                Some(own) => {
                    let secure = own.secure(incoming);
                    router.serve_with_incoming_shutdown(secure, gone).await
                }
                None => router.serve_with_incoming_shutdown(incoming, gone).await,
            }
        };
        let drained = async {
            stop.await;
            let deadline = Instant::now() + times.drain();
            set_health(&reporter, ServingStatus::NotServing).await;
            // Nobody may listen.
            let _ = stopping.send(true);
            // What is open is answered first: a connection that ends under an
            // answer may tear it off.
            let _ = tokio::time::timeout_at(deadline, gate.empty()).await;
            tokio::time::sleep(FLUSH).await;
            let _ = go.send(());
            tokio::time::sleep(CLOSE).await;
        };
        tokio::select! {
            served = serving => served.map_err(|error| Error::Internal(sources(&error))),
            // What is still open is cut off when the runtime ends.
            () = drained => Ok(()),
        }
    }
}

impl Bound {
    /// Begins to make ready what the first search and the first classification of each
    /// catalog need, so that they need not wait for all of it.
    fn prepare(&self) {
        for served in self.shared.catalogs.all() {
            let mut stopping = Stopping(self.shared.stopping.clone());
            tokio::task::spawn_blocking(move || match served.prepare(&mut stopping) {
                Ok(()) | Err(assort::Error::Interrupted) => {}
                Err(error) => {
                    tracing::warn!(catalog = served.name, %error, "the catalog is not ready yet");
                }
            });
        }
    }
}

/// Stops work when the server is about to end.
struct Stopping(watch::Receiver<bool>);

impl Observer for Stopping {
    fn stop(&self) -> bool {
        *self.0.borrow()
    }
}

/// What was said at the bottom of an error.
fn sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// Services whose health is told, beside that of the whole server.
const SERVICES: [&str; 10] = [
    "assort.v1.AdminService",
    "assort.v1.AttributeService",
    "assort.v1.CatalogService",
    "assort.v1.ClassificationService",
    "assort.v1.LabelService",
    "assort.v1.ProductService",
    "assort.v1.ReplicationService",
    "assort.v1.SearchService",
    "assort.v1.ServerService",
    "assort.v1.TaxonomyService",
];

async fn set_health(reporter: &HealthReporter, status: ServingStatus) {
    for service in SERVICES.into_iter().chain([""]) {
        reporter.set_service_status(service, status).await;
    }
}

/// A service with the limits of all.
macro_rules! limited {
    ($service:ident, $implementation:expr) => {
        $service::new($implementation)
            .max_decoding_message_size(MAX_REQUEST)
            .max_encoding_message_size(MAX_RESPONSE)
            .accept_compressed(Gzip)
            .accept_compressed(Zstd)
    };
}

fn routes(shared: &Arc<Shared>) -> Routes {
    let own = || Arc::clone(shared);
    let mut routes = Routes::default()
        .add_service(limited!(AdminServiceServer, Admin(own())))
        .add_service(limited!(OperationsServer, LongRunning(own())))
        .add_service(limited!(AttributeServiceServer, Attributes(own())))
        .add_service(limited!(CatalogServiceServer, Catalogs(own())))
        .add_service(limited!(ClassificationServiceServer, Classification(own())))
        .add_service(limited!(LabelServiceServer, Labels(own())))
        .add_service(limited!(ProductServiceServer, Products(own())))
        .add_service(limited!(ReplicationServiceServer, Replication(own())))
        .add_service(limited!(SearchServiceServer, Searches(own())))
        .add_service(limited!(ServerServiceServer, Server))
        .add_service(limited!(TaxonomyServiceServer, Taxonomies(own())));
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    // Older clients ask the first form. What is compiled in can be read.
    if let Ok(first) = reflection().build_v1alpha() {
        routes = routes.add_service(first);
    }
    if let Ok(second) = reflection().build_v1() {
        routes = routes.add_service(second);
    }
    routes.prepare()
}
