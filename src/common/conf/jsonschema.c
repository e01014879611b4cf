/* jsonschema.c - the table of keys as a JSON schema (OP-21) */
#include <string.h>

#include "base/base.h"
#include "conf/flat.h"
#include "conf/schema.h"

#define DURATION "^([0-9]{1,6}(\\\\.[0-9]+)?(ms|s|m|h)){1,4}$"

/* Help and units are ours: nothing in them needs more than this. */
static void put_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text != '\0'; text++)
		fprintf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	fputc('"', out);
}

static void put_number(const struct key *k, FILE *out)
{
	fprintf(out, "\"type\":\"integer\",\"minimum\":%u,\"maximum\":%u", k->min,
		k->max);
}

/* One of two forms. */
static void put_either(const struct key *k, const char *other, FILE *out)
{
	fprintf(out, "\"anyOf\":[{");
	put_number(k, out);
	fprintf(out, "},{%s}]", other);
}

static void put_words(const struct key *k, FILE *out)
{
	fprintf(out, "\"enum\":[");
	for (size_t i = 0; k->words[i] != NULL; i++)
		fprintf(out, "%s\"%s\"", i > 0 ? "," : "", k->words[i]);
	fputc(']', out);
}

static void put_keys(const char *lead, const char *prefix, const char *below, FILE *out);

static void put_list(const struct key *k, FILE *out)
{
	char prefix[64];

	fprintf(out, "\"type\":\"array\",");
	if (k->max > 0)
		fprintf(out, "\"maxItems\":%u,", k->max);
	fprintf(out, "\"items\":");
	if (k->type == KEY_GROUPS) {
		snprintf(prefix, sizeof(prefix), "%s[]", k->path);
		put_keys("", prefix, "", out);
	} else {
		fprintf(out, "{\"type\":\"string\"}");
	}
}

static void put_type(const struct key *k, FILE *out)
{
	switch (k->type) {
	case KEY_INT:
		put_number(k, out);
		break;
	case KEY_AUTO:
		put_either(k, "\"const\":\"auto\"", out);
		break;
	case KEY_TTL:
		put_either(k, "\"type\":\"string\",\"pattern\":\"" DURATION "\"", out);
		break;
	case KEY_FRACTION:
		fprintf(out, "\"type\":\"number\",\"minimum\":0,\"maximum\":1");
		break;
	case KEY_WORDS:
		fprintf(out, "\"type\":\"array\",\"items\":{");
		put_words(k, out);
		fputc('}', out);
		break;
	case KEY_BOOL:
		fprintf(out, "\"type\":\"boolean\"");
		break;
	case KEY_WORD:
		put_words(k, out);
		break;
	case KEY_STRING:
	case KEY_PATH:
		fprintf(out, "\"type\":\"string\",\"minLength\":%u,\"maxLength\":%u",
			k->min, k->max);
		break;
	case KEY_LABEL:
		fprintf(out,
			"\"type\":\"string\",\"maxLength\":%u,\"pattern\":"
			"\"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$\"",
			k->max);
		break;
	case KEY_DURATION:
		fprintf(out, "\"type\":\"string\",\"pattern\":\"" DURATION "\"");
		break;
	case KEY_SIZE:
		fprintf(out, "\"type\":\"string\",\"pattern\":\"^[0-9]{1,6}[KMG]$\"");
		break;
	default:
		if (schema_is_list(k))
			put_list(k, out);
		else
			fprintf(out, "\"type\":\"string\"");
	}
}

/* Defaults are written as libconfig has them, of which all but groups are JSON. */
static void put_key(const struct key *k, const char *word, FILE *out)
{
	char expected[256];

	fprintf(out, "\"%s\":{\"description\":", word);
	put_text(k->help, out);
	fputc(',', out);
	put_type(k, out);
	fprintf(out, ",\"x-expected\":");
	put_text(schema_expected(k, expected, sizeof(expected)), out);
	if (k->follows != NULL)
		fprintf(out, ",\"x-follows\":\"%s\"", k->follows);
	else if (!k->required && k->type != KEY_GROUPS)
		fprintf(out, ",\"default\":%s", k->fallback);
	fprintf(out, ",\"x-reloadable\":%s}", k->reloadable ? "true" : "false");
}

static void put_required(const char *prefix, FILE *out)
{
	const size_t skip = strlen(prefix) + 1;
	bool any = false;

	for (size_t i = schema_next(prefix, 0); prefix[0] != '\0' && i < schema_n;
		i = schema_next(prefix, i + 1)) {
		if (!schema[i].required)
			continue;
		fprintf(out, "%s\"%s\"", any ? "," : ",\"required\":[",
			schema[i].path + skip);
		any = true;
	}
	fputs(any ? "]" : "", out);
}

/* True if `path` begins with the `n` octets of `below`. */
static bool is_below(const char *path, const char *below)
{
	return strncmp(path, below, strlen(below)) == 0;
}

/*
 * The object of keys of `prefix` that stand in the group `below` of it ("" or
 * "tls."), `lead` before all else.
 */
static void put_keys(const char *lead, const char *prefix, const char *below, FILE *out)
{
	const size_t skip = prefix[0] != '\0' ? strlen(prefix) + 1 : 0;
	char last[64] = "";
	bool any = false;

	fprintf(out,
		"{%s\"type\":\"object\",\"additionalProperties\":false,"
		"\"properties\":{",
		lead);
	for (size_t i = schema_next(prefix, 0); i < schema_n;
		i = schema_next(prefix, i + 1)) {
		const char *path = schema[i].path + skip;
		const char *word = path + strlen(below), *dot;

		if (!is_below(path, below) || (last[0] != '\0' && is_below(path, last)))
			continue;
		fputs(any ? "," : "", out);
		any = true;
		dot = strchr(word, '.');
		if (dot == NULL) {
			put_key(&schema[i], word, out);
			continue;
		}
		/* keys of a group stand together in the table */
		snprintf(last, sizeof(last), "%.*s", (int)(dot + 1 - path), path);
		fprintf(out, "\"%.*s\":", (int)(dot - word), word);
		put_keys("", prefix, last, out);
	}
	fputc('}', out);
	if (below[0] == '\0')
		put_required(prefix, out);
	fputc('}', out);
}

void flat_print_schema(FILE *out)
{
	put_keys("\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
		 "\"title\":\"shmdns.conf\",\"version\":1,",
		"", "", out);
	fputc('\n', out);
}
