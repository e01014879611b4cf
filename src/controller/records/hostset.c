#include "controller/records/hostset.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "dns/rev.h"
#include "dns/type.h"

struct adding {
	struct hostset *set;
	bool of_file;
	void (*on_bad)(void *arg, unsigned line, const char *text);
	void *arg;
};

struct hostset *hostset_new(const struct conf_hosts *c, const struct hash_key *key)
{
	struct hostset *s = mem_alloc(1, sizeof(*s));

	s->key = *key;
	if (c->file != NULL)
		s->file = mem_dup(c->file, strlen(c->file));
	s->ttl_s = c->ttl_s;
	s->reverse = c->reverse;
	s->zones = c->zones;
	s->nzones = c->nzones;
	return s;
}

void hostset_free(struct hostset *s)
{
	if (s == NULL)
		return;
	mem_buf_fini(&s->octets);
	free(s->hosts);
	free(s->file);
	free(s);
}

/* ---- filling ---- */

static bool is_wildcard(const struct name *n)
{
	return n->len > 2 && n->wire[0] == 1 && n->wire[1] == '*';
}

static bool counts(const struct hostset *s, const struct name *n)
{
	for (size_t i = 0; i < s->nzones; i++)
		if (name_under(n->wire, n->len, s->zones[i].wire, s->zones[i].len))
			return true;
	return s->nzones == 0;
}

static size_t keep(struct hostset *s, const struct name *n)
{
	size_t at = s->octets.len;

	mem_buf_put(&s->octets, n->wire, n->len);
	return at;
}

static struct host *add(
	struct hostset *s, const struct name *name, uint16_t type, unsigned line)
{
	if (s->n == s->room) {
		s->room = s->room == 0 ? 16 : s->room * 2;
		s->hosts = mem_resize(s->hosts, s->room, sizeof(*s->hosts));
	}
	struct host *h = &s->hosts[s->n++];
	*h = (struct host){
		.hash = hash_name(&s->key, name->wire, name->len),
		.name = keep(s, name),
		.name_len = name->len,
		.type = type,
		.line = line,
	};
	return h;
}

static void on_host(
	void *arg, unsigned line, const struct addr *addr, const struct name *name)
{
	const struct adding *a = arg;
	struct hostset *s = a->set;
	struct name reverse;
	struct host *h;

	if (!counts(s, name))
		return;
	line = a->of_file ? line : 0;
	h = add(s, name, addr->len == 4 ? TYPE_A : TYPE_AAAA, line);
	h->addr = *addr;
	size_t at = h->name;
	if (is_wildcard(name)) {
		s->wildcards = true; /* no address has such a name */
		return;
	}
	if (!s->reverse)
		return;
	rev_name(addr, &reverse);
	h = add(s, &reverse, TYPE_PTR, line);
	h->addr = *addr;
	h->target = at;
	h->target_len = name->len;
}

static void on_bad(void *arg, unsigned line, const char *text)
{
	struct adding *a = arg;

	if (a->on_bad != NULL)
		a->on_bad(a->arg, line, text);
}

static const struct hostlist_handlers handlers = {on_host, on_bad};

void hostset_add(struct hostset *s, const char *text, size_t len,
	void (*bad)(void *arg, unsigned line, const char *text), void *arg)
{
	struct adding a = {s, true, bad, arg};

	hostlist_parse(text, len, &handlers, &a);
}

void hostset_add_line(struct hostset *s, const char *text)
{
	struct adding a = {s, false, NULL, NULL};

	hostlist_parse(text, strlen(text), &handlers, &a);
}

/* ---- finishing ---- */

static int compare_hashes(const struct hash128 *a, const struct hash128 *b)
{
	if (a->path != b->path)
		return a->path < b->path ? -1 : 1;
	return a->check < b->check ? -1 : a->check > b->check;
}

static int compare(const struct hostset *s, const struct host *a, const struct host *b)
{
	int d = compare_hashes(&a->hash, &b->hash);

	if (d == 0)
		d = (int)a->type - (int)b->type;
	if (d != 0)
		return d;
	if (a->type != TYPE_PTR)
		return addr_compare(&a->addr, &b->addr);
	return name_compare(s->octets.data + a->target, a->target_len,
		s->octets.data + b->target, b->target_len);
}

/* Of what stands twice the first line stays. */
static int by_all(const void *a, const void *b, void *set)
{
	const struct host *x = a, *y = b;
	int d = compare(set, x, y);

	return d != 0 ? d : (x->line > y->line) - (x->line < y->line);
}

void hostset_finish(struct hostset *s)
{
	size_t n = 0;

	s->zones = NULL;
	if (s->n == 0)
		return;
	qsort_r(s->hosts, s->n, sizeof(*s->hosts), by_all, s);
	for (size_t i = 0; i < s->n; i++)
		if (n == 0 || compare(s, &s->hosts[n - 1], &s->hosts[i]) != 0)
			s->hosts[n++] = s->hosts[i];
	s->n = n;
}

/* ---- asking ---- */

const uint8_t *hostset_name(const struct hostset *s, const struct host *h)
{
	return s->octets.data + h->name;
}

static int by_hash(const void *hash, const void *host)
{
	return compare_hashes(hash, &((const struct host *)host)->hash);
}

bool hostset_has(const struct hostset *s, const struct hash128 *h)
{
	return s != NULL && s->n > 0 &&
	       bsearch(h, s->hosts, s->n, sizeof(*s->hosts), by_hash) != NULL;
}

size_t hostset_find(const struct hostset *s, const struct hash128 *h)
{
	const struct host *found;
	size_t i;

	if (s->n == 0)
		return 0;
	found = bsearch(h, s->hosts, s->n, sizeof(*s->hosts), by_hash);
	if (found == NULL)
		return s->n;
	for (i = (size_t)(found - s->hosts); i > 0; i--)
		if (compare_hashes(&s->hosts[i - 1].hash, h) != 0)
			break;
	return i;
}

size_t hostset_next(const struct hostset *s, size_t i)
{
	const struct hash128 *h = &s->hosts[i].hash;

	while (i < s->n && compare_hashes(&s->hosts[i].hash, h) == 0)
		i++;
	return i;
}
