#include "controller/kube/apiprobe.h"

#include <string.h>

#include "controller/kube/kubejson.h"

/* ---- the list: only its resourceVersion is of interest ---- */

static void on_object(void *arg, enum kube_change change, struct kube_object *o)
{
	(void)arg;
	(void)change;
	(void)o;
}

static void on_dropped(
	void *arg, const struct kube_object *o, const struct kube_error *why)
{
	(void)arg;
	(void)o;
	(void)why;
}

static void on_list_end(void *arg, const char *rv, const char *more, uint64_t remaining)
{
	struct apiprobe *p = arg;

	(void)more;
	(void)remaining;
	if (strlen(rv) < sizeof(p->rv))
		memcpy(p->rv, rv, strlen(rv) + 1);
}

static void on_bookmark(void *arg, const char *rv, bool end)
{
	(void)arg;
	(void)rv;
	(void)end;
}

static void on_status(void *arg, const struct kube_status *status)
{
	(void)arg;
	(void)status;
}

static const struct kube_reply_handlers reply_handlers = {
	on_object, on_dropped, on_list_end, on_bookmark, on_status};

static void forget_json(struct apiprobe *p)
{
	kubejson_free(p->json);
	p->json = NULL;
}

static void on_head(void *arg, const struct kubehttp_head *head)
{
	struct apiprobe *p = arg;

	if (head->status != 200 || !head->json || head->encoded)
		forget_json(p);
}

static bool on_body(void *arg, const uint8_t *data, size_t n)
{
	struct apiprobe *p = arg;
	struct kube_error error;

	return p->json != NULL && kubejson_feed(p->json, data, n, &error) == 0;
}

static void on_version_end(void *arg, enum kubehttp_end end, const char *problem)
{
	struct apiprobe *p = arg;
	bool whole = end == KUBEHTTP_DONE && p->json != NULL;

	(void)problem;
	p->transfer = NULL;
	forget_json(p);
	p->on_version(p->arg, whole ? p->rv : "");
}

static const struct kubehttp_handlers version_handlers = {
	on_head, on_body, on_version_end};

bool apiprobe_version(struct apiprobe *p, struct kubehttp *http,
	const struct kubehttp_request *r, enum kube_kind kind,
	void (*on_version)(void *arg, const char *rv), void *arg)
{
	p->on_version = on_version;
	p->arg = arg;
	p->rv[0] = '\0';
	p->json = kubejson_new_reply(KUBE_FORM_LIST, kind, &reply_handlers, p);
	p->transfer = kubehttp_get(http, r, &version_handlers, p);
	if (p->transfer == NULL)
		forget_json(p);
	return p->transfer != NULL;
}

/* ---- the connection ---- */

static void on_reach_end(void *arg, enum kubehttp_end end, const char *problem)
{
	struct apiprobe *p = arg;

	(void)problem;
	p->transfer = NULL;
	p->on_reached(p->arg, end == KUBEHTTP_DONE);
}

static const struct kubehttp_handlers reach_handlers = {on_head, on_body, on_reach_end};

bool apiprobe_reach(struct apiprobe *p, struct kubehttp *http,
	const struct kubehttp_request *r, void (*on_reached)(void *arg, bool reached),
	void *arg)
{
	p->on_reached = on_reached;
	p->arg = arg;
	p->transfer = kubehttp_connect(http, r, &reach_handlers, p);
	return p->transfer != NULL;
}

void apiprobe_fini(struct apiprobe *p)
{
	p->transfer = NULL;
	forget_json(p);
}
