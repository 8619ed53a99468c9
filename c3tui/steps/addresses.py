"""Addresses on record: binds servers to theirs, and lets go of those that are confirmed gone."""

from typing import Any

from c3tui.engine.core import Engine
from c3tui.engine.errors import InputError, StepError
from c3tui.engine.step import Context
from c3tui.engine.store import Reader
from c3tui.model.addresses import Binding, Holdings, assign, with_carried
from c3tui.model.base import utc_now
from c3tui.model.fleet import Server, Stage
from c3tui.model.network import Placement4, node_addresses
from c3tui.model.plan import Plan


def holdings(store: Reader) -> Holdings:
    """What the record says about addresses."""
    return Holdings(tuple(store.all(Binding)), tuple(store.all(Server)))


def indexes(store: Reader, plan: Plan) -> dict[str, int]:
    """The index of every server of the plan: as bound, or as it would be bound now."""
    bindings = with_carried(plan.networks.cluster, holdings(store))
    return assign([server.name for server in plan.servers], bindings)


def unbound(ctx: Context) -> dict[str, int]:
    """The servers of the plan that nobody has bound yet, with the index each will get."""
    held = {each.id for each in ctx.store.all(Binding) if each.held}
    return {name: index for name, index in indexes(ctx.store, ctx.plan).items() if name not in held}


def bind(ctx: Context) -> int:
    """Bind every server of the plan that has no addresses yet, for ever; gives how many.

    Raises:
        StepError: the plan has no room for one of them; nobody is bound then.
    """
    new = unbound(ctx)
    placed = {name: _place(ctx.plan, name, index) for name, index in new.items()}
    with ctx.store.transaction(ctx.who) as transaction:
        for name, index in new.items():
            transaction.put(Binding(id=name, index=index))
            where = placed[name]
            transaction.note(
                "address bound", name, index=index, address=str(where.address), pods=str(where.pod_range)
            )
    return len(new)


def of(ctx: Context, name: str) -> Placement4:
    """The addresses of a server of the plan; one that is not bound yet is, with all others.

    Raises:
        KeyError: the plan has no such server.
        StepError: the plan has no room for it, or would move it although it is installed.
    """
    bound = ctx.store.get(Binding, name)
    if bound is None or not bound.held:
        ctx.plan.expected(name)
        bind(ctx)
        bound = ctx.store.get(Binding, name)
        assert bound is not None
    placed, server = _place(ctx.plan, name, bound.index), ctx.store.get(Server, name)
    if server and server.stage.reached(Stage.DEPLOYED) and server.address not in ("", str(placed.address)):
        raise StepError(
            f"it runs with {server.address}, and the plan now says {placed.address}",
            where=name,
            remedy="Put the start of the node range back as it was; widen at the end only",
        )
    return placed


def _place(plan: Plan, name: str, index: int) -> Placement4:
    try:
        return node_addresses(plan.networks.cluster, index)
    except ValueError as error:
        raise StepError(
            str(error), where=name, remedy="Widen the node range and the pod block at their ends"
        ) from error


async def release(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Record that ``server`` is gone for good, for a ``reason``: its addresses may go to another name.

    What is known of the machine is forgotten with it; the journal keeps what it was.
    """
    name, reason = str(arguments["server"]), str(arguments.get("reason") or "").strip()
    if any(server.name == name for server in engine.site.plan.servers):
        raise InputError("it is still in the plan", where=name, remedy="Take it out of site.yaml first")
    store, plan = engine.store, engine.site.plan
    bindings = with_carried(plan.networks.cluster, holdings(store))
    bound = next((each for each in bindings if each.id == name and each.held), None)
    if bound is None:
        held = sorted(each.id for each in bindings if each.held)
        known = ", ".join(held[:8]) or "nobody"
        raise InputError(f"no addresses are held for {name!r}", remedy=f"They are held for {known}")
    if not reason:
        raise InputError("it wants a reason", where=name, remedy="Say how you know that it is gone")
    freed = bound.model_copy(update={"released_at": utc_now(), "released_by": who})
    server = store.get(Server, name)
    with store.transaction(who) as transaction:
        transaction.put(freed)
        if server:
            transaction.delete(Server, name)
        transaction.note(
            "address released",
            name,
            index=bound.index,
            reason=reason,
            address=server.address if server else "",
            serial=server.serial if server else "",
        )
    return {"index": bound.index}
