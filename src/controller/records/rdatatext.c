#include "controller/records/rdatatext.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define TEXT_MAX    65000 /* octets of rdata's text; ldns leaves out what is too much */
#define NUMBERS_MAX 3     /* words at the front of rdata that are looked at as numbers */

int rdatatext_type(const char *text)
{
	ldns_rr_type type = ldns_get_rr_type_by_name(text);

	return type == 0 ? -1 : (int)type;
}

/* The number that a word is; false: it is none. *text moves behind the word. */
static bool take_number(const char **text, unsigned long *out)
{
	const char *at = *text + strspn(*text, " ");
	size_t n = strcspn(at, " \t\n");
	bool digits = n > 0 && strspn(at, "0123456789") >= n;

	*text = at + n;
	if (digits)
		*out = n <= 10 ? strtoul(at, NULL, 10) : ULONG_MAX;
	return digits;
}

/*
 * ldns cuts numbers that are too large: what it has made of them, as text again, shows
 * it.
 * Only the front is compared, further on digits may be hex or base64.
 */
static bool same_numbers(const char *given, const ldns_rr *rr)
{
	bool same = true;

	for (size_t i = 0; i < NUMBERS_MAX && i < ldns_rr_rd_count(rr) && same; i++) {
		char *text = ldns_rdf2str(ldns_rr_rdf(rr, i));
		const char *made = text;
		unsigned long a, b;

		if (text == NULL)
			return false;
		if (take_number(&given, &a) && a < 10000000000 && take_number(&made, &b))
			same = a == b;
		free(text);
	}
	return same;
}

static const char *to_wire(const ldns_rr *rr, struct mem_buf *out)
{
	ldns_buffer *b = ldns_buffer_new(LDNS_MIN_BUFLEN);
	const char *why = NULL;

	if (b == NULL)
		return "cannot be read: no memory";
	if (ldns_rr_rdata2buffer_wire(b, rr) != LDNS_STATUS_OK)
		why = "begins no data of this type";
	else if (ldns_buffer_position(b) > UINT16_MAX)
		why = "begins data of more than 65535 octets";
	else
		mem_buf_put(out, ldns_buffer_begin(b), ldns_buffer_position(b));
	ldns_buffer_free(b);
	return why;
}

const char *rdatatext_parse(
	uint16_t type, const char *text, const struct name *origin, struct mem_buf *out)
{
	if (strlen(text) > TEXT_MAX)
		return "begins data of more than 65000 octets of text — write them as "
		       "\\# LENGTH HEX (RFC 3597)";
	char *name = ldns_rr_type2str((ldns_rr_type)type);
	ldns_rdf *root = NULL, *previous = NULL;
	ldns_rr *rr = NULL;
	const char *why = "cannot be read: no memory";
	size_t cap = strlen(text) + 64;
	char *line = mem_alloc(cap, 1);

	if (ldns_wire2dname(&root, origin->wire, origin->len, &(size_t){0}) !=
			LDNS_STATUS_OK ||
		name == NULL)
		goto out;
	snprintf(line, cap, ". 0 IN %s %s", name, text);
	ldns_status status = ldns_rr_new_frm_str(&rr, line, 0, root, &previous);
	if (status != LDNS_STATUS_OK)
		why = "begins no data of this type";
	else if (!same_numbers(text, rr))
		why = "begins data of which a number is out of its range";
	else
		why = to_wire(rr, out);
out:
	ldns_rr_free(rr);
	ldns_rdf_deep_free(root);
	ldns_rdf_deep_free(previous);
	free(name);
	free(line);
	return why;
}
