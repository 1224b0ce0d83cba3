//! The service as a client meets it, in this process.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure in a helper of a test fails the test"
)]

mod admin;
mod attributes;
mod catalogs;
mod changing;
mod classification;
mod common;
mod dashboard;
mod docs;
mod http;
mod json;
mod json_trouble;
mod keys;
mod labels;
mod limits;
mod metrics;
mod pictures;
mod products;
mod search;
mod stopping;
mod streams;
mod taxonomy;
mod web;
