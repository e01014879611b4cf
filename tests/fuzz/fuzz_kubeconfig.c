/*
 * fuzz_kubeconfig.c - any octets as a kubeconfig, and as what such a file is made of:
 * PEM, base64, tokens, URLs, the answer of a login plug-in (WP-08 to WP-11)
 */
#include <string.h>

#include "conf/url.h"
#include "controller/kube/base64.h"
#include "controller/kube/execcred.h"
#include "controller/kube/expiry.h"
#include "controller/kube/timestamp.h"
#include "fuzz/fuzz.h"

static bool has_pem(const struct kubeconfig_pem *p)
{
	FUZZ_CHECK(p->data.len == 0 || p->file[0] == '\0');
	return p->data.len > 0 || p->file[0] != '\0';
}

static void check_headers(const struct kubeconfig *c)
{
	for (size_t i = 0; i < c->nheaders; i++) {
		FUZZ_CHECK(strncmp(c->headers[i], "Impersonate-", 12) == 0);
		for (const char *p = c->headers[i]; *p != '\0'; p++)
			FUZZ_CHECK((unsigned char)*p >= ' ' && *p != 0x7f);
	}
}

/* What can be read again as it was written. */
static void check_info(const struct kubeconfig *c)
{
	char *info = execcred_info(c, c->ca.data.data, c->ca.data.len);
	struct execcred cred;
	char why[200] = "";

	FUZZ_CHECK(execcred_parse((const uint8_t *)info, strlen(info),
			   c->exec.api_version, &cred, why, sizeof(why)) < 0);
	FUZZ_CHECK(strcmp(why, "has no status") == 0);
	secret_forget(info);
}

static void check_config(const struct kubeconfig *c)
{
	const bool credentials = c->token[0] != '\0' || c->token_file[0] != '\0' ||
	                         c->username[0] != '\0' || has_pem(&c->cert) ||
	                         c->exec.command[0] != '\0';

	FUZZ_CHECK(c->nservers == 1);
	FUZZ_CHECK(strncmp(c->servers[0], "https://", 8) == 0 ||
		   (strncmp(c->servers[0], "http://", 7) == 0 && !credentials));
	FUZZ_CHECK(has_pem(&c->cert) == has_pem(&c->key));
	FUZZ_CHECK(!c->insecure || !has_pem(&c->ca));
	FUZZ_CHECK(
		c->token[0] == '\0' || kubeconfig_is_token(c->token, strlen(c->token)));
	FUZZ_CHECK(c->exec.command[0] == '\0' || c->token[0] == '\0');
	check_headers(c);
	if (c->exec.command[0] != '\0')
		check_info(c);
}

static void parse_config(const uint8_t *data, size_t size)
{
	static const struct kubeconfig none;
	struct kube_error e = {0};
	struct kubeconfig c;

	if (kubeconfig_parse(data, size, "/d/config", "", &c, &e) == 0) {
		check_config(&c);
	} else {
		FUZZ_CHECK(e.line > 0 && e.column > 0 && e.text[0] != '\0');
		FUZZ_CHECK(memchr(e.text, '\0', sizeof(e.text)) != NULL);
		FUZZ_CHECK(memcmp(&c, &none, sizeof(c)) == 0);
	}
	kubeconfig_fini(&c);
}

static void parse_answer(const uint8_t *data, size_t size)
{
	struct execcred c;
	char why[200] = "";

	if (execcred_parse(data, size, "client.authentication.k8s.io/v1", &c, why,
		    sizeof(why)) == 0)
		FUZZ_CHECK(c.token.len > 0 || (c.cert.len > 0 && c.key.len > 0));
	else
		FUZZ_CHECK(why[0] != '\0' && c.token.data == NULL && c.key.data == NULL);
	execcred_fini(&c);
}

static void parse_base64(const char *text, size_t size)
{
	struct secret s = {0}, again = {0};

	if (base64_decode(text, size, &s)) {
		char *encoded = base64_encode(s.data, s.len);

		FUZZ_CHECK(base64_decode(encoded, strlen(encoded), &again));
		FUZZ_CHECK(secret_equal(&s, &again));
		free(encoded);
	}
	base64_decode_url(text, size, &s);
	secret_clear(&s);
	secret_clear(&again);
}

/* A URL that is taken is taken again, and is the same. */
static void parse_url(const char *text)
{
	char *url, *again;
	bool secure;
	const char *why = NULL;

	if (url_server(text, &url, &secure, &why)) {
		FUZZ_CHECK(strlen(url) <= strlen(text));
		FUZZ_CHECK(url_server(url, &again, &secure, &why));
		FUZZ_CHECK(strcmp(url, again) == 0);
		free(again);
		free(url);
	}
	if (url_proxy(text, &url, &why)) {
		FUZZ_CHECK(url_proxy(url, &again, &why));
		FUZZ_CHECK(strcmp(url, again) == 0);
		free(again);
		free(url);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	uint64_t unix_s;

	FUZZ_CHECK(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	parse_config(data, size);
	parse_answer(data, size);
	parse_base64((const char *)data, size);
	parse_url(text);
	expiry_jwt(text);
	timestamp_parse(text, &unix_s);
	FUZZ_CHECK(expiry_pem(data, size, false) <= expiry_pem(data, size, true));
	free(text);
	return 0;
}
