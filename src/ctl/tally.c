#include "ctl/tally.h"

#include <string.h>

#include "base/base.h"
#include "dns/type.h"
#include "snap/waste.h"

/* What one entry comes to. */
struct look {
	bool nxdomain, wasted;
	char namespace[SKETCH_LABEL]; /* that it is about, or wasted for; "" */
	uint8_t key[NAME_MAX_LEN];    /* its name, folded */
	size_t len;
};

/* A label as text; octets that could mean something else are '?'. */
static void label_text(const uint8_t *label, char out[SKETCH_LABEL])
{
	size_t n = MIN(label[0], SKETCH_LABEL - 1);

	for (size_t i = 0; i < n; i++)
		out[i] = label[1 + i] > ' ' && label[1 + i] < 0x7f ? (char)label[1 + i]
		                                                   : '?';
	out[n] = '\0';
}

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
		label_text(e->name + w.namespace, l->namespace);
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

_Static_assert(SKETCH_LABEL > CLIENT_NAMESPACE_MAX, "a namespace is a label");
_Static_assert(SKETCH_NOTE > CLIENT_POD_MAX, "a Pod is a note");

/* Of somebody the generation knows. */
static void take_known(struct tally *t, const struct ring_entry *e,
	const struct tally_context *c, const struct client *who, struct look *l)
{
	char key[RINGTEXT_CLIENT + CLIENT_NAMESPACE_MAX + 2];
	struct sketch_item *it;

	client_text(who->namespace, who->namespace_len, l->namespace);
	const size_t n = strlen(ringtext_client(e, &c->privacy, key)) + 1;
	memcpy(key + n, l->namespace, who->namespace_len);
	it = sketch_add(&t->by[TALLY_CLIENT], key, n + who->namespace_len, 1);
	count(it, e, l);
	memcpy(it->label, l->namespace, sizeof(it->label));
	if (c->privacy.mode == PRIVACY_OFF)
		client_text(who->pod, who->pod_len, it->note);
}

/*
 * A client has one namespace in its search list: where it is known once, what is below
 * svc.ZONE and ZONE was for that namespace too.
 */
static void take_client(struct tally *t, const struct ring_entry *e,
	const struct tally_context *c, struct look *l)
{
	char client[RINGTEXT_CLIENT];
	struct sketch_item *it;
	struct client who;

	if (c->find_client != NULL && c->find_client(c->arg, e, &who) &&
		who.namespace_len > 0) {
		take_known(t, e, c, &who, l);
		return;
	}
	ringtext_client(e, &c->privacy, client);
	it = sketch_add(&t->by[TALLY_CLIENT], client, strlen(client), 1);
	count(it, e, l);
	if (!l->wasted)
		return;
	if (l->namespace[0] != '\0')
		memcpy(it->label, l->namespace, sizeof(it->label));
	else
		memcpy(l->namespace, it->label, sizeof(it->label));
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
