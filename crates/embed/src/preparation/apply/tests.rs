use std::array::from_fn;

use super::*;

/// A picture of no pattern, as the references below were made of.
fn picture(width: u32, height: u32) -> Pixels {
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let rgb = places.flat_map(|(x, y)| {
        from_fn::<u8, 3, _>(|c| (x * 7 + y * 13 + c as u32 * 50 + x * y % 17 * 5) as u8)
    });
    Pixels::new(width, height, rgb.collect()).unwrap()
}

fn preparation(resize: Resize, filter: Filter, size: (u32, u32)) -> Preparation {
    Preparation {
        source: "a test",
        resize,
        filter,
        size,
        middle: Middle::Down,
        scale: 1.0,
        mean: [0.0; 3],
        deviation: [1.0; 3],
        layout: Layout::Pixels,
        is_raw: false,
    }
}

fn seen(picture: &Pixels, preparation: &Preparation) -> Vec<u8> {
    Preparer::new(preparation).seen(picture).unwrap()
}

#[track_caller]
fn assert_like(made: &[u8], reference: &[u8]) {
    let apart = made.iter().zip(reference).map(|(a, b)| a.abs_diff(*b));
    assert!(apart.max() <= Some(1), "{made:?} is not {reference:?}");
    assert_eq!(made.len(), reference.len());
}

/// What Pillow 13 makes of the same pictures: `Image.resize`, and `Image.crop` after it.
#[test]
fn pictures_are_resized_as_pillow_does_it() {
    let exact = |filter, size: (u32, u32)| preparation(Resize::Exact(size.0, size.1), filter, size);
    for (from, prepared, reference) in [
        ((37, 23), exact(Filter::Bilinear, (5, 4)), BILINEAR),
        ((37, 23), exact(Filter::Bicubic, (5, 4)), BICUBIC),
        ((37, 23), exact(Filter::Lanczos, (5, 4)), LANCZOS),
        ((4, 3), exact(Filter::Bicubic, (6, 5)), LARGER),
        (
            (37, 23),
            preparation(Resize::Shortest(8), Filter::Bicubic, (5, 5)),
            CUT,
        ),
    ] {
        assert_like(&seen(&picture(from.0, from.1), &prepared), reference);
    }
}

#[test]
fn what_is_missing_is_black_on_all_sides() {
    let keep = preparation(Resize::Keep, Filter::Bilinear, (5, 3));
    let white = Pixels::new(2, 1, vec![255; 6]).unwrap();
    let made = seen(&white, &keep);
    let lit: Vec<usize> = (0..15).filter(|at| made[at * 3] == 255).collect();
    assert_eq!(lit, [6, 7]);
}

#[test]
fn the_middle_is_found_as_each_library_does_it() {
    let rgb = (0..8).flat_map(|x| [x; 3]).collect();
    let row = Pixels::new(8, 1, rgb).unwrap();
    for (wanted, middle, first) in [
        (5, Middle::Down, 1),
        (5, Middle::Even, 2),
        (3, Middle::Down, 2),
        (3, Middle::Even, 2),
        (4, Middle::Even, 2),
    ] {
        let keep = Preparation {
            middle,
            ..preparation(Resize::Keep, Filter::Bilinear, (wanted, 1))
        };
        assert_eq!(seen(&row, &keep)[0], first, "{wanted} {middle:?}");
    }
}

#[test]
fn a_thin_picture_takes_no_more_memory_than_the_model_sees() {
    let usual = preparation(Resize::Shortest(256), Filter::Bicubic, (224, 224));
    for (width, height) in [(1, 1), (60_000, 1), (1, 60_000)] {
        let grey = Pixels::new(width, height, vec![90; (width * height * 3) as usize]).unwrap();
        assert!(seen(&grey, &usual).iter().all(|value| *value == 90));
    }
}

