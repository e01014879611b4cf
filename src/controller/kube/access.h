/*
 * access.h - where the API servers are and how to prove who we are (WP-01 to WP-11)
 *
 * Three ways, the first that is configured: `kubernetes.kubeconfig`;
 * `kubernetes.endpoints` with `kubernetes.tls.*` and `kubernetes.token_file`; the pod
 * that we run in, of whose files those same keys replace single ones (RO-03, RO-04).
 *
 * Everything comes from files that may be replaced at any time, so it is read again: each
 * file after 50 s when somebody asks, at once after access_refused(). What cannot be
 * read, or could not be used, keeps what was there; access_problem() tells. At the start
 * there is nothing to keep: then there are no facts, and asking again is the retry (after
 * 1 s a file is read anew). A CA that is configured and cannot be read is such a case:
 * nothing is sent to a server that cannot be checked (WP-02).
 *
 * Credentials leave only over https: facts with an http server have none (WP-08). Knows
 * nothing of HTTP or TLS libraries. Secrets are wiped when they are freed. Trust: files
 * of the operator and of kubelet, output of a plug-in; any octets. No call waits for
 * anything but a local file; a plug-in runs beside the event loop.
 */
#ifndef KUBE_ACCESS_H
#define KUBE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"

struct event_base;
struct access;

/* PEM text; len 0: absent. */
struct access_pem {
	const uint8_t *data;
	size_t len;
};

enum access_expiry {
	ACCESS_TOKEN,       /* `exp` of a JWT (its signature is not looked at) */
	ACCESS_CERTIFICATE, /* notAfter of the client's certificate */
	ACCESS_CA, /* the latest notAfter of the CAs: after it nothing is valid */
	ACCESS_EXPIRIES,
};

/*
 * What one request needs. Everything is borrowed until the next call of access_facts(),
 * access_refused() or access_close(), and until the event loop runs.
 */
struct access_facts {
	/*
	 * "https://10.0.0.1:6443/prefix": scheme and host in lower case, IPv6 in
	 * brackets, no slash at the end, no query, no fragment. At least one.
	 */
	char *const *servers;
	size_t nservers;
	const char *proxy; /* "": none; else http://, https:// or socks5h://; secret */
	const char *tls_server_name; /* to check the certificate for; "": the host */
	bool insecure;               /* do not check the server's certificate */
	bool no_compression;
	struct access_pem ca;            /* absent, and not insecure: the system's CAs */
	struct access_pem cert, key;     /* both or none */
	const char *token;               /* bearer token; "": none */
	const char *username, *password; /* of basic authentication; "": none */
	const char *const *headers;      /* to send as they are: "Impersonate-User: x" */
	size_t nheaders;
	uint64_t tls_generation;   /* another when ca, cert, key, insecure or
	                            tls_server_name is: idle connections are dropped
	                            (WP-07); from 1 */
	uint64_t login_generation; /* another when token, password, certificate, key or
	                              headers are; from 1 */
	uint64_t expiry_s[ACCESS_EXPIRIES]; /* unix time; 0: not known (MA-13) */
};

/* What does not come from the configuration; tests put their own in. */
struct access_env {
	const char *service_host, *service_port; /* of the API server; NULL: not set */
	const char *account_dir;                 /* of the service account in a pod */
	uint64_t exec_limit_ns;                  /* after which a plug-in is killed */
	uint64_t (*wall_ns)(void);               /* CLOCK_REALTIME */
};

/* The process's environment and Kubernetes' paths. Borrowed from the environment. */
void access_env_init(struct access_env *env);

/*
 * Begin. Nothing is read yet. `k` and `env` (NULL: access_env_init()) are copied. 0 with
 * *out owned by the caller; -EINVAL with a line for a log in `error`: what waiting cannot
 * mend, such as being in no cluster without a word where it is.
 *
 * on_change is called from the event loop when a plug-in has ended: ask for the facts
 * anew. Never from inside a call of this module.
 */
int access_open(struct event_base *base, const struct conf_kubernetes *k,
	const struct access_env *env, void (*on_change)(void *arg), void *arg,
	struct access **out, char *error, size_t cap);

/*
 * The facts at `now_ns` (monotonic), after reading again what is due. NULL: not now;
 * either access_pending(), or access_problem() says why.
 */
const struct access_facts *access_facts(struct access *a, uint64_t now_ns);

/*
 * The server refused us (401), or a TLS handshake failed over a certificate: all files
 * are read again at the next access_facts(), and a plug-in's credentials are forgotten,
 * so that it is run again. `login_generation` is that of the facts that were used: if
 * there are newer ones already, nothing is done, so many requests may report the same.
 */
void access_refused(struct access *a, uint64_t login_generation);

/* True while there are no facts because a plug-in is still running. */
bool access_pending(const struct access *a);

/*
 * What is wrong at the moment, as one line for a log without a line feed; "": nothing. It
 * may stand beside facts: then older credentials are still used. No secrets in it.
 * Borrowed until the next call.
 */
const char *access_problem(const struct access *a);

/* True if both configurations lead to the same servers in the same way. */
bool access_same(const struct conf_kubernetes *a, const struct conf_kubernetes *b);

/* Stop, kill a plug-in that runs, wipe. NULL is fine. */
void access_close(struct access *a);

#endif
