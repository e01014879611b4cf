/*
 * store.h - all objects, how they belong together, and what changed (core)
 *
 * Owners are what names are derived for: a zone, `hosts`, a namespace, a Service with
 * its slices ("service record"), an address with everything that mentions it.
 * store_apply() keeps the object, joins it with others in whatever order they come
 * (WP-88) and marks as dirty each owner whose names may have changed, by the old
 * relations and by the new ones.
 * derive_owner() reads the store and nothing else.
 *
 * The structs are open for reading to whoever derives; only store.c writes them. Pointers
 * are borrowed until the next call that changes the store.
 */
#ifndef KUBE_STORE_H
#define KUBE_STORE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/hash.h"
#include "conf/selector.h"
#include "controller/kube/kubeobj.h"
#include "controller/kube/places.h"
#include "controller/kube/table.h"

/* How long an address that left a slice may take to appear in another (RDY-06). */
#define STORE_LEAVING_NS UINT64_C(50000000)

#define STORE_CAUSE_MAX 160

enum owner_kind {
	OWNER_ZONE,
	OWNER_HOSTS,
	OWNER_NAMESPACE,
	OWNER_SERVICE,
	OWNER_ADDRESS
};

/*
 * The names that an owner has published: kept by apply.c in the form of namelist.h, freed
 * by the store. An address needs none: it has its reverse name, or not.
 */
struct owner_names {
	uint8_t *octets; /* owned */
	size_t len;
};

struct owner {
	enum owner_kind kind;
	bool dirty;
	bool large;      /* over 1,000 addresses: published every 20 ms at most */
	uint8_t skipped; /* bits of enum skip_reason that were reported */
	TAILQ_ENTRY(owner) all, dirty_link;
};

TAILQ_HEAD(owner_list, owner);

struct zone_owner {
	struct owner owner;
	struct owner_names names;
	unsigned zone; /* index into the settings */
};

/* The names that no object has (HO-01): there is one. */
struct hosts_owner {
	struct owner owner;
	struct owner_names names;
};

struct namespace_record {
	struct owner owner;
	struct owner_names names;
	struct table_link link;
	char *name;                 /* owned */
	struct kube_object *object; /* owned; NULL: no such Namespace is known */
	bool exposed;               /* OB-N1 */
	bool guarded;               /* its name was looked at (AC-07) */
	uint32_t pass;              /* in which the object was seen last */
	LIST_HEAD(, service_record) services;
};

struct slice_record {
	struct table_link link;         /* unless leaving */
	struct kube_object object;      /* owned */
	struct service_record *service; /* NULL: it names none */
	bool counts;                    /* joins: right labels, not FQDN */
	bool leaving;                   /* made of addresses that left a slice (RDY-06) */
	uint32_t pass;                  /* in which it was seen last */
	uint64_t until_ns;              /* leaving: when they go */
	TAILQ_ENTRY(slice_record) of_service, leaving_link;
};

TAILQ_HEAD(slice_list, slice_record);

struct service_record {
	struct owner owner;
	struct owner_names names;
	uint64_t published_ns; /* when its names last changed */
	struct table_link link;
	struct namespace_record *namespace_;
	char *name;                 /* owned */
	struct kube_object *object; /* owned; NULL: slices only */
	bool visible;               /* the object's labels are selected (RO-08) */
	uint32_t pass;              /* in which the object was seen last */
	struct slice_list slices;
	unsigned nslices;
	unsigned own_endpoints; /* endpoint addresses that are our own (RX-02) */
	LIST_ENTRY(service_record) of_namespace;
};

/* Where an address stands. */
struct address_ref {
	struct service_record *service;
	struct slice_record *slice; /* NULL: it is a cluster IP of the Service */
	uint32_t endpoint;          /* index into the slice's endpoints */
};

/* By far the most numerous: one for each endpoint. */
struct address_record {
	struct owner owner;
	struct table_link link;
	struct addr addr;
	bool own;   /* one of our own addresses */
	bool named; /* its reverse name is published */
	uint32_t nrefs;
	union {
		struct address_ref one;   /* at most one */
		struct address_ref *many; /* owned; room for a power of two */
	} refs;
};

/* What the configuration says about objects; all borrowed while the store uses it. */
struct store_options {
	char *const *namespaces; /* RO-06; none: all */
	size_t nnamespaces;
	const struct selector *namespace_labels; /* RO-07; NULL: all */
	const struct selector *labels;           /* RO-08; NULL: all */
	const struct addr *own;                  /* RO-19 */
	size_t nown;
	const struct addr *apexes; /* a change of these is one of the zones */
	size_t napexes;
	unsigned nzones;
	unsigned nfiles;  /* of them, the last ones: no object is about them (SM-11) */
	bool noendpoints; /* RO-13 */
	bool first_address_only; /* RO-22 */
	bool serving_fallback;   /* RO-23 */
	bool topology;           /* places are numbered (GS-05) */
	bool hosts;              /* there may be names of `hosts` */
};

struct store {
	struct hash_key key;
	struct store_options options;
	struct table namespaces, services, slices, addresses;
	struct zone_owner *zones; /* owned, options.nzones of them */
	struct hosts_owner hosts; /* an owner with options.hosts */
	struct owner_list all, dirty;
	struct places places;      /* of slices that count, with options.topology */
	struct slice_list leaving; /* by until_ns */
	bool hold_leaving;         /* store_synced() was called */
	bool implied;              /* Namespaces follow from Services (OB-N2) */
	uint32_t pass;             /* of the newest list (WP-85) */
	size_t ndirty;
	uint64_t objects[KUBE_KINDS];
	/* What the first event since the last publish was about: "Service shop/api". */
	char cause[STORE_CAUSE_MAX]; /* "": none */
	uint64_t ncauses;            /* events that changed something since then */
};

