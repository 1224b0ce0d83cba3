//! Rejected rows of every command: the first few are shown, all are listed in a
//! file.

use std::fs::File;
use std::path::{Path, PathBuf};

use assort::read::Rejected;

use crate::failure::Failure;
use crate::files::CurrentName;
use crate::hints;
use crate::text::counted;

/// Rejected rows that are shown while they come.
const SHOWN: u64 = 5;

/// The list of rejected rows, made when the first one comes.
pub(crate) struct Rejects {
    list: Option<List>,
    name: CurrentName,
    count: u64,
}

/// A file that rejected rows go to.
struct List {
    path: PathBuf,
    /// Whether the user named it: then it has to be written.
    named: bool,
    writer: Option<csv::Writer<File>>,
    failed: Option<String>,
}

impl Rejects {
    /// Rejects of the files whose current name is `name`, listed in `given`, or
    /// else in the file `default` of the catalog's directory. A list that an
    /// earlier run left there is removed: it would be taken for this one's.
    pub(crate) fn listed(given: Option<&Path>, default: PathBuf, name: CurrentName) -> Self {
        let named = given.is_some();
        if !named {
            // Where nothing may be removed, this list cannot be written either.
            let _ = std::fs::remove_file(&default);
        }
        Self {
            list: Some(List {
                path: given.map_or(default, Path::to_owned),
                named,
                writer: None,
                failed: None,
            }),
            name,
            count: 0,
        }
    }

    /// Rejects that are only shown.
    pub(crate) fn shown(name: CurrentName) -> Self {
        Self {
            list: None,
            name,
            count: 0,
        }
    }

    /// Rejects that are listed in `given`, or else only shown.
    pub(crate) fn listed_or_shown(given: Option<&Path>, name: CurrentName) -> Self {
        match given {
            Some(path) => Self::listed(Some(path), PathBuf::new(), name),
            None => Self::shown(name),
        }
    }

    /// Lists a row; gives what to print of it, which is nothing after the
    /// first few.
    pub(crate) fn add(&mut self, rejected: &Rejected) -> Option<String> {
        self.count += 1;
        let current = self.name.take();
        self.name.set(current.clone());
        let file = current.as_deref().unwrap_or_default();
        let reason = hints::told_of_row(rejected);
        if let Some(list) = &mut self.list {
            list.add(file, rejected, &reason);
        }
        match self.count {
            1..=SHOWN => Some(format!("rejected {file}, line {}: {reason}", rejected.line)),
            n if n == SHOWN + 1 => Some("rejected further rows".to_owned()),
            _ => None,
        }
    }

    /// Ends the list; gives a sentence that says where it is, if any row was rejected.
    pub(crate) fn finish(self) -> Result<Option<String>, Failure> {
        if self.count == 0 {
            return Ok(None);
        }
        let rows = counted(self.count, "rejected row is", "rejected rows are");
        let Some(mut list) = self.list else {
            let told = format!("{rows} listed nowhere; name a file with --rejects");
            return Ok(Some(told));
        };
        if let Some(writer) = &mut list.writer
            && let Err(error) = writer.flush()
        {
            list.failed = Some(error.to_string());
        }
        let path = list.path.display();
        match list.failed {
            None => Ok(Some(format!("{rows} listed in {path}"))),
            Some(why) => {
                let told = format!(
                    "{rows} not listed: {path} cannot be written: {why}; name another file with --rejects"
                );
                if list.named {
                    return Err(Failure::Failed(told));
                }
                Ok(Some(format!("note: {told}")))
            }
        }
    }
}

impl List {
    fn add(&mut self, file: &str, rejected: &Rejected, reason: &str) {
        if self.failed.is_none()
            && let Err(error) = self.write(file, rejected, reason)
        {
            self.failed = Some(error.to_string());
        }
    }

    fn write(&mut self, file: &str, rejected: &Rejected, reason: &str) -> Result<(), csv::Error> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let mut writer = csv::Writer::from_path(&self.path)?;
                writer.write_record(["file", "line", "id", "reason"])?;
                none.insert(writer)
            }
        };
        let line = rejected.line.to_string();
        let id = rejected.id.as_deref().unwrap_or_default();
        writer.write_record([file, &line, id, reason])
    }
}
