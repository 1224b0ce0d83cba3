//! Cutting records into fields, and telling how a file wants to be cut.

use std::ops::Range;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

/// Delimiters that few files have, of signs that are in no text.
pub(crate) const NEVER_TEXT: &[u8] = b"^~\x01\x1e\x1f";

/// `csv-core` with the buffers it writes to.
pub(crate) struct Splitter {
    core: Reader,
    delimiter: u8,
    quote: Option<u8>,
    /// Whether a line that comes begins a record, and not the first, of which the core
    /// takes off a byte order mark.
    begins: bool,
    fields: Vec<u8>,
    ends: Vec<usize>,
    /// How much of the buffers is in use.
    filled: (usize, usize),
}

impl Splitter {
    /// Cuts at `delimiter`, outside quotes if fields are `quoted`.
    pub(crate) fn new(delimiter: u8, quoted: bool) -> Self {
        Self::with_quote(delimiter, quoted.then_some(b'"'))
    }

    /// The same, where fields are enclosed by `quote`, if by any.
    pub(crate) fn with_quote(delimiter: u8, quote: Option<u8>) -> Self {
        let core = ReaderBuilder::new()
            .delimiter(delimiter)
            .quoting(quote.is_some())
            .quote(quote.unwrap_or(b'"'))
            .terminator(Terminator::Any(b'\n'))
            .build();
        Self {
            core,
            delimiter,
            quote,
            begins: false,
            fields: vec![0; 4096],
            ends: vec![0; 64],
            filled: (0, 0),
        }
    }

    /// Makes room for the next record.
    pub(crate) fn clear(&mut self) {
        self.filled = (0, 0);
    }

    /// Gives up a record that is not complete: what follows is cut as if nothing had been.
    pub(crate) fn give_up(&mut self) {
        self.core.reset();
        self.begins = false;
        self.clear();
    }

    /// The fields of the record, joined.
    pub(crate) fn fields(&self) -> &[u8] {
        &self.fields[..self.filled.0]
    }

    /// Ends of the complete fields in [`Self::fields`].
    pub(crate) fn ends(&self) -> &[usize] {
        &self.ends[..self.filled.1]
    }

    /// The complete fields as text, trimmed.
    pub(crate) fn cells(&self) -> Vec<String> {
        let columns = 0..self.ends().len();
        columns
            .filter_map(|column| self.fields().get(field(self.ends(), column)?))
            .map(|cell| String::from_utf8_lossy(cell).trim().to_owned())
            .collect()
    }

    /// Takes one line with its end; whether the record is complete by it.
    pub(crate) fn feed(&mut self, line: &[u8]) -> bool {
        self.begins = self.feed_plain(line) || self.feed_core(line);
        self.begins
    }

    /// Takes a line that is a record without a quote, cutting it at each delimiter; whether
    /// it is one.
    fn feed_plain(&mut self, line: &[u8]) -> bool {
        let Some((b'\n', line)) = line.split_last() else {
            return false;
        };
        if !self.begins || line.is_empty() || self.filled != (0, 0) {
            return false;
        }
        let (delimiter, quote) = (self.delimiter, self.quote.unwrap_or(b'\n'));
        self.fields.resize(self.fields.len().max(line.len()), 0);
        let fields = &mut self.fields[..line.len()];
        self.ends.clear();
        let mut at = 0;
        for &byte in line {
            if byte == quote || byte == b'\n' {
                return false;
            }
            if byte == delimiter {
                self.ends.push(at);
            } else {
                fields[at] = byte;
                at += 1;
            }
        }
        self.ends.push(at);
        self.filled = (at, self.ends.len());
        true
    }

    fn feed_core(&mut self, mut line: &[u8]) -> bool {
        // The core writes to what is there.
        self.ends.resize(self.ends.capacity(), 0);
        loop {
            let (bytes, ends) = self.filled;
            let (result, taken, written, ended) =
                self.core
                    .read_record(line, &mut self.fields[bytes..], &mut self.ends[ends..]);
            line = &line[taken..];
            self.filled = (bytes + written, ends + ended);
            match result {
                ReadRecordResult::InputEmpty => return false,
                ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record | ReadRecordResult::End => return true,
            }
        }
    }

    /// Whether a field starts with a quote.
    pub(crate) fn opens_quote(&self) -> bool {
        (0..self.ends().len())
            .filter_map(|column| field(self.ends(), column))
            .any(|range| self.fields[range].starts_with(b"\""))
    }

    /// The complete fields.
    pub(crate) fn each(&self) -> impl Iterator<Item = &[u8]> {
        let ranges = (0..self.ends().len()).filter_map(|column| field(self.ends(), column));
        ranges.filter_map(|range| self.fields.get(range))
    }

    /// Joins fields with those behind them where `is_cut` tells that they were cut at a
    /// sign of the text, if that makes as many as are `wanted`.
    pub(crate) fn join(&mut self, wanted: usize, sign: u8, is_cut: fn(&[u8]) -> bool) {
        let fields: Vec<Vec<u8>> = self.each().map(<[u8]>::to_vec).collect();
        let before_last = fields.len().saturating_sub(1);
        let cut = fields[..before_last]
            .iter()
            .filter(|field| is_cut(field))
            .count();
        if cut == 0 || fields.len() != wanted + cut {
            return;
        }
        let (mut joined, mut ends) = (Vec::new(), Vec::new());
        for (at, field) in fields.iter().enumerate() {
            joined.extend_from_slice(field);
            match at < before_last && is_cut(field) {
                true => joined.push(sign),
                false => ends.push(joined.len()),
            }
        }
        self.fields.resize(self.fields.len().max(joined.len()), 0);
        self.filled = (joined.len(), ends.len());
        self.fields[..joined.len()].copy_from_slice(&joined);
        self.ends[..ends.len()].copy_from_slice(&ends);
    }

