/* upstreams.c - shmdnsctl upstreams: who is asked, and how they fare (OV-12) */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "ctl/forwarders.h"
#include "ctl/options.h"
#include "ctl/pool.h"
#include "dns/type.h"

const char upstreams_help[] =
	"\n"
	"Reads the shared pages of the instance and asks nobody. One row for each "
	"upstream of a\n"
	"group, over all forwarders; times are of replies, by quantile. `-o wide` adds "
	"failures\n"
	"by reason and how connections are used.\n"
	"Exit status 1: an upstream is down; 3: nothing of that instance is in shared "
	"memory.\n";

static const char *const transports[3] = {"udp", "tcp", "tls"};

static const char *duration(uint64_t ns, char out[16])
{
	double ms = (double)ns / (double)NS_PER_MS;

	if (ns == 0)
		snprintf(out, 16, "-");
	else
		snprintf(out, 16, "%.*f ms", ms < 10 ? 2 : ms < 100 ? 1 : 0, ms);
	return out;
}

static const char *state(const struct pool_row *r)
{
	if (r->up == r->pages)
		return "up";
	return r->up == 0 ? "DOWN" : "partly";
}

static uint64_t queries(const struct pool_row *r)
{
	return stat_sum(r->n.queries, ARRAY_LEN(transports));
}

static const char *last_error(const struct pool_row *r)
{
	uint64_t e = stat_get(&r->n.error);

	if (stat_get(&r->n.error_ns) == 0)
		return NULL;
	return stat_failure_text((unsigned)e);
}

/* What all rows have in common. */
struct totals {
	uint64_t queries;
	unsigned rows, down;
	size_t text, group; /* widths */
};

static void on_total(void *arg, const struct overview *v, const struct pool_row *r)
{
	struct totals *t = arg;

	(void)v;
	t->queries += queries(r);
	t->rows++;
	t->down += r->up == 0;
	t->text = MAX(t->text, strlen(r->text));
	t->group = MAX(t->group, strlen(r->group));
}

static void on_print(void *arg, const struct overview *v, const struct pool_row *r)
{
	const struct totals *t = arg;
	uint64_t n = queries(r);
	char p50[16], p99[16], age[32] = "";
	const char *error = last_error(r);

	if (error != NULL)
		overview_since(v->mono_ns, stat_get(&r->n.error_ns), age);
	printf("%-*s %-*s %-6s %9s %9s %10" PRIu64 " %5.1f%% %8" PRIu64 " %8" PRIu64
	       " %5" PRIu64 " %8" PRIu64 " %4" PRIu64 " %4" PRIu64 "  %s%s%s%s\n",
		(int)t->text, r->text, (int)t->group, r->group, state(r),
		duration(pool_quantile(r, 0.5), p50),
		duration(pool_quantile(r, 0.99), p99), n,
		t->queries > 0 ? 100.0 * (double)n / (double)t->queries : 0.0,
		stat_get(&r->n.failures[FAILURE_TIMEOUT]),
		stat_sum(r->n.failures, STAT_FAILURES), stat_get(&r->n.loops),
		stat_get(&r->n.inflight), stat_get(&r->n.connections[0]),
		stat_get(&r->n.connections[1]), error != NULL ? error : "-",
		error != NULL ? ", " : "", age, error != NULL ? " ago" : "");
}

static void on_print_wide(void *arg, const struct overview *v, const struct pool_row *r)
{
	const struct totals *t = arg;
	char buf[12], text[32];

	printf("%-*s", (int)t->text, r->text);
	for (unsigned i = 0; i < ARRAY_LEN(transports); i++)
		printf(" %s %" PRIu64, transports[i], stat_get(&r->n.queries[i]));
	if (stat_sum(r->n.rcodes, STAT_RCODES) > 0)
		printf(";");
	for (unsigned i = 0; i < STAT_RCODES; i++)
		if (stat_get(&r->n.rcodes[i]) > 0)
			printf(" %s %" PRIu64, rcode_text(i, buf),
				stat_get(&r->n.rcodes[i]));
	printf("; failures:");
	for (unsigned i = 0; i < STAT_FAILURES; i++)
		printf(" %s %" PRIu64, stat_failure_text(i), stat_get(&r->n.failures[i]));
	printf("; truncated %" PRIu64 ", hedges %" PRIu64 ", failovers %" PRIu64
	       ", probes %" PRIu64 " (%" PRIu64 " failed)",
		stat_get(&r->n.truncated), stat_get(&r->n.hedges),
		stat_get(&r->n.failovers), stat_get(&r->n.probes),
		stat_get(&r->n.probes_failed));
	if (stat_get(&r->n.down_ns) != 0)
		printf("; down for %s",
			overview_since(v->mono_ns, stat_get(&r->n.down_ns), text));
	printf("\n");
}

