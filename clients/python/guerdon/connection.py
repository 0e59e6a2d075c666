"""One address, with a kept-alive connection for each thread."""

from __future__ import annotations

import http.client
import os
import threading
from typing import Any, Dict, Optional, Tuple
from urllib.parse import urlsplit

from .errors import GuerdonError

_DEFAULT_URL = "http://127.0.0.1:8787"


class _Http(http.client.HTTPConnection):
    """Closed with the thread or client it belonged to."""

    def __del__(self) -> None:
        self.close()


class _Https(http.client.HTTPSConnection):
    """The same over TLS."""

    def __del__(self) -> None:
        self.close()


class Connection:
    """Sends one request at a time on this thread's connection. Errors of the connection are ``OSError``."""

    def __init__(self, url: Optional[str], token: Optional[str], timeout: float) -> None:
        self.url = (url or os.environ.get("GUERDON_URL") or _DEFAULT_URL).rstrip("/")
        self.token = token if token is not None else os.environ.get("GUERDON_TOKEN")
        self.timeout = timeout
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise GuerdonError("invalid_option", f"expected an address such as {_DEFAULT_URL}; got {self.url!r}")
        self._local = threading.local()

    def __getstate__(self) -> Dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_local"}

    def __setstate__(self, state: Dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._local = threading.local()

    def close(self) -> None:
        """Closes this thread's connection."""
        kept = self._kept()
        if kept is not None:
            kept.close()
        self._local.kept = None

    def exchange(
        self, method: str, path: str, payload: Optional[bytes], key: Optional[str]
    ) -> Tuple[int, Optional[float], bytes]:
        """Status, seconds of ``Retry-After`` and body of one answer."""
        reused = self._kept() is not None
        try:
            return self._send(method, path, payload, key)
        except (ConnectionError, http.client.HTTPException) as error:
            self.close()
            if not reused:
                raise error if isinstance(error, OSError) else ConnectionError(str(error) or type(error).__name__)
        except OSError:
            self.close()
            raise
        # The server ends a connection it has kept long enough: that says nothing about this request.
        try:
            return self._send(method, path, payload, key)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise error if isinstance(error, OSError) else ConnectionError(str(error) or type(error).__name__)

    def _send(
        self, method: str, path: str, payload: Optional[bytes], key: Optional[str]
    ) -> Tuple[int, Optional[float], bytes]:
        headers = {"x-deadline-ms": str(max(1, int(self.timeout * 1000)))}
        if payload is not None:
            headers["content-type"] = "application/json"
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        if key is not None:
            headers["idempotency-key"] = key
        connection = self._kept() or self._open()
        connection.request(method, urlsplit(self.url).path + path, body=payload, headers=headers)
        answer = connection.getresponse()
        data = answer.read()
        if answer.will_close:
            self.close()
        return answer.status, _seconds(answer.getheader("retry-after")), data

    def _kept(self) -> Optional[http.client.HTTPConnection]:
        # A forked child must not write into its parent's connection.
        if getattr(self._local, "process", None) != os.getpid():
            return None
        kept: Optional[http.client.HTTPConnection] = self._local.kept
        return kept

    def _open(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        kind = _Https if parts.scheme == "https" else _Http
        opened = kind(parts.hostname or "", parts.port, timeout=self.timeout)
        self._local.kept = opened
        self._local.process = os.getpid()
        return opened


def _seconds(text: Optional[str]) -> Optional[float]:
    try:
        return None if text is None else max(0.0, float(text))
    except ValueError:
        return None
