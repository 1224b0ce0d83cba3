use std::io::Cursor;

use proptest::prelude::*;

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
