/*
 * record.h - the store's records: found, made, and freed when nothing belongs to them
 *
 * Called by the files of the store only (core).
 */
#ifndef KUBE_RECORD_H
#define KUBE_RECORD_H

#include "controller/kube/store.h"

/* Begin an owner of a record, and end it; unmark: it is dirty no longer. */
void record_owner_add(struct store *s, struct owner *o, enum owner_kind kind);
void record_owner_drop(struct store *s, struct owner *o);
void record_owner_unmark(struct store *s, struct owner *o);

/* Begin the owner of `hosts` anew, if it is wanted. */
void record_hosts(struct store *s, bool wanted);

/* Free the list of an owner's names. */
void record_free_names(struct owner *o);

/* The hash of "NAMESPACE" and "NAME" in the store's tables. */
uint64_t record_hash(const struct store *s, const char *namespace_, const char *name);

/* The slice of that name, or NULL. */
struct slice_record *record_find_slice(
	const struct store *s, const char *namespace_, const char *name);

/* Find a record, or make one that is empty. */
struct namespace_record *record_namespace(struct store *s, const char *name);
struct service_record *record_service(
	struct store *s, const char *namespace_, const char *name);

/* Free the record if no object, name or other record belongs to it. */
void record_release_namespace(struct store *s, struct namespace_record *n);
void record_release_service(struct store *s, struct service_record *svc);
void record_release_address(struct store *s, struct address_record *a);

/* Move the content of *from into a struct of its own; and free such a one. */
struct kube_object *record_take_object(struct kube_object *from);
void record_free_object(struct kube_object **o);

#endif
