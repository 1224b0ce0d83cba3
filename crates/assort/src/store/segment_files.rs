//! The files of segments, and those of them that are open.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use assort_files::{Files, is_draft};
use assort_index::Segment;

use super::Writer;
use crate::Result;
use crate::locks::lock;

/// Name of the folder of segments in a catalog's directory.
const FOLDER: &str = "segments";

/// Opens segments and keeps them open while the catalog has them.
pub(crate) struct SegmentFiles {
    folder: PathBuf,
    files: Arc<dyn Files>,
    open: Mutex<HashMap<u32, Arc<Segment>>>,
}

impl SegmentFiles {
    pub(crate) fn new(directory: &Path, files: Arc<dyn Files>) -> Self {
        Self {
            folder: directory.join(FOLDER),
            files,
            open: Mutex::new(HashMap::new()),
        }
    }

    pub(crate) fn files(&self) -> &dyn Files {
        self.files.as_ref()
    }

    /// The file of a segment.
    pub(crate) fn path(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{number:08}.seg"))
    }

    /// Makes the folder, ahead of a new segment.
    pub(crate) fn make_folder(&self) -> Result<()> {
        std::fs::create_dir_all(&self.folder).map_err(|source| crate::Error::Io {
            path: self.folder.clone(),
            doing: "making the folder of segments",
            source,
        })
    }

    /// The segment of that number, whose vectors must be of the space with
    /// that tag.
    pub(crate) fn segment(&self, number: u32, tag: u128) -> Result<Arc<Segment>> {
        if let Some(segment) = lock(&self.open).get(&number) {
            return Ok(Arc::clone(segment));
        }
        let segment = Arc::new(Segment::open(&self.path(number), tag)?);
        lock(&self.open).insert(number, Arc::clone(&segment));
        Ok(segment)
    }

    /// Marks the slots of rows that left their segments in a transaction. A segment that
    /// cannot be read is refused anyway, and repaired by the table of its rows.
    pub(crate) fn bury(&self, writer: &mut Writer<'_>) -> Result<()> {
        let mut gone = writer.take_unsealed();
        gone.sort_unstable();
        for rows in gone.chunk_by(|a, b| a.segment == b.segment) {
            let (number, tag) = (rows[0].segment, rows[0].tag);
            let Ok(segment) = self.segment(number, tag) else {
                continue;
            };
            let slots: Vec<u32> = rows
                .iter()
                .filter_map(|unsealed| segment.slot(unsealed.row))
                .collect();
            writer.mark_dead(number, &slots)?;
        }
        Ok(())
    }

    /// Closes a segment, so that it is read anew.
    pub(crate) fn close(&self, number: u32) {
        lock(&self.open).remove(&number);
    }

    /// Closes all segments but `numbers`: others have been merged away.
    pub(crate) fn keep(&self, numbers: &[u32]) {
        lock(&self.open).retain(|number, _| numbers.contains(number));
    }

    /// Removes the file of a segment that the catalog no longer has. Readers
    /// that have it open keep it; where that cannot be, it goes later.
    pub(crate) fn discard(&self, number: u32) {
        self.close(number);
        let _ = self.files.remove(&self.path(number));
    }

    /// Removes files that are none of `numbers`: what was left by a kill.
    pub(crate) fn sweep(&self, numbers: &[u32]) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return;
        };
        let known: Vec<PathBuf> = numbers.iter().map(|&number| self.path(number)).collect();
        for path in entries.flatten().map(|entry| entry.path()) {
            let ours = path.extension().is_some_and(|ending| ending == "seg");
            if (ours || is_draft(&path)) && !known.contains(&path) {
                let _ = self.files.remove(&path);
            }
        }
    }

    /// Bytes of all segments on disk.
    pub(crate) fn size(&self) -> u64 {
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return 0;
        };
        let sizes = entries.flatten().filter_map(|entry| entry.metadata().ok());
        sizes.map(|metadata| metadata.len()).sum()
    }
}
