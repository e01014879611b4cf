/* fuzz_packet.c - any octets as a query, and as a message to print (G10) */
#include <string.h>

#include "dns/msg.h"
#include "dns/rev.h"
#include "dns/text.h"
#include "dns/type.h"
#include "fuzz/fuzz.h"

static const struct hash_key key = {UINT64_C(0x0123456789abcdef), 1, UINT64_MAX};

/* What the worker relies on for PARSE_OK and PARSE_REPLY. */
static void check_query(const uint8_t *data, size_t size, const struct query *q)
{
	char text[NAME_TEXT_MAX];
	struct name again;
	struct mark mark;
	struct addr a;

	FUZZ_CHECK(q->udp_size >= MSG_UDP_MIN);
	FUZZ_CHECK(q->has_opt || (!q->want_do && !q->has_loop_mark));
	if (q->has_loop_mark) /* nobody but us can make one */
		FUZZ_CHECK(!mark_read(q->mark, sizeof(q->mark), &key, &mark));
	if (q->qname_len == 0) {
		FUZZ_CHECK(q->end == MSG_HEADER_LEN && q->has_opt);
		return;
	}
	FUZZ_CHECK(q->end == MSG_HEADER_LEN + q->qname_len + 4u && q->end <= size);
	FUZZ_CHECK(name_scan(q->qname, q->qname_len) == q->qname_len);
	FUZZ_CHECK(name_equal(q->qname, q->qname_len, data + 12, q->qname_len));
	name_text(q->qname, q->qname_len, text, sizeof(text));
	FUZZ_CHECK(name_parse(text, &again) == 0 && again.len == q->qname_len);
	FUZZ_CHECK(memcmp(again.wire, q->qname, again.len) == 0);
	rev_parse(q->qname, q->qname_len, &a);
}

static void parse(const uint8_t *data, size_t size, bool tcp)
{
	static struct query q; /* old contents must do no harm */

	switch (query_parse(data, size, tcp, &q)) {
	case PARSE_DROP:
		FUZZ_CHECK(size < MSG_HEADER_LEN || (data[2] & 0x80) != 0);
		break;
	case PARSE_HEADER:
		FUZZ_CHECK(q.rcode == 1 || q.rcode == 4);
		break;
	case PARSE_OK:
		FUZZ_CHECK(q.rcode == 0 && q.qname_len > 0);
		FUZZ_CHECK(q.class == CLASS_IN || q.class == CLASS_CH);
		check_query(data, size, &q);
		break;
	case PARSE_REPLY:
		FUZZ_CHECK(q.rcode != 0);
		check_query(data, size, &q);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct text_rr rr;
	struct text_walk w = {.msg = data, .len = size};
	unsigned long n = 0;

	parse(data, size, false);
	parse(data, size, true);
	while (text_next(&w, &rr) == 1)
		n++;
	FUZZ_CHECK(n <= size);
	return 0;
}
