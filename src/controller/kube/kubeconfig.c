#include "controller/kube/kubeconfig.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "conf/url.h"
#include "controller/kube/base64.h"
#include "controller/kube/yamltree.h"

#define QUOTE_MAX 68 /* octets of quote()'s output */

struct reader {
	const char *path; /* of the kubeconfig */
	const struct yamlnode *root;
	struct kubeconfig *out;
	struct kube_error *error;
	char what[QUOTE_MAX + 16]; /* what is being read: `user "admin": ` */
};

/* ---- messages ---- */

/* A name in double quotes, cut when long; what is not printable becomes a '?'. */
static const char *quote(const char *s, char out[QUOTE_MAX])
{
	size_t n = 0;

	out[n++] = '"';
	for (; *s != '\0' && n < QUOTE_MAX - 6; s++)
		out[n++] = *s >= ' ' && *s <= '~' && *s != '"' ? *s : '?';
	if (*s != '\0') {
		memcpy(out + n, "...", 3);
		n += 3;
	}
	out[n++] = '"';
	out[n] = '\0';
	return out;
}

/* The node is where it is wrong; NULL: the file as a whole. */
__attribute__((format(printf, 3, 4))) static int fail(
	struct reader *r, const struct yamlnode *at, const char *fmt, ...)
{
	struct kube_error *e = r->error;
	va_list ap;
	int n;

