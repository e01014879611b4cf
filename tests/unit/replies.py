#!/usr/bin/python3
"""What is left of replies that dnspython made, by an oracle of its own (U-10, FW-24).

usage: replies.py [CASES [SEED]]
"""

import random
import subprocess
import sys

try:
    import dns.flags
    import dns.message
    import dns.name
    import dns.rdata
    import dns.rdatatype as T
    import dns.rrset
except ImportError:
    sys.exit(77)

CASES = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
R = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 20261128)
WALL, CAP, DENIAL_CAP = 1700000000, 300, 60
STORE, PASS, USELESS = 0, 1, 2
ANSWER, NXDOMAIN, FAILURE, PASSES = range(4)
SERVFAIL_TTL = 5
OURS = dns.name.from_text("cluster.local.")
KNOWN = (T.A, T.AAAA, T.CNAME, T.DNAME, T.SOA, T.SRV, T.PTR, T.NS, T.MX)
SINGLE = (T.CNAME, T.DNAME, T.SOA)
TYPES = [T.A, T.A, T.A, T.AAAA, T.AAAA, T.MX, T.SRV, T.TXT, T.NS, T.PTR, T.CNAME, T.SOA,
         T.HTTPS, T.CAA, T.ANY, T.RRSIG]


class RR:
    """One RR as it will stand in a message."""

    def __init__(self, owner, ttl, type_, rdata, broken=False):
        self.owner, self.ttl, self.type, self.rdata, self.broken = owner, ttl, type_, rdata, broken

    @property
    def covered(self):
        return self.rdata.type_covered if self.type == T.RRSIG else 0

    def rrset(self):
        out = dns.rrset.RRset(self.owner, 1, self.type, self.covered)
        out.add(self.rdata, self.ttl)
        return out


# ---- what an upstream may say ----

def mixed(name):
    """The same name in random letter case."""
    return dns.name.Name([bytes(c ^ 0x20 if chr(c).isalpha() and R.random() < 0.5 else c
                                for c in label) for label in name.labels])


def some_name():
    zone = R.choice(("example.", "example.", "sub.example.", "other.test.", "a.b.c.d.deep.", "org."))
    labels = ".".join(R.choice(("www", "a", "b", "cdn-7", "x" * 40, "mail", "_tcp"))
                      for _ in range(R.randrange(1, 4)))
    return dns.name.from_text(f"{labels}.{zone}")


def some_ttl():
    return R.choice((0, 1, 7, 30, 30, 59, 60, 61, 299, 300, 301, 3600, 86400, 0x7fffffff))


def some_rdata(type_):
    name = lambda: some_name().to_text()
    text = {
        T.A: lambda: f"10.0.{R.randrange(3)}.{R.randrange(4)}",
        T.AAAA: lambda: f"fd00::{R.randrange(5):x}",
        T.MX: lambda: f"{R.randrange(3)} {name()}",
        T.SRV: lambda: f"{R.randrange(2)} 5 {R.randrange(99)} {name()}",
        T.TXT: lambda: " ".join('"%s"' % ("t" * R.randrange(1, 90)) for _ in range(R.randrange(1, 4))),
        T.NS: name, T.PTR: name, T.CNAME: name, T.DNAME: name,
        T.SOA: lambda: f"{name()} {name()} 1 2 3 4 {some_ttl()}",
        T.HTTPS: lambda: f"1 {name()} alpn=h2",
        T.CAA: lambda: '0 issue "ca.example"',
        T.NSEC: lambda: f"{name()} A RRSIG NSEC",
        T.NSEC3: lambda: "1 0 1 ab 2vptu5timamqttgl4luu9kg21e0aor3s A",
    }[type_]()
    return dns.rdata.from_text("IN", type_, text)


def signature(owner, covered, signer, expires):
    return dns.rdata.from_text(
        "IN", "RRSIG", f"{T.to_text(covered)} 13 {len(owner.labels) - 1} 300 {expires} 0 1 "
        f"{signer.to_text()} {'QUJD' * R.randrange(8, 24)}")


def broken_rr(owner, type_):
    """An RR whose rdata do not fit its type."""
    octets = {T.A: b"\n\0\0", T.AAAA: b"\0" * 17, T.MX: b"\0\1\0\0", T.SRV: b"\0" * 6,
              T.SOA: b"\0\0" + b"\0" * 19}.get(type_, b"\1a\0\0")
    return RR(owner, some_ttl(), type_, dns.rdata.GenericRdata(1, type_, octets), True)


