//! Texts in several languages: lists of them in JSON, elements of XML, and cells that have
//! several (`en:Pan|de:Pfanne`).

use serde_json::{Map, Value};

use crate::language::is_language;
use crate::names::{is_plainly, plain};

/// What a key is called that says in which language a text is.
const LANGUAGES: [&str; 9] = [
    "lang",
    "language",
    "locale",
    "languagecode",
    "langcode",
    "localecode",
    "isocode",
    "languageiso",
    "sprache",
];

/// What the key of the text itself is called.
const TEXTS: [&str; 9] = [
    "value",
    "text",
    "data",
    "label",
    "name",
    "title",
    "content",
    "translation",
    "string",
];

/// What else is said beside a text.
const BESIDE: [&str; 7] = [
    "id",
    "scope",
    "channel",
    "type",
    "default",
    "isdefault",
    "position",
];

/// What lists of translations are called.
const TRANSLATIONS: [&str; 8] = [
    "translations",
    "translation",
    "i18n",
    "localizations",
    "localisations",
    "locales",
    "languages",
    "localizedfields",
];

/// The longest code of a language with its region and script.
const LONGEST: usize = 11;

/// Whether a code is one of a language, perhaps with a region: `en`, `pt-BR`, `zh_Hans`.
pub(crate) fn is_locale(code: &str) -> bool {
    let (language, region) = code.split_once(['-', '_']).unwrap_or((code, "xx"));
    // `id` and `no` mean other things in a header, and a language here.
    let is_known = is_language(language) || ["id", "no"].contains(&language);
    let is_region = (2..=8).contains(&region.len())
        && region
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    code.len() <= LONGEST && is_known && is_region
}

/// Whether a list of that name has what somebody has translated of a product.
pub(crate) fn is_of_translations(name: &str) -> bool {
    TRANSLATIONS.contains(&plain(name).as_str())
}

/// The texts of a list, by their languages, if each of its objects has a text and says in
/// which language it is: `[{"lang": "en", "value": "Pan"}]`. Of a list that is called one of
/// translations the objects may say more.
pub(crate) fn by_language(key: &str, elements: &[Value]) -> Option<Value> {
    let last = key.rsplit('.').next().unwrap_or(key);
    let of_all = is_of_translations(last);
    let mut found = Map::new();
    for element in elements {
        let object = element.as_object()?;
        let is = |key: &str, names: &[&str]| names.iter().any(|name| is_plainly(key, name));
        let (language, code) = object.iter().find(|(key, _)| is(key, &LANGUAGES))?;
        let rest = object.iter().filter(|(key, _)| *key != language);
        let mut texts = rest.clone().filter(|(key, _)| is(key, &TEXTS));
        let text = texts.next().filter(|_| texts.next().is_none());
        let is_one = rest
            .clone()
            .all(|(key, _)| is(key, &TEXTS) || is(key, &BESIDE));
        let value = match text.filter(|_| is_one && !of_all) {
            Some((_, text)) => text.clone(),
            None if of_all => Value::Object(rest.map(|(k, v)| (k.clone(), v.clone())).collect()),
            None => return None,
        };
        match code {
            // What is said in no language is the value itself.
            Value::Null if elements.len() == 1 => return Some(value),
            Value::String(code) if is_locale(code) && !found.contains_key(code) => {
                found.insert(code.clone(), value);
            }
            Value::String(code) if is_locale(code) && is_one => {}
            _ => return None,
        }
    }
    (!found.is_empty()).then_some(Value::Object(found))
}

