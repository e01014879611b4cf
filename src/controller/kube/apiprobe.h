/*
 * apiprobe.h - two small questions to an API server (shell)
 *
 * Which resourceVersion has it come to (WP-61)? And does it take connections again
 * (RF-01)? One question at a time for each struct, which its owner embeds.
 */
#ifndef KUBE_APIPROBE_H
#define KUBE_APIPROBE_H

#include "controller/kube/kubehttp.h"
#include "controller/kube/watch.h"

/* Zeroed is valid and idle. */
struct apiprobe {
	struct kubehttp_transfer *transfer; /* NULL: idle */
	struct kubejson *json;
	char rv[WATCH_RV_MAX];
	/* The answer: a resourceVersion, or "" if there was none. */
	void (*on_version)(void *arg, const char *rv);
	void (*on_reached)(void *arg, bool reached);
	void *arg;
};

/* Ask for the list in `r`, of `kind`. False: it cannot be asked, nothing is called. */
bool apiprobe_version(struct apiprobe *p, struct kubehttp *http,
	const struct kubehttp_request *r, enum kube_kind kind,
	void (*on_version)(void *arg, const char *rv), void *arg);

/* Connect to the server of `r`, TLS included, and no more. False as above. */
bool apiprobe_reach(struct apiprobe *p, struct kubehttp *http,
	const struct kubehttp_request *r, void (*on_reached)(void *arg, bool reached),
	void *arg);

/* The connections are gone: forget the question. */
void apiprobe_fini(struct apiprobe *p);

#endif
