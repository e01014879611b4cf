/*
 * relay - the yardstick of misses: takes a query, asks an upstream, gives its reply back,
 * and does nothing else; and a plain upstream for such measurements
 *
 *   relay -l ADDR:PORT -u ADDR:PORT      a relay: each query leaves by a fresh
 *                                        connected socket of a random port with a
 *                                        random ID
 *   relay -l ADDR:PORT -u ADDR:PORT -k   ... by one kept socket, its ID a counter
 *   relay -l ADDR:PORT [-d MS]           an upstream: every name has one address, which
 *                                        is told MS later
 *
 * Whoever has not been answered after 2 s is forgotten. Replies of a round leave
 * together, as a server that takes care would send them. Ends on SIGTERM.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "udp.h"

#define BATCH    32
#define DATAGRAM 2048
#define LATER    16384u /* replies that an upstream holds back */
#define PENDING  65536u /* by descriptor, or by ID of the kept socket */
#define LOST_NS  (2 * NS_PER_S)
#define LISTENER PENDING /* what epoll says of the two that stay */
#define KEPT     (PENDING + 1)

struct pending {
	struct sockaddr_storage client;
	socklen_t client_len;
	uint64_t since_ns; /* 0: free */
	uint16_t id;       /* the client's */
};

struct relay {
	int listener, epoll, kept;
	struct udp_target upstream;
	struct pending pending[PENDING];
	uint32_t random[256];
	unsigned nrandom, swept;
	uint16_t next_id;
	/* queries that came, and replies that shall leave */
	struct mmsghdr in[BATCH], out[BATCH];
	struct iovec in_iov[BATCH], out_iov[BATCH];
	struct sockaddr_storage peers[BATCH], clients[BATCH];
	uint8_t queries[BATCH][DATAGRAM], replies[BATCH][DATAGRAM];
	unsigned nout;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static uint32_t draw(struct relay *r)
{
	if (r->nrandom == 0) {
		if (getrandom(r->random, sizeof(r->random), 0) < 0)
			abort();
		r->nrandom = ARRAY_LEN(r->random);
	}
	return r->random[--r->nrandom];
}

/* A connected socket of a random port; -1: none. */
static int fresh_socket(struct relay *r)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	for (unsigned i = 0; i < 16; i++) {
		any.sin_port = htons((uint16_t)(1024 + draw(r) % 64512));
		if (bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0)
			break;
	}
	if ((unsigned)fd < PENDING &&
		connect(fd, (struct sockaddr *)&r->upstream.addr, r->upstream.len) == 0)
		return fd;
	close(fd);
	return -1;
}

static void pass_on(struct relay *r, unsigned i, uint64_t now_ns)
{
	struct epoll_event event = {.events = EPOLLIN};
	uint8_t *query = r->queries[i];
	size_t len = r->in[i].msg_len;
	int fd = r->kept >= 0 ? r->kept : fresh_socket(r);
	uint16_t id = r->kept >= 0 ? r->next_id++ : (uint16_t)draw(r);

	if (fd < 0 || len < 12)
		return;
	uint32_t key = r->kept >= 0 ? id : (uint32_t)fd;
	struct pending *p = &r->pending[key];
	p->client = r->peers[i];
	p->client_len = r->in[i].msg_hdr.msg_namelen;
	p->id = load_u16(query);
	p->since_ns = now_ns;
	store_u16(query, id);
	event.data.u32 = key;
	if (send(fd, query, len, 0) < 0 ||
		(r->kept < 0 && epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &event) < 0)) {
		p->since_ns = 0;
		if (r->kept < 0)
			close(fd);
	}
}

static void flush(struct relay *r)
{
	unsigned done = 0;

	while (done < r->nout) {
		int n = sendmmsg(r->listener, r->out + done, r->nout - done, 0);
		if (n <= 0)
			break;
		done += (unsigned)n;
	}
	r->nout = 0;
}

