"""The picture of the address space: to scale, nothing hidden, every address of exactly one owner or told."""

from ipaddress import IPv4Address, IPv4Network

from c3tui.checks.catalogue import Known
from c3tui.model.addresses import Binding, Holdings
from c3tui.model.reality import Answer, Sweep
from screens.addressspace import Space, grid, holders_of, owners_between, runs, space_of, unzoomed, zoomed
from screens.fields import CLUSTER, FIELDS, Field, resident_field
from screens.network.judging import Draft, Said, judge
from tests.support.networks import Changes, plan_with, worked_example

LAN = IPv4Network("10.20.0.0/16")


def space(changes: Changes | None = None, holdings: Holdings | None = None) -> Space:
    plan = plan_with(changes or {})
    return space_of(plan, holders_of(plan, holdings or Holdings()))


def counts(drawn: Space) -> dict[str, int]:
    return {share.sign: share.count for share in drawn.shares}


def field(label: str) -> Field:
    return next(each for each in CLUSTER if each.label == label)


def test_shares_add_up_to_the_network() -> None:
    found = counts(space())
    assert found["G"] == found["V"] == 1 and found["N"] == 4 and found["n"] == 498
    assert found["P"] == 4 * 64 and found["p"] == 508 * 64
    # The network's own number is nobody's; the broadcast address lies in the pod block.
    assert sum(found.values()) == LAN.num_addresses - 1


def test_signs_are_to_scale_and_rows_begin_where_subnets_do() -> None:
    drawn = space(
        {"networks.cluster.reserved": [{"start": "10.20.64.0", "end": "10.20.79.255", "purpose": "x"}]}
    )
    shown = grid(drawn, LAN, 70, 9)
    assert (shown.columns, shown.rows, shown.each) == (64, 8, 128)
    signs = [sign for sign, _ in shown.signs]
    assert signs.count("R") * shown.each == 4096 and signs.index("R") == 2 * 64
    assert [shown.label(row) for row in (0, 2, 7)] == [".0.0", ".64.0", ".224.0"]
    assert "".join(signs[4 * 64 : 4 * 64 + 4]) == "PPpp"


def test_the_smallest_owner_is_not_painted_over() -> None:
    shown = grid(space(), IPv4Network("10.20.0.0/24"), 64, 8)
    assert "".join(sign for sign, _ in shown.signs[:20]) == ".G...V....NNNNnnnnnn"
    assert shown.place(int(IPv4Address("10.20.0.5"))) == 5 and shown.span(5)[0] == int(
        IPv4Address("10.20.0.5")
    )


def test_conflicts_are_seen_and_told() -> None:
    drawn = space({"networks.cluster.vip": "10.20.0.12"})
    assert drawn.conflicts == ("API address and nodes both claim 10.20.0.12",)
    assert counts(drawn)["X"] == 1
    assert grid(drawn, IPv4Network("10.20.0.0/24"), 64, 8).signs[12][0] == "X"


def test_an_owner_outside_the_network_is_not_drawn_inside() -> None:
    drawn = space({"networks.cluster.pods.cidr": "10.30.0.0/17"})
    assert "p" not in counts(drawn) and "P" not in counts(drawn)


def test_cells_tell_servers_by_name_and_what_is_nobodys() -> None:
    drawn = space(holdings=Holdings((Binding(id="gone", index=6),)))
    number = int(IPv4Address("10.20.0.16"))
    assert owners_between(drawn, number, number)[0] == "node gone"
    slice_ = int(IPv4Address("10.20.128.64"))
    assert owners_between(drawn, slice_, slice_ + 63)[0] == "pods of c3-002"
    assert owners_between(drawn, int(LAN[300]) + 9000, int(LAN[300]) + 9001) == ["nobody"]
    assert owners_between(drawn, int(LAN[0]), int(LAN[0])) == ["the network itself"]


