#include "controller/kube/yamltree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/base.h"
#include "controller/kube/yamlfault.h"
#include "base/mem.h"
#include "controller/kube/secret.h"

#define DEPTH_MAX   KUBE_DEPTH_MAX
#define NODES_MAX   100000u
#define ANCHORS_MAX 1000u
#define MERGES_MAX  64u /* maps that one look-up follows: a tree of merges may be large */

struct anchor {
	char *name; /* owned */
	struct yamlnode *node;
};

struct builder {
	yaml_parser_t yaml;
	yaml_event_t event;
	struct yamltree tree;
	struct yamlnode *stack[DEPTH_MAX]; /* what is open */
	size_t depth;
	struct anchor *anchor; /* owned */
	size_t nanchors;
	const uint8_t *data; /* borrowed */
	size_t len;
	struct kube_error *error;
};

static int fail(struct builder *b, const char *text)
{
	b->error->line = (unsigned)b->event.start_mark.line + 1;
	b->error->column = (unsigned)b->event.start_mark.column + 1;
	snprintf(b->error->text, sizeof(b->error->text), "%s", text);
	return -EINVAL;
}

/* Is `n` a power of two, or 0? Then an array of n is full and doubles. */
static bool full(size_t n)
{
	return (n & (n - 1)) == 0;
}

/* Hang a node below what is open. */
static void attach(struct builder *b, struct yamlnode *node)
{
	struct yamlnode *parent;

	if (b->depth == 0)
		return;
	parent = b->stack[b->depth - 1];
	if (full(parent->n))
		parent->child = mem_resize(
			parent->child, MAX(2 * parent->n, 1), sizeof(struct yamlnode *));
	parent->child[parent->n++] = node;
}

static struct yamlnode *new_node(struct builder *b, enum yamltree_kind kind)
{
	struct yamltree *t = &b->tree;
	struct yamlnode *node = mem_alloc(1, sizeof(*node));

	node->kind = kind;
	node->open = kind != YAMLTREE_SCALAR;
	node->line = (unsigned)b->event.start_mark.line + 1;
	node->column = (unsigned)b->event.start_mark.column + 1;
	if (full(t->n))
		t->node = mem_resize(
			t->node, MAX(2 * t->n, 1), sizeof(struct yamlnode *));
	t->node[t->n++] = node;
	attach(b, node);
	return node;
}

static int name_node(struct builder *b, const yaml_char_t *name, struct yamlnode *node)
{
	const char *s = (const char *)name;

	if (s == NULL)
		return 0;
	if (b->nanchors == ANCHORS_MAX)
		return fail(b, "more than 1,000 anchors");
	if (full(b->nanchors))
		b->anchor = mem_resize(
			b->anchor, MAX(2 * b->nanchors, 1), sizeof(*b->anchor));
	b->anchor[b->nanchors++] = (struct anchor){mem_dup(s, strlen(s)), node};
	return 0;
}

static int on_alias(struct builder *b)
{
	const char *name = (const char *)b->event.data.alias.anchor;

	for (size_t i = b->nanchors; i-- > 0;) { /* the last one of that name */
		if (strcmp(b->anchor[i].name, name) != 0)
			continue;
		if (b->anchor[i].node->open)
			return fail(b, "an alias of what it stands in");
		attach(b, b->anchor[i].node);
		return 0;
	}
	return fail(b, "an alias of an anchor that is not there");
}

static int on_scalar(struct builder *b)
{
	const char *s = (const char *)b->event.data.scalar.value;
	struct yamlnode *node = new_node(b, YAMLTREE_SCALAR);

	node->len = b->event.data.scalar.length;
	node->text = mem_dup(s, node->len);
	node->plain = b->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return name_node(b, b->event.data.scalar.anchor, node);
}

static int on_begin(struct builder *b, enum yamltree_kind kind, const yaml_char_t *anchor)
{
	struct yamlnode *node;

	if (b->depth == DEPTH_MAX)
		return fail(b, "more than 64 levels");
	node = new_node(b, kind);
	b->stack[b->depth++] = node;
	return name_node(b, anchor, node);
}

/* 1: the document has ended. */
static int on_event(struct builder *b)
{
	if (b->tree.n == NODES_MAX)
		return fail(b, "more than 100,000 values");
	switch (b->event.type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(b);
	case YAML_ALIAS_EVENT:
		return on_alias(b);
	case YAML_MAPPING_START_EVENT:
		return on_begin(b, YAMLTREE_MAP, b->event.data.mapping_start.anchor);
	case YAML_SEQUENCE_START_EVENT:
		return on_begin(b, YAMLTREE_LIST, b->event.data.sequence_start.anchor);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		b->stack[--b->depth]->open = false;
		return 0;
	case YAML_DOCUMENT_END_EVENT:
	case YAML_STREAM_END_EVENT:
		return 1;
	default:
		return 0;
	}
}

