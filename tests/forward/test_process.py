"""The forwarder as a process: what it says, allocates, and does without descriptors (FP-06)."""

import os
import random
import re
import resource
import signal
import sys
import unittest

import harness
from harness import await_
from lab import ForwardTest, Forwarding, group
from upstream import after, rcode, silent


BALLAST = ["unshare", "-m", "sh", "-c",
           "mount -t tmpfs -o size=24m tmpfs /dev/shm && "
           'head -c 22m /dev/zero > /dev/shm/ballast && exec "$@"', "sh"]


FAILED = "^error forwarder.0: forward rcode=SERVFAIL "


class Crowded(Forwarding):
    """Begins where /dev/shm has no room for a cache; makes some once it was missed."""

    def await_ready(self):
        self.await_log("no memory for the cache")
        os.unlink(f"/proc/{self.pid}/root/dev/shm/ballast")
        super().await_ready()


class Process(ForwardTest):
    def test_memory(self):
        """SH-02: no room for the cache: one line, and it begins when there is some"""
        harness.need_root()
        harness.need_namespace()
        self.a = self.enter(Crowded(group(self.up()), wrap=BALLAST))
        self.check_right("one.far.example.")
        self.assertEqual(len(self.a.log_lines("no memory for the cache")), 1)

    def test_allocation(self):
        """G7: a question is taken on without an allocation, here and in the worker"""
        up = self.up()
        a = self.lab(group(up), env=harness.noalloc())
        for i in range(4):
            for reply in a.flood(f"{i}.far.example.", 50)():
                self.assertEqual(reply.rcode, "NOERROR")
        self.assertGreaterEqual(len(a.log_lines("noalloc: armed")), 3)  # two workers and it
        harness.check_noalloc(a)

    def test_log(self):
        """FP-06, LG-01, SM-01: a question that failed is one line; the name cannot forge another"""
        up = self.up(rcode("REFUSED"))
        a = self.lab(group(up, transport="tcp"))
        self.check_failed(a.query(r"a\010b\"c\\d\032e.far.example."))
        line, = a.await_log(FAILED)
        words = dict(re.findall(r'(\w+)=("[^"]*"|\S+)', line))
        self.assertEqual(words["qname"], r"a\010b\034c\092d\032e.far.example.", line)
        self.assertEqual(words["qtype"], "A")
        self.assertEqual(words["upstream"], up.at)
        self.assertEqual(words["transport"], "tcp")
        self.assertEqual(words["attempt"], "1")
        self.assertEqual((words["rcode"], words["err"]), ("SERVFAIL", "REFUSED"))

    def test_log_flood(self):
        """EV-10: a flood of failures costs a few lines, which say how many there were"""
        a = self.lab(group(self.up(rcode("REFUSED"))))
        for reply in a.flood("far.example.", 300)():
            self.check_failed(reply)
        lines = a.log_lines(FAILED)
        self.assertLess(len(lines), 60)

        def told():
            self.check_failed(a.query(f"{len(lines)}.more.far.example."))
            lines.append("")
            return a.log_lines("forwarder.0: forward .*suppressed=")

        await_("a line that says how many were held back", told)

    def test_log_dead(self):
        """SM-01: an upstream that is gone: each question that failed is one line"""
        a = self.lab(group(f"127.0.0.1:{harness.free_port()}"))
        names = [f"{i}.far.example." for i in range(6)]
        for name in names:
            self.check_failed(a.query(name))
        lines = await_("its lines", lambda: (
            a.log_lines(FAILED) if len(a.log_lines(FAILED)) >= len(names) else None))
        self.assertEqual([re.search(r"qname=(\S+)", line)[1] for line in lines], names)
        for line in lines:
            self.assertRegex(line, r" qtype=A .*err=\S+")

    def test_consolidate(self):
        """SM-01: what matches is told together, after the window and at the exit; a reload"""
        rule = {"window": "1s", "match": "^forward rcode=SERVFAIL .*err=REFUSED", "level": "info"}
        a = self.lab(group(self.up(rcode("REFUSED"))), errors={"consolidate": [rule]})
        self.ask_failing(a, "a")
        await_("all of them", lambda: self.told(a, "info ") == 4)
        self.assertEqual(a.log_lines(FAILED), [])
        rule = {"window": "1h", "match": "^REFUSED$", "show_first": True}
        a.reconfigure(errors={"consolidate": [rule]})
        self.ask_failing(a, "b")
        line, = a.log_lines(FAILED)
        self.assertIn("qname=0.b.far.example.", line)
        os.kill(a.forwarder_pids[0], signal.SIGTERM)
        await_("what waited", lambda: self.told(a, "error ") == 4)
        a.reconfigure(errors={"consolidate": [{"window": "1h", "match": "a("}]}, refused=True)
        line, = a.await_log("no regular expression")
        self.assertRegex(line, r"file=\S+:\d+:\d+ path=errors\.consolidate\[0\]\.match")

    def test_consolidate_slow(self):
        """SM-01: an expression that takes too long is named, and questions go on"""
        rules = 8 * [{"window": "1h", "match": "(a|b)*a[ab]{250}c"}]
        a = self.lab(group(self.up(rcode("REFUSED"))), errors={"consolidate": rules})
        drawn = random.Random(7)

        def told():
            label = "".join(drawn.choice("ab") for _ in range(60))
            name = ".".join([label, label[::-1], label[7:], "far.example."])
            self.check_failed(a.query(name))
            return a.log_lines(r"errors.consolidate takes too long.*a\[ab\]\{250\}c")

        await_("a warning about it", told)
        self.assertTrue(a.log_lines(FAILED), "lines that match nothing are written")

    def ask_failing(self, a, label):
        for i in range(4):
            self.check_failed(a.query(f"{i}.{label}.far.example."))

    @staticmethod
    def told(a, level):
        return sum(int(line.rsplit("errors=", 1)[1])
                   for line in a.log_lines(f"^({level}).* errors like .* in the last "))

    def test_descriptors(self):
        """EV-08, FP-02: without descriptors some questions fail, nothing ends, others come"""
        up = self.up(after(0.5))
        a = Forwarding(group(up, hedge=False))
        a.preexec = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (150, 150))
        self.a = self.enter(a)
        before = a.forwarder_pids
        replies = a.flood("far.example.", 300)()
        self.assertEqual(len(replies), 300)
        outcomes = {r.rcode for r in replies}
        self.assertIn("NOERROR", outcomes)
        self.assertLessEqual(outcomes, {"NOERROR", "SERVFAIL", "REFUSED"})
        self.assertGreater(len(outcomes), 1)
        self.check_ours()
        up.default = type(up).default
        self.check_right("later.far.example.")
        self.assertEqual(a.forwarder_pids, before)

    def test_retire(self):
        """G9: a forwarder that is told to end does, and its successor answers"""
        up = self.up(silent)
        a = self.lab(group(up))
        replies = a.flood("far.example.", 5)
        await_("they are asked", lambda: up.queries())
        pid, = a.forwarder_pids
        up.default = type(up).default
        os.kill(pid, signal.SIGTERM)
        for reply in replies():
            self.assertEqual(reply.rcode, "NOERROR", reply)
        self.assertNotEqual(a.forwarder_pids, [pid])


if __name__ == "__main__":
    sys.exit(unittest.main())
