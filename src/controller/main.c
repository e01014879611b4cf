/*
 * main.c - shmdns-controller: objects in, generations out
 *
 * Started by the supervisor with the pair as descriptor 3. Everything happens in one
 * event loop: messages of the supervisor, events of the source, requests of operators,
 * and three timers (heartbeat, the engine's next turn, idle work).
 */
#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "controller/control.h"
#include "controller/engine.h"
#include "controller/explain.h"
#include "controller/kube/apisource.h"
#include "controller/kube/filesource.h"
#include "controller/kube/podslices.h"
#include "controller/ownaddr.h"
#include "controller/publish/ctlsock.h"
#include "controller/report.h"
#include "controller/resolvset.h"
#include "controller/serialfile.h"
#include "controller/hostfile.h"
#include "controller/weightfile.h"
#include "controller/zonefiles.h"
#include "dns/type.h"
#include "snap/reader.h"
#include "snap/segment.h"

#define HEARTBEAT_US  500000
#define OPEN_RETRY_NS NS_PER_S

struct shell {
	struct event_base *base;
	struct event *pair, *heartbeat, *turn, *idle, *term;
	struct control control;
	struct report report;
	char instance[INSTANCE_MAX];
	struct publisher *publisher; /* NULL: not open yet */
	struct engine engine;
	struct filesource *files; /* one of these two */
	struct apisource *api;
	struct podslices *pods;
	struct serialfile serials;
	struct weightfile weights;
	struct hostfile hosts;
	struct zonefiles zones;
	struct resolvset resolv;
	uint32_t forwarders;       /* that run, whatever a reload says */
	struct ctlsock *operators; /* NULL: not open */
	char *path;                /* owned: what `files` reads */
	struct conf waiting; /* the first configuration, until the publisher is open */
	bool has_waiting, ready;
	uint64_t open_next_ns;
	pid_t supervisor; /* our parent, as long as it is */
	int status;
};

static void take_turn(struct shell *s, bool drained);

/* ---- timers ---- */

static void wait_ns(struct event *ev, uint64_t ns)
{
	struct timeval tv = {
		.tv_sec = (time_t)(ns / NS_PER_S),
		.tv_usec = (suseconds_t)((ns % NS_PER_S + 999) / 1000),
	};

	if (tv.tv_usec >= 1000000)
		tv = (struct timeval){.tv_sec = tv.tv_sec + 1};
	event_add(ev, &tv);
}

/* Who waits for a reload wants to know which generation has its settings. */
static void note_served(struct shell *s)
{
	struct stat_controller *stat = s->report.stat;
	struct publish_info info;

	if (stat == NULL || s->engine.settings_due || !s->engine.configured ||
		stat_get(&stat->config_served) == stat_get(&stat->config_number))
		return;
	publish_status(s->publisher, &info);
	stat_set(&stat->config_generation, info.generation);
	atomic_store_explicit(&stat->config_served, stat_get(&stat->config_number),
		memory_order_release);
}

static void take_turn(struct shell *s, bool drained)
{
	uint64_t now_ns = clock_mono_ns();
	uint64_t next_ns;

	if (s->publisher == NULL)
		return;
	next_ns = engine_turn(&s->engine, now_ns, clock_wall_ns(), drained);
	note_served(s);
	if (next_ns == UINT64_MAX)
		event_del(s->turn);
	else
		wait_ns(s->turn, next_ns > now_ns ? next_ns - now_ns : 0);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	take_turn(arg, true);
}

static void on_idle(evutil_socket_t fd, short what, void *arg)
{
	struct shell *s = arg;
	uint64_t now_ns = clock_mono_ns(), wait;
	struct publish_info compacted;

	(void)fd;
	(void)what;
	wait = engine_idle(&s->engine, now_ns, clock_wall_ns(), &compacted);
	if (compacted.generation != 0)
		report_compacted(&s->report, &compacted, clock_mono_ns());
	wait_ns(s->idle, MIN(wait, NS_PER_S));
	take_turn(s, true);
}

/* ---- facts from the engine ---- */

static void tell_ready(struct shell *s)
{
	if (!s->ready)
		control_tell(&s->control, MESSAGE_READY, 0);
	s->ready = true;
}

