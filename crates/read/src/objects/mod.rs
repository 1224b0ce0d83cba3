//! Rows that are objects: of JSON in its many forms, and of XML.

use std::collections::{HashSet, VecDeque};

use crate::Result;
use crate::input::Input;
use crate::json::{Object, flatten};
use crate::mended::{Mend, Mended};
use crate::refusal::{Refusal, wrong};
use crate::table::RowError;
use crate::translated::part_by_language;

use found::Found;
use json_lines::JsonLines;
use stream::Stream;
use xml::{Xml, is_xml};

pub(crate) use by_key::KEY;
pub(crate) use outline::Wanted;
pub(crate) use words::{is_attribute, is_of_children};

mod around;
mod by_key;
mod element;
mod found;
mod held;
mod inside;
mod json_lines;
mod outline;
mod path;
mod stream;
mod tokens;
mod value;
mod words;
mod xml;
mod yml;

/// How many objects are looked at to learn the keys, the first alone may lack what is
/// optional; and how many bytes at most.
const SAMPLE: usize = 100;
const SAMPLE_BYTES: usize = 16 * 1024 * 1024;

/// Reads the objects of a file one by one.
#[derive(Debug)]
pub(crate) struct Objects {
    source: Source,
    format: String,
    /// Whether lines do not tell objects apart.
    one_line: bool,
    /// What was read ahead for its keys.
    ahead: VecDeque<Result<Found>>,
    /// Number of the object that was read last.
    number: u64,
    /// Objects so far in which a key stands twice.
    repeated: Option<Mended>,
    wanted: Wanted,
    /// The key under which objects keep all but their ids.
    inner: Option<&'static str>,
}

#[derive(Debug)]
enum Source {
    Lines(Box<JsonLines>),
    Stream(Box<Stream>),
    Xml(Box<Xml>),
}

impl Objects {
    /// Whether a file that begins like this holds objects.
    pub(crate) fn recognise(beginning: &[u8]) -> bool {
        is_json(beginning) || is_xml(beginning)
    }

    /// Takes an input that [`Self::recognise`] has accepted, and finds the objects in it.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if there are none.
    pub(crate) fn open(input: Input, wanted: Wanted) -> Result<Self> {
        let head = input.head();
        let one_line = !head.trim_ascii().contains(&b'\n');
        let (source, format) = match is_xml(head.trim_ascii_start()) {
            true => of_xml(input, wanted)?,
            false => of_json(input, wanted)?,
        };
        Ok(Self {
            source,
            format,
            one_line,
            ahead: VecDeque::new(),
            number: 0,
            repeated: None,
            wanted,
            inner: None,
        })
    }

    /// What the file is, for messages.
    pub(crate) fn format(&self) -> &str {
        &self.format
    }

    /// What the elements of XML are called that the objects are; none of JSON.
    pub(crate) fn element(&self) -> Option<&str> {
        match &self.source {
            Source::Xml(xml) => Some(xml.element()),
            _ => None,
        }
    }

    /// Whether the objects stand by keys, which are values of [`KEY`].
    pub(crate) fn is_by_key(&self) -> bool {
        matches!(&self.source, Source::Stream(stream) if stream.is_by_key())
    }

    /// Whether the file has categories of its own, whose numbers its objects name.
    pub(crate) fn has_own_categories(&self) -> bool {
        matches!(&self.source, Source::Xml(xml) if xml.has_own_categories())
    }

    /// The keys of the first objects, flattened, in the order they appear.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if there is no object, with what is wrong
    /// with the first.
    pub(crate) fn keys(&mut self) -> Result<Vec<String>> {
        let mut size = 0;
        while self.ahead.len() < SAMPLE && size < SAMPLE_BYTES {
            let Some(found) = self.source.read().transpose() else {
                break;
            };
            size += found.as_ref().map_or(0, |found| found.size);
            // What cannot be read on is told after what can be read.
            let last = found.is_err();
            self.ahead.push_back(found);
            if last {
                break;
            }
        }
        let keys = self.keys_ahead();
        if !keys.is_empty() {
            return Ok(keys);
        }
        Err(match self.ahead.pop_front() {
            None => self.error(None, "there is no object in it"),
            Some(Err(error)) => error,
            Some(Ok(found)) => match self.told(found).1 {
                Ok(_) => self.error(None, "the objects in it have no keys"),
                Err(error) => self.error(Some(error.line), error.refusal()),
            },
        })
    }

    /// The keys of the objects that were read ahead, which are first brought out of what they
    /// stand in.
    fn keys_ahead(&mut self) -> Vec<String> {
        let ahead = self.ahead.iter().flatten();
        let objects = ahead.filter_map(|found| found.row.as_ref().ok());
        if self.wanted == Wanted::Products {
            self.inner = inside::inner_key(objects);
        }
        let is_xml = matches!(self.source, Source::Xml(_));
        let (mut keys, mut known) = (Vec::new(), HashSet::new());
        for found in self.ahead.iter_mut().flatten() {
            let Ok(object) = &mut found.row else {
                continue;
            };
            if let Some(inner) = self.inner {
                inside::bring_out(object, inner);
            }
            if self.wanted == Wanted::Products && is_xml {
                part_by_language(object);
            }
            flatten(object, &mut |key, _| {
                if known.insert(key.to_owned()) {
                    keys.push(key.to_owned());
                }
            });
        }
        keys
    }

