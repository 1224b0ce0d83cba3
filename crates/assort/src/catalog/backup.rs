//! Copying a catalog while it is written to.

use std::path::Path;

use crate::Result;
use crate::catalog::Catalog;
use crate::copies::{CopyOptions, CopyReport, Manifest, Snapshot, Target, hold};
use crate::observer::{Observer, Progress};
use crate::{Error, copies};

impl Catalog {
    /// Copies the last commit to the directory `to`, or brings an earlier backup of
    /// this catalog there up to date, while anybody reads and writes. The backup
    /// opens as a catalog, for reading only; [`copies::restore`] makes a catalog of
    /// it. It becomes one, or that of this commit, in the last step: a run that is
    /// stopped or killed leaves what was there, and is run again.
    ///
    /// # Errors
    /// [`Error::OtherCopy`] or [`Error::AlreadyACatalog`] if `to` holds something
    /// else, [`Error::Locked`] while another process makes a copy there,
    /// [`Error::Interrupted`], [`Error::Damaged`], [`Error::Io`].
    pub fn backup(
        &self,
        to: impl AsRef<Path>,
        options: CopyOptions,
        observer: &mut dyn Observer,
    ) -> Result<CopyReport> {
        let mut target = Target::open(to.as_ref(), options)?;
        let (reader, held) = hold(&self.state)?;
        let (catalog, commit) = (reader.identity()?, reader.version()?);
        if target.check(catalog, commit)? {
            return Ok(target.unchanged());
        }
        let store = self.state.store.size();
        let total = store + held.iter().map(|file| file.size).sum::<u64>();
        let mut done = 0;
        let mut files = Vec::with_capacity(held.len() + 1);
        for file in held {
            let placed = target.place(&file, &mut |bytes| {
                done += bytes;
                observer.progress(Progress::Copying { done, total });
                !observer.stop()
            });
            files.push(placed?);
        }
        let part = target.store_part()?;
        reader.copy_to(&part, &mut |fraction| {
            let done = done + (store as f64 * fraction) as u64;
            observer.progress(Progress::Copying { done, total });
            !observer.stop()
        })?;
        files.push(target.copied_store(&part)?);
        let manifest = Manifest {
            catalog,
            commit,
            format: reader.format()?,
            assort: env!("CARGO_PKG_VERSION").to_owned(),
            files,
        };
        // What the commit says is read still: only now it is let go.
        drop(reader);
        target.switch(&manifest, &part)
    }

    /// A copy of the last commit in the catalog's own directory, which is there for as
    /// long as the value, so that it can be sent elsewhere. What killed processes left
    /// of theirs is removed.
    ///
    /// # Errors
    /// [`Error::Interrupted`], [`Error::Damaged`], [`Error::Io`].
    pub fn snapshot(&self, observer: &mut dyn Observer) -> Result<Snapshot> {
        Snapshot::sweep(self.directory());
        Snapshot::make(self.directory(), self.last_commit()?, |directory| {
            self.backup(directory, CopyOptions::default(), observer)
        })
    }
}

/// Refuses to write to a copy.
pub(super) fn check_is_no_copy(directory: &Path) -> Result<()> {
    match copies::is_copy(directory) {
        true => Err(Error::ReadOnlyCopy(directory.to_owned())),
        false => Ok(()),
    }
}
