//! Segments in the store: which there are, which rows are in them, and which
//! of their slots are dead.

use assort_index::Bitmap;
use redb::{AccessGuard, ReadableTable, ReadableTableMetadata, Table};

use super::codec::{self, SealedRow, Unreadable};
use super::read::Reader;
use super::records::{SegmentRecord, SpaceRecord, TuningRecord};
use super::tables::{
    CHUNK, DEAD, FORMAT_WITHOUT_COLUMNS, KEY_NEXT_SEGMENT, KEY_TUNING, META, SEGMENTS, SealedTable,
    VectorTable, sealed_name, vectors_name,
};
use super::write::{Unsealed, Writer};
use crate::Result;

/// Words of a chunk.
const WORDS: usize = CHUNK as usize / 64;

impl Reader<'_> {
    /// Where the row's vector is, if it is in a segment.
    pub(crate) fn sealed_row(&self, space: &SpaceRecord, row: u32) -> Result<Option<SealedRow>> {
        let name = sealed_name(space.generation);
        self.in_table(SealedTable::new(&name), None, |table| {
            let value = table.get(row).map_err(|e| self.store().failed(e))?;
            let decoded = value.map(|value| codec::decode_sealed(value.value()));
            decoded.transpose().map_err(|e| {
                self.store()
                    .unreadable(format_args!("place of row {row}"), e)
            })
        })
    }

    /// Visits every row that is in a segment, in order of rows.
    pub(crate) fn each_sealed(
        &self,
        space: &SpaceRecord,
        mut visit: impl FnMut(u32, SealedRow) -> Result<()>,
    ) -> Result<()> {
        let name = sealed_name(space.generation);
        self.in_table(SealedTable::new(&name), (), |table| {
            for entry in table.iter().map_err(|e| self.store().failed(e))? {
                let (row, value) = entry.map_err(|e| self.store().failed(e))?;
                let row = row.value();
                let sealed = codec::decode_sealed(value.value()).map_err(|e| {
                    self.store()
                        .unreadable(format_args!("place of row {row}"), e)
                })?;
                visit(row, sealed)?;
            }
            Ok(())
        })
    }

    /// The segments of all spaces, by number.
    pub(crate) fn segments(&self) -> Result<Vec<(u32, SegmentRecord)>> {
        self.in_table(SEGMENTS, Vec::new(), |table| {
            let mut segments = Vec::new();
            for entry in table.iter().map_err(|e| self.store().failed(e))? {
                let (number, value) = entry.map_err(|e| self.store().failed(e))?;
                let number = number.value();
                let record = codec::decode::<SegmentRecord>(value.value())
                    .map_err(|e| self.store().unreadable(format_args!("segment {number}"), e))?;
                segments.push((number, record));
            }
            Ok(segments)
        })
    }

    /// The dead slots of a segment.
    pub(crate) fn dead(&self, segment: u32) -> Result<Bitmap> {
        let from = u64::from(segment) << 32;
        self.in_table(DEAD, Bitmap::default(), |table| {
            let mut dead = Bitmap::default();
            let chunks = table.range(from..=from | u64::from(u32::MAX));
            for entry in chunks.map_err(|e| self.store().failed(e))? {
                let (key, value) = entry.map_err(|e| self.store().failed(e))?;
                let first = (key.value() as u32).saturating_mul(CHUNK);
                let words = codec::decode_dead(value.value(), WORDS).map_err(|e| {
                    self.store()
                        .unreadable(format_args!("dead slots of segment {segment}"), e)
                })?;
                for (at, word) in (0u32..).zip(words) {
                    (0..64).filter(|bit| word >> bit & 1 == 1).for_each(|bit| {
                        dead.insert(first + 64 * at + bit);
                    });
                }
            }
            Ok(dead)
        })
    }

    /// Number of vectors of `space` that are in no segment.
    pub(crate) fn live_vectors(&self, space: &SpaceRecord) -> Result<u64> {
        let name = vectors_name(space.generation);
        self.in_table(VectorTable::new(&name), 0, |table| {
            table.len().map_err(|e| self.store().failed(e))
        })
    }

    /// Number of vectors of `space`.
    pub(crate) fn vectors(&self, space: &SpaceRecord) -> Result<u64> {
        let name = sealed_name(space.generation);
        let sealed = self.in_table(SealedTable::new(&name), 0, |table| {
            table.len().map_err(|e| self.store().failed(e))
        })?;
        Ok(sealed + self.live_vectors(space)?)
    }

    /// The number that the next segment gets.
    pub(crate) fn next_segment(&self) -> Result<u32> {
        let next = self.meta(KEY_NEXT_SEGMENT, parse_u32)?;
        Ok(next.unwrap_or(1))
    }

    /// How the graph is walked, if it was tuned. A record that cannot be
    /// believed is none: searches go as if it was never tuned.
    pub(crate) fn tuning(&self) -> Result<Option<TuningRecord>> {
        let tuning = self.meta(KEY_TUNING, |bytes| {
            Ok(codec::decode::<TuningRecord>(bytes).ok())
        })?;
        Ok(tuning.flatten().filter(TuningRecord::is_sound))
    }
}

