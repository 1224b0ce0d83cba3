"""The service as another implementation of gRPC meets it: `test_service.py PROGRAM SHOP` runs the program `assort`
on copies of the catalog SHOP."""

import contextlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import grpc
from google.protobuf import field_mask_pb2
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from assort.v1 import administration_pb2 as administration
from assort.v1 import administration_pb2_grpc
from assort.v1 import catalogs_pb2 as catalogs
from assort.v1 import catalogs_pb2_grpc
from assort.v1 import classification_pb2 as classification
from assort.v1 import classification_pb2_grpc
from assort.v1 import common_pb2 as common
from assort.v1 import labels_pb2 as labels
from assort.v1 import labels_pb2_grpc
from assort.v1 import products_pb2 as products
from assort.v1 import products_pb2_grpc
from assort.v1 import search_pb2 as search
from assort.v1 import search_pb2_grpc
from assort.v1 import server_pb2 as server
from assort.v1 import server_pb2_grpc
from assort.v1 import taxonomy_pb2 as taxonomy
from assort.v1 import taxonomy_pb2_grpc

PROGRAM, SHOP = (Path(argument).resolve() for argument in sys.argv[1:3])
CERTIFICATES = Path(__file__).resolve().parent.parent / "certificates"
PARENT = "catalogs/shop"
# Calls fail rather than hang.
PATIENCE = 30


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
        self.channel = grpc.insecure_channel(self.address)

    def end(self, how: int = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        self.reader.join()
        self.process.stderr.close()
        self.channel.close()
        return code

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


class EveryCall(Case):
    """One server for all of these, which leave each other's products alone."""

    @classmethod
    def setUpClass(cls):
        cls.served = Served()
        channel = cls.served.channel
        cls.catalogs = catalogs_pb2_grpc.CatalogServiceStub(channel)
        cls.classification = classification_pb2_grpc.ClassificationServiceStub(channel)
        cls.labels = labels_pb2_grpc.LabelServiceStub(channel)
        cls.products = products_pb2_grpc.ProductServiceStub(channel)
        cls.search = search_pb2_grpc.SearchServiceStub(channel)
        cls.server = server_pb2_grpc.ServerServiceStub(channel)
        cls.taxonomy = taxonomy_pb2_grpc.TaxonomyServiceStub(channel)

    @classmethod
    def tearDownClass(cls):
        cls.served.discard()

    def upsert(self, *given: products.Product, **rest):
        request = products.BatchUpsertProductsRequest(parent=PARENT, products=given, **rest)
        return self.products.BatchUpsertProducts(request, timeout=PATIENCE).counts

    def get(self, key: str) -> products.Product:
        return self.products.GetProduct(products.GetProductRequest(name=name(key)), timeout=PATIENCE)

    def test_server_and_catalogs(self):
        info = self.server.GetServerInfo(server.GetServerInfoRequest(), timeout=PATIENCE)
        self.assertEqual(info.limits.max_request_bytes, 16 << 20)
        listed = self.catalogs.ListCatalogs(catalogs.ListCatalogsRequest(), timeout=PATIENCE)
        self.assertEqual([one.name for one in listed.catalogs], [PARENT])
        got = self.catalogs.GetCatalog(catalogs.GetCatalogRequest(name=PARENT), timeout=PATIENCE)
        self.assertGreater(got.space.dimensions, 0)
        stats = catalogs.GetCatalogStatsRequest(name=f"{PARENT}/stats")
        self.assertEqual(self.catalogs.GetCatalogStats(stats, timeout=PATIENCE).leaves, 4)

    def test_products(self):
        value = products.AttributeValue(date=products.Date(year=2024, month=2, day=29))
        image = products.Image(data=b"\x89PNG", media_type="image/png")
        label = common.CategoryRef(path="Kettles")
        given = product("x/1", "Kettle, blue", attributes={"since": value}, image=image, label=label)
        self.assertEqual(self.upsert(given).added, 1)
        self.assertEqual(self.upsert(given).unchanged, 1)
        got = self.get("x%2F1")
        self.assertEqual(got.attributes["since"].text, "2024-02-29")
        self.assertEqual((got.image.data, got.label.path), (b"\x89PNG", "Kitchen > Kettles"))
        mask = field_mask_pb2.FieldMask(paths=["text"])
        self.upsert(products.Product(id="x/1", text="Boils."), update_mask=mask)
        changed = self.get("x%2F1")
        self.assertEqual((changed.title, changed.text), ("Kettle, blue", "Boils."))
        old = products.DeleteProductRequest(name=got.name, etag=got.etag)
        self.refused(lambda: self.products.DeleteProduct(old), grpc.StatusCode.ABORTED, "ETAG_MISMATCH")
        self.products.DeleteProduct(products.DeleteProductRequest(name=got.name), timeout=PATIENCE)
        error = self.refused(lambda: self.get("x%2F1"), grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
        self.assertEqual(details(error)["ResourceInfo"].resource_name, "x/1")
        request = products.BatchDeleteProductsRequest(parent=PARENT, names=[name("none")])
        self.assertEqual(self.products.BatchDeleteProducts(request, timeout=PATIENCE).deleted, 0)

    def test_pages(self):
        self.upsert(*(product(f"page-{at}", f"Mug {at}") for at in range(5)))
        request = products.ListProductsRequest(parent=PARENT, page_size=2, across_commits=True)
        found = []
        while True:
            page = self.products.ListProducts(request, timeout=PATIENCE)
            found += [one.id for one in page.products if one.id.startswith("page-")]
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        self.assertEqual(found, [f"page-{at}" for at in range(5)])

    def test_stream_of_products(self):
        request = products.StreamUpsertProductsRequest
        rows = [product(f"stream-{at}", f"Cup {at}") for at in range(300)]
        rows[7].title = ""

        def messages():
            yield request(open=request.Open(parent=PARENT))
            for at in range(0, 300, 100):
                yield request(rows=request.Rows(first_row=at + 1, products=rows[at : at + 100]))

        for counts in ((299, 0), (0, 299)):
            answers = list(self.products.StreamUpsertProducts(messages(), timeout=PATIENCE))
            last = answers[-1]
            self.assertEqual(last.committed_through, 300)
            self.assertEqual((last.counts.added, last.counts.unchanged), counts)
            rejected = [row for answer in answers for row in answer.rejected]
            self.assertEqual([(row.row, row.product_id) for row in rejected], [(8, "stream-7")])
            self.assertEqual(rejected[0].status.code, code_pb2.INVALID_ARGUMENT)

    def test_a_client_that_vanishes_leaves_whole_rows(self):
        request = products.StreamUpsertProductsRequest
        gone = threading.Event()

        def messages():
            yield request(open=request.Open(parent=PARENT))
            yield request(rows=request.Rows(first_row=1, products=[product("gone-1", "Cup")]))
            gone.wait(PATIENCE)

        answers = self.products.StreamUpsertProducts(messages(), timeout=PATIENCE)
        self.assertEqual(next(answers).committed_through, 1)
        answers.cancel()
        gone.set()
        self.assertEqual(self.get("gone-1").title, "Cup")

    def test_classification(self):
        request = classification.ClassifyProductsRequest(
            parent=PARENT,
            products=[products.Product(title="Stainless steel kettle")],
            options=classification.ClassifyOptions(explain=True),
        )
        filed = self.classification.ClassifyProducts(request, timeout=PATIENCE)
        self.assertEqual(filed.decisions[0].category.path, "Kitchen > Kettles")
        self.assertTrue(filed.decisions[0].reasons.texts)
        stored = classification.ClassifyProductsRequest(parent=PARENT, names=[name("p8")], keep=True)
        self.assertEqual(self.classification.ClassifyProducts(stored, timeout=PATIENCE).kept, 1)
        self.assertEqual(self.get("p8").decision.method, "auto")
        message = classification.StreamClassifyProductsRequest

        def messages():
            yield message(open=message.Open(parent=PARENT))
            yield message(rows=message.Rows(first_row=5, products=request.products))

        answers = list(self.classification.StreamClassifyProducts(messages(), timeout=PATIENCE))
        self.assertEqual([one.row for answer in answers for one in answer.decisions], [5])

    def test_search(self):
        def found(**query):
            request = search.SearchProductsRequest(parent=PARENT, page_size=3, **query)
            return self.search.SearchProducts(request, timeout=PATIENCE)

        first = found(text="laptop computer", filter="price > 500", explain=True)
        self.assertEqual({one.product.id for one in first.results}, {"p7", "p8"})
        self.assertTrue(first.steps)
        like = found(like=name("p7"))
        self.assertEqual(like.results[0].product.id, "p8")
        catalog = self.catalogs.GetCatalog(catalogs.GetCatalogRequest(name=PARENT), timeout=PATIENCE)
        dimensions = catalog.space.dimensions
        data = struct.pack(f"<{dimensions}f", *([1.0] * dimensions))
        vector = common.Vector(data=data, dimensions=dimensions)
        self.assertEqual(len(found(vector=vector).results), 3)
        error = self.refused(
            lambda: found(text="x", filter="price >"), grpc.StatusCode.INVALID_ARGUMENT, "ARGUMENT"
        )
        self.assertEqual(details(error)["BadRequest"].field_violations[0].field, "filter")

    def test_labels(self):
        self.upsert(product("label-1", "Cup"))
        knives = common.CategoryRef(path="Kitchen > Knives")
        request = labels.BatchSetLabelsRequest(
            parent=PARENT, labels=[labels.Label(product=name("label-1"), category=knives)], request_id="l"
        )
        for _ in range(2):
            self.assertEqual(self.labels.BatchSetLabels(request, timeout=PATIENCE).changed, 1)
        self.assertEqual(self.get("label-1").label.id, "knives")
        request = labels.BatchClearLabelsRequest(parent=PARENT, products=[name("label-1")])
        self.assertEqual(self.labels.BatchClearLabels(request, timeout=PATIENCE).changed, 1)

    def test_taxonomy(self):
        got = self.taxonomy.GetTaxonomy(taxonomy.GetTaxonomyRequest(name=f"{PARENT}/taxonomy"), timeout=PATIENCE)
        self.assertEqual(got.categories, 6)
        request = taxonomy.ListCategoriesRequest(parent=f"{PARENT}/taxonomy")
        listed = self.taxonomy.ListCategories(request, timeout=PATIENCE)
        self.assertIn("teakettle", listed.categories[1].aliases)
        request = taxonomy.ImportTaxonomyRequest(
            name=f"{PARENT}/taxonomy", categories=listed.categories, etag=got.etag
        )
        imported = self.taxonomy.ImportTaxonomy(request, timeout=PATIENCE)
        self.assertEqual(imported.taxonomy.etag, got.etag)

    def test_long_work(self):
        stub = administration_pb2_grpc.AdminServiceStub(self.served.channel)
        operations = operations_pb2_grpc.OperationsStub(self.served.channel)
        begun = [
            lambda: stub.SealCatalog(administration.SealCatalogRequest(name=PARENT), timeout=PATIENCE),
            lambda: stub.CheckCatalog(administration.CheckCatalogRequest(name=PARENT), timeout=PATIENCE),
            lambda: stub.CompactCatalog(administration.CompactCatalogRequest(name=PARENT), timeout=PATIENCE),
            lambda: stub.TuneCatalog(administration.TuneCatalogRequest(name=PARENT), timeout=PATIENCE),
            lambda: stub.TrainHead(administration.TrainHeadRequest(name=PARENT), timeout=PATIENCE),
            lambda: stub.DistillStudent(administration.DistillStudentRequest(name=PARENT), timeout=PATIENCE),
        ]
        ended = []
        for begin in begun:
            name = begin().name
            operations.CancelOperation(operations_pb2.CancelOperationRequest(name="operations/shop/1"))
            ended.append(operations.WaitOperation(operations_pb2.WaitOperationRequest(name=name), timeout=PATIENCE))
        self.assertTrue(all(one.done for one in ended))
        checked = administration.CheckCatalogResponse()
        self.assertTrue(ended[1].response.Unpack(checked))
        self.assertEqual(list(checked.problems), [])
        # So few products have no index, and teach nothing.
        codes = [one.error.code for one in ended[3:]]
        self.assertEqual(codes, [code_pb2.FAILED_PRECONDITION] * 3)
        metadata = administration.OperationMetadata()
        self.assertTrue(ended[4].metadata.Unpack(metadata))
        self.assertEqual(metadata.method, "TrainHead")
        listed = operations.ListOperations(operations_pb2.ListOperationsRequest(name="operations"), timeout=PATIENCE)
        self.assertEqual([one.name for one in listed.operations], [one.name for one in reversed(ended)])
        got = operations.GetOperation(operations_pb2.GetOperationRequest(name=ended[0].name), timeout=PATIENCE)
        self.assertEqual(got, ended[0])

    def test_reflection_lists_the_services(self):
        listed = set(ProtoReflectionDescriptorDatabase(self.served.channel).get_services())
        own = {f"assort.v1.{one}Service" for one in "Admin Catalog Classification Label Product Replication Search Server Taxonomy".split()}
        self.assertLessEqual(own | {"grpc.health.v1.Health", "google.longrunning.Operations"}, listed)

    def test_messages_too_large_or_malformed(self):
        stub = self.served.channel.unary_unary("/assort.v1.ProductService/BatchUpsertProducts")
        for message, reason in ((b"\x0a" + b"x" * (17 << 20), "MESSAGE_TOO_LARGE"), (b"\xff\xff", "MALFORMED")):
            self.refused(lambda: stub(message, timeout=PATIENCE), grpc.StatusCode.INVALID_ARGUMENT, reason)
        stub = self.served.channel.unary_unary("/assort.v1.ProductService/Nothing")
        self.refused(lambda: stub(b"", timeout=PATIENCE), grpc.StatusCode.UNIMPLEMENTED, "UNIMPLEMENTED")

    def test_compressed_messages(self):
        request = search.SearchProductsRequest(parent=PARENT, text="kettle")
        found = self.search.SearchProducts(request, timeout=PATIENCE, compression=grpc.Compression.Gzip)
        self.assertTrue(found.results)


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
            return secure

        def unreachable(one):
            with self.assertRaises(grpc.RpcError) as raised:
                self.get(one, "reader")
            self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)

        served = self.serve(*pair)
        self.get(channel(served, "ca.pem"), "reader")
        unreachable(channel(served, "other.pem"))
        served = self.serve(*pair, "--client-ca", str(CERTIFICATES / "ca.pem"))
        self.get(channel(served, "ca.pem", "client.pem", "client.key"), "reader")
        unreachable(channel(served, "ca.pem"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
