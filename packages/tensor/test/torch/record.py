"""Records what PyTorch computes for every operator family, layer and optimiser of @guerdon/tensor.

    python3 record.py [--seed N] > vectors.golden.json

Each case holds inputs, outputs, the vector-Jacobian product for random cotangents (`gradients`), and the gradient of
the inner product of those gradients with random directions (`second`, null where PyTorch says it does not depend on
an input). Everything is float64: it is the yardstick for float64 and float32 alike. Inputs are distinct numbers of
three decimals away from zero, so that no case stands on a kink or a tie.
"""

import argparse
import json
import math
import random
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=1)
random.seed(parser.parse_args().seed)

cases = []


def size(shape):
    return math.prod(shape)


def real(*shape, low=-2.0, high=2.0):
    """Distinct numbers of three decimals in [low, high], none nearer to zero than 0.05."""
    candidates = [n for n in range(round(low * 1000), round(high * 1000) + 1) if abs(n) >= 50]
    return torch.tensor([n / 1000 for n in random.sample(candidates, size(shape))]).reshape(shape)


def whole(*shape, below):
    return torch.tensor([random.randrange(below) for _ in range(size(shape))], dtype=torch.int32).reshape(shape)


def truth(*shape):
    return whole(*shape, below=2).bool()


def positive(*shape):
    return real(*shape, low=0.1, high=3)


def number(value):
    if value == math.inf:
        return "Infinity"
    if value == -math.inf:
        return "-Infinity"
    short = float(f"{value:.15g}")
    return int(short) if short == int(short) and abs(short) < 1e9 else short


def plain(tensor):
    names = {torch.float64: "float64", torch.int32: "int32", torch.int64: "int32", torch.bool: "bool"}
    data = [number(float(x)) for x in tensor.detach().reshape(-1)]
    return {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data": data}


def numbers(tensor):
    return None if tensor is None else [number(float(x)) for x in tensor.detach().reshape(-1)]


def case(name, inputs, function):
    inputs = [x.clone().requires_grad_(x.is_floating_point()) for x in inputs]
    outputs = function(*inputs)
    outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
    wrt = [x for x in inputs if x.requires_grad]
    seeds = [real(*y.shape) if y.requires_grad else None for y in outputs]
    record = {"name": name, "inputs": [plain(x) for x in inputs], "outputs": [plain(y) for y in outputs]}
    if any(seed is not None for seed in seeds):
        total = sum((seed * y).sum() for seed, y in zip(seeds, outputs) if seed is not None)
        first = torch.autograd.grad(total, wrt, create_graph=True, allow_unused=True)
        directions = [real(*x.shape) for x in wrt]
        record["cotangents"] = [numbers(seed) for seed in seeds]
        record["gradients"] = [numbers(g) for g in first]
        record["directions"] = [numbers(d) for d in directions]
        inner = sum((d * g).sum() for d, g in zip(directions, first) if g is not None and g.requires_grad)
        if torch.is_tensor(inner):
            second = torch.autograd.grad(inner, wrt, allow_unused=True)
            record["second"] = [numbers(g) for g in second]
    cases.append(record)


# Element-wise, one operand ------------------------------------------------------------------------------------------

unary = {
    "neg": torch.neg,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "square": torch.square,
    "abs": torch.abs,
    "sign": torch.sign,
    "floor": torch.floor,
    "ceil": torch.ceil,
    "round": torch.round,
    "sin": torch.sin,
    "cos": torch.cos,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "logSigmoid": F.logsigmoid,
    "softplus": F.softplus,
    "relu": torch.relu,
    "gelu": F.gelu,
    "silu": F.silu,
    "leakyRelu": lambda x: F.leaky_relu(x, 0.2),
    "erf": torch.erf,
    "clip": lambda x: torch.clamp(x, -0.7, 1.1),
}
for name, function in unary.items():
    case(name, [real(5)], function)
for name, function in {"log": torch.log, "log1p": torch.log1p, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt}.items():
    case(name, [positive(5)], function)
case("round half to even", [torch.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])], torch.round)
case("saturated", [torch.tensor([-800.0, -40.0, 40.0, 800.0])], lambda x: (torch.sigmoid(x), F.logsigmoid(x), F.softplus(x), torch.tanh(x)))
case("isFinite", [torch.tensor([1.0, math.inf, -math.inf, 0.0])], lambda x: torch.isfinite(x))

