/*
 * endpoint.h - addresses with ports, as they are written (OP-25), and what they are good
 * for
 */
#ifndef CONF_ENDPOINT_H
#define CONF_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "dns/addr.h"

/*
 * "HOST", "HOST:port", "[v6]", "[v6]:port" to its parts, in place; *port is NULL without
 * one. False: brackets that do not fit, or around something else than IPv6.
 */
bool endpoint_split(char *text, char **host, char **port);

/* A port from 1 to 65535, without leading zeros. */
bool endpoint_port(const char *text, uint16_t *out);

/* True for what is not the address of one machine: multicast, broadcast. */
bool endpoint_multicast(const struct addr *a);

/* True for what cannot be asked: the same, 0.0.0.0/8 and :: (FW-21). */
bool endpoint_nowhere(const struct addr *a);

/* True for IPv6 link-local addresses, which need an interface. */
bool endpoint_link_local(const struct addr *a);

#endif
