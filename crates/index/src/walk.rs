//! Walking a graph towards a query.

use crate::bitmap::Bitmap;
use crate::codes::CodeQuery;
use crate::kernel::{Records, dot4, prefetch};
use crate::scratch::{Pool, Scratch};

/// The links of one level of a graph.
pub(crate) trait Links {
    /// Rows linked from `id`.
    fn links(&self, id: u32) -> impl Iterator<Item = u32>;

    /// Fetches the links of a row ahead of their use.
    fn prefetch(&self, id: u32) {
        let _ = id;
    }
}

/// Goes from row to row as long as the next one is nearer to the query.
pub(crate) fn descend(
    links: &impl Links,
    records: Records<'_>,
    query: &[i8],
    from: u32,
    scratch: &mut Scratch,
) -> u32 {
    let (fresh, scores) = (&mut scratch.fresh, &mut scratch.scores);
    dot4(query, records, &[from], scores);
    let mut best = (scores.first().copied().unwrap_or(i32::MIN), from);
    loop {
        fresh.clear();
        fresh.extend(links.links(best.1));
        dot4(query, records, fresh, scores);
        let before = best;
        for (&score, &id) in scores.iter().zip(fresh.iter()) {
            if score > best.0 {
                best = (score, id);
            }
        }
        if best == before {
            return best.1;
        }
    }
}

/// Where a walk begins and how far it goes.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) from: u32,
    /// Rows of the graph.
    pub(crate) rows: usize,
    /// Rows the walk keeps.
    pub(crate) ef: usize,
    /// Rows that may be found, and how many of them to find, where not all may.
    pub(crate) filter: Option<(&'a Bitmap, usize)>,
    /// Rows compared at most; where not all may be found, fewer if so many
    /// will not do, going by what was found so far.
    pub(crate) budget: usize,
    /// When the walk ends before it has met everything that it keeps.
    pub(crate) ending: Option<Ending<'a>>,
}

/// Rows compared before the budget of a walk is judged by what was found.
const BUDGET_SAMPLE: usize = 256;

impl Way<'_> {
    /// Whether the budget does not suffice, by the rows that were compared
    /// and those of them that may be found.
    fn is_spent(&self, compared: usize, matched: usize) -> bool {
        let hopeless = |(_, wanted): (&Bitmap, usize)| {
            let expected = compared.saturating_mul(wanted) / matched.max(1);
            compared >= BUDGET_SAMPLE && matched < wanted && expected > self.budget
        };
        compared > self.budget || self.filter.is_some_and(hopeless)
    }
}

/// A walk ends where all that is left is so much farther than what it found:
/// queries with near rows take less than those without (adaptive beam search;
/// Al-Jazzazi et al., 2025).
#[derive(Clone, Copy)]
pub(crate) struct Ending<'a> {
    pub(crate) codes: &'a CodeQuery,
    /// Rows that are looked for.
    pub(crate) k: usize,
    /// How many times as far as the `k`th the rest may be, by squared distance.
    pub(crate) slack: f32,
}

impl Ending<'_> {
    /// Closes both pools to what is too far.
    fn close(&self, pool: &mut Pool, found: &mut Pool, filtered: bool) {
        let kth = if filtered { &*found } else { &*pool }.kth(self.k);
        if let Some(kth) = kth {
            let far = self.codes.far(kth, self.slack);
            pool.close_below(far);
            found.close_below(far);
        }
    }
}

/// Fills the pool with the best rows that a walk meets, and if not all may be
/// found, `found` with those that may. False if the budget did not suffice.
///
/// What the next row needs is fetched while another is compared: one row's
/// links, and the codes of another row's links, are under way at any time.
pub(crate) fn walk(
    links: &impl Links,
    records: Records<'_>,
    query: &[i8],
    way: Way<'_>,
    scratch: &mut Scratch,
) -> bool {
    let Scratch {
        pool,
        found,
        visited,
        fresh,
        pending,
        scores,
        ..
    } = scratch;
    pool.reset_for_walk(way.ef);
    found.reset(way.filter.map_or(0, |(_, wanted)| wanted));
    visited.reset(way.rows);
    visited.insert(way.from);
    pending.clear();
    pending.push(way.from);
    let (mut compared, mut matched) = (0, 0);
    let mut ahead: Option<u32> = None;
    loop {
        if let Some(ending) = way.ending {
            ending.close(pool, found, way.filter.is_some());
        }
        let enough = way.filter.is_some() && found.is_closed_to(pool);
        let next = if enough { None } else { pool.next() };
        if let Some(id) = next {
            links.prefetch(id);
        }
        fresh.clear();
        if let Some(id) = ahead {
            for id in links.links(id) {
                if visited.insert(id) {
                    prefetch(records, id);
                    fresh.push(id);
                }
            }
        }
        if next.is_none() && fresh.is_empty() && pending.is_empty() {
            return true;
        }
        dot4(query, records, pending, scores);
        pool.offer_all(scores, pending);
        if let Some((slots, _)) = way.filter {
            for (&score, &id) in scores.iter().zip(pending.iter()) {
                if slots.contains(id) {
                    matched += 1;
                    found.offer(score, id);
                }
            }
        }
        compared += pending.len();
        if way.is_spent(compared, matched) {
            return false;
        }
        std::mem::swap(fresh, pending);
        ahead = next;
    }
}
