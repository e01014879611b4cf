/* addresses.c - see addresses.h */
#include "supervisor/addresses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "base/base.h"
#include "base/mem.h"

static int open_netlink(uint32_t groups, int flags)
{
	struct sockaddr_nl nl = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&nl, sizeof(nl)) < 0) {
		int ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

int addresses_watch(void)
{
	return open_netlink(RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, SOCK_NONBLOCK);
}

bool addresses_drain(int fd)
{
	uint8_t buf[16384];
	bool any = false;

	/* ENOBUFS (events were lost) counts as an event: the list is asked for anyway. */
	while (recv(fd, buf, sizeof(buf), 0) > 0 || errno == ENOBUFS) {
		any = true;
		errno = 0;
	}
	return any;
}

static void add(struct addresses *l, const struct address *a)
{
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 16;
		l->a = mem_resize(l->a, l->cap, sizeof(*l->a));
	}
	l->a[l->n++] = *a;
}

/*
 * One RTM_NEWADDR. On point-to-point links IFA_ADDRESS is the peer's and IFA_LOCAL ours;
 * IPv6 mostly has IFA_ADDRESS alone.
 */
static void parse_address(const struct nlmsghdr *h, struct addresses *out)
{
	const struct ifaddrmsg *m = (const void *)((const uint8_t *)h + NLMSG_HDRLEN);
	const size_t skip = NLMSG_SPACE(sizeof(*m));
	struct address a = {.family = m->ifa_family};
	uint32_t flags = m->ifa_flags;
	size_t size = m->ifa_family == AF_INET ? 4 : 16;
	const uint8_t *p = (const uint8_t *)h + skip;
	size_t left = h->nlmsg_len > skip ? h->nlmsg_len - skip : 0;
	bool local = false, found = false;
	struct rtattr attr;

	while (left >= sizeof(attr)) {
		memcpy(&attr, p, sizeof(attr));
		if (attr.rta_len < sizeof(attr) || attr.rta_len > left)
			break;
		size_t len = attr.rta_len - sizeof(attr);
		const uint8_t *data = p + sizeof(attr);
		if (attr.rta_type == IFA_FLAGS && len == sizeof(flags))
			memcpy(&flags, data, sizeof(flags));
		if (len == size && (attr.rta_type == IFA_LOCAL ||
					   (attr.rta_type == IFA_ADDRESS && !local))) {
			memcpy(a.addr, data, size);
			local = local || attr.rta_type == IFA_LOCAL;
			found = true;
		}
		size_t step = MIN(RTA_ALIGN(attr.rta_len), left);
		p += step;
		left -= step;
	}
	if (a.family == AF_INET6 && a.addr[0] == 0xfe && (a.addr[1] & 0xc0) == 0x80)
		a.scope = m->ifa_index;
	if (found && (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0)
		add(out, &a);
}

int addresses_parse(const void *buf, size_t len, struct addresses *out)
{
	const uint8_t *p = buf;

	while (len >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *h = (const void *)p;

		if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > len)
			return -EBADMSG;
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR)
			return -EIO;
		const struct ifaddrmsg *m = (const void *)(p + NLMSG_HDRLEN);
		if (h->nlmsg_type == RTM_NEWADDR &&
			h->nlmsg_len >= NLMSG_LENGTH(sizeof(*m)) &&
			(m->ifa_family == AF_INET || m->ifa_family == AF_INET6))
			parse_address(h, out);
		size_t step = MIN((size_t)NLMSG_ALIGN(h->nlmsg_len), len);
		p += step;
		len -= step;
	}
	return 1;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct address));
}

void addresses_sort(struct addresses *l)
{
	size_t n = 0;

	if (l->n == 0)
		return;
	qsort(l->a, l->n, sizeof(*l->a), compare);
	for (size_t i = 1; i < l->n; i++) {
		if (compare(&l->a[n], &l->a[i]) != 0)
			l->a[++n] = l->a[i];
	}
	l->n = n + 1;
}

void addresses_fini(struct addresses *l)
{
	free(l->a);
	*l = (struct addresses){0};
}

static int ask(int fd)
{
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg m;
	} request = {
		.h = {.nlmsg_len = sizeof(request),
			.nlmsg_type = RTM_GETADDR,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.m = {.ifa_family = AF_UNSPEC},
	};
	const struct timeval limit = {.tv_sec = 2};

	/* The kernel answers at once; the limit is for what nobody thought of. */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (send(fd, &request, sizeof(request), 0) < 0)
		return -errno;
	return 0;
}

int addresses_list(struct addresses *out)
{
	_Alignas(8) uint8_t buf[32768];
	struct addresses list = {0};
	int fd = open_netlink(0, 0);
	int ret;

	if (fd < 0)
		return fd;
	ret = ask(fd);
	while (ret >= 0) {
		ssize_t len = recv(fd, buf, sizeof(buf), 0);

		if (len < 0)
			ret = -errno;
		else
			ret = addresses_parse(buf, (size_t)len, &list);
		if (ret <= 0)
			break;
	}
	if (ret == 0) {
		addresses_sort(&list);
		*out = list;
	} else {
		addresses_fini(&list);
	}
	close(fd);
	return ret;
}
