//! Embedders that need no model.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use assort_core::{EmbedError, Embedder, Input, Modality, Role, Space, composed_texts};

use crate::{Chance, normalized};

/// Coordinates of a toy vector unless told otherwise.
pub const DIMENSIONS: usize = 32;

/// How a toy embedder misbehaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// A coordinate is not a number.
    Nan,
    /// A coordinate is missing.
    Short,
    /// A vector is twice as long as it should be.
    TwiceAsLong,
    /// The model cannot be run.
    Error,
}

/// Hashes words and their trigrams into a unit vector. Texts that share words
/// are near each other.
pub struct Toy {
    space: Space,
    batch: usize,
    delay: Duration,
    /// Misbehave from this call on, counted from 0.
    fault: Mutex<Option<(usize, Fault)>>,
    calls: AtomicUsize,
    texts: Mutex<Vec<String>>,
}

impl Toy {
    /// Embedders of different names make vectors of different spaces.
    pub fn new(name: &str) -> Self {
        Self::with_dimensions(name, DIMENSIONS)
    }

    /// Vectors of another length.
    pub fn with_dimensions(name: &str, dimensions: usize) -> Self {
        Self::of_space(Space {
            model: format!("toy-{name}"),
            fingerprint: format!("{:016x}", hash(name, dimensions as u64)),
            dimensions,
        })
    }

    /// Vectors that pass for those of another embedder.
    pub fn of_space(space: Space) -> Self {
        Self {
            space,
            batch: 64,
            delay: Duration::ZERO,
            fault: Mutex::new(None),
            calls: AtomicUsize::new(0),
            texts: Mutex::new(Vec::new()),
        }
    }

    /// Wants that many texts at once.
    #[must_use]
    pub fn batch_of(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }

    /// Takes that long for each text.
    #[must_use]
    pub fn slow(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Misbehaves from the call of that number on, counted from now.
    pub fn break_at(&self, call: usize, fault: Fault) {
        let now = self.calls.load(Ordering::SeqCst);
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some((now + call, fault));
    }

    /// Behaves from now on.
    pub fn mend(&self) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The texts that were embedded since the last time this was asked.
    pub fn embedded(&self) -> Vec<String> {
        std::mem::take(&mut *self.texts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The vector of a text.
    pub fn vector(&self, text: &str) -> Vec<f32> {
        let mut vector = vec![0.0f32; self.space.dimensions];
        let seed = hash(&self.space.model, 7);
        for word in text.split_whitespace() {
            let word = word.to_lowercase();
            add(&mut vector, hash(&word, seed), 2.0);
            let letters: Vec<char> = word.chars().collect();
            for three in letters.windows(3) {
                let three: String = three.iter().collect();
                add(&mut vector, hash(&three, seed), 0.5);
            }
        }
        let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
        if length < 1e-6 {
            vector[0] = 1.0;
        } else {
            vector.iter_mut().for_each(|x| *x /= length);
        }
        vector
    }
}

impl Embedder for Toy {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(&self, inputs: &[Input<'_>], _: Role) -> Result<Vec<f32>, EmbedError> {
        let texts = composed_texts(inputs, &self.space)?;
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        if !self.delay.is_zero() {
            std::thread::sleep(self.delay * texts.len() as u32);
        }
        let mut vectors: Vec<f32> = texts.iter().flat_map(|text| self.vector(text)).collect();
        let fault = *self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        match fault
            .filter(|(from, _)| call >= *from)
            .map(|(_, fault)| fault)
        {
            Some(Fault::Error) => return Err(EmbedError::new("the toy broke; wind it up")),
            Some(Fault::Nan) => vectors.iter_mut().rev().take(1).for_each(|x| *x = f32::NAN),
            Some(Fault::Short) => drop(vectors.pop()),
            Some(Fault::TwiceAsLong) => {
                let from = vectors.len() - self.space.dimensions;
                vectors[from..].iter_mut().for_each(|x| *x *= 2.0);
            }
            None => {}
        }
        let mut seen = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend(texts.into_iter().map(Into::into));
        Ok(vectors)
    }

    fn batch(&self) -> usize {
        self.batch
    }
}

fn add(vector: &mut [f32], hash: u64, weight: f32) {
    let at = (hash >> 8) as usize % vector.len();
    vector[at] += if hash & 1 == 0 { weight } else { -weight };
}

fn hash(text: &str, seed: u64) -> u64 {
    let start = seed ^ 0xcbf2_9ce4_8422_2325;
    let sum = text.bytes().fold(start, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    Chance(sum).next()
}

/// Reads pictures, and no texts: the direction of the mean colour.
pub struct MeanColour {
    space: Space,
    pictures: AtomicUsize,
}

impl MeanColour {
    /// Embedders of different names make vectors of different spaces.
    pub fn new(name: &str) -> Self {
        Self {
            space: Space {
                model: format!("mean-colour-{name}"),
                fingerprint: "1".to_owned(),
                dimensions: 3,
            },
            pictures: AtomicUsize::new(0),
        }
    }

    /// How many pictures were embedded since the last time this was asked.
    pub fn embedded(&self) -> usize {
        self.pictures.swap(0, Ordering::SeqCst)
    }
}

impl Embedder for MeanColour {
    fn space(&self) -> &Space {
        &self.space
    }

    fn reads(&self, modality: Modality) -> bool {
        modality == Modality::Image
    }

    fn embed(&self, inputs: &[Input<'_>], _: Role) -> Result<Vec<f32>, EmbedError> {
        let mut vectors = Vec::with_capacity(3 * inputs.len());
        for input in inputs {
            let Input::Image(pixels) = input else {
                return Err(EmbedError::cannot_read(&self.space, Modality::Text));
            };
            let mut sums = vec![0.0f32; 3];
            for pixel in pixels.rgb().chunks_exact(3) {
                let channels = sums.iter_mut().zip(pixel);
                channels.for_each(|(sum, channel)| *sum += f32::from(*channel));
            }
            vectors.extend(normalized(sums));
        }
        self.pictures.fetch_add(inputs.len(), Ordering::SeqCst);
        Ok(vectors)
    }
}

/// Gives each text a direction of its own, near no other one.
pub struct Scattered {
    space: Space,
}

impl Scattered {
    /// Vectors of so many coordinates.
    pub fn new(dimensions: usize) -> Self {
        Self {
            space: Space {
                model: "scattered".to_owned(),
                fingerprint: "1".to_owned(),
                dimensions,
            },
        }
    }

    /// The vector of a text.
    pub fn vector(&self, text: &str) -> Vec<f32> {
        Chance(hash(text, 11)).direction(self.space.dimensions)
    }
}

impl Embedder for Scattered {
    fn space(&self) -> &Space {
        &self.space
    }

    fn embed(&self, inputs: &[Input<'_>], _: Role) -> Result<Vec<f32>, EmbedError> {
        let texts = composed_texts(inputs, self.space())?;
        Ok(texts.iter().flat_map(|text| self.vector(text)).collect())
    }
}
