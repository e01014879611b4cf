/*
 * take_support.h - what tests of reply_take() share: a message, an entry, settings
 *
 * TTLs are capped at 300 and 60 s, "cluster.local" is ours, and the cache is for names
 * under "example" and a few others.
 */
#ifndef UNIT_TAKE_SUPPORT_H
#define UNIT_TAKE_SUPPORT_H

#include "forwarder/reply.h"
#include "reply_support.h"

#define WALL 1700000000

static uint8_t msg[65536];
_Alignas(8) static uint8_t entry[CACHE_COPY_MAX];
static struct settings settings; /* "cluster.local" is ours */

static inline struct forward_names name_list(const char *const *names, unsigned n)
{
	struct forward_settings *f = &settings.forward;
	struct forward_names run = {f->nnames, (uint8_t)n};

	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(name_parse(names[i], &f->names[f->nnames++]), 0);
	return run;
}

static inline void configure(void)
{
	struct cache_settings *c = &settings.forward.cache;

	memset(&settings, 0, sizeof(settings));
	*c = (struct cache_settings){.success_max_ttl_s = 300,
		.denial_max_ttl_s = 60,
		.servfail_ttl_ms = 5000};
	c->zones = name_list((const char *const[]){"example", "x", "local", "floor"}, 4);
	c->disable_success = name_list((const char *const[]){"nosuccess.example"}, 1);
	c->disable_denial = name_list((const char *const[]){"nodenial.example"}, 1);
	settings.nzones = 1;
	ck_assert_int_eq(name_parse("cluster.local", &settings.zones[0].name), 0);
	settings.zones[0].labels = 2;
	settings_index(&settings);
}

/* Take the first `len` octets of msg, which stand in memory of that size. */
static inline enum reply_use take(
	size_t len, const struct question *q, const char **reason)
{
	struct reply_rules rules = {&settings.forward, &settings, false, NOW, WALL};
	uint8_t *copy = exact_copy(msg, len);
	/* What stood there before must do no harm. */
	memset(entry, 0xa5, sizeof(entry));
	enum reply_use use = reply_take(
		copy, len, q, &rules, (struct cache_entry *)entry, reason);

	free(copy);
	return use;
}

#endif
