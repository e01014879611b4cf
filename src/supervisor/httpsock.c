/* httpsock.c - see httpsock.h */
#include "supervisor/httpsock.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "supervisor/bind.h"
#include "supervisor/holder.h"
#include "supervisor/sockets.h"

static const char *const names[HTTPSOCK_KINDS] = {
	"health.listen", "ready.listen", "metrics.listen"};

static const struct conf_listen *wanted(const struct conf *c, unsigned kind)
{
	const struct conf_listen *const listen[HTTPSOCK_KINDS] = {
		&c->health.listen, &c->ready.listen, &c->metrics.listen};

	return listen[kind];
}

bool httpsock_wanted(const struct conf *c)
{
	for (unsigned i = 0; i < HTTPSOCK_KINDS; i++) {
		if (wanted(c, i)->port != 0)
			return true;
	}
	return false;
}

static void complain(const char *name, const struct socket_key *key, int error)
{
	struct socket_key tcp = *key;
	char text[SOCKETS_TEXT_MAX], who[96];

	tcp.kind = SOCKET_TCP;
	sockets_text(key, text);
	if (error == -EADDRINUSE)
		log_line(LOG_ERROR,
			"port held %s=%s holder=\"%s\" fix=\"stop it, or name another "
			"port; \\\"\\\" switches it off\"",
			name, text, holder_find(&tcp, who, sizeof(who)));
	else
		log_line(LOG_ERROR, "listen failed %s=%s error=\"%s\"", name, text,
			strerror(-error));
}

/* Without an address it is for all of them, of both families where there are two. */
static int open_one(struct socket_key *key, const struct conf_listen *l)
{
	int fd;

	*key = (struct socket_key){
		.kind = key->kind,
		.family = l->addr.len == 4 ? AF_INET : AF_INET6,
		.port = l->port,
	};
	memcpy(key->addr, l->addr.octets, sizeof(key->addr));
	fd = bind_socket(key, false);
	if (l->addr.len != 0 || (fd != -EAFNOSUPPORT && fd != -EADDRNOTAVAIL))
		return fd;
	key->family = AF_INET;
	return bind_socket(key, false);
}

void httpsock_open(struct httpsock *h, const struct conf *c)
{
	for (unsigned i = 0; i < HTTPSOCK_KINDS; i++) {
		struct socket_key *key = &h->key[i];

		key->kind = (uint8_t)(SOCKET_HTTP_HEALTH + i);
		h->fd[i] = -1;
		if (wanted(c, i)->port == 0)
			continue;
		int fd = open_one(key, wanted(c, i));
		if (fd < 0)
			complain(names[i], key, fd);
		else
			h->fd[i] = fd;
	}
}

void httpsock_close(struct httpsock *h)
{
	for (unsigned i = 0; i < HTTPSOCK_KINDS; i++) {
		if (h->fd[i] >= 0)
			close(h->fd[i]);
		h->fd[i] = -1;
	}
}
