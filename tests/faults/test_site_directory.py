"""The site directory fails the engine: full, read-only, its secrets gone, its plan or database garbage."""

import asyncio
import os
import resource
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from c3tui.engine.errors import EngineGone, InputError, RecordError
from c3tui.engine.link import SocketLink
from c3tui.model.fleet import Stage
from c3tui.model.run import Outcome
from tests.support.plans import SITE, write_site
from tests.support.rehearsal import Rehearsal, until

pytestmark = pytest.mark.timeout(60)

SECRETS = "maas_api_key: consumer:token:top-secret-key\n"
NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
FULL = (0, resource.RLIM_INFINITY)
"""As of a full disk: no file takes another byte."""


@pytest.fixture
async def rehearsal(tmp_path: Path) -> AsyncIterator[Rehearsal]:
    """A site with no room behind it and no BMC logins, so that nothing happens by itself."""
    world = Rehearsal(write_site(tmp_path / "site", secrets=SECRETS))
    try:
        yield world
    finally:
        world.close()


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Rehearsal]:
    world = Rehearsal(tmp_path / "site", "--servers", "2", "--bays", "2", "--speed", "100")
    try:
        world.start_lab()
        yield world
    finally:
        world.close()


async def c3(*arguments: str, prefix: tuple[str, ...] = ()) -> tuple[int, str, str]:
    """Exit code, output and words of a command that must not end with a trace."""
    pipe = asyncio.subprocess.PIPE
    argv = (*prefix, sys.executable, "-m", "c3tui", *arguments)
    process = await asyncio.create_subprocess_exec(*argv, stdout=pipe, stderr=pipe)
    out, said = await asyncio.wait_for(process.communicate(), 30)
    assert b"Traceback" not in said, said.decode()
    return process.returncode or 0, out.decode(), said.decode()


async def test_a_full_disk_stops_the_run_and_loses_nothing(room: Rehearsal) -> None:
    link = await room.attach()
    await room.run(link, "network")
    plan = room.files.plan.read_bytes()
    resource.prlimit(room.engine, resource.RLIMIT_FSIZE, FULL)
    with pytest.raises(InputError, match="cannot be written"):
        await link.command("edit", changes={"servers.0.unit": 30})
    with pytest.raises(RecordError, match="cannot be written"):
        await link.command("run", step="discovery")
    assert room.files.plan.read_bytes() == plan and not room.runs("discovery")
    resource.prlimit(room.engine, resource.RLIMIT_FSIZE, NO_LIMIT)
    begun = await link.command("run", step="discovery")
    await until(lambda: room.stages()[Stage.POWERED] == 2, "servers powered on")
    resource.prlimit(room.engine, resource.RLIMIT_FSIZE, FULL)
    # MAAS goes on, and the step must not: nobody would know what it did. Nor may another one begin.
    await until(lambda: refused(link), "the engine to notice")
    resource.prlimit(room.engine, resource.RLIMIT_FSIZE, NO_LIMIT)
    cut = await room.ended(begun["run"], 10)
    assert cut.outcome is Outcome.FAILED and "the site's record cannot be written" in cut.summary
    assert "Make room" in cut.summary and "C3 itself" not in cut.summary
    with room.reading() as reader:
        lines = [line.text for line in reader.log(cut.id)]
    assert lines.count("powered on, booting from PXE") == 2 and lines[-1] == cut.summary
    again = await link.command("run", step="discovery")
    run = await room.ended(again["run"])
    assert run.outcome is Outcome.DONE and not run.victims, run.summary
    await link.close()


async def refused(link: SocketLink) -> bool:
    try:
        await link.command("run", step="discovery")
    except RecordError as error:
        assert "site's record cannot be written" in str(error)
        return True
    except InputError as error:
        assert error.what == "discovery is running"
        return False
    raise AssertionError("two runs at once")


async def test_a_read_only_site_is_refused_in_words_and_can_be_read(rehearsal: Rehearsal) -> None:
    await (await rehearsal.attach()).close()
    await rehearsal.end_engine()
    unprivileged: tuple[str, ...] = ()
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everywhere, and setpriv (util-linux) is not here to change that")
        unprivileged = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    rehearsal.site.chmod(0o555)
    for file in rehearsal.site.iterdir():
        file.chmod(0o400)
    try:
        site = str(rehearsal.site)
        for command in ("engine", "run"):
            code, _, said = await c3(command, site, prefix=unprivileged)
            assert code == 2 and "cannot write here (Permission denied)" in said, said
        code, out, said = await c3("status", site, "--json", prefix=unprivileged)
        assert code == 0 and '"network"' in out, said
    finally:
        rehearsal.site.chmod(0o755)
    assert {each.name for each in rehearsal.site.iterdir()} == KEPT


KEPT = {"bmc", "c3.db", "engine.lock", "engine.log", "secrets.yaml", "site.yaml"}


async def test_a_plan_or_secrets_gone_bad_leave_the_old_ones_in_force(rehearsal: Rehearsal) -> None:
    link = await rehearsal.attach()
    plan, secrets = rehearsal.files.plan, rehearsal.files.secrets
    garbage = SITE.replace("name: small", "name: other").replace("vip: 10.20.0.5", "vip: [")
    for text, words in ((garbage, "site.yaml:"), (SITE + "racks: 7\n", "racks"), ("\x00", "site.yaml")):
        plan.write_text(text)
        with pytest.raises(InputError, match=words):
            await link.command("reload")
        with pytest.raises(InputError, match=words):
            await link.command("edit", changes={"servers.0.unit": 30})
        assert plan.read_text() == text
        assert (await link.command("destroys", step="network"))["word"] == "small"
    plan.write_text(SITE)
    secrets.unlink()
    with pytest.raises(InputError, match="no secrets: the file is missing"):
        await link.command("reload")
    run = await rehearsal.run(link, "network")
    # With the key of before it went as far as it could: nobody is MAAS here.
    assert run.outcome is Outcome.FAILED and "MAAS cannot be reached" in run.summary
    secrets.touch(0o600)
    secrets.write_text(SECRETS)
    await link.command("reload")
    with rehearsal.reading() as reader:
        assert [entry.what for entry in reader.journal()].count("plan reloaded") == 1
    with pytest.raises(InputError, match="servers"):
        await link.command("edit", changes={"servers.99.unit": 30})
    await link.close()


@pytest.mark.parametrize("start", [0, 4096])
async def test_a_damaged_database_is_named_and_left_alone(rehearsal: Rehearsal, start: int) -> None:
    await (await rehearsal.attach()).close()
    await rehearsal.end_engine()
    body = bytearray(rehearsal.files.database.read_bytes())
    body[start:] = b"\xa5" * (len(body) - start)
    rehearsal.files.database.write_bytes(body)
    with pytest.raises(EngineGone, match="not a database C3 can use"):
        await rehearsal.attach()
    for command in ("engine", "run", "status"):
        code, _, said = await c3(command, str(rehearsal.site))
        assert code == 2 and "not a database C3 can use" in said and "restore it from a copy" in said
    assert rehearsal.files.database.read_bytes() == body
