//! A store in this process that speaks S3, as far as copies need it, and keeps count.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use assort_replica::Objects;
use assort_replica::sharded::Sharded;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use tokio::runtime::Runtime;
use tokio_stream::StreamExt;

/// The bucket that there is, and the key that opens it.
const BUCKET: &str = "shop";
const KEY: &str = "a-key";

/// A store.
pub(crate) struct S3 {
    pub(crate) kept: Arc<Mutex<Kept>>,
    address: SocketAddr,
    _runtime: Runtime,
}

/// What it keeps, and what it was asked for.
#[derive(Default)]
pub(crate) struct Kept {
    /// Bytes and version.
    pub(crate) objects: BTreeMap<String, (Vec<u8>, u64)>,
    uploads: HashMap<String, BTreeMap<u32, Vec<u8>>>,
    version: u64,
    /// Keys of objects that were put, and of those that were read, with the first byte.
    pub(crate) puts: Vec<String>,
    pub(crate) reads: Vec<(String, usize)>,
    pub(crate) parts: usize,
    /// Bytes of an answer after which the connection is cut.
    pub(crate) cut: Option<usize>,
    /// What every so many requests to put something are answered with, in place of doing it.
    pub(crate) refuse: Option<(usize, StatusCode)>,
    asked: usize,
}

impl S3 {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.unwrap();
        let address = listener.local_addr().unwrap();
        let kept = Arc::<Mutex<Kept>>::default();
        let router = Router::new().fallback(answer);
        let router = router.layer(DefaultBodyLimit::disable());
        let router = router.with_state(Arc::clone(&kept));
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            kept,
            address,
            _runtime: runtime,
        }
    }

    fn settings(&self, key: &str) -> [(String, String); 4] {
        let endpoint = format!("http://{}", self.address);
        let settings = [
            ("AWS_ACCESS_KEY_ID", key),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_ENDPOINT", &endpoint),
            ("AWS_ALLOW_HTTP", "true"),
        ];
        settings.map(|(name, value)| (name.to_owned(), value.to_owned()))
    }

    pub(crate) fn open(&self, url: &str, key: &str) -> Objects {
        Objects::with_settings(url, self.settings(key)).unwrap()
    }

    /// The place for a sharded catalog that tests use.
    pub(crate) fn sharded(&self) -> Sharded {
        Sharded::with_settings("s3://shop/all", self.settings(KEY)).unwrap()
    }

    /// The place for copies that tests use.
    pub(crate) fn place(&self) -> Objects {
        self.open("s3://shop/copies/a", KEY)
    }
}

type Answer = Response<Body>;

fn said(status: StatusCode, text: String) -> Answer {
    let response = Response::builder().status(status);
    response.body(Body::from(text)).unwrap()
}

fn wrong(status: StatusCode, code: &str) -> Answer {
    said(status, format!("<Error><Code>{code}</Code></Error>"))
}

