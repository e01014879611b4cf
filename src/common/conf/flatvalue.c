/* flatvalue.c - from the struct back to text; the inverse of value.c and list.c */
#include "conf/flatvalue.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/mem.h"
#include "conf/bundle.h"
#include "conf/list.h"
#include "conf/show.h"
#include "dns/type.h"

#define MIB           (UINT64_C(1) << 20)
#define INTERFACE_MAX 32 /* octets of "%eth0" */
#define UPSTREAM_MAX  (2 * NAME_TEXT_MAX + 64)

static const void *at(const struct key *k, const void *base)
{
	return (const uint8_t *)base + k->offset;
}

static uint64_t number(const struct key *k, const void *base)
{
	uint16_t n16;
	uint32_t n32;
	uint64_t n64;

	switch (k->size) {
	case sizeof(n16):
		memcpy(&n16, at(k, base), sizeof(n16));
		return n16;
	case sizeof(n32):
		memcpy(&n32, at(k, base), sizeof(n32));
		return n32;
	default:
		memcpy(&n64, at(k, base), sizeof(n64));
		return n64;
	}
}

static void add(struct flat_item *it, const char *text)
{
	it->text = mem_resize(it->text, it->n + 1, sizeof(*it->text));
	it->text[it->n++] = mem_dup(text, strlen(text));
}

static void add_number(struct flat_item *it, uint64_t n, const char *unit)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 "%s", n, unit);
	add(it, text);
}

/* In the largest unit of which it is a whole number; from two of it on. */
static void add_seconds(struct flat_item *it, uint64_t s)
{
	if (s >= 7200 && s % 3600 == 0)
		add_number(it, s / 3600, "h");
	else if (s >= 120 && s % 60 == 0)
		add_number(it, s / 60, "m");
	else
		add_number(it, s, "s");
}

/* Numbers have six digits at most, so what is long has two parts. */
static void add_duration(struct flat_item *it, uint64_t ns)
{
	uint64_t s = 0, ms = ns / NS_PER_MS;
	char whole[32] = "", fraction[16] = "", text[80];

	if (ns % NS_PER_S == 0) {
		add_seconds(it, ns / NS_PER_S);
		return;
	}
	if (ms > 999999) {
		s = ms / 1000;
		ms %= 1000;
		snprintf(whole, sizeof(whole), "%" PRIu64 "s", s);
	}
	if (ns % NS_PER_MS != 0) {
		size_t n = (size_t)snprintf(
			fraction, sizeof(fraction), ".%06" PRIu64, ns % NS_PER_MS);

		while (fraction[n - 1] == '0')
			fraction[--n] = '\0';
	}
	snprintf(text, sizeof(text), "%s%" PRIu64 "%sms", whole, ms, fraction);
	add(it, text);
}

static void add_size(struct flat_item *it, uint64_t octets)
{
	if (octets % MIB == 0)
		add_number(it, octets / MIB, "M");
	else
		add_number(it, octets >> 10, "K");
}

static void add_name(struct flat_item *it, const struct name *n)
{
	char text[NAME_TEXT_MAX] = "";

	if (n->len > 0)
		name_text(n->wire, n->len, text, sizeof(text));
	add(it, text);
}

static void add_address(struct flat_item *it, const struct addr *a)
{
	char text[ADDR_TEXT_MAX] = "";

	if (a->len > 0)
		addr_text(a, text);
	add(it, text);
}

static void add_prefix(
	struct flat_item *it, const struct key *k, const struct prefix *prefix)
{
	char text[ADDR_TEXT_MAX + 8] = "*";

	if (prefix->addr.len > 0) {
		const size_t n = addr_text(&prefix->addr, text);

		if (k->type != KEY_NETS || prefix->bits < 8 * prefix->addr.len)
			snprintf(text + n, sizeof(text) - n, "/%u", prefix->bits);
	}
	add(it, text);
}

