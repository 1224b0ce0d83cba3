//! What every call passes: it gets a number, who calls is found out, what the
//! transport says is said as the contract has it, and its end is counted and logged.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use assort_proto::DESCRIPTORS;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prost::Message;
use prost_types::FileDescriptorSet;
use tokio::sync::watch;
use tonic::{Code, Status};
use tracing::Instrument;
use tracing::field::Empty;

use crate::access::Access;
use crate::hosts::Hosts;
use crate::keys::Keys;
use crate::limits::{malformed, too_large};
use crate::metrics::{CONTENT_TYPE, Metrics};
use crate::pool::{fault, stopped};
use crate::reason::{Reason, refuse};
use crate::times::Times;
use crate::traces;

/// Calls that need no key: whoever looks whether the server is well has none.
const HEALTH: &str = "grpc.health.v1.Health/";

/// Where metrics are.
pub(crate) const METRICS: &str = "metrics";

/// Where health is told by plain HTTP.
pub(crate) const PROBE: &str = "healthz";

/// Calls that look how the server is, and may stay open for as long as it runs.
const LOOKS: [&str; 4] = [HEALTH, "grpc.reflection.", METRICS, PROBE];

/// Waits for as long as its caller says.
const WAIT: &str = "google.longrunning.Operations/WaitOperation";

/// Streams beside those of the contract, by their beginnings.
const OPEN_ENDED: [&str; 2] = ["grpc.health.v1.Health/Watch", "grpc.reflection."];

/// What paths that are no methods of the contract are counted as.
const OTHER: &str = "other";

/// The header of a call's number, which callers may give.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Bytes of a number that a caller gives.
const MAX_REQUEST_ID: usize = 128;

/// Methods that change what is stored, by their beginnings.
const WRITES: [&str; 12] = [
    "BatchUpsert",
    "StreamUpsert",
    "Delete",
    "BatchDelete",
    "BatchSet",
    "BatchClear",
    "Import",
    "Train",
    "Distill",
    "Reembed",
    "Backup",
    "Cancel",
];

/// What a call is held against.
pub(crate) struct Gate {
    /// None where no keys are asked for.
    keys: Option<Arc<Keys>>,
    metrics: Arc<Metrics>,
    times: Arc<Times>,
    /// Origins whose pages may call.
    origins: Arc<[HeaderValue]>,
    /// Names that calls may use; none where all may be used.
    hosts: Option<Hosts>,
    /// Methods of the contract, `assort.v1.ProductService/GetProduct`, each with whether
    /// it takes as long as its caller wants. Others are counted as one.
    methods: HashMap<String, bool>,
    /// What the numbers of this server begin with.
    run: String,
    calls: AtomicU64,
    /// Calls that are open, but for those that look how the server is.
    open: watch::Sender<usize>,
    stopping: watch::Receiver<bool>,
}

/// Lets a call pass.
pub(crate) async fn pass(
    State(gate): State<Arc<Gate>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = gate.number(request.headers());
    let method = path(&request).to_owned();
    let span = tracing::info_span!("call", id = %id, method = %method, key = Empty, otel.name = Empty, otel.kind = Empty);
    traces::began(&span, &method, request.headers());
    let looks = LOOKS.iter().any(|looks| method.starts_with(looks));
    gate.metrics.begun();
    gate.open.send_modify(|open| *open += usize::from(!looks));
    let mut end = End {
        gate: Arc::clone(&gate),
        looks,
        span: span.clone(),
        method,
        begun: Instant::now(),
        code: None,
    };
    let access = match looks || !*gate.stopping.borrow() {
        true => gate.access(&request),
        // What is open is finished, and nothing is begun any more.
        false => Err(stopped()),
    };
    let mut response = match access {
        Ok(access) => {
            span.record("key", &*access.name);
            request.extensions_mut().insert(access);
            let response = next.run(request).instrument(span).await;
            match own(&response) {
                Some(status) => status.into_http(),
                None => response,
            }
        }
        // Who asks for these does not look for the status of a call.
        Err(status) if [METRICS, PROBE].contains(&end.method.as_str()) => {
            let code = match status.code() {
                Code::PermissionDenied => StatusCode::FORBIDDEN,
                _ => StatusCode::UNAUTHORIZED,
            };
            (code, status.message().to_owned()).into_response()
        }
        Err(status) => status.into_http(),
    };
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    if [METRICS, PROBE].contains(&end.method.as_str()) {
        // This is no call of gRPC, and has no status of one.
        end.code = Some(Code::Ok);
    }
    end.see(response.headers());
    response.map(|body| Body::new(Watched { body, end }))
}

/// The path of a call without its first slash.
fn path(request: &Request) -> &str {
    request.uri().path().trim_start_matches('/')
}

/// What operators measure.
pub(crate) async fn tell(State(metrics): State<Arc<Metrics>>) -> Response {
    let text = tokio::task::spawn_blocking(move || metrics.text()).await;
    match text {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        _ => fault().into_http(),
    }
}

/// Whether the server serves, for those that ask by plain HTTP.
pub(crate) async fn probe(State(stopping): State<watch::Receiver<bool>>) -> Response {
    match *stopping.borrow() {
        true => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response(),
        false => "serving\n".into_response(),
    }
}

