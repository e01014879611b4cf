/* sockets.c - see sockets.h */
#include "supervisor/sockets.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dns/addr.h"
#include "supervisor/bind.h"
#include "supervisor/explain.h"
#include "supervisor/slots.h"
#include "supervisor/store.h"

#define LEFT_NS (5 * NS_PER_S) /* a last time for given up addresses */

const char *sockets_text(const struct socket_key *key, char *out)
{
	struct addr a = {.len = key->family == AF_INET ? 4 : 16};
	char text[ADDR_TEXT_MAX], scope[16] = "";

	memcpy(a.octets, key->addr, a.len);
	addr_text(&a, text);
	if (key->scope != 0)
		snprintf(scope, sizeof(scope), "%%%" PRIu32, key->scope);
	snprintf(out, SOCKETS_TEXT_MAX, key->family == AF_INET ? "%s%s:%u" : "[%s%s]:%u",
		text, scope, key->port);
	return out;
}

static bool same_key(const struct socket_key *a, const struct socket_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static struct sockets_group *find(const struct sockets *s, const struct socket_key *key)
{
	for (size_t i = 0; i < s->n; i++) {
		if (same_key(&s->group[i].key, key))
			return &s->group[i];
	}
	return NULL;
}

/* Note that this group is wanted, unless it is already. */
static void plan(struct sockets *s, const struct socket_key *key, bool follows)
{
	if (find(s, key) != NULL)
		return;
	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? 2 * s->cap : 16;
		s->group = mem_resize(s->group, s->cap, sizeof(*s->group));
	}
	s->group[s->n++] = (struct sockets_group){.key = *key, .follows = follows};
}

static struct socket_key key_of_listen(const struct conf_listen *l, uint8_t kind)
{
	struct socket_key key = {
		.kind = kind,
		.family = l->addr.len == 4 ? AF_INET : AF_INET6,
		.port = l->port,
		.scope = l->scope,
	};

	memcpy(key.addr, l->addr.octets, sizeof(key.addr));
	return key;
}

static bool is_any(const struct socket_key *key)
{
	static const uint8_t any[16];

	return memcmp(key->addr, any, sizeof(any)) == 0;
}

static bool is_wildcard(const struct conf_listen *l)
{
	struct socket_key key = key_of_listen(l, SOCKET_UDP);

	return is_any(&key);
}

/* The machine's addresses that wildcard `l` stands for, but never too many. */
static void plan_specific(struct sockets *s, const struct conf_listen *l, uint8_t kind,
	const struct addresses *machine)
{
	struct socket_key key = key_of_listen(l, kind);
	size_t n = 0;

	for (size_t i = 0; i < machine->n; i++) {
		const struct address *a = &machine->a[i];

		if (a->family != key.family)
			continue;
		if (n++ == SOCKETS_WILD_MAX) {
			if (!s->warned_many)
				log_line(LOG_WARNING,
					"many addresses: the rest go to the catch-all "
					"sockets "
					"limit=%d",
					SOCKETS_WILD_MAX);
			s->warned_many = true;
			return;
		}
		key.scope = a->scope;
		memcpy(key.addr, a->addr, sizeof(key.addr));
		plan(s, &key, true);
	}
}

/* Explicit addresses first: they are wanted for themselves, and stay. */
static void plan_all(struct sockets *s, const struct addresses *machine)
{
	struct socket_key key;

	for (size_t i = 0; i < s->nlisten; i++) {
		bool wild = is_wildcard(&s->listen[i]);

		key = key_of_listen(&s->listen[i], wild ? SOCKET_UDP_WILD : SOCKET_UDP);
		plan(s, &key, false);
		key.kind = SOCKET_TCP;
		if (!s->tcp_apart[i])
			plan(s, &key, false);
	}
	for (size_t i = 0; i < s->nlisten; i++) {
		if (is_wildcard(&s->listen[i]))
			plan_specific(s, &s->listen[i], SOCKET_UDP, machine);
		if (s->tcp_apart[i])
			plan_specific(s, &s->listen[i], SOCKET_TCP, machine);
	}
}

/*
 * A wildcard goes on without what others hold, and without a family that the machine does
 * not have; an address that was named must be bound.
 */
