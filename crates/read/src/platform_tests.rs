//! Tests of files in the shapes that platforms and programs write.

use std::io::Cursor;

use crate::{Input, Mapping, ProductReader};

/// Products as `id title [category] name=value …`, rejected rows as `line! reason`, and what
/// is told; or why the file is refused.
pub(crate) fn read(file: impl AsRef<[u8]>) -> Result<(Vec<String>, Vec<String>), String> {
    let bytes = Cursor::new(file.as_ref().to_vec());
    let input = Input::from_reader("shop", bytes, None).map_err(|error| error.to_string())?;
    let reader = ProductReader::new(input, &Mapping::default());
    let reader = reader.map_err(|error| error.to_string())?;
    let tally = reader.tally();
    let rows = reader.map(|row| match row.unwrap().whole() {
        Ok(row) => {
            let mut told = format!("{} {}", row.product.id, row.product.title);
            if let Some(category) = row.category {
                told += &format!(" [{category}]");
            }
            for (name, value) in row.product.attributes {
                told += &format!(" {name}={value}");
            }
            told
        }
        Err(rejected) => format!("{}! {}", rejected.line, rejected.reason),
    });
    let rows = rows.collect();
    let told = tally.mended().iter().map(ToString::to_string).collect();
    Ok((rows, told))
}

/// The rows of a file of which nothing is told.
pub(crate) fn rows(file: &str) -> Vec<String> {
    let (rows, told) = read(file).unwrap();
    assert!(told.is_empty(), "{told:?}");
    rows
}

fn list(ids: &[u32]) -> String {
    let products = ids
        .iter()
        .map(|id| format!("{{\"id\":{id},\"title\":\"Mug\"}}"));
    format!("[{}]", products.collect::<Vec<_>>().join(","))
}

#[test]
fn lists_under_names_of_categories_are_read_all() {
    let (a, b) = (list(&[1, 2]), list(&[3]));
    let mugs_and_pans = ["1 Mug [Mugs]", "2 Mug [Mugs]", "3 Mug [Pans]"];
    for file in [
        format!("{{\"Mugs\":{a},\"Pans\":{b}}}"),
        format!("{{\"count\":3,\"Mugs\":{a},\"Pans\":{b}}}"),
        format!("{{\"catalog\":{{\"Mugs\":{{\"products\":{a}}},\"Pans\":{{\"products\":{b}}}}}}}"),
    ] {
        assert_eq!(rows(&file), mugs_and_pans, "{file}");
    }
    // Names in names are the way down; what an object says itself counts first.
    let deep = format!("{{\"Kitchen\":{{\"Mugs\":{a},\"Pans\":{b}}}}}");
    assert_eq!(rows(&deep)[2], "3 Mug [Pans]");
    let deep = format!("{{\"Home\":{{\"Mugs\":{a}}},\"Garden\":{{\"Pots\":{b}}}}}");
    assert_eq!(rows(&deep)[2], "3 Mug [Garden > Pots]");
    let said = format!(
        "{{\"a\":{{\"category\":\"Mugs\",\"items\":{a}}},\"b\":{{\"items\":{b},\"category\":\"Pans\"}}}}"
    );
    assert_eq!(rows(&said), mugs_and_pans);
    // Numbers of pages are no categories, and pages are read one after the other.
    let pages = format!("{{\"page1\":{a},\"page2\":{b}}}");
    assert_eq!(rows(&pages)[2], "3 Mug list=page2");
    for file in [
        format!("[{{\"page\":1,\"items\":{a}}},{{\"page\":2,\"items\":{b}}}]"),
        format!("{{\"page\":1,\"items\":{a}}}\n{{\"page\":2,\"items\":{b}}}\n"),
    ] {
        assert_eq!(rows(&file), ["1 Mug", "2 Mug", "3 Mug"], "{file}");
    }
}

#[test]
fn lists_that_are_not_read_are_told() {
    let (a, b) = (list(&[1, 2]), list(&[2]));
    for file in [
        format!("{{\"all\":{{\"items\":{a}}},\"new\":{{\"items\":{b}}}}}"),
        format!("{{\"products\":{a},\"accessories\":{b}}}"),
        format!("{{\"en\":{a},\"de\":{b}}}"),
        // What is not like the others keeps all from being read as one.
        format!(
            "{{\"Mugs\":{a},\"Pans\":{b},\"staff\":[{{\"id\":9,\"name\":\"Ann\",\"mail\":\"x\",\"desk\":4}}]}}"
        ),
    ] {
        let (rows, told) = read(&file).unwrap();
        assert_eq!(rows.len(), 2, "{file}: {rows:?}");
        assert!(told[0].contains("and left out"), "{file}: {told:?}");
    }
}

