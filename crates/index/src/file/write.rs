//! Writing the bytes of a segment.

use std::io::{self, Write};
use std::path::Path;

use assort_files::{Files, NewFile};
use xxhash_rust::xxh3::xxh3_64;

use super::header::{HEADER, Places};
use super::{ALIGNMENT, BLOCK, Header, Section};
use crate::{Error, Result};

/// Bytes gathered before they are given to the file, a whole number of blocks.
const BUFFER: usize = 64 * BLOCK;

/// Writes a segment durably. `fill` writes the contents of a section.
pub(crate) fn write(
    files: &dyn Files,
    path: &Path,
    header: Header,
    fill: impl FnMut(Section, &mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let places = header.places();
    let places =
        places.ok_or_else(|| Error::argument("the segment is too large for this machine"))?;
    assort_files::write(files, path, |file| {
        write_sections(file, header, &places, fill)
    })?;
    Ok(())
}

fn write_sections(
    file: &mut dyn NewFile,
    mut header: Header,
    places: &Places,
    mut fill: impl FnMut(Section, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    file.write_all(&[0; HEADER])?;
    let mut body = Body {
        file,
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
    file.write_head(&header.to_bytes())
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
