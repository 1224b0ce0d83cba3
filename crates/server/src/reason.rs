//! Why a call is refused: one table of reasons with the codes they come as, and
//! the one place that makes statuses.

use std::time::Duration;

use assort::ErrorKind;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt, pb};

/// Domain of all reasons.
pub const DOMAIN: &str = "assort";

/// Why a call is refused. `docs/grpc.md` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    // One for each kind of error of the engine.
    /// An argument has a value that cannot be used.
    Argument,
    /// What was given cannot be read as what it should be.
    Input,
    /// The catalog is not in the state that the call needs.
    Precondition,
    /// What was stored and what was given do not belong together.
    Incompatible,
    /// There is no such catalog, product or category.
    NotFound,
    /// What is to be made is there already.
    AlreadyExists,
    /// The work was stopped.
    Interrupted,
    /// Other long work is under way.
    Busy,
    /// The file system of the server refused.
    Storage,
    /// What is stored is damaged.
    Damaged,
    /// The embedder could not be run.
    Embedder,
    /// The server is at fault.
    Internal,

    // Those of the service.
    /// A message is longer than the server takes.
    MessageTooLarge,
    /// A message is not what the contract says.
    Malformed,
    /// The server has no such method, or cannot read the message's compression.
    Unimplemented,
    /// The product or tree was changed since the etag was read.
    EtagMismatch,
    /// The request id was used for another request.
    RequestIdReused,
    /// The page token was not made by this server, or for another request.
    PageTokenInvalid,
    /// The catalog was changed since the page before.
    PageTokenExpired,
    /// More calls wait than the server takes.
    QueueFull,
    /// The deadline has passed.
    DeadlineExceeded,
    /// The server is about to end.
    Stopping,
    /// The call brings no key.
    KeyMissing,
    /// The server does not know the key, or it has expired.
    KeyUnknown,
    /// The key does not allow the call.
    KeyForbids,
    /// Pages of this origin may not call.
    OriginForbidden,
    /// The server does not answer to the name that it was called by.
    HostForbidden,
}

impl Reason {
    /// All reasons, in the order of `docs/grpc.md`.
    pub const ALL: [Self; 27] = [
        Self::Argument,
        Self::Input,
        Self::Precondition,
        Self::Incompatible,
        Self::NotFound,
        Self::AlreadyExists,
        Self::Interrupted,
        Self::Busy,
        Self::Storage,
        Self::Damaged,
        Self::Embedder,
        Self::Internal,
        Self::MessageTooLarge,
        Self::Malformed,
        Self::Unimplemented,
        Self::EtagMismatch,
        Self::RequestIdReused,
        Self::PageTokenInvalid,
        Self::PageTokenExpired,
        Self::QueueFull,
        Self::DeadlineExceeded,
        Self::Stopping,
        Self::KeyMissing,
        Self::KeyUnknown,
        Self::KeyForbids,
        Self::OriginForbidden,
        Self::HostForbidden,
    ];

    /// The reason of a kind of error.
    pub fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Argument => Self::Argument,
            ErrorKind::Input => Self::Input,
            ErrorKind::Precondition => Self::Precondition,
            ErrorKind::Incompatible => Self::Incompatible,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::AlreadyExists => Self::AlreadyExists,
            ErrorKind::Interrupted => Self::Interrupted,
            ErrorKind::Busy => Self::Busy,
            ErrorKind::Storage => Self::Storage,
            ErrorKind::Damaged => Self::Damaged,
            ErrorKind::Embedder => Self::Embedder,
            // A kind that is newer than this table is a fault of ours.
            _ => Self::Internal,
        }
    }

    /// The code it comes as.
    pub fn code(self) -> Code {
        match self {
            Self::Argument
            | Self::Input
            | Self::MessageTooLarge
            | Self::Malformed
            | Self::RequestIdReused
            | Self::PageTokenInvalid => Code::InvalidArgument,
            Self::Precondition | Self::Incompatible | Self::PageTokenExpired => {
                Code::FailedPrecondition
            }
            Self::NotFound => Code::NotFound,
            Self::AlreadyExists => Code::AlreadyExists,
            Self::Interrupted => Code::Cancelled,
            Self::EtagMismatch => Code::Aborted,
            Self::Busy | Self::Storage | Self::Embedder | Self::Stopping => Code::Unavailable,
            Self::Damaged => Code::DataLoss,
            Self::Internal => Code::Internal,
            Self::Unimplemented => Code::Unimplemented,
            Self::QueueFull => Code::ResourceExhausted,
            Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::KeyMissing | Self::KeyUnknown => Code::Unauthenticated,
            Self::KeyForbids | Self::OriginForbidden | Self::HostForbidden => {
                Code::PermissionDenied
            }
        }
    }

    /// Its name in an `ErrorInfo`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Argument => "ARGUMENT",
            Self::Input => "INPUT",
            Self::Precondition => "PRECONDITION",
            Self::Incompatible => "INCOMPATIBLE",
            Self::NotFound => "NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::Interrupted => "INTERRUPTED",
            Self::Busy => "BUSY",
            Self::Storage => "STORAGE",
            Self::Damaged => "DAMAGED",
            Self::Embedder => "EMBEDDER",
            Self::Internal => "INTERNAL",
            Self::MessageTooLarge => "MESSAGE_TOO_LARGE",
            Self::Malformed => "MALFORMED",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::EtagMismatch => "ETAG_MISMATCH",
            Self::RequestIdReused => "REQUEST_ID_REUSED",
            Self::PageTokenInvalid => "PAGE_TOKEN_INVALID",
            Self::PageTokenExpired => "PAGE_TOKEN_EXPIRED",
            Self::QueueFull => "QUEUE_FULL",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::Stopping => "STOPPING",
            Self::KeyMissing => "KEY_MISSING",
            Self::KeyUnknown => "KEY_UNKNOWN",
            Self::KeyForbids => "KEY_FORBIDS",
            Self::OriginForbidden => "ORIGIN_FORBIDDEN",
            Self::HostForbidden => "HOST_FORBIDDEN",
        }
    }

    /// How long to wait before the same call may succeed; none where trying
    /// again is no use, or nobody can tell when.
    pub fn retry_after(self) -> Option<Duration> {
        match self {
            Self::QueueFull => Some(Duration::from_millis(100)),
            Self::Stopping => Some(Duration::from_secs(1)),
            Self::Busy => Some(Duration::from_secs(10)),
            _ => None,
        }
    }

    /// What callers are told in place of a message that could name files, models or
    /// other things of the machine; none where the message may be told.
    fn instead(self) -> Option<&'static str> {
        Some(match self {
            Self::Input => "the input cannot be read",
            Self::Incompatible => {
                "what the catalog holds and what the server has do not belong together; the server's log says more"
            }
            Self::Storage => "the server could not read or write its files; its log says more",
            Self::Damaged => "the catalog is damaged; the server's log says more",
            Self::Embedder => "the embedder failed; the server's log says more",
            Self::Internal => "a fault of the server; its log says more",
            _ => return None,
        })
    }
}

