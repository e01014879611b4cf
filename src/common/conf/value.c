#include <stdarg.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/mem.h"
#include "conf/bundle.h"
#include "conf/coredns.h"
#include "conf/endpoint.h"
#include "conf/list.h"
#include "conf/selector.h"
#include "conf/value.h"
#include "dns/type.h"

#define EXPECTED_MAX 256

bool value_refuse(struct parse *p, const struct value *v, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	report_add(p->report, CONF_ERROR, &v->item->value, v->path, "%s", text);
	return false;
}

const char *value_shown(const struct value *v, char *quoted)
{
	const char *s = config_setting_get_string(v->setting);

	if (config_setting_is_group(v->setting))
		return "a group";
	if (config_setting_is_list(v->setting))
		return "a list";
	if (s != NULL)
		return report_quote(s, strlen(s), quoted);
	return report_quote(v->item->raw, v->item->raw_len, quoted);
}

bool value_mismatch(struct parse *p, const struct key *k, const struct value *v)
{
	char quoted[REPORT_QUOTE_MAX], expected[EXPECTED_MAX];

	return value_refuse(p, v, "%s does not fit here — write %s",
		value_shown(v, quoted), schema_expected(k, expected, sizeof(expected)));
}

static bool out_of_range(struct parse *p, const struct key *k, const struct value *v)
{
	char quoted[REPORT_QUOTE_MAX], expected[EXPECTED_MAX];

	return value_refuse(p, v, "%s is out of range — write %s", value_shown(v, quoted),
		schema_expected(k, expected, sizeof(expected)));
}

static bool is_integer(const config_setting_t *s)
{
	const int type = config_setting_type(s);

	return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
}

static long long integer(const config_setting_t *s)
{
	if (config_setting_type(s) == CONFIG_TYPE_INT64)
		return config_setting_get_int64(s);
	return config_setting_get_int(s);
}

static bool in_range(const struct key *k, long long n)
{
	return n >= (long long)k->min && n <= (long long)k->max;
}

static void store(const struct key *k, void *base, uint64_t n)
{
	uint8_t *at = (uint8_t *)base + k->offset;
	const uint16_t n16 = (uint16_t)n;
	const uint32_t n32 = (uint32_t)n;

	if (k->size == sizeof(n16))
		memcpy(at, &n16, sizeof(n16));
	else if (k->size == sizeof(n32))
		memcpy(at, &n32, sizeof(n32));
	else
		memcpy(at, &n, sizeof(n));
}

static void store_text(const struct key *k, void *base, const char *text)
{
	char **at = (char **)(void *)((uint8_t *)base + k->offset);

	free(*at);
	*at = mem_dup(text, strlen(text));
}

static bool set_int(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	const char *s = config_setting_get_string(v->setting);

	if (k->type == KEY_AUTO && s != NULL && strcmp(s, "auto") == 0) {
		store(k, base, k->min - 1);
		return true;
	}
	if (!is_integer(v->setting))
		return value_mismatch(p, k, v);
	if (!in_range(k, integer(v->setting)))
		return out_of_range(p, k, v);
	store(k, base, (uint64_t)integer(v->setting));
	return true;
}

static bool set_bool(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	if (config_setting_type(v->setting) != CONFIG_TYPE_BOOL)
		return value_mismatch(p, k, v);
	bool b = config_setting_get_bool(v->setting) != 0;
	memcpy((uint8_t *)base + k->offset, &b, sizeof(b));
	return true;
}

/* Not one of the key's words: the one that was meant, if that can be told. */
static bool refuse_word(
	struct parse *p, const struct key *k, const struct value *v, const char *s)
{
	char quoted[REPORT_QUOTE_MAX], expected[EXPECTED_MAX];
	const char *ours = coredns_value(k->path, s);

	report_quote(s, strlen(s), quoted);
	if (ours != NULL)
		return value_refuse(
			p, v, "%s is CoreDNS's word — write \"%s\"", quoted, ours);
	for (size_t i = 0; k->words[i] != NULL; i++)
		if (schema_distance(s, k->words[i]) <= 2)
			return value_refuse(p, v,
				"%s is not known — did you mean \"%s\"?", quoted,
				k->words[i]);
	return value_refuse(p, v, "%s is not known — write %s", quoted,
		schema_expected(k, expected, sizeof(expected)));
}

static bool set_word(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	const char *s = config_setting_get_string(v->setting);

	if (s == NULL)
		return value_mismatch(p, k, v);
	for (size_t i = 0; k->words[i] != NULL; i++) {
		if (strcmp(s, k->words[i]) == 0) {
			store(k, base, i);
			return true;
		}
	}
	return refuse_word(p, k, v, s);
}

