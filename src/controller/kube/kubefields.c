#include "controller/kube/kubefields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "controller/kube/kubedraft.h"
#include "controller/kube/kubereply.h"

#define SKIP_MAX 10000 /* levels of what is skipped */

/* What may stand under a key. */
enum shape {
	SCALAR,
	SCALARS, /* a list of scalars */
	STRINGS, /* a map of strings under any keys */
	MAP,     /* keys of `level` */
	MAPS,    /* a list of such maps */
	ITEMS,   /* a list of objects */
	ITEM,    /* one object */
};

enum level {
	OBJECT,
	METADATA,
	SPEC,
	STATUS,
	ENDPOINT,
	CONDITIONS,
	TARGET_REF,
	PORT,
	CONTAINER,
	CONTAINER_PORT,
	POD_IP,
	POD_CONDITION,
	DETAILS,
	CAUSE,
	EVENT,
	NO_LEVEL,
};

struct row {
	const char *key;
	uint8_t shape;
	uint8_t level; /* of MAP and MAPS */
	uint8_t field;
};

/*
 * The paths that are kept; everything else is skipped. No two of our kinds use one path
 * for different things, so the kind need not be known. (`status` is a text in a Status,
 * of which nobody asks for it.) A watch event is one more level above OBJECT.
 */
static const struct row object_rows[] = {
	{"kind", SCALAR, NO_LEVEL, FIELD_KIND},
	{"apiVersion", SCALAR, NO_LEVEL, FIELD_API_VERSION},
	{"metadata", MAP, METADATA, FIELD_NONE},
	{"spec", MAP, SPEC, FIELD_NONE},
	{"status", MAP, STATUS, FIELD_NONE},
	{"endpoints", MAPS, ENDPOINT, FIELD_ENDPOINTS},
	{"ports", MAPS, PORT, FIELD_SLICE_PORTS},
	{"addressType", SCALAR, NO_LEVEL, FIELD_ADDRESS_TYPE},
	{"items", ITEMS, OBJECT, FIELD_NONE},
	{"code", SCALAR, NO_LEVEL, FIELD_STATUS_CODE},
	{"reason", SCALAR, NO_LEVEL, FIELD_STATUS_REASON},
	{"message", SCALAR, NO_LEVEL, FIELD_STATUS_MESSAGE},
	{"details", MAP, DETAILS, FIELD_NONE},
};

static const struct row details_rows[] = {
	{"causes", MAPS, CAUSE, FIELD_NONE},
	{"retryAfterSeconds", SCALAR, NO_LEVEL, FIELD_STATUS_RETRY},
};

static const struct row cause_rows[] = {
	{"reason", SCALAR, NO_LEVEL, FIELD_STATUS_CAUSE},
};

static const struct row event_rows[] = {
	{"type", SCALAR, NO_LEVEL, FIELD_EVENT_TYPE},
	{"object", ITEM, OBJECT, FIELD_NONE},
};

static const struct row metadata_rows[] = {
	{"name", SCALAR, NO_LEVEL, FIELD_NAME},
	{"namespace", SCALAR, NO_LEVEL, FIELD_NAMESPACE},
	{"resourceVersion", SCALAR, NO_LEVEL, FIELD_VERSION},
	{"labels", STRINGS, NO_LEVEL, FIELD_LABELS},
	{"deletionTimestamp", SCALAR, NO_LEVEL, FIELD_DELETION},
	{"continue", SCALAR, NO_LEVEL, FIELD_CONTINUE},
	{"remainingItemCount", SCALAR, NO_LEVEL, FIELD_REMAINING},
	{"annotations", STRINGS, NO_LEVEL, FIELD_ANNOTATIONS},
};

