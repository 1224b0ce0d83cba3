//! Rows that are no products if no other rows follow.

use crate::columns::Columns;
use crate::maker::{Given, no_id};
use crate::row::Rejected;

/// More rows of totals than these do not stand at the end of a table.
const MOST: usize = 16;

/// Rows that look like totals, until it is known whether other rows follow.
#[derive(Debug, Default)]
pub(crate) struct LastRows(Vec<Given>);

impl LastRows {
    /// Whether a row is to wait here; the first of a file is no total.
    pub(crate) fn waits(&self, given: &Given, number: u64) -> bool {
        let stands_below = number > self.0.len() as u64 + 1;
        given.totals.is_some() && stands_below && self.0.len() < MOST
    }

    pub(crate) fn hold(&mut self, given: Given) {
        self.0.push(given);
    }

    /// The rows that waited, of which others follow.
    pub(crate) fn release(&mut self, columns: &Columns) -> Vec<Result<Given, Rejected>> {
        let held = std::mem::take(&mut self.0).into_iter();
        let held = held.map(|given| match given.update.id.is_empty() {
            true => Err(no_id(columns, given.line, "")),
            false => Ok(given),
        });
        held.collect()
    }

    /// The rows that waited at the end.
    pub(crate) fn finish(&mut self) -> Vec<Given> {
        std::mem::take(&mut self.0)
    }
}
