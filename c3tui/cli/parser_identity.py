"""Options of the commands of identity."""

import argparse
from collections.abc import Callable

Adder = Callable[[str, str, str], argparse.ArgumentParser]
"""Makes a command out of its name, its help and where it is carried out; it has its site already."""
Form = Callable[[argparse.ArgumentParser], None]

COMMANDS = ("identity", "golden", "tolerate", "untolerate", "tolerances", "strays")
ACTS = ("list", "find", "take-in", "ignore", "recall", "light", "dark")
_VERBS = ", ".join(ACTS)


def add(command: Adder, form: Form) -> None:
    """Enter the commands."""
    identity = command("identity", "ask BMCs and MAAS which server stands where", "identity:identity")
    identity.add_argument("servers", nargs="*", metavar="SERVER", help="some servers (default: all)")
    form(identity)
    golden = command("golden", "make a server the measure for all of its kind", "identity:golden")
    golden.add_argument("server", metavar="SERVER", help="a good one, found and commissioned")
    golden.add_argument("--name", metavar="PROFILE", help="of which profile (default: its own)")
    golden.add_argument("--floor", action="store_true", help="write its figures into the plan's profile too")
    golden.add_argument("--json", action="store_true", help="every field, for scripts")
    tolerate = command("tolerate", "accept a known difference, for a reason", "identity:tolerate")
    tolerate.add_argument("finding", metavar="FINDING", help="its id, from `c3tui findings`")
    tolerate.add_argument(
        "--scope",
        default="server",
        metavar="SCOPE",
        help="site, rack[:NAME], server[:NAME] or batch[:PROFILE] (default: server)",
    )
    tolerate.add_argument("--reason", required=True, metavar="TEXT", help="why; it goes on record")
    untolerate = command("untolerate", "let an accepted difference count again", "identity:untolerate")
    untolerate.add_argument("tolerance", metavar="ID", help="from `c3tui tolerances`")
    form(command("tolerances", "differences that were accepted", "identity:tolerances"))
    _strays(command("strays", "BMCs that answer and that nobody expects", "identity:strays"), form)
    for name in (identity, golden, tolerate, untolerate):
        _take(name)


def _strays(strays: argparse.ArgumentParser, form: Form) -> None:
    strays.add_argument(
        "verb", nargs="?", choices=ACTS, default="list", metavar="VERB", help=f"{_VERBS} (default: list)"
    )
    strays.add_argument("address", nargs="?", metavar="ADDRESS", help="of the BMC that it is about")
    strays.add_argument("--all", action="store_true", help="list those that are settled too")
    strays.add_argument("--range", metavar="FIRST-LAST", help="find: only these (default: the IPMI network)")
    strays.add_argument("--rate", type=float, metavar="N", help="find: addresses a second (default 500)")
    strays.add_argument("--name", metavar="NAME", help="take-in: its name as a server")
    strays.add_argument("--rack", metavar="RACK", help="take-in: where it stands")
    strays.add_argument("--unit", type=int, metavar="N", help="take-in: where it stands")
    strays.add_argument("--serial", metavar="TEXT", help="take-in: from its label")
    strays.add_argument("--profile", metavar="PROFILE", help="take-in: what kind of server it is")
    strays.add_argument("--reason", metavar="TEXT", help="ignore: why; it goes on record")
    strays.add_argument("--user", metavar="NAME", help="light: its login; the password is asked for")
    form(strays)
    _take(strays)


def _take(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--take", action="store_true", help="take control first, if another terminal holds it"
    )
