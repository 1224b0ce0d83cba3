//! Numbers that look like chance and depend on a seed alone (SplitMix64: Steele, Lea and
//! Flood, 2014).

/// An odd number whose bits look like chance (SplitMix64).
pub const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// Spreads over all bits, as the finalizer of SplitMix64 does.
pub fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// A number from 0 up to but not including `bound`, every one as likely; puts `chance`
/// forward.
pub fn below(bound: usize, chance: &mut u64) -> usize {
    *chance = chance.wrapping_add(FACTOR);
    ((u128::from(mix(*chance)) * bound as u128) >> 64) as usize
}

/// Puts a list into an order by chance, and `chance` forward (Fisher and Yates).
pub fn shuffle(order: &mut [usize], chance: &mut u64) {
    for at in (1..order.len()).rev() {
        order.swap(at, below(at + 1, chance));
    }
}

#[cfg(test)]
mod tests {
    use super::shuffle;

    #[test]
    fn an_order_depends_on_the_seed_and_loses_nothing() {
        let with = |mut seed: u64| {
            let mut order: Vec<usize> = (0..100).collect();
            shuffle(&mut order, &mut seed);
            order
        };
        assert_eq!(with(1), with(1));
        assert_ne!(with(1), with(2));
        let mut sorted = with(3);
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..100));
    }
}
