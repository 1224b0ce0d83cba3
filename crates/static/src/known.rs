//! How much of texts is known.

use std::collections::HashMap;

use assort_core::features::is_unspaced;

use crate::embedding::{Scratch, StaticEmbedding};
use crate::normalize::{SPACE, normalize};
use crate::unigram::{Step, parts};

/// Letters, and those among them of which something is known.
#[derive(Clone, Copy, Debug, Default)]
struct Letters {
    known: usize,
    all: usize,
}

impl Letters {
    fn share(self) -> f32 {
        self.known as f32 / self.all.max(1) as f32
    }

    fn and(self, other: Self) -> Self {
        Self {
            known: self.known + other.known,
            all: self.all + other.all,
        }
    }
}

/// The letters of words that came before; none of a word whose pieces may depend on the
/// word behind it.
type Words = HashMap<Box<str>, Option<Letters>>;

impl StaticEmbedding {
    /// What share of a text's letters is in pieces whose row was learned; 0 for a text without
    /// letters. Numbers and signs are in all texts, and so are single letters that are not
    /// whole syllables or words, as in Chinese and Korean, and say nothing. The row of
    /// characters that no piece covers says nothing of them.
    #[must_use]
    pub fn known_share(&self, text: &str) -> f32 {
        let mut scratch = Scratch::default();
        normalize(text, &mut scratch.normal);
        self.whole(&mut scratch).share()
    }

    /// [`Self::known_share`] of each of many texts, which have words in common: a word is cut
    /// into pieces once.
    #[must_use]
    pub fn known_shares<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> Vec<f32> {
        let (mut scratch, mut words) = (Scratch::default(), Words::new());
        let texts = texts.into_iter();
        let shares = texts.map(|text| {
            normalize(text, &mut scratch.normal);
            let letters = self.by_words(&mut scratch, &mut words);
            letters.unwrap_or_else(|| self.whole(&mut scratch)).share()
        });
        shares.collect()
    }

    /// The letters of a normalised text.
    fn whole(&self, scratch: &mut Scratch) -> Letters {
        let Scratch { normal, steps, .. } = scratch;
        self.unigram().is_apart(normal, "", steps);
        self.letters(normal, steps)
    }

    /// The same, word by word; none if the pieces of some word may depend on others.
    fn by_words(&self, scratch: &mut Scratch, words: &mut Words) -> Option<Letters> {
        let Scratch { normal, steps, .. } = scratch;
        let mut all = Letters::default();
        for word in each_word(normal) {
            let letters = match words.get(word) {
                Some(letters) => *letters,
                None => {
                    let letters = self.word(word, steps);
                    // Numbers seldom come again.
                    if !word.bytes().any(|byte| byte.is_ascii_digit()) {
                        words.insert(word.into(), letters);
                    }
                    letters
                }
            };
            all = all.and(letters?);
        }
        Some(all)
    }

    /// The letters of a word with the space before it.
    fn word(&self, word: &str, steps: &mut Vec<Step>) -> Option<Letters> {
        let mut space = [0; 4];
        let space = &*SPACE.encode_utf8(&mut space);
        let is_apart = self.unigram().is_apart(word, space, steps);
        is_apart.then(|| self.letters(word, steps))
    }

    fn letters(&self, text: &str, steps: &[Step]) -> Letters {
        let mut found = Letters::default();
        let unknown = self.unigram().unknown;
        for (piece, part) in parts(text, steps) {
            // A space is no letter, and keeps a piece from being ASCII.
            let part = part.strip_prefix(SPACE).unwrap_or(part);
            let (letters, is_word) = match part.is_ascii() {
                true => (part.bytes().filter(u8::is_ascii_alphabetic).count(), false),
                false => (
                    part.chars().filter(|c| c.is_alphabetic()).count(),
                    part.chars().any(is_syllable),
                ),
            };
            found.all += letters;
            if (letters > 1 || is_word) && piece != unknown && self.is_known(piece) {
                found.known += letters;
            }
        }
        found
    }
}

/// Whether a character is a syllable or a word.
fn is_syllable(c: char) -> bool {
    is_unspaced(c) || ('\u{ac00}'..='\u{d7a3}').contains(&c)
}

/// The words of a normalised text, each with the space before it.
fn each_word(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?.len_utf8();
        let end = rest[first..]
            .find(SPACE)
            .map_or(rest.len(), |at| first + at);
        let (word, behind) = rest.split_at(end);
        rest = behind;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Bits, Card, Piece, Table};

    fn made(pieces: &[(&str, f32)]) -> StaticEmbedding {
        let numbered = pieces.iter().enumerate();
        let pieces = numbered.map(|(at, &(text, score))| Piece {
            text,
            score,
            is_known: at % 3 != 0,
        });
        let pieces: Vec<Piece<'_>> = pieces.collect();
        let table = Table::rounded(64, Bits::Four, &vec![0.5; 64 * pieces.len()]).unwrap();
        StaticEmbedding::new(&Card::default(), &pieces, 0, &table).unwrap()
    }

    fn cuts_words() -> StaticEmbedding {
        made(&[
            ("", 0.0),
            ("▁", -1.0),
            ("▁red", -2.0),
            ("a", -3.0),
            ("▁re", -2.5),
            ("da", -2.25),
            ("电", -4.0),
            ("▁a电", -3.5),
        ])
    }

    fn joins_words() -> StaticEmbedding {
        made(&[
            ("", 0.0),
            ("▁red", -2.0),
            ("a", -3.0),
            ("d▁a", -1.0),
            ("▁re", -2.5),
            ("▁re▁", -0.5),
            ("▁", -3.5),
        ])
    }

    #[test]
    fn words_are_cut_apart_where_no_piece_joins_them() {
        let words: Vec<&str> = each_word("▁red▁电a▁5").collect();
        assert_eq!(words, ["▁red", "▁电a", "▁5"]);
        let word =
            |embedding: &StaticEmbedding, word| embedding.word(word, &mut Vec::new()).is_some();
        assert!(word(&cuts_words(), "▁red") && word(&joins_words(), "▁a"));
        assert!(!word(&joins_words(), "▁red") && !word(&joins_words(), "▁re"));
    }

    proptest! {
        #[test]
        fn many_texts_are_known_as_each_is(
            texts in prop::collection::vec("([reda电5é]{0,4} ?){0,6}|\\PC{0,8}", 0..12),
        ) {
            for embedding in [cuts_words(), joins_words()] {
                let each: Vec<f32> = texts.iter().map(|text| embedding.known_share(text)).collect();
                let many = embedding.known_shares(texts.iter().map(String::as_str));
                prop_assert_eq!(many, each);
            }
        }
    }
}