static void on_published(void *arg, const struct engine_published *p)
{
	struct shell *s = arg;

	serialfile_note(&s->serials, (uint32_t)p->info.serial);
	report_published(&s->report, p, s->engine.store->objects, clock_mono_ns(),
		clock_wall_ns());
	tell_ready(s);
}

static void on_failed(void *arg, int error)
{
	struct shell *s = arg;

	report_failed(&s->report, "publish", error, clock_mono_ns());
}

static void on_skipped(void *arg, const struct owner *o, enum skip_reason why)
{
	struct shell *s = arg;

	report_skipped(&s->report, o, why, clock_mono_ns());
}

static void on_held(void *arg, uint64_t names, uint64_t before, uint64_t hold_ns)
{
	(void)arg;
	report_held(names, before, hold_ns);
}

static void on_public_name(void *arg, const char *namespace)
{
	struct shell *s = arg;

	report_public_name(&s->report, namespace, clock_mono_ns());
}

static const struct engine_handlers engine_handlers = {
	on_published, on_failed, on_held, on_skipped, on_public_name};

/* ---- the source: files ---- */

static void on_object(void *arg, enum kube_change change, struct kube_object *o)
{
	struct shell *s = arg;

	report_event(&s->report, o->kind, change);
	podslices_event(s->pods, change, o);
}

/* The same events, and those of slices that follow from Pods (QS-06). */
static void on_joined(void *arg, enum kube_change change, struct kube_object *o)
{
	struct shell *s = arg;

	engine_event(&s->engine, change, o, clock_mono_ns());
	take_turn(s, false);
}

static void on_batch_end(void *arg)
{
	struct shell *s = arg;

	podslices_batch_end(s->pods);
	take_turn(s, true);
}

static void on_synced(void *arg)
{
	struct shell *s = arg;

	engine_synced(&s->engine, clock_mono_ns());
	take_turn(s, true);
}

static void on_error(void *arg, const char *line)
{
	struct shell *s = arg;

	report_source_error(&s->report, line);
}

static const struct filesource_handlers source_handlers = {
	on_object, on_synced, on_batch_end, on_error};

static void open_files(struct shell *s, const struct conf_kubernetes *k)
{
	int ret;

	s->path = mem_dup(k->path, strlen(k->path));
	s->pods = podslices_new(on_joined, s);
	ret = filesource_open(s->base, s->path, &source_handlers, s, &s->files);
	if (ret < 0)
		log_line(LOG_ERROR, "source cannot be watched path=\"%s\" error=\"%s\"",
			s->path, strerror(-ret));
}

/* ---- the source: API server ---- */

static bool on_api_object(void *arg, enum kube_change change, struct kube_object *o)
{
	struct shell *s = arg;
	bool changed = engine_event(&s->engine, change, o, clock_mono_ns());

	take_turn(s, false);
	return changed;
}

static void on_seen(void *arg, const struct kube_object *o)
{
	struct shell *s = arg;

	engine_seen(&s->engine, o);
}

static const char *on_version(void *arg, const struct kube_object *o)
{
	struct shell *s = arg;

	return engine_version(&s->engine, o);
}

static uint32_t on_pass_begin(void *arg)
{
	struct shell *s = arg;

	return engine_pass_begin(&s->engine);
}

static struct apisource_swept on_pass_end(
	void *arg, enum kube_kind kind, const char *namespace_, uint32_t pass, bool force)
{
	struct shell *s = arg;
	struct apisource_swept swept = {.hold_ns = s->engine.conf.publish.hold_ns};

	swept.held = engine_pass_end(&s->engine, kind, namespace_, pass, force,
		clock_mono_ns(), &swept.removed);
	return swept;
}

static void on_implied(void *arg, bool implied)
{
	struct shell *s = arg;

	engine_imply_namespaces(&s->engine, implied, clock_mono_ns());
}

static void on_drained(void *arg)
{
	take_turn(arg, true);
}

static const struct apisource_handlers api_handlers = {on_api_object, on_seen, on_version,
	on_pass_begin, on_pass_end, on_implied, on_synced, on_drained};

