"""A small demonstration study, run once for all tests that read its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from gvcpos.study import Study, StudyResults

SMALL = ("tables.countries=20", "tables.last_year=2013", "space.permutations=99", "space.local_permutations=199")


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyResults, Path]:
    out = tmp_path_factory.mktemp("study") / "demo"
    return Study.from_yaml("demo", SMALL).run(out), out
