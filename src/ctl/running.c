/* running.c - see running.h */
#include "ctl/running.h"

#include <stdio.h>
#include <string.h>

#include "ctl/overview.h"
#include "ctl/target.h"
#include "snap/segment.h"

#define TRIES 10000 /* a write takes some microseconds */

/* UTF-8 may stand in texts; what moves a cursor or ends a line may not. */
static void tame(char *text, bool lines)
{
	for (; *text != '\0'; text++) {
		const unsigned char c = (unsigned char)*text;

		if ((c < ' ' && !(lines && c == '\n')) || c == 0x7f)
			*text = '?';
	}
}

static void copy_config(const struct stat_config *c, struct running *out)
{
	uint64_t word;

	out->number = stat_get(&c->number);
	for (size_t i = 0; i < SHA256_OCTETS / sizeof(word); i++) {
		word = stat_get(&c->digest[i]);
		memcpy(out->digest + i * sizeof(word), &word, sizeof(word));
	}
	out->wall_ns = stat_get(&c->wall_ns);
	out->last_good = stat_get(&c->last_good) != 0;
	out->fd = stat_get(&c->fd);
	out->restart = stat_get(&c->restart);
	out->workers = stat_get(&c->workers);
	out->addresses = stat_get(&c->addresses);
	stat_text_get(c->path, STAT_PATH_WORDS, out->path);
	stat_text_get(c->kept, STAT_PATH_WORDS, out->kept);
	stat_text_get(c->run_dir, STAT_PATH_WORDS, out->run_dir);
}

static void copy_outcome(const struct stat_outcome *o, struct running *out)
{
	out->reload = stat_get(&o->number);
	out->outcome = stat_get(&o->outcome);
	out->reload_config = stat_get(&o->config_number);
	out->workers_was = stat_get(&o->workers_was);
	out->added = stat_get(&o->added);
	out->removed = stat_get(&o->removed);
	stat_text_get(o->refusal, STAT_REFUSAL_WORDS, out->refusal);
}

bool running_read(const struct stat_supervisor *page, struct running *out)
{
	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t begun = stat_read_begin(&page->reload_seq);

		copy_config(&page->config, out);
		copy_outcome(&page->reload, out);
		if (!stat_read_done(&page->reload_seq, begun))
			continue;
		tame(out->path, false);
		tame(out->kept, false);
		tame(out->run_dir, false);
		tame(out->refusal, true);
		return true;
	}
	return false;
}

static void hex(const uint8_t *octets, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", octets[i]);
}

const char *running_short(const struct running *r, char out[RUNNING_SHORT])
{
	hex(r->digest, RUNNING_SHORT / 2, out);
	return out;
}

int running_first(const struct running *r)
{
	return (int)strcspn(r->refusal, "\n");
}

void running_json(struct json *j, const struct running *r)
{
	static const char *const outcomes[] = {
		"none", "accepted", "unchanged", "refused"};
	char digest[2 * SHA256_OCTETS + 1];

	hex(r->digest, SHA256_OCTETS, digest);
	json_number(j, "number", r->number);
	json_string(j, "path", r->path);
	json_string(j, "sha256", digest);
	json_number(j, "loaded_ns", r->wall_ns);
	json_string(j, "source", r->last_good ? "last_good" : "file");
	json_string(j, "kept", r->kept);
	json_number(j, "needs_restart", r->restart);
	json_number(j, "workers", r->workers);
	json_number(j, "addresses", r->addresses);
	json_string(j, "last_reload",
		r->outcome < sizeof(outcomes) / sizeof(outcomes[0]) ? outcomes[r->outcome]
								    : "unknown");
	if (r->outcome == RELOAD_REFUSED)
		json_string(j, "refusal", r->refusal);
}

int running_open(const struct options *o, struct running_pages *p)
{
	const void *page;

	*p = (struct running_pages){0};
	if (!target_guess(o, p->instance))
		return EXIT_USAGE;
	if (segment_stat_map(p->instance, "controller", STAT_CONTROLLER, &page) == 0)
		p->controller = page;
	if (segment_stat_map(p->instance, "supervisor", STAT_SUPERVISOR, &page) == 0) {
		p->supervisor = page;
		return EXIT_OK;
	}
	overview_complain(p->instance);
	return EXIT_UNREACHABLE;
}

void running_close(struct running_pages *p)
{
	segment_stat_unmap(p->supervisor, STAT_SUPERVISOR);
	segment_stat_unmap(p->controller, STAT_CONTROLLER);
}
