//! Which encoding bytes are in.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::error::Unstated;
use crate::refusal::Refusal;

/// How many lines are judged one by one where all of them together fit nothing.
const LINES: usize = 64;

/// Letters of a sample, at most.
const SAMPLE: usize = 40;

/// What the beginning of a file says of its encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// There are bytes of ASCII alone.
    Ascii,
    /// It is UTF-8. Some lines may have bytes that are not, no more than are whole.
    Utf8 {
        /// How many letters say so.
        letters: usize,
    },
    /// It reads well in another encoding.
    Other(Guess),
    /// It is not UTF-8, and reads well in no other encoding.
    Unknown,
}

/// The encoding in which bytes read best, with what they say in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guess {
    pub(crate) encoding: &'static Encoding,
    /// The most telling of the first values.
    pub(crate) sample: String,
}

impl Guess {
    fn new(encoding: &'static Encoding, text: &str) -> Self {
        let sample = sample(text);
        Self { encoding, sample }
    }

    /// Bytes that read as this are not `wanted`.
    pub(crate) fn refusal(&self, wanted: &str) -> Refusal {
        let wanted = match wanted {
            "utf-8" => "UTF-8",
            other => other,
        };
        let message = format!("is not {wanted}; it reads as {self}");
        Refusal::until(Unstated::Encoding(Some(self.encoding.name())), message)
    }
}

impl std::fmt::Display for Guess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: 「{}」", label(self.encoding), self.sample)
    }
}

/// The name of an encoding as people write it.
pub(crate) fn label(encoding: &'static Encoding) -> String {
    encoding.name().to_ascii_lowercase()
}

/// What the caller says of the encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stated {
    /// Nothing: what is not UTF-8 is refused, with a guess.
    Nothing,
    /// That the guess is to be used.
    Auto,
    /// What it is.
    As(&'static Encoding),
}

/// The encoding that a file is read in.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) encoding: &'static Encoding,
    /// What was not stated, for messages.
    pub(crate) told: Option<String>,
    /// What the caller could state if bytes are no text in it.
    pub(crate) unsure: Option<Unstated>,
    /// Whether all bytes are ASCII, so that what follows says what they are in.
    pub(crate) is_open: bool,
}

impl Chosen {
    fn sure(encoding: &'static Encoding) -> Self {
        Self {
            encoding,
            told: None,
            unsure: None,
            is_open: false,
        }
    }
}

/// Chooses the encoding of a file by the bytes it begins with.
///
/// # Errors
/// Why none fits, or why the one that is stated does not.
pub(crate) fn choose(stated: Stated, head: &[u8], cut: bool) -> Result<Chosen, Refusal> {
    let judged = judge(head, cut);
    match (stated, judged) {
        (Stated::As(encoding), Judged::Utf8 { letters }) if encoding != UTF_8 && letters > 1 => {
            let text = String::from_utf8_lossy(whole_lines(head, cut));
            let guess = Guess::new(UTF_8, &text);
            let message = format!("is not {}; it reads as {guess}", label(encoding));
            Err(Refusal::until(Unstated::Encoding(Some("utf-8")), message))
        }
        (Stated::As(encoding), Judged::Other(guess)) if contradicts(&guess, encoding) => {
            Err(guess.refusal(&label(encoding)))
        }
        (Stated::As(encoding), judged) => Ok(Chosen {
            told: doubted(&judged, encoding),
            unsure: Some(Unstated::Encoding(None)),
            ..Chosen::sure(encoding)
        }),
        (_, Judged::Utf8 { .. }) => Ok(Chosen::sure(UTF_8)),
        (_, Judged::Ascii) if let Some(declared) = declared(head).filter(|it| !is_wide(it)) => {
            Ok(Chosen::sure(declared))
        }
        (_, Judged::Ascii) => Ok(Chosen {
            unsure: Some(Unstated::Encoding(None)),
            is_open: true,
            ..Chosen::sure(UTF_8)
        }),
        (_, Judged::Other(guess)) if declared(head).is_some() => {
            // A declaration in a file does not tell one order of bytes from the other.
            let wide = is_wide(guess.encoding).then_some(guess.encoding);
            Ok(Chosen::sure(wide.or(declared(head)).unwrap_or(UTF_8)))
        }
        (Stated::Auto, Judged::Other(guess)) => Ok(Chosen {
            told: Some(format!(
                "{} by its bytes: 「{}」",
                label(guess.encoding),
                guess.sample
            )),
            ..Chosen::sure(guess.encoding)
        }),
        (Stated::Nothing, Judged::Other(guess)) => Err(guess.refusal("utf-8")),
        (_, Judged::Unknown) => {
            let message = "is not UTF-8, and its bytes are text in no encoding that is known here";
            Err(Refusal::until(Unstated::Encoding(None), message.to_owned()))
        }
    }
}

