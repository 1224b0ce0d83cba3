//! Sketches of vectors that are in no segment yet: one bit of each coordinate, as in
//! [`crate::sketch`], made row by row as vectors come.

use crate::codes::{Moments, Quantizer};
use crate::kernel::{SKETCHED, look_up};
use crate::scratch::Sums;
use crate::sketch::highest;

/// What the bits of sketches mean: sketches of one sketcher can be compared.
#[derive(Debug)]
pub struct Sketcher(Quantizer);

impl Sketcher {
    /// Fits to vectors like those that it will sketch, each of `dimensions` coordinates.
    pub fn fit<'v>(dimensions: usize, vectors: impl IntoIterator<Item = &'v [f32]>) -> Self {
        let mut moments = Moments::new(dimensions);
        vectors.into_iter().for_each(|vector| moments.add(vector));
        Self(Quantizer::fit(&moments))
    }

    fn bytes(&self) -> usize {
        self.0.dimensions().div_ceil(8)
    }

    /// The positions of about the `wanted` rows that are most like a vector, at least
    /// half as many, in ascending order. Rows are counted through all `parts`, each of
    /// `rows` rows with its sketches. `clear` is given the number of a part with what its
    /// rows are worth, and sets that to 0 for those that do not count; some of them may
    /// come out all the same.
    pub fn best<'m, 's>(
        &self,
        vector: &[f32],
        parts: impl IntoIterator<Item = &'s RowSketches>,
        rows: usize,
        clear: impl Fn(usize, &mut [u16]),
        wanted: usize,
        scratch: &'m mut SketchScratch,
    ) -> &'m [u32] {
        let SketchScratch { sums, all, best } = scratch;
        self.0.query(vector).tables(self.bytes(), &mut sums.tables);
        all.clear();
        for (number, part) in parts.into_iter().enumerate() {
            sums.all.clear();
            look_up(&sums.tables, &part.blocks, &mut sums.all);
            sums.all.truncate(rows);
            clear(number, &mut sums.all);
            all.extend_from_slice(&sums.all);
        }
        highest(all, wanted, &mut sums.sample, best);
        best
    }
}

/// The sketches of a fixed number of rows.
#[derive(Clone, Debug)]
pub struct RowSketches {
    /// Of 32 rows the first byte each, then the second, and so on.
    blocks: Vec<u8>,
}

impl RowSketches {
    /// Room for `rows` sketches.
    pub fn new(sketcher: &Sketcher, rows: usize) -> Self {
        Self {
            blocks: vec![0; rows.next_multiple_of(SKETCHED) * sketcher.bytes()],
        }
    }

    /// Sketches the row at a position below the number of rows.
    pub fn set(&mut self, sketcher: &Sketcher, at: usize, vector: &[f32]) {
        let bytes = sketcher.bytes();
        let block = &mut self.blocks[at / SKETCHED * SKETCHED * bytes..][..SKETCHED * bytes];
        let places = block[at % SKETCHED..].iter_mut().step_by(SKETCHED);
        let coordinates = vector.chunks(8).zip(sketcher.0.centers.chunks(8));
        for (place, (values, centers)) in places.zip(coordinates) {
            let bits = values.iter().zip(centers).enumerate();
            *place = bits.fold(0, |byte, (bit, (value, center))| {
                byte | u8::from(value >= center) << bit
            });
        }
    }
}

/// Working memory of searches by sketches.
#[derive(Default)]
pub struct SketchScratch {
    sums: Sums,
    all: Vec<u16>,
    best: Vec<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors around a few centres.
    fn vectors(count: usize, dimensions: usize) -> Vec<Vec<f32>> {
        let mut state = 1u64;
        let mut unit = move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
        };
        let centres: Vec<Vec<f32>> = (0..20)
            .map(|_| (0..dimensions).map(|_| unit()).collect())
            .collect();
        let near = (0..count).map(|at| {
            let centre = &centres[at % centres.len()];
            centre.iter().map(|value| value + 0.7 * unit()).collect()
        });
        near.collect()
    }

    #[test]
    fn the_nearest_rows_are_among_the_likely_ones() {
        let (count, dimensions, rows) = (6_000, 100, 1_000);
        let vectors = vectors(count, dimensions);
        let sketcher = Sketcher::fit(dimensions, vectors[..1_000].iter().map(Vec::as_slice));
        let parts: Vec<RowSketches> = vectors
            .chunks(rows)
            .map(|part| {
                let mut sketches = RowSketches::new(&sketcher, rows);
                for (at, vector) in part.iter().enumerate() {
                    sketches.set(&sketcher, at, vector);
                }
                sketches
            })
            .collect();
        let mut scratch = SketchScratch::default();
        let (mut found, mut asked) = (0, 0);
        for query in vectors.iter().step_by(97) {
            let like = |at: &usize| -> f32 {
                let pairs = query.iter().zip(&vectors[*at]);
                pairs.map(|(a, b)| a * b).sum()
            };
            // Every third row does not count.
            let mut truth: Vec<usize> = (0..count).filter(|at| at % 3 != 0).collect();
            truth.sort_by(|a, b| like(b).total_cmp(&like(a)));
            let clear = |part: usize, sums: &mut [u16]| {
                let thirds = sums.iter_mut().enumerate();
                thirds
                    .filter(|(at, _)| (part * rows + at).is_multiple_of(3))
                    .for_each(|(_, sum)| *sum = 0);
            };
            let out = sketcher.best(query, &parts, rows, clear, 300, &mut scratch);
            assert!(out.len() >= 150 && out.len() <= 600, "{}", out.len());
            assert!(out.iter().all(|at| at % 3 != 0));
            let best = truth.iter().take(10);
            found += best.filter(|at| out.contains(&(**at as u32))).count();
            asked += 10;
        }
        assert!(found * 100 >= asked * 95, "{found} of {asked}");
    }
}