static bool may_do_without(const struct sockets_group *g, int error)
{
	if (!g->follows && !is_any(&g->key))
		return false;
	if (error == -EMFILE) /* the catch-all serves that address */
		return g->follows;
	return error == -EADDRINUSE || error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT;
}

/* Say that an address is not served, or not by sockets of its own. */
static void complain(struct sockets *s, const struct sockets_group *g, int error)
{
	if (error != -EMFILE || !may_do_without(g, error)) {
		explain_bind(may_do_without(g, error) ? LOG_WARNING : LOG_ERROR, &g->key,
			error);
		return;
	}
	if (!s->warned_many)
		log_line(LOG_WARNING,
			"few descriptors: the rest of the addresses go to the "
			"catch-all sockets fix=\"raise the limit of open files\"");
	s->warned_many = true;
}

static void close_group(struct sockets *s, struct sockets_group *g)
{
	if (g->fd == NULL)
		return;
	for (uint32_t i = 0; i < s->shares; i++) {
		if (g->fd[i] >= 0)
			close(g->fd[i]);
	}
	free(g->fd);
	g->fd = NULL;
}

/* DE-04: one warning at the start, not one for each socket. */
static void check_buffers(struct sockets *s, int fd)
{
	int granted = bind_granted(fd);

	if (s->granted == 0 || granted < s->granted)
		s->granted = granted;
	if (s->warned || granted >= SOCKETS_BUFFER)
		return;
	s->warned = true;
	log_line(LOG_WARNING,
		"small socket buffers wanted=%d granted=%d fix=\"sysctl -w "
		"net.core.rmem_max=%d net.core.wmem_max=%d\"",
		SOCKETS_BUFFER, granted, SOCKETS_BUFFER, SOCKETS_BUFFER);
}

/* TCP is left to the kernel's hash unless there are shares to go around. */
static int steer_group(struct sockets *s, const struct sockets_group *g)
{
	bool hash = g->key.kind == SOCKET_TCP && s->all_serve;

	return bind_steer(g->fd[0], s->filter, hash ? 0 : s->filter_len);
}

/* Room for a socket of each share. */
static void alloc_group(const struct sockets *s, struct sockets_group *g)
{
	if (g->fd != NULL)
		return;
	g->fd = mem_alloc(s->shares, sizeof(*g->fd));
	for (uint32_t i = 0; i < s->shares; i++)
		g->fd[i] = -1;
}

/* The manager keeps these too, or does so no longer. */
static void put_stored(const struct sockets_group *g, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		store_put(&g->key, i, g->fd[i]);
}

static void remove_stored(const struct sockets_group *g, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; g->fd != NULL && i < to; i++) {
		if (g->fd[i] >= 0)
			store_remove(&g->key, i);
	}
}

/* Bind one socket for each share that has none yet, and steer. */
static int open_group(struct sockets *s, struct sockets_group *g)
{
	uint32_t missing = 0;
	int ret = 0;

	store_settle();
	alloc_group(s, g);
	for (uint32_t i = 0; i < s->shares; i++)
		missing += g->fd[i] < 0;
	if (g->follows && !bind_has_room(MAX(missing, 1))) {
		ret = -EMFILE;
		goto out;
	}
	for (uint32_t i = 0; i < s->shares; i++) {
		ret = g->fd[i] >= 0 ? g->fd[i] : bind_socket(&g->key, true);
		if (ret < 0)
			goto out;
		g->fd[i] = ret;
		if (g->key.kind != SOCKET_TCP)
			check_buffers(s, ret);
	}
	ret = steer_group(s, g);
out:
	if (ret == 0) {
		put_stored(g, 0, s->shares);
	} else {
		remove_stored(g, 0, s->shares);
		close_group(s, g);
	}
	return ret;
}

/* Sockets of ours that cover the address, or a part of it: these are no strangers. */
static bool covered(const struct sockets *s, const struct socket_key *key)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct socket_key *o = &s->group[i].key;
		bool same_kind = (o->kind == SOCKET_TCP) == (key->kind == SOCKET_TCP);

		if (s->group[i].fd == NULL || !same_kind || o->family != key->family ||
			o->port != key->port)
			continue;
		if (is_any(o) || is_any(key) ||
			memcmp(o->addr, key->addr, sizeof(o->addr)) == 0)
			return true;
	}
	return false;
}

