//! Making a copy of a copy: what is missing is fetched, verified, and kept over
//! interruptions.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use xxhash_rust::xxh3::Xxh3;

use super::hash::CHUNK;
use super::target::{PART, Target, failed};
use super::{CopiedFile, CopyOptions, CopyReport, Manifest};
use crate::observer::{Observer, Progress};
use crate::store::FILE;
use crate::{Error, Result};

/// How often fetching is tried again when nothing came.
const ATTEMPTS: u32 = 5;

/// How long to wait after the first failure; twice as long after each further one.
const WAIT: Duration = Duration::from_millis(200);

/// How often a wait looks whether it is to stop.
const POLL: Duration = Duration::from_millis(20);

/// Where a copy comes from: a folder, a server, or whatever else gives the files of
/// one commit.
pub trait Source {
    /// What messages call it.
    fn name(&self) -> String;

    /// Whether it is at that commit of that catalog, so that nothing need be copied;
    /// asked only of sources that can tell it more easily than their files.
    ///
    /// # Errors
    /// As [`Self::manifest`].
    fn is_at(&mut self, catalog: Option<u128>, commit: u64) -> Result<bool> {
        let _ = (catalog, commit);
        Ok(false)
    }

    /// The files of one commit. They can be read until the next call.
    ///
    /// # Errors
    /// [`Error::NotACopy`] if there is none, and [`Error::Fetch`] or [`Error::Io`].
    fn manifest(&mut self) -> Result<Manifest>;

    /// The bytes of a file from `offset` on. What ends early or fails is asked for
    /// again.
    ///
    /// # Errors
    /// [`Error::Fetch`] or [`Error::Io`].
    fn read(&mut self, file: &CopiedFile, offset: u64) -> Result<Box<dyn Read + '_>>;
}

/// Makes a copy of a copy in the directory `to`, or brings an earlier one there up to
/// date. What came in an earlier run is not fetched again, and a file that came in
/// part goes on where it ended. Nothing changes for readers of `to` until all of it
/// is there and matches its checksums; then they see the new commit.
///
/// # Errors
/// [`Error::OtherCopy`] or [`Error::AlreadyACatalog`] if `to` holds something else,
/// [`Error::Copy`] if a file does not match its checksum, [`Error::Locked`] while
/// another process makes a copy there, [`Error::Interrupted`], [`Error::Fetch`],
/// [`Error::NewerFormat`], [`Error::Io`].
pub fn replicate(
    source: &mut dyn Source,
    to: impl AsRef<Path>,
    options: CopyOptions,
    observer: &mut dyn Observer,
) -> Result<CopyReport> {
    let mut target = Target::open(to.as_ref(), options)?;
    if let Some(known) = target.known.as_ref().filter(|_| !options.verify)
        && source.is_at(known.catalog, known.commit)?
    {
        return Ok(target.unchanged());
    }
    let mut manifest = source.manifest()?;
    loop {
        manifest.check_format(to.as_ref())?;
        if target.check(manifest.catalog, manifest.commit)? {
            return Ok(target.unchanged());
        }
        match fetch_all(source, &mut target, &manifest, observer) {
            Ok(store) => return target.switch(&manifest, &store),
            Err(error) => manifest = later(source, &manifest, error)?,
        }
    }
}

/// Makes a catalog of a copy, which can be written to, in the directory `to`, which
/// must not hold one. A run that was stopped goes on when it is run again.
///
/// # Errors
/// As [`replicate`].
pub fn restore(
    source: &mut dyn Source,
    to: impl AsRef<Path>,
    observer: &mut dyn Observer,
) -> Result<CopyReport> {
    let mut target = Target::open(to.as_ref(), CopyOptions::default())?;
    if target.known.is_some() {
        return Err(Error::AlreadyACatalog(to.as_ref().to_owned()));
    }
    let mut manifest = source.manifest()?;
    loop {
        manifest.check_format(to.as_ref())?;
        match fetch_all(source, &mut target, &manifest, observer) {
            Ok(store) => return target.release(&manifest, &store),
            Err(error) => manifest = later(source, &manifest, error)?,
        }
    }
}

