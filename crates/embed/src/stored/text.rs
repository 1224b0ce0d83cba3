//! A stored spec as a text, and back.

use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;

use super::{StoredSpec, StoredStudent};
use crate::{Error, Spec};

const POOLING: &str = ",pooling=";
const MAX_LENGTH: &str = ",max-length=";
const QUERIES: &str = ",queries=";
/// Between a student and its teacher.
const TAUGHT_BY: &str = ";teacher=";

impl fmt::Display for StoredSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(StoredStudent { file, queries }) = &self.student {
            let file = print_spec(&Spec::Distilled(file.clone()));
            write!(f, "{file}{QUERIES}{}{TAUGHT_BY}", queries.as_str())?;
        }
        f.write_str(&print_spec(&self.spec))?;
        if let Some(pooling) = &self.pooling {
            write!(f, "{POOLING}{pooling}")?;
        }
        if let Some(length) = self.max_length {
            write!(f, "{MAX_LENGTH}{length}")?;
        }
        Ok(())
    }
}

impl FromStr for StoredSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let strange = |_| Error::Stored {
            given: text.to_owned(),
        };
        if let Some((student, teacher)) = text.split_once(TAUGHT_BY) {
            match parse_student(student) {
                Some(student) => {
                    return Ok(Self {
                        student: Some(student),
                        ..parse_model(teacher).map_err(strange)?
                    });
                }
                None if student.starts_with("distilled:") => {
                    return Err(Error::Stored {
                        given: text.to_owned(),
                    });
                }
                // A folder may be named so.
                None => {}
            }
        }
        parse_model(text).map_err(strange)
    }
}

fn parse_model(text: &str) -> Result<StoredSpec, Error> {
    let (rest, max_length) = option(text, MAX_LENGTH);
    let (spec, pooling) = option(rest, POOLING);
    Ok(StoredSpec {
        spec: parse_spec(spec)?,
        pooling,
        max_length,
        student: None,
    })
}

fn parse_student(text: &str) -> Option<StoredStudent> {
    let (spec, queries) = option(text, QUERIES);
    match parse_spec(spec) {
        Ok(Spec::Distilled(file)) => Some(StoredStudent {
            file,
            queries: queries?,
        }),
        _ => None,
    }
}

/// What `key` gives at the end of a text, and the text before it. What is no
/// value belongs to the path before.
fn option<'t, T: FromStr>(text: &'t str, key: &str) -> (&'t str, Option<T>) {
    let split = text.rsplit_once(key);
    match split.and_then(|(rest, value)| Some((rest, value.parse().ok()?))) {
        Some((rest, value)) => (rest, Some(value)),
        None => (text, None),
    }
}

fn print_spec(spec: &Spec) -> String {
    match spec {
        Spec::Bundled | Spec::BundledEnglish => spec.to_string(),
        Spec::Fastembed(name) => format!("fastembed:{}", quoted(name.as_bytes())),
        Spec::Dir(path) => format!("dir:{}", quoted(path.as_os_str().as_encoded_bytes())),
        Spec::Distilled(path) => {
            format!("distilled:{}", quoted(path.as_os_str().as_encoded_bytes()))
        }
        Spec::Static(path) => format!("static:{}", quoted(path.as_os_str().as_encoded_bytes())),
    }
}

fn parse_spec(text: &str) -> Result<Spec, Error> {
    let strange = || Error::Spec {
        given: text.to_owned(),
    };
    let Some((kind, value)) = text.split_once(':') else {
        return text.parse();
    };
    let Some(value) = unquoted(value) else {
        return text.parse();
    };
    let value = value
        .filter(|value| !value.is_empty())
        .ok_or_else(strange)?;
    match kind {
        "fastembed" => value
            .into_string()
            .map(Spec::Fastembed)
            .map_err(|_| strange()),
        "dir" => Ok(Spec::Dir(value.into())),
        "distilled" => Ok(Spec::Distilled(value.into())),
        "static" => Ok(Spec::Static(value.into())),
        _ => Err(strange()),
    }
}

/// A path or name as it is, or in quotes if what is read back would be another.
fn quoted(bytes: &[u8]) -> String {
    let keys = [POOLING, MAX_LENGTH, QUERIES, TAUGHT_BY];
    if let Ok(text) = std::str::from_utf8(bytes)
        && !text.starts_with('"')
        && text.trim() == text
        && !keys.iter().any(|key| text.contains(key))
    {
        return text.to_owned();
    }
    let mut printed = String::from('"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '%' | ',' | ';' | '"' => printed.push_str(&format!("%{:02X}", character as u32)),
                other => printed.push(other),
            }
        }
        for byte in chunk.invalid() {
            printed.push_str(&format!("%{byte:02X}"));
        }
    }
    printed.push('"');
    printed
}

/// What stands in quotes, if anything does; within, nothing if it is not what
/// [`quoted`] writes.
fn unquoted(text: &str) -> Option<Option<OsString>> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut parts = inner.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte = part
            .get(..2)
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        let (Some(byte), Some(rest)) = (byte, part.get(2..)) else {
            return Some(None);
        };
        bytes.push(byte);
        bytes.extend_from_slice(rest.as_bytes());
    }
    Some(os_string(bytes))
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> Option<OsString> {
    Some(std::os::unix::ffi::OsStringExt::from_vec(bytes))
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> Option<OsString> {
    String::from_utf8(bytes).ok().map(OsString::from)
}

#[cfg(test)]
mod tests;
