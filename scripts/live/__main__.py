"""What the live page's app runs: `python -m scripts.live WHAT …`, which prints JSON, a line for each piece of news.

    facts                          what there is to know of each variant, on one line
    probe HOST PORT PARSER [CASE]  a dyno's cases, with the outcomes as they come
    steps TREE NUMBER              what the release of a built tree made of the segments on standard input

The app's environment has nothing of the tooling, and may not have it: it is that of the current runtime. A Failure is
a line too.
"""

import signal
import sys
from pathlib import Path

from scripts import screen
from scripts.errors import Failure, WrongUse

ROOT = Path(__file__).resolve().parents[2]

MOST_SEGMENTS = 1 << 21
"""More than a head can have: the router takes up to a megabyte of it."""


def say(news: object) -> None:
    """Print a line."""
    sys.stdout.write(f"{screen.as_json(news)}\n")
    sys.stdout.flush()


def number(text: str, most: int) -> int:
    """Return the number on the command line, from 1 to `most`; WrongUse for another one, and for none."""
    if text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most:
        return int(text)
    raise WrongUse(f"{text!r} is no number from 1 to {most}")


def main(args: list[str]) -> int:
    """Do what is asked, and return the exit code. SIGTERM interrupts it, so that what it has started ends too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        match args:
            case ["facts"]:
                from scripts.live.facts import facts  # noqa: PLC0415 - each pays for itself alone

                say(facts(ROOT))
            case ["probe", host, port, parser, *names]:
                from scripts.live.probing import probe_cases  # noqa: PLC0415 - see above

                probe_cases(ROOT, (host, number(port, 65535)), parser, ",".join(names), say)
            case ["steps", tree, last]:
                from scripts.live.steps import steps_of  # noqa: PLC0415 - see above

                say(steps_of(ROOT, tree, sys.stdin.buffer.read(), number(last, MOST_SEGMENTS)))
            case _:
                raise WrongUse("facts, probe or steps")
    except Failure as failure:
        say({"error": failure.message})
        return failure.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
