//! Turning text as shops write it into text as people read it.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

mod html;
mod references;
mod stray_markup;

/// The text a person would see: no markup, no control or zero-width
/// characters, NFKC, single spaces, trimmed.
///
/// Names of HTML elements count as markup, everything else in angle brackets
/// does not: `<b>` goes, `<Samsung>` and `Cable <3m` stay. Character references
/// are decoded, twice at most, because feeds often escape what was escaped
/// already; markup that appears by the first decoding is removed as well.
pub fn clean(raw: &str) -> String {
    if is_clean_ascii(raw.as_bytes()) {
        return raw.to_owned();
    }
    if !has_markup(raw) {
        return plain(raw);
    }
    let once = html::visible_text(raw);
    if has_markup(&once) {
        plain(&html::visible_text(&once))
    } else {
        plain(&once)
    }
}

/// Further text, cleaned as [`clean`] does. Lines that are clean already stay lines: so does the text of
/// several columns.
pub fn clean_lines(text: &str) -> String {
    let lines = || text.lines().filter(|line| !line.is_empty());
    match text.contains('\n') && lines().all(|line| clean(line) == line) {
        true => lines().collect::<Vec<&str>>().join("\n"),
        false => clean(text),
    }
}

/// The form of a text in which comparisons ignore case: NFKC and lower case.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    fold_chars(text).collect()
}

/// The characters of [`fold`], for comparisons that need no string.
pub(crate) fn fold_chars(text: &str) -> impl Iterator<Item = char> {
    // Lower-casing can leave a sequence that composes: normalise once more.
    text.nfkc().flat_map(char::to_lowercase).nfkc()
}

/// Bytes that are looked at together.
const BLOCK: usize = 64;

fn has_markup(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b'<' | b'&'))
}

/// Whether [`clean`] would return these bytes unchanged, decided for printable
/// ASCII only.
fn is_clean_ascii(bytes: &[u8]) -> bool {
    match bytes.len() <= BLOCK {
        true => is_clean_short(bytes),
        false => is_clean_long(bytes),
    }
}

/// The same byte by byte, which is quicker for a few.
fn is_clean_short(bytes: &[u8]) -> bool {
    let mut before = b' ';
    for &byte in bytes {
        if !PLAIN[usize::from(byte)] || (byte == b' ' && before == b' ') {
            return false;
        }
        before = byte;
    }
    before != b' ' || bytes.is_empty()
}

/// The same block by block.
fn is_clean_long(bytes: &[u8]) -> bool {
    let [first, .., last] = bytes else {
        return is_clean_short(bytes);
    };
    // Without a way out inside a block, so that many bytes are looked at in one step.
    let plain = |block: &[u8]| block.iter().fold(true, |all, &byte| all & is_plain(byte));
    let single = |block: &[u8], next: &[u8]| {
        let pairs = block.iter().zip(next);
        pairs.fold(true, |all, (&a, &b)| all & ((a != b' ') | (b != b' ')))
    };
    *first != b' '
        && *last != b' '
        && bytes.chunks(BLOCK).all(plain)
        && (bytes.chunks(BLOCK).zip(bytes[1..].chunks(BLOCK)))
            .all(|(block, next)| single(block, next))
}

/// [`is_plain`] of each byte.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < plain.len() {
        plain[byte] = is_plain(byte as u8);
        byte += 1;
    }
    plain
};

/// Whether a byte is printable ASCII that begins no markup.
const fn is_plain(byte: u8) -> bool {
    (byte >= b' ') & (byte <= b'~') & (byte != b'<') & (byte != b'&')
}

/// [`clean`] for text without markup.
fn plain(text: &str) -> String {
    // Zero-width characters go before normalisation: they can keep apart what
    // composes. Nothing decomposes into one, so none comes back.
    let visible = text.chars().filter(|&c| !is_zero_width(c));
    let mut clean = String::with_capacity(text.len());
    let mut gap = false;
    for c in visible.nfkc() {
        if c.is_whitespace() || c.is_control() {
            gap = true;
            continue;
        }
        if gap && !clean.is_empty() {
            clean.push(' ');
        }
        gap = false;
        clean.push(c);
    }
    clean
}

