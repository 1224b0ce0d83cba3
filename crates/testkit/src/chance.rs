//! Numbers that look random.

/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers for the same
/// seed.
#[derive(Clone, Debug)]
pub struct Chance(pub u64);

impl Chance {
    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 if `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// One of some things, which must not be empty.
    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// From 0 up to 1.
    pub fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    /// Nearly normal, of deviation 1.
    pub fn bell(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }

    /// A unit vector that may point anywhere.
    pub fn direction(&mut self, dimensions: usize) -> Vec<f32> {
        normalized((0..dimensions).map(|_| self.bell()).collect())
    }

    /// A unit vector near another one.
    pub fn near(&mut self, center: &[f32], spread: f32) -> Vec<f32> {
        let spread = spread / (center.len() as f32).sqrt();
        let moved = center.iter().map(|value| value + spread * self.bell());
        normalized(moved.collect())
    }
}

/// The vector of length 1 in the same direction; zeros stay zeros.
pub fn normalized(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector
        .iter_mut()
        .for_each(|value| *value /= length.max(1e-20));
    vector
}
