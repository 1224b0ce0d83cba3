//! Writing a segment under another name, and naming it when it is whole.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::header::HEADER;
use super::{ALIGNMENT, BLOCK, Files, Header, NewFile, Section};
use crate::{Error, Result};

/// Bytes gathered before they are given to the file, a whole number of blocks.
const BUFFER: usize = 64 * BLOCK;

/// Writes a segment durably. `fill` writes the contents of a section.
pub(crate) fn write(
    files: &dyn Files,
    path: &Path,
    mut header: Header,
    mut fill: impl FnMut(Section, &mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let draft = draft(path);
    let failed = |doing| {
        let path = draft.clone();
        move |source| Error::Io {
            path,
            doing,
            source,
        }
    };
    let places = header.places();
    let places =
        places.ok_or_else(|| Error::argument("the segment is too large for this machine"))?;
    let mut file = files.create(&draft).map_err(failed("making a segment"))?;
    let written = (|| {
        file.write_all(&[0; HEADER])?;
        let mut body = Body {
            file: file.as_mut(),
            buffer: Vec::with_capacity(BUFFER),
            written: 0,
            sums: Vec::new(),
        };
        for section in [
            Section::Quantizer,
            Section::Rows,
            Section::ByRow,
            Section::Records,
            Section::Links,
            Section::Upper,
            Section::Refinements,
            Section::Vectors,
        ] {
            fill(section, &mut body)?;
            body.align()?;
            let (at, length) = places.of(section);
            let end = (at + length).next_multiple_of(ALIGNMENT);
            if HEADER + body.written != end {
                return Err(io::Error::other(format!(
                    "the section {section:?} has a wrong length"
                )));
            }
        }
        let sums = body.finish()?;
        header.sums = xxh3_64(&sums);
        file.write_all(&sums)?;
        file.write_head(&header.to_bytes())?;
        file.sync()
    })();
    drop(file);
    let written = written.map_err(|source: io::Error| match source.downcast::<Error>() {
        // The vectors could not be read.
        Ok(error) => error,
        Err(source) => failed("writing a segment")(source),
    });
    let named = written.and_then(|()| {
        files
            .rename(&draft, path)
            .map_err(failed("naming a segment"))
    });
    if named.is_err() {
        // What is left of it is removed at the next opening.
        let _ = files.remove(&draft);
    }
    named
}

/// Name of a segment that is not whole yet.
fn draft(path: &Path) -> PathBuf {
    path.with_added_extension("new")
}

/// Everything between the header and the checksums.
struct Body<'a> {
    file: &'a mut dyn NewFile,
    buffer: Vec<u8>,
    /// Bytes so far, those in the buffer included.
    written: usize,
    sums: Vec<u8>,
}

impl Body<'_> {
    fn align(&mut self) -> io::Result<()> {
        let missing = self.written.next_multiple_of(ALIGNMENT) - self.written;
        self.write_all(&[0; ALIGNMENT][..missing])
    }

    fn pass_on(&mut self) -> io::Result<()> {
        for block in self.buffer.chunks(BLOCK) {
            self.sums.extend_from_slice(&xxh3_64(block).to_le_bytes());
        }
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<Vec<u8>> {
        self.pass_on()?;
        Ok(self.sums)
    }
}

impl Write for Body<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() == BUFFER {
            self.pass_on()?;
        }
        let taken = bytes.len().min(BUFFER - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        self.written += taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
