/* processes.c - MP and MN rows, and process_* (ME-08, CM-44) */
#include <config.h>
#include <stdio.h>

#include "metrics/metrics.h"
#include "base/base.h"

static const char *const roles[STAT_PROCESSES] = {
	[PROCESS_WORKER] = "worker",
	[PROCESS_FORWARDER] = "forwarder",
	[PROCESS_ADMIN] = "admin",
	[PROCESS_CONTROLLER] = "controller",
};
static const char *const exits[STAT_EXITS] = {
	[EXIT_STATUS] = "exit",
	[EXIT_SIGNAL] = "signal",
	[EXIT_HEARTBEAT] = "heartbeat",
	[EXIT_OOM] = "oom",
};

#define ALIVE_NS (5 * NS_PER_S)

static void put_sums(struct text *t, const struct view_process *p)
{
	text_family(t, "process_cpu_seconds_total", TEXT_COUNTER,
		"User and system CPU time of all processes of the appliance.");
	text_seconds(t, NO_LABELS, p->cpu_ns);
	text_gauge(t, "process_resident_memory_bytes",
		"Resident memory of all processes, shared pages counted once.",
		p->resident);
	text_gauge(t, "process_open_fds", "Open file descriptors of all processes.",
		p->open_fds);
	text_gauge(t, "process_max_fds",
		"Limit of open file descriptors of the supervisor.", p->max_fds);
	text_gauge_seconds(t, "process_start_time_seconds",
		"When the supervisor was started, as Unix time.", p->started_wall_ns);
}

static unsigned living(const struct view *v, enum stat_process role)
{
	unsigned n = 0;

	switch (role) {
	case PROCESS_WORKER:
		for (unsigned i = 0; i < v->nworkers; i++)
			n += view_lives(v, &v->worker[i]->head, ALIVE_NS);
		break;
	case PROCESS_FORWARDER:
		for (unsigned i = 0; i < v->nforwarders; i++)
			n += view_lives(v, &v->forwarder[i]->head, ALIVE_NS);
		break;
	case PROCESS_ADMIN:
		return 1; /* who writes this */
	case PROCESS_CONTROLLER:
		return v->controller != NULL &&
		       view_lives(v, &v->controller->head, 60 * NS_PER_S);
	case STAT_PROCESSES:
		break;
	}
	return n;
}

static void put_lives(struct text *t, const struct view *v)
{
	const struct stat_supervisor *s = v->supervisor;

	text_family(t, "shmdns_processes", TEXT_GAUGE, "Processes that run now.");
	for (unsigned i = 0; i < STAT_PROCESSES; i++)
		text_count(t, LABELS({"process", roles[i]}),
			living(v, (enum stat_process)i));
	if (s == NULL)
		return;
	text_family(t, "shmdns_process_starts_total", TEXT_COUNTER,
		"Processes that were started.");
	for (unsigned i = 0; i < STAT_PROCESSES; i++)
		text_count(t, LABELS({"process", roles[i]}), stat_get(&s->starts[i]));
	text_family(t, "shmdns_process_exits_total", TEXT_COUNTER,
		"Processes that ended: by themselves, by a signal, or killed because "
		"they hung or memory was short.");
	for (unsigned i = 0; i < STAT_PROCESSES; i++)
		for (unsigned k = 0; k < STAT_EXITS; k++)
			text_count(t, LABELS({"process", roles[i]}, {"reason", exits[k]}),
				stat_get(&s->exits[i][k]));
}

enum slots { SLOTS_USED, SLOTS_EVER }; /* counters of those that have ended stay */

/* One sample of each slot that has a worker, or ever had one. */
static void put_slots(struct text *t, const struct view *v, enum slots which,
	size_t offset, bool is_time, uint64_t add)
{
	char slot[12];

	for (unsigned i = 0; i < v->nworkers; i++) {
		const struct stat_worker *w = v->worker[i];
		const stat_u64 *at = (const void *)((const char *)(const void *)w +
						    offset);

		if (stat_get(&w->head.started_ns) == 0)
			continue; /* never used */
		if (which == SLOTS_USED && stat_get(&w->head.pid) == 0)
			continue; /* it was told to end, and is nobody's */
		snprintf(slot, sizeof(slot), "%u", i);
		if (is_time)
			text_seconds(t, LABELS({"worker", slot}), stat_get(at) + add);
		else
			text_count(t, LABELS({"worker", slot}), stat_get(at));
	}
}

