/*
 * fuzz_zone.c - any octets as a master file (G10, SM-11)
 *
 * A zone that is taken has its names in order, each complete, below the apex and found
 * again, with rdata that answers may look into; what is said of a bad one can be printed.
 */
#include "base/base.h"
#include "controller/records/zonechain.h"
#include "controller/records/zonerdata.h"
#include "controller/records/zoneset.h"
#include "dns/type.h"
#include "fuzz/fuzz.h"
#include "snap/chain.h"

static const char *on_include(void *arg, const char *from, const char *target, size_t len,
	struct zoneparse_text *out)
{
	(void)from;
	*out = *(const struct zoneparse_text *)arg; /* itself */
	return len > 0 && target[0] != '\0' ? NULL : "cannot be read";
}

static void check_name(const struct zoneset *s, const struct zoneset_name *n)
{
	const uint8_t *wire = zoneset_octets(s, n->name);

	FUZZ_CHECK(name_scan(wire, n->len) == n->len);
	FUZZ_CHECK(name_under(wire, n->len, s->apex.wire, s->apex.len));
	FUZZ_CHECK(zoneset_find(s, wire, n->len) ==
		   ((n->flags & ZONESET_HASHED) == 0 ? n : NULL));
	FUZZ_CHECK(n->rr + (size_t)n->n <= s->n);
	for (size_t i = n->rr; i < n->rr + n->n; i++) {
		const struct zoneset_rr *rr = &s->rrs[i];

		FUZZ_CHECK(rr->name_len == n->len && rr->path < s->npaths);
		FUZZ_CHECK(memcmp(zoneset_octets(s, rr->name), wire, n->len) == 0);
		FUZZ_CHECK(
			zonerdata_valid(rr->type, zoneset_octets(s, rr->rdata), rr->len));
	}
}

/* Where there is a chain, each of its links is found in it. */
static void check_chain(const struct zoneset *s)
{
	struct node_header head = {.file = NODE_FILE_CHAIN};
	struct node_view v = {.head = &head};
	struct mem_buf octets = {0};
	struct chain_link l, found;
	struct chain c;

	if (!zonechain_build(s, &octets))
		return;
	v.body = octets.data;
	v.body_len = octets.len;
	FUZZ_CHECK(chain_view(&v, &c));
	for (uint32_t i = 0; i < c.count; i++) {
		FUZZ_CHECK(chain_link(&c, i, &l));
		FUZZ_CHECK(chain_find(&c, l.name, l.name_len, &found) == CHAIN_EQUAL);
		FUZZ_CHECK(found.name == l.name);
	}
	mem_buf_fini(&octets);
}

static void check_set(const struct zoneset *s)
{
	check_chain(s);
	FUZZ_CHECK(s->nnames > 0 && s->names[0].len == s->apex.len);
	for (size_t i = 0; i < s->nnames; i++) {
		check_name(s, &s->names[i]);
		FUZZ_CHECK(i == 0 || name_compare(zoneset_octets(s, s->names[i - 1].name),
					     s->names[i - 1].len,
					     zoneset_octets(s, s->names[i].name),
					     s->names[i].len) < 0);
	}
}

/* ldns leaks some octets of a faulty IPSECKEY; leaks of ours are found all the same. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libldns\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zoneparse_text text = {"f", (const char *)data, size};
	static const struct name apex = {4, {2, 'e', 'x', 0}};
	struct zoneparse_fault fault = {.why = ""};
	struct zoneset *s;

	s = zoneset_read(&apex, &text, on_include, &text, &fault);
	if (s != NULL)
		check_set(s);
	else
		FUZZ_CHECK(fault.why[0] != '\0');
	zoneset_free(s);
	return 0;
}
