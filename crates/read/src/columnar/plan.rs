//! Which columns a schema has, and what each is made of.

use std::ops::Range;

use arrow_schema::{DataType, Field, FieldRef, Fields};

use serde_json::{Map, Value};

use super::texts::{is_float, is_simple};
use crate::json::joined;

/// The metadata of a field that says what its bytes are.
const EXTENSION: &str = "ARROW:extension:name";

/// What a value is made of. Children are told by their places in the arrays.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Text,
    Struct(Vec<(usize, String, Shape)>),
    /// A picture, which is where it lies.
    Picture(usize),
    List(Box<Shape>),
    /// Keys, which are simple, with values.
    Map(Box<Shape>),
}

impl Shape {
    /// Whether values have keys that the schema does not know.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Text | Self::Picture(_) => false,
            Self::Struct(children) => children.iter().any(|(_, _, shape)| shape.is_open()),
            Self::List(inner) => inner.is_open(),
            Self::Map(_) => true,
        }
    }

    /// A value with all keys that the schema knows.
    pub(super) fn prototype(&self) -> Value {
        match self {
            Self::Text | Self::Picture(_) => Value::Null,
            Self::Struct(children) => {
                let pairs = children.iter();
                let pairs = pairs.map(|(_, name, shape)| (name.clone(), shape.prototype()));
                pairs.collect::<Map<_, _>>().into()
            }
            Self::List(inner) => vec![inner.prototype()].into(),
            Self::Map(_) => Map::new().into(),
        }
    }
}

/// Where the values of one or more columns are in the arrays.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// The texts of one column; behind the way down through the structs.
    Plain {
        way: Vec<usize>,
        /// Whether numbers may be written the same though they differ.
        float: bool,
    },
    /// Values that are flattened row by row.
    Nested(usize, Shape),
}

/// One or more columns.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) name: String,
    /// Its leaves: the values without values inside, counted through the schema.
    pub(super) leaves: Range<usize>,
    pub(super) place: Place,
}

/// The columns of a schema.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) columns: Vec<Planned>,
    /// For each leaf whether it is used.
    pub(super) kept: Vec<bool>,
    /// Files, such as pictures, whose bytes are left out, and what is left out whole.
    pub(super) pictures: Vec<String>,
    pub(super) unread: Vec<String>,
}

impl Plan {
    /// All columns that can be read.
    pub(super) fn of(fields: &Fields) -> Self {
        Self::walked(fields, None, true)
    }

    /// The columns of the leaves that are `kept` of the whole schema. Arrays are of `whole`
    /// structs, or without the children that are not kept.
    pub(super) fn kept(fields: &Fields, kept: &[bool], whole: bool) -> Self {
        Self::walked(fields, Some(kept), whole)
    }

    fn walked(fields: &Fields, kept: Option<&[bool]>, whole: bool) -> Self {
        let mut plan = Self::default();
        let mut walk = Walk {
            leaf: 0,
            kept,
            whole,
            plan: &mut plan,
        };
        walk.all(fields);
        plan
    }
}

struct Walk<'w> {
    leaf: usize,
    kept: Option<&'w [bool]>,
    whole: bool,
    plan: &'w mut Plan,
}

