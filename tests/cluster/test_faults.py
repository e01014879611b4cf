"""The API server, etcd and our rights fail, and come back (WP-04, WP-06, WP-35, WP-36, WP-40,
WP-51, WP-54, WP-57, WP-60, WP-61, WP-85, WP-90, RU-05).

While something is wrong nothing is lost: the answers stay what they were. Afterwards they are
those of a fresh list. Time-outs are divided, those of the first test excepted.
"""

import os
import signal
import unittest

import dns.exception

import harness
from control_plane import DNS_USER
from fixture import ClusterTest, Dns, with_and_without_watch_list
from harness import await_
from kube_api import Api, ApiError, parallel

FASTER = 15
WATCH_S = 601 // FASTER + harness.PATIENCE_S
LEEWAY_S = -45  # expired so long ago, a token is good for another 15 s


class FaultTest(ClusterTest):
    needs_api = True
    keys = f"test_speedup = {FASTER};"

    def setUp(self):
        super().setUp()
        self.number = 0
        self.addCleanup(self.mend)
        self.web = self.service("web")["spec"]["clusterIP"]
        self.headless("db")
        self.slice("db-1", "db", ["192.0.2.1", "192.0.2.2"])
        self.await_served()

    def mend(self):
        """Whatever a test has broken is whole again for the next one."""
        plane = self.plane
        for name in ("etcd", "kube-apiserver"):
            if not plane[name].alive():
                plane[name].start()
            plane[name].resume()
        plane.await_ready()
        plane.bind(DNS_USER)

    def await_served(self):
        self.dns.await_outcome(self.name("web"), "A", "NOERROR", [self.web])
        self.dns.await_outcome(self.name("db"), "A", "NOERROR", ["192.0.2.1", "192.0.2.2"])

    def still_served(self):
        """RU-05: at once, without waiting for anything."""
        self.assertEqual(self.dns.outcome(self.name("web"), "A"), ("NOERROR", [self.web]))
        self.assertEqual(self.dns.outcome(self.name("db"), "A"),
                         ("NOERROR", ["192.0.2.1", "192.0.2.2"]))
        self.assertEqual(self.dns.outcome(self.name("none"), "A"), ("NXDOMAIN", []))

    def await_news(self):
        """A Service that is made now is answered."""
        self.number += 1
        name = f"news-{self.number}"
        ip = self.service(name)["spec"]["clusterIP"]
        self.dns.await_outcome(self.name(name), "A", "NOERROR", [ip])

    def await_failure(self, what, *path, than=0, patience_s=harness.PATIENCE_S):
        """Until a counter of failures has risen above what it was."""
        await_(what, lambda: self.dns.total(*path) > than, patience_s)


