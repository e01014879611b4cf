/*
 * test_credential.c - what credentials are made of: base64, when they end, what a plug-in
 * is told and answers, URLs (WP-08, WP-10)
 */
#include "controller/kube/execcred.h"

#include <errno.h>
#include <stdio.h>

#include "conf/url.h"
#include "controller/kube/base64.h"
#include "controller/kube/expiry.h"
#include "controller/kube/timestamp.h"
#include "controller/kube/yamltree.h"
#include "support.h"

/* Two certificates as `openssl req -x509` makes them, of 2036 and of 2066. */
static const char early[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBfjCCASWgAwIBAgIUZGM5/oWxKTL5ArY9Rma7qK1YXxwwCgYIKoZIzj0EAwIw\n"
	"FTETMBEGA1UEAwwKa3ViZXJuZXRlczAeFw0yNjExMjgwOTUwMDVaFw0zNjExMjUw\n"
	"OTUwMDVaMBUxEzARBgNVBAMMCmt1YmVybmV0ZXMwWTATBgcqhkjOPQIBBggqhkjO\n"
	"PQMBBwNCAASEM9I34qX8/56XwJnzEDFHx9R1klg0DqSgwMdi1XtcPE/Yy3dZzNuA\n"
	"8Hv+fUslICeFgaaeY4HEpUfy3hyoixtvo1MwUTAdBgNVHQ4EFgQUky8d9tzD9RVy\n"
	"43vg0FuC80oRpjgwHwYDVR0jBBgwFoAUky8d9tzD9RVy43vg0FuC80oRpjgwDwYD\n"
	"VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiB3aSM01WxenOFZPPQlSt2t\n"
	"2s3Hd9cZbb0eRGEz2QPkuAIgFzeBNag0gXGPAzVReZRf4oP4emVajfT8/+zhOwjo\n"
	"xvI=\n"
	"-----END CERTIFICATE-----\n";
static const char late[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBdjCCAR2gAwIBAgIUEWBGX5M93ZwrBjLFKR7i8cgTALMwCgYIKoZIzj0EAwIw\n"
	"EDEOMAwGA1UEAwwFbGF0ZXIwIBcNMjYxMTI4MDk1MDA1WhgPMjA2NjExMTgwOTUw\n"
	"MDVaMBAxDjAMBgNVBAMMBWxhdGVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"
	"9YpzJhqqj0MBI/fRErCegw3Lz2lvMTpdJEmUwpojprupGsvnPE+kyZX8xEKfddl3\n"
	"/2HPeaBR1Y/jtqHtINklIqNTMFEwHQYDVR0OBBYEFAP4h0hFJxgIU9ZGtx/MZ49j\n"
	"pRbDMB8GA1UdIwQYMBaAFAP4h0hFJxgIU9ZGtx/MZ49jpRbDMA8GA1UdEwEB/wQF\n"
	"MAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgbk951zP99m4o5nyWxpMefXC/1BdkJHuc\n"
	"+BbJlxSI6NICIEPvEvqw4HA0bPwwfLrQWXzEcm+Gsr6Gr8u5FalNMaUY\n"
	"-----END CERTIFICATE-----\n";
#define EARLY_S 2111219405u
#define LATE_S  3057299405u

/* ---- base64 ---- */

/* Text, whether it is base64, what it holds. */
static const struct {
	const char *text;
	bool ok;
	const char *data;
} encoded[] = {
	{"", true, ""},
	{"QQ==", true, "A"},
	{"QUI=", true, "AB"},
	{"QUJD", true, "ABC"},
	{"QUJDRA==", true, "ABCD"},
	{" Q U\nJ\tD\r\n", true, "ABC"},
	{"QQ= =\n", true, "A"},
	{"+/+/", true, "\xfb\xff\xbf"},
	{"QQ", false, ""},       /* no padding */
	{"QQ=", false, ""},      /* half of it */
	{"QQ===", false, ""},    /* too much */
	{"QUJD=", false, ""},    /* where none belongs */
	{"Q===", false, ""},     /* one digit is no octet */
	{"QR==", false, ""},     /* unused bits that are set */
	{"QUJ=", false, ""},     /* of three digits */
	{"QQ==QQ==", false, ""}, /* digits after the end */
	{"QU-D", false, ""},     /* the alphabet of URLs */
	{"QUJ\x80", false, ""},
	{"=", false, ""},
};

START_TEST(decode)
{
	const char *text = encoded[_i].text, *data = encoded[_i].data;
	uint8_t *exact = exact_copy(text, strlen(text));
	struct secret s = {0};

	secret_set(&s, "before", 6);
	ck_assert_msg(base64_decode((char *)exact, strlen(text), &s) == encoded[_i].ok,
		"%s", text);
	ck_assert_uint_eq(s.len, strlen(data));
	ck_assert_mem_eq(secret_text(&s), data, strlen(data));
	secret_clear(&s);
	free(exact);
}
END_TEST

START_TEST(decode_url)
{
	struct secret s = {0};

	ck_assert(base64_decode_url("-_-_QQ", 6, &s));
	ck_assert_uint_eq(s.len, 4);
	ck_assert_mem_eq(s.data,
		"\xfb\xff\xbf"
		"A",
		4);
	ck_assert(!base64_decode_url("QQ==", 4, &s));
	ck_assert(!base64_decode_url("+/+/", 4, &s));
	ck_assert(!base64_decode_url("Q QQQ", 5, &s));
	ck_assert_uint_eq(s.len, 0);
}
END_TEST

/* What is encoded comes back, for every length. */
START_TEST(encode)
{
	uint64_t random = 7;
	uint8_t data[64];
	struct secret s = {0};

	for (size_t n = 0; n <= sizeof(data); n++) {
		for (size_t i = 0; i < n; i++)
			data[i] = (uint8_t)next_random(&random);
		uint8_t *exact = exact_copy(data, n);
		char *text = base64_encode(exact, n);

		ck_assert_uint_eq(strlen(text), (n + 2) / 3 * 4);
		ck_assert(base64_decode(text, strlen(text), &s));
		ck_assert_uint_eq(s.len, n);
		ck_assert_mem_eq(secret_text(&s), data, n);
		free(text);
		free(exact);
	}
	secret_clear(&s);
}
END_TEST

/* ---- when they end ---- */

static const struct {
	const char *text;
	uint64_t unix_s; /* 0: no time */
} times[] = {
	{"1970-01-01T00:00:01Z", 1},
	{"2001-09-09T01:46:40Z", 1000000000},
	{"2024-02-29T12:00:00Z", 1709208000},
	{"2000-03-01t00:00:00z", 951868800},
	{"2100-03-01T00:00:00Z", 4107542400},
	{"2001-09-09T03:46:40+02:00", 1000000000},
	{"2001-09-08T22:16:40.123456789-03:30", 1000000000},
	{"9999-12-31T23:59:59Z", 253402300799},
	{"", 0},
	{"2001-09-09", 0},
	{"2001-09-09T01:46:40", 0},
	{"2001-09-09 01:46:40Z", 0},
	{"2001-13-09T01:46:40Z", 0},
	{"2001-09-00T01:46:40Z", 0},
	{"2001-09-09T24:46:40Z", 0},
	{"2001-09-09T01:46:40.Z", 0},
	{"2001-09-09T01:46:40Zx", 0},
	{"2001-09-09T01:46:40+2:00", 0},
	{"1970-01-01T00:00:01+01:00", 0},
	{"1969-12-31T23:59:59Z", 0},
};

START_TEST(timestamp)
{
	uint64_t unix_s = 0;
	const bool ok = timestamp_parse(times[_i].text, &unix_s);

	ck_assert_msg(ok == (times[_i].unix_s != 0) && unix_s == times[_i].unix_s,
		"%s: %llu", times[_i].text, (unsigned long long)unix_s);
}
END_TEST

/* {"alg":"none"} . payload . signature */
static const struct {
	const char *payload;
	uint64_t exp;
} tokens[] = {
	{"{\"iss\":\"kubernetes/serviceaccount\",\"exp\":2000000000,\"iat\":5}",
		2000000000},
	{"{\"aud\":[\"a\"],\"kubernetes.io\":{\"exp\":7},\"exp\":12}", 12},
	{"{\"aud\":[\"a\"],\"kubernetes.io\":{\"exp\":7}}", 0},
	{"{\"exp\":\"2000000000\"}", 0},
	{"{\"exp\":2e9}", 0},
	{"{\"exp\":99999999999999}", 0},
	{"[2000000000]", 0},
	{"", 0},
	{"{", 0},
};

START_TEST(jwt)
{
	const char *payload = tokens[_i].payload;
	char *text = base64_encode((const uint8_t *)payload, strlen(payload));
	char token[512];

	text[strcspn(text, "=")] = '\0';
	snprintf(token, sizeof(token), "eyJhbGciOiJub25lIn0.%s.c2ln", text);
	ck_assert_uint_eq(expiry_jwt(token), tokens[_i].exp);
	free(text);
}
END_TEST

START_TEST(no_jwt)
{
	ck_assert_uint_eq(expiry_jwt(""), 0);
	ck_assert_uint_eq(expiry_jwt("abcdef.0123456789abcdef"), 0); /* of kubeadm */
	ck_assert_uint_eq(expiry_jwt(".."), 0);
	ck_assert_uint_eq(expiry_jwt("a.!.b"), 0);
}
END_TEST

static uint64_t ends(const char *pem, bool latest)
{
	uint8_t *exact = exact_copy(pem, strlen(pem));
	const uint64_t at = expiry_pem(exact, strlen(pem), latest);

	free(exact);
	return at;
}

START_TEST(certificates)
{
	char both[4096];

	ck_assert_uint_eq(ends(early, false), EARLY_S);
	ck_assert_uint_eq(ends(late, false), LATE_S); /* GeneralizedTime */
	snprintf(both, sizeof(both), "# a bundle\n%s\n# and\n%s", early, late);
	ck_assert_uint_eq(ends(both, false), EARLY_S);
	ck_assert_uint_eq(ends(both, true), LATE_S);
	snprintf(both, sizeof(both), "%s%s", late, early);
	ck_assert_uint_eq(ends(both, false), LATE_S);
	ck_assert_uint_eq(ends(both, true), LATE_S);
	ck_assert_uint_eq(expiry_pem(NULL, 0, true), 0);
	ck_assert_uint_eq(ends("-----BEGIN CERTIFICATE-----\nQUJD\n"
			       "-----END CERTIFICATE-----\n",
				  true),
		0);
}
END_TEST

/* No cut of a certificate is read past its end: of the text, and of what it encodes. */
START_TEST(certificate_cuts)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----\n";
	static const char end[] = "-----END CERTIFICATE-----\n";
	struct secret der = {0};
	char pem[4096];

	for (size_t n = 0; n < strlen(early); n++) {
		uint8_t *exact = exact_copy(early, n);

		ck_assert(n + 1 >= strlen(early) || expiry_pem(exact, n, true) == 0);
		free(exact);
	}
	ck_assert(base64_decode(early + sizeof(begin) - 1,
		strlen(early) - (sizeof(begin) - 1) - (sizeof(end) - 1), &der));
	for (size_t n = 0; n < der.len; n++) {
		char *text = base64_encode(der.data, n);

		snprintf(pem, sizeof(pem), "%s%s\n%s", begin, text, end);
		ck_assert_uint_eq(ends(pem, true), 0);
		free(text);
	}
	secret_clear(&der);
}
END_TEST

/* ---- plug-ins ---- */

#define V1   "client.authentication.k8s.io/v1"
#define HEAD "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":"
#define CERT "-----BEGIN CERTIFICATE-----\\nQUJD\\n-----END CERTIFICATE-----\\n"
#define KEY  "-----BEGIN PRIVATE KEY-----\\nQUJD\\n-----END PRIVATE KEY-----\\n"

/* What it prints; why not, or token, certificate, key and end. */
static const struct {
	const char *text, *why;
	const char *token;
	bool pair;
	uint64_t expires_s;
} answers[] = {
	{HEAD "{\"token\":\"k8s-aws-v1.abc\"}}", "", "k8s-aws-v1.abc", false, 0},
	{HEAD "{\"token\":\"t\",\"expirationTimestamp\":\"2001-09-09T01:46:40Z\"}}\n", "",
		"t", false, 1000000000},
	{HEAD "{\"token\":\"a\\u003db\\/c\"}}", "", "a=b/c", false, 0},
	{HEAD "{\"clientCertificateData\":\"" CERT "\",\"clientKeyData\":\"" KEY
	      "\",\"token\":null,\"expirationTimestamp\":null}}",
		"", "", true, 0},
	{"{\n\t\"kind\": \"ExecCredential\",\n\t\"apiVersion\": \"" V1 "\",\n"
	 "\t\"spec\": {\"interactive\": false},\n"
	 "\t\"status\": {\n\t\t\"token\": \"t\"\n\t}\n}\n",
		"", "t", false, 0},
	{"", "is no ExecCredential", "", false, 0},
	{"please log in\n", "is no ExecCredential", "", false, 0},
	{"{\"kind\":",
		"is no JSON at 2:1: did not find expected node content while parsing "
		"a flow node",
		"", false, 0},
	{"{\"kind\":\"Secret\"}", "is no ExecCredential", "", false, 0},
	{"{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "beta1\"}",
		"is of another apiVersion than " V1, "", false, 0},
	{HEAD "null}", "has no status", "", false, 0},
	{HEAD "{}}", "status has neither token nor certificate", "", false, 0},
	{HEAD "{\"token\":\"\"}}", "status has neither token nor certificate", "", false,
		0},
	{HEAD "{\"token\":[]}}", "status.token is no string", "", false, 0},
	{HEAD "{\"token\":\"a b\"}}",
		"status.token holds white space or what cannot be printed", "", false, 0},
	{HEAD "{\"token\":\"a\\u0000b\"}}",
		"status.token holds white space or what cannot be printed", "", false, 0},
	{HEAD "{\"clientCertificateData\":\"" CERT "\"}}",
		"status has only one of clientCertificateData and clientKeyData", "",
		false, 0},
	{HEAD "{\"clientCertificateData\":\"x\",\"clientKeyData\":\"" KEY "\"}}",
		"status.clientCertificateData or clientKeyData is no PEM", "", false, 0},
	{HEAD "{\"token\":\"t\",\"expirationTimestamp\":\"tomorrow\"}}",
		"status.expirationTimestamp is no time such as 2006-01-02T15:04:05Z", "",
		false, 0},
};

/* WP-10 */
START_TEST(answer)
{
	const char *text = answers[_i].text;
	uint8_t *exact = exact_copy(text, strlen(text));
	struct execcred c;
	char why[256] = "";
	int ret = execcred_parse(exact, strlen(text), V1, &c, why, sizeof(why));

	free(exact);
	ck_assert_msg(strcmp(why, answers[_i].why) == 0, "%s: %s", text, why);
	ck_assert_int_eq(ret, answers[_i].why[0] != '\0' ? -EINVAL : 0);
	ck_assert_str_eq(secret_text(&c.token), answers[_i].token);
	ck_assert(answers[_i].pair == (c.cert.len > 0) &&
		  answers[_i].pair == (c.key.len > 0));
	ck_assert_uint_eq(c.expires_s, answers[_i].expires_s);
	execcred_fini(&c);
}
END_TEST

static char *copy(const char *s)
{
	char *p = strdup(s);

	ck_assert_ptr_nonnull(p);
	return p;
}

static void put(char **to, const char *s)
{
	free(*to);
	*to = copy(s);
}

/* WP-10: what a plug-in is told, as JSON that reads back. */
START_TEST(info)
{
	struct kube_error e;
	struct kubeconfig c;
	struct yamltree t;
	struct secret ca = {0};

	kubeconfig_init(&c);
	put(&c.exec.api_version, V1);
	c.servers = malloc(sizeof(*c.servers));
	c.servers[0] = copy("https://10.0.0.1:6443");
	c.nservers = 1;
	char *text = execcred_info(&c, (const uint8_t *)"ABC", 3);
	ck_assert_str_eq(text, "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
			       "\",\"spec\":{\"interactive\":false}}");
	free(text);
	c.exec.cluster_info = c.no_compression = c.insecure = true;
	put(&c.tls_server_name, "a\"b\\c\x01");
	put(&c.proxy, "http://p:1");
	text = execcred_info(&c, (const uint8_t *)"ABC", 3);
	ck_assert_int_eq(yamltree_parse((uint8_t *)text, strlen(text), &t, &e), 0);
	const struct yamlnode *cluster = yamltree_get(
		yamltree_get(t.node[0], "spec"), "cluster");
	ck_assert_str_eq(yamltree_get(cluster, "server")->text, "https://10.0.0.1:6443");
	ck_assert_str_eq(yamltree_get(cluster, "tls-server-name")->text, "a\"b\\c\x01");
	ck_assert_str_eq(yamltree_get(cluster, "proxy-url")->text, "http://p:1");
	ck_assert_str_eq(yamltree_get(cluster, "insecure-skip-tls-verify")->text, "true");
	ck_assert_str_eq(yamltree_get(cluster, "disable-compression")->text, "true");
	const struct yamlnode *data = yamltree_get(cluster, "certificate-authority-data");
	ck_assert(base64_decode(data->text, data->len, &ca));
	ck_assert_str_eq(secret_text(&ca), "ABC");
	secret_clear(&ca);
	yamltree_free(&t);
	free(text);
	kubeconfig_fini(&c);
}
END_TEST

/* ---- URLs ---- */

/* As it is written; as it is used, NULL: refused. */
static const struct {
	const char *text, *out;
} urls[] = {
	{"https://10.0.0.1:6443", "https://10.0.0.1:6443"},
	{"HTTPS://API.Example/Path/", "https://api.example/Path"},
	{"http://h", "http://h"},
	{"https://h///", "https://h"},
	{"https://h/a/b?c=d#e", "https://h/a/b"},
	{"https://h?x", "https://h"},
	{"https://h#x", "https://h"},
	{"https://[FD00::1]:6443", "https://[fd00::1]:6443"},
	{"https://[::ffff:10.0.0.1]", "https://[::ffff:10.0.0.1]"},
	{"https://h:1", "https://h:1"},
	{"https://h:65535/", "https://h:65535"},
	{"", NULL},
	{"h", NULL},
	{"10.0.0.1:6443", NULL},
	{"ftp://h", NULL},
	{"https://", NULL},
	{"https:///x", NULL},
	{"https://:1", NULL},
	{"https://h:", NULL},
	{"https://h:0", NULL},
	{"https://h:65536", NULL},
	{"https://h:1x", NULL},
	{"https://fd00::1", NULL},
	{"https://[10.0.0.1]", NULL},
	{"https://[::1", NULL},
	{"https://[::1]x", NULL},
	{"https://u@h", NULL},
	{"https://h/a b", NULL},
	{"https://h/\r\nX: y", NULL},
	{"https://h\xc3\xbc", NULL},
};

START_TEST(server_url)
{
	const char *text = urls[_i].text, *out = urls[_i].out, *why = NULL;
	char *url = NULL;
	bool secure = false;
	const bool ok = url_server(text, &url, &secure, &why);

	ck_assert_msg(ok == (out != NULL), "%s", text);
	if (ok) {
		ck_assert_str_eq(url, out);
		ck_assert(secure == (out[4] == 's'));
	} else {
		ck_assert_ptr_nonnull(why);
		ck_assert_ptr_null(url);
	}
	free(url);
}
END_TEST

static const struct {
	const char *text, *out;
} proxy_urls[] = {
	{"http://p:3128", "http://p:3128"},
	{"https://p/", "https://p"},
	{"socks5://u:p%40@[::1]:1080", "socks5h://u:p%40@[::1]:1080"},
	{"socks4://p", NULL},
	{"p:3128", NULL},
	{"http://a b@p", NULL},
	{"http://p:", NULL},
};

START_TEST(proxy_url)
{
	const char *out = proxy_urls[_i].out, *why;
	char *url = NULL;

	ck_assert(url_proxy(proxy_urls[_i].text, &url, &why) == (out != NULL));
	if (out != NULL)
		ck_assert_str_eq(url, out);
	free(url);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("credential");

	tcase_add_loop_test(tc, decode, 0, ARRAY_LEN(encoded));
	tcase_add_test(tc, decode_url);
	tcase_add_test(tc, encode);
	tcase_add_loop_test(tc, timestamp, 0, ARRAY_LEN(times));
	tcase_add_loop_test(tc, jwt, 0, ARRAY_LEN(tokens));
	tcase_add_test(tc, no_jwt);
	tcase_add_test(tc, certificates);
	tcase_add_test(tc, certificate_cuts);
	tcase_add_loop_test(tc, answer, 0, ARRAY_LEN(answers));
	tcase_add_test(tc, info);
	tcase_add_loop_test(tc, server_url, 0, ARRAY_LEN(urls));
	tcase_add_loop_test(tc, proxy_url, 0, ARRAY_LEN(proxy_urls));
	return run_case("credential", tc);
}
