"""The MAAS client at its borders: connecting, retries, refusals, and secrets that stay inside."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from c3tui.clients.maas import Limits, Maas, Status
from c3tui.engine.errors import (
    BadAnswer,
    C3Error,
    InputError,
    PeerError,
    Refused,
    Unauthorised,
    Unreachable,
)
from tests.clients.maas_region import ADMIN, HOST, KEY, Region, region

FAST = Limits(call=5, full_list=5, pause=0.01, longest_pause=0.05)
CONFLICT = """<!DOCTYPE html><html><head><title>Error: Conflict Error</title></head><body>
<h2 class="p-heading--four">
  Conflict error. Try your request again, as it will most likely succeed.
</h2></body></html>"""


@pytest.fixture
async def maas_region() -> AsyncIterator[Region]:
    async with region() as made:
        yield made


@pytest.fixture
async def maas(maas_region: Region) -> AsyncIterator[Maas]:
    async with await Maas.connect(maas_region.url, SecretStr(KEY), FAST) as client:
        yield client


def machine(status: int, **more: Any) -> dict[str, Any]:
    return {"system_id": "abc123", "hostname": "c3-001", "status": status, "owner": "c3", **more}


async def refused(client: Maas, kind: type[PeerError] = Refused) -> PeerError:
    with pytest.raises(kind) as caught:
        await client.machine("abc123")
    return caught.value


async def test_connecting_says_who_we_are_and_stays_on_the_typed_address(
    maas_region: Region, maas: Maas
) -> None:
    # The region believes to be maas.internal:5240; a call that followed it would not arrive here.
    maas_region.says("GET", "/machines/abc123/", machine(4))
    assert (maas.username, maas.version) == ("c3", "3.7.3")
    assert (await maas.machine("abc123")).status is Status.READY
    signed = maas_region.asked[-1].authorization
    assert signed.startswith('OAuth realm="OAuth"') and 'oauth_signature_method="PLAINTEXT"' in signed
    assert maas_region.asked[0].authorization == ""


@pytest.mark.parametrize("key", ["", "one", "a:b", "a::c", "a:b:c:d", "a:b:\u00e9"])
async def test_a_malformed_key_is_an_input_error_that_does_not_show_it(key: str) -> None:
    with pytest.raises(InputError) as caught:
        await Maas.connect(f"http://{HOST}:1/MAAS/", SecretStr(key))
    assert not key or key not in str(caught.value).replace("consumer:token:secret", "")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "maas",
        "ftp://maas/MAAS/",
        "http://",
        "http://user:pw@maas/MAAS/",
        "http://[::1/MAAS/",
        "http://m:99999/",
    ],
)
async def test_a_malformed_url_is_an_input_error(url: str) -> None:
    with pytest.raises(InputError):
        await Maas.connect(url, SecretStr(KEY))


async def test_nothing_at_the_address_is_unreachable_with_the_url() -> None:
    with pytest.raises(Unreachable) as caught:
        await Maas.connect(f"http://{HOST}:1/MAAS/", SecretStr(KEY), FAST)
    assert f"http://{HOST}:1/MAAS/" in caught.value.where
    assert caught.value.exit_code == 4


async def test_https_where_http_is_spoken_is_unreachable_and_says_so(maas_region: Region) -> None:
    with pytest.raises(Unreachable) as caught:
        await Maas.connect(maas_region.url.replace("http:", "https:"), SecretStr(KEY), FAST)
    assert "SSL_CERT_FILE" in caught.value.remedy and "http or https" in caught.value.remedy


async def test_another_web_server_is_no_maas(maas_region: Region) -> None:
    with pytest.raises(BadAnswer, match="no MAAS region"):
        await Maas.connect(maas_region.url + "elsewhere/", SecretStr(KEY), FAST)
    bodies: list[object] = ["<html>hello</html>", {"resources": "none"}, {"resources": [{}]}, []]
    for body in bodies:
        maas_region.forget("GET", "/describe/")
        maas_region.says("GET", "/describe/", body)
        with pytest.raises(BadAnswer, match="no MAAS region"):
            await Maas.connect(maas_region.url, SecretStr(KEY), FAST)


async def test_a_wrong_key_is_unauthorised_and_the_right_secret_is_not_shown() -> None:
    async with region() as made:
        made.forget("GET", "/users/", "whoami")
        leak = "Authorization Error: 'Invalid signature. Expected signature base string: &therightsecret'"
        made.says("GET", "/users/", leak, status=401, op="whoami", content_type="text/html")
        with pytest.raises(Unauthorised) as caught:
            await Maas.connect(made.url, SecretStr(KEY), FAST)
    assert "therightsecret" not in repr(caught.value) + str(caught.value)
    assert "API key" in str(caught.value)


async def test_a_clock_that_is_off_is_named_as_such(maas_region: Region, maas: Maas) -> None:
    late = "Authorization Error: 'Expired timestamp: given 1 and now 999 has a greater difference'"
    maas_region.says("GET", "/machines/abc123/", late, status=401, content_type="text/html")
    assert "NTP" in (await refused(maas, Unauthorised)).remedy


async def test_an_ordinary_user_is_unauthorised() -> None:
    async with region() as made:
        made.forget("GET", "/users/", "whoami")
        made.says("GET", "/users/", ADMIN | {"is_superuser": False}, op="whoami")
        with pytest.raises(Unauthorised, match="no administrator"):
            await Maas.connect(made.url, SecretStr(KEY), FAST)


async def test_a_redirect_is_not_followed(maas_region: Region, maas: Maas) -> None:
    maas_region.says("GET", "/machines/abc123/", "", status=302, Location="http://elsewhere/MAAS/")
    error = await refused(maas, BadAnswer)
    assert "elsewhere" in error.what and "endpoints.maas.url" in error.remedy


async def test_reading_is_repeated_while_maas_is_overloaded(maas_region: Region, maas: Maas) -> None:
    for status in (502, 503, 504):
        maas_region.says("GET", "/machines/abc123/", "later", status=status, Retry_After="0")
    maas_region.says("GET", "/machines/abc123/", machine(4))
    assert (await maas.machine("abc123")).hostname == "c3-001"
    nonces = {one.authorization.split('oauth_nonce="')[1] for one in maas_region.asked[-4:]}
    assert len(nonces) == 4


async def test_reading_gives_up_in_the_end_with_maas_own_words(maas_region: Region, maas: Maas) -> None:
    words = "Unable to connect to any rack controller abc123; no connections available."
    maas_region.says("GET", "/machines/abc123/", words, status=503, Retry_After="900")
    started = asyncio.get_running_loop().time()
    error = await refused(maas, Unreachable)
    assert error.what == words.rstrip(".")
    assert maas_region.times("GET", "/machines/abc123/") == FAST.tries
    assert asyncio.get_running_loop().time() - started < 2, "Retry-After was not capped"


async def test_a_server_that_hangs_is_given_up_after_the_limit(maas_region: Region) -> None:
    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    maas_region.does("GET", "/machines/abc123/", lambda: hang)
    async with await Maas.connect(maas_region.url, SecretStr(KEY), Limits(call=0.2)) as client:
        async with asyncio.timeout(5):
            error = await refused(client, Unreachable)
    assert "0.2 s" in error.what and maas_region.times("GET", "/machines/abc123/") == 1


async def _truncated(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "999"})
    await answer.prepare(request)
    await answer.write(b'{"system_id": "abc')
    assert request.transport is not None
    request.transport.close()
    return answer


async def test_truncated_and_broken_json_are_bad_answers(maas_region: Region, maas: Maas) -> None:
    maas_region.does("GET", "/machines/abc123/", lambda: _truncated)
    maas_region.says("GET", "/machines/abc123/", '{"system_id": "abc', content_type="application/json")
    maas_region.says("GET", "/machines/abc123/", ["no machine"])
    for _ in range(3):
        await refused(maas, BadAnswer)


@pytest.mark.parametrize(
    ("status", "body", "said", "remedy"),
    [
        (400, {"hostname": ["Node with this Hostname already exists."]}, "hostname: Node with this", ""),
        (
            400,
            {"__all__": ["Test is not available because of the current state of the node."]},
            "Test is not",
            "state",
        ),
        (403, "", "MAAS does not permit this", "unlock"),
        (403, "This method is reserved for admin users.", "reserved for admin users", "API key"),
        (404, "No Machine matches the given query.", "No Machine matches", ""),
        (404, "IP address is already in use.", "already in use", "address"),
        (409, "Can't deploy a machine that is in the 'New' state", "in the 'New' state", "state"),
        (500, "Incorrect password: could not authenticate to the BMC.", "Incorrect password", "BMC"),
        (500, "", "failed inside", "log"),
    ],
)
async def test_refusals_speak_with_maas_own_words(
    maas_region: Region, maas: Maas, status: int, body: object, said: str, remedy: str
) -> None:
    maas_region.says("GET", "/machines/abc123/", machine(4))
    maas_region.says("GET", "/machines/abc123/", body, status=status)
    await maas.machine("abc123")
    error = await refused(maas)
    assert error.where == "c3-001"
    assert said in error.what and remedy in error.remedy


async def test_a_conflict_page_is_one_sentence(maas_region: Region, maas: Maas) -> None:
    maas_region.says(
        "PUT", "/machines/abc123/", CONFLICT, status=409, content_type="text/html", Retry_After="5"
    )
    with pytest.raises(Refused, match=r"^abc123: Conflict error\. Try .* succeed\. Look in MAAS"):
        await maas.set_power_ipmi("abc123", "10.0.0.1", "ADMIN", SecretStr("hunter22"))
    assert maas_region.times("PUT", "/machines/abc123/") == 1


async def test_no_secret_shows_up_in_errors_and_representations(maas_region: Region, maas: Maas) -> None:
    echo = f"bad value hunter22 from {KEY}"
    maas_region.says("PUT", "/machines/abc123/", echo, status=400)
    with pytest.raises(C3Error) as caught:
        await maas.set_power_ipmi("abc123", "10.0.0.1", "ADMIN", SecretStr("hunter22"))
    shown = f"{caught.value!r} {caught.value} {maas!r} {caught.value.__cause__!r}"
    for secret in ("hunter22", *KEY.split(":")):
        assert secret not in shown
    assert maas_region.asked[-1].form["power_parameters_power_pass"] == ["hunter22"]


async def test_a_refused_post_is_not_repeated(maas_region: Region, maas: Maas) -> None:
    maas_region.says("POST", "/machines/abc123/", "Machine is locked", status=409, op="abort")
    with pytest.raises(Refused):
        await maas.abort("abc123")
    assert maas_region.times("POST", "/machines/abc123/", "abort") == 1
    assert maas_region.times("GET", "/machines/abc123/") == 0


async def test_a_post_is_repeated_only_after_looking_at_the_machine(maas_region: Region, maas: Maas) -> None:
    maas_region.says("POST", "/machines/abc123/", "busy", status=503, op="deploy", Retry_After="0")
    maas_region.says("POST", "/machines/abc123/", machine(9), op="deploy")
    maas_region.says("GET", "/machines/abc123/", machine(10))
    deployed = await maas.deploy(
        "abc123", osystem="ubuntu", distro_series="noble", user_data="#cloud-config\n"
    )
    assert deployed.status is Status.DEPLOYING
    assert [one.method for one in maas_region.asked[-3:]] == ["POST", "GET", "POST"]
    assert maas_region.asked[-1].form == {
        "osystem": ["ubuntu"],
        "distro_series": ["noble"],
        "user_data": ["I2Nsb3VkLWNvbmZpZwo="],
    }


@pytest.mark.parametrize("lost", ["answer", "body"])
async def test_a_post_that_was_carried_out_all_the_same_is_not_repeated(
    maas_region: Region, maas: Maas, lost: str
) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    maas_region.does(
        "POST", "/machines/abc123/", lambda: cut if lost == "answer" else _truncated, op="deploy"
    )
    maas_region.says("GET", "/machines/abc123/", machine(9))
    assert (await maas.deploy("abc123", osystem="ubuntu", distro_series="noble")).status is Status.DEPLOYING
    assert maas_region.times("POST", "/machines/abc123/", "deploy") == 1


async def test_a_post_in_doubt_that_did_nothing_is_an_error(maas_region: Region, maas: Maas) -> None:
    maas_region.says("POST", "/machines/abc123/", "Incorrect password", status=500, op="commission")
    maas_region.says("GET", "/machines/abc123/", machine(4))
    with pytest.raises(Refused, match="Incorrect password"):
        await maas.commission("abc123")
    assert maas_region.times("POST", "/machines/abc123/", "commission") == 1
    assert maas_region.asked[-2].form == {"testing_scripts": ["none"]}
