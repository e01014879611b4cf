"""shmdnsctl top and tail: live views from shared memory (OV-02, OV-05, OP-06, OP-08, OF-08).

And who asks, in all places that tell of it (OF-09, MQ-08, MQ-09).
"""

import fcntl
import json
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import termios
import threading
import time
import unittest

import dns.message

import harness
from scrape import Scrape
from test_clients import BACK, FRONT, NOBODY, clients

WEB = "svc-001.shop.svc.cluster.local."
SEARCH = ["www.example.com.shop.svc.cluster.local.", "www.example.com.svc.cluster.local.",
          "www.example.com.cluster.local."]
EVIL = r"\027]0;evil\007.shop.svc.cluster.local."


class Asker:
    """Asks the names in turn, as fast as it goes, from when it is entered."""

    def __init__(self, appliance, names, source="127.0.0.1"):
        self.queries = [dns.message.make_query(n, "A").to_wire() for n in names]
        self.to = ("127.0.0.1", appliance.port)
        self.source = (source, 0)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(self.source)
            s.connect(self.to)
            s.settimeout(1)
            while not self.ended.is_set():
                for q in self.queries:
                    s.send(q)
                    try:
                        s.recv(4096)
                    except TimeoutError:
                        pass


class Screen:
    """shmdnsctl on a terminal of its own."""

    def __init__(self, *words, columns=120, lines=30):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.seen = ""
        self.process = subprocess.Popen([harness.program("shmdnsctl"), *words], stdin=slave,
                                        stdout=slave, stderr=subprocess.PIPE, env={})

    def more(self, patience_s):
        ready, _, _ = select.select([self.master], [], [], patience_s)
        if ready:
            self.seen += os.read(self.master, 65536).decode("ascii")
        return bool(ready)

    def await_text(self, text, patience_s=60):
        """Until that is drawn; what was seen before it is dropped."""
        end = time.monotonic() + patience_s
        while text not in self.seen:
            assert time.monotonic() < end and self.process.poll() is None, repr(self.seen[-2000:])
            self.more(0.2)
        at = self.seen.index(text)
        self.seen = self.seen[at:]

    def press(self, key):
        self.seen = ""
        os.write(self.master, key.encode())

    def ended(self):
        status = self.process.wait(60)
        while self.more(0):
            pass
        error = self.process.stderr.read().decode()
        self.process.stderr.close()
        return status, error, termios.tcgetattr(self.slave) == self.before

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


