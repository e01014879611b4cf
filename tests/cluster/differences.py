"""Where CoreDNS may answer otherwise than we do, row by row (the CD rows of doc/RULES.md).

A row is a function of a Case: it is true only for what the row tells of. What no row permits
is a difference.
"""

import copy

import records

SERVICE_NAME = "kubernetes.io/service-name"

ROWS = []  # (row, function) in the order of this file


def row(name):
    def keep(function):
        ROWS.append((name, function))
        return function
    return keep


def row_of(case):
    """The row that permits this difference; None: none does."""
    for name, permits in ROWS:
        if permits(case):
            return name
    return None


class Case:
    """One question, our reply (the oracle's, which ours equals), and that of CoreDNS."""

    def __init__(self, name, type_, ours, theirs, oracle, judge):
        self.name, self.type = name, type_
        self.ours, self.theirs = ours, theirs
        self.oracle, self.judge = oracle, judge
        labels = tuple(l.decode("latin-1") for l in name.labels[:-1])
        self.labels = tuple(l.lower() for l in labels)
        self.mixed = labels != self.labels
        self.zone = oracle.zone_of(self.labels)
        if self.zone is None:  # nothing stands behind CoreDNS for it
            self.parts = []
            return
        self.rel = self.labels[:len(self.labels) - len(self.zone)]
        self.reverse = records.is_reverse(self.zone)
        self.soa = [oracle.soa(labels[len(self.rel):])]
        self.node = oracle.find(self.zone, self.rel)
        self.parts = self.compared()

    def compared(self):
        """Names of the parts that differ."""
        if self.theirs is None:
            return ["silence"]
        out = []
        if self.ours.rcode != self.theirs.rcode:
            out.append("rcode")
        if self.ours.aa != self.theirs.aa:
            out.append("AA")
        for part in ("answer", "authority", "additional"):
            if set(getattr(self.ours, part)) != set(getattr(self.theirs, part)):
                out.append(part)
        return out

    def negative(self, reply, rcode):
        """True if it is a negative answer with the SOA of the zone asked, and nothing else."""
        return (reply is not None and reply.rcode == rcode and reply.aa and not reply.answer
                and list(reply.authority) == self.soa and not reply.additional)

    def we_deny(self):
        return self.negative(self.ours, "NXDOMAIN")

    def we_lack(self):
        return self.negative(self.ours, "NOERROR")

    def they_deny(self):
        return self.negative(self.theirs, "NXDOMAIN")

    def they_lack(self):
        return self.negative(self.theirs, "NOERROR")

    def chain(self):
        """CNAMEs of our answer."""
        return [rr for rr in self.ours.answer if rr[2] == "CNAME"]

    def chain_end(self):
        """The target that is no owner in the chain; of a loop, some target."""
        owners = {rr[0].lower() for rr in self.chain()}
        targets = [rr[3].lower() for rr in self.chain()]
        return next((t for t in targets if t not in owners), targets[-1])

    def service(self):
        """The Service that the name is of or below; None: there is none."""
        if self.reverse or self.rel[-1:] != ("svc",) or len(self.rel) < 3:
            return None
        return self.oracle.services.get((self.rel[-2], self.rel[-3]))

    def is_pod(self):
        return not self.reverse and self.rel[-1:] == ("pod",)


# ---- other objects ----


def as_they_read(objects):
    """CD-31: not-ready endpoints are left out whatever the Service says."""
    out = []
    for obj in objects:
        if obj["kind"] == "Service" and obj["spec"].get("publishNotReadyAddresses"):
            obj = copy.deepcopy(obj)
            del obj["spec"]["publishNotReadyAddresses"]
        out.append(obj)
    return out


