//! A picture as embedders read it.

/// The pixels of a picture, as sRGB with 8 bits a channel: at least one of them.
///
/// ```
/// use assort_core::Pixels;
///
/// let red_and_white = Pixels::new(2, 1, vec![255, 0, 0, 255, 255, 255]);
/// assert_eq!(red_and_white.map(|pixels| pixels.width()), Some(2));
/// assert_eq!(Pixels::new(2, 2, vec![0; 3]), None);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Pixels {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Pixels {
    /// A picture of `width × height` pixels, given row by row from the top, each as red,
    /// green and blue. None if `rgb` has not three bytes a pixel, or there is no pixel.
    #[must_use]
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Option<Self> {
        let bytes = u64::from(width).checked_mul(u64::from(height))?;
        let bytes = bytes.checked_mul(3)?;
        (bytes > 0 && bytes == rgb.len() as u64).then_some(Self { width, height, rgb })
    }

    /// How many pixels a row has.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// How many rows there are.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// Red, green and blue of each pixel, row by row from the top.
    #[must_use]
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }
}

impl std::fmt::Debug for Pixels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pixels({} × {})", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_three_bytes_for_each_of_its_pixels() {
        assert!(Pixels::new(1, 1, vec![0; 3]).is_some());
        for (width, height, bytes) in [
            (0, 0, 0),
            (0, 5, 0),
            (1, 1, 4),
            (2, 2, 3),
            (u32::MAX, u32::MAX, 3),
        ] {
            assert_eq!(Pixels::new(width, height, vec![0; bytes]), None);
        }
    }
}
