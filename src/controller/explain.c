#include "controller/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "controller/records/parts.h"
#include "dns/rev.h"
#include "dns/type.h"

#define LABELS 5 /* in front of the zone, that have a meaning */

/* What is asked, cut into labels: label[0] is the one in front of the zone. */
struct asked {
	const struct store *store;
	const struct record_options *options;
	uint16_t type;
	char label[LABELS][LABEL_MAX_LEN + 1];
	unsigned n; /* labels in front of the zone, all of them */
	struct explained *out;
};

static void reason(struct asked *a, const char *rule, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void reason(struct asked *a, const char *rule, const char *fmt, ...)
{
	va_list ap;

	a->out->rule = rule;
	va_start(ap, fmt);
	vsnprintf(a->out->reason, sizeof(a->out->reason), fmt, ap);
	va_end(ap);
}

static bool is_address_type(uint16_t type)
{
	return type == TYPE_A || type == TYPE_AAAA;
}

static void cut(struct asked *a, const struct name *name, size_t zone_len)
{
	size_t front = name->len - zone_len, at = 0;

	a->n = front == 0 ? 0
	                  : name_labels(name->wire, name->len) -
	                            name_labels(name->wire + front, zone_len);
	for (unsigned i = a->n; i-- > 0; at += 1u + name->wire[at]) {
		if (i >= LABELS)
			continue;
		memcpy(a->label[i], name->wire + at + 1, name->wire[at]);
		a->label[i][name->wire[at]] = '\0';
	}
}

/* ---- Services ---- */

static void name_object(struct asked *a, const struct owner *owner,
	const struct kube_object *object, const char *kind)
{
	store_owner_text(owner, a->out->object, sizeof(a->out->object));
	snprintf(a->out->kind, sizeof(a->out->kind), "%s", kind);
	if (object != NULL)
		snprintf(a->out->version, sizeof(a->out->version), "%s",
			object->resource_version);
}

static const char *kind_of(const struct service_record *svc)
{
	const struct kube_service *k = &svc->object->u.service;

	if (k->type == SERVICE_EXTERNAL_NAME)
		return "ExternalName";
	return k->headless ? "headless" : "ClusterIP";
}

static unsigned count_endpoints(const struct service_record *svc)
{
	const struct slice_record *s;
	unsigned n = 0;

	TAILQ_FOREACH(s, &svc->slices, of_service)
	if (s->counts && !s->leaving)
		n += (unsigned)s->object.u.slice.nendpoints;
	return n;
}

static void say_not_ready(struct asked *a, const struct service_record *svc)
{
	unsigned n = count_endpoints(svc);

	if (a->options != NULL && a->store->options.noendpoints)
		reason(a, "RH-03",
			"endpoints are not looked at "
			"(kubernetes.noendpoints)");
	else if (n == 0)
		reason(a, "RH-03", "the headless Service has no endpoint");
	else
		reason(a, "RH-03",
			"none of the %u endpoints of the headless Service is "
			"ready",
			n);
}

/* What of the Service gives no record, if something does not. */
static void say_skipped(struct asked *a, const struct service_record *svc)
{
	char text[128] = "";

	for (unsigned i = 0; i < SKIPS; i++)
		if ((svc->owner.skipped & 1u << i) != 0)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
				text[0] != '\0' ? ", " : "",
				draft_skip_text((enum skip_reason)i));
	if (text[0] != '\0' && a->out->reason[0] == '\0')
		reason(a, a->out->rule, "something of it was left out: %s", text);
}

static const char *service_rule(const struct asked *a, const struct service_record *svc)
{
	const struct kube_service *k = &svc->object->u.service;

	if (k->type == SERVICE_EXTERNAL_NAME)
		return a->type == TYPE_CNAME ? "RE-01" : "RE-02";
	if (k->headless)
		return a->type == TYPE_SRV        ? "RH-07"
		       : is_address_type(a->type) ? "RH-01"
		                                  : "RS-12";
	switch (a->type) {
	case TYPE_A:
		return "RS-01";
	case TYPE_AAAA:
		return "RS-02";
	case TYPE_SRV:
		return "RS-04";
	default:
		return "RS-12";
	}
}

