//! The loops over rows of tables that take the time, compiled twice: for any
//! processor, and for those with AVX2. Both do the same sums in the same order, so
//! that a model is the same on all machines.
#![expect(
    unsafe_code,
    reason = "calling a function compiled for AVX2 is unsafe where the processor might lack it"
)]

/// Compiles a function for any processor and for AVX2, and calls the latter
/// where it may.
macro_rules! compiled_twice {
    ($(#[$doc:meta])* fn $name:ident($($argument:ident: $kind:ty),* $(,)?) $(-> $gives:ty)? $body:block) => {
        $(#[$doc])*
        #[inline]
        pub fn $name($($argument: $kind),*) $(-> $gives)? {
            #[inline(always)]
            fn plain($($argument: $kind),*) $(-> $gives)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn wide($($argument: $kind),*) $(-> $gives)? {
                    plain($($argument),*)
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has AVX2.
                    return unsafe { wide($($argument),*) };
                }
            }
            plain($($argument),*)
        }
    };
}

/// Coordinates that are summed together, in registers.
const LANES: usize = 64;

/// Bytes of so many numbers of 4 bits.
const NIBBLE_BYTES: usize = LANES / 2;

compiled_twice! {
    /// Adds rows of bytes, each times its factor, to `sum`. A row is named by its
    /// place among rows of `sum.len()` coordinates.
    fn add_bytes(sum: &mut [f32], rows: &[i8], factors: &[(u32, f32)]) {
        let dimensions = sum.len();
        for (block, sum) in sum.chunks_mut(LANES).enumerate() {
            let at = block * LANES;
            if let Ok(whole) = <&mut [f32; LANES]>::try_from(&mut *sum) {
                let mut total = *whole;
                for &(place, factor) in factors {
                    let row = &rows[place as usize * dimensions + at..][..LANES];
                    for (total, &value) in total.iter_mut().zip(row) {
                        *total += factor * f32::from(value);
                    }
                }
                *whole = total;
            } else {
                for &(place, factor) in factors {
                    let row = &rows[place as usize * dimensions + at..];
                    for (total, &value) in sum.iter_mut().zip(row) {
                        *total += factor * f32::from(value);
                    }
                }
            }
        }
    }
}

compiled_twice! {
    /// Adds rows of numbers of 4 bits, each times its factor, to `sum`, whose length
    /// is a multiple of 64. A row is named by its place among rows of
    /// `sum.len() / 2` bytes. Byte `j` of 32 has number `j` of 64 in its low bits and
    /// number `j + 32` in its high ones, 8 for zero.
    fn add_nibbles(sum: &mut [f32], rows: &[u8], factors: &[(u32, f32)]) {
        let row_bytes = sum.len() / 2;
        for (block, sum) in sum.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            let at = block * NIBBLE_BYTES;
            let mut total = *sum;
            let (low, high) = total.split_at_mut(NIBBLE_BYTES);
            for &(place, factor) in factors {
                let row = &rows[place as usize * row_bytes + at..][..NIBBLE_BYTES];
                for ((low, high), &byte) in low.iter_mut().zip(&mut *high).zip(row) {
                    *low += factor * f32::from((byte & 15) as i8 - 8);
                    *high += factor * f32::from((byte >> 4) as i8 - 8);
                }
            }
            *sum = total;
        }
    }
}

compiled_twice! {
    /// Adds rows, each times its factor, to `sum`. A row is named by its place among
    /// rows of `sum.len()` coordinates.
    fn add_weighted(sum: &mut [f32], rows: &[f32], factors: &[(u32, f32)]) {
        for &(place, factor) in factors {
            let row = &rows[place as usize * sum.len()..];
            for (total, value) in sum.iter_mut().zip(row) {
                *total += factor * value;
            }
        }
    }
}

compiled_twice! {
    /// Adds rows to `sum`. A place counts rows of `sum.len()` coordinates.
    fn add_rows(sum: &mut [f32], rows: &[f32], places: &[u32]) {
        for &place in places {
            let row = &rows[place as usize * sum.len()..];
            for (total, value) in sum.iter_mut().zip(row) {
                *total += value;
            }
        }
    }
}

/// How far Adam goes, and what it remembers (Kingma and Ba, 2015).
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Step, corrected for the moments' beginning.
    pub learning_rate: f32,
    /// Part of the first and of the second moment that is kept.
    pub betas: (f32, f32),
    /// Correction of the second moment for its beginning.
    pub correction: f32,
}

