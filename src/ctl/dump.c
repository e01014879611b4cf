/* dump.c - shmdnsctl dump: the current generation as zone text or JSON (OV-06) */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "ctl/dumpcache.h"
#include "ctl/dumpclients.h"
#include "ctl/json.h"
#include "ctl/options.h"
#include "ctl/records.h"
#include "ctl/target.h"
#include "dns/type.h"
#include "snap/reader.h"

const char dump_help[] =
	"\n"
	"Prints the records of the current generation in the order of names, all of them "
	"or\n"
	"those at and below NAME (a zone, for example). Empty non-terminals and "
	"addresses that\n"
	"are only sent beside an SRV are comments. Reads shared memory and asks nobody.\n"
	"Exit status 1: NAME has no record; 3: no generation is in shared memory.\n"
	"\n"
	"With `cache` it prints what the caches of names elsewhere hold, failures too.\n"
	"With `clients` it prints who is known by its address, all or the one of that\n"
	"address: the address, the namespace and the pod; \"-\" is what is not known.\n"
	"A name of one label \"cache\" or \"clients\" is asked for with its dot.\n"
	"\n"
	"      --exact            the records of NAME alone\n";

struct dump {
	struct reader reader;
	const struct snap *snap;
	struct name under; /* folded; len 0: all */
	bool exact;
	struct node_view *node;
	size_t nnodes, cap;
	size_t damaged;
	struct json json;
	/* Of the RRset in print. */
	const char *owner;
	const struct rrset *rr;
};

static bool wanted(const struct dump *d, const struct node_view *v)
{
	if (!node_is_name(v))
		return false; /* found again by its name, from those below it */
	if (d->under.len == 0)
		return true;
	if (d->exact && v->head->name_len != d->under.len)
		return false;
	return name_under(v->name, v->head->name_len, d->under.wire, d->under.len);
}

static bool on_node(void *arg, const struct node_view *v)
{
	struct dump *d = arg;

	if (!wanted(d, v))
		return true;
	if (name_scan(v->name, v->head->name_len) != v->head->name_len) {
		d->damaged++;
		return true;
	}
	if (d->nnodes == d->cap) {
		d->cap = d->cap * 2 + 64;
		d->node = mem_resize(d->node, d->cap, sizeof(*d->node));
	}
	d->node[d->nnodes++] = *v;
	return true;
}

static int compare_nodes(const void *a, const void *b)
{
	const struct node_view *x = a, *y = b;

	return name_compare(x->name, x->head->name_len, y->name, y->head->name_len);
}

/* True if there is an empty non-terminal of this name. */
static bool is_empty(const struct dump *d, const uint8_t *name, size_t len)
{
	struct hash128 h = hash_name(&d->snap->key, name, len);
	struct node_view v;

	return snap_find(d->snap, &h, name, len, &v) == LOOKUP_FOUND && v.name == NULL;
}

static void print_empty(struct dump *d, const uint8_t *name, size_t len)
{
	char text[NAME_TEXT_MAX];

	if (!is_empty(d, name, len))
		return;
	name_text(name, len, text, sizeof(text));
	if (d->json.out == NULL) {
		printf("; %s is an empty non-terminal\n", text);
		return;
	}
	json_begin(&d->json, NULL, '{');
	json_string(&d->json, "name", text);
	json_bool(&d->json, "empty_non_terminal", true);
	json_begin(&d->json, "rrsets", '[');
	json_end(&d->json, ']');
	json_end(&d->json, '}');
}

/* The empty names above a node that the node before it was not below of, top first. */
static void print_empty_above(
	struct dump *d, const struct node_view *v, const struct node_view *before)
{
	size_t len = v->head->name_len;

	for (unsigned n = name_labels(v->name, len); n > 1; n--) {
		size_t at = name_prefix(v->name, len, n - 1);
		const uint8_t *above = v->name + at;

		if (before != NULL &&
			name_under(before->name, before->head->name_len, above, len - at))
			continue;
		if (d->under.len == 0 ||
			name_under(above, len - at, d->under.wire, d->under.len))
			print_empty(d, above, len - at);
	}
}

