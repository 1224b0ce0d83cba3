//! Packs.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use assort_core::{EmbedError, Embedder, Input, Method, Product, Role, Space, Taxonomy};

use assort_read::ProductRow;

use super::in_a_file;
use crate::{Catalog, ClassifyOptions, ImportOptions, Pack};

/// Opens a pack and files a few products by every method.
pub fn pack(bytes: &[u8]) -> bool {
    in_a_file(bytes, file_by)
}

fn file_by(path: &Path) -> bool {
    let Ok(pack) = Pack::open(path) else {
        return false;
    };
    let embedder = Arc::new(Uneven(pack.space()));
    let Ok(pack) = pack.with_embedder(embedder) else {
        return false;
    };
    let products = ["red kettle", "", "电水壶 1.5 l, BLUE"].map(|title| product(title, title));
    for method in Method::ALL {
        let options = ClassifyOptions::default().with_method(method);
        for options in [options.clone(), options.with_explain(true)] {
            // Some methods need what a pack may not have.
            let Ok(decisions) = pack.classify(&products, &options) else {
                continue;
            };
            for decision in decisions {
                let known = decision
                    .category
                    .is_none_or(|one| (one as usize) < pack.taxonomy().len());
                assert!(known, "{decision:?}");
            }
        }
    }
    true
}

/// Points at the coordinate that the length of a text says.
struct Uneven(Space);

impl Embedder for Uneven {
    fn space(&self) -> &Space {
        &self.0
    }

    fn embed(&self, inputs: &[Input<'_>], _: Role) -> Result<Vec<f32>, EmbedError> {
        let row = |input: &Input<'_>| {
            let length = input.text().map_or(0, |text| text.composed().len());
            let mut row = vec![0.0; self.0.dimensions];
            row[length % self.0.dimensions] = 1.0;
            row
        };
        Ok(inputs.iter().flat_map(row).collect())
    }
}

fn product(id: &str, title: &str) -> Product {
    Product {
        id: id.to_owned(),
        title: title.to_owned(),
        ..Product::default()
    }
}

pub(super) fn seeds() -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let taxonomy = Taxonomy::from_paths(["Kitchen > Kettles", "Kitchen > Pans", "Shoes"])?;
    let embedder = Arc::new(Uneven(Space {
        model: "uneven".to_owned(),
        fingerprint: "0".to_owned(),
        dimensions: 4,
    }));
    let directory = folder.path().join("shop");
    let catalog = Catalog::create(&directory, &taxonomy, embedder, "uneven")?;
    let path = folder.path().join("shop.pack");
    catalog.pack(&path, &mut ())?;
    let plain = std::fs::read(&path)?;
    let titles = ["red kettle", "frying pan", "blue kettle", "running shoes"];
    let rows = titles.map(|title| ProductRow {
        category: Some("Kettles".to_owned()),
        ..product(title, title).into()
    });
    catalog.import(rows, &ImportOptions::default(), &|| None, &mut ())?;
    catalog.pack(&path, &mut ())?;
    Ok(vec![plain, std::fs::read(&path)?])
}
