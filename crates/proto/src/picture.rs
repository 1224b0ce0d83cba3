//! Pictures that are given as bytes: a catalog keeps them as `data:` URIs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::v1;
use crate::v1::image::Source;

/// What bytes are if it is not told.
const UNKNOWN: &str = "application/octet-stream";

/// Bytes as a `data:` URI; without a `media_type` they are some bytes.
///
/// # Errors
/// A sentence that says why the media type is none.
pub fn to_uri(data: &[u8], media_type: &str) -> Result<String, String> {
    let media_type = match media_type.trim() {
        "" => UNKNOWN,
        given => given,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '+' | '-' | '.');
    if !media_type.chars().all(plain) || media_type.matches('/').count() != 1 {
        return Err(format!(
            "`{media_type}` is not a media type such as image/jpeg"
        ));
    }
    Ok(format!(
        "data:{media_type};base64,{}",
        STANDARD.encode(data)
    ))
}

/// Whether a picture is an address that is to be fetched.
pub fn is_on_the_web(uri: &str) -> bool {
    let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
    ["http", "https"]
        .iter()
        .any(|web| scheme.eq_ignore_ascii_case(web))
}

/// A picture as a catalog keeps it.
pub fn from_uri(uri: String) -> v1::Image {
    let parts = uri
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(";base64,"));
    let data = parts
        .and_then(|(media_type, text)| Some((media_type.to_owned(), STANDARD.decode(text).ok()?)));
    match data {
        Some((media_type, data)) => v1::Image {
            source: Some(Source::Data(data)),
            media_type,
        },
        None => v1::Image {
            source: Some(Source::Uri(uri)),
            media_type: String::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_back_as_they_were_given() {
        for length in 0..70u8 {
            let data: Vec<u8> = (0..length).map(|at| at.wrapping_mul(37)).collect();
            let uri = to_uri(&data, "image/png").unwrap();
            let image = from_uri(uri);
            assert_eq!(image.source, Some(Source::Data(data)));
            assert_eq!(image.media_type, "image/png");
        }
        assert_eq!(
            to_uri(b"Man", "").unwrap(),
            "data:application/octet-stream;base64,TWFu"
        );
        assert!(to_uri(b"", "image/png;base64,").is_err());
    }

    #[test]
    fn what_is_no_picture_of_ours_stays_a_uri() {
        for uri in [
            "https://shop/1.jpg",
            "data:image/png;base64,TW=u",
            "data:image/png;base64,T===",
            "data:image/png;base64,TWFu*",
            "data:,hello",
        ] {
            assert_eq!(
                from_uri(uri.to_owned()).source,
                Some(Source::Uri(uri.to_owned()))
            );
        }
    }
}