/// Whether bytes that read well as `guess` cannot be what is stated.
fn contradicts(guess: &Guess, stated: &'static Encoding) -> bool {
    (is_wide(guess.encoding) || is_wide(stated)) && guess.encoding != stated && stated != UTF_8
}

/// What is to be said where bytes that are stated to be of one byte a letter read well as
/// those of two. Bytes are text in most encodings of one byte a letter, so that nothing
/// is to be said where one of them is found in place of another.
fn doubted(judged: &Judged, stated: &'static Encoding) -> Option<String> {
    let Judged::Other(guess) = judged else {
        return None;
    };
    let doubted = stated.is_single_byte() && !guess.encoding.is_single_byte();
    doubted.then(|| format!("{} as stated, though it reads as {guess}", label(stated)))
}

pub(crate) fn is_wide(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

/// The encoding that XML says it is in.
fn declared(head: &[u8]) -> Option<&'static Encoding> {
    let rest = head.trim_ascii_start().strip_prefix(b"<?xml")?;
    let end = rest.iter().position(|&byte| byte == b'>')?;
    let (_, rest) = std::str::from_utf8(&rest[..end])
        .ok()?
        .split_once("encoding")?;
    let label = rest.trim_start().strip_prefix('=')?.trim_start();
    let label = label.strip_prefix(['"', '\''])?.split(['"', '\'']).next()?;
    Encoding::for_label_no_replacement(label.as_bytes()).filter(|&encoding| encoding != UTF_8)
}

/// Judges the bytes a file begins with. `cut` says that the file goes on.
pub(crate) fn judge(head: &[u8], cut: bool) -> Judged {
    let without_nul = without_nul(head);
    if let Cow::Owned(without) = &without_nul
        && !is_text_with_nul(without, head)
        && let Some(guess) = wide(head)
    {
        return Judged::Other(guess);
    }
    let head = whole_lines(&without_nul, cut);
    let mut lines: Vec<&[u8]> = head.split(|byte| b"\r\n".contains(byte)).collect();
    // The most telling bytes of Japanese by escapes are those of ASCII.
    lines.retain(|line| !line.is_ascii() || line.contains(&0x1b));
    if lines.is_empty() {
        return Judged::Ascii;
    }
    let is_utf8 = |line: &&[u8]| !line.is_ascii() && std::str::from_utf8(line).is_ok();
    let good = lines.iter().filter(|line| is_utf8(line)).count();
    let letters = || {
        let lines = lines.iter().map(|line| String::from_utf8_lossy(line));
        let letters = |line: Cow<'_, str>| line.chars().filter(|letter| !letter.is_ascii()).count();
        lines.map(letters).sum()
    };
    if good * 2 >= lines.len() || lines.len() == 1 && mostly_utf8(lines[0]) {
        return Judged::Utf8 { letters: letters() };
    }
    let telling = lines.join(&b'\n');
    let found = of_lines(&lines, &telling);
    // Lines of one byte a letter are UTF-8 by no chance: two files were put together.
    let is_single = found.is_some_and(|found| found != UTF_8 && found.is_single_byte());
    if is_single && good > 1 && good * 4 >= lines.len() {
        return Judged::Utf8 { letters: letters() };
    }
    match found {
        Some(encoding) if encoding == UTF_8 => Judged::Ascii,
        Some(encoding) => {
            let (text, _) = encoding.decode_without_bom_handling(&telling);
            Judged::Other(Guess::new(encoding, &text))
        }
        None => Judged::Unknown,
    }
}

