//! Following a server.

use std::sync::atomic::Ordering;

use assort::copies::{CopyOptions, Source, replicate};
use assort::{Catalog, Error, Query, Search};
use assort_proto::v1;
use assort_proto::v1::product_service_client::ProductServiceClient;
use assort_replica::{Server, ServerOptions};
use assort_server::Tls;

use crate::common::{Shop, products};

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
    shop.block_on(async {
        let url = format!("http://{}", shop.address);
        let channel = tonic::transport::Channel::from_shared(url).unwrap();
        let mut client = ProductServiceClient::new(channel.connect().await.unwrap());
        let request = v1::BatchUpsertProductsRequest {
            parent: "catalogs/shop".to_owned(),
            products: vec![v1::Product {
                id: product.id,
                title: product.title,
                ..v1::Product::default()
            }],
            ..v1::BatchUpsertProductsRequest::default()
        };
        client.batch_upsert_products(request).await.unwrap();
    });
}

#[test]
fn a_replica_follows_a_server_and_answers_while_it_is_brought_up_to_date() {
    let shop = Shop::open(|_, _| {});
    let mut source = server(&shop.url(shop.address));
    let to = shop.path("replica");
    let options = CopyOptions::default();
    let first = replicate(&mut source, &to, options, &mut ()).unwrap();
    assert_eq!((first.kept, first.bytes), (0, first.size));
    let served = Catalog::open_read_only(&to).unwrap();
    let served = served.with_embedder(shop.toy.clone()).unwrap();
    assert_clean(&served, 2_000);
    let again = replicate(&mut source, &to, options, &mut ()).unwrap();
    assert!(again.is_unchanged());
    for at in 2_000..2_003 {
        store(&shop, at);
        let next = replicate(&mut source, &to, options, &mut ()).unwrap();
        assert!(next.kept > 0, "segments were fetched again: {next:?}");
        let like = Search::new(Query::Like(format!("p{at}")));
        assert_eq!(served.search(&like).unwrap().found.len(), 10);
        assert_clean(&served, 1 + at as u64);
    }
    // A replica of the replica.
    let second = shop.path("second");
    let mut folder = assort::copies::Folder::new(&to);
    replicate(&mut folder, &second, options, &mut ()).unwrap();
    assert_clean(&Catalog::open_read_only(&second).unwrap(), 2_003);
}

#[test]
fn what_came_before_a_connection_was_cut_is_not_fetched_again() {
    let shop = Shop::open(|_, _| {});
    let size = server(&shop.url(shop.address)).manifest().unwrap().size();
    // Nothing comes of a connection that is cut at once.
    let (address, _) = shop.cut(200);
    let mut source = server(&shop.url(address));
    let to = shop.path("replica");
    let options = CopyOptions::default();
    let refused = replicate(&mut source, &to, options, &mut ()).unwrap_err();
    assert!(matches!(refused, Error::Fetch { .. }), "{refused}");
    let (address, given) = shop.cut(size / 5);
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
