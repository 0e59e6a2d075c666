"""From records to the numbers a trainer takes, with a stated policy for items without one."""

from __future__ import annotations

from typing import Any, Callable, List, Mapping, Optional, Sequence, Union

from .client import Client, Item
from .errors import GuerdonError, ServerError, TransportError, UnscoredError

#: ``"raise"``, ``"none"``, or a function of the item that gives a number or None.
OnFailure = Union[str, Callable[[Item], Optional[float]]]


def check_policy(on_failure: OnFailure, *, none: bool) -> None:
    """Raises for a policy that is none, or that is ``"none"`` for a trainer that has no word for a missing reward."""
    known = ("raise", "none") if none else ("raise",)
    if callable(on_failure) or on_failure in known:
        return
    raise GuerdonError(
        "invalid_option",
        f"expected on_failure to be {' or '.join(map(repr, known))} or a function of the item; got {on_failure!r}",
        hint=None if none else "this trainer takes a number for every item",
    )


class Scorer:
    """A client with a policy: ``rewards`` gives one entry for each record.

    :param on_failure: what stands for an item that failed, or for all of them when the server cannot be reached or is
        overloaded: ``"raise"`` (default), ``"none"``, or a function that is given the :class:`Item` and returns a number
        or None. A request the server refuses as wrong always raises.
    :param abstained: the same for items no part of the recipe has anything to say about. Default: as ``on_failure``.
    :param none: the trainer takes None.
    """

    def __init__(
        self, client: Client, on_failure: OnFailure = "raise", *, abstained: Optional[OnFailure] = None, none: bool = True
    ) -> None:
        check_policy(on_failure, none=none)
        self.client = client
        self.on_failure = on_failure
        self.abstained = on_failure if abstained is None else abstained
        self.none = none

    def items(self, rollouts: Sequence[Mapping[str, Any]]) -> List[Item]:
        """What became of each record. Without an answer, all have failed as ``transport``."""
        if not rollouts:
            return []
        try:
            items = self.client.score(rollouts)
        except (TransportError, ServerError) as error:
            if self.on_failure == "raise" or (isinstance(error, ServerError) and error.status < 500):
                raise
            return [Item(rollout["id"], "failed", None, {}, str(error), "transport") for rollout in rollouts]
        for item in items:
            if isinstance(item.reward, list):
                raise GuerdonError(
                    "unsupported",
                    "expected one reward for each rollout; the recipe gives one for each turn or token",
                    hint='end the recipe with a step that moves it to the rollout, such as "move"',
                )
        return items

    def rewards(self, rollouts: Sequence[Mapping[str, Any]]) -> List[Optional[float]]:
        """One number for each record, or what the policy puts in its place."""
        return self.settle(self.items(rollouts))

    def settle(self, items: Sequence[Item]) -> List[Optional[float]]:
        """The policy applied to items."""
        missing = [item for item in items if item.status != "scored" and self._policy(item) == "raise"]
        if missing:
            raise UnscoredError(missing, len(items))
        return [self._number(item) for item in items]

    def _policy(self, item: Item) -> OnFailure:
        return self.abstained if item.status == "abstained" else self.on_failure

    def _number(self, item: Item) -> Optional[float]:
        if item.status == "scored":
            return float(item.reward)  # type: ignore[arg-type]
        policy = self._policy(item)
        value = policy(item) if callable(policy) else None
        if value is None and not self.none:
            raise UnscoredError([item], 1)
        return None if value is None else float(value)