def data(owner, type_):
    if type_ == T.RRSIG:
        return [RR(owner, some_ttl(), T.RRSIG,
                   signature(owner, R.choice((T.A, T.TXT)), owner.parent(), WALL + R.randrange(-9, 999)))
                for _ in range(R.randrange(1, 4))]
    if type_ == T.ANY:
        return [rr for t in R.sample(TYPES[:13] + [T.CAA], R.randrange(1, 4)) for rr in data(owner, t)]
    ttl = some_ttl()
    rrs = [RR(owner, ttl if R.random() < 0.7 else some_ttl(), type_, some_rdata(type_))
           for _ in range(1 if type_ in SINGLE else R.choice((1, 1, 2, 3, 8, 30)))]
    if R.random() < 0.1 and type_ in KNOWN:
        rrs.append(broken_rr(owner, type_))
    return rrs


def chain(qname):
    """CNAMEs and DNAMEs from a name: their RRs, and the name where they end."""
    rrs, at = [], qname
    for _ in range(R.choice((0, 0, 0, 1, 1, 2, 3, 9, 10, 11))):
        target = some_name()
        if R.random() < 0.1:
            target = R.choice([rr.owner for rr in rrs] + [qname])
        elif R.random() < 0.1:

            target = dns.name.from_text("web.shop.svc.cluster.local.")
        if R.random() < 0.3 and len(at.labels) > 2:
            above = dns.name.Name(at.labels[R.randrange(1, len(at.labels) - 1):])
            new = some_name()
            rrs.append(RR(above, some_ttl(), T.DNAME, dns.rdata.from_text("IN", "DNAME", new.to_text())))
            if R.random() < 0.8:
                target = at.relativize(above).derelativize(new)
        rrs.append(RR(at, some_ttl(), T.CNAME, dns.rdata.from_text("IN", "CNAME", target.to_text())))
        at = target
    return rrs, at


def signatures(rrs, zone, good):
    """An RRSIG for each RRset."""
    expires = WALL + R.randrange(1, 500) if good else WALL - R.randrange(0, 9)
    return [RR(owner, some_ttl(), T.RRSIG, signature(owner, type_, zone(owner), expires))
            for owner, type_ in {(rr.owner, rr.type) for rr in rrs} if type_ != T.RRSIG]


def parent(name):
    return name.parent() if len(name.labels) > 1 else name


def make():
    """A random question and reply: (qname, qtype, answer, authority, additional, rcode)."""
    qname = some_name()
    qtype = R.choice(TYPES)
    answer, last = chain(qname)
    rcode = R.choice((0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 1, 2, 5))
    authority = []
    if R.random() < 0.6:
        answer += data(last, qtype)
    if R.random() < 0.5:
        zone = R.choice((parent(last), parent(last), parent(parent(last)), last, some_name(), dns.name.root))
        authority.append(RR(zone, some_ttl(), T.SOA, some_rdata(T.SOA)))
    if R.random() < 0.4:
        good = R.random() < 0.8
        for _ in range(R.randrange(3)):
            type_ = R.choice((T.NSEC, T.NSEC3))
            owner = R.choice((last, parent(last).concatenate(dns.name.empty), some_name()))
            authority.append(RR(owner, some_ttl(), type_, some_rdata(type_)))
        answer += signatures(answer, parent, good)
        authority += signatures(authority, parent, good)
    if R.random() < 0.3:
        authority += [RR(parent(last), 60, T.NS, some_rdata(T.NS))]
    for section in (answer, authority):
        for _ in range(R.choice((0, 0, 1, 2))):
            t = R.choice((T.A, T.AAAA, T.TXT, T.NS, T.MX))
            section.append(RR(some_name(), some_ttl(), t, some_rdata(t)))
        if R.random() < 0.2 and section:
            section += R.sample(section, 1)
        if R.random() < 0.5:
            R.shuffle(section)
    additional = [RR(some_name(), 60, T.A, some_rdata(T.A)) for _ in range(R.choice((0, 0, 2)))]
    return qname, qtype, answer, authority, additional, rcode


# ---- what must be left of it ----

class Kept:
    """RRsets that are kept of a section, in order."""

    def __init__(self):
        self.sets = {}

    def add(self, rrs, owner, type_, covered=0, only=None):
        """The RRset of that name and type; False: there is none, or it is there already."""
        key = (owner, type_, covered)
        all_ = [rr for rr in rrs if rr.owner == owner and rr.type == type_ and rr.covered == covered]
        picked = []
        for rr in all_:
            if rr.broken or (only is not None and rr is not only) or rr.rdata in picked:
                continue
            if type_ in SINGLE and picked:
                continue
            picked.append(rr.rdata)
        if not picked or key in self.sets:
            return False
        self.sets[key] = (min(min(rr.ttl, 0x7fffffff) for rr in all_), picked)
        return True

    def add_signed(self, rrs, owner, type_, do, only=None):
        if not self.add(rrs, owner, type_, 0, only):
            return False
        if do:
            self.add(rrs, owner, T.RRSIG, type_)
        return True


