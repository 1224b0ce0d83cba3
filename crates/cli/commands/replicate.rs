//! `assort replicate`

use std::time::{Duration, Instant};

use assort::ErrorKind;
use assort::copies::{CopyOptions, CopyReport, Source, replicate};

use super::backup::told;
use super::copies;
#[cfg(feature = "client")]
use assort_replica::{Server, ServerOptions};

#[cfg(feature = "client")]
use crate::args::ServerArgs;
use crate::args::{Global, Replicate};
use crate::failure::{Done, Failure, Outcome};
use crate::hints;
#[cfg(feature = "client")]
use crate::key;
use crate::progress::Console;
use crate::stop;

/// How often a wait looks whether it is to stop.
const POLL: Duration = Duration::from_millis(50);

pub(crate) fn run(args: &Replicate, mut source: Box<dyn Source>, global: &Global) -> Outcome {
    let mut console = Console::new(global.quiet);
    let report = round(args, source.as_mut(), &mut console)?;
    global.say(&told(&report));
    let Some(every) = args.every else {
        return Ok(Done::Whole);
    };
    let mut commit = report.commit;
    while wait(every) {
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

/// What the command line names to replicate from.
#[cfg(feature = "client")]
pub(crate) fn source(args: &Replicate, server: &ServerArgs) -> Result<Box<dyn Source>, Failure> {
    if is_a_server(&args.from) {
        let key = key::key(server.key_file.as_deref())?;
        let ca = server.ca.as_deref().map(key::read).transpose()?;
        let options = ServerOptions::default().with_key(key).with_ca(ca);
        return Ok(Box::new(Server::new(&args.from, options)?));
    }
    match server.for_servers() {
        Some(option) => Err(Failure::Usage(format!(
            "{option} is for a catalog of a server, and {} is none",
            args.from
        ))),
        None => copies::source(args.from.as_ref()),
    }
}

/// What the command line names to replicate from: no servers.
#[cfg(not(feature = "client"))]
pub(crate) fn source(args: &Replicate) -> Result<Box<dyn Source>, Failure> {
    match is_a_server(&args.from) {
        true => Err(Failure::Usage(hints::needs_the_feature(
            &args.from, "client",
        ))),
        false => copies::source(args.from.as_ref()),
    }
}

fn is_a_server(from: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|begin| from.starts_with(begin))
}
