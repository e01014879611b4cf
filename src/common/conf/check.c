#include "base/base.h"
#include "conf/check.h"

#define UDP_SIZE_WISE 1400 /* RFC 9715: what passes nearly every path in one piece */

/* Where the key was set; for one that was not, the first file. */
static const struct place *where(const struct parse *p, const char *path)
{
	return parse_where(p, path, 0, SIZE_MAX);
}

static void check_source(struct parse *p)
{
	static const char path[] = "kubernetes.path", source[] = "kubernetes.source";
	const struct conf_kubernetes *kube = &p->conf->kubernetes;

	if (!parse_sound(p, source) || kube->source != CONF_SOURCE_FILES)
		return;
	if (parse_sound(p, path) && kube->path[0] == '\0')
		report_add(p->report, CONF_ERROR, where(p, source), path,
			"is missing — source \"files\" needs the directory or file of "
			"objects");
}

/* RO-03, RO-04: the kubeconfig says all of it. */
static void check_ignored(struct parse *p)
{
	static const char *const keys[] = {"kubernetes.endpoints",
		"kubernetes.token_file", "kubernetes.tls.cert", "kubernetes.tls.key",
		"kubernetes.tls.ca"};
	static const char context[] = "kubernetes.context";

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (p->conf->kubernetes.kubeconfig[0] != '\0' && parse_is_set(p, keys[i]))
			report_add(p->report, CONF_WARNING, where(p, keys[i]), keys[i],
				"is ignored: kubernetes.kubeconfig says all of this");
	if (p->conf->kubernetes.kubeconfig[0] == '\0' &&
		p->conf->kubernetes.context[0] != '\0')
		report_add(p->report, CONF_ERROR, where(p, context), context,
			"there is no kubeconfig to have it — set kubernetes.kubeconfig, "
			"or take this out");
}

/* WP-08: what is secret goes over https only. */
static void check_secure(struct parse *p)
{
	static const char endpoints[] = "kubernetes.endpoints";
	const struct conf_kubernetes *kube = &p->conf->kubernetes;

	if (kube->token_file[0] == '\0' && kube->tls.cert[0] == '\0')
		return;
	for (size_t i = 0; i < kube->nendpoints; i++) {
		if (strncmp(kube->endpoints[i], "https://", 8) == 0)
			continue;
		report_add(p->report, CONF_ERROR, where(p, endpoints), endpoints,
			"\"%s\" is not https: kubernetes.%s would be read on the way — "
			"write https, or take that out",
			kube->endpoints[i],
			kube->token_file[0] != '\0' ? "token_file" : "tls.cert");
		break;
	}
}

static void check_access(struct parse *p)
{
	static const char cert[] = "kubernetes.tls.cert", key[] = "kubernetes.tls.key";
	static const char *const keys[] = {"kubernetes.kubeconfig", "kubernetes.context",
		"kubernetes.endpoints", "kubernetes.token_file", cert, key};
	const struct conf_kubernetes *kube = &p->conf->kubernetes;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (!parse_sound(p, keys[i]))
			return;
	check_ignored(p);
	if (kube->kubeconfig[0] != '\0')
		return;
	if (kube->tls.cert[0] != '\0' && kube->tls.key[0] == '\0')
		report_add(p->report, CONF_ERROR, where(p, cert), cert,
			"has no key — set kubernetes.tls.key too");
	if (kube->tls.key[0] != '\0' && kube->tls.cert[0] == '\0')
		report_add(p->report, CONF_ERROR, where(p, key), key,
			"has no certificate — set kubernetes.tls.cert too");
	check_secure(p);
}

static void check_pods(struct parse *p)
{
	static const char pods[] = "kubernetes.pods";

	if (parse_sound(p, pods) && p->conf->kubernetes.pods == CONF_PODS_VERIFIED)
		report_add(p->report, CONF_ERROR, where(p, pods), pods,
			"\"verified\" is not available in this build — write "
			"\"insecure\" or "
			"\"disabled\"");
}

static void check_namespaces(struct parse *p)
{
	static const char labels[] = "kubernetes.namespace_labels";
	const struct conf_kubernetes *kube = &p->conf->kubernetes;

	if (kube->nnamespaces > 0 && parse_sound(p, labels) &&
		kube->namespace_labels[0] != '\0')
		report_add(p->report, CONF_ERROR, where(p, labels), labels,
			"cannot stand together with kubernetes.namespaces — keep one of "
			"them");
}

static bool is_reverse(const struct name *zone)
{
	static const uint8_t v4[] = "\7in-addr\4arpa", v6[] = "\3ip6\4arpa";

	return name_under(zone->wire, zone->len, v4, sizeof(v4)) ||
	       name_under(zone->wire, zone->len, v6, sizeof(v6));
}

