/* test_kubejson.c - each field of each object that is kept, in any order, cut anywhere */
#include "controller/kube/kubejson.h"

#include <errno.h>

#include "kubetext.h"

#define META(rest) "\"metadata\":{\"name\":\"n\",\"namespace\":\"s\"" rest "}"
#define SERVICE(x)                                                                       \
	"{\"apiVersion\":\"v1\",\"kind\":\"Service\"," META("") ",\"spec\":{" x "}}"
#define SLICE(x)                                                                         \
	"{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\"," META(      \
		",\"labels\":{\"kubernetes.io/service-name\":\"web\"}") "," x "}"
#define ENDPOINT(x) SLICE("\"endpoints\":[{\"addresses\":[\"10.0.0.1\"]," x "}]")
#define POD(spec, status)                                                                \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\"," META("") ",\"spec\":{" spec           \
							    "},\"status\":{" status "}}"

#define SLICE_TEXT(x)                                                                    \
	"EndpointSlice s/n of:web" x " label:kubernetes.io/service-name=web\n"

/* Row id, document, the objects that come out. */
static const struct {
	const char *id, *json, *text;
} fields[] = {
	{"OB-N1",
		"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":"
		"\"n\"}}",
		"Namespace /n\n"},
	{"OB-N1",
		"{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"n\",\"namespace\":"
		"\"x\"},"
		"\"status\":{\"phase\":\"Terminating\"}}",
		"Namespace /n\n"},
	{"RB-01", "{\"kind\":\"Service\",\"metadata\":{\"name\":\"123\"}}",
		"Service default/123\n"},
	{"RB-02", SERVICE("\"type\":\"NodePort\",\"clusterIPs\":[\"10.0.0.1\"]"),
		"Service s/n 10.0.0.1\n"},
	{"RB-02", SERVICE("\"type\":\"LoadBalancer\",\"externalName\":\"x.y\""),
		"Service s/n\n"},
	{"RB-03",
		SERVICE("\"clusterIPs\":[\"fd00::1\",\"10.0.0.1\"],\"clusterIP\":\"10.9."
			"9.9\""),
		"Service s/n fd00::1 10.0.0.1\n"},
	{"RB-03", SERVICE("\"clusterIP\":\"10.0.0.1\",\"clusterIPs\":[]"),
		"Service s/n 10.0.0.1\n"},
	{"RB-03", SERVICE("\"clusterIP\":\"10.0.0.1\",\"clusterIPs\":null"),
		"Service s/n 10.0.0.1\n"},
	{"RB-03", SERVICE("\"clusterIPs\":[\"None\"]"), "Service s/n headless\n"},
	{"RB-03", SERVICE("\"clusterIP\":\"None\""), "Service s/n headless\n"},
	{"RB-03",
		SERVICE("\"type\":\"ClusterIP\",\"clusterIP\":\"\",\"clusterIPs\":["
			"\"\"]"),
		"Service s/n\n"},
	{"RB-04",
		SERVICE("\"ipFamilies\":[\"IPv4\"],\"ipFamilyPolicy\":\"SingleStack\","
			"\"sessionAffinityConfig\":{\"clientIP\":{\"timeoutSeconds\":1}"
			"}"),
		"Service s/n\n"},
	{"RB-05",
		SERVICE("\"ports\":[{\"name\":\"dns\",\"protocol\":\"UDP\",\"port\":53},"
			"{\"name\":\"dns-tcp\",\"port\":53,\"nodePort\":30053},"
			"{\"protocol\":\"SCTP\",\"port\":9},{\"protocol\":\"X\",\"port\":"
			"1},"
			"{\"protocol\":null,\"name\":null,\"port\":65535}]"),
		"Service s/n dns/UDP/53 dns-tcp/TCP/53 /SCTP/9 /other/1 /TCP/65535\n"},
	{"RB-06", SERVICE("\"clusterIP\":\"None\",\"ports\":null"),
		"Service s/n headless\n"},
	{"RB-07", SERVICE("\"publishNotReadyAddresses\":true"), "Service s/n notready\n"},
	{"RB-07", SERVICE("\"publishNotReadyAddresses\":false"), "Service s/n\n"},
	{"GS-05", SERVICE("\"trafficDistribution\":\"PreferClose\""),
		"Service s/n near=zone\n"},
	{"GS-05", SERVICE("\"trafficDistribution\":\"PreferSameZone\""),
		"Service s/n near=zone\n"},
	{"GS-05", SERVICE("\"trafficDistribution\":\"PreferSameNode\""),
		"Service s/n near=node\n"},
	{"GS-05", SERVICE("\"trafficDistribution\":\"prefersamenode\""), "Service s/n\n"},
	{"GS-05", SERVICE("\"trafficDistribution\":null"), "Service s/n\n"},
	{"RB-08",
		SERVICE("\"externalName\":\"x.example.\",\"type\":\"ExternalName\","
			"\"clusterIP\":\"10.0.0.1\""),
		"Service s/n ExternalName to:x.example.\n"},
	{"RB-10",
		"{\"kind\":\"Service\",\"metadata\":{\"labels\":{\"b\":\"2\",\"a\":\"1\","
		"\"e\":\"\"},"
		"\"name\":\"n\",\"namespace\":\"s\"}}",
		"Service s/n label:a=1 label:b=2 label:e=\n"},
	{"RB-11",
		"{\"kind\":\"Service\",\"metadata\":{\"deletionTimestamp\":\"2024-01-"
		"01T00:00:00Z\","
		"\"name\":\"n\",\"namespace\":\"s\"}}",
		"Service s/n going\n"},
	{"RB-20", "{\"kind\":\"EndpointSlice\"," META("") "}",
		"EndpointSlice s/n of: /TCP/-1\n"},
	{"RB-20",
		"{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"n\",\"namespace\":"
		"\"s\","
		"\"labels\":{\"kubernetes.io/service-name\":\"Web\"}}}",
		"EndpointSlice s/n of:Web /TCP/-1 "
		"label:kubernetes.io/service-name=Web\n"},
	{"RB-23",
		SLICE("\"endpoints\":[{\"addresses\":[\"a.b\"]}],\"addressType\":"
		      "\"FQDN\""),
		SLICE_TEXT(" fqdn /TCP/-1")},
	{"RB-23",
		SLICE("\"endpoints\":[{\"addresses\":[\"fd00::1\"]}],\"addressType\":"
		      "\"IPv6\""),
		SLICE_TEXT(" { fd00::1 } /TCP/-1")},
	{"RB-24", SLICE("\"endpoints\":null"), SLICE_TEXT(" /TCP/-1")},
	{"RB-24", SLICE("\"endpoints\":[]"), SLICE_TEXT(" /TCP/-1")},
	{"RB-24", SLICE("\"endpoints\":[null]"), SLICE_TEXT(" /TCP/-1")},
	{"RB-25", SLICE("\"endpoints\":[{\"addresses\":[\"10.0.0.1\",\"10.0.0.2\"]},{}]"),
		SLICE_TEXT(" { 10.0.0.1 10.0.0.2 } { } /TCP/-1")},
	{"RB-26",
		ENDPOINT("\"conditions\":{\"ready\":false,\"serving\":true,"
			 "\"terminating\":true}"),
		SLICE_TEXT(" { 10.0.0.1 -ready +serving +terminating } /TCP/-1")},
	{"RB-26", ENDPOINT("\"conditions\":{\"ready\":null}"),
		SLICE_TEXT(" { 10.0.0.1 } /TCP/-1")},
	{"RB-26", ENDPOINT("\"conditions\":null"), SLICE_TEXT(" { 10.0.0.1 } /TCP/-1")},
	{"RB-27", ENDPOINT("\"hostname\":\"db-0\""),
		SLICE_TEXT(" { 10.0.0.1 host:db-0 } /TCP/-1")},
	{"RB-28",
		ENDPOINT("\"targetRef\":{\"kind\":\"Pod\",\"name\":\"p\"},\"nodeName\":"
			 "\"k\","
			 "\"zone\":\"z\",\"hints\":{\"forZones\":[{\"name\":\"q\"}]},"
			 "\"deprecatedTopology\":{\"a\":\"b\"}"),
		SLICE_TEXT(" { 10.0.0.1 pod:p node:k zone:z } /TCP/-1")},
	{"AC-03",
		ENDPOINT("\"targetRef\":{\"kind\":\"Pod\",\"namespace\":\"s\",\"name\":"
			 "\"p\"}},{\"targetRef\":{\"name\":\"q\",\"namespace\":\"t\","
			 "\"kind\":\"Pod\"}},{\"targetRef\":{\"name\":\"r\"}},{"
			 "\"targetRef\":{\"name\":\"u\",\"namespace\":null,\"kind\":"
			 "\"Node\"}},{\"targetRef\":{\"name\":\"v\",\"namespace\":\"s\","
			 "\"kind\":\"VM\"}"),
		SLICE_TEXT(" { 10.0.0.1 pod:p } { target:q } { target:r } { node:u } { "
			   "target:v } /TCP/-1")},
	{"AC-03",
		"{\"kind\":\"EndpointSlice\",\"endpoints\":[{\"targetRef\":{\"kind\":"
		"\"Pod\",\"name\":\"x\",\"namespace\":\"s\"}}],\"endpoints\":[{"
		"\"targetRef\":{\"kind\":\"Pod\",\"name\":\"p\",\"namespace\":\"s\"}},"
		"{\"targetRef\":{\"kind\":\"Pod\",\"name\":\"q\",\"namespace\":"
		"\"default\"}}],\"metadata\":{\"name\":\"n\"}}",
		"EndpointSlice default/n of: { target:p } { pod:q } /TCP/-1\n"},
	{"RB-29",
		SLICE("\"ports\":[{\"name\":\"h\",\"port\":80,\"protocol\":\"UDP\"},{}]"),
		SLICE_TEXT(" h/UDP/80 /TCP/-1")},
	{"RB-29", SLICE("\"ports\":[{\"name\":null,\"port\":null,\"protocol\":null}]"),
		SLICE_TEXT(" /TCP/-1")},
	{"RB-29", SLICE("\"ports\":null"), SLICE_TEXT(" /TCP/-1")},
	{"OB-P1",
		POD("\"nodeName\":\"k\",\"hostname\":\"h\",\"subdomain\":\"sub\","
		    "\"containers\":[{\"ports\":[{\"name\":\"a\",\"containerPort\":1}]},"
		    "{\"name\":\"x\",\"ports\":[{\"containerPort\":2,\"protocol\":"
		    "\"UDP\"}]}]",
			"\"phase\":\"Running\",\"podIP\":\"10.0.0.9\","
			"\"podIPs\":[{\"ip\":\"10.0.0.1\"},{\"ip\":\"fd00::1\"}],"
			"\"conditions\":[{\"type\":\"Initialized\",\"status\":\"False\"},"
			"{\"status\":\"True\",\"type\":\"Ready\"}]"),
		"Pod s/n 10.0.0.1 fd00::1 host:h subdomain:sub node:k +ready +running"
		" a/TCP/1 /UDP/2\n"},
	{"OB-P1", POD("", "\"phase\":\"Succeeded\",\"podIP\":\"10.0.0.1\""),
		"Pod s/n 10.0.0.1 -ready -running\n"},
	{"OB-E1", "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":7}", ""},
	{"OB-E1", "{\"apiVersion\":\"serving.knative.dev/v1\",\"kind\":\"Service\"}", ""},
	{"OB-E1",
		"{\"apiVersion\":\"apps/"
		"v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"n\"},"
		"\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"b\"}},\"ports\":3}}",
		""},
	{"AD-01", SERVICE("\"clusterIPs\":[\"010.000.0.001\",\"::ffff:10.0.0.2\"]"),
		"Service s/n 10.0.0.1 10.0.0.2\n"},
	{"AD-01", SERVICE("\"clusterIPs\":[\"fe80::1%eth0\",\"10.0.0.1\"]"),
		"Service s/n 10.0.0.1 bad:1\n"},
	{"AD-01", SLICE("\"endpoints\":[{\"addresses\":[\"x\",\"FD00:0::1\"]}]"),
		SLICE_TEXT(" { fd00::1 } bad:1 /TCP/-1")},
	{"QS-06",
		SERVICE("\"selector\":{\"app\":\"web\",\"a\":\"b\"},"
			"\"ports\":[{\"port\":80,\"targetPort\":8080},"
			"{\"port\":81,\"targetPort\":\"http\"}]"),
		"Service s/n /TCP/80>8080 /TCP/81>http selects:a=b selects:app=web\n"},
	{"WP-75",
		"{\"items\":[{\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"e\"}"
		","
		"\"metadata\":{\"name\":\"a\",\"namespace\":\"s\"}},"
		"{\"metadata\":{\"namespace\":\"s\",\"name\":\"b\"}}],"
		"\"apiVersion\":\"v1\",\"kind\":\"ServiceList\"}",
		"Service s/a ExternalName to:e\nService s/b\n"},
	{"WP-75",
		"{\"kind\":\"ServiceList\",\"apiVersion\":\"v1\",\"metadata\":{"
		"\"continue\":\"x\"},"
		"\"items\":[{" META("") "}]}",
		"Service s/n\n"},
	{"WP-75",
		"{\"spec\":{\"clusterIP\":\"10.0.0.1\"}," META(
			"") ",\"kind\":\"Service\"}",
		"Service s/n 10.0.0.1\n"},
	{"WP-76",
		"{\"kind\":\"Service\",\"metadata\":{\"managedFields\":[{\"f\":{\"name\":"
		"[[{}]]}}],"
		"\"ownerReferences\":[{\"name\":\"o\",\"kind\":\"Pod\"}],\"name\":\"n\","
		"\"annotations\":{\"name\":\"x\"},\"namespace\":\"s\"},\"x\":{\"kind\":"
		"\"y\"}}",
		"Service s/n\n"},
	{"WP-78",
		"{\"kind\":\"Service\",\"metadata\":{\"name\":\"n\",\"namespace\":\"s\","
		"\"resourceVersion\":12}}",
		"Service s/n rv:12\n"},
	{"WP-78",
		"{\"kind\":\"Service\",\"metadata\":{\"name\":\"n\",\"namespace\":\"s\","
		"\"resourceVersion\":\"12\"}}",
		"Service s/n rv:12\n"},
	{"WP-80", SERVICE("") "\n" SERVICE("") SERVICE(""),
		"Service s/n\nService s/n\nService s/n\n"},
	{"QS-01",
		"{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[null," SERVICE(
			"") ",{\"kind\":\"List\",\"items\":[{\"kind\":\"PodList\","
			    "\"items\":[{" META("") "}]}]}," SLICE("\"a\":1") "]}",
		"Service s/n\nPod s/n -ready +running\n" SLICE_TEXT(" /TCP/-1")},
	{"duplicate keys",
		SERVICE("\"clusterIPs\":[\"10.0.0.1\",\"x\"],\"type\":\"ExternalName\","
			"\"ports\":[{\"port\":1,\"name\":\"a\",\"name\":\"b\"}],"
			"\"clusterIPs\":[\"10.0.0.2\"],\"type\":\"ClusterIP\","
			"\"ports\":[{\"port\":2}],\"selector\":{\"a\":\"1\"},"
			"\"selector\":{\"b\":\"1\",\"b\":\"2\"}"),
		"Service s/n 10.0.0.2 /TCP/2 selects:b=2\n"},
	{"duplicate keys",
		SLICE("\"endpoints\":[{\"addresses\":[\"10.0.0.1\",\"y\"]}],"
		      "\"endpoints\":[{\"addresses\":[\"10.0.0.2\"],\"addresses\":[\"10."
		      "0.0.3\"]}]"),
		SLICE_TEXT(" { 10.0.0.3 } /TCP/-1")},
	{"escapes",
		"{\"\\u006bind\":\"Ser\\u0076ice\",\"metadata\":{\"name\":\"\\u006e\","
		"\"namespace\":\"s\"}}",
		"Service s/n\n"},
	{"empty List", "{\"kind\":\"List\",\"items\":[]}", ""},
	{"null", "null", ""},
};

