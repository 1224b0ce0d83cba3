//! Rows of streams: numbered by the client, one by one.

use tonic::Status;

use assort_proto::v1;

use crate::limits::MAX_BATCH;
use crate::reason::{Reason, Refusal, in_message, refuse};
use crate::values::Wrong;

/// The number of the last row of a stream so far.
#[derive(Default)]
pub(crate) struct Numbers(i64);

impl Numbers {
    /// Takes `count` rows from `first` on; gives their numbers.
    pub(crate) fn take(
        &mut self,
        first: i64,
        count: usize,
    ) -> Result<std::ops::Range<i64>, Status> {
        if count > MAX_BATCH {
            let what = format!("a message has {count} rows, the most is {MAX_BATCH}");
            return Err(Refusal::of_field("rows.products", what).status());
        }
        if first <= self.0 {
            let what = format!(
                "the rows of a message begin with {first}, and should begin above {}",
                self.0
            );
            return Err(Refusal::of_field("rows.first_row", what).status());
        }
        let end = first.checked_add(count as i64).ok_or_else(|| {
            let what = format!("the rows of a message begin with {first}, which is too high");
            Refusal::of_field("rows.first_row", what).status()
        })?;
        self.0 = end - 1;
        Ok(first..end)
    }
}

/// The first message must open a stream, and no other one may.
pub(crate) fn not_opened() -> Status {
    let what = "the first message of the stream must say what it is for, in `open`";
    refuse(Reason::Malformed, what)
        .with_field("open", what)
        .status()
}

/// A message that is neither, or opens the stream again.
pub(crate) fn no_rows() -> Status {
    let what = "a message of the stream has no `rows`";
    refuse(Reason::Malformed, what)
        .with_field("rows", what)
        .status()
}

/// A row that cannot be taken.
pub(crate) fn rejected(row: i64, product_id: String, wrong: Wrong) -> v1::RejectedRow {
    let status = Refusal::of_field(wrong.field, wrong.what).status();
    v1::RejectedRow {
        row,
        product_id,
        status: Some(in_message(&status)),
    }
}
