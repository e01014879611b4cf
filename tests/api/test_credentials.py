"""Who we are and whom we trust (WP-02 to WP-09, WP-53, WP-73, AF-05)."""

import base64
import os
import shutil
import subprocess
import tempfile
import unittest

import certs
import faults
import proxy
from fakeapi import FakeAPI
from lab import GONE, NEW, ApiTest, appliance_only, harness

SERVICES = "services"


class Tokens(ApiTest):
    def test_rotated(self):
        """WP-03: the token behind the links changes; the next requests carry it"""
        with self.lab() as lab:
            lab.tokens.add("token-2")
            lab.fake.tokens.add("token-2")
            lab.files.project("token-2", lab.files.ca)
            lab.await_("a request with the new token", lambda: any(
                r.headers.get("authorization") == "Bearer token-2"
                for r in lab.fake.seen()))
            lab.fake.tokens.discard("token-1")
            lab.change_and_settle()

    def test_401_new_token(self):
        """WP-04: 401: the token is read again and tried at once; no list"""
        with self.lab() as lab:
            rv = lab.learn()
            lab.tokens.add("token-2")
            lab.files.project("token-2", lab.files.ca)
            lab.fake.tokens = {"token-2"}
            mark = lab.fake.mark()
            lab.fake.listeners[0].kill_connections()
            lab.await_resumed(SERVICES, mark, rv)
            lab.change_and_settle()
            refused = [r for r in lab.fake.seen(SERVICES, None, mark) if r.status == 401]
            self.assertLessEqual(len(refused), 2, refused)

    def test_401_for_long(self):
        """WP-53, AF-09: 401 for long: answers stay, no flood, and the watch goes on after"""
        with self.lab() as lab:
            lab.learn()
            lab.fake.tokens = {"token-2"}
            mark = lab.fake.mark()
            lab.fake.watches(SERVICES)[0].do("reset")
            lab.fake.await_request(SERVICES, "watch", mark, count=4)
            lab.polled()
            lab.tokens.add("token-2")
            lab.files.project("token-2", lab.files.ca)
            lab.await_("a watch", lambda: [r for r in lab.fake.seen(SERVICES, "watch", mark)
                                           if r.status == 200])
            lab.no_list(SERVICES, mark)
            lab.change_and_settle()

    def test_file_empty(self):
        """WP-03: an empty token file, then none: the last token is kept"""
        with self.lab() as lab:
            rv = lab.learn()
            lab.files.project("", lab.files.ca)
            for step in (0, 1):
                mark = lab.fake.mark()
                lab.fake.listeners[0].kill_connections()
                lab.await_resumed(SERVICES, mark, rv)
                if step == 0:
                    os.unlink(lab.files.path("token"))
            lab.change_and_settle()

    def test_open_watch(self):
        """WP-06, AF-09: an open watch outlives its token"""
        with self.lab() as lab:
            mark = lab.fake.mark()
            lab.fake.tokens = {"token-2"}
            lab.fake.apply(NEW)
            lab.await_new()
            self.assertEqual(lab.fake.seen(SERVICES, "watch list", mark), [])
            lab.fake.tokens = {"token-1"}


