/*
 * parts.h - what derive_owner() is made of: one function for each kind of owner (core)
 *
 * For the files of records/ only.
 */
#ifndef RECORDS_PARTS_H
#define RECORDS_PARTS_H

#include "controller/kube/store.h"
#include "controller/records/draft.h"
#include "controller/records/gather.h"

/*
 * Addresses of one RRset each, in canonical order, without duplicates, with their places
 * if they were gathered so. Zeroed is valid; parts_addrs_fini() ends it.
 */
struct part_addrs {
	struct mem_buf octets4, octets6;
	struct mem_buf place4, place6; /* a uint32_t for each address, or nothing */
	struct mem_buf placed;         /* gathered with their places and not sorted yet */
	size_t n4, n6;
};

/* A port that something has: of a Service, or of a slice (index into the gather). */
struct part_port {
	const char *name; /* borrowed; "" if it has none */
	enum kube_protocol protocol;
	int32_t port; /* -1: sentinel of RB-29 */
	uint32_t slice;
};

/*
 * The name LABEL.BELOW.Z, or BELOW.Z with label NULL. False if it does not fit, which is
 * noted in the draft (NB-01).
 */
bool parts_name(struct name *out, const struct record_options *o, unsigned zone,
	const char *below, const char *label, struct draft *d);

/* SVC.NS.svc.Z; false if it does not fit or the object's names are no labels. */
bool parts_service_name(struct name *out, const struct record_options *o, unsigned zone,
	const struct service_record *svc, struct draft *d);

/* `label` in front of `base`; false (noted) if it does not fit. */
bool parts_prepend(struct name *out, const void *label, size_t len,
	const struct name *base, struct draft *d);

/* _PORT._PROTO in front of `base`; false if it does not fit or `p` has no such name. */
bool parts_port_name(struct name *out, const struct part_port *p, const struct name *base,
	struct draft *d);

/* A node without RRsets. */
void parts_empty(struct draft *d, const struct record_options *o, const struct name *name,
	unsigned zone, uint8_t flags);

/* SRV weight for that many (port, address) pairs (RS-11). */
uint16_t parts_weight(size_t pairs);

/* Sort ports: by name, protocol, number, slice. */
void parts_sort_ports(struct part_port *p, size_t n);

/* One behind the last port with the name and protocol of p[i]. */
size_t parts_same_port(const struct part_port *p, size_t n, size_t i);

/*
 * The distinct numbers among `n` ports, ascending and without sentinels, into `out`
 * (n octet pairs). Returns how many.
 */
size_t parts_numbers(const struct part_port *p, size_t n, uint16_t *out);

/*
 * Collect addresses; _take() adds one of a gather, with its place if that has places.
 * parts_addrs_sort() puts them in order once all are there.
 */
void parts_addrs_add(struct part_addrs *a, const struct addr *addr);
void parts_addrs_take(
	struct part_addrs *a, const struct gather *g, const struct gathered *item);
void parts_addrs_sort(struct part_addrs *a);

/* The places of a family that was sorted, or NULL; borrowed. */
const uint32_t *parts_addrs_places(const struct part_addrs *a, bool six);

/* Empty it, keeping its memory. */
void parts_addrs_reset(struct part_addrs *a);
void parts_addrs_fini(struct part_addrs *a);

/* Sort names by their octets, as rdata, and fold duplicates. Returns how many remain. */
size_t parts_sort_names(struct rdata_name *names, size_t n);

/* The nodes of endpoint names below `base` (RS-10, RH-04, RH-08). */
void parts_endpoints(struct draft *d, const struct record_options *o,
	const struct gather *g, const struct name *base, unsigned zone);

/* All ports of the gathered slices, sorted; `*n` of them, owned by the caller. */
struct part_port *parts_slice_ports(const struct gather *g, size_t *n);

/* The nodes of a headless Service with at least one endpoint (RH rows). */
void parts_headless(const struct record_options *o, const struct service_record *svc,
	const struct gather *g, struct draft *d);

/*
 * The place of an address, if clients are known by it (GS-05): d->client, d->place. The
 * rest of the draft is left alone.
 */
void parts_client(const struct store *s, const struct record_options *o,
	const struct address_record *a, struct draft *d);

/* One for each kind of owner; the draft is empty. */
void parts_zone(const struct store *s, const struct record_options *o, unsigned zone,
	struct draft *d);
void parts_service(const struct store *s, const struct record_options *o,
	const struct service_record *svc, struct draft *d);
void parts_address(const struct store *s, const struct record_options *o,
	const struct address_record *a, struct draft *d);

/*
 * All names of o->files[zone], which may be NULL (SM-11), but for those of addresses that
 * objects have, if the zone stands within a reverse zone of the cluster: the addresses
 * derive these themselves (FT-04).
 */
void parts_filezone(const struct store *s, const struct record_options *o, unsigned zone,
	struct draft *d);

/* The name in o->files[zone], if it is there. */
void parts_filename(const struct record_options *o, unsigned zone,
	const struct name *name, struct draft *d);

/* True if the name is in a reverse zone of the cluster. */
bool parts_cluster_reverse(const struct record_options *o, const struct name *name);

/* True if it is the reverse name of an address that objects have, or had. */
bool parts_is_address(const struct store *s, const uint8_t *name, size_t len);

/*
 * Add what the zone above, if it is one from a file, says of the zone of that apex: its
 * DS (FE-61). The apex is under construction.
 */
void parts_delegation(
	const struct record_options *o, const struct name *apex, struct draft *d);

/* All names of o->hosts (HO-02), but for apexes of our zones. */
void parts_hosts(const struct record_options *o, struct draft *d);

/*
 * The targets of an address's PTR RRset in canonical order, `*n` of them, owned by the
 * caller; the address has references.
 */
struct rdata_name *parts_pointers(const struct store *s, const struct record_options *o,
	const struct address_record *a, size_t *n, struct draft *d);

/* True if RO-15 takes the Service away. */
bool parts_ignored(const struct store *s, const struct record_options *o,
	const struct service_record *svc);

#endif
