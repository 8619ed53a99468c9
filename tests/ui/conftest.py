from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ui.records import Record


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """A site with an empty record."""
    record = Record(tmp_path / "small")
    yield record
    record.close()