/// Puts the texts of elements of XML that are there in several languages (`<title lang="en">`)
/// apart by these.
pub(crate) fn part_by_language(object: &mut Map<String, Value>) {
    let parted = object.iter().filter_map(|(key, value)| {
        let texts = value.as_array()?;
        let codes = object.get(&format!("{key}.lang"));
        let codes = codes.or_else(|| object.get(&format!("{key}.language")))?;
        let codes = codes
            .as_array()
            .filter(|codes| codes.len() == texts.len())?;
        let codes: Option<Vec<&str>> = codes.iter().map(Value::as_str).collect();
        let codes = codes.filter(|codes| codes.iter().all(|code| is_locale(code)))?;
        let mut found = Map::new();
        for (code, text) in codes.into_iter().zip(texts) {
            crate::facts::add(&mut found, code, text);
        }
        Some((key.clone(), Value::Object(found)))
    });
    for (key, value) in parted.collect::<Vec<_>>() {
        object.shift_remove(&format!("{key}.lang"));
        object.shift_remove(&format!("{key}.language"));
        object.insert(key, value);
    }
}

/// The texts of a cell by their languages, if it has several or says in which its one is.
pub(crate) fn texts(cell: &str) -> Option<Vec<(String, String)>> {
    let cell = cell.trim();
    let found = match cell.bytes().next()? {
        b'{' => of_json(cell),
        b'[' | b'<' => marked(cell),
        _ => named(cell),
    };
    found.filter(|found| !found.is_empty())
}

/// `{"en": "Pan", "de": "Pfanne"}`
fn of_json(cell: &str) -> Option<Vec<(String, String)>> {
    let object: Map<String, Value> = serde_json::from_str(cell).ok()?;
    let texts = object.into_iter().map(|(code, text)| match text {
        Value::String(text) if is_locale(&code) => Some((code, text)),
        Value::Null if is_locale(&code) => Some((code, String::new())),
        _ => None,
    });
    texts.collect()
}

/// `[:en]Pan[:de]Pfanne[:]`, also with `<!--:en-->` in place of `[:en]`.
fn marked(cell: &str) -> Option<Vec<(String, String)>> {
    let (open, close) = match cell.starts_with("[:") {
        true => ("[:", "]"),
        false => ("<!--:", "-->"),
    };
    let parts = cell.strip_prefix(open)?.split(open);
    let mut found = Vec::new();
    for part in parts {
        let (code, text) = part.split_once(close)?;
        match code {
            "" => {}
            code if is_locale(code) => found.push((code.to_owned(), text.trim().to_owned())),
            _ => return None,
        }
    }
    Some(found)
}

/// `en:Pan|de:Pfanne`, also with other signs between them, and with `=`.
fn named(cell: &str) -> Option<Vec<(String, String)>> {
    // Most titles end here: a code of a language is short.
    let sign = cell.find([':', '=']).filter(|at| is_locale(&cell[..*at]))?;
    let sign = char::from(cell.as_bytes()[sign]);
    let cut = |between: char| {
        let parts = cell.split(between).map(|part| {
            let (code, text) = part.split_once(sign)?;
            let (code, text) = (code.trim(), text.trim().trim_matches('"'));
            is_locale(code).then(|| (code.to_owned(), text.to_owned()))
        });
        parts
            .collect::<Option<Vec<_>>>()
            .filter(|parts| parts.len() > 1)
    };
    let found = ['|', ';', '\n', ','].into_iter().find_map(cut);
    found.or_else(|| {
        let (code, text) = cell.split_once(sign)?;
        let text = text.trim();
        let is_alone = !text.contains(['|', ';', sign]);
        is_alone.then(|| vec![(code.to_owned(), text.to_owned())])
    })
}

/// The language that most of the cells of a column have a text in, if nearly all of them tell
/// the languages of their texts, and one has several.
pub(crate) fn language_of<'c>(cells: impl Iterator<Item = &'c str>) -> Option<String> {
    let (mut all, mut telling, mut most) = (0, 0, 0);
    let mut counts: Vec<(String, u32)> = Vec::new();
    for cell in cells {
        all += 1;
        let Some(texts) = texts(cell) else { continue };
        telling += 1;
        most = most.max(texts.len());
        for (code, _) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            match counts.iter_mut().find(|(known, _)| *known == code) {
                Some((_, count)) => *count += 1,
                None => counts.push((code, 1)),
            }
        }
    }
    if telling * 10 < all * 9 || most < 2 {
        return None;
    }
    // Of equals the first.
    let best = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    best.map(|(code, _)| code)
}

