//! Opening what links lead into, but not out of.
//!
//! Hundreds of rows that are near to each other, as variants of one product are, may all choose
//! each other. A walk that begins among them would stay there, however wide it is.

use super::Repair;
use crate::build::incoming::Incoming;

impl Repair<'_, '_> {
    /// Links every row from which no way leads to row 0, but for duplicates, which have no
    /// links of their own. Links go back along the tree of first links: to where the rows
    /// are reached from.
    pub(super) fn open(&mut self) {
        let incoming = Incoming::of(&self.graph.levels[self.level], self.stride());
        let mut leads = Leads::of(&incoming);
        for id in 0..self.tree.parents.len() as u32 {
            while !leads.out[id as usize] && self.source.duplicates.first(id).is_none() {
                let (inner, outer) = self.boundary(id, &leads);
                if let Some(place) = self.place(inner, outer) {
                    self.link(place, outer);
                }
                leads.grow(inner, &incoming);
            }
        }
    }

    /// A row from which no way leads out, on the way to `id`, and the one before it, which has one.
    fn boundary(&self, id: u32, leads: &Leads) -> (u32, u32) {
        let mut inner = id;
        loop {
            let outer = self.tree.parents[inner as usize];
            if leads.out[outer as usize] {
                return (inner, outer);
            }
            inner = outer;
        }
    }
}

/// Which rows lead to row 0.
struct Leads {
    out: Vec<bool>,
}

impl Leads {
    fn of(incoming: &Incoming) -> Self {
        let mut leads = Self {
            out: vec![false; incoming.len()],
        };
        if !leads.out.is_empty() {
            leads.grow(0, incoming);
        }
        leads
    }

    /// Adds a row and all that lead to it.
    fn grow(&mut self, id: u32, incoming: &Incoming) {
        self.out[id as usize] = true;
        let mut rest = vec![id];
        while let Some(id) = rest.pop() {
            for &from in incoming.of_row(id as usize) {
                if !std::mem::replace(&mut self.out[from as usize], true) {
                    rest.push(from);
                }
            }
        }
    }
}
