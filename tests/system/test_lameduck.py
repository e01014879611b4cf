"""The end of an appliance: lameduck, SIGTERM, exit status (HR-04)."""

import contextlib
import os
import signal
import socket
import threading
import time
import unittest

import dns.exception
import dns.message
import dns.query

import harness

NAME = "svc-001.shop.svc.cluster.local."
RIGHT = ("NOERROR", ["10.96.1.1"])
LAMEDUCK_S = 1.5


@contextlib.contextmanager
def asking(appliance):
    """Somebody asks every 50 ms while the block runs; yields when there were right replies."""
    over, replies = threading.Event(), []

    def ask():
        while not over.wait(0.05):
            with contextlib.suppress(dns.exception.Timeout, OSError):
                reply = harness.ask("127.0.0.1", NAME, "A", 0.3, appliance.port)
                replies.append((time.monotonic(), harness.outcome(reply)))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield replies
    finally:
        over.set()
        thread.join()


class Lameduck(unittest.TestCase):
    def appliance(self, lameduck_s=LAMEDUCK_S):
        return harness.Appliance(harness.cluster(3), health=f'lameduck = "{lameduck_s}s";')

    def terminate(self, a):
        a.process.terminate()
        self.told = time.monotonic()
        a.await_log("lameduck least_ms=")

    def end(self, a):
        self.assertEqual(a.process.wait(20), 0, a.tail())
        return time.monotonic() - self.told

    def test_quiet(self):
        """HR-04: answers go on for lameduck; when nobody asks it ends then"""
        with self.appliance() as a:
            self.terminate(a)
            self.assertEqual(a.outcome(NAME, "A"), RIGHT)
            took = self.end(a)
            self.assertGreaterEqual(took, LAMEDUCK_S)
            self.assertRegex(a.log_text(), "stopping status=0")

    def test_asked(self):
        """HR-04: while somebody asks it goes on, at most for twice as long; all are answered"""
        with self.appliance() as a, asking(a) as replies:
            harness.await_("replies", lambda: replies)
            self.terminate(a)
            self.assertGreaterEqual(self.end(a), 2 * LAMEDUCK_S)
            late = [outcome for at, outcome in replies if at > self.told + LAMEDUCK_S]
            self.assertTrue(late)
            self.assertEqual([o for o in late if o != RIGHT], [])

    def test_worker_dies(self):
        """HR-04: in that time too a worker that dies is replaced"""
        with self.appliance(3) as a:
            self.terminate(a)
            victim = a.worker_pids[0]
            os.kill(victim, signal.SIGKILL)
            harness.await_("two workers", lambda: len(set(a.worker_pids) - {victim}) == 2)
            a.process.terminate()
            self.end(a)

    def test_second(self):
        """HR-04: a second SIGTERM ends at once, and well"""
        with self.appliance(300) as a:
            self.terminate(a)
            a.process.terminate()
            self.end(a)

    def test_terminal(self):
        """HR-04: Ctrl-C knows no lameduck"""
        with self.appliance(300) as a:
            a.process.send_signal(signal.SIGINT)
            self.told = time.monotonic()
            self.end(a)
            self.assertEqual(a.log_lines("lameduck"), [])

    def test_drained(self):
        """HR-04: what waits at the end is answered: UDP to the last, TCP replies, then FIN"""
        with self.appliance(0) as a:
            workers = a.worker_pids
            for pid in workers:
                os.kill(pid, signal.SIGSTOP)
            query = dns.message.make_query(NAME, "A")
            udp = []
            for _ in range(200):
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self.addCleanup(s.close)
                s.sendto(query.to_wire(), ("127.0.0.1", a.port))
                udp.append(s)
            tcp = []
            for _ in range(8):
                s = socket.create_connection(("127.0.0.1", a.port))
                self.addCleanup(s.close)
                dns.query.send_tcp(s, query)
                tcp.append(s)
            a.process.terminate()
            a.await_log("stopping status=0")
            for pid in workers:
                os.kill(pid, signal.SIGCONT)
            for s in udp:
                s.settimeout(10)
                reply = dns.message.from_wire(s.recv(4096))
                self.assertEqual(harness.outcome(reply), RIGHT)
            for s in tcp:
                s.settimeout(10)
                reply, _ = dns.query.receive_tcp(s, time.time() + 10)
                self.assertEqual(harness.outcome(reply), RIGHT)
                self.assertEqual(s.recv(1), b"")
            self.assertEqual(a.process.wait(20), 0)
