/* hosts.c - the part of derive that makes the names of `hosts` (HO-02, FT-04) */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "controller/records/hostset.h"
#include "controller/records/parts.h"
#include "dns/type.h"

/* Addresses of one type, hosts [i, end). */
static void add_addrs(const struct hostset *s, size_t i, size_t end, struct draft *d)
{
	struct mem_buf addrs = {0};
	const struct host *first = &s->hosts[i];

	for (size_t k = i; k < end; k++)
		mem_buf_put(&addrs, s->hosts[k].addr.octets, s->hosts[k].addr.len);
	draft_count(d,
		node_add_addrs(
			&d->node, first->type, s->ttl_s, addrs.data, end - i, false),
		end - i);
	mem_buf_fini(&addrs);
}

static void add_pointers(const struct hostset *s, size_t i, size_t end, struct draft *d)
{
	struct rdata_name *names = mem_alloc(end - i, sizeof(*names));

	for (size_t k = i; k < end; k++) {
		struct name *n = &names[k - i].name;

		n->len = s->hosts[k].target_len;
		memcpy(n->wire, s->octets.data + s->hosts[k].target, n->len);
	}
	draft_count(
		d, node_add_names(&d->node, TYPE_PTR, s->ttl_s, names, end - i), end - i);
	free(names);
}

static void add_rrsets(const struct hostset *s, size_t i, size_t end, struct draft *d)
{
	while (i < end) {
		size_t k = i;

		while (k < end && s->hosts[k].type == s->hosts[i].type)
			k++;
		if (s->hosts[i].type == TYPE_PTR)
			add_pointers(s, i, k, d);
		else
			add_addrs(s, i, k, d);
		i = k;
	}
}

void parts_hosts(const struct record_options *o, struct draft *d)
{
	const struct hostset *s = o->hosts;
	size_t next;

	for (size_t i = 0; s != NULL && i < s->n; i = next) {
		const struct host *h = &s->hosts[i];
		struct name name = {.len = h->name_len};
		int zone;

		next = hostset_next(s, i);
		memcpy(name.wire, hostset_name(s, h), name.len);
		zone = settings_zone(&o->settings, name.wire, name.len);
		if (zone >= 0 && o->settings.zones[zone].name.len == name.len) {
			draft_skip(d, SKIP_NAME); /* an apex belongs to its zone */
			continue;
		}
		if (!draft_begin(d, o, &name, zone < 0 ? NODE_NO_ZONE : (unsigned)zone,
			    NODE_HOSTS | NODE_ALWAYS))
			continue;
		add_rrsets(s, i, next, d);
		draft_end(d);
	}
}
