//! Vectors as codes: four bits of each coordinate for walking the graph, eight
//! more for ranking what the walk found.
//!
//! Each coordinate has a centre and a step, fitted to the data: 16 steps of
//! 0.335 standard deviations, the least error for bell-shaped values (Max, 1960).
//! What the four bits leave over, clipped values included, is kept in eight
//! bits of a step of its own for each row.

use rayon::prelude::*;

use crate::kernel::{CHUNK, CHUNK_BYTES, Records, Table, dot_refined, dot8};

/// Standard deviations in a step.
const STEP: f32 = 0.335;

/// The middle of the 16 codes.
const MIDDLE: f32 = 7.5;

/// Bytes of a row's own step, in front of its refinement.
pub(crate) const SCALE_BYTES: usize = 4;

/// Centre and step of each coordinate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Quantizer {
    pub(crate) centers: Vec<f32>,
    pub(crate) steps: Vec<f32>,
}

/// Sums over vectors, coordinate by coordinate.
pub(crate) struct Moments {
    rows: usize,
    sums: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    pub(crate) fn new(dimensions: usize) -> Self {
        Self {
            rows: 0,
            sums: vec![0.0; dimensions],
            squares: vec![0.0; dimensions],
        }
    }

    pub(crate) fn add(&mut self, vector: &[f32]) {
        self.rows += 1;
        let places = self.sums.iter_mut().zip(&mut self.squares).zip(vector);
        for ((sum, square), &value) in places {
            *sum += f64::from(value);
            *square += f64::from(value) * f64::from(value);
        }
    }

    pub(crate) fn merged(mut self, other: &Self) -> Self {
        self.rows += other.rows;
        for (to, from) in self.sums.iter_mut().zip(&other.sums) {
            *to += from;
        }
        for (to, from) in self.squares.iter_mut().zip(&other.squares) {
            *to += from;
        }
        self
    }
}

impl Quantizer {
    /// Fits to the moments of all vectors.
    pub(crate) fn fit(moments: &Moments) -> Self {
        let rows = (moments.rows as f64).max(1.0);
        let means: Vec<f64> = moments.sums.iter().map(|sum| sum / rows).collect();
        let deviations: Vec<f64> = moments
            .squares
            .iter()
            .zip(&means)
            .map(|(square, mean)| (square / rows - mean * mean).max(0.0).sqrt())
            .collect();
        // A coordinate that hardly varies would give its noise codes of its own.
        let least = 1e-3 * deviations.iter().sum::<f64>() / deviations.len().max(1) as f64 + 1e-7;
        Self {
            centers: means.iter().map(|&mean| mean as f32).collect(),
            steps: deviations
                .iter()
                .map(|&deviation| STEP * deviation.max(least) as f32)
                .collect(),
        }
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.steps.len()
    }

    /// Writes the 4-bit record and the refinement record of a vector.
    pub(crate) fn encode(&self, vector: &[f32], record: &mut [u8], refinement: &mut [u8]) {
        record.fill(0);
        let mut rest = vec![0f32; vector.len()];
        let coordinates = vector.iter().zip(&self.centers).zip(&self.steps);
        for (at, ((value, center), step)) in coordinates.enumerate() {
            let steps = (value - center) / step;
            let code = nearest(steps + MIDDLE).clamp(0.0, 15.0);
            rest[at] = steps + MIDDLE - code;
            let byte = &mut record[at / CHUNK * CHUNK_BYTES + at % CHUNK_BYTES];
            let high = at % CHUNK >= CHUNK_BYTES;
            *byte |= (code as u8) << if high { 4 } else { 0 };
        }
        let most = rest.iter().fold(0f32, |most, value| most.max(value.abs()));
        let scale = most / 127.0;
        let (head, bytes) = refinement.split_at_mut(SCALE_BYTES);
        head.copy_from_slice(&scale.to_le_bytes());
        for (byte, value) in bytes.iter_mut().zip(&rest) {
            let rounded = if scale > 0.0 {
                nearest(value / scale)
            } else {
                0.0
            };
            *byte = rounded as i8 as u8;
        }
    }