static void print_table(const struct overview *v, bool wide, struct totals *t)
{
	unsigned living = forwarders_living(v);

	printf("instance %s: %u forwarders, %u upstreams, %u down; read from shared "
	       "memory",
		v->instance, living, t->rows, t->down);
	if (v->nforwarders == 0)
		printf("; names that are not ours are refused");
	else if (living == 0)
		printf("; NO FORWARDER IS RUNNING");
	printf("\n");
	if (t->rows == 0)
		return;
	t->text = MAX(t->text, sizeof("UPSTREAM") - 1);
	t->group = MAX(t->group, sizeof("GROUP") - 1);
	printf("\n%-*s %-*s %-6s %9s %9s %10s %6s %8s %8s %5s %8s %4s %4s  %s\n",
		(int)t->text, "UPSTREAM", (int)t->group, "GROUP", "STATE", "P50", "P99",
		"QUERIES", "SHARE", "TIMEOUTS", "FAILURES", "LOOPS", "INFLIGHT", "TCP",
		"TLS", "LAST ERROR");
	pool_each(v, on_print, t);
	if (wide) {
		printf("\n");
		pool_each(v, on_print_wide, t);
	}
}

static void json_counts(struct json *j, const struct stat_upstream *u)
{
	char buf[12];

	json_begin(j, "queries", '{');
	for (unsigned i = 0; i < ARRAY_LEN(transports); i++)
		json_number(j, transports[i], stat_get(&u->queries[i]));
	json_end(j, '}');
	json_begin(j, "rcodes", '{');
	for (unsigned i = 0; i < STAT_RCODES; i++)
		if (stat_get(&u->rcodes[i]) > 0)
			json_number(j, rcode_text(i, buf), stat_get(&u->rcodes[i]));
	json_end(j, '}');
	json_begin(j, "failures", '{');
	for (unsigned i = 0; i < STAT_FAILURES; i++)
		json_number(j, stat_failure_text(i), stat_get(&u->failures[i]));
	json_end(j, '}');
	json_begin(j, "connections", '{');
	for (unsigned i = 0; i < 2; i++) {
		json_begin(j, transports[i + 1], '{');
		json_number(j, "open", stat_get(&u->connections[i]));
		json_number(j, "made", stat_get(&u->connections_made[i]));
		json_number(j, "used", stat_get(&u->connections_used[i]));
		json_end(j, '}');
	}
	json_end(j, '}');
	json_number(j, "truncated", stat_get(&u->truncated));
	json_number(j, "hedges", stat_get(&u->hedges));
	json_number(j, "failovers", stat_get(&u->failovers));
	json_number(j, "loops", stat_get(&u->loops));
	json_number(j, "probes", stat_get(&u->probes));
	json_number(j, "probes_failed", stat_get(&u->probes_failed));
}

static uint64_t age_ns(const struct overview *v, uint64_t then_ns)
{
	return v->mono_ns > then_ns ? v->mono_ns - then_ns : 0;
}

static void on_json(void *arg, const struct overview *v, const struct pool_row *r)
{
	struct json *j = arg;

	json_begin(j, NULL, '{');
	json_string(j, "upstream", r->text);
	json_string(j, "group", r->group);
	json_string(j, "state", r->up == 0 ? "down" : state(r));
	json_number(j, "p50_ns", pool_quantile(r, 0.5));
	json_number(j, "p99_ns", pool_quantile(r, 0.99));
	json_number(j, "replies", stat_sum(r->n.duration, STAT_FINE));
	json_number(j, "duration_ns", stat_get(&r->n.duration_ns));
	json_number(j, "inflight", stat_get(&r->n.inflight));
	json_counts(j, &r->n);
	if (stat_get(&r->n.down_ns) != 0)
		json_number(j, "down_for_ns", age_ns(v, stat_get(&r->n.down_ns)));
	if (last_error(r) != NULL) {
		json_string(j, "last_error", last_error(r));
		json_number(j, "last_error_age_ns", age_ns(v, stat_get(&r->n.error_ns)));
	}
	json_end(j, '}');
}

static void print_json(const struct overview *v)
{
	struct json j = {.out = stdout};

	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	json_string(&j, "instance", v->instance);
	json_string(&j, "from", "shared memory");
	json_begin(&j, "upstreams", '[');
	pool_each(v, on_json, &j);
	json_end(&j, ']');
	forwarders_json(&j, v);
	json_end(&j, '}');
	printf("\n");
}

int ctl_upstreams(const struct verb *verb, int argc, char **argv)
{
	static struct overview v;
	struct totals totals = {0};
	struct options o;
	int ret = options_parse(verb, argc, argv, NULL, 0, &o);

	if (ret != 0)
		return options_exit(ret);
	ret = overview_begin(verb, &o, &v);
	if (ret != EXIT_OK)
		return ret;
	pool_each(&v, on_total, &totals);
	if (o.format == FORMAT_JSON)
		print_json(&v);
	else
		print_table(&v, o.format == FORMAT_WIDE, &totals);
	overview_close(&v);
	return totals.down == 0 ? EXIT_OK : EXIT_NEGATIVE;
}
