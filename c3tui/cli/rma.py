"""What goes to the vendor with parts that were taken out, written file by file."""

import argparse

from c3tui.cli.output import clean, note
from c3tui.cli.show import reading
from c3tui.engine.errors import InputError
from c3tui.model.replacement import Phase, Replacement


def rma(options: argparse.Namespace) -> int:
    """Write what is on record of each part: a JSON file, a text, and the raw SMART report."""
    from c3tui.steps.rma import gather, write

    with reading(options.site) as reader:
        parts = [each for each in reader.all(Replacement) if each.phase is not Phase.WITHDRAWN]
        if options.bays:
            known = {name for each in parts for name in (each.bay, each.id)}
            if unknown := [name for name in options.bays if name not in known]:
                raise InputError(
                    f"no part of {clean(unknown[0])!r} was marked", remedy="See `c3tui replacements --all`"
                )
            parts = [each for each in parts if {each.bay, each.id} & set(options.bays)]
        if not parts:
            note("none")
            return 0
        written = write([gather(reader, each) for each in parts], options.output)
    note(f"{len(written)} parts written to {options.output}")
    return 0
