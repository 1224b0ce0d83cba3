//! Products of the contract as products of the engine, and back.

use std::collections::HashMap;

use assort::core::MAX_ID;
use assort::core::{MAX_TEXT, MAX_TITLE, Product, Taxonomy, clean, clean_lines};
use assort::{StoredProduct, core::CategoryIndex};
use assort_proto::attributes::of_texts;
use assort_proto::v1::attribute_value::Kind;
use assort_proto::v1::image::Source;
use assort_proto::{picture, v1};
use xxhash_rust::xxh3::Xxh3;

use crate::limits::MAX_IMAGE;
use crate::reason::{Reason, Refusal, refuse};

/// What is wrong with a field: its path, and why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Path of the field in the product.
    pub(crate) field: String,
    /// Why it cannot be used.
    pub(crate) what: String,
}

fn wrong(field: impl Into<String>, what: impl Into<String>) -> Wrong {
    Wrong {
        field: field.into(),
        what: what.into(),
    }
}

impl Wrong {
    /// What is wrong with one of many, beside what is wrong with others.
    pub(crate) fn among(self, many: &str, at: usize, others: Option<Refusal>) -> Refusal {
        let field = format!("{many}[{at}].{}", self.field);
        let refusal = others
            .unwrap_or_else(|| refuse(Reason::Argument, format!("{many}[{at}]: {}", self.what)));
        refusal.with_field(field, self.what)
    }
}

/// A product as it is given, cleaned.
pub(crate) fn product(given: v1::Product, needs_id: bool) -> Result<Product, Wrong> {
    let id = given.id.trim().to_owned();
    if needs_id || !id.is_empty() {
        check_id(&id)?;
    }
    let title = clean(&given.title);
    if title.is_empty() {
        return Err(wrong("title", "the title is empty"));
    }
    let text = clean_lines(&given.text);
    for (field, length, most) in [
        ("title", title.len(), MAX_TITLE),
        ("text", text.len(), MAX_TEXT),
    ] {
        if length > most {
            let what = format!("the {field} has {length} bytes, the most is {most}");
            return Err(wrong(field, what));
        }
    }
    Ok(Product {
        id,
        title,
        text,
        attributes: attributes(given.attributes)?,
        image: given
            .image
            .map(|one| image("image", one))
            .transpose()?
            .flatten(),
    }
    .sorted())
}

fn check_id(id: &str) -> Result<(), Wrong> {
    let what = match id.len() {
        0 => "the id is empty".to_owned(),
        length if length > MAX_ID => format!("the id has {length} bytes, the most is {MAX_ID}"),
        _ if id.chars().any(char::is_control) => "the id has a control character".to_owned(),
        _ => return Ok(()),
    };
    Err(wrong("id", what))
}

fn attributes(given: HashMap<String, v1::AttributeValue>) -> Result<Vec<(String, String)>, Wrong> {
    let mut attributes = Vec::with_capacity(given.len());
    for (name, value) in given {
        let field = || format!("attributes[{name}]");
        if name.trim().is_empty() {
            return Err(wrong("attributes", "an attribute has no name"));
        }
        let values = value.kind.map(as_texts).transpose();
        let values = values.map_err(|what| wrong(field(), what))?;
        for value in values.unwrap_or_default() {
            let value = clean(&value);
            if value.len() > MAX_TEXT {
                let length = value.len();
                let what = format!("the value has {length} bytes, the most is {MAX_TEXT}");
                return Err(wrong(field(), what));
            }
            if !value.is_empty() {
                attributes.push((name.clone(), value));
            }
        }
    }
    Ok(attributes)
}

/// A value as the texts that a catalog keeps, each of which is a value of its own.
fn as_texts(kind: Kind) -> Result<Vec<String>, String> {
    Ok(vec![match kind {
        Kind::Texts(texts) => return Ok(texts.values),
        Kind::Numbers(numbers) => return numbers.values.into_iter().map(finite).collect(),
        Kind::Text(text) => text,
        Kind::Number(number) => with_unit(finite(number.value)?, &number.unit),
        Kind::Money(money) => money_text(&money)?,
        Kind::Boolean(yes) => yes.to_string(),
        Kind::Date(date) => date_text(&date)?,
    }])
}

fn finite(number: f64) -> Result<String, String> {
    if number.is_finite() {
        return Ok(number.to_string());
    }
    Err(format!("{number} is not a finite number"))
}

fn with_unit(number: String, unit: &str) -> String {
    match unit.trim() {
        "" => number,
        unit => format!("{number} {unit}"),
    }
}

fn money_text(money: &v1::Money) -> Result<String, String> {
    let amount = money.amount.trim();
    let digits = amount.strip_prefix('-').unwrap_or(amount);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return Err(format!("`{amount}` is not an amount such as 29.99"));
    }
    let currency = money.currency.trim();
    let is_code = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
    if !currency.is_empty() && !is_code {
        return Err(format!("`{currency}` is not a currency such as EUR"));
    }
    Ok(with_unit(amount.to_owned(), currency))
}

fn date_text(date: &v1::Date) -> Result<String, String> {
    let v1::Date { year, month, day } = *date;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let is_day =
        (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=last).contains(&day);
    let text = format!("{year:04}-{month:02}-{day:02}");
    if is_day {
        Ok(text)
    } else {
        Err(format!("{text} is not a day"))
    }
}

