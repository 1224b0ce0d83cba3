//! Why a server cannot run.

use std::net::SocketAddr;
use std::path::PathBuf;

use assort::ErrorKind;

/// Result of the operations of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a server cannot run, or could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Catalogs cannot be named in paths, or two have the same name.
    #[error("{0}")]
    Catalogs(String),
    /// The address would be open to others, without protection.
    #[error(
        "{0} can be reached from other machines, and the server has no certificate and no keys to protect it"
    )]
    Exposed(SocketAddr),
    /// A text is no origin of pages.
    #[error(
        "`{0}` is no origin: one is a scheme, a host and, if need be, a port, such as `https://shop.example`"
    )]
    Origin(String),
    /// A text is no name of a host.
    #[error("`{0}` is no name of a host: one has no scheme and no port, such as `shop.internal`")]
    Host(String),
    /// A line of the file of keys cannot be read.
    #[error("{}, line {line}: {what}", path.display())]
    Keys {
        /// The file.
        path: PathBuf,
        /// Line of the file, counted from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A certificate or a private key cannot be used.
    #[error("{}: it cannot be used: {what}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Spans cannot be exported as the environment says.
    #[error("exporting spans by OpenTelemetry failed: {0}")]
    Traces(String),
    /// A file cannot be read.
    #[error("{}: reading it failed: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The address cannot be listened on.
    #[error("listening on {address} failed: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The machine refused what a server needs.
    #[error("{doing} failed: {source}")]
    Machine {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The server ended by a fault of the program.
    #[error("a fault of the program itself, please report it: {0}")]
    Internal(String),
}

impl Error {
    /// Who must act.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Catalogs(_) | Self::Exposed(_) | Self::Origin(_) | Self::Host(_) => {
                ErrorKind::Argument
            }
            Self::Keys { .. } | Self::Certificate { .. } | Self::Traces(_) => ErrorKind::Input,
            Self::Read { .. } | Self::Listen { .. } | Self::Machine { .. } => ErrorKind::Storage,
            Self::Internal(_) => ErrorKind::Internal,
        }
    }
}
