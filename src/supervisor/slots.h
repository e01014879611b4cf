/*
 * slots.h - who runs, who serves what, who is started again and when, who hangs (core)
 *
 * A slot is a place for one process: its stat page, its pair, its history of deaths.
 * Slots 0 to 2n-1 are for workers, twice as many as there are shares, or were once (an
 * orderly replacement needs a free one); the k forwarders' follow, the admin's if there
 * is one, and the last one is the controller's. Sockets belong to shares: share i is
 * served by the worker of slot i, and by every healthy worker as well while it is steered
 * around (EV-03).
 *
 * The number of shares changes at its end (RL-04). New shares join: they get queries as
 * soon as their workers are ready. Those that go leave: they get no new queries, what is
 * queued is still served, and then their workers end.
 *
 * No clocks, no processes: times are arguments, in nanoseconds of the monotonic clock,
 * and what is decided here is carried out by supervise.c.
 */
#ifndef SUPERVISOR_SLOTS_H
#define SUPERVISOR_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/backoff.h"
#include "base/base.h"

#define SLOTS_SHARES_MAX 256 /* workers at most */

#define SLOTS_TICK_NS       (500 * NS_PER_MS) /* between two looks at the heartbeats */
#define SLOTS_LATE_NS       (500 * NS_PER_MS) /* our own timer was not on time (DE-05) */
#define SLOTS_WORKER_NS     (3 * NS_PER_S)    /* no progress for so long: hung; */
#define SLOTS_FORWARDER_NS  (3 * NS_PER_S)    /* ... each role has its own patience */
#define SLOTS_ADMIN_NS      (10 * NS_PER_S)
#define SLOTS_CONTROLLER_NS (60 * NS_PER_S)

#define SLOTS_LOOP_DEATHS 5               /* so many deaths ... */
#define SLOTS_LOOP_NS     (10 * NS_PER_S) /* ... in so long a time are a crash loop; */
#define SLOTS_YOUNG_NS    (2 * NS_PER_S)  /* only deaths under this age count */

#define SLOTS_WORKED_NS (500 * NS_PER_MS) /* who lived so long is replaced at once */

#define SLOT_NONE UINT32_MAX

/* What a slot is for, in the order in which an appliance stops. */
enum slot_role { SLOT_WORKER, SLOT_FORWARDER, SLOT_ADMIN, SLOT_CONTROLLER };

enum slot_state {
	SLOT_FREE,     /* nobody is wanted here */
	SLOT_WAITING,  /* to be started at due_ns */
	SLOT_STARTING, /* a process runs, READY has not come */
	SLOT_SERVING,  /* READY has come */
};

struct slot {
	enum slot_state state;
	uint32_t share; /* SLOT_NONE: of no share */
	int pid;        /* while STARTING or SERVING */
	uint64_t life;
	uint64_t started_ns;
	uint64_t due_ns;
	uint64_t heartbeat_ns; /* as the process last wrote it: hostile, only compared */
	uint64_t progress_ns;  /* when we last saw it move */
	uint64_t patience_ns;  /* without progress for so long: hung */
	bool killed;           /* SIGKILL was sent; it is as good as dead */
	bool retired;          /* RETIRE was sent: nobody succeeds it */
	struct backoff backoff;
	uint64_t young_deaths[SLOTS_LOOP_DEATHS]; /* times of the last ones, a ring */
	uint32_t nyoung_deaths;                   /* in all */
};

struct slots {
	uint32_t shares;     /* n */
	uint32_t staying;    /* shares from this one on leave; n: none does */
	bool apart;          /* nobody helps those that leave any more */
	uint32_t workers;    /* slots for workers: twice the most shares ever */
	uint32_t forwarders; /* k */
	uint32_t admins;     /* 1, or 0 where it has neither listeners nor a log */
	uint32_t n;          /* slots: workers', k forwarders', these, the controller's */
	struct slot *slot;   /* owned */
	uint64_t lives;      /* number of the last life */
	uint64_t tick_ns;    /* when the next look at the heartbeats is due */
	uint64_t on_time_ns; /* our timer has been on time since */
	uint64_t hold_ns;    /* no hung process is killed before: one at a time */
	bool looping[SLOTS_SHARES_MAX]; /* shares that are steered around */
	bool joining[SLOTS_SHARES_MAX]; /* their workers have not been ready yet */
	bool stopping;
};

/*
 * All shares, all forwarders, the admin if there is one and the controller are due for a
 * start at `now_ns`. slots_fini() ends it.
 */
