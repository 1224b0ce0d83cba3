//! Attributes of products as features.
//!
//! A text value that is frequent enough is a feature of its own, and rare ones share a
//! few. Numbers fall into bins, which are quantiles of those that were learned from. The
//! bin is a feature, and so is each cut between two bins: it says on which side of it a
//! number lies, so that bins tell something of their neighbours, too (thermometer code:
//! Gallant, 1993).

use std::cmp::Reverse;
use std::collections::HashMap;

use assort_core::chance::mix;
use assort_core::{AttributeKind, AttributeSchema, KindGuess, fold};
use rayon::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::input::HeadInput;
use crate::options::TrainOptions;

/// Names of attributes that are looked at, in the order they come.
const LOOKED_AT: usize = 4096;

/// Attributes that are read at most, those of most products.
const MOST_COLUMNS: usize = 256;

/// Text values of an attribute that are features of their own, the most frequent ones.
const MOST_VALUES: usize = 1 << 14;

/// Features that the rarer values share.
const BUCKETS: u64 = 8;

/// Bins of the numbers of an attribute.
const BINS: usize = 16;

/// Values of one attribute of a product that are read.
const VALUES_READ: usize = 32;

/// Bytes of a value that are read.
const VALUE_BYTES: usize = 200;

/// Of fewer values nobody knows whether they tell products apart one by one.
const ENOUGH_VALUES: usize = 20;

/// Tell the features of an attribute apart.
const OF_ATTRIBUTE: u64 = 0x6174_7472_0000_0001;
const BUCKET: u64 = 1 << 32;
const BIN: u64 = 2 << 32;
const CUT: u64 = 3 << 32;
const MISSING: u64 = 4 << 32;

/// An attribute that a head reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    /// Its folded name.
    name: String,
    /// What its values are.
    #[serde(with = "written_kind")]
    kind: AttributeKind,
    /// The least number of each bin but the first, ascending.
    cuts: Vec<f32>,
}

/// The attributes that a head reads, by name, and how much they count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attributes {
    pub(crate) columns: Vec<Column>,
    pub(crate) weight: f32,
}

/// A feature of a product's attributes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) feature: u64,
    /// What is read in its place where it is not known.
    pub(crate) instead: Option<u64>,
    pub(crate) weight: f32,
}

impl Found {
    fn new(feature: u64, weight: f32) -> Self {
        Self {
            feature,
            instead: None,
            weight,
        }
    }
}

/// The values of an attribute: of which product, and what.
type Values<'a> = Vec<(u32, &'a str)>;

