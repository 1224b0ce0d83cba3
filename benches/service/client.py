"""What a client in Python meets, as one JSON object. PYTHONPATH has the stubs that `examples/python/generate.py` makes.

    client.py ADDRESS CATALOG classify SECONDS [CALLS_PER_SECOND]
    client.py ADDRESS CATALOG upsert TITLES

`classify` files one product a call, 16 at a time, or as many calls a second as are named, whatever the answers take.
`upsert` stores the titles of a file, one a line, on one stream.
"""

import json
import sys
import threading
import time

import grpc
from assort.v1 import classification_pb2 as classification
from assort.v1 import classification_pb2_grpc
from assort.v1 import products_pb2 as products
from assort.v1 import products_pb2_grpc

# A thread of Python that waits for its turn would count as the server's time.
sys.setswitchinterval(0.0002)

IN_FLIGHT = 16
TITLES = 1_000
ROWS = 1_000


def titles(channel: grpc.Channel, parent: str) -> list[str]:
    listed = products_pb2_grpc.ProductServiceStub(channel).ListProducts(
        products.ListProductsRequest(parent=parent, page_size=TITLES)
    )
    return [product.title for product in listed.products]


class Calls:
    """Calls that are open, and how long those took that are not."""

    def __init__(self, channel: grpc.Channel, parent: str):
        self.stub = classification_pb2_grpc.ClassificationServiceStub(channel)
        self.requests = [
            classification.ClassifyProductsRequest(parent=parent, products=[products.Product(title=title)])
            for title in titles(channel, parent)
        ]
        self.milliseconds: list[float] = []
        self.failed = 0
        self.open = threading.Semaphore(0)
        self.begun = 0

    def begin(self) -> None:
        begun = time.perf_counter()
        future = self.stub.ClassifyProducts.future(self.requests[self.begun % len(self.requests)])
        self.begun += 1
        future.add_done_callback(lambda future: self.end(begun, future))

    def end(self, begun: float, future: grpc.Future) -> None:
        if future.exception() is None:
            self.milliseconds.append(1_000 * (time.perf_counter() - begun))
        else:
            self.failed += 1
        self.open.release()

    def flat_out(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        for _ in range(IN_FLIGHT):
            self.begin()
        while time.perf_counter() < end:
            self.open.acquire()
            self.begin()
        self.wait(IN_FLIGHT)

    def at_rate(self, seconds: float, rate: float) -> None:
        begun = time.perf_counter()
        for number in range(int(seconds * rate)):
            wait = begun + number / rate - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            self.begin()
        self.wait(self.begun)

    def wait(self, calls: int) -> None:
        for _ in range(calls):
            self.open.acquire()


def classify(channel: grpc.Channel, parent: str, seconds: str, rate: str | None = None) -> dict:
    calls = Calls(channel, parent)
    begun = time.perf_counter()
    if rate is None:
        calls.flat_out(float(seconds))
    else:
        calls.at_rate(float(seconds), float(rate))
    took = time.perf_counter() - begun
    times = sorted(calls.milliseconds)
    at = {f"p{part}": times[int((len(times) - 1) * part / 100)] for part in (50, 90, 99)}
    return {"calls_per_second": len(times) / took, "failed": calls.failed, "milliseconds": at}


def upsert(channel: grpc.Channel, parent: str, path: str) -> dict:
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    request = products.StreamUpsertProductsRequest

    def rows():
        yield request(open=request.Open(parent=parent))
        for first in range(0, len(lines), ROWS):
            batch = enumerate(lines[first : first + ROWS], first + 1)
            stored = [products.Product(id=f"p{number}", title=title) for number, title in batch]
            yield request(rows=request.Rows(first_row=first + 1, products=stored))

    begun = time.perf_counter()
    through, rejected = 0, 0
    for answer in products_pb2_grpc.ProductServiceStub(channel).StreamUpsertProducts(rows()):
        through, rejected = answer.committed_through, rejected + len(answer.rejected)
    took = time.perf_counter() - begun
    return {"rows": through, "rejected": rejected, "products_per_second": through / took}


def main(address: str, catalog: str, call: str, *rest: str) -> None:
    does = {"classify": classify, "upsert": upsert}[call]
    with grpc.insecure_channel(address) as channel:
        print(json.dumps(does(channel, f"catalogs/{catalog}", *rest)))


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
