"""The Status answers of an API server, with the texts that clients match on."""

from dataclasses import dataclass
from typing import Any

from c3tui.lab.kube.kinds import Kind
from c3tui.lab.kube.objects import Object


@dataclass(frozen=True)
class Cause:
    """One reason of several, as ``details.causes`` lists them."""

    reason: str
    message: str
    field: str


class ApiError(Exception):
    """A request that is answered with a Status of status Failure."""

    def __init__(
        self,
        code: int,
        message: str,
        reason: str = "",
        details: Object | None = None,
        *,
        retry_after: int = 0,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason
        self.details = details
        self.retry_after = retry_after
        self.list_meta: Object = {}
        """What ``metadata`` holds: a continue token for an expired list."""

    def body(self) -> Object:
        """The Status object."""
        status: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.list_meta,
            "status": "Failure",
        }
        status["message"] = self.message
        if self.reason:
            status["reason"] = self.reason
        if self.retry_after:
            status["details"] = {**(self.details or {}), "retryAfterSeconds": self.retry_after}
        elif self.details is not None:
            status["details"] = self.details
        return status | {"code": self.code}


class PlainError(Exception):
    """A request that is answered in plain text, as the HTTP layer below the API does."""

    def __init__(self, code: int = 404, text: str = "404 page not found\n") -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def success(details: Object | None = None, code: int = 0) -> Object:
    """A Status of status Success."""
    status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if details:
        status["details"] = details
    return status | ({"code": code} if code else {})


def details(kind: Kind, name: str, **more: Any) -> Object:
    """The ``details`` that name an object by its resource."""
    named: Object = {"name": name} if name else {}
    if kind.group:
        named["group"] = kind.group
    return named | {"kind": kind.plural} | more


def not_found(kind: Kind, name: str) -> ApiError:
    """404: no such object."""
    return ApiError(404, f'{kind.resource} "{name}" not found', "NotFound", details(kind, name))


def no_resource() -> ApiError:
    """404: a built-in group has no such resource or version."""
    return ApiError(404, "the server could not find the requested resource", "NotFound", {})


def already_exists(kind: Kind, name: str) -> ApiError:
    """409: create of an existing name."""
    return ApiError(409, f'{kind.resource} "{name}" already exists', "AlreadyExists", details(kind, name))


def stale(kind: Kind, name: str) -> ApiError:
    """409: the body's resourceVersion is not the present one."""
    text = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(kind, name, text)


def conflict(kind: Kind, name: str, text: str) -> ApiError:
    """409: the operation cannot be fulfilled."""
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {text}'
    return ApiError(409, message, "Conflict", details(kind, name))


def bad_request(message: str) -> ApiError:
    """400."""
    return ApiError(400, message, "BadRequest")


def invalid(kind_name: str, group: str, name: str, causes: list[Cause]) -> ApiError:
    """422 with its causes; several are written as a list in brackets."""
    texts = [f"{cause.field}: {cause.message}" for cause in causes]
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    full = f"{kind_name}.{group}" if group else kind_name
    about: Object = {"name": name} if name else {}
    if group:
        about["group"] = group
    about["kind"] = kind_name
    about["causes"] = [{"reason": c.reason, "message": c.message, "field": c.field} for c in causes]
    return ApiError(422, f'{full} "{name}" is invalid: {text}', "Invalid", about)


def invalid_options(kind_name: str, cause: Cause) -> ApiError:
    """422: a query parameter is not acceptable."""
    return invalid(kind_name, "meta.k8s.io", "", [cause])


def unsupported_media(accepted: str = "") -> ApiError:
    """415: a patch of a type that the resource does not take."""
    if not accepted:
        return ApiError(415, "415: Unsupported Media Type", "UnsupportedMediaType", {})
    text = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return ApiError(415, text, "UnsupportedMediaType")


def not_acceptable() -> ApiError:
    """406: none of the forms that the client takes."""
    forms = "application/json, application/yaml, application/vnd.kubernetes.protobuf, "
    forms += "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
    text = f"406: Not Acceptable\n\nAvailable representations: {forms}"
    return ApiError(406, text, "NotAcceptable", {})


def method_not_allowed() -> ApiError:
    """405."""
    text = "the server does not allow this method on the requested resource"
    return ApiError(405, text, "MethodNotAllowed", {})


def expired(asked: int, oldest: int) -> ApiError:
    """410: the watch cannot be resumed from so long ago."""
    return ApiError(410, f"too old resource version: {asked} ({oldest})", "Expired")


def initializing() -> ApiError:
    """429: the watch cache of a resource is not filled yet."""
    return ApiError(429, "storage is (re)initializing", "TooManyRequests", retry_after=1)


def unavailable() -> ApiError:
    """503: custom resources before the server knows their paths."""
    text = "the request has been made before all known HTTP paths have been installed, please try again"
    return ApiError(503, text, "ServiceUnavailable", retry_after=5)
