//! Taking over all rows of another store of the same categories and the same space.

use std::collections::BTreeMap;

use redb::{ReadableTable, StorageError, TableDefinition, Value};

use super::codec::{self, SealedRow};
use super::read::Reader;
use super::records::{SegmentRecord, SpaceRecord};
use super::tables::{
    DEAD, DECISIONS, FORMAT_WITHOUT_COLUMNS, IDS, KEY_NEXT_ROW, KEY_NEXT_SEGMENT, LABELS, PRODUCTS,
    SEGMENTS, SealedTable, TextTable, VectorTable, sealed_name, texts_name, vectors_name,
};
use super::write::Writer;
use crate::{Error, Result};

/// Rows that are taken between two looks at whether to stop.
const GROUP: u64 = 4096;

/// Whose rows are taken, and what they become.
pub(crate) struct Taken<'a> {
    pub(crate) reader: &'a Reader<'a>,
    /// The space of its vectors there, and here.
    pub(crate) space: (&'a SpaceRecord, &'a SpaceRecord),
    /// Added to the number of each row.
    pub(crate) by: u32,
    /// Numbers of its segments there, and here.
    pub(crate) segments: &'a BTreeMap<u32, u32>,
}

type Stored<T> = std::result::Result<T, StorageError>;

impl Writer<'_> {
    /// Takes all products with their vectors, labels and decisions. Where one of the same
    /// id is here it gives way; gives how many did. `stop` ends it.
    pub(crate) fn absorb(&mut self, taken: &Taken<'_>, stop: &dyn Fn() -> bool) -> Result<u64> {
        let next = taken.reader.next_row()?.checked_add(taken.by);
        let next = next.filter(|next| *next < u32::MAX).ok_or(Error::Full)?;
        let replaced = self.take_ids(taken)?;
        let gone = replaced.len() as u64;
        self.drop_rows(taken.space.1, &replaced)?;
        self.take_rows(taken, PRODUCTS, PRODUCTS, stop)?;
        self.take_rows(taken, LABELS, LABELS, stop)?;
        self.take_rows(taken, DECISIONS, DECISIONS, stop)?;
        let (there, here) = taken.space;
        let (from, to) = (
            vectors_name(there.generation),
            vectors_name(here.generation),
        );
        self.take_rows(taken, VectorTable::new(&from), VectorTable::new(&to), stop)?;
        self.take_segments(taken)?;
        self.take_places(taken, stop)?;
        self.set_meta(KEY_NEXT_ROW, &next.to_le_bytes())?;
        self.count_changed_vectors(u64::from(next));
        Ok(gone)
    }

    /// Takes the vectors of category texts.
    pub(crate) fn absorb_texts(
        &mut self,
        reader: &Reader<'_>,
        space: (&SpaceRecord, &SpaceRecord),
    ) -> Result<()> {
        let (from, to) = (
            texts_name(space.0.generation),
            texts_name(space.1.generation),
        );
        reader.in_table(TextTable::new(&from), (), |source| {
            let entries = source.iter().map_err(|e| reader.store().failed(e))?;
            let copied = self.with(TextTable::new(&to), |target| {
                each(entries, |digest, text| {
                    target.insert(digest, text).map(|_| true)
                })
            })?;
            copied.map_err(|e| reader.store().failed(e))
        })
    }

    /// Enters ids; gives the rows of those that were here.
    fn take_ids(&self, taken: &Taken<'_>) -> Result<Vec<u32>> {
        let mut replaced = Vec::new();
        taken.reader.in_table(IDS, (), |source| {
            let entries = source.iter().map_err(|e| taken.reader.store().failed(e))?;
            let copied = self.with(IDS, |target| {
                each(entries, |id, row| {
                    let before = target.insert(id, row + taken.by)?;
                    replaced.extend(before.map(|row| row.value()));
                    Ok(true)
                })
            })?;
            copied.map_err(|e| taken.reader.store().failed(e))
        })?;
        Ok(replaced)
    }

    /// Removes what belongs to rows whose ids have gone to others.
    fn drop_rows(&mut self, space: &SpaceRecord, rows: &[u32]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let vectors = vectors_name(space.generation);
        self.drop_from(PRODUCTS, rows)?;
        self.drop_from(LABELS, rows)?;
        self.drop_from(DECISIONS, rows)?;
        self.drop_from(VectorTable::new(&vectors), rows)?;
        self.unseal(space, rows)
    }

    fn drop_from<V: Value + 'static>(
        &self,
        table: TableDefinition<'_, u32, V>,
        rows: &[u32],
    ) -> Result<()> {
        self.with(table, |table| {
            rows.iter()
                .try_for_each(|row| table.remove(row).map(|_| ()))
        })
    }

    fn take_rows<V: Value + 'static>(
        &self,
        taken: &Taken<'_>,
        from: TableDefinition<'_, u32, V>,
        to: TableDefinition<'_, u32, V>,
        stop: &dyn Fn() -> bool,
    ) -> Result<()> {
        let (reader, mut done, mut stopped) = (taken.reader, 0_u64, false);
        reader.in_table(from, (), |source| {
            let entries = source.iter().map_err(|e| reader.store().failed(e))?;
            let copied = self.with(to, |target| {
                each(entries, |row, value| {
                    target.insert(row + taken.by, value)?;
                    done += 1;
                    stopped = done.is_multiple_of(GROUP) && stop();
                    Ok(!stopped)
                })
            })?;
            copied.map_err(|e| reader.store().failed(e))
        })?;
        match stopped {
            true => Err(Error::Interrupted),
            false => Ok(()),
        }
    }

    /// Names the segments, and which of their slots are dead.
    fn take_segments(&self, taken: &Taken<'_>) -> Result<()> {
        let Some(last) = taken.segments.values().max() else {
            return Ok(());
        };
        self.raise_format(FORMAT_WITHOUT_COLUMNS)?;
        self.set_meta(KEY_NEXT_SEGMENT, &(last + 1).to_le_bytes())?;
        let records: BTreeMap<u32, SegmentRecord> = taken.reader.segments()?.into_iter().collect();
        for (there, here) in taken.segments {
            let Some(record) = records.get(there) else {
                continue;
            };
            let record = SegmentRecord {
                generation: taken.space.1.generation,
                rows: record.rows,
            };
            let bytes = self.encoded(codec::encode(&record))?;
            self.with(SEGMENTS, |table| {
                table.insert(*here, bytes.as_slice()).map(|_| ())
            })?;
            self.take_dead(taken.reader, *there, *here)?;
        }
        Ok(())
    }

    fn take_dead(&self, reader: &Reader<'_>, there: u32, here: u32) -> Result<()> {
        let from = u64::from(there) << 32;
        reader.in_table(DEAD, (), |source| {
            let chunks = source.range(from..=from | u64::from(u32::MAX));
            let chunks = chunks.map_err(|e| reader.store().failed(e))?;
            let copied = self.with(DEAD, |target| {
                each(chunks, |key, words| {
                    let chunk = key & u64::from(u32::MAX);
                    target.insert(u64::from(here) << 32 | chunk, words)?;
                    Ok(true)
                })
            })?;
            copied.map_err(|e| reader.store().failed(e))
        })
    }

    /// Notes in which segments rows are.
    fn take_places(&self, taken: &Taken<'_>, stop: &dyn Fn() -> bool) -> Result<()> {
        let mut places = Vec::new();
        taken.reader.each_sealed(taken.space.0, |row, sealed| {
            if let Some(&segment) = taken.segments.get(&sealed.segment) {
                places.push((row + taken.by, SealedRow { segment, ..sealed }));
            }
            Ok(())
        })?;
        if stop() {
            return Err(Error::Interrupted);
        }
        let name = sealed_name(taken.space.1.generation);
        self.with(SealedTable::new(&name), |table| {
            places.iter().try_for_each(|(row, sealed)| {
                let bytes = codec::encode_sealed(*sealed);
                table.insert(row, bytes.as_slice()).map(|_| ())
            })
        })
    }
}

/// Gives entries to `take` until it wants no more. The outer error is of writing, the inner
/// one of reading.
fn each<K: redb::Key + 'static, V: Value + 'static>(
    entries: redb::Range<'_, K, V>,
    mut take: impl FnMut(K::SelfType<'_>, V::SelfType<'_>) -> Stored<bool>,
) -> Stored<Stored<()>> {
    for entry in entries {
        let (key, value) = match entry {
            Ok(entry) => entry,
            Err(error) => return Ok(Err(error)),
        };
        if !take(key.value(), value.value())? {
            break;
        }
    }
    Ok(Ok(()))
}
