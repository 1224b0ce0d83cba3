//! From JSON, a path and a query to the message of a request.

use axum::http::Uri;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use serde_json::{Map, Value as Json};
use tonic::Status;

use super::routes::Part;
use crate::limits::malformed;
use crate::reason::{Reason, Refusal, refuse};

/// What the reader of JSON says before the name of a field that it does not know.
const UNKNOWN: &str = "unrecognized field name '";

/// What path and query say of a request.
#[derive(Debug)]
pub(crate) struct Outside {
    input: MessageDescriptor,
    part: Part,
    /// Fields of the path with their values.
    path: Vec<(FieldDescriptor, String)>,
    /// Fields of the query.
    query: Map<String, Json>,
}

impl Outside {
    /// Reads a query.
    ///
    /// # Errors
    /// A status for a field that the request has not, that stands elsewhere, or whose
    /// value cannot be read.
    pub(crate) fn read(
        input: &MessageDescriptor,
        part: Part,
        path: &[(&str, String)],
        uri: &Uri,
    ) -> Result<Self, Status> {
        let known = |(field, value): &(&str, String)| {
            let field = input.get_field_by_name(field)?;
            Some((field, value.clone()))
        };
        let mut outside = Self {
            input: input.clone(),
            part,
            path: path.iter().filter_map(known).collect(),
            query: Map::new(),
        };
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            outside.take(&name, &value)?;
        }
        Ok(outside)
    }

    /// Takes a field of the query.
    fn take(&mut self, name: &str, value: &str) -> Result<(), Status> {
        let elsewhere = |place: &str| {
            let what = format!("`{name}` stands in the {place} of this call, not in its query");
            Err(Refusal::of_field(name, what).status())
        };
        let first = name.split('.').next().unwrap_or_default();
        let is = |field: &FieldDescriptor| field.name() == first || field.json_name() == first;
        if self.path.iter().any(|(field, _)| is(field)) {
            return elsewhere("path");
        }
        match &self.part {
            Part::Whole => return elsewhere("body"),
            Part::Field(field) if is(field) => return elsewhere("body"),
            _ => {}
        }
        put(&mut self.query, &self.input, name, name, value)
    }

    /// The message of a request, with what its body says.
    ///
    /// # Errors
    /// A status for a body that is not what the contract says.
    pub(crate) fn message(&self, body: &[u8]) -> Result<DynamicMessage, Status> {
        let blank = body.iter().all(u8::is_ascii_whitespace);
        let mut message = match &self.part {
            Part::Whole if !blank => parse(&self.input, body)?,
            Part::Nothing if !blank => {
                let what = "the call takes no body; its fields stand in path and query";
                return Err(refuse(Reason::Malformed, what).status());
            }
            Part::Field(field) if !blank => {
                let mut all = self.query.clone();
                let value =
                    serde_json::from_slice(body).map_err(|error| malformed(&error.to_string()))?;
                all.insert(field.json_name().to_owned(), value);
                read(&self.input, &Json::Object(all))?
            }
            _ => read(&self.input, &Json::Object(self.query.clone()))?,
        };
        for (field, value) in &self.path {
            let there = message.get_field(field).into_owned();
            if there
                .as_str()
                .is_some_and(|there| !there.is_empty() && there != value)
            {
                let name = field.name();
                let what = format!("`{name}` of the body is another than in the path, `{value}`");
                return Err(Refusal::of_field(name, what).status());
            }
            message.set_field(field, Value::String(value.clone()));
        }
        Ok(message)
    }
}

/// Puts a value of a query where its name, whose parts are divided by dots, says.
fn put(
    into: &mut Map<String, Json>,
    message: &MessageDescriptor,
    name: &str,
    left: &str,
    value: &str,
) -> Result<(), Status> {
    let wrong = |what: String| Err(Refusal::of_field(name, what).status());
    let (first, rest) = left.split_once('.').unwrap_or((left, ""));
    let field = message.get_field_by_json_name(first);
    let Some(field) = field.or_else(|| message.get_field_by_name(first)) else {
        return wrong(format!("the call has no field `{name}`"));
    };
    let key = field.json_name().to_owned();
    let nested = match field.kind() {
        Kind::Message(inner) if !rest.is_empty() && !field.is_list() && !field.is_map() => inner,
        _ if !rest.is_empty() => return wrong(format!("`{first}` has no fields of its own")),
        kind => {
            let value = scalar(name, &kind, value)?;
            return match into.get_mut(&key) {
                Some(Json::Array(values)) => {
                    values.push(value);
                    Ok(())
                }
                Some(_) => wrong(format!("`{name}` is given twice")),
                None if field.is_list() => {
                    into.insert(key, Json::Array(vec![value]));
                    Ok(())
                }
                None => {
                    into.insert(key, value);
                    Ok(())
                }
            };
        }
    };
    match into.entry(key).or_insert_with(|| Json::Object(Map::new())) {
        Json::Object(inside) => put(inside, &nested, name, rest, value),
        _ => wrong(format!("`{first}` is given twice")),
    }
}

/// A value of a query as JSON has it. Numbers may be texts there.
fn scalar(name: &str, kind: &Kind, value: &str) -> Result<Json, Status> {
    let number = || value.parse::<i32>().ok().map(Json::from);
    Ok(match kind {
        Kind::Bool => match value {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            _ => {
                let what = format!("`{name}` is `{value}`, and can be `true` or `false`");
                return Err(Refusal::of_field(name, what).status());
            }
        },
        Kind::Enum(_) => number().unwrap_or_else(|| Json::from(value)),
        _ => Json::from(value),
    })
}

/// Reads a message from the text of a body.
fn parse(input: &MessageDescriptor, text: &[u8]) -> Result<DynamicMessage, Status> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let message = from(input, &mut reader)?;
    reader
        .end()
        .map_err(|error| malformed(&error.to_string()))?;
    Ok(message)
}

fn read(input: &MessageDescriptor, value: &Json) -> Result<DynamicMessage, Status> {
    from(input, value)
}

/// Reads a message. What is wrong is told with the field that it stands in.
fn from<'de, D>(input: &MessageDescriptor, reader: D) -> Result<DynamicMessage, Status>
where
    D: serde::Deserializer<'de>,
    D::Error: std::fmt::Display,
{
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(reader, &mut track);
    DynamicMessage::deserialize(input.clone(), tracked).map_err(|error| {
        let what = error.to_string();
        let path = path(track.path(), &what);
        if path.is_empty() {
            return malformed(&what);
        }
        let refusal = refuse(
            Reason::Malformed,
            format!("the message cannot be read: `{path}`: {what}"),
        );
        refusal.with_field(path, what).status()
    })
}

/// Where a fault is: the path of a field, of which an unknown one is the last part.
fn path(known: serde_path_to_error::Path, what: &str) -> String {
    let known = known.to_string();
    let known = if known == "." { "" } else { &known };
    let unknown = what.strip_prefix(UNKNOWN);
    match unknown.and_then(|name| name.split('\'').next()) {
        Some(name) if known.is_empty() => name.to_owned(),
        Some(name) => format!("{known}.{name}"),
        None => known.to_owned(),
    }
}
