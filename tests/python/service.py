"""What the tests of the service share: servers, and a note of every call that is made."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request
from pathlib import Path

import grpc
from google.rpc import error_details_pb2, status_pb2

from assort.v1 import products_pb2 as products

PROGRAM, SHOP = (Path(argument).resolve() for argument in sys.argv[1:3])
CERTIFICATES = Path(__file__).resolve().parent.parent / "certificates"
PARENT = "catalogs/shop"
# Calls fail rather than hang.
PATIENCE = 60

# Methods that were called, such as `/assort.v1.ProductService/GetProduct`.
CALLED: set[str] = set()


class Note(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Notes which methods are called."""

    def note(self, go_on, call, messages):
        method = call.method
        CALLED.add(method if isinstance(method, str) else method.decode())
        return go_on(call, messages)

    intercept_unary_unary = intercept_unary_stream = note
    intercept_stream_unary = intercept_stream_stream = note


def noted(channel: grpc.Channel) -> grpc.Channel:
    return grpc.intercept_channel(channel, Note())


class Served:
    """A server on a copy of the shop."""

    def __init__(self, *arguments: str, folder: Path | None = None):
        self.folder = folder or Path(tempfile.mkdtemp())
        if folder is None:
            shutil.copytree(SHOP, self.folder / "shop")
        command = [PROGRAM, "serve", "shop", "--listen", "127.0.0.1:0", *arguments]
        self.process = subprocess.Popen(command, cwd=self.folder, stderr=subprocess.PIPE, text=True)
        self.said: list[str] = []
        for line in self.process.stderr:
            self.said.append(line)
            if line.startswith("serving "):
                break
        else:
            raise AssertionError(f"the server did not start: {self.said}")
        self.address = self.said[-1].rsplit(" on ", 1)[1].strip()
        self.reader = threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True)
        self.reader.start()
        self.channel = noted(grpc.insecure_channel(self.address))

    def end(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        self.reader.join()
        self.process.stderr.close()
        self.channel.close()
        return code

    def where(self) -> tuple[str, int]:
        host, port = self.address.rsplit(":", 1)
        return host, int(port)

    def http(self, path: str, body: dict | None = None, **rest):
        """Calls by JSON; gives the answer, or raises `urllib.error.HTTPError`."""
        headers = {"content-type": "application/json", **rest.pop("headers", {})}
        data = None if body is None else json.dumps(body).encode()
        scheme = "https" if "context" in rest else "http"
        method = rest.pop("method", None)
        request = urllib.request.Request(f"{scheme}://{self.address}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE, **rest) as answer:
            return json.load(answer)

    def metric(self, name: str) -> int:
        """The first number of a metric."""
        with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=PATIENCE) as answer:
            lines = answer.read().decode().splitlines()
        return next(int(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    def discard(self) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)
        shutil.rmtree(self.folder)


def product(key: str, title: str, **rest) -> products.Product:
    return products.Product(id=key, title=title, **rest)


def name(key: str) -> str:
    return f"{PARENT}/products/{key}"


def details(error: grpc.RpcError) -> dict:
    """The details of a status, by their types."""
    packed = dict(error.trailing_metadata())["grpc-status-details-bin"]
    kinds = (
        error_details_pb2.ErrorInfo,
        error_details_pb2.BadRequest,
        error_details_pb2.ResourceInfo,
        error_details_pb2.RetryInfo,
    )
    found = {}
    for one in status_pb2.Status.FromString(packed).details:
        for kind in kinds:
            if one.Is(kind.DESCRIPTOR):
                found[kind.__name__] = kind.FromString(one.value)
    return found


class Case(unittest.TestCase):
    def refused(self, call, code: grpc.StatusCode, reason: str) -> grpc.RpcError:
        with self.assertRaises(grpc.RpcError) as raised:
            call()
        error = raised.exception
        self.assertEqual(error.code(), code, error)
        info = details(error)["ErrorInfo"]
        self.assertEqual((info.domain, info.reason), ("assort", reason))
        return error
