//! Files that say what they are: magic (8 bytes), format (`u32`), length of the
//! description (`u32`), XXH3 digest (`u128`) of everything after it, the description,
//! and sections that begin at multiples of 64 bytes, with zeros between; little-endian.

use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;

use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

use crate::{Files, Map, Result as FileResult};

/// Bytes before the description.
const PREFIX: usize = 32;

/// Sections begin at multiples of this many bytes.
const ALIGNMENT: usize = 64;

/// A kind of file.
#[derive(Clone, Copy, Debug)]
pub struct Described {
    /// First bytes of every file of the kind.
    pub magic: [u8; 8],
    /// The newest format; a file of a higher one is refused.
    pub format: u32,
    /// What such a file is called in messages.
    pub name: &'static str,
    /// Longest description that is read.
    pub longest: usize,
}

/// Why bytes are no file of a kind.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// What is wrong with them.
    Strange(String),
    /// They are of a format of a newer program.
    Newer(u32),
}

impl Described {
    /// A file of `length` bytes with its description, and zeros for sections.
    pub fn begin(&self, description: &[u8], length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        bytes[..8].copy_from_slice(&self.magic);
        bytes[8..12].copy_from_slice(&self.format.to_le_bytes());
        bytes[12..16].copy_from_slice(&(description.len() as u32).to_le_bytes());
        bytes[PREFIX..PREFIX + description.len()].copy_from_slice(description);
        bytes
    }

    /// Writes the digest of a file whose sections are filled.
    pub fn seal(bytes: &mut [u8]) {
        let sum = xxh3_128(&bytes[PREFIX..]);
        bytes[16..PREFIX].copy_from_slice(&sum.to_le_bytes());
    }

    /// Writes a file of these sections durably, one after another as [`Sections`] places
    /// them, and gives its digest. Nothing of it is laid out in memory.
    ///
    /// # Errors
    /// Those of [`crate::write`].
    pub fn write(
        &self,
        files: &dyn Files,
        path: &Path,
        description: &[u8],
        sections: &[&[u8]],
    ) -> FileResult<u128> {
        let mut length = PREFIX + description.len();
        let mut parts: Vec<&[u8]> = vec![description];
        for section in sections {
            parts.push(&[0; ALIGNMENT][..length.next_multiple_of(ALIGNMENT) - length]);
            parts.push(section);
            length = length.next_multiple_of(ALIGNMENT) + section.len();
        }
        let mut hasher = Xxh3Default::new();
        parts.iter().for_each(|part| hasher.update(part));
        let digest = hasher.digest128();
        let mut prefix = self.begin(&[], PREFIX);
        prefix[12..16].copy_from_slice(&(description.len() as u32).to_le_bytes());
        prefix[16..].copy_from_slice(&digest.to_le_bytes());
        crate::write(files, path, |file| {
            file.write_all(&prefix)?;
            parts.iter().try_for_each(|part| file.write_all(part))
        })?;
        Ok(digest)
    }

    /// The digest that a sealed file says it has.
    pub fn digest(bytes: &[u8]) -> u128 {
        let mut sum = [0; 16];
        if let Some(written) = bytes.get(16..PREFIX) {
            sum.copy_from_slice(written);
        }
        u128::from_le_bytes(sum)
    }

    /// The description and the digest of a whole file.
    ///
    /// # Errors
    /// A [`Fault`] if the bytes are none, have changed, or have been cut short.
    pub fn verify<'b>(&self, bytes: &'b [u8]) -> Result<(&'b [u8], u128), Fault> {
        let (description, sum) = self.read(bytes)?;
        if xxh3_128(&bytes[PREFIX..]) != sum {
            let what = "its bytes have changed, or it has been cut short";
            return Err(Fault::Strange(what.to_owned()));
        }
        Ok((description, sum))
    }

    /// The description, and the digest that the file says it has: for bytes inside the
    /// program, which need not be read as a whole to be trusted.
    ///
    /// # Errors
    /// A [`Fault`] if the bytes are no file of this kind.
    pub fn read<'b>(&self, bytes: &'b [u8]) -> Result<(&'b [u8], u128), Fault> {
        let strange = |what: String| Fault::Strange(what);
        let Some((prefix, body)) = bytes.split_first_chunk::<PREFIX>() else {
            return Err(strange(format!("it has only {} bytes", bytes.len())));
        };
        let number = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|i| prefix[at + i]));
        if prefix[..8] != self.magic {
            let name = self.name;
            return Err(strange(format!(
                "it does not begin as a {name}'s file does"
            )));
        }
        match number(8) {
            found if found > self.format && found.swap_bytes() <= self.format => {
                return Err(strange(
                    "its bytes are in the order of another machine".to_owned(),
                ));
            }
            found if found > self.format => return Err(Fault::Newer(found)),
            0 => return Err(strange("there is no format 0".to_owned())),
            _ => {}
        }
        let description = body
            .get(..number(12) as usize)
            .filter(|description| description.len() <= self.longest)
            .ok_or_else(|| strange("it has been cut short".to_owned()))?;
        let mut sum = [0; 16];
        sum.copy_from_slice(&prefix[16..]);
        let sum = u128::from_le_bytes(sum);
        Ok((description, sum))
    }
}

/// Places the sections of a file one after another.
#[derive(Debug)]
pub struct Sections(usize);

impl Sections {
    /// Sections behind a description of so many bytes; none if that is too long.
    pub fn after(described: usize) -> Option<Self> {
        PREFIX.checked_add(described).map(Self)
    }

    /// The place of a section of `count` values of `size` bytes each; none if the file
    /// would be larger than memory can be.
    pub fn next(&mut self, count: usize, size: usize) -> Option<Range<usize>> {
        let start = self.0.checked_next_multiple_of(ALIGNMENT)?;
        self.0 = start.checked_add(count.checked_mul(size)?)?;
        Some(start..self.0)
    }
}

/// Writes numbers of `N` bytes each, as many as there are and fit.
pub fn fill<T, const N: usize>(
    bytes: &mut [u8],
    numbers: impl IntoIterator<Item = T>,
    written: fn(T) -> [u8; N],
) {
    let places = bytes.as_chunks_mut::<N>().0.iter_mut();
    for (place, number) in places.zip(numbers) {
        *place = written(number);
    }
}

/// Reads numbers of `N` bytes each; what is left over is passed over.
pub fn numbers<T, const N: usize>(
    bytes: &[u8],
    read: fn([u8; N]) -> T,
) -> impl Iterator<Item = T> + Clone {
    let numbers = bytes.as_chunks::<N>().0.iter();
    numbers.map(move |number| read(*number))
}

/// The bytes of a file, mapped or in memory, or inside the program.
#[derive(Debug)]
pub enum Bytes {
    /// A file on disk.
    Mapped(Map),
    /// A file that was laid out in memory.
    Owned(Vec<u8>),
    /// A part of a file, which itself is one.
    Part(Arc<Bytes>, Range<usize>),
    /// A file that was compiled into the program.
    Static(&'static [u8]),
}

impl Bytes {
    /// Gives the memory of a part of a mapped file back, see [`Map::release`].
    pub fn release(&self, range: Range<usize>) {
        match self {
            Self::Mapped(map) => map.release(range),
            Self::Part(whole, own) => {
                whole.release(own.start + range.start..own.start + range.end);
            }
            Self::Owned(_) | Self::Static(_) => {}
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
            Self::Part(whole, range) => &whole[range.clone()],
            Self::Static(bytes) => bytes,
        }
    }
}
