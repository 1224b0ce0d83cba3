//! Cuts an expression into tokens.

use unicode_normalization::char::is_combining_mark;

use super::error::FilterError;

/// A piece of an expression and the column it begins in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) column: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Letters, digits, `_`, `-`, `+` and `.` without quotes, but no keyword.
    Word(String),
    Keyword(Keyword),
    /// In backquotes: the name of an attribute.
    Name(String),
    /// In quotes: a value.
    Text(String),
    /// `( ) , .. = != < <= > >=`
    Symbol(&'static str),
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    And,
    Or,
    Not,
    In,
    Between,
    Contains,
    Under,
    Has,
}

const KEYWORDS: [(&str, Keyword); 8] = [
    ("and", Keyword::And),
    ("or", Keyword::Or),
    ("not", Keyword::Not),
    ("in", Keyword::In),
    ("between", Keyword::Between),
    ("contains", Keyword::Contains),
    ("under", Keyword::Under),
    ("has", Keyword::Has),
];

/// Longer symbols come before those they begin with.
const SYMBOLS: [&str; 10] = ["..", "!=", "<=", ">=", "<", ">", "=", "(", ")", ","];

/// The tokens of an expression, the last of them [`Kind::End`].
pub(super) fn tokens(expression: &str) -> Result<Vec<Token>, FilterError> {
    let mut lexer = Lexer {
        expression,
        rest: expression,
        column: 1,
    };
    let mut tokens = Vec::new();
    loop {
        lexer.skip(char::is_whitespace);
        let column = lexer.column;
        let kind = lexer.next()?;
        let end = kind == Kind::End;
        tokens.push(Token { kind, column });
        if end {
            return Ok(tokens);
        }
    }
}

/// Whether `name` can stand without quotes and is no keyword.
pub(super) fn is_bare(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_word) && !name.contains("..") && keyword(name).is_none()
}

fn keyword(word: &str) -> Option<Keyword> {
    let (_, keyword) = KEYWORDS
        .iter()
        .find(|(name, _)| word.eq_ignore_ascii_case(name))?;
    Some(*keyword)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.') || is_combining_mark(c)
}

struct Lexer<'a> {
    expression: &'a str,
    rest: &'a str,
    column: usize,
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Result<Kind, FilterError> {
        if let Some(symbol) = SYMBOLS
            .iter()
            .find(|symbol| self.rest.starts_with(**symbol))
        {
            self.take(symbol.len());
            return Ok(Kind::Symbol(symbol));
        }
        match self.rest.chars().next() {
            None => Ok(Kind::End),
            Some('`') => Ok(Kind::Name(self.quoted('`')?)),
            Some(quote @ ('"' | '\'')) => Ok(Kind::Text(self.quoted(quote)?)),
            Some(c) if is_word(c) => {
                let word = self.word();
                Ok(match keyword(word) {
                    Some(keyword) => Kind::Keyword(keyword),
                    None => Kind::Word(word.to_owned()),
                })
            }
            Some('!') => Err(self.error(self.column, "expected `!=` or `not` in place of `!`")),
            Some(c) => Err(self.error(
                self.column,
                format!(
                    "`{}` needs quotes around the value it is part of",
                    c.escape_debug()
                ),
            )),
        }
    }

    /// Takes word characters, up to the `..` of a range.
    fn word(&mut self) -> &'a str {
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        let word = &self.rest[..end];
        self.take(word.find("..").unwrap_or(end))
    }

    /// Takes a string in quotes with its escapes resolved.
    fn quoted(&mut self, quote: char) -> Result<String, FilterError> {
        let open = self.column;
        self.take(quote.len_utf8());
        let mut text = String::new();
        loop {
            text.push_str(self.skip(|c| c != quote && c != '\\'));
            let mut chars = self.rest.chars();
            if chars.next() == Some(quote) {
                self.take(quote.len_utf8());
                return Ok(text);
            }
            let Some(escape) = chars.next() else {
                return Err(self.error(open, format!("expected a closing {quote} for this one")));
            };
            text.push(match escape {
                '"' | '\'' | '`' | '\\' => escape,
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                _ => {
                    let expected = "expected one of \" ' ` \\ n r t after `\\`";
                    return Err(self.error(self.column + 1, expected));
                }
            });
            self.take('\\'.len_utf8() + escape.len_utf8());
        }
    }

    fn skip(&mut self, part: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        self.take(end)
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        self.column += taken.chars().count();
        taken
    }

    fn error(&self, column: usize, message: impl Into<String>) -> FilterError {
        FilterError::new(self.expression, column, message)
    }
}
