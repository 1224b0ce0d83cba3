//! The only place that turns products and texts into vectors: what of them is
//! embedded, asking the embedder, and checking what it answers.

use std::cmp::Reverse;
use std::collections::HashMap;

use assort_core::{
    EmbedError, Embedder, Input, Pixels, Product, Role, TextInput, text_hash, vector,
};

use crate::{Error, Result};

/// Something to embed, with the digest by which its vector is known.
#[derive(Clone, Copy)]
pub(crate) struct Item<'t> {
    /// Digest of the composed text.
    pub(crate) hash: u128,
    /// Bytes of the composed text.
    pub(crate) length: usize,
    pub(crate) input: TextInput<'t>,
}

impl<'t> Item<'t> {
    /// A product of this title and further text.
    pub(crate) fn of_fields(title: &'t str, further: &'t str) -> Self {
        Self::new(TextInput::of_product(title, further))
    }

    pub(crate) fn of_product(product: &'t Product) -> Self {
        Self::of_fields(&product.title, &product.text)
    }

    /// A query, or a text of a category.
    pub(crate) fn of_text(text: &'t str) -> Self {
        Self::new(TextInput::plain(text))
    }

    fn new(input: TextInput<'t>) -> Self {
        let composed = input.composed();
        Self {
            hash: text_hash(&composed),
            length: composed.len(),
            input,
        }
    }
}

/// How well an embedder that is a student knows a product; none for another.
pub(crate) fn familiarity(embedder: &dyn Embedder, title: &str, further: &str) -> Option<f32> {
    let student = embedder.as_student()?;
    Some(student.familiarity(TextInput::of_product(title, further)))
}

/// The vectors of products, row by row.
pub(crate) fn embed_products(embedder: &dyn Embedder, products: &[Product]) -> Result<Vec<f32>> {
    let items: Vec<Item<'_>> = products.iter().map(Item::of_product).collect();
    let made = embed_all(embedder, Role::Document, items.iter().copied(), |_| true)?;
    let rows = items.iter().filter_map(|item| made.get(&item.hash));
    Ok(rows.flatten().copied().collect())
}

/// The vector of a query.
pub(crate) fn embed_query(embedder: &dyn Embedder, text: &str) -> Result<Vec<f32>> {
    embed(embedder, Role::Query, &[Input::plain(text)])
}

/// The vectors of pictures, row by row.
pub(crate) fn embed_pictures(embedder: &dyn Embedder, pictures: &[&Pixels]) -> Result<Vec<f32>> {
    let inputs: Vec<Input<'_>> = pictures.iter().map(|pixels| Input::Image(pixels)).collect();
    embed(embedder, Role::Document, &inputs)
}

/// Embeds in calls of the embedder's batch size, equal texts once and longest
/// first, so that batches are of like length and the memory needed is seen at
/// once. After each call `go_on` is told how many texts are done and may stop.
/// Returns the vectors that were made, by digests of their texts.
pub(crate) fn embed_all<'t>(
    embedder: &dyn Embedder,
    role: Role,
    items: impl IntoIterator<Item = Item<'t>>,
    mut go_on: impl FnMut(usize) -> bool,
) -> Result<HashMap<u128, Vec<f32>>> {
    let distinct: HashMap<u128, Item<'t>> =
        items.into_iter().map(|item| (item.hash, item)).collect();
    let mut order: Vec<Item<'t>> = distinct.into_values().collect();
    order.sort_unstable_by_key(|item| (Reverse(item.length), item.hash));
    let dimensions = embedder.space().dimensions;
    let mut made = HashMap::with_capacity(order.len());
    for batch in order.chunks(embedder.batch().max(1)) {
        let inputs: Vec<Input<'_>> = batch.iter().map(|item| Input::Text(item.input)).collect();
        let vectors = embed(embedder, role, &inputs)?;
        let rows = vectors.chunks_exact(dimensions).map(<[f32]>::to_vec);
        made.extend(batch.iter().map(|item| item.hash).zip(rows));
        if !go_on(made.len()) {
            break;
        }
    }
    Ok(made)
}

/// Embeds inputs that the embedder reads, and checks that what comes back is
/// finite unit vectors of its space, row by row.
fn embed(embedder: &dyn Embedder, role: Role, inputs: &[Input<'_>]) -> Result<Vec<f32>> {
    let space = embedder.space();
    let unread = inputs.iter().map(Input::modality);
    if let Some(modality) = unread.into_iter().find(|one| !embedder.reads(*one)) {
        return Err(Error::Embed(EmbedError::cannot_read(space, modality)));
    }
    let vectors = embedder.embed(inputs, role)?;
    vector::check_units(&vectors, inputs.len(), space.dimensions)
        .map_err(|what| Error::Embed(EmbedError::new(format!("the embedder {space} {what}"))))?;
    Ok(vectors)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use assort_core::{Modality, Space};

    use super::*;

    /// Titles and further texts.
    type Titled = Vec<(String, String)>;

    /// Remembers what it was asked, and reads what it was told to.
    struct Listening {
        space: Space,
        reads_texts: bool,
        asked: Mutex<Vec<(Role, Titled)>>,
    }

    impl Listening {
        fn new(reads_texts: bool) -> Self {
            Self {
                space: Space {
                    model: "listening".to_owned(),
                    fingerprint: "0".to_owned(),
                    dimensions: 2,
                },
                reads_texts,
                asked: Mutex::default(),
            }
        }
    }

    impl Embedder for Listening {
        fn space(&self) -> &Space {
            &self.space
        }

        fn embed(
            &self,
            inputs: &[Input<'_>],
            role: Role,
        ) -> std::result::Result<Vec<f32>, EmbedError> {
            let texts = inputs.iter().filter_map(Input::text);
            let texts = texts.map(|text| (text.title().to_owned(), text.further().to_owned()));
            self.asked.lock().unwrap().push((role, texts.collect()));
            Ok([1.0, 0.0].repeat(inputs.len()))
        }

        fn reads(&self, modality: Modality) -> bool {
            self.reads_texts && modality == Modality::Text
        }

        fn batch(&self) -> usize {
            2
        }
    }

    #[test]
    fn equal_products_are_embedded_once_the_longest_first_with_their_fields_apart() {
        let embedder = Listening::new(true);
        let items = [
            ("cup", ""),
            ("tea pot", "of clay"),
            ("cup", ""),
            ("kettle", ""),
        ];
        let items = items.map(|(title, further)| Item::of_fields(title, further));
        let made = embed_all(&embedder, Role::Document, items, |_| true).unwrap();
        assert!(items.iter().all(|item| made[&item.hash] == [1.0, 0.0]));
        let pair = |title: &str, further: &str| (title.to_owned(), further.to_owned());
        let asked = embedder.asked.into_inner().unwrap();
        let batches = [
            vec![pair("tea pot", "of clay"), pair("kettle", "")],
            vec![pair("cup", "")],
        ];
        assert_eq!(asked, batches.map(|batch| (Role::Document, batch)));
    }

    #[test]
    fn an_embedder_is_not_handed_what_it_cannot_read() {
        let embedder = Listening::new(false);
        let error = embed_query(&embedder, "kettle").unwrap_err();
        assert!(matches!(error, Error::Embed(_)));
        assert!(
            error
                .to_string()
                .contains("cannot read an input of kind text")
        );
        assert!(embedder.asked.into_inner().unwrap().is_empty());
    }
}
