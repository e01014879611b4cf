/* reload.c - see reload.h */
#include "supervisor/reload.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "supervisor/crew.h"
#include "supervisor/notify.h"
#include "supervisor/supervise.h"

#define GAP_NS NS_PER_S /* between two reloads */

static void tell_controller(struct supervisor *s, uint32_t type, uint32_t number, int fd)
{
	crew_send_number(s, slots_controller(&s->slots), type, number, fd);
}

void reload_ask(struct supervisor *s)
{
	s->reload_wanted = true;
}

uint64_t reload_wake_ns(const struct supervisor *s)
{
	bool can = s->reload_wanted && s->next.fd < 0 && s->config_taken;

	return can ? s->reload_ns : UINT64_MAX;
}

/* The end of a reload, for better or worse. */
static void finish(struct supervisor *s)
{
	if (s->reloading)
		notify_send("READY=1");
	s->reloading = false;
}

/* MN-01, MN-02 */
static void count(struct supervisor *s, bool accepted)
{
	stat_add(&s->stat->reloads[!accepted], 1);
	stat_set(&s->stat->reload_failed, !accepted);
	stat_set(&s->stat->reload_wall_ns, clock_wall_ns());
	stat_set(&s->stat->config_number, s->config.number);
}

static void refuse(struct supervisor *s, const char *by, const char *why)
{
	char text[300];

	log_line(LOG_ERROR, "reload refused by=%s error=%s kept=%" PRIu32, by,
		log_quote(why, text, sizeof(text)), s->config.number);
	count(s, false);
	finish(s);
}

void reload_step(struct supervisor *s, uint64_t now_ns)
{
	struct conf_report report = {0};

	if (now_ns < reload_wake_ns(s) || s->stop != STOP_NOT)
		return;
	s->reload_wanted = false;
	s->reload_ns = now_ns + GAP_NS;
	s->reloading = s->told_ready;
	if (s->reloading)
		notify_send("RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_ns / 1000);
	int ret = confmem_load(s->path, s->config.number + 1, &s->next, &report);
	confmem_log(&report);
	conf_report_fini(&report);
	if (ret < 0) {
		s->next = (struct confmem){.fd = -1};
		refuse(s, "supervisor", "see the lines above");
		return;
	}
	confmem_log_restart(&s->config.conf, &s->next.conf);
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
			confmem_close(&s->next);
			refuse(s, "controller", error);
			return;
		}
		confmem_close(&s->config);
		s->config = s->next;
		s->next = (struct confmem){.fd = -1};
		tell_controller(s, MESSAGE_COMMIT, m->number, -1);
		count(s, true);
		crew_tell_admin(s);
		if (!s->quiet)
			log_set_level((enum log_level)s->config.conf.log_level);
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
	finish(s);
	s->config_taken = true;
	s->config_ever = true;
}

void reload_controller_died(struct supervisor *s)
{
	s->config_taken = false;
	if (s->next.fd < 0)
		return;
	confmem_close(&s->next);
	refuse(s, "controller", "it died over it");
}
