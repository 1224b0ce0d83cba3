//! What `assort serve` is told by options, the environment and a file: an option goes
//! before the environment, that before the file, and that before what is usual.

mod file;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use assort_server::{LevelFilter, LogFormat, LogOptions, Options, Tls};
use clap::ValueEnum;
use toml::Spanned;

#[cfg(feature = "pictures")]
use crate::args::PicturePlace;
use crate::args::{Global, Level, Log, Serve, Sources, duration};
use crate::failure::Failure;
use crate::hints;
use file::{File, Values};

/// Where a server listens unless told otherwise.
const LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 50051));

/// Milliseconds after which a call is slow.
const SLOW: u64 = 1_000;

/// Seconds that open calls may take at the end.
const DRAIN: u64 = 10;

/// How often to look for a new version of sharded catalogs.
const POLL: Duration = Duration::from_secs(30);

/// How to serve what.
pub(crate) struct Settings {
    /// Names of catalogs with their directories.
    pub(crate) catalogs: Vec<(String, PathBuf)>,
    /// How often to look for a new version of sharded catalogs.
    pub(crate) poll: Duration,
    pub(crate) read_only: bool,
    /// Embedders that callers may move catalogs to.
    pub(crate) reembed_to: Vec<String>,
    /// Where pictures are that callers name.
    #[cfg(feature = "pictures")]
    pub(crate) pictures: PicturePlace,
    pub(crate) options: Options,
    pub(crate) log: LogOptions,
    pub(crate) global: Global,
    /// All that was settled, as people read it.
    pub(crate) rows: Vec<Row>,
}

/// A setting, as people read it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: String,
    /// None if nothing is set.
    pub(crate) value: Option<String>,
    pub(crate) origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    Argument,
    /// With its name.
    Option(String),
    /// With the variable's name.
    Environment(String),
    /// With its name and the line.
    File(String),
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument => f.write_str("argument"),
            Self::Option(name) => write!(f, "option {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(place) => f.write_str(place),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Settings {
    /// Reads the file, if one is named, and settles what holds.
    ///
    /// # Errors
    /// One that names the file, line and key, or what does not go together.
    pub(crate) fn read(args: &Serve, global: &Global) -> Result<Self, Failure> {
        let (file, mut said) = match &args.config {
            Some(path) => File::read(path)?,
            None => <(File, Values)>::default(),
        };
        let mut merge = Merge {
            sources: &args.sources,
            file: &file,
            rows: Vec::new(),
        };
        let catalogs = merge.catalogs(&args.dirs, std::mem::take(&mut said.catalogs))?;
        let poll = merge.poll(args.poll, said.poll.take())?;
        let read_only = merge.flag("read_only", args.read_only, said.read_only.take());
        let reembed_to = said.reembed_to.take();
        let reembed_to = merge.list("reembed_to", args.reembed_to.clone(), reembed_to);
        #[cfg(feature = "pictures")]
        let pictures = merge.pictures(args, &mut said);
        let options = merge.options(args, global, &mut said)?;
        let log = merge.log(args, global, &mut said);
        let global = merge.global(global, said);
        Ok(Self {
            catalogs,
            poll,
            read_only,
            reembed_to,
            #[cfg(feature = "pictures")]
            pictures,
            options,
            log,
            global,
            rows: merge.rows,
        })
    }

    /// What of later settings holds only once the server is started again.
    pub(crate) fn later(&self, later: &Self) -> Vec<String> {
        let by_key = |rows: &[Row]| -> BTreeMap<String, Row> {
            let rows = rows.iter().map(|row| (row.key.clone(), row.clone()));
            rows.collect()
        };
        let (old, new) = (by_key(&self.rows), by_key(&later.rows));
        let changed = new.values().filter(|row| {
            let before = old.get(&row.key).and_then(|old| old.value.as_ref());
            before != row.value.as_ref() && !is_live(row, before)
        });
        let changed = changed.map(|row| {
            let value = row.value.as_deref().unwrap_or("none");
            format!("`{} = {value}` ({})", row.key, row.origin)
        });
        let gone = old.keys().filter(|key| !new.contains_key(*key));
        let gone = gone.map(|key| format!("that `{key}` is gone"));
        changed.chain(gone).collect()
    }
}

/// Whether a running server takes a changed setting: limits and times, and files that
/// take the place of others. Protection cannot come or go.
fn is_live(row: &Row, before: Option<&String>) -> bool {
    match row.key.as_str() {
        "queue" | "batch" | "slow" | "drain" | "log_level" => true,
        "keys" | "certificate" | "private_key" => row.value.is_some() && before.is_some(),
        // Asked for or not with the certificates, which are read whole.
        "client_ca" => true,
        _ => false,
    }
}

/// Settles one setting after the other.
struct Merge<'a> {
    sources: &'a Sources,
    file: &'a File,
    rows: Vec<Row>,
}