/* Has any zone before `i` the name of zone `i`? */
static bool zone_twice(const struct conf_kubernetes *kube, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (name_equal(kube->zones[i].wire, kube->zones[i].len,
			    kube->zones[j].wire, kube->zones[j].len))
			return true;
	return false;
}

static void check_zones(struct parse *p)
{
	static const char zones[] = "kubernetes.zones";
	const struct conf_kubernetes *kube = &p->conf->kubernetes;
	char text[NAME_TEXT_MAX];
	bool forward = false;

	for (size_t i = 0; i < kube->nzones; i++) {
		const struct name *zone = &kube->zones[i];

		forward |= !is_reverse(zone);
		if (!zone_twice(kube, i))
			continue;
		name_text(zone->wire, zone->len, text, sizeof(text));
		report_add(p->report, CONF_ERROR, parse_where(p, zones, 0, i), zones,
			"the zone \"%s\" is there twice — take one out", text);
	}
	if (!forward && parse_sound(p, zones))
		report_add(p->report, CONF_ERROR, where(p, zones), zones,
			"has no forward zone — add one such as \"cluster.local.\"");
}

/* RO-14: a zone of ours is one of those that are named, or below one. */
static void check_fallthrough(struct parse *p)
{
	static const char path[] = "kubernetes.fallthrough";
	const struct conf_kubernetes *kube = &p->conf->kubernetes;
	char text[NAME_TEXT_MAX];

	if (!parse_is_set(p, path) || !parse_sound(p, "kubernetes.zones"))
		return;
	for (size_t i = 0; i < kube->nfallthrough; i++) {
		const struct name *n = &kube->fallthrough[i];
		bool served = false;

		for (size_t j = 0; j < kube->nzones; j++)
			served |= name_under(
				kube->zones[j].wire, kube->zones[j].len, n->wire, n->len);
		if (served)
			continue;
		name_text(n->wire, n->len, text, sizeof(text));
		/* No error: CoreDNS takes it, and Corefiles have it that way. */
		report_add(p->report, CONF_WARNING, parse_where(p, path, 0, i), path,
			"\"%s\" is none of kubernetes.zones, and none of them is below "
			"it: nothing falls through for it — write one of them, or \".\" "
			"for all",
			text);
	}
}

static bool wildcard(const struct conf_listen *l)
{
	return addr_compare(&l->addr, &(struct addr){.len = l->addr.len}) == 0;
}

/* Does one of the two take what is sent to the other? */
static bool clash(const struct conf_listen *a, const struct conf_listen *b)
{
	if (a->port != b->port || a->addr.len != b->addr.len)
		return false;
	if (wildcard(a) || wildcard(b))
		return true;
	return a->scope == b->scope && addr_compare(&a->addr, &b->addr) == 0;
}

static void check_listen(struct parse *p)
{
	const struct conf *c = p->conf;

	for (size_t i = 1; i < c->nlisten; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct place *at = parse_where(p, "listen", j, 0);
			char text[ADDR_TEXT_MAX];

			if (!clash(&c->listen[i], &c->listen[j]))
				continue;
			addr_text(&c->listen[i].addr, text);
			report_add(p->report, CONF_ERROR, parse_where(p, "listen", i, 0),
				"listen",
				"\"%s\" port %u is taken already at %s:%u:%u — keep one",
				text, (unsigned)c->listen[i].port, at->file, at->line,
				at->column);
			break;
		}
	}
	if (c->nlisten == 0 && parse_sound(p, "listen"))
		report_add(p->report, CONF_ERROR, where(p, "listen"), "listen",
			"is empty — write where queries come in, or leave it out");
}

static void check_udp(struct parse *p)
{
	static const char max_udp[] = "edns.max_udp";

	if (p->conf->edns_max_udp > UDP_SIZE_WISE)
		report_add(p->report, CONF_WARNING, where(p, max_udp), max_udp,
			"\"%u\" is over 1400: such replies are lost where fragments are "
			"— "
			"keep 1232 unless you know the path",
			(unsigned)p->conf->edns_max_udp);
}

static void check_weights(struct parse *p)
{
	static const char policy[] = "loadbalance.policy", file[] = "loadbalance.file";
	const struct conf *c = p->conf;
	bool weighted = c->loadbalance.policy == CONF_ROTATION_WEIGHTED;

	if (!parse_sound(p, policy) || !parse_sound(p, file))
		return;
	if (weighted && c->loadbalance.file[0] == '\0')
		report_add(p->report, CONF_ERROR, where(p, policy), file,
			"is missing — policy \"weighted\" needs the file of weights");
	else if (!weighted && c->loadbalance.file[0] != '\0')
		report_add(p->report, CONF_WARNING, where(p, file), file,
			"is not read — for weights set loadbalance.policy = "
			"\"weighted\"");
}

