"""`python -m digest`, the same as the command `digest`."""

from __future__ import annotations

from digest.cli import main

if __name__ == "__main__":
    main()
