//! Pictures in a tar archive.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tar::{Archive, Entry, EntryType, PaxExtensions};
use xxhash_rust::xxh3::xxh3_128;

use crate::error::{Error, named};
use crate::folder::read_within;
use crate::limits::Limits;
use crate::name;

/// The longest name of a member, in bytes, with what belongs to it.
const LONGEST_NAME: u64 = 64 << 10;

/// An archive of which it is known where its members are.
pub(crate) struct Tar {
    path: PathBuf,
    file: Mutex<File>,
    /// By the digests of their names, so that long names take no memory.
    members: HashMap<u128, Member>,
}

/// A member of an archive.
#[derive(Clone, Copy)]
enum Member {
    /// So many bytes from a place on.
    File { from: u64, bytes: u64 },
    /// Something that is no file with bytes of its own.
    Other(&'static str),
}

impl Tar {
    /// Reads where the members are, once.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let refused = |cause: String| Error::Place {
            path: path.to_owned(),
            cause,
        };
        let mut file = File::open(path).map_err(|error| refused(error.to_string()))?;
        let members = index(&mut file).map_err(refused)?;
        Ok(Self {
            path: path.to_owned(),
            file: Mutex::new(file),
            members,
        })
    }

    pub(crate) fn read(&self, reference: &str, limits: &Limits) -> Result<Vec<u8>, Error> {
        let path = name::inside(reference)?;
        let place = || self.path.clone();
        match self.members.get(&xxh3_128(path.as_bytes())) {
            None => Err(Error::NotFound {
                reference: named(reference),
                place: place(),
            }),
            Some(Member::Other(what)) => Err(Error::NoFile {
                reference: named(reference),
                what,
                place: place(),
            }),
            Some(&Member::File { from, bytes }) => {
                let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
                let sought = file.seek(SeekFrom::Start(from));
                sought.map_err(|source| Error::Read {
                    reference: named(reference),
                    source,
                })?;
                let read = read_within(reference, (&mut *file).take(bytes), Some(bytes), limits)?;
                if (read.len() as u64) < bytes {
                    return Err(Error::Read {
                        reference: named(reference),
                        source: io::Error::new(
                            io::ErrorKind::UnexpectedEof,
                            "the archive ends within it",
                        ),
                    });
                }
                Ok(read)
            }
        }
    }
}

/// Where the members of an archive are; of several of one name the last counts.
fn index(file: &mut File) -> Result<HashMap<u128, Member>, String> {
    let mut members = HashMap::new();
    let mut archive = Archive::new(BufReader::new(file));
    let entries = archive.entries_with_seek().map_err(|e| e.to_string())?;
    // The name of the next member, if it stands before it.
    let mut next_name: Option<Vec<u8>> = None;
    // As they are, because names of any length would be read into memory otherwise.
    for (at, entry) in entries.raw(true).enumerate() {
        let mut entry = entry.map_err(|error| match at {
            0 => format!("it is no tar archive, or a compressed one ({error})"),
            at => format!("after {at} members: {error}"),
        })?;
        let member = match entry.header().entry_type() {
            EntryType::GNULongName => {
                next_name = Some(long_name(&mut entry)?);
                continue;
            }
            EntryType::XHeader => {
                next_name = pax_name(&mut entry)?.or(next_name);
                continue;
            }
            EntryType::XGlobalHeader | EntryType::GNULongLink => continue,
            EntryType::Regular | EntryType::Continuous => Member::File {
                from: entry.raw_file_position(),
                bytes: entry.size(),
            },
            EntryType::Directory => Member::Other("a folder"),
            EntryType::Link | EntryType::Symlink => Member::Other("a link"),
            EntryType::GNUSparse => Member::Other("a sparse file"),
            _ => Member::Other("no file"),
        };
        let name = next_name.take();
        let name = name.unwrap_or_else(|| entry.header().path_bytes().into_owned());
        // A name that is no text, or leads out, is one that no reference has.
        let name = std::str::from_utf8(&name).ok();
        if let Some(name) = name.and_then(|name| name::inside(name).ok()) {
            members.insert(xxh3_128(name.as_bytes()), member);
        }
    }
    Ok(members)
}

/// The content of an entry that holds the name of the next one.
fn content<R: Read>(entry: &mut Entry<'_, R>) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    if entry.size() > LONGEST_NAME {
        return Err(format!("a member has a name of {} bytes", entry.size()));
    }
    entry.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    Ok(bytes)
}

fn long_name<R: Read>(entry: &mut Entry<'_, R>) -> Result<Vec<u8>, String> {
    let mut name = content(entry)?;
    while name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

fn pax_name<R: Read>(entry: &mut Entry<'_, R>) -> Result<Option<Vec<u8>>, String> {
    let content = content(entry)?;
    let mut path = None;
    for extension in PaxExtensions::new(&content) {
        let extension = extension.map_err(|e| e.to_string())?;
        if extension.key_bytes() == b"path" {
            path = Some(extension.value_bytes().to_vec());
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(members: &[(&str, EntryType, &[u8])]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut builder = tar::Builder::new(&mut file);
        for (name, kind, bytes) in members {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, name, *bytes).unwrap();
        }
        builder.finish().unwrap();
        drop(builder);
        file
    }

    #[test]
    fn members_are_found_by_their_paths_in_any_order() {
        let long = "long/".repeat(60) + "name.jpg";
        let file = archive(&[
            ("images/a.jpg", EntryType::Regular, b"old"),
            (&long, EntryType::Regular, b"long"),
            ("images/a.jpg", EntryType::Regular, b"new"),
            ("images/b.jpg", EntryType::Symlink, b""),
        ]);
        let tar = Tar::open(file.path()).unwrap();
        let read = |name: &str| tar.read(name, &Limits::default());
        assert_eq!(read(&long).unwrap(), b"long");
        assert_eq!(read("./images//a.jpg").unwrap(), b"new");
        assert!(matches!(read("images/b.jpg"), Err(Error::NoFile { .. })));
        assert!(matches!(read("a.jpg"), Err(Error::NotFound { .. })));
        assert!(matches!(read("../a.jpg"), Err(Error::Outside { .. })));
        let small = Limits::default().with_bytes(3);
        let refused = tar.read(&long, &small).unwrap_err().to_string();
        assert!(refused.contains("4 bytes, and at most 3"), "{refused}");
    }

    #[test]
    fn an_archive_that_is_cut_short_keeps_what_is_whole() {
        let picture = vec![7; 5000];
        let file = archive(&[
            ("a", EntryType::Regular, &picture),
            ("b", EntryType::Regular, &picture),
        ]);
        file.as_file().set_len(512 + 5120 + 512 + 1000).unwrap();
        let tar = Tar::open(file.path()).unwrap();
        assert_eq!(tar.read("a", &Limits::default()).unwrap(), picture);
        let cut = tar.read("b", &Limits::default()).unwrap_err().to_string();
        assert!(cut.contains("ends within it"), "{cut}");
    }

    #[test]
    fn what_is_no_archive_or_wants_endless_memory_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "id,title\n".repeat(500)).unwrap();
        let refused = Tar::open(file.path()).err().unwrap().to_string();
        assert!(refused.contains("no tar archive"), "{refused}");
        let name = vec![b'a'; 1 << 20];
        let file = archive(&[("x", EntryType::GNULongName, &name)]);
        let refused = Tar::open(file.path()).err().unwrap().to_string();
        assert!(refused.contains("name of 1048576 bytes"), "{refused}");
    }
}