fn parse_u32(bytes: &[u8]) -> std::result::Result<u32, Unreadable> {
    let number = bytes.try_into().map(u32::from_le_bytes);
    number.map_err(|_| "is not a number".to_owned().into())
}

/// A segment that is to be committed.
pub(crate) struct NewSegment<'a> {
    pub(crate) number: u32,
    pub(crate) space: &'a SpaceRecord,
    /// Rows of its slots with the digests of their texts, in order of slots.
    pub(crate) rows: &'a [(u32, u128)],
}

/// The rows of a segment that is to be added.
#[derive(Default)]
struct Sorted {
    /// Rows that are as they were when it was built, with the digests of their texts.
    kept: Vec<(u32, u128)>,
    /// Those of them that are among the live vectors.
    live: Vec<u32>,
    /// Slots of the others.
    dead: Vec<u32>,
}

/// Where the vectors of a space are, as a transaction has it.
struct Places<'w, 'a> {
    writer: &'w Writer<'a>,
    dimensions: usize,
    sealed: Table<'a, u32, &'static [u8]>,
    live: Table<'a, u32, &'static [u8]>,
}

impl Places<'_, '_> {
    /// Where the row's vector is, if it is in a segment.
    fn sealed(&self, row: u32) -> Result<Option<SealedRow>> {
        let value = self.get(&self.sealed, row)?;
        let decoded = value.map(|value| codec::decode_sealed(value.value()));
        decoded.transpose().map_err(|e| {
            self.writer
                .unreadable(format_args!("place of row {row}"), e)
        })
    }

    /// Digest of the text that the row's vector was made from, if it is in none.
    fn live(&self, row: u32) -> Result<Option<u128>> {
        let value = self.get(&self.live, row)?;
        let view = value.map(|value| {
            codec::view_vector(value.value(), self.dimensions).map(|view| view.text_hash)
        });
        view.transpose().map_err(|e| {
            self.writer
                .unreadable(format_args!("vector in row {row}"), e)
        })
    }

    fn get<'t>(
        &self,
        table: &'t Table<'_, u32, &'static [u8]>,
        row: u32,
    ) -> Result<Option<AccessGuard<'t, &'static [u8]>>> {
        table.get(row).map_err(|e| self.writer.store().failed(e))
    }
}

impl<'a> Writer<'a> {
    /// Takes rows out of their segments.
    pub(super) fn unseal(&mut self, space: &SpaceRecord, rows: &[u32]) -> Result<()> {
        let name = sealed_name(space.generation);
        let mut gone = Vec::new();
        self.with(SealedTable::new(&name), |table| {
            for &row in rows {
                if let Some(value) = table.remove(row)? {
                    gone.extend(codec::decode_sealed(value.value()).map(|sealed| Unsealed {
                        segment: sealed.segment,
                        tag: space.tag(),
                        row,
                    }));
                }
            }
            Ok(())
        })?;
        self.note_unsealed(gone);
        Ok(())
    }

    /// Marks slots of a segment as dead.
    pub(crate) fn mark_dead(&mut self, segment: u32, slots: &[u32]) -> Result<()> {
        let mut slots = slots.to_vec();
        slots.sort_unstable();
        for chunk in slots.chunk_by(|a, b| a / CHUNK == b / CHUNK) {
            let number = chunk[0] / CHUNK;
            let key = u64::from(segment) << 32 | u64::from(number);
            let bytes = self.with(DEAD, |table| {
                Ok(table.get(key)?.map(|value| value.value().to_vec()))
            })?;
            let mut words = match bytes {
                Some(bytes) => codec::decode_dead(&bytes, WORDS).map_err(|e| {
                    self.unreadable(format_args!("dead slots of segment {segment}"), e)
                })?,
                None => vec![0; WORDS],
            };
            for slot in chunk {
                let at = (slot % CHUNK) as usize;
                words[at / 64] |= 1 << (at % 64);
            }
            self.with(DEAD, |table| {
                table
                    .insert(key, codec::encode_dead(&words).as_slice())
                    .map(|_| ())
            })?;
        }
        Ok(())
    }

