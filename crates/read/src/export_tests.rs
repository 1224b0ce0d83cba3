//! Tests of what programs do to products when they export them.

use crate::platform_tests::{read, rows};

/// The products of a file of which one thing is told that has those words.
#[track_caller]
fn told(file: impl AsRef<[u8]>, words: &str) -> Vec<String> {
    let (rows, told) = read(file).unwrap();
    assert!(told.len() == 1 && told[0].contains(words), "{told:?}");
    rows
}

#[track_caller]
fn refused(file: &str, words: &str) {
    let message = read(file).unwrap_err();
    assert!(message.contains(words), "{message}");
}

#[test]
fn columns_in_pairs_are_attributes() {
    let woo = "ID,Type,SKU,Name,Parent,Attribute 1 name,Attribute 1 value(s),Attribute 1 visible\n\
        7,variable,shirt,Shirt,,Size,\"S, M\",1\n8,simple,pan,Pan,,Material,Iron,1\n\
        9,variation,shirt-l,Shirt L,shirt,Size,L,\n";
    assert_eq!(
        rows(woo),
        [
            "7 Shirt SKU=shirt SKU=shirt-l Size=L Size=M Size=S Type=variable variant Name=Shirt L variant id=9",
            "8 Pan Material=Iron SKU=pan Type=simple",
        ]
    );
    for header in [
        "Artikelnummer,Name,Attribut 1 Name,Attribut 1 Wert(e),Attribut 1 Sichtbar",
        "UGS,Nom,Nom de l’attribut 1,Valeur(s) de l’attribut 1,Attribut 1 visible",
        "SKU,Nombre,Nombre del atributo 1,Valor(es) del atributo 1,Atributo visible 1",
        "SKU,名前,属性 1 の名前,属性 1 の値,属性 1 の表示",
        "sku,name,attribute-name1,attribute-value1,attribute-type1",
    ] {
        let file = format!("{header}\nA,Pan,Colour,Red,1\n");
        assert_eq!(rows(&file), ["A Pan Colour=Red"], "{header}");
    }
    let json =
        r#"[{"id":1,"title":"Pan","spec_1_name":"Width","spec_1_value":20,"spec_1_unit":"cm"}]"#;
    assert_eq!(rows(json), ["1 Pan Width=20 cm"]);
}

#[test]
fn options_of_variants_are_called_as_in_the_first_row_of_a_product() {
    let file = "Handle,Title,Option1 Name,Option1 Value,Variant SKU\nhat,Hat,Size,S,H-S\n\
        hat,,,M,H-M\npan,Pan,Title,Default Title,P\n";
    let expected = [
        "hat Hat Size=M Size=S Variant SKU=H-M Variant SKU=H-S",
        "pan Pan Variant SKU=P",
    ];
    assert_eq!(rows(file), expected);
    let etsy =
        "TITLE,SKU,VARIATION 1 TYPE,VARIATION 1 NAME,VARIATION 1 VALUES\nMug,M,Size,Size,\"S,M\"\n";
    assert_eq!(rows(etsy), ["M Mug Size=M Size=S"]);
}

#[test]
fn cells_that_list_names_with_values_are_attributes() {
    let magento = "sku,name,additional_attributes\nA,Pan,\"color=Red,material=Iron, cast\"\nB,Pot,color=Blue\n";
    let expected = ["A Pan color=Red material=Iron, cast", "B Pot color=Blue"];
    assert_eq!(rows(magento), expected);
    let presta = "ID,Name,Feature (Name:Value:Position)\n1,Pan,\"Material:Iron:1,Handle:Wood:2\"\n";
    assert_eq!(rows(presta), ["1 Pan Handle=Wood Material=Iron"]);
    let ebay = "CustomLabel,*Title,C:Brand,Relationship,RelationshipDetails\nK,Hat,Loom,,Size=S;M\n\
        K-S,,,Variation,Size=S\n";
    assert_eq!(
        rows(ebay),
        ["K Hat Brand=Loom Size=M Size=S variant id=K-S"]
    );
    let shopify = "Handle,Title,Fabric (product.metafields.shopify.fabric)\nhat,Hat,Felt\n";
    assert_eq!(rows(shopify), ["hat Hat Fabric=Felt"]);
    let long = "sku,title,attribute_name,attribute_value\nA,Pan,Colour,Red\nA,Pan,Size,20\nB,Pot,Colour,Blue\n";
    assert_eq!(
        rows(long),
        ["A Pan Colour=Red Size=20", "B Pot Colour=Blue"]
    );
}

