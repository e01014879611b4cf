/*
 * stub.c - an upstream for the demo where there is no network (QS-10)
 *
 *   demo-stub PORT
 *
 * Answers over UDP at 127.0.0.1:PORT: example.test and every name below it has an address
 * of each family; other names are refused. Ends when it is killed.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "dns/name.h"
#include "dns/type.h"
#include "dns/wire.h"

#define HEADER 12
#define TTL_S  60

static const uint8_t zone[] = "\7example\4test";                        /* and the root */
static const uint8_t v4[4] = {192, 0, 2, 10};                           /* RFC 5737 */
static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 0x10};    /* RFC 3849 */
static const uint8_t opt[11] = {0, 0, TYPE_OPT, 1232 >> 8, 1232 & 255}; /* RFC 6891 */

/* The record of the name in the question, which the answer points to. */
static void put_address(struct wire *w, uint16_t type, const uint8_t *addr, uint16_t len)
{
	wire_u16(w, 0xc000 | HEADER);
	wire_u16(w, type);
	wire_u16(w, CLASS_IN);
	wire_u32(w, TTL_S);
	wire_u16(w, len);
	wire_bytes(w, addr, len);
	wire_patch_u16(w, 6, 1);
}

/* The reply to a query of `len` octets, in its place; its length, 0: none. */
static size_t answer(uint8_t *msg, size_t cap, size_t len)
{
	uint8_t folded[NAME_MAX_LEN];
	struct wire w;
	size_t name_len = len > HEADER ? name_scan(msg + HEADER, len - HEADER) : 0;
	size_t end = HEADER + name_len + 4;

	if (name_len == 0 || len < end || (msg[2] & 0x80) != 0 || load_u16(msg + 4) != 1)
		return 0;
	bool edns = load_u16(msg + 10) > 0;
	uint16_t type = load_u16(msg + end - 4);
	name_fold(folded, msg + HEADER, name_len);
	bool ours = name_under(folded, name_len, zone, sizeof(zone));
	wire_init(&w, msg, cap);
	w.len = end;
	msg[2] = 0x80 | (msg[2] & 1);               /* QR, RD as it was */
	msg[3] = 0x80 | (ours ? 0 : RCODE_REFUSED); /* RA */
	memset(msg + 6, 0, 6);
	if (ours && type == TYPE_A)
		put_address(&w, TYPE_A, v4, sizeof(v4));
	if (ours && type == TYPE_AAAA)
		put_address(&w, TYPE_AAAA, v6, sizeof(v6));
	if (edns) {
		wire_bytes(&w, opt, sizeof(opt));
		wire_patch_u16(&w, 10, 1);
	}
	return w.overflow ? 0 : w.len;
}

static void serve(int fd)
{
	uint8_t msg[1232];

	for (;;) {
		struct sockaddr_in from;
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(
			fd, msg, sizeof(msg), 0, (struct sockaddr *)&from, &size);
		size_t len = n > 0 ? answer(msg, sizeof(msg), (size_t)n) : 0;

		if (len > 0)
			sendto(fd, msg, len, 0, (struct sockaddr *)&from, size);
	}
}

int main(int argc, char **argv)
{
	int port = argc == 2 ? atoi(argv[1]) : 0;
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (port < 1 || port > UINT16_MAX) {
		fprintf(stderr, "usage: demo-stub PORT\n");
		return 2;
	}
	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0) {
		perror("demo-stub");
		return 1;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* the demo ends, however it ends */
	printf("ready\n");
	fflush(stdout);
	serve(fd);
}
