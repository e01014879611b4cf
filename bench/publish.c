/*
 * publish.c - what it costs to publish one changed name: time, octets, system calls
 *
 * Fills a private instance with N names of 36 octets, one A each, then changes names one
 * by one (and in batches) through the publisher that the controller uses, self-check and
 * the store on the board included. System calls are counted by a tracer in a second run,
 * so that counting does not disturb the clock. Prints a row for each N.
 *
 *   publish [--names N] [--changes C] [--batch B] [--no-count]
 */
#include <errno.h>
#include <signal.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/mem.h"
#include "controller/publish/publish.h"
#include "dns/type.h"
#include "snap/segment.h"

/* What a traced child sends itself where counting begins and ends. */
#define MARK_SIGNAL SIGUSR1

struct bench {
	struct publisher *p;
	const struct hash_key *key;
	struct node_builder builder;
	char instance[LAYOUT_INSTANCE_MAX];
};

struct figures {
	double bulk_s;           /* the load of all names */
	double live_per_name;    /* octets after the load */
	double compact_per_name; /* octets after a compaction */
	double change_us;        /* median of single changes */
	double change_octets;    /* appended by one */
	double batch_us;         /* per name in batches */
	double batch_octets;
	double steps; /* segment steps of 2 MiB that the single changes filled */
	double calls; /* system calls per single change */
};

static void die(const char *what, int ret)
{
	fprintf(stderr, "publish: %s: %s\n", what, strerror(-ret));
	exit(1);
}

/* The name of number i: 36 octets on the wire whatever i is. */
static void make_name(unsigned i, struct name *n)
{
	char label[16];

	*n = (struct name){0};
	snprintf(label, sizeof(label), "s%06u", i % 1000000);
	name_push(n, label, strlen(label));
	name_push(n, "shop", 4);
	name_push(n, "svc", 3);
	name_end(n, (const uint8_t *)"\7cluster\11localname", 19);
}

static void put_name(struct bench *b, const struct name *n, uint32_t addr)
{
	struct hash128 h = hash_name(b->key, n->wire, n->len);
	size_t len;

	node_begin(&b->builder, n, 0, 0);
	node_add_addrs(&b->builder, TYPE_A, 30, (const uint8_t *)&addr, 1, false);
	const uint8_t *node = node_finish(&b->builder, &len);
	int ret = publish_put(b->p, &h, node, len, 0);
	if (ret < 0)
		die("put", ret);
}

/* Names first, first+step, ...: change `count` of them and publish once. */
static void change_names(struct bench *b, unsigned first, unsigned step, unsigned count,
	unsigned names, uint32_t addr)
{
	struct publish_info info;
	struct name n;

	for (unsigned k = 0; k < count; k++) {
		make_name((unsigned)((first + (uint64_t)k * step) % names), &n);
		put_name(b, &n, addr + k);
	}
	int ret = publish_commit(b->p, CAUSE_OBJECTS, true, true, clock_wall_ns(), &info);
	if (ret < 0)
		die("commit", ret);
}