static int parse(const char *json, size_t len, size_t piece, struct kubetext *t,
	struct kube_error *error)
{
	struct kubejson *j = kubejson_new(say_object, t);
	uint8_t *copy = exact_copy(json, len);
	int ret = 0;

	for (size_t at = 0; at < len && ret == 0; at += piece)
		ret = kubejson_feed(j, copy + at, MIN(piece, len - at), error);
	if (ret == 0)
		ret = kubejson_end(j, error);
	kubejson_free(j);
	free(copy);
	return ret;
}

START_TEST(field)
{
	static const size_t pieces[] = {SIZE_MAX / 2, 1, 2, 7};

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct kube_error error = {0};
		struct kubetext t = {0};
		const char *json = fields[_i].json;
		int ret = parse(json, strlen(json), pieces[i], &t, &error);

		ck_assert_msg(ret == 0, "%s: %u:%u: %s", fields[_i].id, error.line,
			error.column, error.text);
		ck_assert_msg(strcmp(t.text, fields[_i].text) == 0, "%s: %s, not %s",
			fields[_i].id, t.text, fields[_i].text);
	}
}
END_TEST

/* Document, place and reason. */
static const struct {
	const char *json;
	unsigned line, column;
	const char *text;
} faults[] = {
	{"", 1, 1, "empty"},
	{" \n ", 2, 2, "the text ends inside an object"},
	{"{\"kind\":\n \"Service\"", 2, 11, "the text ends inside an object"},
	{"{\n  \"kind\": x}", 2, 11, "lexical error: invalid char in json text."},
	{"{\"kind\": \"a\" \"b\"}", 1, 15,
		"parse error: after key and value, inside map, I expect ',' or '}'"},
	{"[]", 1, 1, "expected an object, found a list"},
	{"\n 7", 2, 2, "expected an object, found a single value"},
	{"{}", 1, 1, "not a Kubernetes object: it has no kind"},
	{"{\"items\":[]}", 1, 1, "not a Kubernetes object: it has no kind"},
	{"{\"kind\":\"List\",\n\"items\":[\n{\"a\":1}]}", 3, 1, "an item without a kind"},
	{"{\"kind\":\"List\",\"items\":7}", 1, 24,
		"items: expected a list, found a number"},
	{"{\"kind\":\"List\",\"items\":[7]}", 1, 25,
		"items[]: expected a map, found a number"},
	{"{\"kind\":\"Service\"}", 1, 1, "Service: metadata.name is missing"},
	{"{\"kind\":\"Service\",\"metadata\":{\"name\":\"\"}}", 1, 1,
		"Service: metadata.name is missing"},
	{"{\"kind\":\"Service\",\n\"metadata\":{\"name\":\n 80}}", 3, 2,
		"metadata.name: expected a string, found a number"},
	{"{\"metadata\":[\n],\"kind\":\"Pod\"}", 1, 13,
		"metadata: expected a map, found a list"},
	{"{\"metadata\":{\"labels\":{\"a\":\n1}},\"kind\":\"Pod\"}", 2, 1,
		"metadata.labels.a: expected a string, found a number"},
	{"{\"metadata\":{\"labels\":{\"a\":{}}},\"kind\":\"Pod\"}", 1, 28,
		"metadata.labels.a: expected a string, found a map"},
	{"{\"metadata\":{\"name\":\"a\\u0000b\"},\"kind\":\"Pod\"}", 1, 26,
		"metadata.name: expected a string without NUL, found a string"},
	{SERVICE("\"ports\":{}"), 1, 93, "spec.ports: expected a list, found a map"},
	{SERVICE("\"ports\":[[]]"), 1, 94, "spec.ports[]: expected a map, found a list"},
	{SERVICE("\"ports\":[{}]"), 1, 1, "Service n: spec.ports[].port is missing or 0"},
	{SERVICE("\"ports\":[{\"port\":\"80\"}]"), 1, 102,
		"spec.ports[].port: expected a number from 0 to 65535, found a string"},
	{SERVICE("\"ports\":[{\"port\":65536}]"), 1, 102,
		"spec.ports[].port: expected a number from 0 to 65535, found a number"},
	{SERVICE("\"ports\":[{\"port\":-1}]"), 1, 102,
		"spec.ports[].port: expected a number from 0 to 65535, found a number"},
	{SERVICE("\"clusterIPs\":[{}]"), 1, 99,
		"spec.clusterIPs[]: expected a string, found a map"},
	{SERVICE("\"type\":{}"), 1, 92,
		"spec.type: expected a single value, found a map"},
	{SERVICE("\"trafficDistribution\":[]"), 1, 107,
		"spec.trafficDistribution: expected a single value, found a list"},
	{SERVICE("\"publishNotReadyAddresses\":\"x\""), 1, 112,
		"spec.publishNotReadyAddresses: expected true or false, found a string"},
};

