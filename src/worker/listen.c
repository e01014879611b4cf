#include "worker/listen.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/tcp.h"
#include "worker/udp.h"

static struct worker_socket *find(
	struct worker *w, uint32_t share, const struct socket_key *key)
{
	for (unsigned i = 0; i < WORKER_SOCKETS_MAX; i++) {
		struct worker_socket *s = &w->sockets[i];

		if (s->event != NULL && s->share == share &&
			memcmp(&s->key, key, sizeof(*key)) == 0)
			return s;
	}
	return NULL;
}

static struct worker_socket *find_free(struct worker *w)
{
	for (unsigned i = 0; i < WORKER_SOCKETS_MAX; i++)
		if (w->sockets[i].event == NULL)
			return &w->sockets[i];
	return NULL;
}

/* The least receive buffer of all sockets, for the stat page (DE-04). */
static void note_buffer(struct worker *w, int fd)
{
	uint64_t least = stat_get(&w->stat->receive_buffer);
	int size = 0;
	socklen_t len = sizeof(size);

	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len) < 0 || size <= 0)
		return;
	if (least == 0 || (uint64_t)size < least)
		stat_set(&w->stat->receive_buffer, (uint64_t)size);
}

/* Read it if it is its time. */
static void turn_on(struct worker *w, const struct worker_socket *s)
{
	bool tcp = s->key.kind == SOCKET_TCP;

	if (w->serving && !(tcp && w->accept_paused))
		event_add(s->event, NULL);
}

int listen_add(struct worker *w, const struct message_socket *m, int fd)
{
	struct worker_socket *s = find_free(w);
	bool tcp = m->key.kind == SOCKET_TCP;
	int ret = 0;

	if (m->key.kind > SOCKET_TCP)
		ret = -ENOTSUP;
	else if (find(w, m->share, &m->key) != NULL)
		ret = -EEXIST;
	else if (s == NULL)
		ret = -ENOSPC;
	if (ret < 0) {
		close(fd);
		return ret;
	}
	*s = (struct worker_socket){
		.worker = w, .share = m->share, .key = m->key, .fd = fd};
	if (m->key.kind == SOCKET_UDP) {
		struct addr a = {.len = m->key.family == AF_INET ? 4 : 16};

		memcpy(a.octets, m->key.addr, a.len);
		s->global = addr_global(&a);
	}
	s->event = event_new(w->base, fd, EV_READ | EV_PERSIST,
		tcp ? on_tcp_acceptable : on_udp_readable, s);
	if (s->event == NULL) {
		close(fd);
		return -ENOSPC;
	}
	if (!tcp)
		note_buffer(w, fd);
	turn_on(w, s);
	return 0;
}

int listen_remove(struct worker *w, const struct message_socket *m)
{
	struct worker_socket *s = find(w, m->share, &m->key);

	if (s == NULL)
		return -ENOENT;
	event_free(s->event);
	close(s->fd);
	*s = (struct worker_socket){.fd = -1};
	return 0;
}

const struct worker_socket *listen_find(
	struct worker *w, uint32_t share, const struct socket_key *key)
{
	return find(w, share, key);
}

void listen_serve(struct worker *w, bool on)
{
	w->serving = on;
	for (unsigned i = 0; i < WORKER_SOCKETS_MAX; i++) {
		if (w->sockets[i].event == NULL)
			continue;
		if (on)
			turn_on(w, &w->sockets[i]);
		else
			event_del(w->sockets[i].event);
	}
}

void listen_accept(struct worker *w, bool on)
{
	w->accept_paused = !on;
	for (unsigned i = 0; i < WORKER_SOCKETS_MAX; i++) {
		struct worker_socket *s = &w->sockets[i];

		if (s->event == NULL || s->key.kind != SOCKET_TCP)
			continue;
		if (on)
			turn_on(w, s);
		else
			event_del(s->event);
	}
}
