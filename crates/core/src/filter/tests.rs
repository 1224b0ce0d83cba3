//! What filters say, match and refuse.

use super::{Filter, FilterExpr};
use crate::{AttributeSchema, CategoryIndex, Product};

mod random;

/// A tree of three: `0` with `1` and `2` below, and `3` beside.
fn resolve(term: &str, subtree: bool) -> Result<Vec<CategoryIndex>, String> {
    match (term, subtree) {
        ("root", true) => Ok(vec![2, 0, 1]),
        ("root", false) => Ok(vec![0]),
        ("one", _) => Ok(vec![1]),
        ("two", _) => Ok(vec![2]),
        ("other", _) => Ok(vec![3]),
        _ => Err(format!("no category is called {term:?}")),
    }
}

fn laptop() -> Product {
    let attributes = [
        ("Brand", "HP"),
        ("colour", "Black"),
        ("colour", "Red"),
        ("price", "1,299.00"),
        ("screen size", "15.6"),
        ("released", "2024-03-01"),
        ("gtin", "12345678901234567890"),
        ("category", "Notebook"),
        ("not", "yes"),
        ("品牌", "惠普"),
    ];
    Product {
        id: "P1".into(),
        title: "HP Pavilion 15,6\" ＵＳＢ-C Größe".into(),
        attributes: attributes.map(|(n, v)| (n.into(), v.into())).into(),
        ..Product::default()
    }
    .sorted()
}

#[track_caller]
fn check(expected: bool, expressions: &[&str]) {
    let product = laptop();
    for expression in expressions {
        let filter = Filter::parse(expression, &AttributeSchema::default(), resolve).unwrap();
        assert_eq!(
            filter.matches(&(&product, Some(1))),
            expected,
            "{expression}"
        );
    }
}

#[test]
fn values_are_compared_as_numbers_or_folded_text() {
    check(
        true,
        &[
            "Brand = hp",
            "brand = 'HP'",
            "BRAND != dell",
            "price = 1299",
            "price = 1299.0",
            "price < 1300 and price <= 1299 and price > 1298.99",
            "price >= \"1,299.00\"",
            "released > 2024-02-28",
            "released < '2024-03-02'",
            "gtin = 12345678901234567890",
            "gtin != 12345678901234567891",
            "品牌 = 惠普",
            "`screen size` >= 15",
            "title contains \"usb-c\"",
            "title contains 'grÖSSE' or title contains GRÖßE",
            "title contains hp",
            "id = P1",
        ],
    );
    check(
        false,
        &[
            "brand = HPE",
            "price < 1299",
            "price = \"1299.0\"",
            "brand < 5",
            "brand > 5",
            "price > abc",
            "price < abc",
            "id = p1",
            "id != P1",
            "title contains dell",
        ],
    );
}

#[test]
fn lists_and_ranges_include_their_ends() {
    check(
        true,
        &[
            "brand in (dell, HP)",
            "brand not in (dell, \"Acer\")",
            "price in (1, 1299)",
            "price in 1299..1300",
            "price between 1000 and 1299",
            "price not in 1300..1400",
            "price not between 0 and 1",
            "`screen size` in 15.6..15.6",
            "released in 2024-01-01..2024-12-31",
            "id in (P0, P1, P2)",
            "title not contains dell",
        ],
    );
    check(
        false,
        &[
            "brand in (dell, acer)",
            "brand not in (dell, hp)",
            "price in 1300..1400",
            "brand in 1..9",
            "id in (P0, p1)",
            "id not in (P0, P1)",
        ],
    );
}

#[test]
fn one_value_of_several_is_enough_unless_negated() {
    check(true, &["colour = red", "colour = black", "colour != blue"]);
    check(false, &["colour != red", "colour not in (black, blue)"]);
}

#[test]
fn a_lacking_field_fails_every_predicate() {
    for predicate in [
        "weight = 1",
        "weight != 1",
        "weight < 1",
        "weight in (1)",
        "weight not in (1)",
        "weight in 0..1",
        "weight not in 0..1",
        "weight contains 1",
        "weight not contains 1",
        "has weight",
        "text = ''",
        "text != x",
    ] {
        check(false, &[predicate]);
        check(true, &[&format!("not {predicate}")]);
    }
}

#[test]
fn exact_attribute_names_come_first() {
    let product = Product {
        attributes: vec![("Size".into(), "L".into()), ("size".into(), "42".into())],
        ..Product::default()
    };
    let matches = |expression| {
        let filter = Filter::parse(expression, &AttributeSchema::default(), resolve).unwrap();
        filter.matches(&(&product, None))
    };
    assert!(matches("size = 42 and not size = L"));
    assert!(matches("Size = L and not Size = 42"));
    assert!(matches("SIZE = 42 and SIZE = L"));
}

