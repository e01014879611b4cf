#include "controller/resolvset.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/endpoint.h"
#include "controller/ownaddr.h"

#define OWN_MAX 64

/* The machine's addresses, while files are gone through. */
struct own {
	struct addr addr[OWN_MAX];
	size_t n;
};

/* ---- who is left out ---- */

static bool is_unspecified(const struct addr *a)
{
	return addr_compare(a, &(struct addr){.len = a->len}) == 0;
}

/* Does a wildcard of ours take what comes to that address of the machine? */
static bool is_ours(
	const struct resolvset *r, const struct own *own, const struct addr *a)
{
	for (size_t i = 0; i < r->nlisten; i++) {
		const struct conf_listen *l = &r->listen[i];

		if (l->port != RESOLV_PORT || l->addr.len != a->len ||
			!is_unspecified(&l->addr))
			continue;
		for (size_t k = 0; k < own->n; k++)
			if (addr_compare(&own->addr[k], a) == 0)
				return true;
	}
	return false;
}

/* Why it cannot be asked; NULL: it can. */
static const char *fault(const struct resolvset *r, const struct own *own,
	const struct resolv_server *s, uint32_t scope)
{
	const char *why = resolv_fault(s, r->listen, r->nlisten);

	if (why == NULL && endpoint_link_local(&s->addr) && scope == 0)
		why = "link-local, and there is no such interface";
	if (why == NULL && is_ours(r, own, &s->addr))
		why = "our own address: we would ask ourselves";
	return why;
}

/* Add those of `from` that can be asked; each of the others is told. */
static void take(const struct resolvset *r, const struct own *own, const char *path,
	const struct resolv *from, struct forwardset_file *out)
{
	for (size_t i = 0; i < from->n && out->n < FORWARD_UPSTREAMS_MAX; i++) {
		const struct resolv_server *s = &from->server[i];
		const uint32_t scope = s->interface[0] != '\0'
		                               ? if_nametoindex(s->interface)
		                               : 0;
		const char *why = fault(r, own, s, scope);
		char text[ADDR_TEXT_MAX];

		if (why == NULL) {
			out->server[out->n].addr = s->addr;
			out->server[out->n++].scope = endpoint_link_local(&s->addr)
			                                      ? scope
			                                      : 0;
			continue;
		}
		addr_text(&s->addr, text);
		log_line(LOG_WARNING, "%s:%u: upstream %s is left out: %s", path, s->line,
			text, why);
	}
}

/* ---- reading ---- */

static void parse(const char *path, const char *text, size_t len, struct resolv *out)
{
	resolv_parse(text, len, out);
	if (out->bad_line != 0)
		log_line(LOG_WARNING, "%s:%u: no address behind `nameserver`", path,
			out->bad_line);
	if (out->more > 0)
		log_line(LOG_WARNING, "%s: more than %u upstreams, %zu are left out",
			path, RESOLV_SERVERS_MAX, out->more);
}

/*
 * A file that names nobody any more is taken for one that is being written, or was not:
 * whom it had stands on, as while it cannot be read.
 */
static void take_over(struct resolvset_file *f, const char *text, size_t len)
{
	struct resolv fresh;

	parse(f->watch.path, text, len, &fresh);
	if (fresh.n > 0 || f->now.n == 0)
		f->now = fresh;
	else
		log_line(LOG_WARNING, "%s: no `nameserver` line; whom it had stands on",
			f->watch.path);
}

/* Take over what watchfile_set() or watchfile_look() gave of a file. */
static void note(struct resolvset_file *f, int got, char *text, size_t len)
{
	if (got > 0)
		take_over(f, text, len);
	else if (got < 0)
		log_line(LOG_ERROR, "%s: %s; looked for again", f->watch.path,
			watchfile_reason(got));
	free(text);
}

/* The same of the fallback, which need not be there. */
static bool note_fallback(struct resolvset *r, int got, char *text, size_t len)
{
	if (got > 0)
		parse(r->fallback.path, text, len, &r->fallback_now);
	free(text);
	return got > 0;
}

static void open_fallback(struct resolvset *r)
{
	char *text = NULL;
	size_t len = 0;

	if (r->fallback.path != NULL)
		return;
	int got = watchfile_set(&r->fallback, r->fallback_path, &text, &len);
	note_fallback(r, got, text, len);
}

