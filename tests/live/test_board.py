"""The parts of the live page on their way to a page that is open."""

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing

from common.live.board import Board

LONG = 1000.0
"""Seconds without a change after which there is a beat: none comes meanwhile."""


def done(play: Coroutine[None, None, None]) -> None:
    """Let it run to its end, which it must reach."""
    asyncio.run(asyncio.wait_for(play, 20))


def test_what_changes_while_a_part_is_sent_is_sent_next() -> None:
    """Also where it is a part that was sent already: a page that takes its time misses nothing."""

    async def play() -> None:
        board = Board()
        board.put("one", "1")
        board.put("two", "2")
        async with aclosing(board.news(LONG)) as news:
            assert await anext(news) == ("one", 1, "1")
            assert await anext(news) == ("two", 2, "2")
            board.put("one", "3")  # the page is still busy with the second part
            assert await anext(news) is None
            assert await anext(news) == ("one", 3, "3")

    done(play())


def test_a_new_list_is_sent_first_and_all_parts_after_it() -> None:
    """It makes their places, which are empty then; a part that has not changed is not sent without it."""

    async def play() -> None:
        board = Board()
        board.put("a", "1")
        async with aclosing(board.news(LONG)) as news:
            assert await anext(news) == ("a", 1, "1")
            board.put("b", "2")
            assert [await anext(news) for _ in range(2)] == [None, ("b", 2, "2")]
            board.put("deployments", "3")
            assert [await anext(news) for _ in range(2)] == [None, ("deployments", 3, "3")]
            assert [await anext(news) for _ in range(2)] == [("a", 1, "1"), ("b", 2, "2")]

    done(play())


def test_where_nothing_changes_there_is_a_beat() -> None:
    """Else nobody would know that the page is gone."""

    async def play() -> None:
        async with aclosing(Board().news(0.01)) as news:
            assert [await anext(news) for _ in range(3)] == [None, None, None]

    done(play())
