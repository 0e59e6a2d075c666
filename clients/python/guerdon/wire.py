"""JSON without NaN, and the forms in which trainers hand over texts and numbers."""

from __future__ import annotations

import json
import math
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from .errors import GuerdonError

#: Text, or chat messages as dictionaries.
Text = Union[str, Sequence[Mapping[str, Any]]]


def is_number(value: Any) -> bool:
    """True for a finite number; True and False are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def plain(value: Any) -> Any:
    """Arrays and tensors as lists, their scalars as numbers. Raises for what has no JSON form."""
    for name in ("tolist", "item"):
        convert = getattr(value, name, None)
        if callable(convert):
            return convert()
    raise GuerdonError("invalid_input", f"expected JSON values; got a {type(value).__name__}")


def dump(value: Any) -> bytes:
    """JSON bytes. Raises for NaN and infinities, which JSON does not have."""
    try:
        return json.dumps(value, allow_nan=False, default=plain, separators=(",", ":")).encode("ascii")
    except ValueError as error:
        raise GuerdonError(
            "not_finite", f"expected finite numbers in the request; got: {error}", hint="None means absent"
        ) from None


def load(data: bytes) -> Any:
    """A JSON value. Raises for NaN and for what is no JSON, such as the page of a proxy."""

    def refuse(literal: str) -> Any:
        raise ValueError(literal)

    try:
        return json.loads(data.decode("utf-8"), parse_constant=refuse)
    except ValueError as error:
        shown = data[:80].decode("utf-8", "replace")
        raise GuerdonError("parse", f"expected JSON from the server; got {shown!r} ({error})") from None


def response_text(completion: Text) -> str:
    """What the policy wrote: the text, or the last message of the assistant among the messages it added."""
    if isinstance(completion, str):
        return completion
    for message in reversed(list(completion)):
        if message.get("role", "assistant") == "assistant":
            return _content(message.get("content"))
    return ""


def prompt_of(prompt: Optional[Text]) -> Any:
    """A prompt as a record holds it: text, or messages with role and content."""
    if prompt is None:
        return ""
    if isinstance(prompt, str):
        return prompt
    return [{"role": message["role"], "content": _content(message.get("content"))} for message in prompt] or ""


def records(
    responses: Sequence[str],
    *,
    prompts: Optional[Sequence[Optional[Text]]] = None,
    references: Optional[Sequence[Any]] = None,
    groups: Optional[Sequence[Optional[str]]] = None,
    metas: Optional[Sequence[Any]] = None,
) -> List[Dict[str, Any]]:
    """Rollout records of items given column by column. Raises when a column is not as long as the responses."""
    columns = {"prompts": prompts, "references": references, "groups": groups, "metas": metas}
    for name, column in columns.items():
        if column is not None and len(column) != len(responses):
            raise GuerdonError(
                "shape_mismatch", f"expected {len(responses)} {name}, one for each completion; got {len(column)}"
            )
    made = []
    for i, response in enumerate(responses):
        record: Dict[str, Any] = {"id": str(i), "prompt": prompt_of(prompts[i] if prompts else None), "response": response}
        for name, column in (("reference", references), ("group", groups), ("meta", metas)):
            if column is not None and column[i] is not None:
                record[name] = column[i]
        made.append(record)
    return made


def _content(content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content if isinstance(part, Mapping))
