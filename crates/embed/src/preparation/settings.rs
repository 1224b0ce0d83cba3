//! What the files of a folder say of the preparation.

use std::path::Path;

use serde_json::{Map, Value};

use super::{Filter, Layout, Middle, Preparation, Resize};
use crate::Error;
use crate::graph::{Numbers, Port};
use crate::json::object;

/// Mean and deviation of the pictures that most models are trained on.
const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

/// The side of what a model sees that does not say.
const UNSTATED: u32 = 224;

/// The share of the shorter side that is seen where nothing says.
const SHARE: f64 = 0.875;

/// Sides beyond this are those of no model.
const LARGEST: u32 = 8192;

/// What says how pictures are prepared where no file of the model does.
pub(super) const ASSUMED: &str = "usual settings; no file states any";

type Settings = Map<String, Value>;

/// How pictures are prepared for a model in a folder whose input is `input`: by
/// `preprocessor_config.json` or by timm's `config.json`, or else as most are.
///
/// # Errors
/// [`Error::Preparation`] if the files want what cannot be done, or another size than the
/// model takes.
pub(crate) fn read(folder: &Path, input: &Port) -> Result<Preparation, Error> {
    let (layout, size) = shape(input);
    let begin = Preparation {
        source: ASSUMED,
        resize: Resize::Keep,
        filter: Filter::Bicubic,
        size: size.unwrap_or((UNSTATED, UNSTATED)),
        middle: Middle::Even,
        scale: 1.0 / 255.0,
        mean: IMAGENET.0,
        deviation: IMAGENET.1,
        layout,
        is_raw: input.numbers == Numbers::U8,
    };
    let file = "preprocessor_config.json";
    let settings = object(&folder.join(file))?;
    let (file, prepared) = if settings.is_empty() {
        let file = "config.json";
        let config = object(&folder.join(file))?;
        (file, of_timm(begin, &config))
    } else {
        (file, of_processor(begin, &settings))
    };
    let wrong = |what: String| Error::Preparation {
        path: folder.join(file),
        what,
    };
    let prepared = prepared.map_err(wrong)?;
    let (width, height) = prepared.size;
    if let Some((wide, high)) = size.filter(|size| *size != prepared.size) {
        return Err(wrong(format!(
            "it says {width} × {height} pixels, and the model takes {wide} × {high}"
        )));
    }
    Ok(prepared)
}

/// The layout of the model's input, and the size of its pictures if that is fixed.
fn shape(input: &Port) -> (Layout, Option<(u32, u32)>) {
    let shape = input.shape.as_deref();
    let Some(&[_, second, third, last]) = shape else {
        return (Layout::Planes, None);
    };
    let three = Some(3);
    let (layout, height, width) = match last == three && second != three {
        true => (Layout::Pixels, second, third),
        false => (Layout::Planes, third, last),
    };
    let side = |side: Option<usize>| side.and_then(|side| u32::try_from(side).ok());
    (layout, side(width).zip(side(height)))
}

/// As Hugging Face's image processors write it.
fn of_processor(begin: Preparation, settings: &Settings) -> Result<Preparation, String> {
    let flag = |key: &str, unstated: bool| {
        let flag = settings.get(key).and_then(Value::as_bool);
        flag.unwrap_or(unstated)
    };
    for key in ["do_pad", "do_flip_channel_order"] {
        if flag(key, false) {
            return Err(format!("`{key}` is not supported"));
        }
    }
    let cuts = flag("do_center_crop", settings.contains_key("crop_pct"));
    let mut made = Preparation {
        source: "preprocessor_config.json",
        middle: Middle::Down,
        filter: match settings.get("resample") {
            Some(value) => filter(value)?,
            None => Filter::Bilinear,
        },
        ..begin
    };
    let size = settings.get("size").filter(|_| flag("do_resize", true));
    made.resize = match size {
        None => Resize::Keep,
        Some(size) => sides(size, cuts)?,
    };
    let cut = settings.get("crop_size").filter(|_| cuts);
    if let Some(share) = settings.get("crop_pct").and_then(Value::as_f64)
        && let Resize::Shortest(side) = made.resize
    {
        // ConvNeXT's processor: the size is that of what is seen.
        made.size = (side, side);
        made.resize = Resize::Shortest(seen_of(side, share)?);
    } else if let Some(cut) = cut {
        made.size = match sides(cut, false)? {
            Resize::Exact(width, height) => (width, height),
            _ => return Err("`crop_size` has no width and height".to_owned()),
        };
    } else if let Resize::Exact(width, height) = made.resize {
        made.size = (width, height);
    } else if let Resize::Shortest(side) = made.resize {
        made.size = (side, side);
    }
    made.scale = match flag("do_rescale", true) {
        false => 1.0,
        true => number(settings, "rescale_factor")?.unwrap_or(1.0 / 255.0),
    };
    (made.mean, made.deviation) = match flag("do_normalize", true) {
        false => ([0.0; 3], [1.0; 3]),
        true => (
            three(settings, "image_mean")?.unwrap_or(IMAGENET.0),
            deviation(settings, "image_std")?.unwrap_or(IMAGENET.1),
        ),
    };
    if flag("rescale_offset", false) {
        made.mean = made.mean.map(|mean| mean + 1.0);
    }
    Ok(made)
}

