//! `assort replicate`

#[cfg(feature = "client")]
use std::path::PathBuf;
use std::time::{Duration, Instant};

use assort::ErrorKind;
use assort::copies::{CopyOptions, CopyReport, Source, replicate};

use super::backup::told;
use super::copies;
#[cfg(feature = "client")]
use assort_replica::{Server, ServerOptions};

use crate::args::{Global, Replicate};
use crate::failure::{Done, Failure, Outcome};
use crate::hints;
use crate::progress::Console;
use crate::stop;

/// How often a wait looks whether it is to stop.
const POLL: Duration = Duration::from_millis(50);

pub(crate) fn run(args: &Replicate, global: &Global) -> Outcome {
    let mut source = source(args)?;
    let mut console = Console::new(global.quiet);
    let report = round(args, source.as_mut(), &mut console)?;
    global.say(&told(&report));
    let Some(every) = args.every else {
        return Ok(Done::Whole);
    };
    let mut commit = report.commit;
    while wait(Duration::from_secs(every.get())) {
        match round(args, source.as_mut(), &mut console) {
            Ok(report) if report.is_unchanged() => {}
            Ok(report) => {
                commit = report.commit;
                global.say(&told(&report));
            }
            // What another round may get over.
            Err(error) if is_passing(&error) => {
                console.say(&format!("{}; the next try follows", hints::told(&error)));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::Stopped(format!(
        "stopped; the replica is whole, at commit {commit}"
    )))
}

fn round(
    args: &Replicate,
    source: &mut dyn Source,
    console: &mut Console,
) -> assort::Result<CopyReport> {
    let options = CopyOptions::default().with_verify(args.verify);
    let report = replicate(source, &args.dir, options, console);
    console.finish();
    report
}

/// Whether an error may be gone when it is tried again.
fn is_passing(error: &assort::Error) -> bool {
    matches!(error.kind(), ErrorKind::Storage | ErrorKind::Damaged)
}

/// Waits; false if it is to stop.
fn wait(long: Duration) -> bool {
    let until = Instant::now() + long;
    while Instant::now() < until {
        if stop::requested() {
            return false;
        }
        std::thread::sleep(POLL);
    }
    !stop::requested()
}

fn source(args: &Replicate) -> Result<Box<dyn Source>, Failure> {
    if ["http://", "https://"]
        .iter()
        .any(|begin| args.from.starts_with(begin))
    {
        return remote(args);
    }
    for (option, given) in [("--key-file", &args.key_file), ("--ca", &args.ca)] {
        if given.is_some() {
            return Err(Failure::Usage(format!(
                "{option} is for a catalog of a server, and {} is none",
                args.from
            )));
        }
    }
    copies::source(args.from.as_ref())
}

#[cfg(feature = "client")]
fn remote(args: &Replicate) -> Result<Box<dyn Source>, Failure> {
    let read = |path: &PathBuf| {
        let read = std::fs::read(path);
        read.map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
    };
    let key = args.key_file.as_ref().map(read).transpose()?;
    let key = key.map(|key| String::from_utf8_lossy(&key).trim().to_owned());
    let ca = args.ca.as_ref().map(read).transpose()?;
    let options = ServerOptions::default().with_key(key).with_ca(ca);
    Ok(Box::new(Server::new(&args.from, options)?))
}

#[cfg(not(feature = "client"))]
fn remote(args: &Replicate) -> Result<Box<dyn Source>, Failure> {
    Err(Failure::Usage(hints::needs_the_feature(
        &args.from, "client",
    )))
}
