# SPDX-License-Identifier: Apache-2.0
"""A real network: two hosts and a router between them, as network namespaces. Packets can be lost in either direction."""

import contextlib
import ctypes
import os
import shutil
import subprocess

import pytest

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def run(*words):
    subprocess.run(list(map(str, words)), check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)


def enter(path):
    with open(path) as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


class Hosts:
    """The client is 10.77.1.1, the server 10.77.2.1; the router has .2 on both sides."""

    server_address = "10.77.2.1"

    def __init__(self):
        self.names = {name: f"hdb{os.getpid()}{name}" for name in ("client", "server", "router")}
        self.made = []

    def make(self):
        for name in self.names.values():
            run("ip", "netns", "add", name)
            self.made.append(name)
            self.ip(name, "link", "set", "lo", "up")
        for number, host in enumerate(("client", "server"), 1):
            ends = [f"hdb{number}{os.getpid()}{end}" for end in "hr"]
            run("ip", "link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
            for end, name, last in ((ends[0], self.names[host], 1), (ends[1], self.names["router"], 2)):
                run("ip", "link", "set", end, "netns", name)
                self.ip(name, "link", "set", end, "name", f"to{number}")
                self.ip(name, "address", "add", f"10.77.{number}.{last}/24", "dev", f"to{number}")
                self.ip(name, "link", "set", f"to{number}", "up")
            self.ip(self.names[host], "route", "add", "default", "via", f"10.77.{number}.2")
        self.pass_on()

    @staticmethod
    def ip(name, *words):
        run("ip", "-n", name, *words)

    def route(self, direction, on):
        """What comes in from the client ("up") or the server ("down") is sent on, or lost without a word."""
        number = {"up": 1, "down": 2}[direction]
        with self.inside("router"), open(f"/proc/sys/net/ipv4/conf/to{number}/forwarding", "w") as setting:
            setting.write(str(int(on)))

    def pass_on(self):
        for direction in ("up", "down"):
            self.route(direction, True)

    def lose(self, *directions):
        for direction in directions or ("up", "down"):
            self.route(direction, False)

    @contextlib.contextmanager
    def inside(self, host):
        """This thread, and the programs it starts, are on that host."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            enter(f"/run/netns/{self.names[host]}")
            yield
        finally:
            libc.setns(before, CLONE_NEWNET)
            os.close(before)

    def remove(self):
        for name in self.made:
            subprocess.run(["ip", "netns", "del", name], check=False, timeout=60)


@contextlib.contextmanager
def hosts():
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("network namespaces need root and the program ip")
    made = Hosts()
    try:
        try:
            made.make()
        except (subprocess.CalledProcessError, OSError) as error:
            pytest.skip(f"no network namespaces here: {error}")
        yield made
    finally:
        made.remove()
