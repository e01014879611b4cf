/* crew.c - see crew.h */
#include "supervisor/crew.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pair.h"
#include "snap/segment.h"
#include "supervisor/drops.h"
#include "supervisor/ownpage.h"
#include "supervisor/reload.h"
#include "supervisor/supervise.h"

#define MESSAGES_AT_ONCE 16 /* of one child, before others have their turn */

static const char killed_for_memory[] = "oom"; /* by the kernel, not by us */

static uint64_t draw(void)
{
	uint64_t r = 0;

	(void)!getrandom(&r, sizeof(r), GRND_NONBLOCK);
	return r;
}

static bool is_controller(const struct supervisor *s, uint32_t i)
{
	return i == slots_controller(&s->slots);
}

static const char *role(const struct supervisor *s, uint32_t i)
{
	static const char *const names[] = {"worker", "forwarder", "admin", "controller"};

	return names[slots_role(&s->slots, i)];
}

/* Its number among those of its role: what log lines and START call a slot. */
static uint32_t number(const struct supervisor *s, uint32_t i)
{
	return slots_number(&s->slots, i);
}

static const struct program *program(const struct supervisor *s, uint32_t i)
{
	const struct program *const programs[] = {
		&s->worker, &s->forwarder, &s->admin, &s->controller};

	return programs[slots_role(&s->slots, i)];
}

static enum stat_role page_role(const struct supervisor *s, uint32_t i)
{
	static const enum stat_role roles[] = {
		STAT_WORKER, STAT_FORWARDER, STAT_ADMIN, STAT_CONTROLLER};

	return roles[slots_role(&s->slots, i)];
}

const char *crew_name(const struct supervisor *s, uint32_t i, char out[16])
{
	if (i >= slots_admin(&s->slots))
		snprintf(out, 16, "%s", role(s, i));
	else
		snprintf(out, 16, "%c%" PRIu32, role(s, i)[0], number(s, i));
	return out;
}

static int open_page(struct supervisor *s, uint32_t i)
{
	struct crew *c = &s->crew[i];
	char name[16];
	const void *page;
	int ret;

	crew_name(s, i, name);
	ret = segment_stat_create(s->instance, name, page_role(s, i), &c->stat);
	if (ret == 0)
		ret = segment_stat_map(s->instance, name, page_role(s, i), &page);
	if (ret == 0)
		c->page = page;
	else
		log_line(LOG_ERROR, "shared memory object=stat.%s error=\"%s\"", name,
			strerror(-ret));
	return ret;
}

static void clear(struct supervisor *s, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		s->crew[i] = (struct crew){.pair = -1, .stat = -1};
}

int crew_open(struct supervisor *s)
{
	int ret = ownpage_open(s);

	oom_open(&s->oom, "");
	s->crew = mem_alloc(s->slots.n, sizeof(*s->crew));
	clear(s, 0, s->slots.n);
	for (uint32_t i = 0; i < s->slots.n && ret == 0; i++)
		ret = open_page(s, i);
	if (ret < 0)
		crew_close(s);
	return ret;
}

void crew_close(struct supervisor *s)
{
	for (uint32_t i = 0; s->crew != NULL && i < s->slots.n; i++) {
		if (s->crew[i].pair >= 0)
			close(s->crew[i].pair);
		if (s->crew[i].stat >= 0)
			close(s->crew[i].stat);
		if (s->crew[i].page != NULL)
			segment_stat_unmap(s->crew[i].page, page_role(s, i));
	}
	free(s->crew);
	s->crew = NULL;
	oom_close(&s->oom);
	ownpage_close(s);
}

void crew_kill(struct supervisor *s, uint32_t i, const char *reason)
{
	s->slots.slot[i].killed = true;
	s->crew[i].reason = reason;
	kill(s->slots.slot[i].pid, SIGKILL);
}

void crew_send(
	struct supervisor *s, uint32_t i, const void *message, size_t len, int pass)
{
	if (s->crew[i].pair < 0 || s->slots.slot[i].killed)
		return;
	int ret = pair_send(s->crew[i].pair, message, len, pass);
	/* A dead one does not listen either; SIGCHLD says so. */
	if (ret == 0 || ret == -EPIPE || ret == -ECONNRESET)
		return;
	log_line(LOG_ERROR, "message not sent to=%s slot=%" PRIu32 " error=\"%s\"",
		role(s, i), number(s, i), strerror(-ret));
	crew_kill(s, i, "message");
}

void crew_send_number(
	struct supervisor *s, uint32_t i, uint32_t type, uint32_t number, int pass)
{
	const struct message_number m = {.type = type, .number = number};

