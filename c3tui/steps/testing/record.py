"""Results of tests in C3's own keeping: MAAS forgets after ten runs."""

from c3tui.clients.maas import Maas, Output, ResultSet, Row
from c3tui.engine.step import Context
from c3tui.model.campaign import ARCHIVE
from c3tui.steps.judging.evidence import BmcWatch
from c3tui.steps.testing.choice import Choice

_LONGEST = 20_000
"""Characters of figures and of error output kept beside the output."""


class Keeper:
    """Archives each result of one server as soon as it ended, each once."""

    def __init__(self, ctx: Context, maas: Maas, choice: Choice, server: str, system_id: str) -> None:
        self._ctx = ctx
        self._maas = maas
        self._choice = choice
        self._server = server
        self._system_id = system_id
        self._bmc = BmcWatch(ctx.store, server)
        self._kept = {name for _, name, _ in ctx.store.archive_index(ARCHIVE, server)}

    async def keep(self, results: ResultSet) -> int:
        """Archive what ended since the last look; gives how many rows that were.

        Raises:
            PeerError: MAAS refuses or does not answer.
            RecordError: the record cannot be written.
        """
        self._bmc.look()
        fresh = [row for row in results.rows if row.finished and f"{results.id}/{row.id}" not in self._kept]
        if not fresh:
            return 0
        outputs = await self._maas.outputs(self._system_id, results.id, [row.id for row in fresh])
        with self._ctx.store.transaction(self._ctx.who) as transaction:
            self._bmc.file(transaction, results.id)
            for row in fresh:
                output = outputs.get(row.id) or Output(b"", b"", "")
                name = f"{results.id}/{row.id}"
                meta = self._meta(results, row, output)
                transaction.archive(ARCHIVE, self._server, name, output.stdout, **meta)
        self._kept |= {f"{results.id}/{row.id}" for row in fresh}
        return len(fresh)

    async def catch_up(self) -> tuple[int, int]:
        """Archive whatever MAAS still keeps; gives how many rows, and the number of the newest set.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        sets = await self._maas.history(self._system_id, "testing")
        fresh = [await self.keep(results) for results in sets]
        return sum(fresh), max((results.id for results in sets), default=0)

    def _meta(self, results: ResultSet, row: Row, output: Output) -> dict[str, object]:
        meta: dict[str, object] = {
            "script": row.name,
            "serial": row.serial,
            "disk": row.disk,
            "part": row.interface,
            "status": row.status_name,
            "code": int(row.status),
            "exit": row.exit_status,
            "started": row.started,
            "ended": row.ended,
            "runtime": elapsed(results, row),
            "limit": self._choice.limit(row.name),
        }
        if output.result:
            meta["result"] = output.result[:_LONGEST]
        if output.stderr:
            meta["stderr"] = output.stderr.decode(errors="replace")[-_LONGEST:]
        return meta


def elapsed(results: ResultSet, row: Row) -> float | None:
    """Seconds that a row ran, or has run so far, by MAAS's clock; None before it started."""
    if row.runtime is not None and row.ended:
        return row.runtime
    until = row.ended or results.heard
    return max(0.0, (until - row.started).total_seconds()) if row.started and until else None
