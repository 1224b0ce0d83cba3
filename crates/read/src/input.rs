//! Bytes of a file or of standard input, decompressed and in UTF-8.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{Encoding, GBK, UTF_8};
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;

use crate::error::Unstated;
use crate::refusal::Refusal;
use crate::{Error, Result};

/// How much of the input is looked at to recognise its format.
const HEAD: u64 = 64 * 1024;

const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// Formats people hand over by mistake, by their first bytes.
const UNREADABLE: [(&[u8], &str); 5] = [
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"PAR1", "a Parquet file"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ", "compressed with xz"),
];

type Source = Box<dyn Read + Send>;

/// An opened input: a stream of text bytes, whatever the file was compressed
/// with or encoded in.
///
/// Bytes of UTF-8 input pass through unchecked, so that whoever splits them
/// into rows can blame the right row for a wrong byte.
pub struct Input {
    name: String,
    reader: Chain<Cursor<Vec<u8>>, BufReader<Source>>,
    position: Arc<AtomicU64>,
    size: Option<u64>,
    encoding: &'static Encoding,
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
    /// Gzip and zstd are recognised by their first bytes, UTF-16 by its byte
    /// order mark. Any other encoding must be stated in `encoding` by a label
    /// such as `latin1`, `gbk` or `shift_jis`; without one it is UTF-8.
    ///
    /// # Errors
    /// [`Error::Input`] if the file cannot be opened or read, is of a kind that
    /// holds no text, or if no encoding has the label.
    pub fn open(path: &str, encoding: Option<&str>) -> Result<Self> {
        if path == "-" {
            return Self::build("standard input", Box::new(io::stdin()), None, encoding);
        }
        let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
        let about = file.metadata().map_err(|error| cannot_read(path, &error))?;
        if about.is_dir() {
            return Err(wrong(path, None, "this is a directory; name a file in it"));
        }
        let size = about.is_file().then_some(about.len());
        Self::build(path, Box::new(file), size, encoding)
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
        Self::build(name, Box::new(reader), None, encoding)
    }

    fn build(
        name: &str,
        source: Source,
        size: Option<u64>,
        encoding: Option<&str>,
    ) -> Result<Self> {
        let stated = encoding.map(|label| by_label(name, label)).transpose()?;
        let position = Arc::new(AtomicU64::new(0));
        let counted = Counted {
            source,
            position: Arc::clone(&position),
        };
        let failed = |error: io::Error| cannot_read(name, &error);

        let plain = decompress(name, Box::new(counted))?;
        let (start, rest) = split(plain, 3).map_err(failed)?;
        let (by_mark, mark) = match Encoding::for_bom(&start) {
            Some((encoding, length)) => (Some(encoding), length),
            None => (None, 0),
        };
        // A byte order mark is better evidence than what somebody believes.
        let encoding = by_mark.or(stated).unwrap_or(UTF_8);
        let marked = Cursor::new(start[mark..].to_vec()).chain(rest);
        let text: Source = if encoding == UTF_8 {
            Box::new(marked)
        } else {
            Box::new(
                DecodeReaderBytesBuilder::new()
                    .encoding(Some(encoding))
                    .bom_sniffing(false)
                    .build(marked),
            )
        };

        let mut rest = BufReader::with_capacity(64 * 1024, text);
        let mut head = Vec::new();
        (&mut rest)
            .take(HEAD)
            .read_to_end(&mut head)
            .map_err(failed)?;
        Ok(Self {
            name: name.to_owned(),
            reader: Cursor::new(head).chain(rest),
            position,
            size,
            encoding,
        })
    }

