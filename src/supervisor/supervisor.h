/*
 * supervisor.h - what the supervisor knows while it runs
 *
 * One struct, made by main.c, turned by supervise.c; crew.c deals with the children,
 * reload.c with the configuration and the controller, resize.c with how many
 * workers there are.
 */
#ifndef SUPERVISOR_SUPERVISOR_H
#define SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "snap/stat.h"
#include "supervisor/child.h"
#include "supervisor/confmem.h"
#include "supervisor/httpsock.h"
#include "supervisor/keep.h"
#include "supervisor/lameduck.h"
#include "supervisor/oom.h"
#include "supervisor/slots.h"
#include "supervisor/sockets.h"

/* A slot's descriptors; the rest of it stands in struct slot of the same index. */
struct crew {
	int pair;                     /* our end, owned; -1: no process */
	int stat;                     /* the slot's page, for the process; owned */
	const struct stat_head *page; /* the same, mapped for reading */
	const char *reason; /* why it was killed, a literal; NULL: not by us, so far */
};

/*
 * Nobody is told to end before the lameduck is over. Workers first: what they have parked
 * is settled while there are forwarders. /health is answered as long as there is anybody
 * else. In the order of enum slot_role.
 */
enum stop_stage {
	STOP_NOT,
	STOP_LAMEDUCK,
	STOP_WORKERS,
	STOP_FORWARDERS,
	STOP_ADMIN,
	STOP_CONTROLLER
};

/* What is known of the files of the configuration; watch.h. */
struct watch {
	int fd;               /* of notices, or -1; owned */
	uint64_t settle_ns;   /* when to look because of notices; UINT64_MAX: none */
	uint64_t restless_ns; /* then at the latest */
	uint64_t look_ns;     /* when to look without any; UINT64_MAX: never */
	bool asked;           /* for the reload that is due, and nobody else did */
	uint8_t seen[SHA256_OCTETS];  /* at the last look */
	uint8_t tried[SHA256_OCTETS]; /* at the last start or reload, good or bad */
};

/* A change of the number of workers; resize.h. */
struct resize {
	uint32_t workers; /* there shall be so many */
	bool retiring;    /* those that leave were told to end, */
	bool late;        /* and had the time to */
	uint64_t wake_ns; /* when to look at them again */
	uint64_t end_ns;  /* no more patience for queues, or for workers */
};

/* What the reload that is on its way will have changed; ownpage.h. */
struct reload_note {
	bool current; /* its configuration is, but the controller has not taken it */
	bool unchanged;
	uint32_t restart; /* keys that wait for the next start */
	uint64_t workers_was, added, removed;
};

struct supervisor {
	const char *path;     /* of the configuration; borrowed */
	const char *instance; /* that we run as, whatever a reload says; borrowed */
	uint16_t port; /* in the place of all ports of `listen`; 0: as configured */
	bool quiet;    /* warnings and errors only, whatever log.level says */

	struct confmem first;   /* the one of the start, when it is current no more */
	struct confmem config;  /* current */
	struct confmem next;    /* being prepared; fd -1: none */
	bool last_good;         /* that one runs, as the files had errors at the start */
	uint32_t kept;          /* number of the one that was kept last; lastgood.h */
	bool reload_wanted;     /* a signal came */
	uint64_t reload_ns;     /* not before */
	uint32_t reload_deaths; /* of controllers over what was tried last */
	bool reloading;         /* the manager was told so */
	struct reload_note note;
	uint32_t restart;  /* keys that the next start will take */
	bool config_taken; /* the controller that runs now has the current one */
	bool config_ever;  /* some controller took one: the start has succeeded */

	struct program worker, forwarder, admin, controller;
	struct slots slots;
	struct keep keep;
	uint64_t success, denial; /* octets of each cache, as it was at the start */
	struct crew *crew;        /* one for each slot, owned */
	struct sockets sockets;
	struct resize resize;
	struct watch watch;
	struct httpsock http;         /* the admin's listeners */
	struct stat_supervisor *stat; /* our own page, mapped; NULL: there is none yet */

	int epoll, signals, addresses; /* owned */
	uint64_t addresses_ns; /* when to look at the addresses; UINT64_MAX: not */

	uint64_t dropped[SLOTS_SHARES_MAX]; /* at the sockets of each share; drops.h */
	uint32_t drops_next;                /* the share whose turn it is */

	bool told_ready;
	uint64_t status_ns;   /* when the manager gets the next STATUS */
	uint64_t queries;     /* of all workers, at the last STATUS */
	uint64_t watchdog_ns; /* WATCHDOG=1 not before, */
	uint64_t
		moved_ns; /* and when a worker moved that had not when it was said last */

	enum stop_stage stop;
	struct lameduck lameduck;
	struct oom oom;
	bool stop_hard;   /* a second signal: no more patience */
	uint64_t stop_ns; /* until then the stage's processes may end by themselves */
	int status;       /* exit status */
};

/* Event sources beside the slots' pairs in epoll's data. */
#define SOURCE_SIGNALS   (UINT64_C(1) << 32)
#define SOURCE_ADDRESSES (UINT64_C(2) << 32)
#define SOURCE_FILES     (UINT64_C(3) << 32)

#endif
