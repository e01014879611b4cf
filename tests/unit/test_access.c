/*
 * test_access.c - where the API server is and how to log in, with real files and real
 * plug-ins: what is found, what is read again, what is kept, what is wiped (WP rows)
 */
#include "controller/kube/access.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <ftw.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/kube/base64.h"
#include "controller/kube/kubeconfig.h"
#include "support.h"

#define S NS_PER_S

static struct event_base *base;
static struct access *a;
static char root[64]; /* a temporary directory, and our working directory */
static struct conf_kubernetes conf;
static struct access_env env;
static char error[512];
static uint64_t wall_s;
static int changes;

/* ---- what our code frees (see the linker's --wrap in kube.inc) ---- */

static struct {
	/* Compilers know what free() reads, and would leave such stores out. */
	const char *volatile text[4]; /* secrets */
	volatile unsigned found;
} watch;

void __real_free(void *p);
void *__real_realloc(void *p, size_t n);
void __wrap_free(void *p);
void *__wrap_realloc(void *p, size_t n);

static void look(void *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(watch.text); i++) {
		const char *text = watch.text[i];

		if (text != NULL &&
			memmem(p, malloc_usable_size(p), text, strlen(text)) != NULL)
			watch.found++;
	}
}

void __wrap_free(void *p)
{
	look(p);
	__real_free(p);
}

/* It may move the octets, and leave them where they were. */
void *__wrap_realloc(void *p, size_t n)
{
	look(p);
	return __real_realloc(p, n);
}

/* ---- support ---- */

static uint64_t wall_ns(void)
{
	return wall_s * S;
}

