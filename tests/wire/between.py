# SPDX-License-Identifier: Apache-2.0
"""Programs that stand between the library and a server: one that ends TLS, one whose network fails on demand."""

import contextlib
import socket
import ssl
import struct
import threading
import time

SSL_REQUEST = struct.pack("!ii", 8, 80877103)


class Listener:
    """Takes connections on a loopback port and has each served by a thread."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                self.open.append(client)
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        for each in list(self.open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class InBetween(Listener):
    """Shows a certificate of its own to the client and is a client of the server: it reads what both say."""

    def __init__(self, port, certificate, key, hides_binding):
        self.server_port = port
        self.hides_binding = hides_binding
        self.relayed = 0
        self.shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.shown.load_cert_chain(certificate, key)
        super().__init__()

    def serve(self, client):
        with contextlib.suppress(OSError):
            if client.recv(8) != SSL_REQUEST:
                return client.close()
            client.sendall(b"S")
            ours = self.shown.wrap_socket(client, server_side=True)
            theirs = socket.create_connection(("127.0.0.1", self.server_port))
            theirs.sendall(SSL_REQUEST)
            assert theirs.recv(1) == b"S"
            believing = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            believing.check_hostname, believing.verify_mode = False, ssl.CERT_NONE
            theirs = believing.wrap_socket(theirs)
            self.open += [ours, theirs]
            threading.Thread(target=self.relay, args=(ours, theirs), daemon=True).start()
            self.relay(theirs, ours)

    def relay(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self.hides_binding and b"SCRAM-SHA-256-PLUS\0" in data:
                    # The message of length 42 offers both; the shorter one only what is not bound.
                    data = b"R" + struct.pack("!ii", 23, 10) + b"SCRAM-SHA-256\0\0"
                target.sendall(data)
                self.relayed += len(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class Wire:
    """One connection through the proxy; "up" goes to the server, "down" comes from it."""

    def __init__(self, client, server):
        self.ends = {"up": (client, server), "down": (server, client)}
        self.may_pass = {"up": threading.Event(), "down": threading.Event()}
        for event in self.may_pass.values():
            event.set()
        self.left = {}  # pieces that may still pass
        self.passed = {"up": 0, "down": 0}
        self.holds = threading.Event()

    def wait(self, direction):
        if self.left.get(direction) == 0:
            self.may_pass[direction].clear()
        if direction in self.left:
            self.left[direction] -= 1
        if not self.may_pass[direction].is_set():
            self.holds.set()
        self.may_pass[direction].wait()
        self.passed[direction] += 1

    def stall_after(self, direction, pieces):
        self.left[direction] = pieces

    def stall(self, *directions):
        for direction in directions or ("up", "down"):
            self.may_pass[direction].clear()

    def release(self):
        self.left.clear()
        for event in self.may_pass.values():
            event.set()

    def half_close(self, direction):
        self.ends[direction][1].shutdown(socket.SHUT_WR)

    def lose_client(self):
        """The client sees the end; what it has sent is still under way."""
        with contextlib.suppress(OSError):
            self.ends["up"][0].shutdown(socket.SHUT_RDWR)

    def cut(self):
        for each in self.ends["up"]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self.release()


class Network(Listener):
    """Forwards to a server; each connection, or all that are to come, can be made to fail."""

    def __init__(self, port):
        self.server_port = port
        self.wires = []
        self.delay, self.piece = 0, 65536
        self.stalls_new = False
        super().__init__()

    @property
    def last(self):
        return self.wires[-1]

    def serve(self, client):
        server = socket.create_connection(("127.0.0.1", self.server_port))
        self.open.append(server)
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = Wire(client, server)
        if self.stalls_new:
            wire.stall()
        self.wires.append(wire)
        threading.Thread(target=self.forward, args=(wire, "up"), daemon=True).start()
        self.forward(wire, "down")

    def forward(self, wire, direction):
        source, target = wire.ends[direction]
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                time.sleep(self.delay)
                for at in range(0, len(data), self.piece):
                    wire.wait(direction)
                    target.sendall(data[at : at + self.piece])
                    if self.piece == 1:
                        time.sleep(0.0001)
        wire.may_pass[direction].wait()
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