@with_and_without_watch_list
class Faults(FaultTest):
    def test_kill(self):
        """WP-40, WP-51: kill -9 of the API server, and its return (at real time-outs)"""
        self.dns = self.enter(Dns(self.plane))
        self.await_served()
        self.plane.kill_api()
        self.await_failure("the watches have ended", "restarts", "transport")
        self.still_served()
        self.plane.restart_api()
        self.still_served()
        self.await_news()
        self.quiet("after the kill", fresh=True)

    def test_kill_again_and_again(self):
        """WP-51, RF-01: killed while it comes back"""
        for _ in range(3):
            self.plane.kill_api()
            self.plane["kube-apiserver"].start()
        self.still_served()
        self.plane.await_ready()
        self.await_news()
        self.quiet("after the kills", fresh=True)

    def test_end_gracefully(self):
        """WP-40: SIGTERM of the API server, which ends its watches"""
        self.plane.restart_api(gracefully=True)
        self.still_served()
        self.await_news()
        self.quiet("after the restart")

    def test_stop(self):
        """WP-60: the API server is stopped, longer than a watch may be silent

        Without WatchList a bookmark comes once a minute, and 2 s before the server ends a
        watch: all that is promised is one in each watch. If it was the last thing on its
        connection, the next one is given up only when its own time is over.
        """
        await_("bookmarks", lambda: self.dns.total("bookmarks") > 0, WATCH_S)
        before = self.dns.total("restarts", "stall")
        self.plane.pause_api()
        self.await_failure("a stall is seen", "restarts", "stall", than=before,
                           patience_s=WATCH_S)
        self.still_served()
        self.plane.resume_api()
        self.await_news()
        self.quiet("after the stop", fresh=True)

    def test_kill_etcd(self):
        """WP-85: kill -9 of etcd; the API server stays and answers errors meanwhile"""
        self.plane["etcd"].kill()
        self.still_served()
        self.plane["etcd"].start()
        self.plane.await_ready()
        self.await_news()
        self.quiet("after the kill of etcd", fresh=True)

    def test_compact(self):
        """WP-36, WP-57: much changes while we may not look, then etcd forgets how"""
        self.plane.unbind(DNS_USER)
        self.plane.restart_api()
        self.await_denied()
        gone = self.service("gone")["spec"]["clusterIP"]
        self.api.delete("Service", "web", self.namespace)
        self.api.delete("EndpointSlice", "db-1", self.namespace)
        self.slice("db-2", "db", ["192.0.2.2", "192.0.2.3"])
        self.api.delete("Service", "gone", self.namespace)
        reused = self.service("reused", clusterIP=gone)["spec"]["clusterIP"]
        self.assertEqual(reused, gone)
        self.plane.compact()
        self.still_served()
        before = self.dns.total("relists", "expired")
        self.plane.bind(DNS_USER)
        self.dns.await_outcome(self.name("reused"), "A", "NOERROR", [gone])
        self.dns.await_outcome(self.name("web"), "A", "NXDOMAIN")
        self.assertGreater(self.dns.total("relists", "expired"), before)
        self.await_news()
        self.quiet("after the compaction", fresh=True)

    def await_denied(self):
        """WP-54, at the latest when the watches end by themselves (WP-30)"""
        await_("all is denied", lambda: all(
            r["state"] == "denied" for r in self.dns.status()["resources"]), WATCH_S, 0.1)
        self.still_served()

    def test_rights(self):
        """WP-06, WP-54: rights are taken away under open watches, and given back"""
        self.plane.unbind(DNS_USER)
        self.await_denied()
        self.plane.bind(DNS_USER)
        self.await_news()
        self.quiet("the rights are back")
        await_("all is taken", lambda: all(
            r["state"] == "taken" for r in self.dns.status()["resources"]), WATCH_S, 0.1)

    def test_rights_to_one(self):
        """WP-54: one resource is denied, the others go on"""
        role = self.api.get("ClusterRole", self.plane.role)
        self.addCleanup(lambda: self.api.patch(
            "ClusterRole", self.plane.role, None, {"rules": role["rules"]}))
        self.api.patch("ClusterRole", self.plane.role, None, {"rules": [
            rule for rule in role["rules"] if "endpointslices" not in rule["resources"]]})
        self.plane.restart_api()
        await_("slices are denied",
               lambda: self.dns.resource("endpointslices")["state"] == "denied")
        self.still_served()
        self.await_news()
        self.slice("db-2", "db", ["192.0.2.3"])
        self.api.patch("ClusterRole", self.plane.role, None, {"rules": role["rules"]})
        self.dns.await_outcome(self.name("db"), "A", "NOERROR",
                               ["192.0.2.1", "192.0.2.2", "192.0.2.3"])
        self.quiet("slices are back", fresh=True)

    def test_other_gate(self):
        """WP-46, WP-47: a server with the other WatchList takes the place of this one"""
        self.addCleanup(self.plane.set_watch_list, self.watch_list)
        self.plane.set_watch_list(not self.watch_list)
        self.still_served()
        self.await_news()
        self.quiet("with the other gate", fresh=True)


class Histories(FaultTest):
    """The data of etcd are replaced: resourceVersions go back (AF-01)."""

    extra = 'publish: { hold = "3s"; };\n'

    def test_restored(self):
        """WP-61: etcd goes back to what it was; what came since then goes"""
        self.plane.save_etcd()
        parallel(lambda i: self.service(f"later-{i}"), range(30))
        self.api.delete("Service", "web", self.namespace)
        self.dns.await_outcome(self.name("web"), "A", "NXDOMAIN")
        self.dns.await_outcome(self.name("later-29"), "A", "NOERROR", [
            self.api.get("Service", "later-29", self.namespace)["spec"]["clusterIP"]])
        self.plane.restore_etcd()
        self.await_failure("it is noticed", "regressions")
        self.dns.await_outcome(self.name("later-29"), "A", "NXDOMAIN")
        self.await_served()
        self.await_news()
        self.quiet("with the former data", fresh=True)

    def test_emptied(self):
        """WP-61, WP-90: an empty cluster takes the place; so many names are held for a while"""
        parallel(lambda i: self.service(f"s{i}"), range(150))
        last = self.api.get("Service", "s149", self.namespace)["spec"]["clusterIP"]
        self.dns.await_outcome(self.name("s149"), "A", "NOERROR", [last])
        self.plane.empty_etcd()
        self.dns.await_log("held|hold")
        self.dns.await_outcome(self.name("s149"), "A", "NXDOMAIN")
        self.make_namespace(self.namespace)
        self.await_news()
        self.quiet("an empty cluster", fresh=True)


