"""TRL (read at f2cd5771): a reward function for ``GRPOTrainer(reward_funcs=...)`` and its relatives.

TRL's own word for a missing reward is None: the row is left out of the mean, and a row without any number gets the
advantage 0 with a warning. Items that abstained (no label, say) are therefore None; items that *failed* raise, which stops
the training, unless ``on_failure`` says otherwise. TRL itself neither times out nor tries again.
"""

from __future__ import annotations

import asyncio
from typing import Any, Awaitable, Callable, Dict, List, Optional, Sequence

from .client import Client, Item
from .columns import consecutive_groups, reference_column
from .scorer import OnFailure, Scorer
from .wire import Text, records, response_text


class RewardFunction:
    """What :func:`reward_fn` makes. A class, because TRL's asynchronous workers pickle reward functions."""

    def __init__(self, scorer: Scorer, name: str, reference: Optional[str], num_generations: Optional[int]) -> None:
        self.scorer = scorer
        #: TRL logs the reward under this name.
        self.__name__ = name
        self.reference = reference
        self.num_generations = num_generations

    def __call__(
        self, prompts: Sequence[Text], completions: Sequence[Text], completion_ids: Any = None, **columns: Any
    ) -> List[Optional[float]]:
        """One reward for each completion, in order. Columns of the data set come as lists of the same length."""
        log_extra, log_metric = columns.pop("log_extra", None), columns.pop("log_metric", None)
        rollouts = records(
            [response_text(completion) for completion in completions],
            prompts=prompts,
            references=reference_column(columns, self.reference),
            groups=consecutive_groups(len(completions), self.num_generations),
        )
        items = self.scorer.items(rollouts)
        _log(items, log_extra, log_metric)
        return self.scorer.settle(items)


def reward_fn(
    url: Optional[str] = None,
    token: Optional[str] = None,
    *,
    name: str = "guerdon",
    reference: Optional[str] = None,
    num_generations: Optional[int] = None,
    on_failure: OnFailure = "raise",
    **settings: Any,
) -> RewardFunction:
    """A reward function that asks a Guerdon server.

    :param name: the name TRL logs it under.
    :param reference: the data set's column with the right answer. Default: the first of ``reference``, ``ground_truth``,
        ``solution``, ``answer``, ``expected_answer``, ``label`` there is.
    :param num_generations: completions of one prompt, for recipes that compare them: TRL puts them side by side and sends
        no ids. Without it every completion stands alone.
    :param on_failure: ``"raise"``, ``"none"`` or a function of the item, for items that failed and for all of them when
        the server cannot be reached. Abstained items are always None.
    :param settings: of :class:`guerdon.Client`: ``timeout``, ``retries``, ``run``, ...
    """
    scorer = Scorer(Client(url, token, **settings), on_failure, abstained="none")
    return RewardFunction(scorer, name, reference, num_generations)


def async_reward_fn(*args: Any, **kwargs: Any) -> Callable[..., Awaitable[List[Optional[float]]]]:
    """The same as an ``async def``, which TRL gathers beside other asynchronous rewards. It cannot be pickled."""
    function = reward_fn(*args, **kwargs)

    async def reward(prompts: Sequence[Text], completions: Sequence[Text], **columns: Any) -> List[Optional[float]]:
        return await asyncio.to_thread(function, prompts, completions, **columns)

    reward.__name__ = function.__name__
    return reward


def _log(items: Sequence[Item], log_extra: Any, log_metric: Any) -> None:
    """Every component as a column of TRL's table and, where there are numbers, as their mean."""
    if log_extra is None and log_metric is None:
        return
    columns: Dict[str, List[Any]] = {}
    for i, item in enumerate(items):
        for name, value in item.components.items():
            columns.setdefault(name, [None] * len(items))[i] = value if isinstance(value, (int, float)) else None
    for name, values in columns.items():
        short = name[len("rollout.") :] if name.startswith("rollout.") else name
        numbers = [value for value in values if value is not None]
        if log_extra is not None:
            log_extra(short, values)
        if log_metric is not None and numbers:
            log_metric(short, sum(numbers) / len(numbers))
