//! Messages of gRPC as bodies of JSON.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use http_body::Frame;
use http_body_util::BodyExt;
use prost::bytes::{Buf, BytesMut};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use tokio::task::spawn_blocking;
use tonic::{Code, Status};

use super::errors;
use super::requests::{HEADER, SMALL};
use crate::pool::fault;

/// Takes the next whole message from bytes of frames.
fn message(frames: &mut BytesMut) -> Option<Bytes> {
    let length = frames.get(1..HEADER)?.try_into().ok()?;
    let length = u32::from_be_bytes(length) as usize;
    if frames.len() < HEADER + length {
        return None;
    }
    frames.advance(HEADER);
    Some(frames.split_to(length).freeze())
}

/// A message as JSON, with the end of a line.
fn told(output: MessageDescriptor, message: Bytes) -> Result<Bytes, Status> {
    let message = DynamicMessage::decode(output, message).map_err(|_| fault())?;
    let mut text = serde_json::to_vec(&message).map_err(|_| fault())?;
    text.push(b'\n');
    Ok(text.into())
}

/// The one message of an answer as JSON. The body is read to its end.
///
/// # Errors
/// The status of a call that failed.
pub(crate) async fn whole(body: &mut Body, output: &MessageDescriptor) -> Result<Bytes, Status> {
    let mut frames = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| fault())?;
        if let Some(data) = frame.data_ref() {
            frames.extend_from_slice(data);
        }
        let status = frame.trailers_ref().and_then(Status::from_header_map);
        if let Some(status) = status.filter(|status| status.code() != Code::Ok) {
            return Err(status);
        }
    }
    let message = message(&mut frames).ok_or_else(fault)?;
    let output = output.clone();
    if message.len() <= SMALL {
        return told(output, message);
    }
    let told = spawn_blocking(move || told(output, message)).await;
    told.unwrap_or_else(|_| Err(fault()))
}

/// A text, and the body of the call that it answers: the call is open until the text
/// is sent.
pub(crate) struct Held {
    pub(crate) text: Option<Bytes>,
    #[expect(dead_code, reason = "the call ends when it is dropped")]
    pub(crate) call: Body,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Poll::Ready(self.text.take().map(|text| Ok(Frame::data(text))))
    }

    fn is_end_stream(&self) -> bool {
        self.text.is_none()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        let bytes = self.text.as_ref().map_or(0, Bytes::len);
        http_body::SizeHint::with_exact(bytes as u64)
    }
}

/// The messages of a stream, a line each. An error is the last line.
pub(crate) struct Lines {
    pub(crate) body: Body,
    pub(crate) output: MessageDescriptor,
    pub(crate) pool: DescriptorPool,
    pub(crate) frames: BytesMut,
    pub(crate) ended: bool,
}

impl Lines {
    pub(crate) fn new(body: Body, output: MessageDescriptor, pool: DescriptorPool) -> Self {
        Self {
            body,
            output,
            pool,
            frames: BytesMut::new(),
            ended: false,
        }
    }

    /// The last line: why the call failed.
    fn end(&mut self, status: &Status) -> Frame<Bytes> {
        self.ended = true;
        let http = errors::http(status.code());
        let text = format!("{}\n", errors::body(&self.pool, status, http));
        Frame::data(text.into())
    }
}

impl HttpBody for Lines {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            if let Some(message) = message(&mut this.frames) {
                let line = match told(this.output.clone(), message) {
                    Ok(line) => Frame::data(line),
                    Err(status) => this.end(&status),
                };
                return Poll::Ready(Some(Ok(line)));
            }
            let Some(frame) = ready!(Pin::new(&mut this.body).poll_frame(context)) else {
                this.ended = true;
                continue;
            };
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => return Poll::Ready(Some(Err(error))),
            };
            if let Some(data) = frame.data_ref() {
                this.frames.extend_from_slice(data);
            }
            let status = frame.trailers_ref().and_then(Status::from_header_map);
            if let Some(status) = status.filter(|status| status.code() != Code::Ok) {
                return Poll::Ready(Some(Ok(this.end(&status))));
            }
        }
    }
}
