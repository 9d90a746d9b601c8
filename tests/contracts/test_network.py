"""What a job can reach over sockets: itself."""

import socket
import threading

import pytest

from agent.ports import Sandbox
from tests.contracts.support import Run, answer


def test_there_is_no_network(attack: Run) -> None:
    heard: list[socket.socket] = []

    def listen(server: socket.socket) -> None:
        try:
            heard.append(server.accept()[0])
        except OSError:
            return

    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        port = server.getsockname()[1]
        thread = threading.Thread(target=listen, args=(server,))
        thread.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as route:
            route.connect(("192.0.2.1", 9))  # sends nothing: tells which address of the host goes out
            own = route.getsockname()[0]
        outcome = attack(f"""
            import socket
            hosts = ["127.0.0.1", "{own}", "172.17.0.1", "1.1.1.1", "::1", "::ffff:{own}", "2001:db8::1"]
            found = {{host: tried(socket.create_connection, (host, {port}), 1) for host in hosts}}
            datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            found["name"] = tried(socket.getaddrinfo, "example.org", 80)
            found["host.docker.internal"] = tried(socket.getaddrinfo, "host.docker.internal", 80)
            found["datagram"] = tried(datagram.sendto, b"x", ("{own}", {port}))
            found["raw"] = tried(socket.socket, socket.AF_INET, socket.SOCK_RAW, 1)
            found["raw IPv6"] = tried(socket.socket, socket.AF_INET6, socket.SOCK_RAW, 58)
            found["interfaces"] = [name for _, name in socket.if_nameindex()]
            answer(found)
        """)
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
    found = answer(outcome)
    assert set(found.pop("interfaces")) <= {"lo", "tunl0", "sit0", "ip6tnl0"}  # what a kernel adds by itself
    assert "done" not in found.values()
    assert heard == []


def test_a_job_has_a_loopback_of_its_own(run: Run) -> None:
    outcome = run("""
        import socket
        server = socket.create_server(("127.0.0.1", 0))
        answer(tried(socket.create_connection, server.getsockname(), 1))
    """)
    assert answer(outcome) in ("done", "OSError")  # where its interface is down it reaches not even itself


def test_sockets_of_other_kinds_cannot_be_made(run: Run) -> None:
    outcome = run("""
        import socket
        kinds = {"packet": (17, 3, 3), "vsock": (40, 1, 0), "alg": (38, 5, 0), "bluetooth": (31, 3, 1),
                 "can": (29, 3, 1), "xdp": (44, 3, 0), "key": (15, 3, 2), "tipc": (30, 1, 0),
                 "kernel events": (16, 3, 15)}
        answer([name for name, kind in kinds.items() if tried(socket.socket, *kind) == "done"])
    """)
    assert answer(outcome) == []


def test_unix_sockets_of_the_host_cannot_be_reached(attack: Run, sandbox: Sandbox) -> None:
    name = f"shoal-test-{id(sandbox)}"
    with socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0{name}")
        abstract.listen()
        abstract.setblocking(False)
        outcome = attack(f"""
            import socket
            names = ["\\0{name}", "/var/run/docker.sock", "/run/docker.sock", "/run/systemd/private",
                     "/run/containerd/containerd.sock", "/run/dbus/system_bus_socket", "/tmp/.X11-unix/X0"]
            found = [tried(socket.socket(socket.AF_UNIX).connect, name) for name in names]
            there = [path for start in ("/dev", "/etc", "/home", "/job", "/root", "/run", "/tmp", "/var")
                     for top, _, files in os.walk(start)
                     for path in (os.path.join(top, file) for file in files) if path.endswith(".sock")]
            answer([found, there, open("/proc/net/unix").read().count("\\n")])
        """)
        with pytest.raises(BlockingIOError):
            abstract.accept()
    found, there, lines = answer(outcome)
    assert "done" not in found
    assert there == []
    assert lines <= 1 + 1  # a heading, and a socket of the job that just closes
