//! Files and streams of Arrow.
//!
//! A file is a stream between two marks, with a table of its parts at the end, and is
//! read as one. Messages are looked at before they are decoded: what says that it is
//! larger than any is damaged, or made to harm.

use std::collections::{HashSet, VecDeque};
use std::io::{Cursor, Read};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::{Field, Message, RecordBatch as Described, root_as_message};
use arrow_schema::{ArrowError, Schema, SchemaRef};

/// A stream of bytes.
type Source = Box<dyn Read + Send>;

/// Most bytes of the description of a batch, and of a batch, unpacked or not.
const MOST_DESCRIPTION: usize = 256 << 20;
const MOST_BATCH: u64 = 4 << 30;

/// Bytes of a schema, at least, and at most where they are not counted; how many marks in
/// it could be that of the next message.
const LEAST_SCHEMA: usize = 48;
const MOST_BARE: usize = 16 << 20;
const MOST_MARKS: usize = 64;

/// Most bytes of batches that come before the dictionaries of a file.
const MOST_HELD: usize = 1 << 30;

/// How every message begins.
const MARK: [u8; 4] = [0xff; 4];

/// The mark at both ends of a file; at its beginning with two bytes that fill it up.
const FILE_MARK: &[u8] = b"ARROW1";
const FILE_START: usize = 8;

/// Reads batch after batch.
pub(super) struct ArrowBatches {
    source: Source,
    decoder: StreamDecoder,
    schema: SchemaRef,
    /// A message that is being decoded.
    message: Buffer,
    at_start: bool,
    ended: bool,
    /// Dictionaries that were not met yet, and messages that were read before they were.
    awaited: HashSet<i64>,
    held: VecDeque<Buffer>,
    /// Whether it is a file, which ends with a mark.
    is_file: bool,
    number: u64,
}

