#include "conf/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"
#include "base/mem.h"
#include "dns/addr.h"

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

struct scheme {
	const char *text; /* with what follows it */
	const char *ours;
	bool secure;
};

static const struct scheme servers[] = {
	{"https://", "https://", true},
	{"http://", "http://", false},
};

static const struct scheme proxies[] = {
	{"http://", "http://", false},
	{"https://", "https://", true},
	{"socks5://", "socks5h://", false},
	{"socks5h://", "socks5h://", false},
};

/* The scheme that the text begins with, or NULL. */
static const struct scheme *scheme_of(
	const char *text, const struct scheme *known, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncasecmp(text, known[i].text, strlen(known[i].text)) == 0)
			return &known[i];
	return NULL;
}

/* "" or ":6443"; `n` octets. */
static bool is_port(const char *s, size_t n)
{
	const size_t digits = n > 0 ? strspn(s + 1, DIGITS) : 0;

	if (n == 0)
		return true;
	if (s[0] != ':' || digits != n - 1 || digits == 0 || digits > 5)
		return false;
	const unsigned long port = strtoul(s + 1, NULL, 10);
	return port > 0 && port <= 65535;
}

/* "[::1]:6443", "10.0.0.1", "api.example:6443"; `n` octets. */
static bool is_authority(const char *s, size_t n)
{
	struct addr a;

	if (s[0] == '[') {
		const char *end = memchr(s, ']', n);

		if (end == NULL || !addr_parse(s + 1, (size_t)(end - s) - 1, &a) ||
			memchr(s, ':', (size_t)(end - s)) == NULL)
			return false;
		return is_port(end + 1, n - (size_t)(end - s) - 1);
	}
	const size_t host = strspn(s, LETTERS DIGITS "-._");
	return host > 0 && host <= n && is_port(s + host, n - host);
}

/* Octets of a path that may stand in a request line as they are. */
static bool is_path(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~' || strchr("\"<>\\^`{|}", s[i]) != NULL)
			return false;
	return true;
}

/* scheme, authority and path as one string. */
static char *join(const char *scheme, const char *rest, size_t authority, size_t path)
{
	const size_t n = strlen(scheme);
	char *out = mem_alloc(n + authority + path + 1, 1);

	memcpy(out, scheme, n);
	memcpy(out + n, rest, authority + path);
	for (size_t i = n; i < n + authority; i++)
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] = (char)(out[i] - 'A' + 'a');
	return out;
}

bool url_server(const char *text, char **out, bool *secure, const char **why)
{
	const struct scheme *s = scheme_of(text, servers, ARRAY_LEN(servers));

	*why = "write it as https://HOST:PORT";
	if (s == NULL)
		return false;
	const char *rest = text + strlen(s->text);
	const size_t authority = strcspn(rest, "/?#");
	size_t path = strcspn(rest + authority, "?#");
	if (memchr(rest, '@', authority) != NULL) {
		*why = "take the user name out: credentials do not belong into it";
		return false;
	}
	if (!is_authority(rest, authority) || !is_path(rest + authority, path))
		return false;
	while (path > 0 && rest[authority + path - 1] == '/')
		path--;
	*out = join(s->ours, rest, authority, path);
	*secure = s->secure;
	return true;
}

bool url_proxy(const char *text, char **out, const char **why)
{
	const struct scheme *s = scheme_of(text, proxies, ARRAY_LEN(proxies));

	*why = "write it as http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT";
	if (s == NULL)
		return false;
	const char *rest = text + strlen(s->text);
	const size_t authority = strcspn(rest, "/?#");
	const char *at = memrchr(rest, '@', authority);
	const size_t user = at != NULL ? (size_t)(at - rest) + 1 : 0;
	if (!is_path(rest, user) || !is_authority(rest + user, authority - user))
		return false;
	*out = join(s->ours, rest, 0, authority);
	return true;
}

char *url_of(const char *host, const char *port)
{
	const bool bracket = strchr(host, ':') != NULL && host[0] != '[';
	char *out = NULL;

	if (asprintf(&out, "https://%s%s%s:%s", bracket ? "[" : "", host,
		    bracket ? "]" : "", port) < 0)
		abort();
	return out;
}
