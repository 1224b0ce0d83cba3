//! What is known of a call beside its message: who calls, and until when.

use std::time::Duration;

use tokio::time::Instant;
use tonic::metadata::MetadataMap;
use tonic::{Request, Status};

use crate::access::{Access, Role};
use crate::reason::{Reason, refuse};

/// The header of the deadline.
const TIMEOUT: &str = "grpc-timeout";

/// A call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) access: Access,
    pub(crate) deadline: Option<Instant>,
}

impl Call {
    /// The call that a request is of.
    pub(crate) fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        let access = request.extensions().get::<Access>();
        let unknown = || refuse(Reason::KeyMissing, "nobody is known to call").status();
        Ok(Self {
            access: access.cloned().ok_or_else(unknown)?,
            deadline: deadline(request.metadata()),
        })
    }

    /// Refuses what the caller may not do with a catalog.
    pub(crate) fn check(&self, role: Role, catalog: &str) -> Result<(), Status> {
        self.access.check(role, catalog)
    }
}

/// When the answer must be there: a little before the caller gives up, so that it
/// hears why.
fn deadline(metadata: &MetadataMap) -> Option<Instant> {
    let timeout = parse(metadata.get(TIMEOUT)?.to_str().ok()?)?;
    let margin = (timeout / 10).min(Duration::from_millis(5));
    Instant::now().checked_add(timeout - margin)
}

/// A number of up to eight digits and a letter for its unit.
fn parse(text: &str) -> Option<Duration> {
    let at = text.len().checked_sub(1)?;
    let (digits, unit) = (text.get(..at)?, text.get(at..)?);
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3_600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        for (text, wanted) in [
            ("1H", Some(Duration::from_secs(3_600))),
            ("99999999H", Some(Duration::from_secs(99_999_999 * 3_600))),
            ("250m", Some(Duration::from_millis(250))),
            ("7u", Some(Duration::from_micros(7))),
            ("", None),
            ("S", None),
            ("1", None),
            ("999999999S", None),
            ("-1S", None),
            ("1ü", None),
        ] {
            assert_eq!(parse(text), wanted, "{text}");
        }
    }
}
