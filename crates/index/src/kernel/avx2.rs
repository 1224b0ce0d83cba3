//! The kernels on 256-bit registers (AVX2, FMA and F16C).

use std::arch::x86_64::{
    __m128i, __m256, __m256i, _MM_HINT_T0, _mm_add_epi32, _mm_add_ps, _mm_add_ss,
    _mm_cvtsi128_si32, _mm_cvtss_f32, _mm_hadd_epi32, _mm_loadl_epi64, _mm_loadu_si128,
    _mm_movehl_ps, _mm_prefetch, _mm_shuffle_epi32, _mm_shuffle_ps, _mm_storeu_si128,
    _mm256_abs_epi8, _mm256_add_epi8, _mm256_add_epi16, _mm256_add_epi32, _mm256_add_ps,
    _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_castps256_ps128, _mm256_castsi256_si128,
    _mm256_cmpeq_epi16, _mm256_cvtepi8_epi32, _mm256_cvtepi32_ps, _mm256_cvtepu8_epi32,
    _mm256_cvtph_ps, _mm256_extractf128_ps, _mm256_extracti128_si256, _mm256_fmadd_ps,
    _mm256_hadd_epi32, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16,
    _mm256_maddubs_epi16, _mm256_max_epu16, _mm256_movemask_epi8, _mm256_packs_epi16,
    _mm256_permute2x128_si256, _mm256_permute4x64_epi64, _mm256_set1_epi8, _mm256_set1_epi16,
    _mm256_setzero_ps, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_sign_epi8,
    _mm256_slli_epi16, _mm256_srli_epi16, _mm256_storeu_si256, _mm256_sub_epi16,
    _mm256_unpackhi_epi16, _mm256_unpacklo_epi16,
};

use half::f16;

use super::{CHUNK, CHUNK_BYTES, Records, SKETCHED, Table, plain};

/// Proof that the processor has what the kernels need.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    #[inline]
    pub(super) fn get() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        has.then_some(Self(()))
    }

    pub(super) fn dot4(self, query: &[i8], records: Records<'_>, ids: &[u32], out: &mut Vec<i32>) {
        // SAFETY: `self` proves the features.
        unsafe { dot4(query, records, ids, out) }
    }

    pub(super) fn look_up(self, tables: &[Table], blocks: &[u8], out: &mut [u16]) {
        // SAFETY: `self` proves the features.
        unsafe { look_up(tables, blocks, out) }
    }

    #[inline]
    pub(super) fn upper_bits(self, record: &[u8], out: &mut [u8]) {
        // SAFETY: `self` proves the features.
        unsafe { upper_bits(record, out) }
    }

    pub(super) fn at_least(self, sums: &[u16], bound: u16, out: &mut Vec<u32>) {
        // SAFETY: `self` proves the features.
        unsafe { at_least(sums, bound, out) }
    }

    #[inline]
    pub(super) fn dot8(self, a: &[i8], b: &[i8]) -> i32 {
        // SAFETY: `self` proves the features.
        unsafe { dot8(a, b) }
    }

    pub(super) fn dot_refined(self, query: &[f32], record: &[u8], fine: &[u8]) -> (f32, f32) {
        // SAFETY: `self` proves the features.
        unsafe { dot_refined(query, record, fine) }
    }

    pub(super) fn dot16(self, query: &[f32], vector: &[f16]) -> f32 {
        // SAFETY: `self` proves the features.
        unsafe { dot16(query, vector) }
    }
}

/// Bytes of a record that are fetched ahead; the processor itself fetches what follows.
const AHEAD: usize = 1024;

/// Fetches the cache lines of a record.
#[inline]
pub(super) fn prefetch(records: Records<'_>, id: u32) {
    let at = id as usize * records.stride;
    let length = records.stride.min(AHEAD);
    for line in (0..length).step_by(64) {
        prefetch_byte(records.bytes, at + line);
    }
    // Where records are no whole lines, they begin in the middle of one and end on one more.
    if !length.is_multiple_of(64) {
        prefetch_byte(records.bytes, at + length - 1);
    }
}

