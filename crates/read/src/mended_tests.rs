//! Tests of what is read otherwise than it stands, and told.

use std::io::Cursor;
use std::sync::Arc;

use assort_core::Taxonomy;

use crate::{Input, Mapping, ProductReader};

/// Rejected rows as `line! reason`, products as `id title`, and what is told of the rows.
fn read_by(file: &str, mapping: &Mapping) -> (Vec<String>, Vec<String>) {
    let input = Input::from_reader("shop", Cursor::new(file.as_bytes().to_vec()), None);
    let reader = ProductReader::new(input.unwrap(), mapping).unwrap();
    let tally = reader.tally();
    let rows = reader.map(|row| match row.unwrap().whole() {
        Ok(row) => format!("{} {}", row.product.id, row.product.title),
        Err(rejected) => format!("{}! {}", rejected.line, rejected.reason),
    });
    let mut rows: Vec<String> = rows.collect();
    // A product comes when it is known that nothing more is about it.
    rows.sort_by_key(|row| !row.contains("! "));
    let told = tally.mended().iter().map(ToString::to_string).collect();
    (rows, told)
}

fn read(file: &str) -> (Vec<String>, Vec<String>) {
    read_by(file, &Mapping::default())
}

#[test]
fn what_stands_for_no_id_is_no_id() {
    let file = "sku,title\nK-1,Mug\nNULL,Pan\n#N/A,Pot\nnull,Lid\nK-2,Cup\n";
    let no = |line: u32, sign: &str| {
        format!("{line}! no id in column `sku`, where `{sign}` stands for none")
    };
    let expected = [
        no(3, "NULL"),
        no(4, "#N/A"),
        no(5, "null"),
        "K-1 Mug".to_owned(),
        "K-2 Cup".to_owned(),
    ];
    assert_eq!(read(file).0, expected);
    let words = "id,title\nred,Mug\nnone,Pan\nblue,Pot\n";
    assert_eq!(read(words).0, ["red Mug", "none Pan", "blue Pot"]);
    assert_eq!(read("id,title\nNULL,Pan\n").0, ["NULL Pan"]);
    // A column with gaps is still that of the ids.
    let gaps = "sku,gtin,title\n".to_owned()
        + &(1..30)
            .map(|n| format!("K-{n},7{n},Mug\n"))
            .collect::<String>()
        + "N/A,8,Pan\nN/A,9,Pot\n";
    let rows = read(&gaps).0;
    assert!(rows[1].contains("`N/A` stands for none"), "{rows:?}");
    assert_eq!(rows[2], "K-1 Mug");
}

#[test]
fn totals_at_the_end_are_no_products() {
    let told = |word: &str, line: u32| {
        vec![format!(
            "1 row of totals, and skipped (first in line {line}: `{word}`)"
        )]
    };
    let rows = "id,title,price,stock\n1,Mug,5,2\n2,Pan,7,3\n";
    let expected = ["1 Mug", "2 Pan"];
    for (last, word) in [
        ("Total,,12,5\n", "Total"),
        (",Grand total:,12 €,5\n", "Grand total:"),
        ("Summe,Summe,12,\n", "Summe"),
        ("合计,,12,5\n", "合计"),
        ("Totale,,12,EUR\n", "Totale"),
    ] {
        let (found, notes) = read(&format!("{rows}{last}"));
        assert_eq!(
            (found, notes),
            (expected.map(str::to_owned).to_vec(), told(word, 4))
        );
    }
    let numbered = Mapping::default().with_id("#".to_owned());
    let (found, notes) = read_by("title,price\nMug,5\n总计,5\n", &numbered);
    assert_eq!((found, notes), (vec!["1 Mug".to_owned()], told("总计", 3)));

    // What stands in the middle, or has texts beside it, is what it was.
    let (found, notes) =
        read("id,title,price\n1,Mug,5\nTotal,Total,5\n2,Pan,7\n,Total,7\n3,Pot,8\n");
    assert_eq!(
        found,
        [
            "5! no id in column `id`",
            "1 Mug",
            "Total Total",
            "2 Pan",
            "3 Pot"
        ]
    );
    assert!(notes.is_empty());
    let brand = "id,title,brand\n1,Mug,Alba\nTotal,Total,Kellogg\n";
    assert_eq!(read(brand).0, ["1 Mug", "Total Total"]);
    assert_eq!(read("id,title\nTotal,Total\n").0, ["Total Total"]);
}

#[test]
fn ids_are_read_without_signs_that_nobody_sees() {
    let file =
        "id,title\n\u{200f}K-1\u{200e},Mug\nK-\u{200b}2\u{feff} ,Pan\nK-3,Pot\nK\u{ad}4,Lid\n";
    let (rows, told) = read(file);
    assert_eq!(rows, ["K-1 Mug", "K-2 Pan", "K-3 Pot", "K4 Lid"]);
    let expected = r"3 ids with signs that nobody sees, and read without them (first in line 2: `\u{200f}K-1\u{200e}`)";
    assert_eq!(told, [expected]);
    let only = read("id,title\nK-1,Mug\n\u{200b},Pan\n").0;
    assert_eq!(only[0], "3! no id in column `id`");
    // A variant finds its parent whatever stands in between.
    let variants =
        "id,sku,name,type,parent\n7,m,Mug,variable,\n9,m-s,Mug small,variation,m\u{200b}\n";
    assert_eq!(read(variants).0, ["7 Mug"]);
}

