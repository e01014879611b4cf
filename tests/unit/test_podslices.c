/* test_podslices.c - QS-06: slices as the endpoint controller would make them */
#include "controller/kube/podslices.h"

#include "controller/kube/kubeyaml.h"
#include "kubetext.h"

static struct podslices *p;
static struct kubetext out;
static enum kube_change change;

static void on_object(void *arg, enum kube_change what, struct kube_object *o)
{
	static const char *const mark[] = {"+", "~", "-"};

	(void)arg;
	if (o->kind != KUBE_SLICE || strstr(o->name, "derived") == NULL)
		return; /* what went in goes out: see passes_on() */
	say(&out, "%s%s", mark[what], o->name);
	if (what != KUBE_DELETED)
		say_slice(&out, &o->u.slice);
	say(&out, "\n");
}

static void setup(void)
{
	p = podslices_new(on_object, NULL);
	memset(&out, 0, sizeof(out));
}

static void teardown(void)
{
	podslices_free(p);
}

static void on_parsed(void *arg, struct kube_object *o)
{
	(void)arg;
	podslices_event(p, change, o);
}

/* Events of one kind for the objects of a text. */
static void feed(enum kube_change what, const char *yaml)
{
	struct kube_error e = {0};

	change = what;
	ck_assert_msg(kubeyaml_parse((const uint8_t *)yaml, strlen(yaml), on_parsed, NULL,
			      &e) == 0,
		"%u:%u: %s", e.line, e.column, e.text);
}

static void expect(const char *text)
{
	podslices_batch_end(p);
	ck_assert_msg(strcmp(out.text, text) == 0, "%s", out.text);
	memset(&out, 0, sizeof(out));
}

#define SERVICE(spec)                                                                    \
	"---\nkind: Service\nmetadata: {name: web, namespace: s}\nspec: {" spec "}\n"
#define POD_IN(ns, name, labels, spec, status)                                           \
	"---\nkind: Pod\nmetadata: {name: " name ", namespace: " ns ", labels: {" labels \
	"}}\nspec: {" spec "}\nstatus: {" status "}\n"
#define POD(name, labels, spec, status) POD_IN("s", name, labels, spec, status)
#define UP(ip)                                                                           \
	"podIP: " ip ", phase: Running, conditions: [{type: Ready, status: \"True\"}]"
#define SLICE(name, service)                                                             \
	"---\nkind: EndpointSlice\nmetadata: {name: " name                               \
	", namespace: s, labels: {kubernetes.io/service-name: " service "}}\n"

#define WEB  SERVICE("clusterIP: 10.9.0.1, selector: {app: web}, ports: [{port: 80}]")
#define POD1 POD("p1", "app: web", "", UP("10.0.0.1"))

