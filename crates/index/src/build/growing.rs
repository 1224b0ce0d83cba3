//! A graph that threads are adding to.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use super::select::{Candidate, diverse, sort};
use crate::codes::Bytes;
use crate::graph::NONE;
use crate::walk::Links;

/// Links of one level while it grows. Readers see each link whole; a list
/// that is being changed may show links of before and after.
pub(super) struct GrowingLevel {
    places: Vec<AtomicU32>,
    /// Number of links, held while a list is changed.
    counts: Vec<Mutex<u8>>,
    /// Places of a list; beyond `most` links a full list is thinned out.
    room: usize,
    /// Links that thinning leaves.
    most: usize,
}

impl GrowingLevel {
    pub(super) fn new(rows: usize, most: usize) -> Self {
        let room = most + most / 2;
        Self {
            places: (0..rows * room).map(|_| AtomicU32::new(NONE)).collect(),
            counts: (0..rows).map(|_| Mutex::new(0)).collect(),
            room,
            most,
        }
    }

    fn list(&self, id: u32) -> &[AtomicU32] {
        &self.places[id as usize * self.room..][..self.room]
    }

    fn write(&self, id: u32, count: &mut u8, links: &[u32]) {
        let list = self.list(id);
        for (place, &link) in list.iter().zip(links) {
            place.store(link, Ordering::Relaxed);
        }
        for place in &list[links.len()..(*count as usize).max(links.len())] {
            place.store(NONE, Ordering::Relaxed);
        }
        *count = links.len() as u8;
    }

    /// Gives a row its first links, keeping those others have given it.
    pub(super) fn link(&self, id: u32, links: &[u32]) {
        let mut count = self.counts[id as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut all = links.to_vec();
        for place in &self.list(id)[..*count as usize] {
            let link = place.load(Ordering::Relaxed);
            if !all.contains(&link) && all.len() < self.room {
                all.push(link);
            }
        }
        self.write(id, &mut count, &all);
    }

    /// Adds a link from `id` to `to`.
    pub(super) fn link_back(&self, id: u32, to: u32, bytes: &Bytes, work: &mut Work) {
        let mut count = self.counts[id as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let list = self.list(id);
        let filled = &list[..*count as usize];
        if filled
            .iter()
            .any(|place| place.load(Ordering::Relaxed) == to)
        {
            return;
        }
        if let Some(place) = list.get(*count as usize) {
            place.store(to, Ordering::Relaxed);
            *count += 1;
            return;
        }
        self.thin(id, &mut count, Some(to), bytes, work);
    }

    fn thin(&self, id: u32, count: &mut u8, more: Option<u32>, bytes: &Bytes, work: &mut Work) {
        let row = bytes.row(id);
        let filled = self.list(id)[..*count as usize].iter();
        let all = filled
            .map(|place| place.load(Ordering::Relaxed))
            .chain(more);
        work.candidates.clear();
        work.candidates.extend(all.map(|id| Candidate {
            distance: row.distance(bytes.row(id)),
            id,
        }));
        sort(&mut work.candidates);
        diverse(bytes, &work.candidates, self.most, &mut work.kept);
        self.write(id, count, &work.kept);
    }

    /// The finished links, at most `most` of each row.
    pub(super) fn finish(self, bytes: &Bytes) -> Vec<u32> {
        let rows = self.counts.len();
        let mut work = Work::default();
        let mut links = Vec::with_capacity(rows * self.most);
        for id in 0..rows as u32 {
            let mut count = self.counts[id as usize]
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if usize::from(*count) > self.most {
                self.thin(id, &mut count, None, bytes, &mut work);
            }
            let list = &self.list(id)[..self.most];
            links.extend(list.iter().map(|place| place.load(Ordering::Relaxed)));
        }
        links
    }
}

impl Links for GrowingLevel {
    #[inline]
    fn links(&self, id: u32) -> impl Iterator<Item = u32> {
        let list = self.list(id).iter();
        list.map(|place| place.load(Ordering::Relaxed))
            .take_while(|&id| id != NONE)
    }
}

/// Working memory for thinning lists.
#[derive(Default)]
pub(super) struct Work {
    pub(super) candidates: Vec<Candidate>,
    pub(super) kept: Vec<u32>,
}
