//! Rows in memory, in blocks that snapshots share.

use std::sync::Arc;

use assort_core::CategoryIndex;
use assort_index::{RowSketches, Sketcher};
use rayon::prelude::*;

/// Rows in a block.
pub(crate) const BLOCK: usize = 1024;

/// Stands for a row without a label.
const UNLABELLED: CategoryIndex = CategoryIndex::MAX;

/// Rows from which on sketches are kept, so that a search need not compare all vectors.
const SKETCHED: usize = 4 * BLOCK;

/// Sketches of fewer coordinates tell too little.
const SKETCHED_DIMENSIONS: usize = 64;

/// Blocks whose rows say what the bits of sketches mean.
const FITTED: usize = 4;

/// Vectors that are in no segment.
#[derive(Clone)]
pub(crate) struct Live {
    dimensions: usize,
    len: usize,
    blocks: Vec<Option<Arc<Block>>>,
    sketcher: Option<Arc<Sketcher>>,
}

/// [`BLOCK`] rows that follow each other.
#[derive(Clone)]
pub(crate) struct Block {
    first_row: u32,
    dimensions: usize,
    len: usize,
    vectors: Vec<f32>,
    present: Vec<bool>,
    sketches: Option<RowSketches>,
}

impl Block {
    fn new(number: usize, dimensions: usize, sketcher: Option<&Sketcher>) -> Self {
        Self {
            first_row: (number * BLOCK) as u32,
            dimensions,
            len: 0,
            vectors: vec![0.0; BLOCK * dimensions],
            present: vec![false; BLOCK],
            sketches: sketcher.map(|sketcher| RowSketches::new(sketcher, BLOCK)),
        }
    }

    pub(crate) fn row(&self, at: usize) -> u32 {
        self.first_row + at as u32
    }

    #[inline]
    pub(crate) fn vector(&self, at: usize) -> &[f32] {
        &self.vectors[at * self.dimensions..][..self.dimensions]
    }

    /// Whether there is a row at a position.
    #[inline]
    pub(crate) fn has(&self, at: usize) -> bool {
        self.present[at]
    }

    /// Sets what absent rows are worth to 0.
    pub(crate) fn clear_absent(&self, worth: &mut [u16]) {
        if self.len < BLOCK {
            let rows = worth.iter_mut().zip(&self.present);
            rows.for_each(|(worth, present)| *worth *= u16::from(*present));
        }
    }

    /// The positions of the rows that are there.
    pub(crate) fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        (0..BLOCK).filter(|&at| self.present[at])
    }

    /// Sketches of its rows, if there are.
    pub(crate) fn sketches(&self) -> Option<&RowSketches> {
        self.sketches.as_ref()
    }

    fn sketch(&mut self, sketcher: &Sketcher) {
        let mut sketches = RowSketches::new(sketcher, BLOCK);
        for at in self.positions() {
            sketches.set(sketcher, at, self.vector(at));
        }
        self.sketches = Some(sketches);
    }
}

impl Live {
    pub(crate) fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            len: 0,
            blocks: Vec::new(),
            sketcher: None,
        }
    }

    /// The blocks that hold anything, in order of rows.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().flatten().map(Arc::as_ref)
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// What the sketches of all blocks mean, where there are so many rows that they
    /// are kept.
    pub(crate) fn sketcher(&self) -> Option<&Sketcher> {
        let sketcher = self.sketcher.as_deref();
        sketcher.filter(|_| self.len >= SKETCHED)
    }

    pub(crate) fn vector(&self, row: u32) -> Option<&[f32]> {
        let block = self.blocks.get(row as usize / BLOCK)?.as_ref()?;
        let at = row as usize % BLOCK;
        block.present[at].then(|| block.vector(at))
    }

    /// Puts a row in; `write` writes its coordinates.
    pub(crate) fn set(&mut self, row: u32, write: impl FnOnce(&mut [f32])) {
        let (number, at) = (row as usize / BLOCK, row as usize % BLOCK);
        if self.blocks.len() <= number {
            self.blocks.resize(number + 1, None);
        }
        let (dimensions, sketcher) = (self.dimensions, self.sketcher.as_deref());
        let block = self.blocks[number]
            .get_or_insert_with(|| Arc::new(Block::new(number, dimensions, sketcher)));
        let block = Arc::make_mut(block);
        let added = usize::from(!block.present[at]);
        block.present[at] = true;
        block.len += added;
        self.len += added;
        let coordinates = &mut block.vectors[at * dimensions..][..dimensions];
        write(coordinates);
        if let (Some(sketches), Some(sketcher)) = (&mut block.sketches, sketcher) {
            sketches.set(sketcher, at, coordinates);
        }
    }

    /// Takes a row out; a block without rows goes.
    pub(crate) fn remove(&mut self, row: u32) {
        let (number, at) = (row as usize / BLOCK, row as usize % BLOCK);
        let Some(place) = self.blocks.get_mut(number) else {
            return;
        };
        let Some(block) = place.as_mut().filter(|block| block.present[at]) else {
            return;
        };
        self.len -= 1;
        if block.len == 1 {
            *place = None;
            return;
        }
        let block = Arc::make_mut(block);
        block.present[at] = false;
        block.len -= 1;
    }

    /// Begins to keep sketches where there are many rows.
    pub(crate) fn sketch(&mut self) {
        let many = self.len >= SKETCHED && self.dimensions >= SKETCHED_DIMENSIONS;
        if self.sketcher.is_some() || !many {
            return;
        }
        let step = (self.blocks().count() / FITTED).max(1);
        let blocks = self.blocks().step_by(step);
        let rows = blocks.flat_map(|block| block.positions().map(|at| block.vector(at)));
        let sketcher = Arc::new(Sketcher::fit(self.dimensions, rows));
        let blocks = self.blocks.par_iter_mut().flatten();
        blocks.for_each(|block| Arc::make_mut(block).sketch(&sketcher));
        self.sketcher = Some(sketcher);
    }
}

/// Labels of all rows.
#[derive(Clone, Default)]
pub(crate) struct Labels {
    blocks: Vec<Option<Arc<[CategoryIndex; BLOCK]>>>,
    count: usize,
}

impl Labels {
    /// Number of rows with a label.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn get(&self, row: u32) -> Option<CategoryIndex> {
        let block = self.blocks.get(row as usize / BLOCK)?.as_ref()?;
        Some(block[row as usize % BLOCK]).filter(|&label| label != UNLABELLED)
    }

    pub(crate) fn set(&mut self, row: u32, label: Option<CategoryIndex>) {
        let number = row as usize / BLOCK;
        if self.blocks.len() <= number {
            if label.is_none() {
                return;
            }
            self.blocks.resize(number + 1, None);
        }
        let block = self.blocks[number].get_or_insert_with(|| Arc::new([UNLABELLED; BLOCK]));
        let place = &mut Arc::make_mut(block)[row as usize % BLOCK];
        self.count -= usize::from(*place != UNLABELLED);
        self.count += usize::from(label.is_some());
        *place = label.unwrap_or(UNLABELLED);
    }
}
