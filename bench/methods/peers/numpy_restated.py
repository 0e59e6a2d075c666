"""The formulas of the methods written with NumPy on padded arrays: a stand-in, not any peer's code.

Turn-level methods have no vectorised form in their releases; here the statistics are NumPy's and the grouping is Python's.
"""

from collections import defaultdict

import numpy as np
from serve import serve


def score_groups(data, values):
    _, group = np.unique(data["index"], return_inverse=True)
    count = np.bincount(group)[group]
    mean = (np.bincount(group, weights=values) / np.bincount(group))[group]
    return count, group, values - mean


def grpo(data):
    def work():
        count, group, centred = score_groups(data, data["rewards"].sum(1))
        spread = np.sqrt(np.bincount(group, weights=centred**2)[group] / (count - 1))
        return (centred / (spread + 1e-6))[:, None].astype(np.float32) * data["mask"]

    return work


def rloo(data):
    def work():
        count, _, centred = score_groups(data, data["rewards"].sum(1))
        return (centred * count / (count - 1))[:, None].astype(np.float32) * data["mask"]

    return work


def whiten(values, mask):
    count = mask.sum()
    mean = (values * mask).sum() / count
    variance = ((values - mean) ** 2 * mask).sum() / (count - 1)
    return (values - mean) / np.sqrt(variance + 1e-8) * mask


def reinforce_plus_plus(data):
    def work():
        returns = np.empty_like(data["rewards"])
        running = np.zeros(len(returns), np.float32)
        for t in reversed(range(returns.shape[1])):
            returns[:, t] = running = data["rewards"][:, t] + np.float32(0.99) * running
            running = running * data["mask"][:, t]
        return whiten(returns, data["mask"])

    return work


def gae(data):
    def work():
        rewards, values, mask = data["rewards"], data["values"], data["mask"]
        advantages = np.empty_like(rewards)
        last = following = np.zeros(len(rewards), np.float32)
        for t in reversed(range(rewards.shape[1])):
            policy = mask[:, t]
            step = rewards[:, t] + np.float32(0.99) * following - values[:, t] + np.float32(0.9405) * last
            last = np.where(policy, step, last)
            following = np.where(policy, values[:, t], following)
            advantages[:, t] = last
        return whiten(advantages, mask)

    return work


def normalised(values):
    values = np.asarray(values, float)
    if len(values) < 2 or (values == values[0]).all():
        return np.zeros(len(values))
    return (values - values.mean()) / (values.std(ddof=1) + 1e-6)


def base_advantages(data):
    return np.concatenate([normalised(row) for row in np.reshape(data["outcomes"], (-1, data["groupSize"]))])


def on_tokens(data, rows):
    tokens = np.zeros((len(rows), data["turns"] * data["tokensPerTurn"]))
    for t, (start, end) in enumerate(data["spans"]):
        tokens[:, start:end] = np.asarray(rows)[:, t : t + 1]
    return tokens


def by_key(keys):
    members = defaultdict(list)
    for position, key in enumerate(keys):
        members[key].append(position)
    return members.values()


