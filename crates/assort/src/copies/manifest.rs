//! What a copy consists of, as a file of its own.

use std::path::{Path, PathBuf};

use assort_files::{Disk, save};
use serde_json::{Value, json};

use super::hash;
use crate::store::{FILE, FORMAT};
use crate::{Error, Result};

/// Name of the file in a copy's directory.
const NAME: &str = "manifest.json";

/// Name of a manifest whose store may not have its name yet.
const NEXT: &str = "manifest.json.next";

/// Layout of the file.
const LAYOUT: u64 = 1;

/// Folders of a copy with the endings of their files.
pub(super) const FOLDERS: [(&str, &[&str]); 4] = [
    ("segments", &["seg"]),
    ("students", &["student"]),
    ("columns", &["columns"]),
    ("models", &["model", "head"]),
];

/// The files of one commit of a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// What tells the catalog and its copies from others; none if an old program
    /// made it.
    pub catalog: Option<u128>,
    /// Number of the commit.
    pub commit: u64,
    /// Format of the store.
    pub format: u32,
    /// Version of the program that made the copy.
    pub assort: String,
    /// The files; the store is the last one.
    pub files: Vec<CopiedFile>,
}

/// A file of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedFile {
    /// Its path in the directory, such as `segments/00000001.seg`.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// XXH3 digest of its bytes, of 128 bits.
    pub digest: u128,
}

impl CopiedFile {
    /// Whether it is the store, which makes a directory a catalog.
    pub fn is_store(&self) -> bool {
        self.name == FILE
    }
}

impl Manifest {
    /// All bytes of the copy.
    pub fn size(&self) -> u64 {
        let sizes = self.files.iter().map(|file| file.size);
        sizes.fold(0, u64::saturating_add)
    }

    /// The file of that name.
    pub fn file(&self, name: &str) -> Option<&CopiedFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// The manifest as JSON.
    pub fn encode(&self) -> String {
        let files: Vec<Value> = self
            .files
            .iter()
            .map(|file| {
                let digest = format!("{:032x}", file.digest);
                json!({"name": file.name, "size": file.size, "xxh3": digest})
            })
            .collect();
        let value = json!({
            "layout": LAYOUT,
            "catalog": self.catalog.map(|identity| format!("{identity:032x}")),
            "commit": self.commit,
            "format": self.format,
            "assort": self.assort,
            "files": files,
        });
        format!("{value:#}\n")
    }

    /// Reads a manifest. One that names other files than a copy has is refused.
    ///
    /// # Errors
    /// What is wrong, as the end of a sentence.
    pub fn decode(text: &[u8]) -> std::result::Result<Self, String> {
        let value: Value =
            serde_json::from_slice(text).map_err(|e| format!("it is no JSON: {e}"))?;
        let number = |value: &Value, key: &str| {
            let number = value[key].as_u64();
            number.ok_or_else(|| format!("`{key}` is not a number"))
        };
        let layout = number(&value, "layout")?;
        if layout > LAYOUT {
            return Err(format!(
                "it has layout {layout}, and this program reads up to {LAYOUT}; use a newer Assort"
            ));
        }
        let catalog = match &value["catalog"] {
            Value::Null => None,
            named => Some(digest(named).ok_or("`catalog` is not a number in hexadecimal digits")?),
        };
        let listed = value["files"].as_array().ok_or("`files` is not a list")?;
        let mut files = Vec::with_capacity(listed.len());
        for file in listed {
            let name = file["name"].as_str().filter(|name| is_plain(name));
            let name = name.ok_or_else(|| format!("no copy has a file {}", file["name"]))?;
            if files.iter().any(|known: &CopiedFile| known.name == name) {
                return Err(format!("it has `{name}` twice"));
            }
            let digest = digest(&file["xxh3"]);
            files.push(CopiedFile {
                name: name.to_owned(),
                size: number(file, "size")?,
                digest: digest.ok_or_else(|| format!("`{name}` has no checksum"))?,
            });
        }
        let stores = files.iter().filter(|file| file.is_store()).count();
        if stores != 1 || !files.last().is_some_and(CopiedFile::is_store) {
            return Err(format!("`{FILE}` is not its last file"));
        }
        let format = number(&value, "format")?;
        Ok(Self {
            catalog,
            commit: number(&value, "commit")?,
            format: u32::try_from(format).map_err(|_| "`format` is too large")?,
            assort: value["assort"].as_str().unwrap_or_default().to_owned(),
            files,
        })
    }

    /// Refuses to put this copy in place of an earlier one of another catalog, or of a
    /// later commit.
    ///
    /// # Errors
    /// What the earlier one is.
    pub fn follows(&self, earlier: &Self) -> std::result::Result<(), String> {
        follows(self.catalog, self.commit, earlier)
    }

    /// Refuses the format of a newer program.
    pub(super) fn check_format(&self, path: &Path) -> Result<()> {
        if self.format > FORMAT {
            return Err(Error::NewerFormat {
                path: path.to_owned(),
                found: self.format,
                supported: FORMAT,
            });
        }
        Ok(())
    }

