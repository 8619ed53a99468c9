"""The command line: every screen has a headless twin."""

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code.

    0 done, 1 blocked by findings or failed, 2 bad input, 3 cancelled or interrupted, 4 a peer cannot be
    reached, 5 another holds control.
    """
    from c3tui.cli.parser import parse
    from c3tui.engine.errors import C3Error

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's character set lacks must not end the command.
            stream.reconfigure(errors="backslashreplace")
    options = parse(sys.argv[1:] if arguments is None else arguments)
    code = 0
    try:
        code = int(options.act(options))
        sys.stdout.flush()
    except C3Error as error:
        print(f"c3tui: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("c3tui: interrupted", file=sys.stderr)
        return 3
    except BrokenPipeError:
        _stop_writing()
    except PermissionError as error:
        print(f"c3tui: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    return code


def _stop_writing() -> None:
    """The reader of our output has enough; what is left must not be flushed into the pipe at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
