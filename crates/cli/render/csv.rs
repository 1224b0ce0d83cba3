//! Results as comma-separated values.

use std::io::Write;

use assort::Page;
use assort::core::Taxonomy;

use super::{Filed, Results, path_of};
use crate::failure::Failure;

/// Results as comma-separated values with a header.
#[derive(Default)]
pub(super) struct Csv {
    /// Whether the header is written.
    begun: bool,
}

impl Results for Csv {
    fn filed(&mut self, sink: &mut dyn Write, filed: &Filed<'_>) -> Result<(), Failure> {
        let taxonomy = filed.taxonomy;
        let mut writer = csv::Writer::from_writer(sink);
        if !self.begun {
            writer.write_record([
                "id",
                "title",
                "category_id",
                "category",
                "confidence",
                "margin",
                "alternatives",
            ])?;
        }
        for (product, decision) in filed.products.iter().zip(filed.decisions) {
            let (id, path) = match decision.category {
                Some(index) => (taxonomy.category(index).id.clone(), taxonomy.path(index)),
                None => Default::default(),
            };
            let others: Vec<String> = decision
                .alternatives
                .iter()
                .filter(|alternative| Some(alternative.category) != decision.category)
                .map(|alternative| {
                    format!(
                        "{}={:.4}",
                        taxonomy.category(alternative.category).id,
                        alternative.confidence
                    )
                })
                .collect();
            let (confidence, margin) = (
                format!("{:.4}", decision.confidence),
                format!("{:.4}", decision.margin),
            );
            writer.write_record([
                &product.id,
                &product.title,
                &id,
                &path,
                &confidence,
                &margin,
                &others.join("|"),
            ])?;
        }
        writer.flush()?;
        self.begun = true;
        Ok(())
    }

    fn found(
        &mut self,
        sink: &mut dyn Write,
        taxonomy: &Taxonomy,
        page: &Page,
    ) -> Result<(), Failure> {
        let mut writer = csv::Writer::from_writer(sink);
        writer.write_record(["similarity", "id", "title", "category"])?;
        for found in &page.found {
            let product = &found.product.product;
            let category = path_of(taxonomy, found).unwrap_or_default();
            writer.write_record([
                &format!("{:.4}", found.similarity),
                &product.id,
                &product.title,
                &category,
            ])?;
        }
        writer.flush()?;
        Ok(())
    }
}
