//! `assort backup`

use assort::Catalog;
use assort::copies::{CopyOptions, CopyReport};

use crate::args::{Backup, Global};
use crate::failure::{Done, Outcome};
use crate::progress::Console;
use crate::text::{bytes, count, counted};

pub(crate) fn run(args: &Backup, global: &Global) -> Outcome {
    let catalog = Catalog::open_read_only(&args.dir)?;
    let mut console = Console::new(global.quiet);
    let options = CopyOptions::default()
        .with_links(!args.no_links)
        .with_verify(args.verify);
    let report = catalog.backup(&args.to, options, &mut console)?;
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
