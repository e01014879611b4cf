/*
 * scenario.c - run *.scn files: dialogues with the whole product in one process
 *
 *   scenario NAME                 begin with an empty world
 *   config { ... }                a configuration on one line, or <<END and lines
 *   apply <<END | file PATH       objects as YAML or JSON, one batch (beside the .scn)
 *   remove <<END                  the same objects as deleted ones
 *   delete KIND [NS/]NAME
 *   synced                        all objects were read once
 *   at 50ms                       the clock goes on to 50 ms after the last `mark`
 *   mark                          it counts from here
 *   restart                       a new controller on the same board
 *   upstream NAME TYPE RCODE [ad] upstreams say this from now on, with
 *   says RR | denies RR           these RRs in answer, or in authority
 *   upstream NAME TYPE fails EDE [TEXT] | silent
 *   asked N                       questions went to upstreams since the last `asked`
 *   ask NAME TYPE [class CH] [tcp] [edns N] [do] [cd] [ad] [nord] [from ADDRESS] [turn N]
 *   expect RCODE [aa] [tc] [ad] [ra|nora] [opt|noopt] [ede N] [soa ZONE] [answers N]
 *          [extra any] [ordered: RRs stand in the order of the lines below]
 *   expect nothing                no reply at all
 *   answer|authority|additional RR  what stands there, and nothing else; `*`: any field
 *   hosts <<END                   the file of hosts
 *   zone NAME <<END               the file of that zone of `zone`
 *   weights <<END                 the file of weights
 *   share ADDRESS N/M NAME TYPE [as of ask]  ADDRESS stands first in N of M replies
 *   published N                   generations since the last `published` or `scenario`
 *   serial moved|same             since the last `serial` or `scenario`
 *   names N                       in the snapshot
 *   skipped REASON N              in this scenario
 *
 * Lines that begin with # name the rows that are proved. Exit status 0: all is as it
 * says.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "dialogue.h"

#define WORDS_MAX 16

struct script {
	const char *path;
	char *text, *at; /* owned; the next line */
	unsigned line;   /* number of the current one */
	unsigned steps, faults;
	char name[128];     /* of the scenario */
	char question[512]; /* the last one */
	struct world world;
	bool open;
	struct expectation expect;
	unsigned expect_line;
	uint64_t published_seen, mark_ns, serial_seen, asked_seen;
};

static void fault(struct script *s, unsigned line, const char *what)
{
	fprintf(stderr, "%s:%u: [%s] %s\n", s->path, line, s->name, what);
	s->faults++;
}

/* ---- reading ---- */

static char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *text;
	long size;

	if (f == NULL)
		return NULL;
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	text = calloc(1, (size_t)size + 1);
	*len = fread(text, 1, (size_t)size, f);
	fclose(f);
	return text;
}

/* The next line without its line feed, or NULL at the end. */
static char *next_line(struct script *s)
{
	char *line = s->at, *end;

	if (*line == '\0')
		return NULL;
	end = line + strcspn(line, "\n");
	s->at = *end == '\0' ? end : end + 1;
	*end = '\0';
	s->line++;
	return line;
}

/* The lines up to one that is `mark`, as one text; owned by the caller. */
static char *here_text(struct script *s, const char *mark)
{
	char *out = calloc(1, strlen(s->at) + 2), *line;
	size_t len = 0;

	while ((line = next_line(s)) != NULL && strcmp(line, mark) != 0) {
		size_t n = strlen(line);

		memcpy(out + len, line, n);
		len += n;
		out[len++] = '\n';
	}
	out[len] = '\0';
	return out;
}

/* "<<END": the text that follows; "file PATH": that of a file; else the words alone. */
static char *text_of(struct script *s, const char *rest)
{
	char path[1024];
	const char *slash = strrchr(s->path, '/');
	size_t len;

	if (strncmp(rest, "<<", 2) == 0)
		return here_text(s, rest + 2);
	if (strncmp(rest, "file ", 5) != 0)
		return strdup(rest);
	snprintf(path, sizeof(path), "%.*s%s",
		slash == NULL || rest[5] == '/' ? 0 : (int)(slash - s->path + 1), s->path,
		rest + 5);
	return read_file(path, &len);
}

