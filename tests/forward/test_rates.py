"""Clients that ask too often (U-12): over UDP (AC-05), and for what upstreams know (AC-08)."""

import socket
import time

from lab import EDE, SERVICE, ForwardTest, group

ASKED = 40


class Rates(ForwardTest):
    def flood(self, source, name=SERVICE[0], number=ASKED):
        """[reply or None] to one query from each of many ports of `source`."""
        sockets = []
        for i in range(number):
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(s.close)
            s.bind((source, 0))
            s.connect(("127.0.0.1", self.a.port))
            s.send(self.a.make(name.replace("%", str(i))).to_wire())
            sockets.append(s)
        end, out = time.monotonic() + 1, []
        for s in sockets:
            s.settimeout(max(end - time.monotonic(), 0.01))
            try:
                out.append(s.recv(4096))
            except OSError:
                out.append(None)
        return out

    def test_rate(self):
        """AC-05, U-12: dropped, or one in `slip` told to come by TCP; others notice nothing"""
        # refilled so slowly that time plays no part
        self.lab(limits={"rate": {"per_source": 1, "burst": 10, "slip": 2}})
        replies = self.flood("127.0.0.7")
        cut = [r for r in replies if r and r[2] & 0x02]
        whole = [r for r in replies if r and not r[2] & 0x02]
        dropped = replies.count(None)
        self.assertLessEqual(8, len(whole))
        self.assertLessEqual(len(whole), 14)
        self.assertLessEqual(abs(len(cut) - dropped), 2)
        for r in cut:
            self.assertEqual(r[6:10], b"\0\0\0\0")  # no record in answer and authority
        self.assertEqual(self.a.query(*SERVICE, source="127.0.0.8").rcode, "NOERROR")
        for _ in range(5):  # an address cannot be forged there
            self.assertEqual(self.a.query(*SERVICE, source="127.0.0.7", tcp=True).rcode,
                             "NOERROR")

    def test_no_slip(self):
        """AC-05: slip = 0: none is answered; the limit goes with a reload"""
        self.lab(limits={"rate": {"per_source": 1, "burst": 4, "slip": 0}})
        replies = self.flood("127.0.0.7")
        self.assertGreater(replies.count(None), ASKED - 8)
        self.assertFalse([r for r in replies if r and r[2] & 0x02])
        self.a.reconfigure(limits={"rate": {"per_source": 0}})
        self.assertNotIn(None, self.flood("127.0.0.7"))

    def test_default(self):
        """AC-05: no limit at addresses that the Internet does not know"""
        self.lab()
        self.assertNotIn(None, self.flood("127.0.0.7", number=600))

    def test_misses(self):
        """AC-08, U-12: misses of a client are limited, not its hits and names of the cluster"""
        up = self.up()
        self.lab(group(up), limits={"miss_rate": {"per_source": 1, "burst": 10}})
        replies = self.flood("127.0.0.7", "n%.far.example.")
        refused = [r for r in replies if r[3] & 0x0f == 5]
        good = [r for r in replies if r[3] & 0x0f == 0]
        self.assertEqual(len(refused) + len(good), ASKED)
        self.assertLessEqual(8, len(good))
        self.assertLessEqual(len(good), 14)
        hit = self.a.query("hit.far.example.", source="127.0.0.8")
        self.assertEqual(hit.rcode, "NOERROR")
        self.assertEqual(self.a.query("hit.far.example.", source="127.0.0.7").rcode, "NOERROR")
        self.assertEqual(self.a.query(*SERVICE, source="127.0.0.7").rcode, "NOERROR")
        over = self.a.query("late.far.example.", source="127.0.0.7")
        while over.rcode != "REFUSED":  # a token was left, or new
            over = self.a.query(f"{time.monotonic_ns()}.far.example.", source="127.0.0.7")
        self.assertEqual(over.ede, EDE["other"])