	crew_send(s, i, &m, sizeof(m), pass);
}

static void send_socket(struct supervisor *s, uint32_t i, const struct sockets_group *g,
	uint32_t share, bool opened)
{
	const struct message_socket m = {
		.type = opened ? MESSAGE_SOCKET : MESSAGE_SOCKET_GONE,
		.share = share,
		.key = g->key,
	};

	crew_send(s, i, &m, sizeof(m), opened ? g->fd[share] : -1);
}

void crew_tell_group(void *arg, const struct sockets_group *g, bool opened)
{
	struct supervisor *s = arg;

	for (uint32_t i = 0; i < slots_workers(&s->slots); i++) {
		for (uint32_t share = 0; share < s->slots.shares; share++) {
			if (slots_serves(&s->slots, i, share))
				send_socket(s, i, g, share, opened);
		}
	}
}

/* The healthy workers drain the shares that nothing new is steered to. */
void crew_steer(struct supervisor *s)
{
	uint32_t share[SLOTS_SHARES_MAX];
	uint32_t n = slots_steering(&s->slots, share);

	sockets_steer(&s->sockets, share, n);
}

/* All sockets of one share to the process of slot i, or word that they are gone. */
static void tell_share(struct supervisor *s, uint32_t i, uint32_t share, bool opened)
{
	for (size_t g = 0; g < s->sockets.n; g++) {
		if (s->sockets.group[g].fd != NULL)
			send_socket(s, i, &s->sockets.group[g], share, opened);
	}
}

static void send_start(struct supervisor *s, uint32_t i, uint64_t life)
{
	bool worker = slots_role(&s->slots, i) == SLOT_WORKER;
	struct message_start m = {
		.type = MESSAGE_START,
		.slot = number(s, i),
		.share = worker ? s->slots.slot[i].share : 0,
		.workers = s->slots.staying,
		.life = life,
		.forwarders = s->slots.forwarders,
		.slots = 2 * SLOTS_SHARES_MAX,
		.log = confmem_style(&s->config, false),
	};

	snprintf(m.instance, sizeof(m.instance), "%s", s->instance);
	crew_send(s, i, &m, sizeof(m), s->crew[i].stat);
}

/* One end of a pair to the process of slot i, which is named the other side's number. */
static void send_peer(struct supervisor *s, uint32_t i, uint32_t worker,
	uint32_t forwarder, enum keep_end end)
{
	int fd = keep_pair(&s->keep, worker, forwarder, end);

	if (fd >= 0)
		crew_send_number(
			s, i, MESSAGE_PEER, end == KEEP_WORKER ? forwarder : worker, fd);
}

/*
 * Make what the worker of slot i parks in, and whom it may ask with. A slot that is used
 * for the first time is new to forwarders that run already. 0 or -errno, logged.
 */
static int introduce(struct supervisor *s, uint32_t i)
{
	bool fresh = s->keep.park[i] < 0;
	int ret = keep_slot(&s->keep, i);

	for (uint32_t f = 0; f < s->slots.forwarders && fresh; f++)
		send_peer(s, slots_workers(&s->slots) + f, i, f, KEEP_FORWARDER);
	return ret;
}

/* The slots behind `first` have new numbers. */
static void watch_again(struct supervisor *s, uint32_t first)
{
	for (uint32_t i = first; i < s->slots.n; i++) {
		struct epoll_event e = {.events = EPOLLIN, .data.u64 = i};

		if (s->crew[i].pair >= 0)
			epoll_ctl(s->epoll, EPOLL_CTL_MOD, s->crew[i].pair, &e);
	}
}

/* Slots for workers are put behind those that there are. */
static void add_slots(struct supervisor *s, uint32_t shares)
{
	uint32_t old = slots_workers(&s->slots), tail = s->slots.n - old;
	uint32_t more = slots_grow(&s->slots, shares);

	if (more == 0)
		return;
	s->crew = mem_resize(s->crew, s->slots.n, sizeof(*s->crew));
	memmove(&s->crew[old + more], &s->crew[old], tail * sizeof(*s->crew));
	clear(s, old, old + more);
	watch_again(s, old + more);
	keep_grow(&s->keep, slots_workers(&s->slots));
}

int crew_grow(struct supervisor *s, uint32_t shares)
{
	int ret = 0;

	add_slots(s, shares);
	for (uint32_t i = 0; i < slots_workers(&s->slots) && ret == 0; i++) {
		if (s->crew[i].page == NULL)
			ret = open_page(s, i);
	}
	for (uint32_t i = 0; i < shares && ret == 0; i++)
		ret = introduce(s, i);
	return ret;
}

