"""Text encoders read from ONNX files into PyTorch modules that can be trained on.

Two kinds of file are known: BERT with mean pooling, its weights in f32, in int8 behind Cast and Mul, or in 4 bits
behind MatMulNBits; and the convolutional Universal Sentence Encoder with its table in 8 bits. Weights come out as f32.
`load` compares the module's vectors with those that ONNX Runtime makes of the same file, and refuses a module that
differs.
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

HEADS = 12
SAME = 0.99  # the least cosine between the vectors of a module and of its file
SAMPLES = ["Sterling silver angel charm", "HP Pavilion 23xi IPS monitor with a power cable", "秋冬慢跑鞋 37 黑色"]

Arrays = dict[str, np.ndarray]


def load(folder: Path, layers: int | None = None) -> nn.Module:
    """The encoder of a folder with a model.onnx and a tokenizer.json, of the first `layers` layers only if given."""
    graph = onnx.load(folder / "model.onnx").graph
    arrays = constants(graph)
    encoder = ConvolutionalEncoder(arrays) if "pw" in arrays else BertEncoder(graph, arrays)
    least = least_cosine(encoder, folder)
    if least < SAME:
        raise ValueError(f"{folder.name}: a vector of the module and of the file have a cosine of {least:.4f} only")
    if layers:
        encoder.keep(layers)
    return encoder


def tokenizer(folder: Path, length: int) -> Tokenizer:
    """The folder's tokenizer, without padding, and cutting texts at `length` tokens."""
    read = Tokenizer.from_file(str(folder / "tokenizer.json"))
    read.no_padding()
    read.enable_truncation(length)
    return read