/// The text without the characters that nobody sees: joiners, direction marks, soft
/// hyphens and the like. Two ids that differ in them alone look the same.
///
/// ```
/// assert_eq!(assort_core::visible("\u{FEFF}A\u{200B}1"), "A1");
/// ```
pub fn visible(text: &str) -> Cow<'_, str> {
    match text.is_ascii() || !text.contains(is_zero_width) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.replace(is_zero_width, "")),
    }
}

/// Characters without ink or width: joiners, direction marks, soft hyphens,
/// byte order marks, annotation and tag characters.
fn is_zero_width(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(cases: &[(&str, &str)]) {
        for (raw, expected) in cases {
            assert_eq!(clean(raw), *expected, "clean({raw:?})");
        }
    }

    #[test]
    fn white_space_becomes_single_spaces() {
        check(&[
            ("", ""),
            (" \t\r\n ", ""),
            ("  a \r\n\t b\u{A0}\u{3000}c  ", "a b c"),
            ("a\u{0}b\u{85}c\u{2028}d", "a b c d"),
        ]);
    }

    #[test]
    fn text_is_compatibility_composed() {
        check(&[
            ("\u{FF21}\u{FF11}\u{FF0C}\u{FB01}t", "A1,fit"),
            ("e\u{301}", "é"),
            ("m²", "m2"),
            ("手机壳", "手机壳"),
        ]);
    }

    #[test]
    fn zero_width_characters_go() {
        check(&[
            ("\u{FEFF}ab\u{200B}c\u{AD}d\u{2060}", "abcd"),
            ("e\u{200D}\u{301}", "é"),
            ("bad \u{FFFD} byte", "bad \u{FFFD} byte"),
        ]);
    }

    #[test]
    fn folding_ignores_case_and_width() {
        assert_eq!(fold("Samsung"), "samsung");
        assert_eq!(fold("ＳＯＮＹ ÄÖÜ"), "sony äöü");
        assert_eq!(fold("İ"), fold("i\u{307}"));
    }

    proptest! {
        #[test]
        fn short_and_long_texts_are_judged_alike(text in "([ ab<&~\\t\u{7f}é]|ab){0,90}| ?[a-d]{0,70} ?") {
            let bytes = text.as_bytes();
            prop_assert_eq!(is_clean_short(bytes), is_clean_long(bytes));
            prop_assert!(!is_clean_short(bytes) || plain(&text) == text);
        }

        #[test]
        fn clean_text_is_clean(raw in any::<String>()) {
            let text = clean(&raw);
            prop_assert!(!text.chars().any(|c| c.is_control() || is_zero_width(c)));
            prop_assert!(!text.contains("  "));
            prop_assert_eq!(text.trim(), &text);
            prop_assert_eq!(text.nfkc().collect::<String>(), text.clone());
        }

        #[test]
        fn markup_soup_is_clean(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "<", ">", "</", "<b", "<p>", "<a href=\"", "'", "\"", "=", "&", "&amp;", "&lt", ";",
                    "<!--", "-->", "<!", "<?xml", "<script>", "</script", "<style", "<![CDATA[", "]]>",
                    " ", "\r", "\n", "\u{0}", "é", "手", "x", "&#0;", "&#x110000;", "&lt;p&gt;", "/",
                ]),
                0..24,
            )
        ) {
            let text = clean(&parts.concat());
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert!(!text.contains("  "));
            prop_assert_eq!(text.nfkc().collect::<String>(), text.clone());
        }

        #[test]
        fn cleaning_twice_changes_nothing(raw in any::<String>()) {
            // Full-width brackets and ampersands too turn into markup by NFKC.
            let markup = |c: &char| c.nfkc().any(|c| matches!(c, '<' | '&'));
            let raw: String = raw.chars().filter(|c| !markup(c)).collect();
            let text = clean(&raw);
            prop_assert_eq!(clean(&text), text);
        }

        #[test]
        fn folding_twice_changes_nothing(raw in any::<String>()) {
            let folded = fold(&raw);
            prop_assert_eq!(fold(&folded), folded);
        }
    }
}
