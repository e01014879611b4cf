#include "conf/list.h"

#include <stdlib.h>
#include <strings.h>

#include "base/base.h"
#include "base/mem.h"
#include "conf/bundle.h"
#include "conf/hostlist.h"
#include "conf/upstream.h"
#include "conf/url.h"
#include "dns/rev.h"
#include "dns/type.h"

#define LABEL_MAX  63
#define PREFIX_MAX 64 /* octets of "forward[]" and its like */

/* ---- the list itself ---- */

static void *items(const struct key *k, const void *base)
{
	void *p;

	memcpy(&p, (const uint8_t *)base + k->offset, sizeof(p));
	return p;
}

size_t list_count(const struct key *k, const void *base)
{
	size_t n;

	memcpy(&n, (const uint8_t *)base + k->count, sizeof(n));
	return n;
}

static void put(const struct key *k, void *base, void *p, size_t n)
{
	memcpy((uint8_t *)base + k->offset, &p, sizeof(p));
	memcpy((uint8_t *)base + k->count, &n, sizeof(n));
}

void *list_grow(const struct key *k, void *base)
{
	const size_t n = list_count(k, base);
	uint8_t *p = mem_resize(items(k, base), n + 1, k->size);

	memset(p + n * k->size, 0, k->size);
	put(k, base, p, n + 1);
	return p + n * k->size;
}

static void free_element(const struct key *k, void *element)
{
	char prefix[PREFIX_MAX];
	char *text;

	switch (k->type) {
	case KEY_LABELS:
	case KEY_SPACES:
	case KEY_URLS:
	case KEY_HOSTS:
		memcpy(&text, element, sizeof(text));
		free(text);
		break;
	case KEY_UPSTREAMS:
		free(((struct conf_upstream *)element)->path);
		break;
	case KEY_GROUPS:
		snprintf(prefix, sizeof(prefix), "%s[]", k->path);
		list_free_all(prefix, element);
		break;
	default:
		break;
	}
}

void list_shrink(const struct key *k, void *base)
{
	const size_t n = list_count(k, base);
	uint8_t *p = items(k, base);

	free_element(k, p + (n - 1) * k->size);
	put(k, base, p, n - 1);
}

void list_clear(const struct key *k, void *base)
{
	if (schema_is_bits(k))
		return; /* a number, which is set anew */
	while (list_count(k, base) > 0)
		list_shrink(k, base);
	free(items(k, base));
	put(k, base, NULL, 0);
}

void list_free_all(const char *prefix, void *base)
{
	for (size_t i = schema_next(prefix, 0); i < schema_n;
		i = schema_next(prefix, i + 1)) {
		const struct key *k = &schema[i];

		if (schema_is_list(k))
			list_clear(k, base);
		else if (k->type >= KEY_STRING && k->type <= KEY_SELECTOR)
			free(items(k, base));
	}
}

/* ---- its elements ---- */

/* Room for one more, remembered with its place; NULL with a finding: it is full. */
static void *add(struct parse *p, const struct key *k, const struct value *v, void *base)
{
	const size_t n = list_count(k, base);

	if (n >= k->max) {
		value_refuse(p, v, "more than %u %s — take some out", k->max, k->unit);
		return NULL;
	}
	parse_note(p, k, n, &v->item->value);
	return list_grow(k, base);
}

static bool add_name(struct parse *p, const struct key *k, const struct value *v,
	void *base, const struct name *name)
{
	struct name *at = add(p, k, v, base);

	if (at == NULL)
		return false;
	at->len = name->len;
	name_fold(at->wire, name->wire, name->len);
	return true;
}

/* A copy of `element`, whose type is that of the key's elements. */
static bool add_copy(struct parse *p, const struct key *k, const struct value *v,
	void *base, const void *element, size_t size)
{
	void *at = add(p, k, v, base);

	if (at != NULL)
		memcpy(at, element, size);
	return at != NULL;
}

static bool add_text(struct parse *p, const struct key *k, const struct value *v,
	void *base, char *owned)
{
	const bool added = add_copy(p, k, v, base, &owned, sizeof(owned));

	if (!added)
		free(owned);
	return added;
}

static bool add_cidr(struct parse *p, const struct key *k, const struct value *v,
	void *base, const char *s)
{
	const int max = (int)k->max + 1;
	struct name *zones = mem_alloc((size_t)max, sizeof(*zones));
	char quoted[REPORT_QUOTE_MAX];
	const int n = rev_zones(s, zones, max);
	bool ok = true;

	if (n < 0)
		ok = value_refuse(p, v,
			"%s is no CIDR — write one such as \"10.96.0.0/12\"",
			value_shown(v, quoted));
	for (int i = 0; i < n && ok; i++)
		ok = add_name(p, k, v, base, &zones[i]);
	free(zones);
	return ok;
}

