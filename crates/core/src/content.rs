//! When two products say the same: variants of one thing, which count as one where
//! products count as evidence. A shirt in six sizes is no six opinions on shirts.

use crate::text::fold;
use crate::text_hash;

/// Words for sizes, which tell variants apart but not kinds.
const SIZES: &[&str] = &[
    "xxs", "xs", "s", "m", "l", "xl", "xxl", "xxxl", "small", "medium", "large", "size", "gr",
    "grosse", "größe", "taille", "talla", "taglia", "pcs", "pack", "cm", "mm", "ml", "kg", "oz",
    "inch",
];

/// Words for colours.
const COLOURS: &[&str] = &[
    "black",
    "white",
    "red",
    "blue",
    "green",
    "yellow",
    "grey",
    "gray",
    "brown",
    "pink",
    "purple",
    "orange",
    "beige",
    "navy",
    "silver",
    "gold",
    "golden",
    "turquoise",
    "violet",
    "ivory",
    "khaki",
    "schwarz",
    "weiß",
    "weiss",
    "rot",
    "blau",
    "grün",
    "gelb",
    "grau",
    "braun",
    "rosa",
    "lila",
    "noir",
    "blanc",
    "rouge",
    "bleu",
    "vert",
    "jaune",
    "gris",
    "negro",
    "blanco",
    "rojo",
    "azul",
    "verde",
    "amarillo",
    "nero",
    "bianco",
    "rosso",
    "blu",
    "giallo",
];

/// The same in scripts without spaces, where they stand within a run.
const WITHIN_RUNS: &[&str] = &[
    "黑色",
    "白色",
    "红色",
    "蓝色",
    "绿色",
    "黄色",
    "灰色",
    "棕色",
    "粉色",
    "紫色",
    "橙色",
    "米色",
    "银色",
    "金色",
    "咖啡色",
    "卡其色",
    "藏青色",
    "酒红色",
    "深蓝色",
    "浅蓝色",
    "深灰色",
    "浅灰色",
    "加大码",
    "均码",
    "大码",
    "小码",
    "中码",
    "大号",
    "小号",
    "中号",
    "码",
    "号",
    "毫升",
    "厘米",
    "公斤",
    "升",
];

/// A digest that products of the same content share: of the title in lower case
/// without numbers, sizes and colours, in whatever order its words stand; of the whole
/// title where nothing else is left.
pub fn content_key(title: &str) -> u128 {
    let folded = fold(title);
    let mut words: Vec<String> = folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !SIZES.contains(word) && !COLOURS.contains(word))
        .flat_map(without_numbers)
        .collect();
    words.sort_unstable();
    words.dedup();
    match words.iter().map(|word| word.chars().count()).sum::<usize>() {
        0..3 => text_hash(&folded),
        _ => text_hash(&words.join(" ")),
    }
}

/// What is left of a word: nothing of a spaced one with a digit, the parts between the
/// numbers of one without spaces.
fn without_numbers(word: &str) -> Vec<String> {
    let has_digit = word.chars().any(char::is_numeric);
    if word.is_ascii() {
        return match has_digit {
            true => Vec::new(),
            false => vec![word.to_owned()],
        };
    }
    let mut left = word.to_owned();
    for part in WITHIN_RUNS {
        if left.contains(part) {
            left = left.replace(part, "");
        }
    }
    let parts = left.split(|c: char| c.is_numeric() || c.is_ascii());
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_have_one_content() {
        let same = |a: &str, b: &str| content_key(a) == content_key(b);
        assert!(same(
            "Running shoe Aero, black, 42",
            "RUNNING SHOE Aero white 43.5"
        ));
        assert!(same("T-shirt cotton XL", "T-shirt cotton - size S"));
        assert!(same("Kettle 1.7 l steel", "Steel kettle 2 l"));
        assert!(same("男士跑步鞋 黑色 42码", "男士跑步鞋 白色 43码"));
        assert!(same("男士跑步鞋黑色42", "男士跑步鞋 白色"));
        assert!(!same("Running shoe Aero", "Running sock Aero"));
        assert!(!same("男士跑步鞋", "女士跑步鞋"));
    }

    #[test]
    fn a_title_of_numbers_is_its_own_content() {
        assert_ne!(content_key("4711"), content_key("4712"));
        assert_eq!(content_key("4711 "), content_key("4711 "));
        assert_ne!(content_key("XL 38"), content_key("XL 39"));
    }
}