#[test]
fn ids_that_programs_changed_are_told_or_refused() {
    let expected = ["100001 Pan", "100002 Pot"];
    assert_eq!(
        told("id,title\n100001,Pan\n100002.0,Pot\n", "read without `.0`"),
        expected
    );
    assert_eq!(rows("id,title\n1.0,Pan\n1.5,Pot\n"), ["1.0 Pan", "1.5 Pot"]);
    refused("id,title\n7,Pan\n7.0,Pot\n", "several rows have the id `7`");
    let dates = told(
        "sku,title\n3-Jan,Pan\n13-45,Pot\nMar-05,Lid\n",
        "2 ids that a spreadsheet has made dates",
    );
    assert_eq!(dates, ["3-Jan Pan", "13-45 Pot", "Mar-05 Lid"]);
    told(
        "sku,title\n2026-01-03,Pan\n13-45,Pot\n",
        "1 id that a spreadsheet has made a date",
    );
    assert_eq!(rows("sku,title\n2026-01-03,Pan\n2026-01-04,Pot\n").len(), 2);
    refused(
        "sku,title\n3-Jan,Pan\n13-45,Pot\n3-Jan,Lid\n",
        "a spreadsheet has changed the ids",
    );
}

#[test]
fn titles_in_several_languages_are_one_title_and_texts() {
    for file in [
        "{\"id\":1,\"title\":{\"en\":\"Pan\",\"de\":\"Pfanne\"}}\n{\"id\":2,\"title\":{\"en\":\"Pot\"}}\n",
        r#"[{"id":1,"title":[{"lang":"en","value":"Pan"},{"lang":"de","value":"Pfanne"}]},{"id":2,"title":[{"lang":"en","value":"Pot"}]}]"#,
        r#"[{"id":1,"translations":[{"locale":"de","name":"Pfanne"},{"locale":"en","name":"Pan"}]},{"id":2,"translations":[{"locale":"en","name":"Pot"}]}]"#,
        r#"[{"id":1,"i18n":{"en":{"title":"Pan"},"de":{"title":"Pfanne"}}},{"id":2,"i18n":{"en":{"title":"Pot"}}}]"#,
        r#"[{"identifier":1,"values":{"name":[{"locale":"en_US","scope":null,"data":"Pan"},{"locale":"de_DE","scope":null,"data":"Pfanne"}]}},{"identifier":2,"values":{"name":[{"locale":"en_US","scope":null,"data":"Pot"}]}}]"#,
        "sku,name_de,name_en\n1,Pfanne,Pan\n2,,Pot\n",
        "sku,title\n1,en:Pan|de:Pfanne\n2,en:Pot\n",
        "sku,title\n1,\"{\"\"en\"\": \"\"Pan\"\", \"\"de\"\": \"\"Pfanne\"\"}\"\n2,\"{\"\"en\"\": \"\"Pot\"\"}\"\n",
        "sku,title\n1,[:en]Pan[:de]Pfanne[:]\n2,[:en]Pot[:]\n",
        "<products><product id=\"1\"><title lang=\"en\">Pan</title><title lang=\"de\">Pfanne</title></product>\
         <product id=\"2\"><title lang=\"en\">Pot</title><title lang=\"de\">Topf</title></product></products>",
    ] {
        assert_eq!(rows(file), ["1 Pan", "2 Pot"], "{file}");
    }
    // A product that has a title in another language alone keeps it.
    let file = "sku,name_en,name_de\nA,Pan,Pfanne\nB,,Topf\nC,Lid,\n";
    let expected = ["A Pan", "B Topf", "C Lid"];
    assert_eq!(told(file, "1 title in another language"), expected);
    let stated = crate::Mapping::default().with_title("name_de".to_owned());
    let input = crate::Input::from_reader("shop", std::io::Cursor::new(file.as_bytes()), None);
    let mut reader = crate::ProductReader::new(input.unwrap(), &stated).unwrap();
    let first = reader.next().unwrap().unwrap().whole().unwrap().product;
    assert_eq!(
        (first.title.as_str(), first.text.as_str()),
        ("Pfanne", "Pan")
    );
}

