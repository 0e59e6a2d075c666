"""verifiers and prime-rl (read at a60a606e): a function for a rubric, ``Rubric(funcs=[reward_func()])``.

A rubric turns every ``Exception`` of a function into the score 0.0 and logs it, which is the silent number this package
refuses to give. So a missing reward raises :class:`RewardUnavailable`, which is no ``Exception`` and passes the rubric; give
``on_failure`` a function to go on with a number.
"""

from __future__ import annotations

import asyncio
from typing import Any, Awaitable, Callable, Optional

from .client import Client
from .errors import GuerdonError
from .scorer import OnFailure, Scorer
from .wire import Text, records, response_text


class RewardUnavailable(BaseException):
    """There is no reward. Not an ``Exception``, because a rubric would make 0.0 of one."""


def reward_func(
    url: Optional[str] = None,
    token: Optional[str] = None,
    *,
    name: str = "guerdon",
    on_failure: OnFailure = "raise",
    **settings: Any,
) -> Callable[..., Awaitable[float]]:
    """An asynchronous reward function of a rubric, which takes ``prompt``, ``completion`` and ``answer``."""
    scorer = Scorer(Client(url, token, **settings), on_failure, none=False)

    def score(prompt: Text, completion: Text, answer: Any) -> float:
        rollouts = records([response_text(completion)], prompts=[prompt], references=[answer])
        return float(scorer.rewards(rollouts)[0])  # type: ignore[arg-type]

    async def reward(prompt: Text, completion: Text, answer: Any = None, **_: Any) -> float:
        try:
            return await asyncio.to_thread(score, prompt, completion, answer)
        except GuerdonError as error:
            raise RewardUnavailable(str(error)) from error

    reward.__name__ = name
    return reward