#[test]
fn numbers_stand_in_the_order_that_the_model_takes() {
    let two = Pixels::new(2, 1, vec![0, 51, 102, 153, 204, 255]).unwrap();
    let mut prepared = preparation(Resize::Keep, Filter::Bilinear, (2, 1));
    prepared.scale = 1.0 / 255.0;
    prepared.mean = [0.0, 0.2, 0.4];
    prepared.deviation = [1.0, 2.0, 0.5];
    let expected = [0.0, 0.0, 0.0, 0.6, 0.3, 1.2];
    for (layout, order) in [
        (Layout::Pixels, [0, 1, 2, 3, 4, 5]),
        (Layout::Planes, [0, 3, 1, 4, 2, 5]),
    ] {
        prepared.layout = layout;
        let mut numbers = [9.0; 6];
        Preparer::new(&prepared).write(&two, &mut numbers).unwrap();
        for (number, at) in numbers.iter().zip(order) {
            assert!((number - expected[at]).abs() < 1e-6, "{numbers:?}");
        }
    }
    prepared.is_raw = true;
    let mut numbers = [9.0; 6];
    Preparer::new(&prepared).write(&two, &mut numbers).unwrap();
    assert_eq!(numbers, [0.0, 153.0, 51.0, 204.0, 102.0, 255.0]);
}

#[rustfmt::skip]
const BILINEAR: &[u8] = &[
    95, 144, 163, 149, 170, 128, 171, 145, 89, 129, 93, 103, 87, 96, 140, 165, 155, 107, 171, 102,
    81, 123, 84, 114, 88, 120, 164, 112, 160, 170, 132, 89, 95, 81, 90, 135, 93, 135, 160, 141, 184,
    142, 163, 183, 83, 83, 103, 152, 105, 154, 166, 149, 171, 122, 165, 122, 83, 118, 93, 96,
];

#[rustfmt::skip]
const BICUBIC: &[u8] = &[
    85, 141, 170, 151, 181, 132, 181, 150, 82, 131, 87, 97, 80, 90, 141, 172, 165, 107, 183, 97, 69,
    121, 71, 110, 78, 117, 175, 111, 166, 179, 136, 83, 87, 70, 80, 137, 82, 136, 171, 146, 198,
    145, 171, 190, 73, 77, 98, 155, 102, 162, 174, 157, 179, 118, 170, 118, 75, 113, 83, 96,
];

#[rustfmt::skip]
const LANCZOS: &[u8] = &[
    78, 139, 175, 151, 188, 133, 189, 151, 77, 130, 85, 94, 77, 88, 141, 176, 173, 109, 192, 96, 62,
    121, 63, 106, 70, 112, 181, 109, 169, 184, 139, 79, 80, 63, 72, 139, 75, 138, 179, 152, 209,
    146, 177, 192, 66, 72, 95, 157, 100, 167, 179, 164, 183, 115, 172, 116, 70, 109, 80, 96,
];

#[rustfmt::skip]
const LARGER: &[u8] = &[
    0, 49, 99, 2, 52, 102, 7, 57, 107, 11, 61, 111, 16, 66, 116, 19, 69, 119, 4, 54, 104, 8, 58,
    108, 14, 64, 114, 20, 70, 120, 26, 76, 126, 30, 80, 130, 12, 62, 112, 18, 68, 118, 27, 77, 127,
    35, 85, 135, 44, 94, 144, 50, 100, 150, 21, 71, 121, 28, 78, 128, 40, 90, 140, 50, 100, 150, 62,
    112, 162, 69, 119, 169, 26, 76, 126, 34, 84, 134, 47, 97, 147, 59, 109, 159, 72, 122, 172, 80,
    130, 180,
];

#[rustfmt::skip]
const CUT: &[u8] = &[
    168, 185, 119, 179, 183, 88, 204, 163, 41, 187, 97, 65, 145, 56, 92, 204, 133, 42, 202, 69, 67,
    197, 61, 74, 119, 58, 109, 88, 77, 129, 175, 54, 83, 141, 64, 103, 94, 59, 114, 75, 95, 145, 67,
    121, 174, 94, 63, 117, 57, 95, 146, 51, 100, 151, 80, 133, 190, 110, 160, 197, 47, 104, 155, 62,
    115, 168, 75, 126, 164, 130, 181, 160, 136, 192, 141,
];