impl Attributes {
    /// Learns which attributes to read, and how; gives their features, too.
    pub(crate) fn learn(
        inputs: &[&HeadInput<'_>],
        schema: Option<&AttributeSchema>,
        options: &TrainOptions,
    ) -> (Self, Vec<u64>) {
        let mut all = gathered(inputs);
        all.retain(|(_, values)| !values.is_empty());
        all.sort_by_key(|(_, values)| Reverse(values.len()));
        all.truncate(MOST_COLUMNS);
        let learned = all.into_par_iter().filter_map(|(name, values)| {
            let kind = schema.map_or(AttributeKind::Any, |schema| schema.kind(&name));
            Column::learn(name, kind, &values, inputs.len(), options)
        });
        let mut learned: Vec<(Column, Vec<u64>)> = learned.collect();
        learned.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        let (columns, features): (Vec<Column>, Vec<Vec<u64>>) = learned.into_iter().unzip();
        let weight = match columns.is_empty() {
            true => 0.0,
            false => options.attribute_weight,
        };
        (Self { columns, weight }, features.concat())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Their folded names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Whether they may come from a file.
    pub(crate) fn is_sound(&self) -> bool {
        let is_ordered = |cuts: &[f32]| cuts.is_sorted_by(|a, b| a < b);
        self.weight.is_finite()
            && self.weight >= 0.0
            && self.columns.is_sorted_by(|a, b| a.name < b.name)
            && self.columns.iter().all(|column| {
                column.cuts.iter().all(|cut| cut.is_finite()) && is_ordered(&column.cuts)
            })
    }

    /// The features of a product; none where it has none of the attributes. Each
    /// attribute counts the same.
    pub(crate) fn features(&self, given: &[(String, String)]) -> Vec<Found> {
        if self.is_empty() || given.is_empty() {
            return Vec::new();
        }
        let mut values: Vec<(usize, &str)> = given
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .filter_map(|(name, value)| Some((self.place(name)?, value.as_str())))
            .collect();
        if values.is_empty() {
            return Vec::new();
        }
        values.sort_by_key(|(place, _)| *place);
        let mut found = Vec::with_capacity(self.columns.len());
        let mut rest = values.as_slice();
        for (place, column) in self.columns.iter().enumerate() {
            let count = rest.iter().take_while(|(at, _)| *at == place).count();
            let (own, others) = rest.split_at(count);
            rest = others;
            column.features(own, &mut found);
        }
        found
    }

    fn place(&self, name: &str) -> Option<usize> {
        let name = fold(name);
        let place = self
            .columns
            .binary_search_by(|column| column.name.cmp(&name));
        place.ok()
    }
}

impl Column {
    /// How to read an attribute, and its features; none if its values tell nothing.
    fn learn(
        name: String,
        kind: AttributeKind,
        values: &Values<'_>,
        products: usize,
        options: &TrainOptions,
    ) -> Option<(Self, Vec<u64>)> {
        let kind = match kind {
            AttributeKind::Any => guessed(values),
            kind => kind,
        };
        let mut numbers = Vec::new();
        let mut texts = Vec::new();
        let seed = seed(&name);
        for (_, value) in values {
            match number(kind, value) {
                Some(number) => numbers.push(number),
                None => texts.push(text_feature(seed, value)),
            }
        }
        let texts = counted(texts);
        let mut having: Vec<u32> = values.iter().map(|(product, _)| *product).collect();
        having.dedup();
        let missing = products - having.len();
        let is_constant = missing == 0 && numbers.is_empty() && texts.len() == 1;
        if is_constant || (numbers.is_empty() && are_names(&texts, values.len())) {
            return None;
        }
        let is_number = !numbers.is_empty();
        let column = Self {
            cuts: cuts(numbers),
            name,
            kind,
        };
        let least = options.min_df as usize;
        let mut features = column.of_texts(texts, least);
        if is_number {
            let bins = 0..=column.cuts.len() as u64;
            features.extend(bins.map(|bin| mix(seed ^ (BIN | bin))));
            let cuts = 0..column.cuts.len() as u64;
            features.extend(cuts.map(|cut| mix(seed ^ (CUT | cut))));
        }
        // Where most products have it, its absence says something.
        if missing >= least.max(1) && missing < having.len() {
            features.push(mix(seed ^ MISSING));
        }
        Some((column, features))
    }

    /// Features of text values, of which so many are to have one of its own.
    fn of_texts(&self, texts: Vec<(u64, usize)>, least: usize) -> Vec<u64> {
        let seed = seed(&self.name);
        let mut features = Vec::new();
        for (at, (feature, count)) in texts.into_iter().enumerate() {
            features.push(match at < MOST_VALUES && count >= least {
                true => feature,
                false => bucket(seed, feature),
            });
        }
        features.sort_unstable();
        features.dedup();
        features
    }

    /// Adds the features of a product's own values.
    fn features(&self, values: &[(usize, &str)], found: &mut Vec<Found>) {
        let seed = seed(&self.name);
        if values.is_empty() {
            found.push(Found::new(mix(seed ^ MISSING), 1.0));
        }
        let values = &values[..values.len().min(VALUES_READ)];
        let share = 1.0 / (values.len() as f32).sqrt();
        for (_, value) in values {
            match number(self.kind, value) {
                Some(number) => self.number_features(number, share, found),
                None => {
                    let feature = text_feature(seed, value);
                    found.push(Found {
                        feature,
                        instead: Some(bucket(seed, feature)),
                        weight: share,
                    });
                }
            }
        }
    }

    /// The bin of a number, and on which side of each cut it lies. Both together measured
    /// best: bins alone forget which are neighbours, sides alone are slow to learn one bin.
    fn number_features(&self, number: f32, share: f32, found: &mut Vec<Found>) {
        let seed = seed(&self.name);
        let bin = self.cuts.partition_point(|cut| *cut <= number);
        let half = match self.cuts.is_empty() {
            true => share,
            false => share * 0.5f32.sqrt(),
        };
        found.push(Found::new(mix(seed ^ (BIN | bin as u64)), half));
        let side = half / (self.cuts.len().max(1) as f32).sqrt();
        for (at, cut) in (0u64..).zip(&self.cuts) {
            let side = if number >= *cut { side } else { -side };
            found.push(Found::new(mix(seed ^ (CUT | at)), side));
        }
    }
}

/// The values of each attribute by folded name, in the order they come.
fn gathered<'a>(inputs: &[&HeadInput<'a>]) -> Vec<(String, Values<'a>)> {
    let mut all: Vec<(String, Values<'a>)> = Vec::new();
    let mut places: HashMap<&str, Option<usize>> = HashMap::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for (product, input) in (0u32..).zip(inputs) {
        for (name, value) in input.attributes {
            let place = match places.get(name.as_str()) {
                Some(place) => *place,
                None if places.len() >= LOOKED_AT => None,
                None => {
                    let folded = fold(name);
                    let place = *by_name.entry(folded.clone()).or_insert(all.len());
                    if place == all.len() {
                        all.push((folded, Vec::new()));
                    }
                    places.insert(name, Some(place));
                    Some(place)
                }
            };
            if let Some(place) = place.filter(|_| !value.is_empty()) {
                all[place].1.push((product, value));
            }
        }
    }
    all
}

/// The kind of values, by what almost all of them are.
fn guessed(values: &Values<'_>) -> AttributeKind {
    let mut guess = KindGuess::default();
    values.iter().for_each(|(_, value)| guess.see(value));
    guess.kind().unwrap_or_else(|| {
        let is_number = |value: &&(u32, &str)| AttributeKind::Number.reads(value.1);
        let numbers = values.iter().filter(is_number).count();
        match numbers * 20 >= values.len() * 19 {
            true => AttributeKind::Number,
            false => AttributeKind::Text,
        }
    })
}

/// A value as a number in base units; none of a text.
fn number(kind: AttributeKind, value: &str) -> Option<f32> {
    let number = kind.read(value).as_number()? as f32;
    number.is_finite().then_some(number)
}

/// The least numbers of bins which so many of the numbers fall into as into others.
fn cuts(mut numbers: Vec<f32>) -> Vec<f32> {
    numbers.sort_by(f32::total_cmp);
    let mut cuts: Vec<f32> = (1..BINS)
        .filter_map(|bin| numbers.get(bin * numbers.len() / BINS).copied())
        .filter(|cut| numbers.first().is_some_and(|least| least < cut))
        .collect();
    cuts.dedup();
    cuts
}

/// Equal ones with their count, the most frequent first.
fn counted(mut features: Vec<u64>) -> Vec<(u64, usize)> {
    features.sort_unstable();
    let counted = features.chunk_by(|a, b| a == b);
    let mut counted: Vec<(u64, usize)> = counted.map(|same| (same[0], same.len())).collect();
    counted.sort_by_key(|(feature, count)| (Reverse(*count), *feature));
    counted
}

/// Whether values name products one by one, as ids and addresses do.
fn are_names(texts: &[(u64, usize)], values: usize) -> bool {
    values >= ENOUGH_VALUES && texts.len() * 10 > values * 9
}

fn seed(name: &str) -> u64 {
    xxh3_64(name.as_bytes()) ^ OF_ATTRIBUTE
}

fn text_feature(seed: u64, value: &str) -> u64 {
    let read = &value[..value.floor_char_boundary(VALUE_BYTES)];
    xxh3_64_with_seed(fold(read).as_bytes(), seed)
}

/// What a rare value shares with others.
fn bucket(seed: u64, feature: u64) -> u64 {
    mix(seed ^ (BUCKET | (feature % BUCKETS)))
}

/// A kind as the word it is written as.
mod written_kind {
    use super::{AttributeKind, Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        kind: &AttributeKind,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(kind)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<AttributeKind, D::Error> {
        let word = String::deserialize(deserializer)?;
        word.parse().map_err(serde::de::Error::custom)
    }
}