impl Merge<'_> {
    fn row(&mut self, key: &str, value: Option<String>, origin: Origin) {
        self.rows.push(Row {
            key: key.to_owned(),
            value,
            origin,
        });
    }

    /// A setting that need not have a value.
    fn maybe<T>(
        &mut self,
        key: &str,
        said: Option<T>,
        file: Option<Spanned<T>>,
        shown: impl Fn(&T) -> String,
    ) -> Option<T> {
        let (value, origin) = match (said, file) {
            (Some(value), _) => (Some(value), self.origin(key)),
            (None, Some(value)) => {
                let place = self.file.place(value.span().start);
                (Some(value.into_inner()), Origin::File(place))
            }
            (None, None) => (None, Origin::Default),
        };
        self.row(key, value.as_ref().map(shown), origin);
        value
    }

    /// Where a value comes from that the file does not say.
    fn origin(&self, key: &str) -> Origin {
        match self.sources.is_environment(key) {
            true => Origin::Environment(format!("ASSORT_{}", key.to_uppercase())),
            false => Origin::Option(format!("--{}", key.replace('_', "-"))),
        }
    }

    /// A setting with a usual value.
    fn or<T>(
        &mut self,
        key: &str,
        said: Option<T>,
        file: Option<Spanned<T>>,
        usual: T,
        shown: impl Fn(&T) -> String,
    ) -> T {
        let found = self.maybe(key, said, file, &shown);
        found.unwrap_or_else(|| {
            if let Some(row) = self.rows.last_mut() {
                row.value = Some(shown(&usual));
            }
            usual
        })
    }

    fn poll(
        &mut self,
        said: Option<Duration>,
        file: Option<Spanned<String>>,
    ) -> Result<Duration, Failure> {
        let read = |text: Spanned<String>| {
            let read = duration(text.get_ref()).map_err(|what| {
                let place = self.file.place(text.span().start);
                Failure::Usage(format!("{place}: poll: {what}"))
            });
            Ok::<_, Failure>(Spanned::new(text.span(), read?))
        };
        let file = file.map(read).transpose()?;
        let shown = |time: &Duration| format!("{} s", time.as_secs());
        Ok(self.or("poll", said, file, POLL, shown))
    }

    fn flag(&mut self, key: &str, said: Option<bool>, file: Option<Spanned<bool>>) -> bool {
        self.or(key, said, file, false, bool::to_string)
    }

    fn count(
        &mut self,
        key: &str,
        said: Option<NonZeroUsize>,
        file: Option<Spanned<NonZeroUsize>>,
        usual: usize,
    ) -> usize {
        let file = file.map(|count| Spanned::new(count.span(), count.get_ref().get()));
        let said = said.map(NonZeroUsize::get);
        self.or(key, said, file, usual, usize::to_string)
    }

    fn path(
        &mut self,
        key: &str,
        said: Option<&PathBuf>,
        file: Option<Spanned<PathBuf>>,
    ) -> Option<PathBuf> {
        let file = file.map(|path| self.file.resolve(path));
        let shown = |path: &PathBuf| path.display().to_string();
        self.maybe(key, said.cloned(), file, shown)
    }

    /// The catalogs of the command line, else those of the file.
    fn catalogs(
        &mut self,
        dirs: &[String],
        file: BTreeMap<String, Spanned<PathBuf>>,
    ) -> Result<Vec<(String, PathBuf)>, Failure> {
        let file = match dirs {
            [] => file,
            _ => BTreeMap::new(),
        };
        let mut found = Vec::new();
        for dir in dirs {
            found.push((named(dir)?, Origin::Argument));
        }
        for (name, path) in file {
            let path = self.file.resolve(path);
            let place = self.file.place(path.span().start);
            found.push(((name, path.into_inner()), Origin::File(place)));
        }
        if found.is_empty() {
            return Err(Failure::Usage(hints::nothing_to_serve()));
        }
        let rows = found.into_iter().map(|((name, path), origin)| {
            let value = path.display().to_string();
            self.row(&format!("catalogs/{name}"), Some(value), origin);
            (name, path)
        });
        Ok(rows.collect())
    }

    fn list(
        &mut self,
        key: &str,
        said: Option<Vec<String>>,
        file: Option<Spanned<Vec<String>>>,
    ) -> Vec<String> {
        let found = self.maybe(key, said, file, |values| values.join(", "));
        found.unwrap_or_default()
    }

    #[cfg(feature = "pictures")]
    fn pictures(&mut self, args: &Serve, file: &mut Values) -> PicturePlace {
        PicturePlace {
            images: self.path("images", args.images.as_ref(), file.images.take()),
            #[cfg(feature = "urls")]
            allow_urls: self.flag("allow_urls", args.allow_urls, file.allow_urls.take()),
            ..PicturePlace::default()
        }
    }

    fn options(
        &mut self,
        args: &Serve,
        global: &Global,
        file: &mut Values,
    ) -> Result<Options, Failure> {
        let listen = file.listen.take();
        let listen = self.or("listen", args.listen, listen, LISTEN, SocketAddr::to_string);
        let mut options = Options::new(listen);
        options.keys = self.path("keys", args.keys.as_ref(), file.keys.take());
        options.tls = self.tls(args, file)?;
        options.backups = self.path("backups", args.backups.as_ref(), file.backups.take());
        let said = args.allow_origin.clone();
        let origins = self.list("allow_origin", said, file.allow_origin.take());
        options.allowed_origins = origins;
        let said = args.allow_host.clone();
        options.allowed_hosts = self.list("allow_host", said, file.allow_host.take());
        options.insecure = self.flag("insecure", args.insecure, file.insecure.take());
        let load = &mut options.load;
        let threads = file.threads.clone();
        load.threads = self.count("threads", global.threads, threads, load.threads);
        load.waiting = self.count("queue", args.queue, file.queue.take(), load.waiting);
        load.batch = self.count("batch", args.batch, file.batch.take(), load.batch);
        let slow = file.slow.take();
        let slow = self.or("slow", args.slow, slow, SLOW, |slow| format!("{slow} ms"));
        options.slow = Some(Duration::from_millis(slow));
        let drain = file.drain.take();
        let drain = self.or("drain", args.drain, drain, DRAIN, |drain| {
            format!("{drain} s")
        });
        options.drain = Duration::from_secs(drain);
        Ok(options)
    }

    /// What holds for embedders.
    fn global(&mut self, said: &Global, file: Values) -> Global {
        let (cache, vectors) = (said.cache.as_ref(), said.vector_cache.as_ref());
        Global {
            quiet: said.quiet,
            threads: said.threads.or(file.threads.map(Spanned::into_inner)),
            offline: Some(self.flag("offline", said.offline, file.offline)),
            cache: self.path("cache", cache, file.cache),
            vector_cache: self.path("vector_cache", vectors, file.vector_cache),
        }
    }

    fn tls(&mut self, args: &Serve, file: &mut Values) -> Result<Option<Tls>, Failure> {
        let certificate = args.certificate.as_ref();
        let certificate = self.path("certificate", certificate, file.certificate.take());
        let key = args.private_key.as_ref();
        let key = self.path("private_key", key, file.private_key.take());
        let callers = args.client_ca.as_ref();
        let callers = self.path("client_ca", callers, file.client_ca.take());
        let (is, is_not) = match (certificate, key, callers) {
            (Some(certificate), Some(key), callers) => {
                return Ok(Some(Tls {
                    certificate,
                    key,
                    callers,
                }));
            }
            (None, None, None) => return Ok(None),
            (Some(_), None, _) => ("certificate", "private_key"),
            (None, Some(_), _) => ("private_key", "certificate"),
            (None, None, Some(_)) => ("client_ca", "certificate"),
        };
        let origin = self.rows.iter().find(|row| row.key == is);
        let origin = origin.map_or(String::new(), |row| format!(" ({})", row.origin));
        let what = format!("`{is}` is given{origin}, and `{is_not}` is not; give both");
        Err(Failure::Usage(what))
    }

    fn log(&mut self, args: &Serve, global: &Global, file: &mut Values) -> LogOptions {
        let format = self.or("log", args.log, file.log.take(), Log::Text, name);
        let usual = match global.quiet {
            true => Level::Error,
            false => Level::Info,
        };
        let level = self.or(
            "log_level",
            args.log_level,
            file.log_level.take(),
            usual,
            name,
        );
        LogOptions {
            format: match format {
                Log::Text => LogFormat::Text,
                Log::Json => LogFormat::Json,
            },
            level: match level {
                Level::Error => LevelFilter::ERROR,
                Level::Warn => LevelFilter::WARN,
                Level::Info => LevelFilter::INFO,
                Level::Debug => LevelFilter::DEBUG,
                Level::Trace => LevelFilter::TRACE,
            },
        }
    }
}

/// The name of one of several values.
fn name(value: &impl ValueEnum) -> String {
    let value = value.to_possible_value();
    value.map_or(String::new(), |value| value.get_name().to_owned())
}

/// The name and the directory that `DIR` or `NAME=DIR` says.
fn named(dir: &str) -> Result<(String, PathBuf), Failure> {
    if let Some((name, path)) = dir.split_once('=') {
        return Ok((name.to_owned(), path.into()));
    }
    let path = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.into());
    let name = path.file_name().and_then(|name| name.to_str());
    match name {
        Some(name) => Ok((name.to_owned(), dir.into())),
        None => Err(Failure::Usage(format!(
            "{dir} has no name to serve it by; give it one with NAME={dir}"
        ))),
    }
}
