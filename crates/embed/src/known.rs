//! What is known of models by their names, from their cards: languages, sizes, and what
//! is to stand before texts.

use std::fmt;

/// Languages that a model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Languages {
    /// English; other languages badly.
    English,
    /// Chinese and some English.
    Chinese,
    /// About so many languages.
    Many(u16),
}

impl fmt::Display for Languages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::English => f.write_str("English"),
            Self::Chinese => f.write_str("Chinese"),
            Self::Many(count) => write!(f, "{count} languages"),
        }
    }
}

/// What is known of a model.
#[derive(Debug)]
pub(crate) struct Card {
    /// Words that its name, or that of its repository, has.
    words: &'static [&'static str],
    pub(crate) languages: Languages,
    /// Layers, and how wide they are.
    layers: u32,
    width: u32,
    /// Millions of parameters.
    pub(crate) millions: u32,
    /// Titles a second on two cores, if that was measured.
    measured: Option<u32>,
    /// What is to stand before queries and before documents.
    pub(crate) prompts: (&'static str, &'static str),
    /// What it is for, if there is more to say than what it is.
    pub(crate) purpose: Option<&'static str>,
}

/// How many titles a second an embedder reads on two cores, about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Titles a second.
    pub titles: u32,
    /// Whether it was measured; otherwise it is estimated, by layers and their width,
    /// from that of MiniLM-L6.
    pub measured: bool,
}

/// What static embeddings do at least on two cores.
pub(crate) const STATIC_RATE: Rate = Rate {
    titles: 100_000,
    measured: true,
};

/// Titles a second of MiniLM-L6 on two cores, and what it computes for a token. Others
/// are slower as they compute more.
const MINILM_RATE: u32 = 263;
const MINILM_WORK: u32 = 6 * 384 * 384;

const NOMIC: (&str, &str) = ("search_query: ", "search_document: ");
const FOR_SEARCHING: (&str, &str) = (
    "Represent this sentence for searching relevant passages: ",
    "",
);
/// Titles and categories are short texts of one kind, for which e5's card recommends
/// `query: ` on both sides. docs/embedders.md has the figures of the other ways.
const E5: (&str, &str) = ("query: ", "query: ");
const GEMMA: (&str, &str) = ("task: search result | query: ", "title: none | text: ");

/// All models that are known; of several whose words fit, the first.
///
/// BGE has no prompts here: its cards want an instruction for short queries against long
/// passages alone.
#[rustfmt::skip]
const CARDS: &[Card] = {
    use Languages::{Chinese, English, Many};
    const LONG: &str = "English shops with long texts";
    &[
        model(&["multilingual", "e5", "small"], Many(100), 12, 384, 118).prompts(E5).measured(130)
            .purpose("Chinese and other languages: files best where labels are few"),
        model(&["multilingual", "e5", "base"], Many(100), 12, 768, 278).prompts(E5),
        model(&["multilingual", "e5", "large"], Many(100), 24, 1024, 560).prompts(E5),
        model(&["e5", "small"], English, 12, 384, 33).prompts(E5),
        model(&["e5", "base"], English, 12, 768, 109).prompts(E5),
        model(&["e5", "large"], English, 24, 1024, 335).prompts(E5),
        model(&["use", "multilingual"], Many(16), 0, 512, 69).measured(1_173)
            .purpose("16 languages, at many titles a second"),
        model(&["multilingual", "minilm", "l12"], Many(50), 12, 384, 118),
        model(&["multilingual", "mpnet", "base"], Many(50), 12, 768, 278),
        model(&["minilm", "l6"], English, 6, 384, 23).measured(MINILM_RATE)
            .purpose("English shops: small, and files well without labels"),
        model(&["minilm", "l12"], English, 12, 384, 33),
        model(&["mpnet", "base"], English, 12, 768, 109),
        model(&["bge", "small", "zh"], Chinese, 4, 512, 24),
        model(&["bge", "large", "zh"], Chinese, 24, 1024, 326),
        model(&["bge", "m3"], Many(100), 24, 1024, 568).purpose("many languages, long texts"),
        model(&["bge", "small", "en"], English, 12, 384, 33),
        model(&["bge", "base", "en"], English, 12, 768, 109),
        model(&["bge", "large", "en"], English, 24, 1024, 335),
        model(&["nomic", "embed", "text"], English, 12, 768, 137).prompts(NOMIC).purpose(LONG),
        model(&["modernbert", "embed", "large"], English, 28, 1024, 395).prompts(NOMIC),
        model(&["modernbert", "embed", "base"], English, 22, 768, 149).prompts(NOMIC),
        model(&["mxbai", "embed", "large"], English, 24, 1024, 335).prompts(FOR_SEARCHING),
        model(&["gte", "base", "en"], English, 12, 768, 137).purpose(LONG),
        model(&["gte", "large", "en"], English, 24, 1024, 434).purpose(LONG),
        model(&["clip", "vit", "b", "32"], English, 12, 512, 63).purpose("English captions of pictures"),
        model(&["jina", "v2", "code"], English, 12, 768, 161).purpose("source code, hardly for shops"),
        model(&["jina", "v2", "en"], English, 12, 768, 137).purpose(LONG),
        model(&["embeddinggemma"], Many(100), 24, 768, 308).prompts(GEMMA),
        model(&["arctic", "embed", "m", "v2"], Many(74), 12, 768, 305).prompts(("query: ", "")),
        model(&["arctic", "embed", "l", "v2"], Many(74), 24, 1024, 568).prompts(("query: ", "")),
        model(&["arctic", "embed", "xs"], English, 6, 384, 23).prompts(FOR_SEARCHING),
        model(&["arctic", "embed", "s"], English, 12, 384, 33).prompts(FOR_SEARCHING),
        model(&["arctic", "embed", "m", "long"], English, 12, 768, 137).prompts(FOR_SEARCHING),
        model(&["arctic", "embed", "m"], English, 12, 768, 109).prompts(FOR_SEARCHING),
        model(&["arctic", "embed", "l"], English, 24, 1024, 335).prompts(FOR_SEARCHING),
    ]
};

