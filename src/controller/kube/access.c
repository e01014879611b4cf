#include "controller/kube/access.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "conf/url.h"
#include "controller/kube/credfile.h"
#include "controller/kube/execlogin.h"
#include "controller/kube/expiry.h"
#include "controller/kube/kubeconfig.h"

#define ACCOUNT_DIR   "/var/run/secrets/kubernetes.io/serviceaccount"
#define EXEC_LIMIT_NS (10 * NS_PER_S)

/* One resolved way to the servers, with the files that it names. */
struct login {
	struct kubeconfig plan;
	struct credfile ca, cert, key, token;
	struct execlogin *exec; /* NULL: no plug-in, or none may be run */
};

struct access {
	struct event_base *base;
	void (*on_change)(void *arg);
	void *arg;
	struct access_env env;
	char *account_dir;
	bool exec; /* plug-ins may be run */
	char *context;
	struct credfile kubeconfig; /* no path: no kubeconfig */
	char unread[400];           /* why its content is not taken; "": it is */
	struct login *login;        /* in use; NULL: none yet */
	struct login *next;         /* what follows it as soon as it can be used */
	bool reread;                /* read everything again */
	uint64_t tls_hash, login_hash;
	struct access_facts facts;
	char problem[800];
};

/* ---- a login and its files ---- */

static char *copy(const char *s)
{
	return mem_dup(s, strlen(s));
}

/* The plan is moved into it. */
static struct login *login_new(struct access *a, const struct kubeconfig *plan)
{
	struct login *l = mem_alloc(1, sizeof(*l));

	l->plan = *plan;
	credfile_init(&l->ca, CREDFILE_PEM, plan->ca.file);
	credfile_init(&l->cert, CREDFILE_PEM, plan->cert.file);
	credfile_init(&l->key, CREDFILE_PEM, plan->key.file);
	credfile_init(&l->token, CREDFILE_TOKEN, plan->token_file);
	const struct execlogin_setup setup = {
		.base = a->base,
		.plan = &l->plan,
		.limit_ns = a->env.exec_limit_ns,
		.wall_ns = a->env.wall_ns,
		.on_change = a->on_change,
		.arg = a->arg,
	};
	if (a->exec && plan->exec.command[0] != '\0')
		l->exec = execlogin_new(&setup);
	return l;
}

static void login_free(struct login *l)
{
	if (l == NULL)
		return;
	execlogin_free(l->exec);
	kubeconfig_fini(&l->plan);
	credfile_fini(&l->ca);
	credfile_fini(&l->cert);
	credfile_fini(&l->key);
	credfile_fini(&l->token);
	free(l);
}

/* Certificate and key belong together: when one is replaced, look at the other again. */
static void refresh_pair(struct login *l, uint64_t now_ns, bool now)
{
	const bool cert = credfile_refresh(&l->cert, now_ns, now);
	const bool key = credfile_refresh(&l->key, now_ns, now || cert);

	if (key && !cert)
		credfile_refresh(&l->cert, now_ns, true);
}

static void login_refresh(struct login *l, uint64_t now_ns, bool now)
{
	credfile_refresh(&l->ca, now_ns, now);
	refresh_pair(l, now_ns, now);
	credfile_refresh(&l->token, now_ns, now);
}

static bool lacks(const struct credfile *f)
{
	return f->path[0] != '\0' && f->content.len == 0;
}

static bool login_usable(const struct login *l)
{
	return !lacks(&l->ca) && !lacks(&l->cert) && !lacks(&l->key) &&
	       (!lacks(&l->token) || l->plan.token[0] != '\0');
}

/* The first of its files that has a problem says so; "" if none has. */
static const char *login_problem(const struct login *l)
{
	const struct credfile *const files[] = {&l->ca, &l->cert, &l->key, &l->token};

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (files[i]->problem[0] != '\0')
			return files[i]->problem;
	return "";
}

/* ---- the three ways in ---- */

static void set(char **to, char *owned)
{
	secret_forget(*to);
	*to = owned;
}

static char *in_dir(const char *dir, const char *name)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", dir, name) < 0)
		abort();
	return path;
}

static void add_server(struct kubeconfig *plan, char *url)
{
	plan->servers = mem_resize(
		plan->servers, plan->nservers + 1, sizeof(*plan->servers));
	plan->servers[plan->nservers++] = url;
}

