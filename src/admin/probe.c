/* probe.c - see probe.h */
#include "admin/probe.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "admin/admin.h"
#include "base/clock.h"
#include "dns/msg.h"
#include "dns/type.h"
#include "dns/wire.h"

#define REPLY_MAX 512

static void close_probe(struct probe *p)
{
	if (p->event == NULL)
		return;
	event_free(p->event);
	close(p->fd);
	p->event = NULL;
}

static void warn(struct admin *a, uint64_t now_ns, const char *what, uint64_t took_ns)
{
	uint64_t suppressed;

	if (log_allow(&a->probe_log, now_ns, &suppressed))
		log_line(LOG_WARNING,
			"self-probe: %s name=%s ms=%" PRIu64 " suppressed=%" PRIu64, what,
			a->probe_name, took_ns / NS_PER_MS, suppressed);
}

static void fail(struct probe *p, const char *what, uint64_t now_ns)
{
	struct admin *a = p->admin;

	stat_add(&a->stat->probe_failures, 1);
	warn(a, now_ns, what, now_ns - p->sent_ns);
	close_probe(p);
}

static void take_reply(struct probe *p, uint64_t now_ns)
{
	struct admin *a = p->admin;
	uint64_t took_ns = now_ns - p->sent_ns;

	stat_add(&a->stat->probe_fine[stat_fine(took_ns)], 1);
	stat_add(&a->stat->probe_slim[stat_slim(took_ns)], 1);
	stat_add(&a->stat->probe_ns, took_ns);
	if (took_ns > PROBE_SLOW_NS)
		warn(a, now_ns, "slow", took_ns);
	close_probe(p);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct probe *p = arg;
	uint8_t reply[REPLY_MAX];
	ssize_t n = recv(fd, reply, sizeof(reply), 0);
	uint64_t now_ns = clock_mono_ns();

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0)
		fail(p, strerror(errno), now_ns);
	else if (n < MSG_HEADER_LEN || load_u16(reply) != p->id ||
		 (load_u16(reply + 2) & MSG_QR) == 0)
		return; /* no reply to this; the time goes on */
	else if ((load_u16(reply + 2) & 0xf) == RCODE_SERVFAIL)
		fail(p, "SERVFAIL", now_ns);
	else
		take_reply(p, now_ns);
}

static bool is_wildcard(const struct addr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->octets, zero, sizeof(zero)) == 0;
}

/* A socket that is connected to the listener, or -errno. */
static int connect_to(const struct probe_to *to)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(to->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
		.sin6_port = htons(to->port),
		.sin6_scope_id = to->scope};
	bool any = is_wildcard(&to->addr), is_v4 = to->addr.len == 4;
	int fd = socket(
		is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	memcpy(&v4.sin_addr, to->addr.octets, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, to->addr.octets, sizeof(v6.sin6_addr));
	if (any) {
		v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		v6.sin6_addr = in6addr_loopback;
	}
	const struct sockaddr *sa = is_v4 ? (const void *)&v4 : (const void *)&v6;
	if (connect(fd, sa, is_v4 ? sizeof(v4) : sizeof(v6)) == 0)
		return fd;
	int ret = -errno;
	close(fd);
	return ret;
}

/* SOA of the zone; its length. */
static size_t write_query(const struct name *zone, uint16_t id, uint8_t *out, size_t cap)
{
	struct wire w;

	wire_init(&w, out, cap);
	wire_u16(&w, id);
	wire_u16(&w, 0);
	wire_u16(&w, 1);
	wire_u16(&w, 0);
	wire_u32(&w, 0);
	wire_bytes(&w, zone->wire, zone->len);
	wire_u16(&w, TYPE_SOA);
	wire_u16(&w, CLASS_IN);
	return w.len;
}

/* The query log leaves it out. */
static void note_own(struct admin *a, const struct probe *p)
{
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof(sa);
	in_port_t port;

	if (getsockname(p->fd, (struct sockaddr *)&sa, &len) < 0)
		return;
	port = sa.ss_family == AF_INET ? ((const struct sockaddr_in *)&sa)->sin_port
	                               : ((const struct sockaddr_in6 *)&sa)->sin6_port;
	a->view.own[a->probed++ % VIEW_OWN] = (struct view_own){
		.port = ntohs(port), .id = p->id};
}

/* The query is on its way, or the probe has failed. */
static void ask(struct admin *a, struct probe *p, const struct name *zone)
{
	uint8_t query[MSG_HEADER_LEN + NAME_MAX_LEN + 4];

	*p = (struct probe){.admin = a, .sent_ns = clock_mono_ns()};
	p->fd = connect_to(&a->probe_to);
	if (p->fd < 0) {
		fail(p, strerror(-p->fd), p->sent_ns);
		return;
	}
	(void)!getrandom(&p->id, sizeof(p->id), GRND_NONBLOCK);
	note_own(a, p);
	size_t len = write_query(zone, p->id, query, sizeof(query));
	p->event = event_new(a->base, p->fd, EV_READ | EV_PERSIST, on_readable, p);
	if (p->event == NULL || event_add(p->event, NULL) < 0) {
		close(p->fd);
		return; /* no memory: no fault of the listener */
	}
	if (send(p->fd, query, len, 0) < 0)
		fail(p, strerror(errno), p->sent_ns);
}

/* What is asked for: the first zone. NULL: nothing yet. */
static const struct name *first_zone(const struct admin *a)
{
	return view_probe_zone(
		reader_snap(&a->reader) != NULL ? &a->reader.settings : NULL);
}

void probe_name(struct admin *a)
{
	const struct name *zone = first_zone(a);

	if (zone != NULL)
		name_text(zone->wire, zone->len, a->probe_name, sizeof(a->probe_name));
	a->view.probe_name = a->probe_name;
}

static bool may_ask(const struct admin *a)
{
	const struct stat_supervisor *s = a->view.supervisor;

	return a->probe_to.port != 0 && s != NULL && stat_get(&s->stopping) == 0;
}

void probe_tick(struct admin *a, uint64_t now_ns)
{
	const struct name *zone = first_zone(a);
	struct probe *idle = NULL;

	for (unsigned i = 0; i < PROBES; i++) {
		struct probe *p = &a->probes[i];

		if (p->event != NULL && now_ns - p->sent_ns >= PROBE_WAIT_NS)
			fail(p, "no reply", now_ns);
		if (p->event == NULL)
			idle = p;
	}
	if (now_ns < a->probe_ns || idle == NULL || zone == NULL || !may_ask(a))
		return;
	a->probe_ns = now_ns + PROBE_EVERY_NS;
	ask(a, idle, zone);
}

void probe_end(struct admin *a)
{
	for (unsigned i = 0; i < PROBES; i++)
		close_probe(&a->probes[i]);
}
