/*
 * fuzz_forward.c - any octets as forward settings of a snapshot, and as a resolv.conf
 *
 * G10. The first octet chooses. Settings that are taken come back octet for octet, and
 * may be asked anything.
 */
#include <string.h>

#include "base/base.h"
#include "conf/resolv.h"
#include "fuzz/fuzz.h"
#include "snap/forward.h"

static struct forward_settings settings;
static uint8_t again[FORWARD_OCTETS_MAX];

static void ask(const uint8_t *name, size_t len)
{
	const struct forward_settings *f = &settings;
	int group = -1;

	for (int i = 0; i <= f->ngroups; i++) {
		group = forward_group(f, name, len, group);
		if (group < 0)
			break;
		FUZZ_CHECK(group < f->ngroups && f->groups[group].from.len > 0);
		FUZZ_CHECK(i < f->ngroups); /* each at most once */
	}
	(void)forward_stays(f, name, len);
	(void)forward_covered(f, f->cache.zones, name, len);
}

static void check_settings(const uint8_t *data, size_t size)
{
	const struct forward_settings *f = &settings;
	static const uint8_t name[] = "\1a\7example\0";
	static const uint8_t reverse[] = "\0011\0010\00296\00210\7in-addr\4arpa";
	struct addr client = {.len = 4, .octets = {10, 1, 2, 3}};

	const size_t len = forward_encode(f, again);
	FUZZ_CHECK(len == size && memcmp(again, data, len) == 0);
	ask(name, sizeof(name) - 1);
	ask(reverse, sizeof(reverse));
	(void)forward_allowed(f, &client);
	static struct forward_settings digested;
	digested = *f;
	forward_digests(&digested);
	for (unsigned i = 0; i < f->ngroups; i++) {
		const struct forward_group *g = &f->groups[i];

		FUZZ_CHECK(digested.groups[i].digest != 0);
		FUZZ_CHECK(g->first + g->n <= f->nupstreams);
		FUZZ_CHECK(strlen(f->text + g->ca) < FORWARD_TEXT_MAX);
	}
	for (unsigned i = 0; i < f->nnames; i++)
		ask(f->names[i].wire, f->names[i].len);
}

static void parse(const char *text, size_t len)
{
	struct resolv r;

	resolv_parse(text, len, &r);
	FUZZ_CHECK(r.n <= RESOLV_SERVERS_MAX);
	for (size_t i = 0; i < r.n; i++) {
		FUZZ_CHECK(r.server[i].addr.len == 4 || r.server[i].addr.len == 16);
		FUZZ_CHECK(strlen(r.server[i].interface) < RESOLV_INTERFACE_MAX);
		(void)resolv_fault(&r.server[i], NULL, 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 0 && forward_decode(data + 1, size - 1, &settings) == 0)
		check_settings(data + 1, size - 1);
	if (data[0] != 0)
		parse((const char *)data + 1, size - 1);
	return 0;
}
