/*
 * test_zonechain.c - what a signed zone has to prove denials: chosen, built, published,
 * compacted
 *
 * Rows: SM-11, FE-61, G1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "controller/engine.h"
#include "controller/records/zonechain.h"
#include "dns/type.h"
#include "snap/chain.h"
#include "snap/reader.h"
#include "support.h"

#define SOA      "@ 60 SOA ns h 1 2 3 4 5\n"
#define SIG(t)   "RRSIG " t " 8 2 60 20300101000000 20200101000000 1 @ aaaa\n"
#define SIG_SOA  SIG("SOA")
#define SIG_NSEC SIG("NSEC")
#define SIG_NS   SIG("NS")
#define SIG_DS   SIG("DS")
#define SIG_A    SIG("A")
#define H1       "2t7b4g4vsa5smi47k61mv5bv1a22bojr"
#define H2       "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"
#define NSEC3(h, next, params, types)                                                    \
	h " NSEC3 " params " " next " " types "\n" h " " SIG("NSEC3")

static struct zoneset *read_zone(const char *apex_text, const char *text, size_t len)
{
	const struct zoneparse_text t = {"f", text, len};
	struct zoneparse_fault f = {0};
	struct name apex;
	struct zoneset *s;

	ck_assert_int_eq(name_parse(apex_text, &apex), 0);
	s = zoneset_read(&apex, &t, NULL, NULL, &f);
	ck_assert_msg(s != NULL, "%s", f.why);
	return s;
}

/* ---- what is chosen ---- */

static const struct {
	const char *text;
	enum zonechain_kind kind;
	unsigned links, iterations, salt;
} choices[] = {
	{SOA, ZONECHAIN_UNSIGNED, 0, 0, 0},
	{SOA "@ " SIG_SOA, ZONECHAIN_ABSENT, 0, 0, 0},
	{SOA "@ " SIG_SOA "@ NSEC a SOA\na NSEC @ A\na A 192.0.2.1\n", ZONECHAIN_NSEC, 2,
		0, 0},
	/* what is below a delegation has no say */
	{SOA "@ " SIG_SOA "@ NSEC a SOA\na NS b.a\nb.a NSEC @ A\n", ZONECHAIN_NSEC, 1, 0,
		0},
	{SOA "@ " SIG_SOA "@ NSEC3PARAM 1 0 2 abcd\n" NSEC3(H1, H2, "1 0 2 abcd", "A")
			NSEC3(H2, H1, "1 1 2 abcd", "SOA"),
		ZONECHAIN_NSEC3, 2, 2, 2},
	/* two chains while the salt changes: the one that the apex names */
	{SOA "@ " SIG_SOA "@ NSEC3PARAM 1 0 2 -\n" NSEC3(H1, H2, "1 0 2 abcd", "A")
			NSEC3(H2, H2, "1 0 2 -", "SOA"),
		ZONECHAIN_NSEC3, 1, 2, 0},
	/* a flag: not for servers; another hash */
	{SOA "@ " SIG_SOA "@ NSEC3PARAM 1 1 2 -\n@ NSEC @ SOA\n", ZONECHAIN_NSEC, 1, 0,
		0},
	{SOA "@ " SIG_SOA "@ NSEC3PARAM 2 0 2 -\n", ZONECHAIN_ABSENT, 0, 0, 0},
	{SOA "@ " SIG_SOA "@ NSEC3PARAM 1 0 50 -\n" NSEC3(H1, H1, "1 0 50 -", "A"),
		ZONECHAIN_NSEC3, 1, 50, 0},
	{SOA "@ " SIG_SOA "@ NSEC3PARAM 1 0 51 -\n" NSEC3(H1, H1, "1 0 51 -", "A"),
		ZONECHAIN_ITERATIONS, 0, 51, 0},
	/* below a DNAME of the apex, too */
	{SOA "@ " SIG_SOA
	     "@ DNAME a.\n@ NSEC3PARAM 1 0 0 -\n" NSEC3(H1, H1, "1 0 0 -", "A"),
		ZONECHAIN_NSEC3, 1, 0, 0},
};

static bool view(const struct mem_buf *b, struct chain *c)
{
	const struct node_header head = {.file = NODE_FILE_CHAIN};
	const struct node_view v = {.head = &head, .body = b->data, .body_len = b->len};

	return chain_view(&v, c);
}

