/*
 * main.c - shmdnsd: the supervisor of an appliance
 *
 * Opens the listening sockets, runs the controller, the workers and the forwarders, and
 * replaces who dies. Reads no octet from the network.
 */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"
#include "conf/resolv.h"
#include "supervisor/cpus.h"
#include "supervisor/crew.h"
#include "supervisor/lastgood.h"
#include "supervisor/lock.h"
#include "supervisor/notify.h"
#include "supervisor/store.h"
#include "supervisor/supervise.h"

#define DEFAULT_FILE SYSCONFDIR "/shmdns/shmdns.conf"
#define HOLD_OFF_S   1 /* before the end of one that could not start */

struct options {
	const char *path;
	uint16_t port; /* 0: as configured */
	bool check, quiet;
};

static void usage(FILE *out)
{
	fprintf(out,
		"usage: shmdnsd [-c FILE] [-p PORT] [-q]   run\n"
		"       shmdnsd -t [-c FILE]               check the configuration\n"
		"       shmdnsd -V                         print the version\n"
		"  -c FILE  configuration (default %s)\n"
		"  -p PORT  listen on this port instead of the configured ones\n"
		"  -q       log warnings and errors only\n",
		DEFAULT_FILE);
}

static bool parse_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || v < 1 || v > UINT16_MAX)
		return false;
	*port = (uint16_t)v;
	return true;
}

/* True to go on; false: *status is the exit status. */
static bool parse_options(int argc, char **argv, struct options *o, int *status)
{
	int c;

	*o = (struct options){.path = DEFAULT_FILE};
	*status = 2;
	while ((c = getopt(argc, argv, "c:p:qtVh")) != -1) {
		if (c == 'c') {
			o->path = optarg;
		} else if (c == 'p' && parse_port(optarg, &o->port)) {
			continue;
		} else if (c == 'q') {
			o->quiet = true;
		} else if (c == 't') {
			o->check = true;
		} else if (c == 'V') {
			printf("shmdnsd %s\n", PACKAGE_VERSION);
			*status = 0;
			return false;
		} else {
			usage(c == 'h' ? stdout : stderr);
			*status = c == 'h' ? 0 : 2;
			return false;
		}
	}
	if (optind == argc)
		return true;
	usage(stderr);
	return false;
}

