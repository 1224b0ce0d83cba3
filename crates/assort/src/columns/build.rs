//! Making the file of columns.

use assort_columns::Builder;

use super::files::{FOLDER, path};
use crate::snapshot::Changes;
use crate::state::State;
use crate::store::{ColumnsRecord, Reader};
use crate::{Error, Result};

/// Fewer products that have changed are looked at one by one.
const MOST_CHANGED: u64 = 8192;

/// Columns are made anew where one row of so many has changed: those are looked at by
/// every new filter, and making columns takes a look at every product.
const CHANGED_OF: u64 = 64;

/// Rows between two looks whether to stop.
const GROUP: u32 = 1024;

/// Whether so much has changed since the columns were made that they are made anew, where
/// `limit` is how many vectors may be live.
pub(crate) fn columns_are_due(state: &State, reader: &Reader<'_>, limit: u64) -> Result<bool> {
    let known = reader.columns()?;
    let is_there = |record: &ColumnsRecord| path(state.store.directory(), record.digest).exists();
    let rows = known.filter(is_there).map_or(0, |record| record.rows);
    let new = reader.next_row()?.saturating_sub(rows);
    let changed = u64::from(new) + if rows > 0 { reader.touched_rows()? } else { 0 };
    let most = limit.clamp(1, MOST_CHANGED);
    Ok(changed >= most.max(u64::from(rows) / CHANGED_OF))
}

/// Makes columns of the last commit, and names them in the place of those of before.
pub(crate) fn build_columns(state: &State, stop: &(dyn Fn() -> bool + Sync)) -> Result<()> {
    state.note_touched();
    let reader = state.store.read()?;
    let (version, rows) = (reader.version()?, reader.next_row()?);
    let mut builder = Builder::new(rows);
    reader.each_filed(0, |row, filed| {
        if row % GROUP == 0 && stop() {
            return Err(Error::Interrupted);
        }
        let attributes = filed.product.attributes.iter();
        let attributes = attributes.map(|pair| (pair.0.as_str(), pair.1.as_str()));
        builder.push(row, attributes, filed.label, filed.decision);
        Ok(())
    })?;
    // While a commit is read, pages that later ones free cannot be used again.
    drop(reader);
    let (bytes, digest) = builder.finish()?;
    let file = path(state.store.directory(), digest);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|source| Error::Io {
            path: folder.to_owned(),
            doing: "making the folder of columns",
            source,
        })?;
    }
    assort_files::save(state.segment_files.files(), &file, &bytes)?;
    state.commit(|writer| {
        writer.set_columns(&ColumnsRecord {
            digest,
            rows,
            version,
        })?;
        Ok(Changes::default())
    })?;
    state.sweep(FOLDER, &[file]);
    Ok(())
}