/*
 * 0 if nobody else holds an address, or -errno. Where our own sockets hold the port,
 * nobody without SO_REUSEPORT can have come in since; who has is found by binding.
 */
static int probe(const struct sockets *s, const struct socket_key *key)
{
	int fd;

	store_settle();
	fd = bind_socket(key, false);
	if (fd >= 0)
		close(fd);
	if (fd == -EADDRINUSE && covered(s, key))
		return 0;
	return MIN(fd, 0);
}

/* Bind each planned address alone and let go again; mark what cannot be had. */
static int probe_all(struct sockets *s, bool *held)
{
	for (size_t i = 0; i < s->n; i++) {
		struct sockets_group *g = &s->group[i];
		int ret = g->fd != NULL ? 0 : probe(s, &g->key); /* it was kept */

		held[i] = ret < 0;
		if (ret == 0)
			continue;
		complain(s, g, ret);
		if (!may_do_without(g, ret))
			return ret;
	}
	return 0;
}

static int open_all(struct sockets *s, const bool *held)
{
	size_t opened = 0;

	for (size_t i = 0; i < s->n; i++) {
		int ret = held[i] ? -EADDRINUSE : open_group(s, &s->group[i]);

		if (ret == 0)
			opened++;
		if (ret == 0 || held[i])
			continue;
		complain(s, &s->group[i], ret);
		if (!may_do_without(&s->group[i], ret))
			return ret;
	}
	if (opened == 0)
		log_line(LOG_ERROR, "nothing to listen on");
	return opened > 0 ? 0 : -EADDRINUSE;
}

/*
 * Find the wildcards of `s` that TCP cannot listen on because somebody listens on an
 * address of them (127.0.0.53, say): T-11 wants TCP on all the others. What `ours` has
 * open is not in the way.
 */
static void find_apart(struct sockets *s, const struct sockets *ours)
{
	for (size_t i = 0; i < s->nlisten; i++) {
		struct socket_key key = key_of_listen(&s->listen[i], SOCKET_TCP);
		const struct sockets_group *g = find(ours, &key);

		if (!is_any(&key) || (g != NULL && g->fd != NULL))
			continue;
		/* Beside our own it can only be bound as one of a group. */
		int fd = bind_socket(&key, covered(ours, &key));
		if (fd >= 0)
			close(fd);
		s->tcp_apart[i] = fd == -EADDRINUSE;
		if (s->tcp_apart[i])
			explain_bind(LOG_WARNING, &key, fd);
	}
}

/* Note what is asked for. */
static void ask_for(struct sockets *s, const struct conf_listen *listen, size_t n)
{
	s->nlisten = n;
	s->listen = mem_alloc(n, sizeof(*s->listen));
	s->tcp_apart = mem_alloc(n, sizeof(*s->tcp_apart));
	for (size_t i = 0; i < n; i++) {
		s->listen[i] = listen[i];
		if (s->port != 0)
			s->listen[i].port = s->port;
	}
}

/*
 * Sockets stand in their group in the order of the shares; one that is missing between
 * others would put these in wrong places.
 */
static bool has_gap(const struct sockets *s, const struct sockets_group *g)
{
	for (uint32_t i = 1; i < s->shares; i++) {
		if (g->fd[i] >= 0 && g->fd[i - 1] < 0)
			return true;
	}
	return false;
}

/* Groups of the sockets that the manager has kept; all are to go unless wanted. */
static void adopt(struct sockets *s)
{
	struct stored o;

	while (store_take(&o)) {
		plan(s, &o.key, true);
		struct sockets_group *g = find(s, &o.key);
		alloc_group(s, g);
		g->leaves_ns = clock_mono_ns() + LEFT_NS;
		if (o.share < s->shares && g->fd[o.share] < 0) {
			g->fd[o.share] = o.fd;
			continue;
		}
		close(o.fd); /* there are fewer workers now */
		store_remove(&o.key, o.share);
	}
	for (size_t i = s->n; i-- > 0;) {
		if (s->group[i].fd[0] >= 0 && !has_gap(s, &s->group[i]))
			continue;
		remove_stored(&s->group[i], 0, s->shares);
		close_group(s, &s->group[i]);
		s->group[i] = s->group[--s->n];
	}
	store_settle(); /* or what was closed here would hold its port there */
	if (s->n > 0)
		log_line(LOG_INFO, "sockets taken back groups=%zu", s->n);
}

