//! Field masks over the fields of a product.

use prost_types::FieldMask;
use tonic::Status;

use assort_proto::v1::Product;

use crate::reason::Refusal;

/// Fields that can be read.
const READ: [&str; 9] = [
    "name",
    "id",
    "title",
    "text",
    "attributes",
    "image",
    "label",
    "decision",
    "etag",
];

/// Fields that can be changed.
const CHANGED: [&str; 5] = ["title", "text", "attributes", "image", "label"];

/// Some fields of a product, or all.
#[derive(Clone, Debug)]
pub(crate) struct Mask(Option<Vec<String>>);

impl Mask {
    /// The fields that a request wants to read.
    pub(crate) fn reading(mask: Option<FieldMask>) -> Result<Self, Status> {
        Self::of("read_mask", mask, &READ)
    }

    /// The fields that a request wants to change.
    pub(crate) fn changing(mask: Option<FieldMask>) -> Result<Self, Status> {
        Self::of("update_mask", mask, &CHANGED)
    }

    fn of(field: &str, mask: Option<FieldMask>, known: &[&str]) -> Result<Self, Status> {
        let paths = mask
            .map(|mask| mask.paths)
            .filter(|paths| !paths.is_empty());
        let paths = paths.filter(|paths| paths.iter().all(|path| path != "*"));
        let unknown = |path: &&String| !known.contains(&path.as_str());
        match paths.iter().flatten().find(unknown) {
            None => Ok(Self(paths)),
            Some(path) => {
                let what = format!("`{field}` names `{path}`; it can name {}", known.join(", "));
                Err(Refusal::of_field(field, what).status())
            }
        }
    }

    /// Whether all fields are meant.
    pub(crate) fn is_all(&self) -> bool {
        self.0.is_none()
    }

    fn has(&self, field: &str) -> bool {
        let named = |paths: &Vec<String>| paths.iter().any(|path| path == field);
        self.0.as_ref().is_none_or(named)
    }

    /// A product with these fields alone.
    pub(crate) fn read(&self, mut product: Product) -> Product {
        if self.is_all() {
            return product;
        }
        let empty = Product::default();
        for field in READ.into_iter().filter(|field| !self.has(field)) {
            set(&mut product, field, &empty);
        }
        product
    }

    /// `stored` with these fields of `given`.
    pub(crate) fn change(&self, mut stored: Product, given: &Product) -> Product {
        stored.label = None;
        for field in CHANGED.into_iter().filter(|field| self.has(field)) {
            set(&mut stored, field, given);
        }
        stored
    }
}

/// Sets a field as another product has it.
fn set(product: &mut Product, field: &str, from: &Product) {
    match field {
        "name" => product.name.clone_from(&from.name),
        "id" => product.id.clone_from(&from.id),
        "title" => product.title.clone_from(&from.title),
        "text" => product.text.clone_from(&from.text),
        "attributes" => product.attributes.clone_from(&from.attributes),
        "image" => product.image.clone_from(&from.image),
        "label" => product.label.clone_from(&from.label),
        "decision" => product.decision.clone_from(&from.decision),
        _ => product.etag.clone_from(&from.etag),
    }
}
