#include "ctl/who.h"

#include <string.h>

static void copy(char *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = text[i] > ' ' && text[i] < 0x7f ? text[i] : '?';
	out[n] = '\0';
}

bool who_asked(const struct snap *s, const struct ring_entry *e, struct who *out)
{
	struct addr a = {.len = (e->marks & RING_IPV6) != 0 ? 16 : 4};
	struct client c;

	out->namespace[0] = out->pod[0] = '\0';
	memcpy(a.octets, e->client, a.len);
	if (s == NULL || !client_find(s, &a, &c))
		return false;
	copy(out->namespace, c.namespace, c.namespace_len);
	copy(out->pod, c.pod, c.pod_len);
	return out->namespace[0] != '\0';
}