void slots_init(struct slots *s, uint32_t shares, uint32_t forwarders, uint32_t admins,
	uint64_t now_ns);
void slots_fini(struct slots *s);

/* How many slots are for workers; the first forwarder's is the one behind them. */
uint32_t slots_workers(const struct slots *s);

/* Index of the admin's slot; the controller's if there is none. */
uint32_t slots_admin(const struct slots *s);

/* Index of the controller's slot. */
uint32_t slots_controller(const struct slots *s);

/* What slot i is for, and its number among those of its role: 0, 1, ... */
enum slot_role slots_role(const struct slots *s, uint32_t i);
uint32_t slots_number(const struct slots *s, uint32_t i);

/* The next slot to start a process in, the controller's first; SLOT_NONE: none is due. */
uint32_t slots_due(const struct slots *s, uint64_t now_ns);

/* A process was started in slot i: returns the number of its life. */
uint64_t slots_started(struct slots *s, uint32_t i, int pid, uint64_t now_ns);

/* Starting one in slot i failed: tried again after a back-off. */
void slots_failed(struct slots *s, uint32_t i, uint64_t now_ns, uint64_t random);

/* READY came from slot i. True if its share joins now and is to be steered to. */
bool slots_ready(struct slots *s, uint32_t i);

/*
 * The process of slot i died: the slot is due again at once; later if it dies young again
 * and again (100 ms, doubled up to 5 s); never while stopping, nor when it was retired.
 * True if its share is in a
 * crash loop from now on and is to be steered around.
 */
bool slots_died(struct slots *s, uint32_t i, uint64_t now_ns, uint64_t random);

/* The slot whose process is `pid`; SLOT_NONE: none of ours. */
uint32_t slots_find(const struct slots *s, int pid);

/* The heartbeat of slot i reads `heartbeat_ns` at `now_ns`. */
void slots_heartbeat(struct slots *s, uint32_t i, uint64_t heartbeat_ns, uint64_t now_ns);

/*
 * The tick that was due at tick_ns happens at `now_ns`, after the heartbeats were read.
 * Returns the slot of a hung process that is to be killed now, or SLOT_NONE. A late
 * tick excuses everybody; one process is killed at a time (DE-05).
 */
uint32_t slots_tick(struct slots *s, uint64_t now_ns);

/* A share whose worker has served through a crash loop's span again, or SLOT_NONE. */
uint32_t slots_recovered(struct slots *s, uint64_t now_ns);

/* Do healthy workers of others read the sockets of `share`, too? */
bool slots_helped(const struct slots *s, uint32_t share);

/* Does the worker of slot i read the sockets of `share`? */
bool slots_serves(const struct slots *s, uint32_t i, uint32_t share);

/*
 * The shares that get new queries: all that do not loop, or all of them where every one
 * does; none that joins or leaves. `out` has room for SLOTS_SHARES_MAX; returns how many.
 */
uint32_t slots_steering(const struct slots *s, uint32_t *out);

/* So many shares, the first ones, have had a worker that was ready, and stay. */
uint32_t slots_expected(const struct slots *s);

/* True if READY has come from every share's worker. */
bool slots_all_ready(const struct slots *s);

/*
 * Make room for the workers of `shares` shares: the slots behind theirs move up. Returns
 * by how many; 0: there is room already.
 */
uint32_t slots_grow(struct slots *s, uint32_t shares);

/* There are `shares` shares from now on, for which there is room: the new ones join. */
void slots_join(struct slots *s, uint32_t shares, uint64_t now_ns);

/* The shares from `staying` on, at least 1, leave. */
void slots_leave(struct slots *s, uint32_t staying);

/*
 * From now on only their own workers read the sockets of the shares that leave, whatever
 * happens to these: one that others held would keep its place when it is to be closed.
 */
void slots_part(struct slots *s);

/* The worker of slot i, whose share leaves, was told to end; false: it is called back. */
void slots_retire(struct slots *s, uint32_t i, bool retired);

/* True if no process runs, or is wanted, for the shares that leave. */
bool slots_left(const struct slots *s);

/* Those shares are no more. Only after slots_left(). */
void slots_shrink(struct slots *s);

/* How many workers serve now. */
uint32_t slots_serving(const struct slots *s);

/* True if no process runs in slots of roles up to that one. */
bool slots_empty(const struct slots *s, enum slot_role last);

/* When something is due next: a start, a tick, a recovery. */
uint64_t slots_wake_ns(const struct slots *s);

#endif
