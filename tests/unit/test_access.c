/*
 * test_access.c - where the API server is and how to log in, with real files: what is
 * found, what is read again, what is kept (WP rows)
 */
#include "access_support.h"

/* ---- in a pod ---- */

/* WP-01, WP-02 */
START_TEST(pod)
{
	put("ca.crt", CA1);
	put("token", " tok.en\n");
	open_access();
	const struct access_facts *f = facts(1);
	ck_assert_uint_eq(f->nservers, 1);
	ck_assert_str_eq(f->servers[0], "https://10.96.0.1:443");
	ck_assert(is_pem(&f->ca, CA1));
	ck_assert_str_eq(f->token, "tok.en");
	ck_assert_uint_eq(f->cert.len + f->key.len + f->nheaders, 0);
	ck_assert(!f->insecure && !f->no_compression);
	ck_assert_str_eq(f->proxy, "");
	ck_assert_str_eq(f->username, "");
	ck_assert_uint_eq(f->tls_generation, 1);
	ck_assert_uint_eq(f->login_generation, 1);
	ck_assert_str_eq(problem(), "");
	ck_assert(!access_pending(a));
}
END_TEST

static const struct {
	const char *host, *port, *server; /* NULL: refused */
} services[] = {
	{"fd00::1", "6443", "https://[fd00::1]:6443"},
	{"API.example", "443", "https://api.example:443"},
	{NULL, "443", NULL},
	{"10.0.0.1", NULL, NULL},
	{"", "443", NULL},
	{"10.0.0.1", "", NULL},
	{"10.0.0.1", "https", NULL},
	{"a b", "443", NULL},
};

/* WP-01 */
START_TEST(pod_environment)
{
	put("ca.crt", CA1);
	put("token", "t");
	env.service_host = services[_i].host;
	env.service_port = services[_i].port;
	int ret = access_open(
		base, &conf, &env, on_change, NULL, &a, error, sizeof(error));
	if (services[_i].server != NULL) {
		ck_assert_int_eq(ret, 0);
		ck_assert_str_eq(facts(1)->servers[0], services[_i].server);
	} else {
		ck_assert_int_eq(ret, -EINVAL);
		ck_assert_ptr_null(a);
		ck_assert_ptr_nonnull(strstr(error, "KUBERNETES_SERVICE_HOST"));
	}
	if (services[_i].host == NULL)
		ck_assert_str_eq(error,
			"not in a cluster: KUBERNETES_SERVICE_HOST and "
			"KUBERNETES_SERVICE_PORT are not both set — set "
			"kubernetes.kubeconfig, or kubernetes.endpoints, or "
			"kubernetes.source = \"files\"");
}
END_TEST

/* WP-02: without a CA nothing is sent; when it comes, all is well. */
START_TEST(pod_without_ca)
{
	put("token", "t");
	open_access();
	ck_assert_ptr_null(access_facts(a, 1));
	ck_assert_str_eq(problem(), "./ca.crt: No such file or directory");
	ck_assert(!access_pending(a));
	put("ca.crt", "");
	ck_assert_ptr_null(access_facts(a, S));
	ck_assert_str_eq(problem(), "./ca.crt: No such file or directory"); /* not due */
	ck_assert_ptr_null(access_facts(a, S + 1));
	ck_assert_str_eq(problem(), "./ca.crt: is empty");
	put("ca.crt", "-----BEGIN CERTIFICATE-----\nQUJD\n"); /* being written */
	ck_assert_ptr_null(access_facts(a, 2 * S + 1));
	ck_assert_str_eq(problem(), "./ca.crt: holds no whole PEM block");
	put("ca.crt", CA1);
	ck_assert(is_pem(&facts(3 * S + 1)->ca, CA1));
	ck_assert_str_eq(problem(), "");
}
END_TEST

/* WP-02: configured otherwise. */
START_TEST(pod_with_keys)
{
	put("other.crt", CA2);
	put("other-token", "u");
	put("cert", CERT);
	put("key", KEY);
	conf.tls.ca = text_of("other.crt");
	conf.tls.cert = text_of("cert");
	conf.tls.key = text_of("key");
	conf.token_file = text_of("other-token");
	open_access();
	const struct access_facts *f = facts(1);
	ck_assert(is_pem(&f->ca, CA2) && is_pem(&f->cert, CERT) && is_pem(&f->key, KEY));
	ck_assert_str_eq(f->token, "u");
	ck_assert_str_eq(f->servers[0], "https://10.96.0.1:443");
}
END_TEST

