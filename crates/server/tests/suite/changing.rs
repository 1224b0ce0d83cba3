//! What is changed while a server runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use assort_proto::v1;
use assort_proto::v1::server_service_client::ServerServiceClient;
use assort_server::{Options, Tls};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tonic::Code;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};

use crate::common::{SHOP, Shop, make, opened, refused};

fn certificates(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/certificates")
        .join(name)
}

/// The authority that signed the certificates.
fn authority() -> Vec<u8> {
    std::fs::read(certificates("ca.pem")).unwrap()
}

/// A connection that is kept.
async fn connect(address: &str) -> Channel {
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(authority()))
        .domain_name("localhost");
    let endpoint = Channel::from_shared(format!("https://{address}")).unwrap();
    endpoint.tls_config(tls).unwrap().connect().await.unwrap()
}

/// The certificate that a server shows to a new connection.
async fn shown(address: &str) -> CertificateDer<'static> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(&authority()).unwrap();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, stream).await.unwrap();
    let certificates = stream.get_ref().1.peer_certificates().unwrap();
    certificates[0].clone().into_owned()
}

/// The certificate of a file.
fn in_file(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(&std::fs::read(certificates(name)).unwrap()).unwrap()
}

async fn asks(channel: &Channel) -> bool {
    let mut info = ServerServiceClient::new(channel.clone());
    let asked = info.get_server_info(v1::GetServerInfoRequest {}).await;
    asked.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn new_connections_get_new_certificates_and_open_ones_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = (directory.path().join("pem"), directory.path().join("key"));
    let put = |name: &str, to: &Path| {
        std::fs::copy(certificates(name), to).unwrap();
    };
    put("server.pem", &certificate);
    put("server.key", &key);
    let mut options = Options::new(([127, 0, 0, 1], 0).into());
    options.tls = Some(Tls {
        certificate: certificate.clone(),
        key: key.clone(),
        callers: None,
    });
    let own = options.clone();
    let shop = Shop::with(move |options, _| *options = own).await;
    let open = connect(&shop.address).await;
    assert!(asks(&open).await);
    assert_eq!(shown(&shop.address).await, in_file("server.pem"));

    // The key is not that of the certificate: all stays.
    put("client.pem", &certificate);
    shop.controls.change(&options).unwrap_err();
    assert_eq!(shown(&shop.address).await, in_file("server.pem"));

    put("client.key", &key);
    shop.controls.change(&options).unwrap();
    assert_eq!(shown(&shop.address).await, in_file("client.pem"));
    assert!(asks(&open).await);
    assert!(asks(&connect(&shop.address).await).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_was_made_shorter_takes_less() {
    let shop = Shop::open().await;
    let search = async || shop.searches().search_products(kettles()).await;
    search().await.unwrap();
    let mut options = Options::new(([127, 0, 0, 1], 0).into());
    options.load.waiting = 0;
    shop.controls.change(&options).unwrap();
    refused(search().await, Code::ResourceExhausted, "QUEUE_FULL", None);
    options.load.waiting = 8;
    options.drain = Duration::from_secs(1);
    shop.controls.change(&options).unwrap();
    search().await.unwrap();
}

fn kettles() -> v1::SearchProductsRequest {
    v1::SearchProductsRequest {
        parent: SHOP.to_owned(),
        query: Some(v1::search_products_request::Query::Text(
            "kettle".to_owned(),
        )),
        ..v1::SearchProductsRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_is_replaced_while_callers_search_and_file_and_no_call_fails() {
    let shop = Shop::open().await;
    let done = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (mut searches, mut filing) = (shop.searches(), shop.classification());
            let done = Arc::clone(&done);
            tokio::spawn(async move {
                let mut calls = 0;
                while !done.load(Ordering::Relaxed) {
                    searches.search_products(kettles()).await.unwrap();
                    let request = v1::ClassifyProductsRequest {
                        parent: SHOP.to_owned(),
                        products: vec![v1::Product {
                            title: "Paring knife".to_owned(),
                            ..v1::Product::default()
                        }],
                        ..v1::ClassifyProductsRequest::default()
                    };
                    filing.classify_products(request).await.unwrap();
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    for number in 0..8 {
        let (directory, toy) = (tempfile::tempdir().unwrap(), Arc::clone(&shop.embedder));
        let catalog = make(&directory, toy);
        catalog.remove(["p1"]).unwrap();
        let controls = shop.controls.clone();
        let replaced = tokio::task::spawn_blocking(move || {
            let replaced = controls.replace(opened(catalog, true));
            // What is open is read though its name has gone.
            drop(directory);
            replaced
        });
        replaced.await.unwrap().unwrap();
        let gone = shop.product("p1").await;
        assert_eq!(gone.unwrap_err().code(), Code::NotFound, "round {number}");
    }
    done.store(true, Ordering::Relaxed);
    for caller in callers {
        assert!(caller.await.unwrap() > 0);
    }
    // The last one is served for reading only.
    let refused = shop.upsert(vec![v1::Product::default()]).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
}
