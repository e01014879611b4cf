/*
 * tls.h - TLS towards upstreams, and the door of OpenSSL (FW-20, RFC 7858) (shell)
 *
 * A *context* is what a group's certificates and names say; it is made when settings
 * come, and again when one of its files changes: a file that cannot be used leaves the
 * context as it was, and is logged. Without a context that ever worked there is no
 * connection. A *channel* is one connection's TLS over a socket that does not block; none
 * of its functions does.
 *
 * TLS is 1.2 or newer, the certificate must be good for the upstream's name or else its
 * address, and handshakes are resumed.
 */
#ifndef FORWARDER_TLS_H
#define FORWARDER_TLS_H

#include <sys/types.h>

#include "snap/forward.h"

#define TLS_TEXT_MAX 96

struct tls;
struct tls_channel;

/* Make one without contexts. Owned for the life of the process. */
struct tls *tls_new(void);

/*
 * Make contexts for groups that speak TLS; those whose digest is known stay. Borrowed
 * until the next call.
 */
void tls_configure(struct tls *t, const struct forward_settings *s);

/* Look at the files of all contexts, once a second, and read those that changed. */
void tls_look(struct tls *t, uint64_t now_ns);

/*
 * Begin on a connected socket (borrowed), for the n-th upstream of the group. Owned;
 * tls_close() ends it. NULL: why stands in *text, a literal or borrowed until the next
 * call.
 */
struct tls_channel *tls_open(struct tls *t, const struct forward_group *g, unsigned nth,
	const struct forward_upstream *u, int fd, const char **text);
void tls_close(struct tls_channel *c);

/*
 * As far as it goes without blocking: 0, or octets; -EAGAIN: the socket must become
 * readable, or writable if tls_wants_room(); -EPROTO: it is over, tls_text() says why.
 * tls_read() returns 0 at the end of the stream: messages say how long they are, so it is
 * no matter whether the end was orderly.
 */
int tls_handshake(struct tls_channel *c);
ssize_t tls_read(struct tls_channel *c, uint8_t *to, size_t room);
ssize_t tls_write(struct tls_channel *c, const uint8_t *octets, size_t len);
bool tls_wants_room(const struct tls_channel *c);
const char *tls_text(const struct tls_channel *c);

#endif
