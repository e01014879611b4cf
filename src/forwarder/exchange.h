/*
 * exchange.h - the way that each query of the core's took (shell)
 *
 * The core numbers its exchanges; here stands which socket or connection has which. It is
 * what the core calls to send and to close, and what carriers call when a number is free.
 */
#ifndef FORWARDER_EXCHANGE_H
#define FORWARDER_EXCHANGE_H

#include "forwarder/forwarder.h"

/* Who carries a query. */
enum carrier {
	CARRIER_NONE,
	CARRIER_UDP,  /* a socket of its own */
	CARRIER_KEPT, /* a place in the lane of a kept socket */
	CARRIER_TCP,  /* ... of a connection, TLS or not */
};

struct exchange {
	uint8_t carrier; /* enum carrier */
	uint8_t place;   /* in the lane */
	uint32_t index;  /* of the kept socket or the connection */
};

/* The table, with no exchange in it. Owned for the life of the process. */
struct exchanges *exchange_table(void);

/* Which way a query took; the number is below FWDTAB_EXCHANGES. */
struct exchange *exchange_of(struct forwarder *f, uint32_t number);

/* Send: fwdtab_ops. */
int exchange_send(void *arg, const struct fwdtab_send *s, uint16_t *id);

/* Close: fwdtab_ops. An exchange that was over already is no mistake. */
void exchange_close(void *arg, uint32_t number);

/* The carrier has let go of it: tell the core that there will be no reply. */
void exchange_failed(
	struct forwarder *f, uint32_t number, enum fwdtab_error why, const char *text);

#endif
