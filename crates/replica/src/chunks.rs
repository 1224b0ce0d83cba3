//! Bytes that come in chunks, as a reader.

use std::io::{self, Read};

/// Reads what `next` gives, until it gives nothing.
pub(crate) struct Chunks<F> {
    next: F,
    data: Vec<u8>,
    /// Bytes of them that were given.
    at: usize,
}

impl<F> Chunks<F> {
    pub(crate) fn new(next: F) -> Self {
        Self {
            next,
            data: Vec::new(),
            at: 0,
        }
    }
}

impl<F: FnMut() -> io::Result<Option<Vec<u8>>>> Read for Chunks<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.data.len() {
            match (self.next)()? {
                Some(data) => (self.data, self.at) = (data, 0),
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.data.len() - self.at);
        buffer[..count].copy_from_slice(&self.data[self.at..][..count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_any_size_are_one_text() {
        let mut parts = vec![b"abc".to_vec(), Vec::new(), b"defgh".to_vec()].into_iter();
        let mut chunks = Chunks::new(|| Ok(parts.next()));
        let (mut read, mut buffer) = (Vec::new(), [0; 2]);
        while let count @ 1.. = chunks.read(&mut buffer).unwrap() {
            read.extend_from_slice(&buffer[..count]);
        }
        assert_eq!(read, b"abcdefgh");
    }
}
