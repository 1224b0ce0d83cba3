use std::io::Cursor;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, MapBuilder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray,
    FixedSizeListArray, Float32Array, Float64Array, Int64Array, ListArray, RecordBatch,
    StringArray, StructArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::{DataType, Field};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

use crate::{Input, Mapping, ProductReader, Row, TaxonomyOptions, read_taxonomy};

fn array<A: arrow_array::Array + 'static>(array: A) -> ArrayRef {
    Arc::new(array)
}

fn texts(values: &[&str]) -> ArrayRef {
    array(StringArray::from(values.to_vec()))
}

fn parquet(batch: &RecordBatch, compression: Compression) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(3))
        .build();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    file
}

fn arrow(batch: &RecordBatch, compression: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default()
        .try_with_compression(compression)
        .unwrap();
    let mut file = Vec::new();
    let mut writer = FileWriter::try_new_with_options(&mut file, &batch.schema(), options).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    file
}

fn stream(batch: &RecordBatch) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = StreamWriter::try_new(&mut file, &batch.schema()).unwrap();
    writer.write(&batch.slice(0, 1)).unwrap();
    writer.write(&batch.slice(1, batch.num_rows() - 1)).unwrap();
    writer.finish().unwrap();
    drop(writer);
    file
}

/// A table in every form.
fn forms(columns: Vec<(&str, ArrayRef)>) -> Vec<Vec<u8>> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    vec![
        parquet(&batch, Compression::UNCOMPRESSED),
        parquet(&batch, Compression::SNAPPY),
        parquet(&batch, Compression::ZSTD(Default::default())),
        parquet(&batch, Compression::GZIP(Default::default())),
        parquet(&batch, Compression::BROTLI(Default::default())),
        parquet(&batch, Compression::LZ4_RAW),
        arrow(&batch, None),
        arrow(&batch, Some(CompressionType::ZSTD)),
        arrow(&batch, Some(CompressionType::LZ4_FRAME)),
        stream(&batch),
    ]
}

fn open(file: &[u8], mapping: &Mapping) -> crate::Result<ProductReader> {
    let input = Input::from_reader("shop", Cursor::new(file.to_vec()), None)?;
    ProductReader::new(input, mapping)
}

/// What is read of a file: what columns mean, and products as `line id title [attributes]`.
fn told(file: &[u8]) -> Vec<String> {
    let reader = open(file, &Mapping::default()).unwrap();
    let mut told = vec![format!("{}: {}", reader.format(), reader.columns())];
    told.extend(reader.map(|row| match row.unwrap().whole() {
        Ok(row) => {
            let product = row.product;
            let mut attributes = product.attributes;
            attributes.retain(|(_, value)| !value.is_empty());
            let pairs = attributes
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            let pairs = pairs.collect::<Vec<_>>().join(" ");
            let category = row
                .category
                .map_or(String::new(), |path| format!(" in {path}"));
            let image = product
                .image
                .map_or(String::new(), |image| format!(" at {image}"));
            format!(
                "{} {} {} [{pairs}]{category}{image}",
                row.line, product.id, product.title
            )
        }
        Err(rejected) => format!("{}! {}", rejected.line, rejected.reason),
    }));
    told
}

#[test]
fn every_form_of_a_table_gives_the_same_products() {
    let colours: DictionaryArray<Int32Type> = vec![Some("red"), None, Some("blue"), Some("red")]
        .into_iter()
        .collect();
    let prices = Decimal128Array::from(vec![Some(1250), Some(999), None, Some(5)]);
    let files = forms(vec![
        ("id", array(Int64Array::from(vec![7, 8, 9, 10]))),
        ("title", texts(&["Kettle", "Pan", "", "Lamp"])),
        ("category", texts(&["Home > Kettles", "Home", "", "Home"])),
        (
            "price",
            array(prices.with_precision_and_scale(9, 2).unwrap()),
        ),
        (
            "weight",
            array(Float64Array::from(vec![
                Some(1.5),
                Some(2.0),
                None,
                Some(f64::NAN),
            ])),
        ),
        (
            "new",
            array(BooleanArray::from(vec![
                Some(true),
                Some(false),
                None,
                None,
            ])),
        ),
        (
            "since",
            array(Date32Array::from(vec![20_000, 20_001, 20_002, 20_003])),
        ),
        ("colour", array(colours)),
    ]);
    for file in &files {
        let told = told(file);
        assert!(
            told[0].ends_with(
                ": id=id title=title category=category attributes=price,weight,new,since,colour"
            ),
            "{}",
            told[0]
        );
        assert_eq!(
            told[1..],
            [
                "1 7 Kettle [colour=red new=true price=12.50 since=2024-10-04 weight=1.5] in Home > Kettles",
                "2 8 Pan [new=false price=9.99 since=2024-10-05 weight=2] in Home",
                "3! no title",
                "4 10 Lamp [colour=red price=0.05 since=2024-10-07] in Home",
            ]
        );
    }
    let formats: Vec<String> = files.iter().map(|file| told(file)[0].clone()).collect();
    assert!(formats[0].starts_with("Parquet: ") && formats[9].starts_with("Arrow stream: "));
}

