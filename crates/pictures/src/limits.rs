//! What a picture may cost.

/// What a picture may cost before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a file, compressed as it is: 50 million by default.
    pub bytes: u64,
    /// Pixels, which is width × height: 64 million by default. While it is decoded a
    /// picture takes up to 12 bytes a pixel.
    pub pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 50_000_000,
            pixels: 64_000_000,
        }
    }
}

impl Limits {
    /// The same with another value of [`Self::bytes`].
    #[must_use]
    pub fn with_bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }

    /// The same with another value of [`Self::pixels`].
    #[must_use]
    pub fn with_pixels(mut self, pixels: u64) -> Self {
        self.pixels = pixels;
        self
    }
}
