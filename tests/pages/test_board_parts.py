"""What the board's modules say, called in the browser one by one."""

import csv
import io
from typing import Any

import pytest
from playwright.sync_api import Page

from .conftest import Opener

MODULES = ("search", "sorting", "ranks", "weights", "filters", "downloads", "cells", "common/sizes")
NAMES = ["a/llama-8b", "b/notes one", "c/tiny", "d/none"]
DATA = {
    "rows": 4,
    "view": "measured",
    "provenance": "measured",
    "edition": "full",
    "notice": "",
    "decimals": 1,
    "sort": "-overall",
    "ranges": {"overall": [[1, 2], [1, 2], [3, 3], None]},
    "names": NAMES,
    "columns": [
        {"name": "rank", "title": "Rank", "kind": "rank", "values": [1, 2, 3, None], "group": "Model"},
        {"name": "model", "title": "Model", "kind": "model", "values": NAMES},
        {"name": "base_model", "title": "Base", "kind": "text", "values": ["meta/llama", None, "=1+1", None]},
        {"name": "licence", "title": "Licence", "kind": "text", "values": ["apache-2.0", "llama3", "MIT", None]},
        {"name": "domain", "title": "Training", "kind": "badge", "values": ["general", "biomedical", "general", None]},
        {"name": "params", "title": "Size", "kind": "count", "values": [8_030_000_000, 70_000_000_000, 3e9, None]},
        {"name": "engine", "title": "Engine", "kind": "text", "values": ["transformers", "endpoint", None, None]},
        {"name": "overall", "title": "Overall", "kind": "score", "group": "Averages",
         "values": [70.04, 69.96, 12.0, None], "low": [69, 68, 11, None],
         "high": [71, 71, 13, None], "n": [2, 2, 2, 0], "missing": {}},
        {"name": "mednli", "title": "MedNLI", "kind": "score", "group": "Level 1: short", "values": [80, 60, None, 10],
         "low": [None] * 4, "high": [None] * 4, "n": [9, 9, 0, 9], "missing": {}},
        {"name": "meqsum", "title": "MeQSum", "kind": "score", "group": "Level 1: short", "values": [20, 30, 40, 50],
         "low": [None] * 4, "high": [None] * 4, "n": [9] * 4, "missing": {}},
    ],
}  # fmt: skip
CALL = """async ([modules, data]) => {
    const entry = document.querySelector('script[src$="/site.js"]').src;
    const load = (name) => import(entry.replace("site.js", `${name.includes("/") ? name : `board/${name}`}.js`));
    const parts = Object.assign({}, ...await Promise.all(modules.map(load)));
    with (parts) { BODY }
}"""


@pytest.fixture
def page(visit: Opener) -> Page:
    return visit("/about")


def said(page: Page, body: str) -> Any:
    """What this JavaScript returns, with every function of the modules by its name and the little board as `data`."""
    return page.evaluate(CALL.replace("BODY", body), [list(MODULES), DATA])


def test_words_prefixes_phrases_and_semicolons_find_their_rows(page: Page) -> None:
    wanted = {
        "": [0, 1, 2, 3],
        "LLAMA": [0, 1],
        "llama apache": [0],
        "llama-8b; tiny": [0, 2],
        '"notes one"': [1],
        '"one notes"': [],
        '"a;b"; tiny': [2],
        "@base:llama": [0],
        "@licence:llama": [1],
        "@license:mit": [2],
        "@name:llama": [0],
        "@type:bio": [1],
        "@engine:trans": [0],
        "@size:>8": [0, 1],
        "@size:<=3": [2],
        "@size:8": [0],
        "@size:3-10b": [0, 2],
        "@size:>5 @type:general; d/none": [0, 3],
        '@base:"meta/llama"': [0],
        "@SUM(A1)": [],
        "@nothing:x tiny": [2],
        "@base:": [0, 1, 2, 3],
        ";;": [0, 1, 2, 3],
    }
    body = f"""return {list(wanted)!r}.map((typed) => {{
        const matches = matcher(data, parseSearch(typed));
        return [0, 1, 2, 3].filter(matches); }})"""
    assert dict(zip(wanted, said(page, body), strict=True)) == wanted


def test_what_the_search_cannot_use_is_answered_with_a_hint(page: Page) -> None:
    hints = said(
        page, "return ['@foo:x', '@size:big', '@base:', 'a @SUM(A1)'].map((typed) => parseSearch(typed).hints)"
    )
    unknown, size, empty, fine = hints
    assert unknown[0].startswith("There is no @foo: here")
    assert "@size:>10" in size[0]
    assert "@base:llama-3" in empty[0]
    assert fine == []


def test_presses_on_headings_make_turn_add_and_drop_sort_keys(page: Page) -> None:
    body = """
        const of = (name) => data.columns.find((column) => column.name === name);
        const press = (name, sort, add) => nextSort(of(name), parseSort(sort), add);
        return [press("overall", "model"), press("overall", "-overall"), press("model", "-overall"),
                press("params", "-overall", true), press("params", "-overall,-params", true),
                press("params", "-overall,params", true), press("overall", "-overall", true),
                press("params", "-overall,-params")];"""
    assert said(page, body) == [
        "-overall", "overall", "model", "-overall,-params", "-overall,params", "-overall", "overall", "-params",
    ]  # fmt: skip