static size_t split(char *line, char **word)
{
	size_t n = 0;

	for (;;) {
		line += strspn(line, " \t");
		if (*line == '\0' || n == WORDS_MAX)
			return n;
		word[n++] = line;
		line += strcspn(line, " \t");
		if (*line != '\0')
			*line++ = '\0';
	}
}

/* "50ms", "2s", "500us" to nanoseconds. */
static uint64_t duration_ns(const char *s)
{
	char *unit;
	uint64_t v = strtoull(s, &unit, 10);

	if (strcmp(unit, "s") == 0)
		return v * NS_PER_S;
	return strcmp(unit, "us") == 0 ? v * 1000 : v * NS_PER_MS;
}

/* ---- expectations ---- */

static void finish_expectation(struct script *s)
{
	if (s->expect.active && !dialogue_check(&s->world, &s->expect)) {
		fault(s, s->expect_line, "the reply is not as expected:");
		fprintf(stderr, "  asked: %s\n", s->question);
	}
	expectation_fini(&s->expect);
}

static int rcode_of(const char *name)
{
	static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN",
		"NOTIMP", "REFUSED", "YXDOMAIN"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return (int)i;
	return strcmp(name, "BADVERS") == 0 ? 16 : -1;
}

static bool expect_word(struct expectation *e, char **word, size_t n, size_t *i)
{
	const char *w = word[*i];

	if (strcmp(w, "aa") == 0)
		e->aa = true;
	else if (strcmp(w, "tc") == 0)
		e->tc = true;
	else if (strcmp(w, "ad") == 0)
		e->ad = true;
	else if (strcmp(w, "ra") == 0)
		e->ra = 1;
	else if (strcmp(w, "nora") == 0)
		e->ra = 0;
	else if (strcmp(w, "opt") == 0)
		e->opt = 1;
	else if (strcmp(w, "noopt") == 0)
		e->opt = 0;
	else if (strcmp(w, "ordered") == 0)
		e->ordered = true;
	else if (*i + 1 >= n)
		return false;
	else if (strcmp(w, "ede") == 0)
		e->ede = atoi(word[++*i]);
	else if (strcmp(w, "soa") == 0)
		e->soa = strdup(word[++*i]);
	else if (strcmp(w, "answers") == 0)
		e->count[0] = atoi(word[++*i]);
	else if (strcmp(w, "extra") == 0)
		e->any_additional = strcmp(word[++*i], "any") == 0;
	else
		return false;
	return true;
}

static bool on_expect(struct script *s, char *rest)
{
	char *word[WORDS_MAX];
	size_t n = split(rest, word);
	struct expectation *e = &s->expect;
	bool ok = n > 0;

	e->active = true;
	s->expect_line = s->line;
	if (ok && strcmp(word[0], "nothing") == 0) {
		e->dropped = true;
		return n == 1;
	}
	e->rcode = ok ? rcode_of(word[0]) : -1;
	ok = e->rcode >= 0;
	for (size_t i = 1; ok && i < n; i++)
		ok = expect_word(e, word, n, &i);
	return ok;
}

static bool on_rr(struct script *s, int section, const char *rest)
{
	struct expectation *e = &s->expect;

	if (!e->active || e->n[section] == DIALOGUE_LINES_MAX)
		return false;
	e->rr[section][e->n[section]++] = strdup(rest);
	return true;
}

/* ---- commands ---- */

static void begin(struct script *s, const char *name)
{
	if (s->open)
		world_close(&s->world);
	world_open(&s->world);
	s->open = true;
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->published_seen = s->mark_ns = s->serial_seen = s->asked_seen = 0;
}

static bool on_config(struct script *s, char *rest)
{
	char *text = text_of(s, rest), *from = text, *end;
	bool ok;

	if (text == NULL)
		return false;
	if (text[0] == '{') { /* on one line: what stands between the braces */
		from++;
		end = strrchr(text, '}');
		if (end != NULL)
			*end = '\0';
	}
	ok = world_config(&s->world, from);
	free(text);
	return ok;
}

