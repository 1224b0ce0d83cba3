//! The first bytes of a segment: what it is, and where everything lies.

use std::ops::RangeInclusive;

use super::{ALIGNMENT, BLOCK, FORMAT};
use crate::codes::{record_bytes, refinement_bytes};
use crate::graph::stride;
use crate::scratch::MOST_ROWS;

const MAGIC: [u8; 8] = *b"ASSORTSG";

/// Bytes of the header.
pub(crate) const HEADER: usize = 4096;

/// Levels there can be; each holds at most half of the rows of the one below.
pub(crate) const MOST_LEVELS: usize = 32;

/// Coordinates that vectors can have.
pub(crate) const DIMENSIONS: RangeInclusive<usize> = 1..=1 << 16;

/// Links that rows can have on upper levels.
pub(crate) const M: RangeInclusive<usize> = 2..=64;

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

pub(crate) const SECTIONS: [Section; 9] = [
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

    /// Where everything lies; none if that is more than the machine can address.
    pub(crate) fn places(&self) -> Option<Places> {
        let mut places = [(0, 0); SECTIONS.len()];
        let mut at = HEADER as u64;
        for section in SECTIONS {
            let length = self.length(section, at);
            places[section as usize] = (usize::try_from(at).ok()?, usize::try_from(length).ok()?);
            at = (at + length).next_multiple_of(ALIGNMENT as u64);
        }
        // The end of the file can be addressed, too.
        usize::try_from(at).ok().map(|_| Places(places))
    }

    /// Bytes of a section that begins at `at`. With the limits that are
    /// checked on reading, 64 bits hold them all.
    fn length(&self, section: Section, at: u64) -> u64 {
        let rows = self.rows() as u64;
        let each = |bytes: usize| rows * bytes as u64;
        match section {
            Section::Quantizer => 8 * self.dimensions as u64,
            Section::Rows | Section::ByRow => each(4),
            Section::Records => each(record_bytes(self.dimensions)),
            Section::Links => each(4 * stride(self.m, 0)),
            Section::Upper => (1..)
                .zip(self.counts.iter().skip(1))
                .map(|(level, &rows)| rows as u64 * 4 * stride(self.m, level) as u64)
                .sum(),
            Section::Refinements => each(refinement_bytes(self.dimensions)),
            Section::Vectors => each(2 * self.dimensions),
            Section::Sums => 8 * (at - HEADER as u64).div_ceil(BLOCK as u64),
        }
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
        let header = Self {
            space,
            dimensions,
            m,
            counts,
            sums,
        };
        let sound = levels <= MOST_LEVELS && header.is_sound();
        let unsound = || Fault::new("its header describes no segment");
        sound.then_some(header).ok_or_else(unsound)
    }

    /// Whether there can be such a segment: all that is computed from a header
    /// relies on this, and a checksum is no proof of it.
    fn is_sound(&self) -> bool {
        DIMENSIONS.contains(&self.dimensions)
            && M.contains(&self.m)
            && (1..MOST_ROWS).contains(&self.rows())
            && self.counts.is_sorted_by(|below, above| below > above)
            && self.counts.last() != Some(&0)
    }
}

/// Where each section of a file begins and how long it is.
pub(crate) struct Places([(usize, usize); SECTIONS.len()]);

impl Places {
    /// Where a section begins, and its length.
    pub(crate) fn of(&self, section: Section) -> (usize, usize) {
        self.0[section as usize]
    }

    /// Bytes of the whole file.
    pub(crate) fn file_bytes(&self) -> usize {
        let (at, length) = self.of(Section::Sums);
        at + length
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(dimensions: usize, m: usize, counts: Vec<usize>) -> Header {
        Header {
            space: 7 << 90,
            dimensions,
            m,
            counts,
            sums: 99,
        }
    }

    /// A field that is small, at an edge, or anything.
    fn field() -> impl Strategy<Value = usize> {
        let edges = prop_oneof![Just(1 << 16), Just(1 << 31), Just(u32::MAX as usize)];
        prop_oneof![
            0usize..70,
            edges,
            any::<u32>().prop_map(|value| value as usize)
        ]
    }

    proptest! {
        #[test]
        fn a_sealed_header_is_sound_or_refused(
            dimensions in field(),
            m in field(),
            counts in prop::collection::vec(field(), 0..MOST_LEVELS),
            levels in prop::option::of(any::<u32>()),
        ) {
            let written = header(dimensions, m, counts);
            let mut bytes = written.to_bytes();
            if let Some(levels) = levels {
                bytes[36..40].copy_from_slice(&levels.to_le_bytes());
                let sum = xxhash_rust::xxh3::xxh3_64(&bytes[..HEADER - 8]);
                bytes[HEADER - 8..].copy_from_slice(&sum.to_le_bytes());
            }
            if let Ok(read) = Header::parse(&bytes) {
                prop_assert!(read.is_sound());
                let places = read.places().expect("64 bits are enough");
                prop_assert!(places.file_bytes() > HEADER);
                prop_assert!(levels.is_some() || read == written);
            } else {
                prop_assert!(levels.is_some() || !written.is_sound());
            }
        }
    }

    #[test]
    fn the_largest_segment_has_places() {
        let counts = (1..=31).rev().map(|bits| (1 << bits) - 1).collect();
        let largest = header(*DIMENSIONS.end(), *M.end(), counts);
        assert!(largest.is_sound());
        assert!(
            largest
                .places()
                .is_some_and(|places| places.file_bytes() > 1 << 48)
        );
    }

    #[test]
    fn sections_follow_each_other_on_boundaries() {
        let places = header(33, 5, vec![1001, 200, 40, 8, 1])
            .places()
            .expect("it is small");
        let mut end = HEADER;
        for section in SECTIONS {
            let (at, length) = places.of(section);
            assert!(
                at.is_multiple_of(ALIGNMENT) && at - end < ALIGNMENT,
                "{section:?}"
            );
            end = at + length;
        }
        assert_eq!(end, places.file_bytes());
    }
}