# Element-wise, two operands -----------------------------------------------------------------------------------------

case("add", [real(2, 3), real(3)], torch.add)
case("sub", [real(2, 1, 3), real(4, 1)], torch.sub)
case("mul", [real(2, 3), real(1)], torch.mul)
case("div", [real(2, 1), real(3)], torch.div)
case("pow", [positive(2, 3), real(3)], torch.pow)
case("pow integer", [real(4)], lambda x: torch.pow(x, 3))
case("maximum", [real(2, 3), real(3)], torch.maximum)
case("minimum", [real(2, 3), real(2, 1)], torch.minimum)
ints = [torch.tensor([1, 2, 3, 4], dtype=torch.int32), torch.tensor([[2], [3]], dtype=torch.int32)]
case("equal", ints, torch.eq)
case("notEqual", ints, torch.ne)
case("less", ints, torch.lt)
case("lessEqual", ints, torch.le)
case("greater", [real(2, 2), real(2)], torch.gt)
case("greaterEqual", [real(2, 2), real(2)], torch.ge)
case("logicalAnd", [truth(2, 3), truth(3)], torch.logical_and)
case("logicalOr", [truth(2, 3), truth(3)], torch.logical_or)
case("logicalNot", [truth(4)], torch.logical_not)
case("where", [truth(2, 1), real(2, 3), real(3)], torch.where)
case("cast", [ints[0], real(4)], lambda a, b: a.double() * b)

# Reductions ---------------------------------------------------------------------------------------------------------

case("sum", [real(2, 3)], torch.sum)
case("sum axis", [real(2, 3, 2)], lambda x: x.sum((0, 2)))
case("sum keep", [real(2, 3)], lambda x: x.sum(-1, keepdim=True))
case("mean", [real(2, 3)], lambda x: x.mean(0))
case("max", [real(2, 4)], lambda x: x.amax(1))
case("min", [real(2, 4)], lambda x: x.amin(0, keepdim=True))
case("prod", [real(2, 3)], lambda x: x.prod(1))
case("variance", [real(2, 4)], lambda x: x.var(1, unbiased=False))
case("logSumExp", [real(2, 4)], lambda x: x.logsumexp(1))
case("norm", [real(2, 3)], lambda x: x.norm(dim=1))
case("argMax", [real(2, 4)], lambda x: x.argmax(1))
case("argMin", [real(2, 4)], lambda x: x.argmin(0))
case("topK", [real(2, 5)], lambda x: x.topk(2, 1))
case("sort", [real(2, 4)], lambda x: x.sort(1).values)
case("sort descending", [real(4, 2)], lambda x: x.sort(0, descending=True).values)
case("cumsum", [real(2, 4)], lambda x: x.cumsum(1))
case("cumsum reverse", [real(3, 2)], lambda x: x.flip(0).cumsum(0).flip(0))
case("cumsum exclusive", [real(2, 3)], lambda x: x.cumsum(1) - x)
case("cumsum reverse exclusive", [real(2, 3)], lambda x: x.flip(1).cumsum(1).flip(1) - x)

# Products -----------------------------------------------------------------------------------------------------------

case("matmul", [real(2, 3), real(3, 4)], torch.matmul)
case("matmul batch", [real(2, 2, 3), real(2, 3, 2)], torch.matmul)
case("matmul broadcast", [real(2, 2, 3), real(3, 2)], torch.matmul)
case("matmul broadcast both", [real(2, 1, 2, 3), real(2, 3, 2)], torch.matmul)
case("matmul transposeA", [real(3, 2), real(3, 4)], lambda a, b: a.T @ b)
case("matmul transposeB", [real(2, 2, 3), real(2, 4, 3)], lambda a, b: a @ b.transpose(1, 2))
case("matmul transposeA transposeB", [real(3, 2), real(4, 3)], lambda a, b: a.T @ b.T)
case("dot", [real(4), real(4)], torch.dot)
case("outer", [real(3), real(2)], torch.outer)

# Shape and place ----------------------------------------------------------------------------------------------------

