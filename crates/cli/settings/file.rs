//! The file of `assort serve --config`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::args::{Level, Log};
use crate::failure::Failure;

/// A value with its place in the file.
type Said<T> = Option<Spanned<T>>;

/// What the file says. Its keys have the names of the options, with `_` for `-`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Values {
    pub(super) catalogs: BTreeMap<String, Spanned<PathBuf>>,
    pub(super) listen: Said<SocketAddr>,
    pub(super) poll: Said<String>,
    pub(super) read_only: Said<bool>,
    pub(super) keys: Said<PathBuf>,
    pub(super) certificate: Said<PathBuf>,
    pub(super) private_key: Said<PathBuf>,
    pub(super) client_ca: Said<PathBuf>,
    pub(super) backups: Said<PathBuf>,
    pub(super) allow_origin: Said<Vec<String>>,
    pub(super) allow_host: Said<Vec<String>>,
    pub(super) reembed_to: Said<Vec<String>>,
    #[cfg(feature = "pictures")]
    pub(super) images: Said<PathBuf>,
    #[cfg(feature = "urls")]
    pub(super) allow_urls: Said<bool>,
    pub(super) insecure: Said<bool>,
    pub(super) threads: Said<NonZeroUsize>,
    pub(super) queue: Said<NonZeroUsize>,
    pub(super) batch: Said<NonZeroUsize>,
    pub(super) log: Said<Log>,
    pub(super) log_level: Said<Level>,
    pub(super) slow: Said<u64>,
    pub(super) drain: Said<u64>,
    pub(super) offline: Said<bool>,
    pub(super) cache: Said<PathBuf>,
    pub(super) vector_cache: Said<PathBuf>,
}

/// A file that was read, and where it is.
#[derive(Default)]
pub(super) struct File {
    path: PathBuf,
    text: String,
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// One that names the file, the line and what it says.
    pub(super) fn read(path: &Path) -> Result<(Self, Values), Failure> {
        let text = std::fs::read_to_string(path);
        let file = Self {
            path: path.to_owned(),
            text: text.map_err(|error| {
                Failure::Failed(format!("{}: reading it failed: {error}", path.display()))
            })?,
        };
        let values = toml::from_str(&file.text).map_err(|error| file.told(&error))?;
        Ok((file, values))
    }

    /// A path of the file: a relative one begins at the file's own folder. An address stays
    /// as it is.
    pub(super) fn resolve(&self, path: Spanned<PathBuf>) -> Spanned<PathBuf> {
        if crate::text::address(path.get_ref()).is_some() {
            return path;
        }
        let span = path.span();
        let folder = self.path.parent().unwrap_or(Path::new(""));
        Spanned::new(span, folder.join(path.into_inner()))
    }

    /// The file and the line of a place in it.
    pub(super) fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path.display(), self.line(at).0)
    }

    /// The number of the line of a byte, counted from 1, and the line.
    fn line(&self, at: usize) -> (usize, &str) {
        let at = at.min(self.text.len());
        let before = self.text.get(..at).unwrap_or_default();
        let number = before.matches('\n').count() + 1;
        let line = self.text.lines().nth(number - 1).unwrap_or_default();
        (number, line.trim())
    }

    fn told(&self, error: &toml::de::Error) -> Failure {
        let path = self.path.display();
        let what = error.message().replace('\n', ", ");
        Failure::Failed(match error.span() {
            Some(span) => {
                let (number, line) = self.line(span.start);
                format!("{path}, line {number}, `{line}`: {what}")
            }
            None => format!("{path}: {what}"),
        })
    }
}
