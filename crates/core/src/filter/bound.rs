//! A filter ready to be held against products.

use std::fmt;

use super::error::FilterError;
use super::expr::{Expr, FilterExpr, Place, Predicate, Term};
use super::fields::Fields;
use super::value::{Name, Test};
use crate::CategoryIndex;

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
#[derive(Clone, Debug)]
pub struct Filter {
    expr: FilterExpr,
    root: Node,
}

#[derive(Clone, Debug)]
enum Node {
    Or(Vec<Node>),
    And(Vec<Node>),
    Not(Box<Node>),
    HasCategory,
    /// The product's category is, or if `negated` is not, in the sorted set.
    Category {
        set: Vec<CategoryIndex>,
        negated: bool,
    },
    Field {
        field: Name,
        negated: bool,
        test: Test,
    },
}

impl FilterExpr {
    /// Looks up the categories and prepares the constants.
    ///
    /// `resolve` gets each category as it was written, and whether what lies
    /// below counts too (`under`); it returns the categories meant, in any
    /// order, or a message if there are none or several of that name.
    ///
    /// # Errors
    /// [`FilterError`] with that message and the column of the category.
    pub fn bind(
        self,
        resolve: impl Fn(&str, bool) -> Result<Vec<CategoryIndex>, String>,
    ) -> Result<Filter, FilterError> {
        let lookup = |term: &Term, subtree: bool| {
            resolve(&term.text, subtree)
                .map_err(|message| FilterError::new(&self.text, term.column, message))
        };
        let root = Node::bind(&self.root, &lookup)?;
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
        resolve: impl Fn(&str, bool) -> Result<Vec<CategoryIndex>, String>,
    ) -> Result<Self, FilterError> {
        FilterExpr::parse(expression)?.bind(resolve)
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

impl Node {
    fn bind<L>(expr: &Expr, lookup: &L) -> Result<Self, FilterError>
    where
        L: Fn(&Term, bool) -> Result<Vec<CategoryIndex>, FilterError>,
    {
        let all = |parts: &[Expr]| -> Result<Vec<_>, _> {
            parts.iter().map(|part| Self::bind(part, lookup)).collect()
        };
        Ok(match expr {
            Expr::Or(parts) => Self::Or(all(parts)?),
            Expr::And(parts) => Self::And(all(parts)?),
            Expr::Not(inner) => Self::Not(Box::new(Self::bind(inner, lookup)?)),
            Expr::Predicate(predicate) => Self::bind_predicate(predicate, lookup)?,
        })
    }

    fn bind_predicate<L>(predicate: &Predicate, lookup: &L) -> Result<Self, FilterError>
    where
        L: Fn(&Term, bool) -> Result<Vec<CategoryIndex>, FilterError>,
    {
        let (negated, place) = match predicate {
            Predicate::Field {
                field,
                negated,
                condition,
            } => {
                return Ok(Self::Field {
                    field: Name::bind(field),
                    negated: *negated,
                    test: Test::bind(field, condition),
                });
            }
            Predicate::Category { negated, place } => (*negated, place),
        };
        let (terms, subtree) = match place {
            Place::Anywhere => return Ok(Self::HasCategory),
            Place::In(terms) => (terms.as_slice(), false),
            Place::Under(term) => (std::slice::from_ref(term), true),
        };
        let mut set = Vec::new();
        for term in terms {
            set.extend(lookup(term, subtree)?);
        }
        set.sort_unstable();
        set.dedup();
        Ok(Self::Category { set, negated })
    }

    fn matches(&self, product: &impl Fields) -> bool {
        match self {
            Self::Or(parts) => parts.iter().any(|part| part.matches(product)),
            Self::And(parts) => parts.iter().all(|part| part.matches(product)),
            Self::Not(inner) => !inner.matches(product),
            Self::HasCategory => product.category().is_some(),
            Self::Category { set, negated } => product
                .category()
                .is_some_and(|category| set.binary_search(&category).is_ok() != *negated),
            Self::Field {
                field,
                negated,
                test,
            } => field.any_value(product, |value| test.holds(value)) == Some(!negated),
        }
    }
}