static const struct row spec_rows[] = {
	{"type", SCALAR, NO_LEVEL, FIELD_TYPE},
	{"clusterIP", SCALAR, NO_LEVEL, FIELD_CLUSTER_IP},
	{"clusterIPs", SCALARS, NO_LEVEL, FIELD_CLUSTER_IPS},
	{"externalName", SCALAR, NO_LEVEL, FIELD_EXTERNAL_NAME},
	{"publishNotReadyAddresses", SCALAR, NO_LEVEL, FIELD_PUBLISH},
	{"trafficDistribution", SCALAR, NO_LEVEL, FIELD_TRAFFIC},
	{"selector", STRINGS, NO_LEVEL, FIELD_SELECTOR},
	{"ports", MAPS, PORT, FIELD_SERVICE_PORTS},
	{"hostname", SCALAR, NO_LEVEL, FIELD_POD_HOSTNAME},
	{"subdomain", SCALAR, NO_LEVEL, FIELD_POD_SUBDOMAIN},
	{"nodeName", SCALAR, NO_LEVEL, FIELD_POD_NODE},
	{"containers", MAPS, CONTAINER, FIELD_CONTAINERS},
};

static const struct row status_rows[] = {
	{"phase", SCALAR, NO_LEVEL, FIELD_PHASE},
	{"podIP", SCALAR, NO_LEVEL, FIELD_POD_IP},
	{"podIPs", MAPS, POD_IP, FIELD_POD_IPS},
	{"conditions", MAPS, POD_CONDITION, FIELD_CONDITIONS},
};

static const struct row endpoint_rows[] = {
	{"addresses", SCALARS, NO_LEVEL, FIELD_ADDRESSES},
	{"conditions", MAP, CONDITIONS, FIELD_NONE},
	{"hostname", SCALAR, NO_LEVEL, FIELD_HOSTNAME},
	{"targetRef", MAP, TARGET_REF, FIELD_NONE},
	{"nodeName", SCALAR, NO_LEVEL, FIELD_NODE},
	{"zone", SCALAR, NO_LEVEL, FIELD_ZONE},
};

static const struct row conditions_rows[] = {
	{"ready", SCALAR, NO_LEVEL, FIELD_READY},
	{"serving", SCALAR, NO_LEVEL, FIELD_SERVING},
	{"terminating", SCALAR, NO_LEVEL, FIELD_TERMINATING},
};

static const struct row target_ref_rows[] = {
	{"name", SCALAR, NO_LEVEL, FIELD_TARGET_NAME},
	{"kind", SCALAR, NO_LEVEL, FIELD_TARGET_KIND},
	{"namespace", SCALAR, NO_LEVEL, FIELD_TARGET_NAMESPACE},
};

static const struct row port_rows[] = {
	{"name", SCALAR, NO_LEVEL, FIELD_PORT_NAME},
	{"protocol", SCALAR, NO_LEVEL, FIELD_PORT_PROTOCOL},
	{"port", SCALAR, NO_LEVEL, FIELD_PORT_NUMBER},
	{"targetPort", SCALAR, NO_LEVEL, FIELD_PORT_TARGET},
};

static const struct row container_rows[] = {
	{"ports", MAPS, CONTAINER_PORT, FIELD_CONTAINER_PORTS},
};

static const struct row container_port_rows[] = {
	{"name", SCALAR, NO_LEVEL, FIELD_PORT_NAME},
	{"protocol", SCALAR, NO_LEVEL, FIELD_PORT_PROTOCOL},
	{"containerPort", SCALAR, NO_LEVEL, FIELD_PORT_NUMBER},
};

static const struct row pod_ip_rows[] = {
	{"ip", SCALAR, NO_LEVEL, FIELD_POD_IPS_IP},
};

static const struct row pod_condition_rows[] = {
	{"type", SCALAR, NO_LEVEL, FIELD_CONDITION_TYPE},
	{"status", SCALAR, NO_LEVEL, FIELD_CONDITION_STATUS},
};

#define ROWS(a)                                                                          \
	{                                                                                \
		a, ARRAY_LEN(a)                                                          \
	}

