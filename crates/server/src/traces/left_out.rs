//! What takes the place of exporting where it is left out.

use axum::http::HeaderMap;
use tonic::Code;
use tracing::Span;
use tracing_subscriber::layer::Identity;

use crate::error::Result;
use crate::traces::collector;

/// No export.
pub(crate) struct Traces;

impl Traces {
    pub(crate) fn begin() -> Result<(Self, Option<Identity>)> {
        Ok((Self, None))
    }

    pub(crate) fn end(&self) {}

    /// Tells who expects spans that there are none.
    pub(crate) fn told(&self) {
        if let Some((name, _)) = collector() {
            tracing::warn!("{name} is set, and this program was built without exporting spans");
        }
    }
}

pub(crate) fn began(_: &Span, _: &str, _: &HeaderMap) {}

pub(crate) fn ended(_: &Span, _: Code) {}
