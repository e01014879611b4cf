#include "conf/endpoint.h"

#include <stdlib.h>
#include <string.h>

bool endpoint_split(char *text, char **host, char **port)
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

bool endpoint_port(const char *text, uint16_t *out)
{
	const size_t n = strspn(text, "0123456789");

	if (n == 0 || n > 5 || text[n] != '\0' || text[0] == '0')
		return false;
	const unsigned long v = strtoul(text, NULL, 10);
	if (v > UINT16_MAX)
		return false;
	*out = (uint16_t)v;
	return true;
}

bool endpoint_multicast(const struct addr *a)
{
	return a->len == 4 ? a->octets[0] >= 224 : a->octets[0] == 0xff;
}

bool endpoint_nowhere(const struct addr *a)
{
	static const struct addr any = {.len = 16};

	return endpoint_multicast(a) || (a->len == 4 && a->octets[0] == 0) ||
	       addr_compare(a, &any) == 0;
}

bool endpoint_link_local(const struct addr *a)
{
	return a->len == 16 && a->octets[0] == 0xfe && (a->octets[1] & 0xc0) == 0x80;
}