/* Descriptors 0 to 2 must be something, or a socket would take their place. */
static void fill_standard(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

/*
 * Our page names us before signals are taken: a reload that is asked for by then waits.
 * Children begin with a mask of their own.
 */
static void hold_reloads(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* A wildcard needs a descriptor for each address and share. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* shmdnsd -t */
static int check(const struct options *o)
{
	struct confmem config;
	struct conf_report report = {0};
	int ret = confmem_load(o->path, 1, &config, &report);

	if (ret == 0)
		conf_check_files(&config.conf, RESOLV_FALLBACK, &report);
	conf_report_print(&report, stdout);
	conf_report_fini(&report);
	if (ret == 0)
		confmem_close(&config);
	return ret == 0 ? 0 : 1;
}

static int load(struct supervisor *s)
{
	struct conf_report report = {0};
	int ret = confmem_load(s->path, 1, &s->config, &report);

	/* A person reads errors better as the compiler says them. */
	if (ret == -EINVAL && !log_is_journal())
		conf_report_print(&report, stderr);
	if (ret == 0)
		log_set_style(confmem_style(&s->config, s->quiet));
	if (ret == 0 || (ret == -EINVAL && log_is_journal()))
		confmem_log(&report);
	memcpy(s->watch.tried, s->config.digest, SHA256_OCTETS);
	conf_report_fini(&report);
	if (ret == 0)
		return 0;
	s->last_good = lastgood_load(s->path, &s->config) == 0;
	if (s->last_good)
		log_set_style(confmem_style(&s->config, s->quiet));
	return s->last_good ? 0 : ret;
}

static int open_programs(struct supervisor *s)
{
	int ret = child_program_open(&s->controller, "shmdns-controller");

	if (ret == 0)
		ret = child_program_open(&s->worker, "shmdns-worker");
	if (ret == 0 && s->config.conf.forwarders > 0)
		ret = child_program_open(&s->forwarder, "shmdns-forwarder");
	if (ret == 0 && crew_wants_admin(&s->config.conf))
		ret = child_program_open(&s->admin, "shmdns-admin");
	return ret;
}

static int open_sockets(struct supervisor *s, uint16_t port)
{
	const struct conf *c = &s->config.conf;
	struct addresses machine = {0};
	int ret = addresses_list(&machine);

	if (ret < 0)
		log_line(LOG_WARNING, "addresses not read error=\"%s\"", strerror(-ret));
	ret = sockets_open(
		&s->sockets, c->listen, c->nlisten, port, s->slots.shares, &machine);
	addresses_fini(&machine);
	return ret;
}

static int run(struct supervisor *s, uint16_t port)
{
	const struct conf *c = &s->config.conf;
	struct lock lock;
	struct cpus cpus;
	int status = 1;

	if (lock_take(&lock, c->run_dir, c->instance) < 0)
		return 1;
	s->instance = lock.instance;
	cpus_find("", &cpus);
	slots_init(&s->slots, cpus_workers(&cpus, c->workers), c->forwarders,
		crew_wants_admin(c), clock_mono_ns());
	s->success = c->cache.success.size / MAX(c->forwarders, 1);
	s->denial = c->cache.denial.size / MAX(c->forwarders, 1);
	/* Before the sockets: single addresses take the descriptors that are left. */
	if (keep_open(&s->keep, s->instance, slots_workers(&s->slots), s->slots.shares,
		    s->slots.forwarders) < 0)
		goto out;
	if (open_sockets(s, port) < 0)
		goto out;
	httpsock_open(&s->http, c);
	if (crew_open(s) < 0)
		goto out;
	status = supervise(s);
	crew_close(s);
out:
	httpsock_close(&s->http);
	sockets_close(&s->sockets);
	keep_close(&s->keep);
	slots_fini(&s->slots);
	lock_release(&lock);
	return status;
}

/*
 * A manager starts us again soon and without end (SY-02): what cannot start, because an
 * address is not there yet perhaps, must not be tried ten times a second. Returns the
 * exit status.
 */
static int hold_off(int status)
{
	struct timespec wait = {.tv_sec = HOLD_OFF_S};
	sigset_t set;

	if (status == 0 || !notify_is_heard())
		return status;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return sigtimedwait(&set, NULL, &wait) > 0 ? 0 : status; /* told to end: it has */
}

int main(int argc, char **argv)
{
	struct supervisor s = {
		.first = {.fd = -1},
		.config = {.fd = -1},
		.next = {.fd = -1},
		.worker = {.fd = -1},
		.forwarder = {.fd = -1},
		.admin = {.fd = -1},
		.http = HTTPSOCK_NONE,
		.controller = {.fd = -1},
	};
	struct options o;
	int status;

	if (!parse_options(argc, argv, &o, &status))
		return status;
	fill_standard();
	log_init("supervisor", o.quiet ? LOG_WARNING : LOG_INFO);
	if (o.check)
		return check(&o);
	signal(SIGPIPE, SIG_IGN);
	hold_reloads();
	raise_file_limit();
	notify_init();
	store_init();
	s.path = o.path;
	s.port = o.port;
	s.quiet = o.quiet;
	status = 1;
	if (load(&s) == 0) {
		if (open_programs(&s) == 0)
			status = run(&s, o.port);
		confmem_close(&s.config);
		confmem_close(&s.first);
	}
	child_program_close(&s.controller);
	child_program_close(&s.admin);
	child_program_close(&s.forwarder);
	child_program_close(&s.worker);
	status = hold_off(status);
	notify_fini();
	return status;
}
