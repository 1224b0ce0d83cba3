//! `assort import` on a server: files are read here, and products stored there.

use std::collections::{HashSet, VecDeque};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use assort::read::{ProductRow, Rejected, SeenIds};
use assort::{ImportReport, Observer, Progress};
use assort_client::{Error, Row, Upserted, Upserts, v1};
use tempfile::NamedTempFile;

use super::Remote;
use super::values::Tree;
use crate::args::{Global, Import};
use crate::commands::import::{ended, keep, open_files, refuse_rejects, summarize};
use crate::failure::{Failure, Outcome};
use crate::files::CurrentName;
use crate::hints;
use crate::progress::Console;
use crate::rejects::Rejects;
use crate::stop;
use crate::text::counted;

/// Rows that are handed over together.
const GROUP: usize = 256;

/// How long what was sent is heard of once somebody asks to stop.
const HEARD_OUT: Duration = Duration::from_secs(1);

/// Rows that are counted in one call.
const COUNTED: usize = 1_000;

pub(super) fn run(args: &Import, remote: &Remote, global: &Global) -> Outcome {
    let has_kinds = !args.columns.attribute_kinds().is_empty();
    let options = [
        ("--fast", args.fast),
        ("--update", args.update),
        ("kinds of --attr", has_kinds),
    ];
    for (option, given) in options {
        if given {
            return Err(Failure::Usage(hints::option_not_on_a_server(option)));
        }
    }
    let kept = if args.strict {
        keep(&args.files)?
    } else {
        None
    };
    let kept = kept.as_ref().map(NamedTempFile::path);
    let tree = remote.tree()?;
    let mut console = Console::new(global.quiet);
    let outcome = import(args, kept, &tree, remote, &mut console);
    console.finish();
    outcome
}

fn import(
    args: &Import,
    kept: Option<&Path>,
    tree: &Tree,
    remote: &Remote,
    console: &mut Console,
) -> Outcome {
    let pass = |what, console: &mut Console| {
        let pass = Pass {
            args,
            remote,
            tree,
            what,
            seen: SeenIds::default(),
            contents: HashSet::new(),
            report: ImportReport::default(),
        };
        pass.run(kept, console)
    };
    if args.strict && !args.dry_run {
        refuse_rejects(&pass(What::Check, console)?.0)?;
    }
    let what = if args.dry_run {
        What::Count
    } else {
        What::Store
    };
    let (report, categories) = pass(what, console)?;
    console.finish();
    summarize(args, console, &report, &categories);
    ended(&report)
}

/// What is done with rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// Only bad ones are told.
    Check,
    /// What would be done is counted too.
    Count,
    /// They are stored.
    Store,
}

/// All files, read once.
struct Pass<'a> {
    args: &'a Import,
    remote: &'a Remote,
    tree: &'a Tree,
    what: What,
    seen: SeenIds,
    /// Digests of contents, to count duplicates.
    contents: HashSet<u64>,
    report: ImportReport,
}

/// Where a row stands that was handed over.
struct Place {
    line: u64,
    file: Option<Rc<str>>,
}

/// A row on its way, and where it stands.
type Given = (Row, Place);