/* Of the adopted groups those that are wanted stay. */
static void plan_adopted(struct sockets *s, const struct addresses *machine)
{
	struct sockets wanted = {
		.listen = s->listen, .tcp_apart = s->tcp_apart, .nlisten = s->nlisten};

	plan_all(&wanted, machine);
	for (size_t i = 0; i < wanted.n; i++) {
		struct sockets_group *g = find(s, &wanted.group[i].key);

		if (g != NULL) {
			g->follows = wanted.group[i].follows;
			g->leaves_ns = 0;
		} else {
			plan(s, &wanted.group[i].key, wanted.group[i].follows);
		}
	}
	s->warned_many = wanted.warned_many;
	free(wanted.group);
}

int sockets_open(struct sockets *s, const struct conf_listen *listen, size_t n,
	uint16_t port, uint32_t shares, const struct addresses *machine)
{
	uint32_t all[SLOTS_SHARES_MAX];
	bool *held = NULL;
	int ret;

	*s = (struct sockets){.shares = shares, .port = port, .all_serve = true};
	ask_for(s, listen, n);
	for (uint32_t i = 0; i < shares; i++)
		all[i] = i;
	s->filter_len = steer_program(all, shares, shares, s->filter);
	adopt(s);
	find_apart(s, s);
	plan_adopted(s, machine);
	held = mem_alloc(s->n, sizeof(*held));
	ret = probe_all(s, held);
	if (ret == 0)
		ret = open_all(s, held);
	free(held);
	if (ret < 0)
		sockets_close(s);
	return ret;
}

/* Forget and close one group after it was told. The last one takes its place. */
static void drop(struct sockets *s, size_t i, const char *why,
	sockets_on_change on_change, void *arg)
{
	struct sockets_group *g = &s->group[i];
	char text[SOCKETS_TEXT_MAX];

	if (g->fd != NULL) {
		log_line(LOG_INFO, "%s listen=%s", why, sockets_text(&g->key, text));
		on_change(arg, g, false);
	}
	remove_stored(g, 0, s->shares);
	close_group(s, g);
	*g = s->group[--s->n];
}

/* Close the specific sockets of addresses that the machine no longer has. */
static void drop_gone(struct sockets *s, const struct sockets *wanted,
	sockets_on_change on_change, void *arg)
{
	for (size_t i = s->n; i-- > 0;) {
		const struct sockets_group *g = &s->group[i];

		if (g->follows && !g->fresh && g->leaves_ns == 0 &&
			find(wanted, &g->key) == NULL)
			drop(s, i, "address gone", on_change, arg);
	}
}

/* Open one group late and tell of it. 0 or -errno, not logged. */
static int open_late(struct sockets *s, struct sockets_group *g,
	sockets_on_change on_change, void *arg)
{
	char text[SOCKETS_TEXT_MAX];
	int ret = probe(s, &g->key);

	if (ret == 0)
		ret = open_group(s, g);
	if (ret < 0)
		return ret;
	log_line(LOG_INFO, "address new listen=%s", sockets_text(&g->key, text));
	on_change(arg, g, true);
	return 0;
}

static void open_new(struct sockets *s, const struct sockets *wanted,
	sockets_on_change on_change, void *arg)
{
	for (size_t i = 0; i < wanted->n; i++) {
		struct sockets_group *g = find(s, &wanted->group[i].key);

		if (g != NULL) {
			g->leaves_ns = 0; /* it has come since a change was begun */
			continue;
		}
		plan(s, &wanted->group[i].key, wanted->group[i].follows);
		g = &s->group[s->n - 1];
		int ret = open_late(s, g, on_change, arg);
		if (ret < 0)
			complain(s, g, ret);
	}
}

