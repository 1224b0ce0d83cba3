//! Arguments of `assort serve`.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Args)]
#[command(
    after_help = "Examples:\n  assort serve shop\n  assort serve shop books=/srv/books-2025 --listen 127.0.0.1:6000\n  assort serve shop --listen 0.0.0.0:50051 --keys keys.txt --certificate server.pem --private-key server.key\n\nSIGTERM and Ctrl-C end it: calls that are open are answered. SIGHUP reads the keys again. docs/grpc.md has the rest."
)]
pub(crate) struct Serve {
    /// Directories of catalogs, each by itself or as NAME=DIR
    #[arg(required = true, value_name = "DIR")]
    pub(crate) dirs: Vec<String>,

    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
    pub(crate) listen: SocketAddr,

    /// Refuse writes, and serve catalogs that another process writes to
    #[arg(long)]
    pub(crate) read_only: bool,

    /// File with a line for each API key: its name, read-only, read-write or
    /// admin, its catalogs (`*` for all), its SHA-256 [default: no key is needed]
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: Option<PathBuf>,

    /// Certificate of the server, in PEM [default: connections are in the clear]
    #[arg(long, value_name = "FILE", requires = "private_key")]
    pub(crate) certificate: Option<PathBuf>,

    /// Private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub(crate) private_key: Option<PathBuf>,

    /// Certificates that those of callers must rest on, in PEM [default: callers
    /// need none]
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub(crate) client_ca: Option<PathBuf>,

    /// Listen on an address that other machines can reach, without keys or
    /// certificates
    #[arg(long)]
    pub(crate) insecure: bool,

    /// Let pages of an origin, such as https://shop.example, call from browsers; may
    /// be given again [default: none may]
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<String>,

    /// Calls that may wait for a thread; more are refused
    #[arg(long, value_name = "N", default_value = "256")]
    pub(crate) queue: NonZeroUsize,

    /// How lines of the log are written
    #[arg(long, value_enum, default_value_t = Log::Text)]
    pub(crate) log: Log,

    /// Tell calls that take longer than so many milliseconds in the log
    #[arg(long, value_name = "MS", default_value_t = 1_000)]
    pub(crate) slow: u64,

    /// Seconds that open calls may take once the server is told to end
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) drain: u64,
}

/// How lines of the log are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Log {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}
