/*
 * torture_reader.c - looks everything up and compares it with the model, until SIGTERM
 *
 * torture_reader INSTANCE NAMES: prints a line of JSON at the end. Exit 1 and a line that
 * says what was wrong: an answer that is not what the version says (G1, G2, G4), a
 * generation or version that fell (G3), a damaged look-up (G8).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "dns/type.h"
#include "model.h"
#include "snap/client.h"
#include "snap/reader.h"

struct checker {
	struct reader r;
	uint32_t names, version;
	uint64_t generation, segment;
	uint64_t checks, generations, segments, idle_rounds;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static void wrong(const struct checker *c, const char *what, uint32_t i, uint32_t got)
{
	const struct snap *s = reader_snap(&c->r);

	printf("torture_reader: %s: name %u, got %u, version %u, generation %llu, "
	       "segment %llu\n",
		what, (unsigned)i, (unsigned)got, (unsigned)c->version,
		(unsigned long long)s->generation, (unsigned long long)s->segment);
	exit(1);
}

/* The A records of a name: how many, *value the address of each of them; 0: absent. */
static unsigned look_up(
	struct checker *c, const struct name *name, uint32_t i, uint32_t *value)
{
	const struct snap *s = reader_snap(&c->r);
	struct hash128 h = hash_name(&s->key, name->wire, name->len);
	struct node_view v;
	struct rrset rrset;
	bool damaged = false;
	enum lookup found = snap_find(s, &h, name->wire, name->len, &v);

	c->checks++;
	if (found == LOOKUP_ABSENT)
		return 0;
	if (found == LOOKUP_DAMAGED || !node_intact(&v) ||
		!node_rrset(&v, TYPE_A, &rrset, &damaged))
		wrong(c, "damaged", i, 0);
	*value = load_u32(rrset.data);
	for (unsigned k = 1; k < rrset.count; k++)
		if (load_u32(rrset.data + 4 * (size_t)k) != *value)
			wrong(c, "torn", i, load_u32(rrset.data + 4 * (size_t)k));
	return rrset.count;
}

static void check_client(struct checker *c, uint32_t i)
{
	struct addr a = model_client(i);
	uint32_t place = client_place(reader_snap(&c->r), &a);

	c->checks++;
	if (place != model_place(i, c->version))
		wrong(c, "place of a client", i, place);
}

static void check_name(struct checker *c, uint32_t i)
{
	struct name name;
	uint32_t value = 0;

	check_client(c, i);
	model_name(i, &name);
	unsigned count = look_up(c, &name, i, &value);
	if (!model_exists(i, c->version)) {
		if (count != 0)
			wrong(c, "exists", i, value);
		return;
	}
	if (count != (model_has_body(i) ? MODEL_BODY : 1u))
		wrong(c, "number of addresses", i, count);
	if (value != model_changed(i, c->version))
		wrong(c, "another version", i, value);
}

/* What a new root must say of itself. */
static void check_root(struct checker *c)
{
	const struct snap *s = reader_snap(&c->r);
	uint32_t version = 0;
	struct name name;

	model_version_name(&name);
	if (look_up(c, &name, UINT32_MAX, &version) != 1)
		wrong(c, "no version", UINT32_MAX, 0);
	if (version < c->version || s->generation <= c->generation)
		wrong(c, "went back", UINT32_MAX, version);
	c->version = version;
	c->generation = s->generation;
	c->generations++;
	c->segments += s->segment != c->segment;
	c->segment = s->segment;
	if (c->r.settings.ttl_s != model_ttl(version))
		wrong(c, "settings", UINT32_MAX, c->r.settings.ttl_s);
}

static void run(struct checker *c)
{
	uint64_t random = (uint64_t)getpid();

	while (!stopped) {
		if (reader_refresh(&c->r))
			check_root(c);
		else
			c->idle_rounds++;
		reader_retry(&c->r);
		reader_step(&c->r);
		if (reader_snap(&c->r) == NULL) {
			usleep(1000);
			continue;
		}
		/* Mostly a few names of many generations, sometimes all of one. */
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
		uint32_t n = random >> 60 == 0 ? c->names : 64;
		uint32_t from = (uint32_t)(random >> 32) % c->names;
		for (uint32_t i = 0; i < n; i++)
			check_name(c, (from + i * 7919) % c->names);
	}
}

int main(int argc, char **argv)
{
	static struct checker c;
	struct sigaction action = {.sa_handler = on_signal};

	if (argc != 3)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	c.names = (uint32_t)strtoul(argv[2], NULL, 10);
	reader_init(&c.r, argv[1]);
	run(&c);
	printf("{\"checks\": %llu, \"generations\": %llu, \"segments\": %llu, "
	       "\"version\": %u, \"refresh_failures\": %llu}\n",
		(unsigned long long)c.checks, (unsigned long long)c.generations,
		(unsigned long long)c.segments, (unsigned)c.version,
		(unsigned long long)c.r.failures);
	reader_fini(&c.r);
	return 0;
}
