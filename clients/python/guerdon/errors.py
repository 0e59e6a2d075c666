"""What can go wrong, told apart by whose fault it is."""

from __future__ import annotations

from typing import Any, Optional, Sequence


class GuerdonError(Exception):
    """Anything this package raises. ``code`` is stable, the text is for people."""

    def __init__(self, code: str, message: str, *, hint: Optional[str] = None) -> None:
        super().__init__(message if hint is None else f"{message} ({hint})")
        self.code = code
        self.hint = hint


class TransportError(GuerdonError):
    """The server could not be reached, or the connection broke, every time it was tried."""

    def __init__(self, message: str) -> None:
        super().__init__("transport", message, hint="is `guerdon serve` running at this address?")


class ServerError(GuerdonError):
    """The server answered with an error."""

    def __init__(self, status: int, code: str, message: str, *, hint: Optional[str] = None, path: Any = None) -> None:
        super().__init__(code, f"{status} {code}: {message}", hint=hint)
        self.status = status
        self.path = path


class UnscoredError(GuerdonError):
    """Items have no reward, and the policy is to raise. ``items`` are those without one."""

    def __init__(self, items: Sequence[Any], total: int) -> None:
        first = items[0]
        super().__init__(
            "unscored",
            f"expected a reward for every item; {len(items)} of {total} have none, the first (item {first.id}) "
            f"{first.status}: {first.reason}",
            hint="pass on_failure to say what such an item is worth; it is never 0 by itself",
        )
        self.items = list(items)
