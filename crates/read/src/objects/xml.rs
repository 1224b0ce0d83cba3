//! Objects out of XML, one at a time: the elements that repeat, such as the items of a
//! feed.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::UTF_8;
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::Value;

use crate::input::Input;
use crate::lines::MAX_RECORD;
use crate::mended::{Mend, Mended};
use crate::refusal::wrong;
use crate::table::RowError;
use crate::{Error, Result};

use super::around::Around;
use super::element::{Element, column_of, local};
use super::found::Found;
use super::outline::{Kinds, Wanted};
use super::path::{Path, Step};
use super::words::names_a_list;
use super::yml::{OFFER, Shop, is_category, is_feed};

/// How deep elements of a row may be in each other.
const DEPTH: usize = 64;

/// Whether a file that begins like this is XML.
pub(crate) fn is_xml(beginning: &[u8]) -> bool {
    if beginning.starts_with(b"<?xml") || beginning.starts_with(b"<!") {
        return true;
    }
    let [b'<', letter, ..] = beginning else {
        return false;
    };
    // A header that happens to be in angle brackets has something else after them.
    let after = beginning.iter().position(|&byte| byte == b'>');
    let after = after.map(|end| beginning[end + 1..].trim_ascii_start());
    letter.is_ascii_alphabetic() && after.is_some_and(|rest| rest.first() == Some(&b'<'))
}

/// The way to the elements that are rows.
#[derive(Debug)]
pub(crate) struct Way {
    path: Path,
    /// Which of the elements above them tell something of what is in them.
    telling: Vec<bool>,
    /// What else stands among them that is like them.
    beside: Vec<String>,
    /// What the rows are called, if that says that they are no products.
    pub(crate) others: Vec<String>,
}

