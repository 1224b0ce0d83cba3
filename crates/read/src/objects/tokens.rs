//! The beginning of a text of JSON, token by token. What is no JSON is passed over.

/// A part of JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// An object begins (`true`), or an array.
    Open(bool),
    /// An object or an array is over.
    Close,
    /// A key of the object that is open.
    Key(String),
    /// A text, a number, `true`, `false` or `null`.
    Simple,
}

/// Visits all tokens of a beginning of JSON.
pub(super) fn tokens(head: &[u8], mut visit: impl FnMut(Token)) {
    let mut stack: Vec<Level> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = head.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'"' => {
                at = end_of_string(head, start);
                match stack.last_mut() {
                    Some(level) if level.wants_key => {
                        level.wants_key = false;
                        let key = serde_json::from_slice(&head[start..at]);
                        visit(Token::Key(key.unwrap_or_default()));
                    }
                    _ => visit(Token::Simple),
                }
            }
            b'{' | b'[' => {
                let is_object = byte == b'{';
                visit(Token::Open(is_object));
                stack.push(Level {
                    is_object,
                    wants_key: is_object,
                });
            }
            b'}' | b']' => {
                stack.pop();
                visit(Token::Close);
            }
            b',' => {
                if let Some(level) = stack.last_mut() {
                    level.wants_key = level.is_object;
                }
            }
            b':' => {}
            byte if byte.is_ascii_whitespace() => {}
            _ => {
                at = end_of_word(head, start);
                visit(Token::Simple);
            }
        }
    }
}

/// An array or an object that is open.
struct Level {
    is_object: bool,
    /// Whether a text that comes next is a key.
    wants_key: bool,
}

/// Where the string that begins at `at` is over.
fn end_of_string(head: &[u8], at: usize) -> usize {
    let mut next = at + 1;
    while let Some(&byte) = head.get(next) {
        next += match byte {
            b'"' => return next + 1,
            b'\\' => 2,
            _ => 1,
        };
    }
    head.len()
}

/// Where the word that begins at `at` is over.
fn end_of_word(head: &[u8], at: usize) -> usize {
    let ends = |byte: &u8| b",:[]{}\"".contains(byte) || byte.is_ascii_whitespace();
    let behind = &head[at + 1..];
    at + 1 + behind.iter().position(ends).unwrap_or(behind.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_keys_only_where_an_object_has_them() {
        let mut found = Vec::new();
        tokens(
            br#"{"a": ["b", 1.5, {"c\"": null}], "d": "e"} {"#,
            |token| {
                found.push(token);
            },
        );
        let key = |name: &str| Token::Key(name.to_owned());
        let expected = [
            Token::Open(true),
            key("a"),
            Token::Open(false),
            Token::Simple,
            Token::Simple,
            Token::Open(true),
            key("c\""),
            Token::Simple,
            Token::Close,
            Token::Close,
            key("d"),
            Token::Simple,
            Token::Close,
            Token::Open(true),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_cut_beginning_is_no_error() {
        for json in ["{\"a", "{\"a\\", "[1", "{\"a\":tr", "]}", "\""] {
            tokens(json.as_bytes(), |_| {});
        }
    }
}
