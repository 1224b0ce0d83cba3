//! A finished graph.

use crate::walk::Links;

/// Stands behind the last link of a row.
pub(crate) const NONE: u32 = u32::MAX;

/// Links of one level: as many places for each row, filled from the front.
#[derive(Clone, Copy)]
pub(crate) struct Level<'a> {
    pub(crate) links: &'a [u32],
    pub(crate) stride: usize,
}

impl Level<'_> {
    /// Rows of this level.
    pub(crate) fn len(&self) -> usize {
        self.links.len() / self.stride.max(1)
    }
}

impl Links for Level<'_> {
    #[inline]
    fn links(&self, id: u32) -> impl Iterator<Item = u32> {
        let places = &self.links[id as usize * self.stride..][..self.stride];
        places.iter().copied().take_while(|&id| id != NONE)
    }

    #[inline]
    fn prefetch(&self, id: u32) {
        crate::kernel::prefetch_links(self.links, id as usize * self.stride);
    }
}

/// A graph by levels, the lowest first. Rows of a level are the first ones of
/// the level below, so that row 0 is on every level.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Graph {
    /// Links a row keeps on upper levels; twice as many on the lowest.
    pub(crate) m: usize,
    pub(crate) levels: Vec<Vec<u32>>,
}

/// Places for links on a level.
pub(crate) fn stride(m: usize, level: usize) -> usize {
    if level == 0 { 2 * m } else { m }
}

impl Graph {
    pub(crate) fn level(&self, level: usize) -> Level<'_> {
        Level {
            links: &self.levels[level],
            stride: stride(self.m, level),
        }
    }
}
