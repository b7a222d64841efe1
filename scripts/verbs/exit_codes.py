"""Verbs that answer by their exit code."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from scripts.errors import Failure


@contextmanager
def told_by_exit_code(verb: str) -> Iterator[None]:
    """Let nothing but an answer end the process with 0 or 1: whoever reads the code alone must not be misled."""
    try:
        yield
    except Failure as failure:
        failure.exit_code = 2
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
        raise Failure(f"this is a bug of {verb}", found=found, do="Show more: DEBUG=1", exit_code=2) from error
