//! What heads read of a product.

use assort_core::{Product, TextInput};

/// What a head reads of a product: its words, and its attributes.
#[derive(Clone, Copy, Debug)]
pub struct HeadInput<'a> {
    /// The title and the further text.
    pub text: TextInput<'a>,
    /// Names and values; an attribute of several values is there several times.
    pub attributes: &'a [(String, String)],
}

impl<'a> HeadInput<'a> {
    /// A title alone.
    pub fn plain(title: &'a str) -> Self {
        TextInput::plain(title).into()
    }

    /// All that there is to read of a product.
    pub fn of_product(product: &'a Product) -> Self {
        Self {
            text: TextInput::of_product(&product.title, &product.text),
            attributes: &product.attributes,
        }
    }
}

impl<'a> From<TextInput<'a>> for HeadInput<'a> {
    /// A product without attributes.
    fn from(text: TextInput<'a>) -> Self {
        Self {
            text,
            attributes: &[],
        }
    }
}
