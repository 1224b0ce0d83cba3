//! Cells that list names with values: `color=Red,size=M`, `Material:Iron:1`,
//! `{"Colour": "red"}`.

use serde_json::{Map, Value};

use crate::facts::{facts, is_of_facts};
use crate::json::{flatten, text_of};
use crate::names::plain;
use crate::sample::Sample;

/// The longest name of a fact, in letters.
const LONGEST: usize = 40;

/// How a cell lists names with values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    /// What stands between a name and its value; none in JSON.
    sign: Option<char>,
    /// What stands between two facts.
    between: char,
    /// What stands between several values of one.
    several: Option<char>,
    /// Whether what follows a second sign is no part of the value.
    has_more: bool,
}

const JSON: Form = Form {
    sign: None,
    between: ',',
    several: None,
    has_more: false,
};

/// How Magento lists them (`additional_attributes`), and eBay (`RelationshipDetails`).
const MAGENTO: Form = Form {
    sign: Some('='),
    between: ',',
    several: Some('|'),
    has_more: false,
};
const EBAY: Form = Form {
    sign: Some('='),
    between: '|',
    several: Some(';'),
    has_more: false,
};

/// How PrestaShop does: `Feature (Name:Value:Position)`.
const PRESTASHOP: Form = Form {
    sign: Some(':'),
    between: ',',
    several: None,
    has_more: true,
};

/// Whether the cells of a column of that name may list names with values.
pub(crate) fn may_list(name: &str) -> bool {
    let is_of_parts = name.contains('(') && name.contains(':') && name.contains(')');
    let is_known = || {
        let known = ["additionalattributes", "relationshipdetails"];
        known.contains(&plain(name).as_str())
    };
    is_of_parts || is_of_facts(name) || is_known()
}

impl Form {
    /// How the cells of a column list names with values, by its name and what it holds;
    /// none if they do not.
    pub(crate) fn of(name: &str, column: usize, sample: &Sample) -> Option<Self> {
        if !may_list(name) {
            return None;
        }
        let simple = plain(name);
        let known: &[Self] = match simple.as_str() {
            "additionalattributes" => &[MAGENTO],
            "relationshipdetails" => &[EBAY],
            _ if is_of_facts(name) => &[],
            _ => &[PRESTASHOP],
        };
        let general = ['\n', '|', ';', ','].into_iter().flat_map(|between| {
            ['=', ':'].map(|sign| Self {
                sign: Some(sign),
                between,
                several: None,
                has_more: false,
            })
        });
        let mut forms = known.iter().copied().chain([JSON]).chain(general);
        forms.find(|form| form.fits(column, sample))
    }

    /// Whether nearly all cells of a column are in this form, and not one each of one fact
    /// only because they have the sign.
    fn fits(self, column: usize, sample: &Sample) -> bool {
        let (mut all, mut fitting, mut most) = (0, 0, 0);
        for cell in sample.values(column) {
            all += 1;
            if let Some(facts) = self.facts(cell) {
                fitting += 1;
                most = most.max(facts.len());
            }
        }
        let is_certain = most > 1 || [MAGENTO, EBAY, PRESTASHOP, JSON].contains(&self);
        fitting > 0 && fitting * 10 >= all * 9 && is_certain
    }

    /// The names and values in a cell; none if it is not in this form.
    pub(crate) fn facts(self, cell: &str) -> Option<Vec<(String, String)>> {
        let cell = cell.trim();
        let Some(sign) = self.sign else {
            return of_json(cell);
        };
        let mut parts: Vec<String> = Vec::new();
        for part in cell.split(self.between) {
            // A comma before what has no name is a part of the value before it.
            match parts.last_mut() {
                Some(last) if !begins(part, sign) => {
                    last.push(self.between);
                    last.push_str(part);
                }
                _ => parts.push(part.to_owned()),
            }
        }
        let mut found = Vec::new();
        for part in parts.iter().filter(|part| !part.trim().is_empty()) {
            if !begins(part, sign) {
                return None;
            }
            let (name, value) = part.split_once(sign)?;
            let value = match self.has_more {
                true => value.split(sign).next().unwrap_or_default(),
                false => value,
            };
            let values: Vec<&str> = match self.several {
                Some(several) => value.split(several).collect(),
                None => vec![value],
            };
            let values = values.into_iter().map(|value| bare(value).to_owned());
            found.extend(values.map(|value| (bare(name).to_owned(), value)));
        }
        (!found.is_empty()).then_some(found)
    }
}

