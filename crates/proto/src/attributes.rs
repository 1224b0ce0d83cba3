//! Attributes as pairs of texts, which a name may have several of, for the contract.

use std::collections::HashMap;

use crate::v1::attribute_value::Kind;
use crate::v1::{AttributeValue, TextList};

/// Values by name, of pairs of a name and a text that are sorted by name.
///
/// ```
/// use assort_proto::attributes::of_texts;
///
/// let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
/// let values = of_texts(&[pair("brand", "HP"), pair("size", "S"), pair("size", "M")]);
/// assert_eq!(values.len(), 2);
/// ```
pub fn of_texts(pairs: &[(String, String)]) -> HashMap<String, AttributeValue> {
    let same = pairs.chunk_by(|a, b| a.0 == b.0);
    let values = same.filter_map(|same| {
        let kind = match same {
            [(_, one)] => Kind::Text(one.clone()),
            several => Kind::Texts(TextList {
                values: several.iter().map(|(_, value)| value.clone()).collect(),
            }),
        };
        let (name, _) = same.first()?;
        Some((name.clone(), AttributeValue { kind: Some(kind) }))
    });
    values.collect()
}
