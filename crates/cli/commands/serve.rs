//! `assort serve`

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use assort::Catalog;
use assort_server::{Followed, Opened, Reread};

#[cfg(feature = "object-store")]
use super::serve_sharded;
use crate::args::{EmbedderArgs, Global, Serve};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::hints;
use crate::settings::Settings;
use crate::text::address;

/// What stands for no value.
const NOTHING: &str = "none";

pub(crate) fn run(args: Serve, global: &Global) -> Outcome {
    let settings = Settings::read(&args, global)?;
    if args.check_config {
        return check(&settings);
    }
    let own = &settings.global;
    own.use_threads();
    let (mut opened, mut followed) = (Vec::new(), Vec::new());
    for (name, path) in &settings.catalogs {
        if let Some(url) = address(path) {
            let (one, follows) = sharded(name, url, settings.poll, own)?;
            opened.push(one);
            followed.push(follows);
        } else {
            opened.push(open(name, path, settings.read_only, &settings)?);
        }
    }
    let names: Vec<String> = opened.iter().map(told).collect();
    let names = names.join(", ");
    let (mut options, log) = (settings.options.clone(), settings.log);
    options.embedders = embedder::allowed(&settings.reembed_to, own)?;
    let said = global.clone();
    let reread = move || reread(&args, &said, &settings);
    assort_server::run(opened, options, log, followed, reread, |address| {
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

/// Opens a catalog to be served.
fn open(name: &str, path: &Path, read_only: bool, settings: &Settings) -> Result<Opened, Failure> {
    let global = &settings.global;
    let catalog = match read_only {
        true => Catalog::open_read_only(path),
        false => Catalog::open(path),
    };
    let catalog =
        catalog.map_err(|error| Failure::of(error.kind(), hints::told_of_serving(&error)))?;
    let catalog = embedder::of_catalog(catalog, &EmbedderArgs::default(), global)?;
    #[cfg(feature = "pictures")]
    let catalog = match catalog.picture_space()? {
        Some(_) => embedder::with_pictures(catalog, &settings.pictures, global)?,
        None => catalog,
    };
    Ok(Opened {
        name: name.to_owned(),
        catalog,
        read_only,
        teacher: embedder::open_teacher(global),
        start: assort_embed::usual_start()?,
        pack: None,
        #[cfg(feature = "pictures")]
        fetches_pictures: settings.pictures.fetches(),
        #[cfg(not(feature = "pictures"))]
        fetches_pictures: false,
    })
}

/// Opens a sharded catalog to be served and followed.
#[cfg(feature = "object-store")]
fn sharded(
    name: &str,
    url: &str,
    poll: Duration,
    global: &Global,
) -> Result<(Opened, Followed), Failure> {
    serve_sharded::serve(name, url, poll, global)
}

#[cfg(not(feature = "object-store"))]
fn sharded(_: &str, url: &str, _: Duration, _: &Global) -> Result<(Opened, Followed), Failure> {
    Err(Failure::Usage(hints::needs_the_feature(
        url,
        "object-store",
    )))
}

/// Fails unless a sharded catalog can be served.
fn check_sharded(url: &str, settings: &Settings) -> Result<(), Failure> {
    #[cfg(feature = "object-store")]
    return serve_sharded::check(url, &settings.global);
    #[cfg(not(feature = "object-store"))]
    sharded("", url, settings.poll, &settings.global).map(drop)
}

/// What is wanted by now, beside what was at the start.
fn reread(args: &Serve, global: &Global, begun: &Settings) -> Result<Reread, String> {
    match Settings::read(args, global) {
        Ok(settings) => Ok(Reread {
            later: begun.later(&settings),
            options: settings.options,
            level: settings.log.level,
        }),
        Err(failure) => Err(failure.message()),
    }
}

/// Reads all that serving would, beside a server that may be running, and tells what
/// holds.
fn check(settings: &Settings) -> Outcome {
    let names = settings.catalogs.iter().map(|(name, _)| name.as_str());
    assort_server::check(&names.collect::<Vec<_>>(), &settings.options)?;
    for (name, path) in &settings.catalogs {
        match address(path) {
            Some(url) => check_sharded(url, settings)?,
            None => drop(open(name, path, true, settings)?),
        }
    }
    embedder::allowed(&settings.reembed_to, &settings.global)?;
    std::io::stdout().write_all(table(settings).as_bytes())?;
    Ok(Done::Whole)
}

/// A line for each setting: its key, its value, and where that comes from.
fn table(settings: &Settings) -> String {
    let mut rows: Vec<[String; 3]> = settings
        .rows
        .iter()
        .map(|row| {
            let value = row.value.clone().unwrap_or_else(|| NOTHING.to_owned());
            [row.key.clone(), value, row.origin.to_string()]
        })
        .collect();
    if let Some((variable, collector)) = assort_server::collector() {
        let collector = match assort_server::EXPORTS_SPANS {
            true => collector,
            false => format!("{collector}, to which this program was built to send nothing"),
        };
        rows.push([
            "traces".to_owned(),
            collector,
            format!("environment {variable}"),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let (keys, values) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
    let mut text = String::new();
    for [key, value, origin] in &rows {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{key:keys$}  {value:values$}  {origin}");
    }
    text
}