/* What the configuration says of credentials, over what is there already. */
static void take_keys(struct kubeconfig *plan, const struct conf_kubernetes *k)
{
	if (k->tls.ca[0] != '\0')
		set(&plan->ca.file, copy(k->tls.ca));
	if (k->tls.cert[0] != '\0')
		set(&plan->cert.file, copy(k->tls.cert));
	if (k->tls.key[0] != '\0')
		set(&plan->key.file, copy(k->tls.key));
	if (k->token_file[0] != '\0')
		set(&plan->token_file, copy(k->token_file));
}

static int refuse(char *error, size_t cap, const char *text)
{
	snprintf(error, cap, "%s", text);
	return -EINVAL;
}

/* RO-03. The configuration's own check has refused what is refused here (WP-08). */
static int take_endpoints(
	struct kubeconfig *plan, const struct conf_kubernetes *k, char *error, size_t cap)
{
	bool secure = true;

	for (size_t i = 0; i < k->nendpoints; i++) {
		secure &= strncmp(k->endpoints[i], "https://", 8) == 0;
		add_server(plan, copy(k->endpoints[i]));
	}
	take_keys(plan, k);
	if (!secure && (plan->token_file[0] != '\0' || plan->cert.file[0] != '\0'))
		return refuse(error, cap,
			"kubernetes.endpoints: credentials leave over https only");
	return 0;
}

/* WP-01, WP-02 */
static int take_pod(struct kubeconfig *plan, const struct access *a,
	const struct conf_kubernetes *k, char *error, size_t cap)
{
	const char *host = a->env.service_host, *port = a->env.service_port, *why;
	bool secure;

	if (host == NULL || host[0] == '\0' || port == NULL || port[0] == '\0')
		return refuse(error, cap,
			"not in a cluster: KUBERNETES_SERVICE_HOST and "
			"KUBERNETES_SERVICE_PORT are not both set — set "
			"kubernetes.kubeconfig, or kubernetes.endpoints, or "
			"kubernetes.source = \"files\"");
	char *text = url_of(host, port), *url;
	const bool ok = url_server(text, &url, &secure, &why);
	free(text);
	if (!ok)
		return refuse(error, cap,
			"KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are no host "
			"and port");
	add_server(plan, url);
	set(&plan->ca.file, in_dir(a->account_dir, "ca.crt"));
	set(&plan->token_file, in_dir(a->account_dir, "token"));
	take_keys(plan, k);
	return 0;
}

static int take_way(
	struct access *a, const struct conf_kubernetes *k, char *error, size_t cap)
{
	struct kubeconfig plan;
	int ret;

	credfile_init(&a->kubeconfig, CREDFILE_TEXT, k->kubeconfig);
	if (k->kubeconfig[0] != '\0')
		return 0;
	kubeconfig_init(&plan);
	if (k->nendpoints > 0)
		ret = take_endpoints(&plan, k, error, cap);
	else
		ret = take_pod(&plan, a, k, error, cap);
	if (ret < 0)
		kubeconfig_fini(&plan);
	else
		a->next = login_new(a, &plan);
	return ret;
}

void access_env_init(struct access_env *env)
{
	*env = (struct access_env){
		.service_host = getenv("KUBERNETES_SERVICE_HOST"),
		.service_port = getenv("KUBERNETES_SERVICE_PORT"),
		.account_dir = ACCOUNT_DIR,
		.exec_limit_ns = EXEC_LIMIT_NS,
		.wall_ns = clock_wall_ns,
	};
}

int access_open(struct event_base *base, const struct conf_kubernetes *k,
	const struct access_env *env, void (*on_change)(void *arg), void *arg,
	struct access **out, char *error, size_t cap)
{
	struct access *a = mem_alloc(1, sizeof(*a));
	int ret;

	if (env != NULL)
		a->env = *env;
	else
		access_env_init(&a->env);
	a->base = base;
	a->on_change = on_change;
	a->arg = arg;
	a->exec = k->exec;
	a->context = copy(k->context);
	a->account_dir = copy(a->env.account_dir);
	ret = take_way(a, k, error, cap);
	/* borrowed for this call only */
	a->env.service_host = a->env.service_port = a->env.account_dir = NULL;
	if (ret < 0)
		access_close(a);
	else
		*out = a;
	return ret;
}

