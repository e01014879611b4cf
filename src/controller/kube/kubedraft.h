/*
 * kubedraft.h - an object while its fields come in, in any order
 *
 * Which kind it is may be known last, so a draft keeps the fields of all kinds side by
 * side and kubedraft_finish() picks. Used by kubefields.c alone. Trust: any values. Pure.
 */
#ifndef KUBE_KUBEDRAFT_H
#define KUBE_KUBEDRAFT_H

#include "controller/kube/kubefields.h"

/* The fields that are kept, named after where they stand. */
enum kube_field {
	FIELD_NONE,
	FIELD_KIND,
	FIELD_API_VERSION,
	FIELD_NAME,
	FIELD_NAMESPACE,
	FIELD_VERSION, /* resourceVersion: string or number (WP-78) */
	FIELD_DELETION,
	FIELD_LABELS,
	FIELD_TYPE,
	FIELD_CLUSTER_IP,
	FIELD_CLUSTER_IPS,
	FIELD_EXTERNAL_NAME,
	FIELD_PUBLISH,
	FIELD_TRAFFIC,
	FIELD_SELECTOR,
	FIELD_SERVICE_PORTS,
	FIELD_SLICE_PORTS,
	FIELD_CONTAINERS,
	FIELD_CONTAINER_PORTS,
	FIELD_PORT_NAME,
	FIELD_PORT_PROTOCOL,
	FIELD_PORT_NUMBER,
	FIELD_PORT_TARGET,
	FIELD_POD_HOSTNAME,
	FIELD_POD_SUBDOMAIN,
	FIELD_POD_NODE,
	FIELD_PHASE,
	FIELD_POD_IP,
	FIELD_POD_IPS,
	FIELD_POD_IPS_IP,
	FIELD_CONDITIONS,
	FIELD_CONDITION_TYPE,
	FIELD_CONDITION_STATUS,
	FIELD_ADDRESS_TYPE,
	FIELD_ENDPOINTS,
	FIELD_ADDRESSES,
	FIELD_READY,
	FIELD_SERVING,
	FIELD_TERMINATING,
	FIELD_HOSTNAME,
	FIELD_TARGET_NAME,
	FIELD_TARGET_KIND,
	FIELD_TARGET_NAMESPACE,
	FIELD_NODE,
	FIELD_ZONE,
	FIELD_EVENT_TYPE, /* of a watch event, beside its object */
	FIELD_CONTINUE,
	FIELD_REMAINING,
	FIELD_ANNOTATIONS, /* only what a BOOKMARK says is kept */
	FIELD_STATUS_CODE,
	FIELD_STATUS_REASON,
	FIELD_STATUS_MESSAGE,
	FIELD_STATUS_CAUSE,
	FIELD_STATUS_RETRY,
};

struct kubedraft {
	struct kubedraft *parent;  /* the List or event that it stands in, or NULL */
	struct kubedraft *pending; /* items that wait for its end; last first */
	struct kubedraft *next;    /* among the parent's pending ones */
	bool list;                 /* it has items */
	struct kube_error at;      /* where it begins; no text */
	struct kube_error error;   /* its first fault, if text[0] != 0 */
	char *kind, *api_version;  /* NULL: absent */
	char *type, *traffic, *cluster_ip, *address_type, *phase, *pod_ip;
	char *condition_type, *condition_status;
	char *event_type, *more;     /* of a watch event; continue of a List */
	uint64_t remaining;          /* remainingItemCount of a List; 0: absent */
	char *reason, *message;      /* of a Status */
	int32_t code, retry_after_s; /* likewise; -1 or 0: absent */
	bool too_large;              /* a cause is ResourceVersionTooLarge */
	bool initial_end;            /* a BOOKMARK says that initial events are done */
	bool asked;                  /* its kind is `asked_kind`, whatever it says */
	enum kube_kind asked_kind;
	bool ready;              /* Pod: condition Ready is True */
	struct kube_object meta; /* metadata; kind and u unused */
	struct kube_service service;
	struct kube_slice slice;
	char *target_kind;        /* of the endpoint that is read; NULL: absent */
	char **target_namespaces; /* owned, one for each endpoint; NULL: absent */
	struct kube_pod pod;
	struct kube_port **ports; /* the list that ports go into now */
	size_t *nports;
};

/* An empty draft; owned by the caller. */
struct kubedraft *kubedraft_new(struct kubedraft *parent);

/* Free it and the items that wait in it. NULL is fine. */
void kubedraft_free(struct kubedraft *d);

/* A list or a map of strings begins: it replaces what came under the same key before. */
void kubedraft_clear(struct kubedraft *d, enum kube_field field);

/* A map begins in a list of maps, and when it is done. */
void kubedraft_element(struct kubedraft *d, enum kube_field field);
void kubedraft_element_end(struct kubedraft *d, enum kube_field field);

/*
 * A value: of a field, or one more for a list of scalars. NULL, or what was expected
 * instead ("a string").
 */
const char *kubedraft_scalar(struct kubedraft *d, enum kube_field field,
	enum kube_scalar type, const char *s, size_t len);

/* One more pair for a map of strings. Returns as kubedraft_scalar(). */
const char *kubedraft_pair(struct kubedraft *d, enum kube_field field, const char *key,
	size_t key_len, enum kube_scalar type, const char *s, size_t len);

/* Let go of everything but who it is and its error: it is too large to be kept. */
void kubedraft_discard(struct kubedraft *d);

/*
 * The kind, by kind and apiVersion: KUBE_OTHER if it is none of ours. A Service of
 * another group than the core's is not ours. With `asked` it is what was asked for.
 */
enum kube_kind kubedraft_kind(const struct kubedraft *d);

/*
 * Make the object: defaults, the kind's own rules, labels in order. NULL and *out is
 * owned by the caller, or what is missing, and *out is untouched. The draft is emptied
 * of what went.
 */
const char *kubedraft_finish(struct kubedraft *d, struct kube_object *out);

#endif
