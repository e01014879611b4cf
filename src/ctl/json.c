/* json.c - JSON, written straight through */
#include "ctl/json.h"

#include <inttypes.h>

#include "base/base.h"

static void begin_value(struct json *j, const char *key)
{
	if (j->comma)
		fputc(',', j->out);
	if (key != NULL)
		fprintf(j->out, "\"%s\":", key);
	j->comma = true;
}

void json_begin(struct json *j, const char *key, char bracket)
{
	begin_value(j, key);
	fputc(bracket, j->out);
	j->comma = false;
}

void json_end(struct json *j, char bracket)
{
	fputc(bracket, j->out);
	j->comma = true;
}

/*
 * Octets of the well-formed UTF-8 sequence at `s` (RFC 3629), 0 if there is none: no
 * surrogates, nothing overlong, nothing past U+10FFFF.
 */
static int utf8_length(const unsigned char *s)
{
	static const struct {
		unsigned char first, last, least, most; /* first octet; second octet */
		int length;
	} forms[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if (s[0] < forms[i].first || s[0] > forms[i].last)
			continue;
		if (s[1] < forms[i].least || s[1] > forms[i].most)
			return 0;
		for (int k = 2; k < forms[i].length; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

void json_string(struct json *j, const char *key, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;

	begin_value(j, key);
	fputc('"', j->out);
	for (int n; *s != '\0'; s += n) {
		n = *s < 0x80 ? 1 : utf8_length(s);
		if (n == 0) {
			fputs("\\ufffd", j->out); /* an octet that is no text */
			n = 1;
		} else if (*s == '"' || *s == '\\') {
			fprintf(j->out, "\\%c", *s);
		} else if (*s < 0x20 || *s == 0x7f) {
			fprintf(j->out, "\\u%04x", *s);
		} else {
			fwrite(s, 1, (size_t)n, j->out);
		}
	}
	fputc('"', j->out);
}

void json_number(struct json *j, const char *key, uint64_t value)
{
	begin_value(j, key);
	fprintf(j->out, "%" PRIu64, value);
}

void json_raw(struct json *j, const char *key, const char *text)
{
	begin_value(j, key);
	fputs(text, j->out);
}

void json_bool(struct json *j, const char *key, bool value)
{
	begin_value(j, key);
	fputs(value ? "true" : "false", j->out);
}
