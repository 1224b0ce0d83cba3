//! Sets of slots.

/// A set of slots of a segment, or of row numbers, as a bitmap.
#[derive(Clone, Debug, Default)]
pub struct Bitmap {
    words: Vec<u64>,
    count: usize,
}

impl Bitmap {
    /// The slots from 0 up to `end`.
    pub fn below(end: usize) -> Self {
        let mut words = vec![u64::MAX; end.div_ceil(64)];
        if let Some(last) = words.last_mut()
            && !end.is_multiple_of(64)
        {
            *last = (1 << (end % 64)) - 1;
        }
        Self { words, count: end }
    }

    /// The slots whose bits are set in words of 64, the lowest first.
    pub fn from_words(words: Vec<u64>) -> Self {
        let mut set = Self { words, count: 0 };
        set.recount();
        set
    }

    /// A word of [`Self::from_words`]: whether each of up to 64 slots is in the set.
    #[inline]
    pub fn word(slots: impl Iterator<Item = bool>) -> u64 {
        // Bytes are compared many at a time, and packed then.
        let mut bytes = [0; 64];
        let places = bytes.iter_mut().zip(slots);
        places.for_each(|(place, has)| *place = u8::from(has));
        let eights = bytes.as_chunks::<8>().0.iter().rev();
        eights.fold(0, |word, eight| {
            // Moves the lowest bit of byte `i` to bit `56 + i`.
            let bits = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
            word << 8 | bits
        })
    }

    /// Words of 64 bits, of which those are set whose slots are in the set.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Adds the slots of another set.
    pub fn unite(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        let words = self.words.iter_mut().zip(&other.words);
        words.for_each(|(word, other)| *word |= other);
        self.recount();
    }

    /// Takes out the slots that another set does not have.
    pub fn intersect(&mut self, other: &Self) {
        self.words.truncate(other.words.len());
        let words = self.words.iter_mut().zip(&other.words);
        words.for_each(|(word, other)| *word &= other);
        self.recount();
    }

    /// Takes out the slots that another set has.
    pub fn subtract(&mut self, other: &Self) {
        let words = self.words.iter_mut().zip(&other.words);
        words.for_each(|(word, other)| *word &= !other);
        self.recount();
    }

    fn recount(&mut self) {
        self.count = self
            .words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum();
    }

    /// Adds a slot; whether it was not there before.
    pub fn insert(&mut self, slot: u32) -> bool {
        let word = slot as usize / 64;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let bit = 1 << (slot % 64);
        let fresh = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.count += usize::from(fresh);
        fresh
    }

    /// Takes a slot out; whether it was there.
    pub fn remove(&mut self, slot: u32) -> bool {
        let was = self.contains(slot);
        if was {
            self.words[slot as usize / 64] &= !(1 << (slot % 64));
            self.count -= 1;
        }
        was
    }

    /// Whether the slot is in the set.
    #[inline]
    pub fn contains(&self, slot: u32) -> bool {
        self.words
            .get(slot as usize / 64)
            .is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }

    /// Number of slots in the set.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether the set has no slot.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The slots in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.words).flat_map(|(at, &word)| {
            let rest = |word: &u64| Some(word & (word - 1)).filter(|&word| word != 0);
            let words = std::iter::successors(Some(word).filter(|&word| word != 0), rest);
            words.map(move |word| at * 64 + word.trailing_zeros())
        })
    }
}

/// Sets are equal if they have the same slots, however many words they take.
impl PartialEq for Bitmap {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count
            && self
                .words
                .iter()
                .zip(&other.words)
                .all(|(one, other)| one == other)
    }
}

impl Eq for Bitmap {}

impl FromIterator<u32> for Bitmap {
    fn from_iter<I: IntoIterator<Item = u32>>(slots: I) -> Self {
        let mut set = Self::default();
        slots.into_iter().for_each(|slot| {
            set.insert(slot);
        });
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(changes in prop::collection::vec((any::<bool>(), 0u32..300), 0..200)) {
            let (mut slots, mut model) = (Bitmap::default(), BTreeSet::new());
            for (add, slot) in changes {
                if add {
                    prop_assert_eq!(slots.insert(slot), model.insert(slot));
                } else {
                    prop_assert_eq!(slots.remove(slot), model.remove(&slot));
                }
            }
            prop_assert_eq!(slots.len(), model.len());
            prop_assert!(slots.iter().eq(model.iter().copied()));
            prop_assert!((0..300).all(|slot| slots.contains(slot) == model.contains(&slot)));
        }

        #[test]
        fn sets_are_united_intersected_and_subtracted(
            one in prop::collection::btree_set(0u32..300, 0..100),
            other in prop::collection::btree_set(0u32..300, 0..100),
        ) {
            let sets: (Bitmap, Bitmap) = (one.iter().copied().collect(), other.iter().copied().collect());
            let after = |change: fn(&mut Bitmap, &Bitmap)| {
                let mut set = sets.0.clone();
                change(&mut set, &sets.1);
                set
            };
            let model = |slots: Vec<&u32>| slots.into_iter().copied().collect::<Bitmap>();
            prop_assert_eq!(after(Bitmap::unite), model(one.union(&other).collect()));
            prop_assert_eq!(after(Bitmap::intersect), model(one.intersection(&other).collect()));
            prop_assert_eq!(after(Bitmap::subtract), model(one.difference(&other).collect()));
            prop_assert_eq!(&Bitmap::from_words(sets.0.words().to_vec()), &sets.0);
        }

        #[test]
        fn a_word_has_a_bit_for_each_slot(slots in prop::collection::vec(any::<bool>(), 0..=64)) {
            let word = Bitmap::word(slots.iter().copied());
            for (at, has) in slots.iter().enumerate() {
                prop_assert_eq!(word >> at & 1 == 1, *has);
            }
            prop_assert_eq!(word.count_ones() as usize, slots.iter().filter(|has| **has).count());
        }

        #[test]
        fn below_has_all_below(end in 0usize..300) {
            let slots = Bitmap::below(end);
            prop_assert_eq!(slots.len(), end);
            prop_assert!(slots.iter().eq(0..end as u32));
        }
    }
}
