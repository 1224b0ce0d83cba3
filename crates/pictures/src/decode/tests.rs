use proptest::prelude::*;

use super::*;

/// What the pictures in `tests/pictures` show, which Pillow wrote: 16 × 8 pixels, the left
/// half red and the right half blue.
const RED: [u8; 3] = [220, 30, 40];
const BLUE: [u8; 3] = [20, 60, 200];

macro_rules! pictures {
    ($($name:literal),*) => {
        [$(($name, include_bytes!(concat!("../../tests/pictures/", $name)).as_slice())),*]
    };
}

const ALL: [(&str, &[u8]); 16] = pictures![
    "plain.jpg",
    "progressive.jpg",
    "turned.jpg",
    "cmyk.jpg",
    "ycck.jpg",
    "grey.jpg",
    "plain.png",
    "palette.png",
    "transparent.png",
    "grey16.png",
    "plain.bmp",
    "plain.gif",
    "animated.gif",
    "lossless.webp",
    "lossy.webp",
    "animated.webp"
];

fn bytes(name: &str) -> &'static [u8] {
    ALL.iter().find(|(known, _)| *known == name).unwrap().1
}

fn read(bytes: &[u8]) -> Result<Pixels, Error> {
    decode("a.jpg", bytes, &Limits::default())
}

fn pixel(pixels: &Pixels, x: u32, y: u32) -> [u8; 3] {
    let at = (y * pixels.width() + x) as usize * 3;
    pixels.rgb()[at..][..3].try_into().unwrap()
}

#[track_caller]
fn assert_near(found: [u8; 3], expected: [u8; 3], within: u8) {
    let apart = found.iter().zip(expected).map(|(a, b)| a.abs_diff(b));
    assert!(apart.max() <= Some(within), "{found:?} is not {expected:?}");
}

#[test]
fn every_format_shows_the_same_picture_upright() {
    for (name, file) in ALL {
        if ["grey16.png", "grey.jpg", "transparent.png", "ycck.jpg"].contains(&name) {
            continue;
        }
        let pixels = read(file).unwrap();
        assert_eq!((pixels.width(), pixels.height()), (16, 8), "{name}");
        let within = if name.contains(".jpg") || name == "lossy.webp" {
            6
        } else {
            0
        };
        assert_near(pixel(&pixels, 2, 3), RED, within);
        assert_near(pixel(&pixels, 13, 3), BLUE, within);
    }
}

#[test]
fn grey_deep_and_transparent_pictures_become_rgb() {
    let grey = read(bytes("grey.jpg")).unwrap();
    assert_near(pixel(&grey, 2, 3), [88; 3], 2);
    let deep = read(bytes("grey16.png")).unwrap();
    assert_eq!(deep.rgb(), [0, 0, 0, 255, 255, 255]);
    let clear = read(bytes("transparent.png")).unwrap();
    assert_eq!(pixel(&clear, 2, 3), [255; 3]);
    assert_eq!(pixel(&clear, 13, 3), BLUE);
    // As Pillow converts it.
    let ycck = read(bytes("ycck.jpg")).unwrap();
    assert_near(pixel(&ycck, 2, 3), YCCK.0, 3);
    assert_near(pixel(&ycck, 13, 3), YCCK.1, 3);
}

const YCCK: ([u8; 3], [u8; 3]) = ([158, 0, 209], [134, 255, 255]);

#[test]
fn a_picture_of_one_pixel_is_a_picture() {
    let mut file = Vec::new();
    RgbImage::from_raw(1, 1, vec![1, 2, 3])
        .unwrap()
        .write_to(&mut Cursor::new(&mut file), ImageFormat::Png)
        .unwrap();
    assert_eq!(read(&file).unwrap().rgb(), [1, 2, 3]);
}

/// A PNG that says to be of a size, with hardly any bytes.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = bytes("plain.png").to_vec();
    file[16..20].copy_from_slice(&width.to_be_bytes());
    file[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&file[12..29]);
    file[29..33].copy_from_slice(&sum.to_be_bytes());
    file
}

fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[test]
fn a_picture_that_would_take_all_memory_is_refused_by_its_size() {
    for (width, height) in [
        (30_000, 30_000),
        (64_000_001, 1),
        (0x7fff_ffff, 0x7fff_ffff),
    ] {
        let refused = read(&png(width, height)).unwrap_err();
        let message = refused.to_string();
        assert!(matches!(refused, Error::TooManyPixels { .. }), "{message}");
        assert!(
            message.contains(&format!("{width} × {height} pixels")),
            "{message}"
        );
        assert!(message.contains("at most 64000000"), "{message}");
    }
    // JPEG has its size behind the marker FFC0, GIF in its header, BMP at 18.
    let mut jpeg = bytes("plain.jpg").to_vec();
    let at = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    jpeg[at + 5..at + 9].copy_from_slice(&[0xff; 4]);
    let mut gif = bytes("plain.gif").to_vec();
    gif[6..10].copy_from_slice(&[0xff; 4]);
    let mut bmp = bytes("plain.bmp").to_vec();
    bmp[18..22].copy_from_slice(&60_000u32.to_le_bytes());
    bmp[22..26].copy_from_slice(&60_000u32.to_le_bytes());
    for file in [jpeg, gif, bmp] {
        let refused = read(&file).unwrap_err();
        assert!(matches!(refused, Error::TooManyPixels { .. }), "{refused}");
    }
    let small = Limits::default().with_bytes(10);
    let refused = decode("a", bytes("plain.png"), &small)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("86 bytes, and at most 10"), "{refused}");
}

#[test]
fn the_bytes_say_what_a_file_is_and_not_its_name() {
    assert!(read(bytes("plain.png")).is_ok());
    let refused = read(b"<!doctype html><p>Not found")
        .unwrap_err()
        .to_string();
    assert_eq!(
        refused,
        "the picture `a.jpg` is an HTML page; JPEG, PNG, WebP, GIF and BMP are read"
    );
}

#[test]
fn what_is_cut_short_is_damaged_wherever_it_is_cut() {
    for (name, file) in ALL {
        // What follows the first frame or the last row is not needed.
        let needed = match name {
            "animated.gif" | "animated.webp" => file.len() / 3,
            // Marks of an end, and checksums of nothing.
            _ => file.len().saturating_sub(8),
        };
        for length in 1..needed {
            assert!(read(&file[..length]).is_err(), "{name} of {length} bytes");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damaged_bytes_are_an_error_or_a_picture(
        which in 0..ALL.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut file = ALL[which].1.to_vec();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        let limits = Limits::default().with_pixels(1_000_000);
        if let Ok(pixels) = decode("a", &file, &limits) {
            prop_assert!(u64::from(pixels.width()) * u64::from(pixels.height()) <= 1_000_000);
        }
    }

    #[test]
    fn any_bytes_behind_a_beginning_are_an_error_or_a_picture(
        which in 0..ALL.len(),
        kept in 4..40_usize,
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let start = ALL[which].1;
        let file = [&start[..kept.min(start.len())], &rest].concat();
        let _ = decode("a", &file, &Limits::default().with_pixels(1_000_000));
    }
}
