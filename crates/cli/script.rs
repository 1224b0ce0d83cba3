//! What names are written in.

use std::fmt;

use unicode_script::{Script as Unicode, UnicodeScript};

/// A script other than Latin, in which most of some names are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    /// Chinese characters.
    Han,
    /// Chinese characters among kana.
    Japanese,
    Hangul,
    Cyrillic,
    Greek,
    Arabic,
    Hebrew,
    Devanagari,
    Thai,
    /// Another one.
    Other,
}

impl Script {
    /// The script of most letters; none for Latin, and where there are no letters.
    pub(crate) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Option<Self> {
        let (mut letters, mut latin) = (0, 0);
        let mut others: Vec<(Self, usize)> = Vec::new();
        let scripts = texts.flat_map(str::chars).filter(|c| c.is_alphabetic());
        for script in scripts.map(|letter| letter.script()) {
            // Signs that many scripts share tell nothing.
            if matches!(script, Unicode::Common | Unicode::Inherited) {
                continue;
            }
            letters += 1;
            match Self::known(script) {
                None => latin += 1,
                Some(script) => match others.iter_mut().find(|(one, _)| *one == script) {
                    Some((_, count)) => *count += 1,
                    None => others.push((script, 1)),
                },
            }
        }
        if latin * 2 >= letters {
            return None;
        }
        let has = |script| others.iter().any(|(one, _)| *one == script);
        let most = others.iter().max_by_key(|(_, count)| *count);
        most.map(|(script, _)| match script {
            // Chinese has no kana.
            Self::Han if has(Self::Japanese) => Self::Japanese,
            script => *script,
        })
    }

    /// Which one it is; none for Latin.
    fn known(script: Unicode) -> Option<Self> {
        Some(match script {
            Unicode::Latin => return None,
            Unicode::Greek => Self::Greek,
            Unicode::Cyrillic => Self::Cyrillic,
            Unicode::Hebrew => Self::Hebrew,
            Unicode::Arabic => Self::Arabic,
            Unicode::Devanagari => Self::Devanagari,
            Unicode::Thai => Self::Thai,
            Unicode::Hiragana | Unicode::Katakana => Self::Japanese,
            Unicode::Hangul => Self::Hangul,
            Unicode::Han => Self::Han,
            _ => Self::Other,
        })
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Han => "Chinese characters",
            Self::Japanese => "Japanese",
            Self::Hangul => "Hangul",
            Self::Cyrillic => "Cyrillic letters",
            Self::Greek => "Greek letters",
            Self::Arabic => "Arabic letters",
            Self::Hebrew => "Hebrew letters",
            Self::Devanagari => "Devanagari",
            Self::Thai => "Thai letters",
            Self::Other => "other letters than Latin ones",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_the_script_of_most_letters() {
        for (texts, script) in [
            (&["Shoes", "Büromöbel", "Đèn bàn"][..], None),
            (&["运动鞋", "跑步鞋"], Some(Script::Han)),
            (&["手机 iPhone", "电脑、办公设备"], Some(Script::Han)),
            (&["USB cables (线)"], None),
            (&["靴", "ランニングシューズ"], Some(Script::Japanese)),
            (&["男性用靴下、靴、傘", "の"], Some(Script::Japanese)),
            (&["운동화"], Some(Script::Hangul)),
            (&["Обувь"], Some(Script::Cyrillic)),
            (&["जूते"], Some(Script::Devanagari)),
            (&["أحذية"], Some(Script::Arabic)),
            (&["1.5", "—"], None),
            (&[], None),
        ] {
            assert_eq!(Script::of(texts.iter().copied()), script, "{texts:?}");
        }
    }
}
