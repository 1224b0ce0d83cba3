//! One long work on a whole catalog at a time.

use std::sync::{Arc, Mutex};

use crate::error::Maintenance;
use crate::locks::lock;
use crate::{Error, Result};

/// What is under way.
#[derive(Default)]
pub(crate) struct MaintenanceLock(Arc<Mutex<Option<Maintenance>>>);

/// Ends the work when it is dropped.
pub(crate) struct UnderWay(Arc<Mutex<Option<Maintenance>>>);

impl MaintenanceLock {
    /// Begins work, unless other work is under way.
    pub(crate) fn begin(&self, work: Maintenance) -> Result<UnderWay> {
        let mut current = lock(&self.0);
        if let Some(under_way) = *current {
            return Err(Error::Busy { under_way });
        }
        *current = Some(work);
        Ok(UnderWay(Arc::clone(&self.0)))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        *lock(&self.0) = None;
    }
}
