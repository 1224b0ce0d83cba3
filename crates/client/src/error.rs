//! Everything that can go wrong, sorted by who must act.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use assort_core::ErrorKind;
use assort_proto::v1;
use prost::Message;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt, pb};

/// Result of the operations of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call failed. Every message is one sentence; what a server said is in
/// [`Error::Refused`], whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // The caller must act.
    /// The address of the server cannot be used.
    #[error("`{url}` is not the address of a server: {what}")]
    Address {
        /// The address as it was given.
        url: String,
        /// What is wrong with it.
        what: String,
    },
    /// The key has characters that no key has.
    #[error("the key has a blank, a line break or another character that no key has")]
    Key,
    /// Certificates that were given cannot be used.
    #[error("the certificates cannot be used: {0}")]
    Certificates(String),
    /// One thing alone is longer than a message may be.
    #[error("{what} takes {bytes} bytes, and the server takes {most} in a message")]
    TooLarge {
        /// What it is, such as a product with its id.
        what: String,
        /// Bytes it takes.
        bytes: usize,
        /// Bytes of a message at most.
        most: usize,
    },
    /// The server refused the call, or failed at it.
    #[error("{0}")]
    Refused(Box<Refusal>),

    // The operator must act, or the caller later.
    /// No server answers there.
    #[error("no server answers at {url}: {what}")]
    Unreachable {
        /// The address.
        url: String,
        /// What the system said.
        what: String,
    },
    /// The server's certificate does not rest on those that are trusted, or is for another
    /// name.
    #[error("the server at {url} is not trusted: {what}")]
    Untrusted {
        /// The address.
        url: String,
        /// What is wrong with the certificate.
        what: String,
    },
    /// The server wants a certificate of its callers, or another one.
    #[error("the server at {url} wants another certificate of its callers: {what}")]
    CallerUntrusted {
        /// The address.
        url: String,
        /// What the server said.
        what: String,
    },
    /// The connection broke. Whether the call was done is not known.
    #[error("the connection to {url} broke: {what}")]
    Broken {
        /// The address.
        url: String,
        /// What the system said.
        what: String,
    },
    /// There was no answer in time.
    #[error("the server did not answer in time")]
    Deadline,

    // The authors must act.
    /// An answer is not what the contract says.
    #[error("the server's answer is not what the contract says: {0}")]
    Answer(String),
}

/// What a server says of a call that it did not do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refusal {
    /// The code of the status.
    pub code: Code,
    /// The reason, such as `QUEUE_FULL`: `docs/grpc.md` lists them. Empty if what stands
    /// between client and server refused.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
    /// All details of the status.
    pub details: ErrorDetails,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message.as_str() {
            "" => write!(f, "the server refused with {:?}", self.code),
            message => f.write_str(message),
        }
    }
}

impl Refusal {
    pub(crate) fn of(status: &Status) -> Self {
        let details = status.get_error_details();
        let reason = details.error_info().map(|info| info.reason.clone());
        Self {
            code: status.code(),
            reason: reason.unwrap_or_default(),
            message: status.message().to_owned(),
            details,
        }
    }

    /// A refusal as it stands in a message.
    pub(crate) fn in_message(status: &pb::Status) -> Self {
        let bytes = status.encode_to_vec();
        let code = Code::from_i32(status.code);
        Self::of(&Status::with_details(code, &status.message, bytes.into()))
    }