class Judge:
    """Says for one set of objects which row permits a difference."""

    def __init__(self, objects, settings):
        self.oracle = records.Oracle(objects, settings)
        self.other = records.Oracle(as_they_read(objects), settings)
        self.stray = stray_endpoints(objects, self.oracle)
        self.fqdn = {(o["metadata"]["labels"].get(SERVICE_NAME), o["metadata"]["namespace"])
                     for o in objects if o.get("addressType") == "FQDN"}

    def row(self, name, type_, want, theirs):
        """(differing parts, row that permits them or None)."""
        case = Case(name, type_, want, theirs, self.oracle, self)
        if not case.parts:
            return [], None
        permitted = row_of(case)
        if permitted is None:
            other = Case(name, type_, self.other.answer(name, type_), theirs, self.other,
                         self)
            permitted = row_of(other) if other.parts else "CD-31"
        return case.parts, permitted

    def is_about_us(self, name, type_):
        """NS of a zone, or ns.dns: what CoreDNS bound to loopback knows nothing of."""
        case = Case(name, type_, self.oracle.answer(name, type_), None, self.oracle, self)
        return case.rel == () and type_ == "NS" or case.rel == ("ns", "dns")


def stray_endpoints(objects, oracle):
    """{address: names, or None without a Service's name} of slices that belong to none."""
    out = {}
    for obj in objects:
        if obj["kind"] != "EndpointSlice":
            continue
        service = obj["metadata"]["labels"].get(SERVICE_NAME)
        namespace = obj["metadata"]["namespace"]
        svc = oracle.services.get((namespace, service))
        if svc and svc.kind != "external":
            continue
        for e in obj.get("endpoints") or []:
            for ip in filter(None, map(records.parse_address, e["addresses"])):
                names = out.setdefault(ip, set())
                names.add(records.join((oracle.endpoint_name(e, ip), service.lower(), namespace,
                                        "svc") + oracle.primary) if service else None)
    return out


# ---- ExternalName ----


@row("CD-07")
def other_types_at_external_name(case):
    return (bool(case.chain()) and case.type not in ("A", "AAAA", "CNAME")
            and case.they_lack())


@row("CD-08")
def no_upstream(case):
    """The chain leads out of our zones, and nobody knows the name there."""
    if not case.chain() or case.type not in ("A", "AAAA"):
        return False
    last = records.split(case.chain_end())
    return case.oracle.zone_of(last) is None and case.they_lack()


@row("CD-09")
def target_without_records(case):
    """The chain ends at a name of ours without such records, or at ns.dns: we keep it, they
    drop it, or leave out the SOA if that name is in another zone."""
    if not case.chain() or case.type not in ("A", "AAAA"):
        return False
    last = records.split(case.chain_end())
    if last[:2] == ("ns", "dns") and last[2:] in case.oracle.zones:
        return case.they_lack()
    return (set(case.chain()) == set(case.ours.answer) and bool(case.ours.authority)
            and (case.they_lack()
                 or "answer" not in case.parts and case.theirs.rcode == "NOERROR"
                 and not case.theirs.authority and case.ours.authority != case.soa))


@row("CD-36")
def long_chain(case):
    """A loop, or so many CNAMEs that they give up."""
    chain = case.chain()
    owners = {rr[0].lower() for rr in chain}
    loop = bool(chain) and all(rr[3].lower() in owners for rr in chain)
    if case.type not in ("A", "AAAA") or case.theirs is None or not (loop or len(chain) > 7):
        return False
    followed = case.theirs.rcode == "NOERROR" and set(chain) <= set(case.theirs.answer)
    return case.they_lack() or len(chain) > 7 and followed


@row("CD-38")
def target_that_does_not_fit(case):
    """An externalName that no message can carry: they do not reply."""
    svc = case.service() if len(case.rel) == 3 else None
    return (case.theirs is None and svc is not None and svc.kind == "external"
            and not records.fits(records.split(svc.external_name)))


# ---- name servers ----


@row("CD-17")
def name_servers(case):
    """Of a reverse zone they name Services under it, where nobody finds them; of an endpoint
    name that several slices share they give the addresses of the slices with ours alone."""
    if case.rel or case.type != "NS" or not case.ours.answer or case.theirs is None:
        return False
    bad, good = "." + records.join(case.zone), "." + records.join(case.oracle.primary)

    def mended(rrs, part):
        if not case.reverse:
            return set(rrs)
        return {rr[:part] + (rr[part].lower().replace(bad, good),) + rr[part + 1:]
                for rr in rrs}

    return (mended(case.theirs.answer, 3) == set(case.ours.answer)
            and mended(case.theirs.additional, 0) <= set(case.ours.additional))