/* What cannot be mended by waiting is tried again with the next configuration. */
static void open_api(struct shell *s, const struct conf_kubernetes *k)
{
	struct stat_controller *stat = s->report.stat;
	char error[400];
	int ret = apisource_open(s->base, k, stat != NULL ? &stat->api : NULL,
		&api_handlers, s, &s->api, error, sizeof(error));

	if (ret < 0)
		log_line(LOG_ERROR, "API access: %s", error);
}

static void open_source(struct shell *s)
{
	const struct conf_kubernetes *k = &s->engine.conf.kubernetes;

	if (k->source == CONF_SOURCE_API) {
		open_api(s, k);
		return;
	}
	if (s->report.stat != NULL) /* what a predecessor said of the API */
		for (size_t i = 0; i < STAT_RESOURCES; i++)
			stat_set(
				&s->report.stat->api.resources[i].state, RESOURCE_UNUSED);
	open_files(s, k);
}

/* True if `k` asks for other objects than the source that is open gives. */
static bool source_differs(const struct shell *s, const struct conf_kubernetes *k)
{
	if (k->source == CONF_SOURCE_FILES)
		return s->path == NULL || strcmp(s->path, k->path) != 0;
	return s->api == NULL || !apisource_same(&s->engine.conf.kubernetes, k);
}

/* ---- from operators ---- */

static void on_flush(void *arg, ctlsock_client who, const struct request *r)
{
	struct shell *s = arg;
	bool below = r->n > 2;
	struct name name;

	if (name_parse(r->word[1], &name) < 0) {
		ctlsock_refuse(s->operators, who, "that is no name");
		return;
	}
	if (below && strcmp(r->word[2], "below") != 0) {
		ctlsock_refuse(s->operators, who, "behind the name may stand: below");
		return;
	}
	name_fold(name.wire, name.wire, name.len);
	ctlsock_say(s->operators, who, "settings",
		engine_flush(&s->engine, &name, below, clock_mono_ns(), clock_wall_ns()));
	ctlsock_end(s->operators, who);
	take_turn(s, true);
}

static void on_freeze(void *arg, ctlsock_client who, const struct request *r)
{
	struct shell *s = arg;
	int ret = freeze_begin(&s->engine, clock_wall_ns());

	(void)r;
	if (ret < 0) {
		ctlsock_refuse(s->operators, who, freeze_refusal(ret));
		return;
	}
	report_frozen(&s->report, &s->engine);
	ctlsock_say(s->operators, who, "generation", s->engine.freeze.generation);
	ctlsock_end(s->operators, who);
	take_turn(s, true);
}

static void on_thaw(void *arg, ctlsock_client who, const struct request *r)
{
	struct shell *s = arg;
	bool was = freeze_end(&s->engine, clock_mono_ns());
	struct publish_info info;

	(void)r;
	report_frozen(&s->report, &s->engine);
	if (s->report.stat != NULL)
		stat_set(&s->report.stat->freeze_lost_ns, 0); /* they know */
	take_turn(s, true);
	publish_status(s->publisher, &info);
	ctlsock_say(s->operators, who, "thawed", was);
	ctlsock_say(s->operators, who, "generation", info.generation);
	ctlsock_end(s->operators, who);
}

static void on_rollback(void *arg, ctlsock_client who, const struct request *r)
{
	struct shell *s = arg;
	struct publish_info info;
	char *end;
	uint64_t number = strtoull(r->word[1], &end, 10);
	int ret;

	if (*end != '\0' || number == 0) {
		ctlsock_refuse(s->operators, who, "that is no generation");
		return;
	}
	ret = freeze_rollback(
		&s->engine, number, clock_mono_ns(), clock_wall_ns(), &info);
	if (ret < 0) {
		ctlsock_refuse(s->operators, who, freeze_refusal(ret));
		return;
	}
	report_frozen(&s->report, &s->engine);
	ctlsock_say(s->operators, who, "generation", info.generation);
	ctlsock_end(s->operators, who);
	take_turn(s, true);
}