/* An event's text is ours to overwrite before libyaml frees it. */
static void drop_event(yaml_event_t *e)
{
	if (e->type == YAML_SCALAR_EVENT)
		explicit_bzero(e->data.scalar.value, e->data.scalar.length);
	yaml_event_delete(e);
}

static int read_document(struct builder *b)
{
	int ret = 0;

	while (ret == 0) {
		if (!yaml_parser_parse(&b->yaml, &b->event))
			return yamlfault(&b->yaml, b->data, b->len, b->error);
		ret = on_event(b);
		drop_event(&b->event);
	}
	return ret < 0 ? ret : 0;
}

/* What libyaml has read ahead, and its two windows on the input. */
static void drop_parser(yaml_parser_t *y)
{
	for (yaml_token_t *t = y->tokens.head; t != y->tokens.tail; t++)
		if (t->type == YAML_SCALAR_TOKEN)
			explicit_bzero(t->data.scalar.value, t->data.scalar.length);
	if (y->raw_buffer.start != NULL)
		explicit_bzero(y->raw_buffer.start,
			(size_t)(y->raw_buffer.end - y->raw_buffer.start));
	if (y->buffer.start != NULL)
		explicit_bzero(
			y->buffer.start, (size_t)(y->buffer.end - y->buffer.start));
	yaml_parser_delete(y);
}

int yamltree_parse(
	const uint8_t *data, size_t len, struct yamltree *out, struct kube_error *error)
{
	struct kube_error at = {0};
	struct builder b = {.data = data, .len = len, .error = &at};
	int ret = -EINVAL;

	*out = (struct yamltree){0};
	if (len > KUBE_EVENT_MAX) {
		snprintf(at.text, sizeof(at.text), "more than 16 MiB");
	} else if (!yaml_parser_initialize(&b.yaml)) {
		snprintf(at.text, sizeof(at.text), "out of memory");
	} else {
		yaml_parser_set_input_string(&b.yaml, data, len);
		ret = read_document(&b);
		drop_parser(&b.yaml);
	}
	for (size_t i = 0; i < b.nanchors; i++)
		free(b.anchor[i].name);
	free(b.anchor);
	if (ret < 0) {
		at.line = MAX(at.line, 1);
		at.column = MAX(at.column, 1);
		*error = at;
		yamltree_free(&b.tree);
	} else {
		*out = b.tree;
	}
	return ret;
}

void yamltree_free(struct yamltree *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct yamlnode *node = t->node[i];

		if (node->text != NULL)
			explicit_bzero(node->text, node->len);
		free(node->text);
		free(node->child);
		free(node);
	}
	free(t->node);
	*t = (struct yamltree){0};
}

bool yamltree_null(const struct yamlnode *n)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

	for (size_t i = 0; i < ARRAY_LEN(nulls); i++)
		if (n->kind == YAMLTREE_SCALAR && n->plain &&
			strcmp(n->text, nulls[i]) == 0)
			return true;
	return false;
}

static bool is_key(const struct yamlnode *n, const char *key)
{
	return n->kind == YAMLTREE_SCALAR && n->len == strlen(key) &&
	       memcmp(n->text, key, n->len) == 0;
}

/* The value of a key that stands in the map itself. */
static const struct yamlnode *own(const struct yamlnode *map, const char *key)
{
	for (size_t i = map->n & ~(size_t)1; i > 0; i -= 2)
		if (is_key(map->child[i - 2], key))
			return map->child[i - 1];
	return NULL;
}

static const struct yamlnode *find(
	const struct yamlnode *map, const char *key, unsigned *left);

/* What the map merges is a map, or a list of them of which the first has precedence. */
static const struct yamlnode *merged(
	const struct yamlnode *from, const char *key, unsigned *left)
{
	const struct yamlnode *value = NULL;

	if (from->kind == YAMLTREE_MAP)
		return find(from, key, left);
	for (size_t i = 0; from->kind == YAMLTREE_LIST && i < from->n && value == NULL;
		i++)
		if (from->child[i]->kind == YAMLTREE_MAP)
			value = find(from->child[i], key, left);
	return value;
}

static const struct yamlnode *find(
	const struct yamlnode *map, const char *key, unsigned *left)
{
	const struct yamlnode *value, *from;

	if (*left == 0)
		return NULL;
	--*left;
	value = own(map, key);
	from = value == NULL ? own(map, "<<") : NULL;
	return from != NULL ? merged(from, key, left) : value;
}

const struct yamlnode *yamltree_get(const struct yamlnode *map, const char *key)
{
	const struct yamlnode *value = NULL;
	unsigned left = MERGES_MAX;

	if (map != NULL && map->kind == YAMLTREE_MAP)
		value = find(map, key, &left);
	return value == NULL || yamltree_null(value) ? NULL : value;
}
