from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from tortoise.connection import get_connection

from base.errors import ErrorCode, Refusal
from models.listing import DEFAULT_SIZE, KeyType, Listing, Page, Window
from models.paging import count_rows, read_page, read_pages
from tests.statements import counted_statements

BY_RANK = Listing("marks", ("rank", "name"), (KeyType.FLOAT, KeyType.TEXT), columns="name")
BY_NUMBER = Listing("marks", ("number",), (KeyType.INT8,), columns="name", is_its_own_cursor=True)
BY_PLACE = replace(BY_NUMBER, types=(KeyType.INT4,), is_its_own_cursor=False)
BY_PARITY = replace(BY_RANK, parent="parity", row_id="number")


@pytest.fixture
async def marks(data_dir: Path) -> None:
    """Ten marks a to j: number 1 to 10, of rank 0, 0, 1, 1, 2, 2, … so that only rank and name together are unique."""
    db = get_connection("default")
    parity = "TEXT GENERATED ALWAYS AS (CASE WHEN number % 2 THEN 'odd' ELSE 'even' END)"
    await db.execute_query(f"CREATE TABLE marks (name TEXT, number INTEGER, rank REAL, parity {parity})")
    for place, name in enumerate("abcdefghij"):
        await db.execute_query("INSERT INTO marks VALUES (?, ?, ?)", [name, place + 1, place // 2])


async def page_of(listing: Listing, **window: Any) -> Page:
    return await read_page(get_connection("default"), listing, Window(**window))


def names_of(page: Page) -> str:
    return "".join(row["name"] for row in page.rows)


async def cursors_of(listing: Listing) -> dict[str, str]:
    page = await page_of(listing, first=100)
    return {row["name"]: cursor for row, cursor in zip(page.rows, page.cursors, strict=True)}


def cursor_of(json: bytes) -> str:
    return urlsafe_b64encode(json).decode().rstrip("=")


NO_CURSORS = [
    "", "!", "x", "é", "-1", "1.5", "9" * 19, "\0",
    *(
        cursor_of(json) for json in [
            b"[]", b"[1,2,3]", b'{"a":1}', b"null", b"7", b"[null]", b"[null,null]", b"[[1],[2]]", b"[[]]", b"not json",
            b"[18446744073709551615]", b"[9223372036854775808]", b"[0.0,18446744073709551615]", b'[0.0,"\\u0000"]',
            b"[true]", b"[0.0,true]",
        ]
    ),
]  # fmt: skip


async def refusal_of(listing: Listing, **window: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await page_of(listing, **window)
    assert caught.value.code == ErrorCode.BAD_INPUT
    return caught.value


@pytest.mark.usefixtures("marks")
class TestPages:
    @pytest.mark.parametrize("listing", [BY_RANK, BY_NUMBER, BY_PLACE])
    async def test_pages_forward_are_the_whole_list(self, listing: Listing) -> None:
        names, after = [], None
        while True:
            page = await page_of(listing, first=3, after=after)
            names.append(names_of(page))
            assert page.has_previous is (after is not None)
            if not page.has_next:
                break
            after = page.cursors[-1]
        assert names == ["abc", "def", "ghi", "j"]

    @pytest.mark.parametrize("listing", [BY_RANK, BY_NUMBER, BY_PLACE])
    async def test_pages_backward_are_the_whole_list_each_in_its_order(self, listing: Listing) -> None:
        names, before = [], None
        while True:
            page = await page_of(listing, last=3, before=before)
            names.append(names_of(page))
            assert page.has_next is (before is not None)
            if not page.has_previous:
                break
            before = page.cursors[0]
        assert names == ["hij", "efg", "bcd", "a"]

    async def test_a_descending_list_turns_everything_round(self) -> None:
        newest = replace(BY_RANK, is_descending=True)
        cursors = await cursors_of(newest)
        assert names_of(await page_of(newest, first=3)) == "jih"
        assert names_of(await page_of(newest, first=3, after=cursors["h"])) == "gfe"
        assert names_of(await page_of(newest, last=3)) == "cba"
        assert names_of(await page_of(newest, last=2, before=cursors["c"])) == "ed"

    async def test_two_cursors_are_two_walls(self) -> None:
        cursors = await cursors_of(BY_RANK)
        walls = {"after": cursors["b"], "before": cursors["g"]}
        assert names_of(await page_of(BY_RANK, first=10, **walls)) == "cdef"
        assert names_of(await page_of(BY_RANK, last=2, **walls)) == "ef"

    async def test_a_page_stays_where_it_is_when_rows_come_and_go_before_it(self) -> None:
        page = await page_of(BY_NUMBER, first=3)
        db = get_connection("default")
        await db.execute_query("DELETE FROM marks WHERE number = 3")
        await db.execute_query("INSERT INTO marks VALUES ('z', 0, 0)")
        assert names_of(await page_of(BY_NUMBER, first=2, after=page.cursors[-1])) == "de"

    async def test_an_offset_skips_rows(self) -> None:
        page = await page_of(BY_NUMBER, first=3, offset=8)
        assert (names_of(page), page.has_next, page.has_previous) == ("ij", False, True)
        assert names_of(await page_of(BY_NUMBER, first=3, offset=0)) == "abc"
        assert names_of(await page_of(BY_NUMBER, first=3, offset=2_147_483_647)) == ""

    @pytest.mark.parametrize(("count", "has_next"), [(9, True), (10, False), (11, False)])
    async def test_has_next_is_exact_at_the_end(self, count: int, has_next: bool) -> None:
        assert (await page_of(BY_NUMBER, first=count)).has_next is has_next

    async def test_none_asked_for_is_none_and_still_tells_whether_there_is_more(self) -> None:
        page = await page_of(BY_NUMBER, first=0)
        assert (page.rows, page.cursors, page.has_next) == ([], [], True)
        assert (await page_of(BY_NUMBER, last=0)).has_previous is True

    async def test_rows_have_no_columns_but_those_asked_for(self) -> None:
        assert (await page_of(BY_RANK, first=1)).rows == [{"name": "a"}]

    async def test_conditions_narrow_and_values_are_never_sql(self) -> None:
        high = BY_NUMBER.where("rank >= ? AND name <> ?", 3, "h").where("number < ?", 10)
        assert names_of(await page_of(high, first=10)) == "gi"
        evil = BY_NUMBER.where("name = ?", "a' OR '1'='1")
        assert names_of(await page_of(evil)) == ""
        assert await count_rows(get_connection("default"), high) == 2
        assert await count_rows(get_connection("default"), BY_NUMBER) == 10

    async def test_conditions_and_cursors_go_together(self) -> None:
        even = BY_RANK.where("number % ? = 0", 2)
        page = await page_of(even, first=2)
        assert (names_of(page), names_of(await page_of(even, first=2, after=page.cursors[-1]))) == ("bd", "fh")

    async def test_a_listing_is_not_changed_by_narrowing_it(self) -> None:
        BY_NUMBER.where("number = ?", 1)
        assert (BY_NUMBER.conditions, BY_NUMBER.values) == ((), ())

    async def test_a_number_can_be_its_own_cursor_and_other_cursors_have_a_mark(self) -> None:
        assert (await page_of(BY_NUMBER, first=2)).cursors == ["1", "2"]
        for listing, keys in ((BY_RANK, [0.0, "a"]), (BY_PLACE, [1])):
            cursor = (await page_of(listing, first=1)).cursors[0]
            assert orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))[1:] == keys

    @pytest.mark.parametrize(
        "changes",
        [{"keys": ("rank", "upper(name)")}, {"is_descending": True}, {"source": "other_marks"}, {"source": "marks m"}],
    )
    async def test_a_cursor_of_another_table_order_or_direction_is_refused(self, changes: dict[str, Any]) -> None:
        cursor = (await page_of(BY_RANK, first=1)).cursors[0]
        assert (await refusal_of(replace(BY_RANK, **changes), first=1, after=cursor)).field == "after"

    async def test_a_bare_number_is_no_cursor_where_they_have_a_mark(self) -> None:
        assert (await refusal_of(BY_PLACE, first=1, after="1")).field == "after"

    async def test_a_cursor_with_values_of_another_type_is_refused(self) -> None:
        forgeries: list[tuple[Listing, list[list[Any]]]] = [
            (BY_RANK, [["a", "a"], [1, "a"], [0.0, 1], [None, "a"], [True, "a"], [0.0, "a", "a"], [0.0, "\0"]]),
            (BY_PLACE, [[2**31], [-(2**31) - 1], [1.0], ["1"], [True], [None], [[1]]]),
        ]
        for listing, values in forgeries:
            mark = orjson.loads(urlsafe_b64decode((await page_of(listing, first=1)).cursors[0] + "=="))[0]
            for forged in values:
                cursor = cursor_of(orjson.dumps([mark, *forged]))
                assert (await refusal_of(listing, first=1, after=cursor)).field == "after", forged

    async def test_a_key_that_is_far_from_round_survives_in_its_cursor(self) -> None:
        db = get_connection("default")
        for name, rank in (("x", 1_754_559_328.123456), ("y", 1_754_559_328.123457)):
            await db.execute_query("INSERT INTO marks VALUES (?, 0, ?)", [name, rank])
        cursor = (await cursors_of(BY_RANK))["x"]
        assert names_of(await page_of(BY_RANK, first=5, after=cursor)) == "y"

    @pytest.mark.parametrize("is_counted", [False, True])
    @pytest.mark.parametrize("is_descending", [False, True])
    @pytest.mark.parametrize(
        "window",
        [
            Window(),
            Window(first=1),
            Window(last=1),
            Window(first=0),
            Window(first=1, offset=1),
            Window(first=1, offset=9),
        ],
    )
    async def test_pages_of_many_lists_are_what_each_is_alone(
        self, window: Window, is_descending: bool, is_counted: bool
    ) -> None:
        db = get_connection("default")
        cursors = await cursors_of(BY_RANK)
        of_parity = replace(BY_PARITY, is_descending=is_descending)
        walls: list[dict[str, Any]] = [{}] if window.offset else [{}, {"after": cursors["d"]}, {"before": cursors["g"]}]
        for listing in (of_parity, of_parity.where("number > ? AND name <> ?", 2, "f")):
            for wall in walls if not is_descending else walls[:1]:
                one = replace(window, is_counted=is_counted, **wall)
                alone = [
                    await read_page(db, listing.where("parity = ?", parity), one) for parity in ("even", "none", "odd")
                ]
                assert await read_pages(db, listing, ["even", "none", "odd"], one) == alone
                assert [page.total for page in alone] == (
                    [None] * 3 if not is_counted else [5, 0, 5] if listing is of_parity else [3, 0, 4]
                )

    @pytest.mark.parametrize("window", [Window(first=101), Window(after="x")])
    async def test_a_window_that_no_list_has_is_refused_and_nothing_is_read(self, window: Window) -> None:
        with counted_statements() as statements, pytest.raises(Refusal) as caught:
            await read_pages(get_connection("default"), BY_PARITY, ["even", "odd"], window)
        assert (caught.value.code, statements) == (ErrorCode.BAD_INPUT, [])

    async def test_hundreds_of_lists_are_read_and_counted_a_hundred_at_a_time(self) -> None:
        db = get_connection("default")
        parents = ["odd", "even", "none"] * 167
        with counted_statements() as statements:
            pages = await read_pages(db, BY_PARITY.where("number > ?", 1), parents, Window(first=2, is_counted=True))
        assert len(statements) == 6
        assert [page.total for page in pages] == [4, 5, 0] * 167
        assert [names_of(page) for page in pages] == ["ce", "bd", ""] * 167
        assert await read_pages(db, BY_PARITY, [], Window()) == []

    @pytest.mark.parametrize(
        ("window", "names"),
        [
            (Window(first=2), "ab"),
            (Window(last=2), "ij"),
            (Window(first=3, offset=9), "j"),
            (Window(first=3, offset=20), ""),
            (Window(first=0), ""),
        ],
    )
    async def test_a_page_and_the_total_of_its_list_come_with_one_statement(self, window: Window, names: str) -> None:
        """One statement sees one moment."""
        with counted_statements() as statements:
            page = await read_page(get_connection("default"), BY_RANK, replace(window, is_counted=True))
        assert len(statements) == 1
        assert (names_of(page), page.total) == (names, 10)
        assert replace(page, total=None) == await read_page(get_connection("default"), BY_RANK, window)
        cursor = (await page_of(BY_RANK, first=4)).cursors[-1]
        after = await page_of(BY_RANK, first=2, after=cursor, is_counted=True)
        assert (names_of(after), after.total) == ("ef", 10)

    async def test_rows_that_are_found_first_are_the_same(self) -> None:
        db = get_connection("default")
        await db.execute_query("ALTER TABLE marks ADD COLUMN id INTEGER")
        await db.execute_query("UPDATE marks SET id = 100 - number")
        early = replace(BY_RANK, columns="name, number", is_found_first=True)
        late = replace(early, is_found_first=False)
        for window in (Window(first=3), Window(last=3), Window(first=2, offset=4)):
            found, read = [await read_page(db, listing, window) for listing in (early, late)]
            assert (found.rows, found.cursors, found.has_next) == (read.rows, read.cursors, read.has_next)

    @pytest.mark.parametrize("listing", [BY_RANK, BY_NUMBER, BY_PLACE])
    @pytest.mark.parametrize("name", ["after", "before"])
    async def test_what_is_no_cursor_is_refused(self, listing: Listing, name: str) -> None:
        for cursor in NO_CURSORS:
            refusal = await refusal_of(listing, first=1, **{name: cursor})
            assert (refusal.field, refusal.message) == (name, f"{name} is not a cursor of this list."), cursor


@pytest.mark.parametrize(
    ("window", "field"),
    [
        ({"first": -1}, "first"), ({"first": 101}, "first"), ({"last": -1}, "last"), ({"last": 101}, "last"),
        ({"first": 1, "last": 1}, "last"), ({"offset": -1}, "offset"), ({"offset": 1, "last": 1}, "offset"),
        ({"offset": 1, "after": "1"}, "offset"), ({"offset": 1, "before": "1"}, "offset"),
    ],
)  # fmt: skip
def test_a_window_that_makes_no_sense_is_refused(window: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as caught:
        Window(**window).checked()
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, field)


@pytest.mark.parametrize(
    ("window", "size"), [({}, 50), ({"first": 0}, 0), ({"first": 100}, 100), ({"last": 7}, 7), ({"offset": 0}, 50)]
)
def test_a_window_has_the_size_that_was_asked_for_or_50(window: dict[str, Any], size: int) -> None:
    assert Window(**window).checked().size == size
    assert DEFAULT_SIZE == 50


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize("count", [0, 1, 49, 50, 51])
async def test_without_a_size_a_page_has_at_most_50_rows(count: int) -> None:
    db = get_connection("default")
    await db.execute_query("CREATE TABLE marks (name TEXT, number INTEGER)")
    await _insert(range(count))
    page = await page_of(BY_NUMBER)
    assert (len(page.rows), page.has_next) == (min(count, 50), count > 50)


async def _insert(numbers: Sequence[int]) -> None:
    for number in numbers:
        await get_connection("default").execute_query("INSERT INTO marks VALUES (?, ?)", [str(number), number])