static void tell_explained(struct shell *s, ctlsock_client who, const struct explained *e)
{
	const struct {
		const char *word, *text;
	} lines[] = {{"rule", e->rule != NULL ? e->rule : ""}, {"object", e->object},
		{"kind", e->kind}, {"version", e->version}, {"reason", e->reason}};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (lines[i].text[0] != '\0')
			ctlsock_tell(s->operators, who, lines[i].word, lines[i].text);
	ctlsock_end(s->operators, who);
}

static void on_explain(void *arg, ctlsock_client who, const struct request *r)
{
	struct shell *s = arg;
	int type = type_parse(r->word[2]);
	struct explained e;
	struct name name;

	if (name_parse(r->word[1], &name) < 0 || type < 0) {
		ctlsock_refuse(s->operators, who, "that is no name and type");
		return;
	}
	name_fold(name.wire, name.wire, name.len);
	explain_name(s->engine.store, &s->engine.options, &name, (uint16_t)type, &e);
	tell_explained(s, who, &e);
}

/* The supervisor reads the files: it is told as by anybody else. */
static void on_reload(void *arg, ctlsock_client who, const struct request *r)
{
	struct shell *s = arg;

	(void)r;
	if (getppid() != s->supervisor || kill(s->supervisor, SIGHUP) < 0) {
		ctlsock_refuse(s->operators, who, "the supervisor cannot be told");
		return;
	}
	ctlsock_say(s->operators, who, "supervisor", (uint64_t)s->supervisor);
	ctlsock_end(s->operators, who);
}

static const struct ctlsock_verb operator_verbs[] = {
	{"flush", "NAME [below]", 1, 2, true, on_flush},
	{"freeze", "", 0, 0, true, on_freeze},
	{"thaw", "", 0, 0, true, on_thaw},
	{"explain", "NAME TYPE", 2, 2, false, on_explain},
	{"reload", "", 0, 0, true, on_reload},
	{"rollback", "GENERATION", 1, 1, true, on_rollback},
	{NULL, NULL, 0, 0, false, NULL},
};

/* Without it the appliance serves all the same. */
static void open_operators(struct shell *s)
{
	const char *run_dir = s->engine.conf.run_dir;
	char quoted[256];
	int ret = ctlsock_open(s->base, run_dir, operator_verbs, s, &s->operators);

	if (ret < 0)
		log_line(LOG_WARNING, "no control socket run_dir=%s error=\"%s\"",
			log_quote(run_dir, quoted, sizeof(quoted)), strerror(-ret));
}

/* ---- from the supervisor ---- */

static void stop(struct shell *s, int status)
{
	s->status = status;
	event_base_loopbreak(s->base);
}

static void on_start(void *arg, const struct message_start *start, int stat_fd)
{
	struct shell *s = arg;
	void *page = NULL;

	memcpy(s->instance, start->instance, sizeof(s->instance));
	s->instance[sizeof(s->instance) - 1] = '\0';
	s->forwarders = start->forwarders;
	log_set_style(start->log);
	if (stat_fd >= 0 && segment_stat_map_fd(stat_fd, &page) == 0)
		report_begin(&s->report, page, start->life, clock_mono_ns());
	else
		log_line(LOG_WARNING, "no stat page");
	if (stat_fd >= 0)
		close(stat_fd);
}

/*
 * True if workers answer from a predecessor's complete generation (RU-05): it is on the
 * board, or on one that was lost since.
 */
static bool find_standing(const char *instance, const struct stat_controller *stat)
{
	return (stat != NULL && stat_get(&stat->complete) != 0) ||
	       reader_complete(instance);
}

/* Also at a reload that changes nothing: it reads the file again. */
static void configure_weights(struct shell *s)
{
	const struct conf *c = &s->engine.conf;
	bool weighted = c->loadbalance.policy == CONF_ROTATION_WEIGHTED;

	weightfile_set(&s->weights, weighted ? c->loadbalance.file : "",
		publish_key(s->publisher));
	if (weighted)
		engine_weights(
			&s->engine, s->weights.now, clock_mono_ns(), clock_wall_ns());
}

static void forward(struct shell *s)
{
	engine_forward(
		&s->engine, s->resolv.out, s->resolv.n, clock_mono_ns(), clock_wall_ns());
}

