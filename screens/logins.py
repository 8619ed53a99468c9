"""Giving BMC logins from a screen: to the chosen servers, or to all that have none of their own."""

from collections.abc import Sequence
from typing import Any

from screens.base import C3Screen
from screens.dialogs import Choose
from screens.dialogs.login import AskLogin
from screens.words import counted, names


async def give_login(screen: C3Screen, servers: Sequence[str]) -> None:
    """Ask for a login, and have the engine write it down and try it."""
    if not await screen.may_act():
        return
    whom = names(list(servers)) if servers else ""
    answers = [("some", f"Of {whom}: what its label says")] if servers else []
    answers += [("all", "Of all servers that have none of their own")]
    lines = ["Many logins at once: c3tui credentials SITE --csv FILE"]
    whose = await screen.app.push_screen_wait(Choose("Whose BMC login?", answers, lines))
    if whose not in ("some", "all"):
        return
    title = f"BMC login of {whom}" if whose == "some" else "BMC login of all without their own"
    given = await screen.app.push_screen_wait(AskLogin(title))
    if given is None:
        screen.say("No login was given; everything is as it was")
        return
    login = {"user": given[0], "password": given[1]}
    arguments: dict[str, Any] = (
        {"logins": {name: login for name in servers}} if whose == "some" else {"default": login}
    )
    answer = await screen.ask("give the login", "credentials", said=None, **arguments)
    if answer is not None:
        tried = counted(len(answer["servers"]), "BMC")
        screen.say(f"Written into secrets.yaml; {tried} tried with it now. r goes on with them", "good")
