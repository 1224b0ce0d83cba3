//! Bytes of a file or of standard input, unpacked and in UTF-8.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use encoding_rs::{Encoding, UTF_8};
use encoding_rs_io::DecodeReaderBytesBuilder;

use crate::archive::{Base, Source, Unpacked, split, unpack};
#[cfg(feature = "parquet")]
use crate::columnar::Columnar;
use crate::encoding::{Stated, choose, is_wide, label};
use crate::error::Unstated;
use crate::kind::refuse_text;
use crate::late::{Found, Late};
use crate::refusal::{Refusal, cannot_read};
use crate::{Error, Result};

pub(crate) use crate::refusal::wrong;

/// How much of a file is looked at to recognise its format and its encoding.
const HEAD: u64 = 256 * 1024;

/// How much of a stream is, which may give more only when what it gave has been used.
const HEAD_OF_STREAM: u64 = 64 * 1024;

/// An opened input: a stream of text bytes, whatever the file was packed with
/// or encoded in.
///
/// Bytes of UTF-8 input pass through unchecked, so that whoever splits them
/// into rows can blame the right row for a wrong byte.
pub struct Input {
    name: String,
    reader: Chain<Cursor<Vec<u8>>, BufReader<Source>>,
    position: Arc<AtomicU64>,
    size: Option<u64>,
    encoding: &'static Encoding,
    /// What a caller could state if bytes are no text in that encoding.
    unsure: Option<Unstated>,
    told: Vec<String>,
    /// The encoding that was found behind a beginning of ASCII.
    late: Found,
    /// A table that is not text, until somebody reads it.
    #[cfg(feature = "parquet")]
    columnar: Option<Box<Columnar>>,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input")
            .field("name", &self.name)
            .field("size", &self.size)
            .field("encoding", &self.encoding.name())
            .finish_non_exhaustive()
    }
}

impl Input {
    /// Opens the file at `path`, or standard input for `-`.
    ///
    /// Gzip, zstd, and zip and tar archives of one file are recognised by their first
    /// bytes, UTF-16 by its byte order mark. Any other encoding must be stated in
    /// `encoding` by a label such as `latin1`, `gbk` or `shift_jis`, or as `auto`, which
    /// takes the one that the first bytes read best in and tells it ([`Input::told`]);
    /// without one it is UTF-8.
    ///
    /// # Errors
    /// [`Error::Input`] if the file cannot be opened or read, is of a kind that
    /// holds no table, if no encoding has the label, or if the file is not in that
    /// encoding: the error then names the one that it reads best in.
    pub fn open(path: &str, encoding: Option<&str>) -> Result<Self> {
        if path == "-" {
            let base = |position| Base::of_stream(Box::new(io::stdin()), position);
            return Self::build("standard input", base, None, encoding);
        }
        let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
        let about = file.metadata().map_err(|error| cannot_read(path, &error))?;
        if about.is_dir() {
            return Err(wrong(path, None, "this is a directory; name a file in it"));
        }
        let size = about.is_file().then_some(about.len());
        let base = |position| match size {
            Some(_) => Base::of_file(file, position),
            None => Base::of_stream(Box::new(file), position),
        };
        Self::build(path, base, size, encoding)
    }

    /// Reads from any stream; `name` stands for the file in messages.
    ///
    /// # Errors
    /// As [`Input::open`].
    pub fn from_reader(
        name: &str,
        reader: impl Read + Send + 'static,
        encoding: Option<&str>,
    ) -> Result<Self> {
        let base = |position| Base::of_stream(Box::new(reader), position);
        Self::build(name, base, None, encoding)
    }

