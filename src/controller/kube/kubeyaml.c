#include "controller/kube/kubeyaml.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/base.h"
#include "controller/kube/yamlfault.h"

struct reader {
	yaml_parser_t yaml;
	yaml_event_t event;
	struct kubefields *fields;
	const uint8_t *data; /* borrowed */
	size_t len;
	size_t document;              /* where it begins */
	bool map[KUBE_DEPTH_MAX + 1]; /* is this level a map? */
	bool key[KUBE_DEPTH_MAX + 1]; /* and the next value its key? */
	size_t depth;
	struct kube_error *error;
};

static void on_position(void *arg, struct kube_error *at)
{
	const struct reader *r = arg;

	at->line = (unsigned)r->event.start_mark.line + 1;
	at->column = (unsigned)r->event.start_mark.column + 1;
}

static int fail(struct reader *r, const char *text)
{
	on_position(r, r->error);
	snprintf(r->error->text, sizeof(r->error->text), "%s", text);
	return -EINVAL;
}

static bool one_of(const char *s, size_t len, const char *const words[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strlen(words[i]) == len && memcmp(words[i], s, len) == 0)
			return true;
	}
	return false;
}

static size_t digits(const char *s, size_t len, size_t at)
{
	while (at < len && isdigit((unsigned char)s[at]))
		at++;
	return at;
}

/* -1, 80, 1.5, 1e3, .5, 0x1f, 0o17: what kubectl would take for a number. */
static bool number(const char *s, size_t len)
{
	size_t at = len > 0 && (s[0] == '-' || s[0] == '+');
	size_t begin = at;

	if (len > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'o'))
		return strspn(s + 2, "0123456789abcdefABCDEF") == len - 2;
	at = digits(s, len, at);
	size_t whole = at - begin, fraction = 0;
	if (at < len && s[at] == '.') {
		size_t dot = at;

		at = digits(s, len, at + 1);
		fraction = at - dot - 1;
	}
	if (whole + fraction == 0)
		return false;
	if (at < len && (s[at] == 'e' || s[at] == 'E')) {
		at++;
		at += at < len && (s[at] == '-' || s[at] == '+');
		begin = at;
		at = digits(s, len, at);
		if (at == begin)
			return false;
	}
	return at == len;
}

/* What a plain scalar means, as kubectl reads it (YAML 1.1 words for true and false). */
static enum kube_scalar resolve(const char *s, size_t len, const char **canonical)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	static const char *const yes[] = {
		"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"};
	static const char *const no[] = {
		"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"};

	if (one_of(s, len, nulls, ARRAY_LEN(nulls)))
		return KUBE_NULL;
	if (one_of(s, len, yes, ARRAY_LEN(yes))) {
		*canonical = "true";
		return KUBE_BOOL;
	}
	if (one_of(s, len, no, ARRAY_LEN(no))) {
		*canonical = "false";
		return KUBE_BOOL;
	}
	return number(s, len) ? KUBE_NUMBER : KUBE_STRING;
}

/* A value is about to come: is it a key? Turns the expectation over. */
static bool takes_key(struct reader *r)
{
	if (r->depth == 0 || !r->map[r->depth])
		return false;
	r->key[r->depth] = !r->key[r->depth];
	return !r->key[r->depth];
}

static int reduced(struct reader *r, int ret)
{
	if (ret < 0)
		*r->error = *kubefields_error(r->fields);
	return ret;
}

static int on_scalar(struct reader *r)
{
	const char *s = (const char *)r->event.data.scalar.value;
	size_t len = r->event.data.scalar.length;
	enum kube_scalar type = KUBE_STRING;
	const char *canonical = NULL;

	if (takes_key(r))
		return reduced(r, kubefields_key(r->fields, s, len));
	if (r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		type = resolve(s, len, &canonical);
	if (canonical != NULL) {
		s = canonical;
		len = strlen(s);
	}
	return reduced(r, kubefields_scalar(r->fields, type, s, len));
}

static int on_begin(struct reader *r, bool map)
{
	if (takes_key(r))
		return fail(r, "a key that is no single value");
	int ret = map ? kubefields_map(r->fields) : kubefields_list(r->fields);
	if (ret < 0)
		return reduced(r, ret);
	r->depth++; /* the reducer has refused what is deeper than our arrays */
	r->map[r->depth] = map;
	r->key[r->depth] = map;
	return 0;
}

static int on_end(struct reader *r)
{
	r->depth--;
	return reduced(r, kubefields_end(r->fields));
}

/* LM-02: an anchor is refused where it is made, so an alias can only be a mistake. */
static int check_plain(struct reader *r)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		anchor = r->event.data.scalar.anchor;
		tag = r->event.data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = r->event.data.sequence_start.anchor;
		tag = r->event.data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = r->event.data.mapping_start.anchor;
		tag = r->event.data.mapping_start.tag;
		break;
	case YAML_ALIAS_EVENT:
		return fail(r, "aliases are not taken");
	default:
		break;
	}
	if (anchor != NULL)
		return fail(r, "anchors are not taken");
	return tag != NULL ? fail(r, "tags are not taken") : 0;
}

static int on_event(struct reader *r)
{
	if (check_plain(r) < 0)
		return -EINVAL;
	if (r->event.type == YAML_DOCUMENT_START_EVENT)
		r->document = r->event.start_mark.index;
	if (r->event.end_mark.index - r->document > KUBE_EVENT_MAX)
		return fail(r, "a document of more than 16 MiB");
	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(r);
	case YAML_MAPPING_START_EVENT:
		return on_begin(r, true);
	case YAML_SEQUENCE_START_EVENT:
		return on_begin(r, false);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return on_end(r);
	default:
		return 0;
	}
}

static int read_all(struct reader *r)
{
	bool more = true;
	int ret = 0;

	while (more && ret == 0) {
		if (!yaml_parser_parse(&r->yaml, &r->event))
			return yamlfault(&r->yaml, r->data, r->len, r->error);
		more = r->event.type != YAML_STREAM_END_EVENT;
		ret = on_event(r);
		yaml_event_delete(&r->event);
	}
	return ret;
}

int kubeyaml_parse(const uint8_t *data, size_t len,
	void (*on_object)(void *arg, struct kube_object *o), void *arg,
	struct kube_error *error)
{
	struct kube_error at = {0};
	struct reader r = {.data = data, .len = len, .error = &at};
	struct kubefields_reader reader = {
		.on_object = on_object,
		.arg = arg,
		.position = on_position,
		.reader = &r,
	};

	if (!yaml_parser_initialize(&r.yaml)) {
		*error = (struct kube_error){
			.line = 1, .column = 1, .text = "out of memory"};
		return -EINVAL;
	}
	r.fields = kubefields_new(&reader);
	yaml_parser_set_input_string(&r.yaml, data, len);
	int ret = read_all(&r);
	if (ret < 0)
		*error = at;
	kubefields_free(r.fields);
	yaml_parser_delete(&r.yaml);
	return ret;
}