static void swap_data(const char *to)
{
	ck_assert_int_eq(symlink(to, "..data_tmp"), 0);
	ck_assert_int_eq(rename("..data_tmp", "..data"), 0);
}

/* WP-03: kubelet writes a new directory and swaps a symbolic link. */
START_TEST(token_rotation)
{
	ck_assert_int_eq(mkdir("..1", 0700), 0);
	ck_assert_int_eq(mkdir("..2", 0700), 0);
	put("..1/token", "one");
	put("..2/token", "two");
	put("..1/ca.crt", CA1);
	put("..2/ca.crt", CA1);
	swap_data("..1");
	ck_assert_int_eq(symlink("..data/token", "token"), 0);
	ck_assert_int_eq(symlink("..data/ca.crt", "ca.crt"), 0);
	open_access();
	ck_assert_str_eq(facts(5 * S)->token, "one");
	swap_data("..2");
	ck_assert_str_eq(facts(55 * S - 1)->token, "one"); /* 60 s less 10 s */
	ck_assert_str_eq(facts(55 * S)->token, "two");
	ck_assert_uint_eq(facts(55 * S)->login_generation, 2);
	ck_assert_uint_eq(facts(55 * S)->tls_generation, 1);
	swap_data("..1");
	ck_assert_str_eq(facts(60 * S)->token, "two");
	access_refused(a, 1); /* by a request with the token before */
	ck_assert_str_eq(facts(60 * S)->token, "two");
	access_refused(a, 2); /* WP-04 */
	access_refused(a, 2);
	ck_assert_str_eq(facts(60 * S)->token, "one");
	ck_assert_uint_eq(facts(60 * S)->login_generation, 3);
}
END_TEST

/* Content of the token file (NULL: gone), what is said. */
static const struct {
	const char *text, *problem;
} broken_tokens[] = {
	{"", "./token: is empty (the former content is used)"},
	{" \n\t", "./token: is empty (the former content is used)"},
	{"a\nX-Header: b",
		"./token: is no token: it holds white space or what cannot be printed "
		"(the former content is used)"},
	{"caf\xc3\xa9",
		"./token: is no token: it holds white space or what cannot be printed "
		"(the former content is used)"},
	{NULL, "./token: No such file or directory (the former content is used)"},
};

/* WP-03: a failed or empty reading keeps the old token, and is repeated soon. */
START_TEST(token_kept)
{
	put("ca.crt", CA1);
	put("token", "good");
	open_access();
	facts(S);
	if (broken_tokens[_i].text != NULL)
		put("token", broken_tokens[_i].text);
	else
		unlink("token");
	const struct access_facts *f = facts(60 * S);
	ck_assert_str_eq(f->token, "good");
	ck_assert_uint_eq(f->login_generation, 1);
	ck_assert_str_eq(problem(), broken_tokens[_i].problem);
	put("token", "better");
	ck_assert_str_eq(facts(61 * S - 1)->token, "good");
	ck_assert_str_eq(facts(61 * S)->token, "better");
	ck_assert_str_eq(problem(), "");
}
END_TEST

/* Neither a directory nor a FIFO, of which a reading would wait for a writer. */
START_TEST(odd_files)
{
	put("ca.crt", CA1);
	ck_assert_int_eq(_i == 0 ? mkdir("token", 0700) : mkfifo("token", 0600), 0);
	open_access();
	ck_assert_ptr_null(access_facts(a, 1));
	ck_assert_str_eq(
		problem(), _i == 0 ? "./token: is a directory" : "./token: is no file");
}
END_TEST

/* WP-07: another CA is another tls_generation; the same again is not. */
START_TEST(ca_rotation)
{
	put("ca.crt", CA1);
	put("token", "t");
	open_access();
	facts(0);
	put("ca.crt", CA1 CA2);
	ck_assert_uint_eq(facts(50 * S)->tls_generation, 2);
	ck_assert(is_pem(&facts(50 * S)->ca, CA1 CA2));
	ck_assert_uint_eq(facts(50 * S)->login_generation, 1);
	put("ca.crt", "junk");
	ck_assert_uint_eq(facts(100 * S)->tls_generation, 2);
	ck_assert_str_eq(problem(),
		"./ca.crt: holds no whole PEM block (the former content is used)");
	put("ca.crt", CA1 CA2);
	ck_assert_uint_eq(facts(101 * S)->tls_generation, 2);
	unlink("ca.crt");
	put("ca.crt", CA2);
	access_refused(a, 1); /* a handshake that failed */
	ck_assert_uint_eq(facts(102 * S)->tls_generation, 3);
}
END_TEST

