"""The client against a server that misbehaves."""

import os
import pickle
import threading
import time
import unittest
from unittest import mock

from guerdon import Client, GuerdonError, ServerError, TransportError, UnscoredError
from guerdon.scorer import Scorer

from .support import Scripted, error, record, scores


class ScriptedCase(unittest.TestCase):
    def client(self, *answers, **settings):
        self.server = Scripted(*answers)
        self.addCleanup(self.server.stop)
        client = Client(self.server.url, **{"backoff": 0.001, **settings})
        self.addCleanup(client.close)
        return client


class Repeats(ScriptedCase):
    def test_tries_again_with_one_idempotency_key(self):
        client = self.client(error(503, "overloaded"), None, error(504, "timeout"), scores(0.5))
        self.assertEqual([item.reward for item in client.score([record()])], [0.5])
        keys = {request["headers"]["idempotency-key"] for request in self.server.requests}
        self.assertEqual((len(self.server.requests), len(keys)), (4, 1))
        client.score([record()])
        self.assertNotIn(self.server.requests[-1]["headers"]["idempotency-key"], keys)

    def test_gives_up(self):
        client = self.client(error(503, "overloaded"), retries=2)
        with self.assertRaises(ServerError) as caught:
            client.score([record()])
        self.assertEqual((caught.exception.status, caught.exception.code, len(self.server.requests)), (503, "overloaded", 3))

    def test_does_not_repeat_what_is_wrong(self):
        for status in (400, 401, 409, 413, 415, 422):
            client = self.client(error(status, "invalid_input"))
            with self.assertRaises(ServerError):
                client.score([record()])
            self.assertEqual(len(self.server.requests), 1)

    def test_waits_as_long_as_the_server_asks(self):
        client = self.client(error(503, "overloaded", **{"retry-after": "7"}), scores(1), max_wait=30)
        with mock.patch("guerdon.client.time.sleep") as sleep:
            client.score([record()])
        sleep.assert_called_once_with(7.0)
        client = self.client(error(503, "overloaded", **{"retry-after": "700"}), scores(1), max_wait=30)
        with mock.patch("guerdon.client.time.sleep") as sleep:
            client.score([record()])
        sleep.assert_called_once_with(30)

    def test_backs_off_further_each_time_and_ignores_a_date(self):
        client = self.client(error(503, "overloaded", **{"retry-after": "Sun, 22 Nov 2026 12:00:00 GMT"}), backoff=1, retries=3)
        with mock.patch("guerdon.client.time.sleep") as sleep, self.assertRaises(ServerError):
            client.score([record()])
        pauses = [call.args[0] for call in sleep.call_args_list]
        for i, pause in enumerate(pauses):
            self.assertTrue(0.5 * 2**i <= pause <= 2**i)

    def test_says_that_nobody_listens(self):
        client = self.client(scores(1), retries=1)
        self.server.stop()
        with self.assertRaises(TransportError) as caught:
            client.score([record()])
        self.assertIn("tried 2 times", str(caught.exception))


