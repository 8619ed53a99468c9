"""Label and field selectors of lists and watches."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from c3tui.lab.kube.kinds import Kind
from c3tui.lab.kube.objects import Object, dig, labels
from c3tui.lab.kube.status import bad_request

_REQUIREMENT = re.compile(
    r"^(?:(?P<absent>!)\s*(?P<no>[^\s=!,]+)"
    r"|(?P<key>[^\s=!,()]+)\s*(?:(?P<op>==|=|!=)\s*(?P<value>[^\s=!,()]*)"
    r"|\s(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?)$"
)
_FIELDS: dict[str, frozenset[str]] = {
    "Pod": frozenset(
        """spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName
        status.phase status.podIP""".split()
    ),
    "Node": frozenset({"spec.unschedulable"}),
    "Namespace": frozenset({"status.phase"}),
    "Secret": frozenset({"type"}),
    "Job": frozenset({"status.successful"}),
    "ReplicaSet": frozenset({"status.replicas"}),
    "Event": frozenset(
        """involvedObject.kind involvedObject.namespace involvedObject.name involvedObject.uid
        involvedObject.apiVersion involvedObject.resourceVersion involvedObject.fieldPath
        reason reportingComponent source type""".split()
    ),
}

Test = Callable[[Object], bool]


@dataclass(frozen=True)
class Selector:
    """What a request restricts its list or watch to."""

    tests: tuple[Test, ...] = ()

    def matches(self, item: Object) -> bool:
        """Whether the object is selected."""
        return all(test(item) for test in self.tests)


def parse(kind: Kind, label_selector: str, field_selector: str) -> Selector:
    """A selector from the two query parameters.

    Raises:
        ApiError: 400 when one cannot be read, or names a field that the kind cannot be selected by.
    """
    tests = [_label_test(part) for part in _split(label_selector)]
    tests += [_field_test(kind, part) for part in _split(field_selector)]
    return Selector(tuple(tests))


def _split(text: str) -> list[str]:
    return [part.strip() for part in re.split(r",(?![^()]*\))", text) if part.strip()]


def _label_test(text: str) -> Test:
    match = _REQUIREMENT.match(text)
    if not match:
        words = text.split()
        if len(words) > 2 and words[1] in ("in", "notin"):
            raise bad_request(f"unable to parse requirement: found '{words[2]}' expected: '('")
        raise bad_request(f"unable to parse requirement: invalid label selector {text!r}")
    if match["absent"]:
        gone = match["no"]
        return lambda item: gone not in labels(item)
    key, op = match["key"], match["op"] or match["set"]
    if op is None:
        return lambda item: key in labels(item)
    values = [value.strip() for value in match["values"].split(",")] if match["set"] else [match["value"]]
    if op in ("!=", "notin"):
        return lambda item: labels(item).get(key) not in values
    return lambda item: labels(item).get(key) in values


def _field_test(kind: Kind, text: str) -> Test:
    match = re.match(r"^([\w.]+)(==|=|!=)(.*)$", text)
    if not match:
        raise bad_request(f"invalid selector: '{text}'; can't understand '{text}'")
    path, op, value = match.groups()
    known = {"metadata.name"} | ({"metadata.namespace"} if kind.namespaced else set())
    if path not in known | _FIELDS.get(kind.kind, frozenset()):
        raise bad_request(f"field label not supported: {path}")
    wanted = op != "!="
    return lambda item: (_field(item, path) == value) is wanted


def _field(item: Object, path: str) -> str:
    if path == "source":
        return str(dig(item, "source", "component", default=""))
    if path == "status.successful":
        return str(dig(item, "status", "succeeded", default=0))
    found = dig(item, *path.split("."), default=False if path == "spec.unschedulable" else "")
    return str(found).lower() if isinstance(found, bool) else str(found)
