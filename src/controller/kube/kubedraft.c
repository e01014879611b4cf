#include "controller/kube/kubedraft.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "controller/kube/timestamp.h"

#define TRIGGER_TIME "endpoints.kubernetes.io/last-change-trigger-time"

static const char a_string[] = "a string";

struct kubedraft *kubedraft_new(struct kubedraft *parent)
{
	struct kubedraft *d = mem_alloc(1, sizeof(*d));

	d->parent = parent;
	return d;
}

/* While the endpoints are still there. */
static void clear_targets(struct kubedraft *d)
{
	for (size_t i = 0; i < d->slice.nendpoints; i++)
		kube_text_free(d->target_namespaces[i]);
	free(d->target_namespaces);
	d->target_namespaces = NULL;
}

static void free_parts(struct kubedraft *d)
{
	struct kube_object service = {.kind = KUBE_SERVICE, .u.service = d->service};
	struct kube_object slice = {.kind = KUBE_SLICE, .u.slice = d->slice};
	struct kube_object pod = {.kind = KUBE_POD, .u.pod = d->pod};

	kube_object_fini(&service);
	clear_targets(d);
	kube_object_fini(&slice);
	kube_object_fini(&pod);
	d->meta.kind = KUBE_OTHER;
	kube_object_fini(&d->meta);
}

void kubedraft_free(struct kubedraft *d)
{
	if (d == NULL)
		return;
	while (d->pending != NULL) {
		struct kubedraft *item = d->pending;

		d->pending = item->next;
		kubedraft_free(item);
	}
	char *const texts[] = {d->kind, d->api_version, d->type, d->traffic,
		d->cluster_ip, d->address_type, d->phase, d->pod_ip, d->condition_type,
		d->condition_status, d->event_type, d->more, d->reason, d->message,
		d->target_kind};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		kube_text_free(texts[i]);
	free_parts(d);
	free(d);
}

void kubedraft_discard(struct kubedraft *d)
{
	struct kube_object o = {
		.kind = KUBE_OTHER, .labels = d->meta.labels, .nlabels = d->meta.nlabels};
	struct kube_object meta = d->meta;

	kube_object_fini(&o);
	d->meta = (struct kube_object){0};
	free_parts(d);
	d->meta = meta;
	d->meta.labels = NULL;
	d->meta.nlabels = 0;
	memset(&d->service, 0, sizeof(d->service));
	memset(&d->slice, 0, sizeof(d->slice));
	memset(&d->pod, 0, sizeof(d->pod));
}

/* Room for one more behind n; arrays grow to powers of two and are trimmed at the end. */
static void *grow(void *array, size_t n, size_t size)
{
	if ((n & (n - 1)) != 0)
		return array;
	return mem_resize(array, n == 0 ? 1 : 2 * n, size);
}

static void *trim(void *array, size_t n, size_t size)
{
	return n == 0 ? array : mem_resize(array, n, size);
}

static void clear_ports(struct kube_port **ports, size_t *nports)
{
	for (size_t i = 0; i < *nports; i++) {
		kube_text_free((*ports)[i].name);
		kube_text_free((*ports)[i].target_name);
	}
	free(*ports);
	*ports = NULL;
	*nports = 0;
}

static void clear_labels(struct kube_label **labels, size_t *nlabels)
{
	for (size_t i = 0; i < *nlabels; i++) {
		kube_text_free((*labels)[i].key);
		kube_text_free((*labels)[i].value);
	}
	free(*labels);
	*labels = NULL;
	*nlabels = 0;
}

static void clear_addrs(struct addr **addrs, size_t *naddrs)
{
	free(*addrs);
	*addrs = NULL;
	*naddrs = 0;
}

static void clear_endpoints(struct kubedraft *d)
{
	struct kube_slice *s = &d->slice;
	struct kube_object o = {.kind = KUBE_SLICE};

	clear_targets(d);
	o.u.slice.endpoints = s->endpoints;
	o.u.slice.nendpoints = s->nendpoints;
	kube_object_fini(&o);
	s->endpoints = NULL;
	s->nendpoints = 0;
	s->bad_addresses = 0;
}

static struct kube_endpoint *endpoint(struct kubedraft *d)
{
	return &d->slice.endpoints[d->slice.nendpoints - 1];
}

