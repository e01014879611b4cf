/*
 * cluster.h - a snapshot in plain memory, for tests, fuzzing and benchmarks of the worker
 *
 * The nodes are those that the record rules give for a small cluster: cluster_demo()
 * makes them, the rest is for whoever wants others.
 */
#ifndef TESTS_CLUSTER_H
#define TESTS_CLUSTER_H

#include "snap/settings.h"
#include "snap/trie.h"

#define CLUSTER_SERIAL 2026112100u

/* Zone numbers of the settings. */
enum {
	CLUSTER_ZONE,    /* cluster.local. */
	CLUSTER_REVERSE, /* in-addr.arpa. */
	CLUSTER_SET,     /* clusterset.local., multicluster */
	CLUSTER_OTHER,   /* corp.example. */
};

struct cluster {
	uint8_t *memory; /* owned; exactly `used` octets after cluster_seal() */
	size_t size;
	struct arena arena;
	uint64_t trie, clients;
	struct snap snap;
	struct settings settings;
	struct node_builder node;
	struct body_builder body;
	struct name owner; /* of the node under construction */
};

/* An empty, complete snapshot with settings as a fresh configuration has them. */
void cluster_init(struct cluster *c, size_t octets);

/* Begin the node of `name`; its RRsets go to c->node. */
void cluster_begin(struct cluster *c, const char *name, uint8_t zone, uint8_t flags);

/* Begin an empty non-terminal. */
void cluster_ent(struct cluster *c, const char *name, uint8_t zone);

/* Append what was begun, with c->body if the node uses it. */
void cluster_put(struct cluster *c);

/* A node with `count` A records that count up from `first` (host order). */
void cluster_addrs(struct cluster *c, const char *name, uint32_t first, unsigned count);

/* A node with names as rdata, each with `zone_len` octets in the question's letters. */
void cluster_names(struct cluster *c, const char *name, uint8_t zone, uint16_t type,
	const char *const *targets, unsigned count, bool in_zone);

/*
 * Add the zone file.example., as one from a file (SM-11): a wildcard, a delegation, a
 * DNAME, CNAMEs, MX, SRV, and signatures.
 */
void cluster_file(struct cluster *c);

/* A client that is known, at this place (GS-05). */
void cluster_client(struct cluster *c, const char *address, uint32_t place);

/*
 * The place of address number i of the headless Services that are spread over zones and
 * nodes (GS-05): zone 1 + i % 3, node 1 + i % 8. "spread" has 40, "spreader" 4,000
 * addresses that count up from 10.5.0.0 and fd05::. "all.spread" is an endpoint name that
 * has all addresses of "spread", and the target of its SRV.
 */
uint32_t cluster_place(unsigned i);

/* All nodes of the small cluster. */
void cluster_demo(struct cluster *c);

/* One group of `forward` has all other names; whoever asks may have them. */
void cluster_forward(struct cluster *c, uint64_t digest);

/* No more nodes: c->snap is ready, in memory that ends where the snapshot ends. */
void cluster_seal(struct cluster *c);

void cluster_fini(struct cluster *c);

/*
 * A query for `name` as it is typed. `edns`: size of an OPT, 0 for none. Returns the
 * length; `out` has 512 octets.
 */
size_t cluster_query(uint8_t *out, const char *name, uint16_t type, uint16_t edns);

#endif
