"""verl (read at b178a3cd): reward functions and advantage estimators.

verl knows no missing reward: every item needs a number, so ``on_failure`` is ``"raise"`` (default) or a function that gives
one. Note what verl does with an exception: the synchronous path runs the whole function again, the ``limited`` and ``prime``
managers turn it into 0.0 by themselves; use ``naive`` or ``batch`` to see it.

``custom_reward_function.path`` is the path of this file; ``.name=compute_score`` for the managers that score one by one,
``compute_score_batch`` for ``batch``. Settings are given by ``+custom_reward_function.reward_kwargs.url=...``.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from guerdon.client import Client
from guerdon.errors import UnscoredError
from guerdon.estimator import Estimator
from guerdon.scorer import OnFailure, Scorer
from guerdon.wire import is_number, records

Score = Union[float, Dict[str, float]]

_clients: Dict[Tuple[Any, ...], Client] = {}
_lock = threading.Lock()


def compute_score(
    data_source: Any = None,
    solution_str: str = "",
    ground_truth: Any = None,
    extra_info: Optional[Mapping[str, Any]] = None,
    **settings: Any,
) -> Score:
    """The reward of one response. Settings as for :func:`compute_score_batch`."""
    return compute_score_batch([data_source], [solution_str], [ground_truth], [extra_info], **settings)[0]


async def async_compute_score(
    data_source: Any = None,
    solution_str: str = "",
    ground_truth: Any = None,
    extra_info: Optional[Mapping[str, Any]] = None,
    **settings: Any,
) -> Score:
    """The same for reward loops, which wait for many at a time."""
    return await asyncio.to_thread(compute_score, data_source, solution_str, ground_truth, extra_info, **settings)


def compute_score_batch(
    data_sources: Sequence[Any],
    solution_strs: Sequence[str],
    ground_truths: Sequence[Any],
    extra_infos: Sequence[Optional[Mapping[str, Any]]],
    *,
    url: Optional[str] = None,
    token: Optional[str] = None,
    run: Optional[str] = None,
    timeout: float = 60.0,
    retries: int = 4,
    on_failure: OnFailure = "raise",
    components: Sequence[str] = (),
    group_by: Optional[str] = None,
    **_trainer: Any,
) -> List[Score]:
    """The rewards of a batch, as the ``batch`` reward manager asks for them.

    :param components: columns of the recipe to report beside ``score``, such as ``format`` for ``rollout.format``; then
        every result is a dictionary with exactly these keys (verl takes the keys of the first sample for all). One that has
        no number in some item raises.
    :param group_by: the key of ``extra_info`` that is the same for all responses to one prompt, such as ``index``, for
        recipes that compare them.
    """
    infos = [info or {} for info in extra_infos]
    rollouts = records(
        list(solution_strs),
        prompts=[info.get("question") if isinstance(info.get("question"), str) else None for info in infos],
        references=list(ground_truths),
        groups=None if group_by is None else [str(info[group_by]) for info in infos],
        metas=[{"data_source": source} if isinstance(source, str) else None for source in data_sources],
    )
    scorer = Scorer(_client(url, token, run, timeout, retries), on_failure, none=False)
    items = scorer.items(rollouts)
    rewards = scorer.settle(items)
    if not components:
        return [float(reward) for reward in rewards]  # type: ignore[arg-type]
    results: List[Score] = []
    for item, reward in zip(items, rewards):
        result = {"score": float(reward)}  # type: ignore[arg-type]
        for name in components:
            value = item.components.get(f"rollout.{name}")
            if not is_number(value):
                raise UnscoredError([item], len(items))
            result[name] = float(value)
        results.append(result)
    return results


def register_estimator(name: str, use: str, options: Optional[Mapping[str, Any]] = None, **settings: Any) -> Estimator:
    """An advantage estimator of Guerdon under ``name``, for ``algorithm.adv_estimator=name``.

    It is registered with verl where verl can be imported, and returned in any case: the estimator is an ordinary function
    of arrays. Its attribute ``registered`` says which.

    :param use: the stage, such as ``grpo.verl`` or ``rloo``; ``guerdon methods`` lists them.
    :param options: of the stage.
    :param settings: of :class:`guerdon.Client`.
    """
    estimator = Estimator(Client(settings.pop("url", None), settings.pop("token", None), **settings), use, options)
    try:
        from verl.trainer.ppo.core_algos import register_adv_est  # type: ignore[import-not-found]
    except ImportError:
        return estimator

    def registered(token_level_rewards: Any, response_mask: Any, config: Any = None, index: Any = None, **extra: Any) -> Any:
        return estimator(token_level_rewards, response_mask, config=config, index=index, **extra)

    register_adv_est(name)(registered)
    estimator.registered = True
    return estimator


def _client(*settings: Any) -> Client:
    url, token, run, timeout, retries = settings
    with _lock:
        if settings not in _clients:
            _clients[settings] = Client(url, token, run=run, timeout=timeout, retries=retries)
        return _clients[settings]