#[test]
fn categories_match_alone_in_lists_and_by_subtree() {
    check(
        true,
        &[
            "category = one",
            "category under root",
            "CATEGORY in (two, one)",
            "category != \"root\"",
            "category not in (two, other)",
            "category not under other",
            "has category",
            "`category` = notebook",
        ],
    );
    check(
        false,
        &[
            "category = root",
            "category != one",
            "category not under root",
            "category in (two)",
        ],
    );
    let product = laptop();
    for expression in [
        "has category",
        "category != one",
        "category not under other",
    ] {
        let filter = Filter::parse(expression, &AttributeSchema::default(), resolve).unwrap();
        assert!(!filter.matches(&(&product, None)), "{expression}");
    }
}

#[test]
fn not_binds_before_and_before_or() {
    let canonical = |expression| FilterExpr::parse(expression).unwrap().to_string();
    assert_eq!(
        canonical("a=1 OR b=2 And NOT c=3 or ((d=4))"),
        "a = 1 or b = 2 and not c = 3 or d = 4"
    );
    assert_eq!(
        canonical("(a=1 or b=2) and (c=3 and not (d=4 or not not e=x))"),
        "(a = 1 or b = 2) and c = 3 and not (d = 4 or not not e = \"x\")"
    );
    check(true, &["id=P1 or id=P2 and id=P3", "not id=P2 and id=P1"]);
    check(
        false,
        &["(id=P1 or id=P2) and id=P3", "not (id=P1 or id=P2)"],
    );
}

#[test]
fn printing_is_canonical() {
    for (expression, printed) in [
        ("`a b`='x\\'\\n'", "`a b` = \"x'\\n\""),
        ("`and`=1.50", "`and` = 1.50"),
        ("`Title`<-5", "`Title` < -5"),
        ("TITLE in(x)", "title = \"x\""),
        ("a not in (5.,\"10\")", "a not in (5, \"10\")"),
        ("a between \"5.\" and '..'", "a in \"5.\"..\"..\""),
        ("a in 10..20", "a in 10..20"),
        (r"`a\`\\`=1", r"`a\`\\` = 1"),
        ("category NOT under x", "category not under \"x\""),
        ("has 品牌", "has 品牌"),
    ] {
        let shown = FilterExpr::parse(expression).unwrap().to_string();
        assert_eq!(shown, printed, "{expression}");
    }
}

#[test]
fn errors_name_the_column_and_what_was_expected() {
    let field = "expected a field, `has`, `not` or `(` here";
    for (expression, column, message) in [
        ("", 1, field),
        ("brand = ", 9, "expected a value after `=`"),
        ("品牌 = 惠普 and 价格 < ", 18, "expected a value after `<`"),
        ("品牌 = \"惠普", 6, "expected a closing \" for this one"),
        ("`a\\`b` = `", 10, "expected a closing ` for this one"),
        ("a = 'x\\", 5, "expected a closing ' for this one"),
        (
            "a = 'x\\q'",
            8,
            "expected one of \" ' ` \\ n r t after `\\`",
        ),
        ("a = 1 and", 10, field),
        (
            "a = 5%",
            6,
            "`%` needs quotes around the value it is part of",
        ),
        ("a ! 5", 3, "expected `!=` or `not` in place of `!`"),
        ("a == 5", 4, "expected a value after `=`"),
        (
            "a = and",
            5,
            "expected a value after `=`; a keyword needs quotes",
        ),
        (
            "in = 5",
            1,
            &format!("{field}; a field named like a keyword needs backquotes"),
        ),
        ("has", 4, "expected a field after `has`"),
        (
            "(a = 1 or (b = 2)",
            18,
            "expected `)` for the `(` in column 1",
        ),
        (
            "a = 1) or b = 2",
            6,
            "expected `(` somewhere before this `)`",
        ),
        (
            "a = Hewlett Packard",
            13,
            "expected `and`, `or` or the end here; a value of several words needs quotes",
        ),
        ("a = 1 < 2", 7, "expected `and`, `or` or the end here"),
        (
            "a",
            2,
            "expected =, !=, <, <=, >, >=, in, between or contains after a",
        ),
        (
            "a not = 1",
            7,
            "expected `in`, `between` or `contains` after `not`",
        ),
        (
            "a in 5",
            7,
            "expected `..` and the upper end of the range; a list needs `(`",
        ),
        (
            "a in",
            5,
            "expected `(` or a range such as 10..20 after `in`",
        ),
        ("a in ()", 7, "expected a value after `(`"),
        ("a in (1, 2", 11, "expected `,` or `)` here"),
        (
            "a in 20..10",
            10,
            "expected the upper end to be at least 20",
        ),
        (
            "a between 1 or 2",
            13,
            "expected `and` and the upper end of `between`",
        ),
        (
            "a under x",
            3,
            "expected `category` before `under`: only it has a tree",
        ),
        ("category in 1..2", 13, "expected `(` after `in`"),
        (
            "category < 5",
            10,
            "expected =, !=, in, not in, under or not under after `category`",
        ),
    ] {
        let error = FilterExpr::parse(expression).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("column {column}: {message}"),
            "{expression}"
        );
        assert_eq!((error.column(), error.message()), (column, message));
    }
}

