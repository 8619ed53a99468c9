"""Run the command line as ``python -m c3tui``."""

import sys

from c3tui.cli import main

sys.exit(main())
