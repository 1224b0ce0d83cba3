//! What these tests share: a small shop, served on a port of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use assort::Catalog;
use assort::core::{Product, Taxonomy};
use assort::students::Teacher;
use assort_client::Client;
use assort_server::{Opened, Options, bind};
use assort_testkit::toy::Toy;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const PATHS: [&str; 4] = [
    "Kitchen > Kettles",
    "Kitchen > Knives",
    "Electronics > Headphones",
    "Electronics > Laptops",
];

/// A served shop.
pub(crate) struct Shop {
    directory: TempDir,
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

pub(crate) fn product(id: &str, title: &str) -> Product {
    Product {
        id: id.to_owned(),
        title: title.to_owned(),
        ..Product::default()
    }
}

impl Shop {
    /// The shop with two products.
    pub(crate) async fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let taxonomy = Taxonomy::from_paths(PATHS).unwrap();
        let path = directory.path().join("shop");
        let catalog = Catalog::create(path, &taxonomy, Arc::new(Toy::new("a")), "toy").unwrap();
        let products = [
            product("p1", "Electric kettle 1.7 l"),
            product("p2", "Chef's knife 20 cm"),
        ];
        catalog.put(products).unwrap();
        Self::serve(directory, catalog, ([127, 0, 0, 1], 0).into()).await
    }

    async fn serve(directory: TempDir, catalog: Catalog, address: SocketAddr) -> Self {
        let opened = Opened {
            name: "shop".to_owned(),
            catalog,
            read_only: false,
            teacher: Arc::new(|catalog| {
                let spec = |_: &Path, _| "student".to_owned();
                Ok(Teacher::new(catalog.embedder()?, spec))
            }),
            start: None,
            pack: None,
            fetches_pictures: false,
        };
        let bound = bind(vec![opened], Options::new(address)).await.unwrap();
        let address = bound.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            let stop = async { drop(stopped.await) };
            bound.serve(stop).await.unwrap();
        });
        Self {
            directory,
            address,
            stop,
            server,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.url()).await.unwrap()
    }

    pub(crate) async fn catalog(&self) -> assort_client::Catalog {
        self.client().await.catalog("shop")
    }

    /// Ends the server; gives the catalog, closed.
    pub(crate) async fn end(self) -> (TempDir, SocketAddr) {
        self.stop.send(()).unwrap();
        self.server.await.unwrap();
        (self.directory, self.address)
    }

    /// Serves a catalog again, where it was.
    pub(crate) async fn again((directory, address): (TempDir, SocketAddr)) -> Self {
        let catalog = Catalog::open(directory.path().join("shop")).unwrap();
        let catalog = catalog.with_embedder(Arc::new(Toy::new("a"))).unwrap();
        Self::serve(directory, catalog, address).await
    }
}
