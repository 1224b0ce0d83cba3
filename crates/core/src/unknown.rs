//! Texts of which an embedder has learned nothing.

use std::collections::BTreeMap;

use unicode_script::{Script, UnicodeScript};

use crate::compose::TextInput;
use crate::embedder::Embedder;

/// An embedder knows nothing of a text of which it knows less than this share: sizes and
/// punctuation are in every text.
const LEAST_KNOWN: f32 = 0.1;

/// What texts without letters are counted as.
const NO_SCRIPT: &str = "without letters";

/// Whether an embedder has learned anything of what a text has, without which its vector
/// means nothing; none if the embedder cannot tell.
pub fn knows(embedder: &dyn Embedder, text: TextInput<'_>) -> Option<bool> {
    is_known(embedder.known_share(text))
}

/// [`knows`] for each of many texts.
pub fn knows_each(embedder: &dyn Embedder, texts: &[TextInput<'_>]) -> Vec<Option<bool>> {
    let shares = embedder.known_shares(texts).into_iter();
    shares.map(is_known).collect()
}

fn is_known(share: Option<f32>) -> Option<bool> {
    share.map(|share| share >= LEAST_KNOWN)
}

/// How many texts were looked at, and of how many the embedder knows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownTexts {
    /// Texts that were looked at, by an embedder that can tell.
    pub seen: u64,
    /// Those of which it knows nothing, by the script that most of their letters are of.
    pub by_script: BTreeMap<&'static str, u64>,
}

impl UnknownTexts {
    /// Looks at a text.
    pub fn look(&mut self, embedder: &dyn Embedder, text: TextInput<'_>) {
        self.count(text, knows(embedder, text));
    }

    /// Counts a text of which [`knows`] gave that.
    pub fn count(&mut self, text: TextInput<'_>, knows: Option<bool>) {
        self.seen += u64::from(knows.is_some());
        if knows == Some(false) {
            *self.by_script.entry(script(text)).or_default() += 1;
        }
    }

    /// Texts of which the embedder knows nothing.
    pub fn unknown(&self) -> u64 {
        self.by_script.values().sum()
    }
}

/// The script that most letters of a text are of; of equals the first by name.
fn script(text: TextInput<'_>) -> &'static str {
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    let composed = text.composed();
    for script in composed.chars().map(|c| c.script()) {
        if !matches!(script, Script::Common | Script::Inherited | Script::Unknown) {
            *counts.entry(script.full_name()).or_default() += 1;
        }
    }
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map_or(NO_SCRIPT, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_counted_by_the_script_of_most_of_their_letters() {
        let mut unknown = UnknownTexts::default();
        for (text, knows) in [
            ("स्टील की बोतल 500 ml", Some(false)),
            ("लोहे का बर्तन", Some(false)),
            ("หม้อเหล็ก", Some(false)),
            ("🍳🍳", Some(false)),
            ("red kettle", Some(true)),
            ("who knows", None),
        ] {
            unknown.count(TextInput::plain(text), knows);
        }
        let expected = [("Devanagari", 2), ("Thai", 1), (NO_SCRIPT, 1)];
        assert_eq!(unknown.by_script, BTreeMap::from(expected));
        assert_eq!((unknown.seen, unknown.unknown()), (5, 4));
    }
}