compiled_twice! {
    /// One step of Adam up the gradient: `row` and its moments.
    fn adam(row: &mut [f32], first: &mut [f32], second: &mut [f32], gradient: &[f32], pace: Pace) {
        let Pace { learning_rate, betas, correction } = pace;
        let moments = first.iter_mut().zip(second);
        for ((value, (first, second)), &slope) in row.iter_mut().zip(moments).zip(gradient) {
            *first = betas.0 * *first + (1.0 - betas.0) * slope;
            *second = betas.1 * *second + (1.0 - betas.1) * slope * slope;
            *value += learning_rate * *first / ((*second * correction).sqrt() + 1e-12);
        }
    }
}

/// How far a row goes that has one second moment for all its coordinates.
#[derive(Clone, Copy, Debug)]
pub struct RowPace {
    /// Step of a row.
    pub learning_rate: f32,
    /// Part of the second moment that is kept.
    pub beta: f32,
    /// Correction of the second moment for its beginning.
    pub correction: f32,
    /// What is left of the row before it moves.
    pub kept: f32,
}

compiled_twice! {
    /// One step of RMSProp down the gradient with one second moment for the whole row
    /// (Hinton, 2012).
    fn rmsprop_by_row(row: &mut [f32], second: &mut f32, gradient: &[f32], pace: RowPace) {
        let RowPace { learning_rate, beta, correction, kept } = pace;
        *second = beta * *second + (1.0 - beta) * squares(gradient) / gradient.len() as f32;
        let step = learning_rate / ((*second * correction).sqrt() + 1e-12);
        for (value, &slope) in row.iter_mut().zip(gradient) {
            *value = kept * *value - step * slope;
        }
    }
}

compiled_twice! {
    /// Sum of the numbers.
    fn sum(values: &[f32]) -> f32 {
        fold(values, 0.0, |value| value, |a, b| a + b)
    }
}

compiled_twice! {
    /// Sum of their squares.
    fn squares(values: &[f32]) -> f32 {
        fold(values, 0.0, |value| value * value, |a, b| a + b)
    }
}

compiled_twice! {
    /// Turns scores into shares that sum to one, and gives the logarithm of the sum that
    /// they were divided by.
    fn softmax(scores: &mut [f32]) -> f32 {
        let higher = |a: f32, b: f32| if b > a { b } else { a };
        let best = fold(scores, f32::NEG_INFINITY, |score| score, higher);
        scores.iter_mut().for_each(|score| *score = exp(*score - best));
        let sum = fold(scores, 0.0, |share| share, |a, b| a + b);
        scores.iter_mut().for_each(|share| *share /= sum);
        best + sum.ln()
    }
}

