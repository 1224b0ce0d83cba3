//! Checksums of files.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

use super::CopiedFile;

/// Bytes that are read at once.
pub(super) const CHUNK: usize = 1 << 20;

/// Reads to the end and writes to `out`, told of every part; the digest and the
/// number of bytes. None if `follow` stopped it.
pub(super) fn copy(
    from: &mut dyn Read,
    out: &mut dyn Write,
    follow: &mut dyn FnMut(u64) -> bool,
) -> io::Result<Option<(u128, u64)>> {
    let mut hasher = Xxh3::new();
    let mut buffer = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        let read = match from.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if read == 0 {
            return Ok(Some((hasher.digest128(), bytes)));
        }
        hasher.update(&buffer[..read]);
        out.write_all(&buffer[..read])?;
        bytes += read as u64;
        if !follow(read as u64) {
            return Ok(None);
        }
    }
}

/// The digest of a file and its size.
pub(super) fn of(path: &Path) -> io::Result<(u128, u64)> {
    let known = copy(&mut File::open(path)?, &mut io::sink(), &mut |_| true)?;
    Ok(known.unwrap_or_default())
}

/// Whether a file has the size and the digest that a manifest says.
pub(super) fn matches(path: &Path, file: &CopiedFile) -> io::Result<bool> {
    if std::fs::metadata(path)?.len() != file.size {
        return Ok(false);
    }
    Ok(of(path)? == (file.digest, file.size))
}
