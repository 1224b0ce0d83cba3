//! Objects out of JSON of any size, one at a time.

use serde_json::Value;

use crate::Result;
use crate::input::Input;
use crate::lines::MAX_RECORD;
use crate::mended::{Mend, Mended};
use crate::table::RowError;

use super::around::Around;
use super::by_key::KEY;
use super::found::{Found, apart, parsed};
use super::held::Held;
use super::outline::{Wanted, is_list_of};
use super::path::{Path, Step};
use super::words::{is_below_categories, is_of_categories, names_a_list};

/// The longest key that is read, in bytes; no step of a path is longer.
const MAX_KEY: usize = 64 * 1024;

/// How much of an array that is passed over is looked at.
const LOOKED_AT: usize = 4096;

/// Reads the objects at one path. Of all the rest it keeps nothing.
#[derive(Debug)]
pub(crate) struct Stream {
    input: Input,
    path: Path,
    /// What is open on the way to the next object.
    open: Vec<Open>,
    line: u64,
    elements: u64,
    wanted: Wanted,
    /// What the objects around the next one say of it.
    around: Around,
    /// What is read of the object around the next one, which may say more.
    held: Held,
    /// Why the file cannot be read on, behind what is held.
    failed: Option<crate::Error>,
    /// Arrays that are passed over, and have objects as the path leads to.
    left: Option<Mended>,
}

/// An array or an object on the way.
#[derive(Debug)]
struct Open {
    /// The number of the step that leads on from it.
    step: usize,
    /// Whether it is an object; the key of one whose value is next.
    is_object: bool,
    key: Option<Vec<u8>>,
}

/// How a value ended.
#[derive(PartialEq, Eq)]
enum End {
    Whole,
    TooLong,
    /// The file ended before it.
    Cut,
}

impl Stream {
    pub(crate) fn new(input: Input, path: Path, wanted: Wanted) -> Self {
        Self {
            input,
            around: Around::default(),
            held: Held::default(),
            failed: None,
            wanted,
            left: None,
            path,
            open: Vec::new(),
            line: 1,
            elements: 0,
        }
    }

    pub(crate) fn is_by_key(&self) -> bool {
        self.path.is_by_key()
    }

    /// Arrays so far that are passed over, and have objects like those that are read; and
    /// keys that came too late.
    pub(crate) fn mended(&self) -> impl Iterator<Item = &Mended> {
        self.left.iter().chain(self.held.late())
    }

    pub(crate) fn input(&self) -> &Input {
        &self.input
    }

