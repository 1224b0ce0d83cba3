use std::io::Cursor;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn open(bytes: &[u8]) -> Result<Objects> {
    let input = Input::from_reader("shop.json", Cursor::new(bytes.to_vec()), None)?;
    assert!(Objects::recognise(input.beginning("objects")?));
    Objects::open(input, Wanted::Products)
}

/// The format, and rows as `line: text`, failures as `line! message`.
fn rows(file: &str) -> (String, Vec<String>) {
    let mut objects = open(file.as_bytes()).unwrap();
    objects.keys().unwrap();
    let mut found = Vec::new();
    loop {
        found.push(match objects.read() {
            Ok(None) => return (objects.format().to_owned(), found),
            Ok(Some(Ok((line, object)))) => format!("{line}: {}", Value::Object(object)),
            Ok(Some(Err(error))) => format!("{}! {}", error.line, error.message),
            Err(error) => {
                found.push(error.to_string());
                return (objects.format().to_owned(), found);
            }
        });
    }
}

#[test]
fn one_object_a_line_may_end_in_a_comma() {
    let (format, found) = rows("{\"id\":1,\"title\":\"a\"},\n\n{\"id\":2,\"title\":\"b\"} ,\r\n");
    assert_eq!(format, "JSON Lines");
    assert_eq!(
        found,
        [
            "1: {\"id\":1,\"title\":\"a\"}",
            "3: {\"id\":2,\"title\":\"b\"}"
        ]
    );
}

#[test]
fn objects_after_one_another_on_one_line_are_read() {
    for between in ["", " "] {
        let (_, found) =
            rows(&["{\"id\":1,\"title\":\"a\"}", "{\"id\":2,\"title\":\"b\"}"].join(between));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[1].ends_with("{\"id\":2,\"title\":\"b\"}"),
            "{found:?}"
        );
    }
}

#[test]
fn offers_name_categories_of_their_feed_and_have_titles_in_parts() {
    let file = "<yml_catalog><shop><categories><category id=\"1\">Home</category>\
        <category id=\"2\" parentId=\"1\">Pans</category></categories><offers>\
        <offer id=\"7\"><typePrefix>Pan</typePrefix><vendor>Acme</vendor><model>X</model>\
        <categoryId>2</categoryId></offer>\
        <offer id=\"8\"><typePrefix>Pot</typePrefix><model>Y</model><categoryId>9</categoryId></offer>\
        </offers></shop></yml_catalog>";
    let (format, found) = rows(file);
    assert_eq!(format, "XML, elements `offer`");
    assert!(
        found[0].contains("\"categoryId\":\"Home > Pans\""),
        "{found:?}"
    );
    assert!(found[0].contains("\"name\":\"Pan Acme X\""), "{found:?}");
    assert!(found[1].contains("\"categoryId\":\"9\""), "{found:?}");
    assert!(
        open(file.as_bytes())
            .is_ok_and(|mut objects| { objects.keys().is_ok() && objects.has_own_categories() })
    );
}

#[test]
fn arrays_and_wrappers_are_read_and_named() {
    let two = r#"{"id":1,"title":"a"},{"id":2,"title":"b"}"#;
    for (file, named) in [
        (format!("[{two}]"), "JSON array"),
        (
            format!("{{\"count\":2,\"next\":null,\"products\":[{two}]}}"),
            "JSON, array `products`",
        ),
        (
            format!("{{\"a\":{{\"b\":[{two}]}},\"c\":[1]}}"),
            "JSON, array `a.b`",
        ),
        (
            format!("{{\"a\":[{{\"b\":[{two}]}}]}}"),
            "JSON, arrays `a[].b[]`",
        ),
        (format!("\"v1\"\n[{two}]"), "JSON array"),
    ] {
        let (format, found) = rows(&file);
        assert_eq!(format, named);
        assert!(
            found[0].ends_with(": {\"id\":1,\"title\":\"a\"}"),
            "{found:?}"
        );
        assert!(
            found[1].ends_with(": {\"id\":2,\"title\":\"b\"}"),
            "{found:?}"
        );
        assert_eq!(found.len(), 2);
    }
}