case("reshape", [real(2, 6)], lambda x: (x * x).reshape(3, 4))
case("transpose", [real(2, 3)], lambda x: x.T * x.T)
case("transpose permutation", [real(2, 3, 2)], lambda x: (x * x).permute(2, 0, 1))
case("broadcastTo", [real(3, 1)], lambda x: (x * x).expand(2, 3, 2))
case("squeeze", [real(2, 1, 3)], lambda x: (x * x).squeeze(1))
case("expandDims", [real(2, 3)], lambda x: (x * x).unsqueeze(-1))
case("concat", [real(2, 1), real(2, 3)], lambda a, b: torch.cat([a * a, b], 1))
case("stack", [real(3), real(3)], lambda a, b: torch.stack([a * a, b], 1))
case("split", [real(2, 5)], lambda x: torch.split(x * x, [2, 3], 1))
case("slice", [real(4, 5)], lambda x: (x * x)[1:3, 1:5:2])
case("pad", [real(2, 2)], lambda x: F.pad(x * x, (1, 2, 0, 1), value=0.5))
case("flip", [real(2, 3)], lambda x: (x * x).flip((0, 1)))
case("tile", [real(2, 2)], lambda x: (x * x).tile((2, 3)))
case("gather", [real(4, 3), whole(2, 2, below=4)], lambda x, i: (x * x)[i.long()])
case("gather axis", [real(2, 4), whole(3, below=4)], lambda x, i: (x * x).index_select(1, i.long()))
case("takeAlongAxis", [real(2, 4), whole(2, 3, below=4)], lambda x, i: (x * x).gather(1, i.long()))
case("scatterAdd", [real(3, 2), whole(4, below=3), real(4, 2)], lambda x, i, u: x.index_add(0, i.long(), u * u))
case("oneHot", [whole(4, below=3)], lambda i: F.one_hot(i.long(), 3).double())
case("triangular", [real(3, 3)], lambda x: torch.tril(x * x))
case("stopGradient", [real(3)], lambda x: x * x.detach())

# Normalisers, losses ------------------------------------------------------------------------------------------------

case("softmax", [real(2, 4)], lambda x: x.softmax(-1))
case("softmax axis", [real(3, 2)], lambda x: x.softmax(0))
case("logSoftmax", [real(2, 4)], lambda x: x.log_softmax(-1))
case("logSoftmax huge", [torch.tensor([[1e4, -1e4, 9999.0]])], lambda x: x.log_softmax(-1))
case("layerNorm", [real(2, 4), real(4), real(4)], lambda x, w, b: F.layer_norm(x, (4,), w, b, 1e-5))
case("rmsNorm", [real(2, 4), real(4)], lambda x, w: x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6) * w)
case("crossEntropy", [real(3, 4), whole(3, below=4)], lambda x, t: F.cross_entropy(x, t.long(), reduction="none"))

# Convolution and pooling --------------------------------------------------------------------------------------------

case("conv2d", [real(2, 2, 4, 4), real(2, 2, 3, 3)], F.conv2d)
case("conv2d bias", [real(1, 2, 3, 3), real(2, 2, 2, 2), real(2)], F.conv2d)
case("conv2d stride padding", [real(1, 2, 5, 4), real(2, 2, 3, 3)], lambda x, w: F.conv2d(x, w, stride=2, padding=1))
case("conv2d uneven", [real(1, 1, 6, 5), real(2, 1, 3, 2)], lambda x, w: F.conv2d(x, w, stride=2))
case("convTranspose2d", [real(1, 2, 3, 3), real(2, 1, 2, 2)], F.conv_transpose2d)
case("convTranspose2d stride padding", [real(1, 2, 3, 2), real(2, 2, 3, 3)], lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1))
case("maxPool2d", [real(1, 2, 4, 4)], lambda x: F.max_pool2d(x, 2))
case("maxPool2d stride", [real(1, 1, 5, 5)], lambda x: F.max_pool2d(x, 3, 1))
case("avgPool2d", [real(1, 2, 4, 4)], lambda x: F.avg_pool2d(x * x, 2))

# Layers -------------------------------------------------------------------------------------------------------------


