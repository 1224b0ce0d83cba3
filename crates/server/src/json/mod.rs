//! The messages of the contract as JSON over HTTP, on the paths that its annotations
//! say. A call becomes one of gRPC, passes the same gate and comes to the same
//! service; its answer becomes JSON again.

mod answers;
mod errors;
mod fields;
mod requests;
mod routes;
mod template;

use std::time::Duration;

use assort_proto::DESCRIPTORS;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method as Verb, StatusCode, Uri, header};
use axum::response::Response;
use prost_reflect::{DescriptorError, DescriptorPool};
use prost_types::FileDescriptorSet;
use tonic::codegen::Service;
use tonic::{Code, Status};

use self::answers::{Held, Lines};
use self::fields::Outside;
use self::requests::Messages;
use self::routes::{Found, Method, Miss, Part, Routes};
use crate::pool::deadline_exceeded;
use crate::reason::{Reason, Refusal, refuse};

/// What answers hold.
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// What answers of streams hold: a message in each line.
pub(crate) const LINES: &str = "application/x-ndjson";

/// The header of a deadline, in seconds.
pub(crate) const TIMEOUT: HeaderName = HeaderName::from_static("x-timeout");

/// The same in gRPC. The transport cuts calls that bring it off, and answers them as
/// gRPC has it.
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// The longest deadline, which is as good as none.
const LONGEST: f64 = 86_400.0;

/// Headers that are of the form of a message, and not of the call.
const OF_FORM: [&str; 11] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "grpc-accept-encoding",
    "grpc-encoding",
    "grpc-message",
    "grpc-status",
    "grpc-status-details-bin",
    "transfer-encoding",
];

/// What can be called by JSON.
pub(crate) struct Json {
    pool: DescriptorPool,
    routes: Routes,
    /// Where calls of gRPC go.
    calls: Router,
}

impl Json {
    /// The methods of the contract and of health, which `calls` answers.
    ///
    /// # Errors
    /// If what is compiled in cannot be read.
    pub(crate) fn new(calls: Router) -> Result<Self, DescriptorError> {
        let mut pool = DescriptorPool::decode(DESCRIPTORS)?;
        pool.decode_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)?;
        add_details(&mut pool)?;
        Ok(Self {
            routes: Routes::of(&pool),
            pool,
            calls,
        })
    }

    /// Answers a call.
    pub(crate) async fn answer(&self, request: Request) -> Response {
        let timeout = timeout(request.headers());
        let until = timeout.as_ref().ok().copied().flatten();
        let answer = self.call(request, timeout);
        match until {
            None => answer.await,
            Some(time) => match tokio::time::timeout(time, answer).await {
                Ok(response) => response,
                Err(_) => self.failed(HeaderMap::new(), Body::empty(), &deadline_exceeded()),
            },
        }
    }

    async fn call(&self, request: Request, timeout: Result<Option<Duration>, Status>) -> Response {
        let (mut parts, body) = request.into_parts();
        let sends = body.size_hint().upper() != Some(0);
        let found = self.routes.find(&parts.method, parts.uri.path());
        let (path, messages) = match &found {
            Ok(found) => {
                let outside = timeout.and_then(|timeout| {
                    let outside = outside(found, &parts.headers, &parts.uri, sends)?;
                    Ok((outside, timeout))
                });
                if let Ok((_, Some(timeout))) = &outside {
                    let told = HeaderValue::from_str(&format!("{}m", timeout.as_millis()));
                    parts
                        .headers
                        .extend(told.ok().map(|told| (GRPC_TIMEOUT, told)));
                }
                let outside = outside.map(|(outside, _)| outside);
                let method = &found.route.method;
                let messages = Messages::new(body, outside, method.streams_in);
                (method.path.as_str(), Body::new(messages))
            }
            // Whoever has no key does not learn what there is.
            Err(_) => ("/", Body::empty()),
        };
        for name in OF_FORM {
            parts.headers.remove(name);
        }
        let grpc = HeaderValue::from_static("application/grpc");
        parts.headers.insert(header::CONTENT_TYPE, grpc);
        let trailers = HeaderValue::from_static("trailers");
        parts.headers.insert(header::TE, trailers);
        let verb = std::mem::replace(&mut parts.method, Verb::POST);
        let asked = std::mem::replace(&mut parts.uri, Uri::try_from(path).unwrap_or_default());
        let answer = self
            .calls
            .clone()
            .call(Request::from_parts(parts, messages));
        let answer = answer.await.unwrap_or_else(|never| match never {});
        match found {
            Ok(found) => self.told(answer, &found.route.method).await,
            Err(miss) => self.missed(answer, &miss, &verb, asked.path()),
        }
    }

    /// The answer to a call as JSON.
    async fn told(&self, answer: Response, method: &Method) -> Response {
        let (mut parts, mut body) = answer.into_parts();
        let refused = Status::from_header_map(&parts.headers);
        if let Some(status) = refused.filter(|status| status.code() != Code::Ok) {
            return self.failed(parts.headers, body, &status);
        }
        if method.streams_out {
            strip(&mut parts.headers);
            let lines = HeaderValue::from_static(LINES);
            parts.headers.insert(header::CONTENT_TYPE, lines);
            let lines = Lines::new(body, method.output.clone(), self.pool.clone());
            return Response::from_parts(parts, Body::new(lines));
        }
        match answers::whole(&mut body, &method.output).await {
            Ok(text) => {
                strip(&mut parts.headers);
                parts.headers.insert(header::CONTENT_TYPE, JSON);
                let text = Some(text);
                Response::from_parts(parts, Body::new(Held { text, call: body }))
            }
            Err(status) => self.failed(parts.headers, body, &status),
        }
    }

    /// A failed call.
    fn failed(&self, headers: HeaderMap, call: Body, status: &Status) -> Response {
        self.refused(headers, call, status, errors::http(status.code()))
    }

    fn refused(
        &self,
        mut headers: HeaderMap,
        call: Body,
        status: &Status,
        http: StatusCode,
    ) -> Response {
        strip(&mut headers);
        headers.insert(header::CONTENT_TYPE, JSON);
        headers.extend(errors::headers(status));
        let text = format!("{}\n", errors::body(&self.pool, status, http));
        let text = Some(text.into());
        let mut response = Response::new(Body::new(Held { text, call }));
        *response.status_mut() = http;
        *response.headers_mut() = headers;
        response
    }

    /// A path that leads nowhere; the answer is that of the gate.
    fn missed(&self, answer: Response, miss: &Miss, verb: &Verb, path: &str) -> Response {
        let (parts, body) = answer.into_parts();
        let passed = Status::from_header_map(&parts.headers)
            .filter(|status| status.code() != Code::Unimplemented);
        if let Some(status) = passed {
            return self.failed(parts.headers, body, &status);
        }
        match miss {
            Miss::Path => {
                let what = format!("there is nothing at `{path}`");
                let status = refuse(Reason::NotFound, what).status();
                self.failed(parts.headers, body, &status)
            }
            Miss::Text => {
                let what = format!("`{path}` is no text in UTF-8");
                let status = refuse(Reason::Malformed, what).status();
                self.failed(parts.headers, body, &status)
            }
            Miss::Verb(verbs) => {
                let verbs: Vec<&str> = verbs.iter().map(Verb::as_str).collect();
                let verbs = verbs.join(", ");
                let what = format!("`{path}` cannot be called by {verb}, but by {verbs}");
                let status = refuse(Reason::Unimplemented, what).status();
                let http = StatusCode::METHOD_NOT_ALLOWED;
                let mut response = self.refused(parts.headers, body, &status, http);
                if let Ok(verbs) = HeaderValue::from_str(&verbs) {
                    response.headers_mut().insert(header::ALLOW, verbs);
                }
                response
            }
        }
    }
}