void kubedraft_clear(struct kubedraft *d, enum kube_field field)
{
	switch (field) {
	case FIELD_LABELS:
		clear_labels(&d->meta.labels, &d->meta.nlabels);
		break;
	case FIELD_SELECTOR:
		clear_labels(&d->service.selector, &d->service.nselector);
		break;
	case FIELD_CLUSTER_IPS:
		clear_addrs(&d->service.ips, &d->service.nips);
		d->service.headless = false;
		d->service.bad_addresses = 0;
		break;
	case FIELD_SERVICE_PORTS:
		clear_ports(&d->service.ports, &d->service.nports);
		break;
	case FIELD_SLICE_PORTS:
		clear_ports(&d->slice.ports, &d->slice.nports);
		break;
	case FIELD_CONTAINERS:
		clear_ports(&d->pod.ports, &d->pod.nports);
		break;
	case FIELD_POD_IPS:
		clear_addrs(&d->pod.ips, &d->pod.nips);
		break;
	case FIELD_CONDITIONS:
		d->ready = false;
		break;
	case FIELD_ENDPOINTS:
		clear_endpoints(d);
		break;
	case FIELD_ANNOTATIONS:
		d->initial_end = false;
		d->slice.trigger_s = 0;
		break;
	case FIELD_ADDRESSES:
		clear_addrs(&endpoint(d)->addrs, &endpoint(d)->naddrs);
		break;
	default:
		break;
	}
}

static void add_port(struct kubedraft *d, struct kube_port **ports, size_t *nports)
{
	*ports = grow(*ports, *nports, sizeof(**ports));
	(*ports)[(*nports)++] = (struct kube_port){
		.name = kube_text("", 0), .port = -1, .target_name = kube_text("", 0)};
	d->ports = ports;
	d->nports = nports;
}

static void add_endpoint(struct kubedraft *d)
{
	struct kube_slice *s = &d->slice;

	d->target_namespaces = grow(
		d->target_namespaces, s->nendpoints, sizeof(*d->target_namespaces));
	d->target_namespaces[s->nendpoints] = NULL;
	s->endpoints = grow(s->endpoints, s->nendpoints, sizeof(*s->endpoints));
	s->endpoints[s->nendpoints++] = (struct kube_endpoint){
		.hostname = kube_text("", 0),
		.target_name = kube_text("", 0),
		.node = kube_text("", 0),
		.zone = kube_text("", 0),
	};
}

void kubedraft_element(struct kubedraft *d, enum kube_field field)
{
	if (field == FIELD_SERVICE_PORTS)
		add_port(d, &d->service.ports, &d->service.nports);
	else if (field == FIELD_SLICE_PORTS)
		add_port(d, &d->slice.ports, &d->slice.nports);
	else if (field == FIELD_CONTAINER_PORTS)
		add_port(d, &d->pod.ports, &d->pod.nports);
	else if (field == FIELD_ENDPOINTS)
		add_endpoint(d);
}

static bool is(const char *text, const char *what)
{
	return text != NULL && strcmp(text, what) == 0;
}

static void end_endpoint(struct kubedraft *d)
{
	if (is(d->target_kind, "Pod"))
		endpoint(d)->target = TARGET_POD;
	else if (is(d->target_kind, "Node"))
		endpoint(d)->target = TARGET_NODE;
	kube_text_free(d->target_kind);
	d->target_kind = NULL;
}

static void end_condition(struct kubedraft *d)
{
	if (is(d->condition_type, "Ready"))
		d->ready = is(d->condition_status, "True");
	kube_text_free(d->condition_type);
	kube_text_free(d->condition_status);
	d->condition_type = d->condition_status = NULL;
}

void kubedraft_element_end(struct kubedraft *d, enum kube_field field)
{
	if (field == FIELD_CONDITIONS)
		end_condition(d);
	else if (field == FIELD_ENDPOINTS)
		end_endpoint(d);
}

static struct kube_port *port(struct kubedraft *d)
{
	return &(*d->ports)[*d->nports - 1];
}

