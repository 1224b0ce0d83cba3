//! What a file is by its content, where it is no table.

#[cfg(feature = "parquet")]
use crate::columnar::Format;
use crate::refusal::Refusal;

/// What a file is by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text, or nothing that is known here.
    Plain,
    /// Another file, compressed.
    Packed(Packing),
    /// A tar archive.
    Tar,
    /// A ZIP archive, or one of the documents that are ZIP archives.
    Zip,
    /// A workbook of Excel before 2007, or another document of that time.
    #[cfg(feature = "spreadsheets")]
    Xls,
    /// A Parquet file.
    #[cfg(feature = "parquet")]
    Parquet,
    /// A file of Arrow, or a stream.
    #[cfg(feature = "parquet")]
    Arrow(Format),
    /// A file that people name by mistake.
    NoTable(&'static str),
}

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// As gzip does it.
    Gzip,
    /// As Zstandard does it.
    Zstd,
}

/// How documents of Office before 2007 begin.
const OLD_OFFICE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Files that hold no table, by their first bytes.
const NO_TABLE: [(&[u8], &str); 41] = [
    (b"%PDF-", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"{\\rtf", "a rich text document"),
    (b"\x89PNG\r\n", "an image (PNG)"),
    (b"\xff\xd8\xff", "an image (JPEG)"),
    (b"GIF87a", "an image (GIF)"),
    (b"GIF89a", "an image (GIF)"),
    (b"II*\0", "an image (TIFF)"),
    (b"MM\0*", "an image (TIFF)"),
    (
        OLD_OFFICE,
        "an old Office document, such as an Excel workbook",
    ),
    (b"PAR1", "a Parquet file"),
    (b"PARE", "an encrypted Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (
        b"FEA1",
        "a Feather file of version 1; write it as version 2, which is Arrow",
    ),
    (b"Obj\x01", "an Avro file"),
    (b"ORC", "an ORC file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ\0", "compressed with xz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"GGUF", "a model (GGUF)"),
    (b"\x93NUMPY", "an array of NumPy"),
    (b"\x89HDF\r\n", "an HDF5 file"),
    (b"\x80\x02", "a pickled Python object"),
    (b"\x80\x03", "a pickled Python object"),
    (b"\x80\x04", "a pickled Python object"),
    (b"\x80\x05", "a pickled Python object"),
    (b"ccopy_reg\n", "a pickled Python object"),
    (b"(dp0\n", "a pickled Python object"),
    (b"(lp0\n", "a pickled Python object"),
    (b"tjgg", "a model (GGML)"),
    (b"lmgg", "a model (GGML)"),
    (b"\xba\x16\x4f\x2f", "a model (fastText)"),
    (b"RDX2\n", "a file of R data"),
    (b"RDX3\n", "a file of R data"),
    (b"X\n\0\0\0", "a file of R data"),
    (b"wOF", "a font"),
];

impl Kind {
    /// The kind of a file that begins with these bytes, of which there are 512 unless
    /// the file is shorter.
    pub(crate) fn of(magic: &[u8]) -> Self {
        let starts = |start: &[u8]| magic.starts_with(start);
        if starts(b"\x1f\x8b") {
            return Self::Packed(Packing::Gzip);
        }
        if starts(b"\x28\xb5\x2f\xfd") {
            return Self::Packed(Packing::Zstd);
        }
        if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") {
            return Self::Zip;
        }
        #[cfg(feature = "spreadsheets")]
        if starts(OLD_OFFICE) {
            return Self::Xls;
        }
        if is_tar(magic) {
            return Self::Tar;
        }
        #[cfg(feature = "parquet")]
        if let Some(kind) = columnar(magic) {
            return kind;
        }
        let known = NO_TABLE.iter().find(|(start, what)| {
            // The first bytes of a header could be letters that mean something else.
            starts(start) && (!start.is_ascii() || start.len() > 4 || !is_text(magic, what))
        });
        if let Some((_, what)) = known {
            return Self::NoTable(what);
        }
        if starts(b"RIFF") && magic.get(8..12) == Some(b"WEBP") {
            return Self::NoTable("an image (WebP)");
        }
        if starts(b"MZ") && magic.contains(&0) {
            return Self::NoTable("a program");
        }
        // The length of a header of JSON, which no text begins with.
        if magic.get(5..10) == Some(b"\0\0\0{\"") {
            return Self::NoTable("a model (safetensors)");
        }
        if magic.get(4..8) == Some(b"TFL3") {
            return Self::NoTable("a model (TensorFlow Lite)");
        }
        if is_onnx(magic) {
            return Self::NoTable("a model (ONNX)");
        }
        Self::Plain
    }
}

