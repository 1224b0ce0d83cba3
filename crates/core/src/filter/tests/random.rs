//! Random expressions: printed and read back, and against a naive evaluator.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::super::FilterExpr;
use super::super::expr::{Condition, Expr, Field, Order, Place, Predicate, Term};
use super::super::lex::is_bare;
use super::resolve;
use crate::attributes::parse_number;
use crate::{AttributeSchema, CategoryIndex, Product, fold};

fn term() -> impl Strategy<Value = Term> {
    let text = prop_oneof![
        prop::sample::select(vec![
            "1", "-2", "1.0", "1,000", "1000", "hp", "HP", "ＨＰ", "and", "", "5.", "a b", "\\",
            "\"", "`",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    (text, any::<bool>()).prop_map(|(text, quoted)| {
        let quoted = quoted || !is_bare(&text);
        Term::new(text, quoted, 0)
    })
}

fn terms() -> impl Strategy<Value = Vec<Term>> {
    prop::collection::vec(term(), 1..4)
}

fn field() -> impl Strategy<Value = Field> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "a", "A", "ａ", "b", "id", "in", "category", "a b", "a..b"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop_oneof![
        Just(Field::Id),
        Just(Field::Title),
        Just(Field::Text),
        name.prop_map(Field::Attribute),
    ]
}

fn predicate() -> impl Strategy<Value = Predicate> {
    let condition = prop_oneof![
        (Just(false), Just(Condition::Present)),
        (any::<bool>(), terms().prop_map(Condition::In)),
        (
            any::<bool>(),
            (term(), term()).prop_filter_map("empty", |(low, high)| {
                let ends = (parse_number(&low.text), parse_number(&high.text));
                let empty = matches!(ends, (Some(from), Some(to)) if from > to);
                (!empty).then_some(Condition::Range(low, high))
            })
        ),
        (
            Just(false),
            (prop::sample::select(Order::ALL.to_vec()), term())
                .prop_map(|(order, term)| Condition::Order(order, term))
        ),
        (any::<bool>(), term().prop_map(Condition::Contains)),
    ];
    let category = prop::sample::select(vec!["root", "one", "two", "other"])
        .prop_map(|name| Term::new(name.to_owned(), false, 0));
    let place = prop_oneof![
        (Just(false), Just(Place::Anywhere)),
        (any::<bool>(), category.clone().prop_map(Place::Under)),
        (
            any::<bool>(),
            prop::collection::vec(category, 1..3).prop_map(Place::In)
        ),
    ];
    prop_oneof![
        3 => (field(), condition).prop_map(|(field, (negated, condition))| Predicate::Field {
            field,
            negated,
            condition,
        }),
        1 => place.prop_map(|(negated, place)| Predicate::Category { negated, place }),
    ]
}

/// Expressions as the parser builds them: lists of at least two, none directly
/// in a list of its own kind.
fn expr() -> impl Strategy<Value = Expr> {
    let flat = |parts: Vec<Expr>, and: bool| {
        let mut all = Vec::new();
        for part in parts {
            match part {
                Expr::And(inner) if and => all.extend(inner),
                Expr::Or(inner) if !and => all.extend(inner),
                part => all.push(part),
            }
        }
        if and { Expr::And(all) } else { Expr::Or(all) }
    };
    predicate()
        .prop_map(Expr::Predicate)
        .prop_recursive(4, 24, 3, move |inner| {
            prop_oneof![
                inner.clone().prop_map(|inner| Expr::Not(Box::new(inner))),
                (prop::collection::vec(inner, 2..4), any::<bool>())
                    .prop_map(move |(parts, and)| flat(parts, and)),
            ]
        })
}

fn product() -> impl Strategy<Value = Product> {
    let value = || term().prop_map(|term| term.text);
    let name =
        prop::sample::select(vec!["a", "A", "ａ", "b", "id", "category"]).prop_map(str::to_owned);
    let attributes = prop::collection::vec((name, value()), 0..6);
    (value(), value(), value(), attributes).prop_map(|(id, title, text, attributes)| Product {
        id,
        title,
        text,
        attributes,
        image: None,
    })
}

/// What the documentation says, word by word.
fn naive(expr: &Expr, product: &Product, category: Option<CategoryIndex>) -> bool {
    match expr {
        Expr::Or(parts) => parts.iter().any(|part| naive(part, product, category)),
        Expr::And(parts) => parts.iter().all(|part| naive(part, product, category)),
        Expr::Not(inner) => !naive(inner, product, category),
        Expr::Predicate(Predicate::Category { negated, place }) => {
            let Some(category) = category else {
                return false;
            };
            let is =
                |term: &Term, subtree| resolve(&term.text, subtree).unwrap().contains(&category);
            *negated
                != match place {
                    Place::Anywhere => true,
                    Place::In(terms) => terms.iter().any(|term| is(term, false)),
                    Place::Under(term) => is(term, true),
                }
        }
        Expr::Predicate(Predicate::Field {
            field,
            negated,
            condition,
        }) => {
            let values = naive_values(field, product);
            let any = values
                .iter()
                .any(|value| naive_holds(field, condition, value));
            !values.is_empty() && any != *negated
        }
    }
}

fn naive_values(field: &Field, product: &Product) -> Vec<String> {
    let own = |value: &String| vec![value.clone(); usize::from(!value.is_empty())];
    let named = |same: &dyn Fn(&str) -> bool| -> Vec<String> {
        let found = product.attributes.iter().filter(|(name, _)| same(name));
        found.map(|(_, value)| value.clone()).collect()
    };
    match field {
        Field::Id => own(&product.id),
        Field::Title => own(&product.title),
        Field::Text => own(&product.text),
        Field::Attribute(wanted) => {
            let exact = named(&|name| name == wanted);
            if exact.is_empty() {
                named(&|name| fold(name) == fold(wanted))
            } else {
                exact
            }
        }
    }
}

fn naive_holds(field: &Field, condition: &Condition, value: &str) -> bool {
    let order = |term: &Term| match (parse_number(value), parse_number(&term.text)) {
        (Some(value), Some(term)) => value.partial_cmp(&term),
        (None, None) => Some(fold(value).cmp(&fold(&term.text))),
        _ => None,
    };
    let equal = |term: &Term| match (parse_number(value), parse_number(&term.text)) {
        _ if *field == Field::Id => value == term.text,
        (Some(value), Some(number)) if !term.literal => value == number,
        _ => fold(value) == fold(&term.text),
    };
    match condition {
        Condition::Present => true,
        Condition::In(terms) => terms.iter().any(equal),
        Condition::Range(low, high) => {
            order(low).is_some_and(Ordering::is_ge) && order(high).is_some_and(Ordering::is_le)
        }
        Condition::Order(Order::Less, term) => order(term).is_some_and(Ordering::is_lt),
        Condition::Order(Order::LessOrEqual, term) => order(term).is_some_and(Ordering::is_le),
        Condition::Order(Order::Greater, term) => order(term).is_some_and(Ordering::is_gt),
        Condition::Order(Order::GreaterOrEqual, term) => order(term).is_some_and(Ordering::is_ge),
        Condition::Contains(term) => fold(value).contains(&fold(&term.text)),
    }
}

proptest! {
    #[test]
    fn what_is_printed_parses_back(root in expr()) {
        let expr = FilterExpr { text: String::new(), root };
        let printed = expr.to_string();
        let parsed = FilterExpr::parse(&printed);
        prop_assert!(parsed.is_ok(), "{printed}: {parsed:?}");
        prop_assert_eq!(parsed.unwrap(), expr, "{}", printed);
    }

    #[test]
    fn filters_agree_with_the_naive_evaluator(
        root in expr(),
        product in product(),
        category in prop::option::of(0..4_u32),
    ) {
        let expr = FilterExpr { text: String::new(), root };
        let expected = naive(&expr.root, &product, category);
        let filter = expr.bind(&AttributeSchema::default(), resolve).unwrap();
        prop_assert_eq!(filter.matches(&(&product, category)), expected, "{}", filter);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        if let Err(error) = FilterExpr::parse(&text) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.column()));
        }
    }

    #[test]
    fn token_soup_never_panics(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "a", "品", "and", "or", "not", "in", "has", "under", "category", "=", "!=", "<", "(", ")",
                ",", "..", "1", "'x'", "`y`", " ", "between", "contains", "\\", "\"",
            ]),
            0..16,
        )
    ) {
        if let Ok(expr) = FilterExpr::parse(&parts.join(" ")) {
            prop_assert_eq!(FilterExpr::parse(&expr.to_string()), Ok(expr));
        }
    }
}
