"""Every call of the contract, as another implementation of gRPC makes it."""

import struct
import threading

import grpc
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.protobuf import field_mask_pb2
from google.rpc import code_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from assort.v1 import administration_pb2 as administration
from assort.v1 import administration_pb2_grpc
from assort.v1 import attributes_pb2 as attributes
from assort.v1 import attributes_pb2_grpc
from assort.v1 import catalogs_pb2 as catalogs
from assort.v1 import catalogs_pb2_grpc
from assort.v1 import classification_pb2 as classification
from assort.v1 import classification_pb2_grpc
from assort.v1 import common_pb2 as common
from assort.v1 import labels_pb2 as labels
from assort.v1 import labels_pb2_grpc
from assort.v1 import products_pb2 as products
from assort.v1 import products_pb2_grpc
from assort.v1 import replication_pb2 as replication
from assort.v1 import replication_pb2_grpc
from assort.v1 import search_pb2 as search
from assort.v1 import search_pb2_grpc
from assort.v1 import server_pb2 as server
from assort.v1 import server_pb2_grpc
from assort.v1 import taxonomy_pb2 as taxonomy
from assort.v1 import taxonomy_pb2_grpc
from service import PARENT, PATIENCE, Case, Served, details, name, product


class EveryCall(Case):
    """One server for all of these, which leave each other's products alone."""

    @classmethod
    def setUpClass(cls):
        cls.served = Served()
        channel = cls.served.channel
        cls.attributes = attributes_pb2_grpc.AttributeServiceStub(channel)
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
        reasons = filed.decisions[0].reasons
        self.assertTrue(reasons.texts)
        # A neighbour shows the picture that the catalog keeps of it.
        near = self.get(reasons.neighbors[0].product.rsplit("/", 1)[1])
        self.assertEqual(reasons.neighbors[0].image_uri, "")
        near.image.uri = "images/near.jpg"
        self.assertEqual(self.upsert(near, update_mask=field_mask_pb2.FieldMask(paths=["image"])).updated, 1)
        reasons = self.classification.ClassifyProducts(request, timeout=PATIENCE).decisions[0].reasons
        self.assertEqual(reasons.neighbors[0].image_uri, "images/near.jpg")
        by_pictures = classification.ClassifyOptions(method=classification.METHOD_PICTURES)
        by_pictures = classification.ClassifyProductsRequest(
            parent=PARENT, products=request.products, options=by_pictures
        )
        with self.assertRaises(grpc.RpcError) as caught:
            self.classification.ClassifyProducts(by_pictures, timeout=PATIENCE)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.FAILED_PRECONDITION)
        self.assertIn("no pictures were learned from", caught.exception.details())
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
        # This shop has no vectors of pictures.
        picture = products.Image(data=b"GIF89a", media_type="image/gif")
        for query in [{"picture": picture}, {"like": name("p7"), "like_by": search.LIKE_BY_PICTURE}]:
            self.refused(lambda: found(**query), grpc.StatusCode.FAILED_PRECONDITION, "PRECONDITION")
        error = self.refused(
            lambda: found(text="x", filter="price >"), grpc.StatusCode.INVALID_ARGUMENT, "ARGUMENT"
        )
        self.assertEqual(details(error)["BadRequest"].field_violations[0].field, "filter")

    def test_attributes(self):
        kinds = attributes.BatchSetKindsRequest(
            parent=PARENT, kinds=[attributes.AttributeKind(name="height", kind="length")], request_id="k"
        )
        for _ in range(2):
            self.assertEqual(self.attributes.BatchSetKinds(kinds, timeout=PATIENCE).changed, 1)
        listed = self.attributes.ListAttributes(attributes.ListAttributesRequest(parent=PARENT), timeout=PATIENCE)
        self.assertIn("price", {one.name for one in listed.attributes})
        request = attributes.CountFacetsRequest(parent=PARENT, attributes=["price"], filter="price > 500")
        facet = self.attributes.CountFacets(request, timeout=PATIENCE).facets[0]
        self.assertEqual(facet.present, 2)
        error = self.refused(
            lambda: self.attributes.BatchSetKinds(
                attributes.BatchSetKindsRequest(
                    parent=PARENT, kinds=[attributes.AttributeKind(name="height", kind="tall")]
                ),
                timeout=PATIENCE,
            ),
            grpc.StatusCode.INVALID_ARGUMENT,
            "ARGUMENT",
        )
        self.assertEqual(details(error)["BadRequest"].field_violations[0].field, "kinds[0].kind")

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

    def test_snapshots_have_the_files_of_a_commit(self):
        stub = replication_pb2_grpc.ReplicationServiceStub(self.served.channel)
        snapshot = stub.GetSnapshot(replication.GetSnapshotRequest(name=f"{PARENT}/snapshot"), timeout=PATIENCE)
        self.assertIn("catalog.redb", {file.path for file in snapshot.files})
        for file in snapshot.files:
            request = replication.ReadSnapshotFileRequest(name=snapshot.name, path=file.path, offset=1)
            read = sum(len(part.data) for part in stub.ReadSnapshotFile(request, timeout=PATIENCE))
            self.assertEqual(read, file.size_bytes - 1)
        request = replication.ReadSnapshotFileRequest(name=snapshot.name, path="../shop/catalog.redb")
        missing = grpc.StatusCode.NOT_FOUND
        self.refused(lambda: list(stub.ReadSnapshotFile(request, timeout=PATIENCE)), missing, "NOT_FOUND")

    def test_backups_and_moves_need_the_operators_leave(self):
        stub = administration_pb2_grpc.AdminServiceStub(self.served.channel)
        backup = administration.BackupCatalogRequest(name=PARENT, backup="tuesday")
        move = administration.ReembedCatalogRequest(name=PARENT, embedder="bundled")
        refused, other = grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT
        self.refused(lambda: stub.BackupCatalog(backup, timeout=PATIENCE), refused, "PRECONDITION")
        self.refused(lambda: stub.ReembedCatalog(move, timeout=PATIENCE), other, "ARGUMENT")

    def test_operations_are_forgotten_by_themselves_alone(self):
        operations = operations_pb2_grpc.OperationsStub(self.served.channel)
        request = operations_pb2.DeleteOperationRequest(name="operations/shop/1")
        unimplemented = grpc.StatusCode.UNIMPLEMENTED
        self.refused(lambda: operations.DeleteOperation(request, timeout=PATIENCE), unimplemented, "UNIMPLEMENTED")

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
