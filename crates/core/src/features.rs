//! What of a text a model of words sees: words, pairs of words, and sequences of
//! characters, each as one number.
//!
//! Scripts that put spaces between words give every word, every pair of
//! neighbouring words, and the sequences of 3 (or 2) to 5 characters of each word with
//! its ends marked (fastText's subwords: Bojanowski et al., 2017). Scripts
//! without spaces, such as Chinese, Japanese and Thai, give all sequences of
//! 1 to 3 characters of a run.
//!
//! A change here changes every student and head: raise [`FEATURES`] with it.

use crate::chance::{FACTOR, mix};

/// Version of these rules, kept in every student and head.
pub const FEATURES: u32 = 1;

/// Longest sequence of characters of a word.
const WORD_GRAMS: usize = 5;

/// Longest sequence of characters of a run without spaces.
const RUN_GRAMS: usize = 3;

/// Characters of a word beyond this give no sequences: it is no word.
const LONGEST_WORD: usize = 48;

/// Marks the beginning and end of a word.
const EDGE: u32 = u32::MAX;

/// Finds the features of one text after another.
#[derive(Clone, Debug)]
pub struct Features {
    /// Shortest sequence of characters of a word.
    shortest: usize,
    folded: String,
    word: Vec<u32>,
    found: Vec<u64>,
}

impl Default for Features {
    fn default() -> Self {
        Self::with_sequences_from(3)
    }
}

/// Scripts differ in where a word ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Between,
    Word,
    Run,
}

impl Features {
    /// Features with sequences of so many characters of a word, and longer ones.
    pub fn with_sequences_from(shortest: usize) -> Self {
        Self {
            shortest,
            folded: String::new(),
            word: Vec::new(),
            found: Vec::new(),
        }
    }

    /// The features of `text`, in order, repetitions included. Each is spread over
    /// all bits.
    pub fn read(&mut self, text: &str) -> &[u64] {
        let Self {
            shortest,
            folded,
            word,
            found,
        } = self;
        found.clear();
        word.clear();
        fold(text, folded);
        let mut last_word = None;
        let mut class = Class::Between;
        for c in folded.chars() {
            let next = class_of(c);
            if next != class {
                finish(class, word, *shortest, &mut last_word, found);
                class = next;
            }
            if class != Class::Between {
                word.push(c.into());
            }
        }
        finish(class, word, *shortest, &mut last_word, found);
        found
    }
}

/// Lower case, and NFKC where that is not plain to see.
fn fold(text: &str, folded: &mut String) {
    folded.clear();
    if text.is_ascii() {
        folded.push_str(text);
        folded.make_ascii_lowercase();
    } else {
        folded.push_str(&crate::text::fold(text));
    }
}

/// Adds the features of a word or run, and empties it.
fn finish(
    class: Class,
    word: &mut Vec<u32>,
    shortest: usize,
    last_word: &mut Option<u64>,
    found: &mut Vec<u64>,
) {
    match class {
        Class::Between => return,
        Class::Run => {
            run(word, found);
            *last_word = None;
        }
        Class::Word => {
            let own = word.iter().fold(Kind::Word.start(), |h, &c| step(h, c));
            found.push(mix(own));
            if let Some(last) = *last_word {
                found.push(mix(last.rotate_left(23) ^ own.wrapping_mul(FACTOR)));
            }
            *last_word = Some(own);
            parts(word, shortest, found);
        }
    }
    word.clear();
}

fn run(run: &[u32], found: &mut Vec<u64>) {
    for at in 0..run.len() {
        let mut hash = Kind::Run.start();
        for &c in run[at..].iter().take(RUN_GRAMS) {
            hash = step(hash, c);
            found.push(mix(hash));
        }
    }
}

fn parts(word: &mut Vec<u32>, shortest: usize, found: &mut Vec<u64>) {
    word.truncate(LONGEST_WORD);
    word.insert(0, EDGE);
    word.push(EDGE);
    for at in 0..word.len() {
        let mut hash = Kind::Part.start();
        for (length, &c) in (1..=WORD_GRAMS).zip(&word[at..]) {
            hash = step(hash, c);
            if length >= shortest && length < word.len() {
                found.push(mix(hash));
            }
        }
    }
}

/// Equal characters of different kinds are different features.
#[derive(Clone, Copy)]
enum Kind {
    Word = 1,
    Part = 2,
    Run = 3,
}

impl Kind {
    fn start(self) -> u64 {
        (self as u64).wrapping_mul(FACTOR)
    }
}

fn step(hash: u64, c: u32) -> u64 {
    (hash.rotate_left(5) ^ u64::from(c)).wrapping_mul(FACTOR)
}

fn class_of(c: char) -> Class {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() {
            Class::Word
        } else {
            Class::Between
        };
    }
    if is_unspaced(c) {
        Class::Run
    } else if c.is_alphanumeric() || is_mark(c) {
        Class::Word
    } else {
        Class::Between
    }
}

/// Whether the character's script puts no spaces between words.
pub fn is_unspaced(c: char) -> bool {
    matches!(c,
        // Han, with its extensions and compatibility forms.
        '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'
        // Hiragana, katakana, bopomofo.
        | '\u{3041}'..='\u{312f}' | '\u{31a0}'..='\u{31ff}'
        // Thai, Lao, Tibetan, Myanmar, Khmer.
        | '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' | '\u{e80}'..='\u{eff}'
        | '\u{f00}'..='\u{fff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17d3}')
}

/// Marks that belong to the letter before them, such as vowels of Indic
/// scripts that Unicode does not count as letters.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{93c}' | '\u{94d}' | '\u{9bc}' | '\u{9cd}'
        | '\u{a3c}' | '\u{a4d}' | '\u{abc}' | '\u{acd}' | '\u{b3c}' | '\u{b4d}' | '\u{bcd}'
        | '\u{c4d}' | '\u{cbc}' | '\u{ccd}' | '\u{d4d}' | '\u{591}'..='\u{5bd}'
        | '\u{64b}'..='\u{65f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<u64> {
        Features::default().read(text).to_vec()
    }

    #[test]
    fn case_and_punctuation_do_not_count() {
        assert_eq!(of("Red, KETTLE!"), of("red kettle"));
        assert_eq!(of("ＡＢＣ 茶壶"), of("abc 茶壶"));
    }

    #[test]
    fn words_pairs_and_parts_are_features() {
        // `^cat$`: 3 of three characters, 2 of four; the word; of five none
        // that is not the whole word.
        assert_eq!(of("cat").len(), 1 + 3 + 2);
        let both = of("red cat");
        assert_eq!(both.len(), of("red").len() + of("cat").len() + 1);
        let swapped = of("cat red");
        let shared = both.iter().filter(|f| swapped.contains(f)).count();
        assert_eq!(shared, both.len() - 1, "only the pair knows the order");
    }

    #[test]
    fn sequences_may_begin_with_two_characters() {
        let mut features = Features::with_sequences_from(2);
        assert_eq!(features.read("cat").len(), of("cat").len() + 4);
    }

    #[test]
    fn scripts_without_spaces_give_sequences() {
        assert_eq!(of("电热水壶").len(), 4 + 3 + 2);
        let (long, short) = (of("不锈钢电热水壶"), of("电热水壶"));
        assert!(short.iter().all(|f| long.contains(f)));
    }

    #[test]
    fn texts_with_nothing_to_read_have_no_features() {
        for text in ["", " ", "?!", "\u{200b}", "★"] {
            assert!(of(text).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn a_word_without_end_gives_few_features() {
        assert!(of(&"x".repeat(100_000)).len() < 200);
    }
}
