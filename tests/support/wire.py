"""A line to a server of this machine that counts what is sent, and breaks or stops where a test wants it."""

import socket
import threading
from contextlib import suppress

BLOCK = 1 << 16


class Wire:
    """Attributes:
    sent: bytes that clients have sent since `count_again`.
    cuts: numbers of bytes: connections break after each of them has been sent.
    stop_after: bytes after which nothing goes on; `stopped` is set then.
    """

    def __init__(self, port: int):
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self.port = self._listener.getsockname()[1]
        self.stopped = threading.Event()
        self.cuts: list[int] = []
        self.count_again()

    def count_again(self) -> None:
        self.sent = 0
        self.stop_after = None
        self.stopped.clear()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in list(self._open):
            self._end(each)

    def _accept(self):
        with suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", self._to))
                self._open |= {client, server}
                threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source, target, counted):
        with suppress(OSError):
            while block := source.recv(BLOCK):
                if counted and not self._passes(source, target, len(block)):
                    return
                target.sendall(block)
        self._end(source)
        self._end(target)

    def _passes(self, client, server, size):
        with self._lock:
            self.sent += size
            if self.cuts and self.sent > self.cuts[0]:
                self.cuts.pop(0)
                self.sent = 0
                self._end(client)
                self._end(server)
                return False
            stopped = self.stop_after is not None and self.sent > self.stop_after
        if stopped:
            self.stopped.set()
            with suppress(OSError):
                while client.recv(BLOCK):  # until the client ends
                    pass
            self._end(server)
        return not stopped

    def _end(self, end):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
        self._open.discard(end)
