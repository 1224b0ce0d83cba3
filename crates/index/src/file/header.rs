//! The first bytes of a segment: what it is, and where everything lies.

use super::{ALIGNMENT, BLOCK, FORMAT};
use crate::codes::{record_bytes, refinement_bytes};
use crate::graph::stride;

const MAGIC: [u8; 8] = *b"ASSORTSG";

/// Bytes of the header.
pub(crate) const HEADER: usize = 4096;

/// Levels there can be; each holds at most half of the rows of the one below.
pub(crate) const MOST_LEVELS: usize = 32;

/// What lies in a segment, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Section {
    /// `f32`: centres, then steps, of the coordinates.
    Quantizer,
    /// `u32`: row of each slot.
    Rows,
    /// `u32`: slots in ascending order of their rows.
    ByRow,
    /// 4-bit codes of each slot.
    Records,
    /// `u32`: links of the lowest level.
    Links,
    /// `u32`: links of the upper levels, lowest first.
    Upper,
    /// Refinement of each slot.
    Refinements,
    /// `f16`: coordinates of each slot.
    Vectors,
    /// `u64`: checksum of each block of what comes before.
    Sums,
}

const SECTIONS: [Section; 9] = [
    Section::Quantizer,
    Section::Rows,
    Section::ByRow,
    Section::Records,
    Section::Links,
    Section::Upper,
    Section::Refinements,
    Section::Vectors,
    Section::Sums,
];

/// What a segment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Identity of the space of the vectors.
    pub(crate) space: u128,
    pub(crate) dimensions: usize,
    pub(crate) m: usize,
    /// Rows of each level, the lowest first.
    pub(crate) counts: Vec<usize>,
    /// Checksum of the section of checksums.
    pub(crate) sums: u64,
}

impl Header {
    pub(crate) fn rows(&self) -> usize {
        self.counts.first().copied().unwrap_or(0)
    }

    /// Where each section begins and how long it is.
    pub(crate) fn place(&self, section: Section) -> (usize, usize) {
        let mut at = HEADER;
        for other in SECTIONS {
            let length = self.length(other, at);
            if other == section {
                return (at, length);
            }
            at = (at + length).next_multiple_of(ALIGNMENT);
        }
        (at, 0)
    }

    fn length(&self, section: Section, at: usize) -> usize {
        let (rows, dimensions) = (self.rows(), self.dimensions);
        match section {
            Section::Quantizer => 8 * dimensions,
            Section::Rows | Section::ByRow => 4 * rows,
            Section::Records => rows * record_bytes(dimensions),
            Section::Links => 4 * rows * stride(self.m, 0),
            Section::Upper => (1..)
                .zip(self.counts.iter().skip(1))
                .map(|(level, rows)| 4 * rows * stride(self.m, level))
                .sum(),
            Section::Refinements => rows * refinement_bytes(dimensions),
            Section::Vectors => 2 * rows * dimensions,
            Section::Sums => 8 * (at - HEADER).div_ceil(BLOCK),
        }
    }

    /// Bytes of the whole file.
    pub(crate) fn file_bytes(&self) -> usize {
        let (at, length) = self.place(Section::Sums);
        at + length
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&(self.dimensions as u32).to_le_bytes());
        bytes.extend_from_slice(&self.space.to_le_bytes());
        bytes.extend_from_slice(&(self.m as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.counts.len() as u32).to_le_bytes());
        for level in 0..MOST_LEVELS {
            let count = self.counts.get(level).copied().unwrap_or(0);
            bytes.extend_from_slice(&(count as u32).to_le_bytes());
        }
        bytes.extend_from_slice(&self.sums.to_le_bytes());
        bytes.resize(HEADER - 8, 0);
        bytes.extend_from_slice(&xxhash_rust::xxh3::xxh3_64(&bytes).to_le_bytes());
        bytes
    }

    /// Reads a header; the format where it is newer than this program, else
    /// what is wrong.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let head = bytes.first_chunk::<HEADER>();
        let head = head.ok_or_else(|| Fault::new("it is shorter than its header"))?;
        if head[..8] != MAGIC {
            return Err(Fault::new("it is not a segment, or was never finished"));
        }
        let mut fields = Fields(&head[8..]);
        let format = fields.u32();
        if format > FORMAT {
            return Err(Fault::Newer(format));
        }
        let (body, sum) = head.split_at(HEADER - 8);
        if sum != xxhash_rust::xxh3::xxh3_64(body).to_le_bytes() {
            return Err(Fault::new("its header has changed since it was written"));
        }
        let dimensions = fields.u32() as usize;
        let space = fields.u128();
        let m = fields.u32() as usize;
        let levels = fields.u32() as usize;
        let mut counts: Vec<usize> = (0..MOST_LEVELS).map(|_| fields.u32() as usize).collect();
        counts.truncate(levels);
        let sums = fields.u64();
        Ok(Self {
            space,
            dimensions,
            m,
            counts,
            sums,
        })
    }
}

/// Why a header cannot be used.
pub(crate) enum Fault {
    Newer(u32),
    Wrong(String),
}

impl Fault {
    fn new(what: &str) -> Self {
        Self::Wrong(what.to_owned())
    }
}

/// Numbers that follow each other; zero behind the end.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk::<N>() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => [0; N],
        }
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn u128(&mut self) -> u128 {
        u128::from_le_bytes(self.take())
    }
}
