//! A trained head.

use std::path::Path;

use assort_core::vector::inner_products;
use assort_core::vector::kernel::{add_bytes, add_rows, round_to_bytes, softmax};
use assort_files::Bytes;
use rayon::prelude::*;

use crate::Result;
use crate::file::{self, Description, Read};
use crate::input::HeadInput;
use crate::network::Network;
use crate::options::Shape;
use crate::vocabulary::{Fields, Vocabulary};

/// Products that one thread files at a time.
const BLOCK: usize = 64;

/// A classification head: from the words and attributes of a product to scores of categories. A
/// product is the weighted sum of its features' rows, which are kept in 8 bits.
pub struct Head {
    bytes: Bytes,
    rows: std::ops::Range<usize>,
    scales: Vec<f32>,
    output: Vec<f32>,
    bias: Vec<f32>,
    vocabulary: Vocabulary,
    description: Description,
    sum: u128,
}

impl Head {
    /// Opens the file of a head and verifies it.
    ///
    /// # Errors
    /// [`Error::NotAHead`](crate::Error::NotAHead) if it is none, or has changed or
    /// been cut short, [`Error::NewerFormat`](crate::Error::NewerFormat),
    /// [`Error::File`](crate::Error::File).
    pub fn open(path: &Path) -> Result<Self> {
        file::open(path).map(Self::on)
    }

    /// A head on bytes of its file, as [`Self::bytes`] gives them; `name` is told in
    /// errors.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn read(bytes: Bytes, name: &Path) -> Result<Self> {
        file::read(bytes, name).map(Self::on)
    }

    pub(crate) fn new(
        network: &Network,
        vocabulary: Vocabulary,
        categories: Vec<String>,
    ) -> Result<Self> {
        let (rows, scales) = rounded(&network.table, network.width);
        let description = Description {
            features: assort_core::features::FEATURES,
            known: vocabulary.len(),
            hidden: match network.shape {
                Shape::Linear => None,
                Shape::Hidden(width) => Some(width),
            },
            shortest_sequence: vocabulary.shortest_sequence,
            text_weight: vocabulary.text_weight,
            attributes: vocabulary.attributes.clone(),
            categories,
        };
        let bytes = file::lay_out(
            &description,
            &file::Numbers {
                rows: &rows,
                scales: &scales,
                output: &network.output,
                bias: &network.bias,
                features: &vocabulary.features,
                idf: &vocabulary.idf,
            },
        )?;
        Ok(Self::on(file::read(bytes, Path::new("a new head"))?))
    }

    fn on(read: Read) -> Self {
        let Read {
            bytes,
            description,
            places,
            sum,
        } = read;
        let numbers = |range: std::ops::Range<usize>| -> Vec<f32> {
            let chunks = bytes[range].as_chunks::<4>().0.iter();
            chunks.map(|chunk| f32::from_le_bytes(*chunk)).collect()
        };
        let features = bytes[places.features].as_chunks::<8>().0.iter();
        Self {
            scales: numbers(places.scales),
            output: numbers(places.output),
            bias: numbers(places.bias),
            vocabulary: Vocabulary::new(
                features.map(|chunk| u64::from_le_bytes(*chunk)).collect(),
                numbers(places.idf),
                description.shortest_sequence,
                description.text_weight,
                description.attributes.clone(),
            ),
            rows: places.rows,
            description,
            sum,
            bytes,
        }
    }

    /// Ids of the categories it knows, in the order of scores.
    pub fn categories(&self) -> &[String] {
        &self.description.categories
    }

    /// The shape it was trained with.
    pub fn shape(&self) -> Shape {
        self.description.hidden.map_or(Shape::Linear, Shape::Hidden)
    }

    /// Features it knows.
    pub fn features(&self) -> usize {
        self.vocabulary.len()
    }

    /// Names of the attributes that it reads, without capitals, in order.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.vocabulary.attributes.names()
    }

    /// The bytes of its file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Digest of all that tells heads apart: equal ones are the same.
    pub fn digest(&self) -> u128 {
        self.sum
    }

    fn width(&self) -> usize {
        self.description.width()
    }

    fn table(&self) -> &[i8] {
        bytemuck::cast_slice(&self.bytes[self.rows.clone()])
    }

    /// Logarithms of the shares that products belong to each category, in their
    /// order, on all threads of the current rayon pool; not calibrated. None for a
    /// product of which the head knows nothing.
    pub fn log_shares(&self, inputs: &[HeadInput<'_>]) -> Vec<Option<Vec<f32>>> {
        let blocks: Vec<Vec<Option<Vec<f32>>>> = inputs
            .par_chunks(BLOCK)
            .map(|inputs| self.block(inputs))
            .collect();
        blocks.into_iter().flatten().collect()
    }

    fn block(&self, inputs: &[HeadInput<'_>]) -> Vec<Option<Vec<f32>>> {
        let mut fields = self.vocabulary.fields();
        let mut sums = vec![0.0; inputs.len() * self.width()];
        let mut known = Vec::with_capacity(inputs.len());
        for (sum, input) in sums.chunks_exact_mut(self.width()).zip(inputs) {
            known.push(self.sum(&mut fields, input, sum) > 0);
        }
        let categories = self.categories().len();
        let scores = match self.shape() {
            Shape::Linear => sums,
            Shape::Hidden(width) => {
                sums.iter_mut().for_each(|value| *value = value.max(0.0));
                inner_products(&sums, &self.output, width)
            }
        };
        let rows = scores.chunks_exact(categories).zip(known);
        rows.map(|(row, known)| {
            known.then(|| {
                let mut row = row.to_vec();
                add_rows(&mut row, &self.bias, &[0]);
                let mut shares = row.clone();
                let log_sum = softmax(&mut shares);
                row.iter_mut().for_each(|score| *score -= log_sum);
                row
            })
        })
        .collect()
    }

    /// Adds up the rows of a product's features; gives the number of those known.
    fn sum(&self, fields: &mut Fields, input: &HeadInput<'_>, sum: &mut [f32]) -> usize {
        let mut weights = self
            .vocabulary
            .weights(&fields.read(input), input.attributes);
        for (place, weight) in &mut weights {
            *weight *= self.scales[*place as usize];
        }
        add_bytes(sum, self.table(), &weights);
        weights.len()
    }
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Head")
            .field("shape", &self.shape())
            .field("features", &self.features())
            .field("categories", &self.categories().len())
            .finish_non_exhaustive()
    }
}

/// The rows in 8 bits, and what a step of each is worth.
fn rounded(table: &[f32], width: usize) -> (Vec<i8>, Vec<f32>) {
    let mut rows = vec![0i8; table.len()];
    let scales = rows
        .par_chunks_exact_mut(width)
        .zip(table.par_chunks_exact(width))
        .map(|(rounded, row)| round_to_bytes(row, rounded));
    let scales = scales.collect();
    (rows, scales)
}
