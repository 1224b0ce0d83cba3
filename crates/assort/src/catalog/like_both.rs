//! Products like another one by text and by picture.

use std::collections::BTreeSet;

use assort_core::vector::dot;

use crate::catalog::Catalog;
use crate::catalog::search::{Found, Page, Search, effort};
use crate::knn::graph::nearest;
use crate::snapshot::{FilteredRows, RowFilter};
use crate::{Error, Result};

/// Products that are found by each of the two for each result, and at least.
const LOOKED_AT: usize = 10;
const LEAST_LOOKED_AT: usize = 200;

impl Catalog {
    /// The products that are nearest by the mean of both similarities, among those that
    /// are near by either.
    pub(super) fn find_like_both(&self, search: &Search, id: &str) -> Result<Page> {
        if search.group_by.is_some() || !search.facets.is_empty() {
            return Err(Error::argument(
                "products like another by text and picture come without groups and facets",
            ));
        }
        let (reader, texts) = self.state.view()?;
        let pictures = self.state.pictures(&reader)?.ok_or(Error::NoPictures)?;
        let row = reader
            .row(id)?
            .ok_or_else(|| Error::NoProduct(id.to_owned()))?;
        let lacks = |what: &str| {
            Error::argument(format!(
                "the product `{id}` has no {what} that was embedded"
            ))
        };
        let own = [
            texts.vector(row)?.ok_or_else(|| lacks("text"))?,
            pictures.vector(row)?.ok_or_else(|| lacks("picture"))?,
        ];
        let by_text = match &search.filter {
            Some(expression) => {
                let taxonomy = self.state.taxonomy_in(&reader)?;
                Some(self.filters.rows(&reader, &texts, &taxonomy, expression)?)
            }
            None => None,
        };
        let by_picture = by_text.as_ref();
        let by_picture =
            by_picture.map(|matching| FilteredRows::new(&pictures, matching.rows.clone()));
        let effort = effort(search, &reader)?;
        let wanted = search.offset + search.top;
        let deep = (LOOKED_AT * wanted).max(LEAST_LOOKED_AT);
        let mut near: BTreeSet<u32> = BTreeSet::new();
        let places = [
            (&texts, &own[0], by_text.as_deref()),
            (&pictures, &own[1], by_picture.as_ref()),
        ];
        for (snapshot, query, matching) in places {
            let filter = matching.map_or(RowFilter::All, RowFilter::Rows);
            let found = nearest(snapshot, query, deep, filter, &[Some(row)], effort)?;
            near.extend(found.into_iter().flatten().map(|hit| hit.row));
        }
        let mut ranked: Vec<(f32, u32)> = Vec::new();
        for row in near {
            let (text, picture) = (texts.vector(row)?, pictures.vector(row)?);
            if let (Some(text), Some(picture)) = (text, picture) {
                let similarity = (dot(&own[0], &text) + dot(&own[1], &picture)) / 2.0;
                ranked.push((similarity, row));
            }
        }
        let least = search.min_similarity.unwrap_or(f32::NEG_INFINITY);
        ranked.retain(|(similarity, _)| *similarity >= least);
        ranked.sort_unstable_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        let mut found = Vec::new();
        for (similarity, row) in ranked.into_iter().skip(search.offset).take(search.top) {
            if let Some(product) = self.stored(&reader, row)? {
                found.push(Found {
                    product,
                    similarity: similarity.clamp(-1.0, 1.0),
                    group: None,
                });
            }
        }
        Ok(Page {
            found,
            matches: match by_text {
                Some(matching) => matching.rows.len() as u64,
                None => reader.counts()?.products,
            },
            facets: Vec::new(),
            steps: Vec::new(),
            state: reader.content_state()?,
        })
    }
}
