"""Lines of the log as tests like to read them: `info worker.1: worker ready slot=1`."""

import re

LINE = re.compile(r'(?:<\d>)?(?:time=\S+ )?level=(\w+) process=(\S+) what=("(?:[^"\\]|\\.)*"|\S*)')


def _head(match):
    level, process, what = match.groups()
    if what.startswith('"'):
        what = re.sub(r"\\(.)", r"\1", what[1:-1])
    return f"{level} {process}: {what}"


def plain(text):
    """The text with each line's head (LG-01) in short; what is no line of kv stays."""
    return re.sub(f"(?m)^{LINE.pattern}", _head, text)
