/* test_kubeyaml.c - the same object in YAML and in JSON is the same object */
#include "controller/kube/kubeyaml.h"

#include <errno.h>

#include "controller/kube/kubejson.h"
#include "kubetext.h"

static int parse(const char *yaml, size_t len, struct kubetext *t, struct kube_error *e)
{
	uint8_t *copy = exact_copy(yaml, len);
	int ret = kubeyaml_parse(copy, len, say_object, t, e);

	free(copy);
	return ret;
}

static void parse_json(const char *json, size_t len, struct kubetext *t)
{
	struct kube_error e = {0};
	struct kubejson *j = kubejson_new(say_object, t);

	ck_assert_msg(kubejson_feed(j, (const uint8_t *)json, len, &e) == 0, "%u:%u: %s",
		e.line, e.column, e.text);
	ck_assert_int_eq(kubejson_end(j, &e), 0);
	kubejson_free(j);
}

#define HEAD "kind: Service\nmetadata: {name: n, namespace: s}\nspec:\n"

/* What it is about, document, the objects that come out. */
static const struct {
	const char *id, *yaml, *text;
} rows[] = {
	{"nothing", "", ""},
	{"comments only", "# nothing\n---\n# more\n", ""},
	{"empty documents", "---\n---\nnull\n---\n~\n...\n", ""},
	{"QS-01: many documents",
		"---\n" HEAD "  clusterIP: 10.0.0.1\n---\n" HEAD "  clusterIP: None\n",
		"Service s/n 10.0.0.1\nService s/n headless\n"},
	{"QS-01: List",
		"items:\n- metadata: {name: a}\n  kind: Namespace\n"
		"- metadata:\n    name: b\n  kind: Namespace\nkind: List\n",
		"Namespace /a\nNamespace /b\n"},
	{"QS-01: typed List", "items:\n- metadata: {name: a}\nkind: NamespaceList\n",
		"Namespace /a\n"},
	{"block lists",
		HEAD "  ports:\n  - name: http\n    port: 80\n    targetPort: web\n"
		     "  - {port: 53, protocol: UDP, targetPort: 5353}\n",
		"Service s/n http/TCP/80>web /UDP/53>5353\n"},
	{"strings with quotes are strings",
		HEAD "  selector: {a: \"1\", b: 'true', c: \"\", d: \"~\"}\n",
		"Service s/n selects:a=1 selects:b=true selects:c= selects:d=~\n"},
	{"plain words are strings",
		HEAD
		"  selector: {a: x1, b: 1.2.3.4, c: 1-2, d: e5, e: 1e, f: 0xg, g: y}\n",
		"Service s/n selects:a=x1 selects:b=1.2.3.4 selects:c=1-2 selects:d=e5"
		" selects:e=1e selects:f=0xg selects:g=y\n"},
	{"block text", HEAD "  type: |-\n    ExternalName\n  externalName: >-\n    a.b\n",
		"Service s/n ExternalName to:a.b\n"},
	{"words for true", HEAD "  publishNotReadyAddresses: Yes\n",
		"Service s/n notready\n"},
	{"words for false", HEAD "  publishNotReadyAddresses: off\n", "Service s/n\n"},
	{"WP-77: null", HEAD "  ports:\n  clusterIPs: ~\n  clusterIP: 10.0.0.1\n",
		"Service s/n 10.0.0.1\n"},
	{"addresses", HEAD "  clusterIPs: [10.0.0.1, 'fd00::1', fd00::2]\n",
		"Service s/n 10.0.0.1 fd00::1 fd00::2\n"},
	{"WP-78", "kind: Namespace\nmetadata: {name: n, resourceVersion: 12}\n",
		"Namespace /n rv:12\n"},
	{"unknown kinds", "kind: Deployment\nspec: {selector: {matchLabels: {a: b}}}\n",
		""},
	{"nested lists are skipped",
		"kind: Namespace\nx: [[{a: [b]}], c]\nmetadata: {name: n}\n",
		"Namespace /n\n"},
	{"keys twice", HEAD "  type: ExternalName\n  type: ClusterIP\n", "Service s/n\n"},
};

START_TEST(document)
{
	struct kube_error e = {0};
	struct kubetext t = {0};
	int ret = parse(rows[_i].yaml, strlen(rows[_i].yaml), &t, &e);

	ck_assert_msg(ret == 0, "%s: %u:%u: %s", rows[_i].id, e.line, e.column, e.text);
	ck_assert_msg(strcmp(t.text, rows[_i].text) == 0, "%s: %s", rows[_i].id, t.text);
}
END_TEST