/// What a source has after fetching failed: it goes on with that if the copy was
/// brought up to date meanwhile.
fn later(source: &mut dyn Source, before: &Manifest, error: Error) -> Result<Manifest> {
    let gone = match &error {
        Error::Copy { .. } | Error::Fetch { .. } => true,
        Error::Io { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    };
    if !gone {
        return Err(error);
    }
    match source.manifest() {
        Ok(manifest) if manifest != *before => Ok(manifest),
        _ => Err(error),
    }
}

/// Fetches what is missing; gives the file of the store, which has no name yet.
fn fetch_all(
    source: &mut dyn Source,
    target: &mut Target,
    manifest: &Manifest,
    observer: &mut dyn Observer,
) -> Result<PathBuf> {
    target.report = CopyReport::default();
    let total = manifest.size();
    let mut done = 0;
    for file in &manifest.files {
        target.check_same(file)?;
        let path = target.make_folder(&file.name)?;
        let part = path.with_added_extension(format!("{:032x}.{PART}", file.digest));
        let fetch = Fetch {
            file,
            part: &part,
            done,
            total,
        };
        if file.is_store() {
            fetch.run(source, observer, &mut target.report)?;
            return Ok(part);
        }
        if target.has(file)? {
            target.report.kept += 1;
        } else {
            let fetched = fetch.run(source, observer, &mut target.report)?;
            target.name_part(fetched, &part, &path)?;
        }
        done = u64::saturating_add(done, file.size);
    }
    let what = format!("a manifest without {FILE} was believed");
    Err(Error::Internal(what))
}

/// A file that is to be fetched.
struct Fetch<'f> {
    file: &'f CopiedFile,
    /// Where its bytes are kept until it is whole.
    part: &'f Path,
    /// Bytes of the files before it, and of all.
    done: u64,
    total: u64,
}

impl Fetch<'_> {
    /// Fetches the file, from where an earlier run ended, and verifies it.
    fn run(
        &self,
        source: &mut dyn Source,
        observer: &mut dyn Observer,
        report: &mut CopyReport,
    ) -> Result<File> {
        let mut open = File::options();
        open.create(true).read(true).write(true).truncate(false);
        let opened = open.open(self.part);
        let mut out = opened.map_err(failed(self.part, "making the file"))?;
        let (mut hasher, mut at) = self.resume(&mut out)?;
        report.copied += 1;
        let mut failures = 0;
        while at < self.file.size {
            let before = at;
            let fetched = self.fetch(source, &mut out, &mut hasher, &mut at, observer);
            report.bytes += at - before;
            if at > before {
                failures = 0;
            }
            match fetched {
                Err(Error::Fetch { .. }) if failures < ATTEMPTS => {
                    wait(WAIT * (1 << failures), observer)?;
                    failures += 1;
                }
                other => other?,
            }
        }
        if hasher.digest128() != self.file.digest {
            // Nothing of it can be used.
            let _ = std::fs::remove_file(self.part);
            return Err(Error::Copy {
                path: Path::new(&source.name()).join(&self.file.name),
                what: "its bytes do not match their checksum in the manifest".to_owned(),
            });
        }
        let synced = out.sync_all();
        synced.map_err(failed(self.part, "syncing the file"))?;
        Ok(out)
    }

    /// What came of the file before, digested, and how many bytes it has.
    fn resume(&self, out: &mut File) -> Result<(Xxh3, u64)> {
        let io = || failed(self.part, "reading what was fetched");
        let (mut hasher, mut at) = (Xxh3::new(), 0);
        if out.metadata().map_err(io())?.len() > self.file.size {
            out.set_len(0).map_err(io())?;
        }
        out.seek(SeekFrom::Start(0)).map_err(io())?;
        let mut buffer = vec![0; CHUNK];
        loop {
            let read = out.read(&mut buffer).map_err(io())?;
            if read == 0 {
                return Ok((hasher, at));
            }
            hasher.update(&buffer[..read]);
            at += read as u64;
        }
    }

    /// Fetches from `at` on, which is kept true whatever happens.
    fn fetch(
        &self,
        source: &mut dyn Source,
        out: &mut File,
        hasher: &mut Xxh3,
        at: &mut u64,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let from = source.name();
        let cut = |what: String| Error::Fetch {
            from: format!("{from}, {}", self.file.name),
            what,
        };
        let mut bytes = source.read(self.file, *at)?;
        let mut buffer = vec![0; CHUNK];
        while *at < self.file.size {
            let most = (self.file.size - *at).min(CHUNK as u64) as usize;
            let read = match bytes.read(&mut buffer[..most]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                other => other.map_err(|error| cut(error.to_string()))?,
            };
            if read == 0 {
                let (came, size) = (*at, self.file.size);
                return Err(cut(format!("only {came} of {size} bytes came")));
            }
            let written = out.write_all(&buffer[..read]);
            written.map_err(failed(self.part, "writing the file"))?;
            hasher.update(&buffer[..read]);
            *at += read as u64;
            observer.progress(Progress::Copying {
                done: self.done.saturating_add(*at),
                total: self.total,
            });
            if observer.stop() {
                return Err(Error::Interrupted);
            }
        }
        Ok(())
    }
}

/// Waits, unless it is stopped.
fn wait(long: Duration, observer: &dyn Observer) -> Result<()> {
    let mut left = long;
    while left > Duration::ZERO {
        if observer.stop() {
            return Err(Error::Interrupted);
        }
        std::thread::sleep(POLL.min(left));
        left = left.saturating_sub(POLL);
    }
    Ok(())
}
