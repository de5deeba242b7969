"""A web server in a thread, which serves a few files well or in one of many bad ways."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Mirror:
    """Serves `files` by their names; `moods` say how the next requests are answered.

    good, then: no-ranges, missing, error, wrong, cut (breaks off half way), stall (sends half, then
    nothing), mute (never answers), short (claims fewer bytes), long (claims more), elsewhere (sends
    another part than was asked for), unsure (does not say which part), endless, labelled (calls a
    packed file an encoding of what is in it)
    """

    files: dict[str, bytes]
    address: str = ""
    moods: list[str] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    """The file and the range that were asked for."""
    closing: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serve(files: dict[str, bytes], *moods: str) -> Iterator[Mirror]:
    """Such a mirror while the body runs; the last mood stays."""
    mirror = Mirror(files, moods=list(moods or ["good"]))

    class Handler(_Handler):
        pass

    Handler.mirror = mirror
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    mirror.address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield mirror
    finally:
        mirror.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    mirror: Mirror

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        mirror = self.mirror
        name, asked = self.path.lstrip("/"), self.headers.get("Range", "")
        mirror.requests.append((name, asked))
        mood = mirror.moods.pop(0) if len(mirror.moods) > 1 else mirror.moods[0]
        if mood == "mute":
            mirror.closing.wait(30)
            return
        if mood in ("missing", "error") or name not in mirror.files:
            self.send_error(503 if mood == "error" else 404)
            return
        with suppress(OSError):  # whoever asked may have gone
            self._send(mirror.files[name], asked, mood)

    def _send(self, content: bytes, asked: str, mood: str) -> None:
        begin = int(asked[6:-1]) if asked and mood != "no-ranges" else 0
        if asked and begin >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = content[begin:]
        claimed = len(body) + {"short": -9, "long": 9}.get(mood, 0)
        self.send_response(206 if begin else 200)
        if begin and mood != "unsure":
            first = begin + 5 if mood == "elsewhere" else begin
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if mood == "labelled":
            self.send_header("Content-Encoding", "gzip")
        if mood != "endless":
            self.send_header("Content-Length", str(claimed))
        self.end_headers()
        if mood == "wrong":
            body = bytes(255 - byte for byte in body)
        if mood in ("cut", "stall"):
            body = body[: len(body) // 2]
        self.wfile.write(body)
        while mood == "endless" and not self.mirror.closing.is_set():
            self.wfile.write(body)
        if mood == "stall":
            self.mirror.closing.wait(30)
