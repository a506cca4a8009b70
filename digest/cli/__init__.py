"""The command line: reads arguments, calls the service, prints. Holds no rule."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from digest.cli.plain import is_plain, parse_plainly
from digest.errors import ConfigurationError, DigestError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 something failed and is named on stderr, 2 wrong usage or configuration."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if is_plain(given):
            sys.exit(int(not parse_plainly(given)))
        from digest.cli.commands import app

        app(args=given)
    except ConfigurationError as error:
        sys.stderr.write(f"digest: {error}\n")
        sys.exit(2)
    except DigestError as error:
        sys.stderr.write(f"digest: {error}\n")
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away; Python would complain about it at the end
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell says it, and as Typer does
