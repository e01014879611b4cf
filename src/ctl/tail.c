/* tail.c - shmdnsctl tail: sampled queries, one by one (OV-05) */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/mem.h"
#include "ctl/interval.h"
#include "ctl/options.h"
#include "ctl/overview.h"
#include "ctl/sift.h"
#include "ctl/target.h"
#include "dns/type.h"
#include "snap/ringtext.h"
#include "snap/who.h"

#define LOOK_NS (100 * NS_PER_MS) /* between two looks at the rings */
#define LOOKS   10                /* so many, and pages are looked up anew */

const char tail_help[] =
	"\n"
	"Queries as they are answered, one in 64 of them, from shared memory. NAME: it\n"
	"and what is below it. Ends with -n, --timeout or Ctrl-C. -o json: an object a\n"
	"line.\n"
	"      --client ADDRESS   of that client, or of a CIDR\n"
	"      --namespace NAME   of clients of that namespace, where those are known\n"
	"      --rcode RCODE      with that rcode, such as NXDOMAIN\n"
	"      --source SOURCE    cluster, local, cache, stale, forward, policy, error\n"
	"      --type TYPE        for that type, such as AAAA\n"
	"      --slower TIME      answered no sooner than that, such as 1ms\n"
	"      --all              those that the query log chose, too\n"
	"      --recent           begin with what is there\n"
	"  -n, --number N         end after so many\n"
	"Exit status 3: nothing of that instance is in shared memory.\n";

struct tail {
	struct options o;
	struct sift sift;
	const char *namespace; /* of clients; NULL: any */
	bool all, recent;
	unsigned long number; /* 0: no end */
	struct overview view;
	struct ring_reader ring[OVERVIEW_WORKERS_MAX]; /* by slot */
	struct ring_entry *entry;                      /* of one look, owned */
	size_t n, cap;
	unsigned long shown;
};

static uint64_t lost(const struct tail *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(t->ring); i++)
		n += t->ring[i].lost;
	return n;
}

static void seek_end(struct tail *t)
{
	for (size_t i = 0; i < t->view.nworkers; i++)
		ring_seek_end(
			&t->ring[t->view.worker[i].slot], &t->view.worker[i].page->ring);
}

/* True if the client is of the namespace that is wanted (OF-09). */
static bool is_of(const struct tail *t, const struct ring_entry *e)
{
	struct who who;

	return t->namespace == NULL || (who_asked(t->view.snap, e, &who) &&
					       strcmp(who.namespace, t->namespace) == 0);
}

static void take(struct tail *t, const struct ring_entry *e)
{
	if (!t->all && (e->marks & RING_SAMPLED) == 0)
		return;
	if (!sift_wants(&t->sift, e) || !is_of(t, e))
		return;
	if (t->n == t->cap) {
		t->cap = MAX(2 * t->cap, 64);
		t->entry = mem_resize(t->entry, t->cap, sizeof(*t->entry));
	}
	t->entry[t->n++] = *e;
}

static int earlier(const void *a, const void *b)
{
	const struct ring_entry *x = a, *y = b;

	return (x->wall_ns > y->wall_ns) - (x->wall_ns < y->wall_ns);
}

/* One line; of JSON with our version in it (OP-03). */
static void print(const struct tail *t, const struct ring_entry *e)
{
	const struct settings *s = &t->view.reader.settings;
	const bool json = t->o.format == FORMAT_JSON;
	struct privacy p = {.mode = PRIVACY_HASH}; /* as long as nobody says otherwise */
	struct who who;
	char line[RINGTEXT_MAX];

	if (t->view.snap != NULL)
		privacy_init(&p, s->querylog.privacy, &t->view.snap->key);
	who_asked(t->view.snap, e, &who);
	const size_t n = ringtext_line(
		e, json ? QUERYLOG_JSON : QUERYLOG_KV, &p, &who, line);
	if (json)
		printf("{\"version\":1,%.*s\n", (int)n - 1, line + 1);
	else
		printf("%.*s\n", (int)n, line);
}

