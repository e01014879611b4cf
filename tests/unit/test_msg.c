/* test_msg.c - query_parse() by the W and E rows, each with its exact outcome */
#include "dns/msg.h"

#include "dns/type.h"
#include "support.h"

enum transport { BOTH, UDP, TCP };

/* Pieces of messages in hex; blanks are for the reader. */
#define HEAD   "1234 0100 "
#define ONE    HEAD "0001 0000 0000 0000 " /* one question */
#define ONE_AR HEAD "0001 0000 0000 0001 "
#define NAME   "03776562 00 " /* web. */
#define QUEST  NAME "0001 0001 "
#define OPT    "00 0029 04d0 00 00 0000 0000 " /* 1232 octets, version 0 */
#define TSIG   "00 00fa 00ff 00000000 0000 "
#define A_RR   "c00c 0001 0001 00000005 0004 0a000007 "
#define SOA_RR "c00c" SOA_BODY
#define SOA_BODY                                                                         \
	" 0006 0001 00000005 0016 00 00 00000001 00000002 00000003 00000004 "            \
	"00000005 "
#define OPT_V(v) "00 0029 04d0 00 " v " 0000 0000 "

static const struct row {
	const char *id;
	enum transport transport;
	const char *hex;
	enum parse_result result;
	uint16_t rcode;
} rows[] = {
	{"plain", BOTH, ONE QUEST, PARSE_OK, 0},
	{"W-01", BOTH, "", PARSE_DROP, 0},
	{"W-01", BOTH, "1234 0100 0001 0000 0000 00", PARSE_DROP, 0},
	{"W-02", BOTH, "1234 8100 0001 0000 0000 0000" QUEST, PARSE_DROP, 0},
	{"W-02", BOTH, "1234 f900 ffff ffff ffff ffff", PARSE_DROP, 0},
	{"W-04", BOTH, ONE, PARSE_HEADER, RCODE_FORMERR},
	{"W-05", BOTH, HEAD "0000 0000 0000 0000", PARSE_HEADER, RCODE_FORMERR},
	{"W-05", BOTH, HEAD "0000 0000 0000 0000" QUEST, PARSE_HEADER, RCODE_FORMERR},
	{"W-06", BOTH, HEAD "0000 0000 0000 0001" OPT, PARSE_REPLY, RCODE_FORMERR},
	{"W-06", BOTH,
		HEAD "0000 0000 0000 0001 00 0029 04d0 00000000 000c 000a0008 "
		     "0102030405060708",
		PARSE_REPLY, RCODE_FORMERR},
	{"W-06 no OPT", BOTH, HEAD "0000 0000 0000 0001" TSIG, PARSE_HEADER,
		RCODE_FORMERR},
	{"W-06 more", BOTH, HEAD "0000 0000 0000 0001" OPT "00", PARSE_HEADER,
		RCODE_FORMERR},
	{"W-06 two", BOTH, HEAD "0000 0000 0000 0002" OPT OPT, PARSE_HEADER,
		RCODE_FORMERR},
	{"W-06 one of two", BOTH, HEAD "0000 0000 0000 0002" OPT, PARSE_HEADER,
		RCODE_FORMERR},
	{"W-06 answer", BOTH, HEAD "0000 0001 0000 0001" OPT, PARSE_HEADER,
		RCODE_FORMERR},
	{"W-06 authority", BOTH, HEAD "0000 0000 0001 0001" OPT, PARSE_HEADER,
		RCODE_FORMERR},
	{"W-06 answer", BOTH, HEAD "0000 0001 0000 0001" OPT OPT, PARSE_HEADER,
		RCODE_FORMERR},
	{"W-07", BOTH, HEAD "0002 0000 0000 0000" QUEST QUEST, PARSE_HEADER,
		RCODE_FORMERR},
	{"W-07", BOTH, HEAD "0002 0000 0000 0000" QUEST, PARSE_HEADER, RCODE_FORMERR},
	{"W-07", BOTH, HEAD "ffff 0000 0000 0000" QUEST, PARSE_HEADER, RCODE_FORMERR},
	{"W-08", BOTH, "1234 0900 0001 0000 0000 0000" QUEST, PARSE_HEADER, RCODE_NOTIMP},
	{"W-08", BOTH, "1234 3000 0000 0000 0000 0000", PARSE_HEADER, RCODE_NOTIMP},
	{"W-09", BOTH, "1234 2400 0001 0000 0000 0000" QUEST, PARSE_HEADER, RCODE_NOTIMP},
	{"W-09", BOTH, "1234 2800 0001 0000 0000 0000" QUEST, PARSE_HEADER, RCODE_NOTIMP},
	{"W-10", BOTH, "1234 7ff0 0000 0000 0000 0000", PARSE_HEADER, RCODE_NOTIMP},
	{"W-11", BOTH, "1234 07f0 0001 0000 0000 0000" QUEST, PARSE_OK, 0},
	{"W-12", BOTH, "1234 0105 0001 0000 0000 0000" QUEST, PARSE_OK, 0},
	{"W-13", BOTH, HEAD "0001 0001 0000 0000" QUEST A_RR, PARSE_HEADER,
		RCODE_FORMERR},
	{"W-13", BOTH, HEAD "0001 0000 0001 0000" QUEST SOA_RR, PARSE_HEADER,
		RCODE_FORMERR},
	{"W-13 IXFR", UDP, HEAD "0001 0000 0001 0000" NAME "00fb 0001" SOA_RR,
		PARSE_REPLY, RCODE_REFUSED},
	{"W-13 IXFR", TCP, HEAD "0001 0000 0001 0000" NAME "00fb 0001" SOA_RR,
		PARSE_REPLY, RCODE_REFUSED},
	{"W-13 IXFR", BOTH, HEAD "0001 0000 0002 0000" NAME "00fb 0001" SOA_RR SOA_RR,
		PARSE_HEADER, RCODE_FORMERR},
	{"W-13 IXFR", BOTH, HEAD "0001 0000 0001 0000" NAME "00fb 0001" A_RR,
		PARSE_HEADER, RCODE_FORMERR},
	{"W-13 IXFR", BOTH, HEAD "0001 0000 0001 0000" NAME "00fb 0001", PARSE_HEADER,
		RCODE_FORMERR},
	{"W-13 nothing", BOTH, HEAD "0001 0001 0000 0000" QUEST, PARSE_HEADER,
		RCODE_FORMERR},
	{"W-13 and OPT", BOTH, HEAD "0001 0001 0000 0001" QUEST OPT, PARSE_HEADER,
		RCODE_FORMERR},
	{"W-13 IXFR", BOTH, HEAD "0001 0000 0002 0000" NAME "00fb 0001", PARSE_HEADER,
		RCODE_FORMERR},
	{"W-13 IXFR", BOTH,
		HEAD "0001 0000 0001 0001" NAME "00fb 0001"
		     "c00c 0006 0001 00000005 ffff" OPT,
		PARSE_HEADER, RCODE_FORMERR},
	{"W-13 IXFR", BOTH,
		HEAD "0001 0000 0001 0000" NAME "00fb 0001"
		     "800c" SOA_BODY,
		PARSE_HEADER, RCODE_FORMERR},
	{"W-14", BOTH, ONE_AR QUEST A_RR, PARSE_HEADER, RCODE_FORMERR},
	{"W-14", BOTH, HEAD "0001 0000 0000 0002" QUEST OPT A_RR, PARSE_HEADER,
		RCODE_FORMERR},
	{"W-14", BOTH, HEAD "0001 0000 0000 0003" QUEST OPT TSIG TSIG, PARSE_HEADER,
		RCODE_FORMERR},
	{"W-14 TSIG first", BOTH, HEAD "0001 0000 0000 0002" QUEST TSIG OPT, PARSE_HEADER,
		RCODE_FORMERR},
	{"W-15", BOTH, ONE_AR QUEST, PARSE_HEADER, RCODE_FORMERR},
	{"W-16", BOTH, ONE QUEST "00", PARSE_HEADER, RCODE_FORMERR},
	{"W-16", BOTH, ONE_AR QUEST OPT "00", PARSE_HEADER, RCODE_FORMERR},
	{"W-17 itself", BOTH, ONE "c00c 0001 0001", PARSE_HEADER, RCODE_FORMERR},
	{"W-17 header", BOTH, ONE "c000 0001 0001", PARSE_HEADER, RCODE_FORMERR},
	{"W-17 forward", BOTH, ONE "0161 c010 0001 0001", PARSE_HEADER, RCODE_FORMERR},
	{"W-17 back", BOTH, ONE "0161 0162 c00c 0001 0001", PARSE_HEADER, RCODE_FORMERR},
	{"W-18", BOTH, ONE "40 61 00 0001 0001", PARSE_HEADER, RCODE_FORMERR},
	{"W-18", BOTH, ONE "80 61 00 0001 0001", PARSE_HEADER, RCODE_FORMERR},
	{"W-20 cut", BOTH, ONE "05 616263", PARSE_HEADER, RCODE_FORMERR},
	{"W-20 no end", BOTH, ONE "03 616263", PARSE_HEADER, RCODE_FORMERR},
	{"W-21", BOTH, ONE NAME, PARSE_HEADER, RCODE_FORMERR},
	{"W-21", BOTH, ONE NAME "0001", PARSE_HEADER, RCODE_FORMERR},
	{"W-21", BOTH, ONE NAME "0001 00", PARSE_HEADER, RCODE_FORMERR},
	{"W-22", BOTH, ONE "04 002e5cff 00 0001 0001", PARSE_OK, 0},
	{"W-23", BOTH, ONE "03 574542 00 0001 0001", PARSE_OK, 0},
	{"W-24", BOTH, ONE "07 76657273696f6e 04 62696e64 00 0010 0003", PARSE_OK, 0},
	{"W-25 CH", BOTH, ONE NAME "0001 0003", PARSE_OK, 0},
	{"W-25 HS", BOTH, ONE NAME "0001 0004", PARSE_REPLY, RCODE_REFUSED},
	{"W-25 254", BOTH, ONE NAME "0001 00fe", PARSE_REPLY, RCODE_REFUSED},
	{"W-25 255", BOTH, ONE NAME "0001 00ff", PARSE_REPLY, RCODE_REFUSED},
	{"W-25 0", BOTH, ONE NAME "0001 0000", PARSE_REPLY, RCODE_REFUSED},
	{"W-25 65280", BOTH, ONE NAME "0001 ff00", PARSE_REPLY, RCODE_REFUSED},
	{"W-26 0", BOTH, ONE NAME "0000 0001", PARSE_REPLY, RCODE_FORMERR},
	{"W-26 OPT", BOTH, ONE NAME "0029 0001", PARSE_REPLY, RCODE_FORMERR},
	{"W-26 TKEY", BOTH, ONE NAME "00f9 0001", PARSE_REPLY, RCODE_FORMERR},
	{"W-26 TSIG", BOTH, ONE NAME "00fa 0001", PARSE_REPLY, RCODE_FORMERR},
	{"W-26 before class", BOTH, ONE NAME "0000 0003", PARSE_REPLY, RCODE_FORMERR},
	{"W-27 MAILB", BOTH, ONE NAME "00fd 0001", PARSE_REPLY, RCODE_NOTIMP},
	{"W-27 MAILA", BOTH, ONE NAME "00fe 0001", PARSE_REPLY, RCODE_NOTIMP},
	{"W-28 1000", BOTH, ONE NAME "03e8 0001", PARSE_OK, 0},
	{"W-28 65280", BOTH, ONE NAME "ff00 0001", PARSE_OK, 0},
	{"W-28 65535", BOTH, ONE NAME "ffff 0001", PARSE_OK, 0},
	{"W-28 HTTPS", BOTH, ONE NAME "0041 0001", PARSE_OK, 0},
	{"W-29 ANY", BOTH, ONE NAME "00ff 0001", PARSE_OK, 0},
	{"W-30 AXFR", UDP, ONE NAME "00fc 0001", PARSE_REPLY, RCODE_NOTIMP},
	{"W-31 AXFR", TCP, ONE NAME "00fc 0001", PARSE_REPLY, RCODE_REFUSED},
	{"W-31 IXFR", UDP, ONE NAME "00fb 0001", PARSE_REPLY, RCODE_REFUSED},
	{"W-33", BOTH, ONE_AR QUEST TSIG, PARSE_HEADER, RCODE_FORMERR},
	{"W-33", BOTH, HEAD "0001 0000 0000 0002" QUEST OPT TSIG, PARSE_HEADER,
		RCODE_FORMERR},
	{"W-36 class", TCP, ONE NAME "00fc 0003", PARSE_REPLY, RCODE_REFUSED},
	{"W-36 class", TCP, HEAD "0001 0000 0001 0000" NAME "00fb 0003" SOA_RR,
		PARSE_REPLY, RCODE_REFUSED},
	{"W-36 no SOA", TCP, ONE NAME "00fb 0001", PARSE_HEADER, RCODE_FORMERR},
	{"E-01", BOTH, ONE_AR QUEST OPT, PARSE_OK, 0},
	{"E-05", BOTH, ONE_AR QUEST OPT_V("01"), PARSE_REPLY, RCODE_BADVERS},
	{"E-05", BOTH, ONE_AR QUEST OPT_V("ff"), PARSE_REPLY, RCODE_BADVERS},
	{"E-05 before type", BOTH, ONE_AR NAME "0000 0003" OPT_V("01"), PARSE_REPLY,
		RCODE_BADVERS},
	{"E-05 before TSIG", BOTH, HEAD "0001 0000 0000 0002" QUEST OPT_V("01") TSIG,
		PARSE_REPLY, RCODE_BADVERS},
	{"E-06", BOTH, ONE_AR QUEST "00 0029 04d0 00 01 8000 0008 0003 0000 fde9 0000",
		PARSE_REPLY, RCODE_BADVERS},
	{"E-08, E-09", BOTH, ONE_AR QUEST "00 0029 04d0 ff 00 7fff 0000", PARSE_OK, 0},
	{"E-10", BOTH, ONE_AR QUEST "00 0029 04d0 00 00 0000 0007 0064 0003 616263",
		PARSE_OK, 0},
	{"E-11", BOTH,
		ONE_AR QUEST "00 0029 04d0 00 00 0000 000a 0003 0000 0003 0002 6162",
		PARSE_OK, 0},
	{"E-13", BOTH, ONE_AR QUEST "00 0029 04d0 00 00 0000 0007 000a 0003 616263",
		PARSE_OK, 0},
	{"E-15", BOTH, ONE_AR QUEST "00 0029 04d0 00 00 0000 0005 0008 0001 ff", PARSE_OK,
		0},
	{"E-20 over rdata", BOTH, ONE_AR QUEST "00 0029 04d0 00 00 0000 0004 0064 0001",
		PARSE_HEADER, RCODE_FORMERR},
	{"E-20 stray 1", BOTH, ONE_AR QUEST "00 0029 04d0 00 00 0000 0001 00",
		PARSE_HEADER, RCODE_FORMERR},
	{"E-20 stray 3", BOTH, ONE_AR QUEST "00 0029 04d0 00 00 0000 0003 000000",
		PARSE_HEADER, RCODE_FORMERR},
	{"E-20 past the end", BOTH, ONE_AR QUEST "00 0029 04d0 00 00 0000 0005 0064 0000",
		PARSE_HEADER, RCODE_FORMERR},
	{"E-21 two", BOTH, HEAD "0001 0000 0000 0002" QUEST OPT OPT, PARSE_HEADER,
		RCODE_FORMERR},
	{"E-21 answer", BOTH, HEAD "0001 0001 0000 0000" QUEST OPT, PARSE_HEADER,
		RCODE_FORMERR},
	{"E-21 authority", BOTH, HEAD "0001 0000 0001 0000" QUEST OPT, PARSE_HEADER,
		RCODE_FORMERR},
	{"E-21 authority", BOTH, HEAD "0001 0000 0001 0000" NAME "00fb 0001" OPT,
		PARSE_HEADER, RCODE_FORMERR},
	{"E-21 owner", BOTH, ONE_AR QUEST "c00c 0029 04d0 00 00 0000 0000", PARSE_HEADER,
		RCODE_FORMERR},
	{"E-21 owner", BOTH, ONE_AR QUEST "0161 00 0029 04d0 00 00 0000 0000",
		PARSE_HEADER, RCODE_FORMERR},
	{"E-21 owner", BOTH, ONE_AR QUEST "01 0029 04d0 00 00 0000 0000", PARSE_HEADER,
		RCODE_FORMERR},
	{"E-23", BOTH, ONE_AR QUEST "00 0029 04d0 00 01 8000 0000", PARSE_REPLY,
		RCODE_BADVERS},
	{"E-23 keepalive", BOTH,
		ONE_AR QUEST "00 0029 04d0 00 00 0000 0006 000b 0002 0001", PARSE_OK, 0},
};

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = 0;

	for (; *hex != '\0'; hex++) {
		int v = nibble(*hex);

		if (v < 0)
			continue;
		out[n / 2] = (uint8_t)(n % 2 != 0 ? out[n / 2] | v : v << 4);
		n++;
	}
	ck_assert_uint_eq(n % 2, 0);
	return n / 2;
}