def test_zoom_goes_in_and_comes_back() -> None:
    drawn = space()
    closer = zoomed(drawn, LAN, int(IPv4Address("10.20.17.3")))
    assert str(closer) == "10.20.16.0/20" and unzoomed(drawn, closer) == LAN
    assert unzoomed(drawn, LAN) == LAN
    small = IPv4Network("10.20.0.0/28")
    assert zoomed(drawn, small, int(small[0])) == small


def test_runs_join_what_is_consecutive() -> None:
    assert list(runs([3, 1, 2, 9, 9])) == [(1, 3), (9, 9)] and list(runs([])) == []


def test_a_bad_text_is_judged_alone_and_the_last_good_goes_on() -> None:
    plan, vip = plan_with({}), field("API VIP")
    draft = Draft(plan, {vip: "10.20.", field("MTU"): "9000"}, good={vip.path: "10.20.0.12"})
    judged = judge(draft, FIELDS)
    assert judged.unreadable == (vip,) and judged.plan and judged.plan.networks.cluster.mtu == 9000
    assert str(judged.plan.networks.cluster.vip) == "10.20.0.12" and judged.space and judged.space.conflicts
    assert [each.message for each in judged.under[vip.path]] == ["10.20. is no address"]


def test_a_resident_that_comes_or_goes_renews_the_list() -> None:
    plan = plan_with(
        {"networks.cluster.reserved": [{"start": "10.20.4.0", "end": "10.20.4.9", "purpose": "a"}]}
    )
    lines = (resident_field(0), resident_field(1))
    more = judge(
        Draft(
            plan, {lines[1]: "10.20.5.0-10.20.5.9 b c"}, ("10.20.4.0-10.20.4.9 a", "10.20.5.0-10.20.5.9 b c")
        ),
        (*FIELDS, *lines),
    )
    assert more.plan and [each.purpose for each in more.plan.networks.cluster.reserved] == ["a", "b c"]
    fewer = judge(Draft(plan, {lines[0]: ""}, ("", "")), (*FIELDS, *lines))
    assert fewer.plan and fewer.plan.networks.cluster.reserved == []
    half = judge(
        Draft(plan, {lines[0]: "10.20.4.0-10.20.4.19"}, ("10.20.4.0-10.20.4.19", "")), (*FIELDS, *lines)
    )
    assert "says not whose" in half.under[lines[0].path][0].message
    assert half.plan and len(half.plan.networks.cluster.reserved) == 1


def test_who_answers_and_must_not_is_drawn() -> None:
    plan = plan_with({})
    sweep = Sweep((Answer(IPv4Address("10.20.0.77"), "arp", ("52:54:00:00:00:01",)), Answer(LAN[1], "ping")))
    judged = judge(Draft(plan, {}, known=Known(Holdings(), sweep=sweep)), FIELDS)
    assert judged.strangers == {IPv4Address("10.20.0.77")}
    assert judged.space and counts(judged.space)["?"] == 1


def test_the_worked_example_is_clean_and_half_pods() -> None:
    plan = worked_example()
    judged = judge(Draft(plan, {}), FIELDS)
    assert judged.under == {} and judged.elsewhere == () and judged.space
    pods = [share for share in judged.space.shares if share.sign in "Pp"]
    assert sum(share.count for share in pods) == 32768
    assert [share.name for share in pods] == ["pods, 300 slices", "free, 212 slices"]


def test_texts_are_refused_in_the_words_of_a_form() -> None:
    assert "10.20.0.0/16" in field("Cluster L2").complaint("10.20.0.7/16")
    assert "prefix length" in field("Pods").complaint("10.20.0.0")
    assert "IPv6" in field("API VIP").complaint("fd00::1")
    assert "needed" in field("API VIP").complaint(" ") and not field("DHCP").complaint("")
    assert "no end" in field("Node range").complaint("10.20.0.1")
    assert "Linux interface" in field("Bridge").complaint("a-very-long-bridge")
    assert field("MTU").complaint("\u00b2") and field("MTU").complaint("9" * 30)
    assert Said("x", "y").severity.value == "critical"
