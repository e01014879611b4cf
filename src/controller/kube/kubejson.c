#include "controller/kube/kubejson.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/base.h"
#include "base/mem.h"

/* yajl takes this much at a time, so that sizes are checked before its buffers grow. */
#define CHUNK ((size_t)64 << 10)

#define SKIPPED_MAX 4 /* times KUBE_EVENT_MAX: an object that is left out */

struct kubejson {
	yajl_handle yajl;
	struct kubefields *fields;
	const uint8_t *chunk; /* what yajl reads now, borrowed */
	uint64_t base;        /* octets before the chunk */
	size_t token;         /* octets of the value of the present event, about */
	uint64_t scanned;     /* line feeds were counted up to here */
	uint64_t line_start;
	unsigned line;
	uint64_t object_end; /* after which octets the last object ended */
	uint64_t objects;
	uint64_t quiet; /* octets since the last event of yajl, by chunks */
	bool failed;
	struct kube_error error;
};

/* Count lines up to `at`, octets from the beginning; never past the chunk's end. */
static void scan_lines(struct kubejson *j, uint64_t at)
{
	while (j->scanned < at) {
		const uint8_t *from = j->chunk + (j->scanned - j->base);
		const uint8_t *lf = memchr(from, '\n', (size_t)(at - j->scanned));

		if (lf == NULL) {
			j->scanned = at;
			return;
		}
		j->scanned = j->base + (uint64_t)(lf - j->chunk) + 1;
		j->line_start = j->scanned;
		j->line++;
	}
}

/* No value holds a raw line feed, so its beginning is on the line of its end. */
static void on_position(void *reader, struct kube_error *at)
{
	struct kubejson *j = reader;
	uint64_t end = j->base + yajl_get_bytes_consumed(j->yajl);

	scan_lines(j, end);
	uint64_t column = end - j->line_start - MIN(j->token, end - j->line_start);
	at->line = j->line;
	at->column = (unsigned)(column + 1);
}

static void token(struct kubejson *j, size_t len)
{
	j->token = len;
	j->quiet = 0;
}

static int on_null(void *ctx)
{
	struct kubejson *j = ctx;

	token(j, 4);
	return kubefields_scalar(j->fields, KUBE_NULL, NULL, 0) == 0;
}

static int on_boolean(void *ctx, int v)
{
	struct kubejson *j = ctx;
	const char *s = v ? "true" : "false";

	token(j, strlen(s));
	return kubefields_scalar(j->fields, KUBE_BOOL, s, j->token) == 0;
}

static int on_number(void *ctx, const char *s, size_t len)
{
	struct kubejson *j = ctx;

	token(j, len);
	return kubefields_scalar(j->fields, KUBE_NUMBER, s, len) == 0;
}

static int on_string(void *ctx, const unsigned char *s, size_t len)
{
	struct kubejson *j = ctx;

	token(j, len + 2);
	return kubefields_scalar(j->fields, KUBE_STRING, (const char *)s, len) == 0;
}

static int on_map(void *ctx)
{
	struct kubejson *j = ctx;

	token(j, 1);
	return kubefields_map(j->fields) == 0;
}

static int on_key(void *ctx, const unsigned char *s, size_t len)
{
	struct kubejson *j = ctx;

	token(j, len + 2);
	return kubefields_key(j->fields, (const char *)s, len) == 0;
}

static int on_list(void *ctx)
{
	struct kubejson *j = ctx;

	token(j, 1);
	return kubefields_list(j->fields) == 0;
}

static int on_end(void *ctx)
{
	struct kubejson *j = ctx;

	token(j, 1);
	return kubefields_end(j->fields) == 0;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_list,
	.yajl_end_array = on_end,
};

static void *yajl_get(void *ctx, size_t n)
{
	(void)ctx;
	return mem_resize(NULL, n, 1);
}

static void *yajl_resize(void *ctx, void *p, size_t n)
{
	(void)ctx;
	return mem_resize(p, n, 1);
}

