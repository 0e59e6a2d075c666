"""The rule reward of the quick start behind FastAPI and uvicorn: prints its port, then serves /get_reward."""
import re
import socket
from typing import Any, List, Optional

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

TEMPLATE = re.compile(r"\s*<think>(?:(?!</?think>|</?answer>).)*</think>\s*<answer>(?:(?!</?think>|</?answer>).)*</answer>\s*", re.S)
ANSWER = re.compile(r"<answer>(.*?)</answer>", re.S)


class Request(BaseModel):
    query: List[str]
    prompts: List[str]
    labels: Optional[List[Any]] = None


app = FastAPI()


def reward(response: str, label: Any):
    formatted = 1 if TEMPLATE.fullmatch(response) else 0
    found = ANSWER.findall(response)
    correct = 1 if found and " ".join(found[-1].split()) == " ".join(str(label).split()) else 0
    return formatted, correct, 0.1 * formatted + 0.9 * correct


@app.post("/get_reward")
async def get_reward(request: Request):
    rows = []
    for query, prompt, label in zip(request.query, request.prompts, request.labels or []):
        response = query[len(prompt):] if query.startswith(prompt) else query
        rows.append(reward(response.removesuffix("<|im_end|>"), label))
    totals = [row[2] for row in rows]
    logs = {"format": [row[0] for row in rows], "correct": [row[1] for row in rows]}
    return {"rewards": totals, "scores": totals, "extra_logs": logs}


if __name__ == "__main__":
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])
