"""Rows that no test can prove yet, or not whole, each with the part that it waits for.

A row that is half due stands here and in a test. The lint (tests/lint/row_rules.py) holds
this list and the tests against tests/data/rows.txt. A part that is built takes its rows
from here into the tables; another transport is an entry in transport.py.
"""

TLS = "TLS listeners"
COOKIES = "cookies"
TSIG = "TSIG"
TRANSFER = "zone transfer"
SAVED = "the saved snapshot"
VERIFIED = 'pods = "verified"'
FACTS = "query logs, views, explain"

NOT_DUE = {
    # Half due: the other half stands in the tables.
    "W-06": COOKIES,  # with cookies: NOERROR and the cookie
    "W-33": TSIG,  # NOTAUTH
    "W-34": TLS,
    "E-12": COOKIES,
    "E-13": COOKIES,
    "E-14": COOKIES,

    "E-19": TLS,
    "T-12": TLS,
    "T-13": TLS,
    "RV-08": VERIFIED,
    "RU-06": SAVED,
    "GS-06": FACTS,
}
