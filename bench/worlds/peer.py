"""Steps per second of processor time of Gymnasium, or of a stand-in for its CartPole: python3 peer.py SECONDS [FOLDER].

FOLDER, a checkout or an installation, goes before the other places Python looks for modules. Prints JSON.
"""

import json
import math
import platform
import sys
import time

SECONDS = float(sys.argv[1])
if len(sys.argv) > 2:
    sys.path.insert(0, sys.argv[2])

try:
    import numpy
except ImportError:
    numpy = None
try:
    import gymnasium
except ImportError:
    gymnasium = None

IDS = {
    "cart-pole": "CartPole-v1",
    "mountain-car": "MountainCar-v0",
    "mountain-car-continuous": "MountainCarContinuous-v0",
    "pendulum": "Pendulum-v1",
    "acrobot": "Acrobot-v1",
}


def rate(work, steps):
    """Steps per second of processor time of calls of work(), each of them that many steps."""
    deadline = time.process_time() + SECONDS / 4
    while time.process_time() < deadline:
        work()
    calls = 0
    start = time.process_time()
    while time.process_time() - start < SECONDS:
        work()
        calls += 1
    return calls * steps / (time.process_time() - start)


def episodes(env, actions):
    """A function that makes as many steps as there are actions, starting anew where an episode ends."""

    def work():
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()

    return work


def measure_gymnasium():
    results = {}
    for name, identifier in IDS.items():
        env = gymnasium.make(identifier)
        env.reset(seed=1)
        env.action_space.seed(1)
        actions = [env.action_space.sample() for _ in range(200)]
        results[name] = {"single": rate(episodes(env, actions), len(actions))}
        env.close()
    for copies in (64, 1024):
        batch = gymnasium.make_vec("CartPole-v1", num_envs=copies, vectorization_mode="vector_entry_point")
        batch.reset(seed=1)
        batch.action_space.seed(1)
        actions = [batch.action_space.sample() for _ in range(16)]

        def work():
            for action in actions:
                batch.step(action)

        results["cart-pole"][str(copies)] = rate(work, copies * len(actions))
        batch.close()
    return results


class CartPole:
    """The equations and the limit of CartPole-v1 without Gymnasium's wrappers and checks."""

    def __init__(self):
        import random

        self.random = random.Random(1)
        self.reset()

    def reset(self):
        self.state = [self.random.uniform(-0.05, 0.05) for _ in range(4)]
        self.steps = 0
        return self.observe(), {}

    def observe(self):
        return numpy.array(self.state, dtype=numpy.float32) if numpy else tuple(self.state)

    def step(self, action):
        x, velocity, angle, spin = self.state
        force = 10.0 if action == 1 else -10.0
        cosine, sine = math.cos(angle), math.sin(angle)
        common = (force + 0.05 * spin * spin * sine) / 1.1
        turn = (9.8 * sine - cosine * common) / (0.5 * (4.0 / 3.0 - 0.1 * cosine * cosine / 1.1))
        push = common - 0.05 * turn * cosine / 1.1
        self.state = [x + 0.02 * velocity, velocity + 0.02 * push, angle + 0.02 * spin, spin + 0.02 * turn]
        self.steps += 1
        terminated = abs(self.state[0]) > 2.4 or abs(self.state[2]) > 0.20943951023931953
        return self.observe(), 1.0, terminated, self.steps >= 500, {}


def measure_stand_in():
    actions = [i * 7 % 11 % 2 for i in range(200)]
    return {"cart-pole": {"single": rate(episodes(CartPole(), actions), len(actions))}}


if gymnasium is not None and numpy is not None:
    peer, results = f"Gymnasium {gymnasium.__version__}, NumPy {numpy.__version__}", measure_gymnasium()
else:
    peer, results = "a stand-in in pure Python (Gymnasium is not installed)", measure_stand_in()
print(json.dumps({"peer": f"{peer}, Python {platform.python_version()}", "standIn": gymnasium is None, "results": results}))
