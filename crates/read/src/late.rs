//! Bytes of a file that begins as ASCII, whose encoding is judged where other bytes come.

use std::io::{self, BufReader, Chain, Cursor, Read};
use std::sync::{Arc, OnceLock};

use encoding_rs::Encoding;
use encoding_rs_io::DecodeReaderBytesBuilder;

use crate::archive::Source;
use crate::encoding::{Guess, Judged, is_wide, judge};
use crate::refusal::Refused;

/// Bytes that are read at once.
const PART: usize = 64 * 1024;

/// The encoding that bytes were found to be in, with what they say; nothing before.
pub(crate) type Found = Arc<OnceLock<Guess>>;

/// Passes bytes of ASCII on. When others come, they are judged as those at the beginning
/// of a file are.
pub(crate) struct Late {
    state: State,
    /// Whether bytes that are in another encoding than UTF-8 are read in it, or refused.
    auto: bool,
    /// How many bytes are judged, where they can be had.
    most: usize,
    /// The line of the next byte.
    line: u64,
    found: Found,
}

enum State {
    Ascii(BufReader<Source>),
    /// After the judgement.
    Known(Source),
}

type Rest = Chain<Cursor<Vec<u8>>, BufReader<Source>>;

impl Late {
    /// What follows `head`; of a file `most` bytes are judged, of a stream, which has none
    /// to spare, what comes at once.
    pub(crate) fn new(source: BufReader<Source>, head: &[u8], auto: bool, most: usize) -> Self {
        Self {
            state: State::Ascii(source),
            auto,
            most,
            line: 1 + lines(head),
            found: Found::default(),
        }
    }

    pub(crate) fn found(&self) -> Found {
        Arc::clone(&self.found)
    }

    /// Reads on for what judges bytes; `part` has the first that is not ASCII.
    fn decide(&mut self, part: &[u8]) -> io::Result<()> {
        let first = part.iter().position(|byte| !byte.is_ascii());
        self.line += lines(&part[..first.unwrap_or(0)]);
        let nothing = State::Known(Box::new(io::empty()));
        let State::Ascii(mut source) = std::mem::replace(&mut self.state, nothing) else {
            return Ok(());
        };
        let mut held = part.to_vec();
        loop {
            let wanted = self.most.saturating_sub(held.len()).max(PART);
            // A stream gives what it has at once.
            let read = match self.most {
                0 => read_part(&mut source, &mut held, wanted)?,
                _ => (&mut source).take(wanted as u64).read_to_end(&mut held)?,
            };
            let judged = judge(&held, read > 0);
            if judged == Judged::Ascii && read > 0 {
                continue;
            }
            self.state = State::Known(self.source(judged, Cursor::new(held).chain(source))?);
            return Ok(());
        }
    }

    /// The bytes as UTF-8, or as they are where no encoding fits.
    fn source(&self, judged: Judged, rest: Rest) -> io::Result<Source> {
        let guess = match judged {
            Judged::Other(guess) if !is_wide(guess.encoding) => guess,
            _ => return Ok(Box::new(rest)),
        };
        if !self.auto {
            let (line, refusal) = (self.line, guess.refusal("utf-8"));
            return Err(io::Error::other(Refused { line, refusal }));
        }
        let encoding: &'static Encoding = guess.encoding;
        // It is judged once.
        let _ = self.found.set(guess);
        let mut decoder = DecodeReaderBytesBuilder::new();
        decoder.encoding(Some(encoding)).bom_sniffing(false);
        Ok(Box::new(decoder.build(rest)))
    }
}

impl Read for Late {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let source = match &mut self.state {
            State::Known(source) => return source.read(buffer),
            State::Ascii(source) => source,
        };
        let count = source.read(buffer)?;
        let part = &buffer[..count];
        if part.is_ascii() {
            self.line += lines(part);
            return Ok(count);
        }
        let part = part.to_vec();
        self.decide(&part)?;
        self.read(buffer)
    }
}

fn read_part(source: &mut impl Read, held: &mut Vec<u8>, most: usize) -> io::Result<usize> {
    let before = held.len();
    held.resize(before + most, 0);
    let count = source.read(&mut held[before..]);
    held.truncate(before + *count.as_ref().unwrap_or(&0));
    count
}

