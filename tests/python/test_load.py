"""Callers that are slow, silent or gone."""

import resource
import socket
import subprocess
import sys
import time

from assort.v1 import products_pb2 as products
from assort.v1 import products_pb2_grpc
from assort.v1 import search_pb2 as search
from assort.v1 import search_pb2_grpc
from service import PARENT, PATIENCE, Case, Served, name, product

# How long a call may take beside slow callers: far more than it does, and far less than one that waits for them.
PROMPT = 10
CLIENTS = 1_000
# What a connection may take of the server's memory.
BYTES = 100 << 10

# What slow callers begin with: requests of HTTP/1.1 whose head or body does not end, and of HTTP/2.
HEAD = b"POST /v1/catalogs/shop/products:search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
BEGINNINGS = (
    HEAD,
    HEAD + b"content-length: 1000\r\n\r\n{",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    b"P",
)

# Begins a stream, tells that its first row is stored, sends half a message more, and is gone.
VANISHING = """
import os, sys, grpc
from assort.v1 import products_pb2 as products, products_pb2_grpc
request = products.StreamUpsertProductsRequest
def messages():
    yield request(open=request.Open(parent="catalogs/shop"))
    for row in range(1, 1_000_000):
        one = products.Product(id=f"v-{row}", title="Cup", text="x" * 10_000)
        yield request(rows=request.Rows(first_row=row, products=[one]))
stub = products_pb2_grpc.ProductServiceStub(grpc.insecure_channel(sys.argv[1]))
for answer in stub.StreamUpsertProducts(messages()):
    print(answer.committed_through, flush=True)
    os._exit(0)
"""


class Slow(Case):
    def setUp(self):
        wanted = 2 * CLIENTS + 500
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < wanted:
            self.skipTest(f"needs {wanted} open files; the system allows {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
        self.served = Served()
        self.addCleanup(self.served.discard)

    def test_a_thousand_slow_callers_keep_no_other_waiting(self):
        stub = search_pb2_grpc.SearchServiceStub(self.served.channel)
        request = search.SearchProductsRequest(parent=PARENT, text="kettle")
        stub.SearchProducts(request, timeout=PATIENCE)
        before = self.served.metric("assort_resident_bytes")
        slow = [socket.create_connection(self.served.where(), PATIENCE) for _ in range(CLIENTS)]
        try:
            for at, one in enumerate(slow):
                one.sendall(BEGINNINGS[at % len(BEGINNINGS)])
            for round in range(5):
                for at, one in enumerate(slow):
                    if at % len(BEGINNINGS) < 2:
                        one.sendall(b"x" if at % len(BEGINNINGS) == 0 else b" ")
                self.assertTrue(stub.SearchProducts(request, timeout=PROMPT).results)
                self.assertEqual(self.served.http(f"/v1/{PARENT}")["name"], PARENT)
            grown = self.served.metric("assort_resident_bytes") - before
            self.assertLess(grown, CLIENTS * BYTES)
        finally:
            for one in slow:
                one.close()
        # They are gone for the server, too.
        self.assertTrue(stub.SearchProducts(request, timeout=PROMPT).results)
        self.wait_until_quiet()

    def wait_until_quiet(self):
        deadline = time.monotonic() + PATIENCE
        # The call that asks is open itself.
        while (still := self.served.metric("assort_open_calls")) > 1:
            self.assertLess(time.monotonic(), deadline, f"{still} calls are open")
            time.sleep(0.05)

    def test_a_caller_that_vanishes_amid_its_stream_leaves_whole_rows_and_no_call(self):
        child = [sys.executable, "-c", VANISHING, self.served.address]
        ran = subprocess.run(child, capture_output=True, text=True, timeout=PATIENCE)
        acknowledged = int(ran.stdout or "0")
        self.assertGreaterEqual(acknowledged, 1, ran.stderr)
        self.wait_until_quiet()
        stub = products_pb2_grpc.ProductServiceStub(self.served.channel)
        for row in {1, acknowledged}:
            got = stub.GetProduct(products.GetProductRequest(name=name(f"v-{row}")), timeout=PATIENCE)
            self.assertEqual((got.title, len(got.text)), ("Cup", 10_000))
        request = products.BatchUpsertProductsRequest(parent=PARENT, products=[product("next", "Mug")])
        self.assertEqual(stub.BatchUpsertProducts(request, timeout=PATIENCE).counts.added, 1)
