//! Reads tokens into an expression, by recursive descent.

use super::error::FilterError;
use super::expr::{CATEGORY, Condition, Expr, Field, FilterExpr, Order, Place, Predicate, Term};
use super::lex::{Keyword, Kind, Token, tokens};
use crate::attributes::{AttributeKind, is_unit_word, parse_number};

/// How deeply parentheses and `not` may nest: far more than a person writes,
/// far less than a stack holds.
const MAX_DEPTH: usize = 64;

impl FilterExpr {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`FilterError`] with the column if the expression breaks the grammar or
    /// nests deeper than 64 levels.
    pub fn parse(expression: &str) -> Result<Self, FilterError> {
        let root = parse(expression)?;
        let text = expression.to_owned();
        Ok(Self { text, root })
    }
}

/// Reads a whole expression.
fn parse(expression: &str) -> Result<Expr, FilterError> {
    let mut parser = Parser {
        expression,
        tokens: tokens(expression)?,
        at: 0,
        depth: 0,
    };
    let expr = parser.any_of()?;
    match parser.kind() {
        Kind::End => Ok(expr),
        Kind::Symbol(")") => Err(parser.error("expected `(` somewhere before this `)`")),
        Kind::Word(_) | Kind::Text(_) | Kind::Name(_) => Err(parser
            .error("expected `and`, `or` or the end here; a value of several words needs quotes")),
        _ => Err(parser.error("expected `and`, `or` or the end here")),
    }
}