def padded(rows: list[list[int]], fill: int = 0) -> tuple[Tensor, Tensor]:
    """Token ids as one matrix, and the mask of those that are no padding."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [fill] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1.0] * len(row) + [0.0] * (longest - len(row)) for row in rows])
    return ids, mask


def constants(graph: onnx.GraphProto) -> Arrays:
    """The weights of a graph by name; those kept in int8 are multiplied by their scale."""
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in arrays:
            arrays[node.output[0]] = arrays[node.input[0]].astype(np.float32)
        if node.op_type == "Mul" and all(name in arrays for name in node.input):
            arrays[node.output[0]] = arrays[node.input[0]] * arrays[node.input[1]]
    return arrays


class BertEncoder(nn.Module):
    """BERT with mean pooling. Its products and norms are taken in the order in which the graph has them."""

    def __init__(self, graph: onnx.GraphProto, arrays: Arrays):
        super().__init__()
        products = list(linear_layers(graph, arrays))
        norms = [norm(node, arrays) for node in graph.node if node.op_type == "LayerNormalization"]
        self.words = table(word_table(arrays))
        self.positions = nn.Parameter(torch.tensor(position_table(arrays)))
        self.norm = norms[0]
        self.layers = nn.ModuleList(BertLayer(products[6 * layer:6 * layer + 6], norms[1 + 2 * layer:3 + 2 * layer])
                                    for layer in range(len(products) // 6))
        self.dimensions = self.positions.shape[1]

    def keep(self, layers: int) -> None:
        """Leaves the layers above the first `layers` out."""
        self.layers = self.layers[:layers]

    def forward(self, ids: Tensor, mask: Tensor, dropout: float = 0.0) -> Tensor:
        x = self.norm(self.words(ids) + self.positions[:ids.shape[1]])
        x = functional.dropout(x, dropout, self.training)
        hidden = (1 - mask)[:, None, None, :] * -1e9
        for layer in self.layers:
            x = layer(x, hidden, dropout)
        return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


class BertLayer(nn.Module):
    """Attention and two products, each added to what went in, then normalised."""

    def __init__(self, products: list[nn.Linear], norms: list[nn.LayerNorm]):
        super().__init__()
        self.query, self.key, self.value, self.out, self.wide, self.narrow = products
        self.attention_norm, self.norm = norms

    def forward(self, x: Tensor, hidden: Tensor, dropout: float) -> Tensor:
        def split(y: Tensor) -> Tensor:
            return y.unflatten(-1, (HEADS, -1)).transpose(1, 2)

        query, key, value = split(self.query(x)), split(self.key(x)), split(self.value(x))
        with sdpa_kernel(SDPBackend.MATH):  # on short texts the other ones take up to half as long again
            y = functional.scaled_dot_product_attention(query, key, value, hidden.to(query.dtype))
        y = self.out(y.transpose(1, 2).flatten(-2))
        x = self.attention_norm(x + functional.dropout(y, dropout, self.training))
        y = self.narrow(functional.gelu(self.wide(x)))
        return self.norm(x + functional.dropout(y, dropout, self.training))


class ConvolutionalEncoder(nn.Module):
    """The multilingual Universal Sentence Encoder: a table, three pairs of convolutions, and three dense layers."""

    WIDTHS = (2, 3, 5)

    def __init__(self, arrays: Arrays):
        super().__init__()
        chunk = np.arange(len(arrays["table"])) % int(arrays["ch"][0])
        self.words = table(arrays["table"] * arrays["scale"][chunk, None] + arrays["lo"][chunk, None])
        self.project = linear(arrays["pw"].T, arrays["pb"])
        self.norm = filled_norm(arrays["lnAg"], arrays["lnAb"], float(arrays["eps"][0]))
        self.convolutions = nn.ModuleList(TokenConvolution(arrays[f"{place}{width}w"], arrays[f"{place}{width}b"])
                                          for width in self.WIDTHS for place in "ab")
        self.top_norm = filled_norm(arrays["lnBg"], arrays["lnBb"], float(arrays["eps"][0]))
        self.combine = linear(arrays["cw"].T, arrays["cb"][0])
        self.first, self.second, self.third, self.last, self.second_skip, self.last_skip = (
            linear(arrays[name].T) for name in ("d0", "d1", "d2", "d3", "p1", "p3"))
        self.dimensions = arrays["d3"].shape[1]

    def forward(self, ids: Tensor, mask: Tensor, dropout: float = 0.0) -> Tensor:
        words = functional.dropout(self.words(ids), dropout, self.training)
        shown = mask[..., None]
        features = [words]
        for index, x in enumerate(self.norm(self.project(words)).chunk(3, dim=-1)):
            for layer in self.convolutions[2 * index:2 * index + 2]:
                x = layer(x * shown) + x
            features.append(x)
        summed = (self.combine(self.top_norm(torch.cat(features, dim=-1))) * shown).sum(1)
        pooled = functional.dropout(summed / mask.sum(1, keepdim=True).sqrt(), dropout, self.training)
        second = torch.relu(self.second(torch.relu(self.first(pooled))) + self.second_skip(pooled))
        return torch.tanh(self.last_skip(second) + self.last(torch.relu(self.third(second))))


class TokenConvolution(nn.Module):
    """A convolution over tokens followed by ReLU; an even width looks one token further ahead than back."""

    def __init__(self, weight: np.ndarray, bias: np.ndarray):
        super().__init__()
        width = weight.shape[2]
        self.before, self.after = (width - 1) // 2, width // 2
        self.dense = linear(weight.transpose(0, 2, 1).reshape(len(weight), -1), bias)

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[1]
        x = functional.pad(x, (0, 0, self.before, self.after))
        shifted = [x[:, start:start + length] for start in range(self.before + self.after + 1)]
        return torch.relu(self.dense(torch.cat(shifted, dim=-1)))


def linear_layers(graph: onnx.GraphProto, arrays: Arrays):
    """Yields the products with a weight matrix and a bias in the order of the graph."""
    consumers = {name: node for node in graph.node if node.op_type == "Add" for name in node.input}
    for node in graph.node:
        if node.op_type not in ("MatMul", "MatMulNBits") or node.input[1] not in arrays:
            continue
        weight = four_bits(node, arrays) if node.op_type == "MatMulNBits" else arrays[node.input[1]].T
        bias = next(arrays[name] for name in consumers[node.output[0]].input if name in arrays)
        yield linear(weight, bias)


def four_bits(node: onnx.NodeProto, arrays: Arrays) -> np.ndarray:
    """The f32 weights (outputs × inputs) of a MatMulNBits node without zero points."""
    packed = arrays[node.input[1]]
    scales = arrays[node.input[2]].reshape(*packed.shape[:2], 1)
    digits = np.stack([packed & 15, packed >> 4], axis=-1).reshape(*packed.shape[:2], -1)
    return ((digits.astype(np.float32) - 8) * scales).reshape(len(packed), -1)


def word_table(arrays: Arrays) -> np.ndarray:
    """The vectors of a BERT's tokens; a 4-bit table has a block's first half in the low digits."""
    if "word_q" not in arrays:
        return named(arrays, "word_embeddings.weight")
    scales = arrays["word_s"].astype(np.float32)
    packed = arrays["word_q"].reshape(*scales.shape, -1)
    digits = np.concatenate([packed & 15, packed >> 4], axis=-1).astype(np.float32)
    return ((digits - 8) * scales[..., None]).reshape(len(packed), -1)


def position_table(arrays: Arrays) -> np.ndarray:
    """The vectors of a BERT's positions, with that of the only token type added if it is kept apart."""
    if "pos" in arrays:
        return arrays["pos"]
    return named(arrays, "position_embeddings.weight") + named(arrays, "token_type_embeddings.weight")[0]


