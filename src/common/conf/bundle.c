#include <errno.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/mem.h"
#include "conf/bundle.h"

struct header {
	uint32_t kind, order;
	uint32_t name_len, text_len; /* without their NULs */
};

static unsigned count(const struct conf_bundle *b)
{
	struct bundle_record r;
	unsigned n = 0;

	for (size_t pos = 0; bundle_next(b->data, b->len, &pos, &r) > 0;)
		n++;
	return n;
}

void bundle_add(struct conf_bundle *b, enum bundle_kind kind, const char *name,
	const void *text, size_t len)
{
	const size_t name_len = strlen(name);
	const struct header h = {.kind = kind,
		.order = count(b),
		.name_len = (uint32_t)name_len,
		.text_len = (uint32_t)len};
	size_t more = sizeof(h) + name_len + 1 + len + 1;

	b->data = mem_resize(b->data, b->len + more, 1);
	uint8_t *p = b->data + b->len;
	memset(p, 0, more);
	memcpy(p, &h, sizeof(h));
	memcpy(p + sizeof(h), name, name_len);
	if (len > 0)
		memcpy(p + sizeof(h) + name_len + 1, text, len);
	b->len += more;
}

int bundle_next(const uint8_t *data, size_t len, size_t *pos, struct bundle_record *out)
{
	struct header h;

	if (*pos == len)
		return 0;
	if (*pos > len || len - *pos < sizeof(h) + 2)
		return -EBADMSG;
	memcpy(&h, data + *pos, sizeof(h));
	size_t left = len - *pos - sizeof(h) - 2;
	if (h.name_len > left || h.text_len > left - h.name_len)
		return -EBADMSG;
	const char *name = (const char *)data + *pos + sizeof(h);
	const char *text = name + h.name_len + 1;
	if (strnlen(name, h.name_len + 1) != h.name_len || text[h.text_len] != '\0')
		return -EBADMSG;
	if (h.kind < BUNDLE_FILE || h.kind > BUNDLE_INTERFACE)
		return -EBADMSG;
	*out = (struct bundle_record){.kind = (enum bundle_kind)h.kind,
		.order = h.order,
		.name = name,
		.text = text,
		.len = h.text_len};
	*pos += sizeof(h) + h.name_len + 1 + h.text_len + 1;
	return 1;
}

bool bundle_find(const uint8_t *data, size_t len, const char *name, enum bundle_kind a,
	enum bundle_kind b, struct bundle_record *out)
{
	struct bundle_record r;

	for (size_t pos = 0; bundle_next(data, len, &pos, &r) > 0;) {
		if ((r.kind == a || r.kind == b) && strcmp(r.name, name) == 0) {
			*out = r;
			return true;
		}
	}
	return false;
}

char *bundle_beside(const char *from, const char *target, size_t n)
{
	const char *slash = strrchr(from, '/');
	size_t dir = slash != NULL ? (size_t)(slash - from) + 1 : 0;

	if (n > 0 && target[0] == '/')
		dir = 0;
	char *path = mem_alloc(dir + n + 1, 1);
	memcpy(path, from, dir);
	memcpy(path + dir, target, n);
	return path;
}

void conf_bundle_add(
	struct conf_bundle *b, const char *name, const void *text, size_t len)
{
	bundle_add(b, BUNDLE_FILE, name, text, len);
}

bool conf_bundle_file(const struct conf_bundle *b, size_t *pos, const char **name)
{
	struct bundle_record r;

	while (bundle_next(b->data, b->len, pos, &r) > 0) {
		if (r.kind == BUNDLE_INTERFACE)
			continue;
		*name = r.name;
		return true;
	}
	return false;
}

/* A line like `key = "value"`: the value into `out`. */
static bool guess_line(const char *line, const char *key, char *out, size_t cap)
{
	size_t len = strlen(key);

	line += strspn(line, " \t");
	if (strncmp(line, key, len) != 0)
		return false;
	line += len;
	line += strspn(line, " \t");
	if (*line != '=' && *line != ':')
		return false;
	line++;
	line += strspn(line, " \t");
	if (*line != '"')
		return false;
	line++;
	len = strcspn(line, "\"\\\n");
	if (line[len] != '"' || len >= cap)
		return false;
	memcpy(out, line, len);
	out[len] = '\0';
	return true;
}

bool conf_bundle_guess(
	const struct conf_bundle *b, const char *key, char *out, size_t cap)
{
	struct bundle_record r;
	bool found = false;

	for (size_t pos = 0; bundle_next(b->data, b->len, &pos, &r) > 0;) {
		if (r.kind != BUNDLE_FILE && r.kind != BUNDLE_INCLUDED)
			continue;
		for (const char *line = r.text; line != NULL; line = strchr(line, '\n')) {
			line += *line == '\n';
			found |= guess_line(line, key, out, cap);
		}
	}
	return found;
}

void conf_bundle_digest(const struct conf_bundle *b, uint8_t out[SHA256_OCTETS])
{
	struct bundle_record r;
	struct sha256 s;

	sha256_init(&s);
	for (size_t pos = 0; bundle_next(b->data, b->len, &pos, &r) > 0;) {
		if (r.kind == BUNDLE_INTERFACE)
			continue;
		sha256_add(&s, r.name, strlen(r.name) + 1);
		sha256_add(&s, r.text, r.len + 1);
	}
	sha256_end(&s, out);
}

void conf_bundle_fini(struct conf_bundle *b)
{
	free(b->data);
	*b = (struct conf_bundle){0};
}
