/*
 * http.h - HTTP listeners on the loop of the process (shell)
 *
 * The only door to libmicrohttpd. One request for each connection, GET and HEAD, nothing
 * of a request is kept or copied into a reply (HT-01 to HT-06).
 */
#ifndef ADMIN_HTTP_H
#define ADMIN_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct event_base;
struct http;

struct http_request {
	const char *path; /* without its query; borrowed */
	bool openmetrics; /* the client takes that format */
};

struct http_reply {
	unsigned status;
	const char *type;     /* Content-Type: a literal */
	struct mem_buf *body; /* empty at first; owned by the listener */
};

/* Answer a request: fill in *reply. `kind` is that of http_open(). */
typedef void (*http_on_request)(
	void *arg, unsigned kind, const struct http_request *q, struct http_reply *reply);

/* Connections that are open, and how many were shut: for their time, or to make room. */
struct http_counts {
	unsigned connections;
	uint64_t shut;
};

/*
 * Listen on `fd`, which stays open as long as the process lives.
 * NULL if the library refuses.
 */
struct http *http_open(struct event_base *base, unsigned kind, int fd,
	http_on_request on_request, void *arg);

/* Look at the times of connections (HT-03); to be called several times a second. */
void http_tick(struct http *h, uint64_t now_ns);

/* Its counts. O(1). */
struct http_counts http_counts(const struct http *h);

#endif
