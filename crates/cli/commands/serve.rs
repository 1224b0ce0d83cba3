//! `assort serve`

use std::path::Path;
use std::time::Duration;

use assort::Catalog;
use assort_server::{LevelFilter, LogFormat, Opened, Options, Tls, log_to_stderr};

use crate::args::{EmbedderArgs, Global, Log, Serve};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::hints;

pub(crate) fn run(args: Serve, global: &Global) -> Outcome {
    let opened: Result<Vec<Opened>, Failure> = args
        .dirs
        .iter()
        .map(|dir| open(dir, &args, global))
        .collect();
    let opened = opened?;
    let names: Vec<String> = opened.iter().map(told).collect();
    let names = names.join(", ");
    let format = match args.log {
        Log::Text => LogFormat::Text,
        Log::Json => LogFormat::Json,
    };
    let level = if global.quiet {
        LevelFilter::ERROR
    } else {
        LevelFilter::INFO
    };
    log_to_stderr(format, level);
    assort_server::run(opened, options(&args, global), |address| {
        global.say(&format!("serving {names} on {address}"));
    })?;
    global.say("ended");
    Ok(Done::Whole)
}

fn told(opened: &Opened) -> String {
    let note = if opened.read_only {
        " (for reading only)"
    } else {
        ""
    };
    format!("catalogs/{}{note}", opened.name)
}

/// Opens what `DIR` or `NAME=DIR` names.
fn open(dir: &str, args: &Serve, global: &Global) -> Result<Opened, Failure> {
    let (name, path) = match dir.split_once('=') {
        Some((name, path)) => (name.to_owned(), Path::new(path)),
        None => (name_of(dir)?, Path::new(dir)),
    };
    let catalog = match args.read_only {
        true => Catalog::open_read_only(path),
        false => Catalog::open(path),
    };
    let catalog =
        catalog.map_err(|error| Failure::of(error.kind(), hints::told_of_serving(&error)))?;
    Ok(Opened {
        name,
        catalog: embedder::of_catalog(catalog, &EmbedderArgs::default(), global)?,
        read_only: args.read_only,
        teacher: embedder::open_teacher(global),
    })
}

/// The name of a directory, which stands for its catalog.
fn name_of(dir: &str) -> Result<String, Failure> {
    let path = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.into());
    let name = path.file_name().and_then(|name| name.to_str());
    let unnamed = || {
        Failure::Usage(format!(
            "{dir} has no name to serve it by; give it one with NAME={dir}"
        ))
    };
    name.map(str::to_owned).ok_or_else(unnamed)
}

fn options(args: &Serve, global: &Global) -> Options {
    let mut options = Options::new(args.listen);
    if let Some(threads) = global.threads {
        options.load.threads = threads.get();
    }
    options.load.waiting = args.queue.get();
    options.drain = Duration::from_secs(args.drain);
    options.keys = args.keys.clone();
    options.insecure = args.insecure;
    options.allowed_origins = args.allow_origin.clone();
    options.slow = Some(Duration::from_millis(args.slow));
    let pair = args.certificate.clone().zip(args.private_key.clone());
    options.tls = pair.map(|(certificate, key)| Tls {
        certificate,
        key,
        callers: args.client_ca.clone(),
    });
    options
}
