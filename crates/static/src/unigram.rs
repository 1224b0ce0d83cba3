//! The most likely pieces of a text (Kudo, 2018: a language model of unigrams).

use crate::trie::Trie;

/// How much less likely than the least likely piece a character is that no
/// piece covers, as in SentencePiece.
const UNKNOWN_PENALTY: f64 = 10.0;

/// Pieces with their scores.
#[derive(Clone, Copy)]
pub(crate) struct Unigram<'m> {
    pub(crate) trie: Trie<'m>,
    /// Logarithm of how likely each piece is.
    pub(crate) scores: &'m [[u8; 4]],
    /// The piece of characters that no piece covers.
    pub(crate) unknown: u32,
    pub(crate) least: f32,
}

/// The best way to the end of a part of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    score: f64,
    /// Where the last piece begins.
    start: u32,
    piece: u32,
}

/// A place that nothing leads to so far.
const NOWHERE: Step = Step {
    score: f64::NEG_INFINITY,
    start: u32::MAX,
    piece: 0,
};

/// The pieces of a text, the last one first, with what each covers, by the steps that
/// [`Unigram::pieces`] left.
pub(crate) fn parts<'t>(text: &'t str, steps: &'t [Step]) -> impl Iterator<Item = (u32, &'t str)> {
    let mut end = steps.len().saturating_sub(1);
    std::iter::from_fn(move || {
        let step = steps.get(end).filter(|_| end > 0)?;
        let start = step.start as usize;
        let part = text.get(start..end)?;
        end = start;
        Some((step.piece, part))
    })
}

impl Unigram<'_> {
    /// Writes the numbers of the pieces of a normalised text to `pieces`: those
    /// of the highest sum of scores, of equal ones that of the earlier beginning
    /// (Viterbi, 1967). Characters that no piece covers are one unknown piece
    /// where they follow each other. `steps` is room to work in.
    pub(crate) fn pieces(&self, text: &str, steps: &mut Vec<Step>, pieces: &mut Vec<u32>) {
        pieces.clear();
        let Ok(end) = u32::try_from(text.len()) else {
            return;
        };
        self.steps(text, steps, |_| ());
        let mut at = end;
        while at > 0 {
            let step = steps[at as usize];
            if step.piece != self.unknown || pieces.last() != Some(&self.unknown) {
                pieces.push(step.piece);
            }
            at = step.start;
        }
        pieces.reverse();
    }

    /// Finds the steps of a word of a text, and whether they are the same within the text:
    /// no piece that begins in the word goes on with `next`, which begins the next word.
    pub(crate) fn is_apart(&self, word: &str, next: &str, steps: &mut Vec<Step>) -> bool {
        let mut is_apart = true;
        self.steps(word, steps, |base| {
            is_apart &= !self.trie.goes_on(base, next.as_bytes());
        });
        is_apart
    }

    /// Finds the best step to each place of a text. `behind` is called with the node of the
    /// trie to which all that follows a place leads, where there is one.
    fn steps(&self, text: &str, steps: &mut Vec<Step>, mut behind: impl FnMut(u32)) {
        let bytes = text.as_bytes();
        steps.clear();
        if u32::try_from(bytes.len()).is_err() {
            return;
        }
        steps.resize(bytes.len() + 1, NOWHERE);
        steps[0].score = 0.0;
        let unknown_score = f64::from(self.least) - UNKNOWN_PENALTY;
        for (start, c) in text.char_indices() {
            let before = steps[start].score;
            let mut is_covered = false;
            let mut reach = |length: usize, piece: u32, score: f64| {
                let score = before + score;
                let step = &mut steps[start + length];
                if step.start == u32::MAX || score > step.score {
                    *step = Step {
                        score,
                        start: start as u32,
                        piece,
                    };
                }
            };
            let end = self.trie.prefixes(&bytes[start..], |length, piece| {
                if let Some(&score) = self.scores.get(piece as usize) {
                    reach(length, piece, f64::from(f32::from_le_bytes(score)));
                    is_covered |= length == c.len_utf8();
                }
            });
            if !is_covered {
                reach(c.len_utf8(), self.unknown, unknown_score);
            }
            end.into_iter().for_each(&mut behind);
        }
    }
}