@row("CD-40")
def name_server_without_service(case):
    """Our address is in a slice of no Service or of an ExternalName: they know no server, or
    one <nil>."""
    if not any(ip in case.judge.stray for ip in case.oracle.own) or case.theirs is None:
        return False
    if case.rel == () and case.type == "NS":
        return case.theirs.rcode == "SERVFAIL" or case.they_lack()
    return case.rel == ("ns", "dns") and (
        [rr[3] for rr in case.theirs.answer] == ["<nil>."]
        or bool(case.ours.answer) and case.they_lack())


# ---- names between names, and above them ----


@row("CD-02")
def underscore_alone(case):
    return (not case.reverse and len(case.rel) == 5 and case.rel[-1] == "svc"
            and "_" in case.rel[:2] and case.we_deny() and case.theirs is not None)


@row("CD-11")
def text_at_namespace(case):
    if case.reverse:
        return case.rel in (("svc",), ("pod",)) and case.we_deny() and case.they_lack()
    return (case.type == "TXT" and case.rel[-1:] in (("svc",), ("pod",))
            and len(case.rel) <= 2 and case.we_lack() and case.they_deny())


@row("CD-27")
def empty_non_terminal(case):
    if not (case.we_lack() and case.they_deny()):
        return False
    if case.reverse:
        return bool(case.rel) or case.type == "TXT"
    if len(case.rel) == 4 and case.rel[-1] == "svc":  # _tcp.SVC, or tcp.SVC as NG-07 reads it
        return not case.node.data and case.rel[0].lstrip("_") in ("tcp", "udp", "sctp")
    return (case.rel in (("dns",), ("ns", "dns"), ("dns-version",))
            or case.rel == () and case.type == "TXT")


@row("CD-27")
def soa_at_missing_name(case):
    return case.type == "SOA" and case.we_deny() and case.they_lack()


@row("CD-28")
def letters_at_apex(case):
    return case.mixed and (
        case.rel == () and case.type == "NS" and bool(case.ours.answer) and case.they_lack()
        or case.rel == ("ns", "dns") and bool(case.ours.answer) and case.they_deny())


# ---- pods and addresses ----


@row("CD-29")
def labels_before_pod(case):
    return case.is_pod() and len(case.rel) > 3 and case.we_deny() and case.theirs is not None


@row("CD-29")
def further_nibbles(case):
    return (case.reverse and case.labels[-2:] == ("ip6", "arpa") and len(case.rel) > 32
            and case.type == "PTR" and case.we_deny())


@row("CD-30")
def slice_without_service(case):
    """An endpoint of a slice that belongs to no Service: a wrong name, or no reply."""
    if not case.reverse or case.type != "PTR":
        return False
    names = next((n for ip, n in case.judge.stray.items()
                  if records.reverse_name(ip) == case.labels), None)
    if names is None:
        return False
    if case.theirs is None:
        return None in names
    extra = set(case.theirs.answer) - set(case.ours.answer)
    return (set(case.ours.answer) <= set(case.theirs.answer)
            and {rr[3].lower() for rr in extra} <= names)


@row("CD-37")
def colons_in_pod_name(case):
    return case.is_pod() and len(case.rel) == 3 and ":" in case.rel[0] and case.we_deny()


@row("CD-19")
def names_of_fqdn_slices(case):
    """A headless Service with such a slice has an endpoint for them."""
    if case.reverse or case.rel[-1:] != ("svc",) or case.rel[-3:-1] not in case.judge.fqdn:
        return False
    cnames = {rr for rr in case.theirs.answer if rr[2] == "CNAME"} if case.theirs else set()
    return (bool(cnames) and cnames == set(case.theirs.answer) - set(case.ours.answer)
            or case.we_deny() and case.they_lack())


@row("CD-39")
def addresses_without_port(case):
    """SRV at an endpoint name: they leave out addresses whose slices have no port."""
    svc = case.service() if len(case.rel) == 4 else None
    if svc is None or case.type != "SRV" or case.parts != ["additional"]:
        return False
    without = {records.text_of(c.ip) for c in svc.copies
               if c.name == case.rel[0] and all(port == -1 for _, _, port in c.ports)}
    missing = set(case.ours.additional) ^ set(case.theirs.additional)
    return (set(case.theirs.additional) < set(case.ours.additional)
            and {rr[3] for rr in missing} <= without)
