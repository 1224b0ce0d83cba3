//! Inner products of codes and vectors: the only arithmetic that a search
//! spends time on.
//!
//! Each kernel has a plain twin in [`plain`], which runs where the processor
//! has no AVX2 and which tests compare the fast one with.

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "vector instructions work on raw pointers")]
mod avx2;
mod plain;

use half::f16;

/// Coordinates that share 32 bytes of 4-bit codes.
pub(crate) const CHUNK: usize = 64;

/// Bytes of a chunk of 4-bit codes.
pub(crate) const CHUNK_BYTES: usize = CHUNK / 2;

/// Rows whose sketches stand together.
pub(crate) const SKETCHED: usize = 32;

/// What a byte of a sketch is worth: 16 values of its lower half, then 16 of
/// the upper one, each 127 at most.
pub(crate) type Table = [u8; 32];

/// Records of equal length, one behind the other.
#[derive(Clone, Copy)]
pub(crate) struct Records<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) stride: usize,
}

impl<'a> Records<'a> {
    #[inline]
    pub(crate) fn get(&self, id: u32) -> &'a [u8] {
        &self.bytes[id as usize * self.stride..][..self.stride]
    }
}

macro_rules! dispatch {
    ($name:ident($($arg:expr),*)) => {{
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = avx2::Avx2::get() {
            return avx2.$name($($arg),*);
        }
        plain::$name($($arg),*)
    }};
}

/// Products of a query with the 4-bit records of `ids`, written to `out`.
///
/// A chunk of a record holds coordinates 0 to 31 in the low halves of its
/// bytes and 32 to 63 in the high halves; `query` has the coordinates in
/// order, padded to whole chunks.
pub(crate) fn dot4(query: &[i8], records: Records<'_>, ids: &[u32], out: &mut Vec<i32>) {
    assert_eq!(query.len(), 2 * records.stride);
    assert_eq!(query.len() % CHUNK, 0);
    out.clear();
    dispatch!(dot4(query, records, ids, out));
}

/// Appends to `out`, for each row, the sum of what the tables say about the bytes of its
/// sketch, one table a byte; it must fit 16 bits.
///
/// `blocks` has the sketches of [`SKETCHED`] rows each: their first bytes, then
/// their second, and so on.
pub(crate) fn look_up(tables: &[Table], blocks: &[u8], out: &mut Vec<u16>) {
    let before = out.len();
    out.resize(before + blocks.len() / tables.len().max(1), 0);
    let out = &mut out[before..];
    dispatch!(look_up(tables, blocks, out));
}

/// Writes the upper bit of each 4-bit code of a record to `out`, eight coordinates a byte, the
/// first in its lowest bit: a quarter of the record's bytes.
#[inline]
pub(crate) fn upper_bits(record: &[u8], out: &mut [u8]) {
    assert_eq!(record.len() % CHUNK_BYTES, 0);
    assert_eq!(4 * out.len(), record.len());
    dispatch!(upper_bits(record, out));
}

/// Writes the places of sums of at least `bound` to `out`, in ascending order.
pub(crate) fn at_least(sums: &[u16], bound: u16, out: &mut Vec<u32>) {
    out.clear();
    dispatch!(at_least(sums, bound, out));
}

/// Product of two rows of signed bytes of equal length, a multiple of 32.
/// No byte may be −128.
#[inline]
pub(crate) fn dot8(a: &[i8], b: &[i8]) -> i32 {
    assert_eq!(a.len(), b.len());
    assert_eq!(a.len() % 32, 0);
    dispatch!(dot8(a, b))
}

/// Products of a query with a 4-bit record and with the signed bytes that
/// refine it: `(Σ qᵢ cᵢ, Σ qᵢ rᵢ)`.
pub(crate) fn dot_refined(query: &[f32], record: &[u8], refinement: &[u8]) -> (f32, f32) {
    assert!(refinement.len() >= query.len());
    assert!(2 * record.len() >= query.len() && record.len().is_multiple_of(CHUNK_BYTES));
    dispatch!(dot_refined(query, record, refinement))
}

/// Product of a query with a vector of half-precision coordinates.
pub(crate) fn dot16(query: &[f32], vector: &[f16]) -> f32 {
    assert_eq!(query.len(), vector.len());
    dispatch!(dot16(query, vector))
}

/// Writes half-precision coordinates to `out` as `f32`; both are of equal length.
pub(crate) fn widen(vector: &[f16], out: &mut [f32]) {
    use half::slice::HalfFloatSliceExt;
    assert_eq!(vector.len(), out.len());
    vector.convert_to_f32_slice(out);
}

/// Fetches the first bytes of a record into the cache, ahead of its use.
#[inline]
pub(crate) fn prefetch(records: Records<'_>, id: u32) {
    #[cfg(target_arch = "x86_64")]
    avx2::prefetch(records, id);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (records, id);
}

/// Fetches links into the cache, ahead of their use.
#[inline]
pub(crate) fn prefetch_links(links: &[u32], at: usize) {
    #[cfg(target_arch = "x86_64")]
    avx2::prefetch_links(links, at);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (links, at);
}

#[cfg(test)]
mod tests;