/* True if one of the ports has these labels, "_http" and "_tcp". */
static bool has_port(
	const struct kube_port *ports, size_t n, const char *port, const char *protocol)
{
	static const char *const protocols[] = {[PROTOCOL_TCP] = "_tcp",
		[PROTOCOL_UDP] = "_udp",
		[PROTOCOL_SCTP] = "_sctp",
		[PROTOCOL_OTHER] = ""};

	for (size_t i = 0; i < n; i++) {
		if (ports[i].name[0] == '\0' ||
			strcmp(protocols[ports[i].protocol], protocol) != 0)
			continue;
		if (port == NULL || strcmp(ports[i].name, port + 1) == 0)
			return true;
	}
	return false;
}

static bool service_has_port(
	const struct service_record *svc, const char *port, const char *protocol)
{
	const struct kube_service *k = &svc->object->u.service;
	const struct slice_record *s;

	if (!k->headless)
		return has_port(k->ports, k->nports, port, protocol);
	TAILQ_FOREACH(s, &svc->slices, of_service)
	if (s->counts && has_port(s->object.u.slice.ports, s->object.u.slice.nports, port,
				 protocol))
		return true;
	return false;
}

/* An endpoint of that name: 1 it counts, 0 it does not, -1 there is none. */
static int find_endpoint(
	const struct asked *a, const struct service_record *svc, const char *label)
{
	bool fallback = store_fallback(a->store, svc);
	const struct slice_record *s;
	struct draft d = {0};
	int found = -1;

	TAILQ_FOREACH(s, &svc->slices, of_service)
	{
		const struct kube_slice *k = &s->object.u.slice;

		for (size_t i = 0; s->counts && i < k->nendpoints; i++) {
			const struct kube_endpoint *e = &k->endpoints[i];

			for (size_t j = 0; j < e->naddrs; j++) {
				char own[LABEL_MAX_LEN + 1];

				gather_endpoint_name(
					a->options, e, &e->addrs[j], own, &d);
				if (strcmp(own, label) == 0)
					found = MAX(found,
						store_endpoint_counts(svc, e, fallback));
			}
		}
	}
	return found;
}

static void explain_endpoint(
	struct asked *a, const struct service_record *svc, const char *label)
{
	bool headless = svc->object->u.service.headless;
	int found = find_endpoint(a, svc, label);

	a->out->rule = headless ? (a->type == TYPE_SRV ? "RH-08" : "RH-04") : "RS-10";
	if (found == 0)
		reason(a, "RDY-01", "endpoint \"%s\" is not ready", label);
	else if (found < 0)
		reason(a, headless ? "RH-05" : "RS-07",
			"the Service has no endpoint \"%s\"", label);
	else if (!headless && !a->options->cluster_ip_endpoints)
		reason(a, "RS-10",
			"endpoints of a Service with a cluster IP have no "
			"names (kubernetes.cluster_ip_endpoints)");
}

/* Labels in front of a Service that has records. */
static void explain_below(struct asked *a, const struct service_record *svc)
{
	bool headless = svc->object->u.service.headless;
	const char *near = a->label[3], *far = a->label[4];

	if (svc->object->u.service.type == SERVICE_EXTERNAL_NAME) {
		reason(a, "RE-09", "nothing is below the name of an ExternalName");
	} else if (a->n > LABELS) {
		reason(a, "RS-13", "nothing has so many labels");
	} else if (a->n == LABELS) {
		a->out->rule = headless ? "RH-06" : "RS-05";
		if (far[0] != '_' || near[0] != '_' || !service_has_port(svc, far, near))
			reason(a, headless ? "RH-10" : "RS-07",
				"the Service has no port \"%s.%s\"", far, near);
	} else if (near[0] == '_') {
		a->out->rule = headless ? "RH-12" : "RS-09";
		if (!service_has_port(svc, NULL, near))
			reason(a, headless ? "RH-10" : "RS-07",
				"the Service has no named port of \"%s\"", near);
		else
			reason(a, a->out->rule, "names of ports are below it");
	} else {
		explain_endpoint(a, svc, near);
	}
}

/* Why a Service of this name has no records; false: it has. */
static bool lacks_records(
	struct asked *a, const struct service_record *svc, const char *name)
{
	const char *ns = a->label[1];