/// A file whose columns are stored one by one.
#[cfg(feature = "parquet")]
fn columnar(magic: &[u8]) -> Option<Kind> {
    if magic.starts_with(b"PAR1") && !is_text(magic, "a Parquet file") {
        return Some(Kind::Parquet);
    }
    if magic.starts_with(b"ARROW1\0\0") {
        return Some(Kind::Arrow(Format::ArrowFile));
    }
    // The mark of a message, and how long its description is.
    let mark = magic.starts_with(&[0xff; 4]) && magic.get(6..8) == Some(&[0; 2]);
    mark.then_some(Kind::Arrow(Format::ArrowStream))
}

/// Whether bytes that begin like a known kind are a text that begins with the same letters.
fn is_text(magic: &[u8], what: &str) -> bool {
    let printable = |byte: &u8| *byte >= b' ' || b"\t\r\n".contains(byte);
    what != "a PostScript document" && magic.iter().all(printable)
}

/// Whether the bytes are a message of ONNX, which has no sign of its own: the version of
/// its form, then texts about who wrote it, then the graph, which begins with a node, or
/// the operators that it needs.
fn is_onnx(magic: &[u8]) -> bool {
    /// Tags of the texts: producer, its version, domain, remarks.
    const TEXTS: [u8; 4] = [0x12, 0x1a, 0x22, 0x32];
    let [0x08, 1..=32, rest @ ..] = magic else {
        return false;
    };
    let mut rest = rest;
    let mut texts = 0;
    loop {
        rest = match rest {
            [tag, length, text @ ..] if TEXTS.contains(tag) && *length < 0x80 => {
                let Some((text, rest)) = text.split_at_checked(usize::from(*length)) else {
                    return false;
                };
                if text.iter().any(u8::is_ascii_control) {
                    return false;
                }
                texts += 1;
                rest
            }
            // The version of the model.
            [0x28, 0..=0x7f, rest @ ..] => rest,
            [0x3a, graph @ ..] => {
                let length = graph.iter().take_while(|byte| **byte >= 0x80).count() + 1;
                return texts > 0 || graph.get(length) == Some(&0x0a);
            }
            [0x42, _, ..] => return texts > 0,
            _ => return false,
        };
    }
}

/// Whether the bytes are the header of a tar archive: its checksum is right.
fn is_tar(magic: &[u8]) -> bool {
    let Some(stated) = magic.get(148..156).filter(|_| magic.len() == 512) else {
        return false;
    };
    let digits = stated.iter().filter(|byte| byte.is_ascii_digit());
    let stated = digits.fold(0, |sum, &digit| sum * 8 + u32::from(digit - b'0'));
    let sum: u32 = magic.iter().map(|&byte| u32::from(byte)).sum();
    let field: u32 = magic[148..156].iter().map(|&byte| u32::from(byte)).sum();
    stated > 0 && stated == sum - field + 8 * u32::from(b' ')
}

/// Why a file of a kind is refused.
pub(crate) fn holds_no_table(what: &str) -> String {
    format!("this is {what}; expected a table, such as CSV or JSON Lines")
}

/// Refuses text that is no table, by its beginning in UTF-8.
///
/// # Errors
/// What it is instead.
pub(crate) fn refuse_text(head: &[u8]) -> Result<(), Refusal> {
    let odd = head
        .iter()
        .filter(|&&byte| byte < b' ' && !b"\t\r\n\x0b\x0c\x1b".contains(&byte));
    let odd = odd.count();
    // A stray one in a short file is for whoever reads the row.
    if odd > 3 && odd * 50 > head.len() {
        return Err("this is no text; expected a table, such as CSV or JSON Lines".into());
    }
    let text = head.trim_ascii_start();
    let start = String::from_utf8_lossy(&text[..text.len().min(2048)]).to_lowercase();
    let what = if is_html(&start) {
        "an HTML page, such as one to sign in or one that tells an error"
    } else if start.starts_with("version https://git-lfs") {
        "a pointer of Git LFS, and the file itself was not fetched"
    } else if start.contains("progid=\"excel.sheet\"") {
        "an Excel workbook saved as XML of 2003; save it as CSV or .xlsx"
    } else if is_sql(&start) {
        "a dump of a database in SQL"
    } else if start.starts_with("<svg") || start.starts_with("<?xml") && start.contains("<svg") {
        "an image (SVG)"
    } else {
        return Ok(());
    };
    Err(holds_no_table(what).into())
}