static enum parse_result parse(const uint8_t *msg, size_t len, bool tcp, struct query *q)
{
	uint8_t *copy = exact_copy(msg, len);
	enum parse_result r = query_parse(copy, len, tcp, q);

	free(copy);
	return r;
}

/* What stands in *q belongs to the result and to the octets. */
static void check_query(const uint8_t *msg, const struct row *row, const struct query *q)
{
	ck_assert_uint_eq(q->id, 0x1234);
	ck_assert_uint_eq(q->flags, load_u16(msg + 2));
	ck_assert_msg(q->rcode == row->rcode, "%s: rcode %u", row->id, q->rcode);
	if (row->result == PARSE_HEADER)
		return;
	ck_assert_uint_eq(q->has_opt, load_u16(msg + 10) > 0);
	if (load_u16(msg + 4) == 0) {
		ck_assert_uint_eq(q->qname_len, 0);
		ck_assert_uint_eq(q->end, 12);
		return;
	}
	ck_assert_uint_eq(q->end, 12u + q->qname_len + 4u);
	ck_assert_uint_eq(q->type, load_u16(msg + q->end - 4));
	ck_assert_uint_eq(q->class, load_u16(msg + q->end - 2));
	ck_assert(name_equal(q->qname, q->qname_len, msg + 12, q->qname_len));
}

