#!/usr/bin/python3
"""What hedging (FW-14) does to the time of a miss, and what it asks for more.

    bench/hedge.py --build DIR [--rounds 5] [--questions 1500] [--slow 2]

Two upstreams answer after 2 ms, but `slow` of a hundred replies after 200 ms. Unique names are
asked one after another by four clients, by turns of an appliance with and one without hedging.
Prints Markdown.
"""

import argparse
import os
import random
import statistics
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(os.path.dirname(HERE), "tests")
sys.path[:0] = [os.path.join(TESTS, "forward"), os.path.join(TESTS, "system")]
sys.dont_write_bytecode = True

CLIENTS = 4
QUICK_S, SLOW_S = 0.002, 0.2


def ask_all(appliance, questions, out):
    for _ in range(questions):
        reply = appliance.query(f"{random.getrandbits(60):x}.far.example.")
        assert reply.rcode == "NOERROR", reply
        out.append(reply.took_s * 1000)


def burst(harness, lab, upstream, hedge, questions, slow):
    """(times in ms, packets for each question) of one round."""
    def script(query):
        late = SLOW_S if random.random() * 100 < slow else QUICK_S
        return upstream.Later(late, upstream.right(query))

    with upstream.Upstream() as one, upstream.Upstream() as two:
        one.default = two.default = script
        with lab.Forwarding(lab.group(one, two, hedge=hedge, failover=[])) as appliance:
            ask_all(appliance, 200, [])  # upstreams are known from here on
            before, times = one.count() + two.count(), []
            clients = [threading.Thread(target=ask_all, args=(appliance, questions // CLIENTS,
                                                              times)) for _ in range(CLIENTS)]
            for c in clients:
                c.start()
            for c in clients:
                c.join()
            return times, (one.count() + two.count() - before) / len(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", default=".")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--questions", type=int, default=1500)
    parser.add_argument("--slow", type=float, default=2)
    options = parser.parse_args()
    os.environ["SHMDNS_BUILD"] = os.path.abspath(options.build)
    import harness
    import lab
    import upstream
    found = {True: [], False: []}
    for _ in range(options.rounds):
        for hedge in random.sample((True, False), 2):
            found[hedge].append(burst(harness, lab, upstream, hedge, options.questions,
                                      options.slow))
    print("| hedge | p50 ms | p95 ms | p99 ms | packets for a question |\n|---|---|---|---|---|")
    for hedge, rounds in found.items():
        cuts = [statistics.quantiles(times, n=100) for times, _ in rounds]
        row = [statistics.median(c[i] for c in cuts) for i in (49, 94, 98)]
        packets = statistics.median(p for _, p in rounds)
        print(f"| {str(hedge).lower()} | " + " | ".join(f"{v:.1f}" for v in row)
              + f" | {packets:.3f} |")


if __name__ == "__main__":
    sys.exit(main())
