//! Linking what a built graph does not lead to.
//!
//! Full lists are thinned out, so that a row may lose the last link to it.
//! The rows that can be reached from row 0 form a tree of first links; each
//! other row gets a link from a reached one near to it, in a free place or in
//! place of a link that the tree does not need. So nothing that was reached
//! is unreachable, and each turn reaches at least one row more. Then what is closed is
//! opened, so that walks come from every row to every other.

mod closed;
mod unreachable;

use std::collections::{HashMap, HashSet, VecDeque};

use super::Builder;
use super::source::Source;
use crate::graph::{Graph, Level, NONE, stride};
use crate::scratch::Scratch;
use crate::walk::{Links, Way, descend, walk};
use crate::{Error, Result};

/// Rows a walk keeps while it looks for a reached row near to another.
const REPAIR_EF: usize = 64;

/// Repairs every level, from the top, since walks come from above.
pub(super) fn repair(
    source: &Source<'_>,
    graph: &mut Graph,
    builder: Builder,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<()> {
    for level in (0..graph.levels.len()).rev() {
        let mut repair = Repair::new(source, graph, level);
        repair.reach(stop)?;
        repair.open();
        if level == 0 {
            repair.find(builder, stop)?;
        }
    }
    Ok(())
}

/// For each row the one it was first reached from.
struct Tree {
    parents: Vec<u32>,
}

impl Tree {
    fn of(level: Level<'_>) -> Self {
        let parents = vec![NONE; level.len()];
        let mut tree = Self { parents };
        if level.len() > 0 {
            tree.grow(level, 0, 0);
        }
        tree
    }

    fn reaches(&self, id: u32) -> bool {
        self.parents[id as usize] != NONE
    }

    /// Adds a row and all that can be reached from it, breadth first.
    fn grow(&mut self, level: Level<'_>, id: u32, parent: u32) {
        self.parents[id as usize] = parent;
        let mut queue = VecDeque::from([id]);
        while let Some(id) = queue.pop_front() {
            for next in level.links(id) {
                if !self.reaches(next) {
                    self.parents[next as usize] = id;
                    queue.push_back(next);
                }
            }
        }
    }
}

struct Repair<'a, 's> {
    source: &'a Source<'s>,
    graph: &'a mut Graph,
    level: usize,
    tree: Tree,
    /// Number of links to each row.
    incoming: Vec<u32>,
    /// Duplicates that were linked here, by the first of them: they take in others.
    duplicates: HashMap<u32, VecDeque<u32>>,
    memory: Memory,
}

/// Working memory of a walk to a row.
struct Memory {
    scratch: Scratch,
    vector: Vec<f32>,
}

impl Memory {
    fn new(source: &Source<'_>) -> Self {
        Self {
            scratch: Scratch::default(),
            vector: vec![0.0; source.quantizer.dimensions()],
        }
    }
}

impl<'a, 's> Repair<'a, 's> {
    fn new(source: &'a Source<'s>, graph: &'a mut Graph, level: usize) -> Self {
        let tree = Tree::of(graph.level(level));
        let mut incoming = vec![0; tree.parents.len()];
        for &link in graph.levels[level].iter().filter(|&&link| link != NONE) {
            incoming[link as usize] += 1;
        }
        Self {
            source,
            graph,
            level,
            tree,
            incoming,
            duplicates: HashMap::new(),
            memory: Memory::new(source),
        }
    }

    /// Links every row that is not reached.
    fn reach(&mut self, stop: &(dyn Fn() -> bool + Sync)) -> Result<()> {
        for id in 0..self.tree.parents.len() as u32 {
            if self.tree.reaches(id) {
                continue;
            }
            if stop() {
                return Err(Error::Interrupted);
            }
            let place = match self.place_of_duplicate(id) {
                Some(place) => place,
                None => self.place_near(id)?.ok_or_else(no_place)?,
            };
            self.link(place, id);
            let parent = (place / self.stride()) as u32;
            self.tree.grow(self.graph.level(self.level), id, parent);
            if let Some(first) = self.source.duplicates.first(id) {
                self.duplicates.entry(first).or_default().push_back(id);
            }
        }
        Ok(())
    }

    fn stride(&self) -> usize {
        stride(self.graph.m, self.level)
    }

    /// Puts a link in a place; gives the one that was there.
    fn link(&mut self, place: usize, id: u32) -> Option<u32> {
        let links = &mut self.graph.levels[self.level];
        let before = std::mem::replace(&mut links[place], id);
        self.incoming[id as usize] += 1;
        let before = (before != NONE).then_some(before)?;
        self.incoming[before as usize] -= 1;
        Some(before)
    }

    /// A place in the list of an equal row: in that of the first one for the
    /// second, which costs one of its links, and a free one in those of rows
    /// linked before for the others.
    fn place_of_duplicate(&mut self, id: u32) -> Option<usize> {
        let first = self.source.duplicates.first(id)?;
        let stride = self.stride();
        let links = &self.graph.levels[self.level];
        if let Some(linked) = self.duplicates.get_mut(&first) {
            while let Some(&duplicate) = linked.front() {
                let from = duplicate as usize * stride;
                if let Some(at) = free(&links[from..][..stride]) {
                    return Some(from + at);
                }
                linked.pop_front();
            }
        }
        self.place(first, id)
    }

    /// A place in the list of a reached row as near as there is one.
    fn place_near(&mut self, id: u32) -> Result<Option<usize>> {
        let mut queue = VecDeque::from(self.near(id)?);
        let mut seen: HashSet<u32> = queue.iter().copied().collect();
        while let Some(giver) = queue.pop_front() {
            if let Some(place) = self.place(giver, id) {
                return Ok(Some(place));
            }
            // Its list is full of the tree's links; at the tree's ends are places.
            let level = self.graph.level(self.level);
            queue.extend(
                level
                    .links(giver)
                    .filter(|&link| link != id && seen.insert(link)),
            );
        }
        Ok(None)
    }

    /// Reached rows, the nearest first.
    fn near(&mut self, id: u32) -> Result<Vec<u32>> {
        let mut memory = std::mem::replace(&mut self.memory, Memory::new(self.source));
        self.walk_to(id, REPAIR_EF, &mut memory)?;
        let bytes = &self.source.codes.bytes;
        let own = bytes.row(id);
        let found = memory.scratch.pool.ids().filter(|&found| found != id);
        let mut near: Vec<u32> = found.collect();
        near.sort_by_key(|&other| own.distance(bytes.row(other)));
        self.memory = memory;
        Ok(near)
    }

    /// Walks towards a row over what is reached.
    fn walk_to(&self, id: u32, ef: usize, memory: &mut Memory) -> Result<()> {
        let Memory { scratch, vector } = memory;
        self.source.ordered.read(id, vector)?;
        let query = self.source.quantizer.query(vector).coarse;
        let records = self.source.codes.records();
        let mut from = 0;
        for above in (self.level + 1..self.graph.levels.len()).rev() {
            from = descend(&self.graph.level(above), records, &query, from, scratch);
        }
        let level = self.graph.level(self.level);
        let way = Way {
            from: if self.tree.reaches(from) { from } else { 0 },
            rows: level.len(),
            ef,
            filter: None,
            budget: usize::MAX,
            ending: None,
        };
        walk(&level, records, &query, way, scratch);
        Ok(())
    }

    /// A free place for a link in the list of a row that has none such, or that
    /// of the link which is missed least: of those outside the tree, the one
    /// to the most linked row.
    fn place(&self, giver: u32, id: u32) -> Option<usize> {
        let from = giver as usize * self.stride();
        let list = &self.graph.levels[self.level][from..][..self.stride()];
        if list.contains(&id) {
            return None;
        }
        let spare = || {
            let links = list.iter().enumerate();
            let spare = links.filter(|&(_, &link)| self.tree.parents[link as usize] != giver);
            spare.max_by_key(|&(_, &link)| self.incoming[link as usize])
        };
        let at = free(list).or_else(|| spare().map(|(at, _)| at))?;
        Some(from + at)
    }
}

fn free(list: &[u32]) -> Option<usize> {
    list.iter().position(|&link| link == NONE)
}

/// The ends of the tree always have some.
fn no_place() -> Error {
    Error::Fault("reached rows have no place for a link".to_owned())
}