def at_name(rrs, owner, qtype, kept, do):
    """Keep the asked type of a name. Two facts: was there any, was any of it broken."""
    found = broken = False
    for rr in rrs:
        if rr.owner != owner or qtype not in (T.ANY, rr.type):
            continue
        broken |= rr.broken
        if rr.type == T.RRSIG:
            found |= kept.add(rrs, owner, T.RRSIG, rr.covered)
        else:
            found |= kept.add_signed(rrs, owner, rr.type, do)
    return found, broken


def walk(qname, qtype, answer, do, kept):
    """(how it ended, the last name, CNAMEs followed)."""
    names = [qname]
    while True:
        here = names[-1]
        found, broken = at_name(answer, here, qtype, kept, do)
        if found:
            return "data", names
        cnames = [rr for rr in answer if rr.owner == here and rr.type == T.CNAME]
        broken |= any(rr.broken for rr in cnames)
        good = [rr for rr in cnames if not rr.broken]
        if qtype in (T.ANY, T.CNAME) or not good:
            return "broken" if broken else "open", names
        if len(names) == 11:
            return "useless", names
        target = good[0].rdata.target
        if target in names:
            return "useless", names
        for rr in answer:
            if rr.type == T.DNAME and not rr.broken and here != rr.owner and here.is_subdomain(rr.owner) \
                    and here.relativize(rr.owner).derelativize(rr.rdata.target) == target:
                kept.add_signed(answer, rr.owner, T.DNAME, do, rr)
                break
        kept.add_signed(answer, here, T.CNAME, do, good[0])
        names.append(target)
        if target.is_subdomain(OURS):
            return "ours", names


def denial(authority, last, do, kept):
    """Keep the SOA above a name; its negative TTL, None: there is none."""
    for rr in authority:
        if rr.type == T.SOA and not rr.broken and last.is_subdomain(rr.owner):
            kept.add_signed(authority, rr.owner, T.SOA, do, rr)
            return min(rr.ttl, rr.rdata.minimum, 0x7fffffff), rr.owner
    return None, None


def proofs(authority, zones, kept):
    for rr in authority:
        if rr.type in (T.NSEC, T.NSEC3) and any(rr.owner.is_subdomain(z) for z in zones):
            kept.add_signed(authority, rr.owner, rr.type, True)


def signers(kept):
    return {rdata.signer for (owner, type_, _), (_, rdatas) in kept.sets.items() if type_ == T.RRSIG
            for rdata in rdatas if owner.is_subdomain(rdata.signer)}


def expect(case, do):
    """(use, kind, life, rcode, answer sets, authority sets)."""
    qname, qtype, answer, authority, _, rcode = case
    if rcode == 2:
        return STORE, FAILURE, SERVFAIL_TTL, rcode, {}, {}
    kept, beside = Kept(), Kept()
    end, names = walk(qname, qtype, answer, do, kept)
    negative = None
    zones = signers(kept)
    if end == "open":
        negative, zone = denial(authority, names[-1], do, beside)
        zones |= {zone} - {None}
        end = "open" if negative is None else "denied"
    if do and end in ("data", "denied"):
        proofs(authority, zones, beside)
    if rcode not in (0, 3):
        if end in ("broken", "useless"):
            kept = beside = Kept()
    elif end in ("broken", "useless"):
        return (USELESS,)
    elif end == "open" and len(names) == 1 and rcode == 0 and \
            (answer or any(rr.type == T.NS for rr in authority)):
        return (USELESS,)

    sets = {k: (min(ttl, CAP), r) for k, (ttl, r) in kept.sets.items()}
    cap = DENIAL_CAP if end == "denied" else CAP
    others = {}
    for key, (ttl, rdatas) in beside.sets.items():
        ttl = negative if key[1] == T.SOA and end == "denied" else ttl
        others[key] = (min(ttl, cap), rdatas)
    lives = [ttl for ttl, _ in sets.values()]
    if end == "denied":
        lives += [ttl for (_, type_, _), (ttl, _) in others.items() if type_ == T.SOA]
    if do:
        ends = [rdata.expiration - WALL for s in (sets, others) for (_, type_, _), (_, rdatas) in s.items()
                if type_ == T.RRSIG for rdata in rdatas]
        lives += [max(0, e) for e in ends]
    life = min(lives, default=0)
    if life == 0 or end == "open" or rcode not in (0, 3) or (rcode == 3 and end == "data"):
        use, kind, life = PASS, PASSES, 0
    else:
        use, kind = STORE, NXDOMAIN if rcode == 3 and end == "denied" and len(names) == 1 else ANSWER
    return use, kind, life, 0 if end == "ours" else rcode, sets, others