def turn_keys(data, *fields):
    size = data["groupSize"]
    return [(r // size, *entry) for r, rows in enumerate(zip(*fields)) for entry in zip(*rows)]


def gigpo(data):
    def work():
        scores = np.reshape(data["outcomes"], (-1, data["groupSize"]))
        episodes = (scores - scores.mean(1, keepdims=True)).reshape(-1, 1)
        returns = np.asarray(data["rewards"], float)
        for t in reversed(range(data["turns"] - 1)):
            returns[:, t] += 0.95 * returns[:, t + 1]
        flat = returns.reshape(-1)
        steps = np.zeros_like(flat)
        for positions in by_key(turn_keys(data, data["states"])):
            steps[positions] = flat[positions] - flat[positions].mean()
        return on_tokens(data, episodes + steps.reshape(returns.shape))

    return work


def salt(data):
    following = [[*states[1:], None] for states in data["states"]]

    def work():
        base = np.repeat(base_advantages(data), data["turns"])
        steps = np.empty_like(base)
        for positions in by_key(turn_keys(data, data["states"], data["actions"], following)):
            steps[positions] = base[positions].mean()
        return on_tokens(data, steps.reshape(-1, data["turns"]))

    return work


def portool(data):
    def work():
        outcomes = np.asarray(data["outcomes"], float)
        decay = 0.95 ** np.arange(data["turns"] - 1, -1, -1)
        flat = (outcomes[:, None] * decay).reshape(-1)
        nodes = [node for row in data["nodes"] for node in row]
        rewards, fork, parents, first = np.empty_like(flat), np.empty_like(flat), defaultdict(list), {}
        for position, node in enumerate(nodes):
            first.setdefault(node, position)
        for positions in by_key(nodes):
            rewards[positions] = flat[positions].mean()
        for node, position in first.items():
            start = position % data["turns"] == 0
            parents[position // data["turns"] // data["groupSize"] if start else nodes[position - 1]].append(node)
        for siblings in parents.values():
            values = normalised([rewards[first[node]] for node in siblings])
            for node, value in zip(siblings, values):
                fork[first[node]] = value
        scores = rewards.reshape(-1, data["turns"]).mean(1)
        compared = np.concatenate([normalised(row) for row in scores.reshape(-1, data["groupSize"])])
        steps = np.array([fork[first[node]] for node in nodes]).reshape(-1, data["turns"])
        return on_tokens(data, compared[:, None] + steps)

    return work


def empg(data):
    def work():
        tokens = data["entropies"].reshape(len(data["outcomes"]), -1)
        entropies = np.stack([tokens[:, start:end].mean(1) for start, end in data["spans"]], 1)
        scaled = (entropies - entropies.min()) / (entropies.max() - entropies.min() + 1e-8)
        damping = np.exp(-scaled)
        steps = base_advantages(data)[:, None] * damping / (damping.mean() + 1e-8)
        steps[:, :-1] += 0.05 * damping[:, 1:]
        return on_tokens(data, steps - steps.mean())

    return work


def igpo(data):
    def work():
        rewards = np.concatenate([np.asarray(data["gains"]), np.reshape(data["outcomes"], (-1, 1))], 1)
        pools = rewards.reshape(len(rewards) // data["groupSize"], -1)
        spread = np.sqrt(pools.var(1, keepdims=True) + 1e-8) + 1e-6
        advantages = ((pools - pools.mean(1, keepdims=True)) / spread).reshape(rewards.shape)
        for t in reversed(range(data["turns"] - 1)):
            advantages[:, t] += 0.99 * advantages[:, t + 1]
        return on_tokens(data, advantages)

    return work


def repetition_start(tokens):
    """The scan with n-grams as tuples; rows here have 200 tokens or more."""
    positions = defaultdict(list)
    for i in range(len(tokens) - 4, -1, -1):
        gram = tuple(tokens[i : i + 4])
        if len(set(gram)) == 1:
            continue
        found = positions[gram]
        found.append(i)
        if len(found) >= 3 and any(b - a < len(tokens) // 3 for b, a in zip(found, found[1:])):
            return i
    seen = set()
    for i in range(len(tokens) - 8, -1, -1):
        gram = tuple(tokens[i : i + 8])
        if gram in seen:
            return i
        seen.add(gram)
    return len(tokens)


def repetition(data):
    rows = data["ids"].reshape(-1, data["length"]).tolist()
    return lambda: [repetition_start(row) for row in rows]


makers = {
    "grpo": grpo,
    "rloo": rloo,
    "reinforcePlusPlus": reinforce_plus_plus,
    "gae": gae,
    "gigpo": gigpo,
    "salt": salt,
    "portool": portool,
    "empg": empg,
    "igpo": igpo,
    "repetition": repetition,
}
serve(f"NumPy {np.__version__}", makers)