/// The reference of the picture that a field holds; none where it holds nothing.
pub(crate) fn image(field: &str, given: v1::Image) -> Result<Option<String>, Wrong> {
    match given.source {
        None => Ok(None),
        Some(Source::Uri(uri)) => {
            let uri = uri.trim();
            if uri.len() > MAX_TEXT {
                let what = format!("the URI has {} bytes, the most is {MAX_TEXT}", uri.len());
                return Err(wrong(format!("{field}.uri"), what));
            }
            Ok((!uri.is_empty()).then(|| uri.to_owned()))
        }
        Some(Source::Data(data)) if data.len() > MAX_IMAGE => {
            let what = format!(
                "the picture has {} bytes, the most is {MAX_IMAGE}",
                data.len()
            );
            Err(wrong(format!("{field}.data"), what))
        }
        Some(Source::Data(data)) => {
            let uri = picture::to_uri(&data, &given.media_type);
            uri.map(Some)
                .map_err(|what| wrong(format!("{field}.media_type"), what))
        }
    }
}

/// The category that a reference names.
pub(crate) fn category(
    given: &v1::CategoryRef,
    taxonomy: &Taxonomy,
) -> Result<CategoryIndex, String> {
    if !given.id.is_empty() {
        let unknown = || format!("no category has the id `{}`", given.id);
        return taxonomy.by_id(&given.id).ok_or_else(unknown);
    }
    if given.path.trim().is_empty() {
        return Err("the category has neither an id nor a path".to_owned());
    }
    taxonomy
        .resolve(&given.path)
        .map_err(|error| error.to_string())
}

/// A category as a reference.
pub(crate) fn category_ref(category: CategoryIndex, taxonomy: &Taxonomy) -> v1::CategoryRef {
    v1::CategoryRef {
        id: taxonomy.category(category).id.clone(),
        path: taxonomy.path(category),
    }
}

/// A product as the catalog `catalog` has it.
pub(crate) fn stored(found: StoredProduct, catalog: &str, taxonomy: &Taxonomy) -> v1::Product {
    let etag = etag(&found, taxonomy);
    let StoredProduct {
        product,
        label,
        decision,
    } = found;
    v1::Product {
        name: crate::names::of_product(catalog, &product.id),
        id: product.id,
        title: product.title,
        text: product.text,
        attributes: of_texts(&product.attributes),
        image: product.image.map(picture::from_uri),
        label: label.map(|label| category_ref(label, taxonomy)),
        decision: decision.map(|decision| v1::KeptDecision {
            category: Some(match decision.category {
                Some(category) => category_ref(category, taxonomy),
                None => v1::CategoryRef {
                    id: decision.category_id,
                    path: String::new(),
                },
            }),
            confidence: decision.confidence,
            method: decision.method,
        }),
        etag,
    }
}

/// Changes with everything that is known of a product.
pub(crate) fn etag(found: &StoredProduct, taxonomy: &Taxonomy) -> String {
    let mut hasher = Xxh3::new();
    hasher.update(&found.product.content_hash().to_le_bytes());
    if let Some(label) = found.label {
        hasher.update(b"label");
        hasher.update(taxonomy.category(label).id.as_bytes());
    }
    if let Some(decision) = &found.decision {
        hasher.update(b"decision");
        hasher.update(decision.category_id.as_bytes());
        hasher.update(&decision.confidence.to_le_bytes());
        hasher.update(decision.method.as_bytes());
    }
    format!("{:016x}", hasher.digest())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: Kind) -> Result<String, String> {
        as_texts(kind).map(|texts| texts.join("|"))
    }

    #[test]
    fn values_are_kept_as_the_texts_that_the_contract_tells() {
        let number = |value, unit: &str| {
            Kind::Number(v1::Quantity {
                value,
                unit: unit.to_owned(),
            })
        };
        let money = |amount: &str, currency: &str| {
            Kind::Money(v1::Money {
                amount: amount.to_owned(),
                currency: currency.to_owned(),
            })
        };
        let date = |year, month, day| Kind::Date(v1::Date { year, month, day });
        let texts = Kind::Texts(v1::TextList {
            values: vec!["red".into(), "blue".into()],
        });
        let numbers = Kind::Numbers(v1::NumberList {
            values: vec![1.0, 2.5],
        });
        for (kind, wanted) in [
            (Kind::Text("red".into()), "red"),
            (number(1.7, "l"), "1.7 l"),
            (number(40.0, ""), "40"),
            (money("29.99", "EUR"), "29.99 EUR"),
            (money("-5", ""), "-5"),
            (Kind::Boolean(true), "true"),
            (date(2024, 2, 29), "2024-02-29"),
            (texts, "red|blue"),
            (numbers, "1|2.5"),
        ] {
            assert_eq!(text(kind).as_deref(), Ok(wanted));
        }
        for kind in [
            number(f64::NAN, ""),
            number(f64::INFINITY, ""),
            money("29,99", "EUR"),
            money("", "EUR"),
            money("1.", ""),
            money("1", "euro"),
            date(2023, 2, 29),
            date(2024, 4, 31),
            date(2024, 13, 1),
            date(0, 1, 1),
        ] {
            assert!(text(kind.clone()).is_err(), "{kind:?}");
        }
    }

    #[test]
    fn a_product_that_cannot_be_kept_names_the_field() {
        let base = v1::Product {
            id: "1".into(),
            title: "Kettle".into(),
            ..v1::Product::default()
        };
        assert!(product(base.clone(), true).is_ok());
        type Change = fn(&mut v1::Product);
        let changes: [(Change, &str); 6] = [
            (|p| p.id.clear(), "id"),
            (|p| p.id = "a\nb".into(), "id"),
            (|p| p.id = "x".repeat(MAX_ID + 1), "id"),
            (|p| p.title = " ".into(), "title"),
            (|p| p.title = "x".repeat(MAX_TITLE + 1), "title"),
            (|p| p.text = "x".repeat(MAX_TEXT + 1), "text"),
        ];
        for (change, field) in changes {
            let mut given = base.clone();
            change(&mut given);
            assert_eq!(product(given, true).unwrap_err().field, field);
        }
    }
}
