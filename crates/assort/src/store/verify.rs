//! Verifying the checksums of the store's file, and work that needs it alone.

use std::sync::Arc;
use std::time::Duration;

use redb::{CompactionError, Database, ReadableDatabase};

use super::handle::Access;
use super::recovered::Recovered;
use super::{Reader, Store, database_error};
use crate::locks::write;
use crate::{Error, Result};

/// How long such work waits for a moment in which nobody reads.
const PATIENCE: Duration = Duration::from_secs(2);

impl Store {
    /// Verifies the checksums of the whole file; false if the last commits were
    /// damaged and it has gone back to the last whole one. Commits wait
    /// meanwhile. Where others read all the time, the file is verified as it is
    /// on disk, and damage is an error.
    pub(crate) fn verify(&self) -> Result<bool> {
        let checked = self.alone(|database| {
            let checked = database.check_integrity();
            checked.map_err(|e| database_error(&self.directory, e))
        })?;
        match checked {
            Some(whole) => Ok(whole),
            None => self.guarded(|| self.verify_beside_readers()).map(|()| true),
        }
    }

    /// Opens the file as after a kill, which verifies it, and changes nothing.
    fn verify_beside_readers(&self) -> Result<()> {
        let (_handle, waiting) = self.begin_write()?;
        let last = self.read()?.version()?;
        let failed = |e| database_error(&self.directory, e);
        let on_disk = Recovered::open(&self.file()).map_err(failed)?;
        let transaction = on_disk.database.begin_read().map_err(|e| self.failed(e))?;
        let found = Reader::new(self, self.handle(), transaction).version()?;
        waiting.abort().map_err(|e| self.failed(e))?;
        if found == last {
            return Ok(());
        }
        Err(self.damaged(format!(
            "the checksums of the last commit, number {last}, do not match; those of number {found} do"
        )))
    }

    /// Moves rows within the file, where it cannot be replaced; false if it is
    /// being read.
    pub(super) fn compact_in_place(&self) -> Result<bool> {
        let compacted = self.alone(|database| match database.compact() {
            Ok(_) => Ok(true),
            // Readers in other processes.
            Err(CompactionError::TransactionInProgress) => Ok(false),
            Err(error) => Err(self.failed(error)),
        })?;
        Ok(compacted.unwrap_or(false))
    }

    /// Works on the database while nobody else in this process has it, if that
    /// comes to pass.
    fn alone<T>(&self, mut work: impl FnMut(&mut Database) -> Result<T>) -> Result<Option<T>> {
        let step = Duration::from_millis(20);
        let mut left = PATIENCE;
        loop {
            // Held for a moment only: who reads may begin to read once more.
            let mut handle = write(&self.handle);
            match Arc::get_mut(&mut handle).map(|handle| &mut handle.access) {
                Some(Access::Write(database)) => return self.guarded(|| work(database).map(Some)),
                Some(_) => return Err(Error::ReadOnly),
                None => drop(handle),
            }
            if left.is_zero() {
                return Ok(None);
            }
            std::thread::sleep(step);
            left = left.saturating_sub(step);
        }
    }
}