/// Joins what `part` makes of the numbers in lanes that do not wait for each other, then
/// the lanes.
#[inline(always)]
fn fold(
    values: &[f32],
    start: f32,
    part: impl Fn(f32) -> f32,
    join: impl Fn(f32, f32) -> f32,
) -> f32 {
    const FOLDS: usize = 16;
    let (whole, rest) = values.as_chunks::<FOLDS>();
    let mut lanes = [start; FOLDS];
    for values in whole {
        for (lane, &value) in lanes.iter_mut().zip(values) {
            *lane = join(*lane, part(value));
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane = join(*lane, part(value));
    }
    lanes.iter().fold(start, |all, &lane| join(all, lane))
}

/// e to the power of a number that is 0 or less, to the last two bits; what is below
/// -87 counts as that. As Cephes does it (Moshier, 1989), without a jump, so that many are
/// done together.
#[inline(always)]
fn exp(value: f32) -> f32 {
    // Whole numbers are the last bits of what is added to it.
    const WHOLE: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let value = if value < -87.0 { -87.0 } else { value };
    let shifted = value * std::f32::consts::LOG2_E + WHOLE;
    let whole = shifted - WHOLE;
    let rest = value - whole * LN_2_HIGH - whole * LN_2_LOW;
    let mut series = 1.987_569_1e-4;
    for factor in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        0.166_666_66,
        0.5,
    ] {
        series = series * rest + factor;
    }
    let part = series * rest * rest + rest + 1.0;
    f32::from_bits(part.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// Rounds a row to 8 bits, and gives what a step is worth; 0 for a row of zeros.
pub fn round_to_bytes(row: &[f32], rounded: &mut [i8]) -> f32 {
    let most = row.iter().fold(0f32, |most, value| most.max(value.abs()));
    let scale = most / 127.0;
    if scale > 0.0 {
        for (out, value) in rounded.iter_mut().zip(row) {
            *out = (value / scale).round() as i8;
        }
    }
    scale
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shares_are_those_of_exact_arithmetic(
            scores in prop::collection::vec(-120f32..40.0, 1..100),
        ) {
            let exact: Vec<f64> = scores.iter().map(|score| f64::from(*score).exp()).collect();
            let total: f64 = exact.iter().sum();
            let mut shares = scores.clone();
            let log_sum = softmax(&mut shares);
            prop_assert!((f64::from(log_sum) - total.ln()).abs() < 1e-5 * total.ln().abs().max(1.0));
            for (share, exact) in shares.iter().zip(exact) {
                let exact = exact / total;
                prop_assert!((f64::from(*share) - exact).abs() < 2e-5 * exact + 1e-37);
            }
            let close = |a: f32, b: f64| (f64::from(a) - b).abs() < 1e-5 * b.abs() + 1e-3;
            prop_assert!(close(sum(&scores), scores.iter().map(|s| f64::from(*s)).sum()));
            let by_hand: f64 = scores.iter().map(|s| f64::from(*s).powi(2)).sum();
            prop_assert!(close(squares(&scores), by_hand));
        }

        #[test]
        fn powers_of_e_are_those_of_the_standard_library(value in -87f32..=0.0) {
            let (own, known) = (exp(value), value.exp());
            prop_assert!((own - known).abs() <= 2.0 * f32::EPSILON * known, "{own} {known}");
        }

        #[test]
        fn a_row_moves_by_its_mean_square(
            slopes in prop::collection::vec(-1f32..1.0, 1..70),
            second in 0f32..2.0,
        ) {
            let before: Vec<f32> = (0..slopes.len()).map(|at| at as f32 / 50.0 - 0.5).collect();
            let pace = RowPace { learning_rate: 0.1, beta: 0.99, correction: 1.5, kept: 0.98 };
            let (mut row, mut moved) = (before.clone(), second);
            rmsprop_by_row(&mut row, &mut moved, &slopes, pace);
            let square = slopes.iter().map(|slope| slope * slope).sum::<f32>() / slopes.len() as f32;
            prop_assert!((moved - (0.99 * second + 0.01 * square)).abs() < 1e-5);
            let step = 0.1 / ((moved * 1.5).sqrt() + 1e-12);
            for (at, value) in row.into_iter().enumerate() {
                prop_assert!((value - (0.98 * before[at] - step * slopes[at])).abs() < 1e-4);
            }
        }

        #[test]
        fn rows_are_summed_whatever_their_length(
            dimensions in 1usize..200,
            places in prop::collection::vec(0u32..8, 0..20),
        ) {
            let rows: Vec<i8> = (0..8 * dimensions).map(|i| (i * 37 % 255) as u8 as i8).collect();
            let scales: Vec<f32> = (0..8).map(|i| 0.01 * (i + 1) as f32).collect();
            let whole: Vec<f32> = (0..8 * dimensions)
                .map(|i| scales[i / dimensions] * f32::from(rows[i]))
                .collect();
            let mut sum = vec![0.5; dimensions];
            let factors: Vec<(u32, f32)> =
                places.iter().map(|&place| (place, scales[place as usize])).collect();
            add_bytes(&mut sum, &rows, &factors);
            let mut other = vec![0.5; dimensions];
            add_rows(&mut other, &whole, &places);
            let ones: Vec<(u32, f32)> = places.iter().map(|&place| (place, 1.0)).collect();
            let mut weighted = vec![0.5; dimensions];
            add_weighted(&mut weighted, &whole, &ones);
            prop_assert_eq!(&weighted, &other);
            let naive = |at: usize| {
                0.5 + places.iter().map(|&p| whole[p as usize * dimensions + at]).sum::<f32>()
            };
            for at in 0..dimensions {
                prop_assert!((sum[at] - naive(at)).abs() < 1e-3);
                prop_assert!((other[at] - naive(at)).abs() < 1e-3);
            }
        }

        #[test]
        fn numbers_of_4_bits_are_summed_as_those_of_8(
            blocks in 1usize..5,
            bytes in prop::collection::vec(any::<u8>(), 8 * 4 * NIBBLE_BYTES),
            factors in prop::collection::vec((0u32..8, -2f32..2.0), 0..20),
        ) {
            let packed = &bytes[..8 * blocks * NIBBLE_BYTES];
            let whole: Vec<i8> = packed
                .chunks_exact(NIBBLE_BYTES)
                .flat_map(|bytes| {
                    let low = bytes.iter().map(|byte| (byte & 15) as i8 - 8);
                    low.chain(bytes.iter().map(|byte| (byte >> 4) as i8 - 8))
                })
                .collect();
            let mut sum = vec![0.5; blocks * LANES];
            let mut other = sum.clone();
            add_nibbles(&mut sum, packed, &factors);
            add_bytes(&mut other, &whole, &factors);
            prop_assert_eq!(sum, other);
        }
    }
}