/* "%eth0" behind a link-local address, "%2" where nobody knows names; or "". */
static const char *interface(
	const struct parse *p, uint32_t scope, char out[INTERFACE_MAX])
{
	struct bundle_record r;
	size_t pos = 0;

	out[0] = '\0';
	if (scope != 0)
		snprintf(out, INTERFACE_MAX, "%%%" PRIu32, scope);
	while (scope != 0 && p != NULL &&
		bundle_next(p->bundle, p->bundle_len, &pos, &r) > 0)
		if (r.kind == BUNDLE_INTERFACE && strtoul(r.text, NULL, 10) == scope)
			snprintf(out, INTERFACE_MAX, "%%%s", r.name);
	return out;
}

static void add_endpoint(
	struct flat_item *it, const struct parse *p, const struct conf_listen *l)
{
	char text[ADDR_TEXT_MAX + INTERFACE_MAX], scope[INTERFACE_MAX];
	const size_t n = addr_text(&l->addr, text);

	snprintf(text + n, sizeof(text) - n, "%s", interface(p, l->scope, scope));
	add(it, text);
}

/* Of HTTP; without an address it is for all. */
static void add_listener(struct flat_item *it, const struct conf_listen *l)
{
	char host[ADDR_TEXT_MAX] = "", text[ADDR_TEXT_MAX + 16] = "";
	const bool v6 = l->addr.len == 16;

	if (l->addr.len > 0)
		addr_text(&l->addr, host);
	if (l->port != 0)
		snprintf(text, sizeof(text), "%s%s%s:%u", v6 ? "[" : "", host,
			v6 ? "]" : "", l->port);
	add(it, text);
}

static void add_upstream(
	struct flat_item *it, const struct parse *p, const struct conf_upstream *u)
{
	char host[NAME_TEXT_MAX + INTERFACE_MAX], server[NAME_TEXT_MAX + 1] = "";
	char scope[INTERFACE_MAX], text[UPSTREAM_MAX], port[8] = "";
	const bool brackets = u->kind == CONF_UPSTREAM_ADDRESS && u->addr.len == 16 &&
	                      u->port != 0;

	if (u->kind == CONF_UPSTREAM_FILE) {
		add(it, u->path);
		return;
	}
	if (u->kind == CONF_UPSTREAM_HOST)
		name_text(u->host.wire, u->host.len, host, sizeof(host));
	else
		addr_text(&u->addr, host);
	const size_t n = strlen(host);
	snprintf(host + n, sizeof(host) - n, "%s", interface(p, u->scope, scope));
	if (u->port != 0)
		snprintf(port, sizeof(port), ":%u", u->port);
	if (u->server.len > 0 &&
		!name_equal(u->server.wire, u->server.len, u->host.wire, u->host.len)) {
		server[0] = '#';
		name_text(u->server.wire, u->server.len, server + 1, sizeof(server) - 1);
	}
	snprintf(text, sizeof(text), "%s%s%s%s%s%s", u->tls ? "tls://" : "",
		brackets ? "[" : "", host, brackets ? "]" : "", port, server);
	add(it, text);
}

static void add_rcodes(struct flat_item *it, uint64_t bits)
{
	char text[12];

	for (unsigned i = 1; i < 16; i++)
		if ((bits & 1u << i) != 0)
			add(it, rcode_text(i, text));
}

/* Of bits, by what each stands for. */
static void add_words(struct flat_item *it, const struct key *k, uint64_t bits)
{
	for (unsigned i = 0; k->words[i] != NULL; i++)
		if ((bits & 1u << i) != 0)
			add(it, k->words[i]);
}

static void add_fraction(struct flat_item *it, uint64_t millionths)
{
	char text[32];
	size_t n = (size_t)snprintf(text, sizeof(text), "%" PRIu64 ".%06" PRIu64,
		millionths / 1000000, millionths % 1000000);

	while (text[n - 1] == '0' && text[n - 2] != '.')
		text[--n] = '\0';
	add(it, text);
}

static void add_type(struct flat_item *it, uint16_t type, bool list)
{
	char text[12];

	add(it, list && type == CONF_TYPE_ALL ? "*" : type_text(type, text));
}

