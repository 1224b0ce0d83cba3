//! What is markup in a product text, and what only looks so.
//!
//! Browsers treat nearly everything after a `<` as a tag. Product texts hold
//! comparisons, arrows and bracketed brands, so whatever does not begin real
//! markup is escaped before a standard tokenizer reads the text.

use super::references::decoded;

/// Elements whose tags do not separate words.
pub(super) const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "blink", "cite", "code", "data", "del",
    "dfn", "em", "font", "i", "ins", "kbd", "label", "mark", "nobr", "o:p", "q", "rb", "ruby", "s",
    "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
];

/// Elements whose tags stand for a gap.
#[rustfmt::skip]
const BLOCK: &[&str] = &[
    "address", "applet", "area", "article", "aside", "audio", "base", "basefont", "blockquote",
    "body", "br", "button", "canvas", "caption", "center", "col", "colgroup", "datalist", "dd",
    "details", "dialog", "dir", "div", "dl", "dt", "embed", "fieldset", "figcaption", "figure",
    "footer", "form", "frame", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header",
    "hgroup", "hr", "html", "iframe", "img", "input", "legend", "li", "link", "main", "map",
    "marquee", "menu", "meta", "meter", "nav", "noframes", "noscript", "object", "ol",
    "optgroup", "option", "output", "p", "param", "picture", "pre", "progress", "rp", "rt",
    "script", "search", "section", "select", "source", "style", "summary", "svg", "table",
    "tbody", "td", "template", "textarea", "tfoot", "th", "thead", "title", "tr", "track", "ul",
    "video",
];

/// Elements whose content nobody sees.
const HIDDEN: &[&str] = &["script", "style"];

/// The longest name of a character reference that HTML accepts without `;`.
const LONGEST_BARE_REFERENCE: usize = 6;

/// `text` rewritten so that a browser would show what a person means.
pub(super) fn guarded(text: &str) -> String {
    Guard::new(text).run()
}

/// Rewrites a text so that every `<` and `&` left bare is meant as markup.
struct Guard<'a> {
    text: &'a str,
    html: String,
    /// Where the last `>` and the last `-->` are: nothing that begins behind
    /// them can end. Known up front, to stay linear on hostile input.
    last_close: usize,
    last_comment_end: usize,
    /// Where the last end tag of each of [`HIDDEN`] is.
    last_hidden_end: [usize; 2],
    in_cdata: bool,
}

impl<'a> Guard<'a> {
    fn new(text: &'a str) -> Self {
        let end_of = |name: &str| {
            let end = format!("</{name}");
            (0..text.len().saturating_sub(end.len() - 1))
                .rev()
                .find(|&at| starts_with_ignoring_case(&text.as_bytes()[at..], &end))
                .unwrap_or(0)
        };
        Self {
            text,
            html: String::with_capacity(text.len() + 16),
            last_close: text.rfind('>').unwrap_or(0),
            last_comment_end: text.rfind("-->").unwrap_or(0),
            last_hidden_end: [end_of(HIDDEN[0]), end_of(HIDDEN[1])],
            in_cdata: false,
        }
    }

    fn run(mut self) -> String {
        let mut at = 0;
        while let Some(step) = self.text[at..].find(['<', '&', '\r', ']']) {
            self.html.push_str(&self.text[at..at + step]);
            at += step;
            at += match self.text.as_bytes()[at] {
                b'<' => self.angle(at),
                b'&' => self.ampersand(at),
                b']' => self.bracket(at),
                // The tokenizer counts `\r\n` as one position.
                _ => self.put(" ", 1),
            };
        }
        self.html.push_str(&self.text[at..]);
        self.html
    }

    /// Writes `html` for the next `length` bytes of the text.
    fn put(&mut self, html: &str, length: usize) -> usize {
        self.html.push_str(html);
        length
    }

