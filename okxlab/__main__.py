"""``python -m okxlab`` is the ``okxlab`` command."""

import sys

from okxlab.cli import main

if __name__ == "__main__":
    sys.exit(main())
