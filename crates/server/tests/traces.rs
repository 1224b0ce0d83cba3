//! Spans of calls reach a collector, as parts of their callers' traces.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure in a helper of a test fails the test"
)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use assort::Catalog;
use assort::core::{Product, Taxonomy};
use assort::students::Teacher;
use assort_proto::v1;
use assort_proto::v1::search_service_client::SearchServiceClient;
use assort_server::{LevelFilter, LogFormat, LogOptions, Opened, Options, run};
use assort_testkit::toy::Toy;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// Names the trace and the span of a caller.
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Keeps what comes.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// What services are called, and their spans.
    fn all(&self) -> (Vec<String>, Vec<Span>) {
        let (mut names, mut spans) = (Vec::new(), Vec::new());
        for one in self
            .0
            .lock()
            .unwrap()
            .iter()
            .flat_map(|one| &one.resource_spans)
        {
            for attribute in &one.resource.as_ref().unwrap().attributes {
                if attribute.key == "service.name" {
                    names.push(format!("{:?}", attribute.value));
                }
            }
            let scopes = one.scope_spans.iter();
            spans.extend(scopes.flat_map(|scope| scope.spans.clone()));
        }
        (names, spans)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_a_span_of_its_callers_trace_and_has_parts() {
    let collector = Collector::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let service = TraceServiceServer::new(collector.clone());
    let serving = tonic::transport::Server::builder()
        .add_service(service)
        .serve_with_incoming(TcpIncoming::from(listener));
    tokio::spawn(serving);

    // A process has one log and one environment, so the server gets its own.
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "serves_for_the_other_test",
            "--ignored",
            "--nocapture",
        ])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    let address = lines.find_map(|line| line.split_once("address ").map(|(_, it)| it.to_owned()));
    let url = format!("http://{}", address.unwrap());
    let channel = tonic::transport::Channel::from_shared(url).unwrap();
    let mut client = SearchServiceClient::new(channel.connect().await.unwrap());
    let mut request = Request::new(v1::SearchProductsRequest {
        parent: "catalogs/shop".to_owned(),
        query: Some(v1::search_products_request::Query::Text(
            "kettle".to_owned(),
        )),
        ..v1::SearchProductsRequest::default()
    });
    request
        .metadata_mut()
        .insert("traceparent", PARENT.parse().unwrap());
    client.search_products(request).await.unwrap();
    drop(client);
    // The end of a server exports what is left.
    let stopped = Command::new("kill").arg(server.id().to_string()).status();
    assert!(stopped.unwrap().success());
    let ended = tokio::task::spawn_blocking(move || server.wait()).await;
    assert!(ended.unwrap().unwrap().success());

    let (names, spans) = collector.all();
    assert!(
        !names.is_empty() && names.iter().all(|name| name.contains("\"assort\"")),
        "{names:?}"
    );
    let call = spans
        .iter()
        .find(|span| span.name == "assort.v1.SearchService/SearchProducts");
    let call = call.unwrap_or_else(|| panic!("no span of the call in {spans:#?}"));
    let (trace, parent) = (hex(&call.trace_id), hex(&call.parent_span_id));
    assert_eq!(PARENT, format!("00-{trace}-{parent}-01"));
    assert_eq!(call.kind(), SpanKind::Server);
    let status = call
        .attributes
        .iter()
        .find(|one| one.key == "rpc.grpc.status_code");
    assert!(format!("{status:?}").contains("IntValue(0)"), "{status:?}");
    for part in ["batch", "work", "search"] {
        let found = spans
            .iter()
            .any(|span| span.name == part && span.trace_id == call.trace_id);
        assert!(found, "no span `{part}` in {spans:#?}");
    }
}

#[test]
#[ignore = "a part of the other test"]
fn serves_for_the_other_test() {
    let directory = tempfile::tempdir().unwrap();
    let taxonomy = Taxonomy::from_paths(["Kitchen > Kettles", "Kitchen > Knives"]).unwrap();
    let path = directory.path().join("shop");
    let catalog = Catalog::create(path, &taxonomy, Arc::new(Toy::new("a")), "toy").unwrap();
    let product = Product {
        id: "p1".to_owned(),
        title: "Electric kettle".to_owned(),
        ..Product::default()
    };
    catalog.put([product]).unwrap();
    let opened = Opened {
        name: "shop".to_owned(),
        catalog,
        read_only: false,
        teacher: Arc::new(|catalog| {
            Ok(Teacher::new(catalog.embedder()?, |_: &Path, _| {
                "student".to_owned()
            }))
        }),
        start: None,
        pack: None,
        fetches_pictures: false,
    };
    let log = LogOptions {
        format: LogFormat::Text,
        // Spans are exported whatever is logged.
        level: LevelFilter::ERROR,
    };
    let options = Options::new(([127, 0, 0, 1], 0).into());
    let reread = || Err("nothing changes".to_owned());
    run(vec![opened], options, log, reread, |address| {
        println!("address {address}")
    })
    .unwrap();
}
