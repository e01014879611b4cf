/* diff.c - shmdnsctl diff: the records that differ between two generations (OV-07) */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "ctl/changes.h"
#include "ctl/json.h"
#include "ctl/look.h"
#include "ctl/target.h"

const char diff_help[] =
	"\n"
	"What became of the records from generation A to B (or now), in the order of "
	"names: `-`\n"
	"went, `+` came. `history` lists the generations that are there. SOA records are "
	"left\n"
	"out. Reads shared memory and asks nobody.\n"
	"Exit status 0: there is no difference; 1: there are some; 3: no generation is "
	"in\n"
	"shared memory; 4: history does not reach so far back.\n";

/* Lines that only one of the two has; both are sorted. */
static void each_missing(const struct lines *a, const struct lines *b,
	void (*on_line)(void *arg, const char *line), void *arg)
{
	size_t k = 0;

	for (size_t i = 0; i < a->n; i++) {
		while (k < b->n && strcmp(b->line[k], a->line[i]) < 0)
			k++;
		if (k < b->n && strcmp(b->line[k], a->line[i]) == 0)
			k++;
		else
			on_line(arg, a->line[i]);
	}
}

static const char *owner(const struct change *c, char out[NAME_TEXT_MAX])
{
	const struct node_view *v = c->after != NULL ? c->after : c->before;

	name_text(v->name, v->head->name_len, out, NAME_TEXT_MAX);
	return out;
}

/* ---- text ---- */

struct text_line {
	const char *owner;
	char sign;
};

static void on_text_line(void *arg, const char *line)
{
	const struct text_line *t = arg;

	printf("%c %s %s\n", t->sign, t->owner, line);
}

static void on_text(void *arg, const struct change *c)
{
	char name[NAME_TEXT_MAX];
	struct text_line gone = {owner(c, name), '-'}, come = {name, '+'};

	(void)arg;
	each_missing(c->was, c->is, on_text_line, &gone);
	each_missing(c->is, c->was, on_text_line, &come);
	if (c->was->n > 0 || c->is->n > 0)
		return;
	printf("%c %s without records\n",
		c->before == NULL  ? '+'
		: c->after == NULL ? '-'
				   : '~',
		name);
}

static void print_end(const char *word, const struct snap *s)
{
	char when[32];

	printf("%s generation %" PRIu64 ", %s, cause %s, serial %u\n", word,
		s->generation, look_time(s->time_ns, when), look_cause(s),
		(unsigned)s->serial);
}

static int print_text(
	const struct snap *before, const struct snap *after, struct changes *count)
{
	print_end("---", before);
	print_end("+++", after);
	int ret = changes_between(before, after, on_text, NULL, count);
	printf("%zu names added, %zu removed, %zu changed", count->added, count->removed,
		count->changed);
	if (count->empty > 0)
		printf("; %zu empty names above them came or went", count->empty);
	printf("\n");
	return ret;
}

/* ---- JSON ---- */

static void on_json_line(void *arg, const char *line)
{
	json_string(arg, NULL, line);
}

static void on_json(void *arg, const struct change *c)
{
	struct json *j = arg;
	char name[NAME_TEXT_MAX];

	json_begin(j, NULL, '{');
	json_string(j, "name", owner(c, name));
	json_string(j, "change",
		c->before == NULL  ? "added"
		: c->after == NULL ? "removed"
				   : "changed");
	json_begin(j, "removed", '[');
	each_missing(c->was, c->is, on_json_line, j);
	json_end(j, ']');
	json_begin(j, "added", '[');
	each_missing(c->is, c->was, on_json_line, j);
	json_end(j, ']');
	json_end(j, '}');
}

static void json_end_of(struct json *j, const char *key, const struct snap *s)
{
	json_begin(j, key, '{');
	json_number(j, "generation", s->generation);
	json_number(j, "published_ns", s->time_ns);
	json_string(j, "cause", look_cause(s));
	json_number(j, "serial", s->serial);
	json_end(j, '}');
}

static int print_json(
	const struct snap *before, const struct snap *after, struct changes *count)
{
	struct json j = {.out = stdout};

	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	json_string(&j, "from", "shared memory");
	json_end_of(&j, "before", before);
	json_end_of(&j, "after", after);
	json_begin(&j, "names", '[');
	int ret = changes_between(before, after, on_json, &j, count);
	json_end(&j, ']');
	json_number(&j, "added", count->added);
	json_number(&j, "removed", count->removed);
	json_number(&j, "changed", count->changed);
	json_number(&j, "damaged", count->damaged);
	json_end(&j, '}');
	printf("\n");
	return ret;
}

static int diff(const struct snap *newest, const struct options *o)
{
	struct snap before, after;
	struct changes count = {0};
	int status;

	if (!look_back(newest, o->arg[0], &before, &status) ||
		!look_back(newest, o->nargs > 1 ? o->arg[1] : "now", &after, &status))
		return status;
	int ret = o->format == FORMAT_JSON ? print_json(&before, &after, &count)
	                                   : print_text(&before, &after, &count);
	if (ret < 0 || count.damaged > 0)
		ctl_complain("something in these generations is damaged");
	return ret < 0 || count.damaged + count.added + count.removed + count.changed > 0
	               ? EXIT_NEGATIVE
	               : EXIT_OK;
}

int ctl_diff(const struct verb *verb, int argc, char **argv)
{
	static struct reader reader;
	char instance[INSTANCE_MAX];
	struct options o;
	int ret = options_parse(verb, argc, argv, NULL, 0, &o);

	if (ret != 0)
		return options_exit(ret);
	if (o.nargs < 1 || o.nargs > 2) {
		ctl_complain("diff: say one or two generations (try --help)");
		return EXIT_USAGE;
	}
	if (!target_guess(&o, instance))
		return EXIT_USAGE;
	const struct snap *newest = look_open(&reader, instance);
	ret = newest != NULL ? diff(newest, &o) : EXIT_UNREACHABLE;
	reader_fini(&reader);
	return ret;
}