    /// The next object at the path.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if the file cannot be read on, or ends in the
    /// middle.
    pub(crate) fn read(&mut self) -> Result<Option<Found>> {
        loop {
            let whole = self.failed.is_some() || !self.is_said_of();
            if let Some(found) = self.held.next(whole, &self.around) {
                return Ok(Some(found));
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) => self.failed = Some(error),
            }
        }
    }

    /// Reads on by a key or a value; returns whether there was one.
    fn step(&mut self) -> Result<bool> {
        let Some(byte) = self.next_byte()? else {
            return match self.open.is_empty() {
                true => Ok(false),
                false => Err(self.cut()),
            };
        };
        match byte {
            b'}' | b']' => {
                self.advance(1)?;
                if self.open.pop().is_some() {
                    self.held.close(&self.around);
                }
                self.around.close(self.open.len());
                self.value_is_over();
            }
            b'"' if self
                .open
                .last()
                .is_some_and(|open| open.is_object && open.key.is_none()) =>
            {
                let mut key = Vec::new();
                if self.string(Some((&mut key, MAX_KEY)))? == End::Cut {
                    return Err(self.cut());
                }
                if let Some(open) = self.open.last_mut() {
                    open.key = Some(key);
                }
            }
            _ => self.value(byte)?,
        }
        Ok(true)
    }

    /// Takes a value: goes into it if it is on the way, keeps it if it is at the end.
    fn value(&mut self, byte: u8) -> Result<()> {
        if !self.is_on_the_way() {
            return match byte == b'[' && self.has_categories_below() {
                true => self.enter(self.step_here().saturating_sub(2), false),
                false => self.skip(byte),
            };
        }
        let step = self.step_here();
        match (self.path.0.get(step), byte) {
            (None, _) => {
                let found = self.element(byte)?;
                self.held.put(found);
                Ok(())
            }
            (Some(Step::Each), b'[') => self.enter(step, false),
            (Some(Step::Key(_) | Step::Any), b'{') => self.enter(step, true),
            _ => self.skip(byte),
        }
    }

    fn enter(&mut self, step: usize, is_object: bool) -> Result<()> {
        if self.last_step() == Some(&Step::Any)
            && let Some(name) = self.open_key()
        {
            self.around.put_name(self.open.len() + 1, name);
        }
        self.open.push(Open {
            step,
            is_object,
            key: None,
        });
        self.held.open(self.elements);
        self.advance(1)
    }

    /// Whether an object is open that may say more of those in it: one of several.
    fn is_said_of(&self) -> bool {
        let inner = self.several().map(|at| &self.open[at + 1..]);
        inner.is_some_and(|inner| inner.iter().any(|open| open.is_object))
    }

    /// The outermost of what is open that holds several on the way, if it holds one now.
    fn several(&self) -> Option<usize> {
        let (_, outer) = self.open.split_last()?;
        let holds = |open: &Open| !matches!(self.path.0.get(open.step), Some(Step::Key(_)));
        outer.iter().position(holds)
    }

    /// The number of the step that leads on from the value that is next.
    fn step_here(&self) -> usize {
        self.open.last().map_or(0, |open| open.step + 1)
    }

    /// The step that leads to the value that is next.
    fn last_step(&self) -> Option<&Step> {
        self.path.0.get(self.open.last()?.step)
    }

    /// The key of the value that is next, in an object.
    fn open_key(&self) -> Option<String> {
        let raw = self.open.last()?.key.as_ref()?;
        serde_json::from_slice(raw).ok()
    }

    /// Whether the value that is next is what the path leads to so far.
    fn is_on_the_way(&self) -> bool {
        let is_row = self.step_here() == self.path.0.len();
        match self.last_step() {
            Some(Step::Key(wanted)) => self.open_key().is_some_and(|key| key == *wanted),
            Some(Step::Any) if !is_row => self.open_key().is_some_and(|key| names_a_list(&key)),
            _ => true,
        }
    }

    /// Whether the value that is next is what is called as categories in a category are.
    fn has_categories_below(&self) -> bool {
        let here = self
            .open
            .last()
            .filter(|open| open.is_object && open.step > 0);
        let is_one = here.is_some_and(|open| {
            self.path.0.get(open.step - 1) == Some(&Step::Each)
                && is_of_categories(self.path.name_above(open.step))
        });
        let is_wanted = self.wanted == Wanted::Products && is_one;
        is_wanted && self.open_key().is_some_and(|key| is_below_categories(&key))
    }

    /// The value that begins with `byte`, as a row.
    fn element(&mut self, byte: u8) -> Result<Found> {
        let line = self.line;
        let key = self.key();
        let mut raw = Vec::new();
        let end = self.take(byte, Some((&mut raw, MAX_RECORD)))?;
        if end == End::Cut {
            return Err(self.cut());
        }
        self.elements += 1;
        let row = match self.input.text(&raw) {
            _ if end == End::TooLong => Err(RowError::too_long(line)),
            Ok(text) => parsed(line, text, "the element").map(|(mut object, repeated)| {
                object.extend(key.map(|key| (KEY.to_owned(), Value::String(key))));
                (object, repeated)
            }),
            Err(bad) => Err(RowError::new(line, bad.refusal.within("the element"))),
        };
        let (row, repeated) = apart(row);
        Ok(Found {
            line,
            number: self.elements,
            size: raw.len(),
            row,
            repeated,
        })
    }

    /// The key of the element that is next, where elements stand by key.
    fn key(&self) -> Option<String> {
        self.open_key().filter(|_| self.is_by_key())
    }

    /// Passes over a value, and keeps what it says of the objects that follow.
    fn skip(&mut self, byte: u8) -> Result<()> {
        let key = self.open_key().unwrap_or_default();
        if matches!(byte, b'[' | b'{') && self.path.is_array() {
            let beginning = self.input.fill()?;
            let beginning = &beginning[..beginning.len().min(LOOKED_AT)];
            if is_list_of(self.wanted, self.path.name(), &key, beginning) {
                Mended::count(&mut self.left, Mend::LeftArray, self.line, &key);
            }
        }
        let depth = self.open.len();
        let mut raw = Vec::new();
        let keeps = !matches!(byte, b'[' | b'{') && self.several().is_some() && Around::takes(&key);
        let end = self.take(byte, keeps.then_some((&mut raw, MAX_KEY)))?;
        if let Ok(value) = serde_json::from_slice(&raw) {
            self.held.key(self.line, &key);
            self.around
                .put(depth, self.path.name_above(self.step_here()), &key, value);
        }
        match end {
            End::Cut if !self.open.is_empty() || matches!(byte, b'{' | b'[' | b'"') => {
                Err(self.cut())
            }
            _ => Ok(()),
        }
    }

    /// Passes over the value that begins with `byte`, and keeps it if there is a place.
    fn take(&mut self, byte: u8, keep: Option<(&mut Vec<u8>, usize)>) -> Result<End> {
        let end = match byte {
            b'{' | b'[' => self.nested(keep)?,
            b'"' => self.string(keep)?,
            _ => self.word(keep)?,
        };
        self.value_is_over();
        Ok(end)
    }

    fn value_is_over(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.key = None;
        }
    }

    fn nested(&mut self, keep: Option<(&mut Vec<u8>, usize)>) -> Result<End> {
        let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
        self.scan(keep, |byte| {
            if quoted {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => quoted = false,
                    _ => {}
                }
                return Take::More;
            }
            match byte {
                b'"' => quoted = true,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            match depth {
                0 => Take::Last,
                _ => Take::More,
            }
        })
    }

    fn string(&mut self, keep: Option<(&mut Vec<u8>, usize)>) -> Result<End> {
        let (mut begun, mut escaped) = (false, false);
        self.scan(keep, |byte| {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' if begun => return Take::Last,
                _ => begun = true,
            }
            Take::More
        })
    }

    /// A number, `true`, or whatever stands where a value should.
    fn word(&mut self, keep: Option<(&mut Vec<u8>, usize)>) -> Result<End> {
        let end = self.scan(keep, |byte| match byte {
            b',' | b']' | b'}' | b'[' | b'{' | b'"' => Take::Before,
            byte if byte.is_ascii_whitespace() => Take::Before,
            _ => Take::More,
        })?;
        // The end of the file ends a word as well.
        Ok(match end {
            End::Cut => End::Whole,
            end => end,
        })
    }

    /// Passes over bytes until `judge` has the last one.
    fn scan(
        &mut self,
        mut keep: Option<(&mut Vec<u8>, usize)>,
        mut judge: impl FnMut(u8) -> Take,
    ) -> Result<End> {
        let mut too_long = false;
        loop {
            let bytes = self.input.fill()?;
            if bytes.is_empty() {
                return Ok(End::Cut);
            }
            let mut over = None;
            for (at, &byte) in bytes.iter().enumerate() {
                match judge(byte) {
                    Take::More => {}
                    Take::Last => over = Some(at + 1),
                    Take::Before => over = Some(at),
                }
                if over.is_some() {
                    break;
                }
            }
            let count = over.unwrap_or(bytes.len());
            if let Some((kept, room)) = &mut keep {
                too_long |= kept.len() + count > *room;
                match too_long {
                    true => kept.clear(),
                    false => kept.extend_from_slice(&bytes[..count]),
                }
            }
            self.advance(count)?;
            if over.is_some() {
                return Ok(if too_long { End::TooLong } else { End::Whole });
            }
        }
    }

    /// The next byte that is no blank, comma or colon.
    fn next_byte(&mut self) -> Result<Option<u8>> {
        loop {
            let bytes = self.input.fill()?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let between = |byte: &u8| byte.is_ascii_whitespace() || b",:".contains(byte);
            let at = bytes.iter().position(|byte| !between(byte));
            let (count, found) = (at.unwrap_or(bytes.len()), at.map(|at| bytes[at]));
            self.advance(count)?;
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    fn advance(&mut self, count: usize) -> Result<()> {
        let bytes = self.input.fill()?;
        let passed = &bytes[..count.min(bytes.len())];
        let (length, lines) = (
            passed.len(),
            passed.iter().filter(|&&byte| byte == b'\n').count(),
        );
        self.line += lines as u64;
        self.input.consume(length);
        Ok(())
    }

    fn cut(&self) -> crate::Error {
        let message = format!(
            "the JSON ends in the middle, after {} whole elements; the file was cut off",
            self.elements
        );
        self.input.error(None, message)
    }
}

/// Whether a byte is part of a value.
enum Take {
    More,
    Last,
    Before,
}