#[test]
fn pretty_json_is_read_with_the_lines_of_its_objects() {
    let (format, found) =
        rows("{\n \"id\": 1,\n \"title\": \"a]}\\\"\"\n}\n{\n \"id\": 2,\n \"title\": \"b\"\n}\n");
    assert_eq!(format, "JSON objects");
    assert_eq!(
        found,
        [
            "1: {\"id\":1,\"title\":\"a]}\\\"\"}",
            "5: {\"id\":2,\"title\":\"b\"}"
        ]
    );
}

#[test]
fn nodes_of_edges_are_the_rows() {
    let file = r#"{"data":{"products":{"edges":[{"cursor":"x","node":{"id":1,"title":"a"}},{"node":{"id":2,"title":"b"},"cursor":"y"}],"pageInfo":{"id":9,"name":"p"}}}}"#;
    let (format, found) = rows(file);
    assert_eq!(format, "JSON, arrays `data.products.edges[].node`");
    assert_eq!(found.len(), 2);
}

#[test]
fn a_bad_element_costs_itself_and_is_named() {
    let (_, found) =
        rows("{\"products\":[\n{\"id\":1,\"title\":\"a\"},\n{\"id\":},\n7,\n{\"id\":4}]}");
    assert_eq!(found[1], "3! not valid JSON: expected value at column 7");
    assert_eq!(found[2], "4! the element is not a JSON object");
    assert_eq!(found.len(), 4);
    let (_, found) = rows("[{\"id\":1,\"title\":\"a\"},{\"id\":}]");
    assert_eq!(
        found[1],
        "1! element 2: not valid JSON: expected value at column 7"
    );
}

#[test]
fn a_file_that_was_cut_off_is_an_error_after_its_good_rows() {
    for end in ["", ",", ",{\"id\":2,\"ti", ",{\"id\":2,\"title\":\"b"] {
        let (_, found) = rows(&format!(
            "{{\"products\":[{{\"id\":1,\"title\":\"a\"}}{end}"
        ));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[1].contains("after 1 whole elements; the file was cut off"),
            "{found:?}"
        );
    }
}

#[test]
fn a_file_without_any_good_object_tells_what_is_wrong_with_the_first() {
    let message = |file: &str| {
        let opened = open(file.as_bytes()).and_then(|mut objects| objects.keys());
        opened.unwrap_err().to_string()
    };
    assert_eq!(
        message("{\"id\":}\n{}\n"),
        "shop.json, line 1: not valid JSON: expected value at column 7"
    );
    assert!(message("[1,2]").contains("without any object"));
    assert!(message("{}").contains("no keys"));
}

#[test]
fn what_is_larger_than_an_object_may_be_costs_itself() {
    let long = "x".repeat(crate::lines::MAX_RECORD);
    let (_, found) = rows(&format!(
        "[{{\"id\":1,\"title\":\"a\"}},{{\"id\":2,\"title\":\"{long}\"}},{{\"id\":3,\"title\":\"c\"}}]"
    ));
    assert!(
        found[1].starts_with("1! element 2: the line is longer than 16 MiB"),
        "{}",
        &found[1][..60]
    );
    assert_eq!(found[2], "1: {\"id\":3,\"title\":\"c\"}");
}

proptest! {
    #[test]
    fn any_json_in_a_wrapper_comes_out_as_it_went_in(
        texts in prop::collection::vec("[ -~]{0,20}", 1..20),
        pretty in any::<bool>(),
    ) {
        let rows_in: Vec<Value> = texts.iter().enumerate()
            .map(|(at, text)| serde_json::json!({"id": at, "title": text, "more": {"x": [text, {"y": text}]}}))
            .collect();
        let file = serde_json::json!({"meta": {"texts": texts}, "items": rows_in});
        let text = match pretty {
            true => serde_json::to_string_pretty(&file).unwrap(),
            false => file.to_string(),
        };
        let mut objects = open(text.as_bytes()).unwrap();
        objects.keys().unwrap();
        let mut rows_out = Vec::new();
        while let Some(row) = objects.read().unwrap() {
            rows_out.push(Value::Object(row.unwrap().1));
        }
        prop_assert_eq!(rows_in, rows_out);
    }
}

