//! The kernels in plain code.

use half::f16;

use super::{CHUNK, CHUNK_BYTES, Records, SKETCHED, Table};

pub(super) fn dot4(query: &[i8], records: Records<'_>, ids: &[u32], out: &mut Vec<i32>) {
    out.extend(ids.iter().map(|&id| {
        let chunks = records.get(id).chunks_exact(CHUNK_BYTES);
        chunks
            .zip(query.chunks_exact(CHUNK))
            .map(|(bytes, query)| {
                let (low, high) = query.split_at(CHUNK_BYTES);
                let pairs = bytes.iter().zip(low.iter().zip(high));
                pairs
                    .map(|(byte, (&low, &high))| {
                        i32::from(byte & 15) * i32::from(low)
                            + i32::from(byte >> 4) * i32::from(high)
                    })
                    .sum::<i32>()
            })
            .sum::<i32>()
    }));
}

pub(super) fn look_up(tables: &[Table], blocks: &[u8], out: &mut [u16]) {
    let blocks = blocks.chunks_exact((SKETCHED * tables.len()).max(1));
    for (block, sums) in blocks.zip(out.chunks_exact_mut(SKETCHED)) {
        for (bytes, table) in block.chunks_exact(SKETCHED).zip(tables) {
            for (&byte, sum) in bytes.iter().zip(&mut *sums) {
                let low = table[usize::from(byte & 15)];
                let high = table[16 + usize::from(byte >> 4)];
                *sum += u16::from(low) + u16::from(high);
            }
        }
    }
}

pub(super) fn upper_bits(record: &[u8], out: &mut [u8]) {
    // The lower halves of the bytes have 32 coordinates, the upper ones the next.
    let codes = record.chunks_exact(CHUNK_BYTES).flat_map(|chunk| {
        let of = move |bit: u8| chunk.iter().map(move |byte| byte >> bit & 1);
        of(3).chain(of(7))
    });
    out.fill(0);
    for (at, code) in codes.enumerate() {
        out[at / 8] |= code << (at % 8);
    }
}

pub(super) fn at_least(sums: &[u16], bound: u16, out: &mut Vec<u32>) {
    let places = (0..).zip(sums).filter(|(_, sum)| **sum >= bound);
    out.extend(places.map(|(at, _)| at));
}

pub(super) fn dot8(a: &[i8], b: &[i8]) -> i32 {
    let pairs = a.iter().zip(b);
    pairs.map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
}

pub(super) fn dot_refined(query: &[f32], record: &[u8], refinement: &[u8]) -> (f32, f32) {
    let (mut coarse, mut fine) = (0.0, 0.0);
    for (at, value) in query.iter().enumerate() {
        let byte = record[at / CHUNK * CHUNK_BYTES + at % CHUNK_BYTES];
        let code = if at % CHUNK < CHUNK_BYTES {
            byte & 15
        } else {
            byte >> 4
        };
        coarse += value * f32::from(code);
        fine += value * f32::from(refinement[at] as i8);
    }
    (coarse, fine)
}

pub(super) fn dot16(query: &[f32], vector: &[f16]) -> f32 {
    let pairs = query.iter().zip(vector);
    pairs.map(|(a, b)| a * b.to_f32()).sum()
}
