"""Reads what scripts found on a machine: rows, and what each row printed."""

from base64 import b64decode
from collections.abc import Sequence
from typing import Literal

from c3tui.clients.maas.answers import Denied
from c3tui.clients.maas.bays import BAYS_SCRIPT, BaySlot, parse_bays
from c3tui.clients.maas.fields import as_list, as_object, children, number, text
from c3tui.clients.maas.lifecycle import Lifecycle
from c3tui.clients.maas.records import Output, ResultSet, Row, parse_output, parse_result_set
from c3tui.engine.errors import Refused

Kind = Literal["commissioning", "testing", "installation", "release"]
Current = Literal["current-commissioning", "current-testing", "current-installation"]
Stream = Literal["output", "stdout", "stderr", "result"]

AT_ONCE = 24
"""Rows whose output is asked for in one call: a SMART report is 20 KB."""


class Results(Lifecycle):
    """Results of commissioning and of tests."""

    async def results(self, system_id: str, which: int | Current) -> ResultSet | None:
        """A result set by number, or the current one of a kind; None when there is none.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        uri = {"system_id": system_id, "id": which}
        try:
            raw = await self.wire.get("NodeScriptResult.read", uri=uri, where=self.where(system_id))
        except Denied as error:
            if "scriptset" in error.what.lower().replace(" ", ""):
                return None
            raise
        return parse_result_set(as_object(raw, "result set"))

    async def history(self, system_id: str, kind: Kind) -> list[ResultSet]:
        """The result sets of a kind, oldest first; MAAS keeps the last ten.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        raw = await self.wire.get(
            "NodeScriptResults.read",
            {"type": kind},
            uri={"system_id": system_id},
            where=self.where(system_id),
        )
        return sorted((parse_result_set(one) for one in as_list(raw, "results")), key=lambda one: one.id)

    async def output(self, system_id: str, set_id: int, row_id: int, stream: Stream = "stdout") -> bytes:
        """What one row printed.

        Raises:
            Refused: there is no such set or row.
            PeerError: MAAS does not answer.
        """
        raw = await self.wire.get(
            "NodeScriptResult.read",
            {"include_output": True, "filters": row_id},
            uri={"system_id": system_id, "id": set_id},
            where=self.where(system_id),
        )
        for row in children(as_object(raw, "result set"), "results"):
            if number(row, "id", -1) == row_id:
                return b64decode(text(row, stream))
        raise Refused(f"result set {set_id} has no row {row_id}", where=self.where(system_id))

    async def outputs(self, system_id: str, set_id: int, row_ids: Sequence[int]) -> dict[int, Output]:
        """What some rows printed, by row, in a few calls; a row that is gone is left out.

        Raises:
            Refused: there is no such set.
            PeerError: MAAS does not answer.
        """
        found: dict[int, Output] = {}
        for start in range(0, len(row_ids), AT_ONCE):
            wanted = row_ids[start : start + AT_ONCE]
            raw = await self.wire.get(
                "NodeScriptResult.read",
                {"include_output": True, "filters": ",".join(str(id) for id in wanted)},
                uri={"system_id": system_id, "id": set_id},
                where=self.where(system_id),
            )
            rows = children(as_object(raw, "result set"), "results")
            found |= {number(row, "id", -1): parse_output(row) for row in rows if number(row, "id") in wanted}
        return found

    async def bays(self, system_id: str) -> list[BaySlot] | None:
        """The bays that the machine's latest commissioning found; None when ``c3-bays`` did not pass there.

        Raises:
            BadAnswer: the script printed something else.
            PeerError: MAAS refuses or does not answer.
        """
        current = await self.results(system_id, "current-commissioning")
        row: Row | None = current.row(BAYS_SCRIPT) if current else None
        if current is None or row is None or not row.passed:
            return None
        return parse_bays(await self.output(system_id, current.id, row.id))
