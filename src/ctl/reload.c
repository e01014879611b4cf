/* reload.c - shmdnsctl reload: the configuration is read again (OV-10) */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/request.h"
#include "ctl/overview.h"
#include "ctl/plan.h"
#include "ctl/target.h"
#include "ctl/tell.h"
#include "snap/segment.h"

#define TELL_MS  2000  /* for the controller to answer; then we do without it */
#define WAIT_MS  60000 /* for a reload: a worker less may take 16 s */
#define STEP_NS  (20 * NS_PER_MS)
#define ALIVE_NS (3 * NS_PER_S)

const char reload_help[] =
	"\n"
	"The supervisor reads its configuration again, checks all of it aside, and then\n"
	"the appliance runs with it; with any fault nothing changes. For root and the\n"
	"appliance's own user. If the controller, which passes it on, does not answer,\n"
	"the supervisor gets the signal from here.\n"
	"  --wait                 until it is taken whole: published, served by all\n"
	"                         workers, workers and listeners replaced; --timeout is\n"
	"                         60 s by default\n"
	"  --plan                 say what would change, and do nothing; -c FILE takes\n"
	"                         another file than the one that runs\n"
	"Exit status of --wait: 0 accepted, or unchanged; 4 refused, the faults on\n"
	"standard error; 3 nobody is there, or not all was done in time, and what is\n"
	"missing. Of --plan: 0 it would be accepted; 1 it would be refused.\n";

/* ---- asking ---- */

/* True if that process is a supervisor: the page of one that died names anybody. */
static bool is_supervisor(pid_t pid)
{
	char path[64], name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	if (fgets(name, sizeof(name), f) == NULL)
		name[0] = '\0';
	fclose(f);
	return strcmp(name, "shmdnsd\n") == 0;
}

static int signal_supervisor(const struct running_pages *p, const char *why)
{
	const pid_t pid = (pid_t)stat_get(&p->supervisor->head.pid);

	if (pid <= 0 || !is_supervisor(pid)) {
		ctl_complain("%s, and the supervisor's process %ld is not there, or "
			     "not to be seen from here",
			why, (long)pid);
		return EXIT_UNREACHABLE;
	}
	if (kill(pid, SIGHUP) == 0)
		return EXIT_OK;
	ctl_complain("%s, and the supervisor, process %ld, cannot be signalled: %s; ask "
		     "as root or as the appliance's own user",
		why, (long)pid, strerror(errno));
	return errno == EPERM ? EXIT_REFUSED : EXIT_UNREACHABLE;
}

/* By the control socket, or else by a signal. */
static int request(
	const struct options *o, const struct running_pages *p, const struct running *r)
{
	static struct tell_reply reply;
	char path[TARGET_PATH_MAX], why[TARGET_PATH_MAX + 128];
	unsigned patience_ms = o->timeout_ms > 0 ? MIN(o->timeout_ms / 2, TELL_MS)
	                                         : TELL_MS;
	const char *text;
	int ret = -ENAMETOOLONG;

	snprintf(path, sizeof(path), "%s", o->socket != NULL ? o->socket : "");
	if (o->socket != NULL || request_path(r->run_dir, path, sizeof(path)))
		ret = tell(path, "reload", patience_ms, &reply);
	if (ret == 0 && tell_ok(&reply, &text))
		return EXIT_OK;
	if (ret == 0) {
		ctl_complain("refused: %.*s", (int)strcspn(text, "\n"), text);
		return EXIT_REFUSED;
	}
	snprintf(why, sizeof(why), "the controller at %s does not answer (%s)", path,
		strerror(-ret));
	return signal_supervisor(p, why);
}

/* ---- waiting ---- */

/* What is awaited: the end of a reload whose number is above `before`. */
struct waiting {
	const struct running_pages *p;
	struct running r;
	uint64_t before, began_ns, until_ns;
	uint64_t generation; /* that has the settings */
	unsigned serving;    /* workers that have it */
};

/* Since the page's process moved last. */
static uint64_t still_ns(const struct stat_head *head)
{
	uint64_t beat = stat_get(&head->heartbeat_ns), now = clock_mono_ns();

	return now > beat ? now - beat : 0;
}

static bool has_ended(struct waiting *w)
{
	return running_read(w->p->supervisor, &w->r) && w->r.reload > w->before;
}

