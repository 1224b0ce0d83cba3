//! Results as JSON Lines.

use std::io::Write;

use assort::core::{Alternative, CategoryIndex, Decision, Product, Taxonomy};
use assort::{Page, StoredProduct};
use serde_json::{Value, json};

use super::{Filed, Results, path_of};
use crate::failure::Failure;

/// Results as one JSON object a line.
pub(super) struct JsonLines;

impl Results for JsonLines {
    fn filed(&mut self, sink: &mut dyn Write, filed: &Filed<'_>) -> Result<(), Failure> {
        for (product, made) in filed.products.iter().zip(filed.decisions) {
            let mut value = decision(filed.taxonomy, product, made);
            if let Some(problem) = &made.picture_problem {
                value["picture_problem"] = json!(problem.to_string());
            }
            if let Some(pack) = &filed.pack {
                value["pack"] = json!(pack);
            }
            writeln!(sink, "{value}")?;
        }
        Ok(())
    }

    fn found(
        &mut self,
        sink: &mut dyn Write,
        taxonomy: &Taxonomy,
        page: &Page,
    ) -> Result<(), Failure> {
        for found in &page.found {
            let mut value = product(&found.product.product);
            value["similarity"] = rounded(found.similarity.into());
            value["category"] = json!(path_of(taxonomy, &found.product));
            if let Some(group) = &found.group {
                value["group"] = json!({"number": group.number, "value": group.value});
            }
            writeln!(sink, "{value}")?;
        }
        Ok(())
    }
}

/// Four decimals: what figures of a few thousand products can bear.
pub(crate) fn rounded(value: f64) -> Value {
    json!((value * 1e4).round() / 1e4)
}

/// A category as JSON.
pub(crate) fn category(taxonomy: &Taxonomy, index: CategoryIndex) -> Value {
    json!({"id": taxonomy.category(index).id, "path": taxonomy.path(index)})
}

/// A product as JSON.
pub(crate) fn product(product: &Product) -> Value {
    let mut attributes = serde_json::Map::new();
    for same in product.attributes.chunk_by(|a, b| a.0 == b.0) {
        let value = match same {
            [(_, value)] => json!(value),
            several => several.iter().map(|(_, value)| json!(value)).collect(),
        };
        attributes.extend(same.first().map(|(name, _)| (name.clone(), value)));
    }
    json!({
        "id": product.id,
        "title": product.title,
        "text": product.text,
        "attributes": attributes,
        "image": product.image,
    })
}

/// A product as JSON, with its label and the decision that was kept.
pub(crate) fn stored(taxonomy: &Taxonomy, stored: &StoredProduct) -> Value {
    let mut value = product(&stored.product);
    value["label"] = json!(stored.label.map(|label| category(taxonomy, label)));
    value["decision"] = json!(stored.decision.as_ref().map(|decision| json!({
        "category": decision.category_id,
        "path": decision.category.map(|index| taxonomy.path(index)),
        "confidence": rounded(decision.confidence.into()),
        "method": decision.method,
    })));
    value
}

/// A decision as JSON, with its reasons if it has any.
fn decision(taxonomy: &Taxonomy, product: &Product, decision: &Decision) -> Value {
    let sure = |all: &[Alternative]| -> Vec<Value> {
        let values = all.iter().map(|one| {
            let mut value = category(taxonomy, one.category);
            value["confidence"] = rounded(one.confidence.into());
            value
        });
        values.collect()
    };
    let mut value = json!({
        "id": product.id,
        "title": product.title,
        "category": decision.category.map(|index| category(taxonomy, index)),
        "confidence": rounded(decision.confidence.into()),
        "calibrated": decision.is_calibrated,
        "margin": rounded(decision.margin.into()),
        "alternatives": sure(&decision.alternatives),
        "levels": sure(&decision.levels),
    });
    if let Some(set) = &decision.set {
        value["set"] = sure(set).into();
    }
    if let Some(reasons) = &decision.reasons {
        let neighbors = reasons.neighbors.iter().map(|neighbor| {
            json!({
                "id": neighbor.id,
                "title": neighbor.title,
                "category": category(taxonomy, neighbor.category),
                "similarity": rounded(neighbor.similarity.into()),
                "image": neighbor.image,
            })
        });
        value["neighbors"] = neighbors.collect();
        let texts = reasons.texts.iter().map(|text| {
            json!({
                "kind": text.kind.as_str(),
                "text": text.text,
                "similarity": rounded(text.similarity.into()),
            })
        });
        value["texts"] = texts.collect();
        let words = reasons
            .words
            .iter()
            .map(|word| json!({"word": word.word, "effect": rounded(word.effect.into())}));
        value["words"] = words.collect();
        let sources = reasons.sources.iter().map(
            |one| json!({"source": one.source.as_str(), "effect": rounded(one.effect.into())}),
        );
        value["sources"] = sources.collect();
    }
    value
}