static bool add_zone(struct parse *p, const struct key *k, const struct value *v,
	void *base, const char *s)
{
	char quoted[REPORT_QUOTE_MAX];
	struct name zone;
	struct addr a;

	if (strchr(s, '/') != NULL)
		return add_cidr(p, k, v, base, s);
	if (addr_parse(s, strlen(s), &a))
		return value_refuse(p, v,
			"%s is an address — write a CIDR such as \"%s/%u\"",
			value_shown(v, quoted), s, a.len == 4 ? 24u : 64u);
	return value_name(p, v, s, &zone) && add_name(p, k, v, base, &zone);
}

static bool is_label(const char *s)
{
	const size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n <= LABEL_MAX && s[n] == '\0' && s[0] != '-' && s[n - 1] != '-';
}

static bool add_label(struct parse *p, const struct key *k, const struct value *v,
	void *base, const char *s)
{
	char quoted[REPORT_QUOTE_MAX];

	if (k->type == KEY_SPACES && strcmp(s, "*") == 0)
		return add_text(p, k, v, base, mem_dup("", 0));
	if (!is_label(s))
		return value_refuse(p, v,
			"%s cannot be the name of a namespace — write lower-case "
			"letters, digits and \"-\" (inside)%s",
			value_shown(v, quoted),
			k->type == KEY_SPACES ? ", or \"*\"" : "");
	return add_text(p, k, v, base, mem_dup(s, strlen(s)));
}

static bool unspecified(const struct addr *a)
{
	return addr_compare(a, &(struct addr){.len = a->len}) == 0;
}

static bool add_address(struct parse *p, const struct key *k, const struct value *v,
	void *base, const char *s)
{
	char quoted[REPORT_QUOTE_MAX];
	struct addr a;

	if (!addr_parse(s, strlen(s), &a) || unspecified(&a))
		return value_refuse(p, v,
			"%s is no address of a server — write one such as "
			"\"10.0.0.1\"",
			value_shown(v, quoted));
	return add_copy(p, k, v, base, &a, sizeof(a));
}

static bool add_prefix(struct parse *p, const struct key *k, const struct value *v,
	void *base, const char *s)
{
	const bool all = k->type != KEY_PREFIXES && strcmp(s, "*") == 0;
	struct prefix prefix = {0};
	char quoted[REPORT_QUOTE_MAX];

	if (k->type == KEY_NETS && addr_parse(s, strlen(s), &prefix.addr))
		prefix.bits = (uint8_t)(8 * prefix.addr.len);
	else if (!all && !addr_parse_prefix(s, strlen(s), &prefix))
		return value_refuse(p, v,
			"%s is no CIDR%s — write one such as \"10.1.0.0/16\"%s",
			value_shown(v, quoted),
			k->type == KEY_NETS ? " and no address" : "",
			k->type != KEY_PREFIXES ? ", or \"*\"" : "");
	return add_copy(p, k, v, base, &prefix, sizeof(prefix));
}

/* Any type that may be asked for, so not OPT. */
static bool add_rrtype(struct parse *p, const struct key *k, const struct value *v,
	void *base, const char *s)
{
	const int type = strcmp(s, "*") == 0 ? CONF_TYPE_ALL : type_parse(s);
	const uint16_t element = (uint16_t)type;
	char quoted[REPORT_QUOTE_MAX];

	if (type < 0 || type == TYPE_OPT || (type == 0 && s[0] != '*'))
		return value_refuse(p, v,
			"%s is no type of queries — write one such as \"AAAA\", or "
			"\"*\"",
			value_shown(v, quoted));
	return add_copy(p, k, v, base, &element, sizeof(element));
}

static bool add_url(struct parse *p, const struct key *k, const struct value *v,
	void *base, const char *s)
{
	char quoted[REPORT_QUOTE_MAX];
	const char *why;
	bool secure;
	char *url;

	if (strchr(s, '@') != NULL) /* what stands before it may be a password */
		return value_refuse(p, v,
			"a URL with a user name — take that out, see "
			"kubernetes.token_file");
	if (!url_server(s, &url, &secure, &why))
		return value_refuse(p, v, "%s is no URL of an API server — %s",
			value_shown(v, quoted), why);
	return add_text(p, k, v, base, url);
}

/* What is wrong with a line, or "". */
struct host_fault {
	char text[256];
};

static void on_host(
	void *arg, unsigned line, const struct addr *addr, const struct name *name)
{
	(void)arg;
	(void)line;
	(void)addr;
	(void)name;
}

static void on_bad_host(void *arg, unsigned line, const char *text)
{
	struct host_fault *f = arg;

	(void)line;
	snprintf(f->text, sizeof(f->text), "%s", text);
}

