"""Generations of a running appliance: explain, history, diff, freeze, rollback (OV-03, OV-07)."""

import contextlib
import json
import os
import re
import signal
import unittest

import harness
from harness import await_, object_list, service

API = "api.shop.svc.cluster.local."


class Base(unittest.TestCase):
    extra = ""

    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.a = stack.enter_context(harness.Appliance(harness.cluster(3), extra=self.extra))

    def ctl(self, verb, *arguments, expect=0):
        code, out, err = self.a.ctl(verb, *arguments, "-c", self.a.config)
        self.assertEqual(code, expect, f"{verb} {arguments}: {out} {err}")
        return out if expect in (0, 1) else err

    def json(self, verb, *arguments, expect=0):
        out = json.loads(self.ctl(verb, *arguments, "-o", "json", expect=expect))
        self.assertEqual(out["version"], 1)
        return out

    def generation(self):
        return self.a.status()["generation"]

    def put_api(self, ip):
        """The Service api has this address; the generation that says so."""
        self.a.put("api.json", object_list(service("api", ip=ip)))
        self.a.await_outcome(API, "A", "NOERROR", [ip])
        return self.generation()


class LookBack(Base):
    def test_history(self):
        """OV-07: each generation with time, cause and counts, the newest first"""
        before = self.generation()
        added = self.put_api("10.96.40.3")
        changed = self.put_api("10.96.40.4")
        h = self.json("history")
        rows = {row["generation"]: row for row in h["history"]}
        self.assertEqual(h["generation"], changed)
        self.assertEqual([row["generation"] for row in h["history"]],
                         sorted(rows, reverse=True))
        self.assertEqual(rows[added]["cause"], "objects")
        # the Service, its port, and the reverse name
        self.assertEqual([rows[added][k] for k in ("added", "removed", "changed")], [3, 0, 0])
        self.assertEqual([rows[changed][k] for k in ("added", "removed", "changed")], [1, 1, 2])
        self.assertNotIn("added", rows[h["first"]])
        self.assertGreater(rows[changed]["serial"], rows[before]["serial"])
        text = self.ctl("history")
        self.assertIn(f"history reaches back to generation {h['first']}: the last compaction or "
                      "start of the controller", text)
        self.assertIn(f"and {len(rows) - 1} older ones", self.ctl("history", "-n", "1"))

    def test_names(self):
        """OV-01, OV-06, OV-07: one figure of names in status, history, dump and the metrics"""
        def agree():
            n = self.a.status()["names"]
            rows = self.json("history")["history"]
            dump = self.json("dump")
            metric = re.search(r"^shmdns_snapshot_nodes (\d+)$",
                               self.ctl("metrics", "shmdns_snapshot_nodes"), re.M)
            self.assertEqual(int(metric[1]), n)
            self.assertEqual((rows[0]["names"], dump["count"]), (n, n))
            self.assertEqual(sum("empty_non_terminal" not in name for name in dump["names"]), n)
            self.assertGreater(len(dump["names"]), n, "there are empty non-terminals")
            self.assertIn(f", {n} names\n", self.ctl("dump"))
            self.assertIn(f"names        {n} in ", self.ctl("status"))
            for row, before in zip(rows, rows[1:]):
                self.assertEqual(before["names"] + row["added"] - row["removed"], row["names"])
            return n
        before = agree()
        self.put_api("10.96.40.3")
        self.assertEqual(agree(), before + 3)
        self.a.put("api.json", object_list())
        self.a.await_outcome(API, "A", "NXDOMAIN", [])
        self.assertEqual(agree(), before)

    def test_diff(self):
        """OV-07: the records that differ; OP-04: 1 if there are some, 4 if it cannot be said"""
        before = self.generation()
        added = self.put_api("10.96.40.3")
        changed = self.put_api("10.96.40.4")
        self.ctl("diff", str(changed), expect=0)
        out = self.ctl("diff", str(added), str(changed), expect=1)
        self.assertIn(f"- {API} 30 A 10.96.40.3\n+ {API} 30 A 10.96.40.4\n", out)
        self.assertIn("- 3.40.96.10.in-addr.arpa. 30 PTR api.shop.svc.cluster.local.\n", out)
        self.assertIn("1 names added, 1 removed, 2 changed\n", out)
        d = self.json("diff", str(before), "now", expect=1)
        names = {n["name"]: n for n in d["names"]}
        self.assertEqual(names[API]["change"], "added")
        self.assertIn("30 A 10.96.40.4", names[API]["added"])
        self.assertEqual((d["added"], d["removed"], d["changed"]), (3, 0, 0))
        back = self.json("diff", "now", str(before), expect=1)
        self.assertEqual((back["added"], back["removed"]), (0, 3))
        self.assertIn("history has", self.ctl("diff", "999999", expect=4))
        self.ctl("diff", expect=2)
        self.ctl("diff", "x", expect=2)

    def test_built_anew(self):
        """OV-07: a reload builds all names anew; what they say is the same"""
        before = self.generation()
        self.a.extra = 'log = { level = "info"; };\nedns = { max_udp = 1400; };'
        self.a.write_config()
        os.kill(self.a.pid, signal.SIGHUP)
        await_("another generation", lambda: self.generation() > before)
        self.ctl("diff", str(before), "now", expect=0)
        self.assertEqual(self.json("history")["history"][0]["cause"], "settings")

    def test_faulty_file(self):
        """OP-04: a half-edited file is enough to look by, and not enough to change something"""
        here = self.a.instance
        with open(self.a.config) as f:
            whole = f.read()
        half = os.path.join(os.path.dirname(self.a.config), "half.conf")
        harness.write_whole(half, whole + "\nwrokers = 2;\nedns = { max_udp = ")
        for words in (["status"], ["dump"], ["history"], ["diff", "now"], ["explain", API],
                      ["metrics"], ["top", "-n", "1", "--interval", "100ms"]):
            code, out, err = self.a.ctl(*words, "-c", half)
            self.assertIn(code, (0, 1), (words, err))
            self.assertEqual(code, self.a.ctl(*words, "-i", here)[0], words)
            self.assertIn("has errors (`check` names them); it seems to be of instance "
                          f"'{here}'", err)
            self.assertNotEqual(out, "", words)
        code, out, err = self.a.ctl("freeze", "-c", half)
        self.assertEqual((code, out), (2, ""))
        self.assertIn("which instance is not known; -i NAME says it", err)
        self.assertEqual(self.json("status")["controller"]["frozen"], False)
        harness.write_whole(half, "edns = { max_udp = ")
        err = self.a.ctl("status", "-c", half)[2]
        self.assertIn("it seems to name no instance, which means 'default'", err)
        code, out, err = self.a.ctl("status", "-c", half + ".none")
        self.assertEqual((code, out), (2, ""))
        self.assertIn("-i NAME says it without the file", err)

    def test_nobody_answers(self):
        """OP-06: with the controller stopped both still say all"""
        before = self.generation()
        self.put_api("10.96.40.3")
        pid = self.a.controller_pid
        os.kill(pid, signal.SIGSTOP)
        try:
            self.ctl("diff", str(before), "now", expect=1)
            self.assertIn("read from shared memory", self.ctl("history"))
        finally:
            os.kill(pid, signal.SIGCONT)

    def test_nothing_there(self):
        """OP-04: 3 where no such instance is"""
        for words in (["history"], ["diff", "1"]):
            code, _, err = self.a.ctl(*words, "-i", "no-such-instance")
            self.assertEqual(code, 3, err)


