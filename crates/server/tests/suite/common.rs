//! What these tests share: a small shop, served on a port of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use assort::Catalog;
use assort::core::{Product, Taxonomy};
use assort::students::Teacher;
use assort_pictures::{Pictures, Urls};
use assort_proto::v1::attribute_service_client::AttributeServiceClient;
use assort_proto::v1::catalog_service_client::CatalogServiceClient;
use assort_proto::v1::classification_service_client::ClassificationServiceClient;
use assort_proto::v1::label_service_client::LabelServiceClient;
use assort_proto::v1::product_service_client::ProductServiceClient;
use assort_proto::v1::search_service_client::SearchServiceClient;
use assort_proto::v1::server_service_client::ServerServiceClient;
use assort_proto::v1::taxonomy_service_client::TaxonomyServiceClient;
use assort_proto::{picture, v1};
use assort_server::{Controls, Opened, Options, bind};
use assort_testkit::toy::{MeanColour, Toy};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Name of the catalog.
pub(crate) const SHOP: &str = "catalogs/shop";

const PATHS: [&str; 4] = [
    "Kitchen > Kettles",
    "Kitchen > Knives",
    "Electronics > Headphones",
    "Electronics > Laptops",
];

const TITLES: [(&str, &str); 8] = [
    ("p1", "Electric kettle 1.7 l"),
    ("p2", "Stovetop whistling kettle"),
    ("p3", "Chef's knife 20 cm"),
    ("p4", "Paring knife"),
    ("p5", "Wireless over-ear headphones"),
    ("p6", "In-ear headphones with cable"),
    ("p7", "Laptop 14 inch 16 GB"),
    ("p8", "Gaming laptop 17 inch"),
];

/// A served shop.
pub(crate) struct Shop {
    _directory: TempDir,
    pub(crate) embedder: Arc<Toy>,
    /// Address and port.
    pub(crate) address: String,
    channel: Channel,
    pub(crate) controls: Controls,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

/// Makes the shop's catalog.
pub(crate) fn make(directory: &TempDir, embedder: Arc<Toy>) -> Catalog {
    let taxonomy = Taxonomy::from_paths(PATHS).unwrap();
    let path = directory.path().join("shop");
    let catalog = Catalog::create(path, &taxonomy, embedder, "toy").unwrap();
    let products = TITLES.map(|(id, title)| Product {
        id: id.to_owned(),
        title: title.to_owned(),
        attributes: vec![("price".to_owned(), id[1..].to_owned())],
        ..Product::default()
    });
    catalog.put(products).unwrap();
    catalog
}

/// A picture of one colour, as a catalog keeps it: a BMP of one pixel.
pub(crate) fn picture(colour: [u8; 3]) -> String {
    picture::to_uri(&bmp(colour), "image/bmp").unwrap()
}

/// The file of a picture of one pixel.
pub(crate) fn bmp([red, green, blue]: [u8; 3]) -> Vec<u8> {
    let mut file = b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    file.extend([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24, 0]);
    file.resize(54, 0);
    file.extend([blue, green, red, 0]);
    file
}

/// A catalog whose pictures are embedded, and that opens others, from public addresses too.
pub(crate) fn looking(catalog: Catalog) -> Catalog {
    let pictures = Arc::new(Pictures::default().with_urls(Urls::default()));
    let embedder = Arc::new(MeanColour::new("secret"));
    let report = catalog.embed_pictures(embedder, "toy", &*pictures, &mut ());
    assert_eq!(report.unwrap().rejected, 0);
    catalog.with_picture_source(pictures)
}

/// The shop's catalog, to be served.
pub(crate) fn opened(catalog: Catalog, read_only: bool) -> Opened {
    Opened {
        name: "shop".to_owned(),
        catalog,
        read_only,
        teacher: Arc::new(|catalog| {
            let spec = |_: &Path, _| "student".to_owned();
            Ok(Teacher::new(catalog.embedder()?, spec))
        }),
        start: None,
        pack: None,
        fetches_pictures: true,
    }
}

/// SHA-256 of `reader`, `writer` and `other`.
const KEYS: &str = "\
    reader read-only shop 3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30\n\
    writer read-write * b93006774cbdd4b299389a03ac3d88c3a76b460d538795bc12718011a909fba5\n\
    other admin other d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa\n";

/// The shop with keys.
pub(crate) async fn guarded() -> Shop {
    Shop::with(|options, directory| {
        let path = directory.path().join("keys");
        std::fs::write(&path, KEYS).unwrap();
        options.keys = Some(path);
    })
    .await
}

impl Shop {
    /// The shop with its products, and no labels.
    pub(crate) async fn open() -> Self {
        Self::with(|_, _| {}).await
    }

    /// The shop, each of whose products has a picture of one colour.
    pub(crate) async fn with_pictures() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let embedder = Arc::new(Toy::new("a"));
        let catalog = make(&directory, Arc::clone(&embedder));
        let colours = (0..).zip(TITLES).map(|(at, (id, _))| Product {
            image: Some(picture([30 * at, 240 - 30 * at, 60])),
            ..catalog.product(id).unwrap().product
        });
        catalog.put(colours.collect::<Vec<_>>()).unwrap();
        Self::of(directory, embedder, looking(catalog), |_, _| {}).await
    }