/* Document, place and reason. */
static const struct {
	const char *yaml;
	unsigned line, column;
	const char *text;
} faults[] = {
	{HEAD "  ports:\n  - port: abc\n", 5, 11,
		"spec.ports[].port: expected a number from 0 to 65535, found a string"},
	{HEAD "  ports:\n  - port: 8_0\n", 5, 11,
		"spec.ports[].port: expected a number from 0 to 65535, found a string"},
	{HEAD "  ports:\n  - port: 0x50\n", 5, 11,
		"spec.ports[].port: expected a number from 0 to 65535, found a number"},
	{HEAD "  selector: {app: 1.5e3}\n", 4, 19,
		"spec.selector.app: expected a string, found a number"},
	{HEAD "  selector: {app: no}\n", 4, 19,
		"spec.selector.app: expected a string, found true or false"},
	{HEAD "  type: *x\n", 4, 9, "aliases are not taken"},
	{HEAD "  type: &x ClusterIP\n", 4, 9, "anchors are not taken"},
	{HEAD "  ports: &x []\n", 4, 10, "anchors are not taken"},
	{"&x\nkind: Service\n", 1, 1, "anchors are not taken"},
	{HEAD "  type: !!str ClusterIP\n", 4, 9, "tags are not taken"},
	{"--- !x {}\n", 1, 5, "tags are not taken"},
	{"- a\n", 1, 1, "expected an object, found a list"},
	{"a\n", 1, 1, "expected an object, found a single value"},
	{"a: b\n", 1, 1, "not a Kubernetes object: it has no kind"},
	{"---\nkind: Namespace\nmetadata: {name: n}\n---\nkind: Service\n", 5, 1,
		"Service: metadata.name is missing"},
	{"{[a]: b}\n", 1, 2, "a key that is no single value"},
	{"? {a: b}\n: c\n", 1, 3, "a key that is no single value"},
	{"kind: Service\n  spec: x\n", 2, 7,
		"mapping values are not allowed in this context"},
	{"kind: [a\n", 2, 1,
		"did not find expected ',' or ']' while parsing a flow sequence"},
	{"kind: \"a\n", 2, 1,
		"found unexpected end of stream while scanning a quoted scalar"},
	{"kind:\n\tx\n", 2, 1,
		"found character that cannot start any token while scanning for the next "
		"token"},
	{"kind: a\nx: \xff\n", 2, 4, "invalid leading UTF-8 octet"},
};

START_TEST(fault)
{
	struct kube_error e = {0};
	struct kubetext t = {0};
	int ret = parse(faults[_i].yaml, strlen(faults[_i].yaml), &t, &e);

	ck_assert_int_eq(ret, -EINVAL);
	ck_assert_msg(strcmp(e.text, faults[_i].text) == 0 && e.line == faults[_i].line &&
			      e.column == faults[_i].column,
		"%s: %u:%u: %s", faults[_i].yaml, e.line, e.column, e.text);
}
END_TEST

/* No cut reads outside of the text; what comes out are whole objects or an error. */
START_TEST(every_cut)
{
	const char *yaml = rows[_i].yaml;

	for (size_t cut = 0; cut < strlen(yaml); cut++) {
		struct kube_error e = {0};
		struct kubetext t = {0};

		if (parse(yaml, cut, &t, &e) < 0)
			ck_assert_uint_gt(strlen(e.text), 0);
	}
}
END_TEST

static const char *const pairs[] = {"all", "list"};

/* The files of tests/data/kube: one set written twice. */
START_TEST(same_as_json)
{
	static struct kubetext a, b;
	struct kube_error e = {0};
	char path[512];
	size_t len;

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	snprintf(path, sizeof(path), TEST_DATA "/kube/%s.json", pairs[_i]);
	char *json = read_data(path, &len);
	parse_json(json, len, &a);
	free(json);
	snprintf(path, sizeof(path), TEST_DATA "/kube/%s.yaml", pairs[_i]);
	char *yaml = read_data(path, &len);
	ck_assert_msg(
		parse(yaml, len, &b, &e) == 0, "%u:%u: %s", e.line, e.column, e.text);
	free(yaml);
	ck_assert_uint_ge(a.objects, 4);
	ck_assert_str_eq(a.text, b.text);
}
END_TEST

