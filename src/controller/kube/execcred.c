#include "controller/kube/execcred.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "controller/kube/base64.h"
#include "controller/kube/timestamp.h"
#include "controller/kube/yamltree.h"

struct answer {
	const struct yamlnode *root;
	struct execcred *out;
	char *why;
	size_t cap;
};

static int refuse(struct answer *a, const char *text)
{
	snprintf(a->why, a->cap, "%s", text);
	return -EINVAL;
}

static bool is_text(const struct yamlnode *n, const char *text)
{
	return n != NULL && n->kind == YAMLTREE_SCALAR && strcmp(n->text, text) == 0;
}

/* A string of the status; absent leaves *to empty. */
static int take(struct answer *a, const struct yamlnode *status, const char *key,
	struct secret *to)
{
	const struct yamlnode *n = yamltree_get(status, key);

	if (n == NULL)
		return 0;
	if (n->kind != YAMLTREE_SCALAR) {
		snprintf(a->why, a->cap, "status.%s is no string", key);
		return -EINVAL;
	}
	secret_set(to, n->text, n->len);
	return 0;
}

static int take_expiry(struct answer *a, const struct yamlnode *status)
{
	const struct yamlnode *n = yamltree_get(status, "expirationTimestamp");

	if (n == NULL || (n->kind == YAMLTREE_SCALAR && n->len == 0))
		return 0;
	if (n->kind != YAMLTREE_SCALAR || !timestamp_parse(n->text, &a->out->expires_s))
		return refuse(a, "status.expirationTimestamp is no time such as "
				 "2006-01-02T15:04:05Z");
	return 0;
}

static bool is_pem(const struct secret *s)
{
	return kubeconfig_is_pem(secret_text(s), s->len);
}

static int check(struct answer *a)
{
	const struct execcred *c = a->out;

	if (c->token.len == 0 && c->cert.len == 0 && c->key.len == 0)
		return refuse(a, "status has neither token nor certificate");
	if ((c->cert.len == 0) != (c->key.len == 0))
		return refuse(a, "status has only one of clientCertificateData and "
				 "clientKeyData");
	if (c->token.len > 0 &&
		!kubeconfig_is_token(secret_text(&c->token), c->token.len))
		return refuse(a, "status.token holds white space or what cannot be "
				 "printed");
	if (c->cert.len > 0 && (!is_pem(&c->cert) || !is_pem(&c->key)))
		return refuse(a, "status.clientCertificateData or clientKeyData is no "
				 "PEM");
	return 0;
}

static int read_answer(struct answer *a, const char *api_version)
{
	const struct yamlnode *status = yamltree_get(a->root, "status");

	if (!is_text(yamltree_get(a->root, "kind"), "ExecCredential"))
		return refuse(a, "is no ExecCredential");
	if (!is_text(yamltree_get(a->root, "apiVersion"), api_version)) {
		snprintf(a->why, a->cap, "is of another apiVersion than %s", api_version);
		return -EINVAL;
	}
	if (status == NULL || status->kind != YAMLTREE_MAP)
		return refuse(a, "has no status");
	if (take(a, status, "token", &a->out->token) < 0 ||
		take(a, status, "clientCertificateData", &a->out->cert) < 0 ||
		take(a, status, "clientKeyData", &a->out->key) < 0 ||
		take_expiry(a, status) < 0)
		return -EINVAL;
	return check(a);
}

int execcred_parse(const uint8_t *data, size_t len, const char *api_version,
	struct execcred *out, char *why, size_t cap)
{
	struct execcred c = {0};
	struct answer a = {.out = &c, .why = why, .cap = cap};
	struct kube_error e;
	struct yamltree tree;
	int ret = yamltree_parse(data, len, &tree, &e);

	*out = (struct execcred){0};
	if (ret < 0) {
		snprintf(why, cap, "is no JSON at %u:%u: %s", e.line, e.column, e.text);
		return ret;
	}
	a.root = tree.n > 0 ? tree.node[0] : NULL;
	ret = read_answer(&a, api_version);
	if (ret < 0)
		execcred_fini(&c);
	else
		*out = c;
	yamltree_free(&tree);
	return ret;
}

void execcred_fini(struct execcred *c)
{
	secret_clear(&c->token);
	secret_clear(&c->cert);
	secret_clear(&c->key);
	*c = (struct execcred){0};
}

/* A text whose room was reckoned before: it may hold a proxy's password. */
struct text {
	char *at;
};

static void put(struct text *t, const char *s)
{
	const size_t n = strlen(s);

	memcpy(t->at, s, n);
	t->at += n;
}

/* A JSON string with its quotes: six octets for each of `s` at most. */
static void put_string(struct text *t, const char *s)
{
	static const char digits[] = "0123456789abcdef";

	*t->at++ = '"';
	for (; *s != '\0'; s++) {
		const unsigned char c = (unsigned char)*s;

		if (c < ' ') {
			put(t, "\\u00");
			*t->at++ = digits[c >> 4];
			*t->at++ = digits[c & 15];
			continue;
		}
		if (c == '"' || c == '\\')
			*t->at++ = '\\';
		*t->at++ = *s;
	}
	*t->at++ = '"';
}

static void put_field(struct text *t, const char *key, const char *value)
{
	if (value[0] == '\0')
		return;
	put(t, ",\"");
	put(t, key);
	put(t, "\":");
	put_string(t, value);
}

static void put_cluster(struct text *t, const struct kubeconfig *c, const char *ca)
{
	put(t, "\"cluster\":{\"server\":");
	put_string(t, c->servers[0]);
	put_field(t, "tls-server-name", c->tls_server_name);
	put_field(t, "certificate-authority-data", ca);
	put_field(t, "proxy-url", c->proxy);
	if (c->insecure)
		put(t, ",\"insecure-skip-tls-verify\":true");
	if (c->no_compression)
		put(t, ",\"disable-compression\":true");
	put(t, "},");
}

#define FRAME_MAX 512 /* everything that is written but values */

char *execcred_info(const struct kubeconfig *c, const uint8_t *ca, size_t ca_len)
{
	char *encoded = base64_encode(ca, ca_len);
	const size_t values = strlen(c->exec.api_version) + strlen(c->servers[0]) +
	                      strlen(c->tls_server_name) + strlen(c->proxy) +
	                      strlen(encoded);
	char *out = mem_alloc(6 * values + FRAME_MAX, 1);
	struct text t = {out};

	put(&t, "{\"kind\":\"ExecCredential\",\"apiVersion\":");
	put_string(&t, c->exec.api_version);
	put(&t, ",\"spec\":{");
	if (c->exec.cluster_info)
		put_cluster(&t, c, encoded);
	put(&t, "\"interactive\":false}}");
	free(encoded);
	return out;
}