/* The reply of a question in the next place of the batch. */
static void give_back(struct relay *r, struct pending *p, size_t len)
{
	unsigned i = r->nout++;

	store_u16(r->replies[i], p->id);
	r->clients[i] = p->client;
	r->out[i].msg_hdr.msg_namelen = p->client_len;
	r->out_iov[i].iov_len = len;
	p->since_ns = 0;
	if (r->nout == BATCH)
		flush(r);
}

static void on_reply(struct relay *r, uint32_t key)
{
	int fd = r->kept >= 0 ? r->kept : (int)key;

	for (;;) {
		ssize_t n = recv(fd, r->replies[r->nout], DATAGRAM, MSG_DONTWAIT);
		if (n < 12)
			return;
		struct pending *p =
			&r->pending[r->kept >= 0 ? load_u16(r->replies[r->nout]) : key];
		if (p->since_ns == 0)
			continue;
		give_back(r, p, (size_t)n);
		if (r->kept < 0) {
			close(fd);
			return;
		}
	}
}

static void on_queries(struct relay *r)
{
	int n;

	do {
		for (unsigned i = 0; i < BATCH; i++)
			r->in[i].msg_hdr.msg_namelen = sizeof(r->peers[i]);
		n = recvmmsg(r->listener, r->in, BATCH, MSG_DONTWAIT, NULL);
		uint64_t now_ns = clock_mono_ns();
		for (int i = 0; i < n; i++)
			pass_on(r, (unsigned)i, now_ns);
	} while (n == BATCH);
}

/* Forget, a few at a time, who has waited too long. */
static void sweep(struct relay *r, uint64_t now_ns)
{
	for (unsigned i = 0; i < 64; i++) {
		struct pending *p = &r->pending[r->swept];
		if (p->since_ns != 0 && p->since_ns + LOST_NS < now_ns) {
			p->since_ns = 0;
			if (r->kept < 0)
				close((int)r->swept);
		}
		r->swept = (r->swept + 1) % PENDING;
	}
}

static int watch(struct relay *r, int fd, uint32_t key)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = key};

	return epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int run_relay(struct relay *r, bool kept)
{
	struct epoll_event events[64];
	int granted;

	r->kept = kept ? udp_open(NULL, &r->upstream, &granted) : -1;
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll < 0 || watch(r, r->listener, LISTENER) < 0 ||
		(kept && (r->kept < 0 || watch(r, r->kept, KEPT) < 0)))
		return -errno;
	while (!stopped) {
		int n = epoll_wait(r->epoll, events, ARRAY_LEN(events), 100);
		for (int i = 0; i < n; i++) {
			if (events[i].data.u32 == LISTENER)
				on_queries(r);
			else
				on_reply(r, events[i].data.u32);
		}
		flush(r);
		sweep(r, clock_mono_ns());
	}
	return 0;
}

/* ---- the upstream ---- */

/* Turn a query into its answer; the length, 0: it is none. */
static size_t answer(uint8_t *m, size_t len)
{
	static const uint8_t record[] = {
		0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 192, 0, 2, 1};
	static const uint8_t opt[] = {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0};
	size_t at = 12;

	while (at < len && m[at] != 0)
		at += 1u + m[at];
	at += 5;
	if (len < 17 || at > len || at + sizeof(record) + sizeof(opt) > DATAGRAM)
		return 0;
	bool edns = load_u16(m + 10) != 0;
	m[2] = 0x81;
	m[3] = (uint8_t)(0x80 | (m[3] & 0x10));
	store_u16(m + 6, 1);
	store_u16(m + 8, 0);
	store_u16(m + 10, edns);
	memcpy(m + at, record, sizeof(record));
	at += sizeof(record);
	if (edns) {
		memcpy(m + at, opt, sizeof(opt));
		at += sizeof(opt);
	}
	return at;
}

/* Replies that wait for their time, in the order in which they came. */
static struct later {
	uint64_t due_ns;
	struct sockaddr_storage client;
	socklen_t client_len;
	size_t len;
	uint8_t octets[512];
} later[LATER];
static uint64_t later_first, later_end;

