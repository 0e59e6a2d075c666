"""Servers to test against: the real one as a process, and a scripted one that misbehaves."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
from typing import Any, Dict, List, Optional, Tuple

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
TOKEN = "a-token-of-the-tests"
RIGHT = "<think>Two twos.</think><answer>4</answer>"
WRONG = "<think>Two twos.</think><answer>5</answer>"

#: The quick start, and the same with each reward compared to those of its group.
RECIPES = {
    "serve": None,
    "compared": {
        "name": "compared",
        "steps": ["exact-answer", {"use": "rloo", "columns": {"rollout.score": "rollout.correct"}}],
    },
}


class Served:
    """A ``guerdon serve`` process, on a free port, with a token."""

    def __init__(self, recipe: str) -> None:
        self.folder = tempfile.mkdtemp()
        plain = RECIPES[recipe]
        path = os.path.join(ROOT, "examples", "recipes", "serve.yaml")
        if plain is not None:
            path = os.path.join(self.folder, "recipe.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(plain, file)
        command = ["node", os.path.join(ROOT, "packages", "guerdon", "bin", "guerdon.js")]
        self.log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [*command, "serve", "--recipe", path, "--port", "0", "--quiet"],
            stdout=subprocess.PIPE,
            stderr=self.log,
            env={**os.environ, "GUERDON_TOKEN": TOKEN},
            text=True,
        )
        line = self.process.stdout.readline() if self.process.stdout else ""
        if " at " not in line:
            self.log.seek(0)
            raise RuntimeError(f"expected the server to say where it listens; got {line!r}: {self.log.read()}")
        self.url = line.strip().split(" at ")[1]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        if self.process.stdout:
            self.process.stdout.close()
        self.log.close()
        shutil.rmtree(self.folder)


Answer = Tuple[int, Dict[str, str], bytes]


class Scripted:
    """A server that gives the answers of a list, one after another, and keeps what it was asked. None hangs up."""

    def __init__(self, *answers: Optional[Answer]) -> None:
        self.requests: List[Dict[str, Any]] = []
        self.connections = 0
        script, owner = list(answers), self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                owner.connections += 1
                super().setup()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                owner.requests.append({"path": self.path, "headers": dict(self.headers), "body": json.loads(body)})
                answer = script.pop(0) if len(script) > 1 else script[0]
                if answer is None:
                    self.close_connection = True
                    self.connection.close()
                    return
                status, headers, data = answer
                self.send_response(status)
                for name, value in {"content-length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def scores(*rewards: Any) -> Answer:
    """An answer of ``/v1/score`` with these rewards, None for one that failed."""
    failed = {"status": "failed", "failure": {"class": "timeout", "message": "too slow"}}
    items = [
        {
            "id": str(i),
            "group": str(i),
            "status": "failed" if reward is None else "scored",
            "reward": failed if reward is None else reward,
            "components": {},
        }
        for i, reward in enumerate(rewards)
    ]
    return 200, {}, json.dumps({"items": items}).encode()


def error(status: int, code: str, **headers: str) -> Answer:
    """An error answer."""
    return status, headers, json.dumps({"error": {"code": code, "message": "no", "hint": "try"}}).encode()


def record(response: str = RIGHT, **fields: Any) -> Dict[str, Any]:
    """One rollout record."""
    return {"id": "0", "prompt": "2 + 2?", "response": response, "reference": "4", **fields}

