/*
 * engine.h - from events to generations: store, derive, apply, publish in their order
 *
 * No sockets, no clock, no event loop: main.c turns it in the product, the scenario
 * runner in tests. Facts go to handlers, which log and count them.
 *
 *   engine_configure()  settings; the first call publishes them with complete=0
 *   engine_weights()    weights, after each engine_configure() and when they change
 *   engine_forward()    who can be asked, after each engine_configure() and at changes
 *   engine_hosts()      names of `hosts`, after each engine_configure() and at changes
 *   engine_zones()      which zones from files there are, likewise
 *   engine_zone()       what a zone from a file says, likewise
 *   engine_flush()      names that caches shall forget
 *   engine_event()      an object was added, modified, deleted
 *   engine_synced()     all objects were read once: the next turn publishes complete=1
 *   engine_turn()       publish if it is time; says when to call again
 *   engine_idle()       a small step of compaction, audit, cleaning up
 *
 * While an operator has frozen it (freeze.h) a turn publishes settings alone.
 */
#ifndef CONTROLLER_ENGINE_H
#define CONTROLLER_ENGINE_H

#include "controller/freeze.h"
#include "controller/kube/store.h"
#include "controller/publish/apply.h"
#include "controller/publish/debounce.h"
#include "controller/records/forwardset.h"

/* A change of endpoints whose cause is dated (RB-31). */
struct engine_trigger {
	uint64_t wall_ns; /* of the cause */
	bool headless;    /* its Service has no cluster IP */
};

#define ENGINE_TRIGGERS_MAX 64 /* of one generation: of more the first ones */

/* A generation was published. Pointers are borrowed for the call. */
struct engine_published {
	struct publish_info info;
	enum root_cause cause;
	const char *object; /* what the first change was about: "Service shop/api"; "" */
	uint64_t nobjects;  /* changes in all */
	uint64_t lag_ns;    /* since the first of them */
	bool complete;
	bool records;      /* some record changed: the serial moved */
	uint64_t began_ns; /* monotonic; publishing lasted from then to the call */
	uint64_t event_ns; /* when the first change came; 0: all was read, or set, anew */
	const struct engine_trigger *triggers; /* what it was about, as far as known */
	size_t ntriggers;
};

struct engine_handlers {
	void (*on_published)(void *arg, const struct engine_published *p);
	/*
	 * -ENOSPC: no shared memory (SH-02). -EBADMSG: the audit found damage. Else: the
	 * trie was not what it should be. All is built anew, but for the first.
	 */
	void (*on_failed)(void *arg, int error);
	/*
	 * The first generation is held back for `hold_ns` at most: it has so many names
	 * only, where a predecessor had so many (WP-90).
	 */
	void (*on_held)(void *arg, uint64_t names, uint64_t before, uint64_t hold_ns);
	/* Something of an object gives no record (MS-15); once until it is mended. */
	void (*on_skipped)(void *arg, const struct owner *o, enum skip_reason why);
	/*
	 * A namespace that is answered for is named like a top-level domain (AC-07).
	 * NULL: nobody wants to know.
	 */
	void (*on_public_name)(void *arg, const char *namespace);
};

struct engine {
	struct publisher *publisher; /* borrowed */
	const struct engine_handlers *handlers;
	void *arg;
	struct store *store;
	struct apply apply;
	struct debounce debounce;
	struct record_options options;
	struct conf conf; /* owned */
	struct selector namespace_labels, labels;
	struct hostset *hosts; /* owned; NULL: none */
	bool configured;
	bool settings_due;    /* the next publish carries new settings */
	bool others_due;      /* ... and names that no object has a say in */
	bool rebuild;         /* ... and is built from nothing */
	bool restart;         /* ... in a new segment */
	bool complete;        /* all objects were read once */
	uint64_t guard_names; /* that a predecessor published; 0: no matter */
	uint64_t guard_until_ns, guard_next_ns; /* the first generation is held */
	bool standing; /* a complete generation of a predecessor is being served */
	struct freeze freeze;
	struct engine_trigger
		triggers[ENGINE_TRIGGERS_MAX]; /* of what is not published */
	size_t ntriggers;
	/* What operators wanted forgotten lately, the latest last. */
	struct forward_flush flush[FORWARD_FLUSH_MAX];
	uint8_t nflush;
};

