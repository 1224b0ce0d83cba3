//! What requests may hold and answers may come to.

use assort_proto::v1;

use crate::reason::{Reason, Refusal, refuse};
use tonic::Status;

/// Bytes of a message to the server.
pub const MAX_REQUEST: usize = 16 << 20;

/// Bytes of a message from the server.
pub const MAX_RESPONSE: usize = 64 << 20;

/// Bytes of products on a page; what a message holds beside them is small.
pub(crate) const MAX_PAGE_BYTES: usize = MAX_RESPONSE / 2;

/// Products, names or labels in a message.
pub const MAX_BATCH: usize = 1_000;

/// Results of a page.
pub const MAX_PAGE: usize = 1_000;

/// The deepest result that searches give, which is the engine's own limit.
pub const MAX_DEPTH: usize = 100_000;

/// Attributes whose values a request counts.
const MAX_FACETS: usize = 100;

/// Bytes of a picture that is given as bytes.
pub const MAX_IMAGE: usize = 1 << 20;

/// Bytes of a request id.
pub(crate) const MAX_REQUEST_ID: usize = 128;

/// The limits as clients are told.
pub(crate) fn told() -> v1::Limits {
    v1::Limits {
        max_request_bytes: MAX_REQUEST as i64,
        max_response_bytes: MAX_RESPONSE as i64,
        max_batch_size: MAX_BATCH as i32,
        max_page_size: MAX_PAGE as i32,
        max_search_depth: MAX_DEPTH as i32,
        max_image_bytes: MAX_IMAGE as i64,
    }
}

/// The number of results of a page that a request asks for.
pub(crate) fn page_size(asked: i32, usual: usize) -> Result<usize, Status> {
    page_size_of("page_size", asked, usual)
}

/// The same, of a field of another name.
pub(crate) fn page_size_of(field: &str, asked: i32, usual: usize) -> Result<usize, Status> {
    match usize::try_from(asked) {
        Ok(0) => Ok(usual),
        Ok(asked) => Ok(asked.min(MAX_PAGE)),
        Err(_) => {
            let what = format!("a page cannot hold {asked} results");
            Err(Refusal::of_field(field, what).status())
        }
    }
}

/// Refuses too many facets, and those without a name.
pub(crate) fn check_facets(field: &str, names: &[String]) -> Result<(), Status> {
    if names.len() > MAX_FACETS {
        let what = format!(
            "`{field}`: there are {}, the most is {MAX_FACETS}",
            names.len()
        );
        return Err(Refusal::of_field(field, what).status());
    }
    let mut names = (0..).zip(names);
    let empty = names.find(|(_, name)| name.trim().is_empty());
    empty.map_or(Ok(()), |(at, _): (usize, _)| {
        let field = format!("{field}[{at}]");
        let what = format!("`{field}` is empty; give the name of an attribute");
        Err(Refusal::of_field(field, what).status())
    })
}

/// A number that is as usual if it is 0, and cannot be less.
pub(crate) fn positive(field: &str, number: i32) -> Result<Option<usize>, Status> {
    match usize::try_from(number) {
        Ok(0) => Ok(None),
        Ok(number) => Ok(Some(number)),
        Err(_) => {
            let what = format!("`{field}` is {number}, and cannot be less than 0");
            Err(Refusal::of_field(field, what).status())
        }
    }
}

/// Refuses a batch of none or of too many.
pub(crate) fn check_batch(field: &str, count: usize) -> Result<(), Status> {
    let what = match count {
        0 => "there is none; give at least one".to_owned(),
        1..=MAX_BATCH => return Ok(()),
        _ => format!("there are {count}, the most is {MAX_BATCH}"),
    };
    Err(Refusal::of_field(field, format!("`{field}`: {what}")).status())
}

/// A message was longer than the server takes.
pub(crate) fn too_large(said: &str) -> Status {
    let message = format!("the message is too large: the most is {MAX_REQUEST} bytes ({said})");
    refuse(Reason::MessageTooLarge, message).status()
}

/// A message was not what the contract says.
pub(crate) fn malformed(said: &str) -> Status {
    refuse(
        Reason::Malformed,
        format!("the message cannot be read: {said}"),
    )
    .status()
}