static void equip_worker(struct supervisor *s, uint32_t i)
{
	introduce(s, i);
	if (s->keep.park[i] >= 0)
		crew_send_number(s, i, MESSAGE_PARK, 0, s->keep.park[i]);
	for (uint32_t f = 0; f < s->slots.forwarders; f++)
		send_peer(s, i, i, f, KEEP_WORKER);
}

static void equip_forwarder(struct supervisor *s, uint32_t i)
{
	uint32_t f = number(s, i);
	const struct message_cache m = {
		.type = MESSAGE_CACHE,
		.success = s->success,
		.denial = s->denial,
	};

	crew_send(s, i, &m, sizeof(m), s->keep.cache[f]);
	for (uint32_t worker = 0; worker < slots_workers(&s->slots); worker++)
		send_peer(s, i, worker, f, KEEP_FORWARDER);
}

bool crew_wants_admin(const struct conf *c)
{
	return httpsock_wanted(c) || c->query_log.format != CONF_QUERY_LOG_OFF;
}

void crew_tell_admin(struct supervisor *s)
{
	const struct conf *c = &s->config.conf;
	const struct conf_listen *first = &c->listen[0];
	struct message_admin m = {
		.type = MESSAGE_ADMIN,
		.compat = c->metrics.coredns_compat,
		.workers = slots_expected(&s->slots),
		.scope = first->scope,
		.address_len = first->addr.len,
		.port = s->port != 0 ? s->port : first->port,
		.max_stale_ns = c->ready.max_stale_ns,
		.max_namespaces = c->metrics.max_namespaces,
	};

	memcpy(m.address, first->addr.octets, sizeof(m.address));
	if (s->slots.admins > 0)
		crew_send(s, slots_admin(&s->slots), &m, sizeof(m), -1);
	else if (c->query_log.format != CONF_QUERY_LOG_OFF)
		log_line(LOG_WARNING,
			"query log is not written why=\"there is no shmdns-admin\" "
			"fix=\"restart, or set metrics.listen\"");
}

/* Its listeners stay open whatever becomes of it. */
static void equip_admin(struct supervisor *s, uint32_t i)
{
	crew_tell_admin(s);
	for (size_t k = 0; k < HTTPSOCK_KINDS; k++) {
		const struct message_socket m = {
			.type = MESSAGE_SOCKET, .key = s->http.key[k]};

		if (s->http.fd[k] >= 0)
			crew_send(s, i, &m, sizeof(m), s->http.fd[k]);
	}
}

/* What the process of slot i needs besides START. */
static void equip(struct supervisor *s, uint32_t i)
{
	switch (slots_role(&s->slots, i)) {
	case SLOT_WORKER:
		equip_worker(s, i);
		for (uint32_t share = 0; share < s->slots.shares; share++) {
			if (slots_serves(&s->slots, i, share))
				tell_share(s, i, share, true);
		}
		break;
	case SLOT_FORWARDER:
		equip_forwarder(s, i);
		break;
	case SLOT_ADMIN:
		equip_admin(s, i);
		break;
	case SLOT_CONTROLLER:
		reload_hand_over(s);
		break;
	}
}

static int watch(struct supervisor *s, uint32_t i)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u64 = i};

	return epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->crew[i].pair, &e) < 0 ? -errno : 0;
}

static void start_one(struct supervisor *s, uint32_t i, uint64_t now_ns)
{
	const struct program *p = program(s, i);
	pid_t pid;
	int ret = child_spawn(p, &pid, &s->crew[i].pair);

	if (ret < 0) {
		log_line(LOG_ERROR,
			"start failed program=%s slot=%" PRIu32 " error=\"%s\"", p->name,
			number(s, i), strerror(-ret));
		slots_failed(&s->slots, i, now_ns, draw());
		return;
	}
	stat_add(&s->stat->starts[slots_role(&s->slots, i)], 1);
	uint64_t life = slots_started(&s->slots, i, pid, now_ns);
	log_line(LOG_INFO, "%s started slot=%" PRIu32 " pid=%d life=%" PRIu64, role(s, i),
		number(s, i), (int)pid, life);
	s->crew[i].reason = NULL;
	ret = watch(s, i);
	if (ret < 0)
		crew_kill(s, i, "epoll");
	send_start(s, i, life);
	equip(s, i);
}

void crew_start(struct supervisor *s, uint64_t now_ns)
{
	uint32_t i;

	while ((i = slots_due(&s->slots, now_ns)) != SLOT_NONE)
		start_one(s, i, now_ns);
}

