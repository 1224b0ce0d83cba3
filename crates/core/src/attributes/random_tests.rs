//! Any text is a value: each kind reads it or says that it cannot.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{AttributeKind, Dimension, KindGuess, Value};

/// What values are made of, also letters of two, three and four bytes, where one was expected.
const PARTS: [&str; 40] = [
    "0", "1", "5", "12", "299", "1000", ".", ",", "'", "’", " ", "\u{a0}", "-", "–", "+", "−", "/",
    "x", "×", "*", "%", "£", "€", "$", "US$", "¥", "₹", "kr", "EUR", "zł", "元", "g", "kg", "ml",
    "m2", "µm", "克", "\"", "½", "😀",
];

fn value() -> impl Strategy<Value = String> {
    let of_parts = vec(prop::sample::select(&PARTS[..]), 0..9).prop_map(|parts| parts.concat());
    prop_oneof![4 => of_parts, 1 => any::<String>()]
}

fn kinds() -> impl Iterator<Item = AttributeKind> {
    let words = [
        "any",
        "text",
        "number",
        "money",
        "boolean",
        "date",
        "date-month-first",
        "kg",
    ];
    let named = words.map(|word| word.parse().unwrap());
    let measured = Dimension::ALL.map(|dimension| AttributeKind::Quantity(dimension, None));
    named.into_iter().chain(measured)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_kind_reads_any_text_or_says_that_it_cannot(values in vec(value(), 1..4)) {
        let mut guess = KindGuess::default();
        for value in &values {
            guess.see(value);
            for kind in kinds() {
                let read = kind.read(value);
                kind.read_constant(value);
                prop_assert_eq!(kind.reads(value), kind == AttributeKind::Text || read != Value::Text);
                prop_assert!(read.as_number().is_none_or(f64::is_finite), "{} as {}", value, kind);
            }
        }
        guess.kind();
    }
}