/* Where the text of a field goes; NULL for a field that is no text. */
static char **text_slot(struct kubedraft *d, enum kube_field field)
{
	switch (field) {
	case FIELD_KIND:
		return &d->kind;
	case FIELD_API_VERSION:
		return &d->api_version;
	case FIELD_NAME:
		return &d->meta.name;
	case FIELD_NAMESPACE:
		return &d->meta.namespace;
	case FIELD_VERSION:
		return &d->meta.resource_version;
	case FIELD_TYPE:
		return &d->type;
	case FIELD_TRAFFIC:
		return &d->traffic;
	case FIELD_CLUSTER_IP:
		return &d->cluster_ip;
	case FIELD_EXTERNAL_NAME:
		return &d->service.external_name;
	case FIELD_PORT_NAME:
		return &port(d)->name;
	case FIELD_PORT_TARGET:
		return &port(d)->target_name;
	case FIELD_POD_HOSTNAME:
		return &d->pod.hostname;
	case FIELD_POD_SUBDOMAIN:
		return &d->pod.subdomain;
	case FIELD_POD_NODE:
		return &d->pod.node;
	case FIELD_PHASE:
		return &d->phase;
	case FIELD_POD_IP:
		return &d->pod_ip;
	case FIELD_CONDITION_TYPE:
		return &d->condition_type;
	case FIELD_CONDITION_STATUS:
		return &d->condition_status;
	case FIELD_ADDRESS_TYPE:
		return &d->address_type;
	case FIELD_HOSTNAME:
		return &endpoint(d)->hostname;
	case FIELD_TARGET_NAME:
		return &endpoint(d)->target_name;
	case FIELD_TARGET_KIND:
		return &d->target_kind;
	case FIELD_TARGET_NAMESPACE:
		return &d->target_namespaces[d->slice.nendpoints - 1];
	case FIELD_NODE:
		return &endpoint(d)->node;
	case FIELD_ZONE:
		return &endpoint(d)->zone;
	case FIELD_EVENT_TYPE:
		return &d->event_type;
	case FIELD_CONTINUE:
		return &d->more;
	case FIELD_STATUS_REASON:
		return &d->reason;
	case FIELD_STATUS_MESSAGE:
		return &d->message;
	default:
		return NULL;
	}
}

/* Why a string cannot be kept, or NULL. */
static const char *refuse_text(const char *s, size_t len)
{
	if (len > KUBE_STRING_MAX)
		return "a string of at most 65535 octets";
	if (len > 0 && memchr(s, 0, len) != NULL)
		return "a string without NUL";
	return NULL;
}

static const char *put_text(
	char **slot, bool number_too, enum kube_scalar type, const char *s, size_t len)
{
	if (type == KUBE_NULL)
		len = 0;
	else if (type != KUBE_STRING && !(number_too && type == KUBE_NUMBER))
		return number_too ? "a string or a number" : a_string;
	const char *wrong = refuse_text(s, len);
	if (wrong != NULL)
		return wrong;
	kube_text_free(*slot);
	*slot = kube_text(s, len);
	return NULL;
}

static const char *put_number(
	int32_t *slot, enum kube_scalar type, const char *s, size_t len)
{
	static const char expected[] = "a number from 0 to 65535";
	int32_t v = 0;

	if (type == KUBE_NULL) {
		*slot = -1;
		return NULL;
	}
	if (type != KUBE_NUMBER || len == 0)
		return expected;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return expected;
		v = v * 10 + (s[i] - '0');
		if (v > 65535)
			return expected;
	}
	*slot = v;
	return NULL;
}

/* For operators only: what is no number from 1 on is not said. */
static uint64_t count_of(enum kube_scalar type, const char *s, size_t len)
{
	uint64_t v = 0;

	if (type != KUBE_NUMBER || len > 18)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return 0;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	return v;
}

static const char *put_tristate(
	enum kube_tristate *slot, enum kube_scalar type, const char *s, size_t len)
{
	if (type != KUBE_BOOL && type != KUBE_NULL)
		return "true or false";
	if (type == KUBE_NULL)
		*slot = KUBE_UNSET;
	else
		*slot = len > 0 && s[0] == 't' ? KUBE_TRUE : KUBE_FALSE;
	return NULL;
}

static const char *put_protocol(
	struct kube_port *p, enum kube_scalar type, const char *s, size_t len)
{
	char *text = NULL;
	const char *wrong = put_text(&text, false, type, s, len);

	if (wrong != NULL)
		return wrong;
	if (is(text, "TCP") || text[0] == 0)
		p->protocol = PROTOCOL_TCP;
	else if (is(text, "UDP"))
		p->protocol = PROTOCOL_UDP;
	else if (is(text, "SCTP"))
		p->protocol = PROTOCOL_SCTP;
	else
		p->protocol = PROTOCOL_OTHER;
	kube_text_free(text);
	return NULL;
}

/* An address that does not parse is counted (AD-01), "" is one not allocated yet. */
static void add_addr(
	struct addr **addrs, size_t *naddrs, size_t *bad, const char *s, size_t len)
{
	struct addr a;

