#include "snap/stat.h"

#include <string.h>

#include "base/base.h"
#include "dns/type.h"

static const struct {
	uint16_t type;
	const char *text;
} qtypes[STAT_QTYPES - 1] = {
	{TYPE_A, "A"},
	{TYPE_AAAA, "AAAA"},
	{TYPE_SRV, "SRV"},
	{TYPE_PTR, "PTR"},
	{TYPE_CNAME, "CNAME"},
	{TYPE_TXT, "TXT"},
	{TYPE_SOA, "SOA"},
	{TYPE_NS, "NS"},
	{TYPE_MX, "MX"},
	{TYPE_HTTPS, "HTTPS"},
	{TYPE_SVCB, "SVCB"},
	{TYPE_DS, "DS"},
	{TYPE_DNSKEY, "DNSKEY"},
	{TYPE_CAA, "CAA"},
	{TYPE_ANY, "ANY"},
	{TYPE_AXFR, "AXFR"},
	{TYPE_IXFR, "IXFR"},
};

unsigned stat_qtype(uint16_t type)
{
	unsigned i = 0;

	while (i < ARRAY_LEN(qtypes) && qtypes[i].type != type)
		i++;
	return i;
}

const char *stat_qtype_text(unsigned index)
{
	if (index < ARRAY_LEN(qtypes))
		return qtypes[index].text;
	return index == ARRAY_LEN(qtypes) ? "other" : NULL;
}

unsigned stat_size_bound(unsigned index)
{
	static const uint16_t bounds[STAT_SIZES - 1] = {0, 100, 200, 300, 400, 511, 1023,
		2047, 4095, 8291, 16000, 32000, 48000, 64000};

	return index < ARRAY_LEN(bounds) ? bounds[index] : UINT16_MAX;
}

const uint16_t stat_def_ms[STAT_DEF - 1] = {
	5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000};

static const unsigned api_codes[] = {
	200, 400, 401, 403, 404, 408, 410, 422, 429, 500, 501, 502, 503, 504};

_Static_assert(ARRAY_LEN(api_codes) + 2 == STAT_API_CODES, "none and other");

unsigned stat_api_code(unsigned status)
{
	unsigned i = 0;

	if (status == 0)
		return 0;
	while (i < ARRAY_LEN(api_codes) && api_codes[i] != status)
		i++;
	return i + 1;
}

const char *stat_api_code_text(unsigned index)
{
	static const char *const texts[STAT_API_CODES] = {"none", "200", "400", "401",
		"403", "404", "408", "410", "422", "429", "500", "501", "502", "503",
		"504", "other"};

	return index < STAT_API_CODES ? texts[index] : NULL;
}

const char *stat_source_text(unsigned source)
{
	static const char *const words[STAT_SOURCES] = {
		[SOURCE_CLUSTER] = "cluster",
		[SOURCE_LOCAL] = "local",
		[SOURCE_CACHE] = "cache",
		[SOURCE_STALE] = "stale",
		[SOURCE_FORWARD] = "forward",
		[SOURCE_POLICY] = "policy",
		[SOURCE_ERROR] = "error",
	};

	return source < STAT_SOURCES ? words[source] : "-";
}

const char *const stat_drops[STAT_DROPS] = {
	[DROP_SHORT] = "short",
	[DROP_RESPONSE] = "response",
	[DROP_ACL] = "acl",
	[DROP_RATE] = "rate",
	[DROP_NO_SLOT] = "no_slot",
	[DROP_SEND] = "send",
	[DROP_DIGEST] = "digest",
};

const char *const stat_closes[STAT_TCP_CLOSES] = {
	[TCP_CLOSE_CLIENT] = "client",
	[TCP_CLOSE_IDLE] = "idle",
	[TCP_CLOSE_READ] = "read",
	[TCP_CLOSE_WRITE] = "write",
	[TCP_CLOSE_QUERIES] = "queries",
	[TCP_CLOSE_AGE] = "age",
	[TCP_CLOSE_LIMIT] = "limit",
	[TCP_CLOSE_ERROR] = "error",
};

const char *const stat_rejects[STAT_REJECTS] = {
	[REJECT_SLOTS] = "slots",
	[REJECT_WAITERS] = "waiters",
	[REJECT_RATE] = "rate",
	[REJECT_DEADLINE] = "deadline",
};

const char *const stat_failures[STAT_FAILURES] = {
	[FAILURE_TIMEOUT] = "timeout",
	[FAILURE_REFUSED] = "refused",
	[FAILURE_NETWORK] = "network",
	[FAILURE_TLS] = "tls",
	[FAILURE_MISMATCH] = "mismatch",
	[FAILURE_MALFORMED] = "malformed",
};

const char *stat_failure_text(unsigned failure)
{
	return failure < STAT_FAILURES ? stat_failures[failure] : "-";
}

void stat_text_set(stat_u64 *words, size_t n, const char *text)
{
	size_t left = strnlen(text, n * sizeof(uint64_t) - 1);

	for (size_t i = 0; i < n; i++) {
		const size_t len = MIN(left, sizeof(uint64_t));
		uint64_t word = 0;

		memcpy(&word, text, len);
		stat_set(&words[i], word);
		text += len;
		left -= len;
	}
}

const char *stat_text_get(const stat_u64 *words, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		const uint64_t word = stat_get(&words[i]);

		memcpy(out + i * sizeof(word), &word, sizeof(word));
	}
	out[n * sizeof(uint64_t) - 1] = '\0';
	return out;
}

void stat_moment_add(
	struct stat_moments *m, uint64_t generation, uint64_t at_ns, uint64_t cause_ns)
{
	const uint64_t n = stat_get(&m->n);
	struct stat_moment *to = &m->moment[n % STAT_MOMENTS];

	stat_set(&to->generation, generation);
	stat_set(&to->at_ns, at_ns);
	stat_set(&to->cause_ns, cause_ns);
	atomic_store_explicit(&m->n, n + 1, memory_order_release);
}

static uint64_t oldest(uint64_t n)
{
	return n < STAT_MOMENTS ? 0 : n - STAT_MOMENTS + 1;
}

uint64_t stat_moment_oldest(const struct stat_moments *m)
{
	return oldest(stat_get(&m->n));
}

bool stat_moment_get(const struct stat_moments *m, uint64_t i, struct stat_when *out)
{
	const struct stat_moment *from = &m->moment[i % STAT_MOMENTS];
	const uint64_t n = atomic_load_explicit(&m->n, memory_order_acquire);

	if (i >= n || i < oldest(n))
		return false;
	*out = (struct stat_when){stat_get(&from->generation), stat_get(&from->at_ns),
		stat_get(&from->cause_ns)};
	/* Who writes over it has counted the one before, first. */
	atomic_thread_fence(memory_order_acquire);
	return i >= oldest(stat_get(&m->n));
}