START_TEST(outcome)
{
	const struct row *row = &rows[_i];
	uint8_t msg[512];
	size_t len = unhex(row->hex, msg);

	for (int tcp = 0; tcp < 2; tcp++) {
		struct query q;

		if (row->transport == (tcp != 0 ? UDP : TCP))
			continue;
		memset(&q, 0xa5, sizeof(q));
		enum parse_result r = parse(msg, len, tcp != 0, &q);
		ck_assert_msg(r == row->result, "%s: %d", row->id, (int)r);
		if (r != PARSE_DROP)
			check_query(msg, row, &q);
	}
}
END_TEST

/* No cut of a good message is good: there is no length that says so. */
START_TEST(every_cut) /* W-01, W-04, W-15, W-20, W-21, E-20 */
{
	uint8_t msg[512];
	size_t len = unhex(rows[_i].hex, msg);
	struct query q;

	if (rows[_i].result != PARSE_OK && rows[_i].result != PARSE_REPLY)
		return;
	for (size_t cut = 0; cut < len; cut++) {
		enum parse_result r = parse(msg, cut, false, &q);

		ck_assert_int_eq(r, cut < 12 ? PARSE_DROP : PARSE_HEADER);
		ck_assert(cut < 12 || q.rcode == RCODE_FORMERR);
	}
}
END_TEST