    /// Decides what the `<` at `at` means; returns how many bytes that took.
    fn angle(&mut self, at: usize) -> usize {
        let rest = &self.text[at..];
        if rest.starts_with("<![CDATA[") {
            self.in_cdata = true;
            return self.put(" ", "<![CDATA[".len());
        }
        if rest.starts_with("<!--") && at < self.last_comment_end {
            // `<!-->` is a whole comment.
            let end = rest["<!".len()..].find("-->").unwrap_or(0);
            return self.put(" ", "<!-->".len() + end);
        }
        let markup = if starts_with_ignoring_case(rest.as_bytes(), "<!doctype")
            || starts_with_ignoring_case(rest.as_bytes(), "<?xml")
        {
            at < self.last_close
        } else {
            let name = element_name(rest);
            if let Some(length) = self.hidden(at, &name) {
                return self.put(" ", length);
            }
            at < self.last_close && is_element(&name) && !is_comparison(rest, &name)
        };
        self.put(if markup { "<" } else { "&lt;" }, 1)
    }

    /// Length of the hidden element that begins at `at`, up to its end tag.
    fn hidden(&self, at: usize, name: &str) -> Option<usize> {
        if self.text.as_bytes().get(at + 1) == Some(&b'/') {
            return None;
        }
        let which = HIDDEN.iter().position(|hidden| *hidden == name)?;
        if at >= self.last_hidden_end[which] {
            return None;
        }
        let end = format!("</{name}");
        let bytes = self.text.as_bytes();
        (at..bytes.len())
            .find(|&to| starts_with_ignoring_case(&bytes[to..], &end))
            .map(|to| to - at)
    }

    /// Keeps the `&` at `at` only if the whole word behind it is a reference:
    /// HTML would read `Home&center` as `Home¢er`.
    fn ampersand(&mut self, at: usize) -> usize {
        let rest = &self.text[at + 1..];
        let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let reference = length == 0
            || rest.as_bytes().get(length) == Some(&b';')
            || (length <= LONGEST_BARE_REFERENCE
                && !decoded(&self.text[at..=at + length])
                    .ends_with(|c: char| c.is_ascii_alphanumeric()));
        self.put(if reference { "&" } else { "&amp;" }, 1)
    }

    /// Drops the end of a CDATA section at `at`.
    fn bracket(&mut self, at: usize) -> usize {
        if self.in_cdata && self.text[at..].starts_with("]]>") {
            self.in_cdata = false;
            self.put(" ", "]]>".len())
        } else {
            self.put("]", 1)
        }
    }
}

/// The lower-case name behind `<` or `</` at the start of `tag`; empty if what
/// follows the name could not follow it in a tag.
fn element_name(tag: &str) -> String {
    let inner = tag
        .strip_prefix("</")
        .or(tag.strip_prefix('<'))
        .unwrap_or(tag);
    let end = inner
        .find(|c: char| !c.is_ascii_alphanumeric() && c != ':')
        .unwrap_or(inner.len());
    let ends_name = |c: char| c.is_ascii_whitespace() || c == '/' || c == '>';
    if inner[end..].starts_with(ends_name) {
        inner[..end].to_ascii_lowercase()
    } else {
        String::new()
    }
}

/// Whether `tag` reads like `a <b and c> d`: a single letter is more often a
/// quantity than an element whose attributes have no values.
fn is_comparison(tag: &str, name: &str) -> bool {
    if name.len() != 1 {
        return false;
    }
    let inner = tag[1..].split(['<', '>']).next().unwrap_or_default();
    let attributes = inner.trim_start_matches('/')[1..]
        .trim_matches(|c: char| c == '/' || c.is_ascii_whitespace());
    !attributes.is_empty() && !attributes.contains('=')
}

fn is_element(name: &str) -> bool {
    INLINE.contains(&name) || BLOCK.contains(&name)
}

fn starts_with_ignoring_case(bytes: &[u8], prefix: &str) -> bool {
    bytes
        .get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}
