//! What names are written in.

use std::fmt;

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
        for character in texts.flat_map(str::chars).filter(|c| c.is_alphabetic()) {
            letters += 1;
            match Self::of_letter(character) {
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

    /// The script of a letter; none for Latin.
    fn of_letter(letter: char) -> Option<Self> {
        Some(match letter {
            '\u{0}'..='\u{36f}' | '\u{1e00}'..='\u{1eff}' | '\u{ff21}'..='\u{ff5a}' => return None,
            '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Self::Greek,
            '\u{400}'..='\u{52f}' => Self::Cyrillic,
            '\u{590}'..='\u{5ff}' => Self::Hebrew,
            '\u{600}'..='\u{77f}' => Self::Arabic,
            '\u{900}'..='\u{97f}' => Self::Devanagari,
            '\u{e00}'..='\u{e7f}' => Self::Thai,
            '\u{3040}'..='\u{30ff}' => Self::Japanese,
            '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7af}' => {
                Self::Hangul
            }
            '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => {
                Self::Han
            }
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
