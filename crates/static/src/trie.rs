//! Pieces as a double-array trie (Aoe, 1989; with XOR as in darts-clone), which
//! is read where it lies in the file.
//!
//! A unit is a `u32`. Its low 8 bits are the byte that leads to it. If that is
//! not 0, bit 8 says whether a piece ends here, and the other 23 bits are the
//! node's base: what a byte leads to is at base XOR byte, if the unit there has
//! that byte; the piece that ends here is at base XOR 0, in the upper 24 bits. No
//! two nodes have one base. Unit 0 is the root.

use std::collections::BTreeSet;

/// Bit that says that a piece ends here.
const ENDS: u32 = 1 << 8;
/// Where a base begins.
const BASE: u32 = 9;
/// Most units of a trie: what a base can reach.
const MOST: usize = 1 << 23;
/// Units that one base reaches.
const BLOCK: usize = 256;
/// Blocks at the end of a trie in which room is looked for.
const OPEN: usize = 32;

/// A trie in a file.
#[derive(Clone, Copy)]
pub(crate) struct Trie<'m>(pub(crate) &'m [[u8; 4]]);

impl Trie<'_> {
    fn unit(&self, at: u32) -> Option<u32> {
        self.0.get(at as usize).copied().map(u32::from_le_bytes)
    }

    /// What a byte leads to from a node of that base.
    #[inline]
    fn next(&self, base: u32, byte: u8) -> Option<u32> {
        let unit = self.unit(base ^ u32::from(byte));
        unit.filter(|unit| unit & 0xff == u32::from(byte) && byte != 0)
    }

    /// Calls `found` for each piece that `bytes` begin with, the shortest first,
    /// with its length and number. Gives the base of the node behind all of them, if
    /// there is one: pieces begin with them and go on.
    #[inline]
    pub(crate) fn prefixes(&self, bytes: &[u8], mut found: impl FnMut(usize, u32)) -> Option<u32> {
        let mut base = self.unit(0)? >> BASE;
        for (length, &byte) in (1..).zip(bytes) {
            let unit = self.next(base, byte)?;
            base = unit >> BASE;
            if unit & ENDS != 0
                && let Some(piece) = self.unit(base)
            {
                found(length, piece >> 8);
            }
        }
        Some(base)
    }

    /// Whether pieces go on with `bytes` from a node of that base.
    pub(crate) fn goes_on(&self, base: u32, bytes: &[u8]) -> bool {
        let end = bytes.iter().try_fold(base, |base, &byte| {
            self.next(base, byte).map(|unit| unit >> BASE)
        });
        end.is_some()
    }
}

/// Makes the units of a trie of pieces, which must be sorted, apart from each
/// other and without a byte of 0; none if they need too many.
pub(crate) fn build(pieces: &[(&[u8], u32)]) -> Option<Vec<u32>> {
    let mut builder = Builder {
        units: Vec::new(),
        free: BTreeSet::new(),
        bases: BTreeSet::new(),
    };
    builder.grow();
    builder.free.remove(&0);
    // What is to be placed: a node, and the pieces below it with their depth.
    let mut open = vec![(0usize, pieces, 0usize)];
    while let Some((node, below, depth)) = open.pop() {
        let (ends, below) = match below.split_first() {
            Some((first, rest)) if first.0.len() == depth => (Some(first.1), rest),
            _ => (None, below),
        };
        let children: Vec<&[(&[u8], u32)]> = below
            .chunk_by(|one, other| one.0[depth] == other.0[depth])
            .collect();
        let bytes = children.iter().map(|child| child[0].0[depth]);
        let labels: Vec<u8> = ends.map(|_| 0).into_iter().chain(bytes).collect();
        if labels.is_empty() {
            continue;
        }
        let base = builder.place(&labels)?;
        builder.units[node] |= (base as u32) << BASE;
        if let Some(piece) = ends {
            builder.units[node] |= ENDS;
            builder.units[base] = piece << 8;
        }
        for child in children.into_iter().rev() {
            let byte = child[0].0[depth];
            let at = base ^ usize::from(byte);
            builder.units[at] = u32::from(byte);
            open.push((at, child, depth + 1));
        }
    }
    Some(builder.units)
}