fn is_html(start: &str) -> bool {
    let mut rest = start;
    // Comments and the declaration of XML may come first.
    loop {
        rest = rest.trim_start();
        let end = if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<?xml") {
            "?>"
        } else {
            break;
        };
        match rest.split_once(end) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    let begins = |tag: &str| {
        let after = rest.strip_prefix(tag);
        after.is_some_and(|after| !after.starts_with(|next: char| next.is_alphanumeric()))
    };
    [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<table",
        "<script",
        "<meta",
        "<div",
    ]
    .into_iter()
    .any(begins)
}

fn is_sql(start: &str) -> bool {
    let marks = [
        "-- mysql dump",
        "-- mariadb dump",
        "-- phpmyadmin sql dump",
        "--\n-- postgresql",
    ];
    let statements = ["create table ", "insert into ", "drop table "];
    let first = start.lines().find(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with("--") && !line.starts_with("/*")
    });
    let first = first.unwrap_or_default();
    marks.iter().any(|mark| start.starts_with(mark))
        || statements
            .iter()
            .any(|statement| first.starts_with(statement))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_tables_are_told_by_their_first_bytes() {
        let what = |bytes: &[u8]| match Kind::of(bytes) {
            Kind::NoTable(what) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(what(b"%PDF-1.7\n"), "a PDF document");
        assert_eq!(what(b"\x89PNG\r\n\x1a\n"), "an image (PNG)");
        assert_eq!(what(b"RIFF\x10\0\0\0WEBPVP8 "), "an image (WebP)");
        assert_eq!(what(b"SQLite format 3\0\x10"), "an SQLite database");
        assert_eq!(what(b"MZ\x90\0\x03"), "a program");
        assert_eq!(what(b"GGUF\x03\0\0\0"), "a model (GGUF)");
        assert_eq!(
            what(b"\x40\x1b\0\0\0\0\0\0{\"a\":"),
            "a model (safetensors)"
        );
        for onnx in [
            &b"\x08\x07\x12\x07pytorch\x1a\x052.1.0:\xd6\x89\x0b\n"[..],
            b"\x08\x03\x12\x07chainer(\x00B\x02\x10\x09",
            b"\x08\x08:\x96\x01\x0a\x20",
        ] {
            assert_eq!(what(onnx), "a model (ONNX)");
        }
        assert_eq!(what(b"\x1c\0\0\0TFL3\x14\0"), "a model (TensorFlow Lite)");
        assert_eq!(what(b"(dp0\nS'a'\n"), "a pickled Python object");
        assert_eq!(Kind::of(b"\x08\x08backspace"), Kind::Plain);
        assert_eq!(Kind::of(b"PK\x03\x04"), Kind::Zip);
        // These are the first letters of some header.
        for text in ["ORC figures\n", "MZ,title\n", "BZh;name\n", "GGUF\n1\n"] {
            assert_eq!(Kind::of(text.as_bytes()), Kind::Plain, "{text}");
        }
    }

    #[test]
    fn pages_and_dumps_are_refused_for_what_they_are() {
        let refused = |text: &str| refuse_text(text.as_bytes()).unwrap_err().message;
        for page in [
            "<!DOCTYPE html>\n<p>",
            "\n<HTML lang=en>",
            "<!-- cached -->\n<html>",
            "<?xml version=\"1.0\"?><!DOCTYPE html><html>",
            "<table border=1><tr>",
        ] {
            assert!(refused(page).contains("HTML"), "{page}");
        }
        assert!(refused("-- MySQL dump 10.13\n").contains("SQL"));
        assert!(refused("INSERT INTO products VALUES (1);").contains("SQL"));
        assert!(refused("version https://git-lfs.github.com/spec/v1\n").contains("Git LFS"));
        assert!(refused("a\0b\x01\x02\x03\x04").contains("no text"));
        for table in [
            "id,title\n1,<html>\n",
            "<headers>,x\n",
            "-- a comment\n1 - A\n",
            "insert,into\n",
        ] {
            assert!(refuse_text(table.as_bytes()).is_ok(), "{table}");
        }
    }
}
