/*
 * addresses.h - the machine's own addresses, and word when they change (shell)
 *
 * Only rtnetlink is asked, which the kernel answers: no octet of it comes from a network.
 * Events say no more than "look again"; the list is always asked for whole, so that
 * nothing depends on having seen every event.
 */
#ifndef SUPERVISOR_ADDRESSES_H
#define SUPERVISOR_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One address of the machine that can be bound. */
struct address {
	uint32_t family;  /* AF_INET or AF_INET6 */
	uint32_t scope;   /* interface index of a link-local address, else 0 */
	uint8_t addr[16]; /* network order, zeros behind an IPv4 address */
};

/* Sorted, without doubles. Zeroed is valid and empty. */
struct addresses {
	struct address *a; /* owned */
	size_t n, cap;
};

/* A socket that becomes readable when addresses come or go; -errno. */
int addresses_watch(void);

/* Take what is waiting on that socket; true if there was anything. */
bool addresses_drain(int fd);

/* Ask the kernel for all addresses. 0 with *out owned by the caller, or -errno. */
int addresses_list(struct addresses *out);

/*
 * Add the addresses of the `len` octets of a dump at `buf` to *out: those that can be
 * bound already (IPv6: not tentative, not duplicate). 1: there is more to come, 0: this
 * was the end, -errno. Pure.
 */
int addresses_parse(const void *buf, size_t len, struct addresses *out);

/* Sort and drop doubles (one address on several interfaces). */
void addresses_sort(struct addresses *l);

/* Free the list; it is empty and valid again. */
void addresses_fini(struct addresses *l);

#endif
