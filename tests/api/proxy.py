"""An HTTP proxy that knows CONNECT and nothing else."""

import contextlib
import select
import socket
import threading


class Proxy:
    def __init__(self):
        self.asked = []  # where to
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept_all, daemon=True).start()

    def accept_all(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                more = client.recv(4096)
                if not more:
                    return
                head += more
            verb, where, _ = head.split(b"\r\n")[0].decode().split(" ")
            self.asked.append(where)
            if verb != "CONNECT":
                client.sendall(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n")
                return
            host, _, port = where.rpartition(":")
            with socket.create_connection((host, int(port))) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self.pump(client, server)

    @staticmethod
    def pump(client, server):
        while True:
            ready, _, _ = select.select([client, server], [], [])
            for s in ready:
                octets = s.recv(65536)
                if not octets:
                    return
                (server if s is client else client).sendall(octets)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
