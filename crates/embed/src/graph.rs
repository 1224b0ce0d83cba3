//! What an ONNX file says that its model takes and gives.
//!
//! Only names, types and shapes are read; weights are skipped.

use prost::Message;

/// What a model takes and gives.
#[derive(Debug)]
pub(crate) struct Graph {
    /// What must be given to it, without its weights.
    pub(crate) inputs: Vec<Port>,
    /// What it gives.
    pub(crate) outputs: Vec<Port>,
}

/// A tensor that goes in or comes out.
#[derive(Clone, Debug)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) numbers: Numbers,
    /// The length of each dimension, where it is fixed; none if not even the number of
    /// dimensions is known.
    pub(crate) shape: Option<Vec<Option<usize>>>,
}

/// What the numbers of a tensor are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    F32,
    U8,
    Other,
}

impl Graph {
    /// What an ONNX file says; none if it is no ONNX file.
    pub(crate) fn parse(file: &[u8]) -> Option<Self> {
        let graph = proto::Model::decode(file).ok()?.graph?;
        let weights: Vec<&str> = graph.initializer.iter().map(|w| w.name.as_str()).collect();
        let inputs = graph.input.iter().map(Port::of);
        Some(Self {
            // Older files list weights among the inputs.
            inputs: inputs
                .filter(|input| !weights.contains(&input.name.as_str()))
                .collect(),
            outputs: graph.output.iter().map(Port::of).collect(),
        })
    }

    /// The input of pictures, if there is one: of four dimensions, or called as they are.
    pub(crate) fn pictures(&self) -> Option<&Port> {
        self.inputs.iter().find(|input| {
            let dimensions = input.shape.as_ref().map(Vec::len);
            input.name == "pixel_values" || dimensions == Some(4)
        })
    }
}

impl Port {
    fn of(value: &proto::Value) -> Self {
        let tensor = value.r#type.as_ref().and_then(|t| t.tensor.as_ref());
        let shape = tensor.and_then(|tensor| tensor.shape.as_ref());
        let lengths = |shape: &proto::Shape| {
            let lengths = shape.dim.iter();
            lengths
                .map(|dim| dim.value.and_then(|v| usize::try_from(v).ok()))
                .map(|length| length.filter(|length| *length > 0))
                .collect()
        };
        Self {
            name: value.name.clone(),
            numbers: match tensor.map(|tensor| tensor.numbers) {
                Some(1) => Numbers::F32,
                Some(2) => Numbers::U8,
                _ => Numbers::Other,
            },
            shape: shape.map(lengths),
        }
    }
}

/// The parts of `onnx.proto` that are read, by the numbers of their fields.
mod proto {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Model {
        #[prost(message, optional, tag = "7")]
        pub(super) graph: Option<Graph>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Graph {
        #[prost(message, repeated, tag = "5")]
        pub(super) initializer: Vec<Weights>,
        #[prost(message, repeated, tag = "11")]
        pub(super) input: Vec<Value>,
        #[prost(message, repeated, tag = "12")]
        pub(super) output: Vec<Value>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Weights {
        #[prost(string, tag = "8")]
        pub(super) name: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Value {
        #[prost(string, tag = "1")]
        pub(super) name: String,
        #[prost(message, optional, tag = "2")]
        pub(super) r#type: Option<Type>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Type {
        #[prost(message, optional, tag = "1")]
        pub(super) tensor: Option<Tensor>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Tensor {
        #[prost(int32, tag = "1")]
        pub(super) numbers: i32,
        #[prost(message, optional, tag = "2")]
        pub(super) shape: Option<Shape>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Shape {
        #[prost(message, repeated, tag = "1")]
        pub(super) dim: Vec<Dimension>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Dimension {
        #[prost(int64, optional, tag = "1")]
        pub(super) value: Option<i64>,
    }
}
