"""The rows of robustness and records over the wire (W-34: the same over every transport).

One test for each row, configuration and transport, made from the tables; then what needs
code of its own.
"""

import unittest

import cases
import framing
import lives
import mutants
import rows_edns
import rows_message
import rows_records
import rows_special
import rows_tcp
import rows_zone
import sizes
import world
from transport import TRANSPORTS

ROWS = (rows_message.ROWS + rows_edns.ROWS + rows_zone.ROWS + rows_special.ROWS
        + rows_records.ROWS + rows_tcp.ROWS)


def tearDownModule():
    world.stop_all()


def run_row(test, transport, row):
    channel = transport(world.appliance(row.config))
    try:
        for packet, want in row.exchanges:
            with test.subTest(row=row.id, packet=packet[:80].hex()):
                want.check(test, packet, channel.exchange(packet),
                           world.MAX_UDP.get(row.config, 1232))
    finally:
        channel.close()


class Rows(unittest.TestCase):
    pass


def add(row, transport):
    def test(self):
        run_row(self, transport, row)
    name = f"test_{row.label}_{transport.name}"
    while hasattr(Rows, name):
        name += "_more"
    test.__doc__ = f"{row.id} over {transport.name}: {row.about}"
    setattr(Rows, name, test)


for _row in ROWS:
    for _transport in TRANSPORTS:
        if not _row.over or _transport.name in _row.over:
            add(_row, _transport)


def load_tests(loader, tests, pattern):
    for module in (framing, sizes, cases, lives, mutants):
        tests.addTests(loader.loadTestsFromModule(module))
    return tests