static void on_text_rdata(void *arg, const char *rdata)
{
	const struct dump *d = arg;
	char type[12];

	printf("%s%s\t%u\tIN\t%s\t%s\n", d->rr->glue_only ? "; glue only: " : "",
		d->owner, (unsigned)d->rr->ttl_s, type_text(d->rr->type, type), rdata);
}

static void on_json_rdata(void *arg, const char *rdata)
{
	struct dump *d = arg;

	json_string(&d->json, NULL, rdata);
}

static void print_rrset(struct dump *d, const struct node_view *v, const struct rrset *rr)
{
	char type[12];

	d->rr = rr;
	if (d->json.out == NULL) {
		if (!records_expand(v, rr, on_text_rdata, d))
			printf("; damaged: %s %s\n", d->owner, type_text(rr->type, type));
		return;
	}
	json_begin(&d->json, NULL, '{');
	json_string(&d->json, "type", type_text(rr->type, type));
	json_number(&d->json, "ttl", rr->ttl_s);
	json_bool(&d->json, "glue_only", rr->glue_only);
	json_begin(&d->json, "rdata", '[');
	bool whole = records_expand(v, rr, on_json_rdata, d);
	json_end(&d->json, ']');
	if (!whole)
		json_bool(&d->json, "damaged", true);
	json_end(&d->json, '}');
}

/* The SOA of an apex is made when it is asked for: from root and settings. */
static void print_soa(struct dump *d)
{
	uint32_t nt = d->reader.settings.negative_ttl_s;
	struct rrset soa = {.type = TYPE_SOA, .count = 1, .ttl_s = MIN(nt, 300)};
	char rdata[2 * NAME_TEXT_MAX + 96], type[12];
	const char *zone = d->owner[0] == '.' ? "" : d->owner;

	snprintf(rdata, sizeof(rdata), "ns.dns.%s hostmaster.%s %u 7200 1800 86400 %u",
		zone, zone, (unsigned)d->snap->serial, (unsigned)nt);
	d->rr = &soa;
	if (d->json.out == NULL) {
		on_text_rdata(d, rdata);
		return;
	}
	json_begin(&d->json, NULL, '{');
	json_string(&d->json, "type", type_text(TYPE_SOA, type));
	json_number(&d->json, "ttl", soa.ttl_s);
	json_begin(&d->json, "rdata", '[');
	json_string(&d->json, NULL, rdata);
	json_end(&d->json, ']');
	json_end(&d->json, '}');
}

static void print_rrsets(struct dump *d, const struct node_view *v)
{
	const uint8_t *cursor = v->rrsets;
	struct rrset rr;

	if ((v->head->flags & NODE_APEX) != 0 &&
		d->reader.settings.zones[v->head->zone].kind != ZONE_FILE)
		print_soa(d);
	for (unsigned i = 0; i < v->head->nrrsets; i++) {
		if (!node_next(v, &cursor, &rr)) {
			d->damaged++;
			break;
		}
		print_rrset(d, v, &rr);
	}
}

static void print_node(struct dump *d, const struct node_view *v)
{
	char owner[NAME_TEXT_MAX];

	name_text(v->name, v->head->name_len, owner, sizeof(owner));
	d->owner = owner;
	if (!node_intact(v))
		d->damaged++;
	if (d->json.out != NULL) {
		json_begin(&d->json, NULL, '{');
		json_string(&d->json, "name", owner);
		json_begin(&d->json, "rrsets", '[');
		print_rrsets(d, v);
		json_end(&d->json, ']');
		json_end(&d->json, '}');
		return;
	}
	if (v->head->nrrsets == 0 && (v->head->flags & (NODE_APEX | NODE_POD_GATE)) == 0)
		printf("; %s has no records\n", owner);
	if ((v->head->flags & NODE_POD_GATE) != 0)
		printf("; names of pods below %s are worked out from the question\n",
			owner);
	print_rrsets(d, v);
}