    /// Takes the quotes off fields that are quoted without a flaw.
    pub(crate) fn unquote(&mut self) {
        if !self.opens_quote() {
            return;
        }
        let mut plain = Vec::with_capacity(self.filled.0);
        let mut ends = Vec::with_capacity(self.filled.1);
        for range in (0..self.ends().len()).filter_map(|column| field(self.ends(), column)) {
            let raw = &self.fields[range];
            match unquoted(raw) {
                Some(bytes) => plain.extend(bytes),
                None => plain.extend_from_slice(raw),
            }
            ends.push(plain.len());
        }
        self.filled = (plain.len(), ends.len());
        self.fields[..plain.len()].copy_from_slice(&plain);
        self.ends[..ends.len()].copy_from_slice(&ends);
    }
}

/// Where the field of a column lies among the joined fields.
pub(crate) fn field(ends: &[usize], column: usize) -> Option<Range<usize>> {
    let end = *ends.get(column)?;
    let start = column.checked_sub(1).map_or(0, |before| ends[before]);
    Some(start..end)
}

/// What stands between the quotes, if the field starts and ends with one and
/// every quote inside is doubled.
fn unquoted(field: &[u8]) -> Option<Vec<u8>> {
    let inner = field.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut plain = Vec::with_capacity(inner.len());
    let mut rest = inner.iter();
    while let Some(&byte) = rest.next() {
        if byte == b'"' && rest.next() != Some(&b'"') {
            return None;
        }
        plain.push(byte);
    }
    Some(plain)
}

/// The commonest of the delimiters outside quotes; a tab beats all others, for
/// it is never part of a name.
pub(crate) fn sniff_delimiter(header: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'|', 0)];
    for &byte in header {
        match byte {
            b'"' => quoted = !quoted,
            b'\t' if !quoted => return b'\t',
            _ if quoted => {}
            _ => {
                for (delimiter, count) in &mut counts {
                    *count += usize::from(*delimiter == byte);
                }
            }
        }
    }
    // Of equals the last is the maximum, so the comma has to come last.
    let commonest = counts.iter().rev().max_by_key(|(_, count)| *count);
    commonest.map_or(b',', |(delimiter, _)| *delimiter)
}

/// Whether every cell of a tab-separated header is quoted.
pub(crate) fn all_quoted(header: &[u8]) -> bool {
    header
        .split(|&byte| byte == b'\t')
        .all(|cell| unquoted(cell).is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_delimiter_is_counted_outside_quotes() {
        assert_eq!(sniff_delimiter(b"\"a;b;c\",d"), b',');
        assert_eq!(sniff_delimiter(b"a,b;c;d"), b';');
        assert_eq!(sniff_delimiter(b"a,b,c\td"), b'\t');
        assert_eq!(sniff_delimiter(b"path"), b',');
    }

    #[test]
    fn only_flawless_quotes_come_off() {
        let off =
            |field: &str| unquoted(field.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(off("\"6\"\" pan\"").unwrap(), "6\" pan");
        assert_eq!(off("\"\"").unwrap(), "");
        for raw in ["17\"", "\"open", "\"", "\"a\" or \"b\"", "\"a\"\"", "plain"] {
            assert_eq!(off(raw), None, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn plain_lines_are_cut_as_the_core_cuts_them(
            lines in prop::collection::vec("([ab\",;'\r\t\n\u{feff}]|,,,){0,12}", 0..6),
            delimiter in prop::sample::select(vec![b',', b';', b'\t', b'"']),
            quote in prop::sample::select(vec![None, Some(b'"'), Some(b'\'')]),
        ) {
            let mut quick = Splitter::with_quote(delimiter, quote);
            let mut slow = Splitter::with_quote(delimiter, quote);
            for line in lines {
                let line = line + "\n";
                prop_assert_eq!(quick.feed(line.as_bytes()), slow.feed_core(line.as_bytes()));
                prop_assert_eq!(quick.fields(), slow.fields());
                prop_assert_eq!(quick.ends(), slow.ends());
                if quick.begins {
                    quick.clear();
                    slow.clear();
                }
            }
        }
    }

    #[test]
    fn a_record_may_come_in_several_lines_and_outgrow_the_buffers() {
        let mut splitter = Splitter::new(b',', true);
        assert!(!splitter.feed(b"1,\"two\n"));
        assert!(splitter.feed(b"lines\",3\n"));
        assert_eq!(
            (splitter.fields(), splitter.ends()),
            (&b"1two\nlines3"[..], &[1, 10, 11][..])
        );
        splitter.clear();
        let wide = "x".repeat(5000) + &",yy".repeat(5000) + "\n";
        assert!(splitter.feed(wide.as_bytes()));
        assert_eq!(splitter.ends().len(), 5001);
    }
}
