//! The visible text of what may be a fragment of HTML, or may only look so.

use std::convert::Infallible;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Error, Span, Tokenizer};

use super::references::decoded;
use super::stray_markup::{INLINE, guarded};

/// `text` without markup and with its character references decoded once.
pub(super) fn visible_text(text: &str) -> String {
    let html = guarded(text);
    let mut visible = Vec::with_capacity(html.len());
    let mut read = 0;
    let mut torn = false;
    let emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, span: Span<usize>| {
        match event {
            CallbackEvent::String { value } => visible.extend_from_slice(value),
            CallbackEvent::OpenStartTag { name } | CallbackEvent::EndTag { name }
                if !INLINE.iter().any(|inline| inline.as_bytes() == name) =>
            {
                visible.push(b' ');
            }
            CallbackEvent::Comment { .. } | CallbackEvent::Doctype { .. } => visible.push(b' '),
            CallbackEvent::Error(error) => torn |= error == Error::EofInTag,
            _ => {}
        }
        if !matches!(
            event,
            CallbackEvent::Error(_)
                | CallbackEvent::OpenStartTag { .. }
                | CallbackEvent::AttributeName { .. }
                | CallbackEvent::AttributeValue { .. }
        ) {
            read = span.end;
        }
        None::<Infallible>
    });
    let Ok(()) = Tokenizer::new_with_emitter(&html, emitter).finish();
    let mut visible = String::from_utf8_lossy(&visible).into_owned();
    if torn {
        // A quote that never closes swallows the rest of the text; a person
        // should still see it.
        visible.push_str(&decoded(html.get(read..).unwrap_or_default()));
    }
    visible
}

#[cfg(test)]
mod tests {
    use crate::text::clean;

    #[track_caller]
    fn check(cases: &[(&str, &str)]) {
        for (raw, expected) in cases {
            assert_eq!(clean(raw), *expected, "clean({raw:?})");
        }
    }

    #[test]
    fn block_tags_are_gaps_and_inline_tags_are_not() {
        check(&[
            ("<p>One</p><p>Two</p>", "One Two"),
            ("One<br>Two<BR/>Three", "One Two Three"),
            ("<ul><li>a</li><li>b</li></ul>", "a b"),
            ("<b>Spar</b>schäler CO<sub>2</sub>", "Sparschäler CO2"),
            (
                "<a href=\"x?a=1>2&copy=3\" title='<p>'>Link</a>ed",
                "Linked",
            ),
            (
                "a<!-- hidden -->b<!DOCTYPE html>c<?xml version='1.0'?>d",
                "a b c d",
            ),
        ]);
    }

    #[test]
    fn content_nobody_sees_is_dropped() {
        check(&[
            ("a<script>if (b<c) { '</p>' }</SCRIPT>d", "a d"),
            ("<style type=x>p > b { }</style>a", "a"),
            ("<![CDATA[<p>Cup]] & saucer</p>]]>", "Cup]] & saucer"),
            ("<Style> red dress", "red dress"),
            ("a<!-- <script> -->b</script>c<!-->d", "a b c d"),
        ]);
    }

    #[test]
    fn what_only_looks_like_markup_stays() {
        for text in [
            "5 < 6",
            "5<6",
            "Cable <3m",
            "A&B",
            "R&D",
            "AT&T",
            "Home&center",
            "lone <",
            "lone &",
            "I </3 you",
            "<Samsung> Galaxy",
            "</Samsung>",
            "ends in <br",
            "ends in <a href",
            "a <!-- b",
            "a <b",
            "x <- y -> z <= w => v",
            "if a<b then",
            "a <b and c> d, p<q < s",
            "<>",
            "<!important>",
            "]]>",
            "&#;",
            "&unknown;",
        ] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn a_quote_that_never_closes_hides_nothing() {
        check(&[
            (
                "<p>a &lt; b</p> <img alt=\"3> c &amp; 5<6",
                "a < b <img alt=\"3> c & 5<6",
            ),
            (
                "x\r\ny <i>z</i> é <a title='手> t",
                "x y z é <a title='手> t",
            ),
        ]);
    }

    #[test]
    fn references_are_decoded_twice_at_most() {
        check(&[
            ("Tom &amp; Jerry", "Tom & Jerry"),
            ("Tom &amp;amp; Jerry", "Tom & Jerry"),
            ("17&amp;quot; screen", "17\" screen"),
            ("&amp;amp;amp;", "&amp;"),
            (
                "caf&eacute;&nbsp;&#8364;&#x20AC; &copy 2024",
                "café €€ © 2024",
            ),
            ("5 &lt; 6 &gt; 4", "5 < 6 > 4"),
            ("&lt;p&gt;Escaped&lt;/p&gt;&lt;p&gt;twice", "Escaped twice"),
        ]);
    }
}