/// A refusal on its way to becoming a status.
pub(crate) struct Refusal {
    reason: Reason,
    message: String,
    details: ErrorDetails,
}

/// A refusal for a reason.
pub(crate) fn refuse(reason: Reason, message: impl Into<String>) -> Refusal {
    Refusal {
        reason,
        message: message.into(),
        details: ErrorDetails::new(),
    }
}

impl Refusal {
    /// An argument that cannot be used, with the field it stands in.
    pub(crate) fn of_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        refuse(Reason::Argument, message.clone()).with_field(field, message)
    }

    /// The same with a field that is wrong.
    pub(crate) fn with_field(mut self, field: impl Into<String>, what: impl Into<String>) -> Self {
        self.details.add_bad_request_violation(field, what);
        self
    }

    /// The same with the resource that is missing, changed or forbidden.
    pub(crate) fn with_resource(mut self, kind: &str, name: &str) -> Self {
        self.details.set_resource_info(kind, name, "", "");
        self
    }

    /// The status, which has an `ErrorInfo` in every case.
    pub(crate) fn status(mut self) -> Status {
        let reason = self.reason;
        let nothing = std::collections::HashMap::<String, String>::new();
        self.details
            .set_error_info(reason.as_str(), DOMAIN, nothing);
        if let Some(wait) = reason.retry_after() {
            self.details.set_retry_info(Some(wait));
        }
        Status::with_error_details(reason.code(), self.message, self.details)
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        refusal.status()
    }
}

/// The status of an error of the engine. What callers shall not see of it goes to
/// the log.
pub(crate) fn of_error(error: &assort::Error) -> Status {
    let reason = Reason::of(error.kind());
    let message = match (error, reason.instead()) {
        // These name directories.
        (
            assort::Error::Locked(_)
            | assort::Error::NotACatalog(_)
            | assort::Error::NotACopy(_)
            | assort::Error::ReadOnlyCopy(_),
            _,
        ) => "the catalog cannot be opened; the server's log says more".to_owned(),
        (assort::Error::AlreadyACatalog(_), _) => {
            "a catalog that is no backup has that name".to_owned()
        }
        (assort::Error::OtherCopy { what, .. }, _) => {
            format!("what has that name cannot be brought up to date: {what}")
        }
        (assort::Error::ReadOnly, _) => "the catalog is served for reading only".to_owned(),
        (_, Some(instead)) => instead.to_owned(),
        (_, None) => return with_product(error, reason).status(),
    };
    tracing::error!(reason = reason.as_str(), %error);
    refuse(reason, message).status()
}

fn with_product(error: &assort::Error, reason: Reason) -> Refusal {
    let refusal = refuse(reason, error.to_string());
    match error {
        assort::Error::NoProduct(id) => refusal.with_resource("assort.v1.Product", id),
        _ => refusal,
    }
}

/// A status as it stands in a message.
pub(crate) fn in_message(status: &Status) -> pb::Status {
    use prost::Message;
    pb::Status::decode(status.details()).unwrap_or_else(|_| pb::Status {
        code: status.code() as i32,
        message: status.message().to_owned(),
        details: Vec::new(),
    })
}