static const char *const sets[] = {
	TEST_DATA "/cases/objects/handler_test.json",
	TEST_DATA "/cases/objects/reverse_test.json",
};

/* WP-11: JSON is YAML. */
START_TEST(json_is_yaml)
{
	static struct kubetext a, b;
	struct kube_error e = {0};
	size_t len;
	char *json = read_data(sets[_i], &len);

	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	parse_json(json, len, &a);
	ck_assert_msg(
		parse(json, len, &b, &e) == 0, "%u:%u: %s", e.line, e.column, e.text);
	ck_assert_str_eq(a.text, b.text);
	free(json);
}
END_TEST

static const struct {
	const char *path;
	size_t objects;
} demo[] = {
	{TEST_DATA "/../../conf/demo/kube-system.yaml", 6},
	{TEST_DATA "/../../conf/demo/shop.yaml", 14},
};

static void check_address(void *arg, struct kube_object *o)
{
	size_t *n = arg;

	++*n;
	if (o->kind == KUBE_SERVICE)
		ck_assert_uint_eq(o->u.service.bad_addresses, 0);
	else if (o->kind == KUBE_SLICE)
		ck_assert_uint_eq(o->u.slice.bad_addresses, 0);
}

/* QS-08: the demo set is read whole, and no address is dropped. */
START_TEST(demo_set)
{
	struct kube_error e = {0};
	size_t len, objects = 0;
	char *yaml = read_data(demo[_i].path, &len);
	int ret = kubeyaml_parse((uint8_t *)yaml, len, check_address, &objects, &e);

	ck_assert_msg(ret == 0, "%u:%u: %s", e.line, e.column, e.text);
	ck_assert_uint_eq(objects, demo[_i].objects);
	free(yaml);
}
END_TEST

/* LM-01: 64 levels, in flow and in block style, and without end. */
START_TEST(depth)
{
	static const size_t levels[] = {63, 64, 100000};
	size_t lists = levels[_i], len = lists * 2 + 64;
	char *yaml = malloc(len);
	struct kube_error e = {0};
	struct kubetext t = {0};

	memcpy(yaml, "x: ", 3);
	memset(yaml + 3, '[', lists);
	memset(yaml + 3 + lists, ']', lists);
	memcpy(yaml + 3 + 2 * lists, "\nkind: X\n", 9);
	int ret = parse(yaml, 12 + 2 * lists, &t, &e);
	ck_assert_int_eq(ret, lists == 63 ? 0 : -EINVAL);
	if (lists != 63)
		ck_assert_msg(strstr(e.text, "64 levels") != NULL || lists > 1000, "%s",
			e.text);
	free(yaml);
}
END_TEST

/* LM-01: a document of more than 16 MiB is refused, two of nine are not. */
START_TEST(large)
{
	size_t part = 9u << 20, len = 2 * part + 64;
	char *yaml = malloc(len), *p = yaml;
	struct kube_error e = {0};
	struct kubetext t = {0};

	for (int i = 0; i < 2; i++) {
		memcpy(p, i == 0 || _i == 0 ? "---\nx: " : "\ny:    ", 7);
		memset(p + 7, 'a', part);
		for (size_t at = 100; at < part; at += 100)
			p[at] = ' ';
		p += 7 + part;
		if (_i == 0 || i == 1) {
			memcpy(p, "\nkind: X\n", 9);
			p += 9;
		}
	}
	int ret = parse(yaml, (size_t)(p - yaml), &t, &e);
	ck_assert_msg(
		ret == (_i == 0 ? 0 : -EINVAL), "%u:%u: %s", e.line, e.column, e.text);
	if (_i == 1)
		ck_assert_str_eq(e.text, "a document of more than 16 MiB");
	free(yaml);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("kubeyaml");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, document, 0, ARRAY_LEN(rows));
	tcase_add_loop_test(tc, fault, 0, ARRAY_LEN(faults));
	tcase_add_loop_test(tc, every_cut, 0, ARRAY_LEN(rows));
	tcase_add_loop_test(tc, same_as_json, 0, ARRAY_LEN(pairs));
	tcase_add_loop_test(tc, json_is_yaml, 0, ARRAY_LEN(sets));
	tcase_add_loop_test(tc, demo_set, 0, ARRAY_LEN(demo));
	tcase_add_loop_test(tc, depth, 0, 3);
	tcase_add_loop_test(tc, large, 0, 2);
	return run_case("kubeyaml", tc);
}