static const struct {
	const struct row *rows;
	size_t n;
} levels[] = {
	[OBJECT] = ROWS(object_rows),
	[METADATA] = ROWS(metadata_rows),
	[SPEC] = ROWS(spec_rows),
	[STATUS] = ROWS(status_rows),
	[ENDPOINT] = ROWS(endpoint_rows),
	[CONDITIONS] = ROWS(conditions_rows),
	[TARGET_REF] = ROWS(target_ref_rows),
	[PORT] = ROWS(port_rows),
	[CONTAINER] = ROWS(container_rows),
	[CONTAINER_PORT] = ROWS(container_port_rows),
	[POD_IP] = ROWS(pod_ip_rows),
	[POD_CONDITION] = ROWS(pod_condition_rows),
	[DETAILS] = ROWS(details_rows),
	[CAUSE] = ROWS(cause_rows),
	[EVENT] = ROWS(event_rows),
};

static const struct row documents[] = {
	[KUBE_FORM_FILE] = {"", MAP, OBJECT, FIELD_NONE},
	[KUBE_FORM_LIST] = {"", MAP, OBJECT, FIELD_NONE},
	[KUBE_FORM_WATCH] = {"", MAP, EVENT, FIELD_NONE},
};

/* A map or list on the way down that we are inside of. */
struct frame {
	const struct row *row;  /* what it stands under */
	const struct row *next; /* in a map: what the last key leads to, NULL: nothing */
	bool list;              /* the list itself, not one of its elements */
	bool object;            /* a draft begins and ends with it */
};

struct kubefields {
	struct kubefields_reader reader;
	struct frame frames[KUBE_DEPTH_MAX];
	size_t depth; /* frames in use */
	size_t skip;  /* levels below, of what nobody asks for */
	struct kubedraft *draft;
	struct mem_buf key; /* of the present pair of a STRINGS map */
	uint64_t objects;
	bool failed;
	struct kube_error error;
};

struct kubefields *kubefields_new(const struct kubefields_reader *reader)
{
	struct kubefields *f = mem_alloc(1, sizeof(*f));

	f->reader = *reader;
	return f;
}

void kubefields_free(struct kubefields *f)
{
	if (f == NULL)
		return;
	while (f->draft != NULL) {
		struct kubedraft *parent = f->draft->parent;

		kubedraft_free(f->draft);
		f->draft = parent;
	}
	mem_buf_fini(&f->key);
	free(f);
}

const struct kube_error *kubefields_error(const struct kubefields *f)
{
	return &f->error;
}

uint64_t kubefields_objects(const struct kubefields *f)
{
	return f->objects;
}

/* The document ends here, at `error` if it has a place of its own. */
static int fail(struct kubefields *f, const struct kube_error *at, const char *text)
{
	if (at != NULL)
		f->error = *at;
	else
		f->reader.position(f->reader.reader, &f->error);
	snprintf(f->error.text, sizeof(f->error.text), "%s", text);
	f->failed = true;
	return -EINVAL;
}

static struct frame *top(struct kubefields *f)
{
	return f->depth == 0 ? NULL : &f->frames[f->depth - 1];
}

/* What the next value stands under; NULL: nothing that we keep. */
static const struct row *target(struct kubefields *f)
{
	const struct frame *t = top(f);

	if (t == NULL)
		return &documents[f->reader.form];
	return t->list ? t->row : t->next;
}

/* Write the path of the present value from the object on: spec.ports[].port. */
static void put_path(const struct kubefields *f, char *out, size_t cap)
{
	size_t from = f->depth, len = 0;

	while (from > 0 && !f->frames[from - 1].object)
		from--;
	out[0] = 0;
	for (size_t i = from; i <= f->depth && len < cap; i++) {
		const struct frame *before = i == 0 ? NULL : &f->frames[i - 1];
		int n = 0;

		if (before == NULL)
			continue;
		if (before->list)
			n = snprintf(out + len, cap - len, "[]");
		else if (before->row->shape == STRINGS)
			n = snprintf(out + len, cap - len, ".%.*s", (int)f->key.len,
				(const char *)f->key.data);
		else if (before->next != NULL)
			n = snprintf(out + len, cap - len, "%s%s", len > 0 ? "." : "",
				before->next->key);
		len += (size_t)n;
	}
}

