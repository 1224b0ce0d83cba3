//! How a picture becomes the numbers that a model takes.

mod apply;
mod settings;

use std::fmt;

pub(crate) use apply::Preparer;
pub(crate) use settings::read;

/// How a picture becomes the numbers that a model takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Preparation {
    /// What says so, for people.
    pub(crate) source: &'static str,
    pub(crate) resize: Resize,
    pub(crate) filter: Filter,
    /// Width and height of what the model sees: what is over is cut off on all sides,
    /// what is missing is black.
    pub(crate) size: (u32, u32),
    /// How the middle is found where a side has one more pixel than the other.
    pub(crate) middle: Middle,
    /// What channels from 0 to 255 are multiplied with.
    pub(crate) scale: f32,
    /// What is then taken from them, by channel.
    pub(crate) mean: [f32; 3],
    /// What they are then divided by, by channel.
    pub(crate) deviation: [f32; 3],
    pub(crate) layout: Layout,
    /// Whether the model takes channels from 0 to 255 as they are.
    pub(crate) is_raw: bool,
}

/// What size a picture gets before it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resize {
    /// The one it has.
    Keep,
    /// Its shorter side gets so many pixels.
    Shortest(u32),
    /// Its sides get so many pixels, whatever it was.
    Exact(u32, u32),
}

/// How pixels are computed when the size changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    Nearest,
    Box,
    Bilinear,
    Hamming,
    Bicubic,
    Lanczos,
}

/// Which pixel is the first of the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Middle {
    /// Half of what is over, rounded down, as in Hugging Face's processors.
    Down,
    /// Half of what is over, rounded to the even one, as in torchvision.
    Even,
}

/// The order of the numbers of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Channel by channel (NCHW).
    Planes,
    /// Pixel by pixel (NHWC).
    Pixels,
}

impl Preparation {
    /// Whether no file of the model says it.
    pub(crate) fn is_assumed(&self) -> bool {
        self.source == settings::ASSUMED
    }
}

impl fmt::Display for Preparation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, height) = self.size;
        match self.resize {
            Resize::Keep => write!(f, "cut to {width} × {height}")?,
            Resize::Shortest(side) => {
                write!(f, "shorter side {side}, cut to {width} × {height}")?;
            }
            Resize::Exact(w, h) if (w, h) == self.size => write!(f, "{width} × {height}")?,
            Resize::Exact(w, h) => write!(f, "{w} × {h}, cut to {width} × {height}")?,
        }
        let filter = format!("{:?}", self.filter).to_lowercase();
        write!(f, ", {filter}")?;
        if !self.is_raw {
            let ([r, g, b], [sr, sg, sb]) = (self.mean, self.deviation);
            write!(f, ", mean {r} {g} {b}, deviation {sr} {sg} {sb}")?;
        }
        write!(f, " ({})", self.source)
    }
}
