//! What is read of a file of objects.

use serde_json::Value;

use crate::json::Object;
use crate::table::RowError;

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
}

/// The object that a text is; `what` names it in messages.
pub(crate) fn parsed(line: u64, text: &str, what: &str) -> std::result::Result<Object, RowError> {
    let failed = |message: String| Err(RowError::new(line, message));
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
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
