/*
 * world.h - the whole product in one process: engine, publisher, reader, answer()
 *
 * No sockets and a clock of its own. Objects go in as text, packets as octets; what comes
 * out is a reply. A world owns an instance in shared memory under a name that nobody else
 * has, and removes it at its end.
 */
#ifndef SCENARIO_WORLD_H
#define SCENARIO_WORLD_H

#include "controller/engine.h"
#include "controller/kube/podslices.h"
#include "snap/reader.h"
#include "upstream.h"
#include "worker/answer.h"

#define WORLD_REPLY_MAX 65535

struct world {
	char instance[LAYOUT_INSTANCE_MAX];
	struct publisher *publisher;
	struct engine engine;
	struct podslices *pods;
	struct reader reader;
	uint64_t start_ns, now_ns; /* monotonic, invented */
	uint64_t publishes, failures, compactions;
	struct engine_published last;
	uint64_t skipped[SKIPS];
	struct zoneset *zones[SETTINGS_ZONES_MAX]; /* of the configuration's `zone` */
	struct weights weights;                    /* what the file of weights says */
	struct upstream *upstream;
	struct cache cache;   /* what it says */
	struct packet packet; /* the last query */
	uint8_t reply[WORLD_REPLY_MAX];
	size_t reply_len;
};

/* Begin with an empty world; exits the process if shared memory cannot be had. */
void world_open(struct world *w);

/* End it, and remove what it had in shared memory. */
void world_close(struct world *w);

/* Take a configuration as text; false with the reason printed if it is refused. */
bool world_config(struct world *w, const char *text);

/* The file of `hosts` says this now; a new configuration forgets it. */
void world_hosts(struct world *w, const char *text);

/* The file of that zone says this now; false with the reason printed if it is broken. */
bool world_zone(struct world *w, const char *name, const char *text);

/* The file of weights says this now; false with the reason printed if it is wrong. */
bool world_weights(struct world *w, const char *text);

/*
 * Apply all objects of a JSON or YAML text as one batch, as deleted ones with `deleted`.
 * False with the reason printed if it cannot be read.
 */
bool world_apply(struct world *w, const char *text, size_t len, bool deleted);

/* Delete one object. */
void world_delete(
	struct world *w, enum kube_kind kind, const char *namespace_, const char *name);

/* All objects were read once. */
void world_synced(struct world *w);

/* Go on to `at_ns` after the start; whatever is due on the way happens at its time. */
void world_advance(struct world *w, uint64_t at_ns);

/* A controller that is killed and started again: same board, empty store. */
void world_restart(struct world *w);

/* Who asks, and which turn of the rotation it gets. */
struct asker {
	const char *address; /* as a socket has it, "::ffff:10.0.0.1" too; NULL: nobody */
	uint32_t turn;
	bool tcp;
};

/*
 * Send a query; the reply, if any, is w->reply. What it needs upstreams say within a
 * millisecond, or it waits as long as it may. False: the address is none, or nobody has
 * been told what an upstream says.
 */
bool world_ask(
	struct world *w, const uint8_t *query, size_t len, const struct asker *from);

#endif
