//! What a file, or another source, says of one product.

use assort_core::{Product, ProductUpdate};

use crate::error::Unstated;
use crate::{Error, Result};

/// A row of an input.
///
/// Whatever takes rows takes all that can be turned into one: products, whole or with
/// their lines and categories, updates, rows that are rejected already, and results of
/// any of them. An error ends what takes the rows; a rejected row does not.
///
/// ```
/// use assort::InputRow;
/// use assort::core::Product;
///
/// let product = Product { id: "1".into(), title: "Kettle".into(), ..Product::default() };
/// assert!(matches!(InputRow::from(product), InputRow::Product(row) if row.category.is_none()));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum InputRow {
    /// A whole product.
    Product(ProductRow),
    /// What changes about a product that is there.
    Update(UpdateRow),
    /// A row from which no product can be made.
    Rejected(Rejected),
    /// The input cannot be read on.
    Failed(Error),
}

impl InputRow {
    /// The whole product of the row, or why there is none. An update is no whole
    /// product.
    ///
    /// # Errors
    /// The one of [`Self::Failed`].
    pub fn whole(self) -> Result<std::result::Result<ProductRow, Rejected>> {
        match self {
            Self::Product(row) => Ok(Ok(row)),
            Self::Update(row) => Ok(Err(Rejected::new(
                row.line,
                Some(row.update.id),
                "the row changes a product, and does not give it whole".to_owned(),
            ))),
            Self::Rejected(rejected) => Ok(Err(rejected)),
            Self::Failed(error) => Err(error),
        }
    }

    /// The same with its number as its line, if it comes from no file.
    pub(crate) fn numbered(mut self, number: u64) -> Self {
        match &mut self {
            Self::Product(ProductRow { line, .. })
            | Self::Update(UpdateRow { line, .. })
            | Self::Rejected(Rejected { line, .. }) => {
                if *line == 0 {
                    *line = number;
                }
            }
            Self::Failed(_) => {}
        }
        self
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
    /// The category the file gives, an id or a path, as written.
    pub category: Option<String>,
}

/// What a row says about a product that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateRow {
    /// Line of the file, counted from 1; 0 for a row of no file, which is named by its
    /// number.
    pub line: u64,
    /// What changes, cleaned.
    pub update: ProductUpdate,
    /// The category the file gives, an id or a path, as written.
    pub category: Option<String>,
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

impl From<ProductRow> for InputRow {
    fn from(row: ProductRow) -> Self {
        Self::Product(row)
    }
}

impl From<Product> for InputRow {
    fn from(product: Product) -> Self {
        Self::Product(product.into())
    }
}

impl From<UpdateRow> for InputRow {
    fn from(row: UpdateRow) -> Self {
        Self::Update(row)
    }
}

impl From<ProductUpdate> for InputRow {
    fn from(update: ProductUpdate) -> Self {
        Self::Update(update.into())
    }
}

impl From<Rejected> for InputRow {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl<R: Into<Self>> From<Result<R>> for InputRow {
    fn from(row: Result<R>) -> Self {
        row.map_or_else(Self::Failed, Into::into)
    }
}