	e->line = at != NULL ? at->line : 1;
	e->column = at != NULL ? at->column : 1;
	n = snprintf(e->text, sizeof(e->text), "%s", r->what);
	va_start(ap, fmt);
	vsnprintf(e->text + n, sizeof(e->text) - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* ---- fields ---- */

static char *copy(const char *s)
{
	return mem_dup(s, strlen(s));
}

/* Three texts as one, at its exact size: it may be a secret. */
static char *join(const char *a, const char *b, const char *c)
{
	const size_t na = strlen(a), nb = strlen(b), nc = strlen(c);
	char *out = mem_alloc(na + nb + nc + 1, 1);

	memcpy(out, a, na);
	memcpy(out + na, b, nb);
	memcpy(out + na + nb, c, nc);
	return out;
}

static void replace(char **to, char *owned)
{
	secret_forget(*to);
	*to = owned;
}

static int check_text(struct reader *r, const struct yamlnode *n, const char *key)
{
	if (n->kind != YAMLTREE_SCALAR)
		return fail(r, n, "%s: expected a string", key);
	if (memchr(n->text, '\0', n->len) != NULL)
		return fail(r, n, "%s: holds a NUL octet", key);
	return 0;
}

/* A string of a map; absent leaves *to as it is. */
static int take_text(
	struct reader *r, const struct yamlnode *map, const char *key, char **to)
{
	const struct yamlnode *n = yamltree_get(map, key);

	if (n == NULL)
		return 0;
	if (check_text(r, n, key) < 0)
		return -EINVAL;
	replace(to, copy(n->text));
	return 0;
}

/* The name of a file, beside the kubeconfig. */
static int take_path(
	struct reader *r, const struct yamlnode *map, const char *key, char **to)
{
	char *name = copy("");
	int ret = take_text(r, map, key, &name);

	if (ret == 0 && name[0] != '\0')
		replace(to, kubeconfig_beside(r->path, name));
	secret_forget(name);
	return ret;
}

static int take_bool(
	struct reader *r, const struct yamlnode *map, const char *key, bool *to)
{
	static const char *const yes[] = {"true", "True", "TRUE"};
	static const char *const no[] = {"false", "False", "FALSE"};
	const struct yamlnode *n = yamltree_get(map, key);

	if (n == NULL)
		return 0;
	for (size_t i = 0; n->kind == YAMLTREE_SCALAR && n->plain && i < 3; i++) {
		*to = strcmp(n->text, yes[i]) == 0;
		if (*to || strcmp(n->text, no[i]) == 0)
			return 0;
	}
	return fail(r, n, "%s: expected true or false", key);
}

/* PEM as base64 in KEY-data, or a file in KEY; the first wins. */
static int take_pem(struct reader *r, const struct yamlnode *map, const char *key,
	struct kubeconfig_pem *to)
{
	char data_key[64];

	snprintf(data_key, sizeof(data_key), "%s-data", key);
	const struct yamlnode *n = yamltree_get(map, data_key);
	if (n == NULL)
		return take_path(r, map, key, &to->file);
	if (check_text(r, n, data_key) < 0)
		return -EINVAL;
	if (!base64_decode(n->text, n->len, &to->data))
		return fail(r, n, "%s: is no base64", data_key);
	if (!kubeconfig_is_pem((const char *)to->data.data, to->data.len))
		return fail(r, n, "%s: holds no PEM block such as -----BEGIN CERTIFICATE",
			data_key);
	return 0;
}

static bool has_pem(const struct kubeconfig_pem *p)
{
	return p->data.len > 0 || p->file[0] != '\0';
}

static void append(char ***list, size_t *n, char *owned)
{
	*list = mem_resize(*list, *n + 1, sizeof(**list));
	(*list)[(*n)++] = owned;
}

/* ---- named entries ---- */

/* The name of an element of `contexts` and its like; NULL if it has none. */
static const char *entry_name(const struct yamlnode *entry)
{
	const struct yamlnode *name = yamltree_get(entry, "name");

	return name != NULL && name->kind == YAMLTREE_SCALAR ? name->text : NULL;
}

/* `"a", "b"`: the names of a section, as many as fit. */
static const char *names(const struct yamlnode *section, char *out, size_t cap)
{
	char quoted[QUOTE_MAX];
	size_t used = 0;

	snprintf(out, cap, "none");
	for (size_t i = 0; section != NULL && i < section->n; i++) {
		const char *name = entry_name(section->child[i]);

		if (name == NULL)
			continue;
		if (used + strlen(quote(name, quoted)) + 8 > cap) {
			snprintf(out + used, cap - used, ", ...");
			break;
		}
		used += (size_t)snprintf(
			out + used, cap - used, "%s%s", used > 0 ? ", " : "", quoted);
	}
	return out;
}

static int get_section(struct reader *r, const char *key, const struct yamlnode **section)
{
	*section = yamltree_get(r->root, key);
	if (*section != NULL && (*section)->kind != YAMLTREE_LIST)
		return fail(r, *section, "%s: expected a list", key);
	return 0;
}

/*
 * The content of the first entry of that name: of `contexts` what its "context" holds.
 * `at` is what names it.
 */
static int get_entry(struct reader *r, const char *section_key, const char *key,
	const char *name, const struct yamlnode *at, const struct yamlnode **out)
{
	char quoted[QUOTE_MAX], others[100];
	const struct yamlnode *section;

	if (get_section(r, section_key, &section) < 0)
		return -EINVAL;
	for (size_t i = 0; section != NULL && i < section->n; i++) {
		const struct yamlnode *entry = section->child[i];
		const char *its = entry_name(entry);

		if (its == NULL || strcmp(its, name) != 0)
			continue;
		*out = yamltree_get(entry, key);
		if (*out != NULL && (*out)->kind != YAMLTREE_MAP)
			return fail(r, *out, "%s: expected a map", key);
		snprintf(r->what, sizeof(r->what), "%s %s: ", key, quote(name, quoted));
		return 0;
	}
	return fail(r, at, "there is no %s %s — %s are: %s", key, quote(name, quoted),
		section_key, names(section, others, sizeof(others)));
}

/* ---- cluster ---- */

static int take_server(struct reader *r, const struct yamlnode *cluster)
{
	const struct yamlnode *n = yamltree_get(cluster, "server");
	const char *why;
	char *url = NULL;
	bool secure;

	if (n == NULL)
		return fail(r, cluster, "has no server");
	if (check_text(r, n, "server") < 0)
		return -EINVAL;
	if (!url_server(n->text, &url, &secure, &why))
		return fail(r, n, "server: is no URL of one — %s", why);
	append(&r->out->servers, &r->out->nservers, url);
	return 0;
}

static int take_proxy(struct reader *r, const struct yamlnode *cluster)
{
	const struct yamlnode *n = yamltree_get(cluster, "proxy-url");
	const char *why;
	char *url = NULL;

	if (n == NULL)
		return 0;
	if (check_text(r, n, "proxy-url") < 0)
		return -EINVAL;
	if (n->len > 0 && !url_proxy(n->text, &url, &why))
		return fail(r, n, "proxy-url: is no URL of a proxy — %s", why);
	if (url != NULL)
		replace(&r->out->proxy, url);
	return 0;
}

static int read_cluster(struct reader *r, const struct yamlnode *cluster)
{
	struct kubeconfig *c = r->out;
	static const char insecure[] = "insecure-skip-tls-verify";

	if (take_server(r, cluster) < 0 || take_proxy(r, cluster) < 0 ||
		take_pem(r, cluster, "certificate-authority", &c->ca) < 0 ||
		take_text(r, cluster, "tls-server-name", &c->tls_server_name) < 0 ||
		take_bool(r, cluster, insecure, &c->insecure) < 0 ||
		take_bool(r, cluster, "disable-compression", &c->no_compression) < 0)
		return -EINVAL;
	if (c->insecure && has_pem(&c->ca))
		return fail(r, yamltree_get(cluster, insecure),
			"%s together with a certificate-authority — keep one of them",
			insecure);
	return 0;
}

/* ---- user ---- */

static bool header_safe(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return false;
	return len > 0;
}

static int add_header(struct reader *r, const char *name, const struct yamlnode *value)
{
	if (value->kind != YAMLTREE_SCALAR || !header_safe(value->text, value->len))
		return fail(r, value, "%s: expected a printable string", name);
	append(&r->out->headers, &r->out->nheaders, join(name, ": ", value->text));
	return 0;
}

static int add_headers(struct reader *r, const char *name, const struct yamlnode *list)
{
	if (list->kind != YAMLTREE_LIST)
		return fail(r, list, "%s: expected a list of strings", name);
	for (size_t i = 0; i < list->n; i++)
		if (add_header(r, name, list->child[i]) < 0)
			return -EINVAL;
	return 0;
}

/* Impersonate-Extra-KEY: the key in lower case; what is no token character as %XX. */
static char *extra_name(const struct yamlnode *key)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyz0123456789!#$&'*+-.^_`|~";
	static const char digits[] = "0123456789ABCDEF", prefix[] = "Impersonate-Extra-";
	char *name = mem_alloc(sizeof(prefix) + 3 * key->len, 1);
	size_t n = sizeof(prefix) - 1;

	memcpy(name, prefix, n);
	for (size_t i = 0; i < key->len; i++) {
		const char c = key->text[i];
		const char low = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;

		if (low != '\0' && strchr(safe, low) != NULL) {
			name[n++] = low;
			continue;
		}
		name[n++] = '%';
		name[n++] = digits[(unsigned char)low >> 4];
		name[n++] = digits[(unsigned char)low & 15];
	}
	return name;
}

static int add_extra(struct reader *r, const struct yamlnode *map)
{
	if (map->kind != YAMLTREE_MAP)
		return fail(r, map, "as-user-extra: expected a map");
	for (size_t i = 0; i + 1 < map->n; i += 2) {
		const struct yamlnode *key = map->child[i];

		if (key->kind != YAMLTREE_SCALAR || key->len == 0)
			return fail(r, key, "as-user-extra: expected a name");
		char *name = extra_name(key);
		int ret = add_headers(r, name, map->child[i + 1]);
		free(name);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int take_impersonation(struct reader *r, const struct yamlnode *user)
{
	const struct yamlnode *as = yamltree_get(user, "as");
	const struct yamlnode *uid = yamltree_get(user, "as-uid");
	const struct yamlnode *groups = yamltree_get(user, "as-groups");
	const struct yamlnode *extra = yamltree_get(user, "as-user-extra");

	if (as == NULL && (uid != NULL || groups != NULL || extra != NULL))
		return fail(r, user, "as-uid, as-groups and as-user-extra need as");
	if (as != NULL && add_header(r, "Impersonate-User", as) < 0)
		return -EINVAL;
	if (uid != NULL && add_header(r, "Impersonate-Uid", uid) < 0)
		return -EINVAL;
	if (groups != NULL && add_headers(r, "Impersonate-Group", groups) < 0)
		return -EINVAL;
	return extra != NULL ? add_extra(r, extra) : 0;
}

static int take_args(struct reader *r, const struct yamlnode *exec)
{
	const struct yamlnode *args = yamltree_get(exec, "args");
	struct kubeconfig_exec *e = &r->out->exec;

	if (args == NULL)
		return 0;
	if (args->kind != YAMLTREE_LIST)
		return fail(r, args, "exec.args: expected a list of strings");
	for (size_t i = 0; i < args->n; i++) {
		if (check_text(r, args->child[i], "exec.args") < 0)
			return -EINVAL;
		append(&e->args, &e->nargs, copy(args->child[i]->text));
	}
	return 0;
}

static int take_env(struct reader *r, const struct yamlnode *exec)
{
	const struct yamlnode *env = yamltree_get(exec, "env");
	struct kubeconfig_exec *e = &r->out->exec;

	if (env == NULL)
		return 0;
	if (env->kind != YAMLTREE_LIST)
		return fail(r, env, "exec.env: expected a list of names and values");
	for (size_t i = 0; i < env->n; i++) {
		const char *name = entry_name(env->child[i]);
		const struct yamlnode *value = yamltree_get(env->child[i], "value");

		if (name == NULL || name[0] == '\0' || strchr(name, '=') != NULL)
			return fail(r, env->child[i], "exec.env: expected a name");
		if (value != NULL && check_text(r, value, "exec.env") < 0)
			return -EINVAL;
		append(&e->env, &e->nenv,
			join(name, "=", value != NULL ? value->text : ""));
	}
	return 0;
}

#define EXEC_GROUP "client.authentication.k8s.io/"

static int check_exec(struct reader *r, const struct yamlnode *exec, const char *mode)
{
	const struct kubeconfig_exec *e = &r->out->exec;
	char quoted[QUOTE_MAX];

	if (e->command[0] == '\0')
		return fail(r, exec, "exec: has no command");
	if (strcmp(e->api_version, EXEC_GROUP "v1") != 0 &&
		strcmp(e->api_version, EXEC_GROUP "v1beta1") != 0)
		return fail(r, exec,
			"exec: the apiVersion %s is not known — write " EXEC_GROUP "v1",
			quote(e->api_version, quoted));
	if (mode[0] == '\0' && strcmp(e->api_version, EXEC_GROUP "v1") == 0)
		return fail(r, exec,
			"exec: has no interactiveMode — write Never or IfAvailable");
	if (strcmp(mode, "Always") == 0)
		return fail(r, exec,
			"exec: interactiveMode Always wants a terminal, there is none");
	if (mode[0] != '\0' && strcmp(mode, "Never") != 0 &&
		strcmp(mode, "IfAvailable") != 0)
		return fail(r, exec,
			"exec: the interactiveMode %s is not known — write Never",
			quote(mode, quoted));
	return 0;
}

static int take_exec(struct reader *r, const struct yamlnode *user)
{
	const struct yamlnode *exec = yamltree_get(user, "exec");
	struct kubeconfig_exec *e = &r->out->exec;
	char *mode;
	int ret = -EINVAL;

	if (exec == NULL)
		return 0;
	if (exec->kind != YAMLTREE_MAP)
		return fail(r, exec, "exec: expected a map");
	e->line = exec->line;
	e->column = exec->column;
	mode = copy("");
	if (take_text(r, exec, "command", &e->command) == 0 &&
		take_text(r, exec, "apiVersion", &e->api_version) == 0 &&
		take_text(r, exec, "installHint", &e->hint) == 0 &&
		take_text(r, exec, "interactiveMode", &mode) == 0 &&
		take_bool(r, exec, "provideClusterInfo", &e->cluster_info) == 0 &&
		take_args(r, exec) == 0 && take_env(r, exec) == 0)
		ret = check_exec(r, exec, mode);
	free(mode);
	if (ret == 0 && strchr(e->command, '/') != NULL)
		replace(&e->command, kubeconfig_beside(r->path, e->command));
	return ret;
}

static int refuse_provider(struct reader *r, const struct yamlnode *user)
{
	const struct yamlnode *provider = yamltree_get(user, "auth-provider");
	char quoted[QUOTE_MAX];
	const char *name;

	if (provider == NULL)
		return 0;
	name = entry_name(provider);
	return fail(r, provider,
		"auth-provider %s is not taken, Kubernetes removed it — use a token, a "
		"certificate, or exec",
		quote(name != NULL ? name : "", quoted));
}

static bool has_token(const struct kubeconfig *c)
{
	return c->token[0] != '\0' || c->token_file[0] != '\0';
}

static int check_user(struct reader *r, const struct yamlnode *user)
{
	const struct kubeconfig *c = r->out;

	if (has_pem(&c->cert) != has_pem(&c->key))
		return fail(r, user, "has a client-%s without client-%s — add it",
			has_pem(&c->cert) ? "certificate" : "key",
			has_pem(&c->cert) ? "key" : "certificate");
	if (has_token(c) && c->username[0] != '\0')
		return fail(r, user, "has a token and a username — keep one of them");
	if (strchr(c->username, ':') != NULL)
		return fail(r, yamltree_get(user, "username"),
			"username: holds a colon, which ends it in a request");
	if (c->token[0] != '\0' && !kubeconfig_is_token(c->token, strlen(c->token)))
		return fail(r, yamltree_get(user, "token"),
			"token: holds white space or what cannot be printed");
	return 0;
}

/* WP-10: a plug-in is not run where there is another way to log in. */
static void drop_needless_exec(struct kubeconfig *c)
{
	if (has_token(c) || c->username[0] != '\0' || has_pem(&c->cert))
		replace(&c->exec.command, copy(""));
}

static int read_user(struct reader *r, const struct yamlnode *user)
{
	struct kubeconfig *c = r->out;

	if (refuse_provider(r, user) < 0 ||
		take_pem(r, user, "client-certificate", &c->cert) < 0 ||
		take_pem(r, user, "client-key", &c->key) < 0 ||
		take_text(r, user, "token", &c->token) < 0 ||
		take_path(r, user, "tokenFile", &c->token_file) < 0 ||
		take_text(r, user, "username", &c->username) < 0 ||
		take_text(r, user, "password", &c->password) < 0 ||
		take_exec(r, user) < 0 || take_impersonation(r, user) < 0 ||
		check_user(r, user) < 0)
		return -EINVAL;
	drop_needless_exec(c);
	return 0;
}

/* WP-08: nothing secret goes over a connection that anybody may read. */
static int check_secure(struct reader *r, const struct yamlnode *user)
{
	const struct kubeconfig *c = r->out;

	if (strncmp(c->servers[0], "http://", 7) != 0)
		return 0;
	if (has_token(c) || c->username[0] != '\0' || has_pem(&c->cert) ||
		c->exec.command[0] != '\0')
		return fail(r, user,
			"logs in at an http server — write https, or pick a context "
			"without user");
	return 0;
}

/* ---- the whole ---- */

static int check_kind(struct reader *r)
{
	const struct yamlnode *kind = yamltree_get(r->root, "kind");
	const struct yamlnode *version = yamltree_get(r->root, "apiVersion");
	char quoted[QUOTE_MAX];

	if (r->root == NULL || yamltree_null(r->root))
		return fail(r, r->root, "is empty");
	if (r->root->kind != YAMLTREE_MAP)
		return fail(r, r->root, "is no kubeconfig: expected a map");
	if (kind != NULL &&
		(kind->kind != YAMLTREE_SCALAR || strcmp(kind->text, "Config") != 0))
		return fail(r, kind, "is no kubeconfig: its kind is %s",
			quote(kind->kind == YAMLTREE_SCALAR ? kind->text : "", quoted));
	if (version != NULL &&
		(version->kind != YAMLTREE_SCALAR || strcmp(version->text, "v1") != 0))
		return fail(r, version, "the apiVersion is not v1");
	return 0;
}

/* The context that was asked for, or the current one. */
static int pick_context(
	struct reader *r, const char *context, const struct yamlnode **out)
{
	const struct yamlnode *current = yamltree_get(r->root, "current-context");
	const struct yamlnode *section;
	char others[100];

	if (context[0] != '\0')
		return get_entry(r, "contexts", "context", context, NULL, out);
	if (get_section(r, "contexts", &section) < 0)
		return -EINVAL;
	if (current == NULL || current->kind != YAMLTREE_SCALAR || current->len == 0)
		return fail(r, current,
			"has no current-context — set kubernetes.context; contexts are: "
			"%s",
			names(section, others, sizeof(others)));
	return get_entry(r, "contexts", "context", current->text, current, out);
}

static int read_config(struct reader *r, const char *name)
{
	const struct yamlnode *context, *cluster, *user = NULL;

	if (check_kind(r) < 0 || pick_context(r, name, &context) < 0)
		return -EINVAL;
	const struct yamlnode *its_cluster = yamltree_get(context, "cluster");
	const struct yamlnode *its_user = yamltree_get(context, "user");
	if (its_cluster == NULL)
		return fail(r, context, "has no cluster");
	if (check_text(r, its_cluster, "cluster") < 0 ||
		(its_user != NULL && check_text(r, its_user, "user") < 0))
		return -EINVAL;
	if (get_entry(r, "clusters", "cluster", its_cluster->text, its_cluster,
		    &cluster) < 0)
		return -EINVAL;
	if (cluster == NULL)
		return fail(r, its_cluster, "has no server");
	if (read_cluster(r, cluster) < 0)
		return -EINVAL;
	if (its_user == NULL || its_user->len == 0)
		return 0;
	if (get_entry(r, "users", "user", its_user->text, its_user, &user) < 0)
		return -EINVAL;
	if (user == NULL)
		return 0;
	return read_user(r, user) < 0 ? -EINVAL : check_secure(r, user);
}

int kubeconfig_parse(const uint8_t *data, size_t len, const char *path,
	const char *context, struct kubeconfig *out, struct kube_error *error)
{
	struct kube_error at = {0};
	struct kubeconfig c;
	struct yamltree tree;
	int ret;

	*out = (struct kubeconfig){0};
	ret = yamltree_parse(data, len, &tree, error);
	if (ret < 0)
		return ret;
	kubeconfig_init(&c);
	struct reader r = {.path = path, .out = &c, .error = &at};
	r.root = tree.n > 0 ? tree.node[0] : NULL;
	ret = read_config(&r, context);
	if (ret < 0) {
		kubeconfig_fini(&c);
		*error = at;
	} else {
		*out = c;
	}
	yamltree_free(&tree);
	return ret;
}

void kubeconfig_init(struct kubeconfig *c)
{
	char **const texts[] = {&c->proxy, &c->tls_server_name, &c->ca.file,
		&c->cert.file, &c->key.file, &c->token, &c->token_file, &c->username,
		&c->password, &c->exec.command, &c->exec.api_version, &c->exec.hint};

	*c = (struct kubeconfig){0};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = copy("");
}

static void forget_list(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		secret_forget(list[i]);
	free(list);
}

void kubeconfig_fini(struct kubeconfig *c)
{
	char *const texts[] = {c->proxy, c->tls_server_name, c->ca.file, c->cert.file,
		c->key.file, c->token, c->token_file, c->username, c->password,
		c->exec.command, c->exec.api_version, c->exec.hint};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		secret_forget(texts[i]);
	secret_clear(&c->ca.data);
	secret_clear(&c->cert.data);
	secret_clear(&c->key.data);
	forget_list(c->servers, c->nservers);
	forget_list(c->headers, c->nheaders);
	forget_list(c->exec.args, c->exec.nargs);
	forget_list(c->exec.env, c->exec.nenv);
	*c = (struct kubeconfig){0};
}

char *kubeconfig_beside(const char *path, const char *file)
{
	const char *slash = strrchr(path, '/');
	const size_t dir = file[0] != '/' && slash != NULL ? (size_t)(slash - path) + 1
	                                                   : 0;
	const size_t n = strlen(file);
	char *out = mem_alloc(dir + n + 1, 1);

	memcpy(out, path, dir);
	memcpy(out + dir, file, n);
	return out;
}

bool kubeconfig_is_token(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return len > 0;
}

bool kubeconfig_is_pem(const char *text, size_t len)
{
	static const char begin[] = "-----BEGIN ", end[] = "-----END ";
	const char *at = len > 0 ? memmem(text, len, begin, sizeof(begin) - 1) : NULL;
	const char *last = NULL;

	for (const char *p = at; p != NULL;) {
		last = p;
		p = memmem(p + 1, len - (size_t)(p + 1 - text), begin, sizeof(begin) - 1);
	}
	return last != NULL &&
	       memmem(last, len - (size_t)(last - text), end, sizeof(end) - 1) != NULL;
}
