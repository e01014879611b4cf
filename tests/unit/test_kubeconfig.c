/*
 * test_kubeconfig.c - kubeconfigs as tools write them: which server, which credentials;
 * and broken ones: where and why (WP-08, WP-09, WP-11)
 */
#include "controller/kube/kubeconfig.h"

#include <errno.h>

#include "kubetext.h"

#define CERT                                                                             \
	"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tClFVSkQKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="
#define PATH "/etc/k/config" /* where the texts are said to stand */

static void say_pem(struct kubetext *t, const char *what, const struct kubeconfig_pem *p)
{
	if (p->data.len > 0)
		say(t, "%s data %zu\n", what, p->data.len);
	if (p->file[0] != '\0')
		say(t, "%s %s\n", what, p->file);
}

static void say_text(struct kubetext *t, const char *what, const char *value)
{
	if (value[0] != '\0')
		say(t, "%s %s\n", what, value);
}

static void say_exec(struct kubetext *t, const struct kubeconfig_exec *e)
{
	if (e->command[0] == '\0')
		return;
	say(t, "exec %u:%u %s %s%s", e->line, e->column, e->api_version, e->command,
		e->cluster_info ? " +cluster" : "");
	for (size_t i = 0; i < e->nargs; i++)
		say(t, " %s", e->args[i]);
	for (size_t i = 0; i < e->nenv; i++)
		say(t, " %s", e->env[i]);
	say(t, "\n");
}

static void say_config(struct kubetext *t, const struct kubeconfig *c)
{
	for (size_t i = 0; i < c->nservers; i++)
		say(t, "server %s\n", c->servers[i]);
	say_text(t, "proxy", c->proxy);
	say_text(t, "tls-name", c->tls_server_name);
	say(t, "%s%s", c->insecure ? "insecure\n" : "",
		c->no_compression ? "no compression\n" : "");
	say_pem(t, "ca", &c->ca);
	say_pem(t, "cert", &c->cert);
	say_pem(t, "key", &c->key);
	say_text(t, "token", c->token);
	say_text(t, "token file", c->token_file);
	say_text(t, "user", c->username);
	say_text(t, "password", c->password);
	for (size_t i = 0; i < c->nheaders; i++)
		say(t, "%s\n", c->headers[i]);
	say_exec(t, &c->exec);
}

static char *read_config(const char *name, size_t *len)
{
	char path[512];
	char *text;

	snprintf(path, sizeof(path), TEST_DATA "/kube/config/%s", name);
	FILE *f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s", path);
	text = calloc(1, 65536);
	*len = fread(text, 1, 65536, f);
	fclose(f);
	return text;
}

/* File, context, what comes out. */
static const struct {
	const char *file, *context, *text;
} files[] = {
	{"kubeadm.yaml", "",
		"server https://10.0.0.10:6443\nca data 59\ncert data 59\nkey data 65\n"},
	{"kubeadm.yaml", "kubernetes-admin@kubernetes",
		"server https://10.0.0.10:6443\nca data 59\ncert data 59\nkey data 65\n"},
	{"kubelet.yaml", "",
		"server https://[fd00::10]:6443\nca data 59\n"
		"cert /var/lib/kubelet/pki/kubelet-client-current.pem\n"
		"key /var/lib/kubelet/pki/kubelet-client-current.pem\n"},
	{"minikube.yaml", "",
		"server https://192.168.49.2:8443\nca /etc/k/../.minikube/ca.crt\n"
		"cert /etc/k/client.crt\nkey /home/user/.minikube/client.key\n"},
	{"eks.yaml", "",
		"server https://0123456789abcdef.gr7.eu-west-1.eks.amazonaws.com\n"
		"ca data 59\n"
		"exec 19:7 client.authentication.k8s.io/v1beta1 aws --region eu-west-1 "
		"eks get-token --cluster-name web --output json AWS_PROFILE=ops "
		"AWS_STS_REGIONAL_ENDPOINTS=\n"},
	{"gke.yaml", "",
		"server https://203.0.113.9\nca data 59\n"
		"exec 20:7 client.authentication.k8s.io/v1beta1 gke-gcloud-auth-plugin "
		"+cluster\n"},
	{"many.json", "",
		"server https://api.prod.example:6443/k8s/clusters/c-1\n"
		"proxy socks5h://10.9.9.9:1080\ntls-name kubernetes\nno compression\n"
		"token inline-token\ntoken file /etc/k/run/token\n"
		"Impersonate-User: system:serviceaccount:a:b\nImpersonate-Uid: 42\n"
		"Impersonate-Group: x\nImpersonate-Group: y z\n"
		"Impersonate-Extra-scopes: one\nImpersonate-Extra-scopes: two\n"
		"Impersonate-Extra-acme.com%2Fp%25: q\n"},
	{"many.json", "dev",
		"server https://10.1.0.1\ninsecure\nuser me\npassword secret: yes\n"},
	{"many.json", "open", "server http://127.0.0.1:8080\n"},
	{"many.json", "open-user", "server http://127.0.0.1:8080\n"},
	{"anchors.yaml", "", "server https://10.0.0.1\ninsecure\ntoken shared-token\n"},
	{"anchors.yaml", "b", "server https://10.0.0.2\ninsecure\ntoken shared-token\n"},
};

