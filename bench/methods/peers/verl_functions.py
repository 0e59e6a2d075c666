"""verl's own estimators, from a checkout that GUERDON_VERL points at.

Only the functions named below are taken out of its files (with the helpers they call) and run as they stand: importing the
package would ask for Ray, TensorDict, Transformers and a GPU. Nothing of them is changed; decorators that register an
estimator under its name are left out.

usage: verl_functions.py CHECKOUT THREADS [--vectorized]
"""

import __future__
import ast
import sys
import types
from collections import defaultdict
from pathlib import Path
from typing import Any, Optional

import numpy as np
import torch
from serve import serve

checkout, threads = Path(sys.argv[1]), int(sys.argv[2])
vectorized = "--vectorized" in sys.argv
torch.set_num_threads(threads)


def functions(path, scope):
    """All functions of a file, unchanged, living in `scope`; annotations are not evaluated."""
    tree = ast.parse((checkout / path).read_text())
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    for node in tree.body:
        node.decorator_list = [item for item in node.decorator_list if "no_grad" in ast.unparse(item)]
    code = compile(tree, str(checkout / path), "exec", flags=__future__.annotations.compiler_flag)
    exec(code, scope)
    return scope


base = {"torch": torch, "np": np, "defaultdict": defaultdict, "Any": Any, "Optional": Optional}
whitening = types.SimpleNamespace(**functions("verl/utils/torch_functional.py", {**base, "FLAH_ATTN_CROSS_ENTROPY_LOSS_AVAILABLE": False}))
scope = {**base, "verl_F": whitening}
if (checkout / "verl/utils/groupwise.py").exists():
    scope = functions("verl/utils/groupwise.py", {**scope, "os": __import__("os"), "get_torch_device": lambda: torch.device("cpu")})
scope = functions("verl/trainer/ppo/core_algos.py", scope)


def tensors(data):
    """verl's trainer cuts the response mask out of the tokenizer's attention mask, which holds 64-bit integers."""
    rewards, mask, values = (torch.from_numpy(data[name]) for name in ("rewards", "mask", "values"))
    return rewards, mask.long(), values


def by_group(name):
    def make(data):
        rewards, mask, _ = tensors(data)
        return lambda: scope[name](rewards, mask, data["index"])[0]

    return make


def reinforce_plus_plus(data):
    rewards, mask, _ = tensors(data)
    config = types.SimpleNamespace(gamma=0.99)
    return lambda: scope["compute_reinforce_plus_plus_outcome_advantage"](rewards, mask, config=config)[0]


def gae(data):
    rewards, mask, values = tensors(data)

    def work():
        advantages, _ = scope["compute_gae_advantage_return"](rewards, values, mask, 0.99, 0.95)
        return advantages * mask

    return work


form = "_vectorized" if vectorized else ""
makers = {
    "grpo": by_group(f"compute_grpo{form}_outcome_advantage"),
    "rloo": by_group(f"compute_rloo{form}_outcome_advantage"),
}
if not vectorized:
    makers |= {"reinforcePlusPlus": reinforce_plus_plus, "gae": gae}
missing = [method for method in ("grpo", "rloo") if f"compute_{method}{form}_outcome_advantage" not in scope]
for method in missing:
    del makers[method]
serve(f"torch {torch.__version__}, NumPy {np.__version__}", makers)
