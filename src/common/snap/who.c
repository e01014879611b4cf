#include "snap/who.h"

#include <string.h>

const char *who_text(const char *name, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++) {
		const char c = name[i];
		const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		                   c == '-' || c == '.';

		out[i] = plain ? c : '?';
	}
	out[len] = '\0';
	return out;
}

struct addr who_addr(const struct ring_entry *e)
{
	struct addr a = {.len = (e->marks & RING_IPV6) != 0 ? 16 : 4};

	memcpy(a.octets, e->client, a.len);
	return a;
}

bool who_asked(const struct snap *s, const struct ring_entry *e, struct who *out)
{
	const struct addr a = who_addr(e);
	struct client c;

	out->namespace[0] = out->pod[0] = '\0';
	if (s == NULL || !client_find(s, &a, &c))
		return false;
	who_text(c.namespace, c.namespace_len, out->namespace);
	who_text(c.pod, c.pod_len, out->pod);
	return out->namespace[0] != '\0';
}
