"""The secrets of a site, apart from its plan. They never print, log or serialise by accident."""

from pydantic import SecretStr

from c3tui.model.base import Chosen


class BmcCredentials(Chosen):
    """A login to a BMC."""

    user: str
    password: SecretStr


class BmcLogins(Chosen):
    """One login for all BMCs, and those that differ: labels of new boards carry unique passwords."""

    default: BmcCredentials | None = None
    servers: dict[str, BmcCredentials] = {}

    def of(self, server: str) -> BmcCredentials | None:
        """The login of one server's BMC, or None when nobody gave one."""
        return self.servers.get(server, self.default)


class Secrets(Chosen):
    """All secrets of one site."""

    maas_api_key: SecretStr
    """An administrator's key, ``consumer:token:secret``."""
    bmc: BmcLogins = BmcLogins()
