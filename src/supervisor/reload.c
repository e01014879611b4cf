/* reload.c - see reload.h */
#include "supervisor/reload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "supervisor/crew.h"
#include "supervisor/cpus.h"
#include "supervisor/lastgood.h"
#include "supervisor/notify.h"
#include "supervisor/ownpage.h"
#include "supervisor/resize.h"
#include "supervisor/supervise.h"
#include "supervisor/watch.h"

#define GAP_NS     NS_PER_S /* between two reloads */
#define DEATHS_MAX 3        /* of controllers over one configuration */
#define WHY_MAX    ((size_t)8 * STAT_REFUSAL_WORDS)
#define LEAVES_NS                                                                        \
	(500 * NS_PER_MS) /* an address that goes is served for so long, and
                                       as long as queries may be parked */

static void tell_controller(struct supervisor *s, uint32_t type, uint32_t number, int fd)
{
	crew_send_number(s, slots_controller(&s->slots), type, number, fd);
}

void reload_ask(struct supervisor *s)
{
	s->reload_wanted = true;
	s->watch.asked = false;
}

uint64_t reload_wake_ns(const struct supervisor *s)
{
	bool can = s->reload_wanted && s->next.fd < 0 && s->config_taken &&
	           !s->note.current && !resize_busy(s);

	return can ? s->reload_ns : UINT64_MAX;
}

/* The end of a reload, for better or worse. */
static void finish(struct supervisor *s)
{
	if (s->reloading)
		notify_send("READY=1");
	s->reloading = false;
}

/* `lines`: what is told to who asked; `last`: the same is not tried again by itself. */
static void refuse(struct supervisor *s, const char *by, const char *why,
	const char *lines, bool last)
{
	char text[300];

	log_gather(NULL, 0);
	log_line(LOG_ERROR, "reload refused by=%s error=%s kept=%" PRIu32, by,
		log_quote(why, text, sizeof(text)), s->config.number);
	ownpage_refused(
		s, lines[0] != '\0' ? lines : "the supervisor's log says why", last);
	finish(s);
}

/* How many workers the next configuration asks for. */
static uint32_t workers(const struct supervisor *s)
{
	struct cpus cpus;

	if (s->next.conf.workers == s->config.conf.workers)
		return s->slots.shares;
	cpus_find("", &cpus);
	return cpus_workers(&cpus, s->next.conf.workers);
}

/* Open what the next configuration needs, beside what is open. 0; -errno, logged. */
static int prepare(struct supervisor *s)
{
	struct addresses machine = {0};
	int ret = resize_prepare(s, workers(s));

	if (ret < 0)
		return ret;
	addresses_list(&machine); /* without them the catch-alls serve */
	ret = sockets_prepare(&s->sockets, s->next.conf.listen, s->next.conf.nlisten,
		&machine, crew_tell_group, s);
	addresses_fini(&machine);
	if (ret < 0)
		resize_abort(s);
	return ret;
}

/* Forget the next configuration, and what was opened for it. */
static void take_back(struct supervisor *s)
{
	sockets_abort(&s->sockets, crew_tell_group, s);
	resize_abort(s);
	confmem_close(&s->next);
}

/* The next configuration becomes the current one. */
static void make_current(struct supervisor *s, uint64_t now_ns)
{
	ownpage_note(s, &s->next);
	s->note.current = true;
	s->restart = s->note.restart;
	if (s->first.fd < 0)
		s->first = s->config;
	else
		confmem_close(&s->config);
	s->config = s->next;
	s->next = (struct confmem){.fd = -1};
	s->last_good = false;
	resize_commit(s, now_ns);
	sockets_commit(&s->sockets, now_ns + resize_parked_ns(s) + LEAVES_NS);
	s->addresses_ns = now_ns; /* what has changed meanwhile */
	ownpage_config(s);
}

static void note_tried(struct supervisor *s)
{
	if (memcmp(s->watch.tried, s->next.digest, SHA256_OCTETS) != 0)
		s->reload_deaths = 0;
	memcpy(s->watch.tried, s->next.digest, SHA256_OCTETS);
}

/* The findings as `check` prints them, in the place of what the log has of them. */
static void show_findings(const struct conf_report *report, char *out, size_t cap)
{
	FILE *f = fmemopen(out, cap, "w");

	if (f == NULL)
		return;
	conf_report_print(report, f);
	fclose(f);
	out[cap - 1] = '\0';
}

/*
 * Load the files into `next`. 0; -EAGAIN: they are in the middle of a change, which the
 * watch will see the end of; else -errno, logged, and `why` has a line for each fault.
 */
