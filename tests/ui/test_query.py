"""The filter language: what each term means, and that nothing typed is ever an error."""

from dataclasses import dataclass

import pytest

from c3tui.cli import main
from c3tui.model.query import Facets, hint, number, parse
from tests.ui.records import Record


@dataclass(frozen=True)
class Box:
    name: str
    rack: str
    stage: str
    bmc: str
    temp: float | None
    size: float


BOXES = {
    box.name: box
    for box in (
        Box("c3-001", "r1", "ready", "ok", 24.5, 16_000_900_661_248),
        Box("c3-002", "r1", "testing", "no answer", None, 3_840_755_982_336),
        Box("c3-003", "r12", "tested", "ok", 41.0, 1_920_383_410_176),
        Box("c3-004", "r12", "ready", "wrong password", 40.0, 480_103_981_056),
    )
}
FACETS: Facets[Box] = {
    "rack": lambda box: box.rack,
    "stage": lambda box: box.stage,
    "bmc": lambda box: box.bmc,
    "temp": lambda box: box.temp,
    "size": lambda box: box.size,
}


def found(text: str) -> str:
    """The last digits of what passes."""

    def shown(key: str) -> str:
        box = BOXES[key]
        return f"{box.name} {box.rack} {box.stage} {box.bmc}"

    return "".join(key[-1] for key in parse(text, FACETS).select(BOXES, BOXES, shown))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "1234"),
        ("READY", "14"),
        ("ready r12", "4"),
        ("-ready", "23"),
        ('"no answer"', "2"),
        ("c3-00", "1234"),
        ("rack:r1", "12"),
        ("rack:r", "1234"),
        ("-rack:r1", "34"),
        ("stage:test", "23"),
        ("stage:ready,tested", "134"),
        ("bmc:no-answer", "2"),
        ('bmc:"no answer"', "2"),
        ("BMC:Wrong-Password", "4"),
        ("temp>40", "3"),
        ("temp>=40C", "34"),
        ("temp<30", "1"),
        ("-temp>40", "124"),
        ("temp:24.5", "1"),
        ("temp:-", "2"),
        ("size<4TB", "234"),
        ("size:16TB", "1"),
        ("size:1.92tb", "3"),
        ("size>=480gb size<=2TB", "34"),
        ("rack!=r1", "34"),
        ("rack:*2", "34"),
        ("rack:r12 stage:ready wrong", "4"),
        ("stage:", "1234"),
        ("-", "1234"),
        ('"', "1234"),
        ("12:34:56", ""),
    ],
)
def test_what_passes(text: str, names: str) -> None:
    assert found(text) == names
    assert parse(text, FACETS).faults == ()


@pytest.mark.parametrize(
    ("text", "names", "said"),
    [
        (
            "colour:red",
            "1234",
            "no key 'colour' here (put text in quotes); keys: rack, stage, bmc, temp, size",
        ),
        ("rack:r12 temp>hot", "34", "temp>hot: 'hot' is no number"),
        ("size<4potatoes", "1234", "'4potatoes' is no number"),
        ("-http://x", "1234", "no key 'http'"),
    ],
)
def test_what_makes_no_sense_is_said_and_hides_nothing(text: str, names: str, said: str) -> None:
    assert said in parse(text, FACETS).faults[0]
    assert found(text) == names


@pytest.mark.parametrize(
    "junk", [":::", "><=", '-"', "a" * 5000, "\x00\x1b[2J", "rack:[", "rack:*[", "temp>--4", "((("]
)
def test_no_text_raises(junk: str) -> None:
    found(junk)


def test_a_comparison_of_words_finds_nothing_rather_than_something() -> None:
    assert found("rack>5") == ""


def test_units() -> None:
    assert [number(text) for text in ("40", "3.5TB", "2 h", "5min", "70%", "1TiB", "x", "")] == [
        40.0,
        3.5e12,
        7200.0,
        300.0,
        70.0,
        float(1 << 40),
        None,
        None,
    ]


def test_the_hint_names_the_keys() -> None:
    assert hint(FACETS) == "words, -not these, rack: stage: bmc: temp>40 size<4TB"


def test_the_command_line_filters_as_tables_do(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    record.problems()
    site = str(record.site.files.directory)

    def listed(*arguments: str) -> list[str]:
        assert main([*arguments, "--csv"]) == 0
        return [line.partition(",")[0] for line in capsys.readouterr().out.splitlines()[1:]]

    assert listed("servers", site, "--filter", "state:failed") == ["c3-005"]
    assert listed("servers", site, "--filter", "rack:r02 -c3-008 unit<=5") == ["c3-007", "c3-009"]
    assert listed("drives", site, "--filter", "verdict:marked") == ["c3-007/bay02"]
    assert listed("drives", site, "--filter", "size<1TB server:c3-001") == ["c3-001/bay00", "c3-001/bay01"]
    assert main(["drives", site, "--filter", "colour:red"]) == 2
    assert "no key 'colour' here" in capsys.readouterr().err