class Connections(ScriptedCase):
    def test_keeps_its_connection(self):
        client = self.client(scores(1))
        for _ in range(5):
            client.score([record()])
        self.assertEqual(self.server.connections, 1)

    def test_opens_another_when_the_kept_one_was_ended(self):
        client = self.client(scores(1), None, scores(0.5), retries=0)
        client.score([record()])
        self.assertEqual(client.score([record()])[0].reward, 0.5)

    def test_has_one_for_each_thread_and_survives_pickling(self):
        client = self.client(scores(1))
        client.score([record()])
        copy = pickle.loads(pickle.dumps(client))
        self.assertEqual(copy.score([record()])[0].reward, 1)
        thread = threading.Thread(target=lambda: (client.score([record()]), client.close()))
        thread.start()
        thread.join()
        self.assertEqual(self.server.connections, 3)
        copy.close()

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_a_forked_child_opens_its_own(self):
        client = self.client(scores(1))
        client.score([record()])
        child = os.fork()
        if child == 0:
            os._exit(0 if client.score([record()])[0].reward == 1 else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertEqual(client.score([record()])[0].reward, 1)
        self.assertEqual(self.server.connections, 2)

    def test_does_not_wait_longer_than_told(self):
        client = self.client((200, {"content-length": "10"}, b"{"), timeout=0.2, retries=1)
        started = time.monotonic()
        with self.assertRaises(TransportError):
            client.score([record()])
        self.assertLess(time.monotonic() - started, 5)
        self.assertEqual(len(self.server.requests), 2)

    def test_sends_token_run_and_deadline(self):
        client = self.client(scores(1), token="t", run="a b", timeout=2.5)
        client.score([record()])
        request = self.server.requests[0]
        self.assertEqual(request["path"], "/v1/score?run=a%20b")
        self.assertEqual((request["headers"]["authorization"], request["headers"]["x-deadline-ms"]), ("Bearer t", "2500"))

    def test_refuses_an_address_that_is_none(self):
        for url in ("localhost:8787", "ftp://x", "http://"):
            with self.assertRaises(GuerdonError):
                Client(url)


class Answers(ScriptedCase):
    def test_takes_no_nan_either_way(self):
        with self.assertRaises(GuerdonError) as caught:
            self.client(scores(1)).score([record(reference=float("nan"))])
        self.assertEqual((caught.exception.code, self.server.requests), ("not_finite", []))
        status, headers, data = scores(1)
        with self.assertRaises(GuerdonError) as caught:
            self.client((status, headers, data.replace(b'"reward": 1', b'"reward": NaN'))).score([record()])
        self.assertEqual(caught.exception.code, "parse")

    def test_takes_no_page_of_a_proxy(self):
        with self.assertRaises(GuerdonError) as caught:
            self.client((200, {}, b"<html>Welcome</html>")).score([record()])
        self.assertEqual(caught.exception.code, "parse")
        with self.assertRaises(ServerError) as caught:
            self.client((404, {}, b"<html>Not here</html>")).score([record()])
        self.assertIn("Not here", str(caught.exception))

    def test_takes_no_answer_to_something_else(self):
        with self.assertRaises(GuerdonError):
            self.client(scores(1, 1)).score([record()])


class Policies(ScriptedCase):
    def test_raises_unless_told_otherwise(self):
        scorer = Scorer(self.client(scores(1, None)))
        with self.assertRaises(UnscoredError) as caught:
            scorer.rewards([record(), record(id="1")])
        self.assertEqual([item.failure for item in caught.exception.items], ["timeout"])
        self.assertIn("too slow", str(caught.exception))

    def test_none_and_functions(self):
        rollouts = [record(), record(id="1")]
        self.assertEqual(Scorer(self.client(scores(1, None)), "none").rewards(rollouts), [1.0, None])
        self.assertEqual(Scorer(self.client(scores(1, None)), lambda item: -1).rewards(rollouts), [1.0, -1.0])
        with self.assertRaises(UnscoredError):
            Scorer(self.client(scores(1, None)), lambda item: None, none=False).rewards(rollouts)

    def test_a_server_that_is_away_is_a_failure_of_every_item(self):
        seen = []
        rewards = Scorer(self.client(None, retries=0), seen.append).rewards([record(), record(id="1")])
        self.assertEqual((rewards, [item.failure for item in seen]), ([None, None], ["transport", "transport"]))
        with self.assertRaises(ServerError):
            Scorer(self.client(error(401, "unauthorized")), "none").rewards([record()])

    def test_refuses_policies_that_are_none(self):
        client = self.client(scores(1))
        for policy, none in (("zero", True), (0, True), ("none", False)):
            with self.assertRaises(GuerdonError):
                Scorer(client, policy, none=none)

    def test_asks_nothing_for_nothing(self):
        self.assertEqual(Scorer(self.client(scores())).rewards([]), [])
        self.assertEqual(self.server.requests, [])

    def test_refuses_rewards_of_turns(self):
        with self.assertRaises(GuerdonError) as caught:
            Scorer(self.client(scores([1, 0]))).rewards([record()])
        self.assertEqual(caught.exception.code, "unsupported")
