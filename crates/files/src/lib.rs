//! Files that never change under their name: written under another one, made
//! durable, then named; and read as mapped memory.
//!
//! Segments, students and other files of a catalog share this. Writers go
//! through [`Files`], so that tests can put a failing disk in place of
//! [`Disk`].
//!
//! ```
//! use assort_files::{Disk, Map, save};
//!
//! let directory = tempfile::tempdir()?;
//! let path = directory.path().join("numbers");
//! save(&Disk, &path, b"1 2 3")?;
//! assert_eq!(&*Map::open(&path)?, b"1 2 3");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod described;
mod disk;
mod error;
mod map;
mod write;

pub use described::{Bytes, Described, Fault, Sections, fill, numbers};
pub use disk::{Disk, Files, NewFile, sync_directory};
pub use error::{Error, Result};
pub use map::Map;
pub use write::{is_draft, read, save, write};
