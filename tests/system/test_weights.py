"""Weights of addresses: the file, its changes, and what clients get of them (LD-01, G5)."""

import collections
import os
import signal
import socket
import subprocess
import unittest

import dns.message
import dns.rdatatype

import harness

DB = "db.shop.svc.cluster.local."
ADDRESSES = ["10.244.1.7", "10.244.1.8", "10.244.1.9"]


def text(**weights):
    """A file: the last octet of an address, and its weight."""
    lines = [f"10.244.1.{key.lstrip('a')} {weight}\n" for key, weight in weights.items()]
    return "# of a test\nDB.shop.svc.cluster.local\n" + "".join(lines)


class Weights(unittest.TestCase):
    def appliance(self, content=None, **options):
        a = harness.Appliance(harness.cluster(1), extra="""
loadbalance = { policy = "weighted"; file = "@"; };""", **options)
        a.weights = os.path.join(a.directory, "weights")
        a.extra = a.extra.replace("@", a.weights)
        a.write_config()
        if content is not None:
            harness.write_whole(a.weights, content)
        return a

    def count(self, a, n):
        """How often each address stood first in n answers."""
        query = dns.message.make_query(DB, "A")
        firsts = collections.Counter()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("127.0.0.1", a.port))
            s.settimeout(harness.PATIENCE_S)
            for i in range(n):
                query.id = i
                s.send(query.to_wire())
                reply = dns.message.from_wire(s.recv(4096), one_rr_per_rrset=True)
                self.assertTrue(query.is_response(reply))
                answer = [rrset[0].to_text() for rrset in reply.answer]
                self.assertEqual(sorted(answer), ADDRESSES)
                firsts[answer[0]] += 1
        return firsts

    def check(self, a, weights, n=1000):
        """
        The shares of n answers are those of the weights: the sum of squared differences
        in units of chance (chi-square of two degrees) is over 60 once in 10^13 times.
        """
        firsts = self.count(a, n)
        total = sum(weights)
        difference = sum((firsts[address] - n * w / total) ** 2 / (n * w / total)
                         for address, w in zip(ADDRESSES, weights))
        self.assertLess(difference, 60, f"{firsts} for weights {weights}")

    def change(self, a, act):
        """Do something to the file, and wait for the generation that follows."""
        before = a.status()["generation"]
        act()
        harness.await_("another generation", lambda: a.status()["generation"] > before)

    def put(self, a, content):
        self.change(a, lambda: harness.write_whole(a.weights, content))

    def test_shares(self):
        """LD-01: 20,000 answers as the weights say; an edit changes that, no allocation"""
        preload = {} if harness.sanitized("shmdns-worker") else harness.noalloc()
        # Nearly as many as there may be.
        others = "".join(f"other-{i}.\n" + "".join(f"10.0.{k}.{i % 256} {k + 1}\n"
                                                   for k in range(8)) for i in range(1000))
        with self.appliance(others + text(a7=5, a8=1, a9=14), env=preload) as a:
            a.await_log("weights read .* names=1001 addresses=8003")
            pids = a.worker_pids
            self.check(a, [5, 1, 14], 20000)
            self.put(a, text(a7=1, a8=255, a9=1))
            self.check(a, [1, 255, 1], 2000)

            def edit():  # in place, as `cat >` does
                with open(a.weights, "w") as f:
                    f.write(text(a8=2))

            self.change(a, edit)
            self.check(a, [1, 2, 1])
            self.assertEqual(a.worker_pids, pids, "a worker died")
            if preload:
                harness.check_noalloc(a)

    def test_broken(self):
        """LD-01: a broken file is named with line and column, once; the weights stay"""
        with self.appliance(text(a7=40)) as a:
            self.check(a, [40, 1, 1])
            generation = a.status()["generation"]
            harness.write_whole(a.weights, text(a7=1, a8=256))
            line = a.await_log(r"weights .*:4:12: ")
            self.assertIn(f'{a.weights}:4:12: "256" is no weight: write a number from 1 to 255; '
                          "the former weights stand", line[0])
            self.check(a, [40, 1, 1])
            self.assertEqual(a.status()["generation"], generation)
            self.put(a, text(a8=40))
            self.check(a, [1, 40, 1])
            self.assertEqual(len(a.log_lines(":4:12: ")), 1)

    def test_gone(self):
        """LD-01: no file at the start; it comes, vanishes, and comes again"""
        with self.appliance() as a:
            missing = f"weights {a.weights}: No such file or directory"
            self.assertIn(missing, a.await_log("all weights are 1")[0])
            self.check(a, [1, 1, 1])
            self.put(a, text(a9=60))
            self.check(a, [1, 1, 60])
            os.unlink(a.weights)
            self.assertIn(missing, a.await_log("the former weights stand")[0])
            self.check(a, [1, 1, 60])
            self.put(a, text(a7=60))
            self.check(a, [60, 1, 1])
            self.assertEqual(len(a.log_lines(missing)), 2)

    def test_controller_dies(self):
        """LD-01, G5: without a controller the weights stand; the next one reads the file"""
        with self.appliance(text(a7=60)) as a:
            killed = a.controller_pid
            harness.write_whole(a.weights, text(a8=60))
            os.kill(killed, signal.SIGKILL)
            harness.await_("another controller", lambda: a.controller_pid not in (None, killed))
            harness.await_("its generation", lambda: self.count(a, 40)["10.244.1.8"] > 20)
            self.check(a, [1, 60, 1])

    def test_reload(self):
        """LD-01: a policy without a file is refused by name; a reload changes the policy"""
        with self.appliance(text(a7=60)) as a:
            weighted = a.extra
            a.extra = 'loadbalance = { policy = "weighted"; };'
            a.write_config()
            done = subprocess.run([harness.program("shmdnsd"), "-t", "-c", a.config],
                                  capture_output=True, text=True)
            self.assertNotEqual(done.returncode, 0)
            self.assertRegex(done.stdout + done.stderr, r":\d+:\d+: error: loadbalance\.file: ")
            os.kill(a.pid, signal.SIGHUP)
            a.await_log(r"path=loadbalance\.file ")
            self.check(a, [60, 1, 1])
            a.extra = ""
            a.write_config()
            self.change(a, lambda: os.kill(a.pid, signal.SIGHUP))
            self.check(a, [1, 1, 1])
            harness.write_whole(a.weights, text(a8=60))  # nobody looks at it now
            a.extra = weighted
            a.write_config()
            self.change(a, lambda: os.kill(a.pid, signal.SIGHUP))
            self.check(a, [1, 60, 1])
