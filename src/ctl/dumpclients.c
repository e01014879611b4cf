#include "ctl/dumpclients.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "ctl/ctl.h"
#include "ctl/json.h"
#include "ctl/look.h"
#include "snap/client.h"

struct known {
	struct addr addr;
	struct client client; /* borrowed from the snapshot */
};

struct dump {
	const struct snap *snap;
	const struct addr *only;
	struct known *known; /* owned */
	size_t n, cap, damaged;
	struct json json;
};

static bool on_node(void *arg, const struct node_view *v)
{
	struct dump *d = arg;
	struct known k = {.addr = {.len = v->head->name_len}};

	if (!client_of(v, &k.client) || (k.addr.len != 4 && k.addr.len != 16) ||
		!node_intact(v)) {
		d->damaged++;
		return true;
	}
	memcpy(k.addr.octets, v->name, k.addr.len);
	if (d->only != NULL && addr_compare(&k.addr, d->only) != 0)
		return true;
	if (d->n == d->cap) {
		d->cap = d->cap * 2 + 64;
		d->known = mem_resize(d->known, d->cap, sizeof(*d->known));
	}
	d->known[d->n++] = k;
	return true;
}

static int compare(const void *a, const void *b)
{
	return addr_compare(
		&((const struct known *)a)->addr, &((const struct known *)b)->addr);
}

/* A text of the snapshot, which is hostile; "-" for none. */
static const char *shown(const char *text, size_t len, char out[256])
{
	if (len == 0)
		return "-";
	for (size_t i = 0; i < len; i++)
		out[i] = (char)(isgraph((unsigned char)text[i]) ? text[i] : '?');
	out[len] = '\0';
	return out;
}

static void print_one(struct dump *d, const struct known *k)
{
	const struct client *c = &k->client;
	char address[ADDR_TEXT_MAX], namespace[256], pod[256];

	addr_text(&k->addr, address);
	const char *in = shown(c->namespace, c->namespace_len, namespace);
	const char *name = shown(c->pod, c->pod_len, pod);
	if (d->json.out == NULL) {
		printf("%s\t%s\t%s\n", address, in, name);
		return;
	}
	json_begin(&d->json, NULL, '{');
	json_string(&d->json, "address", address);
	if (c->namespace_len > 0)
		json_string(&d->json, "namespace", in);
	if (c->pod_len > 0)
		json_string(&d->json, "pod", name);
	json_end(&d->json, '}');
}

static void print_all(struct dump *d, const char *instance)
{
	if (d->json.out == NULL) {
		printf("; instance %s, generation %" PRIu64 ", %zu clients\n", instance,
			d->snap->generation, d->n);
	} else {
		json_begin(&d->json, NULL, '{');
		json_number(&d->json, "version", 1);
		json_number(&d->json, "generation", d->snap->generation);
		json_begin(&d->json, "clients", '[');
	}
	for (size_t i = 0; i < d->n; i++)
		print_one(d, &d->known[i]);
	if (d->json.out == NULL)
		return;
	json_end(&d->json, ']');
	json_number(&d->json, "damaged", d->damaged);
	json_end(&d->json, '}');
	fputc('\n', d->json.out);
}

int dumpclients_print(const char *instance, const struct addr *only, FILE *json)
{
	struct reader *r = mem_alloc(1, sizeof(*r));
	struct dump d = {.only = only, .json.out = json};
	int ret = EXIT_UNREACHABLE;

	d.snap = look_open(r, instance);
	if (d.snap == NULL)
		goto out;
	const struct snap clients = snap_clients(d.snap);
	if (clients.trie != 0 && snap_walk(&clients, on_node, &d) < 0)
		d.damaged++;
	if (d.n > 0)
		qsort(d.known, d.n, sizeof(*d.known), compare);
	print_all(&d, instance);
	if (d.damaged > 0)
		ctl_complain("%zu places are damaged", d.damaged);
	ret = d.damaged > 0 || (only != NULL && d.n == 0) ? EXIT_NEGATIVE : EXIT_OK;
	free(d.known);
out:
	reader_fini(r);
	free(r);
	return ret;
}
