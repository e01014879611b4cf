#include "ctl/sift.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dns/type.h"
#include "snap/stat.h"

#define RCODES 4096 /* of 12 bits */

void sift_init(struct sift *s)
{
	*s = (struct sift){.rcode = SIFT_ANY, .source = SIFT_ANY, .type = SIFT_ANY};
}

bool sift_wants(const struct sift *s, const struct ring_entry *e)
{
	const size_t address_len = (e->marks & RING_IPV6) != 0 ? 16 : 4;

	if (s->name.len > 0 && (e->name_len == 0 || !name_under(e->name, e->name_len,
							    s->name.wire, s->name.len)))
		return false;
	if (s->by_client && !addr_in_prefix(e->client, address_len, &s->client))
		return false;
	if (s->rcode != SIFT_ANY && e->rcode != s->rcode)
		return false;
	if (s->source != SIFT_ANY && e->source != s->source)
		return false;
	if (s->type != SIFT_ANY && e->type != s->type)
		return false;
	return e->duration_ns >= s->slower_ns;
}

bool sift_client(struct sift *s, const char *text)
{
	struct prefix p = {0};

	if (addr_parse(text, strlen(text), &p.addr))
		p.bits = (uint8_t)(8 * p.addr.len);
	else if (!addr_parse_prefix(text, strlen(text), &p))
		return false;
	s->client = p;
	s->by_client = true;
	return true;
}

bool sift_rcode(struct sift *s, const char *text)
{
	char buf[12], *end;

	for (unsigned i = 0; i < STAT_RCODES; i++)
		if (strcasecmp(text, rcode_text(i, buf)) == 0) {
			s->rcode = (int)i;
			return true;
		}
	const unsigned long n = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || n >= RCODES)
		return false;
	s->rcode = (int)n;
	return true;
}

bool sift_source(struct sift *s, const char *text)
{
	for (unsigned i = 0; i < STAT_SOURCES; i++)
		if (strcmp(text, stat_source_text(i)) == 0) {
			s->source = (int)i;
			return true;
		}
	return false;
}