/* WP-08, WP-09, WP-11 */
START_TEST(file)
{
	struct kube_error e = {0};
	struct kubetext t = {0};
	struct kubeconfig c;
	size_t len;
	char *text = read_config(files[_i].file, &len);
	uint8_t *exact = exact_copy(text, len);

	free(text);
	int ret = kubeconfig_parse(exact, len, PATH, files[_i].context, &c, &e);
	free(exact);
	ck_assert_msg(
		ret == 0, "%s: %u:%u: %s", files[_i].file, e.line, e.column, e.text);
	say_config(&t, &c);
	ck_assert_msg(
		strcmp(t.text, files[_i].text) == 0, "%s: %s", files[_i].file, t.text);
	kubeconfig_fini(&c);
}
END_TEST

/* One cluster and one user, on lines of their own: 4 and 6. */
#define ONE(cluster, user)                                                               \
	"contexts: [{name: c, context: {cluster: k, user: u}}]\n"                        \
	"current-context: c\n"                                                           \
	"clusters:\n"                                                                    \
	"- {name: k, cluster: {" cluster "}}\n"                                          \
	"users:\n"                                                                       \
	"- {name: u, user: {" user "}}\n"
#define SERVER "server: https://h"
#define EXEC   "apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never"

static const struct {
	const char *id, *yaml, *text;
} good[] = {
	{"data before a file",
		ONE(SERVER
			", certificate-authority: f, certificate-authority-data: " CERT,
			""),
		"server https://h\nca data 59\n"},
	{"null is absent",
		ONE(SERVER ", proxy-url: ~, certificate-authority: ", "token: null"),
		"server https://h\n"},
	{"an empty string too",
		ONE(SERVER ", proxy-url: '', tls-server-name: ''", "token: ''"),
		"server https://h\n"},
	{"a number is a text", ONE(SERVER, "token: 12345"),
		"server https://h\ntoken 12345\n"},
	{"a certificate beside a token",
		ONE(SERVER, "client-certificate: a, client-key: b, token: t"),
		"server https://h\ncert /etc/k/a\nkey /etc/k/b\ntoken t\n"},
	{"WP-10: no plug-in beside a token",
		ONE(SERVER, "token: t, exec: {" EXEC ", command: x}"),
		"server https://h\ntoken t\n"},
	{"WP-10: nor beside a certificate",
		ONE(SERVER, "client-certificate: a, client-key: b, exec: {" EXEC
			    ", command: x}"),
		"server https://h\ncert /etc/k/a\nkey /etc/k/b\n"},
	{"a plug-in by its name", ONE(SERVER, "exec: {" EXEC ", command: x}"),
		"server https://h\nexec 6:26 client.authentication.k8s.io/v1 x\n"},
	{"a plug-in beside the file", ONE(SERVER, "exec: {" EXEC ", command: bin/x}"),
		"server https://h\nexec 6:26 client.authentication.k8s.io/v1 "
		"/etc/k/bin/x\n"},
	{"a proxy with a password", ONE(SERVER ", proxy-url: 'http://a:b@P:1/'", ""),
		"server https://h\nproxy http://a:b@P:1\n"},
	{"a second document is not read", ONE(SERVER, "") "---\n{]\n",
		"server https://h\n"},
};