	if (len == 0)
		return;
	memset(&a, 0, sizeof(a));
	if (!addr_parse(s, len, &a)) {
		++*bad;
		return;
	}
	*addrs = grow(*addrs, *naddrs, sizeof(**addrs));
	(*addrs)[(*naddrs)++] = a;
}

static void add_cluster_ip(struct kube_service *s, const char *text, size_t len)
{
	if (len == 4 && memcmp(text, "None", 4) == 0)
		s->headless = true;
	else
		add_addr(&s->ips, &s->nips, &s->bad_addresses, text, len);
}

static const char *put_address(struct kubedraft *d, enum kube_field field,
	enum kube_scalar type, const char *s, size_t len)
{
	size_t ignored = 0;

	if (type == KUBE_NULL)
		return NULL;
	if (type != KUBE_STRING)
		return a_string;
	if (field == FIELD_CLUSTER_IPS)
		add_cluster_ip(&d->service, s, len);
	else if (field == FIELD_ADDRESSES)
		add_addr(&endpoint(d)->addrs, &endpoint(d)->naddrs,
			&d->slice.bad_addresses, s, len);
	else
		add_addr(&d->pod.ips, &d->pod.nips, &ignored, s, len);
	return NULL;
}

static const char *put_publish(
	struct kubedraft *d, enum kube_scalar type, const char *s, size_t len)
{
	enum kube_tristate v = KUBE_UNSET;
	const char *wrong = put_tristate(&v, type, s, len);

	if (wrong == NULL)
		d->service.publish_not_ready = v == KUBE_TRUE;
	return wrong;
}

static bool equal(const char *s, size_t len, const char *what)
{
	return strlen(what) == len && memcmp(s, what, len) == 0;
}

const char *kubedraft_scalar(struct kubedraft *d, enum kube_field field,
	enum kube_scalar type, const char *s, size_t len)
{
	switch (field) {
	case FIELD_CLUSTER_IPS:
	case FIELD_ADDRESSES:
	case FIELD_POD_IPS_IP:
		return put_address(d, field, type, s, len);
	case FIELD_PORT_NUMBER:
		return put_number(&port(d)->port, type, s, len);
	case FIELD_PORT_PROTOCOL:
		return put_protocol(port(d), type, s, len);
	case FIELD_READY:
		return put_tristate(&endpoint(d)->ready, type, s, len);
	case FIELD_SERVING:
		return put_tristate(&endpoint(d)->serving, type, s, len);
	case FIELD_TERMINATING:
		return put_tristate(&endpoint(d)->terminating, type, s, len);
	case FIELD_PUBLISH:
		return put_publish(d, type, s, len);
	case FIELD_DELETION:
		d->meta.deleted_soon = type != KUBE_NULL;
		return NULL;
	case FIELD_REMAINING:
		d->remaining = count_of(type, s, len);
		return NULL;
	case FIELD_STATUS_CODE:
		return put_number(&d->code, type, s, len);
	case FIELD_STATUS_RETRY:
		return put_number(&d->retry_after_s, type, s, len);
	case FIELD_STATUS_CAUSE:
		if (type == KUBE_STRING && equal(s, len, "ResourceVersionTooLarge"))
			d->too_large = true;
		return NULL;
	default:
		break;
	}
	bool number_too = field == FIELD_VERSION || field == FIELD_PORT_TARGET;
	char **slot = text_slot(d, field);
	return slot == NULL ? NULL : put_text(slot, number_too, type, s, len);
}

static void add_label(struct kube_label **labels, size_t *nlabels, char *key, char *value)
{
	*labels = grow(*labels, *nlabels, sizeof(**labels));
	(*labels)[(*nlabels)++] = (struct kube_label){.key = key, .value = value};
}

/* 0: that is no timestamp. */
static uint64_t unix_time(const char *s, size_t len)
{
	char text[40];
	uint64_t unix_s;

	if (len >= sizeof(text))
		return 0;
	memcpy(text, s, len);
	text[len] = '\0';
	return timestamp_parse(text, &unix_s) ? unix_s : 0;
}

