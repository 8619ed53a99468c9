"""Who asks, and whether they may: client certificates, bearer tokens, RBAC."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from c3tui.lab.kube.discovery import REVIEWS
from c3tui.lab.kube.kinds import BUILT_IN
from c3tui.lab.kube.objects import Object, dig, name
from c3tui.lab.kube.status import ApiError
from c3tui.lab.kube.store import Store

OPEN_PATHS = frozenset({"/version", "/livez", "/readyz", "/healthz"})


@dataclass(frozen=True)
class User:
    """A person or program with its groups."""

    name: str
    groups: frozenset[str]

    @property
    def is_master(self) -> bool:
        """Whether no rule binds this user."""
        return "system:masters" in self.groups


ANONYMOUS = User("system:anonymous", frozenset({"system:unauthenticated"}))


@dataclass(frozen=True)
class Attributes:
    """What a request wants, as authorisation sees it."""

    verb: str
    group: str
    resource: str
    subresource: str = ""
    namespace: str = ""
    name: str = ""


def identify(certificate: Mapping[str, Any] | None, authorization: str, tokens: Mapping[str, User]) -> User:
    """Who sends a request. A valid certificate wins over a token.

    Raises:
        ApiError: 401 when the token is none of ours.
    """
    if certificate:
        subject = [pair for group in certificate.get("subject", ()) for pair in group]
        groups = {value for key, value in subject if key == "organizationName"} | {"system:authenticated"}
        return User(next((value for key, value in subject if key == "commonName"), ""), frozenset(groups))
    if not authorization:
        return ANONYMOUS
    user = tokens.get(authorization.removeprefix("Bearer ").strip())
    if user is None:
        raise ApiError(401, "Unauthorized", "Unauthorized")
    return user


def check_path(user: User, path: str) -> None:
    """Discovery and health are open to whoever is known.

    Raises:
        ApiError: 403.
    """
    if user is ANONYMOUS and path.rstrip("/") not in OPEN_PATHS:
        raise ApiError(403, f'forbidden: User "{user.name}" cannot get path "{path}"', "Forbidden", {})


def check(store: Store, user: User, wanted: Attributes) -> None:
    """Refuse what no role allows.

    Raises:
        ApiError: 403 that names verb, resource, group and namespace.
    """
    if allowed_by(store, user, wanted):
        return
    resource = f"{wanted.resource}.{wanted.group}" if wanted.group else wanted.resource
    what = f'{resource} "{wanted.name}"' if wanted.name else resource
    sub = f"{wanted.resource}/{wanted.subresource}" if wanted.subresource else wanted.resource
    where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
    text = f'{what} is forbidden: User "{user.name}" cannot {wanted.verb} resource "{sub}" in API group '
    about: Object = {"name": wanted.name} if wanted.name else {}
    about |= ({"group": wanted.group} if wanted.group else {}) | {"kind": wanted.resource}
    raise ApiError(403, f'{text}"{wanted.group}" {where}', "Forbidden", about)


def allowed_by(store: Store, user: User, wanted: Attributes) -> str:
    """Why a request is allowed; empty when it is not."""
    if user.is_master or (wanted.group in REVIEWS and user is not ANONYMOUS):
        return "always"
    bindings = store.scan(_key("clusterrolebindings"))
    if wanted.namespace:
        bindings += store.scan(_key("rolebindings"), wanted.namespace)
    for binding in bindings:
        if any(_is_subject(user, subject) for subject in binding.get("subjects") or ()):
            role = _role(store, binding)
            if role and any(_allows(rule, wanted) for rule in role.get("rules") or ()):
                return (
                    f'RBAC: allowed by {binding["kind"]} "{name(binding)}" of {role["kind"]} "{name(role)}" '
                    f'to User "{user.name}"'
                )
    return ""


def _key(plural: str) -> str:
    return BUILT_IN[f"rbac.authorization.k8s.io/{plural}"].key


def _is_subject(user: User, subject: Object) -> bool:
    if subject.get("kind") == "Group":
        return subject.get("name") in user.groups
    if subject.get("kind") == "ServiceAccount":
        return user.name == f"system:serviceaccount:{subject.get('namespace')}:{subject.get('name')}"
    return bool(subject.get("name") == user.name)


def _role(store: Store, binding: Object) -> Object | None:
    called = dig(binding, "roleRef", "name", default="")
    if dig(binding, "roleRef", "kind") == "Role":
        return store.get(_key("roles"), binding["metadata"].get("namespace", ""), called)
    return store.get(_key("clusterroles"), "", called)


def _allows(rule: Object, wanted: Attributes) -> bool:
    resource = f"{wanted.resource}/{wanted.subresource}" if wanted.subresource else wanted.resource
    names = rule.get("resourceNames") or []
    return (
        bool({"*", wanted.verb} & set(rule.get("verbs") or ()))
        and bool({"*", wanted.group} & set(rule.get("apiGroups") or ()))
        and bool({"*", resource} & set(rule.get("resources") or ()))
        and (not names or wanted.name in names)
    )