static void on_change(void *arg)
{
	(void)arg;
	changes++;
	event_base_loopbreak(base);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void setup(void)
{
	static char none[] = "";

	snprintf(root, sizeof(root), "/tmp/shmdns-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(chdir(root), 0);
	base = event_base_new();
	a = NULL;
	changes = 0;
	wall_s = 1000000000;
	conf = (struct conf_kubernetes){.kubeconfig = none,
		.context = none,
		.token_file = none,
		.tls = {none, none, none}};
	access_env_init(&env);
	ck_assert_str_eq(
		env.account_dir, "/var/run/secrets/kubernetes.io/serviceaccount");
	ck_assert_uint_eq(env.exec_limit_ns, 10 * S); /* WP-10 */
	env.service_host = "10.96.0.1";
	env.service_port = "443";
	env.account_dir = root;
	env.wall_ns = wall_ns;
}

static void teardown(void)
{
	access_close(a);
	event_base_free(base);
	ck_assert_int_eq(chdir("/"), 0);
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static char *text_of(const char *s)
{
	static char room[8][256];
	static unsigned n;
	char *p = room[n++ % 8];

	snprintf(p, sizeof(room[0]), "%s", s);
	return p;
}

static void open_access(void)
{
	ck_assert_msg(access_open(base, &conf, &env, on_change, NULL, &a, error,
			      sizeof(error)) == 0,
		"%s", error);
}

/* The problem, with our directory as "." */
static const char *problem(void)
{
	static char text[1024];
	const char *s = access_problem(a), *at;
	size_t n = 0;

	while ((at = strstr(s, root)) != NULL) {
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, "%.*s.", (int)(at - s), s);
		s = at + strlen(root);
	}
	snprintf(text + n, sizeof(text) - n, "%s", s);
	return text;
}

static const struct access_facts *facts(uint64_t now_ns)
{
	const struct access_facts *f = access_facts(a, now_ns);

	ck_assert_msg(f != NULL, "no facts: %s", access_problem(a));
	return f;
}

static bool is_pem(const struct access_pem *p, const char *text)
{
	return p->len == strlen(text) && memcmp(p->data, text, p->len) == 0;
}

#define PEM(kind, body) "-----BEGIN " kind "-----\n" body "\n-----END " kind "-----\n"
#define CA1             PEM("CERTIFICATE", "QUJD")
#define CA2             PEM("CERTIFICATE", "REVG")
#define CERT            PEM("CERTIFICATE", "R0hJ")
#define KEY             PEM("EC PRIVATE KEY", "SktM")

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

#define CONFIG(cluster, user)                                                            \
	"contexts: [{name: c, context: {cluster: k, user: u}}]\n"                        \
	"current-context: c\n"                                                           \
	"clusters: [{name: k, cluster: {server: 'https://h', " cluster "}}]\n"           \
	"users:\n"                                                                       \
	"- {name: u, user: {" user "}}\n"

static void use_kubeconfig(const char *text)
{
	ck_assert(mkdir("k", 0700) == 0 || errno == EEXIST);
	put("k/config", text);
	conf.kubeconfig = text_of("k/config");
}

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

/* ---- plug-ins ---- */

#define EXEC_WITH(more)                                                                  \
	CONFIG("certificate-authority: ca",                                              \
		"exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: "  \
		"Never, command: ./plug, " more "}")
#define SAY(status)                                                                      \
	"echo '{\"kind\":\"ExecCredential\",\"apiVersion\":"                             \
	"\"client.authentication.k8s.io/v1\",\"status\":{" status "}}'\n"

static void write_plug(const char *body)
{
	char text[4096];

	snprintf(text, sizeof(text), "#!/bin/sh\n%s", body);
	put("k/plug.new", text);
	ck_assert_int_eq(chmod("k/plug.new", 0700), 0);
	ck_assert_int_eq(
		rename("k/plug.new", "k/plug"), 0); /* never written to and run */
}

static void open_plug(const char *body)
{
	use_kubeconfig(EXEC_WITH("installHint: \"get it\\n at x\""));
	put("k/ca", CA1);
	write_plug(body);
	conf.exec = true;
	open_access();
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
	event_base_loopbreak(base);
}

/* Run until the plug-in has ended. */
static void run_plug(void)
{
	const int before = changes;
	bool late = false;
	struct timeval limit = {.tv_sec = 60};
	struct event *timer = evtimer_new(base, on_late, &late);

	event_add(timer, &limit);
	while (changes == before && !late)
		event_base_dispatch(base);
	event_free(timer);
	ck_assert_msg(!late, "the plug-in has not ended");
	ck_assert_int_eq(changes, before + 1);
}

/* WP-10 */
START_TEST(plug_in)
{
	open_plug("echo run >>k/runs\n" SAY("\"token\":\"abc\""));
	ck_assert_ptr_null(access_facts(a, 0));
	ck_assert(access_pending(a));
	ck_assert_ptr_null(access_facts(a, 100 * S)); /* still one run */
	run_plug();
	ck_assert(!access_pending(a));
	const struct access_facts *f = facts(100 * S);
	ck_assert_str_eq(f->token, "abc");
	ck_assert_uint_eq(f->login_generation, 1);
	ck_assert_uint_eq(f->expiry_s[ACCESS_TOKEN], 0);
	ck_assert_str_eq(problem(), "");
	/* A 401 runs it again; the old token is not used any more. */
	write_plug(SAY("\"token\":\"def\",\"expirationTimestamp\":"
		       "\"2001-09-09T02:46:40Z\""));
	access_refused(a, f->login_generation);
	ck_assert_ptr_null(access_facts(a, 101 * S));
	ck_assert(access_pending(a));
	run_plug();
	f = facts(101 * S);
	ck_assert_str_eq(f->token, "def");
	ck_assert_uint_eq(f->login_generation, 2);
	ck_assert_uint_eq(f->tls_generation, 1);
	ck_assert_uint_eq(f->expiry_s[ACCESS_TOKEN], 1000003600);
	access_refused(a, 1); /* of a request with the old one */
	ck_assert_str_eq(facts(102 * S)->token, "def");
	ck_assert(!access_pending(a));
}
END_TEST

/* WP-10: it is renewed 10 s before its end, and the old one is used meanwhile. */
START_TEST(plug_in_expires)
{
	open_plug(SAY("\"token\":\"one\",\"expirationTimestamp\":"
		      "\"2001-09-09T02:46:40Z\""));
	ck_assert_ptr_null(access_facts(a, 0));
	run_plug();
	ck_assert_str_eq(facts(1 * S)->token, "one");
	write_plug(SAY("\"token\":\"two\""));
	wall_s = 1000003600 - 11;
	ck_assert_str_eq(facts(2 * S)->token, "one");
	ck_assert_int_eq(changes, 1);
	wall_s++;
	ck_assert_str_eq(facts(3 * S)->token, "one"); /* and it runs */
	ck_assert(!access_pending(a));
	run_plug();
	ck_assert_str_eq(facts(4 * S)->token, "two");
	ck_assert_uint_eq(facts(4 * S)->login_generation, 2);
}
END_TEST

/* ... and not after it. */
START_TEST(plug_in_expired)
{
	open_plug(SAY("\"token\":\"one\",\"expirationTimestamp\":"
		      "\"2001-09-09T02:46:40Z\""));
	ck_assert_ptr_null(access_facts(a, 0));
	run_plug();
	facts(1 * S);
	wall_s = 1000003600;
	ck_assert_ptr_null(access_facts(a, 2 * S));
	ck_assert(access_pending(a));
	run_plug();
	ck_assert_ptr_null(access_facts(a, 2 * S));
	ck_assert_str_eq(problem(),
		"the plug-in \"k/./plug\" printed a credential that has expired");
}
END_TEST

/* WP-10, WP-07: certificates come from it too. */
START_TEST(plug_in_certificate)
{
	open_plug("cat k/answer\n");
	put("k/answer",
		"{\"kind\":\"ExecCredential\",\"apiVersion\":"
		"\"client.authentication.k8s.io/v1\",\"status\":{"
		"\"clientCertificateData\":\"-----BEGIN CERTIFICATE-----\\nR0hJ\\n-----"
		"END CERTIFICATE-----\\n\",\"clientKeyData\":\"-----BEGIN EC PRIVATE "
		"KEY-----\\nSktM\\n-----END EC PRIVATE KEY-----\\n\"}}");
	ck_assert_ptr_null(access_facts(a, 0));
	run_plug();
	const struct access_facts *f = facts(1);
	ck_assert(is_pem(&f->cert, CERT) && is_pem(&f->key, KEY) && is_pem(&f->ca, CA1));
	ck_assert_str_eq(f->token, "");
	write_plug(SAY("\"token\":\"t\""));
	access_refused(a, f->login_generation);
	ck_assert_ptr_null(access_facts(a, 2 * S));
	run_plug();
	f = facts(2 * S);
	ck_assert_uint_eq(f->cert.len, 0);
	ck_assert_uint_eq(f->tls_generation, 2);
}
END_TEST

/* The program, what is said of it. */
static const struct {
	const char *body, *problem;
} bad_plugs[] = {
	{"echo hello\n", "the plug-in \"k/./plug\" printed what is no ExecCredential"},
	{"exit 0\n", "the plug-in \"k/./plug\" printed what is no ExecCredential"},
	{SAY("\"token\":\"secret token\""),
		"the plug-in \"k/./plug\" printed what status.token holds white space or "
		"what cannot be printed"},
	{SAY("\"token\":\"t\"") "exit 3\n", "the plug-in \"k/./plug\" exited with 3"},
	{"echo one >&2; printf 'not\\tlogged in\\n\\n' >&2; exit 1\n",
		"the plug-in \"k/./plug\" exited with 1: not?logged in"},
	{"kill -9 $$\n", "the plug-in \"k/./plug\" was killed by signal 9"},
	{"exec head -c 300000 /dev/zero\n",
		"the plug-in \"k/./plug\" printed more than 256 KiB"},
	{"i=0; while [ $i -lt 3000 ]; do echo filler line $i >&2; i=$((i+1)); done; "
	 "exit 1\n",
		"the plug-in \"k/./plug\" exited with 1: filler line 2999"},
};

START_TEST(plug_in_fails)
{
	open_plug(bad_plugs[_i].body);
	ck_assert_ptr_null(access_facts(a, 0));
	run_plug();
	ck_assert_ptr_null(access_facts(a, 1));
	ck_assert_str_eq(problem(), bad_plugs[_i].problem);
	ck_assert(!access_pending(a)); /* not again within a second */
}
END_TEST

/* WP-10: it is killed at its limit, with all that it started. */
START_TEST(plug_in_hangs)
{
	env.exec_limit_ns = 300 * NS_PER_MS;
	/* Each holds the other end of a FIFO open: when all are gone, it ends. */
	use_kubeconfig("");
	ck_assert_int_eq(mkfifo("k/life", 0600), 0);
	const int fd = open("k/life", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	open_plug("exec 9>k/life; sleep 1000 & sleep 1000\n");
	ck_assert_ptr_null(access_facts(a, 0));
	run_plug();
	ck_assert_ptr_null(access_facts(a, 1));
	ck_assert_str_eq(problem(), "the plug-in \"k/./plug\" did not end within 300 ms");
	fcntl(fd, F_SETFL, 0);
	char c;
	ck_assert_int_eq(read(fd, &c, 1), 0); /* waits for the last of them */
	close(fd);
}
END_TEST

/* The same when it has gone itself, and left one behind that holds its output. */
START_TEST(plug_in_leaves_one)
{
	env.exec_limit_ns = 300 * NS_PER_MS;
	use_kubeconfig("");
	ck_assert_int_eq(mkfifo("k/life", 0600), 0);
	const int fd = open("k/life", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	open_plug("exec 9>k/life; sleep 1000 & exit 0\n");
	ck_assert_ptr_null(access_facts(a, 0));
	run_plug();
	ck_assert_ptr_null(access_facts(a, 1));
	ck_assert_str_eq(problem(), "the plug-in \"k/./plug\" did not end within 300 ms");
	fcntl(fd, F_SETFL, 0);
	char c;
	ck_assert_int_eq(read(fd, &c, 1), 0);
	close(fd);
}
END_TEST

/* Closing while it runs kills it and leaves no zombie. */
START_TEST(plug_in_closed)
{
	use_kubeconfig("");
	ck_assert_int_eq(mkfifo("k/life", 0600), 0);
	const int fd = open("k/life", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	open_plug("exec 9>k/life; sleep 1000 & sleep 1000\n");
	ck_assert_ptr_null(access_facts(a, 0));
	access_close(a);
	a = NULL;
	fcntl(fd, F_SETFL, 0);
	char c;
	ck_assert_int_eq(read(fd, &c, 1), 0);
	close(fd);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	ck_assert_int_eq(changes, 0);
}
END_TEST

/* What fails is repeated ever more slowly: 1, 2, 4 ... 64 s. */
START_TEST(plug_in_pauses)
{
	uint64_t now_ns = 0, pause_ns = S;

	open_plug("exit 1\n");
	for (int i = 0; i < 9; i++) {
		ck_assert_ptr_null(access_facts(a, now_ns));
		ck_assert(access_pending(a));
		run_plug();
		ck_assert_ptr_null(access_facts(a, now_ns + pause_ns - 1));
		ck_assert(!access_pending(a));
		now_ns += pause_ns;
		pause_ns = MIN(2 * pause_ns, 64 * S);
	}
}
END_TEST

/* WP-10: the environment; no terminal, none of our descriptors, no ignored signal. */
START_TEST(plug_in_surroundings)
{
	char line[4096];
	use_kubeconfig(
		EXEC_WITH("provideClusterInfo: true, args: [a b, '*'], "
			  "env: [{name: HOME, value: /h}, {name: NEW, value: n}]"));
	put("k/ca", CA1);
	write_plug(
		"printf '%s|%s|%s|%s|%s|' \"$1\" \"$2\" \"$#\" \"$HOME\" \"$NEW\" >k/out\n"
		"grep -c ^HOME= /proc/self/environ >>k/out\n"
		"echo \"$KUBERNETES_EXEC_INFO\" >>k/out\n"
		"readlink /proc/$$/fd/0 >>k/out\n"
		"ls /proc/$$/fd | tr '\\n' ' ' >>k/out\n"
		"echo >>k/out; grep ^SigIgn /proc/$$/status >>k/out\n"
		"ps -o pgid= -p $$ | tr -d ' ' >>k/out; echo $$ >>k/out\n" SAY(
			"\"token\":\"t\""));
	for (int fd = 3; fd < 1024; fd++) /* of the test's frame */
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	signal(SIGPIPE, SIG_IGN);
	setenv("HOME", "/before", 1);
	conf.exec = true;
	open_access();
	ck_assert_ptr_null(access_facts(a, 0));
	run_plug();
	ck_assert_str_eq(facts(1)->token, "t");
	FILE *f = fopen("k/out", "r");
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_str_eq(line, "a b|*|2|/h|n|1\n");
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_ptr_nonnull(
		strstr(line, "\"spec\":{\"cluster\":{\"server\":\"https://h\","
			     "\"certificate-authority-data\":\"LS0t"));
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_str_eq(line, "/dev/null\n");
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	size_t n = 0;
	for (const char *p = line; (p = strchr(p, ' ')) != NULL; p++)
		n++;
	ck_assert_msg(n == 4, "%s", line); /* the shell has its script open */
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_str_eq(line, "SigIgn:\t0000000000000000\n");
	char pid[64];
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_ptr_nonnull(fgets(pid, sizeof(pid), f));
	ck_assert_str_eq(line, pid); /* a group of its own */
	fclose(f);
}
END_TEST

/* WP-10: off by default; and what is not there is named with the hint. */
START_TEST(plug_in_refused)
{
	open_plug("echo run >>k/runs\n");
	access_close(a);
	a = NULL;
	conf.exec = false;
	open_access();
	ck_assert_ptr_null(access_facts(a, 0));
	ck_assert_str_eq(problem(),
		"k/config:5:26: the user logs in by running \"k/./plug\" — set "
		"kubernetes.exec = true to allow that, or use a token or a certificate");
	ck_assert(!access_pending(a));
	ck_assert_int_eq(access("k/runs", F_OK), -1);
	access_close(a);
	a = NULL;
	conf.exec = true;
	unlink("k/plug");
	open_access();
	ck_assert_ptr_null(access_facts(a, 0));
	ck_assert(!access_pending(a));
	ck_assert_str_eq(problem(),
		"the plug-in \"k/./plug\" does not start: No such file or directory; get "
		"it  at x");
}
END_TEST

/* ---- wiping ---- */

#define BODY "c2VjcmV0LWtleS1ib2R5" /* of the key, in PEM */

/* Nothing that we free holds a secret: from files, inline, and from a plug-in. */
START_TEST(wiped)
{
	char config[4096], answer[1024];
	const char key[] = PEM("EC PRIVATE KEY", BODY);
	char *data = base64_encode((const uint8_t *)key, sizeof(key) - 1);

	ck_assert_int_eq(mkdir("k", 0700), 0);
	put("k/token", "secret-file-token\n");
	snprintf(config, sizeof(config),
		_i == 0 ? CONFIG("proxy-url: 'http://u:secret-inline@p'",
				  "client-certificate: cert, client-key-data: %s, token: "
				  "secret-inline, tokenFile: token")
		: _i == 1
			? CONFIG("", "username: u, password: secret-inline, x: %s")
			: CONFIG("insecure-skip-tls-verify: true",
				  "exec: {apiVersion: client.authentication.k8s.io/v1, "
				  "interactiveMode: Never, command: ./plug, env: [{name: "
				  "A, value: secret-inline}]}, x: %s"),
		data);
	use_kubeconfig(config);
	put("k/cert", CERT);
	snprintf(answer, sizeof(answer), SAY("\"token\":\"secret-file-token\""));
	write_plug(answer);
	conf.exec = true;
	watch.text[0] = "secret-file-token";
	watch.text[1] = "secret-inline";
	watch.text[2] = BODY;
	watch.text[3] = data + 40; /* a part that is the key's */
	open_access();
	if (_i == 2) {
		ck_assert_ptr_null(access_facts(a, 0));
		run_plug();
	}
	const struct access_facts *f = facts(1);
	ck_assert(_i != 1 || strcmp(f->password, "secret-inline") == 0);
	ck_assert(_i == 1 || strcmp(f->token, "secret-file-token") == 0);
	access_refused(a, f->login_generation);
	put("k/token", "another");
	access_facts(a, 2 * S);
	access_close(a);
	a = NULL;
	watch.text[0] = watch.text[1] = watch.text[2] = watch.text[3] = NULL;
	ck_assert_uint_eq(watch.found, 0);
	/* ... and the look finds what is there. */
	watch.text[0] = "LS0t";
	free(data);
	watch.text[0] = NULL;
	ck_assert_uint_eq(watch.found, 1);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("access");

	tcase_set_timeout(tc, 120);
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
	tcase_add_test(tc, plug_in);
	tcase_add_test(tc, plug_in_expires);
	tcase_add_test(tc, plug_in_expired);
	tcase_add_test(tc, plug_in_certificate);
	tcase_add_loop_test(tc, plug_in_fails, 0, ARRAY_LEN(bad_plugs));
	tcase_add_test(tc, plug_in_hangs);
	tcase_add_test(tc, plug_in_leaves_one);
	tcase_add_test(tc, plug_in_closed);
	tcase_add_test(tc, plug_in_pauses);
	tcase_add_test(tc, plug_in_surroundings);
	tcase_add_test(tc, plug_in_refused);
	tcase_add_loop_test(tc, wiped, 0, 3);
	return run_case("access", tc);
}