/// Adds the details of errors, which stand in messages of any kind.
fn add_details(pool: &mut DescriptorPool) -> Result<(), DescriptorError> {
    use prost::Message;
    let details = FileDescriptorSet::decode(tonic_types::pb::FILE_DESCRIPTOR_SET);
    let files = details.unwrap_or_default().file.into_iter();
    // The set has some that the contract has under other names.
    let is_new = |file: &prost_types::FileDescriptorProto| {
        let mut messages = file.message_type.iter();
        let known = |name: &str| {
            let name = format!("{}.{name}", file.package());
            pool.get_message_by_name(&name).is_some()
        };
        !messages.any(|message| known(message.name()))
    };
    let files: Vec<_> = files.filter(is_new).collect();
    pool.add_file_descriptor_protos(files)
}

/// Takes off what is of gRPC.
fn strip(headers: &mut HeaderMap) {
    for name in OF_FORM {
        headers.remove(name);
    }
}

/// What path, query and headers say of a call.
fn outside(
    found: &Found<'_>,
    headers: &HeaderMap,
    uri: &Uri,
    sends: bool,
) -> Result<Outside, Status> {
    let route = found.route;
    if sends && !matches!(route.part, Part::Nothing) {
        check_form(headers, route.method.streams_in)?;
    }
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING) {
        let encoding = encoding.to_str().unwrap_or_default();
        let what = format!("the compression `{encoding}` is not known; there is gzip");
        return Err(refuse(Reason::Unimplemented, what).status());
    }
    Outside::read(&route.method.input, route.part.clone(), &found.values, uri)
}

/// Refuses a body that does not say that it is JSON.
fn check_form(headers: &HeaderMap, lines: bool) -> Result<(), Status> {
    let form = headers.get(header::CONTENT_TYPE);
    let form = form.and_then(|form| form.to_str().ok()).unwrap_or_default();
    let (kind, more) = form.split_once(';').unwrap_or((form, ""));
    let is = |wanted: &str| kind.trim().eq_ignore_ascii_case(wanted);
    let charset = more.trim().to_ascii_lowercase();
    let known = ["", "charset=utf-8", "charset=\"utf-8\""].contains(&charset.as_str());
    if known && (is("application/json") || (lines && is(LINES))) {
        return Ok(());
    }
    let what = format!(
        "the body is said to be `{form}`; send JSON with the header `content-type: application/json`"
    );
    Err(refuse(Reason::Malformed, what).status())
}

/// The deadline of a call.
fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    if headers.contains_key(GRPC_TIMEOUT) {
        let what = "the deadline of a call by JSON is the header `x-timeout`, in seconds";
        return Err(Refusal::of_field(GRPC_TIMEOUT.as_str(), what).status());
    }
    let Some(value) = headers.get(TIMEOUT) else {
        return Ok(None);
    };
    let value = value.to_str().unwrap_or_default();
    let seconds = value.parse().ok().filter(|seconds| *seconds > 0.0);
    let seconds: f64 = seconds.ok_or_else(|| {
        let what = format!("`x-timeout` is `{value}`, and should be seconds, such as 2.5");
        Refusal::of_field(TIMEOUT.as_str(), what).status()
    })?;
    Ok(Some(Duration::from_secs_f64(seconds.min(LONGEST))))
}
