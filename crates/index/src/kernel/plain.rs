//! The kernels in plain code.

use half::f16;

use super::{CHUNK, CHUNK_BYTES, Records};

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