/// A name or a value without the quotes around it.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix('"');
    inner
        .and_then(|inner| inner.strip_suffix('"'))
        .unwrap_or(text)
}

/// Whether a part begins with the name of a fact: a few words, and the sign.
fn begins(part: &str, sign: char) -> bool {
    let Some((name, value)) = part.split_once(sign) else {
        return false;
    };
    let name = name.trim();
    let is_name = name.contains(char::is_alphabetic) && name.chars().count() <= LONGEST;
    is_name && !name.contains(['/', '<', '>', '.', '!', '?', '{']) && !value.starts_with("//")
}

/// The facts in an object of JSON, or in a list of names with values.
fn of_json(cell: &str) -> Option<Vec<(String, String)>> {
    if !cell.starts_with(['{', '[']) {
        return None;
    }
    let value: Value = serde_json::from_str(cell).ok()?;
    let object: Map<String, Value> = match value {
        Value::Object(object) => object,
        Value::Array(list) if !list.is_empty() => match facts("attributes", &list)?.1 {
            Value::Object(object) => object,
            _ => return None,
        },
        _ => return None,
    };
    let mut found = Vec::new();
    flatten(&object, &mut |name, value| {
        let mut put = |value: &Value| found.push((name.to_owned(), text_of(value, ", ")));
        match value {
            Value::Array(values) => values.iter().for_each(&mut put),
            value => put(value),
        }
    });
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::tests::sample;

    fn told(name: &str, cells: &[&str]) -> String {
        let mut sample = sample(&[]);
        for cell in cells {
            sample.add(vec![vec![(*cell).to_owned()]]);
        }
        let Some(form) = Form::of(name, 0, &sample) else {
            return "none".to_owned();
        };
        let facts = form.facts(cells[0]).unwrap_or_default();
        let facts = facts.iter().map(|(name, value)| format!("{name}={value}"));
        facts.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn platforms_list_names_with_values_in_forms_of_their_own() {
        for (name, cell, expected) in [
            (
                "additional_attributes",
                "color=Red,material=Cotton, washed,size=S|M",
                "color=Red material=Cotton, washed size=S size=M",
            ),
            (
                "Feature (Name:Value:Position:Customized)",
                "Material:Iron:1,Handle:Wood:2:1",
                "Material=Iron Handle=Wood",
            ),
            ("Merkmal (Name:Wert:Position)", "Farbe:Rot:1", "Farbe=Rot"),
            (
                "RelationshipDetails",
                "Size=S;M|Colour=Red",
                "Size=S Size=M Colour=Red",
            ),
            (
                "attributes",
                r#"{"Colour": "red", "Sizes": ["S", "M"]}"#,
                "Colour=red Sizes=S Sizes=M",
            ),
            (
                "attributes",
                r#"[{"name": "Colour", "value": "red"}]"#,
                "Colour=red",
            ),
            (
                "specs",
                "Colour: red; Width: 20 cm",
                "Colour=red Width=20 cm",
            ),
            ("properties", "Colour=red|Width=20", "Colour=red Width=20"),
        ] {
            assert_eq!(told(name, &[cell]), expected, "{cell}");
        }
    }

    #[test]
    fn other_cells_stay_as_they_are() {
        for (name, cells) in [
            ("specs", &["Made of iron", "Colour: red; Width: 20"][..]),
            ("attributes", &["https://a.example/x;https://b.example/y"]),
            ("attributes", &["12:30, 13:45"]),
            ("attributes", &["Note: keep it dry"]),
            ("notes", &["Colour: red; Width: 20"]),
            ("additional_attributes", &["none"]),
        ] {
            assert_eq!(told(name, cells), "none", "{cells:?}");
        }
    }
}