START_TEST(fault)
{
	static const size_t pieces[] = {SIZE_MAX / 2, 1, 5};

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct kube_error e = {0};
		struct kubetext t = {0};
		const char *json = faults[_i].json;
		int ret = parse(json, strlen(json), pieces[i], &t, &e);

		ck_assert_int_eq(ret, -EINVAL);
		ck_assert_msg(strcmp(e.text, faults[_i].text) == 0 &&
				      e.line == faults[_i].line &&
				      e.column == faults[_i].column,
			"%s: %u:%u: %s", json, e.line, e.column, e.text);
		ck_assert_uint_eq(t.objects, 0);
	}
}
END_TEST

/* QS-04: whatever is cut off, the rest is never taken for the whole. */
START_TEST(every_cut)
{
	const char *json = fields[_i].json;
	size_t len = strlen(json);

	for (size_t cut = 0; cut < len; cut++) {
		struct kube_error e = {0};
		struct kubetext t = {0};
		int ret = parse(json, cut, SIZE_MAX / 2, &t, &e);

		/* Between two documents a cut leaves whole ones. */
		if (cut > 0 && (json[cut - 1] == '}' || json[cut - 1] == '\n') &&
			ret == 0)
			continue;
		ck_assert_int_eq(ret, -EINVAL);
		ck_assert_uint_ge(e.line, 1);
		ck_assert_uint_ge(e.column, 1);
		ck_assert_uint_gt(strlen(e.text), 0);
	}
}
END_TEST

