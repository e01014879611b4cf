#include "ctl/tally.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "dns/type.h"
#include "snap/waste.h"

#define CLIENT_KEY (CLIENT_NAMESPACE_MAX + CLIENT_POD_MAX + 2)

_Static_assert(SKETCH_LABEL == CLIENT_NAMESPACE_MAX + 1, "labels are namespaces");
_Static_assert(
	CLIENT_KEY >= RINGTEXT_CLIENT + CLIENT_NAMESPACE_MAX + 1, "keys of clients");

/* What one entry comes to. */
struct look {
	bool nxdomain, wasted;
	char namespace[SKETCH_LABEL]; /* that it is about, or wasted for; "" */
	uint8_t key[NAME_MAX_LEN];    /* its name, folded */
	size_t len;
};

static void look_at(
	const struct ring_entry *e, const struct tally_context *c, struct look *l)
{
	const struct name *z = waste_zone(c->settings, e->name, e->name_len);
	struct waste w;

	memcpy(l->key, e->name, e->name_len);
	l->len = e->name_len;
	l->nxdomain = e->rcode == RCODE_NXDOMAIN;
	if (z == NULL)
		return;
	l->wasted = waste_look(e->name, e->name_len, z, &w) && l->nxdomain;
	const bool known = w.namespace != 0 &&
	                   c->is_namespace(c->arg, e->name + w.namespace, z);
	if (known)
		who_text((const char *)e->name + w.namespace + 1, e->name[w.namespace],
			l->namespace);
	if (!l->wasted)
		return;
	unsigned keep = name_labels(z->wire, z->len) + w.service + known;
	l->len = waste_fold(e->name, e->name_len, keep, l->key);
}

static void count(
	struct sketch_item *it, const struct ring_entry *e, const struct look *l)
{
	it->count += 1;
	it->rcodes[sketch_rcode(e->rcode)] += 1;
	it->wasted += l->wasted;
	it->duration_ns += (double)e->duration_ns;
	it->max_ns = MAX(it->max_ns, e->duration_ns);
}

/*
 * The key of a client: its Pod where that is known and privacy does not forbid it
 * (LG-04), else the address as it may be shown, with its namespace behind a NUL.
 */
static size_t client_key(const struct ring_entry *e, const struct tally_context *c,
	const struct who *who, char out[CLIENT_KEY])
{
	size_t n;

	if (who->pod[0] != '\0' && c->privacy.mode == PRIVACY_OFF)
		return (size_t)snprintf(
			out, CLIENT_KEY, "%s/%s", who->namespace, who->pod);
	n = strlen(ringtext_client(e, &c->privacy, out));
	if (who->namespace[0] != '\0')
		n += 1 + (size_t)snprintf(
				 out + n + 1, CLIENT_KEY - n - 1, "%s", who->namespace);
	return n;
}

/*
 * A client has one namespace in its search list: where it is known once, what is below
 * svc.ZONE and ZONE was for that namespace too. Who is known by its address asks for its
 * own in any case.
 */
static void take_client(struct tally *t, const struct ring_entry *e,
	const struct tally_context *c, struct look *l)
{
	char client[CLIENT_KEY];
	struct sketch_item *it;
	struct who who;
	const bool known = c->who(c->arg, e, &who);

	it = sketch_add(&t->by[TALLY_CLIENT], client, client_key(e, c, &who, client), 1);
	count(it, e, l);
	if (known)
		memcpy(l->namespace, who.namespace, sizeof(l->namespace));
	if (known || (l->wasted && l->namespace[0] != '\0'))
		memcpy(it->label, l->namespace, sizeof(it->label));
	else if (l->wasted)
		memcpy(l->namespace, it->label, sizeof(l->namespace));
}

void tally_take(
	struct tally *t, const struct ring_entry *e, const struct tally_context *c)
{
	struct look l = {0};

	if ((e->marks & RING_SAMPLED) == 0)
		return;
	t->samples++;
	t->all += 1;
	look_at(e, c, &l);
	t->nxdomain += l.nxdomain;
	t->wasted += l.wasted;
	take_client(t, e, c, &l);
	count(sketch_add(&t->by[TALLY_NAME], l.key, l.len, 1), e, &l);
	count(sketch_add(&t->by[TALLY_SLOW], l.key, l.len, (double)e->duration_ns), e,
		&l);
	if (l.nxdomain)
		count(sketch_add(&t->by[TALLY_NXDOMAIN], l.key, l.len, 1), e, &l);
	if (l.namespace[0] != '\0')
		count(sketch_add(&t->by[TALLY_NAMESPACE], l.namespace,
			      strlen(l.namespace), 1),
			e, &l);
	else
		t->wasted_other += l.wasted;
}

void tally_fade(struct tally *t, double factor)
{
	for (size_t i = 0; i < TALLY_TABLES; i++)
		sketch_scale(&t->by[i], factor);
	t->all *= factor;
	t->nxdomain *= factor;
	t->wasted *= factor;
	t->wasted_other *= factor;
}

uint64_t tally_quantile(const uint64_t counts[STAT_FINE], double q)
{
	double all = 0, below = 0;

	for (unsigned i = 0; i < STAT_FINE; i++)
		all += (double)counts[i];
	if (all <= 0)
		return 0;
	for (unsigned i = 0; i < STAT_FINE - 1; i++) {
		const double from = i == 0 ? 0 : (double)(UINT64_C(1000) << (i - 1));
		const double to = (double)(UINT64_C(1000) << i);

		if (counts[i] > 0 && below + (double)counts[i] >= q * all)
			return (uint64_t)(from + (to - from) * (q * all - below) /
							 (double)counts[i]);
		below += (double)counts[i];
	}
	return UINT64_C(1000) << (STAT_FINE - 2);
}