	if (svc == NULL || (svc->object == NULL && svc->nslices == 0)) {
		reason(a, "RS-07", "no Service \"%s\" in namespace \"%s\"", name, ns);
	} else if (svc->object == NULL) {
		reason(a, "RB-20",
			"EndpointSlices name Service \"%s\" in namespace "
			"\"%s\", but there is no such Service",
			name, ns);
	} else if (!svc->visible) {
		reason(a, "RO-08",
			"the labels of the Service are not selected "
			"(kubernetes.labels)");
	} else if (svc->object->u.service.type == SERVICE_EXTERNAL_NAME) {
		return false;
	} else if (svc->object->u.service.headless) {
		if (gather_any(a->store, svc))
			return false;
		say_not_ready(a, svc);
	} else if (a->options->ignore_empty_service && !gather_any(a->store, svc)) {
		reason(a, "RO-15",
			"it has no ready endpoint "
			"(kubernetes.ignore_empty_service)");
	} else {
		return false;
	}
	return true;
}

/* NS.svc.Z and below; false: the namespace hides it, which is said. */
static bool explain_namespace(struct asked *a, const char *name)
{
	const struct namespace_record *ns = store_find_namespace(a->store, name);

	if (ns == NULL || (ns->object == NULL && !a->store->implied)) {
		reason(a, "OB-N1", "no namespace \"%s\"", name);
		return false;
	}
	if (!ns->exposed) {
		reason(a, "OB-N1",
			"namespace \"%s\" is not exposed "
			"(kubernetes.namespaces, kubernetes.namespace_labels)",
			name);
		return false;
	}
	if (a->n == 2)
		name_object(a, &ns->owner, ns->object, "");
	return true;
}

static bool has_family(
	const struct asked *a, const struct service_record *svc, size_t len)
{
	const struct kube_service *k = &svc->object->u.service;
	bool fallback = store_fallback(a->store, svc);
	const struct slice_record *s;

	for (size_t i = 0; i < k->nips && !k->headless; i++)
		if (k->ips[i].len == len)
			return true;
	TAILQ_FOREACH(s, &svc->slices, of_service)
	for (size_t i = 0; k->headless && s->counts && i < s->object.u.slice.nendpoints;
		i++) {
		const struct kube_endpoint *e = &s->object.u.slice.endpoints[i];

		for (size_t j = 0; j < e->naddrs; j++)
			if (e->addrs[j].len == len &&
				store_endpoint_counts(svc, e, fallback))
				return true;
	}
	return false;
}

/* At the Service itself: the family that is asked for may be lacking. */
static void explain_family(struct asked *a, const struct service_record *svc)
{
	const struct kube_service *k = &svc->object->u.service;

	if (k->type == SERVICE_EXTERNAL_NAME || !is_address_type(a->type) ||
		has_family(a, svc, a->type == TYPE_A ? 4 : 16))
		return;
	reason(a, k->headless ? "RH-02" : "RS-03", "it has no IPv%d address",
		a->type == TYPE_A ? 4 : 6);
}

static void explain_svc(struct asked *a)
{
	const struct service_record *svc;

	if (a->n == 1) {
		a->out->rule = "RX-07";
		return;
	}
	if (!explain_namespace(a, a->label[1]))
		return;
	if (a->n == 2) {
		reason(a, "RX-20", "names of Services are below it");
		return;
	}
	svc = store_find_service(a->store, a->label[1], a->label[2]);
	if (svc != NULL && svc->object != NULL)
		name_object(a, &svc->owner, svc->object, kind_of(svc));
	if (lacks_records(a, svc, a->label[2]))
		return;
	a->out->rule = service_rule(a, svc);
	if (a->n > 3)
		explain_below(a, svc);
	else
		explain_family(a, svc);
	say_skipped(a, svc);
}

/* ---- the rest of a zone ---- */

static void explain_pod(struct asked *a)
{
	uint8_t mode = a->options->settings.pods;

	if (a->n == 1) {
		a->out->rule = "RP-01";
		return;
	}
	if (!explain_namespace(a, a->label[1])) {
		a->out->rule = "RP-03";
		return;
	}
	a->out->rule = a->n == 2 ? "RP-02" : a->n == 3 ? "RP-04" : "RP-08";
	if (mode == PODS_DISABLED)
		reason(a, a->out->rule, "names of pods are off (kubernetes.pods)");
	else if (a->n > 3)
		reason(a, "RP-08", "nothing is below the name of a pod");
}