static void yajl_put(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

static yajl_alloc_funcs memory = {yajl_get, yajl_resize, yajl_put, NULL};

static struct kubejson *begin(struct kubefields_reader reader)
{
	struct kubejson *j = mem_alloc(1, sizeof(*j));

	reader.position = on_position;
	reader.reader = j;
	j->line = 1;
	j->fields = kubefields_new(&reader);
	j->yajl = yajl_alloc(&callbacks, &memory, j);
	yajl_config(j->yajl, yajl_allow_multiple_values, 1);
	return j;
}

struct kubejson *kubejson_new(
	void (*on_object)(void *arg, struct kube_object *o), void *arg)
{
	return begin((struct kubefields_reader){
		.form = KUBE_FORM_FILE, .on_object = on_object, .arg = arg});
}

struct kubejson *kubejson_new_reply(enum kube_form form, enum kube_kind kind,
	const struct kube_reply_handlers *reply, void *arg)
{
	return begin((struct kubefields_reader){
		.form = form, .kind = kind, .reply = reply, .arg = arg});
}

void kubejson_free(struct kubejson *j)
{
	if (j == NULL)
		return;
	yajl_free(j->yajl);
	kubefields_free(j->fields);
	free(j);
}

static int repeat(const struct kubejson *j, struct kube_error *error)
{
	*error = j->error;
	return -EINVAL;
}

/* yajl's own words without the line feed; it gives no place (LY-05). */
static void take_yajl_text(struct kubejson *j)
{
	unsigned char *text = yajl_get_error(j->yajl, 0, NULL, 0);

	snprintf(j->error.text, sizeof(j->error.text), "%s", (const char *)text);
	j->error.text[strcspn(j->error.text, "\n")] = 0;
	yajl_free_error(j->yajl, text);
}

static int fail(struct kubejson *j, yajl_status status)
{
	if (status == yajl_status_client_canceled) {
		j->error = *kubefields_error(j->fields);
	} else {
		j->token = 1; /* it has read the octet that it complains about */
		on_position(j, &j->error);
		take_yajl_text(j);
	}
	j->failed = true;
	return -EINVAL;
}

/* WP-79. Counted from the last object's end, so that nothing escapes. */
static int check_size(struct kubejson *j)
{
	uint64_t objects = kubefields_objects(j->fields);

	if (objects != j->objects) {
		j->objects = objects;
		j->object_end = j->base;
	}
	if (j->base - j->object_end <= KUBE_EVENT_MAX)
		return 0;
	/*
	 * One value of that size cannot be skipped: yajl keeps it until it ends. And an
	 * object that has no end is none.
	 */
	if (j->quiet <= KUBE_EVENT_MAX &&
		j->base - j->object_end <= SKIPPED_MAX * (uint64_t)KUBE_EVENT_MAX &&
		kubefields_too_large(j->fields))
		return 0;
	j->error.line = j->line;
	j->error.column = (unsigned)(j->base - j->line_start + 1);
	snprintf(j->error.text, sizeof(j->error.text), "an object of more than 16 MiB");
	j->failed = true;
	return -EINVAL;
}

static int feed_chunk(struct kubejson *j, const uint8_t *data, size_t len)
{
	j->chunk = data;
	yajl_status status = yajl_parse(j->yajl, data, len);
	if (status != yajl_status_ok)
		return fail(j, status);
	scan_lines(j, j->base + len);
	j->base += len;
	j->quiet += len;
	return check_size(j);
}

int kubejson_feed(
	struct kubejson *j, const uint8_t *data, size_t len, struct kube_error *error)
{
	if (j->failed)
		return repeat(j, error);
	while (len > 0) {
		size_t n = MIN(len, CHUNK);

		if (feed_chunk(j, data, n) < 0)
			return repeat(j, error);
		data += n;
		len -= n;
	}
	return 0;
}

int kubejson_end(struct kubejson *j, struct kube_error *error)
{
	if (j->failed)
		return repeat(j, error);
	/* It parses one blank to finish a number that stands at the very end. */
	j->chunk = (const uint8_t *)" ";
	yajl_status status = yajl_complete_parse(j->yajl);
	if (status == yajl_status_ok)
		return 0;
	if (status == yajl_status_client_canceled) {
		fail(j, status);
		return repeat(j, error);
	}
	j->error.line = j->line;
	j->error.column = (unsigned)(j->base - j->line_start + 1);
	snprintf(j->error.text, sizeof(j->error.text), "%s",
		j->base == 0 ? "empty" : "the text ends inside an object");
	j->failed = true;
	return repeat(j, error);
}
