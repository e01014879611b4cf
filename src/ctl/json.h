/*
 * json.h - a writer of JSON for -o json
 *
 * Keys are ours and plain; values are escaped. Commas are put in as needed. A NULL key
 * makes an element of an array.
 */
#ifndef CTL_JSON_H
#define CTL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
	FILE *out;
	bool comma; /* something stands before at this level */
};

/* Begin an object ('{') or an array ('['). */
void json_begin(struct json *j, const char *key, char bracket);

/* End it with '}' or ']'. */
void json_end(struct json *j, char bracket);

/* A value that is JSON already: a number with a fraction. */
void json_raw(struct json *j, const char *key, const char *text);

/* Values. Octets above 127 and control characters are written as \u00XX. */
void json_string(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);

#endif