class Trust(ApiTest):
    def test_ca_rotated(self):
        """WP-07, AF-05: another CA in the same file, and a server that it signed"""
        with self.lab() as lab:
            rv = lab.learn()
            other = certs.Authority(os.path.join(lab.directory, "ca2"), "another CA")
            lab.files.project("token-1", other.text())
            lab.fake.use_authority(other)
            mark = lab.fake.mark()
            lab.fake.listeners[0].kill_connections()
            lab.await_resumed(SERVICES, mark, rv)
            lab.change_and_settle()

    def test_ca_late(self):
        """WP-07: the server has its new certificate before the file has the CA"""
        with self.lab() as lab:
            rv = lab.learn()
            other = certs.Authority(os.path.join(lab.directory, "ca2"), "another CA")
            lab.fake.use_authority(other)
            mark, listener = lab.fake.mark(), lab.fake.listeners[0]
            listener.kill_connections()
            accepted = listener.accepted
            lab.await_("attempts", lambda: listener.accepted >= accepted + 3)
            self.assertEqual(lab.fake.seen(since=mark), [])
            lab.polled()
            lab.files.project("token-1", other.text())
            lab.await_resumed(SERVICES, mark, rv)
            lab.change_and_settle()

    def no_request(self, make):
        """A server that is not ours gets no request, hence no token."""
        directory = tempfile.mkdtemp(prefix="shmdns-api-")
        self.addCleanup(shutil.rmtree, directory)
        impostor = FakeAPI(directory, speed=60)
        self.addCleanup(impostor.close)
        make(impostor)
        with self.lab(server=impostor.url, wait=False) as lab:
            if lab.is_reference:
                lab.subject.client.urls[:] = [impostor.url]
            listener = impostor.listeners[0]
            lab.await_("attempts", lambda: listener.accepted >= 3)
            self.assertEqual(impostor.seen(), [])

    def test_impostor(self):
        """WP-08: a server whose certificate another CA signed"""
        self.no_request(lambda impostor: None)

    @appliance_only
    def test_system_authorities(self):
        """WP-08: with a CA of its own, those of the system are not trusted beside it"""
        harness.need_root()
        harness.need_namespace()
        directory = tempfile.mkdtemp(prefix="shmdns-api-")
        self.addCleanup(shutil.rmtree, directory)
        impostor = FakeAPI(directory, speed=60)
        self.addCleanup(impostor.close)
        system = os.path.join(directory, "system")
        os.mkdir(system)
        for name in ("ca-certificates.crt", "impostor.pem"):
            shutil.copy(impostor.authority.cert, os.path.join(system, name))
        certs.openssl("rehash", system)
        wrap = ["unshare", "-m", "sh", "-c", f"mount --bind {system} /etc/ssl/certs && "
                'exec "$@"', "sh"]
        # It is so: a client without a CA of its own does trust it.
        trusts = subprocess.run([*wrap, "curl", "-sS", impostor.url + "/readyz"],
                                capture_output=True, text=True)
        if trusts.returncode != 0:
            raise unittest.SkipTest("CAs of the system: " + trusts.stderr.strip())
        mark = impostor.mark()
        with self.lab(server=impostor.url, wait=False, wrap=wrap) as lab:
            lab.await_("attempts", lambda: impostor.listeners[0].accepted >= 5)
            self.assertEqual(impostor.seen(since=mark), [])
            lab.poller.names = []

    @appliance_only
    def test_other_name(self):
        """WP-08: our CA signed it, for another name; tls-server-name makes it right"""
        def before(lab):
            lab.fake.certificate = lab.fake.authority.issue(
                "other", "subjectAltName=DNS:other.example")
            lab.fake.context = lab.fake.make_context()
            lab.fake.listeners[0].context = lab.fake.context

        with self.lab(before=before, wait=False) as lab:
            listener = lab.fake.listeners[0]
            lab.await_("attempts", lambda: listener.accepted >= 3)
            self.assertEqual(lab.fake.seen(), [])
        with self.lab(before=before, cluster="certificate-authority: volume/ca.crt\n"
                      "    tls-server-name: other.example") as lab:
            self.assertEqual({r.headers["host"] for r in lab.fake.seen()},
                             {lab.fake.listeners[0].address})
            lab.settle()

    def test_no_ca_file(self):
        """WP-02, WP-07: the CA's file goes away: what was read stays, or nothing is trusted"""
        with self.lab() as lab:
            os.unlink(lab.files.path("ca.crt"))
            lab.fake.listeners[0].kill_connections()
            lab.polled()
            os.symlink("..data/ca.crt", lab.files.path("ca.crt"))
            lab.change_and_settle()


