//! Templates of paths, as `google.api.http` has them: `/v1/{name=catalogs/*/products/**}:verb`.

use percent_encoding::percent_decode_str;

/// A template.
#[derive(Debug)]
pub(crate) struct Template {
    segments: Vec<Segment>,
    captures: Vec<Capture>,
    /// What stands behind the last colon.
    verb: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// `*`
    One,
    /// `**`, which is the last one: one segment or more.
    Rest,
}

/// A field of the request that segments stand for.
#[derive(Debug)]
struct Capture {
    field: String,
    from: usize,
    /// Behind the last one.
    to: usize,
}

impl Segment {
    fn of(text: &str) -> Self {
        match text {
            "*" => Self::One,
            "**" => Self::Rest,
            literal => Self::Literal(literal.to_owned()),
        }
    }

    fn matches(&self, segment: &str) -> bool {
        match self {
            Self::Literal(literal) => literal == segment,
            Self::One => !segment.is_empty(),
            Self::Rest => true,
        }
    }
}

impl Template {
    /// Reads a template; none if it is none, or of a form that the contract has not.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('/')?;
        let verb = text
            .rsplit_once(':')
            .filter(|(_, verb)| !verb.contains(['/', '}']));
        let mut rest = verb.map_or(text, |(before, _)| before);
        let mut template = Self {
            segments: Vec::new(),
            captures: Vec::new(),
            verb: verb.map(|(_, verb)| verb.to_owned()),
        };
        while !rest.is_empty() {
            rest = template.add(rest)?;
        }
        let last = template.segments.len().checked_sub(1)?;
        let mut segments = template.segments.iter();
        let ends_well = segments
            .position(|one| *one == Segment::Rest)
            .is_none_or(|at| at == last);
        ends_well.then_some(template)
    }

    /// Takes the first segment or variable of a text; gives what follows it.
    fn add<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let Some(inner) = text.strip_prefix('{') else {
            let (segment, after) = text.split_once('/').unwrap_or((text, ""));
            self.segments.push(Segment::of(segment));
            return Some(after);
        };
        let (variable, after) = inner.split_once('}')?;
        let (field, pattern) = variable.split_once('=').unwrap_or((variable, "*"));
        let from = self.segments.len();
        self.segments.extend(pattern.split('/').map(Segment::of));
        self.captures.push(Capture {
            field: field.to_owned(),
            from,
            to: self.segments.len(),
        });
        Some(after.strip_prefix('/').unwrap_or(after))
    }

    /// Fields that it fills.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.captures.iter().map(|capture| capture.field.as_str())
    }

    /// How much of it is fixed. Of templates that match a path, the one with most is
    /// meant, and one without `**` before one with it.
    pub(crate) fn weight(&self) -> (usize, bool) {
        let is_literal = |segment: &&Segment| matches!(segment, Segment::Literal(_));
        let literals = self.segments.iter().filter(is_literal).count();
        let open = self.segments.contains(&Segment::Rest);
        (literals + usize::from(self.verb.is_some()), !open)
    }

    /// The segments of a path that it matches.
    pub(crate) fn matches<'p>(&self, path: &'p str) -> Option<Vec<&'p str>> {
        let mut path = path.strip_prefix('/')?;
        if let Some(verb) = &self.verb {
            path = path.strip_suffix(verb.as_str())?.strip_suffix(':')?;
        }
        let segments: Vec<&str> = path.split('/').collect();
        let (all, own) = (segments.len(), self.segments.len());
        let open = self.segments.last() == Some(&Segment::Rest);
        let fits = all == own || (open && all > own);
        let mut pairs = self.segments.iter().zip(&segments);
        (fits && pairs.all(|(own, segment)| own.matches(segment))).then_some(segments)
    }

    /// What the segments of a path say of fields; none if they are no text.
    pub(crate) fn values(&self, segments: &[&str]) -> Option<Vec<(&str, String)>> {
        let values = self.captures.iter().map(|capture| {
            let open = self.segments.get(capture.to - 1) == Some(&Segment::Rest);
            let to = if open { segments.len() } else { capture.to };
            let text = segments.get(capture.from..to)?.join("/");
            Some((capture.field.as_str(), decoded(&text)?))
        });
        values.collect()
    }
}

/// A part of a path without its percent escapes. That of `/` stays, as Google's own
/// servers have it: it would divide segments.
fn decoded(text: &str) -> Option<String> {
    let kept = text.replace("%2F", "%252F").replace("%2f", "%252f");
    let text = percent_decode_str(&kept).decode_utf8().ok()?;
    Some(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(template: &str, path: &str) -> Option<Vec<(String, String)>> {
        let template = Template::parse(template).unwrap();
        let segments = template.matches(path)?;
        let values = template.values(&segments)?.into_iter();
        Some(
            values
                .map(|(field, value)| (field.to_owned(), value))
                .collect(),
        )
    }

    #[test]
    fn a_template_takes_fields_from_a_path() {
        let product = "/v1/{name=catalogs/*/products/**}";
        for (template, path, wanted) in [
            ("/v1/catalogs", "/v1/catalogs", Some(vec![])),
            ("/v1/catalogs", "/v1/catalogs/", None),
            (
                "/v1/{name=catalogs/*}",
                "/v1/catalogs/shop",
                Some(vec![("name", "catalogs/shop")]),
            ),
            ("/v1/{name=catalogs/*}", "/v1/catalogs/", None),
            (
                "/v1/{parent=catalogs/*}/products:search",
                "/v1/catalogs/shop/products:search",
                Some(vec![("parent", "catalogs/shop")]),
            ),
            (
                "/v1/{name=operations/**}:cancel",
                "/v1/operations/shop/1:cancel",
                Some(vec![("name", "operations/shop/1")]),
            ),
            (
                "/v1/{name=operations/**}:cancel",
                "/v1/operations/shop/1",
                None,
            ),
            (product, "/v1/catalogs/shop/products", None),
            (
                product,
                "/v1/catalogs/shop/products/a/b:c",
                Some(vec![("name", "catalogs/shop/products/a/b:c")]),
            ),
            (
                product,
                "/v1/catalogs/shop/products/a%2Fb%2fc%20%25",
                Some(vec![("name", "catalogs/shop/products/a%2Fb%2fc %")]),
            ),
            (product, "/v1/catalogs/shop/products/%ff", None),
        ] {
            let wanted = wanted.map(|values| {
                let owned = |(field, value): (&str, &str)| (field.to_owned(), value.to_owned());
                values.into_iter().map(owned).collect()
            });
            assert_eq!(read(template, path), wanted, "{template} {path}");
        }
    }
}