void access_close(struct access *a)
{
	if (a == NULL)
		return;
	login_free(a->login);
	login_free(a->next);
	credfile_fini(&a->kubeconfig);
	free(a->context);
	free(a->account_dir);
	free(a);
}

/* ---- reading again ---- */

__attribute__((format(printf, 2, 3))) static void complain(
	struct access *a, const char *fmt, ...)
{
	va_list ap;

	if (a->problem[0] != '\0') /* one at a time, the first is nearest to the cause */
		return;
	va_start(ap, fmt);
	vsnprintf(a->problem, sizeof(a->problem), fmt, ap);
	va_end(ap);
	for (char *p = a->problem; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
}

/* The kubeconfig has new content: what it says comes into use when it can be used. */
static void parse_kubeconfig(struct access *a)
{
	const struct secret *text = &a->kubeconfig.content;
	struct kubeconfig plan;
	struct kube_error e;

	login_free(a->next);
	a->next = NULL;
	a->unread[0] = '\0';
	if (kubeconfig_parse(
		    text->data, text->len, a->kubeconfig.path, a->context, &plan, &e) < 0)
		snprintf(a->unread, sizeof(a->unread), "%.180s:%u:%u: %s",
			a->kubeconfig.path, e.line, e.column, e.text);
	else
		a->next = login_new(a, &plan);
}

static void refresh(struct access *a, uint64_t now_ns)
{
	const bool now = a->reread;

	a->reread = false;
	if (credfile_refresh(&a->kubeconfig, now_ns, now))
		parse_kubeconfig(a);
	if (a->login != NULL)
		login_refresh(a->login, now_ns, now);
	if (a->next != NULL)
		login_refresh(a->next, now_ns, now);
	if (a->next != NULL && login_usable(a->next)) {
		login_free(a->login);
		a->login = a->next;
		a->next = NULL;
	}
}

static void explain(struct access *a)
{
	const char *still = a->login != NULL ? " (the former content is used)" : "";

	a->problem[0] = '\0';
	if (a->kubeconfig.problem[0] != '\0')
		complain(a, "%s%s", a->kubeconfig.problem, still);
	if (a->unread[0] != '\0')
		complain(a, "%s%s", a->unread, still);
	if (a->next != NULL)
		complain(a, "%s%s", login_problem(a->next), still);
	if (a->login != NULL && login_problem(a->login)[0] != '\0')
		complain(a, "%s%s", login_problem(a->login), still);
}

/* ---- facts ---- */

static uint64_t hash_part(uint64_t sum, const void *data, size_t len)
{
	const uint64_t both[2] = {sum, hash_content(len > 0 ? data : "", len)};

	return hash_content(both, sizeof(both));
}

static uint64_t hash_text(uint64_t sum, const char *s)
{
	return hash_part(sum, s, strlen(s));
}

/* Count up what differs from the facts that were handed out last. */
static bool count_generations(struct access *a)
{
	struct access_facts *f = &a->facts;
	uint64_t pair = hash_part(0, f->cert.data, f->cert.len);
	uint64_t tls, login;

	pair = hash_part(pair, f->key.data, f->key.len);
	tls = hash_part(pair, f->ca.data, f->ca.len);
	tls = hash_part(tls, &f->insecure, sizeof(f->insecure));
	tls = hash_text(tls, f->tls_server_name);
	login = hash_text(hash_text(hash_text(pair, f->token), f->username), f->password);
	for (size_t i = 0; i < f->nheaders; i++)
		login = hash_text(login, f->headers[i]);
	const bool other_tls = f->tls_generation == 0 || tls != a->tls_hash;
	const bool other_login = f->login_generation == 0 || login != a->login_hash;
	f->tls_generation += other_tls;
	f->login_generation += other_login;
	a->tls_hash = tls;
	a->login_hash = login;
	return other_tls || other_login;
}

static void find_expiries(struct access_facts *f, const struct execcred *cred)
{
	uint64_t *at = f->expiry_s;

	at[ACCESS_TOKEN] = expiry_jwt(f->token);
	if (at[ACCESS_TOKEN] == 0 && cred != NULL && cred->token.len > 0)
		at[ACCESS_TOKEN] = cred->expires_s;
	at[ACCESS_CERTIFICATE] = expiry_pem(f->cert.data, f->cert.len, false);
	at[ACCESS_CA] = expiry_pem(f->ca.data, f->ca.len, true);
}

/* What a file holds, else what the plan says. */
static struct access_pem pick(const struct kubeconfig_pem *said, const struct credfile *f)
{
	const struct secret *s = f->content.len > 0 ? &f->content : &said->data;