static void take_hosts(struct shell *s)
{
	struct hostset *hosts;

	if (!engine_wants_hosts(&s->engine)) {
		report_hosts(&s->report, 0, 0);
		return;
	}
	hosts = hostfile_take(
		&s->hosts, &s->engine.conf.hosts, publish_key(s->publisher));
	report_hosts(&s->report, hosts->n, clock_wall_ns());
	engine_hosts(&s->engine, hosts, clock_mono_ns(), clock_wall_ns());
}

static void on_zones(void *arg, const struct file_zone *zones, size_t n)
{
	struct shell *s = arg;

	engine_zones(&s->engine, zones, n, clock_mono_ns(), clock_wall_ns());
}

static void on_zone(void *arg, size_t i, const struct zoneset *set)
{
	engine_zone(&((struct shell *)arg)->engine, i, set, clock_mono_ns());
}

static const struct zonefiles_handlers zone_handlers = {on_zones, on_zone};

static void configure(struct shell *s, struct conf *c)
{
	struct addr own[SETTINGS_OWN_MAX];
	char hostname[HOST_NAME_MAX + 1] = "";
	size_t nown = ownaddr_list(own, ARRAY_LEN(own));

	log_set_style((struct log_style){(uint8_t)c->log.level, (uint8_t)c->log.format});
	c->forwarders = s->forwarders;
	if (gethostname(hostname, sizeof(hostname) - 1) < 0)
		hostname[0] = '\0';
	engine_configure(
		&s->engine, c, own, nown, hostname, clock_mono_ns(), clock_wall_ns());
	configure_weights(s);
	hostfile_set(&s->hosts, &s->engine.conf.hosts, clock_mono_ns());
	take_hosts(s);
	zonefiles_set(&s->zones, &s->engine.conf, clock_mono_ns(), &zone_handlers, s);
	resolvset_set(&s->resolv, &s->engine.conf, RESOLV_FALLBACK);
	forward(s);
}

/* Take the instance and publish the settings; without memory it is tried again. */
static void open_publisher(struct shell *s)
{
	uint64_t now_ns = clock_mono_ns();
	int ret = publish_open(s->instance, &s->publisher);
	bool standing;

	if (ret == -EBUSY) {
		log_line(LOG_ERROR, "another controller of instance %s is running",
			s->instance);
		stop(s, 1);
		return;
	}
	if (ret < 0) {
		report_failed(&s->report, "taking the instance", ret, now_ns);
		s->publisher = NULL;
		s->open_next_ns = now_ns + OPEN_RETRY_NS;
		return;
	}
	if (s->report.stat != NULL)
		publish_resume(s->publisher, stat_get(&s->report.stat->generation),
			stat_get(&s->report.stat->serial));
	publish_resume(
		s->publisher, 0, serialfile_begin(&s->serials, s->waiting.state_dir));
	standing = find_standing(s->instance, s->report.stat);
	engine_init(&s->engine, s->publisher, standing, &engine_handlers, s);
	s->has_waiting = false;
	configure(s, &s->waiting);
	if (standing && s->report.stat != NULL &&
		s->engine.conf.kubernetes.source == CONF_SOURCE_API)
		engine_guard(&s->engine, stat_get(&s->report.stat->names));
	if (standing)
		tell_ready(s);
	take_turn(s, true);
	wait_ns(s->idle, NS_PER_MS);
	open_operators(s);
	open_source(s);
}

static void on_commit(void *arg, uint32_t number, struct conf *c)
{
	struct shell *s = arg;
	bool differs = s->publisher != NULL && source_differs(s, &c->kubernetes);

	if (s->report.stat != NULL)
		stat_set(&s->report.stat->config_number, number);
	if (s->publisher == NULL) {
		if (s->has_waiting)
			conf_fini(&s->waiting);
		s->waiting = *c;
		*c = (struct conf){0};
		s->has_waiting = true;
		open_publisher(s);
	} else {
		configure(s, c);
		take_turn(s, true);
	}
	control_tell(&s->control, MESSAGE_COMMITTED, number);
	/* Objects of another source: a successor begins with an empty store. */
	if (differs) {
		log_line(LOG_INFO, "source changed: starting anew");
		if (s->report.stat != NULL)
			stat_set(&s->report.stat->names, 0); /* nothing to compare with */
		stop(s, 0);
	}
}

