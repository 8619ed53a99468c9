"""The commands and their options."""

import argparse
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from c3tui import __version__
from c3tui.cli import parser_identity, parser_parts

QUESTIONS = {
    "name": "name of the site (a-z, 0-9 and -)",
    "maas_url": "URL of MAAS, ending in /MAAS/",
    "ipmi": "IPMI network",
    "pxe": "PXE network",
    "cluster": "cluster L2 network",
}
"""What ``init`` must be told; it asks at a terminal what no option says."""

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
COMMANDS = frozenset(
    "wizard rehearse lab engine init check run status servers drives findings runs journal log "
    "waive stop detach report mend plan import release sweep identify judge rejudge "
    "credentials".split()
) | frozenset((*parser_identity.COMMANDS, *parser_parts.COMMANDS))


EPILOG = """\
`c3tui SITE` opens the wizard on a site; `c3tui rehearse` opens it on a simulated room.

exit codes:
  0  done
  1  blocked by findings, or failed
  2  bad input
  3  cancelled or interrupted
  4  a peer cannot be reached
  5  another terminal holds control
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command that is meant, with its options; ``act`` in it carries it out.

    Raises:
        SystemExit: help or the version was asked for (0), or the arguments make no sense (2).
    """
    parser = build()
    first = arguments[0] if arguments else ""
    near = difflib.get_close_matches(first, COMMANDS, n=1, cutoff=0.75)
    if near and first not in COMMANDS and not Path(first).exists():
        parser.error(f"no command and no site {first!r}; did you mean {near[0]!r}?")
    return parser.parse_args(with_command(arguments))


def with_command(arguments: Sequence[str]) -> list[str]:
    """``c3tui SITE`` is ``c3tui wizard SITE``, and ``c3tui`` alone is the wizard here."""
    first = next((each for each in arguments if not each.startswith("-")), None)
    if first in COMMANDS or (first is None and {"-h", "--help", "--version"} & set(arguments)):
        return list(arguments)
    return ["wizard", *arguments]


