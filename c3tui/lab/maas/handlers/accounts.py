"""Version, users, their keys for the API and for SSH."""

import json
from typing import Any

from c3tui.lab.maas.describe import BASE
from c3tui.lab.maas.records import SshKey, User
from c3tui.lab.maas.region import Region
from c3tui.lab.maas.seed import new_token
from c3tui.lab.maas.shapes.network import user_json
from c3tui.lab.maas.wire import (
    JSON_TYPE,
    NO_CONTENT,
    Answer,
    ApiError,
    Call,
    Fields,
    Resource,
    invalid,
    not_found,
)

VERSION = "3.7.3"
_KEY_TYPES = ("ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-nistp", "ssh-dss ")
CONFLICT_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>Error: Conflict Error</title></head><body>\n"
    '<h2 class="p-heading--four">\nConflict error. Try your request again, as it will most likely succeed.\n'
    "</h2></body></html>\n"
)
_version = Resource("VersionHandler", "version/", "Version and capabilities.", anonymous_only=True)
_users = Resource("UsersHandler", "users/", "Manage users.")
_user = Resource("UserHandler", "users/{username}/", "Manage a user.")
_account = Resource("AccountHandler", "account/", "Manage the current user.")
_keys = Resource("SSHKeysHandler", "account/prefs/sshkeys/", "Manage SSH keys.")
_key = Resource("SSHKeyHandler", "account/prefs/sshkeys/{id}/", "Manage one SSH key.")


def conflict() -> ApiError:
    """409 of a unique index: it says that a retry helps, which it does not."""
    error = ApiError(409, CONFLICT_PAGE, Retry_After="5")
    error.headers["Content-Type"] = "text/html; charset=utf-8"
    return error


def authenticate(region: Region, form: Fields) -> dict[str, str] | Answer:
    """A new API key for a name and password."""
    user = region.db.users.get(form.get("username"))
    if user is None or not user.password or user.password != form.get("password"):
        return Answer(403, b"", "text/html; charset=utf-8", hashed=False)
    number = region.db.next_id("tokens")
    token = new_token(user.username, f"{region.room.scenario.seed}/{user.username}/{number}")
    region.db.tokens.append(token)
    return {
        "consumer_key": token.consumer,
        "name": token.name,
        "token_key": token.key,
        "token_secret": token.secret,
    }


@_version.on("GET", "read")
def read_version(call: Call) -> dict[str, Any]:
    """Version and capabilities of this MAAS."""
    capabilities = [
        "networks-management",
        "static-ipaddresses",
        "ipv6-deployment-ubuntu",
        "devices-management",
        "storage-deployment-ubuntu",
        "network-deployment-ubuntu",
        "bridging-interface-ubuntu",
        "bridging-automatic-ubuntu",
        "authenticate-api",
    ]
    return {"capabilities": capabilities, "version": VERSION, "subversion": ""}


@_users.on("GET", "read")
def read_users(call: Call) -> list[dict[str, Any]]:
    """List users."""
    return [user_json(user) for user in call.region.db.users.values()]


@_users.on("GET", "whoami", op=True)
def whoami(call: Call) -> dict[str, Any]:
    """The calling user."""
    return user_json(call.region.db.users[call.username])


@_users.on("POST", "create", admin="text")
def create_user(call: Call) -> dict[str, Any]:
    """Create a user with username, email, password and is_superuser."""
    name, email = call.form.get("username"), call.form.get("email")
    missing = [field for field in ("username", "email", "password") if not call.form.get(field)]
    if missing:
        raise ApiError(400, {field: ["This field is required."] for field in missing})
    if name in call.region.db.users:
        raise conflict()
    user = User(
        username=name,
        email=email,
        is_superuser=call.form.flag("is_superuser"),
        password=call.form.get("password"),
    )
    call.region.db.users[name] = user
    return user_json(user)


@_user.on("GET", "read")
def read_user(call: Call) -> dict[str, Any]:
    """Read a user."""
    user = call.region.db.users.get(call.path["username"])
    if user is None:
        raise not_found("User")
    return user_json(user)


@_account.on("GET", "list_authorisation_tokens", op=True)
def list_tokens(call: Call) -> list[dict[str, str]]:
    """The caller's API keys."""
    tokens = [token for token in call.region.db.tokens if token.username == call.username]
    return [{"name": token.name, "token": f"{token.consumer}:{token.key}:{token.secret}"} for token in tokens]


@_keys.on("GET", "read")
def read_keys(call: Call) -> list[dict[str, Any]]:
    """The caller's SSH keys."""
    return [_key_json(key) for key in call.region.db.ssh_keys.values() if key.username == call.username]


@_keys.on("POST", "create")
def create_key(call: Call) -> Answer:
    """Add an SSH key; unlike other creations this one answers 201."""
    db, text = call.region.db, call.form.get("key").strip()
    if not text:
        raise invalid("key", "This field is required.")
    if not text.startswith(_KEY_TYPES) or len(text.split()) < 2:
        raise invalid("key", "Invalid SSH public key.")
    if any(key.key == text and key.username == call.username for key in db.ssh_keys.values()):
        raise invalid("__all__", "This key has already been added for this user.")
    key = SshKey(id=db.next_id("ssh_keys"), key=text, username=call.username)
    db.ssh_keys[key.id] = key
    return Answer(201, json.dumps(_key_json(key)).encode(), JSON_TYPE)


@_key.on("GET", "read")
def read_key(call: Call) -> dict[str, Any]:
    """Read an SSH key."""
    return _key_json(_own_key(call))


@_key.on("DELETE", "delete")
def delete_key(call: Call) -> Answer:
    """Delete an SSH key."""
    del call.region.db.ssh_keys[_own_key(call).id]
    return NO_CONTENT


def _own_key(call: Call) -> SshKey:
    number = call.path["id"]
    key = call.region.db.ssh_keys.get(int(number)) if number.isdigit() else None
    if key is None:
        raise not_found("SSHKey")
    if key.username != call.username:
        raise ApiError(403, "Can't delete a key you don't own.")
    return key


def _key_json(key: SshKey) -> dict[str, Any]:
    uri = f"{BASE}account/prefs/sshkeys/{key.id}/"
    return {"id": key.id, "key": key.key, "keysource": None, "resource_uri": uri}