impl Gate {
    pub(crate) fn new(
        keys: Option<Arc<Keys>>,
        metrics: Arc<Metrics>,
        times: Arc<Times>,
        origins: Arc<[HeaderValue]>,
        hosts: Option<Hosts>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            keys,
            metrics,
            times,
            origins,
            hosts,
            methods: methods(),
            run: since.map_or_else(
                |_| "0".to_owned(),
                |since| format!("{:x}", since.as_millis()),
            ),
            calls: AtomicU64::new(0),
            open: watch::channel(0).0,
            stopping,
        }
    }

    /// Waits until no call is open but those that look how the server is.
    pub(crate) async fn empty(&self) {
        let mut open = self.open.subscribe();
        // Whoever tells of it is this gate.
        let _ = open.wait_for(|open| *open == 0).await;
    }

    /// The number of a call: the caller's own, if it can be told in a line.
    fn number(&self, headers: &HeaderMap) -> String {
        let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let given = given.filter(|id| (1..=MAX_REQUEST_ID).contains(&id.len()));
        given.map_or_else(
            || {
                let count = self.calls.fetch_add(1, Ordering::Relaxed);
                format!("{}-{count}", self.run)
            },
            str::to_owned,
        )
    }

    fn access(&self, request: &Request) -> Result<Access, Status> {
        // Any page may make a browser call, also one on the machine itself.
        if let Some(origin) = request.headers().get(header::ORIGIN)
            && !self.origins.contains(origin)
        {
            let what = "pages of this origin may not call the server";
            return Err(refuse(Reason::OriginForbidden, what).status());
        }
        let hosts = self.hosts.as_ref();
        if let Some(name) = hosts.and_then(|hosts| hosts.stranger(request.headers())) {
            let name = String::from_utf8_lossy(name.as_bytes());
            let what = format!(
                "the server does not answer to `{name}`: it has no keys, and is called as localhost or by a name that it was told to allow"
            );
            return Err(refuse(Reason::HostForbidden, what).status());
        }
        match &self.keys {
            Some(keys) if !path(request).starts_with(HEALTH) && path(request) != PROBE => {
                let header = request.headers().get(header::AUTHORIZATION);
                keys.access(header.and_then(|value| value.to_str().ok()))
            }
            _ => Ok(Access::everything()),
        }
    }
}

/// The methods of the contract, each with whether it takes as long as its caller wants: a
/// stream, or a call that waits.
fn methods() -> HashMap<String, bool> {
    let contract = FileDescriptorSet::decode(DESCRIPTORS).unwrap_or_default();
    let files = contract.file.iter().flat_map(|file| {
        let package = file.package();
        file.service.iter().map(move |service| (package, service))
    });
    let methods = files.flat_map(|(package, service)| {
        let methods = service.method.iter();
        methods.map(move |method| {
            let name = format!("{package}.{}/{}", service.name(), method.name());
            let is_long = method.client_streaming() || method.server_streaming();
            let is_long = is_long || name == WAIT;
            (name, is_long)
        })
    });
    methods.collect()
}

/// The status that takes the place of one of the transport, which has no details.
fn own(response: &Response) -> Option<Status> {
    let status = Status::from_header_map(response.headers())?;
    let said = status.message();
    match status.code() {
        _ if !status.details().is_empty() => None,
        Code::OutOfRange => Some(too_large(said)),
        Code::Internal => Some(malformed(said)),
        Code::Unimplemented => {
            let what = match said {
                "" => "the server has no such method",
                said => said,
            };
            Some(refuse(Reason::Unimplemented, what).status())
        }
        _ => None,
    }
}

/// Counts and logs the end of a call when it is dropped.
struct End {
    gate: Arc<Gate>,
    /// Whether the call looks how the server is.
    looks: bool,
    span: tracing::Span,
    method: String,
    begun: Instant,
    code: Option<Code>,
}

impl End {
    /// Takes the code from headers or trailers that have one.
    fn see(&mut self, headers: &HeaderMap) {
        let status = Status::from_header_map(headers);
        self.code = status.map(|status| status.code()).or(self.code);
    }
}

impl Drop for End {
    fn drop(&mut self) {
        // An answer that was not read to its end was not wanted any more.
        let code = self.code.unwrap_or(Code::Cancelled);
        let took = self.begun.elapsed();
        let name = format!("{code:?}");
        let counts = usize::from(!self.looks);
        self.gate.open.send_modify(|open| *open -= counts);
        let known = self.gate.methods.get(&self.method);
        let method = known.map_or(OTHER, |_| &self.method);
        self.gate.metrics.ended(method, &name, took);
        let _entered = self.span.enter();
        let milliseconds = took.as_millis() as u64;
        let call = self.method.rsplit('/').next().unwrap_or_default();
        if WRITES.iter().any(|writes| call.starts_with(writes)) {
            tracing::info!(code = name, milliseconds, "write");
        }
        traces::ended(&self.span, code);
        // How long these take says nothing of the server.
        let is_open_ended = OPEN_ENDED.iter().any(|one| self.method.starts_with(one));
        if is_open_ended || known.is_some_and(|is_long| *is_long) {
            tracing::debug!(code = name, milliseconds, "stream");
        } else if self.gate.times.is_slow(took) {
            tracing::warn!(code = name, milliseconds, "slow");
        }
    }
}

/// The body of an answer, whose end is seen.
struct Watched {
    body: Body,
    end: End,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            self.end.see(trailers);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
