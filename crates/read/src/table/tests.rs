use std::io::Cursor;

use super::*;

fn open(bytes: &[u8], quoting: Quoting) -> Result<Table> {
    let input = Input::from_reader("shop.csv", Cursor::new(bytes.to_vec()), None)?;
    Table::open(input, quoting)
}

/// Rows as `line: a|b|c`, failures as `line! message`.
fn rows_with(bytes: &[u8], quoting: Quoting) -> Vec<String> {
    let mut table = open(bytes, quoting).unwrap();
    let width = table.columns().len();
    let mut rows = Vec::new();
    while let Some(row) = table.read().unwrap() {
        rows.push(match row {
            Ok(record) => {
                let fields: Vec<_> = (0..width).map(|column| record.get(column)).collect();
                format!("{}: {}", record.line(), fields.join("|"))
            }
            Err(error) => format!("{}! {}", error.line, error.message),
        });
    }
    rows
}

fn rows(text: &str) -> Vec<String> {
    rows_with(text.as_bytes(), Quoting::Auto)
}

#[test]
fn the_delimiter_comes_from_the_header() {
    for delimiter in ["\t", ",", ";", "|"] {
        let file = ["id", "title"].join(delimiter) + "\n1" + delimiter + "Kettle\n";
        assert_eq!(rows(&file), ["2: 1|Kettle"], "{delimiter:?}");
    }
    assert_eq!(rows("\n\ttitle\n1\tKettle\n"), ["3: 1|Kettle"]);
}

#[test]
fn rows_know_their_lines_past_blank_lines_and_quoted_breaks() {
    let unix = "id,title\n\n1,\"two\nlines\"\n\n,\n2,b\n";
    let found = ["3: 1|two\nlines", "7: 2|b"];
    assert_eq!(rows(unix), found);
    assert_eq!(rows(&unix.replace('\n', "\r\n")), found);
}

#[test]
fn quotes_are_ordinary_in_tab_separated_files_unless_flawless() {
    let file = "id\ttitle\n1\t17\" monitor\n2\t\"6\"\" pan\"\n3\t\"Best\" pan\n4\t\"open\n";
    assert_eq!(
        rows(file),
        [
            "2: 1|17\" monitor",
            "3: 2|6\" pan",
            "4: 3|\"Best\" pan",
            "5: 4|\"open"
        ]
    );
    let off = rows_with(file.as_bytes(), Quoting::Off);
    assert_eq!(off[1], "3: 2|\"6\"\" pan\"");
}

#[test]
fn a_quoted_tsv_header_turns_quoting_on() {
    let file = "\"id\"\t\"title\"\n\"1\"\t\"a\tb\nc\"\n";
    assert_eq!(rows(file), ["2: 1|a\tb\nc"]);
}

#[test]
fn columns_may_be_missing_at_the_end_and_empty_ones_be_too_many() {
    let mut table = open(b"id,title,text\n1,a\n2,a,b,,\n3,a,b,c\n", Quoting::Auto).unwrap();
    let short = table.read().unwrap().unwrap().unwrap();
    assert_eq!((short.width(), short.get(1), short.get(2)), (2, "a", ""));
    let wide = table.read().unwrap().unwrap().unwrap();
    assert_eq!(wide.get(2), "b");
    let error = table.read().unwrap().unwrap().unwrap_err();
    assert_eq!(error.message, "has 4 columns, the header has 3");
    assert_eq!(table.bent().short, 1);
    let tabbed = rows("id\ttitle\n1\t\"a\tb\"\n");
    assert!(tabbed[0].contains("perhaps quotes enclose"), "{tabbed:?}");
}

#[test]
fn a_header_that_is_repeated_is_no_row() {
    let mut table = open(b"id, title\n1,a\nID,Title\n2,b\n", Quoting::Auto).unwrap();
    assert_eq!(table.read().unwrap().unwrap().unwrap().line(), 2);
    assert_eq!(table.read().unwrap().unwrap().unwrap().line(), 4);
    assert_eq!(table.bent().headers, 1);
}

#[test]
fn quotes_inside_quoted_fields_are_kept_and_counted() {
    let mut table = open(b"id,title\n1,\"8\" pot\"\n", Quoting::Auto).unwrap();
    assert_eq!(table.read().unwrap().unwrap().unwrap().get(1), "8\" pot");
    assert_eq!(table.bent().quotes, 1);
}

#[test]
fn wrong_bytes_fail_one_row_and_name_the_column() {
    let mixed = ["id,title\n0,Thé\n3,Été\n".as_bytes(), b"1,caf\xe9\n2,ok\n"].concat();
    let found = rows_with(&mixed, Quoting::Auto);
    assert_eq!(
        found[2..],
        ["4! column `title` is not UTF-8 (byte 0xE9)", "5: 2|ok"]
    );
    let mixed = ["a,b\né,è\nê,ë\n".as_bytes(), b"x\xc3,\xa9y\n"].concat();
    let across = rows_with(&mixed, Quoting::Auto);
    assert_eq!(across[2..], ["4! column `a` is not UTF-8 (byte 0xC3)"]);
}