START_TEST(chooses)
{
	struct zoneset *s = read_zone("ex.", choices[_i].text, strlen(choices[_i].text));
	struct zonechain z = zonechain_of(s);
	struct mem_buf b = {0};
	struct chain c;
	struct name hashed;

	ck_assert_int_eq(z.kind, choices[_i].kind);
	ck_assert_uint_eq(z.params.iterations, choices[_i].iterations);
	ck_assert_int_eq(zonechain_build(s, &b), choices[_i].links > 0);
	if (choices[_i].links > 0) {
		ck_assert(view(&b, &c));
		ck_assert_uint_eq(c.count, choices[_i].links);
		ck_assert_uint_eq(c.params.iterations, choices[_i].iterations);
		ck_assert_uint_eq(c.params.salt_len, choices[_i].salt);
		ck_assert_int_eq(c.hashed, z.kind == ZONECHAIN_NSEC3);
	}
	/* RFC 5155, section 7.2.8: they are no names. */
	ck_assert_int_eq(name_parse(H1 ".ex.", &hashed), 0);
	ck_assert_ptr_null(zoneset_find(s, hashed.wire, hashed.len));
	mem_buf_fini(&b);
	zoneset_free(s);
}
END_TEST

START_TEST(has_signatures) /* those of the record, not of its neighbours */
{
	static const char text[] = SOA
		"@ " SIG_SOA "@ " SIG_NSEC "@ NSEC a SOA\n"
		"a NSEC @ A\na A 192.0.2.1\na " SIG_A "a " SIG_NSEC
		"a RRSIG NSEC 8 2 60 20300101000000 20200101000000 2 @ bbbb\n";
	struct zoneset *s = read_zone("ex.", text, strlen(text));
	struct mem_buf b = {0};
	struct chain_link l;
	struct chain c;
	const uint8_t *rdata;
	size_t len;

	ck_assert(zonechain_build(s, &b));
	ck_assert(view(&b, &c));
	for (uint32_t i = 0; i < 2; i++) {
		ck_assert(chain_link(&c, i, &l));
		ck_assert_uint_eq(l.signatures, 1 + i);
		for (unsigned k = 0; k < l.signatures; k++) {
			ck_assert(chain_signature(&l, &rdata, &len));
			ck_assert_uint_eq(load_u16(rdata), TYPE_NSEC);
		}
	}
	mem_buf_fini(&b);
	zoneset_free(s);
}
END_TEST

/* ---- published ---- */

static struct side {
	char instance[LAYOUT_INSTANCE_MAX];
	struct publisher *publisher;
	struct engine engine;
	struct reader reader;
	unsigned published;
} side;

static void on_published(void *arg, const struct engine_published *p)
{
	(void)arg;
	(void)p;
	side.published++;
}

static void on_failed(void *arg, int error)
{
	(void)arg;
	ck_abort_msg("not published: %d", error);
}

static void on_held(void *arg, uint64_t names, uint64_t before, uint64_t hold_ns)
{
	(void)arg;
	(void)hold_ns;
	ck_abort_msg("held: %u, %u", (unsigned)names, (unsigned)before);
}

static void on_skipped(void *arg, const struct owner *o, enum skip_reason why)
{
	(void)arg;
	(void)o;
	ck_abort_msg("skipped: %s", draft_skip_text(why));
}

static const struct engine_handlers handlers = {.on_published = on_published,
	.on_failed = on_failed,
	.on_held = on_held,
	.on_skipped = on_skipped};

static void begin(const char *const *zones, size_t n)
{
	struct addr own = {.len = 4, .octets = {10, 0, 0, 1}};
	struct conf c;

	memset(&side, 0, sizeof(side));
	snprintf(side.instance, sizeof(side.instance), "tz%d", (int)getppid());
	ck_assert_int_eq(publish_open(side.instance, &side.publisher), 0);
	reader_init(&side.reader, side.instance);
	engine_init(&side.engine, side.publisher, false, &handlers, NULL);
	conf_defaults(&c);
	c.zone = mem_alloc(n, sizeof(*c.zone)); /* the engine takes it over */
	c.nzone = n;
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(name_parse(zones[i], &c.zone[i].name), 0);
		c.zone[i].file = mem_dup("f", 1);
	}
	engine_configure(&side.engine, &c, &own, 1, "test", 1, 2);
	engine_synced(&side.engine, 1);
}

static void end(void)
{
	engine_fini(&side.engine);
	publish_close(side.publisher);
	reader_fini(&side.reader);
	segment_remove_leftovers(side.instance);
	segment_lock_remove(side.instance);
}

static bool find(const char *text, struct node_view *v)
{
	const struct snap *s = reader_snap(&side.reader);
	struct hash128 h;
	struct name name;

	ck_assert_int_eq(name_parse(text, &name), 0);
	h = hash_name(&s->key, name.wire, name.len);
	return snap_find(s, &h, name.wire, name.len, v) == LOOKUP_FOUND;
}

#define NAMES 3000

