#include "admin/http.h"

#include <event2/event.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base.h"
#include "base/clock.h"

#define CONNECTIONS_MAX 64
#define CROWD           48 /* from here on who comes takes the place of who waits */
#define PER_ADDRESS_MAX 16
#define MEMORY_MAX      (16 << 10)
#define IDLE_S          5
#define REQUEST_NS      (5 * NS_PER_S)  /* for a complete request, */
#define CONNECTION_NS   (10 * NS_PER_S) /* and in any case */

/* The library's time-out is of idle time: one octet a second would live for ever. */
struct connection {
	int fd; /* the library's; -1: free */
	uint64_t began_ns;
	bool answered, shut;
};

struct http {
	struct MHD_Daemon *daemon;
	struct event *readable, *timer;
	unsigned kind;
	http_on_request on_request;
	void *arg;
	struct mem_buf body;
	struct http_counts counts;
	struct connection connections[CONNECTIONS_MAX];
};

/* ---- replies ---- */

static enum MHD_Result send_reply(
	struct MHD_Connection *c, const struct http_reply *reply)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
		reply->body->len, reply->body->data, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result ret = MHD_NO;

	if (r == NULL)
		return MHD_NO;
	if (MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type) ==
			MHD_YES &&
		MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close") ==
			MHD_YES &&
		(reply->status != MHD_HTTP_METHOD_NOT_ALLOWED ||
			MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD") ==
				MHD_YES))
		ret = MHD_queue_response(c, reply->status, r);
	MHD_destroy_response(r);
	return ret;
}

static bool takes_openmetrics(struct MHD_Connection *c)
{
	const char *accept = MHD_lookup_connection_value(
		c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);

	return accept != NULL && strstr(accept, "application/openmetrics-text") != NULL;
}

/*
 * The headers of a request are complete. It is answered in this first call, whatever body
 * it announces (HT-02).
 */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_len,
	void **state)
{
	static const char wrong[] = "only GET and HEAD\n";
	struct http *h = cls;
	struct http_reply reply = {.type = "text/plain; charset=utf-8", .body = &h->body};
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	(void)version;
	(void)upload;
	(void)upload_len;
	(void)state;
	if (info != NULL && info->socket_context != NULL)
		((struct connection *)info->socket_context)->answered = true;
	h->body.len = 0;
	if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
		strcmp(method, MHD_HTTP_METHOD_HEAD) == 0) {
		const struct http_request q = {url, takes_openmetrics(c)};

		h->on_request(h->arg, h->kind, &q, &reply);
	} else {
		reply.status = MHD_HTTP_METHOD_NOT_ALLOWED;
		mem_buf_put(&h->body, wrong, sizeof(wrong) - 1);
	}
	return send_reply(c, &reply);
}

/* ---- connections ---- */

static struct connection *free_place(struct http *h)
{
	for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
		if (h->connections[i].fd < 0)
			return &h->connections[i];
	return NULL;
}

static void shut(struct http *h, struct connection *c)
{
	c->shut = true;
	h->counts.shut++;
	shutdown(c->fd, SHUT_RDWR); /* the library hears of it, and closes */
}

/*
 * Some Pods that open connections and say nothing must not keep a probe out: who has
 * waited for the longest time without a request goes.
 */
static void make_way(struct http *h, const struct connection *newcomer)
{
	struct connection *oldest = NULL;

	for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &h->connections[i];

		if (c->fd >= 0 && c != newcomer && !c->shut && !c->answered &&
			(oldest == NULL || c->began_ns < oldest->began_ns))
			oldest = c;
	}
	if (oldest != NULL)
		shut(h, oldest);
}

static void on_connection(void *cls, struct MHD_Connection *c, void **context,
	enum MHD_ConnectionNotificationCode what)
{
	struct http *h = cls;
	struct connection *place = *context;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (place != NULL) {
			place->fd = -1;
			h->counts.connections--;
		}
		return;
	}
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		c, MHD_CONNECTION_INFO_CONNECTION_FD);
	place = free_place(h);
	if (place == NULL || info == NULL)
		return;
	*place = (struct connection){.fd = info->connect_fd, .began_ns = clock_mono_ns()};
	h->counts.connections++;
	*context = place;
	if (h->counts.connections > CROWD)
		make_way(h, place);
}

void http_tick(struct http *h, uint64_t now_ns)
{
	for (unsigned i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &h->connections[i];
		uint64_t limit_ns = c->answered ? CONNECTION_NS : REQUEST_NS;

		if (c->fd < 0 || c->shut || now_ns < c->began_ns + limit_ns)
			continue;
		shut(h, c);
	}
}

struct http_counts http_counts(const struct http *h)
{
	return h->counts;
}

/* ---- the loop ---- */

static void run(struct http *h)
{
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(h->daemon);
	if (MHD_get_timeout(h->daemon, &ms) != MHD_YES) {
		event_del(h->timer);
		return;
	}
	struct timeval after = {.tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000)};
	event_add(h->timer, &after);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	run(arg);
}

static struct MHD_Daemon *start(struct http *h, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, h,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)MEMORY_MAX, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		(unsigned)PER_ADDRESS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)IDLE_S, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
		MHD_OPTION_END);
}

struct http *http_open(
	struct event_base *base, unsigned kind, int fd, http_on_request on, void *arg)
{
	struct http *h = mem_alloc(1, sizeof(*h));

	h->kind = kind;
	h->on_request = on;
	h->arg = arg;
	for (unsigned i = 0; i < CONNECTIONS_MAX; i++)
		h->connections[i].fd = -1;
	h->daemon = start(h, fd);
	if (h->daemon == NULL)
		return NULL;
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(
		h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL)
		return NULL;
	h->readable = event_new(base, info->epoll_fd, EV_READ | EV_PERSIST, on_event, h);
	h->timer = event_new(base, -1, 0, on_event, h);
	if (h->readable == NULL || h->timer == NULL || event_add(h->readable, NULL) < 0)
		return NULL;
	run(h);
	return h;
}
