//! Packs a raw table into the file of a static embedding.
//!
//! `cargo run --release -p assort-static --example pack -- RAW FILE NAME PROVENANCE`
//!
//! A raw table is little-endian: number of pieces and of dimensions (`u32` each);
//! the pieces' scores (`f32`); the pieces (a byte for the length, then UTF-8); the
//! rows' scales (`f32`); the rows, where byte `j` has number `j` in its low four bits and
//! number `j + dimensions / 2` in its high ones, 8 for zero. Piece 0 stands for what no
//! piece covers. A piece of score 0 is no part of a text, a row without a scale
//! was not learned.

use std::error::Error;
use std::path::Path;

use assort_static::{Bits, Card, Piece, StaticEmbedding, Table};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [raw, file, name, provenance] = arguments.as_slice() else {
        return Err("usage: pack RAW FILE NAME PROVENANCE".into());
    };
    let raw = std::fs::read(raw)?;
    let card = Card {
        name: name.clone(),
        provenance: provenance.clone(),
    };
    let embedding = pack(&raw, &card).ok_or("the raw table is cut short or damaged")??;
    embedding.save(Path::new(file))?;
    println!("{} pieces, {} bytes", embedding.pieces(), embedding.size());
    Ok(())
}

/// None if the raw table is not whole.
fn pack(raw: &[u8], card: &Card) -> Option<assort_static::Result<StaticEmbedding>> {
    let mut rest = raw;
    let [count, dimensions] = numbers(&mut rest, 2)?[..] else {
        return None;
    };
    let (count, dimensions) = (count as usize, dimensions as usize);
    let scores = numbers(&mut rest, count)?;
    let mut texts = Vec::with_capacity(count);
    for _ in 0..count {
        let length = usize::from(*rest.split_off_first()?);
        texts.push(std::str::from_utf8(rest.split_off(..length)?).ok()?);
    }
    let scales: Vec<f32> = numbers(&mut rest, count)?
        .into_iter()
        .map(f32::from_bits)
        .collect();
    let mut steps = Vec::with_capacity(count * dimensions);
    for _ in 0..count {
        let row = rest.split_off(..dimensions / 2)?;
        steps.extend(row.iter().map(|byte| (byte & 15) as i8 - 8));
        steps.extend(row.iter().map(|byte| (byte >> 4) as i8 - 8));
    }
    if !rest.is_empty() {
        return None;
    }
    let table = match Table::new(dimensions, Bits::Four, steps, scales.clone()) {
        Ok(table) => table,
        Err(error) => return Some(Err(error)),
    };
    let scored = texts.into_iter().zip(scores).zip(scales);
    let pieces: Vec<Piece<'_>> = scored
        .map(|((text, score), scale)| Piece {
            text: if score == 0 { "" } else { text },
            score: f32::from_bits(score),
            is_known: scale != 0.0,
        })
        .collect();
    Some(StaticEmbedding::new(card, &pieces, 0, &table))
}

fn numbers(rest: &mut &[u8], count: usize) -> Option<Vec<u32>> {
    let bytes = rest.split_off(..count.checked_mul(4)?)?;
    let numbers = bytes.as_chunks().0.iter();
    Some(numbers.map(|number| u32::from_le_bytes(*number)).collect())
}