void sockets_follow(struct sockets *s, const struct addresses *machine,
	sockets_on_change on_change, void *arg)
{
	struct sockets wanted = {
		.listen = s->listen, .tcp_apart = s->tcp_apart, .nlisten = s->nlisten};

	wanted.warned_many = s->warned_many;
	plan_all(&wanted, machine);
	s->warned_many = wanted.warned_many;
	drop_gone(s, &wanted, on_change, arg);
	open_new(s, &wanted, on_change, arg);
	free(wanted.group);
}

static void forget(struct sockets *s)
{
	free(s->group);
	free(s->listen);
	free(s->tcp_apart);
}

static void free_next(struct sockets *s)
{
	if (s->next == NULL)
		return;
	forget(s->next);
	free(s->next);
	s->next = NULL;
}

/* True if a change asks for what is open already. */
static bool is_current(const struct sockets *s, const struct sockets *next)
{
	if (s->nlisten != next->nlisten)
		return false;
	for (size_t i = 0; i < s->nlisten; i++) {
		struct socket_key a = key_of_listen(&s->listen[i], SOCKET_UDP),
				  b = key_of_listen(&next->listen[i], SOCKET_UDP);

		if (!same_key(&a, &b))
			return false;
	}
	return true;
}

/* Open one group of a change unless it is open. 0; -errno, logged. */
static int open_next(struct sockets *s, const struct sockets_group *wanted,
	sockets_on_change on_change, void *arg)
{
	struct sockets_group *g = find(s, &wanted->key);

	if (g != NULL && g->fd != NULL)
		return 0;
	if (g == NULL) {
		plan(s, &wanted->key, wanted->follows);
		g = &s->group[s->n - 1];
	}
	g->fresh = true;
	int ret = open_late(s, g, on_change, arg);
	if (ret < 0)
		complain(s, wanted, ret);
	return ret < 0 && !may_do_without(wanted, ret) ? ret : 0;
}

int sockets_prepare(struct sockets *s, const struct conf_listen *listen, size_t n,
	const struct addresses *machine, sockets_on_change on_change, void *arg)
{
	int ret = 0;

	s->next = mem_alloc(1, sizeof(*s->next));
	s->next->port = s->port;
	s->next->warned_many = s->warned_many;
	ask_for(s->next, listen, n);
	if (is_current(s, s->next)) {
		free_next(s);
		return 0;
	}
	find_apart(s->next, s);
	plan_all(s->next, machine);
	for (size_t i = 0; i < s->next->n && ret == 0; i++)
		ret = open_next(s, &s->next->group[i], on_change, arg);
	if (ret < 0)
		sockets_abort(s, on_change, arg);
	return ret;
}

void sockets_commit(struct sockets *s, uint64_t leaves_ns)
{
	struct sockets *next = s->next;
	char text[SOCKETS_TEXT_MAX];

	if (next == NULL)
		return;
	for (size_t i = 0; i < s->n; i++) {
		struct sockets_group *g = &s->group[i];
		const struct sockets_group *wanted = find(next, &g->key);

		if (wanted != NULL) {
			g->follows = wanted->follows;
			g->leaves_ns = 0;
		} else if (g->leaves_ns == 0) {
			g->leaves_ns = leaves_ns;
			if (g->key.kind != SOCKET_TCP)
				log_line(LOG_INFO, "address leaves listen=%s",
					sockets_text(&g->key, text));
		}
		g->fresh = false;
	}
	free(s->listen);
	free(s->tcp_apart);
	s->listen = next->listen;
	s->tcp_apart = next->tcp_apart;
	s->nlisten = next->nlisten;
	next->listen = NULL;
	next->tcp_apart = NULL;
	free_next(s);
}

void sockets_step(
	struct sockets *s, uint64_t now_ns, sockets_on_change on_change, void *arg)
{
	if (now_ns < sockets_wake_ns(s))
		return;
	for (size_t i = s->n; i-- > 0;) {
		if (s->group[i].leaves_ns != 0 && s->group[i].leaves_ns <= now_ns)
			drop(s, i, "address removed", on_change, arg);
	}
}

