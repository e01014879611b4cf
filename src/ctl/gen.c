/* gen.c - shmdnsctl gen: a cluster's objects for load (OV-19), the same in each run */
#include <stdio.h>

#include "base/base.h"
#include "ctl/options.h"

const char gen_help[] =
	"\n"
	"Writes a v1 List of Namespaces, Services and EndpointSlices to stdout, as\n"
	"`kubectl get -o json` does. The same arguments give the same octets.\n"
	"\n"
	"      --services N       Services (1,000), svc-000000 onwards, in turn over "
	"the\n"
	"                         namespaces ns-0, ns-1, ...\n"
	"      --endpoints M      endpoints of each (3), 100 in a slice\n"
	"      --headless PERCENT of the Services have no cluster IP (0); their "
	"endpoints\n"
	"                         have hostnames\n"
	"      --namespaces K     namespaces (10)\n"
	"\n"
	"Cluster IPs are from 10.96.0.0/12, endpoints from 10.128.0.0/9.\n";

#define SERVICES_MAX  (1ul << 20) /* addresses of 10.96.0.0/12 */
#define ENDPOINTS_MAX 100000ul
#define PER_SLICE     100u

struct plan {
	unsigned long services, endpoints, headless, namespaces;
	bool comma; /* an item stands before */
};

static void begin_item(struct plan *p, const char *api, const char *kind)
{
	printf("%s\n{\"apiVersion\":\"%s\",\"kind\":\"%s\",", p->comma ? "," : "", api,
		kind);
	p->comma = true;
}

/* Spread evenly: of each hundred Services as many as the percentage says. */
static bool is_headless(const struct plan *p, unsigned long i)
{
	return (i + 1) * p->headless / 100 > i * p->headless / 100;
}

static void print_namespace(struct plan *p, unsigned long i)
{
	begin_item(p, "v1", "Namespace");
	printf("\"metadata\":{\"name\":\"ns-%lu\",\"labels\":"
	       "{\"kubernetes.io/metadata.name\":\"ns-%lu\"}},"
	       "\"status\":{\"phase\":\"Active\"}}",
		i, i);
}

static void print_service(struct plan *p, unsigned long i)
{
	char ip[24] = "None";

	if (!is_headless(p, i))
		snprintf(ip, sizeof(ip), "10.%lu.%lu.%lu", 96 + (i >> 16 & 15),
			i >> 8 & 255, i & 255);
	begin_item(p, "v1", "Service");
	printf("\"metadata\":{\"name\":\"svc-%06lu\",\"namespace\":\"ns-%lu\"},"
	       "\"spec\":{\"type\":\"ClusterIP\",\"clusterIP\":\"%s\",\"clusterIPs\":[\"%"
	       "s\"],"
	       "\"ipFamilies\":[\"IPv4\"],\"ipFamilyPolicy\":\"SingleStack\","
	       "\"selector\":{\"app\":\"svc-%06lu\"},\"ports\":[{\"name\":\"http\","
	       "\"protocol\":\"TCP\",\"port\":80,\"targetPort\":8080}]}}",
		i, i % p->namespaces, ip, ip, i);
}

static void print_endpoint(const struct plan *p, unsigned long i, unsigned long e)
{
	unsigned long n = i * p->endpoints + e;

	printf("%s\n {\"addresses\":[\"10.%lu.%lu.%lu\"],\"conditions\":"
	       "{\"ready\":true,\"serving\":true,\"terminating\":false},",
		e % PER_SLICE == 0 ? "" : ",", 128 + (n >> 16 & 127), n >> 8 & 255,
		n & 255);
	if (is_headless(p, i))
		printf("\"hostname\":\"svc-%06lu-%lu\",", i, e);
	printf("\"targetRef\":{\"kind\":\"Pod\",\"namespace\":\"ns-%lu\","
	       "\"name\":\"svc-%06lu-%lu\"}}",
		i % p->namespaces, i, e);
}

static void print_slice(struct plan *p, unsigned long i, unsigned long from)
{
	unsigned long to = MIN(from + PER_SLICE, p->endpoints);

	begin_item(p, "discovery.k8s.io/v1", "EndpointSlice");
	printf("\"metadata\":{\"name\":\"svc-%06lu-%lu\",\"namespace\":\"ns-%lu\","
	       "\"labels\":"
	       "{\"kubernetes.io/service-name\":\"svc-%06lu\","
	       "\"endpointslice.kubernetes.io/managed-by\":"
	       "\"endpointslice-controller.k8s.io\"}},"
	       "\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"http\",\"protocol\":"
	       "\"TCP\","
	       "\"port\":8080}],\"endpoints\":[",
		i, from / PER_SLICE, i % p->namespaces, i);
	for (unsigned long e = from; e < to; e++)
		print_endpoint(p, i, e);
	printf("]}");
}

static int print_list(struct plan *p)
{
	printf("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"metadata\":"
	       "{\"resourceVersion\":\"\"},\"items\":[");
	for (unsigned long i = 0; i < p->namespaces; i++)
		print_namespace(p, i);
	for (unsigned long i = 0; i < p->services; i++)
		print_service(p, i);
	for (unsigned long i = 0; i < p->services; i++)
		for (unsigned long e = 0; e < p->endpoints; e += PER_SLICE)
			print_slice(p, i, e);
	printf("\n]}\n");
	if (fflush(stdout) != 0 || ferror(stdout)) {
		ctl_complain("gen: stdout took not all of it");
		return EXIT_NEGATIVE;
	}
	return EXIT_OK;
}

int ctl_gen(const struct verb *v, int argc, char **argv)
{
	const char *services = "1000", *endpoints = "3", *headless = "0", *spaces = "10";
	const struct option_spec own[] = {
		{NULL, "--services", &services, NULL},
		{NULL, "--endpoints", &endpoints, NULL},
		{NULL, "--headless", &headless, NULL},
		{NULL, "--namespaces", &spaces, NULL},
	};
	struct plan p = {0};
	struct options o;
	int ret = options_parse(v, argc, argv, own, ARRAY_LEN(own), &o);

	if (ret != 0)
		return options_exit(ret);
	if (o.nargs > 0) {
		ctl_complain("gen: what is '%s'? (try --help)", o.arg[0]);
		return EXIT_USAGE;
	}
	if (!options_number("--services", services, 0, SERVICES_MAX, &p.services) ||
		!options_number(
			"--endpoints", endpoints, 0, ENDPOINTS_MAX, &p.endpoints) ||
		!options_number("--headless", headless, 0, 100, &p.headless) ||
		!options_number("--namespaces", spaces, 1, 100000, &p.namespaces))
		return EXIT_USAGE;
	return print_list(&p);
}