    /// Prepares a query.
    pub(crate) fn query(&self, vector: &[f32]) -> CodeQuery {
        let scaled: Vec<f32> = vector.iter().zip(&self.steps).map(|(v, s)| v * s).collect();
        let most = scaled
            .iter()
            .fold(0f32, |most, value| most.max(value.abs()));
        let unit = if most > 0.0 { 127.0 / most } else { 0.0 };
        let mut coarse = vec![0i8; padded(self.dimensions())];
        for (code, value) in coarse.iter_mut().zip(&scaled) {
            *code = nearest(value * unit) as i8;
        }
        let centers: f32 = vector.iter().zip(&self.centers).map(|(v, c)| v * c).sum();
        let middle: f32 = scaled.iter().sum::<f32>() * MIDDLE;
        CodeQuery {
            base: centers - middle,
            back: if unit > 0.0 { unit.recip() } else { 0.0 },
            error: (scaled.iter().map(|value| value * value).sum::<f32>() / 12.0).sqrt(),
            half_error: HALF_ERROR * vector.iter().fold(0f32, |most, v| most.max(v.abs())),
            scaled,
            coarse,
        }
    }
}

/// The whole number next to a value, below 2³¹. `round` would be a call of a function for
/// each.
fn nearest(value: f32) -> f32 {
    (value + 0.5f32.copysign(value)) as i32 as f32
}

/// Coordinates padded to whole chunks.
pub(crate) fn padded(dimensions: usize) -> usize {
    dimensions.div_ceil(CHUNK) * CHUNK
}

/// Bytes of a 4-bit record.
pub(crate) fn record_bytes(dimensions: usize) -> usize {
    padded(dimensions) / 2
}

/// Bytes of a refinement record.
pub(crate) fn refinement_bytes(dimensions: usize) -> usize {
    SCALE_BYTES + dimensions
}

/// A query in the units of the codes.
pub(crate) struct CodeQuery {
    /// Product with a row of code 0 throughout.
    base: f32,
    /// Similarity that a whole number of a product of codes stands for.
    back: f32,
    /// Usual error of a similarity by four bits: that of rounding (1/12 of a
    /// step, squared) in each coordinate.
    pub(crate) error: f32,
    /// Usual error of a similarity by the rounding of a vector to half precision.
    half_error: f32,
    scaled: Vec<f32>,
    /// Whole-number coordinates for the walk.
    pub(crate) coarse: Vec<i8>,
}

/// The own step of a row, beyond which its codes say too little: some
/// coordinate lies far outside the rest of the data.
const COARSEST_SCALE: f32 = 0.1;

/// Usual errors by which a row must be farther than another before it counts
/// as farther, however near both are.
const FAR_ERRORS: f32 = 4.0;

/// Usual relative error of a coordinate in half precision, at most.
const HALF_ERROR: f32 = 2.8e-4;

/// Usual errors that a similarity by twelve bits may be wrong by; it is by more
/// in one of 500 million rows.
const MARGIN_ERRORS: f32 = 6.0;

impl CodeQuery {
    /// Similarity that a product of four-bit codes stands for.
    pub(crate) fn by_four_bits(&self, product: i32) -> f32 {
        self.base + product as f32 * self.back
    }

    /// The product below which a row is more than `slack` times as far from
    /// the query (by squared distance) as one with the product `nearer`.
    pub(crate) fn far(&self, nearer: i32, slack: f32) -> i32 {
        if self.back == 0.0 {
            return i32::MIN;
        }
        let near = 1.0 - self.by_four_bits(nearer);
        let far = (slack * near).max(near + FAR_ERRORS * self.error);
        // Saturates where there is no limit.
        ((1.0 - far - self.base) / self.back).floor() as i32
    }

    /// Writes what each byte of a sketch is worth: the coordinates that lie
    /// above their centres, against those below, in whole numbers whose sum
    /// fits 16 bits.
    pub(crate) fn tables(&self, bytes: usize, out: &mut Vec<Table>) {
        out.clear();
        out.resize(bytes, [0; 32]);
        let groups = self.scaled.chunks(4);
        let size = |group: &[f32]| group.iter().map(|value| value.abs()).sum::<f32>();
        let most = groups.clone().map(size).fold(0f32, f32::max);
        let cap = (usize::from(u16::MAX) / (2 * bytes.max(1))).min(127) as f32;
        let unit = if most > 0.0 { cap / most } else { 0.0 };
        let halves = out.iter_mut().flat_map(|table| table.chunks_exact_mut(16));
        for (group, half) in groups.zip(halves) {
            let least: f32 = group.iter().map(|value| value.min(0.0)).sum();
            let mut worth = [0f32; 16];
            for at in 0..4 {
                // Bits beyond the last coordinate are worth nothing.
                let value = group.get(at).copied().unwrap_or(0.0);
                // Those with this bit, and those without it.
                let (without, with) = worth.split_at_mut(1 << at);
                for (with, without) in with.iter_mut().zip(without) {
                    *with = *without + value;
                }
            }
            for (entry, worth) in half.iter_mut().zip(worth) {
                // Rounding down keeps the sum of all from exceeding the cap.
                *entry = ((worth - least) * unit) as u8;
            }
        }
    }