/* A value of a wrong type: remembered, because it matters only if the kind is ours. */
static void mismatch(struct kubefields *f, const char *expected, const char *found)
{
	struct kubedraft *d = f->draft;
	char path[96];

	if (d == NULL || d->error.text[0] != 0)
		return;
	put_path(f, path, sizeof(path));
	f->reader.position(f->reader.reader, &d->error);
	snprintf(d->error.text, sizeof(d->error.text), "%s: expected %s, found %s", path,
		expected, found);
}

static const char *expected_text(const struct frame *in, const struct row *row)
{
	if (in->row->shape == STRINGS)
		return "a string";
	switch (row->shape) {
	case SCALAR:
		return "a single value";
	case SCALARS:
		return in->list ? "a string" : "a list";
	case MAPS:
	case ITEMS:
		return in->list ? "a map" : "a list";
	case ITEM:
	default:
		return "a map";
	}
}

static void push(struct kubefields *f, const struct row *row, bool list, bool object)
{
	f->frames[f->depth++] = (struct frame){
		.row = row, .list = list, .object = object};
}

static void open_object(struct kubefields *f, const struct row *row)
{
	f->draft = kubedraft_new(f->draft);
	f->reader.position(f->reader.reader, &f->draft->at);
	push(f, row, false, true);
}

/* True if the present object can be left out, with the stream going on (WP-79). */
static bool in_reply_object(const struct kubefields *f)
{
	return f->reader.form != KUBE_FORM_FILE && f->draft != NULL &&
	       f->draft->parent != NULL;
}

/* The present object is not to be used: the first reason stands. */
static void spoil(struct kubefields *f, const char *text)
{
	struct kube_error *e = &f->draft->error;

	if (e->text[0] != 0)
		return;
	f->reader.position(f->reader.reader, e);
	snprintf(e->text, sizeof(e->text), "%s", text);
}

/* One more level: too deep, or inside what is skipped? 1: nothing more to do. */
static int descend(struct kubefields *f)
{
	static const char too_deep[] = "nested deeper than 64 levels";

	if (f->failed)
		return -EINVAL;
	if (f->depth + f->skip >= KUBE_DEPTH_MAX) {
		/* yajl keeps an octet for each level. */
		if (!in_reply_object(f) || f->skip >= SKIP_MAX)
			return fail(f, NULL, too_deep);
		spoil(f, too_deep);
		f->skip++;
		return 1;
	}
	if (f->skip == 0)
		return 0;
	f->skip++;
	return 1;
}

bool kubefields_too_large(struct kubefields *f)
{
	if (f->failed || !in_reply_object(f))
		return false;
	spoil(f, "an object of more than 16 MiB");
	kubedraft_discard(f->draft);
	while (!top(f)->object) {
		f->depth--;
		f->skip++;
	}
	top(f)->next = NULL;
	return true;
}

/* A map or list that nobody asks for, or that stands where something else should. */
static void refuse(struct kubefields *f, const struct row *row, const char *found)
{
	const struct frame *t = top(f);

	if (row != NULL || t->row->shape == STRINGS)
		mismatch(f, expected_text(t, row), found);
	f->skip = 1;
}

static bool takes_map(const struct frame *in, const struct row *row)
{
	if (row == NULL || in->row->shape == STRINGS)
		return false;
	if (in->list)
		return row->shape == MAPS;
	return row->shape == MAP || row->shape == STRINGS;
}

static bool begins_object(const struct frame *in, const struct row *row)
{
	if (row == NULL)
		return false;
	return in->list ? row->shape == ITEMS : row->shape == ITEM;
}