START_TEST(every_split)
{
	const char *json = fields[_i].json;
	size_t len = strlen(json);

	for (size_t cut = 0; cut <= len; cut++) {
		struct kube_error e = {0};
		struct kubetext t = {0};
		struct kubejson *j = kubejson_new(say_object, &t);
		uint8_t *head = exact_copy(json, cut);
		uint8_t *tail = exact_copy(json + cut, len - cut);

		ck_assert_int_eq(kubejson_feed(j, head, cut, &e), 0);
		free(head);
		ck_assert_int_eq(kubejson_feed(j, tail, len - cut, &e), 0);
		free(tail);
		ck_assert_int_eq(kubejson_end(j, &e), 0);
		ck_assert_str_eq(t.text, fields[_i].text);
		kubejson_free(j);
	}
}
END_TEST

/* LY-02: 64 levels stand, the 65th does not, wherever it is. */
START_TEST(depth)
{
	static const char *const heads[] = {"{\"x\":", "{\"kind\":\"List\",\"items\":"};
	char json[512];

	for (size_t lists = 62; lists <= 64; lists++) {
		struct kube_error e = {0};
		struct kubetext t = {0};
		size_t len = (size_t)snprintf(json, sizeof(json), "%s", heads[_i]);

		memset(json + len, '[', lists);
		memset(json + len + lists, ']', lists);
		len += 2 * lists;
		len += (size_t)snprintf(
			json + len, sizeof(json) - len, ",\"kind\":\"Deployment\"}");
		int ret = parse(json, len, SIZE_MAX / 2, &t, &e);
		ck_assert_int_eq(ret, lists <= 63 ? 0 : -EINVAL);
		if (lists == 64)
			ck_assert_str_eq(e.text, "nested deeper than 64 levels");
	}
}
END_TEST

