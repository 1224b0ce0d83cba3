//! Values of attributes.

use assort_core::{AttributeKind, KindGuess, Value};

/// Reads each line as a value of every kind, and guesses the kind of all lines. A value that
/// the kind of its attribute reads must be equal to itself.
pub fn attributes(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let mut guess = KindGuess::default();
    for value in text.lines() {
        guess.see(value);
        kinds().for_each(|kind| look_at(kind, value));
    }
    guess.kind().is_some()
}

/// Words for kinds of all sorts.
const KINDS: [&str; 12] = [
    "any",
    "text",
    "number",
    "money",
    "boolean",
    "date",
    "date-month-first",
    "mass",
    "volume",
    "length",
    "kg",
    "inch",
];

fn kinds() -> impl Iterator<Item = AttributeKind> {
    KINDS.into_iter().filter_map(|word| word.parse().ok())
}

fn look_at(kind: AttributeKind, value: &str) {
    let read = kind.read(value);
    assert_eq!(
        kind.reads(value),
        kind == AttributeKind::Text || read != Value::Text
    );
    if let Some(number) = read.as_number() {
        assert!(number.is_finite(), "{value:?} as {kind} is {number}");
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let columns = [
        "£9.99\n€ 1.299,00\n19.99 USD\nUS$5\n¥1,200\n¥ 300\n1 299,00 kr\n",
        "500 g\n1,5 kg\n12 oz\n8 lb\n",
        "2x250ml\n6 × 0,33 l\n1 L\n8 fl oz\n",
        "2024-05-31\n2024-06-01\n",
        "31.05.2024\n01/06/2024\n",
        "yes\nno\n",
        "是\n否\n",
    ];
    columns.map(|text| text.as_bytes().to_vec()).into()
}
