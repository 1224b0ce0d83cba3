//! A text as pieces are looked up in it.

use unicode_normalization::UnicodeNormalization;

/// The version of these rules; a file names the one its pieces were made for.
pub(crate) const RULES: u32 = 1;

/// Stands for a space, and before every text.
pub(crate) const SPACE: char = '▁';

/// Writes `text` to `normal` as pieces are looked up in it: without control
/// characters, in Unicode's form NFKC, with [`SPACE`] before each word. A text
/// with nothing to read becomes an empty one.
pub(crate) fn normalize(text: &str, normal: &mut String) {
    normal.clear();
    let mut words = Words {
        normal,
        is_between: true,
    };
    let mut rest = text;
    while !rest.is_empty() {
        let strange = rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
        // The last plain character may be one with the marks that follow it.
        let alone = match strange {
            all if all == rest.len() => all,
            strange => rest.floor_char_boundary(strange.saturating_sub(1)),
        };
        words.extend(rest[..alone].chars());
        let end = rest[strange..].find(is_plain);
        let end = end.map_or(rest.len(), |end| strange + end);
        let run = rest[alone..end].chars().filter_map(replaced);
        words.extend(run.nfkc());
        rest = &rest[end..];
    }
}

/// Text that is written word by word.
struct Words<'n> {
    normal: &'n mut String,
    is_between: bool,
}

impl Words<'_> {
    fn extend(&mut self, chars: impl Iterator<Item = char>) {
        for c in chars {
            if c == ' ' {
                self.is_between = true;
                continue;
            }
            if std::mem::take(&mut self.is_between) {
                self.normal.push(SPACE);
            }
            self.normal.push(c);
        }
    }
}

/// Whether the character is what it is in NFKC, begins a character of its own
/// and never becomes one with what stands before it. Not all that are so: those
/// that titles are full of.
fn is_plain(c: char) -> bool {
    matches!(c,
        ' '..='~'
        | 'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ÿ' | 'Ā'..='ı' | 'Ĵ'..='ľ'
        | 'Α'..='Ρ' | 'Σ'..='Ω' | 'α'..='ω' | 'А'..='я'
        | 'א'..='ת' | 'ء'..='غ' | 'ف'..='ي' | 'Ạ'..='ỹ'
        | 'ぁ'..='ゖ' | 'ァ'..='ヺ' | '\u{4e00}'..='\u{9fff}' | '가'..='힣')
}

/// What a character becomes before NFKC: control characters are dropped,
/// and what separates, shows nothing or stands for a space is a space.
fn replaced(c: char) -> Option<char> {
    match c {
        '\t' | '\n' | '\u{c}' | '\r' | '\u{85}' | '\u{1680}' | '\u{200b}' | '\u{200e}'
        | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | SPACE | '\u{feff}'
        | '\u{fffd}' => Some(' '),
        c if c.is_control() => None,
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normal(text: &str) -> String {
        let mut normal = String::new();
        normalize(text, &mut normal);
        normal
    }

    #[test]
    fn words_stand_apart_in_one_form() {
        for (text, expected) in [
            ("", ""),
            (" \t\u{200b}\u{1}", ""),
            ("red  kettle ", "▁red▁kettle"),
            ("ＵＳＢ\u{3000}线", "▁USB▁线"),
            ("cafe\u{301}", "▁café"),
            ("か\u{3099}", "▁が"),
            ("½ l\r\nnew", "▁1⁄2▁l▁new"),
            ("a\u{1}b▁c", "▁ab▁c"),
        ] {
            assert_eq!(normal(text), expected, "{text:?}");
        }
    }

    /// Whole characters are what the short way leaves as they are.
    #[test]
    fn plain_characters_are_what_they_are() {
        for c in (' '..=char::MAX).filter(|&c| is_plain(c)) {
            assert!(c.nfkc().eq([c]), "{c:?}");
            assert_eq!(replaced(c), Some(c));
            for before in ['a', 'か', '가', 'ᄀ', 'ا', '\u{301}'] {
                assert!(
                    [before, c].into_iter().nfkc().eq([before, c]),
                    "{before:?} {c:?}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn the_short_way_is_the_long_one(
            text in "([a-c é가か4]|[\u{300}-\u{30f}]|\u{3099}|[ᄀ-ᄂ]|[ᅡ-ᅣ]|[ᆨ-ᆫ]|\u{1}|\u{200b}|.){0,20}",
        ) {
            let long: String = text.chars().filter_map(replaced).nfkc().collect();
            let words = long.split(' ').filter(|word| !word.is_empty());
            let expected: String = words.flat_map(|word| [SPACE.into(), word.to_owned()]).collect();
            prop_assert_eq!(normal(&text), expected);
        }
    }
}