#[test]
fn bytes_a_stated_encoding_does_not_have_fail_the_row() {
    let bytes = b"id,title\n1,\xd6\xd0\n2,\xff\xff\n".to_vec();
    let input = Input::from_reader("shop.csv", Cursor::new(bytes), Some("gbk")).unwrap();
    let mut table = Table::open(input, Quoting::Auto).unwrap();
    assert_eq!(table.read().unwrap().unwrap().unwrap().get(1), "中");
    let error = table.read().unwrap().unwrap().unwrap_err();
    assert!(error.message.contains("not gbk"), "{}", error.message);
}

#[test]
fn an_unclosed_quote_costs_its_own_row_only() {
    let file = "id,title\n1,a\n2,\"x\n3,c\n4,d\n";
    assert_eq!(
        rows(file),
        [
            "2: 1|a",
            "3! quote opened on line 3 is never closed; close it, or double it if it is part of the text",
            "4: 3|c",
            "5: 4|d"
        ]
    );
}

#[test]
fn an_endless_field_costs_its_own_row_only() {
    let mut file = b"id,title\n1,a\n2,\"x\n".to_vec();
    let rest = MAX_RECORD / 8 + 10;
    file.extend((0..rest).flat_map(|row| format!("{:07},b\n", row % 1000).into_bytes()));
    let found = rows_with(&file, Quoting::Auto);
    assert_eq!(found.len(), 2 + rest);
    assert!(
        found[1].starts_with("3! quote opened on line 3"),
        "{}",
        found[1]
    );
    let good = |row: &String| !row.contains('!');
    assert!(found[2..].iter().all(good));
    assert!(
        found
            .last()
            .unwrap()
            .starts_with(&format!("{}: ", 3 + rest))
    );
}

#[test]
fn a_line_that_is_too_long_costs_itself_only() {
    let mut file = b"id,title\n1,".to_vec();
    file.extend(vec![b'x'; MAX_RECORD + 100]);
    file.extend(b"\n2,b\n");
    let found = rows_with(&file, Quoting::Auto);
    assert_eq!(found.len(), 2);
    assert!(found[0].starts_with("2! "));
    assert_eq!(found[1], "3: 2|b");
}

#[test]
fn headers_are_checked() {
    let message = |bytes: &[u8]| open(bytes, Quoting::Auto).unwrap_err().to_string();
    assert!(message(b" \n").contains("file is empty"));
    let doubled = open(b"id,name,name,name 2\n", Quoting::Auto).unwrap();
    assert_eq!(doubled.columns(), ["id", "name", "name 3", "name 2"]);
    assert!(message(b"id,caf\xe9\n").contains("not UTF-8; it reads as windows-1252: 「café」"));
    let wide = open(b"i\0d\0,\0", Quoting::Auto).unwrap_err();
    let crate::Error::Input { unstated, .. } = wide;
    assert_eq!(unstated, Some(Unstated::Encoding(Some("UTF-16LE"))));
    assert!(rows("id,title").is_empty());
}

#[test]
fn wide_and_long_records_fit() {
    let header: Vec<_> = (0..500).map(|column| format!("c{column}")).collect();
    let row = vec!["x".repeat(100); 500];
    let file = header.join(",") + "\n" + &row.join(",") + "\n";
    assert_eq!(rows(&file)[0].len(), 3 + 500 * 100 + 499);
}

#[test]
fn quotes_behind_blanks_and_single_quotes_come_off() {
    let spaced = "\"id\", \"title\"\n\"1\", \"Pan, big\"\n\"2\", \"Pot\"\n";
    assert_eq!(rows(spaced), ["2: 1|Pan, big", "3: 2|Pot"]);
    let single = "'id','title'\n'1','Pan, big'\n'2','Pot'\n";
    assert_eq!(rows(single), ["2: 1|Pan, big", "3: 2|Pot"]);
    let guarded = "id,title\n=\"007\",Pan\n\"=\"\"008\"\"\",Pot\n";
    assert_eq!(rows(guarded), ["2: 007|Pan", "3: 008|Pot"]);
}

#[test]
fn references_to_characters_are_not_cut_at_their_semicolon() {
    let file = "id;title;shelf\n1;Pan &amp; lid;Kitchen &gt; Pans\n2;a;c;d\n3;Pot;Pots\n";
    let found = rows(file);
    assert_eq!(found[0], "2: 1|Pan &amp; lid|Kitchen &gt; Pans");
    assert_eq!(found[2], "4: 3|Pot|Pots");
}

#[test]
fn rows_that_say_more_of_the_columns_are_skipped_and_counted() {
    for about in [
        "(text),(text),(kg)",
        "required,required,optional",
        "---,:---,---:",
    ] {
        let file = format!("id,title,weight\n{about}\n1,Pan,2\n");
        let mut table = open(file.as_bytes(), Quoting::Auto).unwrap();
        assert_eq!(table.read().unwrap().unwrap().unwrap().get(1), "Pan");
        assert_eq!(table.bent().headers, 1);
    }
}
