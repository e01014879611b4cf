/*
 * sockets.h - the listening sockets: opened here, kept here, lent to workers (shell)
 *
 * For each address one UDP socket and one TCP listener per share (T-11), each kind one
 * SO_REUSEPORT group, bound in the order of the shares (that order is what steering
 * programs return). They stay open whatever happens to workers, so what is queued in
 * them is lost to nobody (DE-03). UDP is steered at random, TCP by the kernel's hash.
 *
 * A wildcard is one UDP socket for each address of the machine, which replies leave from
 * by themselves, and a catch-all with IP_PKTINFO for addresses that have none; the kernel
 * prefers the specific ones. sockets_follow() keeps up with the machine's addresses. TCP
 * listens on the wildcard itself; where somebody else listens on one address of it, on
 * each other address of the machine instead.
 */
#ifndef SUPERVISOR_SOCKETS_H
#define SUPERVISOR_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pair.h"
#include "conf/conf.h"
#include "supervisor/addresses.h"
#include "supervisor/steer.h"

#define SOCKETS_BUFFER (4 << 20) /* octets asked for, each way (DE-04) */
#define SOCKETS_WILD_MAX                                                                 \
	128 /* specific sockets of one wildcard: more go to the catch-all */
#define SOCKETS_TEXT_MAX 72

/* One address with its group. */
struct sockets_group {
	struct socket_key key;
	bool follows;       /* made for a wildcard: goes when the address goes */
	bool fresh;         /* of a change that is neither made nor taken back */
	uint64_t leaves_ns; /* it is to be closed then; 0: it stays */
	int *fd; /* one for each share, owned; NULL: somebody else holds the port */
};

struct sockets {
	uint32_t shares;
	struct sockets_group *group; /* owned */
	size_t n, cap;
	struct conf_listen *listen; /* owned: what was asked for */
	bool *tcp_apart; /* owned; for each: a wildcard that TCP cannot listen on */
	size_t nlisten;
	uint16_t port;        /* stands in for all ports, unless 0 */
	struct sockets *next; /* what a change asks for, no descriptors; owned, or NULL */
	struct sock_filter filter[STEER_MAX]; /* current steering */
	uint16_t filter_len;
	bool all_serve;   /* no share is steered around */
	int granted;      /* octets: the least receive buffer that the kernel gave */
	bool warned;      /* of small buffers, */
	bool warned_many; /* of more addresses than sockets */
};

/* A group was opened (true), or is about to be closed (false). */
typedef void (*sockets_on_change)(void *arg, const struct sockets_group *g, bool opened);

/*
 * Open all sockets of the `n` listening addresses for `shares` shares; a `port` other
 * than 0 stands in for all ports. First every address is bound once without SO_REUSEPORT:
 * a socket of the same uid would join a stranger's group silently (EV-11). 0 or -errno,
 * logged with who holds the port and what to do; nothing is left open on failure.
 */
int sockets_open(struct sockets *s, const struct conf_listen *listen, size_t n,
	uint16_t port, uint32_t shares, const struct addresses *machine);

/* Open and close specific sockets of wildcards after the machine's addresses changed. */
void sockets_follow(struct sockets *s, const struct addresses *machine,
	sockets_on_change on_change, void *arg);

/*
 * Begin a change (RL-04): open what listening at these `n` addresses needs and is not
 * open, as sockets_open() does; where sockets of ours cover an address already, they are
 * no hindrance. What was open stays. 0; -errno, logged: nothing has changed.
 * sockets_commit() or sockets_abort() must follow.
 */
int sockets_prepare(struct sockets *s, const struct conf_listen *listen, size_t n,
	const struct addresses *machine, sockets_on_change on_change, void *arg);

/*
 * Make the change: what is not wanted any more is closed by sockets_step() at
 * `leaves_ns`, when queries that came by it have their replies. Without a change,
 * nothing happens.
 */
void sockets_commit(struct sockets *s, uint64_t leaves_ns);

/* Close what is due, and when there is something again. */
void sockets_step(
	struct sockets *s, uint64_t now_ns, sockets_on_change on_change, void *arg);
uint64_t sockets_wake_ns(const struct sockets *s);

/* Take the change back: close what it has opened. */
void sockets_abort(struct sockets *s, sockets_on_change on_change, void *arg);

/*
 * Bind further sockets in every group, up to `shares`; nobody draws them yet, and TCP is
 * steered from now on as well. 0; -errno, logged: nothing has changed.
 */
int sockets_grow(struct sockets *s, uint32_t shares);

/* Close the sockets of the shares from `shares` on, which nobody draws any more. */
void sockets_shrink(struct sockets *s, uint32_t shares);

/* True if nothing waits in the sockets of the shares from `share` on. */
bool sockets_idle(const struct sockets *s, uint32_t share);

/* Draw among these n shares from now on (steer.h). */
void sockets_steer(struct sockets *s, const uint32_t *share, uint32_t n);

/* Addresses that are served, wildcards and those of the machine counted apart. */
size_t sockets_addresses(const struct sockets *s);

/* Close everything. */
void sockets_close(struct sockets *s);

/* "10.0.0.1:53", "[fe80::1%2]:53"; `out` has SOCKETS_TEXT_MAX octets. Returns `out`. */
const char *sockets_text(const struct socket_key *key, char *out);

#endif
