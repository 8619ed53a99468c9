"""The network step against the lab's MAAS: its plan of changes, what it leaves alone, and who is bound."""

from collections.abc import AsyncIterator, Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from c3tui.cli.compose import engine_of
from c3tui.clients.maas import Maas
from c3tui.engine import planfile
from c3tui.engine.core import Engine
from c3tui.engine.errors import StepError
from c3tui.engine.site import Site
from c3tui.engine.store import Entry
from c3tui.lab.maas import MaasLab
from c3tui.lab.room import Room
from c3tui.lab.scenario import Scenario
from c3tui.lab.site import write_site
from c3tui.model.addresses import Binding
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import Server, Stage
from c3tui.model.plan import Plan
from c3tui.model.run import Outcome, Run
from c3tui.steps import addresses, peers
from c3tui.steps.network import look

CLUSTER = "127.102.0.0/16"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine on a site of six servers, whose MAAS answers."""
    room = Room(Scenario(servers=6, bays=2, octet=100))
    lab = MaasLab(room)
    await lab.start(0)
    write_site(tmp_path / "site", room, lab.url, lab.api_key)
    engine = engine_of(Site.load(tmp_path / "site"), services=False)
    await engine.start()
    yield engine
    await engine.close()
    await lab.close()
    await room.close()


async def maas(engine: Engine) -> Maas:
    return await peers.maas(engine.context(engine.step("network"), "test"))


async def run(engine: Engine) -> Run:
    _, task = engine.begin("network", "ann")
    return await task


def opened(engine: Engine) -> dict[str, Finding]:
    return {each.check: each for each in engine.store.all(Finding) if each.state is FindingState.OPEN}


def journal(engine: Engine, what: str) -> list[Entry]:
    return [each for each in engine.store.journal(limit=10_000) if each.what == what]


def rewrite(engine: Engine, change: Callable[[Any], None]) -> None:
    """Edit site.yaml as an engineer would, and have it read again."""
    path = engine.site.files.plan
    tree = planfile.parse(planfile.read_text(path), path.name)
    change(tree)
    planfile.write(path, planfile.dump(tree))
    engine.reload("ann")


async def test_the_plan_of_changes_is_told_made_journaled_and_then_there_is_nothing_to_do(
    engine: Engine,
) -> None:
    checked = await engine.check("network", "ann")
    assert checked.missing == [
        f"set the DNS of cluster subnet {CLUSTER} to 127.102.0.1 (now none)",
        f"reserve 127.102.0.5-127.102.0.5 (Kubernetes API) in cluster subnet {CLUSTER}",
        f"reserve 127.102.0.10-127.102.7.255 (nodes, addressed by the plan) in cluster subnet {CLUSTER}",
        f"reserve 127.102.128.0-127.102.255.254 (pods) in cluster subnet {CLUSTER}",
        "bind addresses to c3-001, c3-002, c3-003 and 3 more",
    ]
    assert opened(engine) == {} and not journal(engine, "MAAS changed")
    done = await run(engine)
    assert done.outcome is Outcome.DONE and done.changed, done.summary
    assert [each.data["did"] for each in journal(engine, "MAAS changed")] == checked.missing[:4]
    assert [each.subject for each in journal(engine, "address bound")] == [f"c3-00{n}" for n in range(1, 7)]
    seen = await look(await maas(engine))
    subnet = seen.subnet(engine.site.plan.networks.cluster.cidr)
    assert subnet and subnet.dns == ("127.102.0.1",) and len(seen.ranges_on(subnet)) == 3
    assert {each.comment for each in seen.ranges_on(subnet)} == {
        "C3: Kubernetes API",
        "C3: nodes, addressed by the plan",
        "C3: pods",
    }
    again = await run(engine)
    assert again.outcome is Outcome.DONE and not again.changed
    assert again.summary == "6 of 6 servers have addresses, MAAS is as planned"
    assert len(journal(engine, "MAAS changed")) == 4


async def test_another_gateway_dns_and_lost_leases_are_set_right(engine: Engine) -> None:
    region, plan = await maas(engine), engine.site.plan
    seen = await look(region)
    pxe, flat = (seen.subnet(each.cidr) for each in (plan.networks.pxe, plan.networks.cluster))
    assert pxe and flat
    await region.update_subnet(pxe.id, gateway="")
    await region.update_subnet(flat.id, gateway="127.102.0.9", dns=["127.102.0.8"])
    (leases,) = seen.ranges_on(pxe)
    await region.wire.send("IPRange.delete", uri={"id": leases.id}, where="test")
    missing = (await engine.check("network", "ann")).missing
    assert missing[:4] == [
        "set the gateway of PXE subnet 127.101.0.0/16 to 127.101.0.1 (now none)",
        "lease 127.101.200.1-127.101.250.254 (leases for servers that boot) in PXE subnet 127.101.0.0/16",
        f"set the gateway of cluster subnet {CLUSTER} to 127.102.0.1 (now 127.102.0.9)",
        f"set the DNS of cluster subnet {CLUSTER} to 127.102.0.1 (now 127.102.0.8)",
    ]
    assert (await run(engine)).outcome is Outcome.DONE
    after = await look(region)
    assert [each.gateway for each in after.subnets if each.id in (pxe.id, flat.id)] == [
        plan.networks.pxe.gateway,
        plan.networks.cluster.gateway,
    ]
    assert [each.kind for each in after.ranges_on(pxe)] == ["dynamic"]
    assert not (await run(engine)).changed


async def test_a_foreign_range_is_told_of_and_left_alone(engine: Engine) -> None:
    region = await maas(engine)
    subnet = await region.subnet(CLUSTER)
    assert subnet
    made = await region.create_range("reserved", "127.102.20.1", "127.102.20.9", subnet.id, "printers")
    await engine.check("network", "ann")
    assert opened(engine)["network.maas-resident"].message == (
        "reserved range 127.102.20.1-127.102.20.9 (printers) is not in the plan"
    )
    assert (await run(engine)).outcome is Outcome.DONE
    assert made in await region.ranges() and not (await run(engine)).changed
    across = await region.create_range("reserved", "127.102.8.0", "127.102.9.255", subnet.id, "late")
    rewrite(engine, lambda tree: tree["networks"]["cluster"]["nodes"].update(end="127.102.8.255"))
    blocked = await run(engine)
    assert blocked.outcome is Outcome.FAILED and "network is blocked" in blocked.summary
    assert (
        "127.102.8.0-127.102.9.255 (late) lies across" in opened(engine)["network.maas-foreign-range"].message
    )
    assert {made, across} <= set(await region.ranges())


async def test_a_widened_range_is_reserved_beside_what_was_reserved_before(engine: Engine) -> None:
    await run(engine)
    rewrite(engine, lambda tree: tree["networks"]["cluster"]["nodes"].update(end="127.102.9.255"))
    checked = await engine.check("network", "ann")
    assert checked.missing == [
        "reserve 127.102.8.0-127.102.9.255 (nodes, addressed by the plan) in cluster subnet " + CLUSTER
    ]
    assert (await run(engine)).outcome is Outcome.DONE and not (await run(engine)).changed


async def test_leases_where_nodes_will_live_block_the_step(engine: Engine) -> None:
    region = await maas(engine)
    subnet = await region.subnet(CLUSTER)
    assert subnet
    await region.create_range("dynamic", "127.102.1.0", "127.102.1.99", subnet.id)
    done = await run(engine)
    assert done.outcome is Outcome.FAILED and "dynamic range 127.102.1.0-127.102.1.99" in done.summary
    assert not journal(engine, "MAAS changed") and not engine.store.all(Binding)


async def test_a_plans_own_fault_is_told_while_maas_is_away(engine: Engine) -> None:
    changes = {"networks.cluster.vip": "127.102.0.10", "endpoints.maas.url": "http://127.100.0.1:9/MAAS/"}
    engine.edit(changes, "ann")
    with pytest.raises(Exception, match=r"127\.100\.0\.1"):
        await engine.check("network", "ann")
    assert list(opened(engine)) == ["network.shared"]


async def test_a_sweep_is_judged_again_when_the_plan_or_the_fleet_has_changed(engine: Engine) -> None:
    engine.store.observe(
        "sweep", {"answers": {"answers": [["127.102.0.5", "ping", []], ["127.102.0.10", "ping", []]]}}
    )
    blocked = await run(engine)
    assert blocked.outcome is Outcome.FAILED
    assert list(opened(engine)) == ["network.address-answers", "network.vip-answers"]
    at = engine.site.plan.servers[0]
    ours = Server(id=at.name, name=at.name, rack=at.rack, unit=at.unit, stage=Stage.DEPLOYED)
    ours.address, ours.pod_range = "127.102.0.10", "127.102.128.1-127.102.128.62"
    with engine.store.transaction("ann") as transaction:
        transaction.put(ours)
    engine.edit({"networks.cluster.vip": "127.102.0.6"}, "ann")
    assert (await run(engine)).outcome is Outcome.DONE and opened(engine) == {}


async def test_who_is_bound_stays_bound_whatever_becomes_of_the_list(engine: Engine) -> None:
    await run(engine)
    ctx = engine.context(engine.step("deploy"), "ann")
    before = {name: addresses.of(ctx, name) for name in ("c3-003", "c3-004", "c3-006")}

    def changed(tree: Any) -> None:
        del tree["servers"][1]
        tree["kubernetes"]["control_plane"] = ["c3-001", "c3-003", "c3-005"]
        tree["servers"].insert(
            1, {"name": "new-1", "rack": "r01", "unit": 40, "bmc": {"address": "127.100.7.7"}}
        )

    rewrite(engine, changed)
    checked = await engine.check("network", "ann")
    assert checked.missing == ["bind addresses to new-1"]
    held = opened(engine)["network.address-held"]
    assert held.subject == "c3-002" and "127.102.0.11" in held.message
    assert {name: addresses.of(ctx, name) for name in before} == before
    new = addresses.of(ctx, "new-1")
    assert str(new.address) == "127.102.0.16" and str(new.pod_range.start) == "127.102.129.129"
    assert (await run(engine)).outcome is Outcome.DONE
    await engine.command("release", {"server": "c3-002", "reason": "shredded"}, "ann")
    await engine.check("network", "ann")
    assert "network.address-held" not in opened(engine)
    rewrite(
        engine,
        lambda tree: tree["servers"].append(
            {"name": "new-2", "rack": "r01", "unit": 41, "bmc": {"address": "127.100.7.8"}}
        ),
    )
    assert str(addresses.of(ctx, "new-2").address) == "127.102.0.11"


async def test_what_was_deployed_by_position_keeps_its_address_and_must_not_be_moved(engine: Engine) -> None:
    at = engine.site.plan.servers[4]
    carried = Server(id=at.name, name=at.name, rack=at.rack, unit=at.unit, stage=Stage.DEPLOYED)
    carried.address, carried.pod_range = "127.102.0.10", "127.102.128.1-127.102.128.62"
    with engine.store.transaction("ann") as transaction:
        transaction.put(carried)
    assert (await run(engine)).outcome is Outcome.DONE
    ctx = engine.context(engine.step("deploy"), "ann")
    assert addresses.of(ctx, at.name).address == IPv4Address("127.102.0.10")
    assert addresses.of(ctx, "c3-001").address == IPv4Address("127.102.0.11")
    rewrite(engine, lambda tree: tree["networks"]["cluster"]["nodes"].update(start="127.102.0.12"))
    with pytest.raises(StepError, match="it runs with"):
        addresses.of(ctx, at.name)
    blocked = await run(engine)
    assert blocked.outcome is Outcome.FAILED
    assert (
        "c3-005 has 127.102.0.10, and the plan says 127.102.0.12"
        in opened(engine)["network.address-moved"].message
    )


async def test_an_unknown_server_gets_no_address(engine: Engine) -> None:
    with pytest.raises(KeyError):
        addresses.of(engine.context(engine.step("deploy"), "ann"), "nobody")
    assert engine.store.all(Binding) == [] and isinstance(engine.site.plan, Plan)
