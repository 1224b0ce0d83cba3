//! The dashboard in `examples/operations` shows what the server tells.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::common::Shop;
use crate::metrics::measured;

fn dashboard() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/operations/grafana.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a Vec<Value> {
    let found = value.pointer(pointer).and_then(Value::as_array);
    found.unwrap_or_else(|| panic!("{pointer} is no list in {value}"))
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{pointer} is no text in {value}"))
}

fn number(value: &Value, pointer: &str) -> u64 {
    let found = value.pointer(pointer).and_then(Value::as_u64);
    found.unwrap_or_else(|| panic!("{pointer} is no number in {value}"))
}

/// Names of metrics in an expression.
fn names(expression: &str) -> BTreeSet<&str> {
    let words = expression.split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_'));
    words.filter(|word| word.starts_with("assort_")).collect()
}

/// Labels that an expression selects or groups by.
fn labels(expression: &str) -> BTreeSet<&str> {
    let selected = expression
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next());
    let selected = selected.flat_map(|inner| inner.split(','));
    let selected = selected.filter_map(|one| one.split(['=', '!']).next());
    let grouped = expression
        .split("by (")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let grouped = grouped.flat_map(|inner| inner.split(','));
    selected.chain(grouped).map(str::trim).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_expression_names_metrics_and_labels_that_there_are() {
    let dashboard = dashboard();
    let panels = list(&dashboard, "/panels").iter();
    let targets = panels.flat_map(|panel| list(panel, "/targets"));
    let mut expressions: Vec<&str> = targets.map(|target| text(target, "/expr")).collect();
    let variables = list(&dashboard, "/templating/list").iter();
    let asking = variables.filter(|variable| text(variable, "/type") == "query");
    expressions.extend(asking.map(|variable| text(variable, "/query/query")));
    let shop = Shop::open().await;
    let told = measured(&shop).await;
    let mut shown = BTreeSet::new();
    for expression in expressions {
        let names = names(expression);
        assert!(!names.is_empty(), "{expression}");
        for name in &names {
            let line = told.lines().find(|line| {
                let rest = line.strip_prefix(name);
                rest.is_some_and(|rest| rest.starts_with(['{', ' ']))
            });
            let line = line.unwrap_or_else(|| panic!("`{name}` is no metric: {expression}"));
            for label in labels(expression) {
                // The scraper adds where it comes from.
                let is_known = label == "instance" || line.contains(&format!("{label}=\""));
                assert!(is_known, "`{name}` has no label `{label}`: {expression}");
            }
        }
        shown.extend(names);
    }
    // All that is told is shown, and documented.
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/grpc.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let described = told.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    for name in described.filter_map(|line| line.split(' ').next()) {
        let is_shown = shown.iter().any(|shown| shown.starts_with(name));
        assert!(is_shown, "nothing shows {name}");
        assert!(
            docs.contains(&format!("`{name}")),
            "docs/grpc.md has no {name}"
        );
    }
}

#[test]
fn panels_are_what_grafana_reads() {
    let dashboard = dashboard();
    // Of Grafana 10.
    assert!(number(&dashboard, "/schemaVersion") >= 38);
    assert!(!text(&dashboard, "/title").is_empty());
    assert!((1..=40).contains(&text(&dashboard, "/uid").len()));
    let variables = list(&dashboard, "/templating/list");
    let source = &variables[0];
    assert_eq!(
        (
            text(source, "/type"),
            text(source, "/name"),
            text(source, "/query")
        ),
        ("datasource", "datasource", "prometheus")
    );
    let known: BTreeSet<&str> = variables.iter().map(|one| text(one, "/name")).collect();
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in list(&dashboard, "/panels") {
        assert!(ids.insert(number(panel, "/id")), "{panel}");
        assert!(["timeseries", "stat"].contains(&text(panel, "/type")));
        assert!(!text(panel, "/title").is_empty() && !text(panel, "/description").is_empty());
        assert!(panel["fieldConfig"]["defaults"].is_object() && panel["options"].is_object());
        assert!(panel["fieldConfig"]["overrides"].is_array());
        let place = |side: &str| number(panel, &format!("/gridPos/{side}"));
        let (left, top, width, height) = (place("x"), place("y"), place("w"), place("h"));
        assert!(width > 0 && height > 0 && left + width <= 24, "{panel}");
        for cell in (left..left + width).flat_map(|x| (top..top + height).map(move |y| (x, y))) {
            assert!(taken.insert(cell), "two panels are at {cell:?}");
        }
        let mut letters = BTreeSet::new();
        for target in list(panel, "/targets") {
            assert!(letters.insert(text(target, "/refId")), "{panel}");
            let expression = text(target, "/expr");
            assert_eq!(text(target, "/datasource/uid"), "${datasource}");
            let pairs = [('(', ')'), ('{', '}'), ('[', ']')];
            let count = |sign: char| expression.matches(sign).count();
            assert!(
                pairs
                    .iter()
                    .all(|(open, close)| count(*open) == count(*close)),
                "{expression}"
            );
            let used = expression.split('$').skip(1).map(|rest| {
                let end = rest.find(|sign: char| !(sign.is_alphanumeric() || sign == '_'));
                &rest[..end.unwrap_or(rest.len())]
            });
            for variable in used {
                // Names with two lines before them are Grafana's own.
                let is_known = variable.starts_with("__") || known.contains(variable);
                assert!(is_known, "no variable {variable}: {expression}");
            }
        }
        assert!(!letters.is_empty());
    }
}