fn lines(bytes: &[u8]) -> u64 {
    // Counts of a byte each, of which many are added at once.
    let count = |part: &[u8]| part.iter().map(|&byte| u8::from(byte == b'\n')).sum::<u8>();
    let parts = bytes.chunks(usize::from(u8::MAX));
    parts.map(|part| u64::from(count(part))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, Input, Mapping, ProductReader, Unstated};

    /// What is read of a text in an encoding after a long beginning of ASCII; the stream
    /// gives its bytes in parts.
    fn read(label: &str, text: &str, auto: bool, most: usize) -> Result<String, String> {
        let encoding = Encoding::for_label(label.as_bytes()).unwrap();
        let start = "1,Mug\n".repeat(20_000);
        let bytes = [start.as_bytes(), &encoding.encode(text).0].concat();
        let source: Source = Box::new(Cursor::new(bytes));
        let mut late = Late::new(BufReader::new(source), b"id,title\n", auto, most);
        let found = late.found();
        let mut all = Vec::new();
        late.read_to_end(&mut all)
            .map_err(|error| error.to_string())?;
        let told = found.get().map_or(String::new(), ToString::to_string);
        let text = String::from_utf8_lossy(&all[start.len()..]).into_owned();
        Ok(format!("{told}|{text}"))
    }

    #[test]
    fn all_lines_are_counted() {
        for length in [0, 1, 255, 256, 1000] {
            assert_eq!(lines(&vec![b'\n'; length]), length as u64);
        }
        assert_eq!(lines(&b"a\n,b".repeat(500)), 500);
    }

    #[test]
    fn late_bytes_are_judged_as_first_ones_are() {
        let rows = [
            ("windows-1252", "2,Kühlschrank groß\n3,Tür\n"),
            ("gbk", "2,不锈钢炒锅\n3,男士纯棉内衣\n"),
            ("shift_jis", "2,陶器のマグカップ\n3,木製の椅子\n"),
        ];
        for (label, text) in rows {
            for most in [0, 256 * 1024] {
                let told = read(label, text, true, most).unwrap();
                assert!(
                    told.starts_with(label) && told.ends_with(&format!("|{text}")),
                    "{told}"
                );
                let refused = read(label, text, false, most).unwrap_err();
                assert!(
                    refused.starts_with(&format!("is not UTF-8; it reads as {label}: 「")),
                    "{refused}"
                );
            }
        }
        assert_eq!(read("utf-8", "2,Tür\n", false, 0).unwrap(), "|2,Tür\n");
        assert_eq!(read("utf-8", "2,Tin\n", true, 0).unwrap(), "|2,Tin\n");
    }

    #[test]
    fn rows_end_where_the_encoding_is_refused_and_go_on_where_it_is_taken() {
        let rows = "1,Mug,red\n".repeat(40_000);
        let rest = encoding_rs::WINDOWS_1252
            .encode("2,Kühlschrank groß,\n3,Tür,\n")
            .0;
        let bytes = [b"id,title,colour\n", rows.as_bytes(), &rest].concat();
        let open = |encoding| {
            let input = Input::from_reader("shop", Cursor::new(bytes.clone()), encoding);
            let mapping = Mapping::default().with_id("#".to_owned());
            ProductReader::new(input.unwrap(), &mapping).unwrap()
        };
        let refused = open(None).find_map(Result::err).unwrap();
        let message =
            "shop, line 40002: is not UTF-8; it reads as windows-1252: 「Kühlschrank groß」";
        assert_eq!(refused.to_string(), message);
        let Error::Input { unstated, .. } = refused;
        assert_eq!(unstated, Some(Unstated::Encoding(Some("windows-1252"))));

        let reader = open(Some("auto"));
        let tally = reader.tally();
        let last = reader.last().unwrap().unwrap().whole().unwrap();
        assert_eq!(last.product.title, "Tür");
        let told = "windows-1252: 「Kühlschrank groß」";
        assert_eq!(tally.encoding().as_deref(), Some(told));
    }
}
