#include "controller/kube/kubereply.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"

static const char *text(const char *s)
{
	return s == NULL ? "" : s;
}

static bool is(const char *s, const char *what)
{
	return strcmp(text(s), what) == 0;
}

static void drop(const struct kubefields_reader *r, struct kubedraft *d)
{
	static char empty[] = "";
	struct kube_object o = {
		.kind = r->kind,
		.namespace = d->meta.namespace != NULL ? d->meta.namespace : empty,
		.name = d->meta.name != NULL ? d->meta.name : empty,
		.resource_version = d->meta.resource_version != NULL
	                                    ? d->meta.resource_version
	                                    : empty,
	};

	r->reply->on_dropped(r->arg, &o, &d->error);
}

/* The kind may be absent (WP-75), or that of metadata alone (WP-15). */
static bool kind_fits(const struct kubefields_reader *r, const struct kubedraft *d)
{
	return text(d->kind)[0] == '\0' || is(d->kind, kube_kind_text(r->kind)) ||
	       is(d->kind, "PartialObjectMetadata");
}

/* Of an object that is gone nothing else need be right (WP-32). */
static void only_identity(struct kubedraft *d)
{
	kubedraft_discard(d);
	if (text(d->meta.name)[0] != '\0')
		d->error.text[0] = '\0';
}

static void take(
	const struct kubefields_reader *r, struct kubedraft *d, enum kube_change change)
{
	struct kube_object o;
	const char *wrong = NULL;

	d->asked = true;
	d->asked_kind = r->kind;
	if (change == KUBE_DELETED)
		only_identity(d);
	if (d->error.text[0] == '\0') {
		wrong = kind_fits(r, d) ? kubedraft_finish(d, &o)
		                        : "of another kind than was asked for";
		if (wrong == NULL) {
			r->reply->on_object(r->arg, change, &o);
			kube_object_fini(&o);
			return;
		}
		d->error = d->at;
		snprintf(d->error.text, sizeof(d->error.text), "%s", wrong);
	}
	drop(r, d);
}

void kubereply_item(const struct kubefields_reader *r, struct kubedraft *d)
{
	take(r, d, KUBE_ADDED);
}

static void status(const struct kubefields_reader *r, const struct kubedraft *d)
{
	struct kube_status s = {
		.code = d->code > 0 ? (unsigned)d->code : 0,
		.reason = text(d->reason),
		.message = text(d->message),
		.too_large = d->too_large,
		.retry_after_s = d->retry_after_s > 0 ? (unsigned)d->retry_after_s : 0,
	};

	r->reply->on_status(r->arg, &s);
}

/* An empty list of something else must not empty ours. */
static bool list_fits(const struct kubefields_reader *r, const struct kubedraft *d)
{
	const char *item = kube_kind_text(r->kind), *kind = text(d->kind);
	size_t n = strlen(item);

	return is(kind, "PartialObjectMetadataList") ||
	       (strncmp(kind, item, n) == 0 && is(kind + n, "List"));
}

static const char *list(const struct kubefields_reader *r, const struct kubedraft *d)
{
	size_t n = strlen(text(d->kind));

	if (is(d->kind, "Status")) {
		status(r, d);
		return NULL;
	}
	if (n < 4 || strcmp(d->kind + n - 4, "List") != 0)
		return "neither a List nor a Status";
	if (!list_fits(r, d))
		return "a List of another kind than was asked for";
	if (d->error.text[0] != '\0')
		return d->error.text;
	r->reply->on_list_end(
		r->arg, text(d->meta.resource_version), text(d->more), d->remaining);
	return NULL;
}

static const char *event(const struct kubefields_reader *r, struct kubedraft *d)
{
	static const char *const changes[] = {
		[KUBE_ADDED] = "ADDED",
		[KUBE_MODIFIED] = "MODIFIED",
		[KUBE_DELETED] = "DELETED",
	};
	struct kubedraft *o = d->pending;

	if (o == NULL)
		return "an event without an object";
	for (unsigned i = 0; i < ARRAY_LEN(changes); i++) {
		if (is(d->event_type, changes[i])) {
			take(r, o, (enum kube_change)i);
			return NULL;
		}
	}
	if (is(d->event_type, "BOOKMARK"))
		r->reply->on_bookmark(
			r->arg, text(o->meta.resource_version), o->initial_end);
	else if (is(d->event_type, "ERROR"))
		status(r, o);
	else
		return "an event of an unknown type";
	return NULL;
}

const char *kubereply_document(const struct kubefields_reader *r, struct kubedraft *d)
{
	return r->form == KUBE_FORM_WATCH ? event(r, d) : list(r, d);
}
