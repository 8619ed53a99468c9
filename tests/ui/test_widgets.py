"""The Line API widgets on their own: order, cursor, filter, marks, and what they repaint."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget

from c3tui.engine.store import LogLine
from screens.widgets.columns import Column, layout
from screens.widgets.log import LogPane
from screens.widgets.matrix import Lane, Matrix, Spot
from screens.widgets.table import FleetTable
from screens.widgets.text import TextPane, fold


@dataclass(frozen=True)
class Row:
    name: str
    value: int


COLUMNS: list[Column[Row]] = [
    Column("Name", 8, lambda row: (row.name, "")),
    Column("Value", 6, lambda row: (str(row.value), "good"), sort=lambda row: row.value, align="right"),
    Column("Wide", 60, lambda row: ("x" * 50, "")),
    Column("Last", 6, lambda row: ("end", "")),
]


class Stage(App[None]):
    """One widget alone."""

    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        yield self.widget


@asynccontextmanager
async def shown(widget: Widget, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    async with Stage(widget).run_test(size=size) as pilot:
        await pilot.pause()
        yield pilot


def table_of(count: int) -> tuple[FleetTable[Row], dict[str, Row]]:
    rows = {f"s{n:03d}": Row(f"s{n:03d}", (n * 7) % count) for n in range(count)}
    return FleetTable(COLUMNS), rows


def painted(widget: FleetTable[Row]) -> list[Region]:
    """The regions a widget asks to repaint from now on; an empty region stands for all of it."""
    regions: list[Region] = []
    original = widget.refresh

    def refresh(*args: Region, **options: bool) -> FleetTable[Row]:
        regions.extend(args or (Region(),))
        return original(*args, **options)

    widget.refresh = refresh  # type: ignore[method-assign]
    return regions


async def test_only_changed_rows_in_view_are_repainted() -> None:
    table, rows = table_of(300)
    async with shown(table) as pilot:
        table.update(rows)
        await pilot.pause()
        regions = painted(table)
        table.update({**rows, "s002": Row("s002", 999), "s299": Row("s299", 999)})
        assert regions == [Region(0, 3, 80, 1)]


async def test_same_rows_again_repaint_nothing() -> None:
    table, rows = table_of(300)
    async with shown(table) as pilot:
        table.update(rows)
        await pilot.pause()
        regions = painted(table)
        table.update(dict(rows))
        assert regions == []


async def test_a_change_in_a_column_out_of_view_repaints_nothing() -> None:
    table, rows = table_of(300)
    async with shown(table, (70, 24)) as pilot:
        table.update(rows)
        # From here on the value is left of what is shown.
        table.action_across(1)
        await pilot.pause()
        regions = painted(table)
        table.update({**rows, "s002": Row("s002", 999)})
        assert regions == []


async def test_cursor_stays_with_its_row_through_sort_and_filter() -> None:
    table, rows = table_of(50)
    async with shown(table) as pilot:
        table.update(rows)
        table.go_to_key("s030")
        await pilot.press("o", "o")
        assert table.key == "s030"
        assert [table.rows[key].value for key in table.order] == sorted(row.value for row in rows.values())
        await pilot.press("O")
        assert table.key == "s030" and table.rows[table.order[0]].value == 49
        table.filter("S03")
        assert table.order and all(key.startswith("s03") for key in table.order)
        assert table.key == "s030"


async def test_rows_that_go_take_cursor_and_marks_along() -> None:
    table, rows = table_of(5)
    async with shown(table) as pilot:
        table.update(rows)
        await pilot.press("end", "space")
        assert table.marks == {"s004"} and table.chosen == ["s004"]
        table.update({key: row for key, row in rows.items() if key < "s002"})
        assert table.key == "s001" and table.marks == set() and table.chosen == ["s001"]
        table.update({})
        assert table.key is None and table.chosen == []


async def test_a_filtered_out_row_may_change() -> None:
    table, rows = table_of(20)
    async with shown(table):
        table.update(rows)
        table.filter("s001")
        table.update({**rows, "s015": Row("s015", 5)})
        assert table.order == ["s001"]
        table.update({**rows, "s015": Row("s001-too", 5)})
        assert table.order == ["s001", "s015"]


async def test_first_column_stays_when_looking_right() -> None:
    table, rows = table_of(3)
    async with shown(table, (40, 10)) as pilot:
        table.update(rows)
        assert [column.title for column, _ in layout(COLUMNS, 38, 1)] == ["Name", "Value", "Wide"]
        await pilot.press("right", "right")
        line = table.render_line(1).text
        assert line.startswith("> s000") and "end" in line


def test_columns_share_what_is_left() -> None:
    columns = [Column[Row]("A", 5, COLUMNS[0].cell), Column[Row]("B", 5, COLUMNS[0].cell, grow=True)]
    assert [width for _, width in layout(columns, 40, 1)] == [5, 34]


def line(n: int, level: str = "info", server: str = "") -> LogLine:
    return LogLine(n, "run", 0.0, level, server, f"line-{n:03d}")


async def test_log_follows_until_one_moves_up() -> None:
    pane = LogPane()
    async with shown(pane) as pilot:
        pane.append([line(n) for n in range(100)])
        assert pane.follow and pane.shown.stop == 100
        await pilot.press("up", "up")
        before = pane.shown
        pane.append([line(n) for n in range(100, 110)])
        assert pane.shown == before and "10 new below" in pane.render_line(23).text
        await pilot.press("end")
        assert pane.follow and pane.shown.stop == 110


async def test_log_search_and_failed_only() -> None:
    pane = LogPane()
    async with shown(pane) as pilot:
        pane.append([line(n, "error" if n % 10 == 0 else "info", f"c3-{n % 3}") for n in range(100)])
        pane.search("LINE-04 c3")
        assert pane.matches == 10 and pane.line_at(pane.cursor).text == "line-049"
        await pilot.press("N")
        assert pane.line_at(pane.cursor).text == "line-048"
        await pilot.press("n")
        assert pane.line_at(pane.cursor).text == "line-049"
        pane.only_failed(True)
        assert pane.count == 10
        pane.append([line(100, "error"), line(101)])
        assert pane.count == 11 and pane.line_at(10).text == "line-100"


async def test_log_is_a_ring() -> None:
    pane = LogPane()
    pane.RING = 50
    async with shown(pane):
        pane.append([line(n) for n in range(120)])
        assert [entry.n for entry in pane.lines] == list(range(70, 120))


async def test_matrix_cursor_stays_with_its_key() -> None:
    def lanes(*servers: str) -> list[Lane]:
        return [
            Lane(s, tuple(Spot(f"{s}/{b}", "T", "good", f"bay {s}/{b}") for b in range(4))) for s in servers
        ]

    matrix = Matrix()
    async with shown(matrix) as pilot:
        matrix.update(lanes("a", "c"))
        await pilot.press("down", "right", "right")
        assert matrix.spot is not None and matrix.spot.key == "c/2"
        matrix.update(lanes("a", "b", "c"))
        assert matrix.spot is not None and matrix.spot.key == "c/2"
        await pilot.press("right", "right", "right")
        assert matrix.spot.key == "c/3"


async def test_text_folds_and_repaints_only_what_differs() -> None:
    pane = TextPane()
    async with shown(pane, (40, 10)):
        pane.show(["short", "a long line that does not fit into forty cells at all", "- a point " * 5])
        assert all(len(part) <= 40 for line in pane.lines for part, _ in line)
        assert [part for part, _ in pane.lines[1]] == ["a long line that does not fit into forty"]
    spans = [("Label ", "key"), ("words and more words", "")]
    assert all(sum(len(part) for part, _ in row) <= 20 for row in fold(spans, 20))
