"""What trainers' columns mean."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence

from .errors import GuerdonError

_USUAL_REFERENCES = ("reference", "ground_truth", "solution", "answer", "expected_answer", "label")


def reference_column(columns: Mapping[str, Any], name: Optional[str]) -> Optional[Sequence[Any]]:
    """The column with the right answers: ``name``, else the first of the usual names there is."""
    if name is not None:
        if name not in columns:
            raise GuerdonError("missing_column", f"expected a column {name!r}; got {', '.join(sorted(columns)) or 'none'}")
        found: Sequence[Any] = columns[name]
        return found
    return next((columns[usual] for usual in _USUAL_REFERENCES if isinstance(columns.get(usual), (list, tuple))), None)


def consecutive_groups(count: int, size: Optional[int]) -> Optional[List[Optional[str]]]:
    """Groups of ``size`` neighbours; None without a size."""
    if size is None:
        return None
    if size < 1 or count % size != 0:
        raise GuerdonError("shape_mismatch", f"expected completions in whole groups of {size}; got {count}")
    return [str(i // size) for i in range(count)]
