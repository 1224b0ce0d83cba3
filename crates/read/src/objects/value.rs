//! Values of JSON, in which a key may stand twice.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

/// The value that a text is, and the first key in it that stands twice in one object with
/// another value.
///
/// # Errors
/// Why it is no value.
pub(super) fn value_of(text: &str) -> serde_json::Result<(Value, Option<String>)> {
    let repeated = RefCell::new(None);
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Values(&repeated).deserialize(&mut json)?;
    json.end()?;
    Ok((value, repeated.into_inner()))
}

/// Makes values, and keeps the first key that stands twice.
#[derive(Clone, Copy)]
struct Values<'r>(&'r RefCell<Option<String>>);

impl<'de> DeserializeSeed<'de> for Values<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_bool<E: Error>(self, is: bool) -> Result<Value, E> {
        Ok(Value::Bool(is))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(self)? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            let value = fields.next_value_seed(self)?;
            match object.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(value);
                }
                Entry::Occupied(mut place) => {
                    let is_other = *place.get() != value;
                    place.insert(value);
                    if is_other {
                        self.0
                            .borrow_mut()
                            .get_or_insert_with(|| place.key().clone());
                    }
                }
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_the_library_and_repeated_keys_are_told() {
        for text in [
            r#"{"a":[1,-2,3.5,1e3,18446744073709551615,null,true],"b":{"c":"d\n"}}"#,
            "[]",
            "\"x\"",
            "7",
        ] {
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(value_of(text).unwrap(), (expected, None));
        }
        for text in ["{\"a\":1} 2", "{\"a\"", "nul", ""] {
            let expected = serde_json::from_str::<Value>(text).unwrap_err().to_string();
            assert_eq!(value_of(text).unwrap_err().to_string(), expected);
        }
        let (value, repeated) = value_of(r#"{"a":{"b":1,"c":0,"b":2},"c":1}"#).unwrap();
        assert_eq!(
            (&value["a"]["b"], repeated),
            (&2.into(), Some("b".to_owned()))
        );
        assert_eq!(value_of(r#"{"a":1,"a":1}"#).unwrap().1, None);
    }
}