/// Fetches the cache line of a byte.
#[inline]
fn prefetch_byte(bytes: &[u8], at: usize) {
    if let Some(byte) = bytes.get(at) {
        // SAFETY: the address is that of a byte of the slice, and fetching it changes nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(byte).cast()) };
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: 32 bytes can be read there, and no alignment is asked for.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
#[inline]
fn load_signed(bytes: &[i8; 32]) -> __m256i {
    // SAFETY: 32 bytes can be read there, and no alignment is asked for.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// Sum of products of one chunk of codes with the query, in 16 lanes of 16 bits,
/// each at most 2 × 2 × 15 × 127 = 7620.
#[target_feature(enable = "avx2")]
#[inline]
fn chunk4(codes: __m256i, low: __m256i, high: __m256i) -> __m256i {
    let mask = _mm256_set1_epi8(15);
    let first = _mm256_maddubs_epi16(_mm256_and_si256(codes, mask), low);
    let second = _mm256_and_si256(_mm256_srli_epi16::<4>(codes), mask);
    _mm256_add_epi16(first, _mm256_maddubs_epi16(second, high))
}

/// Chunks whose sums fit into 16 bits.
const NARROW: usize = 4;

#[inline]
fn row<'a>(records: Records<'a>, id: u32) -> &'a [[u8; CHUNK_BYTES]] {
    records.get(id).as_chunks::<CHUNK_BYTES>().0
}

/// Lanes of the products of four records with the query. A macro, because
/// the compiler keeps a function of this size out of line.
macro_rules! four {
    ($query:ident, $rows:expr) => {{
        let ones = _mm256_set1_epi16(1);
        let [a, b, c, d] = $rows;
        let mut sums = [_mm256_setzero_si256(); 4];
        let chunks = $query.len() / 2;
        let mut from = 0;
        while from < chunks {
            let to = (from + NARROW).min(chunks);
            let mut narrow = [_mm256_setzero_si256(); 4];
            for at in from..to {
                let low = load_signed(&$query[2 * at]);
                let high = load_signed(&$query[2 * at + 1]);
                narrow[0] = _mm256_add_epi16(narrow[0], chunk4(load(&a[at]), low, high));
                narrow[1] = _mm256_add_epi16(narrow[1], chunk4(load(&b[at]), low, high));
                narrow[2] = _mm256_add_epi16(narrow[2], chunk4(load(&c[at]), low, high));
                narrow[3] = _mm256_add_epi16(narrow[3], chunk4(load(&d[at]), low, high));
            }
            sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(narrow[0], ones));
            sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(narrow[1], ones));
            sums[2] = _mm256_add_epi32(sums[2], _mm256_madd_epi16(narrow[2], ones));
            sums[3] = _mm256_add_epi32(sums[3], _mm256_madd_epi16(narrow[3], ones));
            from = to;
        }
        sums
    }};
}

#[target_feature(enable = "avx2,fma,f16c")]
fn dot4(query: &[i8], records: Records<'_>, ids: &[u32], out: &mut Vec<i32>) {
    let (query, _) = query.as_chunks::<32>();
    // The last group is filled up with one of its own.
    out.resize(ids.len().next_multiple_of(4), 0);
    let (fours, _) = out.as_chunks_mut::<4>();
    for (ids, four) in ids.chunks(4).zip(fours) {
        let id = |at: usize| ids.get(at).copied().unwrap_or(ids[0]);
        let rows = [
            row(records, ids[0]),
            row(records, id(1)),
            row(records, id(2)),
            row(records, id(3)),
        ];
        let [a, b, c, d] = four!(query, rows);
        let pairs = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
        let sums = _mm_add_epi32(
            _mm256_castsi256_si128(pairs),
            _mm256_extracti128_si256::<1>(pairs),
        );
        // SAFETY: 16 bytes can be written there, and no alignment is asked for.
        unsafe { _mm_storeu_si128(four.as_mut_ptr().cast(), sums) };
    }
    out.truncate(ids.len());
}

#[target_feature(enable = "avx2")]
#[inline]
fn both_halves(table: &[u8; 16]) -> __m256i {
    // SAFETY: 16 bytes can be read there, and no alignment is asked for.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(table.as_ptr().cast()) })
}