    /// The next object with its line, or why it is none; `None` at the end.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) if the file cannot be read on.
    pub(crate) fn read(&mut self) -> Result<Option<std::result::Result<(u64, Object), RowError>>> {
        let found = match self.ahead.pop_front() {
            Some(found) => Some(found?),
            None => self.source.read()?.map(|mut found| {
                if let (Some(inner), Ok(object)) = (self.inner, &mut found.row) {
                    inside::bring_out(object, inner);
                }
                if let (Wanted::Products, Source::Xml(_), Ok(object)) =
                    (self.wanted, &self.source, &mut found.row)
                {
                    part_by_language(object);
                }
                found
            }),
        };
        let Some(found) = found else {
            return Ok(None);
        };
        self.number = found.number;
        if let Some(key) = &found.repeated {
            Mended::count(&mut self.repeated, Mend::RepeatedKey, found.line, key);
        }
        let (line, row) = self.told(found);
        Ok(Some(row.map(|object| (line, object))))
    }

    /// What was read so far otherwise than it stands.
    pub(crate) fn mended(&self) -> impl Iterator<Item = &Mended> {
        let (stream, single) = match &self.source {
            Source::Stream(stream) => (Some(stream.mended()), None),
            Source::Xml(xml) => (None, xml.mended()),
            Source::Lines(lines) => (None, lines.mended()),
        };
        let left = stream.into_iter().flatten().chain(single);
        self.repeated.iter().chain(left)
    }

    /// Where in its line the object is that was read last, if the line alone does not
    /// tell: `element 3`.
    pub(crate) fn place(&self) -> Option<String> {
        self.one_line.then(|| format!("element {}", self.number))
    }

    /// Whether objects were read ahead that [`Self::read`] gives next.
    pub(crate) fn is_ahead(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// An [`Error::Input`](crate::Error::Input) about this file.
    pub(crate) fn error(&self, line: Option<u64>, refusal: impl Into<Refusal>) -> crate::Error {
        match &self.source {
            Source::Lines(lines) => lines.error(line, refusal),
            Source::Stream(stream) => stream.input().error(line, refusal),
            Source::Xml(xml) => wrong(xml.file(), line, refusal),
        }
    }

    fn told(&self, found: Found) -> (u64, std::result::Result<Object, RowError>) {
        let row = found.row.map_err(|mut error| {
            if self.one_line {
                error.message = format!("element {}: {}", found.number, error.message);
            }
            error
        });
        (found.line, row)
    }
}

fn of_xml(input: Input, wanted: Wanted) -> Result<(Source, String)> {
    let Some(way) = xml::way_to_rows(input.head(), wanted) else {
        return Err(input.error(None, "this is XML without any element that could be a row"));
    };
    refuse_others(&input, &way.others)?;
    let xml = Xml::new(input, way);
    let format = xml.format();
    Ok((Source::Xml(Box::new(xml)), format))
}

fn of_json(input: Input, wanted: Wanted) -> Result<(Source, String)> {
    let Some((path, others)) = outline::rows_of(input.head(), wanted) else {
        let message = "this is JSON without any object that could be a row; expected objects such as {\"id\": 1, \"title\": \"…\"}, one per line or in an array";
        return Err(input.error(None, message));
    };
    refuse_others(&input, &others)?;
    if path.0.is_empty() && JsonLines::recognise(input.head()) {
        let lines = Box::new(JsonLines::new(input));
        return Ok((Source::Lines(lines), "JSON Lines".to_owned()));
    }
    let format = path.format();
    Ok((
        Source::Stream(Box::new(Stream::new(input, path, wanted))),
        format,
    ))
}

/// Refuses a file whose lists, of those names, have no products.
fn refuse_others(input: &Input, names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let message = format!(
        "there are no products in it: what has an id and a name in it is called {}",
        names.join(", ")
    );
    Err(input.error(None, message))
}

impl Source {
    fn read(&mut self) -> Result<Option<Found>> {
        match self {
            Self::Lines(lines) => lines.read(),
            Self::Stream(stream) => stream.read(),
            Self::Xml(xml) => xml.read(),
        }
    }
}

/// Whether a file is JSON of some kind: it begins with an object or an array, perhaps
/// after a line that is a text.
fn is_json(beginning: &[u8]) -> bool {
    match beginning {
        [b'{' | b'[', ..] => true,
        [b'"', ..] => {
            let mut lines = beginning.split(|&byte| byte == b'\n');
            let first = lines.next().unwrap_or_default();
            let next = lines.next().unwrap_or_default().trim_ascii_start();
            serde_json::from_slice::<String>(first).is_ok()
                && (next.starts_with(b"{\"") || next.starts_with(b"[{\""))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
