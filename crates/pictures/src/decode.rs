//! The bytes of a file made pixels.

use std::fmt::Display;
use std::io::Cursor;

use assort_core::Pixels;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::error::{Error, named};
use crate::format::{self, Format};
use crate::limits::Limits;

/// What decoders may hold beside pixels, in bytes: tables, profiles and texts of a file.
const BESIDE: u64 = 64 << 20;

/// Bytes that a decoder may hold for each pixel: four channels of 16 bits.
const PER_PIXEL: u64 = 8;

/// Decodes a picture; `reference` is what errors call it.
///
/// The format is told by the bytes. What stands turned by its EXIF orientation is turned
/// upright, what is transparent lies on white, CMYK becomes RGB, 16 bits become 8, and
/// of several frames the first is taken. Colour profiles are left out: the colours are
/// taken for sRGB.
///
/// # Errors
/// [`Error::NoPicture`], [`Error::TooManyBytes`], [`Error::TooManyPixels`], which is told
/// before pixels are allocated, and [`Error::Damaged`], also for a file that is cut short.
pub fn decode(reference: &str, bytes: &[u8], limits: &Limits) -> Result<Pixels, Error> {
    Header::read(reference, bytes, limits)?.decode()
}

/// A picture of which the header is read, and within the limits.
pub(crate) struct Header<'a> {
    reference: &'a str,
    format: Format,
    pixels: u64,
    decoder: Decoder<'a>,
}

enum Decoder<'a> {
    Jpeg(Box<JpegDecoder<ZCursor<&'a [u8]>>>),
    Other(Box<dyn ImageDecoder + 'a>),
}

impl<'a> Header<'a> {
    pub(crate) fn read(
        reference: &'a str,
        bytes: &'a [u8],
        limits: &Limits,
    ) -> Result<Self, Error> {
        if bytes.len() as u64 > limits.bytes {
            return Err(Error::TooManyBytes {
                reference: named(reference),
                bytes: Some(bytes.len() as u64),
                limit: limits.bytes,
            });
        }
        let format = format::of(bytes).map_err(|what| Error::NoPicture {
            reference: named(reference),
            what,
        })?;
        let small_enough = |(width, height): (u64, u64)| {
            let pixels = width.saturating_mul(height);
            if pixels > limits.pixels {
                return Err(Error::TooManyPixels {
                    reference: named(reference),
                    width,
                    height,
                    limit: limits.pixels,
                });
            }
            Ok(pixels)
        };
        if format == Format::Png {
            // Its decoder makes room for a row before it tells the size.
            small_enough(png_size(bytes))?;
        }
        let (decoder, size) = match format {
            Format::Jpeg => jpeg(bytes),
            Format::Png => other(bytes, ImageFormat::Png, limits),
            Format::WebP => other(bytes, ImageFormat::WebP, limits),
            Format::Gif => other(bytes, ImageFormat::Gif, limits),
            Format::Bmp => other(bytes, ImageFormat::Bmp, limits),
        }
        .map_err(|cause| damaged(reference, format, cause))?;
        Ok(Self {
            reference,
            format,
            pixels: small_enough(size)?,
            decoder,
        })
    }

    /// How many pixels it says to have.
    pub(crate) fn pixels(&self) -> u64 {
        self.pixels
    }

    pub(crate) fn decode(self) -> Result<Pixels, Error> {
        let (reference, format) = (self.reference, self.format);
        let decoded = match self.decoder {
            Decoder::Jpeg(decoder) => decode_jpeg(*decoder),
            Decoder::Other(decoder) => decode_other(decoder),
        };
        let (picture, orientation) = decoded.map_err(|cause| damaged(reference, format, cause))?;
        let mut picture = DynamicImage::ImageRgb8(on_white(picture));
        picture.apply_orientation(orientation);
        let picture = picture.into_rgb8();
        let (width, height) = picture.dimensions();
        Pixels::new(width, height, picture.into_raw())
            .ok_or_else(|| damaged(reference, format, "it has no pixels"))
    }
}

/// A decoder with the width and height of its picture, or what is wrong.
type Opened<'a> = Result<(Decoder<'a>, (u64, u64)), String>;

fn jpeg(bytes: &[u8]) -> Opened<'_> {
    // Strict: else what is missing would be grey, and nobody told.
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(said)?;
    let (width, height) = decoder.dimensions().ok_or("it has no size")?;
    let size = (width as u64, height as u64);
    Ok((Decoder::Jpeg(Box::new(decoder)), size))
}

/// The size that the header of a PNG states, which always comes first; nothing if it is
/// cut short.
fn png_size(bytes: &[u8]) -> (u64, u64) {
    let number = |at: usize| {
        let bytes = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
        u64::from(bytes.map_or(0, u32::from_be_bytes))
    };
    (number(16), number(20))
}

fn other<'a>(bytes: &'a [u8], format: ImageFormat, limits: &Limits) -> Opened<'a> {
    let mut allowed = image::Limits::no_limits();
    let pixels = limits.pixels.saturating_mul(PER_PIXEL);
    allowed.max_alloc = Some(pixels.saturating_add(BESIDE));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(allowed);
    let decoder = reader.into_decoder().map_err(said)?;
    let (width, height) = decoder.dimensions();
    let size = (u64::from(width), u64::from(height));
    Ok((Decoder::Other(Box::new(decoder)), size))
}

/// A decoded picture with how it is to be turned, or what is wrong.
type Decoded = Result<(DynamicImage, Orientation), String>;

fn decode_jpeg(mut decoder: JpegDecoder<ZCursor<&[u8]>>) -> Decoded {
    let exif = decoder.exif();
    let orientation = exif.and_then(|exif| Orientation::from_exif_chunk(exif));
    let rgb = decoder.decode().map_err(said)?;
    let (width, height) = decoder.dimensions().ok_or("it has no size")?;
    let size = u32::try_from(width).ok().zip(u32::try_from(height).ok());
    let picture = size.and_then(|(width, height)| RgbImage::from_raw(width, height, rgb));
    let picture = picture.ok_or("it has fewer pixels than it says")?;
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::ImageRgb8(picture), orientation))
}

fn decode_other(mut decoder: Box<dyn ImageDecoder + '_>) -> Decoded {
    // An orientation that cannot be read turns nothing.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(said)?;
    Ok((picture, orientation))
}

/// A picture without transparency: as it looks on white.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let rgba = picture.into_rgba8();
    let mut flat = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in flat.pixels_mut().zip(rgba.pixels()) {
        let [colour @ .., alpha] = from.0;
        let alpha = u32::from(alpha);
        to.0 = colour.map(|value| {
            let mixed = u32::from(value) * alpha + 255 * (255 - alpha);
            // At most 255, since both parts share 255.
            ((mixed + 127) / 255) as u8
        });
    }
    flat
}

fn said(error: impl Display) -> String {
    error.to_string()
}

fn damaged(reference: &str, format: Format, cause: impl Into<String>) -> Error {
    Error::Damaged {
        reference: named(reference),
        format,
        cause: cause.into(),
    }
}

#[cfg(test)]
mod tests;
