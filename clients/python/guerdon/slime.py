"""slime (read at 624b824a): ``--custom-rm-path guerdon.slime.custom_rm``, with ``--group-rm`` for recipes that compare.

Without Python, ``--rm-type remote_rm --rm-url http://HOST:8787/adapters/slime`` does the same for single samples. slime has
no word for a missing reward and stops on an exception; the address is the environment's ``GUERDON_URL``.
"""

from __future__ import annotations

import asyncio
from typing import Any, List, Union

from .client import Client
from .scorer import Scorer
from .wire import records

_scorer = None


def _rewards(samples: List[Any], grouped: bool) -> List[float]:
    global _scorer
    if _scorer is None:
        _scorer = Scorer(Client(), none=False)
    rollouts = records(
        [sample.response for sample in samples],
        prompts=[sample.prompt for sample in samples],
        references=[sample.label for sample in samples],
        groups=["group"] * len(samples) if grouped else None,
    )
    return [float(reward) for reward in _scorer.rewards(rollouts)]  # type: ignore[arg-type]


async def custom_rm(args: Any, sample: Any, **_: Any) -> Union[float, List[float]]:
    """The reward of a sample, or the list of rewards of a group of samples."""
    if isinstance(sample, list):
        return await asyncio.to_thread(_rewards, sample, True)
    return (await asyncio.to_thread(_rewards, [sample], False))[0]