/* A million levels cost no memory and no stack. */
START_TEST(depth_without_end)
{
	size_t len = 1000000;
	char *json = malloc(len);
	struct kube_error e = {0};
	struct kubetext t = {0};

	memset(json, '[', len);
	json[0] = '{';
	memcpy(json + 1, "\"x\":", 4);
	ck_assert_int_eq(parse(json, len, SIZE_MAX / 2, &t, &e), -EINVAL);
	ck_assert_str_eq(e.text, "nested deeper than 64 levels");
	ck_assert_uint_eq(e.column, 69);
	free(json);
}
END_TEST

static void count(void *arg, struct kube_object *o)
{
	size_t *n = arg;

	ck_assert_str_eq(o->name, "n");
	++*n;
}

/* WP-79: a string that is kept has 64 kB at most, one that is skipped may be longer. */
START_TEST(long_string)
{
	static const struct {
		const char *head;
		size_t len;
		bool ok;
	} rows[] = {
		{"{\"kind\":\"Service\",\"metadata\":{\"name\":\"n\",\"namespace\":\"",
			65535, true},
		{"{\"kind\":\"Service\",\"metadata\":{\"name\":\"n\",\"namespace\":\"",
			65536, false},
		{"{\"kind\":\"Service\",\"metadata\":{\"name\":\"n\",\"x\":\"", 1000000,
			true},
		{"{\"kind\":\"Service\",\"metadata\":{\"name\":\"n\",\"x\":\"", 17 << 20,
			false},
	};
	size_t head = strlen(rows[_i].head), len = head + rows[_i].len + 3, objects = 0;
	char *json = malloc(len);
	struct kube_error e = {0};
	struct kubejson *j = kubejson_new(count, &objects);

	memcpy(json, rows[_i].head, head);
	memset(json + head, 'a', rows[_i].len);
	memcpy(json + len - 3, "\"}}", 3);
	int ret = kubejson_feed(j, (uint8_t *)json, len, &e);
	ck_assert_msg((ret == 0) == rows[_i].ok, "%s", e.text);
	ck_assert_uint_eq(objects, rows[_i].ok ? 1 : 0);
	kubejson_free(j);
	free(json);
}
END_TEST

