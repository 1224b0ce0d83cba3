//! Rows in memory, in blocks that snapshots share.

use std::sync::Arc;

use assort_core::CategoryIndex;

/// Rows in a block.
pub(crate) const BLOCK: usize = 1024;

/// Stands for a row without a label.
const UNLABELLED: CategoryIndex = CategoryIndex::MAX;

/// Vectors that are in no segment.
#[derive(Clone)]
pub(crate) struct Live {
    dimensions: usize,
    blocks: Vec<Option<Arc<Block>>>,
}

/// [`BLOCK`] rows that follow each other.
#[derive(Clone)]
pub(crate) struct Block {
    first_row: u32,
    dimensions: usize,
    vectors: Vec<f32>,
    present: Vec<bool>,
}

impl Block {
    pub(crate) fn row(&self, at: usize) -> u32 {
        self.first_row + at as u32
    }

    #[inline]
    pub(crate) fn vector(&self, at: usize) -> &[f32] {
        &self.vectors[at * self.dimensions..][..self.dimensions]
    }

    /// The positions of the rows that are there.
    pub(crate) fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        (0..BLOCK).filter(|&at| self.present[at])
    }
}

impl Live {
    pub(crate) fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            blocks: Vec::new(),
        }
    }

    /// The blocks that hold anything, in order of rows.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().flatten().map(Arc::as_ref)
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.blocks().map(|block| block.positions().count()).sum()
    }

    pub(crate) fn vector(&self, row: u32) -> Option<&[f32]> {
        let block = self.blocks.get(row as usize / BLOCK)?.as_ref()?;
        let at = row as usize % BLOCK;
        block.present[at].then(|| block.vector(at))
    }

    /// The place of a row's coordinates, which are to be written there.
    pub(crate) fn place(&mut self, row: u32) -> &mut [f32] {
        let (number, at) = (row as usize / BLOCK, row as usize % BLOCK);
        if self.blocks.len() <= number {
            self.blocks.resize(number + 1, None);
        }
        let dimensions = self.dimensions;
        let block = self.blocks[number].get_or_insert_with(|| {
            Arc::new(Block {
                first_row: (number * BLOCK) as u32,
                dimensions,
                vectors: vec![0.0; BLOCK * dimensions],
                present: vec![false; BLOCK],
            })
        });
        let block = Arc::make_mut(block);
        block.present[at] = true;
        &mut block.vectors[at * dimensions..][..dimensions]
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
        let block = Arc::make_mut(block);
        block.present[at] = false;
        if !block.present.contains(&true) {
            *place = None;
        }
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
