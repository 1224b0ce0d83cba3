//! Versions of a sharded catalog, as JSON.

use assort::core::Space;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Layout of the files.
const LAYOUT: u32 = 1;

/// One version: the shards that it consists of, older ones first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its number, from 1.
    pub number: u64,
    /// The job that made it.
    pub job: String,
    /// Version of the program that made it.
    pub assort: String,
    /// The shards.
    pub shards: Vec<Shard>,
}

/// A shard: a small catalog with one part of the products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Its name below `shards/`.
    pub name: String,
    /// Number of the part of the data that it has.
    pub part: u64,
    /// Products in it.
    pub products: u64,
    /// Rows that were left out, since they could not be taken.
    #[serde(default)]
    pub rejected: u64,
    /// Bytes of its files.
    pub size: u64,
    /// Digest of its manifest.
    #[serde(serialize_with = "hexadecimal", deserialize_with = "digest")]
    pub digest: u128,
    /// The space of its vectors.
    pub space: ShardSpace,
    /// Digest of its taxonomy.
    #[serde(serialize_with = "hexadecimal", deserialize_with = "digest")]
    pub taxonomy: u128,
    /// The pack that its products were filed by; none if they were not.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "hexadecimal_if",
        deserialize_with = "digest_if"
    )]
    pub pack: Option<u128>,
}

/// A [`Space`] of vectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardSpace {
    /// The model.
    pub model: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Coordinates of a vector.
    pub dimensions: usize,
}

impl ShardSpace {
    pub(super) fn of(space: &Space) -> Self {
        Self {
            model: space.model.clone(),
            fingerprint: space.fingerprint.clone(),
            dimensions: space.dimensions,
        }
    }
}

impl From<ShardSpace> for Space {
    fn from(space: ShardSpace) -> Self {
        Self {
            model: space.model,
            fingerprint: space.fingerprint,
            dimensions: space.dimensions,
        }
    }
}

/// What is in the file.
#[derive(Serialize, Deserialize)]
struct Layout<V> {
    layout: u32,
    #[serde(flatten)]
    version: V,
}

/// The first thing that is read of it.
#[derive(Deserialize)]
struct LayoutAlone {
    layout: u32,
}

impl Version {
    /// Products of all shards; some may be of the same id.
    pub fn products(&self) -> u64 {
        self.shards.iter().map(|shard| shard.products).sum()
    }

    /// Rows that were left out of all shards.
    pub fn rejected(&self) -> u64 {
        self.shards.iter().map(|shard| shard.rejected).sum()
    }

    /// The pack that products were filed by, if they were.
    pub fn pack(&self) -> Option<u128> {
        self.shards.first().and_then(|shard| shard.pack)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let layout = Layout {
            layout: LAYOUT,
            version: self,
        };
        // Numbers, texts and lists can be written.
        serde_json::to_vec_pretty(&layout).unwrap_or_default()
    }

    /// Reads a version; what is wrong, as the end of a sentence.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let wrong = |error: serde_json::Error| format!("it is no version: {error}");
        let LayoutAlone { layout } = serde_json::from_slice(bytes).map_err(wrong)?;
        if layout > LAYOUT {
            return Err(format!(
                "it has layout {layout}, and this program reads up to {LAYOUT}; use a newer Assort"
            ));
        }
        let read: Layout<Self> = serde_json::from_slice(bytes).map_err(wrong)?;
        let version = read.version;
        version.shards.iter().try_for_each(Shard::check_name)?;
        check_alike(&version.shards).map(|()| version)
    }
}

impl Shard {
    /// The shard as a line of JSON, as tasks tell it to whoever commits.
    pub fn encode(&self) -> String {
        // Numbers and texts can be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`Self::encode`] wrote.
    ///
    /// # Errors
    /// What is wrong.
    pub fn decode(text: &str) -> Result<Self, String> {
        let read = serde_json::from_str(text).map_err(|error| format!("it is no shard: {error}"));
        let shard: Self = read?;
        shard.check_name().map(|()| shard)
    }

    /// Refuses a name that could lead elsewhere.
    fn check_name(&self) -> Result<(), String> {
        match is_name(&self.name) {
            true => Ok(()),
            false => Err(format!("no shard is named `{}`", self.name)),
        }
    }
}

/// Whether a text has letters, digits and hyphens alone.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Refuses shards that are not of one taxonomy, one space and one pack.
pub(super) fn check_alike(shards: &[Shard]) -> Result<(), String> {
    let Some(first) = shards.first() else {
        return Ok(());
    };
    let differs = |shard: &&Shard| {
        shard.space != first.space || shard.taxonomy != first.taxonomy || shard.pack != first.pack
    };
    let Some(other) = shards.iter().find(differs) else {
        return Ok(());
    };
    let what = match other {
        Shard { space, .. } if *space != first.space => "other vectors",
        Shard { taxonomy, .. } if *taxonomy != first.taxonomy => "another taxonomy",
        _ => "another pack",
    };
    Err(format!(
        "the shard {} has {what} than {}: make a version of both anew, or replace the one before",
        other.name, first.name
    ))
}

fn hexadecimal<S: Serializer>(digest: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{digest:032x}"))
}

fn digest<'d, D: Deserializer<'d>>(deserializer: D) -> Result<u128, D::Error> {
    let text = String::deserialize(deserializer)?;
    let wrong = |_| serde::de::Error::custom(format!("`{text}` is no digest"));
    u128::from_str_radix(&text, 16).map_err(wrong)
}

fn hexadecimal_if<S: Serializer>(digest: &Option<u128>, serializer: S) -> Result<S::Ok, S::Error> {
    match digest {
        Some(digest) => hexadecimal(digest, serializer),
        None => serializer.serialize_none(),
    }
}

fn digest_if<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Option<u128>, D::Error> {
    digest(deserializer).map(Some)
}