/* What it is about, objects, slices. */
static const struct {
	const char *id, *yaml, *text;
} rows[] = {
	{"a Pod", WEB POD1,
		"+web-derived-ipv4 of:web { 10.0.0.1 +ready +serving -terminating "
		"pod:p1 }"
		" /TCP/80\n"},
	{"order does not matter, Pods by name",
		POD("p2", "app: web, x: y", "", UP("10.0.0.2")) POD1 WEB,
		"+web-derived-ipv4 of:web { 10.0.0.1 +ready +serving -terminating "
		"pod:p1 }"
		" { 10.0.0.2 +ready +serving -terminating pod:p2 } /TCP/80\n"},
	{"labels of another app, another namespace, no address, an end",
		WEB POD("p1", "app: api", "", UP("10.0.0.1")) POD_IN("t", "p2",
			"app: web", "",
			UP("10.0.0.2")) POD("p3", "app: web", "", "phase: Running")
			POD("p4", "app: web", "", "podIP: 10.0.0.4, phase: Succeeded")
				POD("p5", "x: y", "", UP("10.0.0.5")),
		""},
	{"no selector", SERVICE("clusterIP: 10.9.0.1, ports: [{port: 80}]") POD1, ""},
	{"ExternalName",
		SERVICE("type: ExternalName, externalName: a.b, selector: {app: web}")
			POD1,
		""},
	{"not ready", WEB POD("p1", "app: web", "", "podIP: 10.0.0.1, phase: Running"),
		"+web-derived-ipv4 of:web { 10.0.0.1 -ready -serving -terminating "
		"pod:p1 }"
		" /TCP/80\n"},
	{"not ready, published",
		SERVICE("clusterIP: 10.9.0.1, selector: {app: web},"
			" publishNotReadyAddresses: true, ports: [{port: 80}]")
			POD("p1", "app: web", "nodeName: k", "podIP: 10.0.0.1"),
		"+web-derived-ipv4 of:web { 10.0.0.1 +ready -serving -terminating "
		"pod:p1"
		" node:k } /TCP/80\n"},
	{"RDY-02: draining",
		WEB
		"---\nkind: Pod\nmetadata: {name: p1, namespace: s, labels: {app: web},"
		" deletionTimestamp: x}\nstatus: {" UP("10.0.0.1") "}\n",
		"+web-derived-ipv4 of:web { 10.0.0.1 -ready +serving +terminating "
		"pod:p1 }"
		" /TCP/80\n"},
	{"target ports by number and name, per protocol",
		SERVICE("clusterIP: 10.9.0.1, selector: {app: web}, ports: ["
			"{name: a, port: 80, targetPort: 8080},"
			"{name: b, port: 81, targetPort: http},"
			"{name: c, port: 53, protocol: UDP, targetPort: dns},"
			"{name: d, port: 54, targetPort: dns},"
			"{name: e, port: 55, targetPort: \"99\"}]") POD("p1", "app: web",
			"containers: [{ports: [{name: http, containerPort: 3000}]},"
			" {ports: [{name: dns, protocol: UDP, containerPort: 5353}]}]",
			UP("10.0.0.1")),
		"+web-derived-ipv4 of:web { 10.0.0.1 +ready +serving -terminating "
		"pod:p1 }"
		" a/TCP/8080 b/TCP/3000 c/UDP/5353 e/TCP/99\n"},
	{"Pods that differ in a named port",
		SERVICE("clusterIP: 10.9.0.1, selector: {app: web}, ports: ["
			"{port: 81, targetPort: http}]") POD("p1", "app: web",
			"containers: [{ports: [{name: http, containerPort: 1}]}]",
			UP("10.0.0.1")) POD("p2", "app: web",
			"containers: [{ports: [{name: http, containerPort: 2}]}]",
			UP("10.0.0.2")) POD("p3", "app: web",
			"containers: [{ports: [{name: http, "
			"containerPort: 1}]}]",
			UP("10.0.0.3")),
		"+web-derived-ipv4 of:web { 10.0.0.1 +ready +serving -terminating "
		"pod:p1 }"
		" { 10.0.0.3 +ready +serving -terminating pod:p3 } /TCP/1\n"
		"+web-derived-ipv4-2 of:web { 10.0.0.2 +ready +serving -terminating"
		" pod:p2 } /TCP/2\n"},
	{"RB-29: headless without ports",
		SERVICE("clusterIP: None, selector: {app: web}") POD1,
		"+web-derived-ipv4 of:web { 10.0.0.1 +ready +serving -terminating "
		"pod:p1 }"
		" /TCP/-1\n"},
	{"host name with the Service as subdomain only",
		SERVICE("clusterIP: None, selector: {app: web}, ports: [{port: 1}]") POD(
			"p1", "app: web", "hostname: h, subdomain: web", UP("10.0.0.1"))
			POD("p2", "app: web", "hostname: h, subdomain: other",
				UP("10.0.0.2"))
				POD("p3", "app: web", "hostname: h", UP("10.0.0.3")),
		"+web-derived-ipv4 of:web { 10.0.0.1 +ready +serving -terminating host:h"
		" pod:p1 } { 10.0.0.2 +ready +serving -terminating pod:p2 }"
		" { 10.0.0.3 +ready +serving -terminating pod:p3 } /TCP/1\n"},
	{"two families",
		SERVICE("clusterIPs: [10.9.0.1, \"fd00::9\"], selector: {app: web},"
			" ports: [{port: 1}]") POD("p1", "app: web", "",
			UP("10.0.0.1") ", podIPs: [{ip: 10.0.0.1}, {ip: \"fd00::1\"}]"),
		"+web-derived-ipv4 of:web { 10.0.0.1 +ready +serving -terminating "
		"pod:p1 }"
		" /TCP/1\n"
		"+web-derived-ipv6 of:web { fd00::1 +ready +serving -terminating "
		"pod:p1 }"
		" /TCP/1\n"},
	{"the family of the Service alone",
		SERVICE("clusterIPs: [\"fd00::9\"], selector: {app: web}, ports: [{port: "
			"1}]") POD("p1", "app: web", "",
			UP("10.0.0.1") ", podIPs: [{ip: 10.0.0.1}, {ip: \"fd00::1\"}]"),
		"+web-derived-ipv6 of:web { fd00::1 +ready +serving -terminating "
		"pod:p1 }"
		" /TCP/1\n"},
	{"a slice of its own", WEB POD1 SLICE("web-1", "web"), ""},
	{"a slice of another Service", WEB POD1 SLICE("api-1", "api"),
		"+web-derived-ipv4 of:web { 10.0.0.1 +ready +serving -terminating "
		"pod:p1 }"
		" /TCP/80\n"},
};

