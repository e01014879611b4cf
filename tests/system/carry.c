/*
 * carry.c - the carriers of a forwarder by themselves: sockets, connections, TLS
 *
 * What asks is not the core but a script on standard input, one command in a line; what
 * happens is told on standard output. test_carriers.py plays the upstreams.
 *
 *   group DIGEST KEY=VALUE ...      begin a group of the next settings
 *   upstream ADDRESS PORT [NAME]    of that group; the name of its certificate
 *   configure                       these settings are the present ones
 *   send EXCHANGE udp|tcp|tls UPSTREAM HEX
 *                                   say `sent EXCHANGE ID`, or `unsent EXCHANGE ERROR`
 *   close EXCHANGE
 *   stat UPSTREAM                   say `stat`, and connections open, made, used
 *
 * `reply EXCHANGE HEX` ends an exchange if it is a response, `error EXCHANGE WHY TEXT`
 * always. All commands that are read at once belong to one turn.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/mem.h"
#include "forwarder/exchange.h"
#include "forwarder/kept.h"
#include "forwarder/tcp.h"
#include "forwarder/udp.h"

#define TICK_MS 50

static struct forwarder forwarder;
static struct stat_forwarder page;
static struct forward_settings settings[2];
static struct forward_settings *next = &settings[0], *present = &settings[1];
static char input[1 << 20];
static size_t filled;

/* ---- what the core would be ---- */

uint64_t forwarder_now(struct forwarder *f)
{
	return f->now_ns != 0 ? f->now_ns : forwarder_later(f);
}

uint64_t forwarder_later(struct forwarder *f)
{
	f->now_ns = clock_mono_ns();
	return f->now_ns;
}

void fwdtab_reply(struct fwdtab *f, uint32_t exchange, const uint8_t *msg, size_t len,
	uint64_t now_ns)
{
	(void)f;
	(void)now_ns;
	printf("reply %u ", (unsigned)exchange);
	for (size_t i = 0; i < len; i++)
		printf("%02x", msg[i]);
	printf("\n");
	if (len > 2 && (msg[2] & 0x80) != 0)
		exchange_close(&forwarder, exchange);
}

void fwdtab_error(struct fwdtab *f, uint32_t exchange, enum fwdtab_error why,
	const char *text, uint64_t now_ns)
{
	static const char *const words[] = {"refused", "network", "handshake", "full"};

	(void)f;
	(void)now_ns;
	printf("error %u %s %s\n", (unsigned)exchange, words[why], text);
	exchange_close(&forwarder, exchange);
}

/* ---- commands ---- */

static uint16_t text(const char *s)
{
	uint16_t at = next->text_len;

	memcpy(next->text + at, s, strlen(s) + 1);
	next->text_len = (uint16_t)(at + strlen(s) + 1);
	return at;
}

static void set(struct forward_group *g, const char *key, const char *value)
{
	uint32_t n = (uint32_t)strtoul(value, NULL, 10);

	if (strcmp(key, "reuse") == 0)
		g->reuse_sockets = n != 0;
	else if (strcmp(key, "expire") == 0)
		g->expire_ms = n;
	else if (strcmp(key, "max_age") == 0)
		g->max_age_ms = n;
	else if (strcmp(key, "max_idle") == 0)
		g->max_idle = (uint16_t)n;
	else if (strcmp(key, "source") == 0)
		addr_parse(value, strlen(value), &g->source);
	else if (strcmp(key, "ca") == 0)
		g->ca = text(value);
	else if (strcmp(key, "cert") == 0)
		g->cert = text(value);
	else if (strcmp(key, "key") == 0)
		g->key = text(value);
}

static void on_group(char *rest)
{
	struct forward_group *g = &next->groups[next->ngroups++];
	char *save, *word = strtok_r(rest, " ", &save);

	*g = (struct forward_group){.digest = strtoull(word, NULL, 10),
		.first = next->nupstreams,
		.transport = FORWARD_TLS,
		.expire_ms = 10000};
	while ((word = strtok_r(NULL, " ", &save)) != NULL) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		set(g, word, value);
	}
}

static void on_upstream(char *rest)
{
	struct forward_upstream *u = &next->upstreams[next->nupstreams++];
	char *save, *address = strtok_r(rest, " ", &save);
	char *port = strtok_r(NULL, " ", &save), *name = strtok_r(NULL, " ", &save);

	*u = (struct forward_upstream){.port = (uint16_t)strtoul(port, NULL, 10)};
	if (!addr_parse(address, strlen(address), &u->addr))
		abort();
	if (name != NULL && name_parse(name, &u->server) < 0)
		abort();
	next->groups[next->ngroups - 1].n++;
}