static void explain_forward(struct asked *a)
{
	if (a->n == 0) {
		a->out->rule = a->type == TYPE_SOA  ? "RX-01"
		               : a->type == TYPE_NS ? "RX-02"
		                                    : "RX-06";
	} else if (strcmp(a->label[0], "svc") == 0) {
		explain_svc(a);
	} else if (strcmp(a->label[0], "pod") == 0) {
		explain_pod(a);
	} else if (a->n == 1 && strcmp(a->label[0], "dns-version") == 0) {
		a->out->rule = "RX-09";
	} else if (a->n == 1 && strcmp(a->label[0], "dns") == 0) {
		a->out->rule = "RX-20";
	} else if (a->n == 2 && strcmp(a->label[0], "dns") == 0 &&
		   strcmp(a->label[1], "ns") == 0) {
		a->out->rule = "RX-08";
	} else {
		reason(a, "RX-21",
			"names of the zone are below svc and pod; there is no "
			"\"%s\"",
			a->label[0]);
	}
}

static void explain_reverse(struct asked *a, const struct name *name)
{
	const struct address_record *r;
	const struct address_ref *refs;
	struct addr addr;

	if (!rev_parse(name->wire, name->len, &addr)) {
		a->out->rule = a->n == 0 ? "RX-06" : "RV-06";
		return;
	}
	r = store_find_address(a->store, &addr);
	if (r == NULL || r->nrefs == 0) {
		reason(a, "RV-04", "no Service and no endpoint has this address");
		return;
	}
	refs = store_refs(r);
	a->out->rule = "RV-03";
	for (uint32_t i = 0; i < r->nrefs; i++) {
		const struct service_record *svc = refs[i].service;

		if (svc->object == NULL)
			continue;
		name_object(a, &svc->owner, svc->object, kind_of(svc));
		if (refs[i].slice == NULL) {
			a->out->rule = r->nrefs > 1 ? "RV-02" : "RV-01";
			break;
		}
	}
	if (a->type != TYPE_PTR)
		a->out->rule = "RV-05";
	if (!r->named)
		reason(a, "RV-10",
			"it is known, but nothing that is exposed and ready "
			"has it");
}

/* ---- zones from files ---- */

/* The line of the file that a name comes from: of the type, its CNAME, or the first. */
static void name_line(struct asked *a, const struct zoneset *s,
	const struct zoneset_name *n, uint16_t type, const char *how)
{
	const struct zoneset_rr *rr;
	size_t count;

	if (n->n == 0)
		return;
	rr = zoneset_rrset(s, n, type, &count);
	if (rr == NULL)
		rr = zoneset_rrset(s, n, TYPE_CNAME, &count);
	if (rr == NULL)
		rr = &s->rrs[n->rr];
	snprintf(a->out->object, sizeof(a->out->object), "zone file %.100s:%u%s",
		s->path[rr->path], (unsigned)rr->line, how);
}

static void explain_there(struct asked *a, const struct zoneset *s,
	const struct zoneset_name *n, const char *how)
{
	size_t count;

	name_line(a, s, n, a->type, how);
	if (n->n == 0)
		reason(a, "RX-20", "names are below it");
	else if (zoneset_rrset(s, n, a->type, &count) == NULL &&
		 zoneset_rrset(s, n, TYPE_CNAME, &count) == NULL)
		reason(a, "SM-11", "the file has no record of this type for it");
}

/* A name that is not there by itself, or hidden: what the nearest one above it says. */
static void explain_above(
	struct asked *a, const struct zoneset *s, const struct name *name)
{
	const struct zoneset_name *n = NULL;
	struct name star = {.wire = {1, '*'}};
	size_t at = 0;

