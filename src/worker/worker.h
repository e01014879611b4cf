/*
 * worker.h - what the files of a worker's shell share: one process, one struct worker
 *
 * Everything in it is made at start or when the supervisor says so, never for a packet.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "base/log.h"
#include "base/pair.h"
#include "cache/cache.h"
#include "snap/reader.h"
#include "worker/batch.h"
#include "worker/rate.h"
#include "worker/tap.h"

#define WORKER_SOCKETS_MAX 1024

struct event;
struct event_base;
struct worker;

/* A socket that is served. `event` NULL: the place is free. */
struct worker_socket {
	struct worker *worker;
	struct event *event; /* owned; pending while the socket is read */
	uint32_t share;
	struct socket_key key;
	int fd;      /* owned */
	bool global; /* its address is known to all of the Internet (AC-05) */
};

struct worker {
	struct tcp *tcp;     /* connections (tcp.h) */
	struct needs *needs; /* queries that wait (needs.h) */
	struct event_base *base;
	struct reader reader;
	struct stat_worker *stat; /* NULL before START */
	struct batch *batch;
	struct tap tap;                /* the latest replies, for who looks on */
	struct rate *rate, *miss_rate; /* buckets of clients (AC-05, AC-08) */
	uint32_t slot, share;
	uint32_t workers; /* that share the traffic */
	uint64_t life;
	struct cache caches[FORWARDERS_MAX]; /* those of other processes, for reading */
	unsigned ncaches;
	uint64_t started_ns;
	uint64_t turn;      /* counts queries: where rotations begin (LD-01) */
	bool serving;       /* a root is mapped and sockets are read */
	bool accept_paused; /* no TCP connections are accepted for now */
	bool retiring;      /* told to end */
	bool ready_due;     /* READY has not been taken by the pair yet */
	uint64_t failures;  /* of refreshes that were logged */
	struct {
		uint64_t busy_ns, refreshes, refresh_failures, torn;
	} before; /* what predecessors have counted in the page (ME-05) */
	struct log_bucket refresh_log, receive_log, control_log;
	struct event *control, *poll, *tick, *step, *term;
	struct worker_socket sockets[WORKER_SOCKETS_MAX];
};

/*
 * Go over to the current generation, between two batches, and note when (MS-12). Where
 * there is nothing new it costs what reader_refresh() does.
 */
void worker_refresh(struct worker *w);

/* What answers are made from until the next refresh. */
static inline struct basis worker_basis(struct worker *w, uint64_t now_ns)
{
	return (struct basis){.snap = reader_snap(&w->reader),
		.settings = &w->reader.settings,
		.now_ns = now_ns,
		.caches = w->caches,
		.ncaches = w->ncaches};
}

/*
 * Where the addresses of the next answer begin: a counter, mixed so that no client that
 * asks in turns, such as for A and AAAA, meets the same addresses again and again.
 */
static inline uint32_t worker_turn(struct worker *w)
{
	uint64_t x = ++w->turn;

	x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return (uint32_t)(x >> 32);
}

#endif