static bool on_apply(struct script *s, char *rest, bool deleted)
{
	char *text = text_of(s, rest);
	bool ok = text != NULL && world_apply(&s->world, text, strlen(text), deleted);

	free(text);
	return ok;
}

static bool on_delete(struct script *s, char *rest)
{
	char *word[WORDS_MAX], *slash;
	enum kube_kind kind = KUBE_NAMESPACE;

	if (split(rest, word) != 2)
		return false;
	while (kind < KUBE_KINDS && strcmp(kube_kind_text(kind), word[0]) != 0)
		kind++;
	slash = strchr(word[1], '/');
	if (slash != NULL)
		*slash++ = '\0';
	if (kind < KUBE_KINDS)
		world_delete(&s->world, kind, slash == NULL ? "" : word[1],
			slash == NULL ? word[1] : slash);
	return kind < KUBE_KINDS;
}

static bool on_ask(struct script *s, char *rest)
{
	char *word[WORDS_MAX];

	snprintf(s->question, sizeof(s->question), "%s", rest);
	return dialogue_ask(&s->world, word, split(rest, word));
}

static bool on_upstream(struct script *s, char *rest)
{
	char *word[WORDS_MAX];

	return upstream_script(s->world.upstream, word, split(rest, word));
}

static bool on_asked(struct script *s, const char *rest)
{
	uint64_t asked = upstream_asked(s->world.upstream), n = asked - s->asked_seen;

	s->asked_seen = asked;
	if (n != strtoull(rest, NULL, 10))
		fprintf(stderr, "  %llu questions\n", (unsigned long long)n);
	return n == strtoull(rest, NULL, 10);
}

static bool on_hosts(struct script *s, char *rest)
{
	char *text = text_of(s, rest);

	if (text != NULL)
		world_hosts(&s->world, text);
	free(text);
	return text != NULL;
}

static bool on_zone(struct script *s, char *rest)
{
	char *space = strchr(rest, ' '), *text;
	bool ok;

	if (space == NULL)
		return false;
	*space = '\0';
	text = text_of(s, space + 1);
	ok = text != NULL && world_zone(&s->world, rest, text);
	free(text);
	return ok;
}

static bool on_weights(struct script *s, char *rest)
{
	char *text = text_of(s, rest);
	bool ok = text != NULL && world_weights(&s->world, text);

	free(text);
	return ok;
}

static bool on_share(struct script *s, char *rest)
{
	char *word[WORDS_MAX], *end;
	size_t nwords = split(rest, word);
	unsigned long n, m;

	if (nwords < 4)
		return false;
	n = strtoul(word[1], &end, 10);
	m = *end == '/' ? strtoul(end + 1, NULL, 10) : 0;
	return m > 0 && dialogue_share(&s->world, word[0], (unsigned)n, (unsigned)m,
				word + 2, nwords - 2);
}

static bool on_published(struct script *s, const char *rest)
{
	uint64_t n = s->world.publishes - s->published_seen;

	s->published_seen = s->world.publishes;
	if (n != strtoull(rest, NULL, 10))
		fprintf(stderr, "  %llu generations\n", (unsigned long long)n);
	return n == strtoull(rest, NULL, 10);
}

static bool on_serial(struct script *s, const char *rest)
{
	uint64_t serial = s->world.last.info.serial;
	bool moved = serial != s->serial_seen;

	s->serial_seen = serial;
	return moved == (strcmp(rest, "moved") == 0);
}

static bool on_skipped(struct script *s, char *rest)
{
	char *word[WORDS_MAX];
	unsigned why = 0;

	if (split(rest, word) != 2)
		return false;
	while (why < SKIPS &&
		strcmp(draft_skip_text((enum skip_reason)why), word[0]) != 0)
		why++;
	if (why < SKIPS && s->world.skipped[why] == strtoull(word[1], NULL, 10))
		return true;
	if (why < SKIPS)
		fprintf(stderr, "  %llu\n", (unsigned long long)s->world.skipped[why]);
	return false;
}

