/* test_reply.c - which octets are the reply, and what is sent (FW-24, U-06, Q-01) */
#include "forwarder/reply.h"

#include "reply_support.h"

static uint8_t msg[512];

/* ---- reply_check() ---- */

#define HEAD  "1234 8180 0001 0000 0000 0000 "
#define ONE   "1234 8180 0001 0001 0000 0000 "
#define NAME  "03 777777 07 6578616d706c65 00 " /* www.example. */
#define QUEST NAME "0001 0001 "
#define A_RR  "c00c 0001 0001 0000012c 0004 0a000001 "
#define OPT   "00 0029 04d0 00 00 0000 0000 "

static const struct check_row {
	const char *id, *hex;
	enum reply_kind kind;
	uint16_t rcode;
} checks[] = {
	{"right", ONE QUEST A_RR, REPLY_MATCHES, 0},
	{"NXDOMAIN", "1234 8183 0001 0000 0000 0000" QUEST, REPLY_MATCHES, 3},
	{"with OPT", "1234 8180 0001 0001 0000 0001" QUEST A_RR OPT, REPLY_MATCHES, 0},
	{"extended rcode",
		"1234 8180 0001 0000 0000 0001" QUEST "00 0029 04d0 01 00 0000 0000",
		REPLY_MATCHES, 16},
	{"folded, U-06", HEAD "03 575757 07 4578416d506c65 00 0001 0001", REPLY_MATCHES,
		0},
	{"F-03", "1235 8180 0001 0001 0000 0000" QUEST A_RR, REPLY_OTHER, 0},
	{"F-04", ONE "03 777778 07 6578616d706c65 00 0001 0001" A_RR, REPLY_OTHER, 0},
	{"F-04 above", ONE "07 6578616d706c65 00 0001 0001" A_RR, REPLY_OTHER, 0},
	{"F-05", ONE NAME "001c 0001" A_RR, REPLY_OTHER, 0},
	{"class", ONE NAME "0001 0003" A_RR, REPLY_OTHER, 0},
	{"F-06", "1234 0100 0001 0001 0000 0000" QUEST A_RR, REPLY_OTHER, 0},
	{"opcode", "1234 a180 0001 0001 0000 0000" QUEST A_RR, REPLY_OTHER, 0},
	{"F-09", "1234 8182 0000 0000 0000 0000", REPLY_OTHER, 0},
	{"F-09 counted", "1234 8182 0001 0000 0000 0000", REPLY_OTHER, 0},
	{"two questions", "1234 8180 0002 0000 0000 0000" QUEST QUEST, REPLY_OTHER, 0},
	{"pointer as question", HEAD "c00c 0001 0001", REPLY_OTHER, 0},
	{"F-07", ONE QUEST "ffffffff ffff ffff ff", REPLY_BROKEN, 0},
	{"F-07 counts", "1234 8180 0001 ffff ffff ffff" QUEST A_RR, REPLY_BROKEN, 0},
	{"F-07 behind", HEAD QUEST "00", REPLY_BROKEN, 0},
	{"F-08", "1234 8180", REPLY_BROKEN, 0},
	{"F-08 empty", "", REPLY_BROKEN, 0},
	{"F-08 an octet short", "1234 8180 0001 0000 0000 00", REPLY_BROKEN, 0},
	{"F-17", ONE QUEST "c00c 0001 0001 0000012c 0005 0a000001", REPLY_BROKEN, 0},
	{"F-17 far", ONE QUEST "c00c 0001 0001 0000012c ffff 0a000001", REPLY_BROKEN, 0},
	{"F-17 additional",
		"1234 8180 0001 0000 0000 0001" QUEST
		"c00c 0001 0001 0000012c 0005 0a000001",
		REPLY_BROKEN, 0},
	{"owner to itself", ONE QUEST "c01d 0001 0001 0000012c 0004 0a000001",
		REPLY_BROKEN, 0},
	{"owner forward", ONE QUEST "c01f 0001 0001 0000012c 0004 0a000001", REPLY_BROKEN,
		0},
	{"two OPTs", "1234 8180 0001 0000 0000 0002" QUEST OPT OPT, REPLY_BROKEN, 0},
	{"OPT with a name",
		"1234 8180 0001 0000 0000 0001" QUEST "c00c 0029 04d0 00 00 0000 0000",
		REPLY_BROKEN, 0},
	{"F-18 is another matter", ONE QUEST "c00c 0001 0001 0000012c 0003 0a0000",
		REPLY_MATCHES, 0},
	{"TC, cut in an RR", "1234 8380 0001 0001 0000 0000" QUEST "c00c 00",
		REPLY_MATCHES, 0},
	{"TC of another", "1235 8380 0001 0001 0000 0000" QUEST A_RR, REPLY_OTHER, 0},
};

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = 0;
	unsigned v;

	for (; *hex != '\0'; hex++)
		if (*hex != ' ' && sscanf(hex, "%2x", &v) == 1) {
			out[n++] = (uint8_t)v;
			hex++;
		}
	return n;
}

