#include "forwarder/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/log.h"
#include "base/mem.h"
#include "forwarder/fwdtab.h"

#define LOOK_NS NS_PER_S

enum { FILE_CA, FILE_CERT, FILE_KEY, FILES };
static const char *const roles[] = {"ca", "cert", "key"};

/* By what a file is known to have changed. */
struct stamp {
	struct timespec mtime;
	off_t size;
	ino_t inode;
};

struct context {
	uint64_t digest;         /* of the group; 0: free */
	const char *path[FILES]; /* borrowed from the settings; "": none */
	struct stamp stamp[FILES];
	SSL_CTX *ssl;            /* owned; NULL: its files could never be used, */
	char text[TLS_TEXT_MAX]; /* for this reason */
	SSL_SESSION *ticket[FORWARD_UPSTREAMS_MAX]; /* owned; the last of each */
};

struct tls {
	struct context context[FORWARD_GROUPS_MAX];
	uint64_t look_ns; /* when to look at files next */
};

struct tls_channel {
	SSL *ssl;                /* owned */
	SSL_CTX *of;             /* whose tickets may be kept: compared, not followed */
	struct context *context; /* borrowed: contexts stay where they are */
	unsigned nth;
	bool wants_room;
	char text[TLS_TEXT_MAX];
};

/* ---- contexts ---- */

/* The first error of OpenSSL's, or `other`. The rest is forgotten. */
static const char *first_error(const char *other)
{
	unsigned long e = ERR_get_error();
	const char *text = e != 0 ? ERR_reason_error_string(e) : NULL;

	if (e != 0 && text == NULL && ERR_SYSTEM_ERROR(e))
		text = strerror(ERR_GET_REASON(e));
	ERR_clear_error();
	return text != NULL ? text : other;
}

/* The file behind a role: the system's certificates where none was named. */
static const char *path_of(const struct context *c, int role)
{
	if (role == FILE_CA && c->path[role][0] == '\0')
		return X509_get_default_cert_file();
	return c->path[role];
}

/* True if the file is another one than when it was looked at last. */
static bool changed(struct context *c, int role)
{
	struct stamp now = {.size = -1};
	struct stat st;

	if (stat(path_of(c, role), &st) == 0)
		now = (struct stamp){st.st_mtim, st.st_size, st.st_ino};
	bool same = now.mtime.tv_sec == c->stamp[role].mtime.tv_sec &&
	            now.mtime.tv_nsec == c->stamp[role].mtime.tv_nsec &&
	            now.size == c->stamp[role].size && now.inode == c->stamp[role].inode;
	c->stamp[role] = now;
	return !same;
}

/* Which file could not be used; NULL: all can. */
static const char *load_files(const struct context *c, SSL_CTX *ssl)
{
	const char *ca = c->path[FILE_CA], *cert = c->path[FILE_CERT];
	const char *key = c->path[FILE_KEY];

	if (ca[0] != '\0' ? SSL_CTX_load_verify_file(ssl, ca) != 1
			  : SSL_CTX_set_default_verify_paths(ssl) != 1)
		return roles[FILE_CA];
	if (cert[0] != '\0' && SSL_CTX_use_certificate_chain_file(ssl, cert) != 1)
		return roles[FILE_CERT];
	if (key[0] != '\0' &&
		(SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1 ||
			SSL_CTX_check_private_key(ssl) != 1))
		return roles[FILE_KEY];
	return NULL;
}

/* The upstream tells us by what the next handshake may be resumed. */
static int on_ticket(SSL *ssl, SSL_SESSION *ticket)
{
	struct tls_channel *c = SSL_get_app_data(ssl);

	if (c->of != c->context->ssl)
		return 0; /* made under certificates that are not those of today */
	SSL_SESSION_free(c->context->ticket[c->nth]);
	c->context->ticket[c->nth] = ticket;
	return 1;
}