#[test]
fn keys_that_stand_twice_in_an_object_are_told() {
    let told = "2 objects with a key that stands twice, and read by its last value (first in line 2: `title`)";
    let lines = "{\"id\":1,\"title\":\"Mug\"}\n{\"id\":2,\"title\":\"Pan\",\"title\":\"Pot\"}\n\
        {\"id\":3,\"title\":\"Lid\",\"box\":{\"cm\":1,\"cm\":2}}\n{\"id\":4,\"id\":4,\"title\":\"Cup\"}\n";
    let (rows, notes) = read(lines);
    assert_eq!(rows, ["1 Mug", "2 Pot", "3 Lid", "4 Cup"]);
    assert_eq!(notes, [told]);
    let array = "[{\"id\":1,\"title\":\"Mug\"},\n{\"id\":2,\"title\":\"Pan\",\"title\":\"Pot\"}]";
    assert_eq!(read(array).1, [told.replace("2 objects", "1 object")]);
    let tree = "{\"id\":1,\"path\":\"A\"}\n{\"id\":2,\"path\":\"B\",\"path\":\"A > B\"}\n";
    let input = Input::from_reader("tree", Cursor::new(tree.as_bytes().to_vec()), None);
    let options = crate::TaxonomyOptions::default();
    let format = crate::read_taxonomy(input.unwrap(), &options)
        .unwrap()
        .format;
    assert!(
        format.contains("1 object with a key that stands twice"),
        "{format}"
    );
}

#[test]
fn arrays_beside_the_one_that_is_read_are_told() {
    let row = |id: u32| format!("{{\"id\":{id},\"title\":\"Mug\"}}");
    let rows = |ids: std::ops::Range<u32>| ids.map(row).collect::<Vec<_>>().join(",\n");
    let file = |count: u32, other: &str| {
        let (own, others) = (rows(1..count), rows(100_000..100_004));
        format!("{{\"products\":[{own}],\n\"{other}\":[{others}],\"tags\":[\"x\"]}}")
    };
    let told = |line: u32, name: &str| {
        vec![format!(
            "1 array beside the one that is read, and left out: as a file of its own it would be read (first in line {line}: `{name}`)"
        )]
    };
    let (found, notes) = read(&file(3, "archived"));
    assert_eq!((found.len(), notes), (2, told(3, "archived")));
    // Behind all that is looked at, too.
    let (found, notes) = read(&file(20_000, "archived"));
    assert_eq!((found.len(), notes), (19_999, told(20_000, "archived")));
    assert!(read(&file(3, "brands")).1.is_empty());
}

#[test]
fn lists_in_categories_are_read_whole_with_their_category() {
    let shop = Arc::new(Taxonomy::from_paths(["Pans", "Pots"]).unwrap());
    let products = |file: &str| {
        let input = Input::from_reader("shop", Cursor::new(file.as_bytes().to_vec()), None);
        let mapping = Mapping::default().with_taxonomy(Some(Arc::clone(&shop)));
        let reader = ProductReader::new(input.unwrap(), &mapping).unwrap();
        let rows = reader.map(|row| row.unwrap().whole().unwrap());
        let told =
            rows.map(|row| format!("{} {}", row.product.id, row.category.unwrap_or_default()));
        told.collect::<Vec<_>>()
    };
    let [a, b, c] = [1, 2, 3].map(|id| format!("{{\"id\":{id},\"title\":\"Mug\"}}"));
    let expected = ["1 Pans", "2 Pans", "3 Pots"];
    let groups = format!(
        "[{{\"category\":\"Pans\",\"products\":[{a},{b}]}},{{\"category\":\"Pots\",\"products\":[{c}]}}]"
    );
    assert_eq!(products(&groups), expected);
    let tree = format!(
        "{{\"categories\":[{{\"name\":\"Pans\",\"id\":7,\"products\":[{a},{b}]}},{{\"name\":\"Pots\",\"id\":8,\"products\":[{c}]}}]}}"
    );
    assert_eq!(products(&tree), expected);
    // A product with others in it is one.
    let set =
        "[{\"id\":1,\"title\":\"Set\",\"price\":9,\"products\":[{\"id\":2,\"title\":\"Mug\"}]}]";
    assert_eq!(products(set), ["1 "]);
}

#[test]
fn a_header_behind_another_file_is_no_product() {
    let (rows, told) = read("id,title\n1,Mug\n\u{feff}id,title\n2,Pan\n");
    assert_eq!(rows, ["1 Mug", "2 Pan"]);
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn what_holds_several_ids_is_no_product() {
    let file = r#"<shop><set name="Mugs"><product><id>1</id></product><product><id>2</id></product></set><set name="Pans"><product><id>3</id></product></set></shop>"#;
    let (rows, _) = read(file);
    let reason = "1! element 1: column `product.id` holds several ids (`1`, `2`): these may be products of their own, or parts of one; --id names another column";
    assert_eq!(rows, [reason, "3 Pans"]);
}
