"""What a process that has loaded everything tells Python's garbage collector."""

import gc


def keep_what_is_loaded() -> None:
    """Leave all that is there now out of every later collection.

    Code stays for good. A collection that looked through all of it would make a page in a dozen wait for a
    fifth of a second, and every second chunk of a sweep.
    """
    gc.collect()
    gc.freeze()
