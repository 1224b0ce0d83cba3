//! Vectors in the order of their slots, and what is written of them.

use std::io::{self, Write};
use std::ops::Range;

use half::f16;
use half::slice::HalfFloatSliceExt;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use super::Vectors;
use crate::codes::{Bytes, Moments, Quantizer, record_bytes, refinement_bytes};
use crate::file::Section;
use crate::graph::Graph;
use crate::kernel::Records;
use crate::{Error, Result};

/// Vectors in the order of their slots.
pub(super) struct Ordered<'a> {
    pub(super) vectors: &'a dyn Vectors,
    /// Position of the vector in each slot.
    pub(super) order: Vec<u32>,
}

/// What a graph is built by: the 4-bit codes of all slots, and their bytes.
/// Refinements are made again when they are written, which takes no time to
/// speak of, and half of the memory would be theirs.
pub(super) struct Codes {
    records: Vec<u8>,
    /// Digests of the refinements.
    refined: Vec<u128>,
    pub(super) bytes: Bytes,
    stride: usize,
}

impl Codes {
    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.refined.len()
    }

    /// The 4-bit record of a row, and a digest of its refinement.
    pub(super) fn all_bits(&self, id: u32) -> (&[u8], u128) {
        (self.records().get(id), self.refined[id as usize])
    }

    pub(super) fn records(&self) -> Records<'_> {
        Records {
            bytes: &self.records,
            stride: self.stride,
        }
    }
}

/// The largest coordinate in half precision.
const LARGEST_HALF: f32 = 65504.0;

/// Vectors that one thread reads at a time.
const READ_BATCH: usize = 1024;

/// Ranges of slots that are worked on together.
fn shares(rows: usize) -> Vec<Range<usize>> {
    let from = (0..rows).step_by(READ_BATCH);
    from.map(|from| from..rows.min(from + READ_BATCH)).collect()
}

impl Ordered<'_> {
    pub(super) fn read(&self, slot: u32, out: &mut [f32]) -> Result<()> {
        self.vectors.read(self.order[slot as usize] as usize, out)
    }

    /// Runs `look` on the vectors of some slots.
    fn each(&self, slots: Range<usize>, mut look: impl FnMut(usize, &[f32])) -> Result<()> {
        let mut vector = vec![0f32; self.vectors.dimensions()];
        for slot in slots {
            self.read(slot as u32, &mut vector)?;
            // They are kept in half precision.
            if !vector.iter().all(|value| value.abs() <= LARGEST_HALF) {
                let row = self.vectors.row(self.order[slot] as usize);
                return Err(Error::argument(format!(
                    "the vector of row {row} is not finite, or not of unit length"
                )));
            }
            look(slot, &vector);
        }
        Ok(())
    }

    pub(super) fn fit(&self) -> Result<Quantizer> {
        let dimensions = self.vectors.dimensions();
        let moments: Vec<Moments> = shares(self.order.len())
            .into_par_iter()
            .map(|share| {
                let mut moments = Moments::new(dimensions);
                self.each(share, |_, vector| moments.add(vector))?;
                Ok(moments)
            })
            .collect::<Result<_>>()?;
        let all = moments
            .iter()
            .fold(Moments::new(dimensions), Moments::merged);
        Ok(Quantizer::fit(&all))
    }

    /// The codes of the first `rows` slots.
    pub(super) fn encode(&self, quantizer: &Quantizer, rows: usize) -> Result<Codes> {
        let dimensions = self.vectors.dimensions();
        let (record, refinement) = (record_bytes(dimensions), refinement_bytes(dimensions));
        let mut codes = Codes {
            records: vec![0; rows * record],
            refined: vec![0; rows],
            bytes: Bytes::new(rows, dimensions),
            stride: record,
        };
        codes
            .records
            .par_chunks_mut(READ_BATCH * record)
            .zip(codes.refined.par_chunks_mut(READ_BATCH))
            .zip(codes.bytes.par_chunks_mut(READ_BATCH))
            .zip(shares(rows))
            .try_for_each(|(((records, refined), mut bytes), share)| {
                let from = share.start;
                let mut refinement = vec![0; refinement];
                self.each(share, |slot, vector| {
                    let at = slot - from;
                    let record = &mut records[at * record..][..record];
                    quantizer.encode(vector, record, &mut refinement);
                    refined[at] = xxh3_128(&refinement);
                    bytes.encode(at, vector);
                })
            })?;
        Ok(codes)
    }

    pub(super) fn write(
        &self,
        section: Section,
        quantizer: &Quantizer,
        codes: &Codes,
        graph: &Graph,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match section {
            Section::Quantizer => {
                out.write_all(bytemuck::cast_slice(&quantizer.centers))?;
                out.write_all(bytemuck::cast_slice(&quantizer.steps))
            }
            Section::Rows => out.write_all(bytemuck::cast_slice(&self.rows())),
            Section::ByRow => {
                let rows = self.rows();
                let mut slots: Vec<u32> = (0..rows.len() as u32).collect();
                slots.par_sort_unstable_by_key(|&slot| rows[slot as usize]);
                out.write_all(bytemuck::cast_slice(&slots))
            }
            Section::Records => out.write_all(&codes.records),
            Section::Links => out.write_all(bytemuck::cast_slice(&graph.levels[0])),
            Section::Upper => graph.levels[1..]
                .iter()
                .try_for_each(|links| out.write_all(bytemuck::cast_slice(links))),
            Section::Refinements => self.write_refinements(quantizer, out),
            Section::Vectors => self.write_vectors(out),
            Section::Sums => Ok(()),
        }
    }

    fn rows(&self) -> Vec<u32> {
        let positions = self.order.iter();
        positions.map(|&at| self.vectors.row(at as usize)).collect()
    }

    fn write_refinements(&self, quantizer: &Quantizer, out: &mut dyn Write) -> io::Result<()> {
        let dimensions = self.vectors.dimensions();
        let record = record_bytes(dimensions);
        self.write_each(refinement_bytes(dimensions), out, || {
            let mut record = vec![0; record];
            move |vector, place| quantizer.encode(vector, &mut record, place)
        })
    }

    fn write_vectors(&self, out: &mut dyn Write) -> io::Result<()> {
        let dimensions = self.vectors.dimensions();
        self.write_each(size_of::<f16>() * dimensions, out, || {
            let mut halves = vec![f16::ZERO; dimensions];
            move |vector, place| {
                halves.convert_from_f32_slice(vector);
                place.copy_from_slice(bytemuck::cast_slice(&halves));
            }
        })
    }

    /// Writes so many bytes of each row, which what `maker` gives, once for many rows, makes of
    /// its vector.
    fn write_each<Make: FnMut(&[f32], &mut [u8])>(
        &self,
        bytes: usize,
        out: &mut dyn Write,
        maker: impl Fn() -> Make + Sync,
    ) -> io::Result<()> {
        for shares in shares(self.order.len()).chunks(rayon::current_num_threads()) {
            let made = shares.par_iter().map(|share| {
                let mut all = vec![0; share.len() * bytes];
                let mut places = all.chunks_exact_mut(bytes);
                let mut make = maker();
                self.each(share.clone(), |_, vector| {
                    if let Some(place) = places.next() {
                        make(vector, place);
                    }
                })?;
                Ok(all)
            });
            let made: Result<Vec<Vec<u8>>> = made.collect();
            for all in made.map_err(io::Error::other)? {
                out.write_all(&all)?;
            }
        }
        Ok(())
    }
}