/*
 * Begin. `p`, `handlers` and `arg` are borrowed until engine_fini(). With `standing` a
 * predecessor's complete generation is on the board: nothing is published before
 * engine_synced() (RU-05).
 */
void engine_init(struct engine *e, struct publisher *p, bool standing,
	const struct engine_handlers *handlers, void *arg);

/* Free it all. */
void engine_fini(struct engine *e);

/*
 * A predecessor published so many names, from the same source: if the first generation
 * has far fewer, it is held back (WP-90), and the standing one serves on.
 */
void engine_guard(struct engine *e, uint64_t names);

/*
 * Take a configuration (moved out of *c, which is empty then) and the machine's own
 * addresses and host name. `wall_ns` numbers the settings.
 */
void engine_configure(struct engine *e, struct conf *c, const struct addr *own,
	size_t nown, const char *hostname, uint64_t now_ns, uint64_t wall_ns);

/*
 * Weights of addresses (copied), for the next generation (LD-01). engine_configure()
 * forgets them: call this after it, where the policy needs them.
 */
void engine_weights(
	struct engine *e, const struct weights *w, uint64_t now_ns, uint64_t wall_ns);

/*
 * Who stands in the files that the configuration names, for the next generation (FW-03).
 * engine_configure() forgets them: call this after it.
 */
void engine_forward(struct engine *e, const struct forwardset_file *files, size_t n,
	uint64_t now_ns, uint64_t wall_ns);

/*
 * The names of `hosts` (finished; moved in), for the next generation (HO-01): only what
 * they change is published. engine_configure() forgets them: call this after it, if
 * engine_wants_hosts().
 */
bool engine_wants_hosts(const struct engine *e);
void engine_hosts(
	struct engine *e, struct hostset *hosts, uint64_t now_ns, uint64_t wall_ns);

/*
 * Which zones from files there are: those of the configuration, and those of a directory
 * (FE-03). If they are others than before, the next generation has new settings and is
 * built from nothing, as after engine_configure(), and nothing is known of any file.
 */
void engine_zones(struct engine *e, const struct file_zone *zones, size_t n,
	uint64_t now_ns, uint64_t wall_ns);

/*
 * What the file of the `i`-th of them says (SM-11), for the next generation; NULL:
 * nothing so far. It is borrowed until another one has taken its place.
 * engine_configure() and engine_zones() forget it: call this after them.
 */
void engine_zone(struct engine *e, size_t i, const struct zoneset *set, uint64_t now_ns);

/*
 * An operator wants forwarders to forget what they know of `name` (folded), and with
 * `below` of the names below it. Returns the number of the settings that say so; the next
 * generation has them.
 */
uint64_t engine_flush(struct engine *e, const struct name *name, bool below,
	uint64_t now_ns, uint64_t wall_ns);

/* An event; what is kept is moved out of *o. True if it changes what is published. */
bool engine_event(struct engine *e, enum kube_change change, struct kube_object *o,
	uint64_t now_ns);

/* As the functions of store.h. */
uint32_t engine_pass_begin(struct engine *e);
void engine_seen(struct engine *e, const struct kube_object *o);
const char *engine_version(const struct engine *e, const struct kube_object *o);
void engine_imply_namespaces(struct engine *e, bool implied, uint64_t now_ns);

/*
 * A list is complete: what it did not hold goes. Returns how many objects stay all the
 * same because they are too many at once (WP-90), 0 with `force`; *removed: how many
 * went.
 */
size_t engine_pass_end(struct engine *e, enum kube_kind kind, const char *namespace_,
	uint32_t pass, bool force, uint64_t now_ns, size_t *removed);

/* All objects were read once. */
void engine_synced(struct engine *e, uint64_t now_ns);

/*
 * Publish if it is time. `drained`: no more input is waiting. Returns when to call again,
 * monotonic; UINT64_MAX: after the next event.
 */
uint64_t engine_turn(struct engine *e, uint64_t now_ns, uint64_t wall_ns, bool drained);

/*
 * As publish_idle(): returns the wait in ns, 0: at once. *compacted says what it
 * published, a generation of its own; zeroed: nothing.
 */
uint64_t engine_idle(struct engine *e, uint64_t now_ns, uint64_t wall_ns,
	struct publish_info *compacted);

#endif