/// The way to the elements that are rows, by the beginning of a file.
pub(crate) fn way_to_rows(head: &[u8], wanted: Wanted) -> Option<Way> {
    let text = String::from_utf8_lossy(head);
    let mut reader = Reader::from_str(&text);
    reader.config_mut().allow_dangling_amp = true;
    let mut kinds = Kinds::default();
    let mut open: Vec<(usize, Path)> = Vec::new();
    // What is no XML, or is cut, ends what can be known.
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(start) => open.push(seen(&mut kinds, open.last(), &start)),
            Event::Empty(start) => drop(seen(&mut kinds, open.last(), &start)),
            Event::End(_) => drop(open.pop()),
            Event::Text(text) if !text.xml_content(XmlVersion::Implicit1_0).trim().is_empty() => {
                if let Some((object, _)) = open.last() {
                    kinds.text(*object);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let tree = (wanted == Wanted::Categories).then(|| kinds.tree());
    let path = tree.flatten().or_else(|| kinds.rows(wanted))?;
    let mut way = Way {
        telling: kinds.telling(&path),
        beside: kinds.beside(&path),
        others: match wanted {
            Wanted::Products => kinds.no_products(&path),
            Wanted::Categories => Vec::new(),
        },
        path,
    };
    way.shorten();
    Some(way)
}

/// Takes note of an element; returns its number and its path.
fn seen(kinds: &mut Kinds, above: Option<&(usize, Path)>, start: &BytesStart<'_>) -> (usize, Path) {
    if let (Some((above, to)), Some(column)) = (above, column_of(start)) {
        kinds.name(*above, &column);
        // A cell is no object, and what it has is its text.
        return (usize::MAX, to.then(Step::Key(column)));
    }
    let name = local(start.name().as_ref()).to_owned();
    let mut path = Path::default();
    if let Some((above, to)) = above {
        kinds.name(*above, &name);
        path = to.clone();
    }
    if path.0.len() < DEPTH {
        path.0.push(Step::Key(name));
    }
    let object = kinds.object(&path);
    for attribute in start.attributes().with_checks(false).flatten() {
        kinds.name(object, local(attribute.key.as_ref()));
    }
    (object, path)
}

/// Reads the elements at one path.
pub(crate) struct Xml {
    file: String,
    reader: Reader<Bounded>,
    way: Way,
    /// Names of the elements that are open above the rows, and what they say of them.
    open: Vec<String>,
    around: Around,
    buffer: Vec<u8>,
    line: Arc<AtomicU64>,
    left: Arc<AtomicU64>,
    count: u64,
    /// Elements that are left out, though they are called as the rows are, or like them.
    left_out: Option<Mended>,
    /// The categories of a feed whose offers name their numbers.
    shop: Option<Shop>,
}

impl std::fmt::Debug for Xml {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Xml")
            .field("file", &self.file)
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}

impl Xml {
    pub(crate) fn new(input: Input, way: Way) -> Self {
        let file = input.name().to_owned();
        let (line, left) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicU64::new(0)));
        // What is not UTF-8 becomes U+FFFD, for which its row is rejected.
        let text = DecodeReaderBytesBuilder::new()
            .encoding(Some(UTF_8))
            .build(Bytes(input));
        let mut reader = Reader::from_reader(Bounded {
            source: BufReader::new(text),
            line: Arc::clone(&line),
            left: Arc::clone(&left),
        });
        reader.config_mut().allow_dangling_amp = true;
        Self {
            file,
            reader,
            way,
            open: Vec::new(),
            around: Around::default(),
            left_out: None,
            buffer: Vec::new(),
            line,
            left,
            count: 0,
            shop: None,
        }
    }

    /// Whether the numbers of categories are those of the file.
    pub(crate) fn has_own_categories(&self) -> bool {
        self.shop.is_some()
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// What the elements are called.
    pub(crate) fn element(&self) -> &str {
        self.way.path.name()
    }

    /// What the file is, for messages.
    pub(crate) fn format(&self) -> String {
        let of = if self.way.path.is_by_key() { "of " } else { "" };
        format!("XML, elements {of}`{}`", self.element())
    }

    /// What is left out so far.
    pub(crate) fn mended(&self) -> Option<&Mended> {
        self.left_out.as_ref()
    }

    /// The next element at the path.
    ///
    /// # Errors
    /// [`Error::Input`] if the file cannot be read on: XML that is damaged has no end of
    /// the damage.
    pub(crate) fn read(&mut self) -> Result<Option<Found>> {
        loop {
            self.left.store(MAX_RECORD as u64, Ordering::Relaxed);
            let line = self.line.load(Ordering::Relaxed);
            self.buffer.clear();
            let event = self.reader.read_event_into(&mut self.buffer);
            let event = event.map_err(|error| failed(&self.file, line, &error))?;
            let (name, empty) = match &event {
                Event::Start(start) => (local(start.name().as_ref()).to_owned(), false),
                Event::Empty(start) => (local(start.name().as_ref()).to_owned(), true),
                Event::End(_) => {
                    self.open.pop();
                    self.around.close(self.open.len());
                    continue;
                }
                Event::Eof if self.open.is_empty() => return Ok(None),
                Event::Eof => return Err(self.cut()),
                _ => continue,
            };
            let row = match &event {
                Event::Start(start) | Event::Empty(start) => Some(Element::new(start)),
                _ => None,
            };
            self.open.push(name);
            if self.way.path.name() == OFFER && is_feed(&self.open) {
                self.shop.get_or_insert_default();
            }
            let is_category = self.shop.is_some() && is_category(&self.open);
            let is_row = self.way.leads_to(&self.open);
            let is_said = !is_category && !is_row && self.way.says(&self.open);
            if let Some(name) = self.open.last().filter(|_| !is_row)
                && (self.way.is_called(name) || self.way.has_beside(&self.open))
            {
                Mended::count(&mut self.left_out, Mend::LeftElement, line, name);
            }
            let element = match row {
                Some(element) if is_category || is_row || is_said => element,
                Some(element) => {
                    self.keep(element);
                    if empty {
                        self.open.pop();
                        self.around.close(self.open.len());
                    }
                    continue;
                }
                None => continue,
            };
            self.open.pop();
            let found = if empty {
                Ok(element)
            } else {
                self.row(element)?
            };
            if is_said {
                if let Ok(element) = found {
                    self.say(element);
                }
                continue;
            }
            if is_category {
                if let (Some(shop), Ok(category)) = (&mut self.shop, found.and_then(Element::row)) {
                    shop.add(&category);
                }
                continue;
            }
            self.count += 1;
            let left = self.left.load(Ordering::Relaxed) as usize;
            let mut row = found.and_then(Element::row);
            if let (Some(shop), Ok(offer)) = (&self.shop, &mut row) {
                shop.complete(offer);
            }
            if let Ok(object) = &mut row {
                for depth in (1..=self.open.len()).rev() {
                    self.around.add_to(object, depth);
                }
            }
            return Ok(Some(Found {
                line,
                number: self.count,
                size: MAX_RECORD.saturating_sub(left),
                row: row.map_err(|message| RowError::new(line, message)),
                repeated: None,
            }));
        }
    }

    /// Keeps what an element on the way to rows says of them by its attributes.
    fn keep(&mut self, element: Element) {
        let depth = self.open.len();
        if let Some(name) = self.open.last().filter(|_| self.way.is_named(&self.open)) {
            self.around.put_name(depth, name.clone());
        }
        if let Some(name) = self.open.last().filter(|_| self.way.tells(&self.open)) {
            for (key, value) in element.fields() {
                if Around::takes(key) {
                    self.around.put(depth, name, key, value.clone());
                }
            }
        }
    }

    /// Keeps what an element says of the rows beside it by its text.
    fn say(&mut self, element: Element) {
        if let (Some(name), Some(text)) = (self.open.last(), element.only_text()) {
            let value = Value::String(text.to_owned());
            let depth = self.open.len();
            self.around.put(depth, name, element.name(), value);
        }
    }

    /// Everything up to the end of the row, or why it is none.
    fn row(&mut self, row: Element) -> Result<std::result::Result<Element, String>> {
        let mut open = vec![row];
        // Elements that are too deep are read, and not kept.
        let mut deeper = 0usize;
        loop {
            let line = self.line.load(Ordering::Relaxed);
            self.buffer.clear();
            let event = self.reader.read_event_into(&mut self.buffer);
            let event = event.map_err(|error| failed(&self.file, line, &error))?;
            let full = open.len() >= DEPTH;
            let Some(element) = open.last_mut() else {
                return Ok(Err("the element has no end".to_owned()));
            };
            match event {
                Event::Start(_) if full => deeper += 1,
                Event::End(_) if deeper > 0 => deeper -= 1,
                _ if deeper > 0 && event != Event::Eof => {}
                Event::Start(start) => open.push(Element::new(&start)),
                Event::Empty(start) => element.add(Element::new(&start)),
                Event::Text(text) => element.text(&text.xml_content(XmlVersion::Implicit1_0)),
                Event::CData(text) => element.text(&text.xml_content(XmlVersion::Implicit1_0)),
                Event::GeneralRef(reference) => element.text(&resolved(&reference)),
                Event::End(_) => {
                    if let Some(whole) = open.pop() {
                        match open.last_mut() {
                            Some(above) => above.add(whole),
                            None => return Ok(Ok(whole)),
                        }
                    }
                }
                Event::Eof => return Err(self.cut()),
                _ => {}
            }
        }
    }

    fn cut(&self) -> Error {
        let message = format!(
            "the XML ends in the middle, after {} whole elements; the file was cut off",
            self.count
        );
        wrong(&self.file, None, message)
    }
}

impl Way {
    /// Leaves out what is in its own kind: categories may be in categories.
    fn shorten(&mut self) {
        for at in (1..self.path.0.len().saturating_sub(1)).rev() {
            if self.path.0[at] == self.path.0[at - 1] {
                self.path.0.remove(at);
                self.telling.remove(at);
            }
        }
    }

    /// Whether the last of the elements that are open is a row.
    fn leads_to(&self, open: &[String]) -> bool {
        let (Some((name, above)), Some(step)) = (open.split_last(), self.path.0.last()) else {
            return false;
        };
        is(step, name) && self.depth(above) == Some(self.telling.len())
    }

    /// Whether a name is that of the rows.
    fn is_called(&self, name: &str) -> bool {
        matches!(self.path.0.last(), Some(Step::Key(row)) if row == name)
    }

    /// Whether the last of the elements that are open is like rows, and stands among them.
    fn has_beside(&self, open: &[String]) -> bool {
        let Some((name, above)) = open.split_last() else {
            return false;
        };
        self.beside.contains(name) && self.depth(above) == Some(self.telling.len())
    }

    /// How many of the steps the elements that are open have gone; none if they are on
    /// another way.
    fn depth(&self, open: &[String]) -> Option<usize> {
        let mut steps = self.path.0.iter().take(self.telling.len());
        let outer = open.iter().enumerate();
        let outer = outer.filter(|(at, name)| *at == 0 || open[at - 1] != **name);
        let mut depth = 0;
        for (_, name) in outer {
            if !steps.next().is_some_and(|step| is(step, name)) {
                return None;
            }
            depth += 1;
        }
        Some(depth)
    }

    /// Whether the last of the elements that are open tells something of the rows in it.
    fn tells(&self, open: &[String]) -> bool {
        let depth = self.depth(open).and_then(|depth| depth.checked_sub(1));
        depth.is_some_and(|at| self.telling.get(at) == Some(&true))
    }

    /// Whether its name does.
    fn is_named(&self, open: &[String]) -> bool {
        let depth = self.depth(open).and_then(|depth| depth.checked_sub(1));
        depth.is_some_and(|at| self.path.0.get(at) == Some(&Step::Any))
    }

    /// Whether the last of the elements that are open is the name or so of one that tells
    /// something.
    fn says(&self, open: &[String]) -> bool {
        let Some((name, above)) = open.split_last() else {
            return false;
        };
        Around::takes(name) && self.tells(above) && self.depth(open).is_none()
    }
}

fn is(step: &Step, name: &str) -> bool {
    match step {
        Step::Key(key) => key == name,
        Step::Any => names_a_list(name),
        Step::Each => false,
    }
}

/// What a reference stands for: a character, or one of the five names that XML has. The
/// names that a file defines itself are not looked up: they can grow without bound, or
/// lead to other files.
fn resolved(reference: &BytesRef<'_>) -> String {
    let name = reference.xml_content(XmlVersion::Implicit1_0);
    match reference.resolve_char_ref() {
        Ok(Some(letter)) => letter.to_string(),
        _ => match quick_xml::escape::resolve_xml_entity(&name) {
            Some(text) => text.to_owned(),
            None => format!("&{name};"),
        },
    }
}

fn failed(file: &str, line: u64, error: &quick_xml::Error) -> Error {
    if let quick_xml::Error::Io(error) = error {
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<Error>());
        return match inner {
            Some(error) => error.clone(),
            None => wrong(file, Some(line), error.to_string()),
        };
    }
    wrong(file, Some(line), format!("not valid XML: {error}"))
}

/// The bytes of an input.
struct Bytes(Input);

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.0.fill().map_err(io::Error::other)?;
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        self.0.consume(count);
        Ok(count)
    }
}

/// Counts lines, and ends a row that has no end.
struct Bounded {
    source: BufReader<DecodeReaderBytes<Bytes, Vec<u8>>>,
    line: Arc<AtomicU64>,
    /// Bytes that may still be read.
    left: Arc<AtomicU64>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Bounded {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let bytes = self.source.fill_buf()?;
        if !bytes.is_empty() && self.left.load(Ordering::Relaxed) == 0 {
            let mib = MAX_RECORD / (1024 * 1024);
            let message = format!("an element is longer than {mib} MiB, which no product is");
            return Err(io::Error::other(message));
        }
        Ok(bytes)
    }

    fn consume(&mut self, count: usize) {
        let bytes = self.source.buffer();
        let passed = &bytes[..count.min(bytes.len())];
        let lines = passed.iter().filter(|&&byte| byte == b'\n').count();
        self.line.fetch_add(lines as u64, Ordering::Relaxed);
        let left = self.left.load(Ordering::Relaxed);
        self.left
            .store(left.saturating_sub(count as u64), Ordering::Relaxed);
        self.source.consume(count);
    }
}