int kubefields_map(struct kubefields *f)
{
	int ret = descend(f);

	if (ret != 0)
		return MIN(ret, 0);
	const struct row *row = target(f);
	const struct frame *t = top(f);
	if (t == NULL || begins_object(t, row)) {
		open_object(f, row);
	} else if (takes_map(t, row)) {
		if (t->list)
			kubedraft_element(f->draft, row->field);
		else
			kubedraft_clear(f->draft, row->field);
		push(f, row, false, false);
	} else {
		refuse(f, row, "a map");
	}
	return 0;
}

static bool takes_list(const struct frame *in, const struct row *row)
{
	if (row == NULL || in->list || in->row->shape == STRINGS)
		return false;
	return row->shape == MAPS || row->shape == SCALARS || row->shape == ITEMS;
}

int kubefields_list(struct kubefields *f)
{
	int ret = descend(f);

	if (ret != 0)
		return MIN(ret, 0);
	const struct row *row = target(f);
	const struct frame *t = top(f);
	if (t == NULL)
		return fail(f, NULL, "expected an object, found a list");
	if (takes_list(t, row)) {
		kubedraft_clear(f->draft, row->field);
		if (row->shape == ITEMS)
			f->draft->list = true;
		push(f, row, true, false);
	} else {
		refuse(f, row, "a list");
	}
	return 0;
}

static bool ends_in_list(const char *kind)
{
	size_t n = kind == NULL ? 0 : strlen(kind);

	return n >= 4 && strcmp(kind + n - 4, "List") == 0;
}

/* Items of a typed List have no kind of their own: ServiceList -> Service. */
static void inherit(struct kubedraft *d, const struct kubedraft *list)
{
	if (ends_in_list(list->kind)) {
		kube_text_free(d->kind);
		d->kind = kube_text(list->kind, strlen(list->kind) - 4);
	}
	if (d->api_version == NULL && list->api_version != NULL)
		d->api_version = kube_text(list->api_version, strlen(list->api_version));
}

static bool absent(const char *text)
{
	return text == NULL || text[0] == 0;
}

/* An object of a known kind is complete: hand it out, or say why not. */
static int emit(struct kubefields *f, struct kubedraft *d)
{
	struct kube_object o;
	char text[160];

	if (kubedraft_kind(d) == KUBE_OTHER)
		return 0;
	if (d->error.text[0] != 0)
		return fail(f, &d->error, d->error.text);
	const char *wrong = kubedraft_finish(d, &o);
	if (wrong != NULL) {
		bool named = !absent(d->meta.name);

		snprintf(text, sizeof(text), "%s%s%s: %s", d->kind, named ? " " : "",
			named ? d->meta.name : "", wrong);
		return fail(f, &d->at, text);
	}
	f->reader.on_object(f->reader.arg, &o);
	kube_object_fini(&o);
	return 0;
}

static struct kubedraft *in_order(struct kubedraft *last_first)
{
	struct kubedraft *out = NULL;

	while (last_first != NULL) {
		struct kubedraft *d = last_first;

		last_first = d->next;
		d->next = out;
		out = d;
	}
	return out;
}

/* A List ended: its kind is known now, and what waited for it can go. */
static int end_list(struct kubefields *f, struct kubedraft *list)
{
	bool ours = ends_in_list(list->kind);
	int ret = 0;

	if (ours && list->error.text[0] != 0)
		return fail(f, &list->error, list->error.text);
	struct kubedraft *d = in_order(list->pending);
	list->pending = NULL;
	while (d != NULL) {
		struct kubedraft *next = d->next;

		if (ret == 0 && ours) {
			inherit(d, list);
			ret = absent(d->kind) ? fail(f, &d->at, "an item without a kind")
			                      : emit(f, d);
		}
		kubedraft_free(d);
		d = next;
	}
	return ret;
}