#[test]
fn lists_of_what_products_have_are_no_products() {
    for (file, names) in [
        (
            r#"{"colors":[{"id":1,"name":"red"},{"id":2,"name":"blue"}],"sizes":[{"id":1,"name":"S"}]}"#,
            "called `colors`, `sizes`",
        ),
        (r#"{"brands":[{"id":1,"name":"Loom"}]}"#, "called `brands`"),
        (
            "<colors><color><id>1</id><name>red</name></color><color><id>2</id><name>blue</name></color></colors>",
            "called `color`",
        ),
    ] {
        refused(file, names);
    }
    let sold =
        r#"{"materials":[{"id":1,"name":"Felt","price":3},{"id":2,"name":"Linen","price":4}]}"#;
    assert_eq!(rows(sold).len(), 2);
}

#[test]
fn rows_behind_a_table_are_no_products() {
    let table = "id,title,price\n1,Pan,3\n2,Pot,4\n";
    for last in [
        "\nGenerated on 2026-01-01 10:00\n",
        "(2 rows affected)\n",
        "\"Exported by Shop 3.2, 2 products\",,\n",
        "Total products:,2,\n",
        "End of file,,\n",
        "Erstellt am,,01.02.2026\n",
    ] {
        let file = format!("{table}{last}");
        assert_eq!(
            told(&file, "1 row about the export"),
            ["1 Pan price=3", "2 Pot price=4"],
            "{last}"
        );
    }
    let first = "title,id,price\nPan,1,3\nPot,2,4\nGenerated on,2026-01-01,\n";
    let (rows, _) = read(first).unwrap();
    assert_eq!(rows, ["1 Pan price=3", "2 Pot price=4"]);
    refused_behind(
        "id,title,price\n1,Pan,3\n\nid,stock\n1,7\n",
        "line 4: another table begins here, with the columns id, stock",
    );
}

/// Reads a file that ends in an error after its first rows.
#[track_caller]
fn refused_behind(file: &str, words: &str) {
    let input =
        crate::Input::from_reader("shop", std::io::Cursor::new(file.as_bytes().to_vec()), None);
    let reader = crate::ProductReader::new(input.unwrap(), &crate::Mapping::default());
    let message = match reader {
        Ok(mut reader) => reader.find_map(Result::err).unwrap().to_string(),
        Err(error) => error.to_string(),
    };
    assert!(message.contains(words), "{message}");
}

#[test]
fn values_that_say_there_is_none_are_none() {
    let file = "id,title,brand,price\n1,Pan,NULL,3\n2,Pot,x,NaN\n3,nan,,5\n";
    let rows = told(file, "2 values that say there is none, and read as empty");
    assert_eq!(rows, ["1 Pan price=3", "2 Pot brand=x", "4! no title"]);
    let errors = told(
        "id,title,price\n1,Pan,#REF!\n2,#NAME?,4\n",
        "2 cells with errors or formulas of a spreadsheet",
    );
    assert!(errors.contains(&"1 Pan".to_owned()), "{errors:?}");
    let none = read("id,title,category\n1,Pan,NULL\n2,Pot,Pots\n")
        .unwrap()
        .0;
    assert_eq!(none, ["1 Pan", "2 Pot [Pots]"]);
}

#[test]
fn formulas_and_narrow_columns_are_no_values() {
    let file = "sku,title,price\nA,\"=HYPERLINK(\"\"https://a.b\"\",\"\"Pan\"\")\",3\nB,\"=CONCATENATE(\"\"Pot\"\",C2)\",4\nC,Lid,####\n";
    let rows = told(file, "2 cells with errors or formulas of a spreadsheet");
    assert_eq!(
        rows,
        ["A Pan price=3", "3! no title", "C Lid"]
            .map(str::to_owned)
            .into_iter()
            .collect::<Vec<_>>()
    );
    assert!(read("sku,title\n########,Pan\nB,Pot\n").unwrap().0[0].contains("stands for none"));
}

#[test]
fn a_quote_that_is_never_closed_costs_its_own_row() {
    let file = "id,title,price\n1,\"Pan,3\n2,Pot,4\n3,\"Lid\",5\n4,\"Cup, \"\"red\"\"\",6\n";
    let (rows, _) = read(file).unwrap();
    assert!(
        rows[0].starts_with("2! quote opened on line 2 is never closed"),
        "{rows:?}"
    );
    assert_eq!(
        rows[1..],
        ["2 Pot price=4", "3 Lid price=5", "4 Cup, \"red\" price=6"]
    );
}

#[test]
fn letters_that_other_programs_damaged_are_told() {
    told(
        "id,title\n1,PoÃªle en fonte\n2,Pan\n",
        "1 title whose letters look encoded twice",
    );
    told(
        "id,title\n1,Po\u{fffd}le\n2,Pan\n",
        "1 title with letters that were lost",
    );
    assert_eq!(
        rows("id,title\n1,Poêle à crêpes\n2,Ãnisette\n3,锅\n").len(),
        3
    );
}

#[test]
fn lines_of_another_encoding_in_utf_16_are_rejected() {
    let wide = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    let file = [
        &b"\xff\xfe"[..],
        &wide("id\ttitle\tprice\n1\tPan\t3\n2\tPot\t4\n"),
        b"4\tCup\t6\n",
        &wide("5\tLid\t6\n6\tMug\t7\n"),
    ];
    let rows = told(file.concat(), "1 line of another encoding, and rejected");
    assert!(
        rows.iter()
            .any(|row| row.starts_with("4! column `id` has bytes")),
        "{rows:?}"
    );
    assert!(rows.contains(&"6 Mug price=7".to_owned()), "{rows:?}");
}

#[test]
fn products_in_events_have_ids_of_their_own() {
    let file = "{\"id\":\"e1\",\"type\":\"product\",\"data\":{\"id\":7,\"title\":\"Pan\"}}\n\
        {\"id\":\"e2\",\"type\":\"brand\",\"data\":{\"id\":9,\"title\":\"Loom\"}}\n";
    let rows = told(file, "1 row that says it is no product");
    assert_eq!(rows, ["7 Pan outer.id=e1 type=product"]);
}

#[test]
fn rows_that_explain_columns_are_no_products() {
    for row in [
        "Unique identifier of the product,Name shown to customers,Price with VAT",
        "e.g. ABC-123,e.g. Red mug,e.g. 9.99",
        "Example,Example product,9.99",
    ] {
        let file = format!("sku,title,price\n{row}\nA1,Pan,3\n");
        assert_eq!(rows(&file), ["A1 Pan price=3"], "{row}");
    }
    let header = "\"Item\nNumber\",\"Item\nName\",Price\n1,Pan,3\n2,Pot,4\n";
    assert_eq!(rows(header), ["1 Pan Price=3", "2 Pot Price=4"]);
}

#[test]
fn two_files_of_two_encodings_keep_the_lines_of_utf_8() {
    let western = encoding_rs::WINDOWS_1252
        .encode("3,Gürtel\n4,Hütte\n5,Mütze\n")
        .0;
    let file = ["id,title\n1,Löffel\n2,Tür\n".as_bytes(), &western].concat();
    let (rows, _) = read(file).unwrap();
    assert_eq!(
        rows.iter()
            .filter(|row| row.contains("! column `title`"))
            .count(),
        3,
        "{rows:?}"
    );
    assert!(rows.contains(&"1 Löffel".to_owned()) && rows.contains(&"2 Tür".to_owned()));
}

#[test]
fn dumps_of_databases_are_tables() {
    let mysql = "<mysqldump><database name=\"shop\"><table_data name=\"products\">\
        <row><field name=\"id\">1</field><field name=\"title\">Pan</field></row>\
        <row><field name=\"id\">2</field><field name=\"title\">Pot</field></row></table_data></database></mysqldump>";
    assert_eq!(rows(mysql), ["1 Pan", "2 Pot"]);
    let admin = "<pma><database name=\"shop\"><table name=\"products\"><column name=\"id\">1</column><column name=\"product_name\">Pan</column></table>\
        <table name=\"products\"><column name=\"id\">2</column><column name=\"product_name\">Pot</column></table></database></pma>";
    assert_eq!(rows(admin), ["1 Pan", "2 Pot"]);
    let psql = " id | title \n----+-------\n  1 | Pan\n  2 | Pot\n(2 rows)\n";
    assert_eq!(told(psql, "1 row about the export"), ["1 Pan", "2 Pot"]);
}