static int load_next(struct supervisor *s, uint64_t now_ns, char why[WHY_MAX])
{
	struct conf_report report = {0};
	int ret = confmem_load(s->path, s->config.number + 1, &s->next, &report);
	bool read = ret == 0 || ret == -EINVAL;

	if (read && watch_is_restless(s, s->next.digest, now_ns)) {
		if (ret == 0)
			confmem_close(&s->next);
		ret = -EAGAIN;
	} else {
		if (read)
			note_tried(s);
		confmem_log(&report);
		if (ret == -EINVAL)
			show_findings(&report, why, WHY_MAX);
	}
	conf_report_fini(&report);
	if (ret < 0)
		s->next = (struct confmem){.fd = -1};
	return ret;
}

void reload_step(struct supervisor *s, uint64_t now_ns)
{
	const struct conf *started = s->first.fd >= 0 ? &s->first.conf : &s->config.conf;
	static char why[WHY_MAX];

	if (now_ns < reload_wake_ns(s) || s->stop != STOP_NOT)
		return;
	s->reload_wanted = false;
	s->reload_ns = now_ns + GAP_NS;
	s->reloading = s->told_ready;
	if (s->reloading)
		notify_send("RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_ns / 1000);
	why[0] = '\0';
	log_gather(why, sizeof(why));
	ownpage_begin(s);
	int ret = load_next(s, now_ns, why);
	if (ret == -EAGAIN) {
		log_gather(NULL, 0);
		finish(s);
		return;
	}
	if (ret < 0) {
		refuse(s, "supervisor", "see the lines above", why, true);
		return;
	}
	s->note = (struct reload_note){
		.restart = confmem_log_restart(started, &s->next.conf)};
	if (prepare(s) < 0) {
		confmem_close(&s->next);
		refuse(s, "supervisor", "see the lines above", why, true);
		return;
	}
	log_gather(NULL, 0);
	tell_controller(s, MESSAGE_PREPARE, s->next.number, s->next.fd);
}

void reload_hand_over(struct supervisor *s)
{
	s->config_taken = false;
	tell_controller(s, MESSAGE_PREPARE, s->config.number, s->config.fd);
}

/* The controller refuses what the appliance is to run with. */
static void on_current_refused(struct supervisor *s, const char *error)
{
	char text[300];

	log_line(LOG_ERROR, "config refused by=controller error=%s",
		log_quote(error, text, sizeof(text)));
	if (s->config_ever)
		crew_kill(s, slots_controller(&s->slots), "config");
	else
		supervise_stop(s, 1, clock_mono_ns());
}

void reload_prepared(struct supervisor *s, const struct message_prepared *m)
{
	char error[sizeof(m->error) + 1];

	memcpy(error, m->error, sizeof(m->error));
	error[sizeof(m->error)] = '\0';
	if (s->next.fd >= 0 && m->number == s->next.number) {
		if (m->ok == 0) {
			tell_controller(s, MESSAGE_ABORT, m->number, -1);
			take_back(s);
			refuse(s, "controller", error, error, true);
			return;
		}
		make_current(s, clock_mono_ns());
		tell_controller(s, MESSAGE_COMMIT, m->number, -1);
		log_set_style(confmem_style(&s->config, s->quiet));
		crew_tell_admin(s);
	} else if (m->number == s->config.number && !s->config_taken) {
		if (m->ok != 0)
			tell_controller(s, MESSAGE_COMMIT, m->number, -1);
		else
			on_current_refused(s, error);
	}
}

void reload_committed(struct supervisor *s, uint32_t number)
{
	if (number != s->config.number)
		return;
	/* Or its predecessor died between PREPARED and COMMITTED. */
	if (s->config_taken || s->reloading)
		log_line(LOG_INFO, "reload done config=%" PRIu32, number);
	if (s->kept != number && !s->last_good)
		lastgood_save(&s->config);
	s->kept = number;
	if (s->note.current)
		ownpage_accepted(s);
	s->note.current = false;
	finish(s);
	s->config_taken = true;
	s->config_ever = true;
}

void reload_controller_died(struct supervisor *s)
{
	s->config_taken = false;
	if (s->next.fd < 0)
		return;
	take_back(s);
	/* Of something else, perhaps: its successor is asked, but not for ever. */
	bool last = ++s->reload_deaths >= DEATHS_MAX;
	refuse(s, "controller", "it died over it", "the controller died over it", last);
	if (!last)
		reload_ask(s);
}