struct Parser<'a> {
    expression: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    /// `a or b or …`
    fn any_of(&mut self) -> Result<Expr, FilterError> {
        let mut parts = Vec::new();
        loop {
            match self.all_of()? {
                Expr::Or(inner) => parts.extend(inner),
                part => parts.push(part),
            }
            if !self.accept_keyword(Keyword::Or) {
                return Ok(single(parts, Expr::Or));
            }
        }
    }

    /// `a and b and …`
    fn all_of(&mut self) -> Result<Expr, FilterError> {
        let mut parts = Vec::new();
        loop {
            match self.factor()? {
                Expr::And(inner) => parts.extend(inner),
                part => parts.push(part),
            }
            if !self.accept_keyword(Keyword::And) {
                return Ok(single(parts, Expr::And));
            }
        }
    }

    /// `not a`, `(a)` or a predicate.
    fn factor(&mut self) -> Result<Expr, FilterError> {
        let column = self.column();
        if self.accept_keyword(Keyword::Not) {
            let inner = self.deeper(column, Self::factor)?;
            return Ok(Expr::Not(Box::new(inner)));
        }
        if self.accept("(") {
            let inner = self.deeper(column, Self::any_of)?;
            if !self.accept(")") {
                let expected = format!("expected `)` for the `(` in column {column}");
                return Err(self.error(expected));
            }
            return Ok(inner);
        }
        self.predicate().map(Expr::Predicate)
    }

    fn deeper(
        &mut self,
        column: usize,
        part: fn(&mut Self) -> Result<Expr, FilterError>,
    ) -> Result<Expr, FilterError> {
        if self.depth == MAX_DEPTH {
            let message = format!("expected at most {MAX_DEPTH} levels of `(` and `not`");
            return Err(FilterError::new(self.expression, column, message));
        }
        self.depth += 1;
        let inner = part(self);
        self.depth -= 1;
        inner
    }

    fn predicate(&mut self) -> Result<Predicate, FilterError> {
        let has = self.accept_keyword(Keyword::Has);
        let subject = self.subject(if has {
            "expected a field after `has`"
        } else {
            "expected a field, `has`, `not` or `(` here"
        })?;
        let Some(field) = subject else {
            let (negated, place) = if has {
                (false, Place::Anywhere)
            } else {
                self.place()?
            };
            return Ok(Predicate::Category { negated, place });
        };
        let (negated, condition) = if has {
            (false, Condition::Present)
        } else {
            self.condition(&field)?
        };
        Ok(Predicate::Field {
            field,
            negated,
            condition,
        })
    }

    /// What follows `category`: whether it is negated, and the place.
    fn place(&mut self) -> Result<(bool, Place), FilterError> {
        let start = self.column();
        if let Some(equal) = self.equal()? {
            let (negated, term) = equal;
            return Ok((negated, Place::In(vec![term])));
        }
        let negated = self.accept_keyword(Keyword::Not);
        if self.accept_keyword(Keyword::Under) {
            return Ok((negated, Place::Under(self.value("under")?)));
        }
        if self.accept_keyword(Keyword::In) {
            if self.accept("(") {
                return Ok((negated, Place::In(self.list()?)));
            }
            return Err(self.error("expected `(` after `in`"));
        }
        let expected = "expected =, !=, in, not in, under or not under after `category`";
        Err(FilterError::new(self.expression, start, expected))
    }

    /// What follows another field: whether it is negated, and the condition.
    fn condition(&mut self, field: &Field) -> Result<(bool, Condition), FilterError> {
        if let Some((negated, term)) = self.equal()? {
            return Ok((negated, Condition::In(vec![term])));
        }
        for order in Order::ALL {
            if self.accept(order.symbol()) {
                let term = self.value(order.symbol())?;
                return Ok((false, Condition::Order(order, term)));
            }
        }
        let negated = self.accept_keyword(Keyword::Not);
        let condition = match self.kind() {
            Kind::Keyword(Keyword::In) => self.list_or_range()?,
            Kind::Keyword(Keyword::Between) => self.between()?,
            Kind::Keyword(Keyword::Contains) => {
                self.at += 1;
                Condition::Contains(self.value("contains")?)
            }
            Kind::Keyword(Keyword::Under) => {
                return Err(self.error("expected `category` before `under`: only it has a tree"));
            }
            _ if negated => {
                return Err(self.error("expected `in`, `between` or `contains` after `not`"));
            }
            _ => {
                return Err(self.error(format!(
                    "expected =, !=, <, <=, >, >=, in, between or contains after {field}"
                )));
            }
        };
        Ok((negated, condition))
    }

    /// `= value` or, negated, `!= value`.
    fn equal(&mut self) -> Result<Option<(bool, Term)>, FilterError> {
        for (symbol, negated) in [("=", false), ("!=", true)] {
            if self.accept(symbol) {
                return Ok(Some((negated, self.value(symbol)?)));
            }
        }
        Ok(None)
    }

    /// `in (a, b)` or `in a..b`
    fn list_or_range(&mut self) -> Result<Condition, FilterError> {
        self.at += 1;
        if self.accept("(") {
            return self.list().map(Condition::In);
        }
        if !matches!(self.kind(), Kind::Word(_) | Kind::Text(_)) {
            return Err(self.error("expected `(` or a range such as 10..20 after `in`"));
        }
        let low = self.value("in")?;
        if !self.accept("..") {
            let expected = "expected `..` and the upper end of the range; a list needs `(`";
            return Err(self.error(expected));
        }
        let high = self.value("..")?;
        self.range(low, high)
    }

    /// `between a and b`
    fn between(&mut self) -> Result<Condition, FilterError> {
        self.at += 1;
        let low = self.value("between")?;
        if !self.accept_keyword(Keyword::And) {
            return Err(self.error("expected `and` and the upper end of `between`"));
        }
        let high = self.value("and")?;
        self.range(low, high)
    }

    /// The rest of a list behind its `(`.
    fn list(&mut self) -> Result<Vec<Term>, FilterError> {
        let mut terms = vec![self.value("(")?];
        while self.accept(",") {
            terms.push(self.value(",")?);
        }
        if self.accept(")") {
            Ok(terms)
        } else {
            Err(self.error("expected `,` or `)` here"))
        }
    }

    /// A range, unless it is plain that nothing can lie in it.
    fn range(&self, low: Term, high: Term) -> Result<Condition, FilterError> {
        let (from, to) = (parse_number(&low.text), parse_number(&high.text));
        if from.is_some() && to.is_some() && from > to {
            let message = format!("expected the upper end to be at least {}", low.text);
            return Err(FilterError::new(self.expression, high.column, message));
        }
        Ok(Condition::Range(low, high))
    }

    /// The field of a predicate, `None` if that is the category.
    fn subject(&mut self, expected: &str) -> Result<Option<Field>, FilterError> {
        let subject = match self.kind() {
            Kind::Word(name) if name.eq_ignore_ascii_case(CATEGORY) => None,
            Kind::Word(name) => Some(Field::named(name.clone())),
            Kind::Name(name) => Some(Field::Attribute(name.clone())),
            Kind::Keyword(_) => {
                let message = format!("{expected}; a field named like a keyword needs backquotes");
                return Err(self.error(message));
            }
            _ => return Err(self.error(expected)),
        };
        self.at += 1;
        Ok(subject)
    }

    fn value(&mut self, after: &str) -> Result<Term, FilterError> {
        let column = self.column();
        let (text, quoted) = match self.kind() {
            Kind::Word(text) => (text.clone(), false),
            Kind::Text(text) => (text.clone(), true),
            Kind::Keyword(_) => {
                return Err(self.error(format!(
                    "expected a value after `{after}`; a keyword needs quotes"
                )));
            }
            _ => return Err(self.error(format!("expected a value after `{after}`"))),
        };
        self.at += 1;
        Ok(match self.unit_behind(&text, quoted) {
            Some(unit) => {
                self.at += 1;
                Term::new(format!("{text} {unit}"), false, column)
            }
            None => Term::new(text, quoted, column),
        })
    }

    /// The unit or currency that follows a number: `500 g`, `20 EUR`.
    fn unit_behind(&self, number: &str, quoted: bool) -> Option<String> {
        let Kind::Word(unit) = self.kind() else {
            return None;
        };
        let is_number = !quoted && AttributeKind::Any.reads(number);
        (is_number && is_unit_word(unit)).then(|| unit.clone())
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = matches!(self.kind(), Kind::Symbol(found) if *found == symbol);
        self.at += usize::from(found);
        found
    }

    fn accept_keyword(&mut self, keyword: Keyword) -> bool {
        let found = *self.kind() == Kind::Keyword(keyword);
        self.at += usize::from(found);
        found
    }

    /// The next token; the last is never taken, so there always is one.
    fn kind(&self) -> &Kind {
        &self.tokens[self.at].kind
    }

    fn column(&self) -> usize {
        self.tokens[self.at].column
    }

    fn error(&self, message: impl Into<String>) -> FilterError {
        FilterError::new(self.expression, self.column(), message)
    }
}

fn single(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}
