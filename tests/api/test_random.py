"""Any fault after any other, while objects change (R-18): in the end all is as in the store.

A seed names a run; SHMDNS_FULL=1 takes many more, SHMDNS_SEED one alone.
"""

import os
import random
import threading
import time
import unittest

import faults
import test_lists
import test_servers
import test_streams
import test_watches
import test_watchlist
from lab import ZONE, ApiTest, harness, service, slice_

SEEDS, LASTS_S = (12, 25.0) if harness.FULL else (3, 8.0)
SLOW = (faults.gzip_bomb, faults.endless_spaces, faults.endless_head, faults.endless_error)

REPLIES = ([f for f in test_lists.FAILURES if f not in SLOW]
           + [f for _, _, f in test_lists.STATUSES] + test_lists.ODD)
WATCHES = [f for _, _, f in test_watches.WAITS if f not in SLOW] + test_streams.CHANGES
WATCHLISTS = test_watchlist.FAILURES[:-1]
STREAMS = (test_streams.RESUMES + test_streams.LISTS + test_streams.GOES_ON
           + test_streams.ANYHOW)


class Chaos:
    def __init__(self, lab, seed):
        self.lab, self.fake, self.r = lab, lab.fake, random.Random(seed)
        self.scripts = []
        self.done = []

    def resource(self):
        return self.r.choice(["namespaces", "services", "services", "endpointslices"])

    def objects(self):
        """A few Services and slices come, change and go."""
        for _ in range(self.r.randrange(1, 6)):
            i = self.r.randrange(8)
            obj = self.r.choice([
                service(f"r{i}", ip=f"10.96.8.{self.r.randrange(250)}"),
                service(f"r{i}", ip="None"),
                slice_(f"r{i}-1", f"r{i}", [f"10.244.8.{self.r.randrange(250)}"]),
            ])
            with self.fake.store.lock:
                there = [o for o in self.fake.store.objects()
                         if o["kind"] == obj["kind"] and o["metadata"]["name"] in (
                             f"r{i}", f"r{i}-1")]
                if there and self.r.random() < 0.4:
                    self.fake.delete(there[0])
                else:
                    self.fake.apply(obj)

    def script(self, fault, verbs):
        self.scripts.append(self.fake.script(fault, self.resource(), verbs,
                                             times=self.r.choice([1, 1, 2, 4])))

    def list_fault(self):
        self.script(self.r.choice(REPLIES), "list page probe")
        if self.r.random() < 0.7:
            self.expire()

    def watch_fault(self):
        self.script(self.r.choice(WATCHES), "watch")
        self.end_one("end")

    def watchlist_fault(self):
        self.script(self.r.choice(WATCHLISTS), "watchlist")
        self.expire()

    def stream_fault(self):
        streams = self.fake.watches(self.resource())
        if streams:
            self.r.choice(STREAMS)(streams[0])

    def end_one(self, how):
        streams = self.fake.watches()
        if streams:
            self.r.choice(streams).do(how)

    def connection_fault(self):
        listener = self.fake.listeners[0]
        listener.faults += self.r.choices(test_servers.CONNECTIONS, k=self.r.randrange(1, 4))
        self.kill()

    def kill(self):
        self.fake.listeners[0].kill_connections(reset=self.r.random() < 0.5)

    def outage(self):
        listener = self.fake.listeners[0]
        listener.close()
        time.sleep(self.r.uniform(0, 0.4))
        listener.open()

    def stop(self):
        gate = self.fake.listeners[0].gate
        gate.clear()
        time.sleep(self.r.uniform(0, 0.4))
        gate.set()

    def expire(self):
        self.fake.store.bump(self.r.randrange(3))
        self.fake.expire(*self.r.choice([(), (self.resource(),)]))

    def backup(self):
        """Restored, with the standing objects in it as ever."""
        with self.fake.store.lock:
            saved = self.fake.store.save()
            self.objects()
            threading.Timer(self.r.uniform(0, 0.3), self.restore, [saved]).start()

    def restore(self, saved):
        with self.fake.store.lock:
            self.fake.store.restore(saved)
            if self.r.random() < 0.5:
                self.kill()

    def turn(self):
        what = self.r.choices(
            [self.list_fault, self.watch_fault, self.watchlist_fault, self.stream_fault,
             self.connection_fault, self.kill, self.outage, self.stop, self.expire,
             self.backup],
            [4, 4, 3, 6, 2, 2, 1, 1, 2, 1])[0]
        self.done.append(what.__name__)
        what()
        if self.r.random() < 0.7:
            self.objects()
        time.sleep(self.r.choice([0, 0.01, 0.1, 0.4]))

    def end(self):
        for s in self.scripts:
            s.stop()
        self.fake.listeners[0].faults.clear()


class Random(ApiTest):
    def one(self, seed):
        with self.lab(watch_list=seed % 2 == 0, audit_s=600) as lab:
            lab.gone_may_go()
            chaos = Chaos(lab, seed)
            end = time.monotonic() + LASTS_S
            while time.monotonic() < end:
                chaos.turn()
                self.assertEqual(lab.poller.wrong, [], f"seed {seed}: {chaos.done[-10:]}")
            chaos.end()
            try:
                lab.settle()
            except AssertionError as e:
                raise AssertionError(f"seed {seed}: {chaos.done[-20:]}\n{e}") from None
            lab.change_and_settle()
            lab.absent("torn")
            self.assertTrue(lab.subject.everywhere("web." + ZONE, "A",
                                                   ("NOERROR", ["10.96.0.1"])))


def add_seeds():
    alone = os.environ.get("SHMDNS_SEED")
    for seed in [int(alone)] if alone else range(1, SEEDS + 1):
        def test(self, seed=seed):
            self.one(seed)

        test.__doc__ = "R-18: anything at any time"
        setattr(Random, f"test_seed_{seed}", test)


add_seeds()

if __name__ == "__main__":
    unittest.main()