START_TEST(every_opcode) /* W-08, W-09: with, without and with half a question */
{
	uint8_t msg[512];
	size_t len = unhex(ONE QUEST, msg);
	struct query q;

	for (unsigned op = 1; op < 16; op++) {
		msg[2] = (uint8_t)(op << 3);
		for (size_t cut = 12; cut <= len; cut++) {
			ck_assert_int_eq(parse(msg, cut, true, &q), PARSE_HEADER);
			ck_assert_uint_eq(q.rcode, RCODE_NOTIMP);
			ck_assert_uint_eq(q.flags >> 11, op);
		}
	}
}
END_TEST

static const struct {
	const char *id, *opt;
	uint16_t size;
	bool want_do, nsid;
} opts[] = {
	{"E-01", "00 0029 04d0 00 00 0000 0000", 1232, false, false},
	{"E-03", "00 0029 0000 00 00 0000 0000", 512, false, false},
	{"E-03", "00 0029 0001 00 00 0000 0000", 512, false, false},
	{"E-03", "00 0029 01ff 00 00 0000 0000", 512, false, false},
	{"E-03", "00 0029 0200 00 00 0000 0000", 512, false, false},
	{"E-03", "00 0029 0201 00 00 0000 0000", 513, false, false},
	{"E-04", "00 0029 ffff 00 00 0000 0000", 65535, false, false},
	{"E-07", "00 0029 04d0 00 00 8000 0000", 1232, true, false},
	{"E-08", "00 0029 04d0 00 00 7fff 0000", 1232, false, false},
	{"E-23", "00 0029 04d0 00 01 8000 0000", 1232, true, false},
	{"E-11", "00 0029 04d0 00 00 0000 0004 0003 0000", 1232, false, true},
	{"E-11", "00 0029 04d0 00 00 0000 0008 fde9 0000 0003 0000", 1232, false, true},
	{"E-11", "00 0029 04d0 00 00 0000 0008 0003 0000 fde9 0000", 1232, false, true},
	{"E-12", "00 0029 04d0 00 00 0000 000c 000a 0008 0102030405060708", 1232, false,
		false},
};