impl Pass<'_> {
    /// Gives the columns of categories, too.
    fn run(
        mut self,
        kept: Option<&Path>,
        console: &mut Console,
    ) -> Result<(ImportReport, Vec<String>), Failure> {
        let mut files = open_files(self.args, kept, Arc::clone(&self.tree.0))?;
        if self.what != What::Check && (self.what == What::Count || !self.args.strict) {
            files.guesses.iter().for_each(|guess| console.say(guess));
        }
        let (name, done) = (files.name(), files.done());
        let (notes, categories) = (files.notes(), files.categories.clone());
        console.rejects = Some(match self.what {
            What::Count if self.args.rejects.is_none() => Rejects::shown(files.name()),
            _ => Rejects::listed_or_shown(self.args.rejects.as_deref(), files.name()),
        });
        let mut taker = self.taker(name.clone())?;
        let mut failed = None;
        let mut group: Vec<Given> = Vec::new();
        loop {
            let row = files.next();
            let is_last = row.is_none();
            match row.map(assort::InputRow::whole).transpose() {
                Err(error) => failed = Some(error),
                Ok(None) => {}
                Ok(Some(row)) => {
                    self.report.rows += 1;
                    match row.and_then(|row| self.checked(row)) {
                        Ok((line, row)) => {
                            let file = name.take();
                            name.set(file.clone());
                            group.push((row, Place { line, file }));
                        }
                        Err(rejected) => self.reject(&rejected, console),
                    }
                }
            }
            let is_stopped = stop::requested();
            if group.len() >= taker.group() || is_last || failed.is_some() || is_stopped {
                let group = std::mem::take(&mut group);
                taker.take(&mut self, group, console)?;
                self.tell(&done, console);
            }
            if is_last || failed.is_some() || stop::requested() {
                break;
            }
        }
        self.report.stopped = stop::requested();
        taker.end(&mut self, console)?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        if self.args.prune && self.what != What::Check {
            self.prune()?;
        }
        console.finish_rejects()?;
        if self.what != What::Check {
            notes().iter().for_each(|note| console.say(note));
        }
        Ok((self.report, categories))
    }

    fn taker(&self, name: CurrentName) -> Result<Box<dyn Taker>, Failure> {
        Ok(match self.what {
            What::Check => Box::new(Nobody),
            What::Count => Box::new(Counter),
            What::Store => Box::new(Sender {
                upserts: self.remote.wait(self.remote.catalog.upserts())?,
                places: VecDeque::new(),
                answered: 0,
                name,
            }),
        })
    }

    /// The row as it is handed over, with its line, or why it is rejected.
    fn checked(&mut self, row: ProductRow) -> Result<(u64, Row), Rejected> {
        let ProductRow {
            line,
            product,
            category,
            more_categories,
        } = row;
        let wrong = |reason| Rejected::new(line, Some(product.id.clone()), reason);
        let mut product = product.clone();
        product.check().map_err(wrong)?;
        self.seen.add(&product.id, line).map_err(wrong)?;
        let taxonomy = &self.tree.0;
        let category = match category {
            None => None,
            Some(category) => {
                let foreign = &mut self.report.foreign;
                let read = foreign.read(taxonomy, category, &more_categories, self.args.strict);
                let (label, others) = read.map_err(|error| wrong(error.to_string()))?;
                product.attributes.extend(others);
                label
            }
        };
        let product = product.sorted();
        if !self.contents.insert(product.content_hash() as u64) {
            self.report.duplicates += 1;
        }
        let category = category.map(|index| self.tree.0.category(index).id.clone());
        Ok((line, Row { product, category }))
    }

    fn reject(&mut self, rejected: &Rejected, console: &mut Console) {
        self.report.rejected += 1;
        match &rejected.id {
            Some(id) => {
                // It may be there already.
                let _ = self.seen.add(id, rejected.line);
            }
            None => self.report.without_id += 1,
        }
        console.rejected(rejected);
    }

    fn counted(&mut self, counts: v1::UpsertCounts) {
        self.report.added = counts.added as u64;
        self.report.updated = counts.updated as u64;
        self.report.unchanged = counts.unchanged as u64;
        self.report.labelled = counts.labelled as u64;
    }

    fn tell(&self, done: &impl Fn() -> Option<f64>, console: &mut Console) {
        console.progress(Progress::Import {
            report: &self.report,
            pending: 0,
            fraction: done(),
        });
    }

    /// Removes what the files do not have.
    fn prune(&mut self) -> Result<(), Failure> {
        if self.report.without_id > 0 || self.report.stopped {
            return Ok(());
        }
        let catalog = &self.remote.catalog;
        let all = self.remote.wait(catalog.products().fields(["id"]).all())?;
        let ids = all.into_iter().map(|found| found.product.id);
        let gone: Vec<String> = ids.filter(|id| !self.seen.has(id)).collect();
        self.report.pruned = match self.what {
            What::Store => self.remote.wait(catalog.remove(&gone))?,
            What::Check | What::Count => gone.len() as u64,
        };
        Ok(())
    }
}

/// What rows are handed to.
trait Taker {
    /// How many are handed over together.
    fn group(&self) -> usize;

    /// Takes rows.
    fn take(
        &mut self,
        pass: &mut Pass<'_>,
        rows: Vec<Given>,
        console: &mut Console,
    ) -> Result<(), Failure>;

    /// Ends what was begun with all rows.
    fn end(&mut self, pass: &mut Pass<'_>, console: &mut Console) -> Result<(), Failure>;
}

/// Takes nothing.
struct Nobody;

impl Taker for Nobody {
    fn group(&self) -> usize {
        GROUP
    }

    fn take(&mut self, _: &mut Pass<'_>, _: Vec<Given>, _: &mut Console) -> Result<(), Failure> {
        Ok(())
    }

    fn end(&mut self, _: &mut Pass<'_>, _: &mut Console) -> Result<(), Failure> {
        Ok(())
    }
}

/// Has the server count what it would do.
struct Counter;

impl Taker for Counter {
    fn group(&self) -> usize {
        COUNTED
    }

