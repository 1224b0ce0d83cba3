//! JSON Lines: one object per line.

use std::collections::VecDeque;

use serde_json::{Map, Value};

use crate::Result;

use crate::input::Input;
use crate::lines::{Line, Lines};
use crate::refusal::Refusal;
use crate::splitter::header_line;
use crate::table::RowError;

/// How many objects are looked at to learn the keys: the first alone may lack
/// what is optional.
const SAMPLE: usize = 100;

/// An object and the line it stands on.
pub(crate) type Object = (u64, Map<String, Value>);

type NumberedLine = std::result::Result<(u64, Vec<u8>), RowError>;

/// Reads a JSON Lines file object by object; blank lines are skipped.
#[derive(Debug)]
pub(crate) struct JsonLines {
    lines: Lines,
    /// Lines read ahead for their keys.
    ahead: VecDeque<NumberedLine>,
    finished: bool,
}

impl JsonLines {
    /// Whether a file that begins like this is JSON of some kind.
    pub(crate) fn recognise(beginning: &[u8]) -> bool {
        matches!(beginning.first(), Some(b'{' | b'['))
    }

    /// Takes an input that [`Self::recognise`] has accepted.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if it is JSON, but not JSON Lines.
    pub(crate) fn open(input: Input) -> Result<Self> {
        let first = header_line(input.head()).trim_ascii();
        let what = match first {
            [b'[', ..] => Some("a JSON array"),
            b"{" => Some("JSON that spans several lines"),
            _ => None,
        };
        if let Some(what) = what {
            let message = format!(
                "this is {what}; expected JSON Lines, one object per line (jq -c '.[]' makes them from an array)"
            );
            return Err(input.error(None, message));
        }
        Ok(Self {
            lines: Lines::new(input),
            ahead: VecDeque::new(),
            finished: false,
        })
    }

    /// The keys of the first objects, flattened, in the order they appear.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if the file cannot be read.
    pub(crate) fn keys(&mut self) -> Result<Vec<String>> {
        let mut keys: Vec<String> = Vec::new();
        while self.ahead.len() < SAMPLE {
            let Some(row) = self.read_line()? else {
                break;
            };
            if let Ok((number, line)) = &row
                && let Ok((_, object)) = self.object(*number, line)
            {
                flatten(&object, &mut |key, _| {
                    if !keys.iter().any(|known| known == key) {
                        keys.push(key.to_owned());
                    }
                });
            }
            self.ahead.push_back(row);
        }
        Ok(keys)
    }

    /// The next object, or why its line is none; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if the file cannot be read on.
    pub(crate) fn read(&mut self) -> Result<Option<std::result::Result<Object, RowError>>> {
        let row = match self.ahead.pop_front() {
            Some(row) => Some(row),
            None => self.read_line()?,
        };
        Ok(row.map(|row| row.and_then(|(number, line)| self.object(number, &line))))
    }

    /// An [`Error::Input`](crate::Error::Input) about this file.
    pub(crate) fn error(&self, line: Option<u64>, refusal: impl Into<Refusal>) -> crate::Error {
        self.lines.error(line, refusal)
    }

    fn read_line(&mut self) -> Result<Option<NumberedLine>> {
        let mut buffer = Vec::new();
        while !self.finished {
            buffer.clear();
            match self.lines.read(&mut buffer)? {
                Line::Text(_) if buffer.trim_ascii().is_empty() => {}
                Line::Text(number) => return Ok(Some(Ok((number, buffer)))),
                Line::TooLong(line) => {
                    self.lines.skip_rest()?;
                    return Ok(Some(Err(RowError::too_long(line))));
                }
                Line::End => self.finished = true,
            }
        }
        Ok(None)
    }

    fn object(&self, line: u64, bytes: &[u8]) -> std::result::Result<Object, RowError> {
        let failed = |message: String| RowError::new(line, message);
        let text = self
            .lines
            .text(bytes)
            .map_err(|bad| RowError::new(line, bad.refusal.within("the line")))?;
        match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Ok((line, object)),
            Ok(_) => Err(failed("the line is not a JSON object".to_owned())),
            Err(error) => {
                // The line it counts is always the first of what it was given.
                let what = error.to_string().replace("line 1 column", "column");
                Err(failed(format!("not valid JSON: {what}")))
            }
        }
    }
}

