"""What is asked of a healthy server (WP-14 to WP-17, WP-20, WP-28, WP-30, WP-61, WP-62, WP-71)."""

import unittest

from lab import GONE, LISTED, ZONE, ApiTest, appliance_only, namespace, service, standing

SERVICES = "services"


def labelled(obj, **labels):
    obj["metadata"].setdefault("labels", {}).update(labels)
    return obj


class Healthy(ApiTest):
    def test_quiet(self):
        """WP-28, WP-30: one list and one watch of each resource, and of nothing else"""
        with self.lab() as lab:
            for resource in LISTED:
                self.assertEqual([r.verb for r in lab.fake.seen(resource, "list page watch "
                                                                "watchlist")],
                                 ["list", "watch"])
            others = [r for r in lab.fake.seen() if r.resource not in LISTED]
            self.assertEqual([r for r in others if r.path != "/version"], [])
            lab.change_and_settle()

    def test_probes(self):
        """WP-61: every five minutes a list of one item, and for nothing but the version"""
        with self.lab(speed=300) as lab:
            probes = lab.fake.await_request(SERVICES, "probe", count=3)
            for r in probes:
                self.assertNotIn("resourceVersion", r.query)
            lab.no_list(SERVICES, lab.fake.requests.index(
                lab.fake.seen(SERVICES, "list")[0]) + 1)

    def test_timeouts_differ(self):
        """WP-30: the time-out of a watch is random"""
        with self.lab(speed=30) as lab:
            for _ in range(12):
                mark = lab.fake.mark()
                for w in lab.fake.watches():
                    w.do("end")
                for resource in LISTED:
                    lab.fake.await_request(resource, "watch", mark)
                lab.fake.await_watches(*LISTED)
            times = {int(r.query["timeoutSeconds"]) for r in lab.fake.seen(None, "watch")}
            self.assertGreaterEqual(len(times), 4)
            self.assertTrue(all(10 <= t <= 20 for t in times), times)

    def test_connections(self):
        """WP-70, WP-71: HTTP/1.1, a connection for each watch"""
        with self.lab() as lab:
            watches = [lab.fake.seen(r, "watch")[0] for r in LISTED]
            self.assertEqual(len({w.connection for w in watches}), 3)
            self.assertEqual({w.version for w in watches}, {"HTTP/1.1"})
            mark = lab.fake.mark()
            for w in lab.fake.watches():
                w.do("end")
            later = [lab.fake.await_request(r, "watch", mark)[0] for r in LISTED]
            self.assertEqual(len({w.connection for w in watches + later}), 6)

    def test_audit(self):
        """WP-62, SC-26: an audit that finds nothing changes nothing"""
        with self.lab(audit_s=120) as lab:
            mark = lab.fake.mark()
            for resource in LISTED:
                lab.fake.await_request(resource, "list watchlist", mark, count=2)
            lab.settle()
            lab.change_and_settle()

    @appliance_only
    def test_audit_no_generation(self):
        """WP-62, SC-26: not even a generation is published for it"""
        with self.lab(audit_s=120) as lab:
            before = lab.subject.a.status()["generation"]
            mark = lab.fake.mark()
            for resource in LISTED:
                lab.fake.await_request(resource, "list watchlist", mark, count=2)
            self.assertEqual(lab.subject.a.status()["generation"], before)


@appliance_only
class Selected(ApiTest):
    """What the configuration selects."""

    objects = standing() + [
        namespace("other"), labelled(service("red", ip="10.96.7.1"), team="red"),
        labelled(service("blue", ip="10.96.7.2"), team="blue"),
        service("else", "other", ip="10.96.7.3"),
    ]

    @appliance_only
    def test_labels(self):
        """RO-08, WP-17, WP-18: a selector of Services and slices is the server's work, or ours"""
        names = [o["metadata"]["name"] for o in standing() if o["kind"] != "Namespace"]
        objects = [labelled(o, team="red") if o["metadata"]["name"] in names else o
                   for o in self.objects]
        with self.lab(objects=objects, more='labels = "team=red";',
                      settings={"labels": "team=red"}) as lab:
            for r in lab.fake.seen(SERVICES, "list watch"):
                self.assertIn(r.query.get("labelSelector"), (None, "team=red"))
            lab.settle()
            # Stops to match, and matches again (WP-18).
            lab.fake.apply(labelled(service("red", ip="10.96.7.1"), team="green"))
            lab.absent("red")
            lab.fake.apply(labelled(service("red", ip="10.96.7.9"), team="red"))
            lab.await_answer("red." + ZONE, "A", "NOERROR", ["10.96.7.9"])
            lab.settle()

    @appliance_only
    def test_namespaces(self):
        """RO-06, WP-17: with a list of namespaces each is watched by itself"""
        with self.lab(objects=self.objects, more='namespaces = [ "shop", "default" ];',
                      settings={"namespaces": ["shop", "default"]}) as lab:
            for resource in ("services", "endpointslices"):
                paths = {r.namespace for r in lab.fake.seen(resource, "list watch watchlist")}
                self.assertEqual(paths, {"shop", "default"})
            lab.gone_may_go()
            lab.fake.delete(GONE)
            lab.settle()
            lab.change_and_settle()

    @appliance_only
    def test_namespace_labels(self):
        """RO-07: Namespaces by label"""
        objects = [labelled(o, env="on") if o["kind"] == "Namespace" and
                   o["metadata"]["name"] == "shop" else o for o in self.objects]
        with self.lab(objects=objects, more='namespace_labels = "env=on";',
                      settings={"namespace_labels": "env=on"}) as lab:
            lab.settle()
            lab.fake.apply(labelled(namespace("other"), env="on"))
            lab.settle()
            lab.fake.apply(namespace("other"))
            lab.settle()

    @appliance_only
    def test_noendpoints(self):
        """RO-13: slices are not asked for"""
        with self.lab(more="noendpoints = true;", settings={"noendpoints": True},
                      wait=False) as lab:
            lab.poller.names = [q for q in lab.poller.names if "db" not in str(q)]
            lab.fake.await_watches("namespaces", SERVICES)
            lab.settle()
            self.assertEqual(lab.fake.seen("endpointslices"), [])

    @appliance_only
    def test_lean(self):
        """WP-17, AF-10: lean: only slices with the label of headless Services"""
        objects = standing()
        for o in objects:
            if o["kind"] == "EndpointSlice" and o["metadata"]["name"].startswith("db"):
                labelled(o, **{"service.kubernetes.io/headless": ""})
        with self.lab(objects=objects, more="lean = true;") as lab:
            for r in lab.fake.seen("endpointslices", "list watch watchlist"):
                self.assertEqual(r.query.get("labelSelector"), "service.kubernetes.io/headless")
            lab.settle([o for o in lab.fake.store.objects()
                        if o["metadata"]["name"] != "web-1"])


if __name__ == "__main__":
    unittest.main()