/* ---- endpoints ---- */

/* RO-03: all servers, sticky order is the caller's. */
START_TEST(endpoints)
{
	char *urls[] = {text_of("https://10.0.0.1:6443"), text_of("https://[::1]/k")};

	put("cert", CERT);
	put("key", KEY);
	put("token", "not ours");
	conf.endpoints = urls;
	conf.nendpoints = 2;
	conf.tls.cert = text_of("cert");
	conf.tls.key = text_of("key");
	env.service_host = NULL;
	open_access();
	const struct access_facts *f = facts(1);
	ck_assert_uint_eq(f->nservers, 2);
	ck_assert_str_eq(f->servers[0], urls[0]);
	ck_assert_str_eq(f->servers[1], urls[1]);
	ck_assert(is_pem(&f->cert, CERT) && is_pem(&f->key, KEY));
	ck_assert_uint_eq(f->ca.len, 0);
	ck_assert_str_eq(f->token, "");
	put("key", PEM("EC PRIVATE KEY", "TU5P"));
	f = facts(51 * S);
	ck_assert_uint_eq(f->tls_generation, 2);
	ck_assert_uint_eq(f->login_generation, 2);
}
END_TEST

/* WP-08: credentials over https only. */
START_TEST(endpoints_http)
{
	char *urls[] = {text_of("https://10.0.0.1"), text_of("http://10.0.0.2")};

	conf.endpoints = urls;
	conf.nendpoints = 2;
	open_access();
	ck_assert_str_eq(facts(1)->servers[1], urls[1]);
	access_close(a);
	a = NULL;
	conf.token_file = text_of("token");
	ck_assert_int_eq(
		access_open(base, &conf, &env, on_change, NULL, &a, error, sizeof(error)),
		-EINVAL);
	ck_assert_str_eq(
		error, "kubernetes.endpoints: credentials leave over https only");
}
END_TEST

/* ---- kubeconfig ---- */

/* RO-04: it wins over all else. WP-09: the file's last good content wins. */
START_TEST(kubeconfig_files)
{
	char *urls[] = {text_of("https://10.0.0.1:6443")};

	use_kubeconfig(CONFIG("certificate-authority: ca",
		"client-certificate: cert, client-key: key, token: inline, "
		"tokenFile: token, as: me"));
	put("k/ca", CA1);
	put("k/cert", CERT);
	put("k/key", KEY);
	conf.endpoints = urls;
	conf.nendpoints = 1;
	open_access();
	const struct access_facts *f = facts(1);
	ck_assert_uint_eq(f->nservers, 1);
	ck_assert_str_eq(f->servers[0], "https://h");
	ck_assert(is_pem(&f->ca, CA1) && is_pem(&f->cert, CERT) && is_pem(&f->key, KEY));
	ck_assert_str_eq(f->token, "inline");
	ck_assert_uint_eq(f->nheaders, 1);
	ck_assert_str_eq(f->headers[0], "Impersonate-User: me");
	ck_assert_str_eq(problem(),
		"k/token: No such file or directory (the former content is used)");
	put("k/token", "file\n");
	ck_assert_str_eq(facts(2 * S)->token, "file");
	unlink("k/token");
	ck_assert_str_eq(facts(60 * S)->token, "file");
}
END_TEST

