//! Building the links of a level: each row chooses among rows that are like it, and those
//! that it chose choose among it and theirs.
//!
//! Nothing here depends on which thread is first: the same rows have the same links however many
//! threads there are.

use rayon::prelude::*;

use super::BuildOptions;
use super::incoming::Incoming;
use super::lists::{ListScan, Lists, Packed};
use super::near::Near;
use super::select::{Candidate, diverse, sort};
use super::source::{BATCH, Source};
use crate::Result;
use crate::codes::Bytes;
use crate::graph::{NONE, stride};

/// Places of lists with the best sketches, for each row that is to be compared: a row stands in
/// several lists.
const SKETCHES: usize = 4;

/// Links all rows of the lowest level that `source` has, which is number `level` of the graph.
pub(super) fn link(
    source: &Source<'_>,
    near: Near,
    level: usize,
    options: &BuildOptions,
    observe: &(dyn Fn(usize) -> Result<()> + Sync),
) -> Result<Vec<u32>> {
    let most = stride(options.m, level);
    let chosen = choose(source, &near, most, options, observe)?;
    drop(near);
    Ok(both_ways(&source.codes.bytes, &chosen, most))
}

/// The rows that each row would link to, at most `most`.
fn choose(
    source: &Source<'_>,
    near: &Near,
    most: usize,
    options: &BuildOptions,
    observe: &(dyn Fn(usize) -> Result<()> + Sync),
) -> Result<Vec<u32>> {
    let rows = source.codes.rows();
    let lists = Lists::new(near, rows, source.duplicates, options.m);
    let (records, dimensions) = (source.codes.records(), source.quantizer.dimensions());
    let mut chosen = vec![NONE; rows * most];
    let (mut first, mut rest) = (0, &mut chosen[..]);
    while !rest.is_empty() {
        let packed = Packed::new(&lists, near, first..rows as u32, records, dimensions);
        let (places, later) = rest.split_at_mut(packed.ids.len() * most);
        let batches = packed
            .ids
            .clone()
            .into_par_iter()
            .zip(places.par_chunks_exact_mut(most))
            .chunks(BATCH);
        batches.try_for_each_init(
            || Linker::new(source, options),
            |linker, batch| -> Result<()> {
                observe(batch.len())?;
                for (id, places) in batch {
                    linker.choose(id, near.of(id), &packed, places)?;
                }
                Ok(())
            },
        )?;
        (first, rest) = (packed.ids.end, later);
    }
    Ok(chosen)
}

/// Chooses links, row by row.
struct Linker<'a, 's> {
    source: &'a Source<'s>,
    scan: ListScan,
    /// Rows to compare.
    compared: usize,
    vector: Vec<f32>,
    likely: Vec<u32>,
    candidates: Vec<Candidate>,
    links: Vec<u32>,
}

impl<'a, 's> Linker<'a, 's> {
    fn new(source: &'a Source<'s>, options: &BuildOptions) -> Self {
        Self {
            source,
            scan: ListScan::new(source.codes.rows()),
            compared: options.ef_construction,
            vector: vec![0.0; source.quantizer.dimensions()],
            likely: Vec::new(),
            candidates: Vec::new(),
            links: Vec::new(),
        }
    }

    fn choose(
        &mut self,
        id: u32,
        lists: &[u32],
        packed: &Packed<'_>,
        places: &mut [u32],
    ) -> Result<()> {
        let Source {
            ordered,
            quantizer,
            codes,
            duplicates,
            ..
        } = self.source;
        if duplicates.first(id).is_some() {
            return Ok(());
        }
        ordered.read(id, &mut self.vector)?;
        let query = quantizer.query(&self.vector);
        let wanted = SKETCHES * self.compared;
        self.scan
            .best(packed, &query, lists, wanted, &mut self.likely);
        // Rows above stand farther apart: they lead out of a dense cluster.
        let others = self.likely.iter().chain(lists).copied();
        let others = others.filter(|&other| other != id);
        compare(&codes.bytes, id, others, &mut self.candidates);
        diverse(
            &codes.bytes,
            &self.candidates,
            places.len(),
            &mut self.links,
        );
        for (place, &link) in places.iter_mut().zip(&self.links) {
            *place = link;
        }
        Ok(())
    }
}

/// Writes rows with their distances from one to `out`, the nearest first.
fn compare(bytes: &Bytes, id: u32, others: impl Iterator<Item = u32>, out: &mut Vec<Candidate>) {
    let row = bytes.row(id);
    out.clear();
    out.extend(others.map(|id| Candidate {
        distance: row.distance(bytes.row(id)),
        id,
    }));
    sort(out);
}

/// The links of rows and those back to them, of which rows with more than `most` choose again.
fn both_ways(bytes: &Bytes, chosen: &[u32], most: usize) -> Vec<u32> {
    let incoming = Incoming::of(chosen, most);
    let mut links = vec![NONE; chosen.len()];
    links
        .par_chunks_exact_mut(most)
        .zip(chosen.par_chunks_exact(most))
        .enumerate()
        .for_each_init(
            || (Vec::new(), Vec::new(), Vec::new()),
            |(all, candidates, kept), (id, (places, own))| {
                all.clear();
                all.extend(own.iter().take_while(|&&link| link != NONE));
                let back = incoming.of_row(id).iter();
                all.extend(back.filter(|link| !own.contains(link)));
                if all.len() > most {
                    compare(bytes, id as u32, all.iter().copied(), candidates);
                    diverse(bytes, candidates, most, kept);
                    std::mem::swap(all, kept);
                }
                places[..all.len()].copy_from_slice(all);
            },
        );
    links
}
