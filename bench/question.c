/* question.c - see question.h */
#include "question.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/mem.h"
#include "canon.h"
#include "dns/name.h"
#include "dns/type.h"

/* Header with RD, the question, and an OPT if asked for. Its length; 0: bad name or type.
 */
static size_t encode(const char *name_as_text, const char *type, bool edns, uint8_t *out)
{
	static const uint8_t opt[] = {0, 0, TYPE_OPT, 0x04, 0xd0, 0, 0, 0, 0, 0, 0};
	struct name name;
	int number = type_parse(type);

	if (number < 0 || name_parse(name_as_text, &name) < 0)
		return 0;
	memset(out, 0, 12);
	out[2] = 0x01;
	out[5] = 1;
	out[11] = edns;
	memcpy(out + 12, name.wire, name.len);
	store_u16(out + 12 + name.len, (uint16_t)number);
	store_u16(out + 14 + name.len, CLASS_IN);
	if (edns)
		memcpy(out + 16 + name.len, opt, sizeof(opt));
	return 16u + name.len + (edns ? sizeof(opt) : 0);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hexadecimal to octets behind two zeros, where the ID stood. The length; 0: not hex. */
static size_t unhex(const char *hex, uint8_t *out)
{
	size_t len = strlen(hex);

	if (len % 2 != 0 || len / 2 + 2 > CANON_MAX)
		return 0;
	memset(out, 0, 2);
	for (size_t i = 0; i < len / 2; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return 0;
		out[2 + i] = (uint8_t)(high << 4 | low);
	}
	return 2 + len / 2;
}

static bool add_form(struct question *q, const char *hex)
{
	uint8_t msg[CANON_MAX], form[CANON_MAX];
	size_t len = unhex(hex, msg);

	len = len > 0 ? canon(msg, len, form) : 0;
	if (len == 0)
		return false;
	q->form = mem_resize(q->form, q->nforms + 1, sizeof(*q->form));
	q->form[q->nforms++] = (struct form){(uint8_t *)mem_dup((char *)form, len), len};
	return true;
}

/* One line into a question: 1; 0: nothing stands there; -1: not understood. */
static int parse_line(char *line, bool edns, struct question *q)
{
	char *save = NULL, text[NAME_TEXT_MAX + 16];

	line[strcspn(line, "#\n")] = '\0';
	char *name = strtok_r(line, " \t", &save);
	char *type = strtok_r(NULL, " \t", &save);
	*q = (struct question){.len = 0};
	if (name == NULL)
		return 0;
	if (type == NULL || (q->len = encode(name, type, edns, q->query)) == 0)
		return -1;
	int n = snprintf(text, sizeof(text), "%s %s", name, type);
	q->text = mem_dup(text, MIN((size_t)n, sizeof(text) - 1));
	for (char *hex; (hex = strtok_r(NULL, " \t", &save)) != NULL;)
		if (!add_form(q, hex))
			return -1;
	return 1;
}

int questions_read(const char *path, bool edns, struct questions *out)
{
	struct questions qs = {NULL, 0};
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0, room = 0;
	int ret = 0, at = 0;

	if (f == NULL)
		return -errno;
	while (ret == 0 && getline(&line, &cap, f) > 0) {
		struct question q;
		int got = parse_line(line, edns, &q);

		at++;
		if (got < 0)
			ret = -EINVAL;
		if (got <= 0)
			continue;
		if (qs.n == room) {
			room = 2 * room + 64;
			qs.q = mem_resize(qs.q, room, sizeof(*qs.q));
		}
		qs.q[qs.n++] = q;
	}
	if (ret < 0)
		fprintf(stderr, "%s:%d: neither NAME TYPE nor NAME TYPE HEX...\n", path,
			at);
	else if (qs.n == 0)
		ret = -ENODATA;
	free(line);
	fclose(f);
	if (ret == 0)
		*out = qs;
	else
		questions_fini(&qs);
	return ret;
}

void questions_fini(struct questions *qs)
{
	for (size_t i = 0; i < qs->n; i++) {
		for (size_t k = 0; k < qs->q[i].nforms; k++)
			free(qs->q[i].form[k].octets);
		free(qs->q[i].form);
		free(qs->q[i].text);
	}
	free(qs->q);
	*qs = (struct questions){NULL, 0};
}

/* Does the reply repeat the question, octet by octet, and is it a reply? */
static bool repeats(const struct question *q, const uint8_t *reply, size_t len)
{
	size_t end = q->len - (q->query[11] != 0 ? 11 : 0);

	return len >= end && (reply[2] & 0x80) != 0 && load_u16(reply + 4) == 1 &&
	       memcmp(reply + 12, q->query + 12, end - 12) == 0;
}

bool question_right(const struct question *q, const uint8_t *reply, size_t len)
{
	uint8_t form[CANON_MAX];

	if (!repeats(q, reply, len))
		return false;
	if (q->nforms == 0)
		return true;
	size_t n = canon(reply, len, form);
	for (size_t i = 0; n > 0 && i < q->nforms; i++)
		if (q->form[i].len == n && memcmp(q->form[i].octets, form, n) == 0)
			return true;
	return false;
}
