/*
 * probe.h - queries of our own to the listener: is a client answered? (HR-05) (shell)
 *
 * One a second, over UDP, each from a socket of its own, so that each worker is met. It
 * asks for the SOA of the first zone. A reply that is not SERVFAIL is good, also if it
 * refuses; without one after 3 s the probe has failed. Counted in our page.
 */
#ifndef ADMIN_PROBE_H
#define ADMIN_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "dns/addr.h"
#include "dns/name.h"

struct admin;

#define PROBE_EVERY_NS (1000 * NS_PER_MS)
#define PROBE_WAIT_NS  (3000 * NS_PER_MS)
#define PROBE_SLOW_NS  (1000 * NS_PER_MS) /* a warning */
#define PROBES         4                  /* that can wait for a reply at once */

struct probe_to {
	struct addr addr; /* all zero: any address of the machine */
	uint32_t scope;   /* of a link-local one */
	uint16_t port;
};

/* One query that waits; zeroed: none. */
struct probe {
	struct event *event; /* owned; NULL: it does not wait */
	struct admin *admin;
	int fd;
	uint16_t id;
	uint64_t sent_ns;
};

/*
 * Ask if it is time, and give up on who was asked too long ago. Nothing is asked before
 * there is a generation, nor once the appliance has been told to end: a lameduck waits
 * for silence.
 */
void probe_tick(struct admin *a, uint64_t now_ns);

/* Write what is asked for into a->probe_name, for the scrape; "" before it is known. */
void probe_name(struct admin *a);

/* Wait for nothing any more. */
void probe_end(struct admin *a);

#endif
