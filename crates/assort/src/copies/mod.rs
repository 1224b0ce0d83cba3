//! Copies of a catalog: backups, and replicas that follow it.
//!
//! A copy is a directory with the files of one commit of a catalog: its store, and
//! the segments, students and models that this commit names. It opens as a catalog,
//! for reading only. Its `manifest.json` lists them with sizes and checksums.
//!
//! [`Catalog::backup`](crate::Catalog::backup) makes a copy of an open catalog, and
//! [`replicate`] one of another copy, wherever a [`Source`] finds it. Both bring an
//! earlier copy of the same catalog up to date: files that are new come first, then
//! the store gets its name, and what is named no longer goes. So the directory is at
//! any moment whole, and whoever reads it sees one commit or the next.
//! [`restore`] makes a catalog of a copy, which can be written to.
//!
//! ```no_run
//! # fn main() -> assort::Result<()> {
//! use assort::copies::{CopyOptions, Folder, replicate, restore};
//!
//! let catalog = assort::Catalog::open_read_only("shop")?;
//! catalog.backup("/mnt/backups/shop", CopyOptions::default(), &mut ())?;
//!
//! let mut backup = Folder::new("/mnt/backups/shop");
//! replicate(&mut backup, "replica", CopyOptions::default(), &mut ())?;
//! restore(&mut backup, "shop-of-yesterday", &mut ())?;
//! # Ok(())
//! # }
//! ```

mod folder;
mod hash;
mod hold;
mod manifest;
mod receive;
mod snapshot;
mod target;

pub(crate) use hold::{HeldFile, hold, student_file};
pub(crate) use manifest::faults;
pub(crate) use target::Target;

pub use folder::Folder;
pub use manifest::{CopiedFile, Manifest, is_copy};
pub use receive::{Source, replicate, restore};
pub use snapshot::Snapshot;

/// How a copy is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyOptions {
    links: bool,
    verify: bool,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            links: true,
            verify: false,
        }
    }
}

impl CopyOptions {
    /// Whether a backup on the same file system shares files that never change
    /// with its catalog, by hard links, as it does unless told otherwise. It takes
    /// little time and space then, and is no help where the disk fails.
    #[must_use]
    pub fn with_links(self, links: bool) -> Self {
        Self { links, ..self }
    }

    /// Whether files of an earlier copy are read and compared with their checksums
    /// before they are kept; by default they are believed.
    #[must_use]
    pub fn with_verify(self, verify: bool) -> Self {
        Self { verify, ..self }
    }

    /// Whether files of an earlier copy are not believed.
    pub fn verifies(&self) -> bool {
        self.verify
    }
}

/// What making a copy did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopyReport {
    /// The commit that the copy is of.
    pub commit: u64,
    /// Files that were there already.
    pub kept: u64,
    /// Files that are shared with the catalog.
    pub linked: u64,
    /// Files that were copied.
    pub copied: u64,
    /// Bytes that were copied.
    pub bytes: u64,
    /// Bytes of the whole copy.
    pub size: u64,
}

impl CopyReport {
    /// Whether the copy was of this commit already.
    pub fn is_unchanged(&self) -> bool {
        self.linked + self.copied == 0
    }
}
