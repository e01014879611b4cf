/*
 * echo - the yardstick: a UDP server that turns each query into something of the size of
 * an answer, and does nothing else
 *
 * The reply is the query with QR=1 and zeros behind it. On SIGTERM or SIGINT it prints
 * its answers and its CPU time as one line of JSON and ends.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/base.h"
#include "udp.h"

#define BATCH_MAX    128
#define DATAGRAM_MAX 2048

enum mode { MODE_RECVFROM, MODE_RECVMMSG, MODE_EPOLL };

static const char *const mode_names[] = {"recvfrom", "recvmmsg", "epoll"};

struct echo {
	int fd, epoll;
	unsigned batch;
	size_t extra; /* octets added to each query */
	uint64_t answers;
	struct mmsghdr msgs[BATCH_MAX];
	struct iovec iovs[BATCH_MAX];
	struct sockaddr_storage peers[BATCH_MAX];
	uint8_t octets[BATCH_MAX][DATAGRAM_MAX];
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

/* Length of the reply that now stands in `octets`; 0: not a query. */
static size_t turn(const struct echo *e, uint8_t *octets, size_t len)
{
	if (len < 12 || len + e->extra > DATAGRAM_MAX)
		return 0;
	octets[2] |= 0x80;
	memset(octets + len, 0, e->extra);
	return len + e->extra;
}

static void run_recvfrom(struct echo *e)
{
	struct sockaddr_storage peer;
	uint8_t *octets = e->octets[0];

	while (!stopped) {
		socklen_t peer_len = sizeof(peer);
		ssize_t n = recvfrom(e->fd, octets, DATAGRAM_MAX, 0,
			(struct sockaddr *)&peer, &peer_len);
		size_t len = n > 0 ? turn(e, octets, (size_t)n) : 0;
		if (len > 0 && sendto(e->fd, octets, len, 0, (struct sockaddr *)&peer,
				       peer_len) > 0)
			e->answers++;
	}
}

static void prepare(struct echo *e, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		e->iovs[i].iov_len = DATAGRAM_MAX;
		e->msgs[i].msg_hdr.msg_namelen = sizeof(e->peers[i]);
	}
}

/* Receive a batch, answer it. The number received; -1: none. */
static int serve_batch(struct echo *e, int flags)
{
	int n = recvmmsg(e->fd, e->msgs, e->batch, flags, NULL);
	unsigned out = 0;

	for (int i = 0; i < n; i++) {
		e->iovs[i].iov_len = turn(e, e->octets[i], e->msgs[i].msg_len);
		out += e->iovs[i].iov_len > 0;
	}
	if (n <= 0)
		return -1;
	if (out == (unsigned)n) { /* strangers' datagrams cost a batch, nothing else */
		int sent = sendmmsg(e->fd, e->msgs, out, 0);
		e->answers += sent > 0 ? (unsigned)sent : 0;
	}
	prepare(e, (unsigned)n);
	return n;
}

static void run_recvmmsg(struct echo *e)
{
	while (!stopped)
		serve_batch(e, MSG_WAITFORONE);
}

static void run_epoll(struct echo *e)
{
	struct epoll_event event = {.events = EPOLLIN};

	e->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (e->epoll < 0 || epoll_ctl(e->epoll, EPOLL_CTL_ADD, e->fd, &event) < 0) {
		perror("epoll");
		exit(1);
	}
	while (!stopped) {
		if (epoll_wait(e->epoll, &event, 1, 100) <= 0)
			continue;
		while (serve_batch(e, MSG_DONTWAIT) == (int)e->batch)
			;
	}
	close(e->epoll);
}

static void init(struct echo *e)
{
	for (unsigned i = 0; i < BATCH_MAX; i++) {
		e->iovs[i] = (struct iovec){
			.iov_base = e->octets[i], .iov_len = DATAGRAM_MAX};
		e->msgs[i].msg_hdr = (struct msghdr){.msg_name = &e->peers[i],
			.msg_namelen = sizeof(e->peers[i]),
			.msg_iov = &e->iovs[i],
			.msg_iovlen = 1};
	}
}

static void report(const struct echo *e, enum mode mode, int granted)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	uint64_t us = (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000u +
	              (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
	printf("{\"program\": \"echo\", \"mode\": \"%s\", \"batch\": %u, \"buffer\": %d, "
	       "\"answers\": %llu, \"cpu_ns\": %llu}\n",
		mode_names[mode], e->batch, granted, (unsigned long long)e->answers,
		(unsigned long long)us * 1000u);
}

/* A lost wake-up between the test of `stopped` and the receive costs 100 ms, no more. */
static void catch_signals(int fd)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct timeval wait = {.tv_usec = 100000};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
}

static int usage(void)
{
	fputs("usage: echo -l ADDR:PORT [-m recvfrom|recvmmsg|epoll] [-b BATCH] [-a "
	      "OCTETS]\n"
	      "  -l  listen there\n  -m  how to receive (recvmmsg)\n"
	      "  -b  datagrams per call (32)\n  -a  octets added to each query (16: one "
	      "A)\n",
		stderr);
	return 2;
}

static int mode_parse(const char *text)
{
	for (unsigned i = 0; i < ARRAY_LEN(mode_names); i++)
		if (strcmp(text, mode_names[i]) == 0)
			return (int)i;
	return -1;
}

int main(int argc, char **argv)
{
	static struct echo e;
	struct udp_target listen = {.len = 0};
	int mode = MODE_RECVMMSG, granted, c;

	e.batch = 32;
	e.extra = 16;

	while ((c = getopt(argc, argv, "l:m:b:a:")) != -1) {
		if (c == 'l' && udp_parse(optarg, &listen) < 0)
			return usage();
		else if (c == 'm')
			mode = mode_parse(optarg);
		else if (c == 'b')
			e.batch = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'a')
			e.extra = strtoul(optarg, NULL, 10);
		else if (c == '?')
			return usage();
	}
	if (listen.len == 0 || mode < 0 || e.batch == 0 || e.batch > BATCH_MAX ||
		e.extra > 1024)
		return usage();
	e.fd = udp_open(&listen, NULL, &granted);
	if (e.fd < 0) {
		fprintf(stderr, "echo: %s\n", strerror(-e.fd));
		return 1;
	}
	catch_signals(e.fd);
	init(&e);
	if (mode == MODE_RECVFROM)
		run_recvfrom(&e);
	else if (mode == MODE_RECVMMSG)
		run_recvmmsg(&e);
	else
		run_epoll(&e);
	report(&e, (enum mode)mode, granted);
	return 0;
}
