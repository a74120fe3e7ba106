"""A web server on this machine that misbehaves as asked."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site:
    """What is served, how, and what was asked for."""

    def __init__(self, content: bytes):
        self.content = content
        self.type = "application/octet-stream"
        self.status = 200
        self.etag = '"v1"'
        self.ranges = True  # whether Range is understood
        self.length = True  # whether Content-Length is sent
        self.cuts: list[int] = []  # bytes sent before a connection is cut, one each
        self.silent = threading.Event()
        self.silent.set()  # cleared: answers nothing until set
        self.asked: list[str | None] = []  # the Range of each request
        self.url = ""


@contextmanager
def serving(content: bytes):
    """Yield a `Site`; its `url` answers until the block ends."""
    site = Site(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer(self, site)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}/weights.bin"
    try:
        yield site
    finally:
        site.silent.set()
        server.shutdown()
        server.server_close()
        thread.join()


def answer(handler: BaseHTTPRequestHandler, site: Site) -> None:
    asked = handler.headers.get("Range")
    site.asked.append(asked)
    site.silent.wait()
    if site.status != 200:
        handler.send_error(site.status)
        return
    start = 0
    same = handler.headers.get("If-Range") in (None, site.etag)
    if site.ranges and asked and same:
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        if start >= len(site.content):
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{len(site.content)}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        handler.send_response(206)
        end = len(site.content) - 1
        handler.send_header("Content-Range", f"bytes {start}-{end}/{end + 1}")
    else:
        handler.send_response(200)
    body = site.content[start:]
    handler.send_header("Content-Type", site.type)
    if site.length:
        handler.send_header("Content-Length", str(len(body)))
    if site.etag:
        handler.send_header("ETag", site.etag)
    handler.end_headers()
    handler.wfile.write(body[: site.cuts.pop(0)] if site.cuts else body)