/* After a fault every call says the same. */
START_TEST(fault_stays)
{
	struct kube_error e = {0}, again = {0};
	struct kubetext t = {0};
	struct kubejson *j = kubejson_new(say_object, &t);

	ck_assert_int_eq(kubejson_feed(j, (const uint8_t *)"{x", 2, &e), -EINVAL);
	ck_assert_int_eq(kubejson_feed(j, (const uint8_t *)"{}", 2, &again), -EINVAL);
	ck_assert_mem_eq(&e, &again, sizeof(e));
	memset(&again, 0, sizeof(again));
	ck_assert_int_eq(kubejson_end(j, &again), -EINVAL);
	ck_assert_mem_eq(&e, &again, sizeof(e));
	kubejson_free(j);
}
END_TEST

/* What an object owns can be taken away by zeroing it. */
static void keep(void *arg, struct kube_object *o)
{
	struct kube_object *kept = arg;

	kube_object_fini(kept);
	*kept = *o;
	memset(o, 0, sizeof(*o));
}

START_TEST(copy_and_equal)
{
	struct kube_object o = {0}, copy;
	struct kube_error e = {0};
	const uint8_t *json = (const uint8_t *)fields[_i].json;
	struct kubetext a = {0}, b = {0};
	struct kubejson *j = kubejson_new(keep, &o);

	ck_assert_int_eq(kubejson_feed(j, json, strlen(fields[_i].json), &e), 0);
	kubejson_free(j);
	if (o.name == NULL)
		return;
	kube_object_copy(&copy, &o);
	ck_assert(kube_object_equal(&o, &copy));
	ck_assert_uint_eq(kube_object_hash(&o), kube_object_hash(&copy));
	say_object(&a, &o);
	say_object(&b, &copy);
	ck_assert_str_eq(a.text, b.text);
	kube_text_free(copy.resource_version);
	copy.resource_version = kube_text("other", 5);
	ck_assert(kube_object_equal(&o, &copy));
	kube_text_free(copy.name);
	copy.name = kube_text("other", 5);
	ck_assert(!kube_object_equal(&o, &copy));
	ck_assert_uint_ne(kube_object_hash(&o), kube_object_hash(&copy));
	kube_object_fini(&o);
	kube_object_fini(&copy);
	ck_assert_ptr_null(copy.name);
	kube_object_fini(&copy);
}
END_TEST

