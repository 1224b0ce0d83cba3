//! Small ONNX models of pictures, written by the tests that open them.

use prost::Message;

/// A model: its input, one operator a line, and its outputs, by name.
pub struct Small<'a> {
    /// 1 for `f32`, 2 for `u8`.
    pub numbers: i32,
    /// Lengths of the input `pictures`; 0 for any.
    pub input: &'a [i64],
    /// What it computes, in order.
    pub nodes: &'a [Node<'a>],
    /// Names of outputs with how many dimensions they have.
    pub outputs: &'a [(&'a str, usize)],
}

/// An operator from one tensor to one, with an attribute of whole numbers.
pub struct Node<'a> {
    /// What it does, by ONNX's name.
    pub operator: &'a str,
    /// The tensor it takes.
    pub from: &'a str,
    /// The tensor it gives.
    pub to: &'a str,
    /// The attribute by name, if it has one.
    pub attribute: Option<(&'a str, Number<'a>)>,
}

/// The value of an attribute.
pub enum Number<'a> {
    /// A whole number.
    One(i64),
    /// A list of them.
    Many(&'a [i64]),
}

/// A model that gives the mean of each channel of pictures of 4 × 4 pixels.
pub const MEANS: Small<'_> = Small {
    numbers: 1,
    input: &[0, 3, 4, 4],
    nodes: &[
        Node {
            operator: "GlobalAveragePool",
            from: "pictures",
            to: "pooled",
            attribute: None,
        },
        Node {
            operator: "Flatten",
            from: "pooled",
            to: "image_embeds",
            attribute: None,
        },
    ],
    outputs: &[("pooled", 4), ("image_embeds", 2)],
};

/// The `preprocessor_config.json` by which it takes pictures as they are, channels from 0
/// to 1.
pub const PLAIN: &str = r#"{"size": 4, "resample": 0, "do_normalize": false}"#;

impl Small<'_> {
    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let value = |name: &str, numbers: i32, lengths: &[i64]| {
            let dim = lengths.iter().map(|length| proto::Dimension {
                value: Some(*length).filter(|length| *length > 0),
            });
            let shape = proto::Shape { dim: dim.collect() };
            let tensor = proto::Tensor {
                numbers,
                shape: Some(shape),
            };
            proto::Value {
                name: name.to_owned(),
                r#type: Some(proto::Type {
                    tensor: Some(tensor),
                }),
            }
        };
        let outputs = self.outputs.iter();
        let graph = proto::Graph {
            node: self.nodes.iter().map(Node::proto).collect(),
            name: "small".to_owned(),
            input: vec![value("pictures", self.numbers, self.input)],
            output: outputs
                .map(|(name, dimensions)| value(name, 1, &vec![0; *dimensions]))
                .collect(),
        };
        let model = proto::Model {
            version: 7,
            graph: Some(graph),
            operators: Some(proto::Operators { version: 11 }),
        };
        model.encode_to_vec()
    }
}

impl Node<'_> {
    fn proto(&self) -> proto::Node {
        let attribute = self.attribute.as_ref().map(|(name, number)| {
            let name = (*name).to_owned();
            match number {
                Number::One(number) => proto::Attribute {
                    name,
                    one: *number,
                    many: Vec::new(),
                    kind: 2,
                },
                Number::Many(numbers) => proto::Attribute {
                    name,
                    one: 0,
                    many: numbers.to_vec(),
                    kind: 7,
                },
            }
        });
        proto::Node {
            input: vec![self.from.to_owned()],
            output: vec![self.to.to_owned()],
            operator: self.operator.to_owned(),
            attribute: Vec::from_iter(attribute),
        }
    }
}

/// The parts of `onnx.proto` that are written.
mod proto {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Model {
        #[prost(int64, tag = "1")]
        pub(super) version: i64,
        #[prost(message, optional, tag = "7")]
        pub(super) graph: Option<Graph>,
        #[prost(message, optional, tag = "8")]
        pub(super) operators: Option<Operators>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Operators {
        #[prost(int64, tag = "2")]
        pub(super) version: i64,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Graph {
        #[prost(message, repeated, tag = "1")]
        pub(super) node: Vec<Node>,
        #[prost(string, tag = "2")]
        pub(super) name: String,
        #[prost(message, repeated, tag = "11")]
        pub(super) input: Vec<Value>,
        #[prost(message, repeated, tag = "12")]
        pub(super) output: Vec<Value>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Node {
        #[prost(string, repeated, tag = "1")]
        pub(super) input: Vec<String>,
        #[prost(string, repeated, tag = "2")]
        pub(super) output: Vec<String>,
        #[prost(string, tag = "4")]
        pub(super) operator: String,
        #[prost(message, repeated, tag = "5")]
        pub(super) attribute: Vec<Attribute>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Attribute {
        #[prost(string, tag = "1")]
        pub(super) name: String,
        #[prost(int64, tag = "3")]
        pub(super) one: i64,
        #[prost(int64, repeated, packed = "false", tag = "8")]
        pub(super) many: Vec<i64>,
        #[prost(int32, tag = "20")]
        pub(super) kind: i32,
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
