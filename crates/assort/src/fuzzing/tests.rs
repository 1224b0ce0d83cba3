//! What cargo-fuzz looks for in hours, looked for in seconds.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// One change of valid bytes.
#[derive(Clone, Debug)]
enum Damage {
    Set(Index, u8),
    /// A number at its edge, where numbers may be.
    Extreme(Index, u32),
    Cut(Index),
    Insert(Index, Vec<u8>),
    /// A part, put in once more elsewhere.
    Repeat(Index, Index, usize),
}

/// Edges of whole numbers, and a number that is none.
const EXTREMES: [u32; 6] = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x7fc0_0000];

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        2 => (any::<Index>(), prop::sample::select(&EXTREMES[..]))
            .prop_map(|(at, number)| Damage::Extreme(at, number)),
        1 => any::<Index>().prop_map(Damage::Cut),
        1 => (any::<Index>(), vec(any::<u8>(), 1..20))
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        1 => (any::<Index>(), any::<Index>(), 1usize..60)
            .prop_map(|(from, to, length)| Damage::Repeat(from, to, length)),
    ]
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |index: &Index, bytes: &Vec<u8>| index.index(bytes.len() + 1);
        match self {
            Self::Set(at, byte) => {
                let at = place(at, bytes);
                if let Some(place) = bytes.get_mut(at) {
                    *place = *byte;
                }
            }
            Self::Extreme(at, number) => {
                let at = place(at, bytes) / 4 * 4;
                if let Some(place) = bytes.get_mut(at..at + 4) {
                    place.copy_from_slice(&number.to_le_bytes());
                }
            }
            Self::Cut(at) => bytes.truncate(place(at, bytes)),
            Self::Insert(at, more) => {
                let at = place(at, bytes);
                bytes.splice(at..at, more.iter().copied());
            }
            Self::Repeat(from, to, length) => {
                let (from, to) = (place(from, bytes), place(to, bytes));
                let end = bytes.len().min(from + length);
                let part = bytes[from..end].to_vec();
                bytes.splice(to..to, part);
            }
        }
    }
}

/// The valid bytes of each entry, in order.
fn seeds() -> &'static [Vec<Vec<u8>>] {
    static SEEDS: OnceLock<Vec<Vec<Vec<u8>>>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let made = ENTRIES.map(|entry| (entry.seeds)().expect("seeds can be made"));
        made.into()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_upset_whoever_reads_them(bytes in vec(any::<u8>(), 0..300)) {
        for entry in ENTRIES {
            (entry.run)(&bytes);
        }
    }

    #[test]
    fn no_damage_upsets_whoever_reads_it(
        seed: Index,
        damages in vec(damage(), 1..6),
    ) {
        for (entry, seeds) in ENTRIES.iter().zip(seeds()) {
            let mut bytes = seeds[seed.index(seeds.len())].clone();
            damages.iter().for_each(|damage| damage.apply(&mut bytes));
            (entry.run)(&bytes);
        }
    }
}

#[test]
fn valid_bytes_are_read() {
    for (entry, seeds) in ENTRIES.iter().zip(seeds()) {
        for (number, bytes) in seeds.iter().enumerate() {
            assert!((entry.run)(bytes), "seed {number} of {}", entry.name);
        }
    }
}

/// As a student's scales that were no numbers did, found by fuzzing.
#[test]
fn no_number_at_its_edge_upsets_whoever_reads_it() {
    for (entry, seeds) in ENTRIES.iter().zip(seeds()) {
        for seed in seeds.iter().filter(|seed| seed.len() < 2000) {
            for at in (0..seed.len() / 4 * 4).step_by(4) {
                for number in EXTREMES {
                    let mut bytes = seed.clone();
                    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
                    (entry.run)(&bytes);
                }
            }
        }
    }
}

#[test]
fn every_entry_has_a_fuzz_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    let files = std::fs::read_dir(&folder).unwrap();
    let targets: BTreeSet<String> = files
        .map(|file| file.unwrap().path())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    let entries: BTreeSet<String> = ENTRIES.map(|entry| entry.name.to_owned()).into();
    assert_eq!(targets, entries);
}
