"""Every trainer's module against a real server."""

import asyncio
import contextlib
import io
import os
import pickle
import sys
import types
import unittest
from unittest import mock

from guerdon import Client, GuerdonError, ServerError, UnscoredError
from guerdon import openrlhf, skyrl, slime, swift, trl, verifiers, verl

from .support import RIGHT, TOKEN, WRONG, Served, record

ASK = [{"role": "user", "content": "2 + 2?"}]


def setUpModule():
    global served, compared, environment
    served, compared = Served("serve"), Served("compared")
    environment = mock.patch.dict(os.environ, {"GUERDON_URL": served.url, "GUERDON_TOKEN": TOKEN})
    environment.start()


def tearDownModule():
    environment.stop()
    served.stop()
    compared.stop()


def says(text):
    return [{"role": "assistant", "content": text}]


class Native(unittest.TestCase):
    def test_scores_and_says_why_not(self):
        client = Client()
        self.assertEqual(client.health()["reward_function"], "serve")
        rollouts = [record(), record(WRONG, id="1"), record(id="2", reference=None), record(id="3", reference=[4])]
        items = client.score(rollouts)
        self.assertEqual([item.status for item in items], ["scored", "scored", "abstained", "failed"])
        self.assertEqual([item.reward for item in items], [1.0, 0.1, None, None])
        self.assertEqual(items[3].failure, "invalid_input")
        self.assertEqual(items[0].components, {"rollout.format": 1, "rollout.correct": 1})
        client.close()

    def test_a_repeat_with_one_key_gets_the_same_answer_and_another_body_none(self):
        client = Client()
        first = client.score([record()], idempotency_key="k1")
        self.assertEqual(client.score([record()], idempotency_key="k1"), first)
        with self.assertRaises(ServerError) as caught:
            client.score([record(WRONG)], idempotency_key="k1")
        self.assertEqual(caught.exception.status, 409)

    def test_a_wrong_token_is_said_at_once(self):
        with self.assertRaises(ServerError) as caught:
            Client(token="another").score([record()])
        self.assertEqual(caught.exception.status, 401)

    def test_posts_in_a_trainer_s_own_format(self):
        body = {"prompt": "2 + 2?", "response": RIGHT, "label": "4"}
        self.assertEqual(Client().adapter("slime", body), 1)
        self.assertEqual(Client().adapter("slime", body, "shape=dict")["score"], 1)


class Readme(unittest.TestCase):
    def test_its_first_example_runs(self):
        with open(os.path.join(os.path.dirname(__file__), "..", "README.md"), encoding="utf-8") as file:
            example = file.read().split("```python\n")[1].split("```")[0]
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(example, "README.md", "exec"), {})
        self.assertEqual(output.getvalue(), "scored 1 {'rollout.format': 1, 'rollout.correct': 1}\n")


class Trl(unittest.TestCase):
    def test_calls_as_the_trainer_does(self):
        table, means = {}, {}
        function = pickle.loads(pickle.dumps(trl.reward_fn()))
        rewards = function(
            prompts=[ASK, ASK, "2 + 2?"],
            completions=[says(RIGHT), says(WRONG), RIGHT],
            completion_ids=[[1], [2], [3]],
            solution=["4", "4", None],
            trainer_state=object(),
            log_extra=table.__setitem__,
            log_metric=means.__setitem__,
        )
        self.assertEqual(rewards, [1.0, 0.1, None])
        self.assertEqual((table["correct"], means["format"]), ([1, 0, None], 1.0))
        self.assertEqual(function.__name__, "guerdon")

    def test_a_failure_raises_unless_told_otherwise(self):
        batch = {"prompts": ["a", "b"], "completions": [RIGHT, RIGHT], "solution": ["4", [4]]}
        with self.assertRaises(UnscoredError):
            trl.reward_fn()(**batch)
        self.assertEqual(trl.reward_fn(on_failure="none")(**batch), [1.0, None])
        self.assertEqual(trl.reward_fn(on_failure=lambda item: -1.0)(**batch), [1.0, -1.0])

    def test_is_a_coroutine_function_when_asked(self):
        function = trl.async_reward_fn(name="remote")
        self.assertTrue(asyncio.iscoroutinefunction(function))
        self.assertEqual(function.__name__, "remote")
        self.assertEqual(asyncio.run(function(prompts=["a"], completions=[RIGHT], solution=["4"])), [1.0])

    def test_compares_the_completions_of_a_prompt(self):
        function = trl.reward_fn(compared.url, num_generations=2, reference="key")
        columns = {"prompts": ["a"] * 4, "completions": [RIGHT, WRONG, RIGHT, RIGHT], "key": ["4"] * 4}
        self.assertEqual(function(**columns), [1.0, -1.0, 0.0, 0.0])
        with self.assertRaises(GuerdonError):
            trl.reward_fn(num_generations=3)(**columns)

    def test_columns_that_do_not_fit_are_named(self):
        with self.assertRaises(GuerdonError) as caught:
            trl.reward_fn()(prompts=["a"], completions=[RIGHT], solution=["4", "4"])
        self.assertIn("references", str(caught.exception))
        with self.assertRaises(GuerdonError):
            trl.reward_fn(reference="answr")(prompts=["a"], completions=[RIGHT], answer=["4"])

    def test_an_empty_batch(self):
        self.assertEqual(trl.reward_fn()(prompts=[], completions=[]), [])