static void on_configure(void)
{
	struct forward_settings *old = present;

	present = next;
	next = old;
	kept_configure(forwarder.kept, present);
	tcp_configure(forwarder.tcp, present);
	memset(next, 0, sizeof(*next));
	next->text_len = 1;
	printf("configured\n");
}

/* The group that has an upstream. */
static const struct forward_group *group_of(unsigned upstream)
{
	const struct forward_group *g = present->groups;

	while (upstream >= (unsigned)g->first + g->n)
		g++;
	return g;
}

static void on_send(char *rest)
{
	char *save, *exchange = strtok_r(rest, " ", &save);
	const char *transport = strtok_r(NULL, " ", &save);
	unsigned upstream = (unsigned)strtoul(strtok_r(NULL, " ", &save), NULL, 10);
	const char *hex = strtok_r(NULL, " ", &save);
	uint8_t query[512];
	struct fwdtab_send s = {.exchange = (uint32_t)strtoul(exchange, NULL, 10),
		.transport = strcmp(transport, "udp") == 0   ? EXCHANGE_UDP
	                     : strcmp(transport, "tcp") == 0 ? EXCHANGE_TCP
	                                                     : EXCHANGE_TLS,
		.upstream = (uint8_t)upstream,
		.to = &present->upstreams[upstream],
		.group = group_of(upstream),
		.query = query};

	for (; hex[0] != '\0' && s.len < sizeof(query); hex += 2) {
		unsigned octet;

		sscanf(hex, "%2x", &octet);
		query[s.len++] = (uint8_t)octet;
	}
	uint16_t id = load_u16(query);
	int ret = exchange_send(&forwarder, &s, &id);
	if (ret == 0)
		printf("sent %u %u\n", (unsigned)s.exchange, (unsigned)id);
	else
		printf("unsent %u %s\n", (unsigned)s.exchange, strerror(-ret));
}

static void on_stat(const char *rest)
{
	const struct stat_upstream *u = &page.upstreams[strtoul(rest, NULL, 10)];

	printf("stat");
	for (int i = 0; i < 2; i++)
		printf(" %llu %llu %llu",
			(unsigned long long)stat_get(&u->connections[i]),
			(unsigned long long)stat_get(&u->connections_made[i]),
			(unsigned long long)stat_get(&u->connections_used[i]));
	printf("\n");
}

static void on_command(char *line)
{
	char *rest = strchr(line, ' ');

	if (rest != NULL)
		*rest++ = '\0';
	if (strcmp(line, "group") == 0)
		on_group(rest);
	else if (strcmp(line, "upstream") == 0)
		on_upstream(rest);
	else if (strcmp(line, "configure") == 0)
		on_configure();
	else if (strcmp(line, "send") == 0)
		on_send(rest);
	else if (strcmp(line, "close") == 0)
		exchange_close(&forwarder, (uint32_t)strtoul(rest, NULL, 10));
	else if (strcmp(line, "stat") == 0)
		on_stat(rest);
	else
		abort();
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
	ssize_t n = read(fd, input + filled, sizeof(input) - filled);
	char *line = input, *end;

	(void)what;
	(void)arg;
	if (n <= 0) {
		forwarder.ended = true;
		return;
	}
	filled += (size_t)n;
	while ((end = memchr(line, '\n', filled - (size_t)(line - input))) != NULL) {
		*end = '\0';
		on_command(line);
		line = end + 1;
	}
	filled -= (size_t)(line - input);
	memmove(input, line, filled);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	kept_tick(forwarder.kept, forwarder_now(&forwarder));
	tcp_tick(forwarder.tcp, forwarder_now(&forwarder));
}

int main(void)
{
	static const struct timeval tick = {.tv_usec = TICK_MS * 1000};
	struct forwarder *f = &forwarder;

	signal(SIGPIPE, SIG_IGN);
	log_init("carry", LOG_INFO);
	next->text_len = 1;
	f->stat = &page;
	f->base = event_base_new();
	f->exchanges = exchange_table();
	f->udp = udp_new(f);
	f->kept = kept_new(f);
	f->tcp = tcp_new(f);
	struct event *in = event_new(
		f->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, NULL);
	struct event *timer = event_new(f->base, -1, EV_PERSIST, on_tick, NULL);
	event_add(in, NULL);
	event_add(timer, &tick);
	while (!f->ended) {
		f->now_ns = 0;
		event_base_loop(f->base, EVLOOP_ONCE);
		tcp_flush(f->tcp);
		fflush(stdout);
	}
	return 0;
}