impl Walk<'_> {
    fn all(&mut self, fields: &Fields) {
        let mut place = 0;
        for field in fields {
            let first = self.leaf;
            let shape = self.shape(field, field.name());
            let at = place;
            place += usize::from(self.whole || shape.is_some());
            if let Some(shape) = shape {
                self.columns(field.name(), field, first, vec![at], &shape);
            }
        }
    }

    /// Adds the columns of a field whose first leaf is `first`.
    fn columns(&mut self, name: &str, field: &Field, first: usize, way: Vec<usize>, shape: &Shape) {
        let leaves = first..first + leaves(field.data_type());
        let mut push = |leaves: Range<usize>, place| {
            let name = name.to_owned();
            self.plan.columns.push(Planned {
                name,
                leaves,
                place,
            });
        };
        match shape {
            Shape::Text => {
                let float = is_float(field.data_type());
                push(leaves, Place::Plain { way, float });
            }
            Shape::Picture(child) => {
                let way = [way, vec![*child]].concat();
                push(leaves, Place::Plain { way, float: false });
            }
            Shape::Struct(children) if is_flat(shape) => {
                for (field, first, at, shape) in of_struct(field, first, children) {
                    let name = joined(name, field.name());
                    self.columns(&name, field, first, [way.clone(), vec![at]].concat(), shape);
                }
            }
            nested => push(leaves, Place::Nested(way[0], nested.clone())),
        }
    }

    fn shape(&mut self, field: &Field, name: &str) -> Option<Shape> {
        match field.data_type() {
            DataType::Struct(fields) => self.shape_of_struct(fields, name),
            DataType::List(inner)
            | DataType::LargeList(inner)
            | DataType::FixedSizeList(inner, _)
            | DataType::ListView(inner)
            | DataType::LargeListView(inner) => {
                let inner = self.shape(inner, name)?;
                Some(Shape::List(Box::new(inner)))
            }
            DataType::Map(entries, _) => {
                let first = self.leaf;
                let DataType::Struct(fields) = entries.data_type() else {
                    return None;
                };
                let [key, value] = &fields[..] else {
                    return None;
                };
                let key = self.shape(key, name);
                let value = self.shape(value, name);
                match (key, value) {
                    (Some(Shape::Text), Some(value)) => Some(Shape::Map(Box::new(value))),
                    _ => {
                        self.drop_since(first);
                        None
                    }
                }
            }
            _ => self.leaf(field, name).then_some(Shape::Text),
        }
    }

    fn shape_of_struct(&mut self, fields: &Fields, name: &str) -> Option<Shape> {
        let picture = is_picture(fields);
        let (mut children, mut place) = (Vec::new(), 0);
        for child in fields {
            let shape = match picture && is_bytes(child.data_type()) {
                true => {
                    self.put(false);
                    if self.kept.is_none() {
                        self.plan.pictures.push(name.to_owned());
                    }
                    None
                }
                false => self.shape(child, &joined(name, child.name())),
            };
            let at = place;
            place += usize::from(self.whole || shape.is_some());
            children.extend(shape.map(|shape| (at, child.name().clone(), shape)));
        }
        match (&children[..], picture) {
            ([], _) => None,
            ([(at, _, _)], true) => Some(Shape::Picture(*at)),
            _ => Some(Shape::Struct(children)),
        }
    }

    /// Whether the next leaf, a field of that name, is used.
    fn leaf(&mut self, field: &Field, name: &str) -> bool {
        let used = match self.kept {
            Some(kept) => kept.get(self.leaf) == Some(&true),
            None => is_simple(field.data_type()) || is_uuid(field),
        };
        if !used && self.kept.is_none() {
            self.plan.unread.push(name.to_owned());
        }
        self.put(used);
        used
    }

    fn put(&mut self, used: bool) {
        self.plan.kept.push(used);
        self.leaf += 1;
    }

    fn drop_since(&mut self, first: usize) {
        self.plan.kept[first..]
            .iter_mut()
            .for_each(|kept| *kept = false);
    }
}

/// The children of a struct that have a shape, with their first leaves and places.
fn of_struct<'f>(
    field: &'f Field,
    first: usize,
    children: &'f [(usize, String, Shape)],
) -> Vec<(&'f FieldRef, usize, usize, &'f Shape)> {
    let DataType::Struct(fields) = field.data_type() else {
        return Vec::new();
    };
    let (mut found, mut leaf, mut next) = (Vec::new(), first, children.iter().peekable());
    for field in fields {
        if let Some((at, _, shape)) = next.next_if(|(_, name, _)| name == field.name()) {
            found.push((field, leaf, *at, shape));
        }
        leaf += leaves(field.data_type());
    }
    found
}

/// How many values without values inside there are in one of a type.
fn leaves(kind: &DataType) -> usize {
    match kind {
        DataType::Struct(fields) => fields.iter().map(|field| leaves(field.data_type())).sum(),
        DataType::List(inner)
        | DataType::LargeList(inner)
        | DataType::FixedSizeList(inner, _)
        | DataType::ListView(inner)
        | DataType::LargeListView(inner)
        | DataType::Map(inner, _) => leaves(inner.data_type()),
        _ => 1,
    }
}

/// Whether a value is a fixed number of texts.
fn is_flat(shape: &Shape) -> bool {
    match shape {
        Shape::Text | Shape::Picture(_) => true,
        Shape::Struct(children) => children.iter().all(|(_, _, shape)| is_flat(shape)),
        Shape::List(_) | Shape::Map(_) => false,
    }
}

/// Whether these are the fields of a picture, or another file, as data sets have it: its
/// bytes, and where it lies.
fn is_picture(fields: &Fields) -> bool {
    let has = |name: &str, is: fn(&DataType) -> bool| {
        fields
            .iter()
            .any(|field| field.name() == name && is(field.data_type()))
    };
    fields.len() == 2 && has("bytes", is_bytes) && has("path", is_simple)
}

pub(super) fn is_bytes(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView
    )
}

fn is_uuid(field: &Field) -> bool {
    *field.data_type() == DataType::FixedSizeBinary(16)
        && field
            .metadata()
            .get(EXTENSION)
            .is_some_and(|name| name == "arrow.uuid")
}
