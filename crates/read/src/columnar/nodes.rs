//! Values of a batch: columns of texts, and values with values inside.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, OffsetSizeTrait};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;
use serde_json::{Map, Value};

use super::plan::Shape;
use super::texts::Texts;

/// The texts of a column, and where the structs that it is in are missing.
#[derive(Debug)]
pub(super) struct Plain {
    texts: Texts,
    missing: Vec<NullBuffer>,
}

impl Plain {
    /// The column behind a way down through structs.
    pub(super) fn of(columns: &[ArrayRef], way: &[usize]) -> Option<Self> {
        let (first, rest) = way.split_first()?;
        let mut array = columns.get(*first)?;
        let mut missing = Vec::new();
        for child in rest {
            missing.extend(array.nulls().cloned());
            array = array.as_struct_opt()?.columns().get(*child)?;
        }
        let texts = Texts::of(array);
        Some(Self { texts, missing })
    }

    /// The text of a row; none if there is none.
    pub(super) fn get(&self, row: usize) -> Option<&str> {
        let missing = self.missing.iter().any(|nulls| nulls.is_null(row));
        self.texts.get(row).filter(|_| !missing)
    }
}

/// Values, a row each.
#[derive(Debug)]
pub(super) struct Nodes {
    missing: Option<NullBuffer>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Texts(Texts),
    Struct(Vec<(String, Nodes)>),
    Picture(Box<Nodes>),
    /// Where the elements of each row are.
    List(Vec<Range<usize>>, Box<Nodes>),
    Map(Vec<Range<usize>>, Texts, Box<Nodes>),
}

impl Nodes {
    /// The values of an array of that shape; none if it is of another.
    pub(super) fn of(array: &dyn Array, shape: &Shape) -> Option<Self> {
        let kind = match shape {
            Shape::Text => Kind::Texts(Texts::of(array)),
            Shape::Picture(child) => {
                let child = array.as_struct_opt()?.columns().get(*child)?;
                Kind::Picture(Box::new(Self::of(child, &Shape::Text)?))
            }
            Shape::Struct(children) => {
                let columns = array.as_struct_opt()?.columns();
                let child = |(at, name, shape): &(usize, String, Shape)| {
                    Some((name.clone(), Self::of(columns.get(*at)?, shape)?))
                };
                Kind::Struct(children.iter().map(child).collect::<Option<_>>()?)
            }
            Shape::List(inner) => {
                let (mut ranges, values) = elements(array)?;
                let used = used(&mut ranges);
                let values = values.slice(used.start, used.len());
                Kind::List(ranges, Box::new(Self::of(&values, inner)?))
            }
            Shape::Map(inner) => {
                let map = array.as_map_opt()?;
                let mut ranges = ranges(map.value_offsets());
                let used = used(&mut ranges);
                let values = map.values().slice(used.start, used.len());
                let keys = Texts::of(&map.keys().slice(used.start, used.len()));
                Kind::Map(ranges, keys, Box::new(Self::of(&values, inner)?))
            }
        };
        let missing = array.nulls().cloned();
        Some(Self { missing, kind })
    }

    /// The value of a row as JSON has it; all that is simple is a text.
    pub(super) fn value(&self, row: usize) -> Value {
        if self
            .missing
            .as_ref()
            .is_some_and(|nulls| nulls.is_null(row))
        {
            return Value::Null;
        }
        let text =
            |text: Option<&str>| text.map_or(Value::Null, |text| Value::String(text.to_owned()));
        match &self.kind {
            Kind::Texts(texts) => text(texts.get(row)),
            Kind::Picture(path) => path.value(row),
            Kind::Struct(children) => {
                let pairs = children.iter();
                pairs
                    .map(|(name, child)| (name.clone(), child.value(row)))
                    .collect::<Map<_, _>>()
                    .into()
            }
            Kind::List(ranges, inner) => {
                let elements = ranges.get(row).cloned().unwrap_or_default();
                elements.map(|at| inner.value(at)).collect()
            }
            Kind::Map(ranges, keys, inner) => {
                let entries = ranges.get(row).cloned().unwrap_or_default();
                let pair = |at: usize| Some((keys.get(at)?.to_owned(), inner.value(at)));
                entries.filter_map(pair).collect::<Map<_, _>>().into()
            }
        }
    }
}

/// The elements of lists, and where those of each row are among them.
fn elements(array: &dyn Array) -> Option<(Vec<Range<usize>>, &ArrayRef)> {
    Some(match array.data_type() {
        DataType::List(_) => of_list::<i32>(array)?,
        DataType::LargeList(_) => of_list::<i64>(array)?,
        DataType::ListView(_) => of_view::<i32>(array)?,
        DataType::LargeListView(_) => of_view::<i64>(array)?,
        _ => {
            let list = array.as_fixed_size_list_opt()?;
            let length = list.value_length().max(0) as usize;
            let ranges = (0..list.len()).map(|row| row * length..(row + 1) * length);
            (ranges.collect(), list.values())
        }
    })
}

fn of_list<O: OffsetSizeTrait>(array: &dyn Array) -> Option<(Vec<Range<usize>>, &ArrayRef)> {
    let list = array.as_list_opt::<O>()?;
    Some((ranges(list.value_offsets()), list.values()))
}

fn of_view<O: OffsetSizeTrait>(array: &dyn Array) -> Option<(Vec<Range<usize>>, &ArrayRef)> {
    let list = array.as_list_view_opt::<O>()?;
    let (offsets, sizes) = (list.value_offsets(), list.value_sizes());
    let ranges = offsets.iter().zip(sizes).map(|(offset, size)| {
        let start = offset.as_usize();
        start..start + size.as_usize()
    });
    Some((ranges.collect(), list.values()))
}

fn ranges<O: OffsetSizeTrait>(offsets: &[O]) -> Vec<Range<usize>> {
    let pairs = offsets.windows(2);
    pairs
        .map(|pair| pair[0].as_usize()..pair[1].as_usize())
        .collect()
}

/// The elements that any row has, of which a batch may be a small part; `ranges` become
/// those among them.
fn used(ranges: &mut [Range<usize>]) -> Range<usize> {
    let filled = ranges.iter().filter(|range| range.start < range.end);
    let start = filled.clone().map(|range| range.start).min().unwrap_or(0);
    let end = filled.map(|range| range.end).max().unwrap_or(start);
    for range in ranges {
        *range = match range.start >= range.end {
            true => 0..0,
            false => range.start - start..range.end - start,
        };
    }
    start..end
}