static void on_ready(struct supervisor *s, uint32_t i, uint64_t now_ns)
{
	struct slot *slot = &s->slots.slot[i];

	if (slot->state != SLOT_STARTING)
		return;
	bool joins = slots_ready(&s->slots, i);
	log_line(LOG_INFO, "%s ready slot=%" PRIu32 " pid=%d took_ms=%" PRIu64,
		role(s, i), number(s, i), slot->pid,
		(now_ns - slot->started_ns) / NS_PER_MS);
	if (joins) {
		crew_steer(s);
		crew_tell_admin(s); /* one more to ask for */
	}
}

/* LO-02: `loop_detection = "exit"`. */
static void on_loop(struct supervisor *s, uint64_t now_ns)
{
	if (s->stop != STOP_NOT)
		return;
	log_line(LOG_ERROR, "queries of ours come back to us loop_detection=exit");
	supervise_stop(s, 1, now_ns);
}

static void on_message(
	struct supervisor *s, uint32_t i, const union message *m, uint64_t now_ns)
{
	if (m->type == MESSAGE_READY)
		on_ready(s, i, now_ns);
	else if (m->type == MESSAGE_PREPARED && is_controller(s, i))
		reload_prepared(s, &m->prepared);
	else if (m->type == MESSAGE_COMMITTED && is_controller(s, i))
		reload_committed(s, m->number.number);
	else if (m->type == MESSAGE_LOOP && slots_role(&s->slots, i) == SLOT_FORWARDER)
		on_loop(s, now_ns);
	else
		log_line(LOG_ERROR,
			"message unexpected from=%s slot=%" PRIu32 " type=%" PRIu32,
			role(s, i), number(s, i), m->type);
}

void crew_receive(struct supervisor *s, uint32_t i, uint64_t now_ns)
{
	union message m;

	for (int k = 0; k < MESSAGES_AT_ONCE && s->crew[i].pair >= 0; k++) {
		int passed = -1;
		int ret = pair_recv(s->crew[i].pair, &m, &passed);

		if (passed >= 0) /* no child has anything to give us */
			close(passed);
		if (ret == -EAGAIN)
			return;
		if (ret == -EBADMSG) {
			log_line(LOG_ERROR, "message malformed from=%s slot=%" PRIu32,
				role(s, i), number(s, i));
		} else if (ret < 0) {
			/* It has closed its end: about to die, or of no use any more. */
			epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->crew[i].pair, NULL);
			return;
		} else {
			on_message(s, i, &m, now_ns);
		}
	}
}

/* As asked: RETIRE obeyed, or a SIGTERM that went to our whole group. */
static bool ended_well(const struct supervisor *s, int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status) == 0; /* so does one whose source changes */
	return s->stop != STOP_NOT && WTERMSIG(status) == SIGTERM;
}

static void log_death(struct supervisor *s, uint32_t i, int status, uint64_t now_ns)
{
	const struct slot *slot = &s->slots.slot[i];
	const char *reason = s->crew[i].reason;
	bool well = ended_well(s, status);

	log_line(well ? LOG_INFO : LOG_WARNING,
		"%s %s slot=%" PRIu32 " pid=%d %s=%d lived_ms=%" PRIu64 "%s%s",
		role(s, i), well ? "ended" : "died", number(s, i), slot->pid,
		WIFEXITED(status) ? "exit" : "signal",
		WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
		(now_ns - slot->started_ns) / NS_PER_MS, reason != NULL ? " reason=" : "",
		reason != NULL ? reason : "");
}

/* MP-03. The page's processes are in the order of our roles. */
static void count_death(struct supervisor *s, uint32_t i, int status)
{
	const char *reason = s->crew[i].reason;
	enum stat_exit how = WIFEXITED(status) ? EXIT_STATUS : EXIT_SIGNAL;

	if (reason != NULL && strcmp(reason, "heartbeat") == 0)
		how = EXIT_HEARTBEAT;
	else if (reason == killed_for_memory)
		how = EXIT_OOM;
	stat_add(&s->stat->exits[slots_role(&s->slots, i)][how], 1);
}

/*
 * The worker of `share` loops now, or has recovered: change who else reads its sockets.
 * `who` says for each slot whether it read them before.
 */
static void change_readers(struct supervisor *s, uint32_t share, const bool *before)
{
	for (uint32_t i = 0; i < slots_workers(&s->slots); i++) {
		bool now = slots_serves(&s->slots, i, share);

		if (now != before[i])
			tell_share(s, i, share, now);
	}
}

