#include <stdarg.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/mem.h"
#include "conf/bundle.h"
#include "conf/coredns.h"
#include "conf/selector.h"
#include "conf/url.h"
#include "conf/value.h"
#include "dns/rev.h"

#define ZONES_MAX    255
#define EXPECTED_MAX 256
#define LABEL_MAX    63

/* Add an error about the value; returns false. */
__attribute__((format(printf, 3, 4))) static bool refuse(
	struct parse *p, const struct value *v, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	report_add(p->report, CONF_ERROR, &v->item->value, v->path, "%s", text);
	return false;
}

/* The value as messages show it: what was written, in double quotes. */
static const char *shown(const struct value *v, char *quoted)
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

	return refuse(p, v, "%s does not fit here — write %s", shown(v, quoted),
		schema_expected(k, expected, sizeof(expected)));
}

static bool out_of_range(struct parse *p, const struct key *k, const struct value *v)
{
	char quoted[REPORT_QUOTE_MAX], expected[EXPECTED_MAX];

	return refuse(p, v, "%s is out of range — write %s", shown(v, quoted),
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
		store(k, base, 0);
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
		return refuse(p, v, "%s is CoreDNS's word — write \"%s\"", quoted, ours);
	for (size_t i = 0; k->words[i] != NULL; i++)
		if (schema_distance(s, k->words[i]) <= 2)
			return refuse(p, v, "%s is not known — did you mean \"%s\"?",
				quoted, k->words[i]);
	return refuse(p, v, "%s is not known — write %s", quoted,
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

	return refuse(p, v, "%s has no unit — write \"%llds\"", shown(v, quoted),
		integer(v->setting));
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
	if (ns < k->min * NS_PER_S || ns > k->max * NS_PER_S)
		return out_of_range(p, k, v);
	store(k, base, ns);
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
		return refuse(p, v, "%s has a fraction — a TTL is in whole seconds",
			shown(v, quoted));
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
		return refuse(p, v, "%s is no label selector: %s — look at octet %zu",
			shown(v, quoted), why, at + 1);
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
		return refuse(p, v, "%s: no shell expands \"~\" — write the directory",
			shown(v, quoted));
	if (s[0] != '\0') {
		char *beside = bundle_beside(v->item->value.file, s, strlen(s));

		store_text(k, base, beside);
		free(beside);
	}
	return true;
}

static bool add_zone(struct parse *p, const struct value *v, const struct name *zone)
{
	struct conf_kubernetes *kube = &p->conf->kubernetes;
	const size_t n = kube->nzones;

	if (n == ZONES_MAX)
		return refuse(
			p, v, "more than 255 zones — take some out, or use larger CIDRs");
	kube->zones = mem_resize(kube->zones, n + 1, sizeof(*kube->zones));
	p->zone_at = mem_resize(p->zone_at, n + 1, sizeof(*p->zone_at));
	kube->zones[n].len = zone->len;
	name_fold(kube->zones[n].wire, zone->wire, zone->len);
	p->zone_at[n] = v->item->value;
	kube->nzones++;
	return true;
}

static bool add_cidr(struct parse *p, const struct value *v, const char *s)
{
	struct name *zones = mem_alloc(ZONES_MAX + 1, sizeof(*zones));
	char quoted[REPORT_QUOTE_MAX];
	const int n = rev_zones(s, zones, ZONES_MAX + 1);
	bool ok = true;

	if (n < 0)
		ok = refuse(p, v, "%s is no CIDR — write one such as \"10.96.0.0/12\"",
			shown(v, quoted));
	for (int i = 0; i < n && ok; i++)
		ok = add_zone(p, v, &zones[i]);
	free(zones);
	return ok;
}

/* Letters, digits, '-' and '_': zones of Kubernetes are host names. */
static bool is_zone(const char *s)
{
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "0123456789-_.")] == '\0';
}