START_TEST(good_row)
{
	struct kube_error e = {0};
	struct kubetext t = {0};
	struct kubeconfig c;
	const char *yaml = good[_i].yaml;
	int ret = kubeconfig_parse((const uint8_t *)yaml, strlen(yaml), PATH, "", &c, &e);

	ck_assert_msg(ret == 0, "%s: %u:%u: %s", good[_i].id, e.line, e.column, e.text);
	say_config(&t, &c);
	ck_assert_msg(strcmp(t.text, good[_i].text) == 0, "%s: %s", good[_i].id, t.text);
	kubeconfig_fini(&c);
}
END_TEST

static const struct {
	const char *yaml, *context, *text;
} faults[] = {
	{"", "", "1:1: is empty"},
	{"# nothing\n", "", "1:1: is empty"},
	{"- a\n", "", "1:1: is no kubeconfig: expected a map"},
	{"kind: Secret\n", "", "1:7: is no kubeconfig: its kind is \"Secret\""},
	{"apiVersion: v2\n", "", "1:13: the apiVersion is not v1"},
	{"a: [b\n", "",
		"2:1: did not find expected ',' or ']' while parsing a flow sequence"},
	{"kind: Config\nx: \xff\n", "", "2:4: invalid leading UTF-8 octet"},
	{"a: &x {b: *x}\n", "", "1:11: an alias of what it stands in"},
	{"a: *x\n", "", "1:4: an alias of an anchor that is not there"},
	{"kind: Config\n", "",
		"1:1: has no current-context — set kubernetes.context; contexts are: "
		"none"},
	{"contexts: [{name: a}, {name: 'b\"c'}, {x: y}]\n", "",
		"1:1: has no current-context — set kubernetes.context; contexts are: "
		"\"a\", \"b?c\""},
	{"contexts: {a: b}\n", "", "1:11: contexts: expected a list"},
	{"contexts: [{name: a}, {name: b}]\ncurrent-context: c\n", "",
		"2:18: there is no context \"c\" — contexts are: \"a\", \"b\""},
	{"contexts: [{name: a}, {name: b}]\ncurrent-context: a\n", "c",
		"1:1: there is no context \"c\" — contexts are: \"a\", \"b\""},
	{"contexts: [{name: a}]\ncurrent-context: a\n", "",
		"1:1: context \"a\": has no cluster"},
	{"contexts: [{name: a, context: 5}]\n", "a", "1:31: context: expected a map"},
	{"contexts: [{name: a, context: {cluster: k}}]\n", "a",
		"1:41: context \"a\": there is no cluster \"k\" — clusters are: none"},
	{"contexts: [{name: a, context: {cluster: k}}]\nclusters:\n- name: l\n", "a",
		"1:41: context \"a\": there is no cluster \"k\" — clusters are: \"l\""},
	{"contexts: [{name: a, context: {cluster: k, user: u}}]\n"
	 "clusters: [{name: k, cluster: {server: 'https://h'}}]\nusers: [{name: v}]\n",
		"a", "1:50: cluster \"k\": there is no user \"u\" — users are: \"v\""},
	{ONE("", ""), "", "4:22: cluster \"k\": has no server"},
	{ONE("server: h:1", ""), "",
		"4:31: cluster \"k\": server: is no URL of one — write it as "
		"https://HOST:PORT"},
	{ONE("server: 'https://me:pw@h'", ""), "",
		"4:31: cluster \"k\": server: is no URL of one — take the user name out: "
		"credentials do not belong into it"},
	{ONE("server: [a]", ""), "", "4:31: cluster \"k\": server: expected a string"},
	{ONE("server: \"https://h\\0\"", ""), "",
		"4:31: cluster \"k\": server: holds a NUL octet"},
	{ONE(SERVER ", proxy-url: ftp://x", ""), "",
		"4:53: cluster \"k\": proxy-url: is no URL of a proxy — write it as "
		"http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT"},
	{ONE(SERVER ", insecure-skip-tls-verify: yes", ""), "",
		"4:68: cluster \"k\": insecure-skip-tls-verify: expected true or false"},
	{ONE(SERVER ", insecure-skip-tls-verify: true, certificate-authority: f", ""), "",
		"4:68: cluster \"k\": insecure-skip-tls-verify together with a "
		"certificate-authority — keep one of them"},
	{ONE(SERVER ", certificate-authority-data: QUJ", ""), "",
		"4:70: cluster \"k\": certificate-authority-data: is no base64"},
	{ONE(SERVER ", certificate-authority-data: QUJD", ""), "",
		"4:70: cluster \"k\": certificate-authority-data: holds no PEM block "
		"such as -----BEGIN CERTIFICATE"},
	{ONE(SERVER, "client-certificate: f"), "",
		"6:19: user \"u\": has a client-certificate without client-key — add it"},
	{ONE(SERVER, "client-key: f"), "",
		"6:19: user \"u\": has a client-key without client-certificate — add it"},
	{ONE(SERVER, "token: t, username: n"), "",
		"6:19: user \"u\": has a token and a username — keep one of them"},
	{ONE(SERVER, "username: 'a:b'"), "",
		"6:30: user \"u\": username: holds a colon, which ends it in a request"},
	{ONE(SERVER, "token: \"a\\nX-Header: b\""), "",
		"6:27: user \"u\": token: holds white space or what cannot be printed"},
	{ONE(SERVER, "auth-provider: {name: gcp}"), "",
		"6:35: user \"u\": auth-provider \"gcp\" is not taken, Kubernetes "
		"removed it — use a token, a certificate, or exec"},
	{ONE(SERVER, "as-groups: [a]"), "",
		"6:19: user \"u\": as-uid, as-groups and as-user-extra need as"},
	{ONE(SERVER, "as: \"a\\r\\nb\""), "",
		"6:24: user \"u\": Impersonate-User: expected a printable string"},
	{ONE(SERVER, "as: a, as-groups: b"), "",
		"6:38: user \"u\": Impersonate-Group: expected a list of strings"},
	{ONE(SERVER, "as: a, as-user-extra: [b]"), "",
		"6:42: user \"u\": as-user-extra: expected a map"},
	{ONE(SERVER, "exec: {" EXEC "}"), "", "6:26: user \"u\": exec: has no command"},
	{ONE(SERVER, "exec: {command: x, apiVersion: client.authentication.k8s.io/v1}"),
		"",
		"6:26: user \"u\": exec: has no interactiveMode — write Never or "
		"IfAvailable"},
	{ONE(SERVER, "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, "
		     "interactiveMode: Always}"),
		"",
		"6:26: user \"u\": exec: interactiveMode Always wants a terminal, there "
		"is none"},
	{ONE(SERVER, "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, "
		     "interactiveMode: never}"),
		"",
		"6:26: user \"u\": exec: the interactiveMode \"never\" is not known — "
		"write Never"},
	{ONE(SERVER,
		 "exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}"),
		"",
		"6:26: user \"u\": exec: the apiVersion "
		"\"client.authentication.k8s.io/v1alpha1\" is not known — write "
		"client.authentication.k8s.io/v1"},
	{ONE(SERVER, "exec: {" EXEC ", command: x, args: y}"), "",
		"6:114: user \"u\": exec.args: expected a list of strings"},
	{ONE(SERVER, "exec: {" EXEC ", command: x, env: [{name: 'a=b', value: c}]}"), "",
		"6:114: user \"u\": exec.env: expected a name"},
	{ONE("server: 'http://h'", "token: t"), "",
		"6:19: user \"u\": logs in at an http server — write https, or pick a "
		"context without user"},
	{ONE("server: 'http://h'", "exec: {" EXEC ", command: x}"), "",
		"6:19: user \"u\": logs in at an http server — write https, or pick a "
		"context without user"},
};

