//! A filter ready to be held against products.

use std::fmt;

use super::error::FilterError;
use super::expr::{Expr, FilterExpr, Place, Predicate, Term};
use super::fields::Fields;
use super::value::FieldTest;
use crate::CategoryIndex;
use crate::attributes::AttributeSchema;

/// An expression that tells which products are meant. It prints as one that
/// gives the same filter.
///
/// ```text
/// brand = "HP" and price < 500
/// category under "Electronics > Laptops" and not colour in (red, pink)
/// (`screen size` in 13..15.6 or title contains "15.6 inch") and has weight
/// ```
///
/// `or` binds loosest, then `and`, then `not`; parentheses group. Predicates:
///
/// | written | holds if |
/// |---|---|
/// | `brand = HP`, `brand != HP` | the value is, is not, `HP` |
/// | `price < 9`, `<=`, `>`, `>=` | the value is before or behind |
/// | `brand in (HP, "Ada Co")` | the value is one of the list |
/// | `price in 10..20`, `price between 10 and 20` | it lies between, ends included |
/// | `title contains "usb c"` | it contains that text |
/// | `has brand` | the product has the field |
/// | `category = C`, `category in (C, D)` | the product's category is one of these |
/// | `category under C` | it is C or lies below C |
///
/// `in`, `between`, `contains` and `under` can have a `not` in front. Every
/// predicate is false for a product that lacks the field, so `brand != HP`
/// wants another brand, whereas `not brand = HP` also takes products without.
/// Of an attribute with several values one has to fit; for `!=` and the forms
/// with `not`, none may.
///
/// **Fields.** `id`, `title` and `text` are the product's own, an empty one
/// counts as lacking; `category` is what the product was filed under. All
/// others, and all in backquotes, are attributes: by their exact name, or
/// else by one that differs in case only. **Values** are bare words, numbers,
/// or strings in double or single quotes with the escapes ``\" \' \` \\ \n \r \t``.
///
/// **Comparison.** Two numbers compare as numbers, everything else as text
/// without regard to case (see [`fold`](crate::fold)); but a number is neither
/// less nor greater than a text that is none. Numbers in quotes equal only what is
/// written like them: `sku = "1E5"` is no `100000`, `zip = "01234"` no `1234`. A number
/// may have separators of thousands, a decimal comma, and a currency before or behind it
/// (`1,299.00`, `1.299,00 €`, `USD 19.99`), which does not count. An integer of more than
/// 15 digits is a text, for such are codes. An `id` equals only exactly itself.
///
/// **Kinds.** Values of an attribute whose kind is known ([`AttributeSchema`]) compare as
/// that kind reads them: amounts with units by their size (`weight < 500 g` finds `0.4 kg`),
/// money in its currency if the filter names one, dates by the calendar (`released >= 2024`),
/// `yes` as `true`. What the kind cannot read is neither less nor greater, and equals only
/// the same text. A filter that wants more or less than what the kind cannot read is refused.
#[derive(Clone, Debug)]
pub struct Filter {
    expr: FilterExpr,
    root: FilterNode,
}

/// What a filter asks, as a tree: for those who keep products by their fields.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FilterNode {
    /// One of these.
    Or(Vec<FilterNode>),
    /// All of these.
    And(Vec<FilterNode>),
    /// The opposite.
    Not(Box<FilterNode>),
    /// The product has a category.
    HasCategory,
    /// The product has a category, which is, or if `negated` is not, in the sorted set.
    Category {
        /// The categories.
        set: Vec<CategoryIndex>,
        /// Whether it must not be one of them.
        negated: bool,
    },
    /// A condition on a field.
    Field(FieldTest),
}

impl FilterExpr {
    /// Looks up the categories and prepares the constants.
    ///
    /// `resolve` gets each category as it was written, and whether what lies
    /// below counts too (`under`); it returns the categories meant, in any
    /// order, or a message if there are none or several of that name.
    ///
    /// # Errors
    /// [`FilterError`] with that message and the column of the category, or for a value
    /// that the attribute's kind in `schema` cannot read.
    pub fn bind(
        self,
        schema: &AttributeSchema,
        resolve: impl Fn(&str, bool) -> Result<Vec<CategoryIndex>, String>,
    ) -> Result<Filter, FilterError> {
        let lookup = |term: &Term, subtree: bool| {
            resolve(&term.text, subtree)
                .map_err(|message| FilterError::new(&self.text, term.column, message))
        };
        let binding = Binding {
            text: &self.text,
            schema,
            lookup: &lookup,
        };
        let root = binding.node(&self.root)?;
        Ok(Filter { expr: self, root })
    }
}

impl Filter {
    /// Reads an expression and looks up its categories: [`FilterExpr::parse`],
    /// then [`FilterExpr::bind`].
    ///
    /// # Errors
    /// Those of the two.
    pub fn parse(
        expression: &str,
        schema: &AttributeSchema,
        resolve: impl Fn(&str, bool) -> Result<Vec<CategoryIndex>, String>,
    ) -> Result<Self, FilterError> {
        FilterExpr::parse(expression)?.bind(schema, resolve)
    }

    /// What it asks.
    pub fn root(&self) -> &FilterNode {
        &self.root
    }

    /// Whether the product is one of those meant.
    pub fn matches(&self, product: &impl Fields) -> bool {
        self.root.matches(product)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

/// What an expression is bound with.
struct Binding<'a, L> {
    text: &'a str,
    schema: &'a AttributeSchema,
    lookup: &'a L,
}

impl<L> Binding<'_, L>
where
    L: Fn(&Term, bool) -> Result<Vec<CategoryIndex>, FilterError>,
{
    fn node(&self, expr: &Expr) -> Result<FilterNode, FilterError> {
        let all = |parts: &[Expr]| -> Result<Vec<_>, _> {
            parts.iter().map(|part| self.node(part)).collect()
        };
        Ok(match expr {
            Expr::Or(parts) => FilterNode::Or(all(parts)?),
            Expr::And(parts) => FilterNode::And(all(parts)?),
            Expr::Not(inner) => FilterNode::Not(Box::new(self.node(inner)?)),
            Expr::Predicate(Predicate::Field {
                field,
                negated,
                condition,
            }) => {
                let test = FieldTest::bind(field, *negated, condition, self.schema, self.text)?;
                FilterNode::Field(test)
            }
            Expr::Predicate(Predicate::Category { negated, place }) => {
                self.category(place, *negated)?
            }
        })
    }

    fn category(&self, place: &Place, negated: bool) -> Result<FilterNode, FilterError> {
        let (terms, subtree) = match place {
            Place::Anywhere => return Ok(FilterNode::HasCategory),
            Place::In(terms) => (terms.as_slice(), false),
            Place::Under(term) => (std::slice::from_ref(term), true),
        };
        let mut set = Vec::new();
        for term in terms {
            set.extend((self.lookup)(term, subtree)?);
        }
        set.sort_unstable();
        set.dedup();
        Ok(FilterNode::Category { set, negated })
    }
}

impl FilterNode {
    fn matches(&self, product: &impl Fields) -> bool {
        match self {
            Self::Or(parts) => parts.iter().any(|part| part.matches(product)),
            Self::And(parts) => parts.iter().all(|part| part.matches(product)),
            Self::Not(inner) => !inner.matches(product),
            Self::HasCategory => product.category().is_some(),
            Self::Category { set, negated } => product
                .category()
                .is_some_and(|category| set.binary_search(&category).is_ok() != *negated),
            Self::Field(test) => test.matches(product),
        }
    }
}