    fn take(
        &mut self,
        pass: &mut Pass<'_>,
        rows: Vec<Given>,
        _: &mut Console,
    ) -> Result<(), Failure> {
        let rows = rows.into_iter().map(|(row, _)| row);
        let counts = pass.remote.wait(pass.remote.catalog.put(rows, true))?;
        let report = &pass.report;
        pass.counted(v1::UpsertCounts {
            added: counts.added + report.added as i64,
            updated: counts.updated + report.updated as i64,
            unchanged: counts.unchanged + report.unchanged as i64,
            labelled: counts.labelled + report.labelled as i64,
        });
        Ok(())
    }

    fn end(&mut self, _: &mut Pass<'_>, _: &mut Console) -> Result<(), Failure> {
        Ok(())
    }
}

/// Sends rows to be stored.
struct Sender {
    upserts: Upserts,
    /// Where the rows stand that are not answered.
    places: VecDeque<Place>,
    /// The number of the last row that is answered.
    answered: u64,
    name: CurrentName,
}

impl Sender {
    /// Tells what was rejected, and counts what is stored.
    fn hear(
        &mut self,
        pass: &mut Pass<'_>,
        rejected: Vec<assort_client::RejectedRow>,
        console: &mut Console,
    ) {
        for row in rejected {
            let at = row.row.saturating_sub(self.answered + 1) as usize;
            let place = self.places.get(at);
            let line = place.map_or(0, |place| place.line);
            let id = Some(row.id).filter(|id| !id.is_empty());
            let file = place.and_then(|place| place.file.clone());
            let rejected = Rejected::new(line, id, row.refusal.to_string());
            self.reject(pass, &rejected, file, console);
        }
        let committed = self.upserts.committed_through();
        let answered = committed.saturating_sub(self.answered) as usize;
        self.places.drain(..answered.min(self.places.len()));
        self.answered = self.answered.max(committed);
        pass.counted(self.upserts.counts());
    }

    /// Rejects a row of a file that may have been read to its end.
    fn reject(
        &self,
        pass: &mut Pass<'_>,
        rejected: &Rejected,
        file: Option<Rc<str>>,
        console: &mut Console,
    ) {
        let now = self.name.replace(file);
        pass.reject(rejected, console);
        self.name.set(now);
    }

    /// Sends no more, and hears what becomes of what was sent; nothing of it if that
    /// takes long. What is not heard of is counted as not stored.
    fn hear_out(&mut self, remote: &Remote) -> Option<assort_client::Result<Upserted>> {
        let stopped = async { tokio::time::timeout(HEARD_OUT, self.upserts.stop()).await };
        remote.runtime.block_on(stopped).ok()
    }

    /// The failure of what broke off.
    fn failure(&self, pass: &Pass<'_>, error: &Error) -> Failure {
        let counts = self.upserts.counts();
        let stored = (counts.added + counts.updated + counts.unchanged) as u64;
        let stored = counted(stored, "row is", "rows are");
        let told = hints::told_of_client(error, None);
        match pass.remote.failure(error) {
            Failure::Stopped(said) => Failure::Stopped(said),
            _ => Failure::of(error.kind(), hints::import_broke_off(&told, &stored)),
        }
    }
}

impl Taker for Sender {
    fn group(&self) -> usize {
        GROUP
    }

    fn take(
        &mut self,
        pass: &mut Pass<'_>,
        rows: Vec<Given>,
        console: &mut Console,
    ) -> Result<(), Failure> {
        let (upserts, places) = (&mut self.upserts, &mut self.places);
        let mut too_large: Vec<(Rejected, Option<Rc<str>>)> = Vec::new();
        let sending = async {
            for (row, place) in rows {
                let id = row.product.id.clone();
                match upserts.send(row).await {
                    Ok(()) => places.push_back(place),
                    Err(error @ Error::TooLarge { .. }) => {
                        let rejected = Rejected::new(place.line, Some(id), error.to_string());
                        too_large.push((rejected, place.file));
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        };
        // If somebody asks to stop, what was sent is heard of at the end.
        let sent = pass.remote.until_stopped(sending).unwrap_or(Ok(()));
        let rejected = self.upserts.take_rejected();
        self.hear(pass, rejected, console);
        for (rejected, file) in too_large {
            self.reject(pass, &rejected, file, console);
        }
        sent.map_err(|error| self.failure(pass, &error))
    }

    fn end(&mut self, pass: &mut Pass<'_>, console: &mut Console) -> Result<(), Failure> {
        let finished = match pass.report.stopped {
            true => None,
            false => pass.remote.until_stopped(self.upserts.finish()),
        };
        let ended = finished.or_else(|| {
            pass.report.stopped = true;
            self.hear_out(pass.remote)
        });
        let rejected = match &ended {
            Some(Ok(ended)) => ended.rejected.clone(),
            _ => self.upserts.take_rejected(),
        };
        self.hear(pass, rejected, console);
        let ended = ended.unwrap_or_else(|| Ok(Upserted::default()));
        ended.map(drop).map_err(|error| self.failure(pass, &error))
    }
}