/// A model of which nothing was measured, and which wants no prompts.
const fn model(
    words: &'static [&'static str],
    languages: Languages,
    layers: u32,
    width: u32,
    millions: u32,
) -> Card {
    Card {
        words,
        languages,
        layers,
        width,
        millions,
        measured: None,
        prompts: ("", ""),
        purpose: None,
    }
}

impl Card {
    const fn prompts(mut self, prompts: (&'static str, &'static str)) -> Self {
        self.prompts = prompts;
        self
    }

    const fn measured(mut self, rate: u32) -> Self {
        self.measured = Some(rate);
        self
    }

    const fn purpose(mut self, purpose: &'static str) -> Self {
        self.purpose = Some(purpose);
        self
    }

    /// Its rate, if anything is known of it.
    pub(crate) fn rate(&self) -> Option<Rate> {
        match self.measured {
            Some(titles) => Some(Rate {
                titles,
                measured: true,
            }),
            None => estimate(self.layers.into(), self.width.into()),
        }
    }
}

/// The rate of a model of so many layers.
pub(crate) fn estimate(layers: u64, width: u64) -> Option<Rate> {
    let work = layers.checked_mul(width.checked_mul(width)?)?;
    let titles = (u64::from(MINILM_RATE) * u64::from(MINILM_WORK)).checked_div(work)?;
    // More digits would say more than is known.
    let unit = if titles < 100 { 1 } else { 10 };
    Some(Rate {
        titles: u32::try_from(titles / unit * unit).ok()?.max(1),
        measured: false,
    })
}

/// What is known of the model that is called so, or that lives in a repository of this
/// name.
pub(crate) fn find(name: &str) -> Option<&'static Card> {
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    // These want an instruction for each task, which nobody has given.
    if words.contains(&"instruct") {
        return None;
    }
    let fits = |known: &&Card| known.words.iter().all(|word| words.contains(word));
    CARDS.iter().find(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_known_by_the_words_of_their_names() {
        let languages = |name| find(name).map(|known| known.languages);
        for (name, expected) in [
            ("intfloat/multilingual-e5-small", Some(Languages::Many(100))),
            ("e5-small-multilingual", Some(Languages::Many(100))),
            ("e5-base-v2", Some(Languages::English)),
            ("minilm-l6-int8", Some(Languages::English)),
            (
                "Qdrant/paraphrase-multilingual-MiniLM-L12-v2-onnx-Q",
                Some(Languages::Many(50)),
            ),
            ("Xenova/bge-small-zh-v1.5", Some(Languages::Chinese)),
            (
                "Snowflake/snowflake-arctic-embed-m-v2.0",
                Some(Languages::Many(74)),
            ),
            ("multilingual-e5-large-instruct", None),
            ("the5-smallest", None),
        ] {
            assert_eq!(languages(name), expected, "{name}");
        }
    }

    #[test]
    fn a_rate_that_was_not_measured_is_estimated_from_one_that_was() {
        let measured = find("all-MiniLM-L6-v2").unwrap().rate().unwrap();
        let twice = find("all-MiniLM-L12-v2").unwrap().rate().unwrap();
        assert!(measured.measured && !twice.measured);
        assert_eq!(twice.titles, measured.titles / 20 * 10);
        assert_eq!(estimate(0, 384), None);
        assert_eq!(estimate(u64::MAX, 2), None);
    }
}