/// The bytes without a last line that is cut.
fn whole_lines(head: &[u8], cut: bool) -> &[u8] {
    if !cut {
        return head;
    }
    if let Some(end) = head.iter().rposition(|&byte| byte == b'\n') {
        return &head[..end];
    }
    match std::str::from_utf8(head) {
        Err(error) if error.error_len().is_none() => &head[..error.valid_up_to()],
        _ => head,
    }
}

/// Bytes without those that are zero, which no text has.
pub(crate) fn without_nul(bytes: &[u8]) -> Cow<'_, [u8]> {
    match bytes.contains(&0) {
        true => Cow::Owned(bytes.iter().copied().filter(|&byte| byte != 0).collect()),
        false => Cow::Borrowed(bytes),
    }
}

/// Whether bytes are text in UTF-8 that zeros stand in here and there, and no UTF-16, of
/// which they are halves of letters: `without` them there would be signs of control.
fn is_text_with_nul(without: &[u8], bytes: &[u8]) -> bool {
    let zeros = bytes.len() - without.len();
    let text = match std::str::from_utf8(without) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&without[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    zeros * 4 < bytes.len() && !text.chars().any(is_control)
}

/// Whether a long line is UTF-8 but for a few bytes.
fn mostly_utf8(line: &[u8]) -> bool {
    let chunks = line.utf8_chunks();
    let (mut good, mut bad) = (0, 0);
    for chunk in chunks {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > bad
}

/// UTF-16 without a byte order mark, told by the halves that are zero and by being
/// text in one order of bytes.
fn wide(head: &[u8]) -> Option<Guess> {
    let even = &head[..head.len() & !1];
    let best = [UTF_16LE, UTF_16BE].into_iter().filter_map(|encoding| {
        // The last letter may be cut in two.
        let whole = [even, &even[..even.len().saturating_sub(2)]];
        let text = whole.into_iter().find_map(|bytes| {
            encoding.decode_without_bom_handling_and_without_replacement(bytes)
        })?;
        let total = text.chars().count();
        let ascii = text.chars().filter(char::is_ascii).count();
        let is_text = !text.chars().any(is_control) && ascii * 50 >= total && total > 0;
        // Ends of lines are halves of letters as well.
        let ends = text.chars().filter(|letter| *letter == '\n').count();
        let bytes = even.iter().filter(|byte| **byte == b'\n').count();
        let is_text = is_text && ends * 2 >= bytes;
        let telling = without_strays(&text);
        let telling = telling.as_deref().unwrap_or(&text);
        is_text.then(|| (ascii, Guess::new(encoding, telling)))
    });
    best.max_by_key(|(ascii, _)| *ascii).map(|(_, guess)| guess)
}

/// Whether the letters of a text are bytes of UTF-8 that were taken for letters and encoded
/// once more: `PoÃªle`.
pub(crate) fn is_twice_encoded(text: &str) -> bool {
    let is_elsewhere = |letter: char| matches!(letter, '\u{100}'..='\u{151}' | '\u{193}'..='\u{2c5}' | '\u{2dd}'..='\u{2012}' | '\u{2123}'..);
    if text.is_ascii() || text.contains(is_elsewhere) {
        return false;
    }
    let (bytes, _, is_unmappable) = WINDOWS_1252.encode(text);
    !is_unmappable && !bytes.is_ascii() && std::str::from_utf8(&bytes).is_ok()
}

/// A text that was UTF-16, with U+FFFD in place of letters that are each two letters of ASCII
/// and have an end of a line among them: a line of another encoding stands there. None if
/// there are none.
pub(crate) fn without_strays(text: &str) -> Option<String> {
    let pair = |letter: char| {
        let halves = u16::try_from(u32::from(letter)).ok()?.to_be_bytes();
        let is_text = |byte: &u8| byte.is_ascii_graphic() || b" \t\r\n".contains(byte);
        (!letter.is_ascii() && halves.iter().all(is_text)).then_some(halves)
    };
    if text.is_ascii() {
        return None;
    }
    let (mut found, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(|letter| pair(letter).is_some()) {
        let run: Vec<[u8; 2]> = rest[at..].chars().map_while(pair).collect();
        let end = rest[at..]
            .chars()
            .take(run.len())
            .map(char::len_utf8)
            .sum::<usize>()
            + at;
        let has = |signs: &[u8]| run.iter().flatten().any(|byte| signs.contains(byte));
        found.push_str(&rest[..at]);
        match run.len() > 3 && has(b"\n") && has(b"\t,;|") {
            true => found.push('\u{fffd}'),
            false => found.push_str(&rest[at..end]),
        }
        rest = &rest[end..];
    }
    found.push_str(rest);
    (found.len() < text.len()).then_some(found)
}

fn is_control(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\t' | '\r' | '\n')
}

/// The encoding of lines, which are `telling` together. Where one is cut in the middle of
/// a letter, only encodings of one byte a letter fit them all.
fn of_lines(lines: &[&[u8]], telling: &[u8]) -> Option<&'static Encoding> {
    let found = best(telling);
    match found {
        Some(encoding) if !encoding.is_single_byte() => found,
        None => by_votes(lines),
        Some(_) => by_votes(lines)
            .filter(|vote| !vote.is_single_byte())
            .or(found),
    }
}

/// The encoding of all bytes together, if they are text in it.
fn best(bytes: &[u8]) -> Option<&'static Encoding> {
    let found = detected(bytes);
    let reads = |encoding: &'static Encoding| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
        (!text.chars().any(is_control)).then_some(text)
    };
    // A sign of degrees or a fraction says nothing of a language.
    let signs = |text: &str| !text.chars().any(|c| !c.is_ascii() && c.is_alphabetic());
    let western = reads(WINDOWS_1252).filter(|text| found.is_single_byte() && signs(text));
    if western.is_some() {
        return Some(WINDOWS_1252);
    }
    reads(found).map(|_| found)
}

