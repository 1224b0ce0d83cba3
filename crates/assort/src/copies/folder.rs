//! A copy in a folder, as what further copies are made of.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use super::{CopiedFile, Manifest, Source};
use crate::{Error, Result};

/// A copy in a folder of this machine, or one that is mounted.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The copy in that folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl Source for Folder {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn manifest(&mut self) -> Result<Manifest> {
        let manifest = Manifest::of(&self.path)?;
        manifest.ok_or_else(|| Error::NotACopy(self.path.clone()))
    }

    fn read(&mut self, file: &CopiedFile, offset: u64) -> Result<Box<dyn Read + '_>> {
        let path = self.path.join(&file.name);
        let opened = File::open(&path).and_then(|mut file| {
            let size = file.metadata()?.len();
            file.seek(SeekFrom::Start(offset))?;
            Ok((file, size))
        });
        match opened {
            Ok((opened, size)) if size == file.size => Ok(Box::new(opened)),
            Ok((_, size)) => Err(Error::Copy {
                path,
                what: format!("it has {size} bytes, and {} by the manifest", file.size),
            }),
            Err(source) => Err(Error::Io {
                path,
                doing: "reading the file",
                source,
            }),
        }
    }
}
