//! The parts of a title that a reader would name: words, and short sequences of
//! scripts that put no spaces between them.

use std::ops::Range;

use crate::features::is_unspaced;

/// Characters of a part of a run without spaces: most words of Chinese have two.
const RUN_PART: usize = 2;

/// Where the parts of a text stand, in order, at most `most` of them.
pub fn pieces(text: &str, most: usize) -> Vec<Range<usize>> {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    // What the last piece is of, and how many characters it has.
    let mut open: Option<(bool, usize)> = None;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        if !c.is_alphanumeric() {
            open = None;
            continue;
        }
        let unspaced = is_unspaced(c);
        let goes_on =
            open.is_some_and(|(same, count)| same == unspaced && (!unspaced || count < RUN_PART));
        if let Some(last) = pieces.last_mut().filter(|_| goes_on) {
            last.end = end;
            open = open.map(|(same, count)| (same, count + 1));
        } else if pieces.len() == most {
            break;
        } else {
            pieces.push(at..end);
            open = Some((unspaced, 1));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn words_and_parts_of_runs_are_pieces() {
        let of = |text: &'static str| -> Vec<&str> {
            pieces(text, 10)
                .into_iter()
                .map(|range| &text[range])
                .collect()
        };
        assert_eq!(of("Red kettle, 1.7 l"), ["Red", "kettle", "1", "7", "l"]);
        assert_eq!(of("电热水壶 ABC水"), ["电热", "水壶", "ABC", "水"]);
        assert!(of(" ,. ").is_empty());
        assert_eq!(pieces("a b c", 2).len(), 2);
    }
}
