//! Servers that have no room, are slow, or are not there.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use assort_client::{Client, Code, Error, Retries, v1};
use assort_proto::v1::server_service_server::{ServerService, ServerServiceServer};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::common::Shop;

/// A server that has no room for the first calls, and takes long for the others.
#[derive(Clone, Default)]
struct Busy {
    calls: Arc<AtomicU32>,
    refuses: u32,
    takes: Duration,
}

#[tonic::async_trait]
impl ServerService for Busy {
    async fn get_server_info(
        &self,
        _: Request<v1::GetServerInfoRequest>,
    ) -> Result<Response<v1::ServerInfo>, Status> {
        if self.calls.fetch_add(1, Ordering::Relaxed) < self.refuses {
            let mut details = ErrorDetails::with_retry_info(Some(Duration::from_millis(20)));
            details.set_error_info("QUEUE_FULL", "assort", HashMap::<String, String>::new());
            let status = Status::with_error_details(Code::ResourceExhausted, "no room", details);
            return Err(status);
        }
        tokio::time::sleep(self.takes).await;
        Ok(Response::new(v1::ServerInfo::default()))
    }
}

impl Busy {
    async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = ServerServiceServer::new(self.clone());
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        url
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_made_again_as_often_as_they_may() {
    let busy = Busy {
        refuses: 3,
        ..Busy::default()
    };
    let client = Client::connect(busy.serve().await).await.unwrap();
    client.info().await.unwrap();
    assert_eq!(busy.calls.load(Ordering::Relaxed), 4);

    let busy = Busy {
        refuses: u32::MAX,
        ..Busy::default()
    };
    let retries = Retries::default().with_tries(3);
    let client = Client::connect(busy.serve().await).retries(retries);
    let refused = client.await.unwrap().info().await.unwrap_err();
    assert_eq!(busy.calls.load(Ordering::Relaxed), 3);
    let refusal = refused.refusal().unwrap();
    assert_eq!(refusal.code, Code::ResourceExhausted);
    assert_eq!(refusal.reason, "QUEUE_FULL");
    assert_eq!(refusal.retry_after(), Some(Duration::from_millis(20)));
    assert_eq!(refused.to_string(), "no room");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_ends_waiting_and_trying() {
    let slow = Busy {
        takes: Duration::from_secs(60),
        ..Busy::default()
    };
    let timeout = Duration::from_millis(100);
    let client = Client::connect(slow.serve().await).timeout(timeout);
    let late = client.await.unwrap().info().await.unwrap_err();
    assert!(matches!(late, Error::Deadline), "{late:?}");

    let busy = Busy {
        refuses: u32::MAX,
        ..Busy::default()
    };
    let retries = Retries::default().with_tries(u32::MAX);
    let client = Client::connect(busy.serve().await);
    let client = client.timeout(timeout).retries(retries).await.unwrap();
    let begun = Instant::now();
    let refused = client.info().await.unwrap_err();
    assert_eq!(refused.reason(), Some("QUEUE_FULL"));
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_server_is_told() {
    for url in [
        "",
        "localhost:1",
        "ftp://localhost",
        "http://",
        "http://a/b",
    ] {
        let error = Client::connect(url).await.unwrap_err();
        assert!(matches!(error, Error::Address { .. }), "{url}: {error:?}");
    }
    let error = Client::connect("http://127.0.0.1:1").await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    let shop = Shop::open().await;
    let error = Client::connect(shop.url()).key("a\nb").await.unwrap_err();
    assert!(matches!(error, Error::Key), "{error:?}");
    let error = Client::connect(shop.url()).ca("x").await.unwrap_err();
    assert!(matches!(error, Error::Address { .. }), "{error:?}");
    // A server without a certificate does not speak as one with it does.
    let https = shop.url().replace("http", "https");
    let pem = include_bytes!("../../../../tests/certificates/ca.pem");
    let error = Client::connect(https).ca(pem.as_slice()).await.unwrap_err();
    assert!(matches!(error, Error::Broken { .. }), "{error:?}");
}