START_TEST(fault)
{
	const char *yaml = faults[_i].yaml;
	uint8_t *exact = exact_copy(yaml, strlen(yaml));
	struct kube_error e = {0};
	struct kubeconfig c;
	char text[256];

	ck_assert_int_eq(
		kubeconfig_parse(exact, strlen(yaml), PATH, faults[_i].context, &c, &e),
		-EINVAL);
	free(exact);
	snprintf(text, sizeof(text), "%u:%u: %s", e.line, e.column, e.text);
	ck_assert_msg(strcmp(text, faults[_i].text) == 0, "%s--- %s\n--- expected: %s",
		yaml, text, faults[_i].text);
	ck_assert_mem_eq(&c, &(struct kubeconfig){0}, sizeof(c));
}
END_TEST

/* WP-09: the old login of GKE. */
START_TEST(gke_provider)
{
	struct kube_error e = {0};
	struct kubeconfig c;
	size_t len;
	char *text = read_config("gke.yaml", &len);

	ck_assert_int_eq(
		kubeconfig_parse((uint8_t *)text, len, PATH, "old", &c, &e), -EINVAL);
	ck_assert_uint_eq(e.line, 28);
	ck_assert_ptr_nonnull(strstr(e.text, "auth-provider \"gcp\" is not taken"));
	ck_assert_ptr_null(strstr(e.text, "ya29"));
	free(text);
}
END_TEST

