"""Certificates for a fake API server: a CA made by openssl at the start of a test."""

import os
import subprocess

NAMES = "subjectAltName=DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1"
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError("openssl " + " ".join(arguments) + ": " + done.stderr)


def write(path, text):
    with open(path, "w") as f:
        f.write(text)
    return path


class Authority:
    """A CA in a directory of its own: ca.crt, and certificates that it signs."""

    def __init__(self, directory, name="test CA"):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        self.cert, self.key = self.path("ca.crt"), self.path("ca.key")
        openssl("req", "-x509", *KEY, "-keyout", self.key, "-out", self.cert,
                "-days", "2", "-subj", f"/CN={name}",
                "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def path(self, name):
        return os.path.join(self.directory, name)

    def issue(self, name, extensions=NAMES, usage="serverAuth", organisation=None):
        """Paths of (certificate, key) for a subject."""
        cert, key, request = (self.path(name + e) for e in (".crt", ".key", ".csr"))
        subject = (f"/O={organisation}" if organisation else "") + f"/CN={name}"
        openssl("req", "-new", *KEY, "-keyout", key, "-out", request, "-subj", subject)
        more = write(self.path(name + ".ext"), f"extendedKeyUsage={usage}\n" + (
            extensions + "\n" if extensions else ""))
        openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key,
                "-CAcreateserial", "-days", "2", "-extfile", more, "-out", cert)
        return cert, key

    def text(self):
        with open(self.cert) as f:
            return f.read()
