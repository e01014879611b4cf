/*
 * gather.h - the endpoints of a Service that count, by endpoint name (core)
 *
 * Collected from all its slices (RB-21, RDY rows), each with its name (NB-04 to NB-06),
 * in canonical order: by name as rdata has it, then by address. The same (name, address)
 * of two slices stands here twice, because weights are counted before duplicates are
 * folded (RS-11); that whose place is taken stands first (places_compare()).
 */
#ifndef RECORDS_GATHER_H
#define RECORDS_GATHER_H

#include "controller/kube/store.h"
#include "controller/records/draft.h"

struct gathered {
	uint32_t label; /* offset in gather.labels */
	uint8_t label_len;
	struct addr addr;
	const struct kube_endpoint *endpoint; /* borrowed from the store */
	uint32_t place; /* as far as the Service cares for it (GS-05); 0: not known */
	uint32_t slice; /* index into gather.slices */
};

/* A slice with the number of its endpoint addresses that count. */
struct gathered_slice {
	const struct slice_record *slice; /* borrowed from the store */
	size_t count;
};

struct gather {
	struct mem_buf labels;
	struct gathered *items; /* owned */
	size_t n, cap;
	struct gathered_slice *slices; /* owned */
	size_t nslices;
	bool placed; /* the addresses of this Service are ordered by their places */
};

/*
 * Fill `g` (zeroed) from what the store has of `svc`; what had to be left out is noted in
 * the draft. Ended by gather_fini().
 */
void gather_init(struct gather *g, const struct store *s,
	const struct service_record *svc, const struct record_options *o,
	struct draft *d);
void gather_fini(struct gather *g);

/* The label of an item; borrowed. */
const uint8_t *gather_label(const struct gather *g, const struct gathered *item);

/* One behind the last item that has the same name as item `i`. */
size_t gather_same(const struct gather *g, size_t i);

/* True if at least one endpoint address of the Service counts (RDY-05). */
bool gather_any(const struct store *s, const struct service_record *svc);

/* The endpoint name of `addr`, an address of endpoint `e`, into `label`; its length. */
size_t gather_endpoint_name(const struct record_options *o, const struct kube_endpoint *e,
	const struct addr *addr, char label[LABEL_MAX_LEN + 1], struct draft *d);

#endif