static struct sent sent_a(const char *name, bool mixed)
{
	struct sent s = {.id = 0x1234, .type = TYPE_A, .edns = true, .mixed = mixed};

	s.name_len = (uint8_t)name_wire(name, s.name);
	return s;
}

static enum reply_kind check(size_t len, const struct sent *s, struct reply_facts *facts)
{
	uint8_t *copy = exact_copy(msg, len);
	enum reply_kind kind = reply_check(copy, len, s, facts);

	free(copy);
	return kind;
}

START_TEST(is_it_the_reply) /* FW-24, U-06 */
{
	const struct check_row *row = &checks[_i];
	struct sent s = sent_a("www.example", false);
	struct reply_facts facts = {0};

	size_t len = unhex(row->hex, msg);
	ck_assert_msg(check(len, &s, &facts) == row->kind, "%s", row->id);
	ck_assert_uint_eq(facts.rcode, row->rcode);
}
END_TEST

START_TEST(every_cut_is_broken) /* F-17: nothing short of the whole is taken */
{
	struct sent s = sent_a("www.example", false);
	struct reply_facts facts;
	size_t len = unhex("1234 8180 0001 0001 0000 0001" QUEST A_RR OPT, msg);

	for (size_t n = 0; n < len; n++)
		ck_assert_int_ne(check(n, &s, &facts), REPLY_MATCHES);
	ck_assert_int_eq(check(len, &s, &facts), REPLY_MATCHES);
}
END_TEST

START_TEST(letter_case) /* U-07, F-22 */
{
	struct reply_facts facts;
	struct sent s = sent_a("wWw.eXample", true);
	size_t len = unhex(HEAD "03 775777 07 6558616d706c65 00 0001 0001", msg);

	ck_assert_int_eq(check(len, &s, &facts), REPLY_MATCHES);
	msg[13] ^= 0x20;
	ck_assert_int_eq(check(len, &s, &facts), REPLY_CASE);
	s.mixed = false;
	ck_assert_int_eq(check(len, &s, &facts), REPLY_MATCHES);
	msg[12] = 4; /* wrong in more than case */
	s.mixed = true;
	ck_assert_int_eq(check(len, &s, &facts), REPLY_OTHER);
}
END_TEST

START_TEST(facts_of_the_header)
{
	struct sent s = sent_a("www.example", false);
	struct reply_facts facts;
	size_t len = unhex("1234 83a5 0001 0000 0000 0001" QUEST OPT, msg);

	ck_assert_int_eq(check(len, &s, &facts), REPLY_MATCHES);
	ck_assert(facts.tc && facts.ad && facts.has_opt);
	ck_assert_uint_eq(facts.rcode, RCODE_REFUSED);
	len = unhex(HEAD QUEST, msg);
	ck_assert_int_eq(check(len, &s, &facts), REPLY_MATCHES);
	ck_assert(!facts.tc && !facts.ad && !facts.has_opt);
}
END_TEST

