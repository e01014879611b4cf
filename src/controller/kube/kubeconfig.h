/*
 * kubeconfig.h - where an API server is and how to prove who we are, out of a kubeconfig
 * (WP-08, WP-09, WP-11)
 *
 * One context is picked and resolved; the rest of the file may hold what it likes:
 * unknown keys are skipped, of a key that stands twice the last counts, of two entries of
 * one name the first. YAML or JSON. Files that the text names are not opened here: paths
 * come out beside the kubeconfig's own directory.
 *
 * What is refused: credentials for a server without https, auth-provider, an exec plug-in
 * that wants a terminal, a CA together with insecure-skip-tls-verify, two ways to log in
 * at once. Trust: an operator's file, any octets. Pure.
 */
#ifndef KUBE_KUBECONFIG_H
#define KUBE_KUBECONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/kube/kubefields.h"
#include "controller/kube/secret.h"

/* PEM text that is given, or a file of it; neither: absent. */
struct kubeconfig_pem {
	struct secret data;
	char *file; /* "": none */
};

/* A program that prints an ExecCredential (WP-10). */
struct kubeconfig_exec {
	char *command;     /* "": none; beside the kubeconfig if relative with a slash */
	char *api_version; /* "client.authentication.k8s.io/v1" or ".../v1beta1" */
	char *hint;        /* how to install it; "" */
	char **args;
	size_t nargs;
	char **env; /* NAME=VALUE, besides the environment */
	size_t nenv;
	bool cluster_info; /* it wants to know the cluster */
	unsigned line, column;
};

/* One context. Strings are owned and never NULL; all are wiped when they are freed. */
struct kubeconfig {
	char **servers; /* as url_server() writes them; a kubeconfig has exactly one */
	size_t nservers;
	char *proxy, *tls_server_name;
	bool insecure, no_compression;
	struct kubeconfig_pem ca, cert, key;
	char *token, *token_file; /* with both the file's last good content wins */
	char *username, *password;
	char **headers; /* impersonation, as in a request: "Impersonate-User: x" */
	size_t nheaders;
	struct kubeconfig_exec exec; /* only if there are no other credentials */
};

/*
 * Read the text of the file `path` (for names beside it) and pick `context`; "" is the
 * current one. 0 with *out owned by the caller; -EINVAL with *error filled, *out is
 * empty. *error quotes names and URLs of servers, never credentials.
 */
int kubeconfig_parse(const uint8_t *data, size_t len, const char *path,
	const char *context, struct kubeconfig *out, struct kube_error *error);

/* An empty one, to be filled by hand: every string is "". */
void kubeconfig_init(struct kubeconfig *c);

/* Wipe and free; zeroed is fine. */
void kubeconfig_fini(struct kubeconfig *c);

/* What `file` means when it stands in the file `path`; owned by the caller. */
char *kubeconfig_beside(const char *path, const char *file);

/* True if the text may stand in a header of a request: printable, no white space. */
bool kubeconfig_is_token(const char *text, size_t len);

/* True if a PEM block begins in the text and the last one that does also ends. */
bool kubeconfig_is_pem(const char *text, size_t len);

#endif
