"""ms-swift (read at 3602360a): a reward plugin for ``--external_plugins`` and ``--reward_funcs``.

An exception in a plugin ends the training, and that is the default for an item without a reward: ``on_failure`` is
``"raise"``, ``"none"`` or a function of the item that gives a number. ms-swift reads None as NaN and leaves it out of the sum
over reward functions, so beware of ``"none"`` with one function only: the sum over nothing may be 0.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import Any, Dict, List, Optional, Sequence, Type

from .client import Client
from .columns import consecutive_groups, reference_column
from .scorer import OnFailure, Scorer
from .wire import Text, records, response_text


class ORM:
    """An outcome reward of a Guerdon server. Settings of a subclass are its class attributes; see :func:`register`."""

    url: Optional[str] = None
    token: Optional[str] = None
    reference: Optional[str] = None
    num_generations: Optional[int] = None
    on_failure: OnFailure = "raise"
    settings: Dict[str, Any] = {}

    def __init__(self, args: Any = None, **_: Any) -> None:
        self.args = args
        # Looked up on the class, so that a function does not become a method.
        self.scorer = Scorer(Client(self.url, self.token, **self.settings), type(self).on_failure)

    def __call__(self, completions: Sequence[Text], **columns: Any) -> List[Optional[float]]:
        """One reward for each completion. Columns of the data set come as lists; ``messages`` is the prompt, without the
        answer that ms-swift leaves at its end."""
        responses = [response_text(completion) for completion in completions]
        prompts = columns.get("messages") or columns.get("prompts")
        rollouts = records(
            responses,
            prompts=prompts and [_without_answer(prompt, responses[i : i + 1]) for i, prompt in enumerate(prompts)],
            references=reference_column(columns, self.reference),
            groups=consecutive_groups(len(completions), self.num_generations),
        )
        return self.scorer.rewards(rollouts)


class AsyncORM(ORM):
    """The same with an asynchronous call: ms-swift gathers such plugins, so that slow ones do not add up."""

    async def __call__(self, completions: Sequence[Text], **columns: Any) -> List[Optional[float]]:  # type: ignore[override]
        """As :meth:`ORM.__call__`."""
        return await asyncio.to_thread(super().__call__, completions, **columns)


def register(name: str = "guerdon", *, asynchronous: bool = False, **attributes: Any) -> Type[ORM]:
    """A plugin under ``name``: ``url``, ``token``, ``reference``, ``num_generations``, ``on_failure``, and further ones as
    settings of :class:`guerdon.Client`. Entered into ms-swift's table where ms-swift can be imported, and returned in any
    case."""
    known = {key: attributes.pop(key) for key in list(attributes) if hasattr(ORM, key) and key != "settings"}
    own = AsyncORM if asynchronous else ORM
    swift = _swift()
    bases = (own,) if swift is None else (own, getattr(swift, own.__name__))
    made = type(name, bases, {**known, "settings": attributes})
    if swift is not None:
        swift.orms[name] = made
    return made


def _without_answer(prompt: Text, response: Sequence[str]) -> Text:
    if isinstance(prompt, str) or not prompt:
        return prompt
    last = prompt[-1]
    return prompt[:-1] if last.get("role") == "assistant" and [last.get("content")] == list(response) else prompt


def _swift() -> Any:
    """The module of ms-swift with its base classes and its table of plugins; None where there is none."""
    for module in ("swift.rewards.orm", "swift.plugin.orm"):
        try:
            return importlib.import_module(module)
        except ImportError:
            continue
    return None
