"""Former name of `cache.prepare`: `python -m views.prepare` goes on working."""

import sys

from cache.prepare import main

if __name__ == "__main__":
    sys.exit(main())
