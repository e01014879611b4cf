/*
 * access_support.h - what the tests of access.h share: a directory and a configuration
 * of their own, facts
 */
#ifndef UNIT_ACCESS_SUPPORT_H
#define UNIT_ACCESS_SUPPORT_H

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/kube/access.h"
#include "support.h"
#include "tempdir.h"

#define S NS_PER_S

static struct event_base *base;
static struct access *a;
static struct conf_kubernetes conf;
static struct access_env env;
static char error[512];
static uint64_t wall_s;
static int changes;

static inline uint64_t wall_ns(void)
{
	return wall_s * S;
}

static inline void on_change(void *arg)
{
	(void)arg;
	changes++;
	event_base_loopbreak(base);
}

static inline void setup(void)
{
	static char none[] = "";

	tempdir_enter();
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
	env.account_dir = tempdir;
	env.wall_ns = wall_ns;
}

static inline void teardown(void)
{
	access_close(a);
	event_base_free(base);
	tempdir_leave();
}

static inline char *text_of(const char *s)
{
	static char room[8][256];
	static unsigned n;
	char *p = room[n++ % 8];

	snprintf(p, sizeof(room[0]), "%s", s);
	return p;
}

static inline void open_access(void)
{
	ck_assert_msg(access_open(base, &conf, &env, on_change, NULL, &a, error,
			      sizeof(error)) == 0,
		"%s", error);
}

/* The problem, with our directory as "." */
static inline const char *problem(void)
{
	static char text[1024];
	const char *s = access_problem(a), *at;
	size_t n = 0;

	while ((at = strstr(s, tempdir)) != NULL) {
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, "%.*s.", (int)(at - s), s);
		s = at + strlen(tempdir);
	}
	snprintf(text + n, sizeof(text) - n, "%s", s);
	return text;
}

static inline const struct access_facts *facts(uint64_t now_ns)
{
	const struct access_facts *f = access_facts(a, now_ns);

	ck_assert_msg(f != NULL, "no facts: %s", access_problem(a));
	return f;
}

static inline bool is_pem(const struct access_pem *p, const char *text)
{
	return p->len == strlen(text) && memcmp(p->data, text, p->len) == 0;
}

#define PEM(kind, body) "-----BEGIN " kind "-----\n" body "\n-----END " kind "-----\n"
#define CA1             PEM("CERTIFICATE", "QUJD")
#define CA2             PEM("CERTIFICATE", "REVG")
#define CERT            PEM("CERTIFICATE", "R0hJ")
#define KEY             PEM("EC PRIVATE KEY", "SktM")

#define CONFIG(cluster, user)                                                            \
	"contexts: [{name: c, context: {cluster: k, user: u}}]\n"                        \
	"current-context: c\n"                                                           \
	"clusters: [{name: k, cluster: {server: 'https://h', " cluster "}}]\n"           \
	"users:\n"                                                                       \
	"- {name: u, user: {" user "}}\n"

static inline void use_kubeconfig(const char *text)
{
	ck_assert(mkdir("k", 0700) == 0 || errno == EEXIST);
	put("k/config", text);
	conf.kubeconfig = text_of("k/config");
}

#endif
