//! Results as comma-separated values.

use std::io::Write;

use assort::Page;
use assort::core::{Alternative, Taxonomy};

use super::{Filed, Results, kind_of_confidence, path_of};
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
            let header = [
                "id",
                "title",
                "category_id",
                "category",
                "confidence",
                "margin",
                "alternatives",
                "confidence_is",
                "set",
            ];
            let pack = filed.pack.as_ref().map(|_| "pack");
            writer.write_record(header.into_iter().chain(pack))?;
        }
        for (product, decision) in filed.products.iter().zip(filed.decisions) {
            let (id, path) = match decision.category {
                Some(index) => (taxonomy.category(index).id.clone(), taxonomy.path(index)),
                None => Default::default(),
            };
            let others = decision.alternatives.iter();
            let others = others.filter(|one| Some(one.category) != decision.category);
            let set = decision.set.as_deref().unwrap_or_default();
            let (confidence, margin) = (
                format!("{:.4}", decision.confidence),
                format!("{:.4}", decision.margin),
            );
            let row = [
                &product.id,
                &product.title,
                &id,
                &path,
                &confidence,
                &margin,
                &listed(taxonomy, others),
                kind_of_confidence(decision),
                &listed(taxonomy, set.iter()),
            ];
            writer.write_record(row.into_iter().chain(filed.pack.as_deref()))?;
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
        let columns = ["similarity", "id", "title", "category"];
        let of_groups = ["group", "group_value"];
        let is_grouped = page.found.iter().any(|found| found.group.is_some());
        let of_groups = of_groups.into_iter().filter(|_| is_grouped);
        writer.write_record(columns.into_iter().chain(of_groups))?;
        for found in &page.found {
            let product = &found.product.product;
            let mut record = vec![
                format!("{:.4}", found.similarity),
                product.id.clone(),
                product.title.clone(),
                path_of(taxonomy, &found.product).unwrap_or_default(),
            ];
            if let Some(group) = &found.group {
                record.push(group.number.to_string());
                record.push(group.value.clone().unwrap_or_default());
            }
            writer.write_record(record)?;
        }
        writer.flush()?;
        Ok(())
    }
}

/// Categories with their confidence, as one field.
fn listed<'a>(taxonomy: &Taxonomy, all: impl Iterator<Item = &'a Alternative>) -> String {
    let one = |one: &Alternative| {
        let id = &taxonomy.category(one.category).id;
        format!("{id}={:.4}", one.confidence)
    };
    all.map(one).collect::<Vec<String>>().join("|")
}
