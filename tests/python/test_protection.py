"""Keys and certificates."""

import shutil
import signal
import socket
import ssl
import tempfile
import time
import urllib.error
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from assort.v1 import catalogs_pb2 as catalogs
from assort.v1 import catalogs_pb2_grpc
from assort.v1 import products_pb2 as products
from assort.v1 import products_pb2_grpc
from service import CERTIFICATES, PARENT, PATIENCE, Case, Served, noted, product


class Guarded(Case):
    # SHA-256 of `reader`, `writer` and `late`.
    KEYS = """reader read-only shop 3d0941964aa3ebdcb00ccef58b1bb399f9f898465e9886d5aec7f31090a0fb30
writer read-write * b93006774cbdd4b299389a03ac3d88c3a76b460d538795bc12718011a909fba5
late admin * 089001a35679a33ef3db0ca350db9b9a2f0136e0e327577b04b3b98127470961 expires=2020-01-01
"""

    def setUp(self):
        self.files = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.files)
        self.keys = self.files / "keys"
        self.keys.write_text(self.KEYS)

    def serve(self, *arguments: str) -> Served:
        served = Served("--keys", str(self.keys), *arguments)
        self.addCleanup(served.discard)
        return served

    @staticmethod
    def get(channel, key: str | None):
        metadata = [("authorization", f"Bearer {key}")] if key else []
        stub = catalogs_pb2_grpc.CatalogServiceStub(channel)
        return stub.GetCatalog(catalogs.GetCatalogRequest(name=PARENT), metadata=metadata, timeout=PATIENCE)

    def test_keys(self):
        served = self.serve()
        self.get(served.channel, "reader")
        missing = grpc.StatusCode.UNAUTHENTICATED
        self.refused(lambda: self.get(served.channel, None), missing, "KEY_MISSING")
        self.refused(lambda: self.get(served.channel, "wrong"), missing, "KEY_UNKNOWN")
        late = self.refused(lambda: self.get(served.channel, "late"), missing, "KEY_UNKNOWN")
        self.assertIn("expired", late.details())
        stub = products_pb2_grpc.ProductServiceStub(served.channel)
        request = products.BatchUpsertProductsRequest(parent=PARENT, products=[product("a", "Cup")])

        def write(key: str):
            return stub.BatchUpsertProducts(request, metadata=[("authorization", f"Bearer {key}")], timeout=PATIENCE)

        self.refused(lambda: write("reader"), grpc.StatusCode.PERMISSION_DENIED, "KEY_FORBIDS")
        self.assertEqual(write("writer").counts.added, 1)
        # Whoever looks whether the server is well needs no key.
        health_pb2_grpc.HealthStub(served.channel).Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE)
        # A key that is taken out of the file is no good once it is read again.
        self.keys.write_text(self.KEYS.split("\n", 1)[1])
        served.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE
        while not any("read again" in line for line in served.said):
            self.assertLess(time.monotonic(), deadline, served.said)
            time.sleep(0.01)
        self.refused(lambda: self.get(served.channel, "reader"), missing, "KEY_UNKNOWN")

    def test_certificates(self):
        pair = ("--certificate", str(CERTIFICATES / "server.pem"), "--private-key", str(CERTIFICATES / "server.key"))

        def channel(served: Served, authority: str, *own: str):
            files = [(CERTIFICATES / one).read_bytes() for one in (authority, *own)]
            if own:
                files = [files[0], files[2], files[1]]
            secure = grpc.secure_channel(served.address, grpc.ssl_channel_credentials(*files))
            self.addCleanup(secure.close)
            return noted(secure)

        def unreachable(one):
            with self.assertRaises(grpc.RpcError) as raised:
                self.get(one, "reader")
            self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)

        served = self.serve(*pair)
        self.get(channel(served, "ca.pem"), "reader")
        unreachable(channel(served, "other.pem"))
        # HTTP/1.1, which `urllib` speaks, goes over the same certificates.
        headers = {"authorization": "Bearer reader"}
        trust = ssl.create_default_context(cafile=CERTIFICATES / "ca.pem")
        self.assertEqual(served.http(f"/v1/{PARENT}", headers=headers, context=trust)["name"], PARENT)
        distrust = ssl.create_default_context(cafile=CERTIFICATES / "other.pem")
        with self.assertRaises(urllib.error.URLError):
            served.http(f"/v1/{PARENT}", headers=headers, context=distrust)
        # Who says nothing keeps no other caller waiting.
        silent = [socket.create_connection(served.where()) for _ in range(100)]
        self.get(channel(served, "ca.pem"), "reader")
        for one in silent:
            one.close()
        served = self.serve(*pair, "--client-ca", str(CERTIFICATES / "ca.pem"))
        self.get(channel(served, "ca.pem", "client.pem", "client.key"), "reader")
        unreachable(channel(served, "ca.pem"))
        trust.load_cert_chain(CERTIFICATES / "client.pem", CERTIFICATES / "client.key")
        served.http(f"/v1/{PARENT}", headers=headers, context=trust)
