#!/usr/bin/env python3
"""Makes Python's modules of the contract: `generate.py FOLDER`, where they go to `FOLDER/assort/v1`."""

import sys
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[2] / "proto"


def generate(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # What the contract imports of Google comes with these two packages.
    well_known = str(files("grpc_tools") / "_proto")
    common = str(Path(str(files("google.rpc"))).parents[1])
    contract = sorted(str(path) for path in ROOT.glob("assort/v1/*.proto"))
    code = protoc.main(
        ["protoc", f"-I{ROOT}", f"-I{common}", f"-I{well_known}"]
        + [f"--python_out={folder}", f"--grpc_python_out={folder}", *contract]
    )
    if code != 0:
        sys.exit(code)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    generate(Path(sys.argv[1]))