static bool add_host(struct parse *p, const struct key *k, const struct value *v,
	void *base, const char *s)
{
	static const struct hostlist_handlers handlers = {on_host, on_bad_host};
	struct host_fault fault = {""};

	hostlist_parse(s, strlen(s), &handlers, &fault);
	if (fault.text[0] != '\0')
		return value_refuse(p, v,
			"%s — write an address and its names, such as "
			"\"10.0.0.1 a.example.com\"",
			fault.text);
	return add_text(p, k, v, base, mem_dup(s, strlen(s)));
}

static bool add_upstream(struct parse *p, const struct key *k, const struct value *v,
	void *base, const char *s)
{
	char interface[UPSTREAM_INTERFACE_MAX], quoted[REPORT_QUOTE_MAX];
	struct conf_upstream u;
	const char *why;

	if (!upstream_parse(s, &u, interface, &why))
		return value_refuse(
			p, v, "%s is no upstream: %s", value_shown(v, quoted), why);
	if (u.kind == CONF_UPSTREAM_FILE) {
		char *beside = bundle_beside(v->item->value.file, s, strlen(s));

		free(u.path);
		u.path = beside;
	}
	const bool added = (interface[0] == '\0' ||
				   value_interface(p, v, interface, &u.scope)) &&
	                   add_copy(p, k, v, base, &u, sizeof(u));
	if (!added)
		free(u.path);
	return added;
}

static bool add_element(
	struct parse *p, const struct key *k, const struct value *v, void *base)
{
	const char *s = config_setting_get_string(v->setting);
	char quoted[REPORT_QUOTE_MAX];
	struct name name;

	if (v->item->bad)
		return false;
	if (s == NULL)
		return value_refuse(p, v, "%s is no string — put it in quotes",
			value_shown(v, quoted));
	switch (k->type) {
	case KEY_ZONES:
		return add_zone(p, k, v, base, s);
	case KEY_NAMES:
		return value_name(p, v, s, &name) && add_name(p, k, v, base, &name);
	case KEY_LABELS:
	case KEY_SPACES:
		return add_label(p, k, v, base, s);
	case KEY_ADDRESSES:
		return add_address(p, k, v, base, s);
	case KEY_RRTYPES:
		return add_rrtype(p, k, v, base, s);
	case KEY_URLS:
		return add_url(p, k, v, base, s);
	case KEY_HOSTS:
		return add_host(p, k, v, base, s);
	case KEY_UPSTREAMS:
		return add_upstream(p, k, v, base, s);
	default:
		return add_prefix(p, k, v, base, s);
	}
}

/* An rcode of a header: its number; -1: none. */
static int rcode_of(const char *s)
{
	char buf[12];

	for (int i = 1; i < 16; i++)
		if (strcasecmp(s, rcode_text((unsigned)i, buf)) == 0)
			return i;
	return -1;
}

static bool add_rcode(struct parse *p, const struct value *v, uint16_t *bits)
{
	const char *s = config_setting_get_string(v->setting);
	const int rcode = s != NULL ? rcode_of(s) : -1;
	char quoted[REPORT_QUOTE_MAX];

	if (v->item->bad)
		return false;
	if (rcode < 0)
		return value_refuse(p, v,
			"%s is no rcode of a failure — write one such as \"SERVFAIL\"",
			value_shown(v, quoted));
	*bits = (uint16_t)(*bits | 1u << rcode);
	return true;
}

static bool add_word(
	struct parse *p, const struct key *k, const struct value *v, uint16_t *bits)
{
	const char *s = config_setting_get_string(v->setting);

	if (v->item->bad)
		return false;
	for (unsigned i = 0; s != NULL && k->words[i] != NULL; i++) {
		if (strcmp(s, k->words[i]) == 0) {
			*bits = (uint16_t)(*bits | 1u << i);
			return true;
		}
	}
	return value_mismatch(p, k, v);
}

static bool add_bit(
	struct parse *p, const struct key *k, const struct value *v, uint16_t *bits)
{
	return k->type == KEY_RCODES ? add_rcode(p, v, bits) : add_word(p, k, v, bits);
}

bool list_set(struct parse *p, const struct key *k, const struct value *v, void *base)
{
	uint16_t bits = 0;
	char path[128];
	bool ok = true;

	if (!config_setting_is_list(v->setting))
		return value_mismatch(p, k, v);
	for (int i = 0; i < config_setting_length(v->setting); i++) {
		const config_setting_t *e = config_setting_get_elem(
			v->setting, (unsigned)i);
		const struct value element = {e, config_setting_get_hook(e), path};

		snprintf(path, sizeof(path), "%s[%d]", v->path, i);
		if (schema_is_bits(k))
			ok &= add_bit(p, k, &element, &bits);
		else
			ok &= add_element(p, k, &element, base);
	}
	if (schema_is_bits(k))
		memcpy((uint8_t *)base + k->offset, &bits, sizeof(bits));
	return ok;
}