    /// The file as the user named it, `standard input` for `-`.
    pub fn name(&self) -> &str {
        &self.name
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

    /// The first bytes of the text (64 KiB or all), whatever was read since.
    pub(crate) fn head(&self) -> &[u8] {
        self.reader.get_ref().0.get_ref()
    }

    /// The head without leading blanks, by which a format is recognised.
    ///
    /// # Errors
    /// [`Error::Input`] saying what was `expected` if there is nothing.
    pub(crate) fn beginning(&self, expected: &str) -> Result<&[u8]> {
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
        let text = std::str::from_utf8(bytes).map_err(|error| self.not_utf8(bytes, error))?;
        // The decoder of another encoding has put U+FFFD where it failed.
        if self.encoding != UTF_8
            && let Some(at) = text.find('\u{fffd}')
        {
            let name = self.encoding.name();
            let message = format!("has bytes that are not {name}; check the encoding");
            let refusal = Refusal::until(Unstated::Encoding(None), message);
            return Err(NotText { at, refusal });
        }
        Ok(text)
    }

    fn not_utf8(&self, bytes: &[u8], error: std::str::Utf8Error) -> NotText {
        let at = error.valid_up_to();
        let bad = bytes.get(at).copied().unwrap_or_default();
        // Western text rarely has two such bytes in a row, Chinese always.
        let pair = bytes.get(at + 1).is_some_and(|&next| next >= 0x80);
        let chinese = pair
            && GBK
                .decode_without_bom_handling_and_without_replacement(bytes)
                .is_some();
        let guess = if chinese { "gbk" } else { "latin1" };
        let message = format!("is not UTF-8 (byte 0x{bad:02X}), perhaps {guess}");
        let refusal = Refusal::until(Unstated::Encoding(Some(guess)), message);
        NotText { at, refusal }
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

/// Counts the bytes that pass.
struct Counted {
    source: Source,
    position: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.position.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

fn decompress(name: &str, source: Source) -> Result<Source> {
    let failed = |error: io::Error| cannot_read(name, &error);
    let (magic, rest) = split(source, 5).map_err(failed)?;
    let unreadable = UNREADABLE
        .iter()
        .find(|(start, _)| magic.starts_with(start));
    if let Some((_, what)) = unreadable {
        let message = format!("this is {what}; convert it to plain CSV, TSV or JSON Lines");
        return Err(wrong(name, None, message));
    }
    let (gzip, zstd) = (magic.starts_with(GZIP), magic.starts_with(ZSTD));
    let whole = Cursor::new(magic).chain(rest);
    Ok(if gzip {
        Box::new(MultiGzDecoder::new(BufReader::new(whole)))
    } else if zstd {
        Box::new(zstd::stream::read::Decoder::new(whole).map_err(failed)?)
    } else {
        Box::new(whole)
    })
}

/// The first bytes, as many as there are up to `length`, and what follows.
fn split(mut source: Source, length: u64) -> io::Result<(Vec<u8>, Source)> {
    let mut start = Vec::new();
    source.by_ref().take(length).read_to_end(&mut start)?;
    Ok((start, source))
}

fn by_label(name: &str, label: &str) -> Result<&'static Encoding> {
    Encoding::for_label_no_replacement(label.as_bytes()).ok_or_else(|| {
        let message = format!(
            "no encoding is called `{label}`; use a label such as utf-8, utf-16le, latin1, gbk, big5 or shift_jis"
        );
        wrong(name, None, message)
    })
}

/// An [`Error::Input`] about the file of that name.
pub(crate) fn wrong(name: &str, line: Option<u64>, refusal: impl Into<Refusal>) -> Error {
    let Refusal { message, unstated } = refusal.into();
    Error::Input {
        file: name.to_owned(),
        line,
        message,
        unstated,
    }
}

fn cannot_read(name: &str, error: &io::Error) -> Error {
    let message = match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "no permission to read this file".to_owned(),
        ErrorKind::UnexpectedEof => {
            "the compressed data ends too early; the file was cut off".to_owned()
        }
        _ => format!("cannot be read: {error}"),
    };
    wrong(name, None, message)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

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
    fn what_is_no_text_file_is_refused_by_its_name() {
        let message = open(b"PK\x03\x04rest", None).unwrap_err().to_string();
        assert!(message.contains("Excel"), "{message}");
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

    #[test]
    fn bytes_of_another_encoding_are_recognised_as_such() {
        let input = open(b"", None).unwrap();
        let latin = input.text(b"caf\xe9 cr\xe8me").unwrap_err();
        assert_eq!(latin.at, 3);
        let guess = latin.refusal.unstated;
        assert_eq!(guess, Some(Unstated::Encoding(Some("latin1"))));
        let chinese = input.text(b"\xd6\xd0\xce\xc4").unwrap_err();
        let guess = chinese.refusal.unstated;
        assert_eq!(guess, Some(Unstated::Encoding(Some("gbk"))));
    }
}