class Verl(unittest.TestCase):
    def test_one_by_one(self):
        self.assertEqual(verl.compute_score("gsm8k", RIGHT, "4", {"index": 0}, reward_router_address=None), 1.0)
        self.assertEqual(asyncio.run(verl.async_compute_score("gsm8k", WRONG, "4", None)), 0.1)
        self.assertEqual(
            verl.compute_score(data_source="gsm8k", solution_str=WRONG, ground_truth="4", components=("format", "correct")),
            {"score": 0.1, "format": 1.0, "correct": 0.0},
        )

    def test_the_batch_manager(self):
        scores = verl.compute_score_batch(
            data_sources=["a", "a"], solution_strs=[RIGHT, WRONG], ground_truths=["4", "4"], extra_infos=[{}, None]
        )
        self.assertEqual(scores, [1.0, 0.1])
        grouped = verl.compute_score_batch(
            ["a"] * 3, [RIGHT, RIGHT, WRONG], ["4"] * 3, [{"index": 1}, {"index": 2}, {"index": 1}], url=compared.url, group_by="index"
        )
        self.assertEqual([grouped[0], grouped[2]], [1.0, -1.0])

    def test_a_missing_label_is_never_0(self):
        with self.assertRaises(UnscoredError):
            verl.compute_score("a", RIGHT, None)
        with self.assertRaises(GuerdonError):
            verl.compute_score("a", RIGHT, None, on_failure="none")
        self.assertEqual(verl.compute_score("a", RIGHT, None, on_failure=lambda item: -0.5), -0.5)

    def test_an_estimator_of_lists(self):
        estimator = verl.register_estimator("guerdon_rloo", "rloo")
        self.assertFalse(estimator.registered)
        rewards = [[0, 1.0, 0], [0, 0, 0.0], [2.0, 0, 0], [0, 0, 0]]
        mask = [[1, 1, 0], [1, 1, 1], [1, 0, 0], [0, 0, 0]]
        advantages, returns = estimator(rewards, mask, config=None, index=["u", "u", "v", "v"])
        self.assertEqual(advantages, [[1, 1, 0], [-1, -1, -1], [2, 0, 0], [0, 0, 0]])
        self.assertEqual(returns, advantages)

    def test_an_estimator_refuses_what_is_no_number(self):
        estimator = verl.register_estimator("guerdon_rloo", "rloo")
        with self.assertRaises(GuerdonError) as caught:
            estimator([[float("nan")], [1.0]], [[1], [1]], index=["u", "u"])
        self.assertEqual(caught.exception.code, "not_finite")
        with self.assertRaises(GuerdonError):
            estimator([[1.0]], [[1]])
        with self.assertRaises(GuerdonError):
            estimator([[1.0], [0.0]], [[1], [1]], index=["u"])

    def test_an_estimator_of_arrays_gives_verl_s_numbers(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("NumPy is not installed")
        estimator = verl.register_estimator("guerdon_grpo", "grpo.verl")
        rewards = numpy.array([[0, 1], [0, 0], [0, 0], [0, 0]], dtype=numpy.float32)
        index = numpy.array(["u"] * 4, dtype=object)
        advantages, _ = estimator(rewards, numpy.ones((4, 2)), index=index)
        self.assertEqual((advantages.dtype, advantages.shape), (numpy.float32, (4, 2)))
        numpy.testing.assert_allclose(advantages[:, 0], [1.5, -0.5, -0.5, -0.5], rtol=1e-5)

    def test_an_estimator_of_tensors(self):
        try:
            import torch
        except ImportError:
            self.skipTest("torch is not installed")
        estimator = verl.register_estimator("guerdon_rloo", "rloo")
        advantages, returns = estimator(torch.tensor([[0.0, 1.0], [0.0, 0.0]]), torch.ones(2, 2), index=["u", "u"])
        self.assertEqual((advantages.dtype, advantages.tolist()), (torch.float32, [[1, 1], [-1, -1]]))
        self.assertEqual(returns.tolist(), advantages.tolist())

    def test_registers_where_verl_is(self):
        known = {}
        core = types.ModuleType("verl.trainer.ppo.core_algos")
        core.register_adv_est = lambda name: lambda function: known.setdefault(name, function)
        names = ["verl", "verl.trainer", "verl.trainer.ppo", "verl.trainer.ppo.core_algos"]
        modules = {name: types.ModuleType(name) for name in names[:-1]}
        with mock.patch.dict(sys.modules, {**modules, names[-1]: core}):
            estimator = verl.register_estimator("guerdon_rloo", "rloo")
        self.assertTrue(estimator.registered)
        advantages, _ = known["guerdon_rloo"](
            token_level_rewards=[[1.0], [0.0]], response_mask=[[1], [1]], config=None, index=["u", "u"]
        )
        self.assertEqual(advantages, [[1], [-1]])


class Swift(unittest.TestCase):
    def test_calls_as_the_trainer_does(self):
        plugin = swift.register("guerdon", retries=1)(args=object())
        columns = {"solution": ["4", "4"], "messages": [ASK, ASK], "trainer_state": object()}
        self.assertEqual(plugin([RIGHT, WRONG], **columns), [1.0, 0.1])

    def test_does_not_take_the_answer_for_a_part_of_the_prompt(self):
        plugin = swift.register()()
        with mock.patch.object(plugin.scorer, "rewards") as rewards:
            plugin([RIGHT, RIGHT, RIGHT], messages=[ASK + says(RIGHT), ASK + says(WRONG), "2 + 2?"])
        self.assertEqual([record["prompt"] for record in rewards.call_args.args[0]], [ASK, ASK + says(WRONG), "2 + 2?"])

    def test_settings_and_policy(self):
        plugin = swift.register("compared", url=compared.url, num_generations=2, on_failure=lambda item: -9.0)()
        self.assertEqual(plugin([RIGHT, WRONG], solution=["4", "4"]), [1.0, -1.0])
        with self.assertRaises(UnscoredError):
            swift.register()()([RIGHT], solution=[None])

    def test_registers_where_swift_is(self):
        module = types.ModuleType("swift.rewards.orm")
        module.ORM, module.AsyncORM, module.orms = type("ORM", (), {}), type("AsyncORM", (), {}), {}
        modules = {"swift": types.ModuleType("swift"), "swift.rewards": types.ModuleType("swift.rewards")}
        with mock.patch.dict(sys.modules, {**modules, "swift.rewards.orm": module}):
            made = swift.register("reward")
            gathered = swift.register("gathered", asynchronous=True)
        self.assertEqual(module.orms, {"reward": made, "gathered": gathered})
        self.assertTrue(issubclass(made, module.ORM) and issubclass(gathered, module.AsyncORM))

    def test_can_be_gathered(self):
        plugin = swift.register(asynchronous=True)()
        self.assertTrue(asyncio.iscoroutinefunction(plugin.__call__))
        self.assertEqual(asyncio.run(plugin([RIGHT, WRONG], solution=["4", "4"])), [1.0, 0.1])


class Others(unittest.TestCase):
    def test_skyrl(self):
        env = skyrl.Env({"retries": 1}, {"reward_spec": {"method": "rule", "ground_truth": "4"}})
        self.assertEqual(env.init(ASK), (ASK, {}))
        expected = {"observations": [], "reward": 0.1, "done": True, "metadata": {"format": 1, "correct": 0}}
        self.assertEqual(env.step(WRONG), expected)
        with self.assertRaises(UnscoredError):
            skyrl.Env().step(RIGHT)
        env.close()

    def test_slime(self):
        def sample(response, label="4"):
            return types.SimpleNamespace(prompt=ASK, response=response, label=label)

        self.assertEqual(asyncio.run(slime.custom_rm(None, sample(RIGHT))), 1.0)
        self.assertEqual(asyncio.run(slime.custom_rm(None, [sample(RIGHT), sample(WRONG)])), [1.0, 0.1])
        with self.assertRaises(UnscoredError):
            asyncio.run(slime.custom_rm(None, sample(RIGHT, None)))

    def test_openrlhf(self):
        result = openrlhf.reward_func(["2 + 2?" + RIGHT + "</s>"], ["2 + 2?"], ["4"])
        self.assertEqual([float(value) for value in result["rewards"]], [1.0])
        self.assertEqual(result["extra_logs"], {"format": [1], "correct": [1]})

    def test_verifiers(self):
        function = verifiers.reward_func(name="remote")
        self.assertEqual(asyncio.run(function(prompt=ASK, completion=says(RIGHT), answer="4", state={})), 1.0)
        with self.assertRaises(verifiers.RewardUnavailable) as caught:
            asyncio.run(function(prompt=ASK, completion=says(RIGHT), answer=None))
        self.assertNotIsInstance(caught.exception, Exception)


if __name__ == "__main__":
    unittest.main()