uint64_t sockets_wake_ns(const struct sockets *s)
{
	uint64_t wake_ns = UINT64_MAX;

	if (s->next != NULL) /* a change may want it again */
		return wake_ns;
	for (size_t i = 0; i < s->n; i++) {
		if (s->group[i].leaves_ns != 0)
			wake_ns = MIN(wake_ns, s->group[i].leaves_ns);
	}
	return wake_ns;
}

void sockets_abort(struct sockets *s, sockets_on_change on_change, void *arg)
{
	if (s->next == NULL)
		return;
	for (size_t i = s->n; i-- > 0;) {
		if (s->group[i].fresh)
			drop(s, i, "address not added", on_change, arg);
	}
	free_next(s);
}

static void steer_all(struct sockets *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->group[i].fd == NULL)
			continue;
		int ret = steer_group(s, &s->group[i]);
		if (ret < 0)
			log_line(LOG_ERROR, "steering failed error=\"%s\"",
				strerror(-ret));
	}
}

void sockets_steer(struct sockets *s, const uint32_t *share, uint32_t n)
{
	s->filter_len = steer_program(share, n, s->shares, s->filter);
	s->all_serve = n == s->shares;
	steer_all(s);
}

/* Bind the sockets of further shares, which stand behind the others in their group. */
static int widen_group(struct sockets_group *g, uint32_t from, uint32_t to)
{
	if (!bind_has_room(to - from))
		return -EMFILE;
	for (uint32_t i = from; i < to; i++) {
		int fd = bind_socket(&g->key, true);

		if (fd < 0)
			return fd;
		g->fd[i] = fd;
	}
	put_stored(g, from, to);
	return 0;
}

int sockets_grow(struct sockets *s, uint32_t shares)
{
	uint32_t from = s->shares;
	int ret = 0;

	store_settle();
	s->all_serve = false; /* or TCP would come to listeners that nobody reads */
	steer_all(s);
	for (size_t i = 0; i < s->n; i++) {
		struct sockets_group *g = &s->group[i];

		if (g->fd == NULL)
			continue;
		g->fd = mem_resize(g->fd, shares, sizeof(*g->fd));
		for (uint32_t k = from; k < shares; k++)
			g->fd[k] = -1;
	}
	s->shares = shares;
	for (size_t i = 0; i < s->n && ret == 0; i++) {
		if (s->group[i].fd != NULL)
			ret = widen_group(&s->group[i], from, shares);
		if (ret < 0)
			explain_bind(LOG_ERROR, &s->group[i].key, ret);
	}
	if (ret < 0)
		sockets_shrink(s, from);
	return ret;
}

/* The last one first: closing another would move the last into its place. */
static void narrow_group(struct sockets_group *g, uint32_t from, uint32_t to)
{
	remove_stored(g, to, from);
	for (uint32_t i = from; i-- > to;) {
		if (g->fd[i] >= 0)
			close(g->fd[i]);
		g->fd[i] = -1;
	}
}

void sockets_shrink(struct sockets *s, uint32_t shares)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->group[i].fd != NULL)
			narrow_group(&s->group[i], s->shares, shares);
	}
	s->shares = shares;
	store_settle(); /* the kernel's hash would choose what lingers there for TCP */
}

static bool group_idle(const struct sockets_group *g, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct pollfd p = {.fd = g->fd[i], .events = POLLIN};

		if (poll(&p, 1, 0) > 0 && (p.revents & POLLIN) != 0)
			return false;
	}
	return true;
}

bool sockets_idle(const struct sockets *s, uint32_t share)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct sockets_group *g = &s->group[i];

		if (g->fd != NULL && !group_idle(g, share, s->shares))
			return false;
	}
	return true;
}

size_t sockets_addresses(const struct sockets *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->group[i].key.kind != SOCKET_TCP && s->group[i].fd != NULL &&
		     s->group[i].leaves_ns == 0;
	return n;
}

void sockets_close(struct sockets *s)
{
	for (size_t i = 0; i < s->n; i++)
		close_group(s, &s->group[i]);
	free_next(s);
	forget(s);
	*s = (struct sockets){0};
}