    /// The same with other options of the server.
    pub(crate) async fn with(change: impl FnOnce(&mut Options, &TempDir)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let embedder = Arc::new(Toy::new("a"));
        let catalog = make(&directory, Arc::clone(&embedder));
        Self::of(directory, embedder, catalog, change).await
    }

    /// Serves a catalog.
    pub(crate) async fn of(
        directory: TempDir,
        embedder: Arc<Toy>,
        catalog: Catalog,
        change: impl FnOnce(&mut Options, &TempDir),
    ) -> Self {
        let mut options = Options::new(([127, 0, 0, 1], 0).into());
        change(&mut options, &directory);
        let is_secret = options.tls.is_some();
        let bound = bind(vec![opened(catalog, false)], options).await.unwrap();
        let address = bound.address().to_string();
        let controls = bound.controls();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            let stop = async { drop(stopped.await) };
            bound.serve(stop).await.unwrap();
        });
        let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
        Self {
            _directory: directory,
            embedder,
            address,
            channel: match is_secret {
                // The test connects as it needs.
                true => endpoint.connect_lazy(),
                false => endpoint.connect().await.unwrap(),
            },
            controls,
            stop: Some(stop),
            server,
        }
    }

    /// Tells the server to end.
    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits until the server has ended.
    pub(crate) async fn ended(self) {
        tokio::time::timeout(Duration::from_secs(20), self.server)
            .await
            .unwrap()
            .unwrap();
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub(crate) fn attributes(&self) -> AttributeServiceClient<Channel> {
        AttributeServiceClient::new(self.channel())
    }

    pub(crate) fn catalogs(&self) -> CatalogServiceClient<Channel> {
        CatalogServiceClient::new(self.channel())
    }

    pub(crate) fn classification(&self) -> ClassificationServiceClient<Channel> {
        ClassificationServiceClient::new(self.channel())
    }

    pub(crate) fn labels(&self) -> LabelServiceClient<Channel> {
        LabelServiceClient::new(self.channel())
    }

    pub(crate) fn products(&self) -> ProductServiceClient<Channel> {
        ProductServiceClient::new(self.channel())
    }

    pub(crate) fn searches(&self) -> SearchServiceClient<Channel> {
        SearchServiceClient::new(self.channel())
    }

    pub(crate) fn info(&self) -> ServerServiceClient<Channel> {
        ServerServiceClient::new(self.channel())
    }

    pub(crate) fn taxonomy(&self) -> TaxonomyServiceClient<Channel> {
        TaxonomyServiceClient::new(self.channel())
    }

    /// A product as the catalog has it.
    pub(crate) async fn product(&self, id: &str) -> Result<v1::Product, Status> {
        let request = v1::GetProductRequest {
            name: name(id),
            read_mask: None,
        };
        let got = self.products().get_product(request).await;
        got.map(tonic::Response::into_inner)
    }

    /// Stores products.
    pub(crate) async fn upsert(
        &self,
        products: Vec<v1::Product>,
    ) -> Result<v1::UpsertCounts, Status> {
        let request = v1::BatchUpsertProductsRequest {
            parent: SHOP.to_owned(),
            products,
            ..v1::BatchUpsertProductsRequest::default()
        };
        let stored = self.products().batch_upsert_products(request).await?;
        Ok(stored.into_inner().counts.unwrap())
    }

    /// Sets labels, by ids of products and paths of categories.
    pub(crate) async fn label(
        &self,
        labels: &[(&str, &str)],
    ) -> Result<v1::BatchSetLabelsResponse, Status> {
        let labels = labels.iter().map(|(id, path)| label(id, path));
        let request = v1::BatchSetLabelsRequest {
            parent: SHOP.to_owned(),
            labels: labels.collect(),
            ..v1::BatchSetLabelsRequest::default()
        };
        let set = self.labels().batch_set_labels(request).await;
        set.map(tonic::Response::into_inner)
    }
}

pub(crate) fn name(id: &str) -> String {
    format!("{SHOP}/products/{id}")
}

pub(crate) fn product(id: &str, title: &str) -> v1::Product {
    v1::Product {
        id: id.to_owned(),
        title: title.to_owned(),
        ..v1::Product::default()
    }
}

pub(crate) fn category(path: &str) -> v1::CategoryRef {
    v1::CategoryRef {
        id: String::new(),
        path: path.to_owned(),
    }
}

pub(crate) fn label(id: &str, path: &str) -> v1::Label {
    v1::Label {
        product: name(id),
        category: Some(category(path)),
    }
}

/// Asserts that a call was refused with a code, a reason, and a field, if any.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(
    answer: Result<T, Status>,
    code: Code,
    reason: &str,
    field: Option<&str>,
) -> Status {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), code, "{status:?}");
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(
        (info.domain.as_str(), info.reason.as_str()),
        ("assort", reason)
    );
    if let Some(field) = field {
        let violations = details.bad_request().unwrap().field_violations.iter();
        let fields: Vec<&str> = violations.map(|one| one.field.as_str()).collect();
        assert_eq!(fields, [field], "{status:?}");
    }
    status
}