def build() -> argparse.ArgumentParser:
    """The parser of the whole command line; each command's function is in ``act``."""
    parser = argparse.ArgumentParser(
        prog="c3tui",
        description="Takes racks of bare servers to Kubernetes and Ceph, drive by drive.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"c3tui {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _wizard(commands)
    _rehearsal(commands)
    _acts(commands)
    _decisions(commands)
    _network(commands)
    _lights(commands)
    _logins(commands)
    _identity(commands)
    _views(commands)
    _evidence(commands)
    return parser


def _command(commands: Commands, name: str, help: str, act: str) -> argparse.ArgumentParser:
    """A command whose function is named ``module:function`` and imported only when it is called."""

    def call(options: argparse.Namespace) -> int:
        from importlib import import_module

        module, _, function = act.partition(":")
        return int(getattr(import_module(f"c3tui.cli.{module}"), function)(options))

    parser = commands.add_parser(name, help=help, description=help)
    parser.set_defaults(act=call)
    return parser


def _site(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    if optional:
        parser.add_argument(
            "site", type=Path, nargs="?", default=Path(), help="site directory (default: here)"
        )
    else:
        parser.add_argument("site", type=Path, help="site directory")


def _wizard(commands: Commands) -> None:
    wizard = _command(
        commands, "wizard", "open the wizard on a site (same as `c3tui SITE`)", "wizard:open_site"
    )
    _site(wizard, optional=True)
    _look(wizard)
    wizard.add_argument(
        "--observe", action="store_true", help="watch; do not take control even when it is free"
    )
    engine = _command(commands, "engine", "run the engine of a site in the foreground", "wizard:run_engine")
    _site(engine)


def _look(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ui",
        choices=["auto", "rich", "console"],
        default="auto",
        help="how to draw: console is for old terminals",
    )


def _room(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--servers", type=int, help="servers in the room (default: the scenario's, or 12)")
    parser.add_argument("--bays", type=int, help="bays in a server (default: the scenario's, or 12)")
    parser.add_argument("--seed", type=int, help="what the room is made from (default 7)")
    parser.add_argument("--speed", type=float, help="simulated seconds in a real one (default 60)")
    parser.add_argument("--scenario", default="sound", help="sound, troubled, hardware, fleet, or a file")
    parser.add_argument("--site", type=Path, help="site directory (default: rehearsal/<room>)")


def _rehearsal(commands: Commands) -> None:
    rehearse = _command(commands, "rehearse", "open the wizard on a simulated room", "rehearse:rehearse")
    _room(rehearse)
    _look(rehearse)
    rehearse.add_argument("--headless", action="store_true", help="walk all steps without a terminal")
    rehearse.add_argument("--until", default="", metavar="STEP", help="headless: the last step to walk")
    rehearse.add_argument("--json", action="store_true", help="end with one line of JSON")
    rehearse.add_argument("--fresh", action="store_true", help="throw an earlier rehearsal there away first")
    rehearse.add_argument("--mend", action="store_true", help="repair the scenario's BMCs before walking")
    lab = _command(commands, "lab", "run only the simulated room, until stopped", "rehearse:lab")
    _room(lab)
    mend = _command(commands, "mend", "repair broken BMCs in a running rehearsal", "rehearse:mend")
    _site(mend)


def _acts(commands: Commands) -> None:
    init = _command(commands, "init", "start a new site directory", "init:init")
    _site(init)
    init.add_argument("--from", dest="source", type=Path, metavar="FILE", help="a site.yaml to start from")
    for key, question in QUESTIONS.items():
        init.add_argument(f"--{key.replace('_', '-')}", dest=key, metavar="VALUE", help=f"{question}")
    check = _command(commands, "check", "what the checks find; changes nothing but the record", "check:check")
    check.add_argument("site", type=Path, nargs="?", help="site directory")
    check.add_argument("step", nargs="?", help="one step (default: all)")
    check.add_argument("--list", action="store_true", help="print the catalogue of checks instead")
    _form(check)
    run = _command(commands, "run", "run steps without a terminal", "act:run")
    _site(run)
    run.add_argument("steps", nargs="*", metavar="STEP", help="steps to run (default: all, in order)")
    run.add_argument("--until", default="", metavar="STEP", help="the last step to run")
    run.add_argument(
        "--confirm", default="", metavar="NAME", help="the site's name, where a step destroys data"
    )
    run.add_argument("--json", action="store_true", help="end with one line of JSON")
    stop = _command(commands, "stop", "stop the run under way", "act:stop")
    _site(stop)
    stop.add_argument("run", nargs="?", default="", help="its id (default: whatever runs)")
    stop.add_argument("--now", action="store_true", help="at once, not after what it is doing")
    detach = _command(commands, "detach", "end the engine of a site", "act:detach")
    _site(detach)
    detach.add_argument("--now", action="store_true", help="even while a step runs")


def _decisions(commands: Commands) -> None:
    waive = _command(commands, "waive", "let a finding stand, for a reason", "act:waive")
    _site(waive)
    waive.add_argument("finding", metavar="FINDING", help="its id, from `c3tui findings`")
    waive.add_argument("--reason", required=True, metavar="TEXT", help="why; it goes on record")
    waive.add_argument("--take", action="store_true", help="take control first, if another terminal holds it")


def _network(commands: Commands) -> None:
    plan = _command(commands, "plan", "the network plan: its sizes, and tables for others", "network:plan")
    _site(plan)
    plan.add_argument("view", choices=["hosts", "etc-hosts", "switch", "sizing"], help="what to print")
    plan.add_argument("--nodes", type=int, metavar="N", help="sizing: propose a plan for N nodes now")
    plan.add_argument("--growth", type=int, metavar="N", help="sizing: and N at full growth")
    plan.add_argument("--pods", type=int, metavar="N", help="sizing: with N pods on each")
    _form(plan)
    servers = _command(commands, "import", "take expected servers from a CSV file", "network:import_servers")
    _site(servers)
    servers.add_argument(
        "file", type=Path, metavar="FILE", help="headings: rack, unit, bmc or mac; name, serial, profile"
    )
    servers.add_argument("--preview", action="store_true", help="say what it would do; change nothing")
    servers.add_argument(
        "--sweep", action="store_true", help="ask the IPMI network for BMCs given by their MAC"
    )
    servers.add_argument("--json", action="store_true", help="every field, for scripts")
    release = _command(
        commands, "release", "a server is gone for good: free its addresses", "network:release"
    )
    _site(release)
    release.add_argument("server", metavar="SERVER", help="its name, no longer in the plan")
    release.add_argument("--reason", required=True, metavar="TEXT", help="how you know; it goes on record")
    sweep = _command(commands, "sweep", "ask who answers at addresses the plan gives out", "network:sweep")
    _site(sweep)
    sweep.add_argument("parts", nargs="*", metavar="PART", help="vip, nodes, pods (default: all)")
    sweep.add_argument("--rate", type=float, metavar="N", help="addresses a second at most (default 1000)")
    sweep.add_argument("--json", action="store_true", help="every field, for scripts")
    for parser in (servers, release, sweep):
        parser.add_argument(
            "--take", action="store_true", help="take control first, if another terminal holds it"
        )


def _identity(commands: Commands) -> None:
    def command(name: str, help: str, act: str) -> argparse.ArgumentParser:
        made = _command(commands, name, help, act)
        _site(made)
        return made

    parser_identity.add(command, _form)
    parser_parts.add(command, _form)


def _logins(commands: Commands) -> None:
    logins = _command(
        commands, "credentials", "take BMC logins from a CSV file, or one typed", "credentials:credentials"
    )
    _site(logins)
    logins.add_argument(
        "--csv",
        default="",
        metavar="FILE",
        help="headings: server, serial or bmc; user; password (- reads standard input)",
    )
    logins.add_argument("--user", default="", metavar="NAME", help="one login; its password is asked for")
    logins.add_argument(
        "--server", action="append", default=[], metavar="NAME", help="whose (default: all without their own)"
    )
    logins.add_argument(
        "--take", action="store_true", help="take control first, if another terminal holds it"
    )


def _lights(commands: Commands) -> None:
    identify = _command(
        commands, "identify", "light servers or bays, one by one or all at once", "identify:identify"
    )
    _site(identify)
    identify.add_argument(
        "names", nargs="*", metavar="SERVER", help="a server, or a bay like c3-001/bay03 (none: what is lit)"
    )
    identify.add_argument("--off", action="store_true", help="darken them, whoever lit them")
    identify.add_argument("--walk", action="store_true", help="one after the other; Enter goes on")
    identify.add_argument("--take", action="store_true", help="take control first; whoever has it is told")
    identify.add_argument("--json", action="store_true", help="the list of lights, for scripts")


def _form(parser: argparse.ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="every field, for scripts")
    form.add_argument("--csv", action="store_true", help="the columns, for spreadsheets")


def _views(commands: Commands) -> None:
    for name, help in (
        ("status", "where each step stands"),
        ("servers", "every server"),
        ("drives", "every drive in every bay, or the story of one bay"),
        ("findings", "what is wrong"),
        ("runs", "what was run"),
        ("journal", "who did what, when"),
    ):
        view = _command(commands, name, help, "drives:drives" if name == "drives" else f"show:{name}")
        _site(view)
        if name == "drives":
            view.add_argument("bay", nargs="?", metavar="BAY", help="the whole story of one bay")
            view.add_argument(
                "--where", default="", metavar="QUERY", help="class:watch wear>70; same as --filter"
            )
        _form(view)
        if name in ("servers", "drives"):
            view.add_argument(
                "--filter", default="", metavar="TEXT", help="as in tables: state:failed rack:r12"
            )
        if name == "findings":
            view.add_argument("--all", action="store_true", help="those that are settled too")
    log = _command(commands, "log", "the log of a run", "show:log")
    _site(log)
    log.add_argument("run", nargs="?", default="", help="run id, or a step (default: the latest run)")
    log.add_argument("--host", default="", metavar="SERVER", help="lines about one server")
    log.add_argument("--failed", action="store_true", help="errors only")
    log.add_argument("--grep", default="", metavar="TEXT", help="lines with all of these words")
    log.add_argument("--json", action="store_true", help="one object a line, for scripts")
    report = _command(commands, "report", "write the handover report as the record stands", "act:report")
    _site(report)
    report.add_argument("-o", "--output", type=Path, metavar="DIR", help="directory (default: SITE/report)")


def _evidence(commands: Commands) -> None:
    again = _command(
        commands, "rejudge", "judge all drives and servers anew from the archive", "judge:rejudge"
    )
    _site(again)
    again.add_argument("--take", action="store_true", help="take control first, if another terminal holds it")
    again.add_argument("--json", action="store_true", help="every field, for scripts")
    judge = _command(commands, "judge", "what SMART reports in files say of their drives", "judge:judge")
    judge.add_argument("files", type=Path, nargs="*", metavar="FILE", help="output of smartctl --json --xall")
    judge.add_argument("--site", type=Path, metavar="SITE", help="judge by this site's own thresholds")
    judge.add_argument("--rules", action="store_true", help="print the thresholds and who says so instead")
    judge.add_argument("--json", action="store_true", help="every field, for scripts")
