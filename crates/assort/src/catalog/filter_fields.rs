//! What the attributes that a filter looks at hold.

use std::collections::BTreeSet;

use assort_core::{AttributeKind, FilterExpr, Value, fold};

use crate::catalog::Catalog;
use crate::{Error, Result};

/// Products that are looked at, if they have all attributes.
const LOOKED_AT: u64 = 10_000;

/// What the products have of an attribute that a filter looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FilterField {
    /// Its name as the filter writes it.
    pub name: String,
    /// How its values are read.
    pub kind: AttributeKind,
    /// Whether the filter wants what only values have that the kind can read: that they
    /// are more or less than something, and of any kind than a number.
    pub by_size: bool,
    /// Products that were looked at: the first, or all if those do not have it.
    pub looked_at: u64,
    /// Those that have it, counted by value.
    pub values: u64,
    /// Values of it that the kind can read; of any kind, numbers.
    pub readable: u64,
    /// The first of those that it cannot read.
    pub unreadable: Option<String>,
    /// Currencies that amounts of money are in.
    pub currencies: Vec<&'static str>,
    /// Names of all attributes that those products have, if none of them has this one.
    pub others: Vec<String>,
}

impl FilterField {
    fn see(&mut self, value: &str) {
        self.values += 1;
        let read = self.kind.read(value);
        match self.kind == AttributeKind::Text || read != Value::Text {
            true => self.readable += 1,
            false if self.unreadable.is_none() => self.unreadable = Some(value.to_owned()),
            false => {}
        }
        if let Value::Money(_, Some(currency)) = read
            && !self.currencies.contains(&currency.name())
        {
            self.currencies.push(currency.name());
        }
    }
}

impl Catalog {
    /// What the attributes that a filter looks at hold: a filter finds nothing by a name
    /// that no product has, and by `<` nothing among values that are no numbers.
    ///
    /// # Errors
    /// [`Error::Argument`] for a filter that cannot be read, [`Error::Damaged`] or
    /// [`Error::Io`].
    pub fn filter_fields(&self, filter: &str) -> Result<Vec<FilterField>> {
        let expr = FilterExpr::parse(filter).map_err(|error| Error::Argument(error.to_string()))?;
        let reader = self.state.store.read()?;
        let schema = reader.schema()?;
        let fields = expr.attributes().into_iter().map(|used| {
            let kind = schema.kind(&used.name);
            let is_any = kind == AttributeKind::Any;
            FilterField {
                by_size: used.by_number && is_any || used.by_order && !is_any,
                name: used.name,
                kind,
                looked_at: 0,
                values: 0,
                readable: 0,
                unreadable: None,
                currencies: Vec::new(),
                others: Vec::new(),
            }
        });
        let mut fields: Vec<FilterField> = fields.collect();
        let folded: Vec<String> = fields.iter().map(|field| fold(&field.name)).collect();
        let mut names: BTreeSet<String> = BTreeSet::new();
        let (mut from, mut looked_at) = (0, 0);
        while !fields.is_empty() {
            let before = looked_at;
            reader.each_product_from(from, LOOKED_AT as usize, |row, product| {
                from = row + 1;
                looked_at += 1;
                for pair in product.attributes.iter() {
                    let (name, value) = (&pair.0, &pair.1);
                    let own = fold(name);
                    if !names.contains(name.as_str()) {
                        names.insert(name.to_string());
                    }
                    if let Some(at) = folded.iter().position(|known| *known == own) {
                        fields[at].see(value);
                    }
                }
                Ok(())
            })?;
            if looked_at == before || fields.iter().all(|field| field.values > 0) {
                break;
            }
        }
        for field in &mut fields {
            field.looked_at = looked_at;
            if field.values == 0 {
                field.others = names.iter().cloned().collect();
            }
        }
        Ok(fields)
    }
}