    fn build(
        name: &str,
        base: impl FnOnce(Arc<AtomicU64>) -> Base,
        size: Option<u64>,
        encoding: Option<&str>,
    ) -> Result<Self> {
        let stated = stated(name, encoding)?;
        let position = Arc::new(AtomicU64::new(0));
        let failed = |error: io::Error| cannot_read(name, &error);

        let most = size.map_or(HEAD_OF_STREAM, |_| HEAD);
        let unpacked = unpack(name, base(Arc::clone(&position)))?;
        #[cfg(feature = "parquet")]
        let columnar = unpacked.columnar;
        let Unpacked {
            source, mut told, ..
        } = unpacked;
        let (mut head, rest) = split(source, most).map_err(failed)?;
        // A byte order mark is better evidence than what somebody believes.
        let (encoding, unsure, is_open) = match Encoding::for_bom(&head) {
            Some((encoding, mark)) => {
                head.drain(..mark);
                (encoding, None, false)
            }
            None => {
                let chosen = choose(stated, &head, head.len() as u64 == most)
                    .map_err(|refusal| wrong(name, None, refusal))?;
                told.extend(chosen.told);
                (chosen.encoding, chosen.unsure, chosen.is_open)
            }
        };
        let mut rest = BufReader::with_capacity(64 * 1024, rest);
        let mut late_found = Found::default();
        if is_open && head.len() as u64 == most {
            let judged = size.map_or(0, |_| HEAD as usize);
            let late = Late::new(rest, &head, stated == Stated::Auto, judged);
            late_found = late.found();
            rest = BufReader::with_capacity(64 * 1024, Box::new(late));
        }
        if encoding != UTF_8 {
            let decoded: Source = Box::new(
                DecodeReaderBytesBuilder::new()
                    .encoding(Some(encoding))
                    .bom_sniffing(false)
                    .build(Cursor::new(head).chain(rest)),
            );
            rest = BufReader::with_capacity(64 * 1024, decoded);
            head = Vec::new();
            (&mut rest)
                .take(most)
                .read_to_end(&mut head)
                .map_err(failed)?;
        }
        refuse_text(&head).map_err(|refusal| wrong(name, None, refusal))?;
        Ok(Self {
            name: name.to_owned(),
            reader: Cursor::new(head).chain(rest),
            position,
            size,
            encoding,
            unsure,
            told,
            late: late_found,
            #[cfg(feature = "parquet")]
            columnar,
        })
    }

    /// The file as the user named it, `standard input` for `-`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was found out about the file that its name does not say: the file in an
    /// archive, the sheet of a workbook, the encoding if it was guessed.
    pub fn told(&self) -> &[String] {
        &self.told
    }

    /// The encoding that is found behind a beginning of ASCII, when it is met.
    pub(crate) fn late(&self) -> Found {
        Arc::clone(&self.late)
    }

    /// A format with what was found out about the file, for messages.
    pub(crate) fn format(&self, format: &str) -> String {
        match self.told.is_empty() {
            true => format.to_owned(),
            false => format!("{format} ({})", self.told.join("; ")),
        }
    }

    /// Bytes taken so far from the file as it lies on disk, compressed or not.
    /// The handle stays current while somebody else reads the input.
    pub fn position(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.position)
    }

    /// Size of the file as it lies on disk; unknown for a stream.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The first bytes of the text (256 KiB or all, 64 KiB of a stream), whatever was read
    /// since.
    pub(crate) fn head(&self) -> &[u8] {
        self.reader.get_ref().0.get_ref()
    }

    /// Whether what was read so far is of the head: more of it is at hand.
    pub(crate) fn is_in_head(&self) -> bool {
        let head = &self.reader.get_ref().0;
        head.position() < head.get_ref().len() as u64
    }

    /// The table, if the file is one that is not text. It can be taken once.
    #[cfg(feature = "parquet")]
    pub(crate) fn take_columnar(&mut self) -> Option<Box<Columnar>> {
        self.columnar.take()
    }

    /// The head without leading blanks, by which a format is recognised.
    ///
    /// # Errors
    /// [`Error::Input`] saying what was `expected` if there is nothing.
    pub(crate) fn beginning(&self, expected: &str) -> Result<&[u8]> {
        #[cfg(feature = "parquet")]
        if let Some(columnar) = &self.columnar {
            let what = format!(
                "this is {}, not text; expected {expected}",
                columnar.format()
            );
            return Err(self.error(None, what));
        }
        let text = self.head().trim_ascii_start();
        if text.is_empty() {
            return Err(self.error(None, format!("file is empty; expected {expected}")));
        }
        Ok(text)
    }

    /// An [`Error::Input`] about this file.
    pub(crate) fn error(&self, line: Option<u64>, refusal: impl Into<Refusal>) -> Error {
        wrong(&self.name, line, refusal)
    }

    /// Whether the bytes were UTF-16.
    pub(crate) fn is_wide(&self) -> bool {
        is_wide(self.encoding)
    }

    /// The next bytes, as many as are at hand; none at the end.
    pub(crate) fn fill(&mut self) -> Result<&[u8]> {
        let name = &self.name;
        let filled = self.reader.fill_buf();
        filled.map_err(|error| cannot_read(name, &error))
    }

    /// Passes over so many of the bytes that [`Self::fill`] gave.
    pub(crate) fn consume(&mut self, count: usize) {
        self.reader.consume(count);
    }

    /// Appends what comes before the next `end` byte, and that byte, but
    /// `limit` bytes at most. Returns the number of bytes, zero at the end.
    pub(crate) fn read_until(
        &mut self,
        end: u8,
        limit: u64,
        buffer: &mut Vec<u8>,
    ) -> Result<usize> {
        let mut limited = (&mut self.reader).take(limit);
        limited
            .read_until(end, buffer)
            .map_err(|error| cannot_read(&self.name, &error))
    }

    /// The bytes as text, or where and how they are not.
    pub(crate) fn text<'a>(&self, bytes: &'a [u8]) -> std::result::Result<&'a str, NotText> {
        let refused = |at: usize, message: String| NotText {
            at,
            refusal: Refusal {
                message,
                unstated: self.unsure,
            },
        };
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let at = error.valid_up_to();
            let bad = bytes.get(at).copied().unwrap_or_default();
            refused(at, format!("is not UTF-8 (byte 0x{bad:02X})"))
        })?;
        // The decoder of another encoding has put U+FFFD where it failed.
        let encoding = self
            .late
            .get()
            .map_or(self.encoding, |found| found.encoding);
        if encoding != UTF_8
            && let Some(at) = text.find('\u{fffd}')
        {
            let message = format!("has bytes that are not {}", label(encoding));
            return Err(refused(at, message));
        }
        Ok(text)
    }
}

