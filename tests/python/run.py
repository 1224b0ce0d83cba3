"""The service as other implementations of gRPC and HTTP meet it: `run.py PROGRAM SHOP [NAME…]` runs the program `assort`
on copies of the catalog SHOP. Names, such as `test_json`, run these alone; otherwise every call must have been made."""

import sys
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def main() -> int:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    # Nothing is left in the folder of the sources.
    sys.dont_write_bytecode = True
    loader = unittest.TestLoader()
    if names := sys.argv[3:]:
        suite = loader.loadTestsFromNames(names)
    else:
        suite = loader.discover(str(FOLDER))
        # The last one, which asks what the others did.
        suite.addTests(loader.loadTestsFromName("every_call"))
    return 0 if unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
