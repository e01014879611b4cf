/*
 * fuzz_hosts.c - any octets as a hosts file (G10, HO-05)
 *
 * Every name that is taken is complete and found again in the set; what is said of a bad
 * line can be printed.
 */
#include "base/base.h"
#include "controller/records/hostset.h"
#include "dns/type.h"
#include "fuzz/fuzz.h"

static const struct hash_key key = {1, 2, UINT64_MAX};

static void on_bad(void *arg, unsigned line, const char *text)
{
	(void)arg;
	FUZZ_CHECK(line > 0 && text[0] != '\0');
	for (const char *c = text; *c != '\0'; c++)
		FUZZ_CHECK(*c >= ' ' && *c <= '~');
}

static void check_host(const struct hostset *s, const struct host *h)
{
	const uint8_t *name = hostset_name(s, h);
	struct hash128 hash = hash_name(&key, name, h->name_len);

	FUZZ_CHECK(name_scan(name, h->name_len) == h->name_len);
	FUZZ_CHECK(hash.path == h->hash.path && hash.check == h->hash.check);
	FUZZ_CHECK(hostset_has(s, &hash));
	FUZZ_CHECK(h->addr.len == 4 || h->addr.len == 16);
	if (h->type == TYPE_PTR)
		FUZZ_CHECK(name_scan(s->octets.data + h->target, h->target_len) ==
			   h->target_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct conf_hosts c = {.reverse = true};
	struct hostset *s = hostset_new(&c, &key);
	size_t next;

	hostset_add(s, (const char *)data, size, on_bad, NULL);
	hostset_finish(s);
	for (size_t i = 0; i < s->n; i++)
		check_host(s, &s->hosts[i]);
	for (size_t i = 0; i < s->n; i = next) {
		next = hostset_next(s, i);
		FUZZ_CHECK(next > i && next <= s->n);
	}
	hostset_free(s);
	return 0;
}
