"""Power type and power parameters as a form gives them."""

import json
from typing import Any

from c3tui.lab.maas.handlers.accounts import conflict
from c3tui.lab.maas.lifecycle.enlist import POWER_DEFAULTS
from c3tui.lab.maas.records import Machine
from c3tui.lab.maas.wire import ApiError, Call, choice_error, invalid

_PREFIX = "power_parameters_"
_TYPES: dict[str, dict[str, object]] = {
    "": {},
    "manual": {},
    "ipmi": {"power_address": "", **POWER_DEFAULTS},
    "redfish": {"power_address": "", "power_user": "", "power_pass": "", "node_id": ""},
}
_CHOICES = {
    "power_driver": ("Power driver", ("LAN", "LAN_2_0")),
    "power_boot_type": ("Power boot type", ("auto", "legacy", "efi")),
    "cipher_suite_id": ("Cipher Suite ID", ("17", "3", "", "8", "12")),
    "privilege_level": ("Privilege Level", ("USER", "OPERATOR", "ADMIN")),
}


def power_of(call: Call, machine: Machine | None) -> tuple[str, dict[str, Any]]:
    """Power type and parameters after this form; a machine's own where the form says nothing.

    Raises:
        ApiError: 400 in the words of MAAS; 409 when another machine has exactly the same.
    """
    kind = call.form.get("power_type", machine.power_type if machine else "")
    given = _given(call)
    if kind not in _TYPES:
        errors = {"power_type": [choice_error(kind)]}
        if given:
            errors["power_parameters"] = [f"Unknown parameter(s): {', '.join(given)}."]
        raise ApiError(400, errors)
    known = _TYPES[kind]
    if unknown := [name for name in given if name not in known]:
        raise invalid("power_parameters", f"Unknown parameter(s): {', '.join(unknown)}.")
    same = machine is not None and machine.power_type == kind
    parameters = {**known, **(machine.power_parameters if machine and same else {}), **given}
    _check(kind, parameters)
    _check_unique(call, machine, kind, parameters)
    return kind, parameters


def _given(call: Call) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if text := call.form.get("power_parameters"):
        try:
            given |= json.loads(text)
        except (ValueError, TypeError):
            raise invalid("power_parameters", "Failed to parse JSON power_parameters") from None
    for name in call.form.names():
        if name.startswith(_PREFIX) and name != f"{_PREFIX}skip_check":
            values = call.form.all(name)
            key = name.removeprefix(_PREFIX)
            given[key] = values if key == "workaround_flags" else values[-1]
    return given


def _check(kind: str, parameters: dict[str, Any]) -> None:
    problems = []
    if "power_address" in _TYPES[kind] and not parameters.get("power_address"):
        problems.append("IP address: This field is required.")
    if kind == "ipmi":
        for name, (label, choices) in _CHOICES.items():
            if parameters[name] not in choices:
                listed = ", ".join(f"'{choice}'" for choice in choices)
                problems.append(
                    f"{label}: '{parameters[name]}' is not a valid {name}.  It should be one of: {listed}."
                )
    if problems:
        raise ApiError(400, {"power_parameters": problems})


def _check_unique(call: Call, machine: Machine | None, kind: str, parameters: dict[str, Any]) -> None:
    if kind not in ("ipmi", "redfish"):
        return
    for other in call.region.db.machines.values():
        if other is not machine and (other.power_type, other.power_parameters) == (kind, parameters):
            raise conflict()