#define EDE(code, text) "00 0029 04d0 00 00 0000 000a 000f 0006 " code text
#define LOOP            "6c6f6f70"

/* LO-01: what an appliance behind us says; it may be anybody's octets. */
static const struct {
	const char *id, *flags, *opt;
	bool loop;
} loops[] = {
	{"loop", "8182", EDE("0000", LOOP), true},
	{"known to have looped", "8182", EDE("000d", LOOP), true},
	{"behind another option", "8182",
		"00 0029 04d0 00 00 0000 0010 0003 0002 6162 000f 0006 0000" LOOP, true},
	{"another rcode", "8185", EDE("0000", LOOP), false},
	{"another code", "8182", EDE("0016", LOOP), false},
	{"another text", "8182", EDE("0000", "6c6f6f71"), false},
	{"a longer text", "8182", "00 0029 04d0 00 00 0000 000b 000f 0007 0000" LOOP "73",
		false},
	{"another option", "8182", "00 0029 04d0 00 00 0000 000a 0010 0006 0000" LOOP,
		false},
	{"no option", "8182", OPT, false},
	{"an empty one", "8182", "00 0029 04d0 00 00 0000 0004 000f 0000", false},
	{"a cut one", "8182", "00 0029 04d0 00 00 0000 0005 000f 0006 00", false},
	{"longer than all", "8182", "00 0029 04d0 00 00 0000 000a 000f ffff 0000" LOOP,
		false},
	{"less than a head", "8182", "00 0029 04d0 00 00 0000 0003 000f00", false},
};

START_TEST(loop_of_others)
{
	struct sent s = sent_a("www.example", false);
	struct reply_facts facts = {0};
	char hex[512];

	snprintf(hex, sizeof(hex), "1234 %s 0001 0000 0000 0001 " QUEST "%s",
		loops[_i].flags, loops[_i].opt);
	ck_assert_int_eq(check(unhex(hex, msg), &s, &facts), REPLY_MATCHES);
	ck_assert_msg(facts.loop == loops[_i].loop, "%s", loops[_i].id);
}
END_TEST

/* ---- reply_failure() ---- */

_Alignas(8) static uint8_t entry[CACHE_COPY_MAX];

START_TEST(failures) /* CA-13, C-08 */
{
	static const struct {
		uint32_t ttl_ms, life_ms;
	} lives[] = {{5000, 5000}, {0, 0}, {300000, 300000}, {300001, 300000}};
	static const char text[] = "0123456789012345678901234567890123456789"
				   "0123456789012345678901234567890123456789";
	const struct cache_entry *e = (const struct cache_entry *)entry;
	static struct forward_settings settings;
	struct reply_rules rules = {.settings = &settings, .now_ns = NOW};
	struct question q = question("www.example A", QUESTION_CD);

	for (size_t i = 0; i < ARRAY_LEN(lives); i++) {
		memset(entry, 0xa5, sizeof(entry));
		settings.cache.servfail_ttl_ms = lives[i].ttl_ms;
		reply_failure(&q, &rules, EDE_NETWORK_ERROR, text + 10 * i,
			(struct cache_entry *)entry);
		ck_assert(e->expires_ns == NOW + lives[i].life_ms * NS_PER_MS);
		ck_assert(e->kind == CACHE_FAILURE && e->rcode == RCODE_SERVFAIL);
		ck_assert(e->ede == EDE_NETWORK_ERROR && e->type == TYPE_A);
		ck_assert(e->flags == QUESTION_CD && e->nsets == 0 && e->wire_len == 0);
		ck_assert_uint_eq(e->text_len, MIN(80 - 10 * i, 64));
		ck_assert_mem_eq((const uint8_t *)(e + 1) + e->name_len, text + 10 * i,
			e->text_len);
		ck_assert_ptr_eq(entry_check(e), NULL);
	}
	reply_failure(&q, &rules, EDE_OTHER, NULL, (struct cache_entry *)entry);
	ck_assert_uint_eq(e->text_len, 0);
}
END_TEST

