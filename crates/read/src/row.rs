//! What a file, or another source, says of one product.

use assort_core::{Product, ProductUpdate};

use crate::error::Unstated;

/// A row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A whole product.
    Product(ProductRow),
    /// What changes about a product that is there.
    Update(UpdateRow),
    /// A row from which no product can be made.
    Rejected(Rejected),
}

impl Row {
    /// The whole product of the row, or why there is none. An update is no whole
    /// product.
    ///
    /// # Errors
    /// Why there is none.
    pub fn whole(self) -> std::result::Result<ProductRow, Rejected> {
        match self {
            Self::Product(row) => Ok(row),
            Self::Update(row) => Err(Rejected::new(
                row.line,
                Some(row.update.id),
                "the row changes a product, and does not give it whole".to_owned(),
            )),
            Self::Rejected(rejected) => Err(rejected),
        }
    }
}

/// A product as it stands in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProductRow {
    /// Line of the file, counted from 1; 0 for a row of no file, which is named by its
    /// number.
    pub line: u64,
    /// The product, cleaned; its title is empty only where none is required.
    pub product: Product,
    /// The category the file gives, an id or a path, as written, or a list of them.
    pub category: Option<String>,
    /// Further ways to read it, and further categories: elements of an array.
    pub more_categories: Vec<String>,
}

/// What a row says about a product that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateRow {
    /// Line of the file, counted from 1; 0 for a row of no file, which is named by its
    /// number.
    pub line: u64,
    /// What changes, cleaned.
    pub update: ProductUpdate,
    /// The category the file gives, an id or a path, as written, or a list of them.
    pub category: Option<String>,
    /// Further ways to read it, and further categories: elements of an array.
    pub more_categories: Vec<String>,
}

/// A row no product can be made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Line of the file, counted from 1.
    pub line: u64,
    /// The product's id, if the row has got that far.
    pub id: Option<String>,
    /// What is wrong with the row.
    pub reason: String,
    /// What could be stated so that the row is read after all.
    pub unstated: Option<Unstated>,
}

impl Rejected {
    /// A row that is rejected for a `reason` that nothing can be stated about.
    pub fn new(line: u64, id: Option<String>, reason: String) -> Self {
        Self {
            line,
            id,
            reason,
            unstated: None,
        }
    }

    /// The same, of a part of the line, if the line alone does not tell which.
    pub(crate) fn within(self, part: Option<String>) -> Self {
        match part {
            Some(part) => Self {
                reason: format!("{part}: {}", self.reason),
                ..self
            },
            None => self,
        }
    }
}

impl From<Product> for ProductRow {
    fn from(product: Product) -> Self {
        Self {
            product,
            ..Self::default()
        }
    }
}

impl From<ProductUpdate> for UpdateRow {
    fn from(update: ProductUpdate) -> Self {
        Self {
            update,
            ..Self::default()
        }
    }
}
