/*
 * kubepack.c - an object in one piece of memory
 *
 * A cluster holds some 200,000 endpoints with five small strings and arrays each: on
 * their own these would cost as much for the allocator as for themselves. Texts that
 * come again in the same object, such as zones, stand there once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "controller/kube/kubeobj.h"

#define RECENT 8 /* texts that are compared with the next one */

struct pack {
	uint8_t *block; /* NULL: it is only measured */
	size_t used;
	const char *recent[RECENT];
	unsigned nrecent;
};

/* Move n things of `size` octets that *array owns. Arrays of pointers come first. */
static void move_array(struct pack *p, void *array, size_t n, size_t size)
{
	void *old;

	memcpy(&old, array, sizeof(old));
	if (p->block != NULL) {
		void *moved = n == 0 ? NULL : p->block + p->used;

		if (n > 0)
			memcpy(moved, old, n * size);
		free(old);
		memcpy(array, &moved, sizeof(moved));
	}
	p->used += n * size;
}

static const char *find_recent(const struct pack *p, const char *s)
{
	for (unsigned i = 0; i < MIN(p->nrecent, RECENT); i++)
		if (strcmp(p->recent[i], s) == 0)
			return p->recent[i];
	return NULL;
}

static void move_text(struct pack *p, char **text)
{
	const char *again = find_recent(p, *text);
	size_t n = strlen(*text) + 1;

	if (n == 1)
		return; /* "" is shared by all objects */
	if (again == NULL) {
		const char *kept = *text;

		if (p->block != NULL)
			kept = memcpy(p->block + p->used, *text, n);
		p->recent[p->nrecent++ % RECENT] = kept;
		p->used += n;
		again = kept;
	}
	if (p->block != NULL) {
		kube_text_free(*text);
		*text = (char *)p->block + ((const uint8_t *)again - p->block);
	}
}

static void move_labels(struct pack *p, struct kube_label *l, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		move_text(p, &l[i].key);
		move_text(p, &l[i].value);
	}
}

static void move_ports(struct pack *p, struct kube_port *ports, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		move_text(p, &ports[i].name);
		move_text(p, &ports[i].target_name);
	}
}

static void move_service(struct pack *p, struct kube_service *s)
{
	move_array(p, &s->ports, s->nports, sizeof(*s->ports));
	move_array(p, &s->selector, s->nselector, sizeof(*s->selector));
	move_array(p, &s->ips, s->nips, sizeof(*s->ips));
	move_ports(p, s->ports, s->nports);
	move_labels(p, s->selector, s->nselector);
	move_text(p, &s->external_name);
}

static void move_slice(struct pack *p, struct kube_slice *s)
{
	move_array(p, &s->ports, s->nports, sizeof(*s->ports));
	move_array(p, &s->endpoints, s->nendpoints, sizeof(*s->endpoints));
	for (size_t i = 0; i < s->nendpoints; i++) {
		struct kube_endpoint *e = &s->endpoints[i];

		move_array(p, &e->addrs, e->naddrs, sizeof(*e->addrs));
		move_text(p, &e->hostname);
		move_text(p, &e->target_name);
		move_text(p, &e->node);
		move_text(p, &e->zone);
	}
	move_ports(p, s->ports, s->nports);
	move_text(p, &s->service);
}

static void move(struct pack *p, struct kube_object *o)
{
	move_array(p, &o->labels, o->nlabels, sizeof(*o->labels));
	if (o->kind == KUBE_SERVICE)
		move_service(p, &o->u.service);
	else if (o->kind == KUBE_SLICE)
		move_slice(p, &o->u.slice);
	move_labels(p, o->labels, o->nlabels);
	move_text(p, &o->namespace);
	move_text(p, &o->name);
}

void kube_object_pack(struct kube_object *o)
{
	struct pack measure = {0}, p = {0};

	if (o->pack != NULL || o->kind == KUBE_POD)
		return;
	move(&measure, o);
	p.block = mem_alloc(MAX(measure.used, 1), 1);
	move(&p, o);
	o->pack = p.block;
}