def named(arrays: Arrays, ending: str) -> np.ndarray:
    return next(array for name, array in arrays.items() if name.endswith(ending))


def table(vectors: np.ndarray) -> nn.Embedding:
    return nn.Embedding.from_pretrained(torch.tensor(vectors, dtype=torch.float32), freeze=False, sparse=True)


def linear(weight: np.ndarray, bias: np.ndarray | None = None) -> nn.Linear:
    """A dense layer with the given weights (outputs × inputs)."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(np.ascontiguousarray(weight)))
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    return layer


def norm(node: onnx.NodeProto, arrays: Arrays) -> nn.LayerNorm:
    epsilon = next(attribute.f for attribute in node.attribute if attribute.name == "epsilon")
    return filled_norm(arrays[node.input[1]], arrays[node.input[2]], epsilon)


def filled_norm(weight: np.ndarray, bias: np.ndarray, epsilon: float) -> nn.LayerNorm:
    layer = nn.LayerNorm(len(weight), eps=epsilon)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        layer.bias.copy_(torch.tensor(bias))
    return layer


class OnnxEncoder:
    """The file itself in ONNX Runtime: texts to unit vectors."""

    def __init__(self, folder: Path, length: int, threads: int):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(folder / "model.onnx", options, ["CPUExecutionProvider"])
        self.inputs = {one.name for one in self.session.get_inputs()}
        self.tokenizer = tokenizer(folder, length)

    def embed(self, texts: list[str], batch: int = 32) -> np.ndarray:
        """One unit vector a text; texts of like length share a batch."""
        rows = [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]
        order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
        vectors: list[np.ndarray] = []
        for start in range(0, len(order), batch):
            vectors.extend(self.run([rows[row] for row in order[start:start + batch]]))
        placed = np.empty((len(rows), vectors[0].shape[-1]), np.float32)
        placed[order] = vectors
        return placed

    def run(self, rows: list[list[int]]) -> np.ndarray:
        ids, mask = (tensor.numpy() for tensor in padded(rows))
        feeds = {"input_ids": ids, "attention_mask": mask.astype(np.int64), "token_type_ids": np.zeros_like(ids)}
        output = self.session.run(None, {name: feeds[name] for name in self.inputs})[0]
        if output.ndim == 3:
            output = (output * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        return output / np.linalg.norm(output, axis=1, keepdims=True)


def least_cosine(encoder: nn.Module, folder: Path) -> float:
    """The least cosine between the vectors of a module and of its file on a few texts of different length."""
    wanted = OnnxEncoder(folder, 128, 1).embed(SAMPLES)
    rows = [encoding.ids for encoding in tokenizer(folder, 128).encode_batch(SAMPLES)]
    encoder.eval()
    with torch.inference_mode():
        got = functional.normalize(encoder(*padded(rows)), dim=1)
    return float((got * torch.tensor(wanted)).sum(1).min())
