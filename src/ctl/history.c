/* history.c - shmdnsctl history: the generations that can be looked back at (OV-07) */
#include "snap/history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "ctl/changes.h"
#include "ctl/json.h"
#include "ctl/look.h"
#include "ctl/overview.h"
#include "ctl/target.h"

#define SHOWN 20

const char history_help[] =
	"\n"
	"The generations since the last compaction or start of the controller, the "
	"newest first:\n"
	"when and why each was published, and how many names it added, removed and "
	"changed.\n"
	"Reads shared memory and asks nobody.\n"
	"Exit status 3: no generation is in shared memory.\n"
	"  -n, --number N         so many of them (default: 20; 0: all)\n";

struct history {
	struct reader reader;
	const struct snap *newest;
	struct json json;
	size_t limit; /* rows */
	size_t shown, more;
	uint64_t first;  /* the oldest that is there */
	bool ends_early; /* memory was reclaimed */
};

/* What it did to names. False: there is none before it, or too little is left of that. */
static bool count(const struct snap *s, const struct snap *before, struct changes *c)
{
	return before != NULL && changes_between(before, s, NULL, NULL, c) == 0;
}

static void print_row(const struct snap *s, const struct snap *before)
{
	struct changes c = {0};
	char when[32];

	printf("%10" PRIu64 "  %-20s  %-10s %10u", s->generation,
		look_time(s->time_ns, when), look_cause(s), (unsigned)s->serial);
	if (count(s, before, &c))
		printf(" %8zu %8zu %8zu", c.added, c.removed, c.changed);
	else
		printf(" %8s %8s %8s", "-", "-", "-");
	printf(" %10" PRIu64 "%s\n", s->names,
		(s->flags & ROOT_COMPLETE) != 0 ? "" : "  not complete");
}

static void json_row(struct json *j, const struct snap *s, const struct snap *before)
{
	struct changes c = {0};

	json_begin(j, NULL, '{');
	json_number(j, "generation", s->generation);
	json_number(j, "published_ns", s->time_ns);
	json_string(j, "cause", look_cause(s));
	json_number(j, "serial", s->serial);
	json_number(j, "names", s->names);
	json_bool(j, "complete", (s->flags & ROOT_COMPLETE) != 0);
	if (count(s, before, &c)) {
		json_number(j, "added", c.added);
		json_number(j, "removed", c.removed);
		json_number(j, "changed", c.changed);
	}
	json_end(j, '}');
}

static void print_rows(struct history *h)
{
	struct snap s = *h->newest, before;
	int ret = 0;

	for (; ret == 0; s = before) {
		ret = history_previous(&s, &before);
		h->first = s.generation;
		if (h->limit > 0 && h->shown == h->limit) {
			h->more++;
			continue;
		}
		h->shown++;
		if (h->json.out != NULL)
			json_row(&h->json, &s, ret == 0 ? &before : NULL);
		else
			print_row(&s, ret == 0 ? &before : NULL);
	}
	h->ends_early = ret == -EBADMSG;
}

static void print_table(struct history *h)
{
	printf("instance %s: generation %" PRIu64 ", segment %" PRIu64
	       "; read from shared memory\n\n",
		h->reader.instance, h->newest->generation, h->newest->segment);
	printf("%10s  %-20s  %-10s %10s %8s %8s %8s %10s\n", "GENERATION", "PUBLISHED",
		"CAUSE", "SERIAL", "ADDED", "REMOVED", "CHANGED", "NAMES");
	print_rows(h);
	if (h->more > 0)
		printf("\nand %zu older ones (-n 0 shows all)", h->more);
	printf("\nhistory reaches back to generation %" PRIu64 ": %s\n", h->first,
		h->ends_early ? "the memory of older ones was reclaimed"
			      : "the last compaction or start of the controller");
}

static void print_json(struct history *h)
{
	struct json *j = &h->json;

	json_begin(j, NULL, '{');
	json_number(j, "version", 1);
	json_string(j, "instance", h->reader.instance);
	json_string(j, "from", "shared memory");
	json_number(j, "generation", h->newest->generation);
	json_number(j, "segment", h->newest->segment);
	json_begin(j, "history", '[');
	print_rows(h);
	json_end(j, ']');
	json_number(j, "first", h->first);
	json_number(j, "not_shown", h->more);
	json_bool(j, "reclaimed", h->ends_early);
	json_end(j, '}');
	printf("\n");
}

int ctl_history(const struct verb *verb, int argc, char **argv)
{
	static struct history h;
	char instance[INSTANCE_MAX];
	const char *number = NULL;
	unsigned long limit = SHOWN;
	struct options o;
	const struct option_spec own[] = {{"-n", "--number", &number, NULL}};
	int ret = options_parse(verb, argc, argv, own, ARRAY_LEN(own), &o);

	if (ret != 0)
		return options_exit(ret);
	if (o.nargs > 0) {
		ctl_complain("history: what is '%s'? (try --help)", o.arg[0]);
		return EXIT_USAGE;
	}
	if ((number != NULL &&
		    !options_number("--number", number, 0, UINT32_MAX, &limit)) ||
		!target_guess(&o, instance))
		return EXIT_USAGE;
	h.limit = limit;
	h.newest = look_open(&h.reader, instance);
	if (h.newest != NULL && o.format == FORMAT_JSON) {
		h.json.out = stdout;
		print_json(&h);
	} else if (h.newest != NULL) {
		print_table(&h);
	}
	ret = h.newest != NULL ? EXIT_OK : EXIT_UNREACHABLE;
	reader_fini(&h.reader);
	return ret;
}
