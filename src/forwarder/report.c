#include "forwarder/report.h"

#include <stdio.h>

#include "base/base.h"
#include "base/clock.h"
#include "dns/type.h"

#define VALUE_MAX       128
#define LINE_MAX_OCTETS 900
#define QNAME_MAX       512      /* of the line; longer ones are cut */
#define QUIET_NS        NS_PER_S /* no line for so long: nobody else tells */

static const char *const transports[] = {"udp", "tcp", "tls"};

/* " key=value" behind what stands in the line already. */
static void add(char *line, size_t cap, const char *key, const char *value)
{
	size_t at = strlen(line);
	char quoted[VALUE_MAX];

	snprintf(line + at, cap - at, " %s=%s", key,
		log_quote(value, quoted, sizeof(quoted)));
}

static void add_number(char *line, size_t cap, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	add(line, cap, key, text);
}

/* Which upstream, and how it was asked. */
static void add_upstream(
	const struct forwarder *f, char *line, size_t cap, const struct fwdtab_event *e)
{
	if (e->upstream < 0 || e->upstream >= STAT_UPSTREAMS)
		return;
	add(line, cap, "upstream", f->stat->upstreams[e->upstream].text);
	if (e->transport < ARRAY_LEN(transports))
		add(line, cap, "transport", transports[e->transport]);
}

/* The name is text that nobody can forge a line with: name_text() escapes it. */
static void add_question(char *line, size_t cap, const struct question *q)
{
	char name[QNAME_MAX], type[12];
	size_t at = strlen(line);

	if (q == NULL)
		return;
	name_text(q->name, q->name_len, name, sizeof(name));
	snprintf(line + at, cap - at, " qname=%s qtype=%s", name,
		type_text(q->type, type));
}

static const char *reason_of(const struct fwdtab_event *e)
{
	if (e->text == NULL)
		return "";
	/* As resolvers say it, so that patterns for them match. */
	return strcmp(e->text, "timeout") == 0 ? "i/o timeout" : e->text;
}

static void add_why(char *line, size_t cap, const struct fwdtab_event *e, const char *key,
	const char *reason)
{
	if (e->attempt > 0)
		add_number(line, cap, "attempt", e->attempt);
	if (e->text != NULL)
		add(line, cap, key, reason);
	if (e->elapsed_ns != 0)
		add_number(line, cap, "ms", e->elapsed_ns / NS_PER_MS);
}

static void add_suppressed(char *line, size_t cap, uint64_t suppressed)
{
	if (suppressed > 0)
		add_number(line, cap, "suppressed", suppressed);
}

static void add_rcode(char *line, size_t cap, const struct fwdtab_event *e)
{
	char rcode[12];

	if (e->rcode != 0)
		add(line, cap, "rcode", rcode_text(e->rcode, rcode));
}

/* ---- questions that failed ---- */

/*
 * All of a line but how many are missing before it. Where no rule is configured that is
 * not made for what will not be written.
 */
static void report_failed(struct forwarder *f, const struct fwdtab_event *e)
{
	struct log_bucket *bucket = &f->event_log[EVENT_FAILED];
	char line[LINE_MAX_OCTETS] = "forward";
	enum log_level level = LOG_ERROR;
	uint64_t suppressed = 0, now_ns = forwarder_now(f);
	bool rules = f->consolidate.n > 0;

	if (!rules && !log_allow(bucket, now_ns, &suppressed))
		return;
	add_rcode(line, sizeof(line), e);
	add_question(line, sizeof(line), e->question);
	add_upstream(f, line, sizeof(line), e);
	add_why(line, sizeof(line), e, "err", reason_of(e));
	if (rules) {
		switch (consolidate_add(
			&f->consolidate, now_ns, line, reason_of(e), &level)) {
		case CONSOLIDATE_HELD:
			return;
		case CONSOLIDATE_FIRST: /* one for each rule and second at most */
			break;
		case CONSOLIDATE_NOT:
			if (!log_allow(bucket, now_ns, &suppressed))
				return;
		}
	}
	add_suppressed(line, sizeof(line), suppressed);
	log_line(level, "%s", line);
}