#[target_feature(enable = "avx2")]
fn look_up(tables: &[Table], blocks: &[u8], out: &mut [u16]) {
    let mask = _mm256_set1_epi8(15);
    let blocks = blocks.chunks_exact((SKETCHED * tables.len()).max(1));
    let (outs, _) = out.as_chunks_mut::<SKETCHED>();
    for (block, out) in blocks.zip(outs) {
        // Words of two rows each, and the odd rows of them alone.
        let (mut both, mut odd) = (_mm256_setzero_si256(), _mm256_setzero_si256());
        for (bytes, table) in block.as_chunks::<SKETCHED>().0.iter().zip(tables) {
            let (low, high) = (&table.as_chunks::<16>().0[0], &table.as_chunks::<16>().0[1]);
            let bytes = load(bytes);
            let first = _mm256_and_si256(bytes, mask);
            let second = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), mask);
            // At most twice 127: no sum of a row reaches into its neighbour's byte.
            let worth = _mm256_add_epi8(
                _mm256_shuffle_epi8(both_halves(low), first),
                _mm256_shuffle_epi8(both_halves(high), second),
            );
            both = _mm256_add_epi16(both, worth);
            odd = _mm256_add_epi16(odd, _mm256_srli_epi16::<8>(worth));
        }
        let even = _mm256_sub_epi16(both, _mm256_slli_epi16::<8>(odd));
        let (front, back) = (
            _mm256_unpacklo_epi16(even, odd),
            _mm256_unpackhi_epi16(even, odd),
        );
        let rows = [
            _mm256_permute2x128_si256::<0x20>(front, back),
            _mm256_permute2x128_si256::<0x31>(front, back),
        ];
        for (part, rows) in rows.into_iter().enumerate() {
            // SAFETY: 32 bytes can be written at number `16 × part` of 32, and no alignment is asked for.
            unsafe { _mm256_storeu_si256(out.as_mut_ptr().add(16 * part).cast(), rows) };
        }
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn upper_bits(record: &[u8], out: &mut [u8]) {
    let (chunks, outs) = (
        record.as_chunks::<CHUNK_BYTES>().0,
        out.as_chunks_mut::<8>().0,
    );
    for (chunk, out) in chunks.iter().zip(outs) {
        let bytes = load(chunk);
        // The instruction takes the highest bit of each byte: those of the upper halves, and
        // those of the lower ones once they are moved there.
        let lower = _mm256_movemask_epi8(_mm256_slli_epi16::<4>(bytes)).cast_unsigned();
        let upper = _mm256_movemask_epi8(bytes).cast_unsigned();
        *out = (u64::from(upper) << 32 | u64::from(lower)).to_le_bytes();
    }
}

#[target_feature(enable = "avx2")]
fn at_least(sums: &[u16], bound: u16, out: &mut Vec<u32>) {
    let bounds = _mm256_set1_epi16(bound as i16);
    let reach = |sums: &[u16]| {
        // SAFETY: the 16 numbers can be read there, and no alignment is asked for.
        let sums = unsafe { _mm256_loadu_si256(sums[..16].as_ptr().cast()) };
        _mm256_cmpeq_epi16(_mm256_max_epu16(sums, bounds), sums)
    };
    let (wide, rest) = sums.as_chunks::<32>();
    for (from, sums) in (0..).step_by(32).zip(wide) {
        let packed = _mm256_packs_epi16(reach(sums), reach(&sums[16..]));
        let ordered = _mm256_permute4x64_epi64::<0b11_01_10_00>(packed);
        let mut mask = _mm256_movemask_epi8(ordered) as u32;
        while mask != 0 {
            out.push(from + mask.trailing_zeros());
            mask &= mask - 1;
        }
    }
    let before = out.len();
    plain::at_least(rest, bound, out);
    let from = (sums.len() - rest.len()) as u32;
    out[before..].iter_mut().for_each(|place| *place += from);
}

#[target_feature(enable = "avx2")]
#[inline]
fn total(lanes: __m256i) -> i32 {
    let half = _mm_add_epi32(
        _mm256_castsi256_si128(lanes),
        _mm256_extracti128_si256::<1>(lanes),
    );
    let half = _mm_add_epi32(half, _mm_shuffle_epi32::<0b01_00_11_10>(half));
    _mm_cvtsi128_si32(_mm_hadd_epi32(half, half))
}