static bool on_names(struct script *s, const char *rest)
{
	uint64_t n = s->world.last.info.names;

	if (n != strtoull(rest, NULL, 10))
		fprintf(stderr, "  %llu names\n", (unsigned long long)n);
	return n == strtoull(rest, NULL, 10);
}

static void on_mark(struct script *s)
{
	s->mark_ns = s->world.now_ns - s->world.start_ns;
}

static bool command(struct script *s, const char *verb, char *rest)
{
	if (strcmp(verb, "config") == 0)
		return on_config(s, rest);
	if (strcmp(verb, "apply") == 0)
		return on_apply(s, rest, false);
	if (strcmp(verb, "remove") == 0)
		return on_apply(s, rest, true);
	if (strcmp(verb, "delete") == 0)
		return on_delete(s, rest);
	if (strcmp(verb, "ask") == 0)
		return on_ask(s, rest);
	if (strcmp(verb, "upstream") == 0)
		return on_upstream(s, rest);
	if (strcmp(verb, "says") == 0 || strcmp(verb, "denies") == 0)
		return upstream_rr(s->world.upstream, verb[0] == 'd', rest);
	if (strcmp(verb, "asked") == 0)
		return on_asked(s, rest);
	if (strcmp(verb, "hosts") == 0)
		return on_hosts(s, rest);
	if (strcmp(verb, "zone") == 0)
		return on_zone(s, rest);
	if (strcmp(verb, "weights") == 0)
		return on_weights(s, rest);
	if (strcmp(verb, "share") == 0)
		return on_share(s, rest);
	if (strcmp(verb, "published") == 0)
		return on_published(s, rest);
	if (strcmp(verb, "serial") == 0)
		return on_serial(s, rest);
	if (strcmp(verb, "names") == 0)
		return on_names(s, rest);
	if (strcmp(verb, "skipped") == 0)
		return on_skipped(s, rest);
	if (strcmp(verb, "scenario") == 0)
		begin(s, rest);
	else if (strcmp(verb, "synced") == 0)
		world_synced(&s->world);
	else if (strcmp(verb, "restart") == 0)
		world_restart(&s->world);
	else if (strcmp(verb, "mark") == 0)
		on_mark(s);
	else if (strcmp(verb, "at") == 0)
		world_advance(&s->world, s->mark_ns + duration_ns(rest));
	else
		return false;
	return true;
}

/* One line. Lines about the reply gather; whatever else comes next has it compared. */
static void step(struct script *s, char *line)
{
	unsigned number = s->line;
	char *rest, verb[32] = "";
	bool ok;

	while (isspace((unsigned char)*line))
		line++;
	if (*line == '\0' || *line == '#')
		return;
	size_t n = strcspn(line, " \t");
	if (n < sizeof(verb))
		memcpy(verb, line, n);
	rest = line + n;
	while (isspace((unsigned char)*rest))
		rest++;
	s->steps++;
	if (strcmp(verb, "answer") == 0)
		ok = on_rr(s, 0, rest);
	else if (strcmp(verb, "authority") == 0)
		ok = on_rr(s, 1, rest);
	else if (strcmp(verb, "additional") == 0)
		ok = on_rr(s, 2, rest);
	else if (strcmp(verb, "expect") == 0)
		ok = on_expect(s, rest);
	else {
		finish_expectation(s);
		ok = command(s, verb, rest);
	}
	if (!ok)
		fault(s, number, verb);
}

static bool run(const char *path)
{
	static struct script s;
	char *line;
	size_t len;

	memset(&s, 0, sizeof(s));
	s.path = path;
	s.text = s.at = read_file(path, &len);
	if (s.text == NULL) {
		perror(path);
		return false;
	}
	expectation_fini(&s.expect);
	begin(&s, "");
	while ((line = next_line(&s)) != NULL)
		step(&s, line);
	finish_expectation(&s);
	world_close(&s.world);
	free(s.text);
	printf("%s: %u steps, %u faults\n", path, s.steps, s.faults);
	return s.faults == 0;
}

int main(int argc, char **argv)
{
	bool ok = argc > 1;

	for (int i = 1; i < argc; i++)
		ok = run(argv[i]) && ok;
	return ok ? 0 : 1;
}