def attention(x, weight, bias, out_weight, out_bias):
    batch, length, width = x.shape
    heads = 2
    parts = F.linear(x, weight, bias).reshape(batch, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    query, key, value = parts
    scores = query @ key.transpose(-1, -2) / math.sqrt(width // heads)
    mask = torch.ones(length, length, dtype=torch.bool).tril()
    mixed = scores.masked_fill(~mask, -math.inf).softmax(-1) @ value
    result = F.linear(mixed.transpose(1, 2).reshape(batch, length, width), out_weight, out_bias)
    if not x.requires_grad:
        return result
    # The module itself must agree with the formula recorded.
    module = torch.nn.MultiheadAttention(width, heads, batch_first=True)
    values = {"in_proj_weight": weight, "in_proj_bias": bias, "out_proj.weight": out_weight, "out_proj.bias": out_bias}
    module.load_state_dict({key: value.detach() for key, value in values.items()})
    expected, _ = module(x, x, x, attn_mask=~mask, need_weights=True)
    assert torch.allclose(expected, result, atol=1e-12)
    return result


def gru(x, state, weight_x, weight_h, bias_x, bias_h):
    states = []
    for t in range(x.shape[1]):
        from_x = F.linear(x[:, t], weight_x, bias_x).chunk(3, -1)
        from_h = F.linear(state, weight_h, bias_h).chunk(3, -1)
        reset = torch.sigmoid(from_x[0] + from_h[0])
        update = torch.sigmoid(from_x[1] + from_h[1])
        candidate = torch.tanh(from_x[2] + reset * from_h[2])
        state = (1 - update) * candidate + update * state
        states.append(state)
    module = torch.nn.GRU(x.shape[2], state.shape[1], batch_first=True)
    values = {"weight_ih_l0": weight_x, "weight_hh_l0": weight_h, "bias_ih_l0": bias_x, "bias_hh_l0": bias_h}
    module.load_state_dict({key: value.detach() for key, value in values.items()})
    result = torch.stack(states, 1)
    assert torch.allclose(module(x, gru.initial[None])[0], result, atol=1e-12)
    return result


case("dense", [real(2, 3), real(2, 3), real(2)], F.linear)
case("embedding", [real(4, 3), whole(2, 2, below=4)], lambda w, i: F.embedding(i.long(), w * w))
case("attention", [real(1, 3, 4), real(12, 4, low=-1, high=1), real(12), real(4, 4, low=-1, high=1), real(4)], attention)
gru.initial = real(2, 2)
case("gru", [real(2, 3, 2), gru.initial, real(6, 2), real(6, 2), real(6), real(6)], gru)

# Optimisers ---------------------------------------------------------------------------------------------------------

optimisers = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "sgd weightDecay": lambda p: torch.optim.SGD(p, lr=0.1, weight_decay=0.01),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.8, 0.95), eps=1e-6),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.1),
    "adam clipped": lambda p: torch.optim.Adam(p, lr=0.05),
    "sgd clipped": lambda p: torch.optim.SGD(p, lr=0.1),
}


def trajectory(name, build):
    parameters = [torch.nn.Parameter(real(2, 3)), torch.nn.Parameter(real(3))]
    optimiser = build(parameters)
    record = {"name": name, "parameters": [plain(p) for p in parameters], "gradients": [], "after": []}
    for _ in range(3):
        for parameter in parameters:
            parameter.grad = real(*parameter.shape)
        record["gradients"].append([numbers(p.grad) for p in parameters])
        if name.endswith("clipped"):
            torch.nn.utils.clip_grad_norm_(parameters, 1.5)
        optimiser.step()
        record["after"].append([numbers(p) for p in parameters])
    return record


def schedule(name, build):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], lr=0.1)
    scheduler = build(optimiser)
    rates = []
    for _ in range(12):
        rates.append(number(optimiser.param_groups[0]["lr"]))
        optimiser.step()
        scheduler.step()
    return {"name": name, "rates": rates}


schedules = {
    "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 11, eta_min=0.01),
    "linear": lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.1, 8),
    "exponential": lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.8),
    "step": lambda o: torch.optim.lr_scheduler.StepLR(o, 4, 0.5),
}

recorded = {
    "torch": torch.__version__,
    "cases": cases,
    "optimisers": [trajectory(name, build) for name, build in optimisers.items()],
    "schedules": [schedule(name, build) for name, build in schedules.items()],
}
sections = []
for key, value in recorded.items():
    if isinstance(value, list):
        rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in value)
        sections.append(f'"{key}": [\n{rows}\n]')
    else:
        sections.append(f'"{key}": {json.dumps(value)}')
sys.stdout.write("{\n" + ",\n".join(sections) + "\n}\n")
