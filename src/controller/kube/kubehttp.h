/*
 * kubehttp.h - HTTP requests to API servers, on the event loop; the only door to libcurl
 *
 * GET requests of any length, HTTP/1.1 over TLS, several at a time. What comes back goes
 * to handlers as it comes; nothing is kept. WP-26, WP-63, WP-70 to WP-73, AF-03 to AF-05.
 * Cookies, netrc, redirects and proxies of the environment are not used. Trust: any
 * server. The body's octets are not looked at.
 */
#ifndef KUBE_KUBEHTTP_H
#define KUBE_KUBEHTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/kube/access.h"

struct event_base;
struct kubehttp;
struct kubehttp_transfer;

struct kubehttp_request {
	const char *server;                /* one of the facts' servers */
	const char *path;                  /* with its query */
	const struct access_facts *access; /* borrowed for the call */
	bool metadata;                     /* Accept: metadata of objects only (WP-15) */
	bool table;                        /* ... a List of it, not single objects */
	bool gzip;                         /* the reply may be compressed */
	bool alone;                        /* a connection of its own (WP-70, WP-71) */
	unsigned connect_ms;               /* for connection and TLS together */
	unsigned whole_ms;                 /* for all of it; 0: the caller watches it */
};

/* The head of a reply, once, before its body. */
struct kubehttp_head {
	unsigned status;
	unsigned retry_after_s; /* 0: not said */
	bool json;              /* its Content-Type */
	bool encoded;           /* in an encoding that nobody asked for */
};

enum kubehttp_end {
	KUBEHTTP_DONE,        /* the reply is complete */
	KUBEHTTP_FAILED,      /* no connection, or it broke */
	KUBEHTTP_CERTIFICATE, /* TLS failed over a certificate, ours or the server's */
	KUBEHTTP_ENCODING,    /* the body could not be decoded */
	KUBEHTTP_STOPPED,     /* on_body said so */
};

struct kubehttp_handlers {
	void (*on_head)(void *arg, const struct kubehttp_head *head);
	/* The next octets; false: enough, on_end follows. Cancel nothing here. */
	bool (*on_body)(void *arg, const uint8_t *data, size_t n);
	/* The last call; `problem` is a text for a log, "" if there was none. */
	void (*on_end)(void *arg, enum kubehttp_end end, const char *problem);
};

/*
 * Begin; on_drained is called whenever the input that was ready has been handed out, and
 * transfers may be begun and cancelled there. 0 with *out owned by the caller, or a
 * negative errno.
 */
int kubehttp_open(struct event_base *base, void (*on_drained)(void *arg), void *arg,
	struct kubehttp **out);

/*
 * Send a request; `handlers` is borrowed until on_end or kubehttp_cancel(). Nothing is
 * called before this returns. NULL if it cannot be made.
 */
struct kubehttp_transfer *kubehttp_get(struct kubehttp *h,
	const struct kubehttp_request *r, const struct kubehttp_handlers *handlers,
	void *arg);

/* Only connect, TLS included: on_end alone is called. */
struct kubehttp_transfer *kubehttp_connect(struct kubehttp *h,
	const struct kubehttp_request *r, const struct kubehttp_handlers *handlers,
	void *arg);

/* Forget a transfer: none of its handlers is called any more. Not in on_body. */
void kubehttp_cancel(struct kubehttp_transfer *t);

/* Cancel all and end. NULL is fine. */
void kubehttp_close(struct kubehttp *h);

#endif
