//! Calls from browsers.

use assort_proto::v1;
use assort_proto::v1::catalog_service_client::CatalogServiceClient;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use tonic::transport::Channel;

use crate::common::{SHOP, Shop, guarded, refused};

const PAGE: &str = "https://shop.example";

async fn open_to_pages() -> Shop {
    Shop::with(|options, _| options.allowed_origins = vec![PAGE.to_owned()]).await
}

/// A message as gRPC-Web sends it, and the path it goes to.
fn framed(message: &impl Message) -> Vec<u8> {
    let message = message.encode_to_vec();
    let mut frame = vec![0];
    frame.extend((message.len() as u32).to_be_bytes());
    frame.extend(message);
    frame
}

const GET: &str = "/assort.v1.CatalogService/GetCatalog";

fn catalog(name: &str) -> Vec<u8> {
    framed(&v1::GetCatalogRequest {
        name: name.to_owned(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_calls_by_grpc_web() {
    let shop = open_to_pages().await;
    let headers = [
        ("content-type", "application/grpc-web+proto"),
        ("x-grpc-web", "1"),
        ("origin", PAGE),
    ];
    let answer = shop.http("POST", GET, &headers, &catalog(SHOP)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    let length = u32::from_be_bytes(answer.body[1..5].try_into().unwrap()) as usize;
    let (message, trailers) = answer.body[5..].split_at(length);
    let told = v1::Catalog::decode(message).unwrap();
    assert_eq!(told.name, SHOP);
    // The status comes behind it, as a frame of its own.
    assert_eq!(trailers[0], 0x80);
    assert!(trailers[5..].starts_with(b"grpc-status:0"));

    let answer = shop
        .http("POST", GET, &headers, &catalog("catalogs/none"))
        .await;
    assert_eq!(answer.header("grpc-status"), Some("5"));
    let seen = answer.header("access-control-expose-headers").unwrap();
    assert!(seen.contains("grpc-status-details-bin"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_may_call_only_if_its_origin_is_named() {
    let shop = open_to_pages().await;
    let asks = |origin| {
        [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,content-type,x-grpc-web",
            ),
        ]
    };
    let allowed = shop.http("OPTIONS", GET, &asks(PAGE), b"").await;
    assert_eq!(allowed.header("access-control-allow-origin"), Some(PAGE));
    assert!(
        allowed
            .header("access-control-allow-headers")
            .unwrap()
            .contains("authorization")
    );
    let other = shop
        .http("OPTIONS", GET, &asks("https://other.example"), b"")
        .await;
    assert_eq!(other.header("access-control-allow-origin"), None);

    let headers = [("content-type", "application/json"), ("origin", PAGE)];
    let told = shop.http("GET", "/v1/catalogs", &headers[1..], b"").await;
    told.done();
    let path = "/v1/catalogs/shop/products:search";
    shop.http("POST", path, &headers, b"{\"text\": \"kettle\"}")
        .await
        .done();
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_may_not_call_unless_they_are_named() {
    let shop = Shop::open().await;
    // A page needs nobody's leave to send this: only its answer is kept from it.
    let origin = ("origin", PAGE);
    let compact = shop
        .http("POST", "/v1/catalogs/shop:compact", &[origin], b"")
        .await;
    compact.refused(403, "ORIGIN_FORBIDDEN");
    assert_eq!(compact.header("access-control-allow-origin"), None);
    let headers = [("content-type", "application/grpc-web+proto"), origin];
    let web = shop.http("POST", GET, &headers, &catalog(SHOP)).await;
    assert_eq!(web.header("grpc-status"), Some("7"));
    let operations = shop.get("/v1/operations").await.done();
    assert_eq!(operations, serde_json::json!({}));
}

/// What a server answers to a request by HTTP/1.1 that calls it by a name.
async fn called(shop: &Shop, host: &str, request: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(&shop.address).await.unwrap();
    let request =
        format!("{request} HTTP/1.1\r\nhost: {host}\r\n{headers}connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Requests by JSON, for metrics and for health.
const PLAIN: [&str; 4] = [
    "GET /v1/catalogs",
    "GET /nothing",
    "GET /metrics",
    "GET /healthz",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_gave_itself_the_servers_address_is_refused() {
    let shop = Shop::open().await;
    for request in PLAIN {
        let answer = called(&shop, "evil.example:50051", request, "").await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{request}: {answer}");
        assert!(answer.contains("`evil.example:50051`"), "{answer}");
    }
    let answer = called(&shop, "evil.example", PLAIN[0], "").await;
    assert!(answer.contains("HOST_FORBIDDEN"), "{answer}");
    let headers = "content-type: application/grpc-web+proto\r\ncontent-length: 0\r\n";
    let web = called(&shop, "evil.example", &format!("POST {GET}"), headers).await;
    assert!(web.contains("grpc-status: 7"), "{web}");
    // The name in the address of a request counts as well.
    let whole = "GET http://evil.example/v1/catalogs";
    let answer = called(&shop, "localhost", whole, "").await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    for host in ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:50051"] {
        let answer = called(&shop, host, PLAIN[0], "").await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{host}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_grpc_need_a_name_of_the_server_too() {
    let shop = Shop::with(|options, _| {
        options.allowed_hosts = vec!["shop.internal".to_owned()];
    })
    .await;
    let get = |authority: &str| {
        let endpoint = Channel::from_shared(format!("http://{}", shop.address)).unwrap();
        let origin = format!("http://{authority}").parse().unwrap();
        let channel = endpoint.origin(origin).connect_lazy();
        async move {
            let request = v1::GetCatalogRequest {
                name: SHOP.to_owned(),
            };
            CatalogServiceClient::new(channel)
                .get_catalog(request)
                .await
        }
    };
    for authority in ["localhost:7", "127.0.0.1", "[::1]:7", "shop.internal:443"] {
        get(authority).await.unwrap();
    }
    let answer = get("evil.example").await;
    let status = refused(answer, Code::PermissionDenied, "HOST_FORBIDDEN", None);
    assert!(status.message().contains("`evil.example`"), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_keys_answers_to_every_name() {
    let shop = guarded().await;
    let headers = [("authorization", "Bearer reader"), ("host", "evil.example")];
    shop.http("GET", "/v1/catalogs", &headers, b"").await.done();
}
