#include "controller/ownaddr.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool from_sockaddr(const struct sockaddr *sa, struct addr *out)
{
	*out = (struct addr){0};
	if (sa == NULL)
		return false;
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		out->len = 4;
		memcpy(out->octets, &in.sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		if (IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr))
			return false;
		out->len = 16;
		memcpy(out->octets, &in6.sin6_addr, 16);
	}
	return out->len != 0 && !addr_loopback(out);
}

static int compare(const void *a, const void *b)
{
	return addr_compare(a, b);
}

static bool have(const struct addr *list, size_t n, const struct addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (addr_compare(&list[i], a) == 0)
			return true;
	return false;
}

size_t ownaddr_list(struct addr *out, size_t max)
{
	struct ifaddrs *all;
	size_t n = 0;

	if (getifaddrs(&all) < 0)
		return 0;
	for (const struct ifaddrs *i = all; i != NULL && n < max; i = i->ifa_next) {
		struct addr a;

		if (from_sockaddr(i->ifa_addr, &a) && !have(out, n, &a))
			out[n++] = a;
	}
	freeifaddrs(all);
	if (n > 1)
		qsort(out, n, sizeof(*out), compare);
	return n;
}