def test_rows_are_sorted_by_one_key_after_the_other_and_missing_ones_come_last(page: Page) -> None:
    body = """return ["domain,-overall", "-domain,params", "overall", "-overall", "-mednli,meqsum", "nowhere,-meqsum"]
        .map((sort) => sorted(data, [0, 1, 2, 3], sortKeys(data, [sort])))"""
    assert said(page, body) == [[1, 0, 2, 3], [2, 0, 1, 3], [2, 1, 0, 3], [0, 1, 2, 3], [0, 1, 3, 2], [3, 2, 1, 0]]


def test_ranks_are_ranges_where_they_are_known_and_plain_places_elsewhere(page: Page) -> None:
    body = """
        const [rank] = data.columns;
        const custom = customColumn(data, "meqsum:1", "");
        const own = { ...data, columns: [...data.columns, custom] };
        return [rankColumn(data, rank, "overall"), rankColumn(data, rank, "mednli"), rankColumn(own, rank, custom.name),
                rankColumn({ ...data, ranges: {} }, rank, "mednli")]
            .map(({ by, values, worst, ranged }) => [by, values, worst, ranged.some(Boolean)]);"""
    ranged = ["overall", [1, 1, 3, None], [2, 2, 3, None], True]
    assert said(page, body) == [
        ranged,
        ranged,
        ["custom_average", [4, 3, 2, 1], [4, 3, 2, 1], False],
        ["overall", [1, 2, 3, None], [1, 2, 3, None], False],
    ]


def test_a_row_without_a_range_among_others_says_why(page: Page) -> None:
    body = """
        const told = { ...data, ranges: { overall: [[1, 1], null, [2, 2], null] }, no_range: "plain",
                       ranges_missing: { overall: { 1: "Nothing is kept of it." } } };
        const rank = rankColumn(told, data.columns[0], "overall");
        const other = rankColumn({ ...told, ranges: {} }, data.columns[0], "overall");
        return [detailOf(told, rank, 1), detailOf(told, other, 1)];"""
    assert said(page, body) == [["Place 2 by Overall", "Nothing is kept of it."], ["Place 2 by Overall", "plain"]]


def test_a_line_stands_only_where_nobody_above_shares_a_place_with_anybody_below(page: Page) -> None:
    body = """const column = rankColumn(data, data.columns[0], "overall");
        return [[0, 1, 2], [2, 1, 0], [0, 2]].map((order) => [...gaps(column, order)])"""
    assert said(page, body) == [[2], [], [1]]


def test_own_weights_are_bounded_numbers_and_a_missing_part_leaves_a_dash_with_its_reason(page: Page) -> None:
    assert (
        said(page, "return weightsText(parseWeights('mednli:3,meqsum:99,a:-1,b:x,c,d:0,:4'))") == "mednli:3,meqsum:10"
    )
    column = said(page, "return customColumn(data, 'mednli:3,meqsum:1', '  Mine ')")
    assert column["title"] == "Mine"
    assert column["values"] == [(240 + 20) / 4, (180 + 30) / 4, None, (30 + 50) / 4]
    assert column["missing"] == {"2": "Not complete: MedNLI missing."}
    assert said(page, "return [customColumn(data, '', 'x'), customColumn(data, 'elsewhere:2', 'x')]") == [None, None]


def test_licences_are_open_by_a_closed_list_and_sizes_belong_to_the_band_they_end(page: Page) -> None:
    body = """
        const licences = ["apache-2.0", "MIT", "cc-by-sa-4.0", "openrail", "creativeml-openrail-m", "llama3",
                          "cc-by-nc-4.0", null];
        return [licences.map(isOpen), [null, 3e9, 3.1e9, 10e9, 70e9, 70.6e9].map(bandOf)]"""
    assert said(page, body) == [
        [True, True, True, False, False, False, False, False],
        [None, "le3", "3-10", "3-10", "10-70", "gt70"],
    ]


def test_a_chip_counts_what_it_would_show_beside_the_other_filters(page: Page) -> None:
    body = """const state = { domains: ["general"], sizes: [], open: false, protocol: "" };
        const { domain, size, open } = countsOf(data, state, () => true);
        return [domain, size, open]"""
    assert said(page, body) == [{"general": 2, "biomedical": 1, "null": 1}, {"3-10": 1, "le3": 1}, {"true": 2}]


def test_downloads_hold_rank_ranges_interval_ends_and_whole_numbers(page: Page) -> None:
    body = """
        const [rank, ...others] = data.columns;
        const ranked = { ...data, columns: [rankColumn(data, rank, "overall"), ...others] };
        const shown = { data: ranked, columns: ranked.columns.slice(0, 8), places: [2, 0, 3], intervals: true,
                        keys: parseSort("overall"), state: { weights: "" } };
        return [csvOf(shown), JSON.parse(jsonOf(shown))]"""
    text, told = said(page, body)
    heads, *lines = csv.reader(io.StringIO(text, newline=""))
    assert heads[:2] + heads[-3:] == ["Rank best", "Rank worst", "Overall", "Overall low", "Overall high"]
    assert lines[0] == ["3", "3", "c/tiny", "'=1+1", "MIT", "General", "3000000000", "", "12.0", "11.0", "13.0"]
    assert lines[2] == ["", "", "d/none", "", "", "", "", "", "", "", ""]
    assert told["sort"] == "overall"
    assert told["rows"][1] == {
        "rank_best": 1, "rank_worst": 2, "model": "a/llama-8b", "base_model": "meta/llama", "licence": "apache-2.0",
        "domain": "General", "params": 8_030_000_000, "engine": "transformers",
        "overall": 70.0, "overall.low": 69, "overall.high": 71,
    }  # fmt: skip
    assert told["rows"][2]["base_model"] is None