static void tell_consolidated(const struct consolidate_summary *s)
{
	char what[LOGSET_MATCH_MAX + 100], quoted[4 * sizeof(what)];
	uint64_t s_rest = s->window_ms % 1000;

	snprintf(what, sizeof(what),
		s_rest == 0 ? "%llu errors like %s in the last %llus"
			    : "%llu errors like %s in the last %llu.%03llus",
		(unsigned long long)s->count, s->match,
		(unsigned long long)(s->window_ms / 1000), (unsigned long long)s_rest);
	log_line(s->level, "what=%s errors=%llu", log_quote(what, quoted, sizeof(quoted)),
		(unsigned long long)s->count);
}

/* A flood has ended, and no line comes that would say what is missing. */
static void tell_suppressed(struct forwarder *f, uint64_t now_ns, bool all)
{
	struct log_bucket *b = &f->event_log[EVENT_FAILED];

	if (b->suppressed == 0 || (!all && now_ns < b->next_ns + QUIET_NS))
		return;
	log_line(LOG_ERROR, "forward lines were too many suppressed=%llu",
		(unsigned long long)b->suppressed);
	b->suppressed = 0;
}

static void tell_slow(struct forwarder *f)
{
	char quoted[4 * LOGSET_MATCH_MAX];
	struct consolidate_slow slow;

	if (!consolidate_slow(&f->consolidate, &slow))
		return;
	log_line(LOG_WARNING,
		"errors.consolidate takes too long: lines match nothing for the rest of "
		"a second lines=%llu match=%s",
		(unsigned long long)slow.lines,
		log_quote(slow.match, quoted, sizeof(quoted)));
}

static void tell_due(struct forwarder *f, bool all)
{
	uint64_t now_ns = forwarder_now(f);
	struct consolidate_summary s;

	tell_slow(f);

	while (consolidate_due(&f->consolidate, now_ns, all, &s))
		tell_consolidated(&s);
	tell_suppressed(f, now_ns, all);
	log_tick(now_ns);
}

void report_configure(struct forwarder *f, const struct log_settings *l)
{
	log_set_style((struct log_style){l->level, l->format});
	if (!consolidate_differs(&f->consolidate, l))
		return;
	tell_due(f, true);
	f->consolidate.clock_ns = clock_mono_ns;
	consolidate_configure(&f->consolidate, l);
}

void report_tick(struct forwarder *f)
{
	tell_due(f, false);
}

void report_end(struct forwarder *f)
{
	tell_due(f, true);
	consolidate_fini(&f->consolidate);
}

/* ---- upstreams ---- */

void report_event(struct forwarder *f, const struct fwdtab_event *e)
{
	static const struct {
		enum log_level level;
		const char *what;
	} kinds[] = {
		[EVENT_DOWN] = {LOG_WARNING, "upstream down"},
		[EVENT_UP] = {LOG_INFO, "upstream up"},
		[EVENT_LOOP] = {LOG_ERROR, "forward loop"},
	};
	char line[LINE_MAX_OCTETS] = "";
	uint64_t suppressed;

	if (e->kind == EVENT_FAILED) {
		report_failed(f, e);
		return;
	}
	if (e->kind >= ARRAY_LEN(kinds) ||
		!log_allow(&f->event_log[e->kind], forwarder_now(f), &suppressed))
		return;
	add_question(line, sizeof(line), e->question);
	add_upstream(f, line, sizeof(line), e);
	add_rcode(line, sizeof(line), e);
	add_why(line, sizeof(line), e, "error", e->text);
	add_suppressed(line, sizeof(line), suppressed);
	log_line(kinds[e->kind].level, "%s%s", kinds[e->kind].what, line);
}