static void print_all(struct dump *d)
{
	const struct snap *s = d->snap;

	if (d->json.out == NULL) {
		printf("; instance %s, generation %" PRIu64
		       ", serial %u, %s, %zu names\n",
			d->reader.instance, s->generation, (unsigned)s->serial,
			(s->flags & ROOT_COMPLETE) != 0 ? "complete" : "not complete",
			d->nnodes);
	} else {
		json_begin(&d->json, NULL, '{');
		json_number(&d->json, "version", 1);
		json_number(&d->json, "generation", s->generation);
		json_number(&d->json, "serial", s->serial);
		json_bool(&d->json, "complete", (s->flags & ROOT_COMPLETE) != 0);
		json_begin(&d->json, "names", '[');
	}
	for (size_t i = 0; i < d->nnodes; i++) {
		print_empty_above(d, &d->node[i], i > 0 ? &d->node[i - 1] : NULL);
		print_node(d, &d->node[i]);
	}
	if (d->json.out == NULL)
		return;
	json_end(&d->json, ']');
	json_number(&d->json, "count", d->nnodes);
	json_number(&d->json, "damaged", d->damaged);
	json_end(&d->json, '}');
	printf("\n");
}

static int run(struct dump *d)
{
	reader_refresh(&d->reader);
	d->snap = reader_snap(&d->reader);
	if (d->snap == NULL) {
		ctl_complain("no generation of instance '%s' is in shared memory",
			d->reader.instance);
		return EXIT_UNREACHABLE;
	}
	if (snap_walk(d->snap, on_node, d) < 0)
		d->damaged++;
	if (d->nnodes > 0)
		qsort(d->node, d->nnodes, sizeof(*d->node), compare_nodes);
	print_all(d);
	if (d->damaged > 0)
		ctl_complain("%zu places are damaged", d->damaged);
	bool empty = d->nnodes == 0 && d->under.len > 0;
	return empty || d->damaged > 0 ? EXIT_NEGATIVE : EXIT_OK;
}

/* `dump clients`: its arguments and what it does. */
static int dump_clients(const struct options *o)
{
	char instance[INSTANCE_MAX];
	struct addr only;

	if (o->nargs > 2) {
		ctl_complain("dump clients: one ADDRESS at most");
		return EXIT_USAGE;
	}
	if (o->nargs == 2 && !addr_parse(o->arg[1], strlen(o->arg[1]), &only)) {
		ctl_complain("'%s' is no address", o->arg[1]);
		return EXIT_USAGE;
	}
	if (!target_guess(o, instance))
		return EXIT_USAGE;
	return dumpclients_print(instance, o->nargs == 2 ? &only : NULL,
		o->format == FORMAT_JSON ? stdout : NULL);
}

int ctl_dump(const struct verb *v, int argc, char **argv)
{
	static struct dump d;
	char instance[INSTANCE_MAX];
	struct options o;
	const struct option_spec own[] = {{NULL, "--exact", NULL, &d.exact}};
	int ret = options_parse(v, argc, argv, own, ARRAY_LEN(own), &o);

	if (ret != 0)
		return options_exit(ret);
	if (o.nargs > 0 && strcmp(o.arg[0], "clients") == 0)
		return dump_clients(&o);
	bool cache = o.nargs > 0 && strcmp(o.arg[0], "cache") == 0;
	o.arg += cache;
	o.nargs -= cache;
	if (o.nargs > 1) {
		ctl_complain("dump: one NAME at most");
		return EXIT_USAGE;
	}
	if (o.nargs == 1) {
		if (name_parse(o.arg[0], &d.under) < 0) {
			ctl_complain("'%s' is no name", o.arg[0]);
			return EXIT_USAGE;
		}
		name_fold(d.under.wire, d.under.wire, d.under.len);
	}
	if (!target_guess(&o, instance))
		return EXIT_USAGE;
	if (o.format == FORMAT_JSON)
		d.json.out = stdout;
	if (cache)
		return dumpcache_print(instance, &d.under, d.exact, d.json.out);
	reader_init(&d.reader, instance);
	ret = run(&d);
	reader_fini(&d.reader);
	free(d.node);
	return ret;
}
