//! Statuses as answers of HTTP.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// What HTTP has for a code, and the code's name, as `google.rpc.Code` lists them.
fn told(code: Code) -> (u16, &'static str) {
    match code {
        Code::Ok => (200, "OK"),
        Code::Cancelled => (499, "CANCELLED"),
        Code::Unknown => (500, "UNKNOWN"),
        Code::InvalidArgument => (400, "INVALID_ARGUMENT"),
        Code::DeadlineExceeded => (504, "DEADLINE_EXCEEDED"),
        Code::NotFound => (404, "NOT_FOUND"),
        Code::AlreadyExists => (409, "ALREADY_EXISTS"),
        Code::PermissionDenied => (403, "PERMISSION_DENIED"),
        Code::ResourceExhausted => (429, "RESOURCE_EXHAUSTED"),
        Code::FailedPrecondition => (400, "FAILED_PRECONDITION"),
        Code::Aborted => (409, "ABORTED"),
        Code::OutOfRange => (400, "OUT_OF_RANGE"),
        Code::Unimplemented => (501, "UNIMPLEMENTED"),
        Code::Internal => (500, "INTERNAL"),
        Code::Unavailable => (503, "UNAVAILABLE"),
        Code::DataLoss => (500, "DATA_LOSS"),
        Code::Unauthenticated => (401, "UNAUTHENTICATED"),
    }
}

/// The status of HTTP that stands for a code.
pub(crate) fn http(code: Code) -> StatusCode {
    StatusCode::from_u16(told(code).0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// An error as callers read it.
pub(crate) fn body(pool: &DescriptorPool, status: &Status, http: StatusCode) -> Value {
    json!({"error": {
        "code": http.as_u16(),
        "status": told(status.code()).1,
        "message": status.message(),
        "details": details(pool, status).unwrap_or_else(|| json!([])),
    }})
}

/// The details of a status, each with its type.
fn details(pool: &DescriptorPool, status: &Status) -> Option<Value> {
    let kind = pool.get_message_by_name("google.rpc.Status")?;
    let message = DynamicMessage::decode(kind, status.details()).ok()?;
    let mut value = serde_json::to_value(message).ok()?;
    value.get_mut("details").map(Value::take)
}

/// Headers that say what an error asks for.
pub(crate) fn headers(status: &Status) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let wait = status.get_error_details();
    let wait = wait.retry_info().and_then(|info| info.retry_delay);
    if let Some(wait) = wait.map(whole_seconds) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(wait));
    }
    if status.code() == Code::Unauthenticated {
        let bearer = HeaderValue::from_static("Bearer");
        headers.insert(header::WWW_AUTHENTICATE, bearer);
    }
    headers
}

/// A time in seconds, rounded up: who comes earlier is refused again.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