/* In one piece an object says the same, its resourceVersion can be exchanged. */
START_TEST(packed)
{
	struct kube_object o = {0}, copy;
	struct kube_error e = {0};
	const uint8_t *json = (const uint8_t *)fields[_i].json;
	struct kubetext a = {0}, b = {0}, c = {0};
	struct kubejson *j = kubejson_new(keep, &o);

	ck_assert_int_eq(kubejson_feed(j, json, strlen(fields[_i].json), &e), 0);
	kubejson_free(j);
	if (o.name == NULL)
		return;
	say_object(&a, &o);
	uint64_t hash = kube_object_hash(&o);
	kube_object_pack(&o);
	kube_object_pack(&o);
	say_object(&b, &o);
	ck_assert_str_eq(a.text, b.text);
	ck_assert_uint_eq(kube_object_hash(&o), hash);
	kube_object_copy(&copy, &o);
	kube_text_free(o.resource_version);
	o.resource_version = kube_text("other", 5);
	kube_object_fini(&o);
	say_object(&c, &copy);
	ck_assert_str_eq(a.text, c.text);
	kube_object_fini(&copy);
}
END_TEST

/* Real object sets are read whole. */
static const struct {
	const char *path;
	size_t objects;
} sets[] = {
	{TEST_DATA "/cases/objects/handler_test.json", 23},
	{TEST_DATA "/cases/objects/reverse_test.json", 8},
};