    /// Adds a segment made of live vectors, which leave their table, and of
    /// rows of the segments `merged`, which are dropped. Bitmap whose rows have
    /// changed since are born dead; gives them back.
    pub(crate) fn add_segment(
        &mut self,
        segment: &NewSegment<'_>,
        merged: &[u32],
    ) -> Result<Vec<u32>> {
        self.raise_format(FORMAT_WITHOUT_COLUMNS)?;
        self.note_pictures(segment.space)?;
        self.set_meta(KEY_NEXT_SEGMENT, &(segment.number + 1).to_le_bytes())?;
        let Sorted { kept, live, dead } = self.sort_rows(segment, merged)?;
        self.remove_live(segment.space, &live)?;
        let name = sealed_name(segment.space.generation);
        let number = segment.number;
        self.with(SealedTable::new(&name), |table| {
            for &(row, text_hash) in &kept {
                let place = SealedRow {
                    segment: number,
                    text_hash,
                };
                table.insert(row, codec::encode_sealed(place).as_slice())?;
            }
            Ok(())
        })?;
        self.drop_segments(merged)?;
        let record = SegmentRecord {
            generation: segment.space.generation,
            rows: segment.rows.len() as u32,
        };
        let bytes = self.encoded(codec::encode(&record))?;
        self.with(SEGMENTS, |table| {
            table.insert(number, bytes.as_slice()).map(|_| ())
        })?;
        self.mark_dead(number, &dead)?;
        Ok(dead)
    }

    /// Digest of the text that the row's vector was made from.
    pub(super) fn text_hash(&self, space: &SpaceRecord, row: u32) -> Result<Option<u128>> {
        let places = self.places(space)?;
        Ok(match places.live(row)? {
            Some(hash) => Some(hash),
            None => places.sealed(row)?.map(|sealed| sealed.text_hash),
        })
    }

    fn places(&self, space: &SpaceRecord) -> Result<Places<'_, 'a>> {
        Ok(Places {
            writer: self,
            dimensions: space.dimensions as usize,
            sealed: self.open(SealedTable::new(&sealed_name(space.generation)))?,
            live: self.open(VectorTable::new(&vectors_name(space.generation)))?,
        })
    }

    /// Sorts the rows of a segment that is to be added, in order of rows: tables are read, and
    /// later changed, from one end to the other.
    fn sort_rows(&self, segment: &NewSegment<'_>, merged: &[u32]) -> Result<Sorted> {
        let places = self.places(segment.space)?;
        let mut slots: Vec<u32> = (0..segment.rows.len() as u32).collect();
        slots.sort_unstable_by_key(|&slot| segment.rows[slot as usize].0);
        let mut sorted = Sorted::default();
        for slot in slots {
            let (row, text_hash) = segment.rows[slot as usize];
            let (sealed, live) = (places.sealed(row)?, places.live(row)?);
            let current = sealed.map_or(merged.is_empty(), |place| merged.contains(&place.segment));
            let now = live.or(sealed.map(|place| place.text_hash));
            if !current || now != Some(text_hash) {
                sorted.dead.push(slot);
                continue;
            }
            sorted.kept.push((row, text_hash));
            sorted.live.extend(live.map(|_| row));
        }
        Ok(sorted)
    }

    /// Takes rows out of the live vectors.
    fn remove_live(&mut self, space: &SpaceRecord, rows: &[u32]) -> Result<()> {
        let name = vectors_name(space.generation);
        let definition = VectorTable::new(&name);
        if self.with(definition, |table| table.len())? == rows.len() as u64 {
            return self.delete_table(definition);
        }
        self.with(definition, |table| {
            for row in rows {
                table.remove(row)?;
            }
            Ok(())
        })?;
        self.note_released();
        Ok(())
    }

    /// Forgets segments, whose rows must be elsewhere; their files are to be
    /// removed afterwards.
    pub(crate) fn drop_segments(&mut self, segments: &[u32]) -> Result<()> {
        for &segment in segments {
            self.with(SEGMENTS, |table| table.remove(segment).map(|_| ()))?;
            let from = u64::from(segment) << 32;
            self.with(DEAD, |table| {
                table.retain_in(from..=from | u64::from(u32::MAX), |_, _| false)
            })?;
        }
        Ok(())
    }

    /// Forgets all segments of a space, and which rows are in them.
    pub(super) fn drop_segments_of(&mut self, space: &SpaceRecord) -> Result<()> {
        let numbers: Vec<(u32, Vec<u8>)> = self.with(SEGMENTS, |table| {
            let entries = table.iter()?.map(|entry| {
                let (number, value) = entry?;
                Ok((number.value(), value.value().to_vec()))
            });
            entries.collect()
        })?;
        let own: Vec<u32> = numbers
            .into_iter()
            .filter(|(_, bytes)| {
                let record = codec::decode::<SegmentRecord>(bytes);
                record.is_ok_and(|record| record.generation == space.generation)
            })
            .map(|(number, _)| number)
            .collect();
        self.drop_segments(&own)?;
        let name = sealed_name(space.generation);
        self.delete_table(SealedTable::new(&name))
    }

    /// Keeps how the graph is to be walked; none forgets it.
    pub(crate) fn set_tuning(&mut self, tuning: Option<&TuningRecord>) -> Result<()> {
        match tuning {
            Some(tuning) => {
                let bytes = self.encoded(codec::encode(tuning))?;
                self.set_meta(KEY_TUNING, &bytes)
            }
            None => self.with(META, |table| table.remove(KEY_TUNING).map(|_| ())),
        }
    }
}