# ---- the comparison ----

def wire(case, sent_name):
    qname, qtype, answer, authority, additional, rcode = case
    m = dns.message.make_query(sent_name, qtype, use_edns=0, payload=65535)
    m.id, m.flags = 4711, dns.flags.QR | dns.flags.RD | dns.flags.RA | dns.flags.AD
    m.set_rcode(rcode)
    m.answer = [rr.rrset() for rr in answer]
    m.authority = [rr.rrset() for rr in authority]
    m.additional = [rr.rrset() for rr in additional]
    return m.to_wire(max_size=65535)


def sets_of(section):
    """RRsets of a decoded section, one RR each; None: one stands in two places."""
    out, last = {}, None
    for rrset in section:
        key = (rrset.name, rrset.rdtype, rrset.covers)
        if key in out and key != last:
            return None
        ttl, rdatas = out.setdefault(key, (rrset.ttl, []))
        if ttl != rrset.ttl:
            return None
        rdatas.append(rrset[0])
        last = key
    return out


def judge(case, do, trust, out):
    want = expect(case, do)
    got = out.split(" ", 1)
    if int(got[0].rstrip(":")) == USELESS or want[0] == USELESS:
        return int(got[0].rstrip(":")) == want[0]
    if ":" in out:
        return False
    use, kind, life, rcode, ad, octets = out.split()
    trust *= int(kind) != FAILURE
    if (int(use), int(kind), int(life), int(rcode), int(ad)) != (*want[:4], trust):
        return False
    m = dns.message.from_wire(bytes.fromhex(octets), one_rr_per_rrset=True)
    answer, authority = sets_of(m.answer), sets_of(m.authority)
    order = [k for k in answer or {} if k[1] != T.RRSIG]
    return answer == want[4] and authority == want[5] and \
        (case[1] in (T.ANY, T.RRSIG) or order == [k for k in want[4] if k[1] != T.RRSIG])


def checks(case, octets, sent_name):
    """The reply, and octets that are not: (line, what must be said)."""
    name, type_ = sent_name.to_wire(), int(case[1])
    yield f"check 4711 1 {type_} {name.hex()} {octets.hex()}", f"0 {case[5]} 0 1 1"
    yield f"check 4712 1 {type_} {name.hex()} {octets.hex()}", "1 "
    yield f"check 4711 1 {type_ ^ 256} {name.hex()} {octets.hex()}", "1 "
    other = mixed(sent_name)
    if other.labels != sent_name.labels:
        yield f"check 4711 1 {type_} {other.to_wire().hex()} {octets.hex()}", "3 "
        yield f"check 4711 0 {type_} {other.to_wire().hex()} {octets.hex()}", "0 "
    cut = octets[:R.randrange(12, len(octets))]
    yield f"check 4711 1 {type_} {name.hex()} {cut.hex()}", ("1 ", "2 ")


def main():
    lines, judges, uses = [], [], [0, 0, 0]
    for _ in range(CASES):
        case = make()
        sent_name = mixed(case[0])
        octets = wire(case, sent_name)
        do, trust = R.random() < 0.4, R.randrange(2)
        uses[expect(case, do)[0]] += 1
        lines.append(f"take {int(do)} {trust} {int(case[1])} {sent_name.to_wire().hex()} {octets.hex()}")
        judges.append(lambda out, c=case, d=do, t=trust: judge(c, d, t, out))
        for line, want in checks(case, octets, sent_name):
            lines.append(line)
            judges.append(lambda out, w=want: out.startswith(w))
    done = subprocess.run(["./tests/unit/replies"], input="".join(l + "\n" for l in lines),
                          capture_output=True, text=True)
    answers = done.stdout.splitlines()
    if done.returncode != 0 or len(answers) != len(lines):
        sys.exit(f"replies ended with {done.returncode}, {len(answers)} of {len(lines)} answers "
                 f"{done.stderr}")
    failed = 0
    for line, judge_, answer in zip(lines, judges, answers):
        if not judge_(answer):
            failed += 1
            print(f"{line}: {answer}")
    print(f"{len(lines)} compared ({uses[0]} stored, {uses[1]} passed, {uses[2]} useless), {failed} differ")
    sys.exit(1 if failed or min(uses) * 20 < CASES else 0)


main()