const FEED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">
<channel>
<title>Shop</title><link>https://shop.example/</link>
<item><id>https://shop.example/7</id><g:id>K7</g:id>
 <title>Kettle &amp; lid</title>
 <g:description><![CDATA[<b>Red</b> & round]]></g:description>
 <g:shipping><g:country>SE</g:country><g:price>5 EUR</g:price></g:shipping>
 <g:additional_image_link>a.jpg</g:additional_image_link><g:additional_image_link>b.jpg</g:additional_image_link>
</item>
</channel></rss>
"#;

#[test]
fn items_of_a_feed_are_objects() {
    let (format, found) = rows(FEED);
    assert_eq!(format, "XML, elements `item`");
    assert_eq!(
        found,
        [
            r#"5: {"id":"K7","feed.id":"https://shop.example/7","title":"Kettle & lid","description":"<b>Red</b> & round","shipping":{"country":"SE","price":"5 EUR"},"additional_image_link":["a.jpg","b.jpg"]}"#
        ]
    );
}

#[test]
fn elements_are_found_by_what_they_hold() {
    let yml = r#"<yml_catalog date="2026-01-01"><shop><name>S</name><categories><category id="1">A</category><category id="2" parentId="1">B</category><category id="3">C</category></categories><offers><offer id="9" available="true"><name>Cup</name><param name="Colour">red</param><param name="Size" unit="cm">9</param></offer></offers></shop></yml_catalog>"#;
    let (format, found) = rows(yml);
    assert_eq!(format, "XML, elements `offer`");
    assert_eq!(
        found,
        [
            r#"1: {"id":"9","available":"true","name":"Cup","param":[{"name":"Colour","value":"red"},{"name":"Size","unit":"cm","value":"9"}]}"#
        ]
    );
    let input = Input::from_reader("yml", Cursor::new(yml.as_bytes().to_vec()), None).unwrap();
    let mut categories = Objects::open(input, Wanted::Categories).unwrap();
    assert_eq!(categories.keys().unwrap(), ["id", "name", "parentId"]);
    let plain = "<products>\n<product sku=\"1\"><title lang=\"en\">Cup</title></product>\n<product sku=\"2\"><title lang=\"en\">Pot</title></product></products>";
    let (_, found) = rows(plain);
    assert_eq!(
        found,
        [
            r#"2: {"sku":"1","title":"Cup","title.lang":"en"}"#,
            r#"3: {"sku":"2","title":"Pot","title.lang":"en"}"#
        ]
    );
}