static void put_workers(struct text *t, const struct view *v)
{
	uint64_t counts[7];

	text_family(t, "shmdns_worker_generation", TEXT_GAUGE,
		"Generation that a worker answers from.");
	put_slots(t, v, SLOTS_USED, VIEW_WORKER(generation), false, 0);
	text_family(t, "shmdns_worker_heartbeat_timestamp_seconds", TEXT_GAUGE,
		"Last sign of life of a worker, as Unix time.");
	put_slots(t, v, SLOTS_USED, VIEW_WORKER(head.heartbeat_ns), true,
		v->wall_ns - v->mono_ns);
	text_family(t, "shmdns_worker_busy_seconds_total", TEXT_COUNTER,
		"CPU time that a worker has used.");
	put_slots(t, v, SLOTS_EVER, VIEW_WORKER(busy_ns), true, 0);
	text_family(t, "shmdns_socket_receive_buffer_bytes", TEXT_GAUGE,
		"Least receive buffer of a worker's UDP sockets, as the kernel granted "
		"it.");
	put_slots(t, v, SLOTS_USED, VIEW_WORKER(receive_buffer), false, 0);
	text_family(t, "shmdns_refreshes_total", TEXT_COUNTER,
		"Generations that a worker went over to.");
	put_slots(t, v, SLOTS_EVER, VIEW_WORKER(refreshes), false, 0);
	text_family(t, "shmdns_refresh_failures_total", TEXT_COUNTER,
		"Generations that a worker could not use.");
	put_slots(t, v, SLOTS_EVER, VIEW_WORKER(refresh_failures), false, 0);
	view_workers_all(v, VIEW_WORKER(batch_sizes), counts, ARRAY_LEN(counts));
	text_family(t, "shmdns_batch_packets", TEXT_HISTOGRAM,
		"Packets that were taken from a UDP socket at once.");
	text_histogram(t, NO_LABELS, TEXT_POWERS, counts, ARRAY_LEN(counts),
		view_workers(v, VIEW_WORKER(batch_packets)));
}

/* MN-03 */
static void put_config_info(struct text *t, const struct view *v)
{
	char digest[VIEW_DIGEST];
	bool last_good;

	if (view_digest(v, digest, &last_good) == NULL)
		return;
	text_family(t, "shmdns_config_info", TEXT_GAUGE,
		"The configuration that runs; always 1.");
	text_count(t,
		LABELS({"sha256", digest}, {"source", last_good ? "last_good" : "file"}),
		1);
}

static void put_config(struct text *t, const struct stat_supervisor *s)
{
	static const char *const results[] = {"accepted", "refused", "unchanged"};
	const uint64_t unchanged = stat_get(&s->reload_unchanged);
	const uint64_t accepted = stat_get(&s->reloads[0]);
	const uint64_t counts[] = {accepted > unchanged ? accepted - unchanged : 0,
		stat_get(&s->reloads[1]), unchanged};

	text_family(t, "shmdns_config_reloads_total", TEXT_COUNTER,
		"Reloads of the configuration.");
	for (unsigned i = 0; i < ARRAY_LEN(results); i++)
		text_count(t, LABELS({"result", results[i]}), counts[i]);
	text_gauge(t, "shmdns_config_last_reload_success",
		"1 unless the last reload was refused, or the file had errors at the "
		"start.",
		stat_get(&s->reload_failed) == 0);
	text_gauge_seconds(t, "shmdns_config_last_reload_timestamp_seconds",
		"When the configuration was reloaded last, as Unix time; 0: never.",
		stat_get(&s->reload_wall_ns));
}

/* Sockets belong to shares; the worker of share i has that number (MP-09, MP-10). */
static void put_shares(struct text *t, const struct view *v)
{
	const struct stat_supervisor *s = v->supervisor;
	char share[12];

	text_family(t, "shmdns_socket_dropped_packets_total", TEXT_COUNTER,
		"Packets that the kernel dropped because a socket was full.");
	for (unsigned i = 0; i < v->shares && i < STAT_SHARES; i++) {
		snprintf(share, sizeof(share), "%u", i);
		text_count(t, LABELS({"worker", share}), stat_get(&s->dropped[i]));
	}
	text_family(t, "shmdns_worker_share_withdrawn", TEXT_GAUGE,
		"1 while queries are steered around a worker that dies again and again.");
	for (unsigned i = 0; i < v->shares && i < STAT_SHARES; i++) {
		snprintf(share, sizeof(share), "%u", i);
		text_count(t, LABELS({"worker", share}), stat_get(&s->withdrawn[i]));
	}
}

/* Queries of our own to the listener (HR-05). */
static void put_probes(struct text *t, const struct view *v)
{
	uint64_t fine[STAT_FINE];

	if (v->admin == NULL || v->probe_name == NULL || v->probe_name[0] == '\0')
		return;
	view_words(v->admin->probe_fine, fine, STAT_FINE);
	text_family(t, "shmdns_self_probe_duration_seconds", TEXT_HISTOGRAM,
		"From a query of our own to its reply.");
	text_histogram(t, LABELS({"name", v->probe_name}), TEXT_FINE, fine, STAT_FINE,
		stat_get(&v->admin->probe_ns));
	text_family(t, "shmdns_self_probe_failures_total", TEXT_COUNTER,
		"Queries of our own without a reply in 3 s, or with SERVFAIL.");
	text_count(
		t, LABELS({"name", v->probe_name}), stat_get(&v->admin->probe_failures));
}

static void put_build(struct text *t, const struct view *v)
{
	text_family(t, "shmdns_build_info", TEXT_GAUGE, "What runs; always 1.");
	text_count(t,
		LABELS({"version", v->version}, {"compiler", __VERSION__},
			{"libevent", BUILT_LIBEVENT}, {"libcurl", BUILT_LIBCURL},
			{"libmicrohttpd", BUILT_LIBMICROHTTPD},
			{"tls", "OpenSSL " BUILT_OPENSSL}),
		1);
}

void metrics_processes(struct text *t, const struct view *v)
{
	put_sums(t, &v->process);
	put_build(t, v);
	put_lives(t, v);
	put_workers(t, v);
	put_probes(t, v);
	if (v->supervisor == NULL)
		return;
	put_shares(t, v);
	put_config(t, v->supervisor);
	put_config_info(t, v);
}