static SSL_CTX *make(const struct context *c, const char **what)
{
	static const uint8_t alpn[] = {3, 'd', 'o', 't'};
	SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());

	*what = "context";
	if (ssl == NULL)
		return NULL;
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(
		ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ssl, on_ticket);
	if (SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
		SSL_CTX_set_alpn_protos(ssl, alpn, sizeof(alpn)) == 0)
		*what = load_files(c, ssl);
	if (*what == NULL)
		return ssl;
	SSL_CTX_free(ssl);
	return NULL;
}

/* Resuming would skip the certificates that are to be checked from now on. */
static void forget_tickets(struct context *c)
{
	for (size_t i = 0; i < ARRAY_LEN(c->ticket); i++) {
		SSL_SESSION_free(c->ticket[i]);
		c->ticket[i] = NULL;
	}
}

static void load(struct context *c)
{
	const char *what;
	char quoted[256];

	ERR_clear_error();
	SSL_CTX *ssl = make(c, &what);
	if (ssl == NULL) {
		snprintf(c->text, sizeof(c->text), "tls %s: %s", what,
			first_error("cannot be used"));
		log_line(LOG_ERROR, "tls files refused files=%s kept=%s error=%s", what,
			c->ssl != NULL ? "yes" : "no",
			log_quote(c->text, quoted, sizeof(quoted)));
		return;
	}
	forget_tickets(c);
	if (c->ssl != NULL)
		log_line(LOG_INFO, "tls files read again");
	SSL_CTX_free(c->ssl);
	c->ssl = ssl;
}

static void drop(struct context *c)
{
	forget_tickets(c);
	SSL_CTX_free(c->ssl);
	*c = (struct context){0};
}

static struct context *find(struct tls *t, uint64_t digest)
{
	for (size_t i = 0; i < ARRAY_LEN(t->context); i++)
		if (t->context[i].digest == digest)
			return &t->context[i];
	return NULL;
}

static bool speaks_tls(const struct forward_settings *s, const struct forward_group *g)
{
	for (unsigned i = 0; i < g->n; i++)
		if (s->upstreams[g->first + i].tls)
			return true;
	return g->transport == FORWARD_TLS;
}

/* True if any file is another one. All are looked at, so that each is known. */
static bool any_changed(struct context *c)
{
	bool any = false;

	for (int role = 0; role < FILES; role++)
		any |= changed(c, role);
	return any;
}

void tls_configure(struct tls *t, const struct forward_settings *s)
{
	for (size_t i = 0; i < ARRAY_LEN(t->context); i++)
		if (t->context[i].digest != 0 &&
			forward_by_digest(s, t->context[i].digest) < 0)
			drop(&t->context[i]);
	for (unsigned i = 0; i < s->ngroups; i++) {
		const struct forward_group *g = &s->groups[i];
		struct context *c = find(t, g->digest);
		bool fresh = c == NULL;

		if (!speaks_tls(s, g))
			continue;
		if (fresh)
			c = find(t, 0); /* there are as many as groups */
		c->digest = g->digest;
		c->path[FILE_CA] = s->text + g->ca;
		c->path[FILE_CERT] = s->text + g->cert;
		c->path[FILE_KEY] = s->text + g->key;
		if (any_changed(c) || fresh)
			load(c);
	}
}

void tls_look(struct tls *t, uint64_t now_ns)
{
	if (now_ns < t->look_ns)
		return;
	t->look_ns = now_ns + LOOK_NS;
	for (size_t i = 0; i < ARRAY_LEN(t->context); i++)
		if (t->context[i].digest != 0 && any_changed(&t->context[i]))
			load(&t->context[i]);
}

struct tls *tls_new(void)
{
	return mem_alloc(1, sizeof(struct tls));
}

/* ---- channels ---- */

/* The name that the certificate must have, without the final dot; "": its address. */
static void expected(const struct forward_upstream *u, char out[NAME_TEXT_MAX])
{
	const struct name *n = u->server.len != 0 ? &u->server : &u->host;
	size_t len = n->len != 0 ? name_text(n->wire, n->len, out, NAME_TEXT_MAX) : 0;

	out[len > 0 ? len - 1 : 0] = '\0';
}

