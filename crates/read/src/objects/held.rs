//! Objects that wait for what the objects around them say behind them:
//! `{"products": […], "category": "Pans"}`.

use std::collections::VecDeque;

use crate::lines::MAX_RECORD;
use crate::mended::{Mend, Mended};

use super::around::Around;
use super::found::Found;

/// What an object takes beside its bytes in the file.
const BESIDE: usize = 256;

/// Objects in the order of the file. The first go on when more wait than one may be long.
#[derive(Debug, Default)]
pub(super) struct Held {
    objects: VecDeque<Found>,
    size: usize,
    /// How many objects the file had before each of those that are open.
    before: Vec<u64>,
    /// Number of the last object that was given on.
    given: u64,
    /// Keys that stand behind objects that were given on.
    late: Option<Mended>,
}

impl Held {
    /// Takes note that something opens behind so many objects.
    pub(super) fn open(&mut self, elements: u64) {
        self.before.push(elements);
    }

    /// Takes note that what was opened last is over, and what it says of the objects in it.
    pub(super) fn close(&mut self, around: &Around) {
        let depth = self.before.len();
        let before = self.before.pop().unwrap_or_default();
        for found in self.objects.iter_mut().rev() {
            if found.number <= before {
                break;
            }
            if let Ok(object) = &mut found.row {
                around.add_to(object, depth);
            }
        }
    }

    /// Takes note of a key in the object that was opened last.
    pub(super) fn key(&mut self, line: u64, key: &str) {
        if self
            .before
            .last()
            .is_some_and(|before| self.given > *before)
        {
            Mended::count(&mut self.late, Mend::LateKey, line, key);
        }
    }

    pub(super) fn put(&mut self, found: Found) {
        self.size += found.size + BESIDE;
        self.objects.push_back(found);
    }

    /// The next object of which all is said, or for which there is no room.
    pub(super) fn next(&mut self, whole: bool, around: &Around) -> Option<Found> {
        if !whole && self.size <= MAX_RECORD {
            return None;
        }
        let mut found = self.objects.pop_front()?;
        self.size = self.size.saturating_sub(found.size + BESIDE);
        self.given = found.number;
        let open = self.before.iter().enumerate().rev();
        if let Ok(object) = &mut found.row {
            for (at, before) in open {
                if found.number > *before {
                    around.add_to(object, at + 1);
                }
            }
        }
        Some(found)
    }

    pub(super) fn late(&self) -> Option<&Mended> {
        self.late.as_ref()
    }
}
