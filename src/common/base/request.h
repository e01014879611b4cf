/*
 * request.h - what is said on the control socket (OP-05, V-27)
 *
 * RUN_DIR/control.sock is a stream socket of the controller's. One connection carries one
 * request: a line of words with single blanks between them, the verb first. The reply
 * begins with the line "ok", or "error" and a text, has lines of a word and a value or
 * text behind it where the verb has something to tell, and ends with a line that is a
 * dot; then the connection is closed. Everything is printable ASCII.
 *
 *   flush web.example. below
 *                             ok
 *                             settings 1795860000123456789
 *                             .
 */
#ifndef BASE_REQUEST_H
#define BASE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#define REQUEST_SOCKET    "control.sock" /* in run_dir */
#define REQUEST_LINE_MAX  1280  /* octets with the newline: a name as text fits */
#define REQUEST_REPLY_MAX 65536 /* octets of a reply */
#define REQUEST_WORDS_MAX 8

/* A request; words are borrowed from the line. */
struct request {
	char *word[REQUEST_WORDS_MAX];
	unsigned n;
};

/*
 * Cut the `len` octets of a line, which has no newline and is followed by a NUL, into
 * words. False if it is no request: other octets than printable ASCII, no word or too
 * many, two blanks together. Never trusts its input.
 */
bool request_parse(char *line, size_t len, struct request *out);

/*
 * Path of the socket into `out` of `cap` octets. False: it is too long for an address.
 */
bool request_path(const char *run_dir, char *out, size_t cap);

#endif