    /// Similarity with a row by all its twelve bits, and how far it may be from
    /// that of the whole vector; none if the bits say too little.
    pub(crate) fn similarity(
        &self,
        records: Records<'_>,
        refinements: Records<'_>,
        id: u32,
    ) -> Option<(f32, f32)> {
        let (head, bytes) = refinements.get(id).split_at(SCALE_BYTES);
        let scale = f32::from_le_bytes(head.try_into().ok()?);
        if scale > COARSEST_SCALE {
            return None;
        }
        let (coarse, fine) = dot_refined(&self.scaled, records.get(id), bytes);
        let margin = MARGIN_ERRORS * (scale * self.error + self.half_error);
        Some((self.base + coarse + scale * fine, margin))
    }
}

/// Vectors as signed bytes of one step, for comparing rows with each other
/// while a graph is built.
pub(crate) struct Bytes {
    bytes: Vec<i8>,
    stride: usize,
    /// Sum of the squares of each row.
    squares: Vec<u32>,
    /// Bytes of a coordinate of 1.
    unit: f32,
}

/// One of these rows.
#[derive(Clone, Copy)]
pub(crate) struct ByteRow<'a> {
    bytes: &'a [i8],
    square: u32,
}

impl ByteRow<'_> {
    /// Square of the distance from another row. Rounding leaves rows of
    /// different lengths, so that the longest would have the largest product
    /// with all of a dense cluster.
    #[inline]
    pub(crate) fn distance(self, other: Self) -> u32 {
        let product = dot8(self.bytes, other.bytes);
        // 65,536 coordinates of ±127 make at most 4 × 2^16 × 127² < 2^32.
        (self.square + other.square).wrapping_sub((product as u32).wrapping_mul(2))
    }
}

impl Bytes {
    pub(crate) fn new(rows: usize, dimensions: usize) -> Self {
        let stride = dimensions.div_ceil(32) * 32;
        // Coordinates of unit vectors rarely exceed five times their mean size;
        // those that do are clipped.
        let usual = (dimensions as f32).sqrt().recip();
        Self {
            bytes: vec![0; rows * stride],
            squares: vec![0; rows],
            stride,
            unit: 127.0 / (5.0 * usual).min(1.0),
        }
    }

    /// Shares of some rows, to be written by several threads.
    pub(crate) fn par_chunks_mut(
        &mut self,
        rows: usize,
    ) -> impl IndexedParallelIterator<Item = BytesShare<'_>> {
        let (stride, unit) = (self.stride, self.unit);
        let chunks = self.bytes.par_chunks_mut(rows * stride);
        let squares = self.squares.par_chunks_mut(rows);
        chunks.zip(squares).map(move |(bytes, squares)| BytesShare {
            bytes,
            squares,
            stride,
            unit,
        })
    }

    #[inline]
    pub(crate) fn row(&self, id: u32) -> ByteRow<'_> {
        ByteRow {
            bytes: &self.bytes[id as usize * self.stride..][..self.stride],
            square: self.squares[id as usize],
        }
    }
}

/// Rows that follow each other.
pub(crate) struct BytesShare<'a> {
    bytes: &'a mut [i8],
    squares: &'a mut [u32],
    stride: usize,
    unit: f32,
}

impl BytesShare<'_> {
    pub(crate) fn encode(&mut self, at: usize, vector: &[f32]) {
        let row = &mut self.bytes[at * self.stride..][..self.stride];
        for (byte, value) in row.iter_mut().zip(vector) {
            *byte = nearest(value * self.unit).clamp(-127.0, 127.0) as i8;
        }
        self.squares[at] = dot8(row, row) as u32;
    }
}