#[test]
fn what_is_nested_becomes_columns_as_in_json() {
    let mut tags = ListBuilder::new(StringBuilder::new());
    let mut facts = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for row in [["new", "red"], ["old", "blue"]] {
        tags.values().append_value(row[0]);
        tags.values().append_value(row[1]);
        tags.append(true);
        facts.keys().append_value(format!("fact {}", row[0]));
        facts.values().append_value(row[1]);
        facts.append(true).unwrap();
    }
    let sizes = StructArray::try_from(vec![
        ("width", array(Int64Array::from(vec![Some(3), None]))),
        ("unit", texts(&["cm", "in"])),
    ]);
    let pictures = StructArray::try_from(vec![
        (
            "bytes",
            array(BinaryArray::from(vec![&b"\xff\xd8"[..], b"\xff\xd8"])),
        ),
        ("path", texts(&["1.jpg", "2.jpg"])),
    ]);
    let files = forms(vec![
        ("id", texts(&["a", "b"])),
        ("title", texts(&["Mug", "Pot"])),
        ("tags", array(tags.finish())),
        ("size", array(sizes.unwrap())),
        ("image", array(pictures.unwrap())),
        (
            "thumbnail",
            array(BinaryArray::from(vec![&b"\xff\xd8"[..], b"\xff\xd8"])),
        ),
        ("facts", array(facts.finish())),
    ]);
    for file in &files {
        let told = told(file);
        let meant = " (without the files' bytes in `image`; without `thumbnail`, no text): \
            id=id title=title image=image attributes=tags,size.width,size.unit,facts.fact new";
        assert!(told[0].contains(meant), "{}", told[0]);
        assert_eq!(
            told[1..],
            [
                "1 a Mug [facts.fact new=red size.unit=cm size.width=3 tags=new tags=red] at 1.jpg",
                "2 b Pot [facts.fact old=blue size.unit=in tags=blue tags=old] at 2.jpg",
            ]
        );
    }
}

#[test]
fn columns_that_nobody_needs_are_not_read() {
    let rows = 3000;
    let numbers: Vec<String> = (0..rows).map(|row| row.to_string()).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let files = forms(vec![
        ("junk", texts(&numbers)),
        ("id", texts(&numbers)),
        ("title", texts(&numbers)),
        ("brand", texts(&numbers)),
    ]);
    let mapping = Mapping {
        attributes: Some(vec!["brand".to_owned()]),
        ..Mapping::default()
    };
    for file in &files {
        let reader = open(file, &mapping).unwrap();
        let products: Vec<_> = reader.map(|row| row.unwrap().whole().unwrap()).collect();
        assert_eq!(products.len(), rows);
        for (row, found) in products.iter().enumerate() {
            assert_eq!(
                (found.line, &found.product.id),
                (row as u64 + 1, &row.to_string())
            );
            assert_eq!(
                found.product.attributes,
                [("brand".to_owned(), row.to_string())]
            );
        }
    }
}

#[test]
fn long_ids_that_are_stored_as_fractions_are_refused() {
    let ids = Float64Array::from(vec![7.0, 9_007_199_254_740_993.0, 1.5]);
    let files = forms(vec![("id", array(ids)), ("title", texts(&["a", "b", "c"]))]);
    for file in &files {
        let told = told(file);
        assert!(told[1].contains("write it as a string"), "{}", told[1]);
        assert!(told[2].starts_with("3! "));
        assert_eq!(told[3], "1 7 a []");
    }
}