/* ---- reply_query() ---- */

static const struct hash_key key = {5, 6, UINT64_MAX};
static const struct mark mark = {7, 8, 1};

/* the flags of the header and of the OPT. */
static const struct query_row {
	unsigned flags;
	bool trust_ad, edns;
	const char *head, *opt;
} queries[] = {
	{0, false, true, "1234 0100 0001 0000 0000 0001", "00 0029 04d0 0000 0000"},
	{QUESTION_DO, false, true, "1234 0100 0001 0000 0000 0001",
		"00 0029 04d0 0000 8000"},
	{QUESTION_CD, false, true, "1234 0110 0001 0000 0000 0001",
		"00 0029 04d0 0000 0000"},
	{0, true, true, "1234 0120 0001 0000 0000 0001", "00 0029 04d0 0000 0000"},
	{QUESTION_DO | QUESTION_CD, true, true, "1234 0130 0001 0000 0000 0001",
		"00 0029 04d0 0000 8000"},
	{QUESTION_DO, false, false, "1234 0100 0001 0000 0000 0000", NULL},
};

START_TEST(queries_as_they_are_sent) /* Q-01, U-09 */
{
	const struct query_row *row = &queries[_i];
	struct sent s = sent_a("wWw.example", true);
	uint8_t out[REPLY_QUERY_MAX], want[REPLY_QUERY_MAX];
	struct query q;
	struct mark m;

	s.edns = row->edns;
	size_t len = reply_query(
		&s, (uint8_t)row->flags, row->trust_ad, 1232, &mark, &key, out);
	size_t n = unhex(row->head, want);
	n += unhex("03 775777 07 6578616d706c65 00 0001 0001", want + n);
	if (row->opt != NULL)
		n += unhex(row->opt, want + n);
	ck_assert_mem_eq(out, want, n);
	ck_assert_uint_eq(len, n + (row->edns ? 2u + 4u + MARK_OCTETS : 0u));
	ck_assert_int_eq(query_parse(out, len, false, &q), PARSE_OK);
	ck_assert_int_eq(q.has_loop_mark, row->edns);
	if (row->edns) {
		ck_assert(mark_read(q.mark, sizeof(q.mark), &key, &m));
		ck_assert(m.life == 7 && m.upstream == 8 && m.hops == 1);
	}
	len = reply_query(&s, (uint8_t)row->flags, row->trust_ad, 1232, NULL, &key, out);
	ck_assert_uint_eq(len, n + (row->edns ? 2u : 0u));
}
END_TEST

START_TEST(longest_query)
{
	struct sent s = {.type = TYPE_A, .edns = true, .name_len = 255};
	uint8_t out[REPLY_QUERY_MAX];
	struct query q;

	for (size_t at = 0; at < 254; at += 2)
		s.name[at] = 1;
	size_t len = reply_query(&s, QUESTION_DO, false, 4096, &mark, &key, out);

	ck_assert_int_eq(query_parse(out, len, false, &q), PARSE_OK);
	ck_assert(q.qname_len == 255 && q.has_loop_mark && q.udp_size == 4096);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("reply");

	tcase_add_loop_test(tc, is_it_the_reply, 0, ARRAY_LEN(checks));
	tcase_add_test(tc, every_cut_is_broken);
	tcase_add_test(tc, letter_case);
	tcase_add_test(tc, facts_of_the_header);
	tcase_add_loop_test(tc, loop_of_others, 0, ARRAY_LEN(loops));
	tcase_add_test(tc, failures);
	tcase_add_loop_test(tc, queries_as_they_are_sent, 0, ARRAY_LEN(queries));
	tcase_add_test(tc, longest_query);
	return run_case("reply", tc);
}