START_TEST(what_opt_says)
{
	uint8_t msg[512];
	size_t len = unhex(ONE_AR QUEST, msg);
	struct query q;

	len += unhex(opts[_i].opt, msg + len);
	memset(&q, 0xa5, sizeof(q));
	ck_assert_int_ne(parse(msg, len, false, &q), PARSE_HEADER);
	ck_assert(q.has_opt && !q.has_loop_mark);
	ck_assert_uint_eq(q.udp_size, opts[_i].size);
	ck_assert_uint_eq(q.want_do, opts[_i].want_do);
	ck_assert_uint_eq(q.want_nsid, opts[_i].nsid);
}
END_TEST

START_TEST(without_opt) /* E-02; nothing of the query before is left */
{
	uint8_t msg[512];
	size_t len = unhex(ONE QUEST, msg);
	struct query q;

	memset(&q, 0xff, sizeof(q));
	ck_assert_int_eq(parse(msg, len, false, &q), PARSE_OK);
	ck_assert(!q.has_opt && !q.want_do && !q.want_nsid && !q.has_loop_mark);
	ck_assert_uint_eq(q.hops, 0);
	ck_assert_uint_eq(q.udp_size, 512);
	ck_assert_uint_eq(q.rcode, 0);
}
END_TEST

#define MARK_A "ff21 0014 000102030405060708090a0b0c0d0e0f10111213 "
#define MARK_B "ff21 0014 ff0102030405060708090a0b0c0d0e0f101112ff "

