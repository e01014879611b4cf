"""States that must not last: what an operator or an accident takes away (G3, G5, G8)."""

import os
import signal
import unittest

import harness
from harness import object_list, service


class BoardLost(unittest.TestCase):
    def lose(self, take_away):
        with harness.Appliance(harness.cluster(5)) as a:
            board = harness.shm_path(a.instance, "board")
            before = a.status()
            controller, workers = a.controller_pid, a.worker_pids
            take_away(board)
            os.kill(controller, signal.SIGKILL)
            harness.await_("another controller",
                           lambda: a.controller_pid not in (None, controller))
            a.put("new.json", object_list(service("new", ip="10.96.77.1")))
            a.await_outcome("new.shop.svc.cluster.local.", "A", "NOERROR", ["10.96.77.1"])
            self.assertEqual(a.worker_pids, workers, "a worker was replaced")
            after = a.status()
            self.assertGreater(after["generation"], before["generation"])
            self.assertEqual(len(after["workers"]), len(before["workers"]), "pages gone")
            self.assertFalse(a.log_lines(r"complete=0")[1:], "incomplete again (RU-05)")

    def test_unlinked(self):
        """G3, G5: the board was unlinked, the controller dies: workers find the next board"""
        self.lose(os.unlink)

    def test_overwritten(self):
        """G8: the board was overwritten, the controller dies: workers find the next board"""
        def overwrite(board):
            with open(board, "r+b") as f:
                f.seek(8)
                f.write(b"\xff" * 8)

        self.lose(overwrite)


class Reloaded(unittest.TestCase):
    def test_other_instance(self):
        """OP-30: a file with another instance changes nothing for processes replaced later"""
        with harness.Appliance(harness.cluster(5)) as a:
            ours = a.instance
            a.instance += "-other"
            a.write_config()
            a.instance = ours
            os.kill(a.pid, signal.SIGHUP)
            a.await_log("reload done config=2")
            for pid in (a.worker_pids[0], a.controller_pid):
                ready = len(a.log_lines(r"(worker|controller) ready"))
                os.kill(pid, signal.SIGKILL)
                harness.await_("its successor", lambda: len(
                    a.log_lines(r"(worker|controller) ready")) > ready)
            a.put("new.json", object_list(service("new", ip="10.96.77.1")))
            a.await_outcome("new.shop.svc.cluster.local.", "A", "NOERROR", ["10.96.77.1"])
            self.assertEqual(harness.shm_objects(ours + "-other"), [])

    def test_file_became_a_pipe(self):
        """EV-06: a reload never waits for the writer of a pipe: refused, and all goes on"""
        with harness.Appliance(harness.cluster(5)) as a:
            os.unlink(a.config)
            os.mkfifo(a.config)
            os.kill(a.pid, signal.SIGHUP)
            a.await_log("reload refused")
            killed = a.worker_pids[0]
            os.kill(killed, signal.SIGKILL)
            harness.await_("a new worker", lambda: len(a.worker_pids) == 2 and
                           killed not in a.worker_pids)


if __name__ == "__main__":
    unittest.main()