/// Why bytes are no text.
#[derive(Debug)]
pub(crate) struct NotText {
    /// Offset of the first byte to blame.
    pub(crate) at: usize,
    /// Its message is a predicate, to follow the name of the column.
    pub(crate) refusal: Refusal,
}

fn stated(name: &str, encoding: Option<&str>) -> Result<Stated> {
    let Some(label) = encoding else {
        return Ok(Stated::Nothing);
    };
    if label.trim().eq_ignore_ascii_case("auto") {
        return Ok(Stated::Auto);
    }
    let encoding = Encoding::for_label_no_replacement(label.as_bytes());
    encoding.map(Stated::As).ok_or_else(|| {
        let message = format!(
            "no encoding is called `{label}`; use a label such as utf-8, utf-16le, latin1, gbk, big5 or shift_jis, or auto"
        );
        wrong(name, None, message)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::atomic::Ordering;

    use super::*;

    fn open(bytes: &[u8], encoding: Option<&str>) -> Result<Input> {
        Input::from_reader("shop.csv", Cursor::new(bytes.to_vec()), encoding)
    }

    fn text(bytes: &[u8], encoding: Option<&str>) -> String {
        let mut input = open(bytes, encoding).unwrap();
        let mut all = Vec::new();
        input.reader.read_to_end(&mut all).unwrap();
        String::from_utf8(all).unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn compressed_files_are_read_as_their_content() {
        let two_members = [gzip(b"id,ti"), gzip(b"tle\n")].concat();
        assert_eq!(text(&two_members, None), "id,title\n");
        let zstd = zstd::stream::encode_all(&b"id,title\n"[..], 1).unwrap();
        assert_eq!(text(&zstd, None), "id,title\n");
    }

    #[test]
    fn a_cut_gzip_file_is_an_error_and_not_a_short_file() {
        let mut cut = gzip(&b"id,title\n1,Kettle\n".repeat(100));
        cut.truncate(cut.len() - 9);
        let message = open(&cut, None).unwrap_err().to_string();
        assert!(message.contains("cut off"), "{message}");
    }

    #[test]
    fn byte_order_marks_are_obeyed_and_dropped() {
        assert_eq!(text(b"\xef\xbb\xbfid\n", None), "id\n");
        assert_eq!(text(b"\xff\xfei\0d\0\n\0", None), "id\n");
        assert_eq!(text(b"\xfe\xff\0i\0d\0\n", Some("latin1")), "id\n");
    }

    #[test]
    fn stated_encodings_are_decoded() {
        assert_eq!(text(b"caf\xe9", Some("latin1")), "café");
        assert_eq!(text(b"\xd6\xd0", Some("GBK")), "中");
        assert_eq!(text(b"\xa4\xa4", Some("big5")), "中");
        assert_eq!(text(b"\x92\x86", Some("shift_jis")), "中");
    }

    #[test]
    fn an_unknown_encoding_is_named() {
        let message = open(b"", Some("klingon")).unwrap_err().to_string();
        assert!(message.contains("`klingon`"), "{message}");
    }

    #[test]
    fn what_is_no_table_is_refused_for_what_it_is() {
        for (bytes, what) in [
            (&b"%PDF-1.4\n"[..], "a PDF document"),
            (b"<!doctype html><p>Sign in", "an HTML page"),
            (b"PK\x03\x04rest", "a damaged ZIP archive"),
        ] {
            let (message, unstated) = refused(bytes, None);
            assert!(message.contains(what), "{message}");
            assert_eq!(unstated, None);
        }
    }

    #[test]
    fn missing_files_and_directories_are_told_apart() {
        let missing = Input::open("no/such/file", None).unwrap_err().to_string();
        assert_eq!(missing, "no/such/file: there is no such file");
        let directory = Input::open("src", None).unwrap_err().to_string();
        assert_eq!(directory, "src: this is a directory; name a file in it");
    }

    #[test]
    fn the_position_counts_compressed_bytes() {
        let packed = gzip(&b"id,title\n".repeat(1000));
        let input = open(&packed, None).unwrap();
        assert_eq!(
            input.position().load(Ordering::Relaxed),
            packed.len() as u64
        );
        let file = Input::open("Cargo.toml", None).unwrap();
        assert_eq!(file.size(), Some(file.position().load(Ordering::Relaxed)));
    }

    /// Message and what could be stated.
    fn refused(bytes: &[u8], encoding: Option<&str>) -> (String, Option<Unstated>) {
        let Error::Input {
            message, unstated, ..
        } = open(bytes, encoding).unwrap_err();
        (message, unstated)
    }

    #[test]
    fn another_encoding_is_refused_with_a_guess_that_can_be_used() {
        let file = b"id,title\n1,Th\xe9i\xe8re\n2,Ch\xeane\n";
        let (message, unstated) = refused(file, None);
        assert_eq!(
            message,
            "is not UTF-8; it reads as windows-1252: 「Théière」"
        );
        assert_eq!(unstated, Some(Unstated::Encoding(Some("windows-1252"))));
        assert!(text(file, Some("auto")).contains("Chêne"));
        assert!(text(file, Some("windows-1252")).contains("Chêne"));
        let told = open(file, Some("auto")).unwrap().told().to_vec();
        assert_eq!(told, ["windows-1252 by its bytes: 「Théière」"]);
    }

    #[test]
    fn an_encoding_that_the_bytes_contradict_is_refused() {
        let (message, unstated) = refused("1,Théière\n".as_bytes(), Some("latin1"));
        assert_eq!(
            message,
            "is not windows-1252; it reads as utf-8: 「Théière」"
        );
        assert_eq!(unstated, Some(Unstated::Encoding(Some("utf-8"))));
        let wide: Vec<u8> = "id,title\n1,Mug\n"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        let (_, unstated) = refused(&wide, Some("utf-16le"));
        assert_eq!(unstated, Some(Unstated::Encoding(Some("UTF-16BE"))));
        let input = open(b"1,\x83}\x83O\x83J\x83b\x83v\n", Some("latin1")).unwrap();
        let doubted = "windows-1252 as stated, though it reads as shift_jis: 「マグカップ」";
        assert_eq!(input.told(), [doubted]);
    }

    #[test]
    fn a_row_that_is_not_utf_8_among_others_that_are_costs_itself() {
        let input = open(
            &["1,Théière\n2,Chêne\n".as_bytes(), b"3,Ch\xeane"].concat(),
            None,
        );
        let bad = input.unwrap().text(b"3,Ch\xeane").unwrap_err();
        assert_eq!((bad.at, bad.refusal.unstated), (4, None));
        assert_eq!(bad.refusal.message, "is not UTF-8 (byte 0xEA)");
    }
}
