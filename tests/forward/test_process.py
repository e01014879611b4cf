"""The forwarder as a process: what it says, allocates, and does without descriptors (FP-06)."""

import os
import re
import resource
import signal
import sys
import unittest

import harness
from harness import await_
from lab import ForwardTest, Forwarding, group
from upstream import after, rcode, silent


class Process(ForwardTest):
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
        """FP-06, LG-01: a question that failed is one line; the name cannot forge another"""
        up = self.up(rcode("REFUSED"))
        a = self.lab(group(up, transport="tcp"))
        self.check_failed(a.query(r"a\010b\"c\\d\032e.far.example."))
        line, = a.await_log("forward failed")
        words = dict(re.findall(r'(\w+)=("[^"]*"|\S+)', line))
        self.assertTrue(line.startswith("warning forwarder.0: forward failed "), line)
        self.assertEqual(words["qname"], r"a\010b\034c\092d\032e.far.example.", line)
        self.assertEqual(words["qtype"], "A")
        self.assertEqual(words["upstream"], up.at)
        self.assertEqual(words["transport"], "tcp")
        self.assertEqual(words["attempt"], "1")
        self.assertEqual((words["rcode"], words["error"]), ("SERVFAIL", "REFUSED"))

    def test_log_flood(self):
        """EV-10: a flood of failures costs a few lines, which say how many there were"""
        a = self.lab(group(self.up(rcode("REFUSED"))))
        for reply in a.flood("far.example.", 300)():
            self.check_failed(reply)
        lines = a.log_lines("forward failed")
        self.assertLess(len(lines), 60)

        def told():
            self.check_failed(a.query(f"{len(lines)}.more.far.example."))
            lines.append("")
            return a.log_lines("forward failed.*suppressed=")

        await_("a line that says how many were held back", told)

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
