//! Ways from the root of JSON to the objects that are rows.

use std::fmt;

/// A step down.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// To the value of a key of an object.
    Key(String),
    /// To each element of an array.
    Each,
    /// To the value of each key of an object.
    Any,
}

/// The way to the objects that are rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Path(pub(crate) Vec<Step>);

impl Path {
    pub(crate) fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// The way without its last step.
    pub(crate) fn outer(&self) -> Self {
        let steps = self.0.split_last().map(|(_, steps)| steps.to_vec());
        Self(steps.unwrap_or_default())
    }

    /// Whether another way is this one, with a key for each step that takes any.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let mut steps = self.0.iter().zip(&other.0);
        self.0.len() == other.0.len() && steps.all(|(own, step)| own == step || *own == Step::Any)
    }

    /// Whether there are objects on the way to others.
    pub(crate) fn leads_to(&self, other: &Self) -> bool {
        self.0.len() < other.0.len() && other.0.starts_with(&self.0)
    }

    pub(crate) fn is_array(&self) -> bool {
        self.0.contains(&Step::Each)
    }

    /// Whether the objects are values of an object, by keys that tell them apart.
    pub(crate) fn is_by_key(&self) -> bool {
        self.0.last() == Some(&Step::Any)
    }

    /// The last name on the way.
    pub(crate) fn name(&self) -> &str {
        let names = self.0.iter().rev().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Each | Step::Any => None,
        });
        names.into_iter().next().unwrap_or_default()
    }

    /// The last name on so many steps of the way.
    pub(crate) fn name_above(&self, steps: usize) -> &str {
        let names = self.0.iter().take(steps.saturating_sub(1)).rev();
        let mut names = names.filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Each | Step::Any => None,
        });
        names.next().unwrap_or_default()
    }

    /// What a file is in which the rows are there, for messages.
    pub(crate) fn format(&self) -> String {
        match self.0.as_slice() {
            [] => "JSON objects".to_owned(),
            [Step::Each] => "JSON array".to_owned(),
            [Step::Any] => "JSON, objects by key".to_owned(),
            [names @ .., Step::Any] => {
                format!("JSON, objects by key in `{}`", Self(names.to_vec()))
            }
            // One array needs no sign of which it is.
            [names @ .., Step::Each] if !names.contains(&Step::Each) => {
                format!("JSON, array `{}`", Self(names.to_vec()))
            }
            _ if self.is_array() => format!("JSON, arrays `{self}`"),
            _ => format!("JSON, object `{self}`"),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if at == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Each => f.write_str("[]")?,
                Step::Any => f.write_str("{}")?,
            }
        }
        Ok(())
    }
}
