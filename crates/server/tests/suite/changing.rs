//! What is changed while a server runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use assort_proto::v1;
use assort_proto::v1::server_service_client::ServerServiceClient;
use assort_server::{Options, Tls};
use tonic::Code;
use tonic::transport::{Certificate, Channel, ClientTlsConfig};

use crate::common::{SHOP, Shop, refused};

fn certificates(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/certificates")
        .join(name)
}

/// A new connection to a server that must have a certificate of the authority.
async fn connect(address: &str) -> Result<Channel, tonic::transport::Error> {
    let authority = std::fs::read(certificates("ca.pem")).unwrap();
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(authority))
        .domain_name("localhost");
    let endpoint = Channel::from_shared(format!("https://{address}")).unwrap();
    endpoint.tls_config(tls).unwrap().connect().await
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
    let open = connect(&shop.address).await.unwrap();
    assert!(asks(&open).await);

    // The key is not that of the certificate: all stays.
    put("client.pem", &certificate);
    shop.controls.change(&options).unwrap_err();
    assert!(asks(&connect(&shop.address).await.unwrap()).await);

    // This certificate is not of that host.
    put("client.key", &key);
    shop.controls.change(&options).unwrap();
    connect(&shop.address).await.unwrap_err();
    assert!(asks(&open).await);

    put("server.pem", &certificate);
    put("server.key", &key);
    shop.controls.change(&options).unwrap();
    assert!(asks(&connect(&shop.address).await.unwrap()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_was_made_shorter_takes_less() {
    let shop = Shop::open().await;
    let search = async || {
        let request = v1::SearchProductsRequest {
            parent: SHOP.to_owned(),
            query: Some(v1::search_products_request::Query::Text(
                "kettle".to_owned(),
            )),
            ..v1::SearchProductsRequest::default()
        };
        shop.searches().search_products(request).await
    };
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
