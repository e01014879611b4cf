#include "forwarder/report.h"

#include <stdio.h>

#include "base/base.h"
#include "dns/type.h"

#define VALUE_MAX 128
#define QNAME_MAX 512 /* of the line; longer ones are cut */

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

static void add_why(char *line, size_t cap, const struct fwdtab_event *e)
{
	char rcode[12];

	if (e->attempt > 0)
		add_number(line, cap, "attempt", e->attempt);
	if (e->rcode != 0)
		add(line, cap, "rcode", rcode_text(e->rcode, rcode));
	if (e->text != NULL)
		add(line, cap, "error", e->text);
	if (e->elapsed_ns != 0)
		add_number(line, cap, "ms", e->elapsed_ns / NS_PER_MS);
}

void report_event(struct forwarder *f, const struct fwdtab_event *e)
{
	static const struct {
		enum log_level level;
		const char *what;
	} kinds[] = {
		[EVENT_FAILED] = {LOG_WARNING, "forward failed"},
		[EVENT_DOWN] = {LOG_WARNING, "upstream down"},
		[EVENT_UP] = {LOG_INFO, "upstream up"},
		[EVENT_LOOP] = {LOG_ERROR, "forward loop"},
	};
	char line[900] = "";
	uint64_t suppressed;

	if (e->kind >= ARRAY_LEN(kinds) ||
		!log_allow(&f->event_log[e->kind], forwarder_now(f), &suppressed))
		return;
	add_question(line, sizeof(line), e->question);
	add_upstream(f, line, sizeof(line), e);
	add_why(line, sizeof(line), e);
	if (suppressed > 0)
		add_number(line, sizeof(line), "suppressed", suppressed);
	log_line(kinds[e->kind].level, "%s%s", kinds[e->kind].what, line);
}
