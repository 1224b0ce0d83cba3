//! One file for each service of the contract.

mod admin;
mod attributes;
mod catalogs;
mod classification;
mod labels;
mod operations;
mod products;
mod replication;
mod rows;
mod search;
mod server;
mod taxonomy;
mod upsert;
mod upsert_stream;

pub(crate) use admin::Admin;
pub(crate) use attributes::Attributes;
pub(crate) use catalogs::Catalogs;
pub(crate) use classification::Classification;
pub(crate) use labels::Labels;
pub(crate) use operations::LongRunning;
pub(crate) use products::Products;
pub(crate) use replication::Replication;
pub(crate) use search::Searches;
pub(crate) use server::Server;
pub(crate) use taxonomy::Taxonomies;

use prost::Message;
use tokio::sync::watch;
use tonic::{Code, Status, Streaming};

use crate::limits::{MAX_PAGE_BYTES, malformed, too_large};
use crate::pool::stopped;

/// Leaves as many of the results as a message holds, and one at least; tells whether
/// others were cut off.
fn fitting<T: Message>(results: &mut Vec<T>) -> bool {
    let mut bytes = 0;
    let fits = results.iter().take_while(|result| {
        bytes += result.encoded_len();
        bytes <= MAX_PAGE_BYTES
    });
    let (all, count) = (results.len(), fits.count().max(1));
    results.truncate(count);
    count < all
}

/// The next message of a stream.
async fn message<T>(messages: &mut Streaming<T>) -> Result<Option<T>, Status> {
    let next = messages.message().await;
    next.map_err(|status| match status.code() {
        Code::OutOfRange => too_large(status.message()),
        Code::Internal => malformed(status.message()),
        _ => status,
    })
}

/// Waits until the server is about to end; gives what callers are told then.
async fn stopping(stops: &mut watch::Receiver<bool>) -> Status {
    // Whoever tells of it ends only with the server.
    let _ = stops.wait_for(|stops| *stops).await;
    stopped()
}
