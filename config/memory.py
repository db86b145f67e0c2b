"""What a process that has loaded everything tells Python's garbage collector."""

import gc

# How many more there are than before, of what can be part of a circle. Python's own 700 are part of a page.
_MADE_BEFORE_A_LOOK = 10_000


def keep_what_is_loaded() -> None:
    """Leave all that is there now out of every later collection.

    Code stays for good. A collection that looked through all of it would make a page in a dozen wait for a
    fifth of a second, and every second chunk of a sweep. What is kept for the next page is looked through
    once for so many more things that are made: one page in ninety waited up to 50 ms for it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_MADE_BEFORE_A_LOOK, *gc.get_threshold()[1:])