	return (struct access_pem){s->data, s->len};
}

static void fill(struct access *a, const struct execcred *cred)
{
	const struct login *l = a->login;
	const struct kubeconfig *plan = &l->plan;
	struct access_facts *f = &a->facts;

	f->servers = plan->servers;
	f->nservers = plan->nservers;
	f->proxy = plan->proxy;
	f->tls_server_name = plan->tls_server_name;
	f->insecure = plan->insecure;
	f->no_compression = plan->no_compression;
	f->ca = pick(&plan->ca, &l->ca);
	f->cert = pick(&plan->cert, &l->cert);
	f->key = pick(&plan->key, &l->key);
	f->token = l->token.content.len > 0 ? secret_text(&l->token.content)
	                                    : plan->token;
	if (cred != NULL) { /* then there is nothing else: WP-10 */
		f->cert = (struct access_pem){cred->cert.data, cred->cert.len};
		f->key = (struct access_pem){cred->key.data, cred->key.len};
		f->token = secret_text(&cred->token);
	}
	f->username = plan->username;
	f->password = plan->password;
	f->headers = (const char *const *)plan->headers;
	f->nheaders = plan->nheaders;
	if (count_generations(a))
		find_expiries(f, cred);
}

/* What the plug-in gave; NULL: nothing yet. */
static const struct execcred *run_plug_in(struct access *a, uint64_t now_ns)
{
	const struct login *l = a->login;
	const struct kubeconfig_exec *exec = &l->plan.exec;

	if (l->exec == NULL) {
		complain(a,
			"%.180s:%u:%u: the user logs in by running \"%.100s\" — set "
			"kubernetes.exec = true to allow that, or use a token or a "
			"certificate",
			a->kubeconfig.path, exec->line, exec->column, exec->command);
		return NULL;
	}
	const struct access_pem ca = pick(&l->plan.ca, &l->ca);
	const struct execcred *cred = execlogin_get(l->exec, ca.data, ca.len, now_ns);
	if (execlogin_problem(l->exec)[0] != '\0')
		complain(a, "%s", execlogin_problem(l->exec));
	else if (cred == NULL && !execlogin_running(l->exec))
		complain(a, "the plug-in ran less than a second ago");
	return cred;
}

const struct access_facts *access_facts(struct access *a, uint64_t now_ns)
{
	const struct execcred *cred = NULL;

	refresh(a, now_ns);
	explain(a);
	if (a->login == NULL)
		return NULL;
	if (a->login->plan.exec.command[0] != '\0') {
		cred = run_plug_in(a, now_ns);
		if (cred == NULL)
			return NULL;
	}
	fill(a, cred);
	return &a->facts;
}

void access_refused(struct access *a, uint64_t login_generation)
{
	if (login_generation != a->facts.login_generation)
		return;
	a->reread = true;
	if (a->login != NULL && a->login->exec != NULL)
		execlogin_forget(a->login->exec);
}

bool access_pending(const struct access *a)
{
	const struct execlogin *exec = a->login != NULL ? a->login->exec : NULL;

	return exec != NULL && execlogin_running(exec) && !execlogin_good(exec);
}

const char *access_problem(const struct access *a)
{
	return a->problem;
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool access_same(const struct conf_kubernetes *a, const struct conf_kubernetes *b)
{
	bool same = a->nendpoints == b->nendpoints && a->exec == b->exec &&
	            same_text(a->kubeconfig, b->kubeconfig) &&
	            same_text(a->context, b->context) &&
	            same_text(a->tls.ca, b->tls.ca) &&
	            same_text(a->tls.cert, b->tls.cert) &&
	            same_text(a->tls.key, b->tls.key) &&
	            same_text(a->token_file, b->token_file);

	for (size_t i = 0; same && i < a->nendpoints; i++)
		same = same_text(a->endpoints[i], b->endpoints[i]);
	return same;
}