struct Builder {
    units: Vec<u32>,
    /// Units of the last blocks that nothing is at.
    free: BTreeSet<usize>,
    /// Bases of the last blocks that a node has.
    bases: BTreeSet<usize>,
}

impl Builder {
    /// A base with room for all bytes, which is taken.
    fn place(&mut self, labels: &[u8]) -> Option<usize> {
        let first = usize::from(labels[0]);
        loop {
            let fits = |base: &usize| {
                !self.bases.contains(base)
                    && labels
                        .iter()
                        .all(|&label| self.free.contains(&(base ^ usize::from(label))))
            };
            let base = self.free.iter().map(|at| at ^ first).find(fits);
            if let Some(base) = base {
                self.bases.insert(base);
                for &label in labels {
                    self.free.remove(&(base ^ usize::from(label)));
                }
                return Some(base);
            }
            if self.units.len() >= MOST {
                return None;
            }
            self.grow();
        }
    }

    /// One block more; the first of those in which room was looked for is closed.
    fn grow(&mut self) {
        let end = self.units.len();
        self.units.resize(end + BLOCK, 0);
        self.free.extend(end..end + BLOCK);
        let closed = (end + BLOCK).saturating_sub(OPEN * BLOCK);
        self.free = self.free.split_off(&closed);
        self.bases = self.bases.split_off(&closed);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn found(units: &[u32], text: &str) -> Vec<(usize, u32)> {
        let units: Vec<[u8; 4]> = units.iter().map(|unit| unit.to_le_bytes()).collect();
        let mut found = Vec::new();
        let trie = Trie(&units);
        trie.prefixes(text.as_bytes(), |length, piece| found.push((length, piece)));
        found
    }

    #[test]
    fn it_is_told_whether_pieces_go_on() {
        let units = build(&[(b"ab", 1), (b"abcd", 2), (b"b", 3)]).unwrap();
        let units: Vec<[u8; 4]> = units.iter().map(|unit| unit.to_le_bytes()).collect();
        let trie = Trie(&units);
        let goes_on = |text: &[u8], more: &[u8]| {
            let base = trie.prefixes(text, |_, _| ());
            base.is_some_and(|base| trie.goes_on(base, more))
        };
        assert!(goes_on(b"ab", b"c") && goes_on(b"ab", b"cd") && goes_on(b"", b"b"));
        assert!(!goes_on(b"ab", b"d") && !goes_on(b"b", b"c") && !goes_on(b"abc", b"dd"));
        assert!(!goes_on(b"ac", b"") && !goes_on(b"ab", b"\0"));
    }

    proptest! {
        #[test]
        fn every_piece_is_found_and_nothing_else(
            pieces in prop::collection::btree_set("[a-d]{1,6}|[a-zé电]{1,3}|\\PC{1,4}", 0..300),
            texts in prop::collection::vec("[a-d]{0,8}|\\PC{0,6}|\0a", 0..20),
        ) {
            let pieces: BTreeMap<String, u32> = pieces.into_iter().zip(5..).collect();
            let sorted: Vec<(&[u8], u32)> =
                pieces.iter().map(|(piece, &id)| (piece.as_bytes(), id)).collect();
            let units = build(&sorted).unwrap();
            for text in texts.iter().chain(pieces.keys()) {
                let begins = (1..=text.len()).filter(|&end| text.is_char_boundary(end));
                let expected: Vec<(usize, u32)> = begins
                    .filter_map(|end| Some((end, *pieces.get(&text[..end])?)))
                    .collect();
                prop_assert_eq!(found(&units, text), expected);
            }
        }

        #[test]
        fn units_that_mean_nothing_are_survived(
            units in prop::collection::vec(any::<u32>(), 0..600),
            text: String,
        ) {
            found(&units, &text);
        }
    }

    #[test]
    fn a_trie_of_nothing_finds_nothing() {
        assert_eq!(found(&build(&[]).unwrap(), "a"), []);
        assert_eq!(found(&[], "a"), []);
    }
}
