"""The workloads in PyTorch. Arguments: workload, arrays file (safetensors), threads. See ../protocol.mjs."""

import json
import math
import struct
import sys
import time

import torch
import torch.nn.functional as F

name, path, threads = sys.argv[1:4]
torch.set_num_threads(int(threads))
torch.set_num_interop_threads(1)

LAYERS, HEADS = 2, 4


def load(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        raw = bytearray(file.read())
    kinds = {"F32": torch.float32, "I32": torch.int32}
    arrays = {}
    for key, entry in header.items():
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(raw[begin:end], dtype=kinds[entry["dtype"]])
        arrays[key] = flat.reshape(entry["shape"]).clone()
    return arrays


arrays = load(path)
data = {key[5:]: value for key, value in arrays.items() if key.startswith("data.")}
# Linear layers keep their weights the way torch.nn.Linear does, [out][in].
linear = lambda key, value: value.T.contiguous() if key.endswith(".weight") and value.dim() == 2 else value
p = {key: linear(key, value).requires_grad_() for key, value in arrays.items() if not key.startswith("data.")}


def dense(name, x):
    return F.linear(x, p[name + ".weight"], p[name + ".bias"])


def norm(name, x):
    return F.layer_norm(x, x.shape[-1:], p[name + ".scale"], p[name + ".shift"], 1e-5)


def block(i, x, past=None):
    """One layer on x [B][T][d]; `past` holds keys and values of earlier positions and is extended."""
    batch, length, width = x.shape
    q, k, v = dense(f"layer{i}.qkv", norm(f"layer{i}.norm1", x)).split(width, -1)
    q, k, v = (each.view(batch, length, HEADS, width // HEADS).transpose(1, 2) for each in (q, k, v))
    if past is not None:
        at = past["length"]
        past["keys"][i][:, :, at : at + length] = k
        past["values"][i][:, :, at : at + length] = v
        k, v = past["keys"][i][:, :, : at + length], past["values"][i][:, :, : at + length]
    scores = (q @ k.transpose(-1, -2)) * (1 / math.sqrt(width // HEADS))
    if length > 1:
        scores = scores.masked_fill(~mask[:length, :length], -math.inf)
    mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width)
    x = x + dense(f"layer{i}.out", mixed)
    return x + dense(f"layer{i}.down", F.gelu(dense(f"layer{i}.up", norm(f"layer{i}.norm2", x))))


def logits(tokens):
    x = p["embed.token"][tokens] + p["embed.position"][: tokens.shape[1]]
    for i in range(LAYERS):
        x = block(i, x)
    return dense("head", norm("final", x))


def transformer():
    out = logits(tokens)
    return F.cross_entropy(out.view(-1, out.shape[-1]), targets.view(-1))


def mlp():
    x = data["x"]
    x = torch.tanh(dense("dense0", x))
    x = torch.tanh(dense("dense1", x))
    return F.mse_loss(dense("dense2", x), data["y"])


def conv():
    x = data["x"]
    for i in range(2):
        x = F.max_pool2d(F.relu(F.conv2d(x, p[f"conv{i}.weight"], p[f"conv{i}.bias"], padding=1)), 2)
    return F.cross_entropy(dense("dense0", x.flatten(1)), labels)


def critic(x):
    return dense("dense2", torch.tanh(dense("dense1", torch.tanh(dense("dense0", x)))))[:, 0]


def penalty():
    mixed = data["mixed"].detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    return critic(data["fake"]).mean() - critic(data["real"]).mean() + 10 * ((slope.norm(dim=1) - 1) ** 2).mean()


def training(loss, foreach):
    optimiser = torch.optim.Adam(list(p.values()), lr=1e-3, betas=(0.9, 0.999), eps=1e-8, foreach=foreach)

    def step():
        optimiser.zero_grad(set_to_none=True)
        value = loss()
        value.backward()
        optimiser.step()
        return value.item()

    return step


@torch.no_grad()
def sampling():
    batch, length, width = data["first"].shape[0], data["gumbel"].shape[0], p["embed.token"].shape[1]
    space = lambda: [torch.empty(batch, HEADS, length, width // HEADS) for _ in range(LAYERS)]
    past = {"length": 0, "keys": space(), "values": space()}
    token, sampled = first, []
    for t in range(length):
        x = (p["embed.token"][token] + p["embed.position"][t])[:, None]
        for i in range(LAYERS):
            x = block(i, x, past)
        past["length"] += 1
        token = (dense("head", norm("final", x))[:, 0] + data["gumbel"][t]).argmax(-1)
        sampled.append(token)
    return torch.stack(sampled, 1).sum().item()


@torch.no_grad()
def prefix():
    tokens, sampled = first[:, None], []
    for t in range(data["gumbel"].shape[0]):
        token = (logits(tokens)[:, -1] + data["gumbel"][t]).argmax(-1)
        tokens = torch.cat([tokens, token[:, None]], 1)
        sampled.append(token)
    return torch.stack(sampled, 1).sum().item()


def call():
    return (data["x"] + 1).item()


if "tokens" in data:
    tokens, targets = data["tokens"].long(), data["targets"].long()
if "labels" in data:
    labels = data["labels"].long()
if "first" in data:
    first = data["first"].long()
mask = torch.ones(64, 64, dtype=torch.bool).tril()
losses = {"transformer": transformer, "mlp": mlp, "conv": conv, "penalty": penalty}
plain = {"sampling": sampling, "prefix": prefix, "call": call}
foreach = len(sys.argv) > 4 and sys.argv[4] == "foreach"
step = training(losses[name], foreach) if name in losses else plain[name]


def say(message):
    print(json.dumps(message), flush=True)




def blas():
    """Which BLAS library PyTorch multiplies with: the reference one of a bare Debian is many times slower."""
    torch.ones(64, 64) @ torch.ones(64, 64)
    with open("/proc/self/maps") as maps:
        files = {line.split()[-1].rsplit("/", 1)[-1] for line in maps if "blas" in line or "mkl_" in line}
    names = {"openblas": "OpenBLAS", "mkl": "MKL", "blas": "reference BLAS"}
    return next((label for key, label in names.items() if any(key in file for file in files)), "its own BLAS")


say({"ready": True, "version": f"PyTorch {torch.__version__} with {blas()}"})
for line in sys.stdin:
    times, values = [], []
    for _ in range(json.loads(line)["run"]):
        start = time.perf_counter()
        values.append(step())
        times.append((time.perf_counter() - start) * 1e3)
    say({"times": times, "values": values[:8]})
