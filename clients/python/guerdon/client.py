"""The HTTP client: keep-alive, deadlines, repeats that are safe, back-off that listens to the server."""

from __future__ import annotations

import random
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union
from urllib.parse import quote

from .connection import Connection
from .errors import GuerdonError, ServerError, TransportError
from .wire import dump, is_number, load

#: Statuses after which the same request may succeed: slow, too many, or not there for the moment.
_WORTH_REPEATING = frozenset({408, 429, 502, 503, 504})


@dataclass(frozen=True)
class Item:
    """What became of one rollout. ``reward`` is None unless ``status`` is ``"scored"``."""

    id: str
    status: str
    reward: Union[float, List[Any], None]
    components: Mapping[str, Any] = field(default_factory=dict)
    #: Why there is no reward; empty when there is one.
    reason: str = ""
    #: The class of a failure (``timeout``, ``bug``, ``transport``, ...); None unless it failed.
    failure: Optional[str] = None


class Client:
    """A Guerdon server. Safe to share between threads and to pickle; every thread keeps a connection of its own.

    :param url: address of the server. Default: the environment's ``GUERDON_URL``, else ``http://127.0.0.1:8787``.
    :param token: what the server asks for. Default: the environment's ``GUERDON_TOKEN``.
    :param timeout: seconds for one attempt; the server is told to give up then, too.
    :param retries: attempts after the first, for connection errors and for statuses 408, 429, 502, 503 and 504. All
        attempts carry one idempotency key, so that a batch is never counted twice.
    :param run: name of the run whose state (running statistics, schedules) is used. Default: ``default``.
    :param backoff: seconds before the second attempt, doubled for each further one, with jitter; a ``Retry-After`` of the
        server is waited for in full when it is longer.
    :param max_wait: longest pause in seconds, ``Retry-After`` included.
    """

    def __init__(
        self,
        url: Optional[str] = None,
        token: Optional[str] = None,
        *,
        timeout: float = 60.0,
        retries: int = 4,
        run: Optional[str] = None,
        backoff: float = 0.5,
        max_wait: float = 30.0,
    ) -> None:
        if not timeout > 0 or retries < 0:
            raise GuerdonError("invalid_option", f"expected timeout > 0 and retries >= 0; got {timeout} and {retries}")
        self._connection = Connection(url, token, timeout)
        self.retries = retries
        self.run = run
        self.backoff = backoff
        self.max_wait = max_wait

    @property
    def url(self) -> str:
        """Address of the server."""
        return self._connection.url

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Closes this thread's connection; the next call opens another."""
        self._connection.close()

    def health(self) -> Mapping[str, Any]:
        """``{"status": "ok", "reward_function": name}``."""
        return self._call("GET", "/health")

    def score(self, rollouts: Sequence[Mapping[str, Any]], *, idempotency_key: Optional[str] = None) -> List[Item]:
        """Scores rollout records; those with one ``group`` are scored together. Answers in the order given.

        :raises ServerError: the server refused the batch.
        :raises TransportError: it could not be reached.
        """
        answer = self._call("POST", self._with_run("/v1/score"), {"rollouts": list(rollouts)}, idempotency_key)
        items = [_item(entry) for entry in answer["items"]]
        ids = [item.id for item in items]
        if ids != [rollout["id"] for rollout in rollouts]:
            raise GuerdonError("internal", f"expected items for the {len(rollouts)} rollouts sent; got {len(ids)} others")
        return items

    def advantages(
        self,
        use: str,
        groups: Sequence[Mapping[str, Any]],
        options: Optional[Mapping[str, Any]] = None,
    ) -> List[List[Optional[float]]]:
        """The advantages of groups ``{"id", "scores"}`` under the estimator ``use``; None where there is none."""
        body: Dict[str, Any] = {"use": use, "groups": list(groups)}
        if options:
            body["with"] = dict(options)
        answer = self._call("POST", self._with_run("/v1/advantages"), body)
        given = [[value if is_number(value) else None for value in group["advantages"]] for group in answer["groups"]]
        if [len(row) for row in given] != [len(group["scores"]) for group in groups]:
            raise GuerdonError("internal", "expected an advantage for every score sent; got another number of them")
        return given

    def adapter(self, name: str, body: Any, query: str = "") -> Any:
        """The answer of ``/adapters/<name>`` to a body in that trainer's own format."""
        path = f"/adapters/{quote(name)}" + (f"?{query}" if query else "")
        return self._call("POST", self._with_run(path), body)

    def _with_run(self, path: str) -> str:
        if self.run is None:
            return path
        return f"{path}{'&' if '?' in path else '?'}run={quote(self.run)}"

    def _call(self, method: str, path: str, body: Any = None, key: Optional[str] = None) -> Any:
        payload = None if method == "GET" else dump(body)
        key = None if method == "GET" else key or uuid.uuid4().hex
        attempt = 0
        while True:
            try:
                status, wait, data = self._connection.exchange(method, path, payload, key)
            except OSError as error:
                failure: GuerdonError = TransportError(
                    f"expected an answer of {self.url}{path}; got {type(error).__name__}: {error}, tried {attempt + 1} times"
                )
                wait = None
            else:
                if status == 200:
                    return load(data)
                failure = _refusal(status, data)
                if status not in _WORTH_REPEATING:
                    raise failure
            if attempt >= self.retries:
                raise failure
            pause = self.backoff * 2**attempt * random.uniform(0.5, 1.0)
            time.sleep(min(max(pause, wait or 0.0), self.max_wait))
            attempt += 1


def _item(entry: Mapping[str, Any]) -> Item:
    status, reward = entry["status"], entry["reward"]
    if status == "scored":
        return Item(entry["id"], status, reward, entry["components"])
    if isinstance(reward, list):
        reward = next((cell for cell in reward if isinstance(cell, dict) and cell["status"] == status), {})
    failure = reward.get("failure") or {}
    reason = failure.get("message") or reward.get("reason") or "no reason given"
    return Item(entry["id"], status, None, entry["components"], reason, failure.get("class"))


def _refusal(status: int, data: bytes) -> ServerError:
    try:
        error = load(data)["error"]
        return ServerError(status, error["code"], error["message"], hint=error.get("hint"), path=error.get("path"))
    except (GuerdonError, KeyError, TypeError):
        return ServerError(status, "unknown", data[:200].decode("utf-8", "replace") or "an empty answer")