#[test]
fn products_of_categories_in_categories_are_read_all() {
    let file = format!(
        "{{\"categories\":[{{\"name\":\"Home\",\"subcategories\":[{{\"name\":\"Mugs\",\"subcategories\":[{{\"name\":\"Big\",\"products\":{}}}],\"products\":{}}}],\"products\":{}}}]}}",
        list(&[1]),
        list(&[2]),
        list(&[3])
    );
    let expected = ["1 Mug [Big]", "2 Mug [Mugs]", "3 Mug [Home]"];
    assert_eq!(rows(&file), expected);
    let xml = "<shop><category name=\"Home\"><category><name>Mugs</name>\
        <product id=\"1\"><title>Mug</title></product></category>\
        <product id=\"2\"><title>Pan</title></product></category>\
        <category name=\"Toys\"><product id=\"3\"><title>Kite</title></product></category></shop>";
    assert_eq!(rows(xml), ["1 Mug [Mugs]", "2 Pan [Home]", "3 Kite [Toys]"]);
}

#[test]
fn products_in_categories_of_xml_are_the_rows_however_many_there_are() {
    for more in ["", "<product><id>3</id><name>Cup</name></product>"] {
        let file = format!(
            "<catalog><category name=\"Mugs\"><product><id>1</id><name>Mug</name></product>{more}</category>\
             <category name=\"Pans\"><products><product><id>2</id><name>Pan</name></product></products></category></catalog>"
        );
        let file = file.replace("<products>", "").replace("</products>", "");
        let found = rows(&file);
        assert_eq!(found[0], "1 Mug [Mugs]");
        assert_eq!(found.last().unwrap(), "2 Pan [Pans]");
    }
    let listed = "<catalog><category><name>Mugs</name><products><product><id>1</id><name>Mug</name></product></products></category>\
        <category><name>Pans</name><products><product><id>2</id><name>Pan</name></product></products></category></catalog>";
    assert_eq!(rows(listed), ["1 Mug [Mugs]", "2 Pan [Pans]"]);
    // Elements of that name that stand elsewhere are told.
    let (found, told) = read(
        "<shop><products><product><id>1</id><name>Mug</name></product><product><id>2</id><name>Pan</name></product></products>\
         <sale><group><product><id>1</id></product></group></sale></shop>",
    )
    .unwrap();
    assert_eq!(found.len(), 2);
    assert!(told[0].contains("1 element beside"), "{told:?}");
    let others = "<shop><product><id>1</id><name>Mug</name></product><product><id>2</id><name>Pan</name></product>\
        <bundle><id>3</id><name>Set</name></bundle><brand><id>4</id><name>Acme</name></brand></shop>";
    let (found, told) = read(others).unwrap();
    assert_eq!(found.len(), 2);
    assert!(told[0].contains("first in line 1: `bundle`"), "{told:?}");
    // Elements of several names, none of which says what they are, are read together.
    let kinds = "<store><book><id>1</id><name>Ink</name></book><cd><id>2</id><name>Bach</name></cd></store>";
    assert_eq!(rows(kinds).len(), 2);
}

#[test]
fn lists_of_names_with_values_are_attributes() {
    let file = r#"{"id":1,"title":"Mug","custom_attributes":[{"attribute_code":"color","value":"Red"},{"attribute_code":"size","value":["S","M"]}],"meta_data":[{"id":4,"key":"color","value":"Blue"}]}
{"id":2,"title":"Pan","additionalProperty":[{"@type":"PropertyValue","name":"Height","value":7,"unitText":"cm"}],"specs":[{"label":"Width","value":"3 cm"}]}
{"id":3,"title":"Pot","attributes":[{"id":6,"name":"Colour","options":["Black","Green"]}],"product":{"custom_fields":[{"name":"Lid","value":"yes"}]}}
"#;
    assert_eq!(
        rows(file),
        [
            "1 Mug color=Blue color=Red size=M size=S",
            "2 Pan Height=7 cm Width=3 cm",
            "3 Pot Colour=Black Colour=Green product.attributes.Lid=yes",
        ]
    );
    let xml = "<products><product><id>1</id><name>Mug</name><param name=\"Colour\">red</param></product>\
        <product><id>2</id><name>Pan</name><param name=\"Colour\">blue</param><param name=\"Size\" unit=\"cm\">9</param></product></products>";
    assert_eq!(
        rows(xml),
        ["1 Mug Colour=red", "2 Pan Colour=blue Size=9 cm"]
    );
}

