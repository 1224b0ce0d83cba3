"""The contract as JSON over HTTP, by Python's own client."""

import base64
import gzip
import http.client
import json
import struct
import urllib.error
from urllib.parse import quote

from service import PARENT, PATIENCE, Case, Served


class Json(Case):
    @classmethod
    def setUpClass(cls):
        cls.served = Served()

    @classmethod
    def tearDownClass(cls):
        cls.served.discard()

    def failed(self, code: int, reason: str, path: str, body: dict | None = None, **rest) -> dict:
        with self.assertRaises(urllib.error.HTTPError) as raised:
            self.served.http(path, body, **rest)
        with raised.exception as answer:
            self.assertEqual(answer.code, code)
            error = json.load(answer)["error"]
        info = next(one for one in error["details"] if one["@type"].endswith("/google.rpc.ErrorInfo"))
        self.assertEqual((error["code"], info["reason"], info["domain"]), (code, reason, "assort"))
        return error

    def test_a_product_from_its_storing_to_its_end(self):
        call = self.served.http
        given = {"id": "x/1 %", "title": "Kettle, blue", "attributes": {"since": {"date": {"year": 2024, "month": 2, "day": 29}}}}
        stored = call(f"/v1/{PARENT}/products:batchUpsert", {"products": [given]})
        self.assertEqual(stored, {"counts": {"added": "1"}})
        name = f"{PARENT}/products/x%2F1 %25"
        got = call(f"/v1/{quote(name)}")
        self.assertEqual((got["name"], got["attributes"]["since"]), (name, {"text": "2024-02-29"}))
        label = {"labels": [{"product": name, "category": {"path": "Kettles"}}]}
        self.assertEqual(call(f"/v1/{PARENT}/labels:batchSet", label), {"changed": "1"})
        self.assertEqual(call(f"/v1/{quote(name)}?readMask=label")["label"]["path"], "Kitchen > Kettles")
        self.assertEqual(call(f"/v1/{quote(name)}", method="DELETE"), {})
        error = self.failed(404, "NOT_FOUND", f"/v1/{quote(name)}")
        self.assertEqual(error["status"], "NOT_FOUND")

    def test_search_and_classification(self):
        call = self.served.http
        space = call(f"/v1/{PARENT}")["space"]
        data = base64.b64encode(struct.pack(f"<{space['dimensions']}f", *([1.0] * space["dimensions"]))).decode()
        vector = {"data": data, "dimensions": space["dimensions"]}
        found = call(f"/v1/{PARENT}/products:search", {"vector": vector, "pageSize": 3})
        self.assertEqual(len(found["results"]), 3)
        found = call(f"/v1/{PARENT}/products:search", {"text": "laptop computer", "filter": "price > 500"})
        self.assertEqual({one["product"]["id"] for one in found["results"]}, {"p7", "p8"})
        filed = call(f"/v1/{PARENT}/products:classify", {"products": [{"title": "Stainless steel kettle"}]})
        self.assertEqual(filed["decisions"][0]["category"]["path"], "Kitchen > Kettles")
        page = call(f"/v1/{PARENT}/products?pageSize=2&filter={quote('price > 20')}")
        self.assertEqual(len(page["products"]), 2)
        self.failed(400, "ARGUMENT", f"/v1/{PARENT}/products?filter={quote('price >')}")
        error = self.failed(400, "MALFORMED", f"/v1/{PARENT}/products:search", {"tekst": "kettle"})
        self.assertIn("tekst", error["message"])

    def test_long_work(self):
        begun = self.served.http(f"/v1/{PARENT}:seal", {})
        wait = {"name": begun["name"], "timeout": f"{PATIENCE}s"}
        ended = self.served.http("/google.longrunning.Operations/WaitOperation", wait)
        self.assertTrue(ended["done"])
        self.assertEqual(self.served.http(f"/v1/{begun['name']}"), ended)
        self.assertIn(ended, self.served.http("/v1/operations")["operations"])

    def test_one_connection_has_many_calls(self):
        connection = http.client.HTTPConnection(*self.served.where(), timeout=PATIENCE)
        self.addCleanup(connection.close)
        for path, code in (("/v1/catalogs", 200), ("/v1/none", 404), ("/v1/server", 200)):
            connection.request("GET", path, headers={"accept-encoding": "gzip"})
            answer = connection.getresponse()
            text = answer.read()
            self.assertEqual((answer.status, answer.getheader("content-encoding")), (code, "gzip"))
            self.assertTrue(json.loads(gzip.decompress(text)))
        # One that is refused for its length leaves the next call well.
        headers = {"content-type": "application/json"}
        connection.request("POST", f"/v1/{PARENT}/products:search", b" " * (17 << 20), headers)
        answer = connection.getresponse()
        self.assertEqual((answer.status, b"MESSAGE_TOO_LARGE" in answer.read()), (400, True))
        connection.request("GET", "/v1/server")
        self.assertEqual(connection.getresponse().status, 200)

    def test_a_stream_of_products_is_answered_while_it_is_sent(self):
        connection = http.client.HTTPConnection(*self.served.where(), timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.putrequest("POST", "/assort.v1.ProductService/StreamUpsertProducts")
        connection.putheader("content-type", "application/x-ndjson")
        connection.putheader("transfer-encoding", "chunked")
        connection.endheaders()

        def send(message: dict | None):
            line = b"" if message is None else json.dumps(message).encode() + b"\n"
            connection.send(b"%x\r\n%s\r\n" % (len(line), line))

        send({"open": {"parent": PARENT}})
        send({"rows": {"firstRow": 1, "products": [{"id": "j1", "title": "Cup"}]}})
        answer = connection.getresponse()
        self.assertEqual(json.loads(answer.readline())["committedThrough"], "1")
        send({"rows": {"firstRow": 2, "products": [{"id": "j2", "title": ""}]}})
        rejected = json.loads(answer.readline())["rejected"]
        self.assertEqual([(one["row"], one["productId"]) for one in rejected], [("2", "j2")])
        send(None)
        self.assertEqual(answer.read(), b"")
