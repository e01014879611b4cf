/*
 * replies.c - our reading of upstreams' replies, line by line, for replies.py to judge
 *
 *   check ID MIXED TYPE NAME MESSAGE    reply_check(): its outcome as a number, rcode,
 *                                       TC, AD, OPT
 *   take FLAGS TRUST TYPE NAME MESSAGE  reply_take(): use, kind, seconds of life, rcode,
 *                                       AD, the entry as a message; or why it is none
 *
 * Names and messages are octets in hex. TTLs are capped at 300 and 60 s, cluster.local is
 * ours, and RRSIGs are held against 1700000000.
 */
#include <stdio.h>
#include <stdlib.h>

#include "forwarder/reply.h"
#include "message.h"

static uint8_t msg[65536];
static size_t len;
static struct settings settings;
static struct question q;

/* Octets of a hex string; returns how many. */
static size_t unhex(const char *hex, uint8_t *out, size_t cap)
{
	size_t n = 0;
	unsigned v;

	for (; n < cap && sscanf(hex, "%2x", &v) == 1; hex += 2)
		out[n++] = (uint8_t)v;
	return n;
}

static void check(unsigned id, unsigned mixed, const uint8_t *name)
{
	struct sent s = {.id = (uint16_t)id,
		.type = q.type,
		.mixed = mixed != 0,
		.name_len = q.name_len};
	struct reply_facts f = {0};

	memcpy(s.name, name, q.name_len);
	enum reply_kind kind = reply_check(msg, len, &s, &f);
	printf("%d %u %d %d %d\n", kind, f.rcode, f.tc, f.ad, f.has_opt);
}

static void take(unsigned flags, unsigned trust)
{
	static uint64_t octets[CACHE_COPY_MAX / 8 + 1];
	static uint8_t out[MESSAGE_MAX];
	struct cache_entry *e = (struct cache_entry *)octets;
	struct reply_rules rules = {
		&settings.forward, &settings, trust != 0, 7 * NS_PER_S, 1700000000};
	const char *reason = NULL;

	q.flags = (uint8_t)flags;
	enum reply_use use = reply_take(msg, len, &q, &rules, e, &reason);
	if (use == REPLY_USELESS) {
		printf("%d %s\n", use, reason);
		return;
	}
	if (entry_check(e) != NULL || !cache_fits(e, (size_t)e->size8 * 8)) {
		printf("%d: its %s is wrong\n", use, entry_check(e));
		return;
	}
	printf("%d %u %u %u %u ", use, e->kind,
		(unsigned)((e->expires_ns - e->stored_ns) / NS_PER_S), e->rcode, e->ad);
	size_t n = entry_message(e, q.type, out);
	for (size_t i = 0; i < n; i++)
		printf("%02x", out[i]);
	puts("");
}

int main(void)
{
	static char line[140000], hex[131100], name_hex[520];
	uint8_t name[NAME_MAX_LEN];
	unsigned a, b, type;
	char word[8];

	settings.forward.cache.success_max_ttl_s = 300;
	settings.forward.cache.denial_max_ttl_s = 60;
	settings.forward.cache.servfail_ttl_ms = 5000;
	settings.nzones = 1;
	settings.zones[0].labels = 2;
	if (name_parse("cluster.local", &settings.zones[0].name) < 0)
		return EXIT_FAILURE;
	settings_index(&settings);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (sscanf(line, "%7s %u %u %u %519s %131099s", word, &a, &b, &type,
			    name_hex, hex) != 6)
			return EXIT_FAILURE;
		q = (struct question){.hash = {1, 2}, .group = 3, .type = (uint16_t)type};
		q.name_len = (uint8_t)unhex(name_hex, name, sizeof(name));
		name_fold(q.name, name, q.name_len);
		len = unhex(hex, msg, sizeof(msg));
		if (word[0] == 'c')
			check(a, b, name);
		else
			take(a, b);
	}
	return EXIT_SUCCESS;
}