static bool is_published(struct waiting *w)
{
	const struct stat_controller *c = w->p->controller;

	if (c == NULL || atomic_load_explicit(&c->config_served, memory_order_acquire) <
				 w->r.reload_config)
		return false;
	w->generation = stat_get(&c->config_generation);
	return true;
}

static bool serves(const struct waiting *w, unsigned slot)
{
	const void *page;
	char who[16];

	snprintf(who, sizeof(who), "w%u", slot);
	if (segment_stat_map(w->p->instance, who, STAT_WORKER, &page) < 0)
		return false;
	const struct stat_worker *worker = page;
	bool good = stat_get(&worker->head.pid) != 0 &&
	            still_ns(&worker->head) < ALIVE_NS &&
	            stat_get(&worker->generation) >= w->generation;
	segment_stat_unmap(page, STAT_WORKER);
	return good;
}

static bool all_serve(struct waiting *w)
{
	w->serving = 0;
	for (unsigned i = 0; i < OVERVIEW_WORKERS_MAX; i++)
		w->serving += serves(w, i);
	return w->serving >= w->r.workers;
}

static bool is_replaced(const struct waiting *w)
{
	return atomic_load_explicit(&w->p->supervisor->reload_whole,
		       memory_order_acquire) >= w->r.reload;
}

/* A later reload that was refused meanwhile is of no interest: this one was accepted. */
static bool is_whole(struct waiting *w)
{
	return is_published(w) && is_replaced(w) && all_serve(w);
}

/*
 * The page stays mapped when its process is gone. From another PID namespace none is
 * to be seen: its heart has to have stopped, too.
 */
static bool is_gone(const struct running_pages *p)
{
	const pid_t pid = (pid_t)stat_get(&p->supervisor->head.pid);

	return pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH &&
				   still_ns(&p->supervisor->head) > ALIVE_NS);
}

/* Wait until it is so; false: time is up, or nobody is there to bring it about. */
static bool await(struct waiting *w, bool (*condition)(struct waiting *w))
{
	const struct timespec step = {.tv_nsec = STEP_NS};

	while (!condition(w)) {
		if (clock_mono_ns() >= w->until_ns || is_gone(w->p))
			return condition(w);
		nanosleep(&step, NULL);
	}
	return true;
}

/* What lacks, for who waited in vain. */
static void say_missing(struct waiting *w, bool ended, char *out, size_t cap)
{
	const struct stat_supervisor *s = w->p->supervisor;
	const struct stat_controller *c = w->p->controller;
	uint64_t controller_s = c != NULL ? still_ns(&c->head) / NS_PER_S : 0;

	if (!ended && still_ns(&s->head) > ALIVE_NS)
		snprintf(out, cap, "the supervisor does not move for %" PRIu64 " s",
			still_ns(&s->head) / NS_PER_S);
	else if (!ended && stat_get(&s->reload_begun) <= w->before)
		snprintf(out, cap,
			"the supervisor has not begun: a reload before has "
			"not ended, or workers leave");
	else if (!ended)
		snprintf(out, cap,
			"the controller has not taken the configuration; it moved "
			"%" PRIu64 " s ago",
			controller_s);
	else if (!is_published(w))
		snprintf(out, cap,
			"accepted, but the controller has not published it%s; it moved "
			"%" PRIu64 " s ago",
			c != NULL && stat_get(&c->settings_withheld) != 0
				? ": settings with other zones wait for `thaw`"
				: "",
			controller_s);
	else if (!all_serve(w))
		snprintf(out, cap,
			"accepted, but generation %" PRIu64 " is served by %u of "
			"%" PRIu64 " workers",
			w->generation, w->serving, w->r.workers);
	else
		snprintf(out, cap,
			"accepted, but workers or listening addresses are "
			"still being replaced");
}

static int complain_late(struct waiting *w, bool ended)
{
	char text[200];

	if (is_gone(w->p)) {
		ctl_complain("the supervisor has ended before it was done");
		return EXIT_UNREACHABLE;
	}
	say_missing(w, ended, text, sizeof(text));
	ctl_complain("not done in %" PRIu64 " s: %s",
		(w->until_ns - w->began_ns) / NS_PER_S, text);
	return EXIT_UNREACHABLE;
}

/* ---- what came of it ---- */