/* Digits as a fraction of `whole`: "25" of 1000 is 250. */
static uint64_t fraction(const char *digits, size_t n, uint64_t whole)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		whole /= 10;
		sum += (uint64_t)(digits[i] - '0') * whole;
	}
	return sum;
}

#define MILLION         1000000
#define FRACTION_DIGITS 6

/* "0.25", 0 or 1.0 as it stands in the file: libconfig is not asked about points. */
static bool set_fraction(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	const char *s = v->item->raw;
	const size_t n = v->item->raw_len;
	size_t digits = 0;
	uint64_t sum;

	if (n == 0 || (s[0] != '0' && s[0] != '1') || (n > 1 && s[1] != '.'))
		return value_mismatch(p, k, v);
	while (digits + 2 < n && s[2 + digits] >= '0' && s[2 + digits] <= '9')
		digits++;
	if ((n > 2 && digits + 2 != n) || digits > FRACTION_DIGITS)
		return value_mismatch(p, k, v);
	sum = (uint64_t)(s[0] - '0') * MILLION + fraction(s + 2, digits, MILLION);
	if (sum > MILLION)
		return value_mismatch(p, k, v);
	store(k, base, sum);
	return true;
}

/* The unit at *p in ns, 0 if there is none; *p moves behind it. */
static uint64_t take_unit(const char **p)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} units[] = {{"ms", NS_PER_MS}, {"s", NS_PER_S}, {"m", 60 * NS_PER_S},
		{"h", 3600 * NS_PER_S}};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		const size_t n = strlen(units[i].text);

		if (strncmp(*p, units[i].text, n) == 0) {
			*p += n;
			return units[i].ns;
		}
	}
	return 0;
}

#define DIGITS     "0123456789"
#define DIGITS_MAX 6 /* of a part: no sum of a few parts overflows */
#define PARTS_MAX  4

bool value_duration(const char *text, uint64_t *ns)
{
	uint64_t sum = 0;
	const char *p = text;

	for (int part = 0; part == 0 || *p != '\0'; part++) {
		const char *whole = p, *rest;
		const size_t n = strspn(p, DIGITS);
		size_t m = 0;

		p += n;
		rest = p;
		if (*p == '.') {
			rest = ++p;
			m = strspn(p, DIGITS);
			p += m;
			if (m == 0)
				return false;
		}
		const uint64_t unit = take_unit(&p);
		if (n == 0 || n > DIGITS_MAX || unit == 0 || part == PARTS_MAX)
			return false;
		sum += strtoull(whole, NULL, 10) * unit + fraction(rest, m, unit);
	}
	*ns = sum;
	return true;
}

/* A number where a duration is wanted: what was probably meant. */
static bool refuse_bare(struct parse *p, const struct value *v)
{
	char quoted[REPORT_QUOTE_MAX];

	return value_refuse(p, v, "%s has no unit — write \"%llds\"",
		value_shown(v, quoted), integer(v->setting));
}

static bool set_duration(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	const char *s = config_setting_get_string(v->setting);
	uint64_t ns;

	if (is_integer(v->setting))
		return refuse_bare(p, v);
	if (s == NULL || !value_duration(s, &ns))
		return value_mismatch(p, k, v);
	const uint64_t unit_ns = strcmp(k->unit, "ms") == 0 ? NS_PER_MS : NS_PER_S;
	if (ns < k->min * unit_ns || ns > k->max * unit_ns)
		return out_of_range(p, k, v);
	store(k, base, ns);
	return true;
}

#define MIB (UINT64_C(1) << 20)

/* "16M" in octets; UINT64_MAX: it is no size. */
static uint64_t size_of(const char *text)
{
	static const char units[] = "KMG";
	const size_t n = strspn(text, DIGITS);
	const char *unit = text[n] != '\0' ? strchr(units, text[n]) : NULL;

	if (n == 0 || n > DIGITS_MAX || unit == NULL || text[n + 1] != '\0')
		return UINT64_MAX;
	return strtoull(text, NULL, 10) << (10 * (unit - units + 1));
}

static bool set_size(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	const char *s = config_setting_get_string(v->setting);
	char quoted[REPORT_QUOTE_MAX];

	if (is_integer(v->setting))
		return value_refuse(p, v, "%s has no unit — write \"%lldM\"",
			value_shown(v, quoted), integer(v->setting));
	const uint64_t octets = s != NULL ? size_of(s) : UINT64_MAX;
	if (octets == UINT64_MAX)
		return value_mismatch(p, k, v);
	if (octets < k->min * MIB || octets > k->max * MIB)
		return out_of_range(p, k, v);
	store(k, base, octets);
	return true;
}

