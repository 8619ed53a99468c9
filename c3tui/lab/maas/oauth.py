"""OAuth 1.0 with PLAINTEXT signatures, checked as MAAS's API checks it."""

import hmac
import re
import time
from urllib.parse import unquote

from c3tui.lab.maas.database import Database
from c3tui.lab.maas.records import Token, User

THRESHOLD = 300
"""Seconds that the clocks of caller and region may differ."""
_PAIR = re.compile(r'(\w+)="([^"]*)"')
_NEEDED = ("oauth_consumer_key", "oauth_token", "oauth_signature", "oauth_timestamp", "oauth_nonce")


class Unauthorised(Exception):
    """The credentials are wrong; the text is what MAAS answers, the token's secret included."""


class Authenticator:
    """Knows the tokens, and the nonces that were used."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._nonces: dict[tuple[str, str, str], float] = {}

    def user(self, header: str) -> User | None:
        """Who sent that Authorization header; None for nobody.

        A header that is not OAuth at all counts as none, as in MAAS.

        Raises:
            Unauthorised: with the reason.
        """
        if not header.lower().startswith("oauth "):
            return None
        fields = {name: unquote(value) for name, value in _PAIR.findall(header)}
        if any(name not in fields for name in _NEEDED):
            return None
        token = self._token(fields)
        self._check_time(fields)
        return self._db.users.get(token.username)

    def _token(self, fields: dict[str, str]) -> Token:
        known = [token for token in self._db.tokens if token.consumer == fields["oauth_consumer_key"]]
        if not known:
            raise Unauthorised("Invalid API key.")
        token = next((each for each in known if each.key == fields["oauth_token"]), None)
        if token is None:
            raise Unauthorised(f"'Invalid access token: {fields['oauth_token']}'")
        if not hmac.compare_digest(fields["oauth_signature"].encode(), f"&{token.secret}".encode()):
            raise Unauthorised(f"'Invalid signature. Expected signature base string: &{token.secret}'")
        return token

    def _check_time(self, fields: dict[str, str]) -> None:
        now, given = time.time(), fields["oauth_timestamp"]
        if not given.isdigit() or abs(now - int(given)) > THRESHOLD:
            raise Unauthorised(
                f"'Expired timestamp: given {given} and now {int(now)} "
                f"has a greater difference than threshold {THRESHOLD}'"
            )
        used = (fields["oauth_token"], fields["oauth_nonce"], given)
        if used in self._nonces:
            raise Unauthorised(f"'Nonce already used: {fields['oauth_nonce']}'")
        if len(self._nonces) > 10_000:
            self._nonces = {key: at for key, at in self._nonces.items() if now - at <= THRESHOLD}
        self._nonces[used] = now