    /// Who must act. A key that is not good is told apart from other arguments: it lies with
    /// whoever gives keys.
    fn kind(&self) -> ErrorKind {
        match self.reason.as_str() {
            "ARGUMENT" | "REQUEST_ID_REUSED" | "KEY_MISSING" => ErrorKind::Argument,
            "PRECONDITION" => ErrorKind::Precondition,
            "INPUT" | "MESSAGE_TOO_LARGE" => ErrorKind::Input,
            "NOT_FOUND" => ErrorKind::NotFound,
            "ALREADY_EXISTS" => ErrorKind::AlreadyExists,
            "INTERRUPTED" => ErrorKind::Interrupted,
            "BUSY" | "QUEUE_FULL" | "STOPPING" | "DEADLINE_EXCEEDED" | "ETAG_MISMATCH"
            | "PAGE_TOKEN_EXPIRED" => ErrorKind::Busy,
            "STORAGE" => ErrorKind::Storage,
            "DAMAGED" => ErrorKind::Damaged,
            "EMBEDDER" => ErrorKind::Embedder,
            "INCOMPATIBLE" | "UNIMPLEMENTED" | "KEY_UNKNOWN" | "KEY_FORBIDS" => {
                ErrorKind::Incompatible
            }
            _ => ErrorKind::Internal,
        }
    }

    /// Fields of the request that are wrong, with what is wrong with them.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let wrong = self.details.bad_request().into_iter();
        wrong
            .flat_map(|wrong| &wrong.field_violations)
            .map(|one| (one.field.as_str(), one.description.as_str()))
    }

    /// The type and the name of the resource that is missing, changed or forbidden.
    pub fn resource(&self) -> Option<(&str, &str)> {
        let resource = self.details.resource_info()?;
        Some((&resource.resource_type, &resource.resource_name))
    }

    /// How long to wait before the same call may succeed; none where trying again is no
    /// use.
    pub fn retry_after(&self) -> Option<Duration> {
        self.details.retry_info()?.retry_delay
    }
}

/// A row of a stream that the server did not take.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RejectedRow {
    /// Its number: rows are counted from 1.
    pub row: u64,
    /// The id of the product.
    pub id: String,
    /// Why.
    pub refusal: Refusal,
}

impl RejectedRow {
    pub(crate) fn of(rejected: v1::RejectedRow) -> Self {
        let status = rejected.status.unwrap_or_default();
        Self {
            row: rejected.row.try_into().unwrap_or_default(),
            id: rejected.product_id,
            refusal: Refusal::in_message(&status),
        }
    }
}

impl Error {
    /// The error of a status that a server at `url` gave, or that stands for what became of
    /// the connection.
    pub(crate) fn of(status: &Status, url: &str) -> Self {
        match status.source() {
            // The transport of either side says so, and no server of ours.
            _ if status.code() == Code::Cancelled && status.message() == "Timeout expired" => {
                Self::Deadline
            }
            None => Self::Refused(Box::new(Refusal::of(status))),
            Some(source) => Self::of_transport(url, deepest(source)),
        }
    }

    /// The error of a connection that could not be made, or broke.
    pub(crate) fn of_transport(url: &str, what: String) -> Self {
        let url = url.to_owned();
        // What is trusted is judged far below, and comes as text.
        if what.contains("received fatal alert") {
            Self::CallerUntrusted { url, what }
        } else if what.contains("peer certificate") {
            Self::Untrusted { url, what }
        } else if ["refused", "resolve", "lookup", "unreachable", "timed out"]
            .iter()
            .any(|word| what.contains(word))
        {
            Self::Unreachable { url, what }
        } else {
            Self::Broken { url, what }
        }
    }

    /// What the server said, if it is the server that refused.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The reason that the server gave, such as `NOT_FOUND`.
    pub fn reason(&self) -> Option<&str> {
        self.refusal().map(|refusal| refusal.reason.as_str())
    }

    /// Who must act: what a program decides by.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Address { .. } | Self::Key => ErrorKind::Argument,
            Self::Certificates(_) | Self::TooLarge { .. } => ErrorKind::Input,
            Self::Unreachable { .. } | Self::Broken { .. } | Self::Deadline => ErrorKind::Busy,
            Self::Untrusted { .. } | Self::CallerUntrusted { .. } => ErrorKind::Incompatible,
            Self::Answer(_) => ErrorKind::Internal,
            Self::Refused(refusal) => refusal.kind(),
        }
    }

    /// Whether the connection failed, so that another one may do.
    pub(crate) fn is_of_connection(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Broken { .. })
    }
}

/// What the innermost error says, which names the cause.
pub(crate) fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
