//! `assort label` on a server.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use assort::read::{ProductRow, Rejected};
use assort::{LabelReport, Observer};
use assort_client::Error;

use super::Remote;
use super::values::Tree;
use crate::args::{Global, Label};
use crate::commands::label;
use crate::failure::{Failure, Outcome};
use crate::files::Files;
use crate::progress::Console;
use crate::rejects::Rejects;

/// Labels that are set in one call.
const GROUP: usize = 1_000;

pub(super) fn run(args: &Label, remote: &Remote, global: &Global) -> Outcome {
    let tree = remote.tree()?;
    let (files, mut console) = label::begin(args, global, Arc::clone(&tree.0))?;
    console.rejects = Some(Rejects::listed_or_shown(
        args.rejects.as_deref(),
        files.name(),
    ));
    let mut labelling = Labelling {
        args,
        remote,
        report: LabelReport::default(),
    };
    let done = labelling.all(&tree, files, &mut console);
    let report = done.map(|()| labelling.report);
    let (_, done) = label::end(report, args, &mut console)?;
    Ok(done)
}

/// A label that is to be set or taken away, with the row it stands in.
struct Change {
    row: ProductRow,
    category: Option<String>,
}

struct Labelling<'a> {
    args: &'a Label,
    remote: &'a Remote,
    report: LabelReport,
}

impl Labelling<'_> {
    fn all(&mut self, tree: &Tree, files: Files, console: &mut Console) -> Result<(), Failure> {
        let mut changes = Vec::new();
        let mut seen = HashSet::new();
        for row in files {
            self.report.rows += 1;
            let change = row.whole()?.and_then(|row| {
                let id = &row.product.id;
                if !seen.insert(id.clone()) {
                    let reason = format!("the id `{id}` is repeated");
                    return Err(rejected(&row, reason));
                }
                self.change(tree, row)
            });
            match change {
                Ok(change) => changes.push(change),
                Err(row) => self.reject(&row, console),
            }
        }
        if self.args.strict {
            // Nothing may be set before all of it is known to be right.
            let checked = self.groups(changes, true, console)?;
            if self.report.rejected > 0 {
                self.report.changed = 0;
                return Ok(());
            }
            (self.report.changed, self.report.unchanged) = (0, 0);
            changes = checked;
        }
        self.groups(changes, false, console)?;
        Ok(())
    }

    fn change(&self, tree: &Tree, row: ProductRow) -> Result<Change, Rejected> {
        if self.args.clear {
            let category = None;
            return Ok(Change { row, category });
        }
        let Some(given) = &row.category else {
            return Err(rejected(&row, "no category".to_owned()));
        };
        match tree.0.read_categories(given, &row.more_categories) {
            Ok(given) => {
                let category = Some(tree.0.category(given.label).id.clone());
                Ok(Change { row, category })
            }
            Err(error) => Err(rejected(&row, error.to_string())),
        }
    }

    fn reject(&mut self, row: &Rejected, console: &mut Console) {
        self.report.rejected += 1;
        console.rejected(row);
    }

    /// Makes the changes, or checks them only; gives those of products that are there.
    fn groups(
        &mut self,
        changes: Vec<Change>,
        only_validate: bool,
        console: &mut Console,
    ) -> Result<Vec<Change>, Failure> {
        let mut made = Vec::with_capacity(changes.len());
        let mut changes = changes.into_iter();
        loop {
            let mut group: Vec<Change> = changes.by_ref().take(GROUP).collect();
            // Those of products that are not there are left out, and the others made.
            while !group.is_empty() {
                let missing = match self.group(&group, only_validate)? {
                    Ok(()) => break,
                    Err(missing) => missing,
                };
                let (mut at, mut there) = (0, Vec::with_capacity(group.len()));
                for change in group {
                    match missing.get(&at) {
                        Some(reason) => {
                            self.reject(&rejected(&change.row, reason.clone()), console);
                        }
                        None => there.push(change),
                    }
                    at += 1;
                }
                group = there;
            }
            if group.is_empty() && changes.as_slice().is_empty() {
                return Ok(made);
            }
            made.extend(group);
        }
    }

    /// Makes the changes of a group, or tells at which places products are missing.
    fn group(
        &mut self,
        group: &[Change],
        only_validate: bool,
    ) -> Result<Result<(), HashMap<usize, String>>, Failure> {
        let catalog = &self.remote.catalog;
        let ids = group.iter().map(|change| change.row.product.id.as_str());
        let set = group.iter().filter_map(|change| {
            let category = change.category.as_deref()?;
            Some((change.row.product.id.as_str(), category))
        });
        let done = if self.args.clear {
            self.remote
                .until_stopped(catalog.clear_labels(ids, only_validate))
        } else {
            self.remote.until_stopped(catalog.label(set, only_validate))
        };
        let done = done.ok_or_else(|| Failure::Stopped("stopped".to_owned()))?;
        match done {
            Ok(done) => {
                self.report.changed += done.changed;
                self.report.unchanged += done.unchanged;
                Ok(Ok(()))
            }
            Err(error) => match missing(&error, group) {
                Some(missing) => Ok(Err(missing)),
                None => Err(self.remote.failure(&error)),
            },
        }
    }
}

/// The places of products that are not there, if that is what is wrong.
fn missing(error: &Error, group: &[Change]) -> Option<HashMap<usize, String>> {
    let refusal = error
        .refusal()
        .filter(|refusal| refusal.reason == "NOT_FOUND")?;
    let places = refusal.fields().filter_map(|(field, _)| {
        let (_, after) = field.split_once('[')?;
        let place: usize = after.split_once(']')?.0.parse().ok()?;
        let id = &group.get(place)?.row.product.id;
        let reason = assort::Error::NoProduct(id.clone()).to_string();
        Some((place, reason))
    });
    let places: HashMap<usize, String> = places.collect();
    (!places.is_empty()).then_some(places)
}

fn rejected(row: &ProductRow, reason: String) -> Rejected {
    Rejected::new(row.line, Some(row.product.id.clone()), reason)
}
