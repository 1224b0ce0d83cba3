//! Bodies of JSON as the messages of gRPC that they say.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use http_body::Frame;
use prost::Message;
use prost::bytes::BytesMut;
use tokio::task::{JoinHandle, spawn_blocking};
use tonic::Status;

use super::fields::Outside;
use crate::limits::{MAX_REQUEST, malformed, too_large};
use crate::pool::fault;

/// Bytes that are read or written on the spot; more would keep other calls waiting.
pub(crate) const SMALL: usize = 64 << 10;

/// Bytes of a refused body that are read and dropped, so that its sender comes to read
/// the answer.
const DROPPED: usize = 4 * MAX_REQUEST;

/// What a frame of gRPC begins with: whether it is compressed, and its length.
pub(crate) const HEADER: usize = 5;

/// The body of a call: its messages, each read when it is asked for. So a body of a
/// caller who may not call is not read at all.
pub(crate) struct Messages {
    body: Body,
    /// None if the call is refused already.
    outside: Option<Arc<Outside>>,
    /// Whether each line is a message; otherwise all is one.
    lines: bool,
    text: BytesMut,
    /// Bytes of the text in which there is no end of a line.
    searched: usize,
    /// Bytes that were dropped.
    dropped: usize,
    /// Whether the body has ended.
    ended: bool,
    /// Whether there are no more messages.
    done: bool,
    refusal: Option<Status>,
    work: Option<JoinHandle<Result<Bytes, Status>>>,
}

impl Messages {
    /// The messages of a body, with what stands outside of it, or why the call is
    /// refused.
    pub(crate) fn new(body: Body, outside: Result<Outside, Status>, lines: bool) -> Self {
        let (outside, refusal) = match outside {
            Ok(outside) => (Some(Arc::new(outside)), None),
            Err(status) => (None, Some(status)),
        };
        Self {
            body,
            outside,
            lines,
            text: BytesMut::new(),
            searched: 0,
            dropped: 0,
            ended: false,
            done: false,
            refusal,
            work: None,
        }
    }

    /// The text of the next message, if it is there.
    fn next(&mut self) -> Option<Bytes> {
        if !self.lines && !self.done {
            self.done = self.ended;
            return self.ended.then(|| self.text.split().freeze());
        }
        while !self.done {
            let unseen = self.text.get(self.searched..).unwrap_or_default();
            let line = match unseen.iter().position(|byte| *byte == b'\n') {
                Some(at) => self.text.split_to(self.searched + at + 1),
                None if self.ended => {
                    self.done = true;
                    self.text.split()
                }
                None => {
                    self.searched = self.text.len();
                    return None;
                }
            };
            self.searched = 0;
            if !line.iter().all(u8::is_ascii_whitespace) {
                return Some(line.freeze());
            }
        }
        None
    }

    /// Takes a piece of the body.
    fn take(&mut self, piece: &[u8]) {
        if self.refusal.is_some() {
            self.dropped += piece.len();
            return;
        }
        self.text.extend_from_slice(piece);
        let line_may_end = self.lines && piece.contains(&b'\n');
        if self.text.len() > MAX_REQUEST && !line_may_end {
            self.text = BytesMut::new();
            self.refusal = Some(too_large("of JSON"));
        }
    }

    /// The refusal, once its time has come. Who sends lines may wait for an answer
    /// before the next one; others send all they have, and then read.
    fn refused(&mut self) -> Option<Status> {
        let now = self.lines || self.ended || self.dropped > DROPPED;
        let refusal = if now { self.refusal.take() } else { None };
        self.done |= refusal.is_some();
        refusal
    }

    /// Reads a message, at once if it is small.
    fn begin(&mut self, text: Bytes) -> Option<Result<Bytes, Status>> {
        let outside = Arc::clone(self.outside.as_ref()?);
        if text.len() <= SMALL {
            return Some(frame(&outside, &text));
        }
        self.work = Some(spawn_blocking(move || frame(&outside, &text)));
        None
    }
}

/// The frame of gRPC of a message.
fn frame(outside: &Outside, text: &[u8]) -> Result<Bytes, Status> {
    let message = outside.message(text)?.encode_to_vec();
    let length = u32::try_from(message.len()).map_err(|_| too_large("of JSON"))?;
    let mut frame = Vec::with_capacity(HEADER + message.len());
    frame.push(0);
    frame.extend(length.to_be_bytes());
    frame.extend(message);
    Ok(frame.into())
}

impl HttpBody for Messages {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        loop {
            let mut read = None;
            if let Some(work) = &mut this.work {
                let ended = ready!(Pin::new(work).poll(context));
                this.work = None;
                read = Some(ended.unwrap_or_else(|_| Err(fault())));
            } else if this.refusal.is_none()
                && let Some(text) = this.next()
            {
                read = this.begin(text);
                if read.is_none() {
                    continue;
                }
            }
            match read {
                Some(Ok(frame)) => return Poll::Ready(Some(Ok(Frame::data(frame)))),
                Some(Err(status)) => this.refusal = Some(status),
                None => {}
            }
            if let Some(status) = this.refused() {
                return Poll::Ready(Some(Err(status)));
            }
            if this.done {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Some(piece) = frame.data_ref() {
                        this.take(piece);
                    }
                }
                Some(Err(error)) => {
                    this.ended = true;
                    this.refusal
                        .get_or_insert_with(|| malformed(&error.to_string()));
                }
                None => this.ended = true,
            }
        }
    }
}
