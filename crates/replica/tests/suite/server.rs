//! Following a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use assort::copies::{CopyOptions, CopyReport, Source, replicate};
use assort::{Catalog, Error};
use assort_proto::v1;
use assort_proto::v1::classification_service_client::ClassificationServiceClient;
use assort_proto::v1::product_service_client::ProductServiceClient;
use assort_proto::v1::search_service_client::SearchServiceClient;
use assort_replica::{Server, ServerOptions};
use assort_server::Tls;
use tonic::Status;
use tonic::transport::Channel;

use crate::common::{Shop, products};

/// Name of the catalog.
const PARENT: &str = "catalogs/shop";

fn server(url: &str) -> Server {
    Server::new(url, ServerOptions::default()).unwrap()
}

fn assert_clean(copy: &Catalog, products: u64) {
    assert_eq!(copy.check().unwrap(), []);
    assert_eq!(copy.stats().unwrap().products, products);
}

/// Stores a product by the server.
fn store(shop: &Shop, at: usize) {
    let product = products(at, 1).next().unwrap();
    let mut client = ProductServiceClient::new(shop.channel(shop.address));
    let request = v1::BatchUpsertProductsRequest {
        parent: PARENT.to_owned(),
        products: vec![v1::Product {
            id: product.id,
            title: product.title,
            ..v1::Product::default()
        }],
        ..v1::BatchUpsertProductsRequest::default()
    };
    let stored = shop.block_on(client.batch_upsert_products(request));
    stored.unwrap();
}

/// Products like one of the server at an address.
async fn like(
    client: &mut SearchServiceClient<Channel>,
    at: usize,
) -> Result<v1::SearchProductsResponse, Status> {
    let request = v1::SearchProductsRequest {
        parent: PARENT.to_owned(),
        query: Some(v1::search_products_request::Query::Like(format!(
            "{PARENT}/products/p{at}"
        ))),
        ..v1::SearchProductsRequest::default()
    };
    let found = client.search_products(request).await;
    found.map(tonic::Response::into_inner)
}

/// Searches and files until it is told to end; gives how often, and what failed.
async fn ask(channel: Channel, ended: Arc<AtomicBool>, asked: Arc<AtomicU64>) -> Vec<Status> {
    let mut searches = SearchServiceClient::new(channel.clone());
    let mut filing = ClassificationServiceClient::new(channel);
    let mut failed = Vec::new();
    while !ended.load(Ordering::SeqCst) {
        failed.extend(like(&mut searches, 7).await.err());
        let request = v1::ClassifyProductsRequest {
            parent: PARENT.to_owned(),
            products: vec![v1::Product {
                title: "Whistling kettle".to_owned(),
                ..v1::Product::default()
            }],
            ..v1::ClassifyProductsRequest::default()
        };
        failed.extend(filing.classify_products(request).await.err());
        asked.fetch_add(1, Ordering::SeqCst);
    }
    failed
}

#[test]
fn a_served_replica_fails_no_request_while_it_follows_a_server() {
    let mut shop = Shop::open(|_, _| {});
    let mut source = server(&shop.url(shop.address));
    let to = shop.path("replica");
    let options = CopyOptions::default();
    let first = replicate(&mut source, &to, options, &mut ()).unwrap();
    assert_eq!((first.kept, first.bytes), (0, first.size));
    // The catalog learns by itself, which is a commit too.
    let again = || replicate(&mut source, &to, options, &mut ()).unwrap();
    let mut settled = std::iter::repeat_with(again).take(50);
    assert!(settled.any(|report| report.is_unchanged()));
    let address = shop.serve_replica(&to);
    let mut searches = SearchServiceClient::new(shop.channel(address));
    let (ended, asked) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let asking: Vec<_> = (0..2)
        .map(|_| {
            let channel = shop.channel(address);
            shop.spawn(ask(channel, Arc::clone(&ended), Arc::clone(&asked)))
        })
        .collect();
    for at in 2_000..2_010 {
        let before = asked.load(Ordering::SeqCst);
        store(&shop, at);
        let next = replicate(&mut source, &to, options, &mut ()).unwrap();
        assert!(next.kept > 0, "segments were fetched again: {next:?}");
        let found = shop.block_on(like(&mut searches, at)).unwrap();
        assert_eq!(found.results.len(), 10);
        while asked.load(Ordering::SeqCst) == before {
            std::thread::yield_now();
        }
    }
    ended.store(true, Ordering::SeqCst);
    for one in asking {
        let failed = shop.block_on(one).unwrap();
        assert!(failed.is_empty(), "{failed:?}");
    }
    assert_clean(&Catalog::open_read_only(&to).unwrap(), 2_010);
    // A replica of the replica.
    let second = shop.path("second");
    let mut source = server(&shop.url(address));
    replicate(&mut source, &second, options, &mut ()).unwrap();
    assert_clean(&Catalog::open_read_only(&second).unwrap(), 2_010);
}

