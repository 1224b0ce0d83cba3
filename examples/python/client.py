#!/usr/bin/env python3
"""Files, stores and finds products on a server.

    assort serve shop
    python generate.py stubs
    PYTHONPATH=stubs python client.py 127.0.0.1:50051 shop

With a server that asks for keys, set ASSORT_KEY; with one that has a certificate, set ASSORT_CA to the file of the
certificate that it rests on.
"""

import os
import sys

import grpc
from assort.v1 import (
    classification_pb2,
    classification_pb2_grpc,
    products_pb2,
    products_pb2_grpc,
    search_pb2,
    search_pb2_grpc,
)

PRODUCTS = [
    ("kettle", "Electric kettle 1.7 l, stainless steel", "34.90"),
    ("knife", "Chef's knife 20 cm", "45"),
    ("headphones", "Wireless over-ear headphones", "59.99"),
]


def connect(address: str) -> grpc.Channel:
    """A channel, with the certificate and the key that the environment names."""
    authority = os.environ.get("ASSORT_CA")
    if authority is None:
        return grpc.insecure_channel(address)
    with open(authority, "rb") as file:
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(file.read()))


def metadata() -> list[tuple[str, str]]:
    key = os.environ.get("ASSORT_KEY")
    return [("authorization", f"Bearer {key}")] if key else []


def product(key: str, title: str, price: str) -> products_pb2.Product:
    amount = products_pb2.Money(amount=price)
    return products_pb2.Product(
        id=key,
        title=title,
        attributes={"price": products_pb2.AttributeValue(money=amount)},
    )


def rows(parent: str):
    """What is sent on a stream: what it is for, then products with their numbers."""
    request = products_pb2.StreamUpsertProductsRequest
    yield request(open=request.Open(parent=parent))
    yield request(rows=request.Rows(first_row=1, products=[product(*one) for one in PRODUCTS]))


def main(address: str, catalog: str) -> None:
    parent = f"catalogs/{catalog}"
    with connect(address) as channel:
        products = products_pb2_grpc.ProductServiceStub(channel)
        for answer in products.StreamUpsertProducts(rows(parent), metadata=metadata()):
            print(f"stored up to row {answer.committed_through}")
            for row in answer.rejected:
                print(f"row {row.row}: {row.status.message}")

        classification = classification_pb2_grpc.ClassificationServiceStub(channel)
        request = classification_pb2.ClassifyProductsRequest(
            parent=parent, products=[products_pb2.Product(title="Stovetop whistling kettle")]
        )
        filed = classification.ClassifyProducts(request, metadata=metadata(), timeout=10)
        for decision in filed.decisions:
            print(f"{decision.category.path} ({100 * decision.confidence:.0f}%)")

        search = search_pb2_grpc.SearchServiceStub(channel)
        request = search_pb2.SearchProductsRequest(
            parent=parent, text="something that cuts", filter="price < 50", page_size=3
        )
        found = search.SearchProducts(request, metadata=metadata(), timeout=10)
        for result in found.results:
            print(f"{result.similarity:.2f} {result.product.title}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
