//! Why a picture could not be opened.

use std::path::PathBuf;

use assort_core::ErrorKind;

use crate::format::Format;

/// Why a picture could not be opened: one sentence naming it, what is wrong and the
/// limit, if there is one; [`Error::kind`] says who must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are no picture, or one that is not read.
    #[error("the picture `{reference}` is {what}; JPEG, PNG, WebP, GIF and BMP are read")]
    NoPicture {
        /// The picture.
        reference: String,
        /// What the bytes are.
        what: &'static str,
    },
    /// The file is larger than may be read.
    #[error("the picture `{reference}` has {}, and at most {limit} are read", bytes_of(*bytes))]
    TooManyBytes {
        /// The picture.
        reference: String,
        /// How many bytes it has, if that is known.
        bytes: Option<u64>,
        /// How many may be read.
        limit: u64,
    },
    /// The picture has more pixels than may be decoded.
    #[error(
        "the picture `{reference}` has {width} × {height} pixels, and at most {limit} are decoded"
    )]
    TooManyPixels {
        /// The picture.
        reference: String,
        /// Pixels in a row.
        width: u64,
        /// Rows.
        height: u64,
        /// How many pixels may be decoded.
        limit: u64,
    },
    /// The picture is cut short or broken.
    #[error("the picture `{reference}` is a damaged {format} file: {cause}")]
    Damaged {
        /// The picture.
        reference: String,
        /// What it is.
        format: Format,
        /// What its decoder says.
        cause: String,
    },
    /// The reference leads out of the folder or archive.
    #[error("the picture `{reference}` is refused: {why}")]
    Outside {
        /// The reference.
        reference: String,
        /// How it leads out.
        why: &'static str,
    },
    /// There is no such picture in the folder or archive.
    #[error("there is no picture `{reference}` in the folder or archive of pictures")]
    NotFound {
        /// The reference.
        reference: String,
        /// The folder or archive.
        place: PathBuf,
    },
    /// What is there under this name is no file with bytes of its own.
    #[error("the picture `{reference}` is {what}, which is not read")]
    NoFile {
        /// The reference.
        reference: String,
        /// What it is.
        what: &'static str,
        /// The folder or archive.
        place: PathBuf,
    },
    /// The reference is a path, and no folder or archive was given.
    #[error("the picture `{reference}` is a path, and no folder or archive of pictures was given")]
    NoPlace {
        /// The reference.
        reference: String,
    },
    /// The reference is an address on the web, and fetching was not asked for.
    #[error("the picture `{reference}` is on the web, and fetching pictures was not asked for")]
    UrlsOff {
        /// The address.
        reference: String,
    },
    /// The reference is an address that is never fetched.
    #[error("the picture `{reference}` is not fetched: {why}")]
    UrlRefused {
        /// The address.
        reference: String,
        /// Why not.
        why: String,
    },
    /// Fetching a picture failed.
    #[error("the picture `{reference}` could not be fetched: {cause}")]
    Fetch {
        /// The address.
        reference: String,
        /// What went wrong.
        cause: String,
    },
    /// The reference holds data that is not written as it should be.
    #[error("the picture `{reference}` is not written as data: {why}")]
    Data {
        /// The beginning of the reference.
        reference: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The system refused to read the picture.
    #[error("the picture `{reference}` cannot be read: {source}")]
    Read {
        /// The picture.
        reference: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The folder or archive itself cannot be used.
    #[error("{} cannot be used for pictures: {cause}", .path.display())]
    Place {
        /// The folder or archive.
        path: PathBuf,
        /// What is in the way.
        cause: String,
    },
}

fn bytes_of(bytes: Option<u64>) -> String {
    match bytes {
        Some(bytes) => format!("{bytes} bytes"),
        None => "too many bytes".to_owned(),
    }
}

impl Error {
    /// Who must act.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoPicture { .. }
            | Self::TooManyBytes { .. }
            | Self::TooManyPixels { .. }
            | Self::Damaged { .. }
            | Self::Outside { .. }
            | Self::NoFile { .. }
            | Self::UrlRefused { .. }
            | Self::Data { .. } => ErrorKind::Input,
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::NoPlace { .. } | Self::UrlsOff { .. } | Self::Place { .. } => ErrorKind::Argument,
            Self::Fetch { .. } | Self::Read { .. } => ErrorKind::Storage,
        }
    }
}

/// A reference as an error names it: whole, unless it is as long as data is.
pub(crate) fn named(reference: &str) -> String {
    const LONGEST: usize = 300;
    const DATA: usize = 40;
    let longest = match reference.starts_with("data:") {
        true => DATA,
        false => LONGEST,
    };
    if reference.len() <= longest {
        return reference.to_owned();
    }
    format!("{}…", &reference[..reference.floor_char_boundary(longest)])
}
