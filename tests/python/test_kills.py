"""Whether what was acknowledged is there after a kill, whoever else writes, searches and files. `ASSORT_KILL_ROUNDS` says how
often a server is killed."""

import contextlib
import os
import random
import signal
import threading
import time

import grpc

from assort.v1 import classification_pb2 as classification
from assort.v1 import classification_pb2_grpc
from assort.v1 import common_pb2 as common
from assort.v1 import labels_pb2 as labels
from assort.v1 import labels_pb2_grpc
from assort.v1 import products_pb2 as products
from assort.v1 import products_pb2_grpc
from assort.v1 import search_pb2 as search
from assort.v1 import search_pb2_grpc
from service import PARENT, PATIENCE, Case, Served, name, product

ROUNDS = int(os.environ.get("ASSORT_KILL_ROUNDS", "3"))

# Rows of a message of the stream; the labelled and the removed products are among those that calls store one by one.
ROWS = 20


class Acknowledged:
    """What a server said is stored."""

    def __init__(self):
        self.titles: dict[str, str] = {}
        self.labelled: set[str] = set()
        self.removed: set[str] = set()


class Load:
    """Callers of all kinds, until the server is gone."""

    def __init__(self, served: Served, seen: Acknowledged, round: int):
        self.channel, self.seen, self.round = served.channel, seen, round
        self.stub = products_pb2_grpc.ProductServiceStub(served.channel)
        self.faults: list[grpc.RpcError] = []
        kinds = (self.stream, self.single, self.ask, self.ask)
        self.threads = [threading.Thread(target=self.guarded, args=(kind,), daemon=True) for kind in kinds]
        for thread in self.threads:
            thread.start()

    def guarded(self, kind) -> None:
        try:
            kind()
        except grpc.RpcError as error:
            # The server is gone; anything else is a fault.
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                self.faults.append(error)

    def stream(self) -> None:
        request = products.StreamUpsertProductsRequest
        title = "Cup number {} of round {}"

        def messages():
            yield request(open=request.Open(parent=PARENT))
            for first in range(1, 1_000_000, ROWS):
                rows = [product(f"r{row}", title.format(row, self.round)) for row in range(first, first + ROWS)]
                yield request(rows=request.Rows(first_row=first, products=rows))

        through = 0
        for answer in self.stub.StreamUpsertProducts(messages(), timeout=PATIENCE):
            for row in range(through + 1, answer.committed_through + 1):
                self.seen.titles[f"r{row}"] = title.format(row, self.round)
            through = answer.committed_through

    def single(self) -> None:
        """Stores products one by one, labels every second one and removes every third one."""
        own = labels_pb2_grpc.LabelServiceStub(self.channel)
        knives = common.CategoryRef(path="Kitchen > Knives")
        for number in range(1_000_000):
            key = f"s{self.round}-{number}"
            one = product(key, f"Knife number {number}")
            self.stub.BatchUpsertProducts(
                products.BatchUpsertProductsRequest(parent=PARENT, products=[one]), timeout=PATIENCE
            )
            if number % 3 == 2:
                self.stub.DeleteProduct(products.DeleteProductRequest(name=name(key)), timeout=PATIENCE)
                self.seen.removed.add(key)
                continue
            self.seen.titles[key] = one.title
            if number % 2:
                label = labels.Label(product=name(key), category=knives)
                own.BatchSetLabels(labels.BatchSetLabelsRequest(parent=PARENT, labels=[label]), timeout=PATIENCE)
                self.seen.labelled.add(key)

    def ask(self) -> None:
        searches = search_pb2_grpc.SearchServiceStub(self.channel)
        files = classification_pb2_grpc.ClassificationServiceStub(self.channel)
        while True:
            searches.SearchProducts(search.SearchProductsRequest(parent=PARENT, text="kettle"), timeout=PATIENCE)
            wanted = [products.Product(title="Stovetop kettle")]
            files.ClassifyProducts(
                classification.ClassifyProductsRequest(parent=PARENT, products=wanted), timeout=PATIENCE
            )


def stored(served: Served) -> dict[str, products.Product]:
    stub = products_pb2_grpc.ProductServiceStub(served.channel)
    found, token = {}, ""
    while True:
        request = products.ListProductsRequest(parent=PARENT, page_size=1_000, page_token=token)
        page = stub.ListProducts(request, timeout=PATIENCE)
        found |= {one.id: one for one in page.products}
        token = page.next_page_token
        if not token:
            return found


class Kills(Case):
    def test_what_was_acknowledged_under_a_mixed_load_is_there_after_kills(self):
        chance = random.Random(7)
        seen = Acknowledged()
        served = Served()
        folder = served.folder
        self.addCleanup(lambda: served.discard())
        for round in range(ROUNDS):
            titles, removed = len(seen.titles), len(seen.removed)
            load = Load(served, seen, round)
            end = time.monotonic() + PATIENCE
            # Some writes of each kind are acknowledged, and others on their way.
            while (len(seen.titles) < titles + ROWS or len(seen.removed) == removed) and time.monotonic() < end:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.5))
            served.process.kill()
            for thread in load.threads:
                thread.join(PATIENCE)
                self.assertFalse(thread.is_alive())
            self.assertEqual(load.faults, [])
            with contextlib.suppress(ProcessLookupError):
                served.end(signal.SIGKILL)
            served = Served(folder=folder)
            self.check(seen, stored(served))
        self.assertGreater(len(seen.labelled), 0)
        self.assertGreater(len(seen.removed), 0)
        self.assertEqual(served.end(), 0)

    def check(self, seen: Acknowledged, found: dict[str, products.Product]) -> None:
        lost = [key for key in seen.titles if key not in found]
        self.assertEqual(lost, [])
        # A stream of a later round may have stored the row again before its acknowledgement.
        stale = [key for key, title in seen.titles.items() if round_of(found[key].title) < round_of(title)]
        self.assertEqual(stale, [])
        self.assertEqual([key for key in seen.labelled if found[key].label.id != "knives"], [])
        self.assertEqual(seen.removed & found.keys(), set())


def round_of(title: str) -> int:
    """The round in which a row of a stream was stored; 0 for others."""
    return int(title.rsplit(" ", 1)[1]) if " of round " in title else 0
