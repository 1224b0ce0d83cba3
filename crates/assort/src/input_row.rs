//! What a catalog takes: rows of files, and of any other source.

use assort_core::{Product, ProductUpdate};
use assort_read::{ProductRow, Rejected, Row, UpdateRow};

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
            Self::Product(row) => Ok(Row::Product(row).whole()),
            Self::Update(row) => Ok(Row::Update(row).whole()),
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

impl From<Row> for InputRow {
    fn from(row: Row) -> Self {
        match row {
            Row::Product(row) => Self::Product(row),
            Row::Update(row) => Self::Update(row),
            Row::Rejected(rejected) => Self::Rejected(rejected),
        }
    }
}

impl<R: Into<Self>> From<assort_read::Result<R>> for InputRow {
    fn from(row: assort_read::Result<R>) -> Self {
        row.map_or_else(|error| Self::Failed(error.into()), Into::into)
    }
}