static void check_query_log(struct parse *p)
{
	static const char classes[] = "query_log.classes", names[] = "query_log.names";
	const struct conf *c = p->conf;

	if (c->query_log.classes == 0 && parse_sound(p, classes))
		report_add(p->report, CONF_ERROR, where(p, classes), classes,
			"is empty: nothing would be logged — write [ \"all\" ], or "
			"format = \"off\"");
	if (c->query_log.nnames == 0 && parse_sound(p, names))
		report_add(p->report, CONF_ERROR, where(p, names), names,
			"is empty: nothing would be logged — write [ \".\" ] for all, or "
			"format = \"off\"");
}

/* OP-25: the port stands behind the address, or for itself, or is 53. */
static void check_listener(struct parse *p, const struct value *v, struct conf_listen *l)
{
	const struct place *at = &p->given[schema_find("listen[].port") - schema];

	if (p->endpoint_port == 0)
		return;
	if (at->file != NULL && l->port != p->endpoint_port)
		report_add(p->report, CONF_ERROR, &v->item->value, v->path,
			"has two ports: %u in the address and %u — keep one",
			(unsigned)p->endpoint_port, (unsigned)l->port);
	l->port = p->endpoint_port;
	if (at->file == NULL)
		parse_note(p, schema_find("listen[].port"), 0,
			&p->given[schema_find("listen[].address") - schema]);
}

void check_group(
	struct parse *p, const struct key *k, const struct value *v, void *element)
{
	if (strcmp(k->path, "listen") == 0)
		check_listener(p, v, element);
	else if (strcmp(k->path, "forward") == 0)
		check_forward_group(p, v, element);
	else if (strcmp(k->path, "acl") == 0)
		check_acl_rule(p, v, element);
	else if (strcmp(k->path, "visibility") == 0)
		check_visibility_rule(p, v, element);
	else if (strcmp(k->path, "errors.consolidate") == 0)
		check_consolidate_rule(p, v, element);
}

/* Does a listener of HTTP want what the other has? Without an address it wants all. */
static bool clash_http(const struct conf_listen *a, const struct conf_listen *b)
{
	if (a->port != b->port || a->port == 0)
		return false;
	return a->addr.len == 0 || b->addr.len == 0 || clash(a, b);
}

/* OP-27: of health, ready and metrics no two on one address, nor one where DNS is. */
static void check_http(struct parse *p)
{
	static const char *const paths[] = {
		"health.listen", "ready.listen", "metrics.listen"};
	const struct conf *c = p->conf;
	const struct conf_listen *const http[] = {
		&c->health.listen, &c->ready.listen, &c->metrics.listen};

	for (size_t i = 0; i < ARRAY_LEN(http); i++) {
		const char *other = NULL;

		for (size_t j = 0; j < i; j++)
			other = clash_http(http[i], http[j]) ? paths[j] : other;
		for (size_t j = 0; j < c->nlisten; j++)
			other = clash_http(http[i], &c->listen[j]) ? "listen" : other;
		if (other != NULL)
			report_add(p->report, CONF_ERROR, where(p, paths[i]), paths[i],
				"port %u is taken already by %s — write another, or \"\" "
				"to switch it off",
				http[i]->port, other);
	}
}

/* A flag that is set and cleared: nobody knows which of them is meant. */
static void check_header(struct parse *p)
{
	static const char *const paths[][2] = {
		{"header.response_set", "header.response_clear"},
		{"header.query_set", "header.query_clear"}};
	const struct conf *c = p->conf;
	const unsigned both[] = {c->header.response_set & c->header.response_clear,
		c->header.query_set & c->header.query_clear};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (both[i] != 0 && parse_sound(p, paths[i][0]) &&
			parse_sound(p, paths[i][1]))
			report_add(p->report, CONF_ERROR, where(p, paths[i][1]),
				paths[i][1],
				"has a flag that %s has, too — keep it in one of them",
				paths[i][0]);
}

void check_all(struct parse *p)
{
	check_source(p);
	check_access(p);
	check_pods(p);
	check_namespaces(p);
	check_zones(p);
	check_fallthrough(p);
	check_listen(p);
	check_http(p);
	check_udp(p);
	check_header(p);
	check_weights(p);
	check_query_log(p);
	check_forward(p);
	check_acl(p);
	check_visibility(p);
	check_zone_files(p);
}