/* In a reply of the API: see kubereply.h. */
static int end_reply(struct kubefields *f, struct kubedraft *d)
{
	struct kube_error at = d->at;
	const char *wrong;

	if (d->parent == NULL) {
		wrong = kubereply_document(&f->reader, d);
	} else if (f->reader.form == KUBE_FORM_WATCH) {
		kubedraft_free(d->parent->pending); /* the last one under a key wins */
		d->parent->pending = d;
		return 0;
	} else {
		kubereply_item(&f->reader, d);
		wrong = NULL;
	}
	int ret = wrong == NULL ? 0 : fail(f, &at, wrong);
	kubedraft_free(d);
	return ret;
}

static int end_object(struct kubefields *f)
{
	struct kubedraft *d = f->draft, *parent = d->parent;
	int ret;

	f->draft = parent;
	f->objects++;
	if (f->reader.form != KUBE_FORM_FILE)
		return end_reply(f, d);
	if (absent(d->kind) && parent != NULL && !absent(parent->kind))
		inherit(d, parent);
	if (absent(d->kind) && parent != NULL && !d->list) {
		d->next = parent->pending;
		parent->pending = d;
		return 0;
	}
	if (absent(d->kind))
		ret = fail(f, &d->at, "not a Kubernetes object: it has no kind");
	else if (d->list || ends_in_list(d->kind))
		ret = end_list(f, d);
	else
		ret = emit(f, d);
	kubedraft_free(d);
	return ret;
}

int kubefields_end(struct kubefields *f)
{
	if (f->failed)
		return -EINVAL;
	if (f->skip > 0) {
		f->skip--;
		return 0;
	}
	struct frame t = f->frames[--f->depth];
	if (t.object)
		return end_object(f);
	if (!t.list && t.row->shape == MAPS)
		kubedraft_element_end(f->draft, t.row->field);
	return 0;
}

int kubefields_key(struct kubefields *f, const char *s, size_t len)
{
	struct frame *t = top(f);

	if (f->failed)
		return -EINVAL;
	if (f->skip > 0)
		return 0;
	if (t->row->shape == STRINGS) {
		f->key.len = 0;
		mem_buf_put(&f->key, s, len);
		return 0;
	}
	uint8_t level = t->row->level;
	t->next = NULL;
	for (size_t i = 0; i < levels[level].n && t->next == NULL; i++) {
		const char *key = levels[level].rows[i].key;

		if (len > 0 && key[0] == s[0] && strlen(key) == len &&
			memcmp(key, s, len) == 0)
			t->next = &levels[level].rows[i];
	}
	return 0;
}

static const char *found_text(enum kube_scalar type)
{
	static const char *const text[] = {
		[KUBE_NULL] = "null",
		[KUBE_BOOL] = "true or false",
		[KUBE_NUMBER] = "a number",
		[KUBE_STRING] = "a string",
	};

	return text[type];
}

/* A scalar where a list or map should be: null is none, anything else is wrong. */
static const char *put_empty(
	struct kubefields *f, const struct row *row, enum kube_scalar type)
{
	if (type != KUBE_NULL)
		return expected_text(top(f), row);
	if (!top(f)->list)
		kubedraft_clear(f->draft, row->field);
	return NULL;
}

int kubefields_scalar(
	struct kubefields *f, enum kube_scalar type, const char *s, size_t len)
{
	const struct frame *t = top(f);
	const char *expected = NULL;

	if (f->failed)
		return -EINVAL;
	if (f->skip > 0)
		return 0;
	if (t == NULL && type == KUBE_NULL)
		return 0;
	if (t == NULL)
		return fail(f, NULL, "expected an object, found a single value");
	const struct row *row = target(f);
	if (t->row->shape == STRINGS)
		expected = kubedraft_pair(f->draft, t->row->field,
			(const char *)f->key.data, f->key.len, type, s, len);
	else if (row == NULL)
		return 0;
	else if (row->shape == SCALAR || (row->shape == SCALARS && t->list))
		expected = kubedraft_scalar(f->draft, row->field, type, s, len);
	else
		expected = put_empty(f, row, type);
	if (expected != NULL)
		mismatch(f, expected, found_text(type));
	return 0;
}