    /// The manifest of the copy in a directory; none if there is none. While the
    /// copy is brought up to date, the one that fits the store.
    pub(super) fn of(directory: &Path) -> Result<Option<Self>> {
        let known = Self::read(&directory.join(NAME))?;
        let Some(next) = Self::read(&directory.join(NEXT))? else {
            return Ok(known);
        };
        let store = next.file(FILE);
        let fits = store.map(|file| hash::matches(&directory.join(FILE), file));
        Ok(match fits {
            Some(Ok(true)) => Some(next),
            _ => known,
        })
    }

    fn read(path: &Path) -> Result<Option<Self>> {
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|source| Error::Io {
                path: path.to_owned(),
                doing: "reading the manifest",
                source,
            })?,
        };
        let decoded = Self::decode(&bytes);
        decoded.map(Some).map_err(|what| Error::Copy {
            path: path.to_owned(),
            what,
        })
    }

    /// Writes the manifest, ahead of the store that it is of.
    pub(super) fn announce(&self, directory: &Path) -> Result<()> {
        let written = save(&Disk, &directory.join(NEXT), self.encode().as_bytes());
        written.map_err(|error| Error::Io {
            path: error.path,
            doing: error.doing,
            source: error.source,
        })
    }
}

/// Refuses to put a commit of a catalog in place of an earlier copy of another catalog,
/// or of a later commit; tells what that is.
pub(super) fn follows(
    catalog: Option<u128>,
    commit: u64,
    earlier: &Manifest,
) -> std::result::Result<(), String> {
    if earlier.catalog != catalog {
        return Err("it is a copy of another catalog".to_owned());
    }
    if catalog.is_none() {
        let what = "no commit was made to its catalog by this version of Assort, so that its copies cannot be told from others";
        return Err(what.to_owned());
    }
    if earlier.commit > commit {
        return Err(format!(
            "it is of commit {}, and the catalog is at commit {commit}, which is earlier",
            earlier.commit
        ));
    }
    Ok(())
}

/// Gives an announced manifest its name, once the store that it is of has its own.
pub(super) fn name_announced(directory: &Path) -> std::io::Result<()> {
    std::fs::rename(directory.join(NEXT), directory.join(NAME))
}

/// Ends what a killed run has left half done: an announced manifest gets its name if
/// its store has its own, and goes otherwise.
pub(super) fn settle(directory: &Path) -> std::io::Result<()> {
    let next = directory.join(NEXT);
    if !next.exists() {
        return Ok(());
    }
    let announced = Manifest::read(&next).ok().flatten();
    let store = announced
        .as_ref()
        .and_then(|announced| announced.file(FILE));
    let fits = store.map(|file| hash::matches(&directory.join(FILE), file));
    match fits {
        Some(Ok(true)) => name_announced(directory),
        _ => std::fs::remove_file(next),
    }
}

/// What does not match the manifest of the copy in a directory.
pub(crate) fn faults(directory: &Path) -> Result<Vec<String>> {
    let Some(mut manifest) = Manifest::of(directory)? else {
        return Ok(Vec::new());
    };
    loop {
        let mut faults = Vec::new();
        for file in &manifest.files {
            let what = match hash::matches(&directory.join(&file.name), file) {
                Ok(true) => continue,
                Ok(false) => "does not match its checksum in the manifest".to_owned(),
                Err(error) => format!("cannot be read: {error}"),
            };
            faults.push(format!("the copy's {} {what}", file.name));
        }
        match Manifest::of(directory)? {
            // The copy was brought up to date meanwhile.
            Some(later) if later != manifest && !faults.is_empty() => manifest = later,
            _ => return Ok(faults),
        }
    }
}

/// Whether a directory holds a copy, or the beginning of one.
pub fn is_copy(directory: &Path) -> bool {
    [NAME, NEXT]
        .iter()
        .any(|name| directory.join(name).exists())
}

/// The manifest's file of a directory, for messages.
pub(super) fn path_of(directory: &Path) -> PathBuf {
    directory.join(NAME)
}

fn digest(value: &Value) -> Option<u128> {
    let text = value.as_str().filter(|text| text.len() == 32)?;
    u128::from_str_radix(text, 16).ok()
}

/// Whether a name is one that files of a catalog have: nothing else is written.
fn is_plain(name: &str) -> bool {
    let plain = |part: &str| {
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        !part.is_empty() && part.chars().all(letters)
    };
    let in_folder = |(folder, file): (&str, &str)| {
        let endings = FOLDERS.iter().find(|(known, _)| *known == folder);
        let stem = file.rsplit_once('.');
        endings.is_some_and(|(_, endings)| {
            stem.is_some_and(|(stem, ending)| plain(stem) && endings.contains(&ending))
        })
    };
    name == FILE || name.split_once('/').is_some_and(in_folder)
}
