//! Trees in Markdown: headings below each other, lists below them, numbered lists.

/// A line of Markdown that is a category.
struct Item<'l> {
    line: u64,
    /// Headings stand above items of lists; items are set in below others.
    depth: Depth,
    name: &'l str,
    /// The number of an item of a numbered list.
    number: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Depth {
    Heading(usize),
    Item(usize),
}

/// Why lines are no tree: the line, and a sentence.
type Broken = (u64, String);

/// Paths with their lines.
pub(super) type Paths = Vec<(u64, Vec<String>)>;

/// The paths that lines of Markdown tell; none if they are something else: `lines` are those
/// that are not blank. A list without headings counts if it is numbered and set in.
///
/// # Errors
/// The line of a heading that leaves out a level.
pub(super) fn paths(lines: &[(u64, String)]) -> Result<Option<Paths>, Broken> {
    let items: Option<Vec<Item<'_>>> = lines.iter().map(|(line, text)| item(*line, text)).collect();
    let Some(items) = items.filter(|items| are_headings(items) || are_numbered(items)) else {
        return Ok(None);
    };
    let mut above: Vec<(Depth, String)> = Vec::new();
    let mut found = Vec::new();
    for item in &items {
        above.retain(|(depth, _)| *depth < item.depth);
        let heading = above.last().map_or(item.depth, |(depth, _)| *depth);
        if let (Depth::Heading(own), Depth::Heading(last)) = (item.depth, heading)
            && own > last + 1
        {
            let sign = "#".repeat(own);
            let message = format!(
                "the heading `{sign} {}` leaves out a level below `{}`",
                item.name,
                above.last().map_or("", |(_, name)| name)
            );
            return Err((item.line, message));
        }
        above.push((item.depth, plain(item.name)));
        let names = above.iter().map(|(_, name)| name.clone());
        found.push((item.line, names.collect()));
    }
    Ok(Some(found))
}

/// A heading or an item of a list.
fn item(line: u64, text: &str) -> Option<Item<'_>> {
    let bare = text.trim_start();
    let indent = text.chars().count() - bare.chars().count();
    let signs = bare.bytes().take_while(|byte| *byte == b'#').count();
    let mut number = None;
    let (depth, name) = if (1..=6).contains(&signs) && indent == 0 {
        let name = bare[signs..].strip_prefix([' ', '\t'])?;
        (Depth::Heading(signs), name.trim_end_matches('#'))
    } else if let Some(name) = bare.strip_prefix(['-', '*', '+', '•']) {
        (Depth::Item(indent), name.strip_prefix([' ', '\t'])?)
    } else {
        let (digits, name) = bare.split_once([' ', '\t'])?;
        number = Some(digits.strip_suffix(['.', ')'])?.parse().ok()?);
        (Depth::Item(indent), name)
    };
    let name = name.trim();
    let item = Item {
        line,
        depth,
        name,
        number,
    };
    (!name.is_empty()).then_some(item)
}

/// Whether headings are categories, and no comments: some stand below others, or several
/// have lists below them.
fn are_headings(items: &[Item<'_>]) -> bool {
    let is_heading = |item: &Item<'_>| matches!(item.depth, Depth::Heading(_));
    let Some(first) = items.first().filter(|item| is_heading(item)) else {
        return false;
    };
    let outermost = items.iter().all(|item| item.depth >= first.depth);
    let deeper = items
        .iter()
        .any(|item| is_heading(item) && item.depth > first.depth);
    let has_list = |pair: &&[Item<'_>]| is_heading(&pair[0]) && !is_heading(&pair[1]);
    outermost && (deeper || items.windows(2).filter(has_list).count() > 1)
}

/// Whether a list is numbered anew below each item.
fn are_numbered(items: &[Item<'_>]) -> bool {
    let mut above: Vec<(Depth, u32)> = Vec::new();
    let mut is_deep = false;
    let counts = |item: &Item<'_>| {
        above.retain(|(depth, _)| *depth <= item.depth);
        let last = above.pop_if(|(depth, _)| *depth == item.depth);
        is_deep |= !above.is_empty();
        let number = item.number.unwrap_or_default();
        above.push((item.depth, number));
        number == last.map_or(1, |(_, last)| last + 1) || (number == 1 && last.is_some())
    };
    items.iter().all(counts) && is_deep
}

/// A name without what Markdown writes around it: `**Pans**`, `[Pans](pans.html)`.
fn plain(name: &str) -> String {
    let name = name.trim_matches(['*', '`', '_']).trim();
    let link = name
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]("));
    let text = link.filter(|(_, rest)| rest.ends_with(')') && !rest.contains('('));
    text.map_or(name, |(text, _)| text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<String, Broken> {
        let lines = (1..).zip(text.lines().map(str::to_owned));
        let lines: Vec<(u64, String)> = lines.filter(|(_, line)| !line.is_empty()).collect();
        let found = paths(&lines)?.unwrap_or_default();
        let told = found
            .iter()
            .map(|(line, path)| format!("{line} {}", path.join(">")));
        Ok(told.collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn headings_and_lists_below_them_are_a_tree() {
        for (text, tree) in [
            (
                "# Home\n## Pans\n\n## **Pots**\n# Garden\n",
                "1 Home, 2 Home>Pans, 4 Home>Pots, 5 Garden",
            ),
            (
                "# Home\n- Pans\n  - Woks\n# Garden\n* [Hoses](h.html)\n",
                "1 Home, 2 Home>Pans, 3 Home>Pans>Woks, 4 Garden, 5 Garden>Hoses",
            ),
            (
                "1. Home\n   1. Pans\n   2. Pots\n2. Garden\n   1. Hoses\n",
                "1 Home, 2 Home>Pans, 3 Home>Pots, 4 Garden, 5 Garden>Hoses",
            ),
            // Comments above a list, and lists of other kinds.
            ("# mine\n# of today\n- Pans\n- Pots\n", ""),
            ("# mine\n## of today\nHome > Pans\n", ""),
            ("1. Home\n2. Garden\n", ""),
            ("- Home\n  - Pans\n", ""),
            ("## Home\n# Garden\n", ""),
            ("3. Home\n   7. Pans\n", ""),
        ] {
            assert_eq!(told(text), Ok(tree.to_owned()), "{text}");
        }
        let broken = told("# Home\n## Pans\n#### Woks\n").unwrap_err();
        assert_eq!(
            broken,
            (
                3,
                "the heading `#### Woks` leaves out a level below `Pans`".to_owned()
            )
        );
    }
}