/* Say whom we expect: by name, in the handshake too, or by address. */
static bool expect(SSL *ssl, const struct forward_upstream *u)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(ssl);
	char name[NAME_TEXT_MAX];

	expected(u, name);
	if (name[0] == '\0')
		return X509_VERIFY_PARAM_set1_ip(p, u->addr.octets, u->addr.len) == 1;
	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(p, name, 0) == 1 &&
	       SSL_set_tlsext_host_name(ssl, name) == 1;
}

struct tls_channel *tls_open(struct tls *t, const struct forward_group *g, unsigned nth,
	const struct forward_upstream *u, int fd, const char **text)
{
	struct context *context = find(t, g->digest);

	*text = "no TLS for this upstream";
	if (context == NULL)
		return NULL;
	if (context->ssl == NULL) {
		*text = context->text;
		return NULL;
	}
	ERR_clear_error();
	struct tls_channel *c = mem_alloc(1, sizeof(*c));
	*c = (struct tls_channel){.ssl = SSL_new(context->ssl),
		.of = context->ssl,
		.context = context,
		.nth = nth};
	if (c->ssl == NULL || SSL_set_fd(c->ssl, fd) != 1 || !expect(c->ssl, u)) {
		*text = first_error("cannot begin TLS");
		SSL_free(c->ssl);
		free(c);
		return NULL;
	}
	SSL_set_app_data(c->ssl, c);
	SSL_set_connect_state(c->ssl);
	if (context->ticket[nth] != NULL)
		SSL_set_session(c->ssl, context->ticket[nth]);
	return c;
}

void tls_close(struct tls_channel *c)
{
	/* One that ends without a word takes its ticket along. */
	if (SSL_is_init_finished(c->ssl))
		SSL_shutdown(c->ssl);
	ERR_clear_error();
	SSL_free(c->ssl);
	free(c);
}

/* Why the last call failed, for people. */
static int explain(struct tls_channel *c, int saved_errno)
{
	long verified = SSL_get_verify_result(c->ssl);
	const char *text;

	if (verified != X509_V_OK) {
		text = X509_verify_cert_error_string(verified);
		ERR_clear_error();
	} else {
		text = first_error(
			saved_errno != 0 ? strerror(saved_errno) : "connection closed");
	}
	snprintf(c->text, sizeof(c->text), "tls: %s", text);
	return -EPROTO;
}

/* What the result of a call means: 0 only for the end of the stream. */
static int outcome(struct tls_channel *c, int result)
{
	int saved_errno = errno;

	c->wants_room = false;
	switch (SSL_get_error(c->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		c->wants_room = true;
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		return explain(c, saved_errno);
	}
}

int tls_handshake(struct tls_channel *c)
{
	ERR_clear_error();
	errno = 0;
	int result = SSL_do_handshake(c->ssl);
	if (result == 1)
		return 0;
	int ret = outcome(c, result);
	if (ret == 0)
		ret = explain(c, 0); /* the other side said goodbye */
	if (ret == -EPROTO && c->of == c->context->ssl) {
		/* Should it be the ticket's fault, the next one begins anew. */
		SSL_SESSION_free(c->context->ticket[c->nth]);
		c->context->ticket[c->nth] = NULL;
	}
	return ret;
}

ssize_t tls_read(struct tls_channel *c, uint8_t *to, size_t room)
{
	size_t n;

	ERR_clear_error();
	errno = 0;
	int result = SSL_read_ex(c->ssl, to, room, &n);
	return result == 1 ? (ssize_t)n : outcome(c, result);
}

ssize_t tls_write(struct tls_channel *c, const uint8_t *octets, size_t len)
{
	size_t n;

	ERR_clear_error();
	errno = 0;
	int result = SSL_write_ex(c->ssl, octets, len, &n);
	if (result == 1)
		return (ssize_t)n;
	int ret = outcome(c, result);
	return ret == 0 ? explain(c, EPIPE) : ret;
}

bool tls_wants_room(const struct tls_channel *c)
{
	return c->wants_room;
}

const char *tls_text(const struct tls_channel *c)
{
	return c->text;
}
