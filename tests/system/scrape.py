"""Reading a scrape: the text formats of Prometheus, decoded by the letter of the format
(ME-04, ME-10)."""

import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"')
SUFFIXES = {"counter": ("",), "unknown": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
UNESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


class Family:
    def __init__(self, name, help_):
        self.name, self.help, self.type = name, help_, None
        self.samples = {}  # (name, ((label, value), ...)): value


class Scrape:
    """families: {name: Family}; anything that the format does not allow is an AssertionError."""

    def __init__(self, text, openmetrics=False):
        self.families = {}
        self.suffix = "_total" if openmetrics else ""
        assert text.endswith("# EOF\n" if openmetrics else "\n"), text[-80:]
        for line in text.removesuffix("# EOF\n").split("\n")[:-1]:
            self.take(line)

    def take(self, line):
        if line.startswith("# HELP "):
            name, help_ = line[7:].split(" ", 1)
            assert name not in self.families and NAME.fullmatch(name) and help_, line
            self.current = self.families[name] = Family(name, help_)
        elif line.startswith("# TYPE "):
            name, type_ = line[7:].split(" ")
            assert name == self.current.name and self.current.type is None, line
            assert type_ in SUFFIXES, line
            self.current.type = type_
        else:
            self.sample(line)

    def sample(self, line):
        f = self.current
        name = NAME.match(line)[0]
        suffixes = (self.suffix,) if f.type == "counter" else SUFFIXES[f.type]
        assert name in [f.name + s for s in suffixes], line
        at, labels = len(name), []
        if line[at] == "{":
            at += 1
            while line[at] != "}":
                m = LABEL.match(line, at)
                assert m, line
                labels.append((m[1], re.sub(r"\\.", lambda e: UNESCAPED[e[0]], m[2])))
                at = m.end() + (line[m.end()] == ",")
            at += 1
        assert line[at] == " ", line
        key = name, tuple(labels)
        assert key not in f.samples, f"twice: {line}"
        assert len(dict(labels)) == len(labels), line
        f.samples[key] = float(line[at + 1:])

    def series(self):
        """{(name, frozenset of labels): value} of all."""
        return {(name, frozenset(labels)): v for f in self.families.values()
                for (name, labels), v in f.samples.items()}

    def value(self, name, **labels):
        """The sum over the series that have these labels; None: there is none."""
        found = [v for (n, ls), v in self.series().items()
                 if n == name and set(labels.items()) <= ls]
        return sum(found) if found else None

    def counters(self):
        """What never goes back: counters, and all of histograms."""
        return {(name, frozenset(labels)): v for f in self.families.values()
                if f.type in ("counter", "histogram") for (name, labels), v in f.samples.items()}
