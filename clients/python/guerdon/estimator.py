"""Advantages of a group, as trainers' estimators take and return them."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Mapping, Optional, Tuple

from .client import Client
from .errors import GuerdonError


class Estimator:
    """``(token_level_rewards, response_mask, index=...)`` -> ``(advantages, returns)``, both [batch][tokens].

    The score of a response is the sum of its token rewards, wherever they stand; responses with the same ``index`` are one
    group. Every token of a response that the policy wrote (mask 1) gets the response's advantage, every other one 0. As in
    the trainers' own group estimators, the returns are the advantages.

    Takes and returns torch tensors, NumPy arrays or lists of lists, whatever came first. Raises for a reward that is not
    finite and for a response the estimator gives no advantage.
    """

    #: True when the trainer knows it.
    registered = False

    def __init__(self, client: Client, use: str, options: Optional[Mapping[str, Any]] = None) -> None:
        self.client = client
        self.use = use
        self.options = options

    def __call__(
        self, token_level_rewards: Any, response_mask: Any, config: Any = None, index: Any = None, **_: Any
    ) -> Tuple[Any, Any]:
        rewards, mask = _rows(token_level_rewards), _rows(response_mask)
        if index is None:
            raise GuerdonError("missing_column", "expected index, the group of every response; got none")
        names = [str(name) for name in (index.tolist() if hasattr(index, "tolist") else index)]
        if not len(rewards) == len(mask) == len(names):
            raise GuerdonError(
                "shape_mismatch",
                f"expected one row of rewards, one of the mask and one index for each response; got {len(rewards)}, "
                f"{len(mask)} and {len(names)}",
            )
        members: Dict[str, List[int]] = {}
        for row, name in enumerate(names):
            members.setdefault(name, []).append(row)
        scores = [_score(row, i) for i, row in enumerate(rewards)]
        groups = [{"id": name, "scores": [scores[row] for row in rows]} for name, rows in members.items()]
        answers = self.client.advantages(self.use, groups, self.options) if groups else []
        advantages = [0.0] * len(scores)
        for rows, values in zip(members.values(), answers):
            for row, value in zip(rows, values):
                if value is None:
                    raise GuerdonError("unscored", f"expected an advantage for every response; {self.use} gives none to {row}")
                advantages[row] = value
        spread = [[advantage if kept else 0.0 for kept in row] for advantage, row in zip(advantages, mask)]
        return _like(token_level_rewards, spread), _like(token_level_rewards, spread)


def _rows(values: Any) -> List[List[float]]:
    rows: List[List[float]] = values.tolist() if hasattr(values, "tolist") else values
    return rows


def _score(row: List[float], i: int) -> float:
    total = math.fsum(row)
    if not math.isfinite(total):
        raise GuerdonError("not_finite", f"expected finite token rewards; got {total} as the sum of response {i}")
    return total


def _like(model: Any, rows: List[List[float]]) -> Any:
    """Rows as the kind of array ``model`` is, with its type of numbers and on its device."""
    if hasattr(model, "new_tensor"):
        return model.new_tensor(rows).reshape(model.shape)
    if hasattr(model, "dtype") and hasattr(model, "shape"):
        import numpy

        return numpy.array(rows, dtype=model.dtype).reshape(model.shape)
    return rows
