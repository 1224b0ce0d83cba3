use proptest::prelude::*;

use super::*;
use crate::store::records::{
    CategoryRecord, DecisionRecord, FamiliarityRecord, ProductRecord, SegmentRecord, SpaceRecord,
    TuningRecord,
};

/// What every type of archived records must do.
macro_rules! is_a_record {
    ($($name:ident: $record:ty = $strategy:expr;)*) => {$(
        mod $name {
            use super::*;

            proptest! {
                #[test]
                fn comes_back_whole(record in $strategy) {
                    let bytes = encode(&record).unwrap();
                    prop_assert_eq!(bytes[0], <$record>::VERSION);
                    prop_assert_eq!(decode::<$record>(&bytes).unwrap(), record);
                }

                #[test]
                fn of_an_unknown_version_is_refused_by_name(record in $strategy, found: u8) {
                    prop_assume!(!(<$record>::OLDEST..=<$record>::VERSION).contains(&found));
                    let mut bytes = encode(&record).unwrap();
                    bytes[0] = found;
                    prop_assert_eq!(
                        decode::<$record>(&bytes),
                        Err(Unreadable::Version {
                            record: <$record>::NAME,
                            found,
                            oldest: <$record>::OLDEST,
                            newest: <$record>::VERSION,
                        })
                    );
                }

                #[test]
                fn of_any_bytes_is_an_error_or_a_value(mut bytes: Vec<u8>, known: bool) {
                    if let Some(version) = bytes.first_mut().filter(|_| known) {
                        *version = <$record>::VERSION;
                    }
                    let _ = decode::<$record>(&bytes);
                }

                #[test]
                fn with_a_changed_byte_is_an_error_or_a_value(
                    record in $strategy,
                    at: prop::sample::Index,
                    byte: u8,
                ) {
                    let mut bytes = encode(&record).unwrap();
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                    let _ = decode::<$record>(&bytes);
                    let _ = decode::<$record>(&bytes[..at]);
                }
            }
        }
    )*};
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(any::<String>(), 0..4)
}

prop_compose! {
    fn product()(
        id: String,
        title: String,
        text: String,
        attributes: Vec<(String, String)>,
        image: Option<String>,
        content_hash: u128,
    ) -> ProductRecord {
        ProductRecord { id, title, text, attributes, image, content_hash }
    }
}

prop_compose! {
    fn category()(
        (id, name) in any::<(String, String)>(),
        parent in any::<Option<u32>>(),
        children in any::<Vec<u32>>(),
        (descriptions, aliases, examples) in (texts(), texts(), texts()),
        translations in prop::collection::vec((any::<String>(), texts()), 0..4),
    ) -> CategoryRecord {
        assort_core::Category {
            id, name, parent, children, descriptions, aliases, examples, translations,
        }.into()
    }
}

prop_compose! {
    fn decision()(category: String, confidence: f32, method: String) -> DecisionRecord {
        DecisionRecord { category, confidence, method }
    }
}

prop_compose! {
    fn space()(
        generation: u32,
        model: String,
        fingerprint: String,
        dimensions: u32,
        embedder: String,
    ) -> SpaceRecord {
        SpaceRecord { generation, model, fingerprint, dimensions, embedder }
    }
}

prop_compose! {
    fn segment()(generation: u32, rows: u32) -> SegmentRecord {
        SegmentRecord { generation, rows }
    }
}

prop_compose! {
    fn tuning()(ef: u32, slack: f32, asked: f32, recall: f32) -> TuningRecord {
        TuningRecord { ef, slack, asked, recall }
    }
}

prop_compose! {
    fn familiarity()(generation: u32, products: f64, known: f64) -> FamiliarityRecord {
        FamiliarityRecord { generation, products, known }
    }
}

is_a_record! {
    a_product: ProductRecord = product();
    a_category: CategoryRecord = category();
    a_decision: DecisionRecord = decision();
    a_space: SpaceRecord = space();
    a_segment: SegmentRecord = segment();
    a_tuning: TuningRecord = tuning();
    a_familiarity: FamiliarityRecord = familiarity();
}

proptest! {
    #[test]
    fn vectors_come_back_bit_for_bit(hash: u128, vector: Vec<f32>) {
        let bytes = encode_vector(hash, &vector);
        let back = view_vector(&bytes, vector.len()).unwrap();
        prop_assert_eq!(back.text_hash, hash);
        let same = back.to_vec().iter().zip(&vector).all(|(a, b)| a.to_bits() == b.to_bits());
        prop_assert!(same);
    }

    #[test]
    fn sealed_rows_and_dead_slots_come_back(segment: u32, text_hash: u128, words: [u64; 4]) {
        let row = SealedRow { segment, text_hash };
        prop_assert_eq!(decode_sealed(&encode_sealed(row)).unwrap(), row);
        prop_assert_eq!(decode_dead(&encode_dead(&words), 4).unwrap(), words);
    }

    #[test]
    fn any_bytes_are_errors_or_values_not_panics(mut bytes: Vec<u8>, known: bool) {
        if let Some(version) = bytes.first_mut().filter(|_| known) {
            *version = 1;
        }
        let _ = view::<ProductRecord>(&bytes);
        let _ = view_vector(&bytes, 4);
        let _ = decode_sealed(&bytes);
        let _ = decode_dead(&bytes, 4);
    }
}

#[test]
fn a_vector_of_another_version_or_length_is_refused() {
    let refused = view_vector(&[9; 21], 1).err().unwrap();
    assert_eq!(
        refused,
        Unreadable::Version {
            record: "vector",
            found: 9,
            oldest: 1,
            newest: 1
        }
    );
    assert!(view_vector(&encode_vector(1, &[1.0]), 2).is_err());
}

#[test]
fn a_tuning_of_the_layout_that_had_whole_numbers_is_not_sound() {
    for oversample in [1u32, 8, 64, 100_000] {
        let mut bytes = vec![1];
        for field in [
            64u32.to_le_bytes(),
            oversample.to_le_bytes(),
            0.9f32.to_le_bytes(),
            0.95f32.to_le_bytes(),
        ] {
            bytes.extend(field);
        }
        let record = decode::<TuningRecord>(&bytes).unwrap();
        assert_eq!(record.ef, 64);
        assert!(!record.is_sound(), "{record:?}");
        bytes[5..9].copy_from_slice(&1.175f32.to_le_bytes());
        assert!(decode::<TuningRecord>(&bytes).unwrap().is_sound());
    }
}