/* An empty store; names are hashed under `key`. Owned by the caller. */
struct store *store_new(const struct hash_key *key);
void store_free(struct store *s);

/* Take new options (what they point to is borrowed); every owner becomes dirty. */
void store_configure(struct store *s, const struct store_options *o);

/*
 * Apply an event. Added and modified mean the same. What is kept is moved out of *o,
 * which is left valid. `now_ns` is monotonic. True if some owner is dirty by it.
 */
bool store_apply(
	struct store *s, enum kube_change change, struct kube_object *o, uint64_t now_ns);

/*
 * Mark and sweep (WP-85). A list begins: every object that is applied from now on bears
 * the number that is returned, or a higher one. store_seen() marks an object that is
 * there but could not be used: what is known of it stays.
 */
uint32_t store_pass_begin(struct store *s);
void store_seen(
	struct store *s, enum kube_kind kind, const char *namespace_, const char *name);

/* The resourceVersion of an object that is there; NULL: there is none. Borrowed. */
const char *store_version(const struct store *s, enum kube_kind kind,
	const char *namespace_, const char *name);

/*
 * What a list did not hold: objects of that kind (and namespace, unless that is NULL)
 * that were not seen since `pass` began. How many there are, of how many; and delete
 * them, which a complete list allows alone. store_sweep(): true if some owner is dirty.
 */
size_t store_unseen(const struct store *s, enum kube_kind kind, const char *namespace_,
	uint32_t pass, size_t *total);
bool store_sweep(struct store *s, enum kube_kind kind, const char *namespace_,
	uint32_t pass, uint64_t now_ns);

/*
 * OB-N2: Namespaces cannot be listed. With `implied` a Namespace exists where a Service
 * is known; one that is selected by label stays hidden, because nobody knows its labels.
 * True if some owner is dirty by it.
 */
bool store_imply_namespaces(struct store *s, bool implied);

/* All objects were read once: from here on addresses that leave a slice wait (RDY-06). */
void store_synced(struct store *s);

/* Let go of addresses whose time is over. True if some owner is dirty by it. */
bool store_expire(struct store *s, uint64_t now_ns);

/* When store_expire() has to be called; UINT64_MAX: nothing waits. */
uint64_t store_deadline(const struct store *s);

/* Forget what the changes so far were about: they were published. */
void store_cause_clear(struct store *s);

/* Mark as dirty. */
void store_mark(struct store *s, struct owner *o);
void store_mark_all(struct store *s);

/* What the file of zone number `zone` says has changed: mark it (SM-11). */
void store_mark_file(struct store *s, unsigned zone, const char *cause);

/*
 * The names of `hosts` are others than before: mark its owner, before all that are dirty,
 * so that they can take over what it gives up. Only with options.hosts.
 */
void store_mark_hosts(struct store *s);

/*
 * An owner's names were published as they are derived now: it is clean. If nothing
 * belongs to it and it has no names any more it is freed; do not use `o` again.
 */
void store_clean(struct store *s, struct owner *o);

/* What an owner is, from its first member. */
struct zone_owner *store_zone(struct owner *o);
struct hosts_owner *store_hosts(struct owner *o);
struct namespace_record *store_namespace(struct owner *o);
struct service_record *store_service(struct owner *o);
struct address_record *store_address(struct owner *o);

/* Find a record, or NULL. */
struct namespace_record *store_find_namespace(const struct store *s, const char *name);
struct service_record *store_find_service(
	const struct store *s, const char *namespace_, const char *name);
struct address_record *store_find_address(const struct store *s, const struct addr *a);

/* True if the Service has records at all: object known, selected, Namespace exposed. */
bool store_service_exposed(const struct service_record *s);

/*
 * True if the endpoint counts (RDY-01): ready, or the Service publishes those that are
 * not. `fallback` says that RDY-04 holds for this Service.
 */
bool store_endpoint_counts(
	const struct service_record *s, const struct kube_endpoint *e, bool fallback);

/* True if the option is on and no endpoint of the Service counts by itself (RDY-04). */
bool store_fallback(const struct store *s, const struct service_record *svc);

/*
 * Where an endpoint of a slice that counts is; and where an address is, by all endpoints
 * that have it, ready or not. PLACE_UNKNOWN without options.topology. Where endpoints
 * differ about an address, places_compare() says which is taken; those of slices that are
 * leaving only if there are no others.
 */
uint32_t store_endpoint_place(const struct store *s, const struct kube_endpoint *e);
uint32_t store_address_place(const struct store *s, const struct address_record *a);

/* A Pod, by its names; borrowed from the store. */
struct store_pod {
	const char *namespace, *name; /* name "": one of several Pods of the namespace */
};

/*
 * The Pod that has the address (AC-03): what endpoints say whose targetRef is a Pod,
 * ready or not; those of slices that are leaving only if there are no others. False:
 * nobody says so, or it is no single namespace's: several of them have Pods with it,
 * which then share their node's, or a targetRef says that it is a node's.
 */
bool store_address_pod(const struct address_record *a, struct store_pod *out);

/* Where the names of an owner stand; NULL: it is an address. */
struct owner_names *store_names(struct owner *o);

/* All places where the address stands, a->nrefs of them. */
const struct address_ref *store_refs(const struct address_record *a);

/* Write what an owner is into `out`: "Service shop/api", "10.0.0.7". Returns `out`. */
const char *store_owner_text(const struct owner *o, char *out, size_t cap);

#endif
