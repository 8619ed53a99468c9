"""Settings of the region and its notifications."""

import json
from typing import Any

from c3tui.lab.maas.describe import BASE
from c3tui.lab.maas.records import Notification
from c3tui.lab.maas.wire import (
    NO_CONTENT,
    Answer,
    ApiError,
    Call,
    Resource,
    choice_error,
    invalid,
    not_found,
)

_maas = Resource("MaasHandler", "maas/", "Manage the settings of MAAS.")
_notifications = Resource("NotificationsHandler", "notifications/", "Manage notifications.")
_notification = Resource("NotificationHandler", "notifications/{id}/", "Manage a notification.")


@_maas.on("GET", "get_config", op=True)
def get_config(call: Call) -> Answer:
    """Read a setting."""
    name = _known(call, call.query.get("name"))
    return Answer(200, json.dumps(call.region.db.config[name]).encode(), "application/json")


@_maas.on("POST", "set_config", op=True, admin="text")
def set_config(call: Call) -> Answer:
    """Change a setting."""
    name, value = _known(call, call.form.get("name")), call.form.get("value")
    old = call.region.db.config[name]
    if isinstance(old, bool):
        call.region.db.config[name] = call.form.flag("value")
    elif isinstance(old, int):
        if not value.isdigit():
            raise invalid(name, "Enter a whole number.")
        call.region.db.config[name] = int(value)
    else:
        call.region.db.config[name] = value
    return Answer(200, b"OK")


def _known(call: Call, name: str) -> str:
    if name not in call.region.db.config:
        valid = ", ".join(sorted(call.region.db.config))
        raise invalid(name, f"{name} is not a valid config setting (valid settings are: {valid}).")
    return name


@_notifications.on("GET", "read")
def read_all(call: Call) -> list[dict[str, Any]]:
    """Notifications that concern the caller."""
    shown = [each for each in call.region.db.notifications.values() if each.users or call.is_admin]
    return [_json(each) for each in shown]


@_notifications.on("POST", "create", admin="text")
def create(call: Call) -> dict[str, Any]:
    """Create a notification."""
    db, form = call.region.db, call.form
    category, ident = form.get("category", "info"), form.get("ident") or None
    if not form.get("message"):
        raise invalid("message", "This field is required.")
    if category not in ("error", "warning", "success", "info"):
        raise invalid("category", choice_error(category))
    if ident and any(each.ident == ident for each in db.notifications.values()):
        raise invalid("ident", "Notification with this Ident already exists.")
    note = Notification(
        id=db.next_id("notifications"),
        ident=ident,
        message=form.get("message"),
        category=category,
        users=form.flag("users"),
        admins=form.flag("admins"),
        dismissable=form.flag("dismissable", True),
    )
    db.notifications[note.id] = note
    return _json(note)


@_notification.on("GET", "read")
def read(call: Call) -> dict[str, Any]:
    """Read a notification."""
    return _json(_find(call))


@_notification.on("DELETE", "delete", admin="text")
def delete(call: Call) -> Answer:
    """Delete a notification."""
    del call.region.db.notifications[_find(call).id]
    return NO_CONTENT


@_notification.on("POST", "dismiss", op=True)
def dismiss(call: Call) -> Answer:
    """Dismiss a notification."""
    note = _find(call)
    if not note.dismissable:
        raise ApiError(500, "Notification is not dismissable")
    del call.region.db.notifications[note.id]
    return Answer(200, b"")


def _find(call: Call) -> Notification:
    number = call.path["id"]
    note = call.region.db.notifications.get(int(number)) if number.isdigit() else None
    if note is None:
        raise not_found("Notification")
    return note


def _json(note: Notification) -> dict[str, Any]:
    return note.model_dump(exclude={"users", "admins"}) | {
        "user": None,
        "users": note.users,
        "admins": note.admins,
        "context": {},
        "resource_uri": f"{BASE}notifications/{note.id}/",
    }
