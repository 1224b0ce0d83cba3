//! The columns of a file by their names.

use crate::language::{behind_language, without_language};
use crate::mapping::Mapping;
use crate::names::{ID, OR_TITLE, TEXT, TITLE, is_decision, plain};

/// The columns by their names.
pub(crate) struct Named<'a> {
    pub(crate) names: &'a [String],
    pub(crate) plain: Vec<String>,
    /// The same without the language that a name ends in (`name-en_US`), where it does.
    stems: Vec<Option<String>>,
    /// Columns the user gave a meaning, which no guess may take.
    pub(crate) stated: Vec<usize>,
}

impl<'a> Named<'a> {
    pub(crate) fn new(names: &'a [String], mapping: &Mapping) -> Self {
        let mut named = Self {
            names,
            plain: names.iter().map(|name| plain(name)).collect(),
            stems: names
                .iter()
                .map(|name| {
                    let last = behind_language(name).filter(|last| is_known(last));
                    let stem = last.or_else(|| without_language(name));
                    stem.filter(|_| !is_id(name)).map(plain)
                })
                .collect(),
            stated: Vec::new(),
        };
        let single = [
            &mapping.id,
            &mapping.title,
            &mapping.category,
            &mapping.image,
        ];
        let stated = single.into_iter().flatten();
        named.stated = stated
            .chain(mapping.text.iter().flatten())
            .filter_map(|name| named.named(name).ok())
            .collect();
        named
    }

    /// Columns of such names that nobody gave another meaning, the likeliest first, and
    /// then those that are called so in a language.
    pub(crate) fn guessed(
        &self,
        guesses: &'static [&'static str],
    ) -> impl Iterator<Item = usize> + Clone {
        let of = |guesses: &'static [&'static str], is: fn(&Self, usize, &str) -> bool| {
            guesses.iter().flat_map(move |guess| {
                let columns = 0..self.plain.len();
                columns.filter(move |&at| is(self, at, guess))
            })
        };
        let own = of(guesses, |named, at, guess| named.plain[at] == guess);
        let stem = of(guesses, |named, at, guess| {
            named.stems[at].as_deref() == Some(guess)
        });
        own.chain(stem).filter(|at| !self.stated.contains(at))
    }

    /// Whether the column is called so, perhaps in a language.
    pub(crate) fn is_any(&self, column: usize, names: &[&str]) -> bool {
        let stem = self.stems[column].as_deref();
        let mut own = std::iter::once(self.plain[column].as_str()).chain(stem);
        own.any(|name| names.contains(&name))
    }

    /// Whether a column is called so in a language.
    pub(crate) fn is_in_a_language(&self, column: usize) -> bool {
        self.stems[column].is_some()
    }

    /// The columns that are called as one is but for the language.
    pub(crate) fn in_other_languages(&self, column: usize) -> impl Iterator<Item = usize> {
        let stem = |at: usize| self.stems[at].as_deref();
        let own = stem(column).unwrap_or(&self.plain[column]);
        let is_kin = move |at: &usize| {
            let is_own = stem(*at) == Some(own) || stem(column).is_some() && self.plain[*at] == own;
            *at != column && is_own && !self.stated.contains(at)
        };
        (0..self.names.len()).filter(is_kin)
    }

    pub(crate) fn is_decision(&self, column: usize) -> bool {
        is_decision(&self.plain[column])
    }

    /// The column of a stated name; none for an empty one.
    pub(crate) fn stated(&self, name: &str) -> Result<Option<usize>, String> {
        match name {
            "" | "-" => Ok(None),
            name => self.named(name).map(Some),
        }
    }

    pub(crate) fn all(&self, stated: &[String]) -> Result<Vec<usize>, String> {
        let columns = stated.iter().map(|name| self.stated(name));
        columns.filter_map(Result::transpose).collect()
    }

    /// Position of the column of exactly or else roughly that name.
    fn named(&self, name: &str) -> Result<usize, String> {
        let exact = self.names.iter().position(|known| known == name.trim());
        let similar = || {
            let wanted = plain(name);
            self.plain.iter().position(|known| *known == wanted)
        };
        exact.or_else(similar).ok_or_else(|| {
            let there = self.names.join(", ");
            format!("there is no column `{name}`; the columns are {there}")
        })
    }

    pub(crate) fn missing(&self, what: &str) -> String {
        let there = self.names.join(", ");
        format!("no column looks like {what} (the columns are {there})")
    }
}

/// Whether a name is one of titles or texts.
fn is_known(name: &str) -> bool {
    let name = plain(name);
    [TITLE, OR_TITLE, TEXT]
        .iter()
        .any(|names| names.contains(&name.as_str()))
}

/// Whether a name is that of an id as it stands: `Artikel-Nr` is in no language.
fn is_id(name: &str) -> bool {
    ID.contains(&plain(name).as_str())
}
