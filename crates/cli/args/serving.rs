//! Arguments of `assort serve`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use serde::Deserialize;

use super::shared::duration;

#[derive(Args, Clone)]
#[command(
    after_help = "Examples:\n  assort serve shop\n  assort serve shop books=/srv/books-2025 --listen 127.0.0.1:6000\n  assort serve shop --listen 0.0.0.0:50051 --keys keys.txt --certificate server.pem --private-key server.key\n  assort serve s3://shops/all --cache /var/cache/assort --poll 1m\n  assort serve --config assort.toml --check-config\n\nWhat is said as an option goes before what the environment says, and that before the file of --config. SIGTERM and Ctrl-C end it: calls that are open are answered. SIGHUP reads the file, keys and certificates again. docs/grpc.md has the rest."
)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) sources: Sources,

    /// Directories of catalogs, each by itself or as NAME=DIR; they take the place of
    /// those in the file of --config. A sharded catalog is named by its address, such as
    /// s3://BUCKET/PREFIX: it is kept in the folder of --cache, and followed
    #[arg(required_unless_present = "config", value_name = "DIR")]
    pub(crate) dirs: Vec<String>,

    /// File that says, in TOML, what is not said here
    #[arg(long, value_name = "FILE", env = "ASSORT_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// Tell what would be served and how, with where each value comes from, and
    /// serve nothing
    #[arg(long)]
    pub(crate) check_config: bool,

    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:50051]
    #[arg(long, value_name = "ADDRESS", env = "ASSORT_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,

    /// How often to look for a new version of sharded catalogs, such as 30s or 5m
    /// [default: 30s]
    #[arg(long, value_name = "TIME", env = "ASSORT_POLL", value_parser = duration)]
    pub(crate) poll: Option<Duration>,

    /// Refuse writes, and serve catalogs that another process writes to
    #[arg(long, value_name = "BOOL", env = "ASSORT_READ_ONLY", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) read_only: Option<bool>,

    /// File with a line for each API key: its name, read-only, read-write or
    /// admin, its catalogs (`*` for all), its SHA-256 [default: no key is needed]
    #[arg(long, value_name = "FILE", env = "ASSORT_KEYS")]
    pub(crate) keys: Option<PathBuf>,

    /// Certificate of the server, in PEM [default: connections are in the clear]
    #[arg(long, value_name = "FILE", env = "ASSORT_CERTIFICATE")]
    pub(crate) certificate: Option<PathBuf>,

    /// Private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", env = "ASSORT_PRIVATE_KEY")]
    pub(crate) private_key: Option<PathBuf>,

    /// Certificates that those of callers must rest on, in PEM [default: callers
    /// need none]
    #[arg(long, value_name = "FILE", env = "ASSORT_CLIENT_CA")]
    pub(crate) client_ca: Option<PathBuf>,

    /// Listen on an address that other machines can reach, without keys or
    /// certificates
    #[arg(long, value_name = "BOOL", env = "ASSORT_INSECURE", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) insecure: Option<bool>,

    /// Folder in which callers with an admin's key may have backups made
    /// [default: none are made]
    #[arg(long, value_name = "FOLDER", env = "ASSORT_BACKUPS")]
    pub(crate) backups: Option<PathBuf>,

    /// Let pages of an origin, such as https://shop.example, call from browsers; may
    /// be given again [default: none may]
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "ASSORT_ALLOW_ORIGIN",
        value_delimiter = ','
    )]
    pub(crate) allow_origin: Option<Vec<String>>,

    /// Name by which a server on this machine without keys may be called, beside
    /// localhost, such as that of a proxy before it; may be given again [default: none]
    #[arg(
        long,
        value_name = "HOST",
        env = "ASSORT_ALLOW_HOST",
        value_delimiter = ','
    )]
    pub(crate) allow_host: Option<Vec<String>>,

    /// Embedder that callers with an admin's key may move catalogs to, as for
    /// `assort reembed`; may be given several times [default: none]
    #[arg(
        long,
        value_name = "SPEC",
        env = "ASSORT_REEMBED_TO",
        value_delimiter = ','
    )]
    pub(crate) reembed_to: Option<Vec<String>>,

    /// Folder or tar archive that paths of products' pictures are relative to, where callers
    /// give products to be filed, and pictures to search by [default: only bytes are taken]
    #[cfg(feature = "pictures")]
    #[arg(long, value_name = "PATH", env = "ASSORT_IMAGES")]
    pub(crate) images: Option<PathBuf>,

    /// Fetch such pictures whose addresses are on the web
    #[cfg(feature = "urls")]
    #[arg(long, value_name = "BOOL", env = "ASSORT_ALLOW_URLS", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) allow_urls: Option<bool>,

    /// Calls that may wait for a thread; more are refused [default: 256]
    #[arg(long, value_name = "N", env = "ASSORT_QUEUE")]
    pub(crate) queue: Option<NonZeroUsize>,

    /// Products or texts that are embedded together at most [default: 64]
    #[arg(long, value_name = "N", env = "ASSORT_BATCH")]
    pub(crate) batch: Option<NonZeroUsize>,

    /// How lines of the log are written [default: text]
    #[arg(long, value_enum, env = "ASSORT_LOG")]
    pub(crate) log: Option<Log>,

    /// The least severe lines that are logged [default: info, with --quiet error]
    #[arg(long, value_enum, value_name = "LEVEL", env = "ASSORT_LOG_LEVEL")]
    pub(crate) log_level: Option<Level>,

    /// Tell calls that take longer than so many milliseconds in the log [default: 1000]
    #[arg(long, value_name = "MS", env = "ASSORT_SLOW")]
    pub(crate) slow: Option<u64>,

    /// Seconds that open calls may take once the server is told to end [default: 10]
    #[arg(long, value_name = "SECONDS", env = "ASSORT_DRAIN")]
    pub(crate) drain: Option<u64>,
}

/// How lines of the log are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Log {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// How severe lines of the log are.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// What failed
    Error,
    /// And what is odd
    Warn,
    /// And what is done
    Info,
    /// And how connections go
    Debug,
    /// And everything
    Trace,
}

/// Where the values of arguments come from, by the arguments' names.
#[derive(Clone, Default)]
pub(crate) struct Sources(BTreeMap<String, ValueSource>);

impl Sources {
    /// Whether a value comes from the environment rather than from the command line.
    pub(crate) fn is_environment(&self, name: &str) -> bool {
        self.0.get(name) == Some(&ValueSource::EnvVariable)
    }
}

impl FromArgMatches for Sources {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let names = matches.ids().map(clap::Id::as_str);
        let sources = names.filter_map(|name| {
            let source = matches.value_source(name)?;
            Some((name.to_owned(), source))
        });
        Ok(Self(sources.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// No arguments of their own.
impl Args for Sources {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}