START_TEST(object_set)
{
	struct kube_error e = {0};
	static struct kubetext t;
	size_t len;
	char *json = read_data(sets[_i].path, &len);

	memset(&t, 0, sizeof(t));
	ck_assert_msg(parse(json, len, 1000, &t, &e) == 0, "%u:%u: %s", e.line, e.column,
		e.text);
	ck_assert_uint_eq(t.objects, sets[_i].objects);
	free(json);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("kubejson");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, field, 0, ARRAY_LEN(fields));
	tcase_add_loop_test(tc, fault, 0, ARRAY_LEN(faults));
	tcase_add_loop_test(tc, every_cut, 0, ARRAY_LEN(fields));
	tcase_add_loop_test(tc, every_split, 0, ARRAY_LEN(fields));
	tcase_add_loop_test(tc, depth, 0, 2);
	tcase_add_test(tc, depth_without_end);
	tcase_add_loop_test(tc, long_string, 0, 4);
	tcase_add_test(tc, fault_stays);
	tcase_add_loop_test(tc, copy_and_equal, 0, ARRAY_LEN(fields));
	tcase_add_loop_test(tc, packed, 0, ARRAY_LEN(fields));
	tcase_add_loop_test(tc, object_set, 0, ARRAY_LEN(sets));
	return run_case("kubejson", tc);
}