#[test]
fn ids_that_a_spreadsheet_shortened_are_told_or_refused() {
    let (rows, told) = read("sku;title\n1,23E+12;Pan\n4.01E+12;Pot\nK-3;Lid\n").unwrap();
    assert_eq!(rows[0], "1,23E+12 Pan");
    assert_eq!(
        told,
        [
            "2 ids that a spreadsheet has shortened, and read as they stand: format the column as text, and export it again (first in line 2: `1,23E+12`)"
        ]
    );
    let refused = read("sku,title\n1.23E+12,Pan\n1.23E+12,Pot\n").unwrap_err();
    assert_eq!(
        refused,
        "shop: several rows have the id `1.23E+12` in column `sku`: a spreadsheet has shortened the ids; format the column as text there, and export the file again"
    );
}

#[test]
fn bytes_that_are_zero_are_left_out_and_told() {
    let (rows, told) = read("id,title\n1,Mug\n2,P\0an\n3,Pot\n").unwrap();
    assert_eq!(rows, ["1 Mug", "2 Pan", "3 Pot"]);
    let line = "1 line with NUL bytes, and read without them (first in line 3: `2,Pan`)";
    assert_eq!(told, [line]);
    let (rows, _) = read("{\"id\":1,\"title\":\"M\0ug\"}\n{\"id\":2,\"title\":\"Pan\"}\n").unwrap();
    assert_eq!(rows[0], "1 Mug");
    for text in ["id,title\n1,Mug\n", "id,title\n1,鍋\n2,Кружка\n"] {
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(read(wide).unwrap_err().contains("it reads as utf-16le"));
    }
}

#[test]
fn records_that_are_no_products_are_skipped_and_counted() {
    let file = r#"{"type":"category","id":"c1","name":"Mugs"}
{"type":"product","id":"1","name":"Mug"}
{"type":"brand","id":"b1","name":"Acme"}
{"type":"set","id":"2","name":"Mugs"}
"#;
    let (rows, told) = read(file).unwrap();
    assert_eq!(rows, ["1 Mug type=product", "2 Mugs type=set"]);
    assert_eq!(
        told,
        ["2 rows that say they are no products, and skipped (first in line 1: `category`)"]
    );
    // Without any product the word may mean something else.
    let (rows, told) = read("id,title,type\n1,Mug,brand\n2,Pan,store\n").unwrap();
    assert_eq!((rows.len(), told.len()), (2, 0));
}

#[test]
fn objects_in_which_another_has_all_but_the_id_are_products() {
    for file in [
        r#"{"hits":{"hits":[{"_id":"1","_source":{"title":"Mug","price":3}},{"_id":"2","_source":{"title":"Pan","price":4}}]}}"#,
        r#"{"data":[{"id":"1","attributes":{"title":"Mug","price":3}},{"id":"2","attributes":{"title":"Pan","price":4}}]}"#,
    ] {
        assert_eq!(rows(file), ["1 Mug price=3", "2 Pan price=4"], "{file}");
    }
    let typed = r#"{"_id":{"$oid":"65a1"},"title":"Mug","price":{"$numberDecimal":"3.50"}}"#;
    assert_eq!(rows(&format!("{typed}\n")), ["65a1 Mug price=3.50"]);
    // Attributes of a product with a title are its attributes.
    let own = r#"[{"id":1,"title":"Mug","attributes":{"name":"M","colour":"red"}}]"#;
    assert_eq!(rows(own), ["1 Mug colour=red name=M"]);
}

#[test]
fn tables_of_other_programs_are_understood() {
    let markdown = "| id | title | price |\n|----|:-----:|------:|\n| 1 | Pot \\| lid | 3 |\n| 2 | Mug | 4 |\n";
    let (found, _) = read(markdown).unwrap();
    assert_eq!(found, ["1 Pot | lid price=3", "2 Mug price=4"]);
    let refused = read("Artikel-Nr.;Text;EK\n1;Pan;2\n2;Pot;3\n").unwrap_err();
    assert!(
        refused.contains("no column looks like a title"),
        "{refused}"
    );
    let merged = "Category,id,title\nMugs,1,Mug\n,2,Cup\nPans,3,Pan\n,4,Pot\n";
    let (found, told) = read(merged).unwrap();
    assert_eq!(found[1], "2 Cup");
    assert_eq!(
        told,
        [
            "2 rows without a category under one that has it, and read without: fill the cells down if they were merged (first in line 3: `2`)"
        ]
    );
}
