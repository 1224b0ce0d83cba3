//! Every fast kernel gives what its plain twin gives.

use half::f16;
use proptest::prelude::*;

use super::*;

fn bytes(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), length)
}

fn signed(length: usize) -> impl Strategy<Value = Vec<i8>> {
    prop::collection::vec(-127i8..=127, length)
}

fn floats(length: usize) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-1f32..1.0, length)
}

proptest! {
    #[test]
    fn four_bit_products_are_exact(
        (records, query) in (1usize..80).prop_flat_map(|chunks| {
            (bytes(7 * chunks * CHUNK_BYTES), signed(chunks * CHUNK))
        }),
        ids in prop::collection::vec(0u32..7, 0..40),
    ) {
        let records = Records { bytes: &records, stride: query.len() / 2 };
        let (mut fast, mut slow) = (vec![1, 2], Vec::new());
        dot4(&query, records, &ids, &mut fast);
        plain::dot4(&query, records, &ids, &mut slow);
        prop_assert_eq!(fast, slow);
    }

    #[test]
    fn looked_up_sums_are_exact(
        (tables, blocks) in (1usize..200).prop_flat_map(|length| {
            let most = (65535 / (2 * length)).min(127) as u8;
            let table = prop::array::uniform32(0..=most);
            (prop::collection::vec(table, length), bytes(3 * SKETCHED * length))
        }),
    ) {
        let (mut fast, mut slow) = (vec![1, 2], vec![0; 3 * SKETCHED]);
        look_up(&tables, &blocks, &mut fast);
        plain::look_up(&tables, &blocks, &mut slow);
        // What was there before stays.
        prop_assert_eq!(&fast[..2], &[1, 2]);
        prop_assert_eq!(&fast[2..], slow);
    }

    #[test]
    fn upper_bits_are_those_of_the_codes(
        record in (0usize..5).prop_flat_map(|chunks| bytes(chunks * CHUNK_BYTES)),
    ) {
        let (mut fast, mut slow) = (vec![9; record.len() / 4], vec![7; record.len() / 4]);
        upper_bits(&record, &mut fast);
        plain::upper_bits(&record, &mut slow);
        prop_assert_eq!(&fast, &slow);
        for at in 0..2 * record.len() {
            let byte = record[at / CHUNK * CHUNK_BYTES + at % CHUNK_BYTES];
            let code = if at % CHUNK < CHUNK_BYTES { byte & 15 } else { byte >> 4 };
            prop_assert_eq!(fast[at / 8] >> (at % 8) & 1 == 1, code >= 8);
        }
    }

    #[test]
    fn bounded_sums_are_found(
        sums in prop::collection::vec(prop_oneof![any::<u16>(), 0u16..3, 65533u16..], 0..150),
        bound in prop_oneof![any::<u16>(), 0u16..3, 65533u16..],
    ) {
        let (mut fast, mut slow) = (vec![1, 2], Vec::new());
        at_least(&sums, bound, &mut fast);
        plain::at_least(&sums, bound, &mut slow);
        prop_assert_eq!(fast, slow);
    }

    #[test]
    fn byte_products_are_exact(
        (a, b) in (0usize..30).prop_flat_map(|parts| (signed(32 * parts), signed(32 * parts))),
    ) {
        prop_assert_eq!(dot8(&a, &b), plain::dot8(&a, &b));
    }

    #[test]
    fn refined_products_agree(
        (query, record, fine) in (1usize..300).prop_flat_map(|length| {
            (floats(length), bytes(length.div_ceil(CHUNK) * CHUNK_BYTES), bytes(length))
        }),
    ) {
        let fast = dot_refined(&query, &record, &fine);
        let slow = plain::dot_refined(&query, &record, &fine);
        prop_assert!((fast.0 - slow.0).abs() < 0.01 && (fast.1 - slow.1).abs() < 0.05);
    }

    #[test]
    fn half_products_agree(
        (query, vector) in (0usize..300).prop_flat_map(|length| (floats(length), floats(length))),
    ) {
        let vector: Vec<f16> = vector.into_iter().map(f16::from_f32).collect();
        prop_assert!((dot16(&query, &vector) - plain::dot16(&query, &vector)).abs() < 1e-3);
    }
}

#[test]
fn the_largest_products_do_not_overflow() {
    // 65,536 coordinates, as many as there can be.
    let chunks = 1024;
    let query = vec![127i8; chunks * CHUNK];
    let bytes = vec![255u8; chunks * CHUNK_BYTES];
    let records = Records {
        bytes: &bytes,
        stride: bytes.len(),
    };
    let mut out = Vec::new();
    dot4(&query, records, &[0], &mut out);
    assert_eq!(out, [1024 * 64 * 15 * 127]);
    let row = vec![127; 1 << 16];
    assert_eq!(dot8(&row, &row), 65536 * 127 * 127);
    let other = vec![-127; 1 << 16];
    assert_eq!(dot8(&row, &other), -65536 * 127 * 127);
}