/// Visits every value that is no object, under its dotted key.
pub(crate) fn flatten(object: &Map<String, Value>, visit: &mut dyn FnMut(&str, &Value)) {
    for (key, value) in object {
        match value {
            // serde_json bounds the depth of what it reads.
            Value::Object(inner) => flatten(inner, &mut |sub, value| {
                visit(&format!("{key}.{sub}"), value);
            }),
            _ => visit(key, value),
        }
    }
}

/// A value as one text; the elements of an array are joined by `between`.
pub(crate) fn text_of(value: &Value, between: &str) -> String {
    let parts: Vec<String> = match value {
        Value::Null => return String::new(),
        Value::String(text) => return text.clone(),
        Value::Bool(_) | Value::Number(_) => return value.to_string(),
        Value::Array(elements) => elements.iter().map(|value| text_of(value, ", ")).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key, text_of(value, ", ")))
            .filter(|(_, text)| !text.trim().is_empty())
            .map(|(key, text)| format!("{key}: {text}"))
            .collect(),
    };
    let mut joined = String::new();
    for part in parts.iter().filter(|part| !part.trim().is_empty()) {
        if !joined.is_empty() {
            joined.push_str(between);
        }
        joined.push_str(part);
    }
    joined
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn open(bytes: &[u8]) -> Result<JsonLines> {
        JsonLines::open(Input::from_reader(
            "shop.jsonl",
            Cursor::new(bytes.to_vec()),
            None,
        )?)
    }

    fn flat(json: &str) -> Vec<String> {
        let mut found = Vec::new();
        let object: Map<String, Value> = serde_json::from_str(json).unwrap();
        flatten(&object, &mut |key, value| {
            found.push(format!("{key}={}", text_of(value, ", ")));
        });
        found
    }

    #[test]
    fn values_become_text() {
        assert_eq!(
            flat(r#"{"a":"x","b":3,"c":true,"d":null,"e":["p",null,2],"f":{"g":{"h":1.5}}}"#),
            ["a=x", "b=3", "c=true", "d=", "e=p, 2", "f.g.h=1.5"]
        );
        assert_eq!(
            flat(r#"{"specs":[{"name":"Colour","value":"red"},{"name":"Size","value":""}]}"#),
            ["specs=name: Colour, value: red, name: Size"]
        );
    }

    #[test]
    fn keys_are_gathered_from_more_than_the_first_object() {
        let mut lines =
            open(b"{\"id\":1}\nnonsense\n\n{\"id\":2,\"brand\":{\"name\":\"A\"}}\n").unwrap();
        assert_eq!(lines.keys().unwrap(), ["id", "brand.name"]);
        let mut found = Vec::new();
        while let Some(row) = lines.read().unwrap() {
            found.push(row.map(|(line, _)| line).map_err(|error| error.line));
        }
        assert_eq!(found, [Ok(1), Err(2), Ok(4)]);
    }

    #[test]
    fn bad_lines_say_what_and_where() {
        let good = "{\"id\":}\n[1]\n{\"id\":\"é\"}\n{\"id\":\"ç\"}\n".as_bytes();
        let mut lines = open(&[good, b"{\"id\":\"\xe9\"}\n"].concat()).unwrap();
        let mut next = || lines.read().unwrap().unwrap().unwrap_err().message;
        assert_eq!(next(), "not valid JSON: expected value at column 7");
        assert_eq!(next(), "the line is not a JSON object");
        assert!(lines.read().unwrap().unwrap().is_ok() && lines.read().unwrap().unwrap().is_ok());
        let last = lines.read().unwrap().unwrap().unwrap_err().message;
        assert!(last.starts_with("the line is not UTF-8 (byte 0xE9)"));
    }

    #[test]
    fn other_json_is_refused_with_the_mend() {
        for file in ["[{\"id\":1}]", "\n [\n{\"id\":1}]", "{\n\"id\":1}\n"] {
            let message = open(file.as_bytes()).unwrap_err().to_string();
            assert!(message.contains("expected JSON Lines"), "{message}");
        }
    }
}
