/* show.c - a value as it would stand in a file */
#include "conf/show.h"

#include <inttypes.h>
#include <string.h>

#include "base/base.h"
#include "conf/list.h"
#include "conf/report.h"
#include "dns/type.h"

#define PREFIX_MAX 64 /* octets of "forward[]" and its like */
#define MIB        (UINT64_C(1) << 20)

static void show_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void show_name(const struct name *n, FILE *out)
{
	char text[NAME_TEXT_MAX] = "";

	if (n->len > 0)
		name_text(n->wire, n->len, text, sizeof(text));
	show_text(text, out);
}

static void show_addr(const struct addr *a, FILE *out)
{
	char text[ADDR_TEXT_MAX] = "";

	if (a->len > 0)
		addr_text(a, text);
	show_text(text, out);
}

static void show_prefix(const struct prefix *p, FILE *out)
{
	char text[ADDR_TEXT_MAX];

	if (p->addr.len == 0) {
		fputs("\"*\"", out);
		return;
	}
	addr_text(&p->addr, text);
	fprintf(out, "\"%s/%u\"", text, p->bits);
}

static void show_type(uint16_t type, FILE *out)
{
	char text[12];

	show_text(type == CONF_TYPE_ALL ? "*" : type_text(type, text), out);
}

static void show_endpoint(const struct conf_listen *l, FILE *out)
{
	char text[ADDR_TEXT_MAX];

	addr_text(&l->addr, text);
	fprintf(out, "\"%s", text);
	if (l->scope != 0)
		fprintf(out, "%%%" PRIu32, l->scope);
	fputc('"', out);
}

/* ":9153", "127.0.0.1:9153", "" */
static void show_listener(const struct conf_listen *l, FILE *out)
{
	char text[ADDR_TEXT_MAX] = "";

	if (l->addr.len > 0)
		addr_text(&l->addr, text);
	if (l->port == 0)
		fputs("\"\"", out);
	else if (l->addr.len == 16)
		fprintf(out, "\"[%s]:%u\"", text, l->port);
	else
		fprintf(out, "\"%s:%u\"", text, l->port);
}

/* [tls://](ADDRESS|[IPv6]|NAME)[%SCOPE][:PORT][#NAME], or the path of a resolv.conf. */
static void show_upstream(const struct conf_upstream *u, FILE *out)
{
	char text[NAME_TEXT_MAX];
	bool brackets = false;

	if (u->kind == CONF_UPSTREAM_FILE) {
		show_text(u->path, out);
		return;
	}
	if (u->kind == CONF_UPSTREAM_HOST) {
		name_text(u->host.wire, u->host.len, text, sizeof(text));
	} else {
		addr_text(&u->addr, text);
		brackets = u->addr.len == 16;
	}
	fprintf(out, "\"%s%s%s", u->tls ? "tls://" : "", brackets ? "[" : "", text);
	if (u->scope != 0)
		fprintf(out, "%%%" PRIu32, u->scope);
	fputs(brackets ? "]" : "", out);
	if (u->port != 0)
		fprintf(out, ":%u", u->port);
	if (u->server.len > 0) {
		name_text(u->server.wire, u->server.len, text, sizeof(text));
		fprintf(out, "#%s", text);
	}
	fputc('"', out);
}

/* A list that is kept as bits: rcodes, or words of the key. */
static void show_bits(const struct key *k, uint16_t bits, FILE *out)
{
	const char *lead = "";
	char text[12];

	fputc('[', out);
	for (unsigned i = 0; i < 16; i++) {
		if ((bits >> i & 1) == 0)
			continue;
		fprintf(out, "%s \"%s\"", lead,
			k->type == KEY_WORDS ? k->words[i] : rcode_text(i, text));
		lead = ",";
	}
	fputs(" ]", out);
}

static void show_element(const struct key *k, const void *at, FILE *out)
{
	char prefix[PREFIX_MAX];
	const char *text;
	uint16_t type;

	switch (k->type) {
	case KEY_ZONES:
	case KEY_NAMES:
		show_name(at, out);
		break;
	case KEY_ADDRESSES:
		show_addr(at, out);
		break;
	case KEY_PREFIXES:
	case KEY_CLIENTS:
	case KEY_NETS:
		show_prefix(at, out);
		break;
	case KEY_RRTYPES:
		memcpy(&type, at, sizeof(type));
		show_type(type, out);
		break;
	case KEY_UPSTREAMS:
		show_upstream(at, out);
		break;
	case KEY_GROUPS:
		snprintf(prefix, sizeof(prefix), "%s[]", k->path);
		show_group(prefix, at, out);
		break;
	default: /* labels, URLs, lines of hosts */
		memcpy(&text, at, sizeof(text));
		show_text(text, out);
		break;
	}
}