#[target_feature(enable = "avx2")]
#[inline]
fn total_f32(lanes: __m256) -> f32 {
    let half = _mm_add_ps(
        _mm256_castps256_ps128(lanes),
        _mm256_extractf128_ps::<1>(lanes),
    );
    let half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    _mm_cvtss_f32(_mm_add_ss(half, _mm_shuffle_ps::<1>(half, half)))
}

#[target_feature(enable = "avx2,fma,f16c")]
fn dot8(a: &[i8], b: &[i8]) -> i32 {
    let ones = _mm256_set1_epi16(1);
    let mut sum = _mm256_setzero_si256();
    let (a, b) = (a.as_chunks::<32>().0, b.as_chunks::<32>().0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (load_signed(a), load_signed(b));
        // |a| × (b with the sign of a); at most 2 × 127 × 127 fits 16 bits.
        let products = _mm256_maddubs_epi16(_mm256_abs_epi8(a), _mm256_sign_epi8(b, a));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(products, ones));
    }
    total(sum)
}

#[target_feature(enable = "avx2")]
#[inline]
fn eight_bytes(bytes: &[u8]) -> __m128i {
    assert!(bytes.len() >= 8);
    // SAFETY: eight bytes can be read there, and no alignment is asked for.
    unsafe { _mm_loadl_epi64(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
#[inline]
fn eight(values: &[f32]) -> __m256 {
    assert!(values.len() >= 8);
    // SAFETY: eight numbers can be read there, and no alignment is asked for.
    unsafe { _mm256_loadu_ps(values.as_ptr()) }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn dot_refined(query: &[f32], record: &[u8], refinement: &[u8]) -> (f32, f32) {
    let mut coarse = _mm256_setzero_ps();
    let mut fine = _mm256_setzero_ps();
    let whole = query.len() / 8 * 8;
    for at in (0..whole).step_by(8) {
        let bytes = &record[at / CHUNK * CHUNK_BYTES + at % CHUNK_BYTES..];
        let mut codes = _mm256_cvtepu8_epi32(eight_bytes(bytes));
        if at % CHUNK >= CHUNK_BYTES {
            codes = _mm256_srli_epi16::<4>(codes);
        }
        let codes = _mm256_and_si256(codes, _mm256_set1_epi8(15));
        let query = eight(&query[at..]);
        coarse = _mm256_fmadd_ps(query, _mm256_cvtepi32_ps(codes), coarse);
        let finer = _mm256_cvtepi8_epi32(eight_bytes(&refinement[at..]));
        fine = _mm256_fmadd_ps(query, _mm256_cvtepi32_ps(finer), fine);
    }
    let (mut coarse, mut fine) = (total_f32(coarse), total_f32(fine));
    for at in whole..query.len() {
        let byte = record[at / CHUNK * CHUNK_BYTES + at % CHUNK_BYTES];
        let code = if at % CHUNK < CHUNK_BYTES {
            byte & 15
        } else {
            byte >> 4
        };
        coarse += query[at] * f32::from(code);
        fine += query[at] * f32::from(refinement[at] as i8);
    }
    (coarse, fine)
}

#[target_feature(enable = "avx2,fma,f16c")]
fn dot16(query: &[f32], vector: &[f16]) -> f32 {
    let mut sums = [_mm256_setzero_ps(); 2];
    let (rows, rest) = query.as_chunks::<16>();
    let (halves, halves_rest) = vector.as_chunks::<16>();
    for (query, halves) in rows.iter().zip(halves) {
        for (part, sum) in sums.iter_mut().enumerate() {
            // SAFETY: 16 bytes can be read at half `8 × part` of 16, and no alignment is asked for.
            let bits = unsafe { _mm_loadu_si128(halves.as_ptr().add(8 * part).cast()) };
            *sum = _mm256_fmadd_ps(eight(&query[8 * part..]), _mm256_cvtph_ps(bits), *sum);
        }
    }
    let tail: f32 = rest
        .iter()
        .zip(halves_rest)
        .map(|(a, b)| a * b.to_f32())
        .sum();
    total_f32(_mm256_add_ps(sums[0], sums[1])) + tail
}

/// Fetches two cache lines of links.
#[inline]
pub(super) fn prefetch_links(links: &[u32], at: usize) {
    for at in [at, at + 16] {
        if let Some(link) = links.get(at) {
            // SAFETY: the address is that of a link of the slice, and fetching it changes nothing.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(link).cast()) };
        }
    }
}
