//! What lines of a list are that are no categories: headings, YAML and prose.

use crate::objects::is_of_children;

use super::levels::by_names;
use super::words::Word;

/// Whether a line above a list names the levels of its paths: `Level 1/Level 2`.
pub(super) fn is_heading_of_levels(line: &str) -> bool {
    let cut = |separator: &str| -> Vec<String> {
        line.split(separator)
            .map(|part| part.trim().to_owned())
            .collect()
    };
    let separators = [">", "/", "|", "\\", "»", ",", ";"];
    let mut parts = separators
        .into_iter()
        .map(cut)
        .filter(|parts| parts.len() > 1);
    parts.any(|parts| by_names(&parts).is_some_and(|levels| levels.len() == parts.len()))
}

/// Refuses what is no list of categories: YAML, and prose.
pub(super) fn refuse_others(lines: &[(u64, &str)]) -> Result<(), (u64, String)> {
    let key = |text: &str| {
        let text = text.trim_start_matches("- ");
        let (key, rest) = text.split_once(':')?;
        (rest.is_empty() || rest.starts_with(' ')).then(|| key.trim().to_owned())
    };
    let keys: Vec<(u64, String)> = lines
        .iter()
        .filter_map(|(line, text)| Some((*line, key(text)?)))
        .collect();
    let known = |key: &str| {
        let words = [Word::Id, Word::Name, Word::Parent, Word::Path];
        is_of_children(key) || words.iter().any(|word| word.means(key))
    };
    let telling = keys.iter().filter(|(_, key)| known(key)).count();
    if let Some((line, _)) = keys
        .iter()
        .find(|(_, key)| known(key))
        .filter(|_| telling > 1 && telling * 2 >= lines.len())
    {
        let message =
            "this looks like YAML, which is not read; write it as JSON, or as a path a line";
        return Err((*line, message.to_owned()));
    }
    let is_sentence = |(_, text): &&(u64, &str)| {
        text.ends_with(['.', '!', '?', '。'])
            && (text.split_whitespace().count() > 4 || text.contains('，'))
    };
    let sentences: Vec<&(u64, &str)> = lines.iter().filter(is_sentence).collect();
    match sentences.first() {
        Some((line, first)) if sentences.len() > 1 && sentences.len() * 2 >= lines.len() => {
            let message = format!(
                "this looks like prose, such as `{first}`, and not like a list of categories; a line has one path, such as `Kitchen > Pans`"
            );
            Err((*line, message))
        }
        _ => Ok(()),
    }
}