static void show_list(const struct key *k, const void *base, FILE *out)
{
	const bool groups = k->type == KEY_GROUPS;
	const size_t n = list_count(k, base);

	fputc(groups ? '(' : '[', out);
	for (size_t i = 0; i < n; i++) {
		fputs(i > 0 ? ", " : " ", out);
		show_element(k, show_at(k, base, i), out);
	}
	fputs(groups ? " )" : " ]", out);
}

static uint64_t number(const struct key *k, const void *at)
{
	uint16_t n16;
	uint32_t n32;
	uint64_t n64;

	if (k->size == sizeof(n16)) {
		memcpy(&n16, at, sizeof(n16));
		return n16;
	}
	if (k->size == sizeof(n32)) {
		memcpy(&n32, at, sizeof(n32));
		return n32;
	}
	memcpy(&n64, at, sizeof(n64));
	return n64;
}

/* Millionths as they stand in a file: 0.25, 1.0. */
static void show_fraction(uint64_t n, FILE *out)
{
	int digits = 6;
	uint64_t rest = n % 1000000;

	for (; digits > 1 && rest % 10 == 0; digits--)
		rest /= 10;
	fprintf(out, "%" PRIu64 ".%0*" PRIu64, n / 1000000, digits, rest);
}

static void show_number(const struct key *k, uint64_t n, FILE *out)
{
	if (k->type == KEY_WORD)
		show_text(k->words[n], out);
	else if (k->type == KEY_AUTO && (uint32_t)n == k->min - 1)
		fputs("\"auto\"", out);
	else if (k->type == KEY_FRACTION)
		show_fraction(n, out);
	else if (k->type == KEY_DURATION && n % NS_PER_S == 0)
		fprintf(out, "\"%" PRIu64 "s\"", n / NS_PER_S);
	else if (k->type == KEY_DURATION)
		fprintf(out, "\"%" PRIu64 "ms\"", n / NS_PER_MS);
	else if (k->type == KEY_SIZE && n % MIB == 0)
		fprintf(out, "\"%" PRIu64 "M\"", n / MIB);
	else if (k->type == KEY_SIZE)
		fprintf(out, "\"%" PRIu64 "K\"", n / 1024);
	else
		fprintf(out, "%" PRIu64, n);
}

void *show_at(const struct key *k, const void *base, size_t i)
{
	uint8_t *items;

	memcpy(&items, (const uint8_t *)base + k->offset, sizeof(items));
	return items + i * k->size;
}

void show_value(const struct key *k, const void *base, FILE *out)
{
	const void *at = (const uint8_t *)base + k->offset;
	const char *text;
	bool set;

	switch (k->type) {
	case KEY_BOOL:
		memcpy(&set, at, sizeof(set));
		fputs(set ? "true" : "false", out);
		break;
	case KEY_STRING:
	case KEY_PATH:
	case KEY_LABEL:
	case KEY_SELECTOR:
		memcpy(&text, at, sizeof(text));
		show_text(text != NULL ? text : "", out);
		break;
	case KEY_NAME:
		show_name(at, out);
		break;
	case KEY_ADDRESS:
		show_addr(at, out);
		break;
	case KEY_RRTYPE:
		show_type((uint16_t)number(k, at), out);
		break;
	case KEY_RCODES:
	case KEY_WORDS:
		show_bits(k, (uint16_t)number(k, at), out);
		break;
	case KEY_LISTENER:
		show_listener(at, out);
		break;
	case KEY_ENDPOINT:
		show_endpoint(at, out);
		break;
	case KEY_INT:
	case KEY_AUTO:
	case KEY_WORD:
	case KEY_FRACTION:
	case KEY_TTL:
	case KEY_DURATION:
	case KEY_SIZE:
		show_number(k, number(k, at), out);
		break;
	/* No default: a type that is new must be thought of. */
	case KEY_ZONES:
	case KEY_NAMES:
	case KEY_LABELS:
	case KEY_ADDRESSES:
	case KEY_PREFIXES:
	case KEY_CLIENTS:
	case KEY_NETS:
	case KEY_RRTYPES:
	case KEY_URLS:
	case KEY_HOSTS:
	case KEY_UPSTREAMS:
	case KEY_GROUPS:
		show_list(k, base, out);
		break;
	}
}

void show_group(const char *prefix, const void *element, FILE *out)
{
	const size_t skip = strlen(prefix) + 1;

	fputs("{ ", out);
	for (size_t i = schema_next(prefix, 0); i < schema_n;
		i = schema_next(prefix, i + 1)) {
		fprintf(out, "%s = ", schema[i].path + skip);
		show_value(&schema[i], element, out);
		fputs("; ", out);
	}
	fputc('}', out);
}