	while (at < name->len && (n == NULL || (n->flags & NODE_FILE_BELOW) != 0)) {
		n = zoneset_find(s, name->wire + at, name->len - at);
		if (n != NULL && (n->flags & NODE_FILE_BELOW) == 0)
			break;
		at += 1u + name->wire[at];
	}
	if (n == NULL)
		return;
	if ((n->flags & NODE_FILE_CUT) != 0) {
		name_line(a, s, n, TYPE_NS, "");
		reason(a, "SM-11", "it is at or below a delegation");
	} else if ((n->flags & NODE_FILE_DNAME) != 0) {
		name_line(a, s, n, TYPE_DNAME, "");
		reason(a, "SM-11", "it is below a DNAME");
	} else if ((n->flags & NODE_FILE_WILD) != 0) {
		star.len = (uint8_t)(2 + n->len);
		memcpy(star.wire + 2, name->wire + at, n->len);
		n = zoneset_find(s, star.wire, star.len);
		if (n != NULL)
			explain_there(a, s, n, ", by its \"*\"");
	} else {
		reason(a, "SM-11", "there is no such name in the file");
	}
}

/* FT-04: PTRs of the cluster come first, where its reverse zone is above. */
static bool of_cluster(const struct asked *a, const struct name *name)
{
	const struct address_record *r = NULL;
	struct addr addr;

	if (rev_parse(name->wire, name->len, &addr))
		r = store_find_address(a->store, &addr);
	return r != NULL && r->nrefs > 0 && r->named &&
	       parts_cluster_reverse(a->options, name);
}

static void explain_file(
	struct asked *a, const struct zoneset *s, const struct name *name)
{
	const struct zoneset_name *n;

	a->out->rule = "SM-11";
	if (s == NULL) {
		reason(a, "FE-18", "no file of the zone was read so far: see the log");
		return;
	}
	n = zoneset_find(s, name->wire, name->len);
	if (n != NULL && (n->flags & NODE_FILE_BELOW) == 0 &&
		((n->flags & NODE_FILE_CUT) == 0 || a->type == TYPE_DS))
		explain_there(a, s, n, "");
	else
		explain_above(a, s, name);
}

/* ---- names of `hosts` ---- */

/* The lines of the file, of records of the type, or of the first that the name has. */
static void host_lines(
	const struct hostset *s, size_t first, uint16_t type, char *out, size_t cap)
{
	const size_t end = hostset_next(s, first);
	uint32_t last = 0;
	size_t from = first, n;

	while (from < end && s->hosts[from].type != type)
		from++;
	from = from < end ? from : first;
	if (s->hosts[from].line == 0) {
		snprintf(out, cap, "hosts.inline");
		return;
	}
	n = (size_t)snprintf(out, cap, "hosts %.100s", s->file);
	for (size_t i = from; i < end && s->hosts[i].type == s->hosts[from].type; i++) {
		const uint32_t line = s->hosts[i].line;

		if (line != 0 && line != last && n + 12 < cap)
			n += (size_t)snprintf(out + n, cap - n, "%c%u",
				last == 0 ? ':' : ',', (unsigned)line);
		last = line != 0 ? line : last;
	}
}

/* HO-01; false: it is not there, or an apex, whose node is never theirs. */
static bool explain_host(struct asked *a, const struct name *name, int zone)
{
	const struct hostset *s = a->options->hosts;

	if (s == NULL ||
		(zone >= 0 && a->options->settings.zones[zone].name.len == name->len))
		return false;
	const struct hash128 h = hash_name(&s->key, name->wire, name->len);
	const size_t i = hostset_find(s, &h);
	if (i == s->n)
		return false;
	a->out->rule = "HO-02";
	host_lines(s, i, a->type, a->out->object, sizeof(a->out->object));
	return true;
}

void explain_name(const struct store *s, const struct record_options *o,
	const struct name *name, uint16_t type, struct explained *out)
{
	struct asked a = {.store = s, .options = o, .type = type, .out = out};
	int zone = settings_zone(&o->settings, name->wire, name->len);

	*out = (struct explained){0};
	if (explain_host(&a, name, zone))
		return;
	if (zone < 0) {
		reason(&a, "RG-13", "it is in no zone of ours");
		return;
	}
	if (o->settings.zones[zone].kind == ZONE_FILE && !of_cluster(&a, name)) {
		explain_file(&a, o->files[zone], name);
		return;
	}
	cut(&a, name, o->settings.zones[zone].name.len);
	if (o->settings.zones[zone].kind == ZONE_REVERSE ||
		o->settings.zones[zone].kind == ZONE_FILE)
		explain_reverse(&a, name);
	else
		explain_forward(&a);
}