class Top(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.a = harness.Appliance(harness.cluster(5))
        cls.a.__enter__()
        cls.addClassCleanup(cls.a.__exit__, None, None, None)
        cls.asker = Asker(cls.a, [WEB, *SEARCH, EVIL])
        cls.asker.__enter__()
        cls.addClassCleanup(cls.asker.__exit__, None, None, None)
        harness.await_("samples", lambda: cls.frame("--interval", "100ms")["samples"] > 50)

    @classmethod
    def frame(cls, *words):
        code, out, err = cls.a.ctl("top", "-i", cls.a.instance, "-o", "json", *words)
        assert (code, err) == (0, ""), (code, err)
        return json.loads(out)

    def test_json(self):
        """OV-02, OF-08: names, clients, waste by namespace; one document in a line"""
        f = self.frame("--interval", "300ms")
        self.assertEqual((f["version"], f["workers"]), (1, 2))
        self.assertGreater(f["queries_per_s"], 0)
        self.assertGreater(f["p99_ns"], 0)
        self.assertAlmostEqual(f["nxdomain"], 0.8, delta=0.1)
        self.assertAlmostEqual(f["wasted"], 0.6, delta=0.3)
        names = {n["name"]: n for n in f["names"]}
        self.assertEqual(set(names), {WEB, EVIL.replace(r"]0;", r"\0930\059"), *[
            s.replace("www.", "*.", 1) for s in SEARCH]})
        self.assertEqual(names[WEB]["rcode"], "NOERROR")
        (client,) = f["clients"]
        self.assertEqual((client["client"], client["namespace"]), ("127.0.0.1", "shop"))
        (space,) = f["namespaces"]
        self.assertEqual(space["namespace"], "shop")
        self.assertGreater(space["wasted"], 0.3)
        self.assertTrue(all(n["rcode"] == "NXDOMAIN" for n in f["nxdomain_names"]))
        code, out, _ = self.a.ctl("top", "-i", self.a.instance, "-o", "json", "-n", "2",
                                  "--interval", "100ms")
        self.assertEqual((code, len([json.loads(line) for line in out.splitlines()])), (0, 2))

    def test_pipe(self):
        """OP-08: no terminal: one plain frame; nothing that a name holds gets out as it is"""
        code, out, err = self.a.ctl("top", "-i", self.a.instance, "--interval", "200ms")
        self.assertEqual((code, err), (0, ""))
        self.assertTrue(out.isascii() and out.replace("\n", "").isprintable())
        self.assertRegex(out.splitlines()[0], r"2 workers  [\d,.]+ q/s  p50 .* gen \d+")
        self.assertRegex(out.splitlines()[1], r"NXDOMAIN \d+ %  \(search path waste \d+ %: "
                                              r"namespace shop \d+ %")
        self.assertIn("svc-001.shop.svc.cluster.local ", out)
        for by, want in (("rcode", "NXDOMAIN "), ("client", "127.0.0.1 (shop)"),
                         ("namespace", "\nshop "), ("nxdomain", "*.example.com"),
                         ("slow", " us ")):
            code, out, _ = self.a.ctl("top", "-i", self.a.instance, "--by", by,
                                      "--interval", "100ms")
            self.assertEqual(code, 0)
            self.assertIn(want, out)

    def test_terminal(self):
        """OV-02, OP-08: frames follow, keys choose, q ends; the terminal is as it was"""
        screen = Screen("top", "-i", self.a.instance, "--interval", "100ms")
        try:
            screen.await_text("\033[?1049h")
            screen.await_text("NAME (folded)")
            screen.await_text("[0 all]")
            screen.press("3")
            screen.await_text("[3 client]")
            screen.press("1")
            screen.await_text("RCODE")
            screen.press("q")
            self.assertEqual(screen.ended(), (0, "", True))
            self.assertTrue(screen.seen.endswith("\033[?25h\033[?1049l"))
            for sequence in ("\033]", "\007"):
                self.assertNotIn(sequence, screen.seen)
        finally:
            screen.close()

    def test_signal(self):
        """OP-08: a signal that ends it gives the terminal back; lines are cut to its width"""
        screen = Screen("top", "-i", self.a.instance, "--interval", "100ms", columns=40,
                        lines=10)
        try:
            screen.await_text("NXDOMAIN")
            screen.await_text("\033[J")
            frame = screen.seen.split("\033[H")[-1]
            for line in frame.replace("\033[K", "").replace("\033[J", "").split("\r\n"):
                self.assertLessEqual(len(line), 40)
            screen.process.send_signal(signal.SIGTERM)
            self.assertEqual(screen.ended(), (0, "", True))
        finally:
            screen.close()

    def test_clients(self):
        """OF-09: who is known by its address is shown as its Pod, and wastes for its namespace"""
        pod = harness.slice_("pods", "pods", ["127.0.0.1"], "shop")
        pod["endpoints"][0]["targetRef"] = {"kind": "Pod", "namespace": "shop", "name": "web-0"}
        with harness.Appliance(harness.cluster(1)) as a:
            a.put("pods.json", harness.object_list(pod))
            harness.await_("a client", lambda: "web-0" in a.ctl("dump", "clients", "-i",
                                                                a.instance)[1])
            with Asker(a, [WEB, SEARCH[1]]):
                def frame():
                    out = a.ctl("top", "-i", a.instance, "-o", "json", "--interval", "100ms")[1]
                    return json.loads(out)
                harness.await_("samples", lambda: frame()["samples"] > 20)
                f = frame()
                lines = a.ctl("tail", "-i", a.instance, "--namespace", "shop", "-n", "3")[1]
            self.assertEqual([c["client"] for c in f["clients"]], ["shop/web-0"])
            self.assertEqual((f["namespaces"][0]["namespace"], f["wasted_other"]), ("shop", 0))
            self.assertEqual(len(lines.splitlines()), 3)
            self.assertEqual(a.ctl("tail", "-i", a.instance, "--namespace", "other", "--recent",
                                   "--timeout", "1")[1], "")

    def tail(self, *words):
        code, out, err = self.a.ctl("tail", "-i", self.a.instance, *words)
        self.assertEqual((code, err), (0, ""), words)
        return out.splitlines()

    def test_tail(self):
        """OV-05: a line for each sampled query, those that are wanted, in the order of time"""
        lines = self.tail("-n", "20")
        self.assertEqual(len(lines), 20)
        self.assertTrue(all(line.isascii() and line.isprintable() for line in lines))
        for words, key, want in ((["web.shop.svc.cluster.local", "--timeout", "1"], "name", None),
                                 (["-n", "5", WEB], "name", {WEB}),
                                 (["-n", "5", "--rcode", "noerror"], "name", {WEB}),
                                 (["-n", "5", "--client", "127.0.0.0/8", "--type", "A",
                                   "--source", "cluster", "--rcode", "NXDOMAIN", "--slower",
                                   "1us", "--recent"], "rcode", {"NXDOMAIN"})):
            entries = [json.loads(line) for line in self.tail("-o", "json", *words)]
            self.assertTrue(all(e["version"] == 1 for e in entries))
            self.assertEqual({e[key] for e in entries}, want or set(), words)
            self.assertEqual(len(entries), 5 if want else 0)
        for words in (["--client", "x"], ["--rcode", "x"], ["--source", "x"], ["--type", "?"],
                      ["--slower", "x"], ["a", "b"], ["a..b"]):
            self.assertEqual(self.a.ctl("tail", "-i", self.a.instance, *words)[0], 2, words)
        self.assertEqual(self.a.ctl("tail", "-i", "none-of-that-name")[0], 3)

    def test_without_processes(self):
        """OP-06: it works while nobody but a worker runs, and says what it cannot do"""
        os.kill(self.a.controller_pid, signal.SIGSTOP)
        try:
            self.assertGreater(self.frame("--interval", "100ms")["queries_per_s"], 0)
        finally:
            os.kill(self.a.controller_pid, signal.SIGCONT)
        for words in (["--by", "x"], ["--interval", "1m"], ["-n", "0"],
                      ["word"]):
            code = self.a.ctl("top", "-i", self.a.instance, "-n", "1", *words)[0]
            self.assertEqual(code, 2, words)
        self.assertEqual(self.a.ctl("top", "-i", "none-of-that-name")[0], 3)


class Who(unittest.TestCase):
    """Clients that are Pods, of two namespaces, and one that nobody knows."""

    def setUp(self):
        ports = {"metrics": harness.free_port()}
        self.a = harness.Appliance(harness.cluster(5), http=ports, extra=self.extra(""),
                                   http_more={"metrics": "max_namespaces = 2;"})
        self.a.__enter__()
        self.addCleanup(self.a.__exit__, None, None, None)
        self.a.put("clients.json", clients())
        harness.await_("clients", lambda: self.a.ctl("dump", "clients", BACK, "-c",
                                                     self.a.config)[0] == 0)

    def extra(self, more):
        return f'query_log = {{ format = "kv"; names = [ "example.com.cluster.local" ]; }};{more}'

    def counts(self):
        """{family without shmdns_ and _total: {namespace: n}}"""
        code, out, err = self.a.ctl("metrics", "-i", self.a.instance)
        self.assertEqual((code, err), (0, ""))
        found = {"namespace_queries": {}, "search_path_nxdomain": {}}
        for (name, labels), value in Scrape(out).series().items():
            family = name.removeprefix("shmdns_").removesuffix("_total")
            if family in found:
                found[family][dict(labels)["namespace"]] = value
        return found

    def await_counts(self, what, test):
        return harness.await_(what, lambda: (c := self.counts()) and test(
            c["namespace_queries"], c["search_path_nxdomain"]) and c)

    def ask(self, source, names, what, test):
        with Asker(self.a, names, source):
            return self.await_counts(what, test)

    def check_counts(self):
        """MQ-08, MQ-09: by the client, by the name; bounded (ME-09); over a death (ME-05)"""
        self.ask(FRONT, [WEB, SEARCH[2]], "a Pod", lambda q, w: min(
            q.get("front", 0), w.get("front", 0)) > 640)
        c = self.ask(NOBODY, [SEARCH[0]], "waste by its name", lambda q, w: min(
            q["_unknown"], w.get("shop", 0)) > 640)
        self.assertEqual((c["namespace_queries"]["shop"], c["search_path_nxdomain"]["_unknown"]),
                         (0, 0))
        before = self.ask(BACK, [WEB], "one of the others", lambda q, _: q["_other"] > 640)
        for family in before.values():
            self.assertEqual(set(family), {"front", "shop", "_other", "_unknown"})
            self.assertTrue(all(n % 64 == 0 for n in family.values()), family)
        self.assertEqual(before["search_path_nxdomain"]["_other"], 0)
        os.kill(self.a.role("shmdns-admin")[0], signal.SIGKILL)
        after = self.ask(FRONT, [WEB], "a successor", lambda q, _: q["front"] > 640 + before[
            "namespace_queries"]["front"])
        for family, values in before.items():
            for namespace, n in values.items():
                self.assertGreaterEqual(after[family][namespace], n)

    def check_top(self):
        """OF-09: who is known stands there as a Pod, and asks for its namespace"""
        code, out, _ = self.a.ctl("top", "-i", self.a.instance, "-o", "json", "--interval",
                                  "100ms")
        self.assertEqual(code, 0)
        f = json.loads(out)
        seen = {c["client"]: c.get("namespace") for c in f["clients"]}
        wanted = {"front/web-0": "front", "back/db-0": "back", NOBODY: "shop"}
        self.assertEqual({c: seen.get(c) for c in wanted}, wanted)
        self.assertEqual({n["namespace"] for n in f["namespaces"]}, {"front", "back", "shop"})
        for by, want in (("client", "\nfront/web-0 "), ("namespace", "\nback ")):
            self.assertIn(want, self.a.ctl("top", "-i", self.a.instance, "--by", by,
                                           "--interval", "100ms")[1])

    def tail(self):
        code, out, _ = self.a.ctl("tail", "-i", self.a.instance, "-o", "json", "--recent",
                                  "-n", "1", "--client", "127.7.3.0/30")
        self.assertEqual(code, 0)
        return json.loads(out)

    def check_private(self):
        """LG-04: no Pod is named, and a namespace by top alone"""
        self.a.extra = self.extra('\nprivacy = "hash";')
        self.a.write_config()
        os.kill(self.a.pid, signal.SIGHUP)
        self.a.await_log("reload done")
        line = harness.await_("words", lambda: (t := self.tail())["client"].isalnum() and t)
        self.assertFalse({"namespace", "pod"} & set(line))
        _, out, _ = self.a.ctl("top", "-i", self.a.instance, "--by", "client", "--interval",
                               "100ms")
        self.assertRegex(out, r"\n[0-9a-f]{16} \(back\) ")
        self.assertNotIn("web-0", out)

    def test_who(self):
        """OF-09, MQ-08, MQ-09, LG-04: who asks, in metrics, top, tail and the query log"""
        self.check_counts()
        self.check_top()
        line = self.tail()
        self.assertEqual(line["pod"], {"front": "web-0", "back": "db-0"}[line["namespace"]])
        self.a.await_log(rf" client={FRONT} .* namespace=front pod=web-0$")
        self.assertFalse(self.a.log_lines(rf" client={NOBODY} .* namespace="))
        self.check_private()


if __name__ == "__main__":
    unittest.main()
