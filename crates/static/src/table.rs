//! A row of numbers for each piece, in few bits.

use crate::{Error, Result};

/// Fewest and most coordinates of a row, and what their number is a multiple of.
pub(crate) const LEAST_DIMENSIONS: usize = 64;
pub(crate) const MOST_DIMENSIONS: usize = 512;
/// Largest scale of a row: sums of rows stay finite. One that is no number is larger.
pub(crate) const LARGEST_SCALE: f32 = 1e9;

/// Whether rows may have so many coordinates: 64 to 512, in steps of 64.
pub(crate) fn is_dimensions(dimensions: usize) -> bool {
    (LEAST_DIMENSIONS..=MOST_DIMENSIONS).contains(&dimensions)
        && dimensions.is_multiple_of(LEAST_DIMENSIONS)
}

/// Bits of a number of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bits {
    /// 4 bits, from −8 to 7.
    Four,
    /// 8 bits, from −127 to 127.
    Eight,
}

impl Bits {
    /// How many they are.
    #[must_use]
    pub fn count(self) -> u32 {
        match self {
            Self::Four => 4,
            Self::Eight => 8,
        }
    }

    pub(crate) fn of(count: u32) -> Option<Self> {
        match count {
            4 => Some(Self::Four),
            8 => Some(Self::Eight),
            _ => None,
        }
    }

    fn least(self) -> i8 {
        match self {
            Self::Four => -8,
            Self::Eight => -127,
        }
    }

    fn most(self) -> i8 {
        match self {
            Self::Four => 7,
            Self::Eight => 127,
        }
    }

    /// Bytes of a row.
    pub(crate) fn row(self, dimensions: usize) -> usize {
        dimensions * self.count() as usize / 8
    }
}

/// Rows of whole numbers, each with what a step of it is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub(crate) dimensions: usize,
    pub(crate) bits: Bits,
    pub(crate) steps: Vec<i8>,
    pub(crate) scales: Vec<f32>,
}

impl Table {
    /// A table of rows that are in whole numbers already: coordinate = step × scale of the row.
    ///
    /// # Errors
    /// [`Error::Argument`] if the dimensions are not 64 to 512 in steps of 64, a
    /// step does not fit in its bits, or a scale is not finite.
    pub fn new(dimensions: usize, bits: Bits, steps: Vec<i8>, scales: Vec<f32>) -> Result<Self> {
        check_shape(dimensions, steps.len())?;
        if scales.len() != steps.len() / dimensions {
            return Err(Error::Argument(format!(
                "{} scales were given for {} rows",
                scales.len(),
                steps.len() / dimensions
            )));
        }
        let fits = |step: &i8| (bits.least()..=bits.most()).contains(step);
        if let Some(at) = steps.iter().position(|step| !fits(step)) {
            return Err(Error::Argument(format!(
                "the number {} of row {} does not fit in {} bits",
                steps[at],
                at / dimensions,
                bits.count()
            )));
        }
        if let Some(row) = scales.iter().position(|scale| !is_scale(*scale)) {
            return Err(Error::Argument(format!(
                "row {row} has the scale {}, which cannot be used",
                scales[row]
            )));
        }
        Ok(Self {
            dimensions,
            bits,
            steps,
            scales,
        })
    }

    /// Rounds rows of `dimensions` coordinates. The scale of a row is that of
    /// the least squared error among some that cut off its largest coordinates.
    ///
    /// # Errors
    /// [`Error::Argument`] if the dimensions are not 64 to 512 in steps of 64, or a
    /// coordinate is not finite.
    pub fn rounded(dimensions: usize, bits: Bits, rows: &[f32]) -> Result<Self> {
        check_shape(dimensions, rows.len())?;
        let mut steps = vec![0; rows.len()];
        let mut scales = Vec::with_capacity(rows.len() / dimensions);
        let pairs = rows
            .chunks_exact(dimensions)
            .zip(steps.chunks_exact_mut(dimensions));
        for (number, (row, steps)) in pairs.enumerate() {
            if let Some(value) = row.iter().find(|value| !value.is_finite()) {
                return Err(Error::Argument(format!(
                    "row {number} has the coordinate {value}, which is no number"
                )));
            }
            let scale = best_scale(row, bits);
            for (step, value) in steps.iter_mut().zip(row) {
                *step = round(*value, scale, bits);
            }
            scales.push(scale);
        }
        Self::new(dimensions, bits, steps, scales)
    }

