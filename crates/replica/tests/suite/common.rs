//! A served catalog, and a connection to it that is cut again and again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use assort::Catalog;
use assort::core::{Product, Taxonomy};
use assort::students::Teacher;
use assort_server::{Opened, Options, bind};
use assort_testkit::toy::Toy;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tonic::transport::Channel;

/// A served catalog of many products.
pub(crate) struct Shop {
    pub(crate) place: TempDir,
    pub(crate) toy: Arc<Toy>,
    pub(crate) address: SocketAddr,
    runtime: Runtime,
    /// They stop servers when they go.
    stops: Vec<oneshot::Sender<()>>,
}

/// Products of that many, from a number on.
pub(crate) fn products(from: usize, count: usize) -> impl Iterator<Item = Product> {
    let words = ["kettle", "knife", "laptop", "headphones"];
    (from..from + count).map(move |at| Product {
        id: format!("p{at}"),
        title: format!("{} number {at}", words[at % 4]),
        text: "A thing for the home. ".repeat(at % 9),
        ..Product::default()
    })
}

fn serve(
    runtime: &Runtime,
    catalog: Catalog,
    read_only: bool,
    options: Options,
) -> (SocketAddr, oneshot::Sender<()>) {
    let opened = Opened {
        name: "shop".to_owned(),
        catalog,
        read_only,
        teacher: Arc::new(|catalog| {
            let spec = |_: &Path, _| "student".to_owned();
            Ok(Teacher::new(catalog.embedder()?, spec))
        }),
        start: None,
        pack: None,
        fetches_pictures: false,
    };
    let bound = runtime.block_on(bind(vec![opened], options)).unwrap();
    let address = bound.address();
    let (stop, stopped) = oneshot::channel::<()>();
    runtime.spawn(async move {
        let stop = async { drop(stopped.await) };
        bound.serve(stop).await.unwrap();
    });
    (address, stop)
}

impl Shop {
    pub(crate) fn open(change: impl FnOnce(&mut Options, &Path)) -> Self {
        let place = tempfile::tempdir().unwrap();
        let toy = Arc::new(Toy::new("a"));
        let taxonomy = Taxonomy::from_paths(["Kitchen > Kettles", "Kitchen > Knives"]).unwrap();
        let path = place.path().join("shop");
        let catalog = Catalog::create(path, &taxonomy, toy.clone(), "toy").unwrap();
        let catalog = catalog.with_live_limit(300);
        catalog.put(products(0, 2_000)).unwrap();
        catalog.wait_until_indexed(&mut ()).unwrap();
        let mut options = Options::new(([127, 0, 0, 1], 0).into());
        change(&mut options, place.path());
        let runtime = Runtime::new().unwrap();
        let (address, stop) = serve(&runtime, catalog, false, options);
        Self {
            place,
            toy,
            address,
            runtime,
            stops: vec![stop],
        }
    }

    /// Serves the replica in a directory, too.
    pub(crate) fn serve_replica(&mut self, directory: &Path) -> SocketAddr {
        let replica = Catalog::open_read_only(directory).unwrap();
        let replica = replica.with_embedder(self.toy.clone()).unwrap();
        let options = Options::new(([127, 0, 0, 1], 0).into());
        let (address, stop) = serve(&self.runtime, replica, true, options);
        self.stops.push(stop);
        address
    }

    /// A connection to an address.
    pub(crate) fn channel(&self, address: SocketAddr) -> Channel {
        let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
        self.block_on(endpoint.connect()).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(crate) fn url(&self, address: SocketAddr) -> String {
        format!("http://{address}/catalogs/shop")
    }

    /// An address that leads to the server, and that cuts each connection after so
    /// many bytes of answers. Counts them.
    pub(crate) fn cut(&self, after: u64) -> (SocketAddr, Arc<AtomicU64>) {
        let (server, given) = (self.address, Arc::new(AtomicU64::new(0)));
        let counter = Arc::clone(&given);
        let listener = self.runtime.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.unwrap();
        let address = listener.local_addr().unwrap();
        self.runtime.spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                tokio::spawn(pass(caller, server, after, Arc::clone(&counter)));
            }
        });
        (address, given)
    }

    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.runtime.spawn(work)
    }

    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

async fn pass(mut caller: TcpStream, server: SocketAddr, after: u64, given: Arc<AtomicU64>) {
    let mut server = TcpStream::connect(server).await.unwrap();
    let (mut asks, mut answers) = caller.split();
    let (mut from, mut to) = server.split();
    let ask = tokio::io::copy(&mut asks, &mut to);
    let answer = async {
        let mut left = after;
        let mut buffer = vec![0; 16 << 10];
        while left > 0 {
            let Ok(read @ 1..) = from.read(&mut buffer).await else {
                return;
            };
            given.fetch_add(read as u64, Ordering::SeqCst);
            left = left.saturating_sub(read as u64);
            if answers.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        _ = ask => {}
        () = answer => {}
    }
}
