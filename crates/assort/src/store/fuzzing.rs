//! Every kind of value that the store decodes, for [`crate::fuzzing`].

use assort_core::{Category, Product, Taxonomy};
use rkyv::api::high::{HighDeserializer, HighSerializer, HighValidator};
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor;
use rkyv::ser::allocator::ArenaHandle;
use rkyv::util::AlignedVec;
use rkyv::{Archive, Deserialize, Portable, Serialize};

use super::codec::{self, Record, SealedRow};
use super::read::check_tree;
use super::records::{CategoryRecord, SegmentRecord};
use super::{
    DecisionRecord, FamiliarityRecord, ModelRecord, ProductRecord, SpaceRecord, TuningRecord,
};

/// Coordinates of the vectors and words of the dead chunks that are decoded.
const NUMBERS: usize = 4;

/// Decodes `bytes` as each kind of value; whether they are one.
pub(crate) fn decode_each(bytes: &[u8]) -> bool {
    let kinds = [
        comes_back::<ProductRecord>(bytes),
        comes_back::<CategoryRecord>(bytes),
        comes_back::<DecisionRecord>(bytes),
        comes_back::<SpaceRecord>(bytes),
        comes_back::<SegmentRecord>(bytes),
        comes_back::<TuningRecord>(bytes),
        comes_back::<FamiliarityRecord>(bytes),
        comes_back::<ModelRecord>(bytes),
        codec::view_vector(bytes, NUMBERS)
            .is_ok_and(|vector| codec::encode_vector(vector.text_hash, &vector.to_vec()) == bytes),
        codec::decode_sealed(bytes).is_ok_and(|row| codec::encode_sealed(row) == *bytes),
        codec::decode_dead(bytes, NUMBERS).is_ok_and(|words| codec::encode_dead(&words) == bytes),
    ];
    kinds.contains(&true)
}

/// Whether the bytes are a `T`; if so, it is the same after another round.
fn comes_back<T>(bytes: &[u8]) -> bool
where
    T: Record
        + Archive
        + for<'a> Serialize<HighSerializer<AlignedVec, ArenaHandle<'a>, rancor::Error>>,
    T::Archived: Portable
        + for<'a> CheckBytes<HighValidator<'a, rancor::Error>>
        + Deserialize<T, HighDeserializer<rancor::Error>>,
{
    let Ok(value) = codec::decode::<T>(bytes) else {
        return false;
    };
    let Ok(once) = codec::encode(&value) else {
        return false;
    };
    let again = codec::decode::<T>(&once).ok();
    let again = again.and_then(|value| codec::encode(&value).ok());
    assert_eq!(Some(&once), again.as_ref());
    true
}

/// Decodes categories, each with its length in front, and makes a taxonomy of
/// them if they are a tree.
pub(crate) fn categories(mut bytes: &[u8]) -> bool {
    let mut categories: Vec<Category> = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (record, rest) = rest.split_at(length);
        let Ok(record) = codec::decode::<CategoryRecord>(record) else {
            return false;
        };
        categories.push(record.into());
        bytes = rest;
    }
    if check_tree(&categories).is_err() {
        return false;
    }
    let taxonomy = Taxonomy::from_categories(categories);
    for index in 0..taxonomy.len() as u32 {
        assert_eq!(taxonomy.lineage(index).last(), Some(&index));
        assert!(taxonomy.subtree(index).contains(&index));
        taxonomy.find(&taxonomy.path(index));
    }
    true
}

/// A value of each kind.
pub(crate) fn record_seeds() -> Result<Vec<Vec<u8>>, String> {
    let product = Product {
        id: "P1".to_owned(),
        title: "Kettle, 1.5 l".to_owned(),
        attributes: vec![("brand".to_owned(), "Ada & Co".to_owned())],
        ..Product::default()
    };
    let space = SpaceRecord {
        generation: 1,
        model: "bundled".to_owned(),
        fingerprint: "0123".to_owned(),
        dimensions: 384,
        embedder: "bundled".to_owned(),
    };
    let decision = DecisionRecord {
        category: "kettles".to_owned(),
        confidence: 0.9,
        method: "prototypes".to_owned(),
    };
    let tuning = TuningRecord {
        ef: 128,
        slack: 1.25,
        asked: 0.95,
        recall: 0.96,
    };
    let segment = SegmentRecord {
        generation: 1,
        rows: 500,
    };
    let row = SealedRow {
        segment: 3,
        text_hash: 1 << 90,
    };
    Ok(vec![
        codec::encode(&ProductRecord::from(product))?,
        codec::encode(&CategoryRecord::from(tree().remove(0)))?,
        codec::encode(&decision)?,
        codec::encode(&space)?,
        codec::encode(&segment)?,
        codec::encode(&tuning)?,
        codec::encode(&FamiliarityRecord::default())?,
        codec::encode_vector(1 << 90, &[0.5; NUMBERS]),
        codec::encode_sealed(row).to_vec(),
        codec::encode_dead(&[7; NUMBERS]),
    ])
}

/// A stored taxonomy.
pub(crate) fn category_seeds() -> Result<Vec<Vec<u8>>, String> {
    let records = tree().into_iter().map(|category| {
        let record = codec::encode(&CategoryRecord::from(category))?;
        Ok([&(record.len() as u16).to_le_bytes()[..], &record].concat())
    });
    let records: Vec<Vec<u8>> = records.collect::<Result<_, String>>()?;
    Ok(vec![records.concat()])
}

fn tree() -> Vec<Category> {
    let category = |id: &str, parent, children: &[u32]| Category {
        id: id.to_owned(),
        name: id.to_uppercase(),
        parent,
        children: children.to_vec(),
        descriptions: vec!["for the house".to_owned()],
        aliases: Vec::new(),
        examples: vec!["Kettle, 1.5 l".to_owned()],
        translations: vec![("zh".to_owned(), vec!["家".to_owned()])],
    };
    vec![
        category("home", None, &[1, 2]),
        category("lamps", Some(0), &[]),
        category("kettles", Some(0), &[]),
    ]
}