async fn answer(
    State(kept): State<Arc<Mutex<Kept>>>,
    method: Method,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let credential = format!("Credential={KEY}/");
    if !header("authorization").is_some_and(|signed| signed.contains(&credential)) {
        return wrong(StatusCode::FORBIDDEN, "InvalidAccessKeyId");
    }
    let (bucket, key) = uri.path()[1..]
        .split_once('/')
        .unwrap_or((&uri.path()[1..], ""));
    if bucket != BUCKET {
        return wrong(StatusCode::NOT_FOUND, "NoSuchBucket");
    }
    let (key, mut kept) = (key.to_owned(), kept.lock().unwrap());
    if matches!(method, Method::PUT | Method::POST) {
        kept.asked += 1;
        let asked = kept.asked;
        if let Some((_, status)) = kept.refuse.filter(|(every, _)| asked % every == 0) {
            return wrong(status, "SlowDown");
        }
    }
    match method.as_str() {
        "GET" if query.contains_key("list-type") => kept.list(&query["prefix"]),
        "GET" => kept.read(&key, header("range")),
        "PUT" if query.contains_key("partNumber") => {
            let upload = kept.uploads.get_mut(&query["uploadId"]).unwrap();
            upload.insert(query["partNumber"].parse().unwrap(), body.to_vec());
            kept.parts += 1;
            tagged(0)
        }
        "PUT" => {
            let there = kept
                .objects
                .get(&key)
                .map(|(_, version)| version.to_string());
            let asked = header("if-match").map(|tag| tag.trim_matches('"').to_owned());
            let only_new = header("if-none-match").is_some();
            if (only_new && there.is_some()) || (asked.is_some() && asked != there) {
                return wrong(StatusCode::PRECONDITION_FAILED, "PreconditionFailed");
            }
            kept.put(key, body.to_vec())
        }
        "POST" if query.contains_key("delete") => {
            let text = String::from_utf8(body.to_vec()).unwrap();
            for part in text.split("<Key>").skip(1) {
                let gone = part.split("</Key>").next().unwrap();
                kept.objects.remove(gone).unwrap();
            }
            said(StatusCode::OK, "<DeleteResult></DeleteResult>".to_owned())
        }
        "POST" if query.contains_key("uploads") => {
            kept.uploads.insert("one".to_owned(), BTreeMap::new());
            let text = "<R><UploadId>one</UploadId></R>";
            said(StatusCode::OK, text.to_owned())
        }
        "POST" => {
            let parts = kept.uploads.remove(&query["uploadId"]).unwrap();
            kept.put(key, parts.into_values().flatten().collect());
            said(StatusCode::OK, "<R><ETag>0</ETag></R>".to_owned())
        }
        "DELETE" => {
            kept.objects.remove(&key);
            said(StatusCode::NO_CONTENT, String::new())
        }
        _ => wrong(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
    }
}

fn tagged(version: u64) -> Answer {
    let response = Response::builder().header("etag", format!("\"{version}\""));
    response.body(Body::empty()).unwrap()
}

impl Kept {
    fn put(&mut self, key: String, bytes: Vec<u8>) -> Answer {
        self.version += 1;
        self.puts.push(key.clone());
        self.objects.insert(key, (bytes, self.version));
        tagged(self.version)
    }

    fn list(&self, prefix: &str) -> Answer {
        let below = self
            .objects
            .iter()
            .filter(|(key, _)| key.starts_with(prefix));
        let contents = below.map(|(key, (bytes, version))| {
            let size = bytes.len();
            format!("<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>{version}</ETag><Size>{size}</Size></Contents>")
        });
        let contents: String = contents.collect();
        let text = format!("<ListBucketResult>{contents}</ListBucketResult>");
        said(StatusCode::OK, text)
    }

    fn read(&mut self, key: &str, range: Option<&str>) -> Answer {
        let Some((bytes, version)) = self.objects.get(key) else {
            return wrong(StatusCode::NOT_FOUND, "NoSuchKey");
        };
        let first = range.and_then(|range| range.strip_prefix("bytes=")?.split('-').next());
        let first: usize = first.map_or(0, |first| first.parse().unwrap());
        self.reads.push((key.to_owned(), first));
        let (last, size) = (bytes.len() - 1, bytes.len());
        let mut response = Response::builder()
            .header("etag", format!("\"{version}\""))
            .header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT")
            .header("content-length", size - first);
        if range.is_some() {
            response = response
                .status(StatusCode::PARTIAL_CONTENT)
                .header("content-range", format!("bytes {first}-{last}/{size}"));
        }
        let rest = Bytes::copy_from_slice(&bytes[first..]);
        let body = match self.cut.filter(|cut| *cut < rest.len()) {
            None => Body::from(rest),
            Some(cut) => {
                let cut_off = Err(std::io::Error::other("the connection is cut"));
                let parts = tokio_stream::iter([Ok(rest.slice(..cut)), cut_off]);
                // What came before is on its way by then.
                Body::from_stream(parts.then(|part| async {
                    if part.is_err() {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                    part
                }))
            }
        };
        response.body(body).unwrap()
    }
}
