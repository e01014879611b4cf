/* ownpage.c - see ownpage.h */
#include "supervisor/ownpage.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "snap/segment.h"
#include "supervisor/lastgood.h"
#include "supervisor/resize.h"

#define WHO "supervisor"

/* A path as others may open it; "" where that would not fit. */
static void set_path(stat_u64 *words, const char *path)
{
	char dir[PATH_MAX], text[PATH_MAX + 8 * STAT_PATH_WORDS] = "";
	int n = 0;

	if (path[0] == '/')
		n = snprintf(text, sizeof(text), "%s", path);
	else if (getcwd(dir, sizeof(dir)) != NULL)
		n = snprintf(text, sizeof(text), "%s/%s", dir, path);
	if (n < 0 || n >= 8 * STAT_PATH_WORDS)
		text[0] = '\0';
	stat_text_set(words, STAT_PATH_WORDS, text);
}

static void set_digest(stat_u64 words[4], const uint8_t digest[SHA256_OCTETS])
{
	uint64_t word;

	for (size_t i = 0; i < SHA256_OCTETS / sizeof(word); i++) {
		memcpy(&word, digest + i * sizeof(word), sizeof(word));
		stat_set(&words[i], word);
	}
}

void ownpage_config(struct supervisor *s)
{
	const struct conf *first = s->first.fd >= 0 ? &s->first.conf : &s->config.conf;
	struct stat_config *c = &s->stat->config;
	char kept[PATH_MAX];

	stat_write_begin(&s->stat->reload_seq);
	stat_set(&c->number, s->config.number);
	set_digest(c->digest, s->config.digest);
	stat_set(&c->wall_ns, clock_wall_ns());
	stat_set(&c->last_good, s->last_good);
	stat_set(&c->fd, (uint64_t)s->config.fd);
	stat_set(&c->restart, s->restart);
	stat_set(&c->workers, s->slots.staying);
	stat_set(&c->addresses, s->config.conf.nlisten);
	set_path(c->path, s->path);
	set_path(c->kept, lastgood_path(&s->config.conf, kept, sizeof(kept)));
	set_path(c->run_dir, first->run_dir); /* whatever a reload says */
	stat_write_done(&s->stat->reload_seq);
	stat_set(&s->stat->config_number, s->config.number);
}

int ownpage_open(struct supervisor *s)
{
	void *page;
	int fd;
	int ret = segment_stat_create(s->instance, WHO, STAT_SUPERVISOR, &fd);

	if (ret == 0) {
		ret = segment_stat_map_fd(fd, &page);
		close(fd);
	}
	if (ret < 0) {
		log_line(LOG_ERROR, "shared memory object=stat." WHO " error=\"%s\"",
			strerror(-ret));
		return ret;
	}
	s->stat = page;
	stat_set(&s->stat->head.started_ns, clock_mono_ns());
	ownpage_beat(s, clock_mono_ns());
	ownpage_config(s);
	stat_set(&s->stat->reload_failed, s->last_good); /* OP-26 */
	stat_set(&s->stat->head.pid, (uint64_t)getpid());
	return 0;
}

void ownpage_close(struct supervisor *s)
{
	segment_stat_unmap(s->stat, STAT_SUPERVISOR);
	s->stat = NULL;
}

void ownpage_beat(struct supervisor *s, uint64_t now_ns)
{
	stat_set(&s->stat->head.heartbeat_ns, now_ns);
}

void ownpage_begin(struct supervisor *s)
{
	stat_add(&s->stat->reload_begun, 1);
	/* Not after files are read: see the other side in ctl/reload.c. */
	atomic_thread_fence(memory_order_seq_cst);
}

static bool has(const struct conf *c, const struct conf_listen *l)
{
	for (size_t i = 0; i < c->nlisten; i++) {
		const struct conf_listen *o = &c->listen[i];

		if (o->port == l->port && o->scope == l->scope &&
			addr_compare(&o->addr, &l->addr) == 0)
			return true;
	}
	return false;
}

/* Listening addresses of `a` that are not those of `b`. */
static uint64_t without(const struct conf *a, const struct conf *b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < a->nlisten; i++)
		n += !has(b, &a->listen[i]);
	return n;
}

void ownpage_note(struct supervisor *s, const struct confmem *next)
{
	struct reload_note *n = &s->note;

	n->unchanged = memcmp(next->digest, s->config.digest, SHA256_OCTETS) == 0 &&
	               !s->last_good;
	n->workers_was = s->slots.staying;
	n->added = without(&next->conf, &s->config.conf);
	n->removed = without(&s->config.conf, &next->conf);
}

static void write_outcome(
	struct supervisor *s, enum stat_reload outcome, const char *text)
{
	struct stat_outcome *o = &s->stat->reload;
	const struct reload_note *n = &s->note;

	stat_write_begin(&s->stat->reload_seq);
	stat_set(&o->number, stat_get(&s->stat->reload_begun));
	stat_set(&o->outcome, outcome);
	stat_set(&o->config_number, s->config.number);
	stat_set(&o->workers_was, n->workers_was);
	stat_set(&o->added, n->added);
	stat_set(&o->removed, n->removed);
	stat_text_set(o->refusal, STAT_REFUSAL_WORDS, text);
	stat_write_done(&s->stat->reload_seq);
}

/* MN-01, MN-02 */
static void count(struct supervisor *s, bool accepted)
{
	stat_add(&s->stat->reloads[!accepted], 1);
	stat_set(&s->stat->reload_failed, !accepted);
	stat_set(&s->stat->reload_wall_ns, clock_wall_ns());
}

void ownpage_accepted(struct supervisor *s)
{
	bool unchanged = s->note.unchanged;

	stat_add(&s->stat->reload_unchanged, unchanged);
	count(s, true);
	write_outcome(s, unchanged ? RELOAD_UNCHANGED : RELOAD_ACCEPTED, "");
}

void ownpage_refused(struct supervisor *s, const char *text, bool last)
{
	count(s, false);
	if (last)
		write_outcome(s, RELOAD_REFUSED, text);
}

/* Something that a change left is to be closed yet. */
static bool leaving(const struct sockets *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->group[i].leaves_ns != 0)
			return true;
	}
	return false;
}

void ownpage_step(struct supervisor *s)
{
	uint64_t ended = stat_get(&s->stat->reload.number);

	if (stat_get(&s->stat->reload_whole) == ended || resize_busy(s) ||
		!slots_all_ready(&s->slots) || leaving(&s->sockets))
		return;
	atomic_store_explicit(&s->stat->reload_whole, ended, memory_order_release);
}