class Credentials(FaultTest):
    """A ServiceAccount's token in a file, as in a pod."""

    ACCOUNT = "under-test"

    def setUp(self):
        super().setUp()
        self.file = os.path.join(self.plane.directory, "token")
        self.uid = self.plane.account(self.ACCOUNT)
        self.addCleanup(self.api.delete, "ServiceAccount", self.ACCOUNT, "kube-system")
        self.addCleanup(self.api.delete, "ClusterRoleBinding", self.ACCOUNT)
        self.put_token(3600)
        config = self.plane.kubeconfig(self.ACCOUNT, tokenFile=self.file)
        self.dns = self.enter(Dns(self.plane, config, self.keys))
        self.await_served()

    def put_token(self, seconds):
        harness.write_whole(self.file, self.plane.pki.account_token(
            "kube-system", self.ACCOUNT, self.uid, seconds))

    def is_refused(self):
        with open(self.file) as f:
            api = Api(*self.api.address, self.plane.pki.ca, f.read())
        try:
            api.list("Namespace")
        except ApiError as e:
            return e.code == 401
        finally:
            api.close()
        return False

    def unauthorized(self):
        return sum(verb.get("401", 0) for r in self.dns.status()["resources"]
                   for verb in r["requests"].values())

    def await_refused(self):
        await_("401", lambda: self.unauthorized() > 0)
        self.still_served()

    def test_expired(self):
        """WP-03, WP-04, WP-05, AF-09: a token expires; then the file has a good one"""
        self.put_token(LEEWAY_S)
        config = self.plane.kubeconfig(self.ACCOUNT, tokenFile=self.file)
        self.dns = self.enter(Dns(self.plane, config, self.keys))
        self.await_served()
        await_("the token is refused", self.is_refused, every_s=1)
        self.still_served()
        self.plane.restart_api()
        self.await_refused()
        self.put_token(3600)
        self.await_news()
        self.quiet("a good token", fresh=True)

    def test_revoked(self):
        """WP-04, WP-06: the account is deleted, and made again with another uid"""
        self.api.delete("ServiceAccount", self.ACCOUNT, "kube-system")
        self.plane.restart_api()
        self.await_refused()
        self.uid = self.plane.account(self.ACCOUNT)
        self.put_token(3600)
        self.await_news()
        self.quiet("another account", fresh=True)

    def test_renewed(self):
        """WP-03: tokens follow each other while all goes well"""
        for _ in range(3):
            self.put_token(3600)
            self.await_news()
        self.assertEqual(self.unauthorized(), 0)


class Starts(FaultTest):
    def test_before_the_server(self):
        """RU-03, RU-08: we are there before the API server is"""
        self.plane.kill_api()
        early = Dns(self.plane, keys=self.keys + ' startup_timeout = "0s";')
        self.addCleanup(early.__exit__, None, None, None)
        early.spawn()
        await_("an answer", lambda: self.is_incomplete(early))
        self.plane.restart_api()
        early.await_ready()
        early.await_outcome(self.name("web"), "A", "NOERROR", [self.web])
        self.still_served()
        self.quiet("two of us", fresh=True)

    def is_incomplete(self, server):
        try:
            return server.outcome(self.name("web"), "A") == ("SERVFAIL", [])
        except (OSError, dns.exception.Timeout):
            return False

    def test_controller(self):
        """WP-28: kill -9 of the controller; the next one takes all anew, nothing flickers"""
        before = self.dns.dump()
        pid = self.dns.controller_pid
        os.kill(pid, signal.SIGKILL)
        self.still_served()
        await_("another controller", lambda: self.dns.controller_pid not in (None, pid))
        await_("all is taken", lambda: {r["state"] for r in self.dns.status()["resources"]}
               == {"taken"})
        self.assertEqual(self.dns.dump(), before)
        self.await_news()
        self.quiet("another controller")

    def test_ways_of_listing(self):
        """WP-22, WP-28, WP-45: WatchList or not, from the cache or fresh, in pages"""
        parallel(lambda i: self.service(f"s{i}"), range(600))  # more than a page
        self.quiet("many")
        records = self.dns.dump()
        for watch_list in ("true", "false"):
            for first in ("cached", "fresh"):
                keys = f'watch_list = {watch_list}; first_list = "{first}";'
                with Dns(self.plane, keys=keys) as other:
                    self.assertEqual(other.dump(), records, keys)

    def test_audit(self):
        """WP-62: audits find nothing to mend"""
        with Dns(self.plane, keys='audit = "20s"; test_speedup = 20;') as audited:
            await_("audits", lambda: audited.total("relists", "audit") >= 6)
            self.assertEqual(audited.total("audit_differences"), 0)
            self.assertEqual(audited.dump(), self.dns.dump())


if __name__ == "__main__":
    unittest.main()
