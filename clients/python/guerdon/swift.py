"""ms-swift (read at 3602360a): a reward plugin for ``--external_plugins`` and ``--reward_funcs``.

The plugin returns a list of numbers, and an exception in it ends the training: ``on_failure`` is ``"raise"`` (default), or a
function of the item that gives a number. ``"none"`` passes None on, for versions that leave such rows out.
"""

from __future__ import annotations

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
        # A function among the class attributes must not become a method.
        policy = type(self).__dict__.get("on_failure", type(self).on_failure)
        self.scorer = Scorer(Client(self.url, self.token, **self.settings), policy)

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


def register(name: str = "guerdon", **attributes: Any) -> Type[ORM]:
    """A plugin under ``name``: ``url``, ``token``, ``reference``, ``num_generations``, ``on_failure``, and further ones as
    settings of :class:`guerdon.Client`. Entered into ms-swift's table where ms-swift can be imported, and returned in any
    case."""
    known = {key: attributes.pop(key) for key in list(attributes) if hasattr(ORM, key) and key != "settings"}
    base, table = _swift()
    made = type(name, (ORM, base) if base is not None else (ORM,), {**known, "settings": attributes})
    if table is not None:
        table[name] = made
    return made


def _without_answer(prompt: Text, response: Sequence[str]) -> Text:
    if isinstance(prompt, str) or not prompt:
        return prompt
    last = prompt[-1]
    return prompt[:-1] if last.get("role") == "assistant" and [last.get("content")] == list(response) else prompt


def _swift() -> Any:
    for module in ("swift.rewards.orm", "swift.plugin.orm"):
        try:
            found = __import__(module, fromlist=["ORM", "orms"])
        except ImportError:
            continue
        return found.ORM, found.orms
    return None, None