impl ArrowBatches {
    /// Reads the schema.
    ///
    /// # Errors
    /// What is wrong, as a predicate about the file.
    pub(super) fn open(mut source: Source, is_file: bool) -> Result<Self, String> {
        if is_file {
            take(&mut source, FILE_START)?;
        }
        let mut batches = Self {
            source,
            decoder: StreamDecoder::new(),
            schema: SchemaRef::new(Schema::empty()),
            message: Buffer::from([]),
            at_start: is_file,
            ended: false,
            awaited: HashSet::new(),
            held: VecDeque::new(),
            is_file,
            number: 0,
        };
        let first = batches.read_message()?;
        let first = first.ok_or_else(|| "has no schema".to_owned())?;
        let Kind::Schema(schema, dictionaries) = first.kind else {
            return Err(damaged(&"it does not begin with a schema"));
        };
        batches.schema = schema.into();
        batches.message = first.bytes;
        // In a stream a dictionary may be another later, so that their order counts.
        batches.awaited = if is_file {
            dictionaries
        } else {
            HashSet::new()
        };
        Ok(batches)
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next batch; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>, String> {
        let found = self.next_batch();
        found.map_err(|error| format!("{error} (in batch {})", self.number + 1))
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, String> {
        loop {
            let decoded = self.decoder.decode(&mut self.message);
            let decoded = decoded.map_err(|error| match error {
                ArrowError::IpcError(error) | ArrowError::ParseError(error) => damaged(&error),
                error => damaged(&error),
            })?;
            if let Some(batch) = decoded {
                self.number += 1;
                return Ok(Some(batch));
            }
            if self.ended {
                return Ok(None);
            }
            // The decoder ends a message without a body when it has the next.
            let end = [&MARK[..], &[0; 4]].concat();
            let next = self.next_message()?;
            self.ended = next.is_none();
            self.message = next.unwrap_or_else(|| end.into());
        }
    }

    /// The next message; none at the end. Those of dictionaries come before those of
    /// batches: polars writes them behind.
    fn next_message(&mut self) -> Result<Option<Buffer>, String> {
        let (mut batches, mut size, mut at_end) = (VecDeque::new(), 0, false);
        while !self.awaited.is_empty() {
            let Some(message) = self.read_message()? else {
                at_end = true;
                break;
            };
            if let Kind::Dictionary(id) = message.kind {
                self.awaited.remove(&id);
                self.held.push_back(message.bytes);
                continue;
            }
            size += message.bytes.len();
            batches.push_back(message.bytes);
            if size > MOST_HELD {
                let most = MOST_HELD >> 30;
                return Err(format!(
                    "has its dictionaries behind more than {most} GiB of batches; write it as Parquet, or as a stream"
                ));
            }
        }
        self.awaited.clear();
        self.held.extend(batches);
        if at_end {
            // Behind the end nothing is read.
            self.source = Box::new(std::io::empty());
            self.is_file = false;
        }
        match self.held.pop_front() {
            Some(message) => Ok(Some(message)),
            None => Ok(self.read_message()?.map(|message| message.bytes)),
        }
    }

    /// The next message with its body; none at the end.
    fn read_message(&mut self) -> Result<Option<Whole>, String> {
        let mut start = self.word()?;
        // Before the first message is what fills up the mark of a file.
        while self.at_start && start == [0; 4] {
            start = self.word()?;
        }
        let is_first = std::mem::take(&mut self.at_start);
        if is_first && start != MARK && word_of(&start).is_some_and(|word| word < LEAST_SCHEMA) {
            return self.bare_schema(start).map(Some);
        }
        if start.is_empty() && !self.is_file {
            return Ok(None);
        }
        if start == MARK {
            start.extend(take(&mut self.source, 4)?);
        }
        let length = word_of(&start).ok_or_else(cut_off)?;
        if length == 0 {
            self.end()?;
            return Ok(None);
        }
        if length > MOST_DESCRIPTION {
            return Err(damaged(&"the length of a message is none"));
        }
        let mut message = start;
        let described = take(&mut self.source, length)?;
        let about = root_as_message(&described).map_err(|error| damaged(&error))?;
        let size = u64::try_from(about.bodyLength()).ok();
        let size = size.filter(|size| *size <= MOST_BATCH);
        let size = size.ok_or_else(|| damaged(&"the length of a batch is none"))?;
        let body = take(&mut self.source, size as usize)?;
        check_unpacked(&about, &body)?;
        let kind = Kind::of(&about)?;
        message.extend_from_slice(&described);
        message.extend_from_slice(&body);
        let bytes = message.into();
        Ok(Some(Whole { bytes, kind }))
    }

    /// The schema of a file by polars, which begins with `start` and has no length before
    /// it: it ends where the next message begins.
    fn bare_schema(&mut self, start: Vec<u8>) -> Result<Whole, String> {
        let mut described = start;
        let mut marks = 0;
        while described.len() < MOST_BARE && marks < MOST_MARKS {
            let word = self.word()?;
            let is_mark = word == MARK && described.len().is_multiple_of(8);
            if is_mark && let Some(kind) = schema_of(&described)? {
                let rest = std::mem::replace(&mut self.source, Box::new(std::io::empty()));
                self.source = Box::new(Cursor::new(MARK).chain(rest));
                let length = (described.len() as u32).to_le_bytes();
                let bytes = [&MARK[..], &length, &described].concat().into();
                return Ok(Whole { bytes, kind });
            }
            marks += usize::from(is_mark);
            if word.len() < MARK.len() {
                break;
            }
            described.extend(word);
        }
        Err(damaged(&"it does not begin with a schema"))
    }

    /// The next four bytes, or what is left.
    fn word(&mut self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let mut limited = self.source.by_ref().take(4);
        limited.read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    /// What follows the last message of a file is there to its end.
    fn end(&mut self) -> Result<(), String> {
        if !self.is_file {
            return Ok(());
        }
        let mut last: Vec<u8> = Vec::new();
        let mut part = vec![0; 64 * 1024];
        loop {
            let count = self.source.read(&mut part).map_err(failed)?;
            if count == 0 {
                break;
            }
            last.extend_from_slice(&part[..count]);
            last.drain(..last.len().saturating_sub(FILE_MARK.len()));
        }
        if last == FILE_MARK {
            Ok(())
        } else {
            Err(cut_off())
        }
    }
}

/// The number that bytes end in.
fn word_of(bytes: &[u8]) -> Option<usize> {
    let last: [u8; 4] = bytes.last_chunk().copied()?;
    Some(u32::from_le_bytes(last) as usize)
}

/// A message with its body.
struct Whole {
    bytes: Buffer,
    kind: Kind,
}

/// What a message is.
enum Kind {
    /// With the ids of its dictionaries.
    Schema(Schema, HashSet<i64>),
    /// With its id.
    Dictionary(i64),
    Other,
}

impl Kind {
    fn of(message: &Message<'_>) -> Result<Self, String> {
        if let Some(dictionary) = message.header_as_dictionary_batch() {
            return Ok(Self::Dictionary(dictionary.id()));
        }
        let Some(described) = message.header_as_schema() else {
            return Ok(Self::Other);
        };
        let mut dictionaries = HashSet::new();
        for field in described.fields().into_iter().flatten() {
            look(&field, &mut dictionaries)?;
        }
        let schema = try_fb_to_schema(described).map_err(|error| damaged(&error))?;
        Ok(Self::Schema(schema, dictionaries))
    }
}

/// Gathers the dictionaries of a field and of all in it. Their depth is bounded by what
/// has verified them.
fn look(field: &Field<'_>, dictionaries: &mut HashSet<i64>) -> Result<(), String> {
    dictionaries.extend(field.dictionary().map(|dictionary| dictionary.id()));
    if let Some(number) = field.type_as_int()
        && number.bitWidth() > 64
    {
        return Err(format!(
            "has whole numbers of {} bits in column `{}`, which Arrow does not know; store them with 64, or as texts",
            number.bitWidth(),
            field.name().unwrap_or_default()
        ));
    }
    let mut children = field.children().into_iter().flatten();
    children.try_for_each(|child| look(&child, dictionaries))
}

/// The schema that a message is; none if it is another, or none at all.
fn schema_of(described: &[u8]) -> Result<Option<Kind>, String> {
    let Ok(message) = root_as_message(described) else {
        return Ok(None);
    };
    let kind = Kind::of(&message)?;
    Ok(matches!(kind, Kind::Schema(..)).then_some(kind))
}

/// Refuses a batch whose parts say that they are larger than any when they are unpacked.
fn check_unpacked(message: &Message<'_>, body: &[u8]) -> Result<(), String> {
    let dictionary = message.header_as_dictionary_batch();
    let batch: Option<Described<'_>> = message
        .header_as_record_batch()
        .or_else(|| dictionary.and_then(|dictionary| dictionary.data()));
    let packed = batch.filter(|batch| batch.compression().is_some());
    let Some(buffers) = packed.and_then(|batch| batch.buffers()) else {
        return Ok(());
    };
    let mut sum = 0u64;
    for buffer in buffers {
        let start = usize::try_from(buffer.offset()).unwrap_or(usize::MAX);
        let stated = body.get(start..).and_then(|bytes| bytes.first_chunk());
        let stated = stated.filter(|_| buffer.length() > 0);
        let size = stated.map_or(0, |bytes| i64::from_le_bytes(*bytes));
        // Minus one stands for bytes that are not packed.
        sum = sum.saturating_add(u64::try_from(size.max(0)).unwrap_or(0));
    }
    if sum > MOST_BATCH {
        let most = MOST_BATCH >> 30;
        return Err(format!(
            "has a batch of more than {most} GiB; write smaller ones"
        ));
    }
    Ok(())
}

/// So many bytes.
fn take(source: &mut Source, count: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(count.min(16 << 20));
    let mut limited = source.by_ref().take(count as u64);
    limited.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() < count {
        Err(cut_off())
    } else {
        Ok(bytes)
    }
}

fn failed(error: std::io::Error) -> String {
    format!("cannot be read: {error}")
}

fn cut_off() -> String {
    "ends too early; it was cut off".to_owned()
}

fn damaged(error: &dyn std::fmt::Display) -> String {
    format!("is damaged: {error}")
}
