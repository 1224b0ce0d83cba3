//! Quotes inside quoted fields that nobody doubled, as in `"Monitor 17" wide"`.

/// Follows the quotes of a file line by line and doubles those that are part of the
/// text, so that a reader by the rules of CSV keeps them.
#[derive(Debug)]
pub(crate) struct Quotes {
    delimiter: u8,
    /// Whether a quoted field goes on from the line before.
    inside: bool,
}

/// How a field that starts with a quote ends.
enum End {
    /// With a quote before this byte, after quotes at these places that are text.
    Closed(usize, Vec<usize>),
    /// On another line.
    Open,
    /// Before this byte, and its quotes are all text.
    Raw(usize),
}

impl Quotes {
    pub(crate) fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            inside: false,
        }
    }

    /// Forgets a field that was never closed.
    pub(crate) fn reset(&mut self) {
        self.inside = false;
    }

    /// Whether a field goes on from the line before, and another one opens on this line before
    /// it ends: it was never closed.
    pub(crate) fn opens_anew(&self, line: &[u8]) -> bool {
        let Some(first) = line
            .iter()
            .position(|&byte| byte == b'"')
            .filter(|_| self.inside)
        else {
            return false;
        };
        let is_behind = first > 0 && line[first - 1] == self.delimiter;
        let next = line.get(first + 1);
        let is_text = next.is_some_and(|next| *next != b'"' && *next != self.delimiter);
        is_behind && is_text && !self.ends_field(&line[first + 1..])
    }

    /// The line with such quotes doubled; none if it has none.
    pub(crate) fn mend(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        if !line.contains(&b'"') {
            return None;
        }
        let mut mended = Vec::new();
        let mut done = 0;
        let mut at = 0;
        if self.inside {
            match self.end(line, 0) {
                End::Closed(end, inner) => {
                    if !inner.is_empty() {
                        done = double(line, 0, end, &inner, &mut mended);
                    }
                    at = self.after_delimiter(line, end);
                }
                End::Open | End::Raw(_) => return None,
            }
            self.inside = false;
        }
        while at < line.len() {
            if line[at] != b'"' {
                at = self.after_delimiter(line, at);
                continue;
            }
            match self.end(line, at + 1) {
                End::Closed(end, inner) => {
                    if !inner.is_empty() {
                        done = double(line, done, end, &inner, &mut mended);
                    }
                    at = self.after_delimiter(line, end);
                }
                End::Open => {
                    self.inside = true;
                    break;
                }
                End::Raw(end) => {
                    mended.extend_from_slice(&line[done..at]);
                    mended.push(b'"');
                    for &byte in &line[at..end] {
                        mended.extend(std::iter::repeat_n(byte, 1 + usize::from(byte == b'"')));
                    }
                    mended.push(b'"');
                    done = end;
                    at = self.after_delimiter(line, end);
                }
            }
        }
        if done == 0 {
            return None;
        }
        mended.extend_from_slice(&line[done..]);
        Some(mended)
    }

    /// Where the next field starts.
    fn after_delimiter(&self, line: &[u8], from: usize) -> usize {
        let next = line[from..].iter().position(|&b| b == self.delimiter);
        next.map_or(line.len(), |offset| from + offset + 1)
    }

    /// How the quoted field ends whose text starts at `from`.
    fn end(&self, line: &[u8], from: usize) -> End {
        let mut inner = Vec::new();
        let mut at = from;
        while let Some(offset) = line[at..].iter().position(|&b| b == b'"') {
            let quote = at + offset;
            let rest = &line[quote + 1..];
            if self.ends_field(rest) {
                return End::Closed(quote + 1, inner);
            }
            if rest.starts_with(b"\"") {
                at = quote + 2;
                continue;
            }
            if !inner.is_empty() && quote > 0 && line[quote - 1] == self.delimiter {
                // Another field opens here.
                break;
            }
            inner.push(quote);
            at = quote + 1;
        }
        match inner.first() {
            None => End::Open,
            Some(&first) => {
                let next = line[first..].iter().position(|&b| b == self.delimiter);
                End::Raw(next.map_or(line.len(), |offset| first + offset))
            }
        }
    }

    /// Whether a field may end where `rest` goes on: spaces do not count.
    fn ends_field(&self, rest: &[u8]) -> bool {
        let rest = rest.iter().copied();
        let mut rest = rest.skip_while(|&byte| byte == b' ' && byte != self.delimiter);
        rest.next()
            .is_none_or(|byte| byte == self.delimiter || byte == b'\r')
    }
}

/// Appends `line[done..end]` with the quotes at `inner` doubled; gives `end`.
fn double(line: &[u8], done: usize, end: usize, inner: &[usize], mended: &mut Vec<u8>) -> usize {
    let mut from = done;
    for &quote in inner {
        mended.extend_from_slice(&line[from..=quote]);
        mended.push(b'"');
        from = quote + 1;
    }
    mended.extend_from_slice(&line[from..end]);
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(line: &str) -> String {
        let mended = Quotes::new(b',').mend(line.as_bytes());
        mended.map_or_else(
            || line.to_owned(),
            |bytes| String::from_utf8(bytes).unwrap(),
        )
    }

    #[test]
    fn flawless_lines_stay() {
        for line in [
            "a,b",
            "\"a\",\"b \"\"c\"\" d\"",
            "5\" pan,x",
            "\"a\" ,b",
            "\"\",1",
        ] {
            assert_eq!(mended(line), line);
        }
    }

    #[test]
    fn quotes_that_are_text_are_doubled() {
        assert_eq!(
            mended(r#"1,"Screen 24" flat",5"#),
            r#"1,"Screen 24"" flat",5"#
        );
        assert_eq!(
            mended(r#""8" pot","a, 9" lid""#),
            r#""8"" pot","a, 9"" lid""#
        );
        assert_eq!(mended(r#""Best" pan,5"#), r#""""Best"" pan",5"#);
        assert_eq!(mended(r#""Best" pan,"ok",5"#), r#""""Best"" pan","ok",5"#);
    }

    #[test]
    fn fields_of_several_lines_are_followed() {
        let mut quotes = Quotes::new(b',');
        assert_eq!(quotes.mend(b"1,\"first"), None);
        assert_eq!(quotes.mend(b"last\",\"x\""), None);
        assert_eq!(quotes.mend(b"2,\"first"), None);
        assert_eq!(
            quotes.mend(b"a 6\" lid\",\"x\""),
            Some(b"a 6\"\" lid\",\"x\"".to_vec())
        );
        assert_eq!(
            quotes.mend(b"2,\"7\" pan\""),
            Some(b"2,\"7\"\" pan\"".to_vec())
        );
    }
}