/* A zone whose chain takes a third of a megabyte; `mark` is in each link. */
static struct zoneset *large(unsigned mark)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct zoneset *s;

	ck_assert_ptr_nonnull(f);
	fprintf(f, SOA "@ " SIG_SOA "@ NSEC n0 SOA\n");
	for (unsigned i = 0; i < NAMES; i++)
		fprintf(f,
			"n%u TXT x\nn%u NSEC n%u TXT\n"
			"n%u RRSIG NSEC 8 2 60 20300101000000 20200101000000 %u @ "
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
			i, i, (i + 1) % NAMES, i, mark);
	fclose(f);
	s = read_zone("ex.", text, len);
	free(text);
	return s;
}

/* Each link has this mark, the key tag of its signature, and no checksum is wrong. */
static void check_marks(unsigned mark)
{
	struct node_view v;
	struct chain_link l;
	struct chain c;
	const uint8_t *rdata;
	size_t len;

	ck_assert(find("ex.", &v));
	ck_assert(node_intact(&v));
	ck_assert((v.head->flags & NODE_OWNS_BODY) != 0);
	ck_assert(chain_view(&v, &c));
	ck_assert_uint_eq(c.count, NAMES + 1);
	for (uint32_t i = 1; i < c.count; i++) {
		ck_assert(chain_link(&c, i, &l));
		ck_assert(chain_signature(&l, &rdata, &len));
		ck_assert_uint_eq(load_u16(rdata + 16), mark);
	}
}

/*
 * The zone is signed anew again and again, compactions come between: the chain is that of
 * the last file, and what is live is counted as a copy of it counts it.
 */
START_TEST(survives_compaction) /* G1 */
{
	static const char *const zones[] = {"ex."};
	uint64_t now_ns = 1, live = 0;
	unsigned compactions = 0;
	struct zoneset *set = NULL;

	begin(zones, 1);
	for (unsigned round = 1; round <= 24; round++) {
		struct zoneset *next = large(round);
		struct publish_info compacted = {0};

		engine_zone(&side.engine, 0, next, now_ns);
		zoneset_free(set);
		set = next;
		now_ns += 6 * NS_PER_S;
		engine_turn(&side.engine, now_ns, now_ns, true);
		reader_refresh(&side.reader);
		ck_assert_uint_ge(side.published, round);
		check_marks(round);
		live = reader_snap(&side.reader)->live;
		for (unsigned k = 0; k < 5000 && compacted.generation == 0; k++)
			engine_idle(&side.engine, now_ns, now_ns, &compacted);
		compactions += compacted.generation != 0;
		reader_refresh(&side.reader);
		ck_assert_uint_eq(reader_snap(&side.reader)->live, live);
		check_marks(round);
	}
	ck_assert_uint_gt(compactions, 1);
	end();
	zoneset_free(set);
}
END_TEST

/* FE-61: an apex has the DS of the zone above with its signature, and all of its own. */
START_TEST(two_zones)
{
	static const char *const zones[] = {"ex.", "kid.ex."};
	static const char above[] = SOA
		"@ " SIG_SOA "@ NSEC kid SOA\n"
		"kid NS ns.kid\nkid DS 1 8 2 aabb\nkid NSEC @ NS DS\n"
		"kid " SIG_DS "kid " SIG_NSEC,
			  below[] = SOA "@ NS ns\n@ " SIG_SOA
					"@ " SIG("NS") "@ NSEC @ SOA NS\n@ " SIG_NSEC;
	static const uint16_t covered[] = {TYPE_NS, TYPE_SOA, TYPE_NSEC, TYPE_DS};
	struct zoneset *a = read_zone(zones[0], above, strlen(above));
	struct zoneset *b = read_zone(zones[1], below, strlen(below));
	struct node_view v;
	struct rrset rr;
	bool damaged = false;

	begin(zones, 2);
	engine_zone(&side.engine, 0, a, 1);
	engine_zone(&side.engine, 1, b, 1);
	engine_turn(&side.engine, NS_PER_S, NS_PER_S, true);
	reader_refresh(&side.reader);
	ck_assert(find("kid.ex.", &v));
	ck_assert(node_rrset(&v, TYPE_DS, &rr, &damaged));
	ck_assert(node_rrset(&v, TYPE_RRSIG, &rr, &damaged));
	ck_assert_uint_eq(rr.count, ARRAY_LEN(covered));
	for (unsigned i = 0; i < rr.count; i++) {
		ck_assert_uint_eq(load_u16(rr.data + 2), covered[i]);
		rr.data += 2 + load_host_u16(rr.data);
	}
	end();
	zoneset_free(a);
	zoneset_free(b);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("zonechain");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, chooses, 0, ARRAY_LEN(choices));
	tcase_add_test(tc, has_signatures);
	tcase_add_test(tc, survives_compaction);
	tcase_add_test(tc, two_zones);
	return run_case("zonechain", tc);
}