static void on_retire(void *arg)
{
	stop(arg, 0);
}

static const struct control_handlers control_handlers = {on_start, on_commit, on_retire};

static void on_pair(evutil_socket_t fd, short what, void *arg)
{
	struct shell *s = arg;

	(void)fd;
	(void)what;
	if (control_read(&s->control) < 0)
		stop(s, 0); /* without a supervisor nobody needs us */
}

static void on_term(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	stop(arg, 0);
}

static void on_heartbeat(evutil_socket_t fd, short what, void *arg)
{
	struct shell *s = arg;
	uint64_t now_ns = clock_mono_ns();
	struct publish_info info;
	bool fresh;

	(void)fd;
	(void)what;
	report_heartbeat(&s->report, now_ns);
	log_tick(now_ns);
	report_frozen(&s->report, &s->engine);
	if (s->publisher != NULL && s->engine.complete) {
		publish_status(s->publisher, &info);
		report_room(&s->report, segment_free_octets(), info.live, now_ns);
	}
	report_zones(&s->report, &s->zones);
	fresh = zonefiles_look(&s->zones, now_ns, &zone_handlers, s);
	if (weightfile_look(&s->weights)) {
		engine_weights(&s->engine, s->weights.now, now_ns, clock_wall_ns());
		fresh = true;
	}
	if (hostfile_look(&s->hosts, now_ns)) {
		take_hosts(s);
		fresh = true;
	}
	if (resolvset_look(&s->resolv)) {
		forward(s);
		fresh = true;
	}
	if (fresh)
		take_turn(s, true);
	if (s->has_waiting && now_ns >= s->open_next_ns)
		open_publisher(s);
}

/* ---- the process ---- */

static int open_loop(struct shell *s)
{
	struct timeval beat = {.tv_usec = HEARTBEAT_US};
	struct event_config *config = event_config_new();

	if (config == NULL)
		return -ENOMEM;
	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	s->base = event_base_new_with_config(config);
	event_config_free(config);
	if (s->base == NULL)
		return -ENOMEM;
	s->pair = event_new(s->base, PAIR_FD, EV_READ | EV_PERSIST, on_pair, s);
	s->heartbeat = event_new(s->base, -1, EV_PERSIST, on_heartbeat, s);
	s->turn = evtimer_new(s->base, on_turn, s);
	s->idle = evtimer_new(s->base, on_idle, s);
	s->term = evsignal_new(s->base, SIGTERM, on_term, s);
	if (s->pair == NULL || s->heartbeat == NULL || s->turn == NULL ||
		s->idle == NULL || s->term == NULL)
		return -ENOMEM;
	event_add(s->pair, NULL);
	event_add(s->term, NULL);
	event_add(s->heartbeat, &beat);
	return 0;
}

static void close_all(struct shell *s)
{
	ctlsock_close(s->operators);
	filesource_close(s->files);
	apisource_close(s->api);
	podslices_free(s->pods);
	if (s->publisher != NULL) {
		struct publish_info info;

		publish_status(s->publisher, &info);
		serialfile_end(&s->serials, (uint32_t)info.serial);
		engine_fini(&s->engine);
		publish_close(s->publisher);
	}
	if (s->has_waiting)
		conf_fini(&s->waiting);
	weightfile_fini(&s->weights);
	hostfile_fini(&s->hosts);
	zonefiles_fini(&s->zones);
	resolvset_fini(&s->resolv);
	control_fini(&s->control);
	event_free(s->pair);
	event_free(s->heartbeat);
	event_free(s->turn);
	event_free(s->idle);
	event_free(s->term);
	event_base_free(s->base);
	free(s->path);
}

int main(void)
{
	struct shell s = {.supervisor = getppid()};

	if (!child_begin("shmdns-controller", "controller"))
		return 1;
	control_init(&s.control, PAIR_FD, &control_handlers, &s);
	if (open_loop(&s) < 0) {
		log_line(LOG_ERROR, "cannot make an event loop");
		return 1;
	}
	event_base_dispatch(s.base);
	close_all(&s);
	return s.status;
}