/* A new kubeconfig comes into use when it is whole and its files are there. */
START_TEST(kubeconfig_replaced)
{
	use_kubeconfig(CONFIG("insecure-skip-tls-verify: true", "token: one"));
	open_access();
	ck_assert_str_eq(facts(0)->token, "one");
	put("k/config", CONFIG("proxy-url: 'ftp://x'", "token: two"));
	ck_assert_str_eq(facts(50 * S)->token, "one");
	ck_assert_str_eq(problem(),
		"k/config:3:64: cluster \"k\": proxy-url: is no URL of a proxy — write "
		"it as http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT (the "
		"former content is used)");
	put("k/config", CONFIG("certificate-authority: ca", "token: three"));
	ck_assert_str_eq(facts(100 * S)->token, "one");
	ck_assert(facts(100 * S)->insecure);
	ck_assert_str_eq(problem(),
		"k/ca: No such file or directory (the former content is used)");
	put("k/ca", CA1);
	const struct access_facts *f = facts(101 * S);
	ck_assert_str_eq(f->token, "three");
	ck_assert(!f->insecure && is_pem(&f->ca, CA1));
	ck_assert_uint_eq(f->tls_generation, 2);
	ck_assert_uint_eq(f->login_generation, 2);
	ck_assert_str_eq(problem(), "");
	put("k/config",
		CONFIG("certificate-authority: ca, tls-server-name: x", "token: three"));
	ck_assert_uint_eq(facts(151 * S)->tls_generation, 3);
	ck_assert_uint_eq(facts(151 * S)->login_generation, 2);
}
END_TEST

/* At the start there is nothing to keep. */
START_TEST(kubeconfig_late)
{
	conf.kubeconfig = text_of("k/config");
	conf.context = text_of("d");
	open_access();
	ck_assert_ptr_null(access_facts(a, 0));
	ck_assert_str_eq(problem(), "k/config: No such file or directory");
	use_kubeconfig(CONFIG("", "token: one"));
	ck_assert_ptr_null(access_facts(a, S));
	ck_assert_str_eq(problem(),
		"k/config:1:1: there is no context \"d\" — contexts are: \"c\"");
	use_kubeconfig("contexts: [{name: d, context: {cluster: k}}]\n"
		       "clusters: [{name: k, cluster: {server: 'https://h'}}]\n");
	ck_assert_ptr_null(access_facts(a, 2 * S)); /* it was read: not due */
	ck_assert_str_eq(facts(60 * S)->servers[0], "https://h");
}
END_TEST

/* MA-13 */
START_TEST(expiries)
{
	/* {"exp":2000000000} */
	put("token", "e30.eyJleHAiOjIwMDAwMDAwMDB9.c2ln");
	put("ca.crt", CA1);
	open_access();
	ck_assert_uint_eq(facts(1)->expiry_s[ACCESS_TOKEN], 2000000000);
	ck_assert_uint_eq(facts(1)->expiry_s[ACCESS_CERTIFICATE], 0);
	ck_assert_uint_eq(facts(1)->expiry_s[ACCESS_CA], 0);
	put("token", "opaque");
	ck_assert_uint_eq(facts(60 * S)->expiry_s[ACCESS_TOKEN], 0);
}
END_TEST

START_TEST(same_configuration)
{
	char *urls[] = {text_of("https://a"), text_of("https://b")};
	struct conf_kubernetes other = conf;
	char **const texts[] = {&other.kubeconfig, &other.context, &other.token_file,
		&other.tls.ca, &other.tls.cert, &other.tls.key};

	ck_assert(access_same(&conf, &other));
	other.exec = true;
	ck_assert(!access_same(&conf, &other));
	other.exec = false;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char *before = *texts[i];

		*texts[i] = text_of("x");
		ck_assert(!access_same(&conf, &other));
		*texts[i] = before;
	}
	other.endpoints = urls;
	other.nendpoints = 2;
	ck_assert(!access_same(&conf, &other));
	conf = other;
	ck_assert(access_same(&conf, &other));
	other.endpoints = (char *[]){urls[0], urls[0]};
	ck_assert(!access_same(&conf, &other));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("access");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, pod);
	tcase_add_loop_test(tc, pod_environment, 0, ARRAY_LEN(services));
	tcase_add_test(tc, pod_without_ca);
	tcase_add_test(tc, pod_with_keys);
	tcase_add_test(tc, token_rotation);
	tcase_add_loop_test(tc, token_kept, 0, ARRAY_LEN(broken_tokens));
	tcase_add_loop_test(tc, odd_files, 0, 2);
	tcase_add_test(tc, ca_rotation);
	tcase_add_test(tc, endpoints);
	tcase_add_test(tc, endpoints_http);
	tcase_add_test(tc, kubeconfig_files);
	tcase_add_test(tc, kubeconfig_replaced);
	tcase_add_test(tc, kubeconfig_late);
	tcase_add_test(tc, expiries);
	tcase_add_test(tc, same_configuration);
	return run_case("access", tc);
}