/// The text of a cell in a language, or else the first it has, and the others behind it.
pub(crate) fn text_in(cell: &str, language: &str) -> Option<(String, Vec<String>)> {
    let mut texts = texts(cell)?;
    texts.retain(|(_, text)| !text.is_empty());
    let own = texts.iter().position(|(code, _)| code == language);
    let (_, own) = match texts.is_empty() {
        true => return Some((String::new(), Vec::new())),
        false => texts.remove(own.unwrap_or(0)),
    };
    Some((own, texts.into_iter().map(|(_, text)| text).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(key: &str, list: &str) -> String {
        let list: Vec<Value> = serde_json::from_str(list).unwrap();
        by_language(key, &list).map_or("none".to_owned(), |value| value.to_string())
    }

    #[test]
    fn lists_of_texts_are_told_apart_by_their_languages() {
        for (key, list, expected) in [
            (
                "title",
                r#"[{"lang":"en","value":"Pan"},{"lang":"de","value":"Pfanne"}]"#,
                r#"{"en":"Pan","de":"Pfanne"}"#,
            ),
            (
                "name",
                r#"[{"locale":"en_US","scope":null,"data":"Pan"}]"#,
                r#"{"en_US":"Pan"}"#,
            ),
            ("weight", r#"[{"locale":null,"scope":null,"data":7}]"#, "7"),
            (
                "translations",
                r#"[{"locale":"en","title":"Pan","body":"Big."},{"locale":"de","title":"Pfanne"}]"#,
                r#"{"en":{"title":"Pan","body":"Big."},"de":{"title":"Pfanne"}}"#,
            ),
            (
                "variants",
                r#"[{"language":"en","sku":"7","name":"x"}]"#,
                "none",
            ),
            (
                "reviews",
                r#"[{"lang":"en","text":"Good","stars":5}]"#,
                "none",
            ),
            ("labels", r#"[{"lang":"A","value":"x"}]"#, "none"),
        ] {
            assert_eq!(listed(key, list), expected, "{list}");
        }
    }

    #[test]
    fn cells_tell_texts_by_their_languages() {
        let told = |cell: &str| {
            let texts = texts(cell).unwrap_or_default();
            let texts = texts.iter().map(|(code, text)| format!("{code}={text}"));
            texts.collect::<Vec<_>>().join(" ")
        };
        for cell in [
            "en:Pan|de:Pfanne",
            "en: Pan; de: Pfanne",
            "en=Pan,de=Pfanne",
            r#"{"en": "Pan", "de": "Pfanne"}"#,
            "[:en]Pan[:de]Pfanne[:]",
            "<!--:en-->Pan<!--:--><!--:de-->Pfanne<!--:-->",
        ] {
            assert_eq!(told(cell), "en=Pan de=Pfanne", "{cell}");
        }
        for cell in [
            "Pan: big",
            "Pan",
            "{\"a\": 1}",
            "[Pan]",
            "is: Pan | big",
            "http://a",
        ] {
            assert_eq!(told(cell), "", "{cell}");
        }
    }

    #[test]
    fn the_language_of_a_column_is_the_one_most_cells_have() {
        let of = |cells: &[&'static str]| language_of(cells.iter().copied());
        assert_eq!(of(&["en:Pan|de:Pfanne", "de:Topf"]).as_deref(), Some("de"));
        assert_eq!(of(&["en:Pan|de:Pfanne"]).as_deref(), Some("en"));
        assert_eq!(of(&["it: a story", "Pan"]), None);
        assert_eq!(of(&["so: a", "is: b"]), None);
        let found = text_in("en:Pan|de:Pfanne", "de");
        assert_eq!(found, Some(("Pfanne".to_owned(), vec!["Pan".to_owned()])));
        assert_eq!(text_in("fr:Poêle", "de").unwrap().0, "Poêle");
    }
}
