"""A row of the table: its id, what it is about, and packets with what each must get."""

from typing import NamedTuple


class Row(NamedTuple):
    id: str
    about: str
    exchanges: list  # of (octets, expectation)
    config: str = "plain"  # of world.CONFIGS
    over: tuple = ()  # names of transports; () = all (W-34)

    @property
    def label(self):
        return self.id.replace("-", "_") + ("" if self.config == "plain" else
                                            "_" + self.config)


def all_of(packets, want):
    """Each of these packets gets the same."""
    return [(p, want) for p in packets]
