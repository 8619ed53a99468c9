"""Options of the commands on parts: verdicts, marks, the walk list, what goes back to the vendor."""

import argparse
from collections.abc import Callable
from pathlib import Path

from c3tui.model.replacement import Kind

Adder = Callable[[str, str, str], argparse.ArgumentParser]
"""Makes a command out of its name, its help and where it is carried out; it has its site already."""
Form = Callable[[argparse.ArgumentParser], None]

COMMANDS = ("verdict", "withdraw", "cost", "replacements", "mark", "part", "scan", "look", "rma")
_QUERY = "drives that are so, as in tables: 'model:WUH* wear>70'"


def add(command: Adder, form: Form) -> None:
    """Enter the commands."""
    _verdict(command("verdict", "decide on the drive in a bay, or on many", "parts:verdict"))
    cost = command("cost", "what it would cost if bays or servers went out", "parts:cost")
    cost.add_argument("names", nargs="*", metavar="NAME", help="bays like c3-001/bay03, or whole servers")
    cost.add_argument("--where", default="", metavar="QUERY", help=_QUERY)
    cost.add_argument("--json", action="store_true", help="every field, for scripts")
    withdraw = command("withdraw", "take a replacement mark back, for a reason", "parts:withdraw")
    withdraw.add_argument("replacement", metavar="BAY", help="such as c3-001/bay03 or c3-001/PSU2")
    withdraw.add_argument("--reason", required=True, metavar="TEXT", help="why; it goes on record")
    _walk_list(command("replacements", "the walk list: parts on their way out", "parts:replacements"), form)
    mark = command("mark", "mark a part of a server, or all of it, for replacement", "parts:mark")
    _mark(mark)
    part = command("part", "move a part by hand: where C3 cannot see the swap", "parts:part")
    part.add_argument("replacement", metavar="BAY", help="such as c3-001/PSU2")
    part.add_argument("phase", metavar="PHASE", help="located, pulled, replaced, retested or closed")
    part.add_argument("--note", required=True, metavar="TEXT", help="what was done; it goes on record")
    part.add_argument("--serial", default="", metavar="TEXT", help="replaced: of the new part")
    part.add_argument("--model", default="", metavar="TEXT", help="replaced: of the new part")
    scan = command("scan", "say which new part is for which place, by its serial", "parts:scan")
    scan.add_argument(
        "serial", nargs="?", default="", metavar="SERIAL", help="none: one a line from a scanner"
    )
    scan.add_argument("--for", dest="replacement", default="", metavar="BAY", help="which part it is for")
    look = command("look", "look into marked bays of running servers, over SSH", "parts:look")
    look.add_argument("servers", nargs="*", metavar="SERVER", help="some servers (default: all with marks)")
    look.add_argument("--json", action="store_true", help="every field, for scripts")
    _rma(command("rma", "write what goes to the vendor with parts: label, numbers, report, story", "rma:rma"))
    for name in (withdraw, mark, part, scan, look):
        _take(name)


def _verdict(verdict: argparse.ArgumentParser) -> None:
    verdict.add_argument(
        "words",
        nargs="+",
        metavar="BAY... VERDICT",
        help="bays like c3-001/bay03, then use, replace or accept",
    )
    verdict.add_argument("--where", default="", metavar="QUERY", help=_QUERY)
    verdict.add_argument("--reason", default="", metavar="TEXT", help="why; replace and accept want one")
    verdict.add_argument("--yes", action="store_true", help="on many: do not ask, unless it costs too much")
    verdict.add_argument(
        "--confirm", default="", metavar="NAME", help="the site's name, where it costs too much"
    )
    _take(verdict)


def _walk_list(walk: argparse.ArgumentParser, form: Form) -> None:
    form(walk)
    walk.add_argument("--walk", action="store_true", help="as text of 80 columns, to print")
    walk.add_argument("--pages", action="store_true", help="a page for each rack, with boxes to tick")
    walk.add_argument("-o", "--output", type=Path, metavar="FILE", help="write it there (default: print it)")
    walk.add_argument("--force", action="store_true", help="write over a file that exists")
    walk.add_argument("--all", action="store_true", help="those that are settled too")


def _mark(mark: argparse.ArgumentParser) -> None:
    mark.add_argument("server", metavar="SERVER", help="its name")
    mark.add_argument("kind", choices=list(Kind), metavar="KIND", help=", ".join(Kind))
    mark.add_argument(
        "place", nargs="?", default="", metavar="PLACE", help="such as P1-DIMMA1, PSU2, FAN3, eno1"
    )
    mark.add_argument("--reason", required=True, metavar="TEXT", help="why; it goes on record")
    mark.add_argument("--serial", default="", metavar="TEXT", help="of the part, where its label is known")
    mark.add_argument("--model", default="", metavar="TEXT", help="of the part")
    mark.add_argument(
        "--drives", choices=["move", "go"], help="a whole server: they move into the new one, or go with it"
    )


def _rma(rma: argparse.ArgumentParser) -> None:
    rma.add_argument("bays", nargs="*", metavar="BAY", help="some parts (default: all but withdrawn ones)")
    rma.add_argument(
        "-o", "--output", type=Path, required=True, metavar="DIR", help="directory for the files of each part"
    )


def _take(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--take", action="store_true", help="take control first, if another terminal holds it"
    )
