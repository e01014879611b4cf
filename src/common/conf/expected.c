/* expected.c - what a value of a key must be, in words (OP-20) */
#include <stdio.h>
#include <string.h>

#include "conf/schema.h"

static void put_words(const struct key *k, char *out, size_t cap)
{
	size_t n = (size_t)snprintf(
		out, cap, k->type == KEY_WORDS ? "a list of" : "one of");

	for (size_t i = 0; k->words[i] != NULL && n < cap; i++)
		n += (size_t)snprintf(
			out + n, cap - n, "%s \"%s\"", i > 0 ? "," : "", k->words[i]);
}

static const char *const shapes[] = {
	[KEY_BOOL] = "true or false",
	[KEY_FRACTION] = "a number from 0 to 1, such as 0.25",
	[KEY_SELECTOR] = "a label selector in quotes",
	[KEY_NAME] = "a domain name in quotes",
	[KEY_ADDRESS] = "an IP address in quotes",
	[KEY_RRTYPE] = "a type of records in quotes, such as \"NS\"",
	[KEY_RCODES] = "a list of rcodes such as [ \"SERVFAIL\" ]",
	[KEY_LISTENER] =
		"\":port\", \"IP:port\" or \"[IPv6]:port\"; \"\" switches it off",
	[KEY_ENDPOINT] = "an address in quotes: IP, IP:port or [IPv6]:port",
	[KEY_ZONES] = "a list of zone names and CIDRs in quotes",
	[KEY_NAMES] = "a list of domain names in quotes",
	[KEY_LABELS] = "a list of names in quotes",
	[KEY_SPACES] = "a list of namespaces in quotes, or [ \"*\" ]",
	[KEY_ADDRESSES] = "a list of IP addresses in quotes",
	[KEY_PREFIXES] = "a list of CIDRs in quotes",
	[KEY_CLIENTS] = "a list of CIDRs in quotes, or [ \"*\" ]",
	[KEY_NETS] = "a list of CIDRs and addresses in quotes, or [ \"*\" ]",
	[KEY_RRTYPES] = "a list of types of records such as [ \"A\" ], or [ \"*\" ]",
	[KEY_URLS] = "a list of URLs such as \"https://10.0.0.1:6443\"",
	[KEY_HOSTS] = "a list of lines such as [ \"10.0.0.1 a.example.com\" ]",
	[KEY_UPSTREAMS] = "a list of upstreams such as [ \"10.0.0.53\" ]",
};

/* A group of the list that has all it needs. */
static void put_groups(const struct key *k, char *out, size_t cap)
{
	const size_t len = strlen(k->path);
	size_t n = (size_t)snprintf(out, cap, "a list of groups such as ( {");

	for (size_t i = 0; i < schema_n && n < cap; i++) {
		const struct key *inner = &schema[i];

		if (inner->required && strncmp(inner->path, k->path, len) == 0 &&
			strncmp(inner->path + len, "[].", 3) == 0)
			n += (size_t)snprintf(out + n, cap - n, " %s = %s;",
				inner->path + len + 3, inner->fallback);
	}
	if (n < cap)
		snprintf(out + n, cap - n, " } )");
}

/* A range of numbers with a unit. */
static void put_range(const struct key *k, char *out, size_t cap)
{
	if (k->type == KEY_TTL)
		snprintf(out, cap,
			"%u to %u seconds, as a whole number or a duration such as "
			"\"30s\"",
			k->min, k->max);
	else if (k->type == KEY_DURATION)
		snprintf(out, cap,
			"a duration from \"%u%s\" to \"%u%s\", such as \"250ms\"", k->min,
			k->unit, k->max, k->unit);
	else if (k->type == KEY_SIZE)
		snprintf(out, cap, "a size from \"%uM\" to \"%uM\", such as \"16M\"",
			k->min, k->max);
	else
		snprintf(out, cap, "a whole number from %u to %u%s%s%s", k->min, k->max,
			k->unit[0] != '\0' ? " " : "", k->unit,
			k->type == KEY_AUTO ? ", or \"auto\"" : "");
}

const char *schema_expected(const struct key *k, char *out, size_t cap)
{
	switch (k->type) {
	case KEY_INT:
	case KEY_AUTO:
	case KEY_TTL:
	case KEY_DURATION:
	case KEY_SIZE:
		put_range(k, out, cap);
		break;
	case KEY_WORD:
	case KEY_WORDS:
		put_words(k, out, cap);
		break;
	case KEY_GROUPS:
		put_groups(k, out, cap);
		break;
	case KEY_STRING:
	case KEY_PATH:
		snprintf(out, cap, "a string of %u to %u octets in quotes", k->min,
			k->max);
		break;
	case KEY_LABEL:
		snprintf(out, cap,
			"1 to %u lower-case letters, digits and \"-\" (inside), in "
			"quotes",
			k->max);
		break;
	default:
		snprintf(out, cap, "%s", shapes[k->type]);
	}
	return out;
}
