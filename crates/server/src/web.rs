//! The forms that a call may come in: gRPC, gRPC-Web for browsers, and JSON.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use axum::response::Response;
use axum::routing::any_service;
use tonic::codegen::Service;
use tonic_web::GrpcWebLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::cors::CorsLayer;
use tower_http::decompression::RequestDecompressionLayer;

use crate::error::{Error, Result};
use crate::gate::{METRICS, PROBE, REQUEST_ID};
use crate::hosts;
use crate::json::{Json, LINES, TIMEOUT};

/// What requests of gRPC and of gRPC-Web begin their kind of content with.
const GRPC: &str = "application/grpc";
const GRPC_WEB: &str = "application/grpc-web";

/// Headers of gRPC that pages of other origins may send, and see.
const SENT: [&str; 3] = ["grpc-timeout", "x-grpc-web", "x-user-agent"];
const SEEN: [&str; 3] = ["grpc-message", "grpc-status", "grpc-status-details-bin"];

/// How long browsers may remember what pages of other origins may do.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// Origins whose pages may call.
pub(crate) type Origins = Arc<[HeaderValue]>;

/// Reads origins.
///
/// # Errors
/// [`Error::Origin`] for a text that is none.
pub(crate) fn origins(texts: &[String]) -> Result<Origins> {
    texts.iter().map(|text| origin(text)).collect()
}

/// A scheme, a host and, if need be, a port, as browsers send them.
fn origin(text: &str) -> Result<HeaderValue> {
    let is_whole = |uri: &Uri| {
        let scheme = uri
            .scheme_str()
            .is_some_and(|it| ["http", "https"].contains(&it));
        let again = format!(
            "{}://{}",
            uri.scheme_str().unwrap_or_default(),
            uri.authority().map_or("", |authority| authority.as_str())
        );
        scheme && again == text && !text.contains('@')
    };
    let uri: Option<Uri> = text.parse().ok().filter(is_whole);
    let value = uri.and_then(|_| HeaderValue::from_str(text).ok());
    value.ok_or_else(|| Error::Origin(text.to_owned()))
}

/// The ways to come to a call.
struct Ways {
    grpc: Router,
    web: Router,
    /// JSON, and what operators measure.
    plain: Router,
}

/// What answers calls of every form by what answers those of gRPC.
///
/// # Errors
/// [`Error::Internal`] if the contract that is compiled in cannot be read.
pub(crate) fn ways(grpc: Router, origins: &Origins) -> Result<Router> {
    let json = Json::new(grpc.clone()).map_err(|error| Error::Internal(error.to_string()))?;
    // Lines go out one by one.
    let pressed = DefaultPredicate::new().and(NotForContentType::const_new(LINES));
    let plain =
        Router::new()
            .route(&format!("/{METRICS}"), any_service(grpc.clone()))
            .route(&format!("/{PROBE}"), any_service(grpc.clone()))
            .fallback(
                |State(json): State<Arc<Json>>, request: Request| async move {
                    json.answer(request).await
                },
            )
            .with_state(Arc::new(json))
            .layer(CompressionLayer::new().compress_when(pressed))
            .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true));
    let web = Router::new().fallback_service(grpc.clone());
    let web = web.layer(GrpcWebLayer::new());
    let ways = Arc::new(Ways { grpc, web, plain });
    let router = Router::new().fallback(answer).with_state(ways);
    Ok(match origins.is_empty() {
        true => router,
        false => router.layer(pages(origins)),
    })
}

/// What browsers ask before pages of other origins may call.
fn pages(origins: &Origins) -> CorsLayer {
    let sent = [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        REQUEST_ID,
        TIMEOUT,
    ];
    let seen = [header::RETRY_AFTER, REQUEST_ID];
    let named = |names: [&'static str; 3]| names.into_iter().map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(origins.to_vec())
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(sent.into_iter().chain(named(SENT)).collect::<Vec<_>>())
        .expose_headers(seen.into_iter().chain(named(SEEN)).collect::<Vec<_>>())
        .max_age(REMEMBERED)
}

async fn answer(State(ways): State<Arc<Ways>>, mut request: Request) -> Response {
    hosts::name(&mut request);
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let router = match kind {
        web if web.starts_with(GRPC_WEB) => &ways.web,
        grpc if grpc.starts_with(GRPC) => &ways.grpc,
        _ => &ways.plain,
    };
    let answer = router.clone().call(request).await;
    answer.unwrap_or_else(|never| match never {})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host() {
        for (text, is_one) in [
            ("https://shop.example", true),
            ("http://localhost:8080", true),
            ("https://shop.example/", false),
            ("https://shop.example/app", false),
            ("shop.example", false),
            ("ftp://shop.example", false),
            ("https://me@shop.example", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(origin(text).is_ok(), is_one, "{text}");
        }
    }
}
