/*
 * explain.h - why a name is as it is: the object, the rule, or the nearest reason (core)
 *
 * From the store, which is what the next publish would say; the records themselves are
 * for who asks to look up (OV-03).
 */
#ifndef CONTROLLER_EXPLAIN_H
#define CONTROLLER_EXPLAIN_H

#include "controller/kube/store.h"
#include "controller/records/options.h"

struct explained {
	const char *rule; /* of doc/RECORDS.md; NULL: none */
	/* "" each: there is no such thing to say. Names of objects are not checked. */
	char object[STORE_CAUSE_MAX]; /* "Service shop/api" */
	char kind[32];                /* "ClusterIP", "headless", "ExternalName" */
	char version[64];             /* its resourceVersion */
	char reason[320];             /* why there is no such name or record */
};

/* Explain `type` at `name` (folded). */
void explain_name(const struct store *s, const struct record_options *o,
	const struct name *name, uint16_t type, struct explained *out);

#endif
