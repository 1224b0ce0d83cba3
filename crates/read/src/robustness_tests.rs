//! Whatever the bytes are, reading ends, and ends without a panic.

use std::io::Cursor;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Pieces that make files look like something and then break it.
const PIECES: [&[u8]; 44] = [
    b"id",
    b"path",
    b"name",
    b"parent",
    b"title",
    b"\"",
    b"\"\"",
    b",",
    b";",
    b"\t",
    b"|",
    b"\n",
    b"\r\n",
    b"\r",
    b" > ",
    b">",
    b"/",
    b"{",
    b"}",
    b":",
    b"[",
    b"# ",
    b"1 - A\n",
    b"\xe9",
    b"\xc3",
    b"\xa9",
    b"\0",
    b" ",
    b"[{",
    b"}]",
    b"{\"id\":1,\"title\":\"a\"}",
    b"\"items\":",
    b"\\",
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"<item>",
    b"</item>",
    b"<g:id>1</g:id>",
    b"<title>a",
    b"<?xml version=\"1.0\"?>",
    b"<![CDATA[",
    b"&lt;",
    b"<!DOCTYPE",
];

fn open(bytes: &[u8], encoding: Option<&str>) -> Option<Input> {
    Input::from_reader("any", Cursor::new(bytes.to_vec()), encoding).ok()
}

fn table_lines(bytes: &[u8], quoting: Quoting) -> Vec<u64> {
    let mut lines = Vec::new();
    let Some(Ok(mut table)) = open(bytes, None).map(|input| Table::open(input, quoting)) else {
        return lines;
    };
    while let Some(row) = table.read().unwrap() {
        lines.push(row.map_or_else(|error| error.line, |record| record.line()));
    }
    lines
}

proptest! {
    #[test]
    fn no_bytes_upset_the_readers(pieces in vec(prop::sample::select(&PIECES[..]), 0..60)) {
        let bytes = pieces.concat();
        for quoting in [Quoting::Auto, Quoting::On, Quoting::Off] {
            let lines = table_lines(&bytes, quoting);
            prop_assert!(lines.is_sorted_by(|a, b| a < b), "lines go back: {lines:?}");
        }
        for encoding in [None, Some("auto"), Some("gbk"), Some("utf-16le")] {
            if let Some(input) = open(&bytes, encoding) {
                let _ = read_taxonomy(input, &TaxonomyOptions::default());
            }
            if let Some(Ok(reader)) = open(&bytes, encoding)
                .map(|input| ProductReader::new(input, &Mapping::default()))
            {
                prop_assert!(reader.count() <= bytes.len() + 1);
            }
        }
    }
}
