/*
 * client.h - who asks: what a generation knows of a client by its address (core)
 *
 * Clients stand in a trie of their own (snap_clients()), under the octets of their
 * addresses. Of each is known where it is (GS-05), of which namespace it is and which Pod
 * (AC-03, OF-09), as far as the configuration wants that kept; what is not known is
 * PLACE_UNKNOWN or empty. Names are never without a namespace.
 *
 * A look-up costs what one of a name does. Octets are hostile, as in snap.h; a namespace
 * and a Pod that are read are as long as they may be, but may hold any octets.
 */
#ifndef SNAP_CLIENT_H
#define SNAP_CLIENT_H

#include "snap/snap.h"

#define CLIENT_NAMESPACE_MAX 63  /* a DNS-1123 label */
#define CLIENT_POD_MAX       253 /* a DNS-1123 subdomain */

/* Octets of a client's node at the most. */
#define CLIENT_NODE_MAX 360

/* Zeroed: nothing is known. Texts are borrowed and not terminated. */
struct client {
	uint32_t place;
	uint8_t namespace_len, pod_len; /* 0: not known */
	const char *namespace, *pod;
};

/* True if nothing is known, so that there is no node. */
bool client_unknown(const struct client *c);

/* True if both say the same. */
bool client_equal(const struct client *a, const struct client *b);

/* Write the node of a client, as node_finish() leaves others. Returns its length. */
size_t client_node(const struct addr *addr, const struct client *c, uint8_t *out);

/*
 * What a node says; borrowed as it is. False, with *out zeroed, if it is none of a client
 * or damaged.
 */
bool client_of(const struct node_view *v, struct client *out);

/*
 * What is known of who has this address, borrowed until the next refresh. False, with
 * *out zeroed, if nobody knows it; where octets are damaged it is not known either.
 */
bool client_find(const struct snap *s, const struct addr *addr, struct client *out);

/* The same of its place alone; an order is not worth a SERVFAIL. */
uint32_t client_place(const struct snap *s, const struct addr *addr);

#endif
