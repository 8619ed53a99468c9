"""Identity: what each end says stands at each expected place, kept on record and judged as one."""

import time
from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Any

import c3tui.checks.identity  # noqa: F401  (enters its rules into the catalogue)
from c3tui.checks.catalogue import CATALOGUE, Fault, Known, faults
from c3tui.checks.profile import lacks
from c3tui.clients.maas import Machine
from c3tui.clients.sweep.host import heard
from c3tui.engine.step import Context
from c3tui.engine.store import Reader
from c3tui.model.finding import Finding, Severity, finding
from c3tui.model.fleet import BmcState, Power, Server
from c3tui.model.identity import IdentityFacts, Seen, Stray, StrayState
from c3tui.model.plan import ExpectedServer
from c3tui.model.run import StepStatus
from c3tui.steps import parts, tolerances

STEP = "discovery"
BELOW_PROFILE = "discovery.below-profile"
FAILED = "discovery.failed"
MISSING = "identity.missing"
KIND = "identity"
"""Of an observation by server: ``fru`` (read ``at`` that address), ``maas``, ``bmc_mac``, ``switches``,
``maas_power``, and since when the BMC has named another power, ``differs_since``."""
_POWERS = (Power.ON.value, Power.OFF.value)


def compare(ctx: Context, expected: ExpectedServer, server: Server, machine: Machine) -> None:
    """Put a commissioned machine on record as what stands at its place, and say where that is not as planned.

    Its parts are compared with the golden server of its kind, as far as MAAS's machine tells them; memory
    modules and LLDP neighbours follow when `c3tui.steps.parts.complete` has read them.
    """
    note(ctx, server.name, maas=machine.serial)
    note_power(ctx, server.name, machine.power_state)
    profile = ctx.plan.hardware.profiles.get(expected.profile)
    short = lacks(server, profile) if profile else [f"the plan has no profile {expected.profile!r}"]
    if short:
        message = f"less than its profile {expected.profile}: {', '.join(short)}"
        remedy = "Look for unseated parts; correct hardware.profiles if it is right"
        ctx.find(finding(BELOW_PROFILE, server.name, STEP, Severity.WARNING, message, remedy))
    else:
        ctx.fixed(BELOW_PROFILE, server.name)
    parts.take_in(ctx, server, machine)
    judge(ctx)
    parts.judge(ctx, [server.name])


def note(ctx: Context, name: str, **values: Any) -> None:
    """Remember what one end says about an expected server's place; the rest stays as it was said before."""
    known = ctx.store.observation(KIND, name) or {}
    known.pop("observed_at", None)
    ctx.store.observe(KIND, {name: known | values})


def note_power(ctx: Context, name: str, maas: str) -> None:
    """Compare MAAS's word about a server's power with the BMC's, and remember since when they differ."""
    bmc = str((ctx.store.observation("bmc", name) or {}).get("power"))
    known = ctx.store.observation(KIND, name) or {}
    differ = bmc in _POWERS and maas in _POWERS and bmc != maas
    since = (known.get("differs_since") or time.time()) if differ else None
    note(ctx, name, maas_power=maas, differs_since=since)


def facts(store: Reader, now: float | None = None) -> IdentityFacts:
    """Everything on record about who stands where."""
    at = time.time() if now is None else now
    said, readings = store.observations(KIND), store.observations("bmc")
    seen = {name: _seen(said.get(name, {}), readings.get(name), at) for name in said.keys() | readings.keys()}
    strays = [each for each in store.all(Stray) if each.state is StrayState.NEW and each.answers]
    addresses = tuple(sorted(IPv4Address(each.id) for each in strays))
    return IdentityFacts({name: each for name, each in seen.items() if each}, addresses)


def _seen(said: dict[str, Any], bmc: dict[str, Any] | None, at: float) -> Seen | None:
    """One place; None where nobody has looked yet."""
    state = str((bmc or {}).get("state") or BmcState.NEW.value)
    if not said and state in (BmcState.NEW.value, BmcState.NO_LOGIN.value):
        return None
    power, maas = str((bmc or {}).get("power") or "unknown"), str(said.get("maas_power") or "unknown")
    since = said.get("differs_since")
    return Seen(
        fru=str(said.get("fru") or ""),
        maas=str(said.get("maas") or ""),
        bmc_mac=str(said.get("bmc_mac") or ""),
        silent=state == BmcState.NO_ANSWER.value,
        switches=tuple(sorted(said.get("switches") or ())),
        # Whoever switched it meanwhile has made them agree: the next look at MAAS says so too.
        power_differs=at - float(since) if since and power in _POWERS and power != maas else 0.0,
        power=f"the BMC says {power}, MAAS says {maas}",
    )


def judge(ctx: Context) -> list[str]:
    """What the rules of identity say now, as findings; gives the ids of those that are true."""
    known = Known(identity=facts(ctx.store))
    rules = [each.id for each in CATALOGUE.values() if each.needs == KIND]
    said = [each for each in faults(ctx.plan, STEP, known) if each.check.id in rules]
    return tolerances.record(ctx, rules, [each for each in said if _news(ctx.store, each)])


def _news(store: Reader, fault: Fault) -> bool:
    """Whether a fault is worth a finding: that nothing answers is discovery's to say, and it says it once."""
    if fault.check.id != MISSING:
        return True
    failed = store.get(Finding, f"{FAILED}:{fault.subject}")
    return store.get(StepStatus, STEP) is not None and not (failed and failed.blocks)


def resolve(ctx: Context, names: Iterable[str]) -> None:
    """Remember the MACs of servers' BMCs, as far as this host is on their segment and has resolved them."""
    macs = {str(address): mac for mac, address in heard().items()}
    for name in names:
        mac = macs.get(str(ctx.plan.expected(name).bmc.address))
        if mac and (ctx.store.observation(KIND, name) or {}).get("bmc_mac") != mac:
            note(ctx, name, bmc_mac=mac)