static bool add_zone_text(struct parse *p, const struct value *v, const char *s)
{
	char quoted[REPORT_QUOTE_MAX];
	struct name zone;
	struct addr a;

	if (strchr(s, '/') != NULL)
		return add_cidr(p, v, s);
	if (addr_parse(s, strlen(s), &a))
		return refuse(p, v, "%s is an address — write a CIDR such as \"%s/%u\"",
			shown(v, quoted), s, a.len == 4 ? 24u : 64u);
	if (!is_zone(s) || name_parse(s, &zone) < 0)
		return refuse(p, v,
			"%s is no name of a zone — write one such as "
			"\"cluster.local.\"",
			shown(v, quoted));
	return add_zone(p, v, &zone);
}

static bool add_label(struct parse *p, const struct value *v, const char *s)
{
	struct conf_kubernetes *kube = &p->conf->kubernetes;
	char quoted[REPORT_QUOTE_MAX];

	if (!is_label(s, LABEL_MAX))
		return refuse(p, v,
			"%s cannot be the name of a namespace — write lower-case "
			"letters, digits and \"-\" (inside)",
			shown(v, quoted));
	kube->namespaces = mem_resize(
		kube->namespaces, kube->nnamespaces + 1, sizeof(*kube->namespaces));
	kube->namespaces[kube->nnamespaces++] = mem_dup(s, strlen(s));
	return true;
}

static bool unspecified(const struct addr *a)
{
	return addr_compare(a, &(struct addr){.len = a->len}) == 0;
}

static bool add_address(struct parse *p, const struct value *v, const char *s)
{
	struct conf_kubernetes *kube = &p->conf->kubernetes;
	char quoted[REPORT_QUOTE_MAX];
	struct addr a;

	if (!addr_parse(s, strlen(s), &a) || unspecified(&a))
		return refuse(p, v,
			"%s is no address of a server — write one such as "
			"\"10.0.0.1\"",
			shown(v, quoted));
	kube->server_addresses = mem_resize(kube->server_addresses,
		kube->nserver_addresses + 1, sizeof(*kube->server_addresses));
	kube->server_addresses[kube->nserver_addresses++] = a;
	return true;
}

static bool add_prefix(
	struct parse *p, const struct key *k, const struct value *v, const char *s)
{
	struct conf *c = p->conf;
	char quoted[REPORT_QUOTE_MAX];
	struct prefix prefix;

	if (!addr_parse_prefix(s, strlen(s), &prefix))
		return refuse(p, v, "%s is no CIDR — write one such as \"10.1.0.0/16\"",
			shown(v, quoted));
	if (c->loadbalance.nprefer == k->max)
		return refuse(p, v, "more than %u CIDRs — take some out", k->max);
	c->loadbalance.prefer[c->loadbalance.nprefer++] = prefix;
	return true;
}

static bool add_url(
	struct parse *p, const struct key *k, const struct value *v, const char *s)
{
	struct conf_kubernetes *kube = &p->conf->kubernetes;
	char quoted[REPORT_QUOTE_MAX];
	const char *why;
	bool secure;
	char *url;

	if (kube->nendpoints == k->max)
		return refuse(p, v, "more than %u URLs — take some out", k->max);
	if (strchr(s, '@') != NULL) /* what stands before it may be a password */
		return refuse(p, v,
			"a URL with a user name — take that out, see "
			"kubernetes.token_file");
	if (!url_server(s, &url, &secure, &why))
		return refuse(p, v, "%s is no URL of an API server — %s",
			shown(v, quoted), why);
	kube->endpoints = mem_resize(
		kube->endpoints, kube->nendpoints + 1, sizeof(*kube->endpoints));
	kube->endpoints[kube->nendpoints++] = url;
	return true;
}

static bool add_element(struct parse *p, const struct key *k, const struct value *v)
{
	const char *s = config_setting_get_string(v->setting);
	char quoted[REPORT_QUOTE_MAX];

	if (v->item->bad)
		return false;
	if (s == NULL)
		return refuse(
			p, v, "%s is no string — put it in quotes", shown(v, quoted));
	if (k->type == KEY_ZONES)
		return add_zone_text(p, v, s);
	if (k->type == KEY_PREFIXES)
		return add_prefix(p, k, v, s);
	if (k->type == KEY_URLS)
		return add_url(p, k, v, s);
	return k->type == KEY_LABELS ? add_label(p, v, s) : add_address(p, v, s);
}

