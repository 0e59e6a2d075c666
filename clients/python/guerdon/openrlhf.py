"""OpenRLHF (read at 3c3be623): ``reward_func`` for ``--reward.remote_url file.py``, where the file says

    from guerdon.openrlhf import reward_func

``--reward.remote_url http://HOST:8787/get_reward`` does the same without Python. This way adds a token, repeats that honour
Retry-After and an error that says what is wrong; OpenRLHF logs it, and the run stops for want of a reward.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from .client import Client

_client: Optional[Client] = None


def reward_func(queries: List[str], prompts: List[str], labels: List[Any], **_: Any) -> Dict[str, Any]:
    """``rewards`` and ``scores`` as tensors where torch can be imported, ``extra_logs`` with every component."""
    global _client
    if _client is None:
        _client = Client()
    answer = _client.adapter("openrlhf", {"query": queries, "prompts": prompts, "labels": labels})
    return {
        "rewards": _tensor(answer["rewards"]),
        "scores": _tensor(answer["scores"]),
        "extra_logs": answer["extra_logs"],
    }


def _tensor(values: List[float]) -> Any:
    try:
        import torch  # type: ignore[import-not-found]
    except ImportError:
        return values
    return torch.tensor(values, dtype=torch.float32)