/* LO-01, E-10: what of an OPT is kept for who knows the key. */
static const struct {
	const char *id, *options;
	int first; /* octet of the mark that is kept; -1: none is */
	uint8_t hops;
} marks[] = {
	{"alone", MARK_A, 0x00, 9},
	{"behind others", "000a 0008 0102030405060708 " MARK_B, 0xff, 9},
	{"before others", MARK_A "fde9 0000", 0x00, 9},
	{"the first counts", MARK_B MARK_A, 0xff, 9},
	{"255 hops", "ff21 0014 0001020304050607 08ff 0a0b0c0d0e0f10111213", 0x00, 255},
	{"an octet short", "ff21 0013 000102030405060708090a0b0c0d0e0f101112", -1, 0},
	{"an octet long", "ff21 0015 000102030405060708090a0b0c0d0e0f1011121314", -1, 0},
	{"empty", "ff21 0000", -1, 0},
	{"a wrong one first", "ff21 0001 00 " MARK_B, 0xff, 9},
	{"of another code", "ff22 0014 000102030405060708090a0b0c0d0e0f10111213", -1, 0},
};

START_TEST(loop_mark)
{
	uint8_t msg[512], options[256];
	size_t n = unhex(marks[_i].options, options);
	size_t len = unhex(ONE_AR QUEST "00 0029 04d0 00 00 0000", msg);
	struct query q;

	store_u16(msg + len, (uint16_t)n);
	memcpy(msg + len + 2, options, n);
	memset(&q, 0xa5, sizeof(q));
	ck_assert_int_eq(parse(msg, len + 2 + n, false, &q), PARSE_OK);
	ck_assert_msg(q.has_loop_mark == (marks[_i].first >= 0), "%s", marks[_i].id);
	ck_assert_uint_eq(q.hops, marks[_i].hops);
	if (q.has_loop_mark)
		ck_assert_uint_eq(q.mark[0], (unsigned)marks[_i].first);
}
END_TEST