static bool set_list(struct parse *p, const struct key *k, const struct value *v)
{
	char path[128];
	bool ok = true;

	if (!config_setting_is_list(v->setting))
		return value_mismatch(p, k, v);
	for (int i = 0; i < config_setting_length(v->setting); i++) {
		const config_setting_t *e = config_setting_get_elem(
			v->setting, (unsigned)i);
		const struct value element = {e, config_setting_get_hook(e), path};

		snprintf(path, sizeof(path), "%s[%d]", v->path, i);
		if (!add_element(p, k, &element))
			ok = false;
	}
	return ok;
}

/* "IP", "IP:port", "[v6]", "[v6]:port" to its parts; *port is NULL without one. */
static bool split(char *text, char **host, char **port)
{
	char *colon = strchr(text, ':');

	*host = text;
	*port = NULL;
	if (text[0] == '[') {
		char *end = strchr(text, ']');

		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return false;
		*host = text + 1;
		*port = end[1] == ':' ? end + 2 : NULL;
		*end = '\0';
		return strchr(*host, ':') != NULL;
	}
	if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		*colon = '\0';
		*port = colon + 1;
	}
	return true;
}

static bool parse_port(const char *s, uint16_t *out)
{
	const size_t n = strspn(s, DIGITS);

	if (n == 0 || n > 5 || s[n] != '\0' || s[0] == '0')
		return false;
	const unsigned long v = strtoul(s, NULL, 10);
	if (v > UINT16_MAX)
		return false;
	*out = (uint16_t)v;
	return true;
}

static bool multicast(const struct addr *a)
{
	return a->len == 4 ? a->octets[0] >= 224 : a->octets[0] == 0xff;
}

static bool link_local(const struct addr *a)
{
	return a->len == 16 && a->octets[0] == 0xfe && (a->octets[1] & 0xc0) == 0x80;
}

/* The index of an interface, as the bundle's reader found it. */
static bool take_interface(
	struct parse *p, const struct value *v, const char *name, uint32_t *scope)
{
	struct bundle_record r;
	char quoted[REPORT_QUOTE_MAX];

	if (!bundle_find(p->bundle, p->bundle_len, name, BUNDLE_INTERFACE,
		    BUNDLE_INTERFACE, &r))
		return refuse(p, v,
			"%s names no interface of this machine — look at `ip link`",
			shown(v, quoted));
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
		return refuse(p, v, "%s is no address — write IP, IP:port or [IPv6]:port",
			shown(v, quoted));
	if (multicast(&out->addr))
		return refuse(p, v, "%s is no address of one machine — write one that is",
			shown(v, quoted));
	if (link_local(&out->addr) != (interface != NULL))
		return refuse(p, v,
			interface != NULL
				? "%s is not link-local — leave out the interface"
				: "%s is link-local — add its interface: "
				  "\"fe80::1%%eth0\"",
			shown(v, quoted));
	return interface == NULL || take_interface(p, v, interface, &out->scope);
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
	if (!split(copy, &host, &port))
		ok = value_mismatch(p, k, v);
	else if (port != NULL && !parse_port(port, &p->endpoint_port))
		ok = refuse(p, v,
			"%s: no port from 1 to 65535 — write for example "
			"\"10.0.0.1:53\"",
			shown(v, quoted));
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
	case KEY_ZONES:
	case KEY_LABELS:
	case KEY_ADDRESSES:
	case KEY_PREFIXES:
	case KEY_URLS:
		return set_list(p, k, v);
	case KEY_ENDPOINT:
		return set_endpoint(p, k, v, base);
	case KEY_LISTEN:
		break;
	}
	return false;
}