static void add_element(struct flat_item *it, const struct parse *p, const struct key *k,
	const void *element)
{
	uint16_t type;
	char *text;

	switch (k->type) {
	case KEY_ZONES:
	case KEY_NAMES:
		add_name(it, element);
		break;
	case KEY_ADDRESSES:
		add_address(it, element);
		break;
	case KEY_UPSTREAMS:
		add_upstream(it, p, element);
		break;
	case KEY_PREFIXES:
	case KEY_CLIENTS:
	case KEY_NETS:
		add_prefix(it, k, element);
		break;
	case KEY_RRTYPES:
		memcpy(&type, element, sizeof(type));
		add_type(it, type, true);
		break;
	case KEY_SPACES:
		memcpy(&text, element, sizeof(text));
		add(it, text[0] == '\0' ? "*" : text);
		break;
	default: /* texts */
		memcpy(&text, element, sizeof(text));
		add(it, text);
	}
}

static void put_list(struct flat_item *it, const struct parse *p, const struct key *k,
	const void *base)
{
	it->kind = FLAT_LIST;
	if (k->type == KEY_RCODES) {
		add_rcodes(it, number(k, base));
		return;
	}
	if (k->type == KEY_WORDS) {
		add_words(it, k, number(k, base));
		return;
	}
	for (size_t i = 0; i < list_count(k, base); i++)
		add_element(it, p, k, show_at(k, base, i));
}

static void put_number(struct flat_item *it, const struct key *k, uint64_t n)
{
	if (k->type == KEY_AUTO && n == (uint32_t)(k->min - 1)) {
		it->kind = FLAT_STRING;
		add(it, "auto");
	} else {
		it->kind = FLAT_NUMBER;
		add_number(it, n, "");
	}
}

static void put_text(struct flat_item *it, const struct key *k, const void *base)
{
	const char *text;

	memcpy(&text, at(k, base), sizeof(text));
	add(it, text != NULL ? text : "");
}

void flatvalue_put(const struct parse *p, const struct key *k, const void *base,
	struct flat_item *it)
{
	bool flag;

	it->kind = FLAT_STRING;
	switch (k->type) {
	case KEY_INT:
	case KEY_AUTO:
	case KEY_TTL:
		put_number(it, k, number(k, base));
		break;
	case KEY_BOOL:
		memcpy(&flag, at(k, base), sizeof(flag));
		it->kind = FLAT_BOOL;
		add(it, flag ? "true" : "false");
		break;
	case KEY_WORD:
		add(it, k->words[number(k, base)]);
		break;
	case KEY_STRING:
	case KEY_PATH:
	case KEY_LABEL:
	case KEY_SELECTOR:
		put_text(it, k, base);
		break;
	case KEY_DURATION:
		add_duration(it, number(k, base));
		break;
	case KEY_SIZE:
		add_size(it, number(k, base));
		break;
	case KEY_NAME:
		add_name(it, at(k, base));
		break;
	case KEY_ADDRESS:
		add_address(it, at(k, base));
		break;
	case KEY_RRTYPE:
		add_type(it, (uint16_t)number(k, base), false);
		break;
	case KEY_ENDPOINT:
		add_endpoint(it, p, at(k, base));
		break;
	case KEY_GROUPS:
		it->kind = FLAT_GROUPS;
		it->n = list_count(k, base);
		break;
	case KEY_LISTENER:
		add_listener(it, at(k, base));
		break;
	case KEY_FRACTION:
		it->kind = FLAT_NUMBER;
		add_fraction(it, number(k, base));
		break;
	case KEY_WORDS:
	case KEY_RCODES: /* none is left out: the compiler looks after new types */
	case KEY_ZONES:
	case KEY_NAMES:
	case KEY_LABELS:
	case KEY_ADDRESSES:
	case KEY_PREFIXES:
	case KEY_CLIENTS:
	case KEY_NETS:
	case KEY_RRTYPES:
	case KEY_SPACES:
	case KEY_URLS:
	case KEY_HOSTS:
	case KEY_UPSTREAMS:
		put_list(it, p, k, base);
		break;
	}
}

void flatvalue_fini(struct flat_item *it)
{
	for (size_t i = 0; i < it->n && it->text != NULL; i++)
		free(it->text[i]);
	free(it->text);
	it->text = NULL;
}
