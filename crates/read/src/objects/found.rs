//! What is read of a file of objects.

use serde_json::Value;

use crate::json::Object;
use crate::table::RowError;

use super::value::value_of;

/// What is read next.
#[derive(Debug)]
pub(crate) struct Found {
    /// The line on which the object begins.
    pub(crate) line: u64,
    /// Its number among the objects, counted from 1.
    pub(crate) number: u64,
    /// Bytes of it in the file.
    pub(crate) size: usize,
    pub(crate) row: std::result::Result<Object, RowError>,
    /// The first key that stands twice in it, of which the last value is read.
    pub(crate) repeated: Option<String>,
}

/// An object of a file, and the first key that stands twice in it.
pub(crate) type Parsed = (Object, Option<String>);

/// What was parsed as an object, and as a key.
pub(crate) fn apart(
    parsed: std::result::Result<Parsed, RowError>,
) -> (std::result::Result<Object, RowError>, Option<String>) {
    match parsed {
        Ok((object, repeated)) => (Ok(object), repeated),
        Err(error) => (Err(error), None),
    }
}

/// The object that a text is; `what` names it in messages.
pub(crate) fn parsed(line: u64, text: &str, what: &str) -> std::result::Result<Parsed, RowError> {
    let failed = |message: String| Err(RowError::new(line, message));
    match value_of(text) {
        Ok((Value::Object(object), repeated)) => Ok((object, repeated)),
        Ok(_) => failed(format!("{what} is not a JSON object")),
        Err(error) => {
            // Lines are counted from the first of what it was given.
            let within = (error.line() as u64).saturating_sub(1);
            let what = error.to_string();
            let reason = what.split(" at line ").next().unwrap_or(&what);
            let message = format!("not valid JSON: {reason} at column {}", error.column());
            Err(RowError::new(line + within, message))
        }
    }
}