/* A long list of contexts is cut, and names are. */
START_TEST(many_names)
{
	struct kube_error e = {0};
	struct kubeconfig c;
	struct kubetext t = {0};

	say(&t, "contexts:\n");
	for (int i = 0; i < 200; i++)
		say(&t, "- name: context-%d\n", i);
	ck_assert_int_eq(
		kubeconfig_parse((uint8_t *)t.text, t.len, PATH, "none-of-them", &c, &e),
		-EINVAL);
	ck_assert_str_eq(e.text,
		"there is no context \"none-of-them\" — contexts are: \"context-0\", "
		"\"context-1\", \"context-2\", \"context-3\", \"context-4\", "
		"\"context-5\", \"context-6\", ...");
}
END_TEST

/* No cut of any of the files reads outside of it. */
START_TEST(every_cut)
{
	size_t len;
	char *text = read_config(files[_i].file, &len);

	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = exact_copy(text, n);
		struct kube_error e = {0};
		struct kubeconfig c;

		if (kubeconfig_parse(exact, n, PATH, files[_i].context, &c, &e) < 0)
			ck_assert(e.line > 0 && e.column > 0 && e.text[0] != '\0');
		kubeconfig_fini(&c);
		free(exact);
	}
	free(text);
}
END_TEST

/* LM-01: depth, and merges of merges that would take for ever. */
START_TEST(limits)
{
	struct kube_error e = {0};
	struct kubeconfig c;
	struct kubetext t = {0};

	memset(t.text, '[', 500);
	ck_assert_int_eq(
		kubeconfig_parse((uint8_t *)t.text, 500, PATH, "", &c, &e), -EINVAL);
	ck_assert_str_eq(e.text, "more than 64 levels");
	say(&t, "m0: &m0 {x: y}\n");
	for (int i = 1; i < 60; i++)
		say(&t, "m%d: &m%d {<<: [*m%d, *m%d]}\n", i, i, i - 1, i - 1);
	say(&t, "<<: *m59\n");
	ck_assert_int_eq(
		kubeconfig_parse((uint8_t *)t.text, t.len, PATH, "", &c, &e), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.text, "no current-context"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("kubeconfig");

	tcase_add_loop_test(tc, file, 0, ARRAY_LEN(files));
	tcase_add_loop_test(tc, good_row, 0, ARRAY_LEN(good));
	tcase_add_loop_test(tc, fault, 0, ARRAY_LEN(faults));
	tcase_add_test(tc, gke_provider);
	tcase_add_test(tc, many_names);
	tcase_add_loop_test(tc, every_cut, 0, ARRAY_LEN(files));
	tcase_add_test(tc, limits);
	return run_case("kubeconfig", tc);
}
