//! JSON where something is the matter: deadlines, full queues, broken streams, damage,
//! and a server that ends.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use assort_testkit::Chance;
use assort_testkit::toy::Toy;
use serde_json::json;

use crate::common::{Shop, make};
use crate::http::detail;

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_and_full_queues_are_told() {
    let directory = tempfile::tempdir().unwrap();
    drop(make(&directory, Arc::new(Toy::new("a"))));
    let embedder = Arc::new(Toy::new("a").slow(Duration::from_millis(300)));
    let catalog = assort::Catalog::open(directory.path().join("shop")).unwrap();
    let catalog = catalog.with_embedder(Arc::clone(&embedder) as _).unwrap();
    let change = |options: &mut assort_server::Options, _: &_| {
        options.load.threads = 1;
        options.load.batch = 1;
        options.load.waiting = 1;
    };
    let shop = Arc::new(Shop::of(directory, embedder, catalog, change).await);
    let path = "/v1/catalogs/shop/products:search";
    let search = |headers: &'static [(&'static str, &'static str)]| {
        let shop = Arc::clone(&shop);
        tokio::spawn(async move {
            shop.http("POST", path, headers, b"{\"text\":\"kettle\"}")
                .await
        })
    };
    let late = search(&[("content-type", "application/json"), ("x-timeout", "0.05")]);
    late.await.unwrap().refused(504, "DEADLINE_EXCEEDED");
    let wrong = search(&[("content-type", "application/json"), ("x-timeout", "soon")]);
    wrong.await.unwrap().refused(400, "ARGUMENT");
    let grpc = search(&[("content-type", "application/json"), ("grpc-timeout", "1S")]);
    grpc.await.unwrap().refused(400, "ARGUMENT");
    let calls: Vec<_> = (0..8)
        .map(|_| search(&[("content-type", "application/json")]))
        .collect();
    let (mut done, mut full) = (0, 0);
    for call in calls {
        let answer = call.await.unwrap();
        if answer.status == 200 {
            done += 1;
            continue;
        }
        let error = answer.refused(429, "QUEUE_FULL");
        assert_eq!(detail(&error, "RetryInfo")["retryDelay"], "0.100s");
        assert_eq!(answer.header("retry-after"), Some("1"));
        full += 1;
    }
    assert!(done >= 1 && full >= 1, "{done} done, {full} refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_lines_in_and_out() {
    let shop = Shop::open().await;
    let form = [("content-type", "application/x-ndjson")];
    let path = "/assort.v1.ProductService/StreamUpsertProducts";
    let lines = concat!(
        "{\"open\": {\"parent\": \"catalogs/shop\"}}\n\n",
        "{\"rows\": {\"firstRow\": 1, \"products\": [{\"id\": \"s1\", \"title\": \"Cup\"}, {\"id\": \"s2\"}]}}\n",
        "{\"rows\": {\"firstRow\": 3, \"products\": [{\"id\": \"s3\", \"title\": \"Mug\"}]}}"
    );
    let answer = shop.http("POST", path, &form, lines.as_bytes()).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/x-ndjson"))
    );
    let told = answer
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let told: Vec<serde_json::Value> = told.collect();
    let last = told.last().unwrap();
    assert_eq!(
        (&last["committedThrough"], &last["counts"]["added"]),
        (&json!("3"), &json!("2"))
    );
    let rejected = told
        .iter()
        .flat_map(|line| line["rejected"].as_array())
        .flatten();
    assert_eq!(
        rejected
            .map(|row| row["productId"].clone())
            .collect::<Vec<_>>(),
        ["s2"]
    );

    // What is wrong in a line ends the stream, after what was stored.
    let lines = "{\"open\": {\"parent\": \"catalogs/shop\"}}\n{\"rows\": {\"firstRow\": 1, \"product\": []}}\n";
    let answer = shop.http("POST", path, &form, lines.as_bytes()).await;
    let last: serde_json::Value =
        serde_json::from_str(answer.text().lines().last().unwrap()).unwrap();
    assert_eq!(last["error"]["status"], "INVALID_ARGUMENT", "{last}");
    assert!(
        last["error"]["message"]
            .as_str()
            .unwrap()
            .contains("rows.product"),
        "{last}"
    );
    // What is wrong from the start is no stream.
    let answer = shop
        .http(
            "POST",
            path,
            &form,
            b"{\"open\": {\"parent\": \"catalogs/none\"}}\n",
        )
        .await;
    answer.refused(404, "NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_may_be_compressed() {
    let shop = Shop::open().await;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"{\"text\": \"kettle\"}").unwrap();
    let packed = packed.finish().unwrap();
    let headers = [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
        ("accept-encoding", "gzip"),
    ];
    let path = "/v1/catalogs/shop/products:search";
    let answer = shop.http("POST", path, &headers, &packed).await;
    assert_eq!(
        (answer.status, answer.header("content-encoding")),
        (200, Some("gzip"))
    );
    let mut text = String::new();
    flate2::read::GzDecoder::new(&answer.body[..])
        .read_to_string(&mut text)
        .unwrap();
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(found["matches"], "8");
    let unknown = [
        ("content-type", "application/json"),
        ("content-encoding", "br"),
    ];
    shop.http("POST", path, &unknown, b"xx")
        .await
        .refused(501, "UNIMPLEMENTED");
    // What comes out of a small body is bounded too.
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b' '; 32 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    shop.http("POST", path, &headers[..2], &bomb)
        .await
        .refused(400, "MESSAGE_TOO_LARGE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_answers_what_it_has_begun() {
    let mut shop = Shop::open().await;
    let products: Vec<_> = (0..500)
        .map(|at| json!({"id": format!("m{at}"), "title": format!("Mug {at}")}))
        .collect();
    let body = json!({"products": products}).to_string();
    let address = shop.address.clone();
    let request = format!(
        "POST /v1/catalogs/shop/products:batchUpsert HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let call = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    });
    let begun = |texts: Vec<String>| texts.iter().any(|text| text.starts_with("Mug"));
    while !begun(shop.embedder.embedded()) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    shop.stop();
    let text = call.await.unwrap();
    assert!(
        text.ends_with("{\"counts\":{\"added\":\"500\"}}\n"),
        "{text}"
    );
    shop.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_calls_are_refused_and_are_never_a_fault_of_the_server() {
    let shop = Shop::open().await;
    let calls = [
        (
            "POST",
            "/v1/catalogs/shop/products:search",
            r#"{"text":"kettle","params":{"ef":3,"exact":true},"readMask":"id"}"#,
        ),
        (
            "POST",
            "/v1/catalogs/shop/products:batchUpsert",
            r#"{"products":[{"id":"a","title":"b","attributes":{"x":{"number":{"value":1e3}}},"image":{"data":"AAE="}}],"validateOnly":true}"#,
        ),
        (
            "GET",
            "/v1/catalogs/shop/products?pageSize=2&filter=price%20%3C%203&readMask=title,text",
            "",
        ),
        (
            "POST",
            "/google.longrunning.Operations/WaitOperation",
            r#"{"name":"operations/shop/1","timeout":"0.01s"}"#,
        ),
    ];
    let pieces = [
        "{",
        "}",
        "[",
        "\"",
        "\\u0000",
        "%",
        "%2",
        "&",
        "=",
        "/",
        ":",
        "1e999",
        "-1",
        "null",
        "\u{fc}",
        "Infinity",
        "9999999999999999999",
    ];
    let mut chance = Chance(7);
    for _ in 0..400 {
        let (verb, path, body) = *chance.pick(&calls);
        let (mut path, mut body) = (path.to_owned(), body.to_owned());
        let damaged = if body.is_empty() {
            &mut path
        } else {
            &mut body
        };
        for _ in 0..=chance.below(2) {
            let ends: Vec<usize> = damaged.char_indices().map(|(at, _)| at).skip(1).collect();
            let from = *chance.pick(&ends);
            let upto = ends
                .iter()
                .copied()
                .find(|end| *end >= from + chance.below(4))
                .unwrap_or(from);
            let piece = if chance.one_in(3) {
                ""
            } else {
                *chance.pick(&pieces)
            };
            damaged.replace_range(from..upto, piece);
        }
        let path = path.replace('\u{fc}', "%fc");
        let headers = [("content-type", "application/json")];
        let answer = shop
            .http(
                verb,
                &path,
                &headers[..usize::from(!body.is_empty())],
                body.as_bytes(),
            )
            .await;
        assert!(
            [200, 400, 404, 405].contains(&answer.status),
            "{verb} {path} {body}\n{}",
            answer.text()
        );
    }
}
