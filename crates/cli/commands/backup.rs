//! `assort backup`

use assort::Catalog;
use assort::copies::{CopyOptions, CopyReport};

use super::copies::send;
use crate::args::{Backup, Global};
use crate::failure::{Done, Failure, Outcome};
use crate::progress::Console;
use crate::text::{address, bytes, count, counted};

pub(crate) fn run(args: &Backup, global: &Global) -> Outcome {
    let catalog = Catalog::open_read_only(&args.dir)?;
    let mut console = Console::new(global.quiet);
    let options = CopyOptions::default()
        .with_links(!args.no_links)
        .with_verify(args.verify);
    let report = match address(&args.to) {
        None => catalog.backup(&args.to, options, &mut console)?,
        Some(_) if args.no_links => {
            let what = "--no-links is for backups in folders; leave it out";
            return Err(Failure::Usage(what.to_owned()));
        }
        Some(url) => send(&catalog, url, options, &mut console)?,
    };
    console.finish();
    global.say(&told(&report));
    Ok(Done::Whole)
}

/// What making a copy did.
pub(super) fn told(report: &CopyReport) -> String {
    let commit = count(report.commit);
    let size = bytes(report.size);
    if report.is_unchanged() {
        return format!("nothing is new: commit {commit}, {size}");
    }
    let mut parts = vec![format!(
        "{} copied ({})",
        counted(report.copied, "file", "files"),
        bytes(report.bytes)
    )];
    for (files, what) in [(report.linked, "shared"), (report.kept, "there already")] {
        if files > 0 {
            parts.push(format!("{} {what}", count(files)));
        }
    }
    format!("commit {commit}, {size}: {}", parts.join(", "))
}