class Workers(Base):
    def test_rows(self):
        """OV-13: a row for each worker that runs; JSON has the slots"""
        for _ in range(50):
            self.a.ask("svc-000.shop.svc.cluster.local.", "A")
        rows = [w for w in self.json("workers")["workers"] if w["running"]]
        self.assertEqual(sorted(w["pid"] for w in rows), self.a.worker_pids)
        self.assertGreaterEqual(sum(w["queries"] for w in rows), 50)
        self.assertEqual({w["generation"] for w in rows}, {self.generation()})
        text = self.ctl("workers")
        self.assertEqual(text.count("running"), 2)
        self.assertIn("2 workers; read from shared memory", text)
        self.assertEqual(self.a.ctl("workers", "-i", "no-such-instance")[0], 3)
        self.ctl("workers", "x", expect=2)


class Freeze(Base):
    def settle(self):
        """Until the controller has read the objects that were put, and a turn later."""
        before = self.events()
        self.a.put("probe.json", object_list(harness.namespace(f"probe-{before}")))
        await_("the event of another object", lambda: self.events() > before)

    def events(self):
        return self.a.status()["controller"]["events"]

    def test_rollback_and_thaw(self):
        """OV-08: an older generation's records, as a new one; MS-10: status says it; then the store"""
        good = self.put_api("10.96.40.3")
        bad = self.put_api("10.96.40.66")
        out = self.ctl("rollback", str(good))
        self.assertIn(f"has the records of {good}; frozen until `thaw`", out)
        self.a.await_outcome(API, "A", "NOERROR", ["10.96.40.3"])
        self.a.await_outcome("66.40.96.10.in-addr.arpa.", "PTR", "NXDOMAIN")
        h = self.json("history")["history"]
        self.assertEqual(h[0]["cause"], "rollback")
        self.assertGreater(h[0]["serial"], h[1]["serial"])
        self.ctl("diff", str(good), "now", expect=0)
        self.ctl("diff", str(bad), "now", expect=1)
        self.assertIn(f"PUBLISHING IS FROZEN at generation {good}", self.ctl("status"))
        controller = self.a.status()["controller"]
        self.assertTrue(controller["frozen"])
        self.assertEqual(controller["frozen_generation"], good)
        self.a.put("new.json", object_list(service("new", ip="10.96.41.1")))
        self.settle()
        self.assertEqual(self.a.outcome("new.shop.svc.cluster.local.", "A"), ("NXDOMAIN", []))
        self.assertIn("thawed", self.ctl("thaw"))
        self.a.await_outcome(API, "A", "NOERROR", ["10.96.40.66"])
        self.a.await_outcome("new.shop.svc.cluster.local.", "A", "NOERROR", ["10.96.41.1"])
        self.assertFalse(self.a.status()["controller"]["frozen"])
        self.assertIn("nothing was frozen", self.ctl("thaw"))

    def test_freeze(self):
        """OV-08: objects wait, settings and flushes go out; the thaw brings what changed"""
        self.put_api("10.96.40.3")
        frozen = self.json("freeze")
        self.assertTrue(frozen["frozen"])
        self.assertEqual(frozen["generation"], self.generation())
        # With -i alone: the appliance says where its socket is.
        self.assertEqual(self.a.ctl("freeze", "-i", self.a.instance)[0], 0)
        self.a.put("api.json", object_list(service("api", ip="10.96.40.9")))
        self.settle()
        self.assertEqual(self.generation(), frozen["generation"])
        self.a.extra = "edns = { max_udp = 1400; };"
        self.a.write_config()
        os.kill(self.a.pid, signal.SIGHUP)
        await_("the settings", lambda: self.generation() > frozen["generation"])
        self.assertEqual(self.a.outcome(API, "A"), ("NOERROR", ["10.96.40.3"]))
        self.ctl("diff", str(frozen["generation"]), "now", expect=0)
        self.ctl("thaw")
        self.a.await_outcome(API, "A", "NOERROR", ["10.96.40.9"])

    def test_other_zones(self):
        """OV-08: settings with other zones wait for the thaw, and status says so"""
        self.put_api("10.96.40.3")
        before = self.generation()
        self.ctl("freeze")
        self.a.kubernetes = 'zones = [ "cluster.local.", "other.test." ];'
        self.a.write_config()
        os.kill(self.a.pid, signal.SIGHUP)
        self.a.await_log("settings wait for the thaw")
        self.assertIn("settings with other zones wait", self.ctl("status"))
        self.assertEqual(self.a.outcome(API, "A"), ("NOERROR", ["10.96.40.3"]))
        self.assertIn("other zones", self.ctl("rollback", str(before), expect=4))
        self.ctl("thaw")
        self.a.await_outcome("api.shop.svc.other.test.", "A", "NOERROR", ["10.96.40.3"])

    def test_controller_killed(self):
        """OV-08: a restart of the controller ends it, loudly"""
        good = self.put_api("10.96.40.3")
        self.put_api("10.96.40.66")
        self.ctl("rollback", str(good))
        self.a.await_outcome(API, "A", "NOERROR", ["10.96.40.3"])
        os.kill(self.a.controller_pid, signal.SIGKILL)
        self.a.await_outcome(API, "A", "NOERROR", ["10.96.40.66"])
        self.a.await_log("the freeze has ended: the controller was started anew")
        self.assertIn("A FREEZE ENDED BY ITSELF", self.ctl("status"))
        self.assertFalse(self.a.status()["controller"]["frozen"])
        self.assertIn("history has", self.ctl("diff", str(good), expect=4))
        self.assertIn("history does not reach there", self.ctl("rollback", str(good), expect=4))
        self.ctl("thaw")
        self.assertNotIn("A FREEZE ENDED", self.ctl("status"))

    def test_refusals(self):
        """OP-04: usage 2, nobody to ask 3, refused 4"""
        self.ctl("rollback", expect=2)
        self.ctl("rollback", "x", expect=2)
        self.ctl("freeze", "now", expect=2)
        self.assertIn("history does not reach", self.ctl("rollback", "999999", expect=4))
        self.assertFalse(self.a.status()["controller"]["frozen"])
        for words in (["freeze"], ["thaw"], ["rollback", "1"]):
            self.ctl(*words, "-s", "/nonexistent/control.sock", expect=3)


