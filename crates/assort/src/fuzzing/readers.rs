//! Product files and taxonomy files.

use std::io::{Cursor, Write};

use assort_core::Taxonomy;
use assort_read::{Input, Mapping, ProductReader, Quoting, Row, TaxonomyOptions, read_taxonomy};

/// Encodings the bytes may be declared to have.
const ENCODINGS: [Option<&str>; 4] = [None, Some("gbk"), Some("utf-16le"), Some("latin1")];

/// Separators of paths a user may name.
const SEPARATORS: [Option<&str>; 4] = [None, Some(">"), Some("/"), Some(" - ")];

/// Reads a product file to its end. The first byte chooses how the rest is
/// compressed and read.
pub fn products(bytes: &[u8]) -> bool {
    let Some((&choice, bytes)) = bytes.split_first() else {
        return false;
    };
    let quoting = match choice >> 4 & 3 {
        0 => Quoting::On,
        1 => Quoting::Off,
        _ => Quoting::Auto,
    };
    let mapping = Mapping::default()
        .with_quoting(quoting)
        .with_require_title(choice & 0x40 == 0)
        .with_updates(choice & 0x80 != 0);
    let reader = open(choice, bytes).map(|input| ProductReader::new(input, &mapping));
    let Some(Ok(reader)) = reader else {
        return false;
    };
    for row in reader {
        let Ok(row) = row else {
            return false;
        };
        let line = match row {
            Row::Product(row) => row.line,
            Row::Update(row) => row.line,
            Row::Rejected(rejected) => rejected.line,
        };
        assert!(line > 0, "a row has no line");
    }
    true
}

/// Reads a taxonomy file and makes a taxonomy of it. The first byte chooses how
/// the rest is compressed and read.
pub fn taxonomy(bytes: &[u8]) -> bool {
    let Some((&choice, bytes)) = bytes.split_first() else {
        return false;
    };
    let separator = SEPARATORS[usize::from(choice >> 4 & 3)];
    let options = TaxonomyOptions::default().with_separator(separator.map(str::to_owned));
    let read = open(choice, bytes).map(|input| read_taxonomy(input, &options));
    let Some(Ok(file)) = read else {
        return false;
    };
    let Ok(taxonomy) = Taxonomy::from_rows(file.rows) else {
        return false;
    };
    for (index, category) in (0..).zip(taxonomy.categories()) {
        assert_eq!(taxonomy.by_id(&category.id), Some(index));
        assert_eq!(taxonomy.lineage(index).last(), Some(&index));
        assert!(!taxonomy.find(&taxonomy.path(index)).is_empty());
    }
    true
}

fn open(choice: u8, bytes: &[u8]) -> Option<Input> {
    let compressed = match choice & 3 {
        0 => gzip(bytes).ok()?,
        1 => zstd::stream::encode_all(bytes, 1).ok()?,
        // As they are; they may well be a compressed file of somebody else.
        _ => bytes.to_vec(),
    };
    let encoding = ENCODINGS[usize::from(choice >> 2 & 3)];
    Input::from_reader("bytes", Cursor::new(compressed), encoding).ok()
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

pub(super) fn product_seeds() -> Vec<Vec<u8>> {
    every_way(&[
        "id,title,category,price\n1,\"Kettle, 1.5 l\",Home > Kitchen,9.90\n2,Lamp,,\n",
        "sku\tname\tdescription\r\nA-1\tTrail shoe\tmen's, size 42\r\nA-2\t跑步鞋\t女式\r\n",
        "{\"id\": 7, \"title\": \"Desk\", \"tags\": [\"oak\", \"wide\"]}\n{\"id\": \"8\"}\n",
    ])
}

pub(super) fn taxonomy_seeds() -> Vec<Vec<u8>> {
    every_way(&[
        "Home\nHome > Kitchen\nHome > Kitchen > Kettles\nShoes\n",
        "# Google_Product_Taxonomy\n1 - Animals\n3237 - Animals > Live Animals\n",
        "id,parent,name,aliases,name_zh\n1,,Home,house|flat,家\n2,1,Kettles,,水壶\n",
        "{\"path\": \"Home > Lamps\", \"descriptions\": [\"light\"]}\n{\"path\": \"Shoes\"}\n",
        "gid://shopify/TaxonomyCategory/aa-1 : Apparel\n\
         gid://shopify/TaxonomyCategory/aa-1-2 : Apparel > Shoes\n",
    ])
}

/// Each text compressed by gzip, by zstd, and not at all, and once as updates.
fn every_way(texts: &[&str]) -> Vec<Vec<u8>> {
    let seed = |choice: u8, text: &str| [&[choice][..], text.as_bytes()].concat();
    let ways = |text: &&str| [0x20, 0x21, 0x22, 0xa0].map(|choice| seed(choice, text));
    texts.iter().flat_map(ways).collect()
}