#[test]
fn what_came_before_a_connection_was_cut_is_not_fetched_again() {
    let shop = Shop::open(|_, _| {});
    let mut near = server(&shop.url(shop.address));
    let place = shop.path("near");
    let copy = || replicate(&mut near, &place, CopyOptions::default(), &mut ()).unwrap();
    let mut settled = std::iter::repeat_with(copy).take(50);
    // The catalog learns by itself, which is a commit too.
    let settled = settled.find(CopyReport::is_unchanged);
    let size = settled.unwrap().size;
    // Nothing comes of a connection that is cut at once.
    let (address, _) = shop.cut(200);
    let mut source = server(&shop.url(address));
    let to = shop.path("replica");
    let options = CopyOptions::default();
    let refused = replicate(&mut source, &to, options, &mut ()).unwrap_err();
    assert!(matches!(refused, Error::Fetch { .. }), "{refused}");
    let (address, given) = shop.cut(size / 4);
    let mut source = server(&shop.url(address));
    let report = replicate(&mut source, &to, options, &mut ()).unwrap();
    assert_eq!(report.bytes, size);
    // What was on its way when the connection was cut is sent again, and no more.
    let given = given.load(Ordering::SeqCst);
    assert!(given > size && given < 2 * size, "{given} of {size}");
    assert_clean(&Catalog::open_read_only(&to).unwrap(), 2_000);
}

/// SHA-256 of `reader` and `other`.
const KEYS: &str = "\
    reader read-only shop 3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30\n\
    other admin other d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa\n";

#[test]
fn a_read_only_key_and_a_trusted_certificate_are_enough() {
    let certificates = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/certificates");
    let file = |name: &str| format!("{certificates}/{name}");
    let shop = Shop::open(|options, place| {
        let keys = place.join("keys");
        std::fs::write(&keys, KEYS).unwrap();
        options.keys = Some(keys);
        options.tls = Some(Tls {
            certificate: file("server.pem").into(),
            key: file("server.key").into(),
            callers: None,
        });
    });
    let url = format!("https://localhost:{}/catalogs/shop", shop.address.port());
    let to = shop.path("replica");
    let copy = |key: Option<&str>, ca: &str| {
        let options = ServerOptions::default()
            .with_key(key.map(str::to_owned))
            .with_ca(Some(std::fs::read(file(ca)).unwrap()));
        let mut source = Server::new(&url, options).unwrap();
        replicate(&mut source, &to, CopyOptions::default(), &mut ())
    };
    for (key, ca, what) in [
        (None, "ca.pem", "key"),
        (Some("other"), "ca.pem", "key"),
        (Some("reader"), "other.pem", "certificate"),
    ] {
        let refused = copy(key, ca).unwrap_err().to_string();
        assert!(refused.to_lowercase().contains(what), "{refused}");
    }
    copy(Some("reader"), "ca.pem").unwrap();
    assert_clean(&Catalog::open_read_only(&to).unwrap(), 2_000);
}

#[test]
fn an_address_that_names_no_catalog_is_refused() {
    for url in [
        "http://127.0.0.1:1",
        "http://127.0.0.1:1/catalogs/",
        "http://127.0.0.1:1/catalogs/a/b",
        "ftp://127.0.0.1:1/catalogs/shop",
    ] {
        let refused = Server::new(url, ServerOptions::default()).unwrap_err();
        assert!(matches!(refused, Error::Argument(_)), "{refused}");
    }
    let mut nobody = server("http://127.0.0.1:1/catalogs/shop");
    let refused = nobody.manifest().unwrap_err().to_string();
    assert!(refused.contains("cannot be reached"), "{refused}");
}