static bool set_ttl(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	const char *s = config_setting_get_string(v->setting);
	char quoted[REPORT_QUOTE_MAX];
	uint64_t ns;

	if (is_integer(v->setting))
		return set_int(p, k, v, base);
	if (s == NULL || !value_duration(s, &ns))
		return value_mismatch(p, k, v);
	if (ns % NS_PER_S != 0)
		return value_refuse(p, v, "%s has a fraction — a TTL is in whole seconds",
			value_shown(v, quoted));
	if (!in_range(k, (long long)(ns / NS_PER_S)))
		return out_of_range(p, k, v);
	store(k, base, ns / NS_PER_S);
	return true;
}

static bool is_label(const char *s, size_t max)
{
	const size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n <= max && s[n] == '\0' && s[0] != '-' && s[n - 1] != '-';
}

static bool check_selector(struct parse *p, const struct value *v, const char *s)
{
	char quoted[REPORT_QUOTE_MAX];
	struct selector selector;
	const char *why;
	size_t at;

	if (selector_parse(s, &selector, &at, &why) < 0)
		return value_refuse(p, v,
			"%s is no label selector: %s — look at octet %zu",
			value_shown(v, quoted), why, at + 1);
	selector_fini(&selector);
	return true;
}

static bool set_text(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	const char *s = config_setting_get_string(v->setting);

	if (s == NULL)
		return value_mismatch(p, k, v);
	if ((k->type == KEY_STRING || k->type == KEY_PATH) &&
		(strlen(s) < k->min || strlen(s) > k->max))
		return out_of_range(p, k, v);
	if (k->type == KEY_LABEL && !is_label(s, k->max))
		return value_mismatch(p, k, v);
	if (k->type == KEY_SELECTOR && !check_selector(p, v, s))
		return false;
	if (strstr(s, "${") != NULL || strstr(s, "{$") != NULL)
		report_add(p->report, CONF_WARNING, &v->item->value, v->path,
			"is taken as it stands: variables are not replaced here — write "
			"the value");
	store_text(k, base, s);
	return true;
}

/* A path stands beside the file that names it, as what @include names does. */
static bool set_path(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	const char *s = config_setting_get_string(v->setting);
	char quoted[REPORT_QUOTE_MAX];

	if (!set_text(p, k, v, base))
		return false;
	if (s[0] == '~')
		return value_refuse(p, v,
			"%s: no shell expands \"~\" — write the directory",
			value_shown(v, quoted));
	if (s[0] != '\0') {
		char *beside = bundle_beside(v->item->value.file, s, strlen(s));

		store_text(k, base, beside);
		free(beside);
	}
	return true;
}

bool value_name(
	struct parse *p, const struct value *v, const char *text, struct name *out)
{
	char quoted[REPORT_QUOTE_MAX];

	return name_parse_plain(text, out) == 0 ||
	       value_refuse(p, v,
		       "%s is no domain name — write one such as \"corp.example.\"",
		       report_quote(text, strlen(text), quoted));
}

static bool set_name(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	const char *s = config_setting_get_string(v->setting);
	struct name n = {0};

	if (s == NULL)
		return value_mismatch(p, k, v);
	if ((s[0] != '\0' || k->min > 0) && !value_name(p, v, s, &n))
		return false;
	memcpy((uint8_t *)base + k->offset, &n, sizeof(n));
	return true;
}

static bool set_address(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	const char *s = config_setting_get_string(v->setting);
	char quoted[REPORT_QUOTE_MAX];
	struct addr a = {0};

	if (s == NULL)
		return value_mismatch(p, k, v);
	if (s[0] != '\0' && (!addr_parse(s, strlen(s), &a) || endpoint_multicast(&a)))
		return value_refuse(p, v,
			"%s is no address of a machine — write one such as \"10.0.0.1\"",
			value_shown(v, quoted));
	memcpy((uint8_t *)base + k->offset, &a, sizeof(a));
	return true;
}

/* Host and port of a listener; without a host it is for all addresses. */
static bool parse_listener(char *text, struct conf_listen *out)
{
	char *host, *port;

	if (!endpoint_split(text, &host, &port) || port == NULL ||
		!endpoint_port(port, &out->port))
		return false;
	return host[0] == '\0' || (addr_parse(host, strlen(host), &out->addr) &&
					  !endpoint_multicast(&out->addr) &&
					  !endpoint_link_local(&out->addr));
}

