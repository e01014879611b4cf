/*
 * yamltree.h - a small YAML document as a tree, for what is looked up by path
 *
 * For kubeconfigs and what plug-ins print (JSON is YAML, WP-11); objects go through
 * kubeyaml.h, which streams and refuses anchors. Here anchors, aliases and merge keys
 * ("<<") are resolved, since people use them to write a user once. Tags are ignored, the
 * first document is read and no other. Limits: 64 levels, 100,000 nodes, 16 MiB.
 *
 * Texts are secrets as far as we know: they are overwritten when the tree is freed, and
 * so are libyaml's buffers as far as they can be reached; pieces that it moved while a
 * long string grew are not. Trust: any input. Pure.
 */
#ifndef KUBE_YAMLTREE_H
#define KUBE_YAMLTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controller/kube/kubefields.h"

enum yamltree_kind { YAMLTREE_SCALAR, YAMLTREE_LIST, YAMLTREE_MAP };

/* Nodes belong to the tree. A node that aliases name may stand in several places. */
struct yamlnode {
	enum yamltree_kind kind;
	unsigned line, column; /* where it begins, from 1 */
	bool plain;            /* a scalar without quotes */
	bool open;             /* its end has not come yet */
	char *text;            /* of a scalar: len octets and a NUL */
	size_t len;
	struct yamlnode *
		*child; /* of a list its elements, of a map key, value, key, ... */
	size_t n;
};

struct yamltree {
	struct yamlnode **node; /* all, owned; node[0] is the root if n > 0 */
	size_t n;
};

/*
 * Read a document; one without content gives a tree without nodes. 0 with *out owned by
 * the caller; -EINVAL with *error filled, *out is empty. *error never quotes the text.
 */
int yamltree_parse(
	const uint8_t *data, size_t len, struct yamltree *out, struct kube_error *error);

/* Overwrite and free all nodes; the tree is empty then. */
void yamltree_free(struct yamltree *t);

/*
 * The value of `key` in a map: of several the last one, else what a merge key brings.
 * NULL if there is none, if it is null (WP-77), or if `map` is NULL or no map.
 */
const struct yamlnode *yamltree_get(const struct yamlnode *map, const char *key);

/* True if the node is null, written as such or left out. */
bool yamltree_null(const struct yamlnode *n);

#endif
