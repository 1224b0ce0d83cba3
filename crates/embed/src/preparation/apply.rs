//! Pictures made numbers.

use assort_core::Pixels;
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

use super::{Filter, Layout, Middle, Preparation, Resize};

/// Prepares pictures, one after the other.
pub(crate) struct Preparer<'p> {
    preparation: &'p Preparation,
    resizer: Resizer,
    /// What each value of each channel becomes.
    values: [[f32; 256]; 3],
}

/// What is seen of a picture along one side.
struct Side {
    /// From which of the resized pixels on.
    from: f64,
    /// How many of them.
    length: u32,
    /// Resized pixels for each of the picture.
    scale: f64,
    /// How many black ones come before them.
    before: u32,
}

impl<'p> Preparer<'p> {
    pub(crate) fn new(preparation: &'p Preparation) -> Self {
        let value = |channel: usize, value: usize| {
            if preparation.is_raw {
                return value as f32;
            }
            let scaled = value as f32 * preparation.scale;
            (scaled - preparation.mean[channel]) / preparation.deviation[channel]
        };
        Self {
            preparation,
            resizer: Resizer::new(),
            values: std::array::from_fn(|c| std::array::from_fn(|v| value(c, v))),
        }
    }

    /// Writes the numbers of a picture, three a pixel of the model's size.
    ///
    /// # Errors
    /// What the resizer says.
    pub(crate) fn write(&mut self, picture: &Pixels, to: &mut [f32]) -> Result<(), String> {
        let seen = self.seen(picture)?;
        let pixels = seen.as_chunks::<3>().0;
        match self.preparation.layout {
            Layout::Pixels => {
                for (to, pixel) in to.as_chunks_mut::<3>().0.iter_mut().zip(pixels) {
                    *to = std::array::from_fn(|c| self.values[c][usize::from(pixel[c])]);
                }
            }
            Layout::Planes => {
                let planes = to.chunks_exact_mut(pixels.len().max(1)).enumerate();
                for ((channel, plane), values) in planes.zip(&self.values) {
                    for (to, pixel) in plane.iter_mut().zip(pixels) {
                        *to = values[usize::from(pixel[channel])];
                    }
                }
            }
        }
        Ok(())
    }

    /// What the model sees of a picture, in the model's size.
    pub(super) fn seen(&mut self, picture: &Pixels) -> Result<Vec<u8>, String> {
        let (width, height) = self.preparation.size;
        let (across, down) = self.sides(picture);
        let whole = (across.length, down.length) == (width, height);
        let part = self.resized(picture, &across, &down)?;
        if whole {
            return Ok(part);
        }
        let mut seen = vec![0; width as usize * height as usize * 3];
        let rows = part.chunks_exact(across.length as usize * 3);
        for (row, y) in rows.zip(down.before as usize..) {
            let from = (y * width as usize + across.before as usize) * 3;
            seen[from..from + row.len()].copy_from_slice(row);
        }
        Ok(seen)
    }

    /// The part of a resized picture that is seen, computed alone.
    fn resized(&mut self, picture: &Pixels, x: &Side, y: &Side) -> Result<Vec<u8>, String> {
        // Of this kind of pixel alone: code for all kinds takes 2 MB of the program.
        let (pixels, rgb) = ((picture.width(), picture.height()), picture.rgb());
        let source = TypedImageRef::<U8x3>::from_buffer(pixels.0, pixels.1, rgb);
        let source = source.map_err(|e| e.to_string())?;
        let mut part = vec![0; x.length as usize * y.length as usize * 3];
        let view = TypedImage::<U8x3>::from_buffer(x.length, y.length, &mut part);
        let mut view = view.map_err(|e| e.to_string())?;
        // In pixels of the source. Beyond the box the filter sees what is there.
        let (width, height) = (f64::from(x.length) / x.scale, f64::from(y.length) / y.scale);
        let (left, top) = (x.from / x.scale, y.from / y.scale);
        let options = ResizeOptions::new()
            .resize_alg(algorithm(self.preparation.filter))
            .crop(
                left,
                top,
                width.min(f64::from(picture.width()) - left),
                height.min(f64::from(picture.height()) - top),
            );
        let done = self.resizer.resize_typed(&source, &mut view, &options);
        done.map_err(|e| e.to_string())?;
        Ok(part)
    }

    fn sides(&self, picture: &Pixels) -> (Side, Side) {
        let (width, height) = (picture.width(), picture.height());
        let (wide, high) = match self.preparation.resize {
            Resize::Keep => (u64::from(width), u64::from(height)),
            Resize::Exact(wide, high) => (u64::from(wide), u64::from(high)),
            Resize::Shortest(side) => {
                // The longer side is rounded down, as it is by those who trained models.
                let longer =
                    |long: u32, short: u32| u64::from(side) * u64::from(long) / u64::from(short);
                match width <= height {
                    true => (u64::from(side), longer(height, width)),
                    false => (longer(width, height), u64::from(side)),
                }
            }
        };
        let size = self.preparation.size;
        (
            self.side(width, wide, size.0),
            self.side(height, high, size.1),
        )
    }

    /// What is seen along a side of `pixels`, made `resized`, of which `wanted` are seen.
    fn side(&self, pixels: u32, resized: u64, wanted: u32) -> Side {
        let over = resized.abs_diff(u64::from(wanted));
        let half = match self.preparation.middle {
            Middle::Down => over / 2,
            // Of 2.5 and 3.5 the even neighbours are 2 and 4.
            Middle::Even => over / 2 + u64::from(over % 4 == 3),
        };
        let (from, before) = match resized > u64::from(wanted) {
            true => (half, 0),
            // What is black before it is less than what is wanted.
            false => (0, half as u32),
        };
        Side {
            from: from as f64,
            length: u32::try_from(resized).map_or(wanted, |resized| resized.min(wanted)),
            scale: resized as f64 / f64::from(pixels),
            before,
        }
    }
}

fn algorithm(filter: Filter) -> ResizeAlg {
    ResizeAlg::Convolution(match filter {
        Filter::Nearest => return ResizeAlg::Nearest,
        Filter::Box => FilterType::Box,
        Filter::Bilinear => FilterType::Bilinear,
        Filter::Hamming => FilterType::Hamming,
        Filter::Bicubic => FilterType::CatmullRom,
        Filter::Lanczos => FilterType::Lanczos3,
    })
}

#[cfg(test)]
mod tests;
