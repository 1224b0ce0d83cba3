"""How servers end, and what they leave."""

import contextlib
import signal
import threading

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from assort.v1 import catalogs_pb2 as catalogs
from assort.v1 import catalogs_pb2_grpc
from assort.v1 import products_pb2 as products
from assort.v1 import products_pb2_grpc
from service import PARENT, PATIENCE, Case, Served, name, product


class Ending(Case):
    def test_health_turns_and_open_streams_end_with_what_was_stored(self):
        served = Served()
        self.addCleanup(served.discard)
        health = health_pb2_grpc.HealthStub(served.channel)
        service = health_pb2.HealthCheckRequest(service="assort.v1.ProductService")
        states = health.Watch(service, timeout=PATIENCE)
        self.assertEqual(next(states).status, health_pb2.HealthCheckResponse.SERVING)
        request = products.StreamUpsertProductsRequest
        ended = threading.Event()

        def messages():
            yield request(open=request.Open(parent=PARENT))
            yield request(rows=request.Rows(first_row=1, products=[product("last", "Cup")]))
            ended.wait(PATIENCE)

        stub = products_pb2_grpc.ProductServiceStub(served.channel)
        answers = stub.StreamUpsertProducts(messages(), timeout=PATIENCE)
        self.assertEqual(next(answers).committed_through, 1)
        served.process.send_signal(signal.SIGTERM)
        self.assertEqual(next(states).status, health_pb2.HealthCheckResponse.NOT_SERVING)
        self.refused(lambda: next(answers), grpc.StatusCode.UNAVAILABLE, "STOPPING")
        ended.set()
        states.cancel()
        self.assertEqual(served.process.wait(PATIENCE), 0)

    def test_what_was_acknowledged_is_there_after_a_kill(self):
        served = Served()
        folder = served.folder
        self.addCleanup(lambda: served.discard())
        acknowledged = 0
        request = products.StreamUpsertProductsRequest
        for _ in range(2):
            first = acknowledged + 1

            def messages():
                yield request(open=request.Open(parent=PARENT))
                # As many small messages as the server takes.
                for row in range(first, first + 100_000):
                    one = product(f"row-{row}", f"Cup number {row}")
                    yield request(rows=request.Rows(first_row=row, products=[one]))

            stub = products_pb2_grpc.ProductServiceStub(served.channel)
            answers = stub.StreamUpsertProducts(messages(), timeout=PATIENCE)
            with contextlib.suppress(grpc.RpcError):
                for answer in answers:
                    acknowledged = answer.committed_through
                    # The next rows are on their way to the disk.
                    served.process.kill()
            self.assertGreaterEqual(acknowledged, first)
            served.end(signal.SIGKILL)
            served = Served(folder=folder)
            stub = products_pb2_grpc.ProductServiceStub(served.channel)
            for row in {first, (first + acknowledged) // 2, acknowledged}:
                got = stub.GetProduct(products.GetProductRequest(name=name(f"row-{row}")), timeout=PATIENCE)
                self.assertEqual(got.title, f"Cup number {row}")
        stats = catalogs.GetCatalogStatsRequest(name=f"{PARENT}/stats")
        counted = catalogs_pb2_grpc.CatalogServiceStub(served.channel).GetCatalogStats(stats, timeout=PATIENCE)
        self.assertGreaterEqual(counted.products, 8 + acknowledged)
        self.assertEqual(served.end(), 0)
