/*
 * test_plugin.c - real login plug-ins: what they are told, what of theirs is taken, how
 * long it lasts, how they end (WP-10); and that secrets are wiped
 */
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/wait.h>

#include "access_support.h"
#include "controller/kube/base64.h"

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

/*
 * WP-10: it is killed at its limit, with all that it started; also when it has gone
 * itself and left one behind that holds its output.
 */
static const char *const without_end[] = {
	"exec 9>k/life; sleep 1000 & sleep 1000\n",
	"exec 9>k/life; sleep 1000 & exit 0\n",
};

START_TEST(plug_in_hangs)
{
	env.exec_limit_ns = 300 * NS_PER_MS;
	/* Each holds the other end of a FIFO open: when all are gone, it ends. */
	use_kubeconfig("");
	ck_assert_int_eq(mkfifo("k/life", 0600), 0);
	const int fd = open("k/life", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	open_plug(without_end[_i]);
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
		"printf '%s|%s|%s|%s|%s|' \"$1\" \"$2\" \"$#\" \"$HOME\" \"$NEW\" "
		">k/out\n"
		"grep -c ^HOME= /proc/self/environ >>k/out\n"
		"echo \"$KUBERNETES_EXEC_INFO\" >>k/out\n"
		"readlink /proc/$$/fd/0 >>k/out\n"
		"n=0; for i in 3 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$i ] || n=$((n+1)); "
		"done; echo $n >>k/out\n"
		"grep ^SigIgn /proc/$$/status >>k/out\n"
		"cut -d' ' -f5 /proc/$$/stat >>k/out; echo $$ >>k/out\n" SAY(
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
	ck_assert_str_eq(line, "0\n");
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	/* glibc has two above 31 for itself */
	ck_assert_int_eq(strncmp(line, "SigIgn:", 7), 0);
	ck_assert_uint_eq(strtoull(line + 7, NULL, 16) & 0x7fffffff, 0);
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
	TCase *tc = tcase_create("plugin");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, plug_in);
	tcase_add_test(tc, plug_in_expires);
	tcase_add_test(tc, plug_in_expired);
	tcase_add_test(tc, plug_in_certificate);
	tcase_add_loop_test(tc, plug_in_fails, 0, ARRAY_LEN(bad_plugs));
	tcase_add_loop_test(tc, plug_in_hangs, 0, ARRAY_LEN(without_end));
	tcase_add_test(tc, plug_in_closed);
	tcase_add_test(tc, plug_in_pauses);
	tcase_add_test(tc, plug_in_surroundings);
	tcase_add_test(tc, plug_in_refused);
	tcase_add_loop_test(tc, wiped, 0, 3);
	return run_case("plugin", tc);
}
