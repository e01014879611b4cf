#include "controller/kube/apilog.h"

#include <stdio.h>

#include "base/base.h"

#define NAME_MAX_OCTETS 320
#define AGAIN_NS        (30 * NS_PER_S) /* a line about the same failure */

/* "resource=services namespace=shop" */
static const char *name(const struct watch *w, char out[NAME_MAX_OCTETS])
{
	const struct watch_options *o = &w->options;

	snprintf(out, NAME_MAX_OCTETS, "resource=%s%s%s", watch_resource(o->kind),
		o->namespace_[0] != '\0' ? " namespace=" : "", o->namespace_);
	return out;
}

static const char *end_text(enum watch_end end)
{
	static const char *const texts[] = {
		[WATCH_END_CLEAN] = "status",
		[WATCH_END_TRANSPORT] = "connection",
		[WATCH_END_CONTENT] = "content",
		[WATCH_END_PARSE] = "malformed",
		[WATCH_END_OVERDUE] = "silent",
	};

	return texts[end];
}

/* What it means for those who ask, and what may be done. */
static const char *hint(const struct watch *w, unsigned code)
{
	if (code == 401)
		return w->taken ? "the credentials are refused; the last generation is "
		                  "served"
		                : "the credentials are refused";
	if (code == 403)
		return w->taken ? "grant list and watch on it; the last generation is "
		                  "served"
		                : "grant list and watch on it";
	return w->taken ? "the last generation is served"
	                : "nothing is complete before this succeeds";
}

/* 410 is ordinary: a server that has just started knows no history. */
static void say_expired(const struct watch *w)
{
	char of[NAME_MAX_OCTETS];

	log_line(LOG_INFO, "the server does not know our version: all is listed again %s",
		name(w, of));
}

void apilog_said(struct apilog *l, const char *message)
{
	snprintf(l->said, sizeof(l->said), "%s", message);
}

void apilog_failed(struct apilog *l, const struct watch *w, enum watch_end end,
	const char *problem, uint64_t now_ns)
{
	const struct watch_stream *s = &w->stream;
	unsigned code = s->has_status ? s->status_code : s->code;
	char of[NAME_MAX_OCTETS], quoted[400];
	bool other = !l->troubled || code != l->code || end != l->end;

	if (code == 410) {
		say_expired(w);
		return;
	}
	l->failures++;
	l->troubled = true;
	l->code = code;
	l->end = end;
	if (!other && now_ns < l->next_ns)
		return;
	l->next_ns = now_ns + AGAIN_NS;
	log_line(LOG_WARNING,
		"API request failed %s how=%s status=%u problem=%s failures=%u "
		"retry_ms=%llu hint=\"%s\"",
		name(w, of), end_text(end), code,
		log_quote(problem[0] != '\0' ? problem : l->said, quoted, sizeof(quoted)),
		l->failures,
		(unsigned long long)((MAX(w->wait_ns, now_ns) - now_ns) / NS_PER_MS),
		hint(w, code));
	l->failures = 0;
}

void apilog_well(struct apilog *l, const struct watch *w)
{
	char of[NAME_MAX_OCTETS];

	if (l->troubled)
		log_line(LOG_INFO, "API answers again %s", name(w, of));
	l->troubled = false;
	l->failures = 0;
}

void apilog_malformed(
	const struct watch *w, size_t octets, const struct kube_error *error)
{
	char of[NAME_MAX_OCTETS], quoted[500];

	log_line(LOG_WARNING, "API reply is malformed %s octets=%zu problem=%s",
		name(w, of), octets, log_quote(error->text, quoted, sizeof(quoted)));
}

void apilog_dropped(struct apilog *l, const struct kube_object *o,
	const struct kube_error *why, uint64_t now_ns)
{
	char object[400], quoted[600], text[600];
	uint64_t suppressed;

	if (!log_allow(&l->dropped, now_ns, &suppressed))
		return;
	snprintf(object, sizeof(object), "%s %.100s%s%.253s", kube_kind_text(o->kind),
		o->namespace, o->namespace[0] != '\0' ? "/" : "", o->name);
	log_line(LOG_WARNING, "object left out object=%s reason=%s suppressed=%llu",
		log_quote(object, quoted, sizeof(quoted)),
		log_quote(why->text, text, sizeof(text)), (unsigned long long)suppressed);
}

void apilog_complete(const struct watch *w, uint64_t now_ns)
{
	char of[NAME_MAX_OCTETS];

	log_line(LOG_INFO, "list complete %s version=%s took_ms=%llu", name(w, of), w->rv,
		(unsigned long long)((now_ns - w->stream.began_ns) / NS_PER_MS));
}

void apilog_audit(const struct watch *w, size_t differences)
{
	char of[NAME_MAX_OCTETS];

	log_line(differences > 0 ? LOG_WARNING : LOG_INFO,
		"audit done %s differences=%zu", name(w, of), differences);
}

void apilog_held(const struct watch *w, size_t objects, uint64_t hold_ns)
{
	char of[NAME_MAX_OCTETS];

	log_line(LOG_WARNING,
		"a list lacks many objects: they stay %s objects=%zu hold_ms=%llu "
		"hint=\"publish.max_drop and publish.hold\"",
		name(w, of), objects, (unsigned long long)(hold_ns / NS_PER_MS));
}

void apilog_lost(const struct watch *w, const char *ours, const char *theirs)
{
	char of[NAME_MAX_OCTETS];

	log_line(LOG_WARNING,
		"the server went back in time: all is listed again %s ours=%s version=%s",
		name(w, of), ours, theirs);
}