const char *kubedraft_pair(struct kubedraft *d, enum kube_field field, const char *key,
	size_t key_len, enum kube_scalar type, const char *s, size_t len)
{
	char *value = NULL;

	if (field == FIELD_ANNOTATIONS) { /* others may be larger than what is kept */
		if (equal(key, key_len, "k8s.io/initial-events-end"))
			d->initial_end = type == KUBE_STRING && equal(s, len, "true");
		if (equal(key, key_len, TRIGGER_TIME) && type == KUBE_STRING)
			d->slice.trigger_s = unix_time(s, len);
		return NULL;
	}
	const char *wrong = refuse_text(key, key_len);
	if (wrong == NULL)
		wrong = put_text(&value, false, type, s, len);
	if (wrong != NULL)
		return wrong;
	char *k = kube_text(key, key_len);
	if (field == FIELD_LABELS)
		add_label(&d->meta.labels, &d->meta.nlabels, k, value);
	else
		add_label(&d->service.selector, &d->service.nselector, k, value);
	return NULL;
}

enum kube_kind kubedraft_kind(const struct kubedraft *d)
{
	static const struct {
		const char *kind, *api_version;
		enum kube_kind is;
	} kinds[] = {
		{"Namespace", "v1", KUBE_NAMESPACE},
		{"Service", "v1", KUBE_SERVICE},
		{"Pod", "v1", KUBE_POD},
		{"EndpointSlice", "discovery.k8s.io/v1", KUBE_SLICE},
		{"EndpointSlice", "discovery.k8s.io/v1beta1", KUBE_SLICE},
	};

	if (d->asked)
		return d->asked_kind;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!is(d->kind, kinds[i].kind))
			continue;
		if (d->api_version == NULL || is(d->api_version, kinds[i].api_version))
			return kinds[i].is;
	}
	return KUBE_OTHER;
}

/* Which label of a key is the last one shows its place in the document. */
struct placed {
	struct kube_label label;
	size_t place;
};

static int by_key(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	int order = strcmp(x->label.key, y->label.key);

	if (order != 0)
		return order;
	return x->place < y->place ? -1 : 1;
}

/* In order of keys, each key once, the last value. */
static void sort_labels(struct kube_label **labels, size_t *nlabels)
{
	size_t n = *nlabels, kept = 0;

	if (n < 2)
		return;
	struct placed *all = mem_alloc(n, sizeof(*all));
	for (size_t i = 0; i < n; i++)
		all[i] = (struct placed){.label = (*labels)[i], .place = i};
	qsort(all, n, sizeof(*all), by_key);
	for (size_t i = 0; i < n; i++) {
		struct kube_label *l = &all[i].label;

		if (i + 1 < n && strcmp(l->key, all[i + 1].label.key) == 0) {
			kube_text_free(l->key);
			kube_text_free(l->value);
		} else {
			(*labels)[kept++] = *l;
		}
	}
	free(all);
	*nlabels = kept;
	*labels = trim(*labels, kept, sizeof(**labels));
}

static void not_null(char **s)
{
	if (*s == NULL)
		*s = kube_text("", 0);
}

static enum kube_traffic traffic_of(const char *text)
{
	if (is(text, "PreferSameZone") || is(text, "PreferClose"))
		return TRAFFIC_ZONE;
	return is(text, "PreferSameNode") ? TRAFFIC_NODE : TRAFFIC_UNSET;
}

/* RB-02, RB-03: clusterIPs, else clusterIP; an ExternalName has neither. */
static const char *finish_service(struct kubedraft *d, struct kube_object *out)
{
	struct kube_service *s = &d->service;

	for (size_t i = 0; i < s->nports; i++) {
		if (s->ports[i].port < 1)
			return "spec.ports[].port is missing or 0";
	}
	if (is(d->type, "ExternalName")) {
		s->type = SERVICE_EXTERNAL_NAME;
		kubedraft_clear(d, FIELD_CLUSTER_IPS);
	} else {
		kube_text_free(s->external_name);
		s->external_name = NULL;
		if (s->nips == 0 && s->bad_addresses == 0 && !s->headless &&
			d->cluster_ip != NULL)
			add_cluster_ip(s, d->cluster_ip, strlen(d->cluster_ip));
		if (s->headless)
			clear_addrs(&s->ips, &s->nips);
	}
	s->traffic = traffic_of(d->traffic);
	not_null(&s->external_name);
	sort_labels(&s->selector, &s->nselector);
	s->ports = trim(s->ports, s->nports, sizeof(*s->ports));
	s->ips = trim(s->ips, s->nips, sizeof(*s->ips));
	out->u.service = *s;
	memset(s, 0, sizeof(*s));
	return NULL;
}

