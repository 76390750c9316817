"""`python -m conservative` is the command `conservative`."""

import sys

from conservative.cli import main

if __name__ == "__main__":
    sys.exit(main())