static bool set_listener(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	const char *s = config_setting_get_string(v->setting);
	struct conf_listen listen = {0};

	if (s == NULL)
		return value_mismatch(p, k, v);
	char *text = mem_dup(s, strlen(s));
	bool ok = s[0] == '\0' || parse_listener(text, &listen);
	free(text);
	if (!ok)
		return value_mismatch(p, k, v);
	memcpy((uint8_t *)base + k->offset, &listen, sizeof(listen));
	return true;
}

/* A type that records have: not OPT, and nothing that is for questions only. */
static bool set_rrtype(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	const char *s = config_setting_get_string(v->setting);
	const int type = s != NULL ? type_parse(s) : -1;

	if (type <= 0 || type == TYPE_OPT || (type >= TYPE_TKEY && type <= TYPE_ANY))
		return value_mismatch(p, k, v);
	store(k, base, (uint64_t)type);
	return true;
}

bool value_interface(
	struct parse *p, const struct value *v, const char *name, uint32_t *scope)
{
	struct bundle_record r;
	char quoted[REPORT_QUOTE_MAX];

	if (!bundle_find(p->bundle, p->bundle_len, name, BUNDLE_INTERFACE,
		    BUNDLE_INTERFACE, &r))
		return value_refuse(p, v,
			"%s names no interface of this machine — look at `ip link`",
			value_shown(v, quoted));
	*scope = (uint32_t)strtoul(r.text, NULL, 10);
	return true;
}

static bool take_host(
	struct parse *p, const struct value *v, char *host, struct conf_listen *out)
{
	char quoted[REPORT_QUOTE_MAX];
	char *interface = strchr(host, '%');

	if (interface != NULL)
		*interface++ = '\0';
	if (!addr_parse(host, strlen(host), &out->addr))
		return value_refuse(p, v,
			"%s is no address — write IP, IP:port or [IPv6]:port",
			value_shown(v, quoted));
	if (endpoint_multicast(&out->addr))
		return value_refuse(p, v,
			"%s is no address of one machine — write one that is",
			value_shown(v, quoted));
	if (endpoint_link_local(&out->addr) != (interface != NULL))
		return value_refuse(p, v,
			interface != NULL
				? "%s is not link-local — leave out the interface"
				: "%s is link-local — add its interface: "
				  "\"fe80::1%%eth0\"",
			value_shown(v, quoted));
	return interface == NULL || value_interface(p, v, interface, &out->scope);
}

static bool set_endpoint(struct parse *p, const struct key *k, const struct value *v,
	struct conf_listen *out)
{
	const char *s = config_setting_get_string(v->setting);
	char quoted[REPORT_QUOTE_MAX];
	char *host, *port;
	bool ok;

	if (s == NULL)
		return value_mismatch(p, k, v);
	char *copy = mem_dup(s, strlen(s));
	p->endpoint_port = 0;
	if (!endpoint_split(copy, &host, &port))
		ok = value_mismatch(p, k, v);
	else if (port != NULL && !endpoint_port(port, &p->endpoint_port))
		ok = value_refuse(p, v,
			"%s: no port from 1 to 65535 — write for example "
			"\"10.0.0.1:53\"",
			value_shown(v, quoted));
	else
		ok = take_host(p, v, host, out);
	free(copy);
	return ok;
}

bool value_set(struct parse *p, const struct key *k, const struct value *v, void *base)
{
	switch (k->type) {
	case KEY_INT:
	case KEY_AUTO:
		return set_int(p, k, v, base);
	case KEY_BOOL:
		return set_bool(p, k, v, base);
	case KEY_FRACTION:
		return set_fraction(p, k, v, base);
	case KEY_WORD:
		return set_word(p, k, v, base);
	case KEY_STRING:
	case KEY_LABEL:
	case KEY_SELECTOR:
		return set_text(p, k, v, base);
	case KEY_PATH:
		return set_path(p, k, v, base);
	case KEY_TTL:
		return set_ttl(p, k, v, base);
	case KEY_DURATION:
		return set_duration(p, k, v, base);
	case KEY_SIZE:
		return set_size(p, k, v, base);
	case KEY_NAME:
		return set_name(p, k, v, base);
	case KEY_ADDRESS:
		return set_address(p, k, v, base);
	case KEY_RRTYPE:
		return set_rrtype(p, k, v, base);
	case KEY_LISTENER:
		return set_listener(p, k, v, base);
	case KEY_ENDPOINT:
		return set_endpoint(p, k, v, base);
	default:
		return list_set(p, k, v, base);
	}
}
