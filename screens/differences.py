"""What is done about differences from several screens: choosing a golden server, accepting a difference."""

from c3tui.model.identity import scopes
from screens.base import C3Screen
from screens.dialogs import Choose, Reason
from screens.words import counted

IDENTITY = ("identity.", "profile.")
"""How the ids of rules begin whose findings can be accepted for a rack or a batch."""


async def accept(screen: C3Screen, finding: str, server: str, what: str, draft: str) -> bool:
    """Accept what a finding says as a known difference; asks for whom and why. True when it was accepted."""
    if not await screen.may_act():
        return False
    lines = [what, "The rule stays on: another difference, or the same one elsewhere, still counts."]
    answers = [("no", "No, it counts"), *scopes(screen.session.site.plan, server)]
    scope = await screen.app.push_screen_wait(Choose("Accept this difference for whom?", answers, lines))
    if not scope or scope == "no":
        screen.say("It counts on")
        return False
    dialog = Reason(f"Accept it for {scope}", screen.session.drafts, f"reason:tolerate:{draft}", [what])
    reason = await screen.app.push_screen_wait(dialog)
    if not reason:
        screen.say("It counts on; what you typed is kept")
        return False
    told = await screen.ask("accept it", "tolerate", said=None, finding=finding, scope=scope, reason=reason)
    if told is None:
        return False
    screen.say(f"Accepted for {scope}: {counted(len(told.get('waived') or []), 'finding')} waived", "good")
    return True


async def make_golden(screen: C3Screen, server: str) -> None:
    """Make a server the measure of its kind, and show how the others differ."""
    plan = screen.session.site.plan
    expected = next((each for each in plan.servers if each.name == server), None)
    if expected is None or not await screen.may_act():
        return
    kind = [each.name for each in plan.servers if each.profile == expected.profile]
    lines = [f"{counted(len(kind) - 1, 'other server')} of profile {expected.profile} are compared with it."]
    answers = [
        ("no", "No, leave it as it is"),
        ("yes", f"Yes, it is the measure of {expected.profile}"),
        ("floor", "Yes, and its figures become the plan's least ones"),
    ]
    answer = await screen.app.push_screen_wait(Choose(f"Is {server} a good one?", answers, lines))
    if answer not in ("yes", "floor"):
        screen.say("Nothing was changed")
        return
    floor = answer == "floor"
    told = await screen.ask(f"compare with {server}", "golden", said=None, server=server, floor=floor)
    if told is not None:
        different, compared = len(told.get("different") or {}), int(told.get("compared") or 0)
        screen.say(f"{different} of {compared} servers differ from {server}", "warn" if different else "good")
        screen.go("golden")