/// As timm writes it, in `pretrained_cfg` or flat.
fn of_timm(begin: Preparation, config: &Settings) -> Result<Preparation, String> {
    let inner = config.get("pretrained_cfg").and_then(Value::as_object);
    let settings = inner.unwrap_or(config);
    let share = number(settings, "crop_pct")?.map_or(SHARE, f64::from);
    let stated = ["input_size", "mean", "std"]
        .iter()
        .any(|key| settings.contains_key(*key));
    let mut made = begin;
    if stated {
        made.source = "config.json";
    }
    if let Some(size) = settings.get("input_size") {
        made.size = match size.as_array().map(Vec::as_slice) {
            Some([channels, height, width]) if channels.as_u64() == Some(3) => {
                (side(width)?, side(height)?)
            }
            _ => return Err("`input_size` is not 3, a height and a width".to_owned()),
        };
    }
    if let Some(value) = settings.get("interpolation") {
        made.filter = filter(value)?;
    }
    let (width, height) = made.size;
    let (wide, high) = (seen_of(width, share)?, seen_of(height, share)?);
    made.resize = match settings.get("crop_mode").and_then(Value::as_str) {
        None | Some("center") if width == height => Resize::Shortest(wide),
        None | Some("center" | "squash") => Resize::Exact(wide, high),
        Some(other) => return Err(format!("the `crop_mode` `{other}` is not supported")),
    };
    made.mean = three(settings, "mean")?.unwrap_or(made.mean);
    made.deviation = deviation(settings, "std")?.unwrap_or(made.deviation);
    // Such a mean is one of channels as they are.
    if made.mean.iter().any(|mean| *mean > 2.0) {
        made.scale = 1.0;
    }
    Ok(made)
}

/// The side of a picture of which `share` is `side`.
fn seen_of(side: u32, share: f64) -> Result<u32, String> {
    if !(0.1..=1.0).contains(&share) {
        return Err(format!("the share `crop_pct` of {share} is none"));
    }
    Ok((f64::from(side) / share).floor() as u32)
}

/// A size as processors write it. A plain number is the shorter side of what is cut.
fn sides(size: &Value, cuts: bool) -> Result<Resize, String> {
    if size.is_number() {
        let side = side(size)?;
        return Ok(match cuts {
            true => Resize::Shortest(side),
            false => Resize::Exact(side, side),
        });
    }
    let of = |key: &str| size.get(key).map(side).transpose();
    match (of("shortest_edge")?, of("width")?, of("height")?) {
        (Some(side), None, None) if size.get("longest_edge").is_none() => {
            Ok(Resize::Shortest(side))
        }
        (None, Some(width), Some(height)) => Ok(Resize::Exact(width, height)),
        _ => Err(format!("the size {size} is not supported")),
    }
}

fn side(value: &Value) -> Result<u32, String> {
    let side = value.as_u64().and_then(|side| u32::try_from(side).ok());
    side.filter(|side| (1..=LARGEST).contains(side))
        .ok_or_else(|| format!("{value} is no number of pixels up to {LARGEST}"))
}

/// A filter by its name, or by its number in Pillow.
fn filter(value: &Value) -> Result<Filter, String> {
    let found = match (value.as_u64(), value.as_str()) {
        (Some(0), _) | (_, Some("nearest")) => Some(Filter::Nearest),
        (Some(1), _) | (_, Some("lanczos")) => Some(Filter::Lanczos),
        (Some(2), _) | (_, Some("bilinear")) => Some(Filter::Bilinear),
        (Some(3), _) | (_, Some("bicubic")) => Some(Filter::Bicubic),
        (Some(4), _) | (_, Some("box")) => Some(Filter::Box),
        (Some(5), _) | (_, Some("hamming")) => Some(Filter::Hamming),
        _ => None,
    };
    found.ok_or_else(|| format!("{value} is no known way of resizing"))
}

fn number(settings: &Settings, key: &str) -> Result<Option<f32>, String> {
    let number = |value: &Value| {
        let number = value.as_f64().map(|number| number as f32);
        number
            .filter(|number| number.is_finite())
            .ok_or_else(|| format!("`{key}` is no number"))
    };
    settings.get(key).map(number).transpose()
}

/// Three numbers, or one for all.
fn three(settings: &Settings, key: &str) -> Result<Option<[f32; 3]>, String> {
    let Some(value) = settings.get(key).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    if let Some(number) = value.as_f64() {
        return Ok(Some([number as f32; 3]));
    }
    let numbers = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let numbers: Vec<f32> = numbers
        .iter()
        .filter_map(Value::as_f64)
        .map(|number| number as f32)
        .filter(|number| number.is_finite())
        .collect();
    let three = <[f32; 3]>::try_from(numbers);
    three
        .map(Some)
        .map_err(|_| format!("`{key}` is not three numbers"))
}

fn deviation(settings: &Settings, key: &str) -> Result<Option<[f32; 3]>, String> {
    let found = three(settings, key)?;
    match found.is_some_and(|found| found.iter().any(|one| *one <= 0.0)) {
        true => Err(format!("`{key}` is not above zero")),
        false => Ok(found),
    }
}

#[cfg(test)]
mod tests;