START_TEST(name_lengths) /* W-19, W-20, W-23 */
{
	uint8_t msg[512] = {0};
	struct query q;

	for (size_t len = 200; len <= 260; len++) {
		size_t at = unhex(ONE, msg), left = len - 1;

		while (left > 0) {
			size_t n = MIN(left, 64);

			n -= left - n == 1; /* a last label has at least one octet */
			msg[at] = (uint8_t)(n - 1);
			memset(msg + at + 1, 'X', n - 1);
			at += n;
			left -= n;
		}
		msg[at] = 0;
		store_u32(msg + at + 1, 0x00010001);
		ck_assert_int_eq(parse(msg, at + 5, false, &q),
			len <= 255 ? PARSE_OK : PARSE_HEADER);
		if (len > 255)
			continue;
		ck_assert_uint_eq(q.qname_len, len);
		ck_assert_uint_eq(q.qname[1], 'x'); /* folded; the message is not */
	}
}
END_TEST

START_TEST(trailing_octets) /* W-16 */
{
	static uint8_t msg[65535];
	size_t len = unhex(ONE QUEST, msg);
	struct query q;

	for (size_t more = 1; len + more <= sizeof(msg); more = more * 3 + 1) {
		ck_assert_int_eq(parse(msg, len + more, true, &q), PARSE_HEADER);
		ck_assert_uint_eq(q.rcode, RCODE_FORMERR);
	}
}
END_TEST

START_TEST(sixteen_thousand_options) /* E-10 */
{
	static uint8_t msg[65535];
	size_t len = unhex(ONE_AR QUEST "00 0029 04d0 00 00 0000", msg), at = len + 2;
	struct query q;

	for (int i = 0; i < 16000; i++, at += 4)
		store_u32(msg + at, 0xfde90000);
	store_u16(msg + len, 64000);
	ck_assert_int_eq(parse(msg, at, true, &q), PARSE_OK);
	ck_assert(q.has_opt && !q.want_nsid);
	ck_assert_int_eq(parse(msg, at - 1, true, &q), PARSE_HEADER);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("msg");

	tcase_add_loop_test(tc, outcome, 0, ARRAY_LEN(rows));
	tcase_add_loop_test(tc, every_cut, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, every_opcode);
	tcase_add_loop_test(tc, what_opt_says, 0, ARRAY_LEN(opts));
	tcase_add_test(tc, without_opt);
	tcase_add_loop_test(tc, loop_mark, 0, ARRAY_LEN(marks));
	tcase_add_test(tc, name_lengths);
	tcase_add_test(tc, trailing_octets);
	tcase_add_test(tc, sixteen_thousand_options);
	return run_case("msg", tc);
}