/* What came since the look before, in the order of time. False: it is over. */
static bool look(struct tail *t)
{
	static struct ring_entry e;
	const uint64_t before = lost(t);

	t->n = 0;
	for (size_t i = 0; i < t->view.nworkers; i++) {
		const struct worker_page *w = &t->view.worker[i];

		while (ring_next(&t->ring[w->slot], &w->page->ring, &e))
			take(t, &e);
	}
	if (t->n > 1)
		qsort(t->entry, t->n, sizeof(*t->entry), earlier);
	for (size_t i = 0; i < t->n; i++) {
		print(t, &t->entry[i]);
		t->shown++;
		if (t->number != 0 && t->shown == t->number)
			return false;
	}
	if (lost(t) > before)
		ctl_complain("%" PRIu64 " came faster than they could be read",
			lost(t) - before);
	return fflush(stdout) == 0;
}

static void look_again(struct tail *t)
{
	char instance[INSTANCE_MAX];

	memcpy(instance, t->view.instance, sizeof(instance));
	overview_close(&t->view);
	overview_open(&t->view, instance);
}

static void run(struct tail *t)
{
	const struct timespec wait = {.tv_nsec = LOOK_NS};
	const uint64_t end_ns = clock_mono_ns() + t->o.timeout_ms * NS_PER_MS;

	if (!t->recent)
		seek_end(t);
	for (unsigned n = 1; look(t); n++) {
		if (t->o.timeout_ms != 0 && clock_mono_ns() >= end_ns)
			return;
		nanosleep(&wait, NULL);
		if (n % LOOKS == 0)
			look_again(t);
	}
}

/* ---- words ---- */

/* What of the filters is not understood; NULL: all is. */
static const char *parse_filters(struct tail *t, const char *client, const char *rcode,
	const char *source, const char *type)
{
	if (client != NULL && !sift_client(&t->sift, client))
		return "--client must be an address or a CIDR";
	if (rcode != NULL && !sift_rcode(&t->sift, rcode))
		return "--rcode must be one such as NXDOMAIN";
	if (source != NULL && !sift_source(&t->sift, source))
		return "--source must be cluster, local, cache, stale, forward, policy "
		       "or error";
	if (type != NULL && (t->sift.type = type_parse(type)) < 0)
		return "--type must be one such as AAAA";
	if (t->o.nargs > 1)
		return "say one name at most";
	if (t->o.nargs == 1 && name_parse(t->o.arg[0], &t->sift.name) < 0)
		return "that is no domain name";
	name_fold(t->sift.name.wire, t->sift.name.wire, t->sift.name.len);
	return NULL;
}

static int parse(const struct verb *v, int argc, char **argv, struct tail *t)
{
	const char *client = NULL, *rcode = NULL, *source = NULL, *type = NULL;
	const char *slower = NULL, *number = NULL;
	const struct option_spec own[] = {
		{NULL, "--client", &client, NULL},
		{NULL, "--namespace", &t->namespace, NULL},
		{NULL, "--rcode", &rcode, NULL},
		{NULL, "--source", &source, NULL},
		{NULL, "--type", &type, NULL},
		{NULL, "--slower", &slower, NULL},
		{"-n", "--number", &number, NULL},
		{NULL, "--all", NULL, &t->all},
		{NULL, "--recent", NULL, &t->recent},
	};
	int ret = options_parse(v, argc, argv, own, ARRAY_LEN(own), &t->o);

	if (ret != 0)
		return ret;
	sift_init(&t->sift);
	const char *why = parse_filters(t, client, rcode, source, type);
	if (why != NULL) {
		ctl_complain("tail: %s", why);
		return -1;
	}
	if (slower != NULL && !interval_parse("--slower", slower, &t->sift.slower_ns))
		return -1;
	if (number != NULL &&
		!options_number("--number", number, 1, 1000000000, &t->number))
		return -1;
	return 0;
}

int ctl_tail(const struct verb *verb, int argc, char **argv)
{
	static struct tail t;
	char instance[INSTANCE_MAX];
	int ret = parse(verb, argc, argv, &t);

	if (ret != 0)
		return options_exit(ret);
	if (!target_guess(&t.o, instance))
		return EXIT_USAGE;
	if (!overview_open(&t.view, instance)) {
		overview_complain(instance);
		overview_close(&t.view);
		return EXIT_UNREACHABLE;
	}
	run(&t);
	overview_close(&t.view);
	free(t.entry);
	return EXIT_OK;
}