    /// Coordinates of a row.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.scales.len()
    }

    /// Writes the rows as a file has them.
    pub(crate) fn pack(&self, bytes: &mut [u8]) {
        match self.bits {
            Bits::Eight => {
                for (byte, step) in bytes.iter_mut().zip(&self.steps) {
                    *byte = step.to_le_bytes()[0];
                }
            }
            Bits::Four => {
                let blocks = self.steps.as_chunks::<64>().0;
                for (bytes, block) in bytes.as_chunks_mut::<32>().0.iter_mut().zip(blocks) {
                    let (low, high) = block.split_at(32);
                    for (byte, (low, high)) in bytes.iter_mut().zip(low.iter().zip(high)) {
                        *byte = (low + 8) as u8 | ((high + 8) as u8) << 4;
                    }
                }
            }
        }
    }
}

fn check_shape(dimensions: usize, numbers: usize) -> Result<()> {
    if !is_dimensions(dimensions) {
        return Err(Error::Argument(format!(
            "rows of {dimensions} coordinates cannot be stored; take 64 to 512, a multiple of 64"
        )));
    }
    if !numbers.is_multiple_of(dimensions) {
        return Err(Error::Argument(format!(
            "{numbers} numbers are no rows of {dimensions} coordinates"
        )));
    }
    Ok(())
}

pub(crate) fn is_scale(scale: f32) -> bool {
    scale.abs() <= LARGEST_SCALE
}

fn round(value: f32, scale: f32, bits: Bits) -> i8 {
    if scale == 0.0 {
        return 0;
    }
    let step = (value / scale).round();
    step.clamp(f32::from(bits.least()), f32::from(bits.most())) as i8
}

fn best_scale(row: &[f32], bits: Bits) -> f32 {
    let most = row.iter().fold(0f32, |most, value| most.max(value.abs()));
    let whole = most / f32::from(bits.most());
    let parts: &[f32] = match bits {
        Bits::Four => &[1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6],
        Bits::Eight => &[1.0],
    };
    let error = |scale: f32| -> f32 {
        let off = |value: &f32| value - scale * f32::from(round(*value, scale, bits));
        row.iter().map(|value| off(value).powi(2)).sum()
    };
    let scales = parts.iter().map(|part| part * whole);
    let best = scales.min_by(|one, other| error(*one).total_cmp(&error(*other)));
    best.unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_keeps_directions() {
        let rows: Vec<f32> = (0..640).map(|i| (i as f32 * 0.37).sin() * 0.1).collect();
        for (bits, least) in [(Bits::Four, 0.99), (Bits::Eight, 0.9999)] {
            let table = Table::rounded(128, bits, &rows).unwrap();
            assert_eq!((table.rows(), table.dimensions()), (5, 128));
            for (at, row) in rows.chunks_exact(128).enumerate() {
                let steps = table.steps[at * 128..][..128].iter();
                let back: Vec<f32> = steps.map(|&s| f32::from(s) * table.scales[at]).collect();
                let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
                let cosine = dot(row, &back) / (dot(row, row) * dot(&back, &back)).sqrt();
                assert!(cosine > least, "{cosine}");
            }
        }
        let zero = Table::rounded(64, Bits::Four, &[0.0; 64]).unwrap();
        assert_eq!((zero.steps, zero.scales), (vec![0; 64], vec![0.0]));
    }

    #[test]
    fn what_cannot_be_stored_is_refused_by_name() {
        let refused = |made: Result<Table>| made.unwrap_err().to_string();
        let row = |value: f32| [vec![0.5; 63], vec![value]].concat();
        for (said, made) in [
            ("65 coordinates", Table::rounded(65, Bits::Four, &[0.0; 65])),
            ("0 coordinates", Table::rounded(0, Bits::Four, &[])),
            (
                "576 coordinates",
                Table::rounded(576, Bits::Four, &[0.0; 576]),
            ),
            ("63 numbers", Table::rounded(64, Bits::Four, &[0.0; 63])),
            (
                "coordinate NaN",
                Table::rounded(64, Bits::Four, &row(f32::NAN)),
            ),
            ("scale", Table::rounded(64, Bits::Four, &row(f32::MAX))),
            (
                "number 8 of row 0",
                Table::new(64, Bits::Four, vec![8; 64], vec![1.0]),
            ),
            (
                "number -128",
                Table::new(64, Bits::Eight, vec![-128; 64], vec![1.0]),
            ),
            (
                "2 scales",
                Table::new(64, Bits::Eight, vec![0; 64], vec![1.0; 2]),
            ),
            (
                "scale inf",
                Table::new(64, Bits::Eight, vec![0; 64], vec![f32::INFINITY]),
            ),
        ] {
            let told = refused(made);
            assert!(told.contains(said), "{told}");
        }
    }
}
