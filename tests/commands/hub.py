"""A small Hub on this machine: the two addresses that fetching uses, with the ways in which the real one fails."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = 100_000
"""Bytes above which a file counts as large, with a SHA-256 in the listing."""


class TinyHub:
    """Serves repositories of files.

    Attributes:
        gated: hands nothing out to people without the token "accepted".
        stop_after: bytes of a body after which the connection breaks, once for each entry.
        damaged: a file of which the first byte is served wrong.
        ranges: whether ranges are honoured.
        asked: (path, Range header) of every file asked for.
    """

    def __init__(self, repositories: Mapping[str, Mapping[str, bytes]]) -> None:
        self.repositories = repositories
        self.gated, self.ranges, self.damaged = False, True, ""
        self.stop_after: list[int] = []
        self.asked: list[tuple[str, str]] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                hub.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """The listing of a repository, or a file of it."""
        path = unquote(urlsplit(request.path).path)
        if path.startswith("/api/models/"):
            self._list(request, path.removeprefix("/api/models/"))
            return
        repository, _, rest = path.removeprefix("/").partition("/resolve/")
        files = self.repositories.get(repository, {})
        name = rest.partition("/")[2]
        if self.gated and request.headers.get("Authorization") != "Bearer accepted":
            self._refuse(request, 403, "GatedRepo")
        elif name not in files:
            self._refuse(request, 404, "EntryNotFound")
        else:
            self._send(request, name, files[name])

    def _list(self, request: BaseHTTPRequestHandler, repository: str) -> None:
        if repository not in self.repositories:
            self._refuse(request, 404, "RepoNotFound")
            return
        siblings = []
        for name, data in self.repositories[repository].items():
            entry: dict[str, object] = {"rfilename": name, "size": len(data)}
            entry["blobId"] = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            if len(data) > LARGE:
                entry["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
            siblings.append(entry)
        body = json.dumps({"id": repository, "modelId": repository, "sha": COMMIT, "siblings": siblings, "tags": []}).encode()
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def _refuse(self, request: BaseHTTPRequestHandler, status: int, code: str) -> None:
        request.send_response(status)
        request.send_header("X-Error-Code", code)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _send(self, request: BaseHTTPRequestHandler, name: str, data: bytes) -> None:
        wanted = request.headers.get("Range", "")
        self.asked.append((name, wanted))
        if name == self.damaged:
            data = bytes([data[0] ^ 1]) + data[1:]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        body = data[start:]
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if self.stop_after and len(body) > LARGE:
            body = body[: self.stop_after.pop(0)]
            request.close_connection = True
        request.wfile.write(body)