static void say(const struct resolvset *r, const struct resolvset_file *f)
{
	if (f->out.n == 0)
		log_line(LOG_ERROR,
			"%s: nobody is left to ask: names outside of the cluster fail, "
			"unless another upstream is configured hint=\"write addresses "
			"into forward[].to\"",
			f->watch.path);
	else
		log_line(LOG_INFO, "upstreams read file=%s upstreams=%zu",
			f->asks_fallback ? r->fallback_path : f->watch.path, f->out.n);
}

/* Whom a file gives us now. True: others than before. */
static bool choose(struct resolvset *r, struct resolvset_file *f)
{
	struct forwardset_file out = {.path = f->watch.path};
	struct own own;
	bool changed;

	own.n = ownaddr_list(own.addr, OWN_MAX);
	take(r, &own, f->watch.path, &f->now, &out);
	f->asks_fallback = out.n == 0;
	if (f->asks_fallback) {
		open_fallback(r);
		take(r, &own, r->fallback_path, &r->fallback_now, &out);
	}
	changed = out.n != f->out.n ||
	          memcmp(out.server, f->out.server, out.n * sizeof(out.server[0])) != 0;
	f->out = out;
	say(r, f);
	return changed;
}

/* ---- from outside ---- */

static struct resolvset_file *find(struct resolvset *r, const char *path)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->file[i].watch.path, path) == 0)
			return &r->file[i];
	return NULL;
}

static void add(struct resolvset *r, const struct conf_upstream *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct resolvset_file *f;
		char *text = NULL;
		size_t len = 0;

		if (list[i].kind != CONF_UPSTREAM_FILE || find(r, list[i].path) != NULL)
			continue;
		r->file = mem_resize(r->file, r->n + 1, sizeof(*r->file));
		f = &r->file[r->n++];
		*f = (struct resolvset_file){0};
		int got = watchfile_set(&f->watch, list[i].path, &text, &len);
		note(f, got, text, len);
	}
}

/* What a file had stands on while it cannot be read or is empty, over a reload too. */
static void keep(struct resolvset *r, const struct resolvset *old)
{
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < old->n; k++)
			if ((r->file[i].watch.read.error != 0 || r->file[i].now.n == 0) &&
				strcmp(r->file[i].watch.path, old->file[k].watch.path) ==
					0)
				r->file[i].now = old->file[k].now;
}

static void give(struct resolvset *r)
{
	for (size_t i = 0; i < r->n; i++)
		r->out[i] = r->file[i].out;
}

void resolvset_set(struct resolvset *r, const struct conf *c, const char *fallback)
{
	struct resolvset old = *r;

	*r = (struct resolvset){.fallback_path = fallback, .nlisten = c->nlisten};
	r->listen = mem_alloc(c->nlisten, sizeof(*r->listen));
	memcpy(r->listen, c->listen, c->nlisten * sizeof(*r->listen));
	for (size_t i = 0; i < c->nforward; i++)
		add(r, c->forward[i].to, c->forward[i].nto);
	if (forwardset_needs_bootstrap(c))
		add(r, c->bootstrap, c->nbootstrap);
	keep(r, &old);
	resolvset_fini(&old);
	r->out = mem_alloc(r->n, sizeof(*r->out));
	for (size_t i = 0; i < r->n; i++)
		choose(r, &r->file[i]);
	give(r);
}

bool resolvset_look(struct resolvset *r)
{
	char *text = NULL;
	size_t len = 0;
	int got = watchfile_look(&r->fallback, &text, &len);
	bool fresh = note_fallback(r, got, text, len), changed = false;

	for (size_t i = 0; i < r->n; i++) {
		struct resolvset_file *f = &r->file[i];

		text = NULL;
		got = watchfile_look(&f->watch, &text, &len);
		note(f, got, text, len);
		if (got > 0 || (fresh && f->asks_fallback))
			changed |= choose(r, f);
	}
	give(r);
	return changed;
}

void resolvset_fini(struct resolvset *r)
{
	for (size_t i = 0; i < r->n; i++)
		watchfile_fini(&r->file[i].watch);
	watchfile_fini(&r->fallback);
	free(r->file);
	free(r->out);
	free(r->listen);
	*r = (struct resolvset){0};
}