static void print_json(const struct waiting *w, bool whole)
{
	struct json j = {.out = stdout};

	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	json_begin(&j, "config", '{');
	running_json(&j, &w->r);
	json_end(&j, '}');
	if (whole) {
		json_number(&j, "generation", w->generation);
		json_number(&j, "serving", w->serving);
		json_number(&j, "workers_before", w->r.workers_was);
		json_number(&j, "addresses_added", w->r.added);
		json_number(&j, "addresses_removed", w->r.removed);
	}
	json_number(&j, "took_ms", (clock_mono_ns() - w->began_ns) / NS_PER_MS);
	json_end(&j, '}');
	printf("\n");
}

static void print_line(const struct waiting *w)
{
	const struct running *r = &w->r;
	uint64_t took_ms = (clock_mono_ns() - w->began_ns) / NS_PER_MS;
	char digest[RUNNING_SHORT];

	printf("%s: configuration %" PRIu64 " (sha256 %s) is served by %u workers since "
	       "generation %" PRIu64,
		r->outcome == RELOAD_UNCHANGED ? "unchanged" : "accepted",
		r->reload_config, running_short(r, digest), w->serving, w->generation);
	if (r->workers != r->workers_was)
		printf("; workers %" PRIu64 " to %" PRIu64, r->workers_was, r->workers);
	if (r->added > 0 || r->removed > 0)
		printf("; listening addresses: %" PRIu64 " added, %" PRIu64 " removed",
			r->added, r->removed);
	if (r->restart > 0)
		printf("; %" PRIu64 " settings wait for the next start", r->restart);
	printf("; %" PRIu64 ".%03" PRIu64 " s\n", took_ms / 1000, took_ms % 1000);
}

static int wait_for(struct waiting *w, const struct options *o)
{
	if (!await(w, has_ended))
		return complain_late(w, false);
	if (w->r.outcome == RELOAD_REFUSED) {
		if (o->format == FORMAT_JSON)
			print_json(w, false);
		ctl_complain("refused; configuration %" PRIu64 " goes on", w->r.number);
		fprintf(stderr, "%s%s", w->r.refusal,
			strchr(w->r.refusal, '\n') != NULL ? "" : "\n");
		return EXIT_REFUSED;
	}
	if (!await(w, is_whole))
		return complain_late(w, true);
	if (o->format == FORMAT_JSON)
		print_json(w, true);
	else
		print_line(w);
	return EXIT_OK;
}

static int reload(const struct options *o, const struct running_pages *p, bool wait)
{
	unsigned patience_ms = o->timeout_ms > 0 ? o->timeout_ms : WAIT_MS;
	static struct waiting w;

	w = (struct waiting){.p = p, .began_ns = clock_mono_ns()};
	w.until_ns = w.began_ns + patience_ms * NS_PER_MS;
	if (!running_read(p->supervisor, &w.r)) {
		ctl_complain("the supervisor's page cannot be read");
		return EXIT_UNREACHABLE;
	}
	/* Reloads with a higher number read the files later than what we wrote. */
	atomic_thread_fence(memory_order_seq_cst);
	w.before = stat_get(&p->supervisor->reload_begun);
	int ret = request(o, p, &w.r);
	if (ret != EXIT_OK)
		return ret;
	if (wait)
		return wait_for(&w, o);
	if (o->format == FORMAT_JSON)
		printf("{\"version\":1,\"asked\":true}\n");
	else
		printf("asked: `--wait` would tell what comes of it\n");
	return EXIT_OK;
}

int ctl_reload(const struct verb *verb, int argc, char **argv)
{
	bool wait = false, plan = false;
	struct options o;
	const struct option_spec own[] = {
		{NULL, "--wait", NULL, &wait}, {NULL, "--plan", NULL, &plan}};
	struct running_pages p;
	int ret = options_parse(verb, argc, argv, own, ARRAY_LEN(own), &o);

	if (ret != 0)
		return options_exit(ret);
	if (o.nargs > 0 || (wait && plan)) {
		if (o.nargs > 0)
			ctl_complain("reload: what is '%s'? (try --help)", o.arg[0]);
		else
			ctl_complain(
				"reload: --plan does nothing that could be waited for");
		return EXIT_USAGE;
	}
	ret = running_open(&o, &p);
	if (ret == EXIT_OK)
		ret = plan ? plan_print(&o, &p) : reload(&o, &p, wait);
	running_close(&p);
	return ret;
}