#[test]
fn unknown_categories_are_errors_where_they_stand() {
    let error = Filter::parse(
        "品牌 = x and category in (one, tow)",
        &AttributeSchema::default(),
        resolve,
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "column 30: no category is called \"tow\""
    );
}

#[test]
fn deep_nesting_is_an_error() {
    for (open, close) in [("(", ")"), ("not ", ""), ("not (", ")")] {
        let nested = |levels| format!("{}a = 1{}", open.repeat(levels), close.repeat(levels));
        let per = 1 + usize::from(open.contains("t ("));
        assert!(FilterExpr::parse(&nested(64 / per)).is_ok());
        let error = FilterExpr::parse(&nested(64 / per + 1)).unwrap_err();
        assert_eq!(
            error.message(),
            "expected at most 64 levels of `(` and `not`"
        );
        assert!(FilterExpr::parse(&nested(100_000)).is_err());
    }
    let long = vec!["a = 1"; 20_000].join(" and ");
    assert!(FilterExpr::parse(&long).is_ok());
}

/// Whether a product with that one value matches.
fn holds(expression: &str, kind: &str, value: &str) -> bool {
    let schema = [("x", kind.parse().unwrap())].into_iter().collect();
    let filter = Filter::parse(expression, &schema, resolve).unwrap();
    let product = Product {
        attributes: vec![("x".into(), value.into())],
        ..Product::default()
    };
    filter.matches(&(&product, None))
}

#[test]
fn kinds_compare_by_what_they_mean() {
    for (expression, kind, value) in [
        ("x < 500 g", "mass", "0,4 kg"),
        ("x = 1lb", "mass", "453.59237 g"),
        ("x in 1 kg..2 kg", "mass", "3x500g"),
        ("x > 400", "g", "0.5 kg"),
        ("x > 400", "g", "500"),
        ("x >= 15.5 inch", "length", "40 cm"),
        ("x < 20 EUR", "money", "19,99 €"),
        ("x < 20", "money", "19,99 €"),
        ("x < 20 EUR", "money", "19.99"),
        ("x = 20 USD", "money", "$20.00"),
        ("x >= 2024 and x < 2025", "date", "2024-05-31"),
        ("x = 2024-05", "date", "31.05.2024"),
        ("x > 2024-05", "date", "1/6/2024"),
        ("x < 2024-06-01", "date-month-first", "5/31/2024"),
        ("x = true", "boolean", "Yes"),
        ("x != no", "boolean", "ja"),
        ("x = unknown", "mass", "Unknown"),
        ("x > 10", "text", "9"),
        ("x = 20 EUR", "any", "20"),
    ] {
        assert!(
            holds(expression, kind, value),
            "{expression}: {value} ({kind})"
        );
    }
    for (expression, kind, value) in [
        ("x < 500 g", "mass", "400 ml"),
        ("x < 500 g", "mass", "400"),
        ("x < 500 g", "mass", "light"),
        ("x < 20 EUR", "money", "$19.99"),
        ("x < 20", "money", "1,2,3"),
        ("x = 1", "text", "1.0"),
        ("x < 2024", "date", "0000-01-01"),
        ("x < 9", "number", "NaN"),
    ] {
        assert!(
            !holds(expression, kind, value),
            "{expression}: {value} ({kind})"
        );
    }
}

#[test]
fn what_a_kind_cannot_read_is_refused() {
    for (expression, kind, said) in [
        (
            "x < 500",
            "mass",
            "column 5: x is of the kind mass, and \"500\" is not; write an amount with its unit, such as \"500 g\"",
        ),
        ("x = 500", "mass", "such as \"500 g\""),
        ("x > 5 l", "mass", "\"5 l\" is not"),
        ("x < 5 parsec", "mass", "expected `and`"),
        ("x < \"5 parsec\"", "mass", "is not"),
        ("x > yesterday", "date", "write a date, such as 2024-05-31"),
        ("x > yes", "boolean", "write yes or no"),
        ("x < cheap", "money", "write an amount"),
        ("x in 1..b", "number", "write a number"),
    ] {
        let schema = [("x", kind.parse().unwrap())].into_iter().collect();
        let error = Filter::parse(expression, &schema, resolve).unwrap_err();
        assert!(error.to_string().contains(said), "{expression}: {error}");
    }
}