void crew_leave_shares(struct supervisor *s, uint32_t share)
{
	for (; share < s->slots.shares; share++) {
		for (uint32_t i = 0; i < slots_workers(&s->slots); i++) {
			if (i != share && slots_serves(&s->slots, i, share))
				tell_share(s, i, share, false);
		}
	}
}

static void readers(const struct supervisor *s, uint32_t share, bool looping, bool *out)
{
	struct slots was = s->slots;

	was.looping[share] = looping;
	for (uint32_t i = 0; i < slots_workers(&s->slots); i++)
		out[i] = slots_serves(&was, i, share);
}

/* A looping worker drains nobody's sockets; a healthy one drains all looping shares'. */
static void change_own(struct supervisor *s, uint32_t own, bool looping)
{
	for (uint32_t share = 0; share < s->slots.shares; share++) {
		if (share != own && slots_helped(&s->slots, share))
			tell_share(s, own, share, !looping);
	}
}

static void on_loop_changed(struct supervisor *s, uint32_t share, bool looping)
{
	bool before[2 * SLOTS_SHARES_MAX];

	readers(s, share, !looping, before);
	crew_steer(s);
	change_readers(s, share, before);
	change_own(s, share, looping);
	log_line(LOG_WARNING, "%s share=%" PRIu32 " serving=%" PRIu32,
		looping ? "crash loop: steered around" : "crash loop over: steered back",
		share, slots_serving(&s->slots));
}

/*
 * What a dead one said last, such as why it refuses the configuration. It is not reaped
 * yet: who is killed because of that has a number that is nobody else's.
 */
static void hear_last(struct supervisor *s, uint32_t i, uint64_t now_ns)
{
	if (s->crew[i].pair < 0)
		return;
	crew_receive(s, i, now_ns);
	close(s->crew[i].pair);
	s->crew[i].pair = -1;
}

static void bury(struct supervisor *s, uint32_t i, int status, uint64_t now_ns)
{
	uint32_t share = s->slots.slot[i].share;

	if (s->crew[i].reason == NULL && WIFSIGNALED(status) &&
		WTERMSIG(status) == SIGKILL && oom_killed(&s->oom))
		s->crew[i].reason = killed_for_memory;
	log_death(s, i, status, now_ns);
	count_death(s, i, status);
	if (is_controller(s, i))
		reload_controller_died(s);
	/* What it has parked is for a successor, which is told to end again. */
	if (!ended_well(s, status) && s->slots.staying < s->slots.shares &&
		!s->resize.late)
		slots_retire(&s->slots, i, false);
	if (slots_died(&s->slots, i, now_ns, draw()))
		on_loop_changed(s, share, true);
	s->crew[i].reason = NULL;
}

/* A child that has died and is not reaped; 0: there is none. */
static pid_t find_dead(void)
{
	siginfo_t info = {0};

	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return 0;
	return info.si_pid;
}

void crew_reap(struct supervisor *s, uint64_t now_ns)
{
	int status;
	pid_t pid;

	while ((pid = find_dead()) > 0) {
		uint32_t i = slots_find(&s->slots, pid);

		if (i != SLOT_NONE)
			hear_last(s, i, now_ns);
		if (waitpid(pid, &status, WNOHANG) != pid)
			return;
		if (i != SLOT_NONE)
			bury(s, i, status, now_ns);
		else
			log_line(LOG_DEBUG, "orphan reaped pid=%d", (int)pid);
	}
}

void crew_tick(struct supervisor *s, uint64_t now_ns)
{
	uint32_t i;

	ownpage_beat(s, now_ns);
	drops_count(s);
	oom_tick(&s->oom, now_ns);
	for (i = 0; i < s->slots.n; i++) {
		if (s->crew[i].page == NULL) /* a slot that could not be made */
			continue;
		stat_u64 *beat = (stat_u64 *)(uintptr_t)&s->crew[i].page->heartbeat_ns;
		slots_heartbeat(&s->slots, i, stat_get(beat), now_ns);
	}
	i = slots_tick(&s->slots, now_ns);
	if (i != SLOT_NONE) {
		log_line(LOG_WARNING,
			"%s hangs slot=%" PRIu32 " pid=%d still_ms=%" PRIu64, role(s, i),
			number(s, i), s->slots.slot[i].pid,
			(now_ns - s->slots.slot[i].progress_ns) / NS_PER_MS);
		crew_kill(s, i, "heartbeat");
	}
	while ((i = slots_recovered(&s->slots, now_ns)) != SLOT_NONE)
		on_loop_changed(s, i, false);
}
