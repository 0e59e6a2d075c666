"""Reads the data of a row and serves timed calls, one JSON line each way.

A line {"row": {"id", "method", "kind"}, "folder": ..., "calls": n} is answered by {"times": [ms, ...], "check": sum}
or {"missing": reason}.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np


def load(kind, folder):
    """The data as written by the benchmark: flat float32 arrays and JSON."""
    folder = Path(folder)
    meta = json.loads((folder / "data.json").read_text())
    arrays = {path.stem: np.fromfile(path, dtype=meta["types"][path.stem]) for path in folder.glob("*.bin")}
    if kind != "tokens":
        return {**meta, **arrays}
    offsets, length = arrays["offsets"], meta["length"]
    padded = {}
    for name in ("rewards", "values", "mask"):
        padded[name] = np.zeros((len(offsets) - 1, length), np.float32)
        for row, (start, end) in enumerate(zip(offsets, offsets[1:])):
            padded[name][row, : end - start] = arrays[name][start:end]
    # Trainers name prompts by text.
    prompts = np.array([f"prompt-{row // meta['groupSize']}" for row in range(len(offsets) - 1)], dtype=object)
    return {**meta, **padded, "index": prompts}


def checksum(value):
    if isinstance(value, (list, tuple)):
        return float(sum(checksum(entry) for entry in value))
    return float(np.abs(np.asarray(value, dtype=np.float64)).sum())


def serve(version, makers):
    """`makers[method](data)` gives a function that does the work once."""
    print(json.dumps({"ready": True, "version": version}), flush=True)
    prepared = {}
    for line in sys.stdin:
        request = json.loads(line)
        row = request["row"]
        maker = makers.get(row["method"])
        if maker is None:
            print(json.dumps({"missing": "not part of it"}), flush=True)
            continue
        if row["id"] not in prepared:
            prepared = {row["id"]: maker(load(row["kind"], request["folder"]))}
        work = prepared[row["id"]]
        times = []
        for _ in range(request["calls"]):
            start = time.perf_counter()
            result = work()
            times.append((time.perf_counter() - start) * 1000)
        print(json.dumps({"times": times, "check": checksum(result)}), flush=True)
