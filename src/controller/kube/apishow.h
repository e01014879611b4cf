/*
 * apishow.h - what the controller's page says of the API (MA, CM-27, HR-02; core)
 *
 * What watch.c counts by itself is not here: this is the state of a resource, put
 * together from its watches (one, or one for each namespace), and what is counted of
 * requests as such.
 */
#ifndef KUBE_APISHOW_H
#define KUBE_APISHOW_H

#include "controller/kube/watch.h"

/* Of one resource. */
struct apishow_sum {
	uint64_t state, version, held, listed, expected;
	bool failing, untold;
};

/* Begin with zeros, add every watch, then show. */
struct apishow {
	struct apishow_sum of[STAT_RESOURCES];
};

/* One watch: objects of it that are held back, and whether its requests fail now. */
void apishow_add(struct apishow *a, const struct watch *w, size_t held, bool failing);

/*
 * Of several namespaces the worst state is shown (MA-10), and how far all first lists are
 * together; what one of them does not tell is not known.
 */
void apishow(const struct apishow *a, struct stat_api *stat, uint64_t wall_ns);

/* A request goes to that server: "https://10.0.0.1:6443/prefix" (CM-28). */
void apishow_host(struct stat_api *stat, const char *server);

/* A request got its token after so long. */
void apishow_token(struct stat_api *stat, uint64_t waited_ns);

/* A request is over; client-go times lists alone (CM-27). */
void apishow_request(
	struct stat_api *stat, const struct watch_stream *s, uint64_t now_ns);

#endif