class Explain(Base):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        api = service("api", ip="10.96.40.3")
        api["metadata"]["resourceVersion"] = "88121"
        cold = harness.slice_("cold-1", "cold", ["10.244.9.1", "10.244.9.2"])
        for endpoint in cold["endpoints"]:
            endpoint["conditions"]["ready"] = False
        self.a = stack.enter_context(harness.Appliance(
            object_list(*(json.loads(harness.cluster(3))["items"]), api,
                        service("cold", ip="None"), cold,
                        service("out", type="ExternalName", externalName="www.example.test"),
                        harness.namespace("hidden"), service("x", "hidden", "10.96.50.1")),
            kubernetes='namespaces = [ "default", "shop" ];',
            forward='( { from = "example.test."; to = [ "127.0.0.1:9" ]; } )'))
        self.socket = os.path.join(self.a.directory, "run", self.a.instance, "control.sock")
        await_("the control socket", lambda: os.path.exists(self.socket))

    def explain(self, *words, expect=0):
        return self.json("explain", *words, expect=expect)["steps"][-1]

    def test_search_list(self):
        """OV-03: the walk of a pod's search list, its cost, the object and its version"""
        out = self.json("explain", "api.shop", "--from", "shop/web-1")
        self.assertEqual([s["name"] for s in out["steps"]],
                         ["api.shop.shop.svc.cluster.local.", API])
        self.assertEqual([s["outcome"] for s in out["steps"]], ["NXDOMAIN", "NOERROR"])
        self.assertEqual((out["cost"], out["wasted"]), (2, 1))
        first, last = out["steps"]
        self.assertEqual((first["rule"], first["reason"]),
                         ("RS-07", 'no Service "shop" in namespace "shop"'))
        self.assertEqual(last["records"], ["30 A 10.96.40.3"])
        self.assertEqual((last["rule"], last["object"], last["kind"], last["resourceVersion"]),
                         ("RS-01", "Service shop/api", "ClusterIP", "88121"))
        text = self.ctl("explain", "api.shop", "--from", "shop/web-1")
        self.assertIn("cost: 2 queries (1 wasted)", text)
        self.assertEqual(len(self.json("explain", "api.shop.svc.cluster.local.", "--from",
                                       "shop")["steps"]), 1)
        self.assertEqual([s["name"] for s in self.json("explain", "a.b.c.d.e.f", "--from", "shop",
                                                       expect=1)["steps"]], ["a.b.c.d.e.f."])

    def test_rules(self):
        """OV-03: the rule of what is there, the nearest reason of what is not"""
        db = "db.shop.svc.cluster.local."
        for name, type_, outcome, rule, reason in (
                (API, "AAAA", "NODATA", "RS-03", "it has no IPv6 address"),
                (API, "SRV", "NOERROR", "RS-04", None),
                (API, "TXT", "NODATA", "RS-12", None),
                ("_http._tcp." + API, "SRV", "NOERROR", "RS-05", None),
                ("_nope._tcp." + API, "SRV", "NXDOMAIN", "RS-07",
                 'the Service has no port "_nope._tcp"'),
                ("_tcp." + API, "A", "NODATA", "RS-09", "names of ports are below it"),
                (db, "A", "NOERROR", "RH-01", None),
                (db, "SRV", "NOERROR", "RH-07", None),
                ("10-244-1-7." + db, "A", "NOERROR", "RH-04", None),
                ("nope." + db, "A", "NXDOMAIN", "RH-05", 'the Service has no endpoint "nope"'),
                ("cold.shop.svc.cluster.local.", "A", "NXDOMAIN", "RH-03",
                 "none of the 2 endpoints of the headless Service is ready"),
                ("out.shop.svc.cluster.local.", "A", "NOERROR", "RE-02", None),
                ("x.out.shop.svc.cluster.local.", "A", "NXDOMAIN", "RE-09",
                 "nothing is below the name of an ExternalName"),
                ("api.nope.svc.cluster.local.", "A", "NXDOMAIN", "OB-N1", 'no namespace "nope"'),
                ("x.hidden.svc.cluster.local.", "A", "NXDOMAIN", "OB-N1",
                 'namespace "hidden" is not exposed (kubernetes.namespaces, '
                 'kubernetes.namespace_labels)'),
                ("shop.svc.cluster.local.", "A", "NODATA", "RX-20",
                 "names of Services are below it"),
                ("foo.cluster.local.", "A", "NXDOMAIN", "RX-21",
                 'names of the zone are below svc and pod; there is no "foo"'),
                ("3.40.96.10.in-addr.arpa.", "PTR", "NOERROR", "RV-01", None),
                ("7.1.244.10.in-addr.arpa.", "PTR", "NOERROR", "RV-03", None)):
            with self.subTest(name=name, type=type_):
                step = self.explain(name, type_, expect=0 if outcome == "NOERROR" else 1)
                self.assertEqual((step["outcome"], step["rule"], step.get("reason")),
                                 (outcome, rule, reason))
                if rule == "RE-02":
                    continue  # the target's upstream is not there
                rcode = "NOERROR" if outcome == "NODATA" else outcome
                self.assertEqual(self.a.outcome(name, type_)[0], rcode)
                if outcome == "NODATA":
                    self.assertEqual(self.a.outcome(name, type_)[1], [])

    def test_elsewhere(self):
        """OV-03: names that are not ours: the group, or that nobody is asked"""
        step = self.explain("www.example.test.")
        self.assertEqual((step["outcome"], step["group"], step["cached"]),
                         ("forwarded", "example.test.", "nothing"))

        def kept():  # not by the first question, if the forwarder has just been started
            self.assertEqual(self.a.outcome("www.example.test.", "A")[0], "SERVFAIL")
            return re.match(r"a failure: 127\.0\.0\.1:9 udp .*refused",
                            self.explain("www.example.test.")["cached"])

        harness.await_("a failure is kept", kept)
        self.assertEqual(self.explain("example.org.", expect=1)["outcome"], "REFUSED")

    def test_special(self):
        """OV-03, SM-04, SM-16: special names, as workers answer them"""
        for name, type_, outcome, rule in (
                ("localhost.", "A", "NOERROR", "SM-04"),
                ("x.localhost.", "AAAA", "NOERROR", "SM-04"),
                ("localhost.", "MX", "NODATA", "SM-04"),
                ("1.0.0.127.in-addr.arpa.", "PTR", "NOERROR", "SM-04"),
                ("0.0.127.in-addr.arpa.", "PTR", "NODATA", "SM-04"),
                ("2.0.0.127.in-addr.arpa.", "PTR", "NXDOMAIN", "SM-04"),
                ("www.onion.", "A", "NXDOMAIN", "SM-16"),
                ("resolver.arpa.", "A", "NODATA", "SM-16")):
            with self.subTest(name=name, type=type_):
                step = self.explain(name, type_, expect=0 if outcome == "NOERROR" else 1)
                self.assertEqual((step["outcome"], step["rule"]), (outcome, rule))
                rcode, records = self.a.outcome(name, type_)
                self.assertEqual(rcode, "NXDOMAIN" if outcome == "NXDOMAIN" else "NOERROR")
                self.assertEqual(bool(records), outcome == "NOERROR")

    def test_hosts(self):
        """OV-03, HO-02, HO-04: names of hosts, within our zones and elsewhere"""
        self.a.extra = ('hosts = { inline = [ "10.9.0.1 a.corp.test", "10.9.0.2 *.b.corp.test", '
                        '"10.9.0.3 api.shop.svc.cluster.local *.shop.svc.cluster.local" ]; '
                        'zones = [ "corp.test", "cluster.local" ]; fallthrough = false; };')
        self.a.write_config()
        os.kill(self.a.pid, signal.SIGHUP)
        self.a.await_outcome("a.corp.test.", "A", "NOERROR", ["10.9.0.1"])
        self.assertEqual(self.explain("x.b.corp.test.")["since"]["generation"],
                         self.explain("a.corp.test.")["since"]["generation"])
        star = 'hosts.inline, by its "*"'
        for name, outcome, rule, object_, records in (
                ("a.corp.test.", "NOERROR", "HO-02", "hosts.inline", ["3600 A 10.9.0.1"]),
                ("x.b.corp.test.", "NOERROR", "HO-02", star, ["3600 A 10.9.0.2"]),
                ("x.y.b.corp.test.", "NXDOMAIN", "HO-04", None, []),
                (API, "NOERROR", "HO-02", "hosts.inline", ["3600 A 10.9.0.3"]),
                ("nope.shop.svc.cluster.local.", "NOERROR", "HO-02", star, ["3600 A 10.9.0.3"]),
                ("out.shop.svc.cluster.local.", "NOERROR", "RE-02", "Service shop/out",
                 ["30 CNAME www.example.test."]),
                ("x.nope.shop.svc.cluster.local.", "NXDOMAIN", "RS-07", None, [])):
            with self.subTest(name=name):
                step = self.explain(name, expect=0 if outcome == "NOERROR" else 1)
                self.assertEqual((step["outcome"], step["rule"], step.get("object"),
                                  step.get("records", [])), (outcome, rule, object_, records))
                if rule != "RE-02":
                    self.assertEqual(self.a.outcome(name, "A")[0], outcome)

    def test_hosts_lines(self):
        """OV-03: the lines of a file that give a name its records; not without the controller"""
        path = os.path.join(os.path.dirname(self.a.config), "hosts.txt")
        harness.write_whole(path, "# ours\n10.9.0.1 a.corp.test\n10.9.0.9 other.test\n"
                            "10.9.0.2 a.corp.test *.b.corp.test\n::5 a.corp.test\n")
        self.a.extra = f'hosts = {{ file = "{path}"; inline = [ "10.9.0.3 c.corp.test" ]; }};'
        self.a.write_config()
        os.kill(self.a.pid, signal.SIGHUP)
        self.a.await_outcome("a.corp.test.", "A", "NOERROR", ["10.9.0.1", "10.9.0.2"])
        for name, want in (("a.corp.test.", f"hosts {path}:2,4"),
                           ("x.b.corp.test.", f'hosts {path}:4, by its "*"'),
                           ("c.corp.test.", "hosts.inline"),
                           ("9.0.9.10.in-addr.arpa.", f"hosts {path}:3")):
            type_ = "PTR" if name.endswith(".arpa.") else "A"
            step = self.explain(name, type_)
            self.assertEqual((step["rule"], step["object"]), ("HO-02", want))
        self.assertEqual(self.explain("a.corp.test.", "AAAA")["object"], f"hosts {path}:5")
        pid = self.a.controller_pid
        os.kill(pid, signal.SIGSTOP)
        try:
            out = self.json("explain", "a.corp.test.")
            self.assertEqual((out["controller"], out["steps"][0]["object"]), (False, "hosts"))
        finally:
            os.kill(pid, signal.SIGCONT)

    def test_live(self):
        """OV-03, OV-07, OV-08: what happened to a name, what changed, and back again"""
        good = self.generation()
        self.assertEqual(self.explain(API)["since"]["generation"], good)
        self.a.put("other.json", object_list(service("other", ip="10.96.42.1")))
        self.a.await_outcome("other.shop.svc.cluster.local.", "A", "NOERROR", ["10.96.42.1"])
        self.assertEqual(self.explain(API)["since"]["generation"], good)
        items = json.loads(harness.cluster(3))["items"]
        self.a.put("cluster.json", object_list(*items))  # somebody lost the half of it
        self.a.await_outcome(API, "A", "NXDOMAIN")
        bad = self.generation()
        step = self.explain(API, expect=1)
        self.assertEqual(step["reason"], 'no Service "api" in namespace "shop"')
        self.assertEqual((step["since"]["generation"], step["since"]["or_before"]), (bad, False))
        self.assertIn(f"- {API} 30 A 10.96.40.3", self.ctl("diff", str(bad - 1), expect=1))
        self.ctl("rollback", str(bad - 1))
        self.a.await_outcome(API, "A", "NOERROR", ["10.96.40.3"])
        self.assertIn("PUBLISHING IS FROZEN", self.ctl("explain", API))
        self.a.put("late.json", object_list(service("late", ip="10.96.43.1")))
        await_("an object that is not published", lambda: self.explain(
            "late.shop.svc.cluster.local.", expect=1)["reason"] ==
            "the objects give it, but that is not published")
        self.ctl("thaw")
        self.a.await_outcome("late.shop.svc.cluster.local.", "A", "NOERROR", ["10.96.43.1"])
        self.a.await_outcome(API, "A", "NXDOMAIN")

    def test_nobody_answers(self):
        """OP-06: with the controller stopped: what shared memory knows, and that it is so"""
        pid = self.a.controller_pid
        os.kill(pid, signal.SIGSTOP)
        try:
            out = self.json("explain", API, "--timeout", "1")
            self.assertFalse(out["controller"])
            self.assertEqual(out["steps"][0]["records"], ["30 A 10.96.40.3"])
            self.assertNotIn("object", out["steps"][0])
            self.assertIn("THE CONTROLLER DOES NOT ANSWER",
                          self.ctl("explain", API, "--timeout", "1"))
            self.ctl("freeze", "--timeout", "1", expect=3)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.a.await_log("request dropped")  # its operator was told that it was not done
        self.assertFalse(self.a.status()["controller"]["frozen"])

    def test_usage(self):
        """OP-04: 2 for words that make no sense, 3 without an instance"""
        self.ctl("explain", expect=2)
        self.ctl("explain", API, "NOTYPE", expect=2)
        self.ctl("explain", "a..b", expect=2)
        self.ctl("explain", API, "--from", "", expect=2)
        self.assertEqual(self.a.ctl("explain", API, "-i", "no-such-instance")[0], 3)


if __name__ == "__main__":
    unittest.main()