START_TEST(derived)
{
	feed(KUBE_ADDED, rows[_i].yaml);
	podslices_batch_end(p);
	ck_assert_msg(
		strcmp(out.text, rows[_i].text) == 0, "%s: %s", rows[_i].id, out.text);
	memset(&out, 0, sizeof(out));
	expect(""); /* nothing changed */
	feed(KUBE_MODIFIED, rows[_i].yaml);
	expect("");
}
END_TEST

static const char first[] =
	"+web-derived-ipv4 of:web { 10.0.0.1 +ready +serving -terminating pod:p1 }"
	" /TCP/80\n";

START_TEST(comes_and_goes)
{
	feed(KUBE_ADDED, WEB);
	expect("");
	feed(KUBE_ADDED, POD1);
	expect(first);
	feed(KUBE_MODIFIED, POD("p1", "app: web", "", UP("10.0.0.7")));
	expect("~web-derived-ipv4 of:web { 10.0.0.7 +ready +serving -terminating "
	       "pod:p1 }"
	       " /TCP/80\n");
	feed(KUBE_DELETED, POD1);
	expect("-web-derived-ipv4\n");
	feed(KUBE_ADDED, POD1);
	expect(first);
	feed(KUBE_DELETED, WEB);
	expect("-web-derived-ipv4\n");
	feed(KUBE_ADDED, WEB);
	expect(first);
	feed(KUBE_MODIFIED, SERVICE("type: ExternalName, externalName: a"));
	expect("-web-derived-ipv4\n");
}
END_TEST

/* A slice of the input takes over, its loss or its change of label gives back. */
START_TEST(real_slices_win)
{
	feed(KUBE_ADDED, WEB POD1);
	expect(first);
	feed(KUBE_ADDED, SLICE("web-1", "web"));
	expect("-web-derived-ipv4\n");
	feed(KUBE_ADDED, SLICE("web-2", "web"));
	feed(KUBE_DELETED, SLICE("web-1", "web"));
	expect("");
	feed(KUBE_MODIFIED, SLICE("web-2", "other"));
	expect(first);
	feed(KUBE_MODIFIED, SLICE("web-2", "web"));
	expect("-web-derived-ipv4\n");
	feed(KUBE_DELETED, SLICE("web-2", "web") SLICE("web-3", "web"));
	expect(first);
}
END_TEST

/* Ownership passes through: whoever takes the object has it. */
static void take(void *arg, enum kube_change what, struct kube_object *o)
{
	struct kube_object *taken = arg;

	ck_assert_int_eq(what, KUBE_ADDED);
	*taken = *o;
	memset(o, 0, sizeof(*o));
}

START_TEST(passes_on)
{
	struct kube_object taken = {0};

	podslices_free(p);
	p = podslices_new(take, &taken);
	feed(KUBE_ADDED, "kind: Namespace\nmetadata: {name: n}\n");
	ck_assert_str_eq(taken.name, "n");
	kube_object_fini(&taken);
	feed(KUBE_ADDED, POD1);
	ck_assert_str_eq(taken.name, "p1");
	kube_object_fini(&taken);
}
END_TEST

START_TEST(many)
{
	char yaml[256];

	for (int i = 0; i < 80; i++) {
		snprintf(yaml, sizeof(yaml),
			"kind: Pod\nmetadata: {name: p%d, namespace: s, labels: {app: "
			"a%d}}\n"
			"status: {podIP: 10.0.0.1}\n---\n"
			"kind: Service\nmetadata: {name: a%d, namespace: s}\n"
			"spec: {selector: {app: a%d}, clusterIP: None}\n",
			i, i % 20, i % 20, i % 20);
		feed(KUBE_ADDED, yaml);
		if (i % 7 == 0)
			podslices_batch_end(p);
		memset(&out, 0, sizeof(out));
	}
	feed(KUBE_DELETED, "kind: Service\nmetadata: {name: a7, namespace: s}\n");
	feed(KUBE_DELETED, "kind: Service\nmetadata: {name: a19, namespace: s}\n");
	out.len = 0;
	podslices_batch_end(p);
	ck_assert_ptr_nonnull(strstr(out.text, "-a7-derived-ipv4\n"));
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("podslices");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, derived, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, comes_and_goes);
	tcase_add_test(tc, real_slices_win);
	tcase_add_test(tc, passes_on);
	tcase_add_test(tc, many);
	return run_case("podslices", tc);
}