/* Into the ring; where it is full the reply is lost, as a query is on a full socket. */
static void keep(struct relay *r, unsigned i, uint64_t due_ns)
{
	size_t len = answer(r->queries[i], r->in[i].msg_len);
	struct later *l = &later[later_end % LATER];

	if (len == 0 || len > sizeof(l->octets) || later_end - later_first == LATER)
		return;
	*l = (struct later){.due_ns = due_ns,
		.client = r->peers[i],
		.client_len = r->in[i].msg_hdr.msg_namelen,
		.len = len};
	memcpy(l->octets, r->queries[i], len);
	later_end++;
}

static void send_due(struct relay *r, uint64_t now_ns)
{
	for (; later_first < later_end; later_first++) {
		struct later *l = &later[later_first % LATER];
		unsigned i = r->nout;

		if (l->due_ns > now_ns)
			break;
		r->clients[i] = l->client;
		r->out[i].msg_hdr.msg_namelen = l->client_len;
		memcpy(r->replies[i], l->octets, l->len);
		r->out_iov[i].iov_len = l->len;
		if (++r->nout == BATCH)
			flush(r);
	}
	flush(r);
}

static int wait_ms(uint64_t now_ns)
{
	uint64_t due_ns = later[later_first % LATER].due_ns;

	if (later_first == later_end)
		return 100;
	return due_ns > now_ns ? (int)((due_ns - now_ns) / NS_PER_MS + 1) : 0;
}

static int run_upstream(struct relay *r, uint64_t delay_ns)
{
	struct pollfd poll_in = {.fd = r->listener, .events = POLLIN};
	int n;

	while (!stopped) {
		poll(&poll_in, 1, wait_ms(clock_mono_ns()));
		do {
			for (unsigned i = 0; i < BATCH; i++)
				r->in[i].msg_hdr.msg_namelen = sizeof(r->peers[i]);
			n = recvmmsg(r->listener, r->in, BATCH, MSG_DONTWAIT, NULL);
			uint64_t now_ns = clock_mono_ns();
			for (int i = 0; i < n; i++)
				keep(r, (unsigned)i, now_ns + delay_ns);
			send_due(r, now_ns);
		} while (n == BATCH);
	}
	return 0;
}

static void init(struct relay *r)
{
	struct sigaction action = {.sa_handler = on_signal};

	for (unsigned i = 0; i < BATCH; i++) {
		r->in_iov[i] = (struct iovec){r->queries[i], DATAGRAM};
		r->out_iov[i] = (struct iovec){r->replies[i], 0};
		r->in[i].msg_hdr = (struct msghdr){.msg_name = &r->peers[i],
			.msg_iov = &r->in_iov[i],
			.msg_iovlen = 1};
		r->out[i].msg_hdr = (struct msghdr){.msg_name = &r->clients[i],
			.msg_iov = &r->out_iov[i],
			.msg_iovlen = 1};
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static int usage(void)
{
	fputs("usage: relay -l ADDR:PORT [-u ADDR:PORT [-k] | -d MS]\n"
	      "  -l  listen there\n"
	      "  -u  ask that upstream (IPv4); without it, be one\n"
	      "  -k  by one kept socket\n"
	      "  -d  tell it so much later\n",
		stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static struct relay r;
	struct udp_target listen = {.len = 0};
	int granted, c;
	uint64_t delay_ns = 0;
	bool kept = false;

	while ((c = getopt(argc, argv, "l:u:kd:")) != -1) {
		if (c == 'l' && udp_parse(optarg, &listen) < 0)
			return usage();
		else if (c == 'u' && udp_parse(optarg, &r.upstream) < 0)
			return usage();
		else if (c == 'k')
			kept = true;
		else if (c == 'd')
			delay_ns = strtoul(optarg, NULL, 10) * NS_PER_MS;
		else if (c == '?')
			return usage();
	}
	if (listen.len == 0 || (kept && r.upstream.len == 0))
		return usage();
	r.listener = udp_open(&listen, NULL, &granted);
	int ret = r.listener;
	if (ret >= 0) {
		init(&r);
		ret = r.upstream.len != 0 ? run_relay(&r, kept)
		                          : run_upstream(&r, delay_ns);
	}
	if (ret < 0)
		fprintf(stderr, "relay: %s\n", strerror(-ret));
	return ret < 0;
}
