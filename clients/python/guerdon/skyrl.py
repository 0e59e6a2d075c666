"""SkyRL (read at a9564572): a text environment of one turn, ``skyrl_gym.register(id="guerdon", entry_point="guerdon.skyrl:Env")``.

An exception in a step ends the training; ``on_failure`` is ``"raise"`` (default) or a function that gives a number.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple

from .client import Client
from .columns import reference_column
from .scorer import Scorer
from .wire import is_number, records

try:
    from skyrl_gym.envs.base_text_env import BaseTextEnv as _Base  # type: ignore[import-not-found]
except ImportError:
    _Base = object


class Env(_Base):  # type: ignore[misc]
    """``step`` answers with the reward of a Guerdon server and is done. ``env_config`` may hold ``url``, ``token``, ``run``,
    ``timeout``, ``retries`` and ``on_failure``; the right answer is ``reward_spec.ground_truth`` of the row."""

    def __init__(self, env_config: Any = None, extras: Optional[Mapping[str, Any]] = None) -> None:
        super().__init__()
        settings = dict(env_config or {})
        known = {key: settings[key] for key in ("url", "token", "run", "timeout", "retries") if settings.get(key) is not None}
        self.scorer = Scorer(Client(**known), settings.get("on_failure", "raise"), none=False)
        row = dict(extras or {})
        spec = {key: [value] for key, value in {**row, **dict(row.get("reward_spec") or {})}.items()}
        references = reference_column(spec, None)
        self.reference = references[0] if references else None
        self.prompt: List[Mapping[str, Any]] = []

    def init(self, prompt: List[Dict[str, str]]) -> Tuple[List[Dict[str, str]], Dict[str, Any]]:
        """Remembers the prompt."""
        self.prompt = list(prompt)
        return prompt, {}

    def step(self, action: str) -> Dict[str, Any]:
        """The reward of the answer; every component with a number is metadata."""
        rollouts = records([action], prompts=[self.prompt], references=[self.reference])
        (item,) = self.scorer.items(rollouts)
        (reward,) = self.scorer.settle([item])
        parts = {name.split(".", 1)[-1]: value for name, value in item.components.items() if is_number(value)}
        return {"observations": [], "reward": reward, "done": True, "metadata": parts}

    def close(self) -> None:
        """Closes the connection."""
        self.scorer.client.close()
