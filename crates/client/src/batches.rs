//! Cutting what is too much for one message.

use prost::Message;

use crate::error::{Error, Result};

/// What stands around one thing in a message: its tag and its length.
pub(crate) const AROUND: usize = 8;

/// Bytes of a message that are left for what is no batch.
const REST: usize = 4096;

/// What a message may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Things.
    pub(crate) count: usize,
    /// Bytes of things.
    pub(crate) bytes: usize,
}

impl Size {
    /// A message of a server that takes so many things and bytes.
    pub(crate) fn of(count: usize, bytes: usize) -> Self {
        Self {
            count: count.max(1),
            bytes: bytes.saturating_sub(REST).max(1),
        }
    }
}

/// Cuts things into batches that fit a message each, in their order.
///
/// # Errors
/// [`Error::TooLarge`] with the name of one that fits no message.
pub(crate) fn cut<T: Message>(
    things: impl IntoIterator<Item = T>,
    size: Size,
    name: impl Fn(&T) -> String,
) -> Result<Vec<Vec<T>>> {
    let (mut batches, mut batch, mut bytes) = (Vec::new(), Vec::new(), 0);
    for thing in things {
        let own = checked(&thing, size, &name)?;
        if batch.len() >= size.count || (bytes + own > size.bytes && !batch.is_empty()) {
            batches.push(std::mem::take(&mut batch));
            bytes = 0;
        }
        bytes += own;
        batch.push(thing);
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    Ok(batches)
}

/// The bytes that a thing takes in a message.
///
/// # Errors
/// [`Error::TooLarge`] if it fits none.
pub(crate) fn checked<T: Message>(
    thing: &T,
    size: Size,
    name: impl Fn(&T) -> String,
) -> Result<usize> {
    let bytes = thing.encoded_len() + AROUND;
    if bytes > size.bytes {
        return Err(Error::TooLarge {
            what: name(thing),
            bytes,
            most: size.bytes,
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_cut_by_number_and_by_bytes() {
        let size = Size {
            count: 3,
            bytes: 100,
        };
        let lengths = |texts: &[usize]| {
            let texts = texts.iter().map(|length| "x".repeat(*length));
            let cut = cut(texts, size, |_| "a text".to_owned());
            cut.map(|batches| batches.iter().map(Vec::len).collect::<Vec<_>>())
        };
        assert_eq!(lengths(&[]).unwrap(), [0; 0]);
        assert_eq!(lengths(&[1; 7]).unwrap(), [3, 3, 1]);
        assert_eq!(lengths(&[60, 30, 60, 1]).unwrap(), [1, 1, 2]);
        let told = lengths(&[1, 200]).unwrap_err().to_string();
        assert!(told.starts_with("a text takes 211 bytes"), "{told}");
    }
}