@appliance_only
class Kubeconfig(ApiTest):
    """WP-08, WP-09: ways to say it."""

    @staticmethod
    def data(path):
        with open(path, "rb") as f:
            return base64.b64encode(f.read()).decode()

    @appliance_only
    def test_data(self):
        """WP-08: certificate-authority-data and a token in the file"""
        def before(lab):
            lab.cluster = f"certificate-authority-data: {self.data(lab.fake.authority.cert)}"

        with self.lab(before=before, user="token: token-1") as lab:
            lab.change_and_settle()

    @appliance_only
    def test_client_certificate(self):
        """WP-09: a client certificate by file"""
        def before(lab):
            lab.fake.authority.issue("dns", None, "clientAuth")
            lab.fake.names, lab.fake.tokens = {"dns"}, set()
            lab.tokens = {""}

        with self.lab(before=before, user="client-certificate: ca/dns.crt\n"
                      "    client-key: ca/dns.key", allow=["WP-73"]) as lab:
            self.assertNotIn("authorization", lab.fake.seen()[0].headers)
            lab.change_and_settle()

    @appliance_only
    def test_password(self):
        """WP-09: a name and a password"""
        def before(lab):
            lab.fake.tokens = None

        with self.lab(before=before, user="username: dns\n    password: pass",
                      allow=["WP-73"]) as lab:
            basic = "Basic " + base64.b64encode(b"dns:pass").decode()
            self.assertEqual({r.headers["authorization"] for r in lab.fake.seen()}, {basic})

    @appliance_only
    def test_impersonation(self):
        """WP-09: as somebody else"""
        with self.lab(user="token: token-1\n    as: system:dns\n    as-groups: [a, b]") as lab:
            for r in lab.fake.seen():
                self.assertEqual(r.headers["impersonate-user"], "system:dns")
                self.assertIn("impersonate-group", r.headers)
            lab.change_and_settle()

    @appliance_only
    def test_prefix(self):
        """WP-08: a path in `server` stands before all others"""
        def before(lab):
            lab.fake.prefix = "/k8s/clusters/c-1"
            lab.server = lab.fake.url + lab.fake.prefix + "/"

        with self.lab(before=before) as lab:
            self.assertTrue(all(r.target.startswith(lab.fake.prefix + "/ap")
                                for r in lab.fake.seen()))
            lab.change_and_settle()

    @appliance_only
    def test_name(self):
        """WP-12, WP-13: a server by name"""
        def before(lab):
            lab.server = f"https://localhost:{lab.fake.listeners[0].port}"

        with self.lab(before=before) as lab:
            lab.change_and_settle()

    @appliance_only
    def test_ipv6(self):
        """WP-01, WP-08: a server at an IPv6 address"""
        if not harness.has_ipv6():
            raise unittest.SkipTest("no IPv6 here")
        with self.lab(host="::1") as lab:
            lab.change_and_settle()

    @appliance_only
    def test_proxy(self):
        """WP-08: proxy-url: through an HTTP proxy, TLS from end to end"""
        way = proxy.Proxy()
        self.addCleanup(way.close)
        with self.lab(cluster="certificate-authority: volume/ca.crt\n"
                      f"    proxy-url: http://127.0.0.1:{way.port}") as lab:
            self.assertEqual(set(way.asked), {lab.fake.listeners[0].address})
            lab.change_and_settle()

    @appliance_only
    def test_exec(self):
        """WP-10: a program logs in; it is run again after 401"""
        def before(lab):
            path = os.path.join(lab.directory, "login")
            with open(path, "w") as f:
                f.write("#!/bin/sh\nprintf '%s' '{\"kind\": \"ExecCredential\", "
                        "\"apiVersion\": \"client.authentication.k8s.io/v1\", "
                        "\"status\": {\"token\": \"'$(cat " + lab.files.path("token")
                        + ")'\"}}'\n")
            os.chmod(path, 0o755)

        with self.lab(before=before, more="exec = true;", user="exec:\n"
                      "      apiVersion: client.authentication.k8s.io/v1\n"
                      "      interactiveMode: Never\n      command: ./login") as lab:
            lab.tokens.add("token-2")
            lab.files.project("token-2", lab.files.ca)
            lab.fake.tokens = {"token-2"}
            lab.fake.listeners[0].kill_connections()
            lab.change_and_settle()

    @appliance_only
    def test_insecure(self):
        """WP-08: insecure-skip-tls-verify trusts anybody, because it was told to"""
        with self.lab(cluster="insecure-skip-tls-verify: true") as lab:
            lab.change_and_settle()

    @appliance_only
    def test_proxy_of_environment(self):
        """WP-12: proxies of the environment are ignored"""
        names = ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")
        for name in names:
            os.environ[name] = "http://127.0.0.1:1"
        try:
            with self.lab() as lab:
                lab.change_and_settle()
        finally:
            for name in names:
                del os.environ[name]


class Redirects(ApiTest):
    def test_elsewhere(self):
        """WP-73: a redirect is not followed, and its target gets no token"""
        directory = tempfile.mkdtemp(prefix="shmdns-api-")
        self.addCleanup(shutil.rmtree, directory)
        elsewhere = FakeAPI(directory, speed=60)
        self.addCleanup(elsewhere.close)
        with self.lab() as lab:
            moved = faults.status(302, "", {"Location": elsewhere.url + "/"}, plain="")
            script = lab.fake.script(moved, None, None, times=12)
            lab.fake.listeners[0].kill_connections()
            lab.await_("redirects", lambda: script.hits >= 6)
            script.stop()
            lab.gone_may_go()
            lab.fake.delete(GONE)
            lab.settle()
            self.assertEqual(elsewhere.listeners[0].accepted, 0)


if __name__ == "__main__":
    harness.need("openssl")
    unittest.main()
