//! What bytes are, by how they begin.

use std::fmt;

/// A format of pictures that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    WebP,
    /// GIF.
    Gif,
    /// BMP.
    Bmp,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
        })
    }
}

/// How files begin that are given for pictures by mistake.
const OTHERS: [(&[u8], &str); 12] = [
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"\0\0\x01\0", "an icon (ICO)"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"8BPS", "a Photoshop document"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a file compressed with gzip"),
    (b"\x28\xb5\x2f\xfd", "a file compressed with Zstandard"),
    (
        b"version https://git-lfs",
        "a pointer of Git LFS in place of a file",
    ),
];

/// The format of a picture by its first bytes, whatever its name says.
///
/// # Errors
/// What the bytes are instead.
pub(crate) fn of(bytes: &[u8]) -> Result<Format, &'static str> {
    let begins = |with: &[u8]| bytes.starts_with(with);
    if bytes.is_empty() {
        return Err("empty");
    }
    if begins(b"\xff\xd8\xff") {
        return Ok(Format::Jpeg);
    }
    if begins(b"\x89PNG\r\n\x1a\n") {
        return Ok(Format::Png);
    }
    if begins(b"GIF87a") || begins(b"GIF89a") {
        return Ok(Format::Gif);
    }
    if begins(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Ok(Format::WebP);
    }
    // The two letters alone might begin a text; its headers are at least this long.
    if begins(b"BM") && bytes.len() >= 26 && bytes[6..10] == [0; 4] {
        return Ok(Format::Bmp);
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return Err(match bytes.get(8..11) {
            Some(b"avi") => "an AVIF picture",
            Some(b"hei" | b"mif" | b"msf") => "a HEIC picture",
            _ => "a video",
        });
    }
    let other = OTHERS.iter().find(|(start, _)| begins(start));
    Err(other.map_or_else(|| text(bytes), |(_, what)| what))
}

/// What bytes are that begin as no known file does.
fn text(bytes: &[u8]) -> &'static str {
    let start = &bytes[..bytes.len().min(1024)];
    let is_text = match std::str::from_utf8(start) {
        Ok(_) => true,
        // A character may be cut.
        Err(error) => error.valid_up_to() + 4 > start.len() && error.error_len().is_none(),
    };
    if !is_text || start.contains(&0) {
        return "no picture of a known format";
    }
    let lower = start.to_ascii_lowercase();
    let has = |word: &[u8]| lower.windows(word.len()).any(|part| part == word);
    if has(b"<svg") {
        "an SVG drawing"
    } else if has(b"<!doctype html") || has(b"<html") {
        "an HTML page"
    } else {
        "a text"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_is_called_what_it_is() {
        for (bytes, what) in [
            (&b""[..], "empty"),
            (b"BM is a shop that sells many things", "a text"),
            ("<!DOCTYPE HTML>\n<p>404".as_bytes(), "an HTML page"),
            (b"<?xml version='1.0'?><svg/>", "an SVG drawing"),
            (b"\0\0\0\x1cftypavif\0", "an AVIF picture"),
            (b"\0\0\0\x1cftypheic\0", "a HEIC picture"),
            (b"%PDF-1.7", "a PDF document"),
            (b"\x01\xff\xfe\0", "no picture of a known format"),
        ] {
            assert_eq!(of(bytes), Err(what));
        }
        let cut = [vec![b'a'; 1023], "é".as_bytes().to_vec()].concat();
        assert_eq!(of(&cut), Err("a text"));
    }
}