#[test]
fn entities_of_a_file_are_not_expanded() {
    let bomb = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>
<x><row><id>1</id><name>&b; &c; &#65; &eacute; a & b</name></row></x>"#;
    let (_, found) = rows(bomb);
    assert_eq!(
        found,
        [r#"2: {"id":"1","name":"&b; &c; A &eacute; a & b"}"#]
    );
}

#[test]
fn damaged_xml_is_an_error_after_its_good_rows() {
    let good = "<x><row><id>1</id><name>a</name></row>\n";
    let (_, found) = rows(&format!("{good}<row><id>2</id>"));
    assert_eq!(found.len(), 2);
    assert!(
        found[1].contains("ends in the middle, after 1 whole"),
        "{}",
        found[1]
    );
    let (_, found) = rows(&format!("{good}<row><id>2</name></row></x>"));
    assert!(
        found[1].starts_with("shop.json, line 2: not valid XML"),
        "{}",
        found[1]
    );
    let long = "x".repeat(crate::lines::MAX_RECORD + 9);
    let (_, found) = rows(&format!(
        "{good}<row><id>2</id><name>{long}</name></row></x>"
    ));
    assert!(found[1].contains("longer than 16 MiB"), "{}", found[1]);
    let deep = "<a>".repeat(5000) + &"</a>".repeat(5000);
    let (_, found) = rows(&format!("{good}<row><id>2</id>{deep}</row></x>"));
    assert!(
        found[1].starts_with("2: {\"id\":\"2\""),
        "{}",
        &found[1][..50]
    );
}

#[test]
fn xml_says_its_encoding() {
    let text = "<?xml version=\"1.0\" encoding=\"windows-1251\"?>\n<x><row><id>1</id><name>\u{41a}</name></row></x>";
    let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(text);
    let input = Input::from_reader("feed.xml", Cursor::new(bytes.into_owned()), None).unwrap();
    let mut objects = Objects::open(input, Wanted::Products).unwrap();
    let (_, object) = objects.read().unwrap().unwrap().unwrap();
    assert_eq!(object["name"], "\u{41a}");
}

#[test]
fn objects_by_key_are_read_with_their_keys() {
    // What is no object is met late, when it is known what the others are.
    let file = "{\"count\": 2, \"products\": {\n\"p 1\": {\"title\": \"a\"},\n\
        \"p\\u0032\": {\"title\": \"b\"},\n"
        .to_owned()
        + &" ".repeat(300_000)
        + "\"p3\": 3, \"p4\": {\"title\": \"d\"}}}";
    let (format, found) = rows(&file);
    assert_eq!(format, "JSON, objects by key in `products`");
    assert_eq!(
        found,
        [
            r#"2: {"title":"a","(key)":"p 1"}"#,
            r#"3: {"title":"b","(key)":"p2"}"#,
            "4! the element is not a JSON object",
            r#"4: {"title":"d","(key)":"p4"}"#,
        ]
    );
}

#[test]
fn keys_behind_a_list_are_said_of_the_objects_in_it() {
    let shop = r#"[{"products":[{"id":1,"title":"Mug"},{"id":2,"title":"Pan","category":"Pans"}],"category":"Kitchen"},
        {"products":[{"id":3,"title":"Hose"}],"category":"Garden"},
        {"category":"Toys","products":[{"id":4,"title":"Kite"}]}]"#;
    let (_, found) = rows(shop);
    let category = |row: &String| {
        let object: Value = serde_json::from_str(row.split_once(": ").unwrap().1).unwrap();
        object["category"].as_str().unwrap_or("none").to_owned()
    };
    let categories: Vec<String> = found.iter().map(category).collect();
    assert_eq!(categories, ["Kitchen", "Pans", "Garden", "Toys"]);
    // What is whole of a file that was cut off is given before that is told.
    let (_, found) = rows(&shop[..shop.len() - 3]);
    assert!(
        found[3].contains("Kite") && found[4].contains("cut off"),
        "{found:?}"
    );
}

#[test]
fn of_categories_in_each_other_the_inner_one_is_said() {
    let (_, found) = rows(
        r#"{"categories":[{"name":"Home","categories":[{"products":[{"id":1,"title":"Mug"},{"id":2,"title":"Pan"}],"name":"Kitchen"}]}]}"#,
    );
    assert_eq!(
        found,
        [
            r#"1: {"id":1,"title":"Mug","category.name":"Kitchen"}"#,
            r#"1: {"id":2,"title":"Pan","category.name":"Kitchen"}"#
        ]
    );
}

#[test]
fn a_key_that_comes_too_late_is_counted() {
    let long = "x".repeat(1 << 20);
    let product = |id: usize| format!(r#"{{"id":{id},"title":"Mug","text":"{long}"}}"#);
    let products: Vec<String> = (0..18).map(product).collect();
    let shop = format!(
        r#"[{{"products":[{}],"category":"Kitchen"}},{{"category":"Toys","products":[{{"id":99,"title":"Kite"}}]}}]"#,
        products.join(",")
    );
    let mut objects = open(shop.as_bytes()).unwrap();
    objects.keys().unwrap();
    let mut without = 0;
    while let Some(row) = objects.read().unwrap() {
        without += usize::from(!row.unwrap().1.contains_key("category"));
    }
    assert_eq!(without, 3);
    let told: Vec<String> = objects.mended().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "1 key behind more than 16 MiB of objects, and not read for the first of them: it has to stand before them (first in line 1: `category`)"
        ]
    );
}

#[test]
fn names_of_groups_are_said_of_the_objects_in_them() {
    let (_, found) = rows(
        r#"{"groups":[{"groupName":"Mugs","items":[{"sku":"a","name":"Mug"}]},{"groupName":"Pans","items":[{"sku":"b","name":"Pan"}]}]}"#,
    );
    assert_eq!(
        found,
        [
            r#"1: {"sku":"a","name":"Mug","groups.groupName":"Mugs"}"#,
            r#"1: {"sku":"b","name":"Pan","groups.groupName":"Pans"}"#
        ]
    );
}
