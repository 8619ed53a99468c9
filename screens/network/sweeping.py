"""The page of the sweep: how far it is, who answered, and whether they may."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

from c3tui.model.plan import Plan
from c3tui.model.reality import Answer, Sweep
from screens.addressspace import Space, owners_between
from screens.model import FleetModel
from screens.signs import SEVERITIES, Span
from screens.widgets.columns import Column
from screens.words import bar, counted, duration

Lines = list[list[Span]]
RULES = ("network.address-answers", "network.vip-answers", "network.address-twice", "network.not-swept")
RATE = 1000
"""Addresses a second, as the engine asks when nobody says otherwise."""
PARTS = {"vip": "API VIP", "nodes": "node range", "pods": "pod block"}
CHOICES = (("vip", "nodes"), ("vip", "nodes", "pods"), ("pods",))


@dataclass(frozen=True)
class AnswerRow:
    """An address that answered."""

    answer: Answer
    owner: str
    """Whose the plan says it is."""
    stranger: bool
    """Whether nobody may answer there."""


def answer_rows(space: Space, sweep: Sweep, strange: frozenset[IPv4Address]) -> dict[str, AnswerRow]:
    """Every address that answered, lowest first."""
    return {
        str(each.address): AnswerRow(
            each, ", ".join(_owners(space, int(each.address))), each.address in strange
        )
        for each in sweep.answers
    }


def _owners(space: Space, number: int) -> list[str]:
    return [name for name in owners_between(space, number, number) if not name.startswith("answers")]


def progress(fleet: FleetModel) -> Mapping[str, Any]:
    """How far the sweep is, or how the last one ended."""
    return fleet.observed.get("sweep", {}).get("site", {})


def sweep_lines(fleet: FleetModel, sweep: Sweep | None) -> Lines:
    """How far it is, what could not be asked, and what the rules say of the answers."""
    told = progress(fleet)
    lines: Lines = [_state(told)]
    for each in fleet.open_findings("network"):
        if each.check in RULES:
            sign, tone = SEVERITIES[each.severity]
            lines += [[(f"{sign} {each.message}", tone)], [(f"  {each.remedy}", "")]]
    if told.get("asked") and not told.get("running") and not (sweep and sweep.answers):
        lines.append([("Nobody has answered.", "")])
    return lines


def _state(told: Mapping[str, Any]) -> list[Span]:
    parts = ", ".join(PARTS.get(str(each), str(each)) for each in told.get("parts") or [])
    asked, total, found = (int(told.get(key) or 0) for key in ("asked", "total", "found"))
    if told.get("running"):
        share = asked / total if total else 0.0
        return [
            (f"Asking {parts}: ", "strong"),
            (f"{bar(share, 20)} {asked} of {total}", "busy"),
            (f", {found} answered. p stops it; what was found stays.", ""),
        ]
    if not told:
        return [("Nobody was asked yet. p asks whether somebody has the addresses of the plan.", "dim")]
    ended = "Stopped" if told.get("stopped") else "Asked"
    return [
        (f"{ended}: {parts}. {counted(asked, 'question')}, {counted(found, 'answer')}.", "strong"),
        (" p asks again.", "dim"),
    ]


def choices(plan: Plan) -> list[tuple[str, str]]:
    """What may be asked, with how long that takes; asking nobody first."""
    cluster = plan.networks.cluster
    sizes = {
        "vip": 1,
        "nodes": len(cluster.nodes),
        "pods": cluster.pods.cidr.num_addresses,
    }
    answers = [("", "Ask nobody")]
    for parts in CHOICES:
        count = sum(sizes[part] for part in parts)
        names = " and ".join(PARTS[part] for part in parts)
        answers.append(
            (" ".join(parts), f"{names}: {count} addresses, {duration(2 * count / RATE + 2)} at most")
        )
    return answers


COLUMNS: list[Column[AnswerRow]] = [
    Column(
        "Address",
        15,
        lambda row: (str(row.answer.address), "bad" if row.stranger else "strong"),
        sort=lambda row: row.answer.address,
    ),
    Column("Verdict", 12, lambda row: ("! stranger", "bad") if row.stranger else ("may answer", "good")),
    Column("In the plan", 22, lambda row: (row.owner, "")),
    Column("By", 5, lambda row: (row.answer.how, "dim")),
    Column("MAC", 17, lambda row: (" ".join(row.answer.macs) or "-", ""), grow=True),
]