fn detected(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
}

/// The encoding of most lines: a value that was cut in the middle of a letter must not
/// hide what all others are in.
fn by_votes(lines: &[&[u8]]) -> Option<&'static Encoding> {
    let lines = &lines[..lines.len().min(LINES)];
    let votes: Vec<&'static Encoding> = lines.iter().filter_map(|line| best(line)).collect();
    let count = |of: &'static Encoding| votes.iter().filter(|&&vote| vote == of).count();
    let winner = votes.iter().copied().max_by_key(|&vote| count(vote))?;
    let clear = winner != UTF_8 && count(winner) * 2 > lines.len();
    clear.then_some(winner)
}

/// The value with most letters of other scripts among the first lines.
fn sample(text: &str) -> String {
    let values = text.lines().filter(|line| !line.is_ascii()).take(5);
    let values = values.flat_map(|line| line.split([',', ';', '\t', '|', '"', '<', '>']));
    let foreign = |value: &&str| value.chars().filter(|letter| !letter.is_ascii()).count();
    let mut best = "";
    for value in values.filter(|value| !value.contains('\u{fffd}')) {
        if foreign(&value) > foreign(&best) {
            best = value;
        }
    }
    if best.is_empty() {
        best = text.lines().next().unwrap_or_default();
    }
    let mut letters = best.trim().chars();
    let mut short: String = letters.by_ref().take(SAMPLE).collect();
    if letters.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Titles as shops write them, and the encodings they are written in.
    const SHOPS: &[(&[&str], &[&str])] = &[
        (&["gbk"], &["不锈钢炒锅 32cm", "男士纯棉内衣", "实木餐桌"]),
        (&["big5"], &["陶瓷馬克杯", "兒童腳踏車", "無線滑鼠"]),
        (
            &["shift_jis", "euc-jp", "iso-2022-jp"],
            &["陶器のマグカップ", "木製の椅子", "充電式ドライバー"],
        ),
        (&["euc-kr"], &["도자기 머그컵", "나무 의자", "무선 마우스"]),
        (
            &["windows-1251", "koi8-u", "ibm866"],
            &[
                "Кружка керамическая",
                "Стул деревянный",
                "Мышь беспроводная",
            ],
        ),
        (&["windows-1253"], &["Κεραμική κούπα", "Ξύλινη καρέκλα"]),
        (&["windows-1255"], &["ספל קרמיקה", "כיסא עץ"]),
        (&["windows-1256"], &["كوب خزفي", "كرسي خشبي"]),
        (&["windows-874"], &["แก้วเซรามิก", "เก้าอี้ไม้"]),
        (
            &["windows-1250"],
            &["Dřevěná židle", "Bezdrátová myš", "Žlutý stůl"],
        ),
        (&["windows-1252"], &["Chaise en chêne", "Théière émaillée"]),
        (&["windows-1252"], &["Kühlschrank groß", "Mug"]),
        (&["windows-1252"], &["Oven 230 °C ± 5", "Hose ½ inch"]),
        (&["utf-16le", "utf-16be"], &["一番の陶器", "木製の椅子"]),
        (&["utf-16le", "utf-16be"], &["Plain mug", "Chair"]),
    ];

    fn encoded(label: &str, text: &str) -> Vec<u8> {
        match label {
            "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            _ => {
                let encoding = Encoding::for_label(label.as_bytes()).unwrap();
                encoding.encode(text).0.into_owned()
            }
        }
    }

    #[test]
    fn encodings_are_told_from_a_few_rows() {
        for (labels, titles) in SHOPS {
            let rows = titles.iter().enumerate();
            let rows = rows.map(|(at, title)| format!("{at},{title},{}.50\r\n", at * 7));
            let file = "id,title,price\r\n".to_owned() + &rows.collect::<String>();
            for &wanted in *labels {
                let Judged::Other(guess) = judge(&encoded(wanted, &file), false) else {
                    panic!("{wanted}: {titles:?}");
                };
                assert_eq!(label(guess.encoding), wanted, "{titles:?}");
                let known = |title: &&str| guess.sample == *title || titles[0].is_ascii();
                assert!(titles.iter().any(known), "{}", guess.sample);
            }
        }
    }

    #[test]
    fn xml_that_begins_as_ascii_is_in_the_encoding_that_it_declares() {
        let head = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><products>";
        let chosen = choose(Stated::Nothing, head, true).unwrap();
        assert_eq!((chosen.encoding, chosen.is_open), (WINDOWS_1252, false));
        assert!(
            choose(Stated::Nothing, b"<products>", true)
                .unwrap()
                .is_open
        );
    }

    #[test]
    fn utf_8_stays_utf_8_with_a_few_other_rows() {
        assert_eq!(judge(b"id,title\n1,Mug\n", false), Judged::Ascii);
        let whole = judge("id,title\n1,Chêne\n".as_bytes(), false);
        assert_eq!(whole, Judged::Utf8 { letters: 1 });
        let mixed = ["1,Chêne\n2,Émail\n3,Mug\n".as_bytes(), b"4,Th\xe9i\xe8re\n"].concat();
        assert!(matches!(judge(&mixed, false), Judged::Utf8 { .. }));
        let line = [
            r#"[{"t":"Chêne"},{"t":"Émail"},{"t":""#.as_bytes(),
            b"\xe9\"}]",
        ]
        .concat();
        assert!(matches!(judge(&line, false), Judged::Utf8 { .. }));
        // The head ends in the middle of a letter.
        let cut = &"[\"Chêne".as_bytes()[..5];
        assert!(matches!(
            judge(cut, true),
            Judged::Ascii | Judged::Utf8 { .. }
        ));
    }

    #[test]
    fn a_value_that_was_cut_hides_no_encoding() {
        let mut file = encoded("gbk", "1,不锈钢炒锅\n2,男士纯棉内衣\n3,实木餐桌\n4,保温");
        file.pop();
        file.extend(b"\n5,Mug\n");
        let Judged::Other(guess) = judge(&file, false) else {
            panic!();
        };
        assert_eq!(guess.encoding, encoding_rs::GBK);
    }

    #[test]
    fn bytes_of_no_language_are_unknown() {
        let noise: Vec<u8> = (0..2000u32).map(|n| (n * n * 31 % 251) as u8).collect();
        assert_eq!(judge(&noise, false), Judged::Unknown);
    }
}
