//! Files and streams of Arrow.
//!
//! A file is a stream between two marks, with a table of its parts at the end, and is
//! read as one. Messages are looked at before they are decoded: what says that it is
//! larger than any is damaged, or made to harm.

use std::io::Read;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::{Message, RecordBatch as Described, root_as_message};
use arrow_schema::{ArrowError, Schema, SchemaRef};

/// A stream of bytes.
type Source = Box<dyn Read + Send>;

/// Most bytes of the description of a batch, and of a batch, unpacked or not.
const MOST_DESCRIPTION: usize = 256 << 20;
const MOST_BATCH: u64 = 4 << 30;

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
            is_file,
            number: 0,
        };
        let first = batches.read_message()?;
        let (message, schema) = first.ok_or_else(|| "has no schema".to_owned())?;
        let schema = schema.ok_or_else(|| damaged(&"it does not begin with a schema"))?;
        batches.schema = schema.into();
        batches.message = message;
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
            let next = self.read_message()?;
            self.ended = next.is_none();
            self.message = next.map_or_else(|| end.into(), |(message, _)| message);
        }
    }

    /// The next message with its body, and what it says if it is a schema; none at the
    /// end.
    fn read_message(&mut self) -> Result<Option<(Buffer, Option<Schema>)>, String> {
        let mut start = self.word()?;
        // Before the first message is what fills up the mark of a file.
        while self.at_start && start == [0; 4] {
            start = self.word()?;
        }
        self.at_start = false;
        if start.is_empty() && !self.is_file {
            return Ok(None);
        }
        if start == MARK {
            start.extend(take(&mut self.source, 4)?);
        }
        let length: [u8; 4] = start.last_chunk().copied().ok_or_else(cut_off)?;
        let length = u32::from_le_bytes(length) as usize;
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
        let schema = about.header_as_schema().map(try_fb_to_schema).transpose();
        let schema = schema.map_err(|error| damaged(&error))?;
        message.extend_from_slice(&described);
        message.extend_from_slice(&body);
        Ok(Some((message.into(), schema)))
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
