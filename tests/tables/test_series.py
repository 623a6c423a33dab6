from __future__ import annotations

import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.tables import IOTable, TableSeries, read_tables
from gvcpos.tables.aggregation import reorder
from gvcpos.tables.readers import registry
from tests.shared import shared

from .builders import random_table, same_numbers


def of_year(year: int, seed: int = 1, **options):
    return random_table(seed, **options).with_meta(year=year)


def saved(folder, years, **options):
    return [of_year(y, seed=y, **options).save(folder / f"table_{y}.arrow") for y in years]


def test_tables_in_memory_come_sorted_by_year():
    series = TableSeries.from_tables([of_year(2003), of_year(2001)])
    assert series.years == (2001, 2003)
    assert [t.year for t in series] == [2001, 2003]
    assert len(series) == 2
    assert 2001 in series
    assert series.paths == ()


def test_files_are_read_on_demand_and_at_most_two_kept(tmp_path, monkeypatch):
    paths = saved(tmp_path, [2001, 2002, 2003])
    read: list[str] = []
    original = registry.read_table

    def counting(path, **options):
        read.append(path.name)
        return original(path, **options)

    monkeypatch.setattr(registry, "read_table", counting)
    series = read_tables(paths)
    assert read == []
    assert series.paths == tuple(paths)
    assert same_numbers(series[2002], of_year(2002, seed=2002))
    assert series[2002] is series[2002]
    assert read == ["table_2002.arrow"]
    assert [t.year for t in series] == [2001, 2002, 2003]
    assert len(series._cache) == 2
    assert read == ["table_2002.arrow", "table_2001.arrow", "table_2003.arrow"]


def test_folder_and_pattern_find_the_same_files(tmp_path):
    paths = saved(tmp_path, [2001, 2002])
    (tmp_path / "readme.md").write_text("no table")
    assert read_tables(tmp_path).paths == read_tables(str(tmp_path / "table_*.arrow")).paths == tuple(paths)


def test_a_year_that_no_name_states_is_read_from_the_file(tmp_path):
    path = of_year(1999).save(tmp_path / "unnamed.arrow")
    assert read_tables(path).years == (1999,)


def test_two_files_of_one_year_are_both_named(tmp_path):
    paths = saved(tmp_path, [2001])
    copy = of_year(2001).save(tmp_path / "copy_2001.arrow")
    with pytest.raises(InputError, match=r"year 2001: .*table_2001\.arrow and .*copy_2001\.arrow"):
        read_tables([*paths, copy])
    with pytest.raises(InputError, match="two tables of the year 2001"):
        TableSeries.from_tables([of_year(2001), of_year(2001)])


def test_a_file_named_for_the_wrong_year_is_refused(tmp_path):
    path = of_year(2005).save(tmp_path / "table_2006.arrow")
    with pytest.raises(InputError, match=r"table_2006\.arrow: named as 2006, but .* 2005"):
        read_tables(path)[2006]


def test_another_order_of_labels_changes_nothing():
    first = of_year(2001, seed=1)
    second = of_year(2002, seed=2)
    shuffled = reorder(second, ["ROW", "AUS", "NA"], ["c3", "c1", "c4", "c2"])
    series = TableSeries.from_tables([first, shuffled])
    assert [t.countries for t in series] == [first.countries] * 2
    assert same_numbers(series[2002], second)


def test_missing_and_extra_countries_and_sectors_are_named():
    first = of_year(2001)
    series = TableSeries.from_tables([first, of_year(2002, countries=("AUS", "NA", "USA"))])
    assert series[2001].countries == first.countries
    with pytest.raises(LabelError, match=r"countries of 2002 .* lacks ROW and has USA"):
        series[2002]
    series = TableSeries.from_tables([first, of_year(2003, sectors=("c1", "c2", "c3"))])
    assert series[2001].year == 2001
    with pytest.raises(LabelError, match=r"sectors of 2003 .* lacks c4"):
        series[2003]


def relabelled(table, **labels):
    arrays = {name: getattr(table, name) for name in ("countries", "sectors", "final_categories", "va", "va_rows", "x")}
    return IOTable.from_arrays(table.Z, table.Y, **(arrays | labels)).with_meta(**vars(table.meta))


def test_other_final_categories_or_value_added_rows_are_named():
    """An index by category, or a sum of rows, would not mean the same in both years."""
    first, second = of_year(2001), of_year(2002, seed=2)
    names, rows = first.final_categories, first.va_rows
    other = relabelled(second, final_categories=(*names[:-1], "stocks"))
    series = TableSeries.from_tables([first, other])
    said = rf"the final-demand categories of 2002 differ from those of 2001: it lacks {names[-1]} and has stocks"
    with pytest.raises(LabelError, match=said):
        list(series)
    series = TableSeries.from_tables([first, relabelled(second, va=[*second.va, 0 * second.x], va_rows=(*rows, "tax"))])
    with pytest.raises(
        LabelError, match="the value-added rows of 2002 differ from those of 2001: it has tax in addition"
    ):
        list(series)


def test_another_order_of_final_categories_and_value_added_rows_changes_nothing():
    first, second = of_year(2001), of_year(2002, seed=2)
    g, c = len(second.countries), len(second.final_categories)
    wide = relabelled(second, va=[second.va_total * 0.25, second.va_total * 0.75], va_rows=("tax", "wages"))
    base = relabelled(first, va=[first.va_total * 0.5] * 2, va_rows=("tax", "wages"))
    turned = relabelled(
        IOTable.from_arrays(
            wide.Z, wide.Y.reshape(-1, g, c)[:, :, ::-1].reshape(-1, g * c), countries=wide.countries,
            sectors=wide.sectors, final_categories=wide.final_categories[::-1], va=wide.va[::-1],
            va_rows=("wages", "tax"), x=wide.x,
        ).with_meta(**vars(wide.meta))
    )  # fmt: skip
    assert c > 1
    found = TableSeries.from_tables([base, turned])
    assert found[2001].va_rows == ("tax", "wages")
    assert same_numbers(found[2002], wide)
    assert found[2002].final_categories == wide.final_categories
    assert found[2002].meta == wide.meta


def test_empty_and_unknown_are_refused(tmp_path):
    with pytest.raises(InputError, match="at least one table"):
        TableSeries.from_tables([])
    with pytest.raises(InputError, match="without table files"):
        read_tables(tmp_path)
    with pytest.raises(InputError, match="matches no file"):
        read_tables(tmp_path / "*.xlsx")
    with pytest.raises(InputError, match=r"no such file"):
        read_tables(tmp_path / "none_2001.xlsx")
    with pytest.raises(InputError, match=r"no table of 1990. There are: 2001"):
        TableSeries.from_tables([of_year(2001)])[1990]


def test_twelve_real_years():
    series = read_tables(shared("icio/wiod2013"))
    assert series.years == tuple(range(2000, 2012))
    outputs = {table.year: table.x.sum() for table in series}
    assert 6e7 < outputs[2000] < outputs[2008] < outputs[2011]
    assert len(series._cache) == 2


def test_units_and_synthetic_tables_are_not_mixed():
    first, second = of_year(2001), of_year(2002)
    series = TableSeries.from_tables([first, second.with_meta(unit="billion USD, constant 2010 prices")])
    with pytest.raises(
        InputError, match=r"billion USD, constant 2010 prices \(synthetic\), other years of the series in million"
    ):
        list(series)
    marked = TableSeries.from_tables([first, second.with_meta(synthetic=not first.meta.synthetic)])
    with pytest.raises(InputError, match="synthetic"):
        list(marked)
