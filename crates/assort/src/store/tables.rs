//! Names and types of the tables.

use redb::{Key, TableDefinition, Value};

/// The newest format; a catalog of a higher one is refused.
pub(crate) const FORMAT: u32 = 3;

/// The format of a catalog with segments but without columns, and
pub(super) const FORMAT_WITHOUT_COLUMNS: u32 = 2;

/// that of one without segments, which older programs can read.
pub(super) const FORMAT_WITHOUT_SEGMENTS: u32 = 1;

/// Number of a segment → `SegmentRecord`.
pub(super) const SEGMENTS: TableDefinition<u32, &[u8]> = TableDefinition::new("segments");
/// Number of a segment × 2³² + number of a chunk → a bit for each of its
/// [`CHUNK`] slots, set where the row is no longer the segment's.
pub(super) const DEAD: TableDefinition<u64, &[u8]> = TableDefinition::new("dead");
/// Bitmap of a chunk of dead ones.
pub(super) const CHUNK: u32 = 4096;

/// Single values: see the `KEY_` constants.
pub(super) const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
/// External product id → row.
pub(super) const IDS: TableDefinition<&str, u32> = TableDefinition::new("ids");
/// Row → `ProductRecord`. Rows grow and are never used again.
pub(super) const PRODUCTS: TableDefinition<u32, &[u8]> = TableDefinition::new("products");
/// Row → external id of the category a person filed the product under.
pub(super) const LABELS: TableDefinition<u32, &str> = TableDefinition::new("labels");
/// Row → `DecisionRecord`.
pub(super) const DECISIONS: TableDefinition<u32, &[u8]> = TableDefinition::new("decisions");
/// Row → `TouchedRecord`: rows whose product, label or decision was changed or removed
/// since the columns were made.
pub(super) const TOUCHED: TableDefinition<u32, &[u8]> = TableDefinition::new("touched");
/// Category position → `CategoryRecord`.
pub(super) const CATEGORIES: TableDefinition<u32, &[u8]> = TableDefinition::new("categories");

/// `u32`, little-endian: the store's format.
pub(super) const KEY_FORMAT: &str = "format";
/// 16 bytes by which a catalog and its copies are told from others; drawn by its
/// first commit.
pub(super) const KEY_IDENTITY: &str = "identity";
/// `u64`: grows with every committed change.
pub(super) const KEY_VERSION: &str = "version";
/// Two `u64`: how many vectors and labels were ever set, changed or removed.
pub(super) const KEY_CHANGED: &str = "changed";
/// Bytes that change with every change of the taxonomy.
pub(super) const KEY_TAXONOMY: &str = "taxonomy";
/// `u32`: the next free row.
pub(super) const KEY_NEXT_ROW: &str = "next row";
/// `u32`: the number of the next segment.
pub(super) const KEY_NEXT_SEGMENT: &str = "next segment";
/// `TuningRecord`: how the graph is walked.
pub(super) const KEY_TUNING: &str = "tuning";
/// `FamiliarityRecord`: how well the student knows new products.
pub(super) const KEY_FAMILIARITY: &str = "familiarity";
/// `SpaceRecord`: the space that is searched.
pub(super) const KEY_SPACE: &str = "space";
/// `SpaceRecord`: the space that a re-embedding is moving to.
pub(super) const KEY_NEXT_SPACE: &str = "next space";
/// `SpaceRecord`: the space of pictures, beside that of texts.
pub(super) const KEY_PICTURE_SPACE: &str = "picture space";
/// `u64`: version of the commit that last changed vectors of pictures.
pub(super) const KEY_PICTURES: &str = "pictures";
/// `ModelRecord`: the file of what was learned from the catalog as a whole.
pub(super) const KEY_MODEL: &str = "model";

/// `ColumnsRecord`: the file of attributes by columns.
pub(super) const KEY_COLUMNS: &str = "columns";
/// `SchemaRecord`: the kinds of attributes.
pub(super) const KEY_SCHEMA: &str = "attributes";

/// What was learned, in catalogs of older programs: it is learned anew.
pub(super) const KEY_FIT: &str = "fit";

/// Name of the table row → vector of a generation: vectors that are in no
/// segment yet.
pub(super) fn vectors_name(generation: u32) -> String {
    format!("vectors {generation}")
}

/// Name of the table row → segment and digest of the text, of a generation:
/// vectors that are in a segment.
pub(super) fn sealed_name(generation: u32) -> String {
    format!("sealed {generation}")
}

/// Name of the table text digest → vector of a generation: category texts.
pub(super) fn texts_name(generation: u32) -> String {
    format!("texts {generation}")
}

/// Name of the table text digest → vector that a teacher gave, by the tag of
/// its space: kept so that distilling again asks for none twice.
pub(super) fn taught_name(tag: u128) -> String {
    format!("taught {tag:032x}")
}

/// Whether a table has vectors that a teacher gave.
pub(super) fn is_taught(table: &str) -> bool {
    table.starts_with("taught ")
}

/// Types of the keys and values of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    TextToBytes,
    TextToRow,
    RowToText,
    RowToBytes,
    ChunkToBytes,
    DigestToBytes,
}

/// What is in the table of that name; none if this program has no such table.
pub(super) fn layout(table: &str) -> Option<Layout> {
    let (kind, number) = table
        .split_once(' ')
        .map_or((table, None), |(kind, number)| (kind, Some(number)));
    match (kind, number) {
        ("meta", None) => Some(Layout::TextToBytes),
        ("ids", None) => Some(Layout::TextToRow),
        ("labels", None) => Some(Layout::RowToText),
        ("products" | "decisions" | "categories" | "segments" | "touched", None) => {
            Some(Layout::RowToBytes)
        }
        ("vectors" | "sealed", Some(_)) => Some(Layout::RowToBytes),
        ("dead", None) => Some(Layout::ChunkToBytes),
        ("texts" | "taught", Some(_)) => Some(Layout::DigestToBytes),
        _ => None,
    }
}

/// Something that is done with a table, whatever it holds.
pub(super) trait TableWork {
    type Output;

    fn run<K: Key + 'static, V: Value + 'static>(
        &self,
        table: TableDefinition<'_, K, V>,
    ) -> Self::Output;
}

impl Layout {
    /// Does `work` with the table of that name, which has this layout.
    pub(super) fn apply<W: TableWork>(self, name: &str, work: &W) -> W::Output {
        match self {
            Self::TextToBytes => work.run(TableDefinition::<&str, &[u8]>::new(name)),
            Self::TextToRow => work.run(TableDefinition::<&str, u32>::new(name)),
            Self::RowToText => work.run(TableDefinition::<u32, &str>::new(name)),
            Self::RowToBytes => work.run(TableDefinition::<u32, &[u8]>::new(name)),
            Self::ChunkToBytes => work.run(TableDefinition::<u64, &[u8]>::new(name)),
            Self::DigestToBytes => work.run(TableDefinition::<u128, &[u8]>::new(name)),
        }
    }
}

/// A table row → vector.
pub(super) type VectorTable<'a> = TableDefinition<'a, u32, &'static [u8]>;
/// A table row → segment and digest of the text.
pub(super) type SealedTable<'a> = TableDefinition<'a, u32, &'static [u8]>;
/// A table text digest → vector.
pub(super) type TextTable<'a> = TableDefinition<'a, u128, &'static [u8]>;