#[test]
fn texts_that_old_programs_stored_as_bytes_are_texts() {
    let columns = vec![
        ("id", array(BinaryArray::from(vec![&b"a"[..], b"b"]))),
        (
            "title",
            array(BinaryArray::from(vec![
                &b"Th\xc3\xa9i\xc3\xa8re"[..],
                b"Mug",
            ])),
        ),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let told = told(&parquet(&batch, Compression::SNAPPY));
    assert_eq!(told[1..], ["1 a Théière []", "2 b Mug []"]);
}

#[test]
fn taxonomies_are_read() {
    let mut levels = ListBuilder::new(StringBuilder::new());
    for row in [&["Home"][..], &["Home", "Pans / Pots"]] {
        row.iter()
            .for_each(|name| levels.values().append_value(name));
        levels.append(true);
    }
    let parents = vec![
        ("id", array(Int64Array::from(vec![1, 2]))),
        ("parent_id", array(Int64Array::from(vec![None, Some(1)]))),
        ("name", texts(&["Home", "Pans / Pots"])),
    ];
    for (columns, shape) in [
        (parents, "by parent"),
        (vec![("path", array(levels.finish()))], "paths as arrays"),
        (
            vec![("path", texts(&["Home", "Home > Pans / Pots"]))],
            "separator ` > `",
        ),
    ] {
        for file in forms(columns) {
            let input = Input::from_reader("tree", Cursor::new(file), None).unwrap();
            let file = read_taxonomy(input, &TaxonomyOptions::default()).unwrap();
            assert!(file.format.ends_with(shape), "{}", file.format);
            let tree = assort_core::Taxonomy::from_rows(file.rows).unwrap();
            let leaf = tree.categories().last().unwrap();
            assert_eq!((tree.len(), leaf.name.as_str()), (2, "Pans / Pots"));
        }
    }
}

#[test]
fn files_that_are_cut_off_or_encrypted_are_refused_for_it() {
    let refused = |file: &[u8]| match open(file, &Mapping::default()) {
        Ok(reader) => reader.filter_map(Result::err).next().unwrap().to_string(),
        Err(error) => error.to_string(),
    };
    let numbers: Vec<String> = (0..9000).map(|row| format!("number {row}")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    for file in forms(vec![("id", texts(&numbers)), ("title", texts(&numbers))]) {
        let message = refused(&file[..file.len() * 2 / 3]);
        let parquet = file.starts_with(b"PAR1");
        let expected = if parquet {
            "shop: this Parquet file is damaged"
        } else {
            "cut off"
        };
        assert!(message.contains(expected), "{message}");
    }
    let message = refused(b"PAR1\0\0\0\0PARE");
    assert!(message.contains("is encrypted"), "{message}");
    assert!(refused(b"PARE\0\0\0\0PARE").contains("an encrypted Parquet file"));
    assert!(refused(b"FEA1\0\0\0\0").contains("Feather file of version 1"));
}

#[test]
fn damage_is_blamed_on_its_row_group() {
    let numbers: Vec<String> = (0..9).map(|row| format!("number {row}")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let columns = vec![("id", texts(&numbers)), ("title", texts(&numbers))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut file = parquet(&batch, Compression::ZSTD(Default::default()));
    let packed: Vec<usize> = (0..file.len() - 4)
        .filter(|&at| file[at..].starts_with(b"\x28\xb5\x2f\xfd"))
        .collect();
    // The last page of the middle group.
    let at = packed[packed.len() / 2];
    file[at..at + 4].fill(0);
    let message = match open(&file, &Mapping::default()) {
        Ok(reader) => reader.filter_map(Result::err).next().unwrap().to_string(),
        Err(error) => error.to_string(),
    };
    assert!(message.contains("row group 2"), "{message}");
}

/// What is read of damaged files comes to an end.
fn read_on(file: &[u8]) {
    if let Ok(reader) = open(file, &Mapping::default()) {
        for row in reader {
            let Ok(row) = row else { break };
            assert!(!matches!(row, Row::Update(_)));
        }
    }
    if let Ok(input) = Input::from_reader("tree", Cursor::new(file.to_vec()), None) {
        let _ = read_taxonomy(input, &TaxonomyOptions::default());
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let mut tags = ListBuilder::new(StringBuilder::new());
    for name in ["new", "red", "big", "old"] {
        tags.values().append_value(name);
        tags.append(true);
    }
    let colours: DictionaryArray<Int32Type> =
        vec!["red", "blue", "red", "red"].into_iter().collect();
    forms(vec![
        ("id", array(Int64Array::from(vec![7, 8, 9, 10]))),
        ("title", texts(&["Kettle", "Pan", "Mug", "Lamp"])),
        ("path", texts(&["A", "B", "C", "D"])),
        ("tags", array(tags.finish())),
        ("colour", array(colours)),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_damage_upsets_the_readers(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        static SEEDS: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(seeds);
        for seed in SEEDS.iter() {
            let mut file = seed.clone();
            for (at, byte) in &changes {
                let at = at.index(file.len());
                file[at] = *byte;
            }
            if let Some(cut) = &cut {
                file.truncate(cut.index(seed.len()));
            }
            read_on(&file);
        }
    }
}

#[test]
fn a_file_whose_schema_has_no_length_is_read() {
    let columns = vec![
        ("id", texts(&["7", "8"])),
        ("title", texts(&["Kettle", "Pan"])),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    for compression in [None, Some(CompressionType::ZSTD)] {
        let mut file = arrow(&batch, compression);
        // As polars writes it: the schema follows the mark of the file, without a mark and
        // a length of its own.
        file.drain(8..messages(&file)[0] + 8);
        assert_eq!(
            told(&file),
            ["Arrow: id=id title=title", "1 7 Kettle []", "2 8 Pan []"]
        );
        for end in [8, 40, 200] {
            let refused = open(&file[..end], &Mapping::default())
                .unwrap_err()
                .to_string();
            assert!(
                refused.contains("is damaged") || refused.contains("cut off"),
                "{refused}"
            );
        }
    }
}

#[test]
fn vectors_of_a_model_are_left_out_and_told() {
    let vector = Float32Array::from(vec![0.25; 128]);
    let field = Arc::new(Field::new("item", DataType::Float32, true));
    let fixed = FixedSizeListArray::new(Arc::clone(&field), 64, array(vector.clone()), None);
    let offsets = OffsetBuffer::from_lengths([64, 64]);
    let list = ListArray::new(field, offsets, array(vector), None);
    let files = forms(vec![
        ("id", texts(&["7", "8"])),
        ("title", texts(&["Kettle", "Pan"])),
        ("fixed", array(fixed)),
        ("list", array(list)),
    ]);
    for file in files {
        let told = told(&file);
        assert!(
            told[0].ends_with("id=id title=title left-out-vectors=fixed,list"),
            "{told:?}"
        );
        assert_eq!(told[1..], ["1 7 Kettle []", "2 8 Pan []"]);
    }
}

/// Where the messages of a file begin, and where the last ends; the schema is the first.
fn messages(file: &[u8]) -> Vec<usize> {
    let number = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let mark = file.windows(4).position(|bytes| bytes == [255; 4]);
    let (mut at, mut found) = (mark.unwrap(), Vec::new());
    loop {
        found.push(at);
        let length = number(at + 4);
        if length == 0 {
            return found;
        }
        let about = arrow_ipc::root_as_message(&file[at + 8..at + 8 + length]).unwrap();
        at += 8 + length + about.bodyLength() as usize;
    }
}

#[test]
fn a_file_whose_dictionaries_are_behind_its_batches_is_read() {
    let colours: DictionaryArray<Int32Type> = vec!["red", "blue"].into_iter().collect();
    let columns = vec![
        ("id", texts(&["7", "8"])),
        ("title", texts(&["Kettle", "Pan"])),
        ("colour", array(colours)),
    ];
    let file = arrow(&RecordBatch::try_from_iter(columns).unwrap(), None);
    let at = messages(&file);
    assert_eq!(at.len(), 4);
    let parts = [0..at[1], at[2]..at[3], at[1]..at[2], at[3]..file.len()];
    let other: Vec<u8> = parts
        .iter()
        .flat_map(|part| &file[part.clone()])
        .copied()
        .collect();
    let expected = [
        "Arrow: id=id title=title attributes=colour",
        "1 7 Kettle [colour=red]",
        "2 8 Pan [colour=blue]",
    ];
    assert_eq!(told(&file), expected);
    assert_eq!(told(&other), expected);
}