static char *service_label(const struct kube_object *o)
{
	const char *v = kube_object_label(o, "kubernetes.io/service-name");

	return v == NULL ? kube_text("", 0) : kube_text(v, strlen(v));
}

/*
 * A slice speaks for its own namespace: whoever may write there could pass the Pods of
 * another one for its own otherwise (AC-03).
 */
static bool is_foreign(const struct kubedraft *d, const char *namespace)
{
	return namespace != NULL && namespace[0] != '\0' &&
	       strcmp(namespace, d->meta.namespace) != 0;
}

/* RB-23, RB-29. */
static const char *finish_slice(struct kubedraft *d, struct kube_object *out)
{
	struct kube_slice *s = &d->slice;

	s->fqdn = is(d->address_type, "FQDN");
	if (s->fqdn)
		clear_endpoints(d);
	if (s->nports == 0)
		add_port(d, &s->ports, &s->nports);
	s->service = service_label(&d->meta);
	s->endpoints = trim(s->endpoints, s->nendpoints, sizeof(*s->endpoints));
	for (size_t i = 0; i < s->nendpoints; i++) {
		struct kube_endpoint *e = &s->endpoints[i];

		e->addrs = trim(e->addrs, e->naddrs, sizeof(*e->addrs));
		if (e->target == TARGET_POD && is_foreign(d, d->target_namespaces[i]))
			e->target = TARGET_NONE;
	}
	clear_targets(d);
	s->ports = trim(s->ports, s->nports, sizeof(*s->ports));
	out->u.slice = *s;
	memset(s, 0, sizeof(*s));
	return NULL;
}

static const char *finish_pod(struct kubedraft *d, struct kube_object *out)
{
	struct kube_pod *p = &d->pod;
	size_t ignored = 0;

	for (size_t i = 0; i < p->nports; i++) {
		if (p->ports[i].port < 1)
			return "spec.containers[].ports[].containerPort is missing or 0";
	}
	if (p->nips == 0 && d->pod_ip != NULL)
		add_addr(&p->ips, &p->nips, &ignored, d->pod_ip, strlen(d->pod_ip));
	p->ready = d->ready;
	/* Nothing said yet: Pending. */
	p->running = d->phase == NULL || d->phase[0] == 0 || is(d->phase, "Running") ||
	             is(d->phase, "Pending");
	not_null(&p->hostname);
	not_null(&p->subdomain);
	not_null(&p->node);
	p->ips = trim(p->ips, p->nips, sizeof(*p->ips));
	p->ports = trim(p->ports, p->nports, sizeof(*p->ports));
	out->u.pod = *p;
	memset(p, 0, sizeof(*p));
	return NULL;
}

static const char *finish_kind(
	struct kubedraft *d, enum kube_kind kind, struct kube_object *out)
{
	switch (kind) {
	case KUBE_SERVICE:
		return finish_service(d, out);
	case KUBE_SLICE:
		return finish_slice(d, out);
	case KUBE_POD:
		return finish_pod(d, out);
	default:
		return NULL;
	}
}

/* A manifest may leave the namespace to the context: then it means "default". */
static void finish_namespace(struct kube_object *meta, enum kube_kind kind)
{
	bool absent = meta->namespace == NULL || meta->namespace[0] == 0;

	if (kind == KUBE_NAMESPACE) {
		kube_text_free(meta->namespace);
		meta->namespace = kube_text("", 0);
	} else if (absent) {
		meta->namespace = kube_text("default", strlen("default"));
	}
}

const char *kubedraft_finish(struct kubedraft *d, struct kube_object *out)
{
	enum kube_kind kind = kubedraft_kind(d);
	struct kube_object o = {0};

	if (d->meta.name == NULL || d->meta.name[0] == 0)
		return "metadata.name is missing";
	sort_labels(&d->meta.labels, &d->meta.nlabels);
	finish_namespace(&d->meta, kind);
	const char *wrong = finish_kind(d, kind, &o);
	if (wrong != NULL)
		return wrong;
	not_null(&d->meta.resource_version);
	o.kind = kind;
	o.namespace = d->meta.namespace;
	o.name = d->meta.name;
	o.resource_version = d->meta.resource_version;
	o.labels = d->meta.labels;
	o.nlabels = d->meta.nlabels;
	o.deleted_soon = d->meta.deleted_soon;
	memset(&d->meta, 0, sizeof(d->meta));
	*out = o;
	return NULL;
}
