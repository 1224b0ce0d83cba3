//! The vectors and labels of a catalog in memory, as of one commit.
//!
//! Rows stand in blocks that are shared between snapshots: a writer copies the
//! blocks it changes, and a reader keeps the snapshot it has.

use std::sync::Arc;

use assort_core::{CategoryIndex, Taxonomy};

use crate::Result;
use crate::store::{Ground, Reader, SpaceRecord};

/// Rows in a block.
pub(crate) const BLOCK: usize = 1024;

/// Stands for a row without a label.
const UNLABELLED: CategoryIndex = CategoryIndex::MAX;

/// All vectors and labels of one commit.
#[derive(Clone)]
pub(crate) struct Snapshot {
    version: u64,
    ground: Ground,
    dimensions: usize,
    blocks: Vec<Option<Arc<Block>>>,
}

/// What a commit changed.
#[derive(Default)]
pub(crate) struct Changes {
    pub(crate) vectors: Vec<(u32, Vec<f32>)>,
    pub(crate) labels: Vec<(u32, Option<CategoryIndex>)>,
    pub(crate) removed: Vec<u32>,
}

/// [`BLOCK`] rows that follow each other.
#[derive(Clone)]
pub(crate) struct Block {
    first_row: u32,
    dimensions: usize,
    /// Zero where a row is absent.
    vectors: Vec<f32>,
    present: Vec<bool>,
    labels: Vec<CategoryIndex>,
}

impl Block {
    fn new(first_row: u32, dimensions: usize) -> Self {
        Self {
            first_row,
            dimensions,
            vectors: vec![0.0; BLOCK * dimensions],
            present: vec![false; BLOCK],
            labels: vec![UNLABELLED; BLOCK],
        }
    }

    pub(crate) fn row(&self, at: usize) -> u32 {
        self.first_row + at as u32
    }

    #[inline]
    pub(crate) fn vector(&self, at: usize) -> &[f32] {
        &self.vectors[at * self.dimensions..][..self.dimensions]
    }

    #[inline]
    pub(crate) fn is_present(&self, at: usize) -> bool {
        self.present[at]
    }

    #[inline]
    pub(crate) fn label(&self, at: usize) -> Option<CategoryIndex> {
        let label = self.labels[at];
        (label != UNLABELLED).then_some(label)
    }

    /// The positions of the rows that are there.
    pub(crate) fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        (0..BLOCK).filter(|&at| self.present[at])
    }
}

impl Snapshot {
    /// Reads a commit. Labels of categories the taxonomy no longer has are
    /// left out.
    pub(crate) fn load(
        reader: &Reader<'_>,
        space: &SpaceRecord,
        taxonomy: &Taxonomy,
    ) -> Result<Self> {
        let mut snapshot = Self {
            version: reader.version()?,
            ground: reader.ground()?,
            dimensions: space.dimensions as usize,
            blocks: Vec::new(),
        };
        reader.each_vector(space, |row, view| {
            let (block, at) = snapshot.block_mut(row);
            let dimensions = block.dimensions;
            view.copy_to(&mut block.vectors[at * dimensions..][..dimensions]);
            block.present[at] = true;
            Ok(())
        })?;
        reader.each_label(|row, label| {
            if let Some(category) = taxonomy.by_id(label) {
                let (block, at) = snapshot.block_mut(row);
                block.labels[at] = category;
            }
            Ok(())
        })?;
        Ok(snapshot)
    }

    /// The commit this is a state of.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// What its labels and vectors depend on.
    pub(crate) fn ground(&self) -> &Ground {
        &self.ground
    }

    pub(crate) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// The blocks that hold anything, in order of rows.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().flatten().map(Arc::as_ref)
    }

    /// The blocks as a list, to be shared out among threads.
    pub(crate) fn block_list(&self) -> Vec<&Block> {
        self.blocks().collect()
    }

    /// The vector of a row.
    pub(crate) fn vector(&self, row: u32) -> Option<&[f32]> {
        let (block, at) = self.block(row)?;
        block.is_present(at).then(|| block.vector(at))
    }

    /// The label of a row.
    pub(crate) fn label(&self, row: u32) -> Option<CategoryIndex> {
        let (block, at) = self.block(row)?;
        block.label(at)
    }

    fn block(&self, row: u32) -> Option<(&Block, usize)> {
        let block = self.blocks.get(row as usize / BLOCK)?.as_ref()?;
        Some((block, row as usize % BLOCK))
    }

    fn block_mut(&mut self, row: u32) -> (&mut Block, usize) {
        let (number, at) = (row as usize / BLOCK, row as usize % BLOCK);
        if self.blocks.len() <= number {
            self.blocks.resize(number + 1, None);
        }
        let dimensions = self.dimensions;
        let block = self.blocks[number]
            .get_or_insert_with(|| Arc::new(Block::new((number * BLOCK) as u32, dimensions)));
        (Arc::make_mut(block), at)
    }

    /// The state after a commit that made `changes` and got `version`.
    pub(crate) fn after(&self, changes: &Changes, version: u64) -> Self {
        let mut next = self.clone();
        next.version = version;
        for (row, vector) in &changes.vectors {
            let (block, at) = next.block_mut(*row);
            block.vectors[at * block.dimensions..][..vector.len()].copy_from_slice(vector);
            block.present[at] = true;
        }
        for (row, label) in &changes.labels {
            let (block, at) = next.block_mut(*row);
            block.labels[at] = label.unwrap_or(UNLABELLED);
        }
        for &row in &changes.removed {
            let (block, at) = next.block_mut(row);
            let dimensions = block.dimensions;
            block.vectors[at * dimensions..][..dimensions].fill(0.0);
            block.present[at] = false;
            block.labels[at] = UNLABELLED;
        }
        next
    }
}
