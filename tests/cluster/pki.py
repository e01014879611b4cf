"""Certificates and tokens of a cluster, made by openssl."""

import base64
import json
import os
import subprocess
import time

ISSUER = "https://kubernetes.default.svc"
EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
DAYS = ["-days", "2"]


def openssl(*arguments, stdin=None):
    done = subprocess.run(["openssl", *arguments], input=stdin, capture_output=True)
    assert done.returncode == 0, f"openssl {arguments[0]}: {done.stderr.decode()}"
    return done.stdout


class Pki:
    """A CA, a certificate of the API server, and the key that signs ServiceAccount tokens."""

    def __init__(self, directory):
        self.directory = directory
        self.ca, self.ca_key = self.path("ca.crt"), self.path("ca.key")
        self.cert, self.key = self.path("server.crt"), self.path("server.key")
        self.account_key, self.account_public = self.path("sa.key"), self.path("sa.pub")

    def path(self, name):
        return os.path.join(self.directory, name)

    def make(self):
        openssl("req", "-x509", *EC, *DAYS, "-subj", "/CN=cluster-tests-ca",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                "-keyout", self.ca_key, "-out", self.ca)
        request = self.path("server.csr")
        openssl("req", *EC, "-subj", "/CN=kube-apiserver", "-keyout", self.key, "-out", request)
        with open(self.path("server.ext"), "w") as f:
            f.write("subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1,IP:10.96.0.1\n"
                    "extendedKeyUsage=serverAuth\n")
        openssl("x509", "-req", *DAYS, "-in", request, "-CA", self.ca, "-CAkey", self.ca_key,
                "-CAcreateserial", "-extfile", self.path("server.ext"), "-out", self.cert)
        openssl("genrsa", "-out", self.account_key, "2048")
        openssl("rsa", "-in", self.account_key, "-pubout", "-out", self.account_public)

    def account_token(self, namespace, name, uid, seconds):
        """A token of a ServiceAccount that ends so many seconds from now; before now, too.

        The API gives none that ends within ten minutes: that is why we sign them ourselves.
        """
        now = int(time.time())
        claims = {
            "iss": ISSUER, "aud": [ISSUER], "sub": f"system:serviceaccount:{namespace}:{name}",
            "iat": now - 7200, "nbf": now - 7200, "exp": now + seconds,
            "kubernetes.io": {"namespace": namespace,
                              "serviceaccount": {"name": name, "uid": uid}},
        }
        text = b".".join(encode(json.dumps(part).encode())
                         for part in ({"alg": "RS256", "typ": "JWT"}, claims))
        signature = openssl("dgst", "-sha256", "-sign", self.account_key, stdin=text)
        return (text + b"." + encode(signature)).decode()


def encode(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=")
