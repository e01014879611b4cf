/*
 * kubeobj.h - what is kept of Kubernetes objects (RB and OB rows of the record rules)
 *
 * Plain values, whatever the source: readers (JSON, YAML; later the API) fill them, the
 * store owns them. Strings are NUL-terminated, owned by the object, never NULL ("" for
 * absent). An object that a reader hands out has been checked for shape only; whether a
 * name fits into DNS is decided where records are made.
 */
#ifndef KUBE_KUBEOBJ_H
#define KUBE_KUBEOBJ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/addr.h"

enum kube_kind {
	KUBE_NAMESPACE,
	KUBE_SERVICE,
	KUBE_SLICE, /* EndpointSlice */
	KUBE_POD,   /* for slices derived from a selector (QS-06); records later */
	KUBE_KINDS,
	KUBE_OTHER, /* an object of a kind that gives no records */
};

enum kube_service_type { SERVICE_CLUSTER_IP, SERVICE_EXTERNAL_NAME };

/* spec.trafficDistribution: what of a client's is to be preferred (GS-05). */
enum kube_traffic {
	TRAFFIC_UNSET, /* absent, or a word that we do not know */
	TRAFFIC_ZONE,  /* PreferSameZone, PreferClose */
	TRAFFIC_NODE,  /* PreferSameNode */
};

enum kube_protocol { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP, PROTOCOL_OTHER };

struct kube_port {
	char *name; /* "" if it has none */
	enum kube_protocol protocol;
	int32_t port;      /* -1: none (sentinel of RB-29) */
	char *target_name; /* Service ports: targetPort as text, for QS-06; "": absent */
};

struct kube_label {
	char *key, *value;
};

struct kube_namespace {
	int unused;
};

struct kube_service {
	enum kube_service_type type;
	bool headless; /* clusterIPs = ["None"] */
	bool publish_not_ready;
	enum kube_traffic traffic;
	struct addr *ips; /* clusterIPs that parse, their order kept (RB-03) */
	size_t nips;
	size_t bad_addresses; /* that did not parse: counted */
	struct kube_port *ports;
	size_t nports;
	char *external_name;
	struct kube_label *selector; /* for QS-06 */
	size_t nselector;
};

enum kube_tristate { KUBE_UNSET, KUBE_FALSE, KUBE_TRUE };

struct kube_endpoint {
	struct addr *addrs;
	size_t naddrs;
	enum kube_tristate ready, serving, terminating;
	char *hostname;
	char *target_name; /* targetRef.name */
	char *node;        /* nodeName */
	char *zone;
};

struct kube_slice {
	char *service; /* label kubernetes.io/service-name; "" if absent */
	bool fqdn;     /* addressType FQDN: ignored and counted (RB-23) */
	struct kube_endpoint *endpoints;
	size_t nendpoints;
	struct kube_port *ports; /* RB-29: never empty, a sentinel stands for none */
	size_t nports;
	size_t bad_addresses;
	/* When it came to be, Unix time; 0: not known. No part of its content (RB-31). */
	uint64_t trigger_s;
};

struct kube_pod {
	struct addr *ips; /* status.podIPs */
	size_t nips;
	char *hostname, *subdomain, *node;
	bool ready, running;     /* condition Ready; phase Running or Pending */
	struct kube_port *ports; /* container ports by name, for named target ports */
	size_t nports;
};

/* One object. `u` is by kind. Owned by whoever holds the struct. */
struct kube_object {
	enum kube_kind kind;
	char *namespace; /* "" for cluster-scoped kinds */
	char *name;
	char *resource_version;
	struct kube_label *labels; /* what a selector may ask for; kept for all kinds */
	size_t nlabels;
	/*
	 * Owned; NULL: each part by itself. Where all of it stands but resource_version,
	 * whose text may be exchanged.
	 */
	void *pack;
	bool deleted_soon; /* deletionTimestamp is set; changes nothing (RB-11) */
	union {
		struct kube_namespace namespace_;
		struct kube_service service;
		struct kube_slice slice;
		struct kube_pod pod;
	} u;
};

enum kube_change { KUBE_ADDED, KUBE_MODIFIED, KUBE_DELETED };

/*
 * A string for an object: a copy of `len` octets, owned by the object, or for no octets
 * the shared "", which kube_object_fini() knows and everybody else must not free.
 */
char *kube_text(const char *s, size_t len);

/* Free such a string. NULL is fine. */
void kube_text_free(char *s);

/*
 * Free what the object owns, not the struct itself; it is
 * zeroed. A zeroed one is fine.
 */
void kube_object_fini(struct kube_object *o);

/*
 * Move all that the object owns into one piece of memory, for one that is kept: what
 * points into it changes. Of Pods nothing is kept: they are left as they are.
 */
void kube_object_pack(struct kube_object *o);

/* True if both say the same about records: everything but resource_version. */
bool kube_object_equal(const struct kube_object *a, const struct kube_object *b);

/* A deep copy into `out`, which owns its own strings. */
void kube_object_copy(struct kube_object *out, const struct kube_object *o);

/*
 * 64 bits of content: equal objects (as kube_object_equal() says) have equal hashes. For
 * those who must notice a change without keeping the object.
 */
uint64_t kube_object_hash(const struct kube_object *o);

/* The value of a label, or NULL. Borrowed from the object. */
const char *kube_object_label(const struct kube_object *o, const char *key);

/* "Namespace", "Service", "EndpointSlice", "Pod". */
const char *kube_kind_text(enum kube_kind kind);

#endif