static void load(struct bench *b, unsigned names)
{
	struct settings *s = mem_alloc(1, sizeof(*s));
	struct name n;

	s->number = 1;
	s->ttl_s = s->negative_ttl_s = 30;
	s->max_udp = 1232;
	s->nzones = 1;
	s->zones[0].kind = ZONE_FORWARD;
	name_parse("cluster.localname.", &s->zones[0].name);
	publish_settings(b->p, s);
	free(s);
	publish_bulk(b->p);
	for (unsigned i = 0; i < names; i++) {
		make_name(i, &n);
		put_name(b, &n, i);
	}
	struct publish_info info;
	int ret = publish_commit(b->p, CAUSE_OBJECTS, true, true, clock_wall_ns(), &info);
	if (ret < 0)
		die("load", ret);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* One single change: what the profiler counts the instructions of. */
__attribute__((noinline)) static void change_one(
	struct bench *b, unsigned i, unsigned names, uint32_t addr)
{
	change_names(b, i, 1, 1, names, addr);
}

/* Single changes; `times` gets each one's ns. */
static void single_changes(
	struct bench *b, unsigned names, unsigned changes, uint64_t *times)
{
	for (unsigned c = 0; c < changes; c++) {
		uint64_t from = clock_mono_ns();

		change_one(b, c * 7919u, names, c);
		if (times != NULL)
			times[c] = clock_mono_ns() - from;
	}
}

/* Run a compaction to its end, with garbage enough that one begins. */
static void compact(struct bench *b, unsigned names)
{
	struct publish_info info = {0}, done = {0};
	bool damaged;

	for (unsigned round = 0; done.generation == 0; round++) {
		publish_status(b->p, &info);
		if (info.garbage <= info.live / 4 + (UINT64_C(4) << 20))
			change_names(b, round, 101, MIN(names, 1000), names, round);
		publish_idle(b->p, clock_mono_ns(), clock_wall_ns(), &done, &damaged);
		if (damaged)
			die("compaction", -EIO);
	}
}

static void open_instance(struct bench *b)
{
	snprintf(b->instance, sizeof(b->instance), "bench-%d", (int)getpid());
	int ret = publish_open(b->instance, &b->p);
	if (ret < 0)
		die("open", ret);
	b->key = publish_key(b->p);
}

static void close_instance(struct bench *b)
{
	publish_close(b->p);
	segment_remove_leftovers(b->instance);
	segment_lock_remove(b->instance);
	node_builder_fini(&b->builder);
}

/* The timed run. */
static struct figures measure(unsigned names, unsigned changes, unsigned batch)
{
	uint64_t *times = mem_alloc(changes, sizeof(*times));
	struct publish_info before, after;
	struct bench b = {0};
	struct figures f = {0};

	open_instance(&b);
	uint64_t from = clock_mono_ns();
	load(&b, names);
	f.bulk_s = (double)(clock_mono_ns() - from) / 1e9;
	publish_status(b.p, &before);
	f.live_per_name = (double)before.live / names;
	single_changes(&b, names, changes, times);
	publish_status(b.p, &after);
	qsort(times, changes, sizeof(*times), by_value);
	f.change_us = (double)times[changes / 2] / 1e3;
	f.change_octets = (double)(after.used - before.used) / changes;
	f.steps = (double)(after.used - before.used) / (double)SEGMENT_STEP;
	from = clock_mono_ns();
	unsigned rounds = MAX(changes / batch, 1);
	for (unsigned r = 0; r < rounds; r++)
		change_names(&b, r * 104729u, 7919, batch, names, r);
	f.batch_us = (double)(clock_mono_ns() - from) / 1e3 / rounds / batch;
	publish_status(b.p, &before);
	f.batch_octets = (double)(before.used - after.used) / rounds / batch;
	compact(&b, names);
	publish_status(b.p, &after);
	f.compact_per_name = (double)(after.used - SEGMENT_FIRST) / names;
	close_instance(&b);
	free(times);
	return f;
}

/* The traced run: marks around the single changes. */
static void traced_child(unsigned names, unsigned changes)
{
	struct bench b = {0};

	open_instance(&b);
	load(&b, names);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(MARK_SIGNAL);
	single_changes(&b, names, changes, NULL);
	raise(MARK_SIGNAL);
	close_instance(&b);
	_exit(0);
}

/* System calls between the two marks; each one stops twice. */
static double count_calls(unsigned names, unsigned changes)
{
	unsigned long stops = 0, marks = 0;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		traced_child(names, changes);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (WSTOPSIG(status) == MARK_SIGNAL)
			marks++;
		else
			stops += marks == 1;
		ptrace(marks < 2 ? PTRACE_SYSCALL : PTRACE_CONT, pid, NULL, NULL);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		die("traced run", -EIO);
	return (double)stops / 2 / changes;
}

static void row(unsigned names, unsigned changes, unsigned batch, bool count)
{
	struct figures f = measure(names, changes, batch);

	f.calls = count ? count_calls(names, changes) : -1;
	printf("%9u %7.2f %7.1f %9.1f %9.2f %9.0f %9.4f %9.4f %9.2f %9.0f\n", names,
		f.bulk_s, f.live_per_name, f.compact_per_name, f.change_us,
		f.change_octets, f.calls, f.steps / changes, f.batch_us, f.batch_octets);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"names", required_argument, NULL, 'n'},
		{"changes", required_argument, NULL, 'c'},
		{"batch", required_argument, NULL, 'b'},
		{"no-count", no_argument, NULL, 'q'},
		{0},
	};
	unsigned names = 0, changes = 10000, batch = 100;
	bool count = true;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == 'n')
			names = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == 'c')
			changes = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == 'b')
			batch = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == 'q')
			count = false;
		else
			return 2;
	}
	if (changes == 0 || batch == 0)
		return 2;
	printf("%9s %7s %7s %9s %9s %9s %9s %9s %9s %9s\n", "names", "load_s", "oct/nm",
		"compacted", "change_us", "octets", "calls", "steps", "batch_us",
		"octets");
	for (unsigned n = names > 0 ? names : 1000; n <= (names > 0 ? names : 1000000);
		n *= 10)
		row(n, changes, batch, count);
	return 0;
}
