/*
 * peer.c - our reading and writing of text, line by line, for peer.py to compare
 *
 *   parse HEX         text to a name: its octets in hex, or "error"
 *   print HEX         octets of a name to text
 *   rdata TYPE HEX    rdata to text, or "error"
 *   addr HEX          text to an address: canonical text and dashed text, or "error"
 *   reverse HEX       text of an address to its reverse name
 *   query HEX         a packet over UDP: what query_parse() says of it
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "dns/msg.h"
#include "dns/rev.h"
#include "dns/text.h"

static uint8_t octets[65536];
static size_t len;

static void unhex(const char *hex)
{
	unsigned v;

	for (len = 0; sscanf(hex + 2 * len, "%2x", &v) == 1; len++)
		octets[len] = (uint8_t)v;
	octets[len] = '\0';
}

static void parse(void)
{
	struct name n;

	if (name_parse((const char *)octets, &n) < 0) {
		puts("error");
		return;
	}
	for (size_t i = 0; i < n.len; i++)
		printf("%02x", n.wire[i]);
	puts("");
}

static void print(void)
{
	char text[NAME_TEXT_MAX];

	name_text(octets, len, text, sizeof(text));
	puts(text);
}

static void rdata(uint16_t type)
{
	static char text[300000];

	puts(text_rdata(octets, len, 0, len, type, text, sizeof(text)) < 0 ? "error"
									   : text);
}

static void addr(void)
{
	char text[ADDR_TEXT_MAX], dashed[ADDR_TEXT_MAX];
	struct addr a;

	if (!addr_parse((const char *)octets, len, &a)) {
		puts("error");
		return;
	}
	addr_text(&a, text);
	addr_dashed(&a, dashed);
	printf("%s %s\n", text, dashed);
}

static void reverse(void)
{
	struct name n;
	struct addr a;

	if (!addr_parse((const char *)octets, len, &a))
		exit(EXIT_FAILURE);
	rev_name(&a, &n);
	memcpy(octets, n.wire, n.len);
	len = n.len;
	print();
}

static void query(void)
{
	static const char *const words[] = {"ok", "drop", "header", "reply"};
	struct query q = {0};
	enum parse_result r = query_parse(octets, len, false, &q);

	printf("%s %u %u %u %d %u\n", words[r], q.rcode, q.type, q.class, q.has_opt,
		q.udp_size);
}

int main(void)
{
	static char line[140000], hex[131100];
	char word[16];
	unsigned type;

	while (fgets(line, sizeof(line), stdin) != NULL) {
		hex[0] = '\0';
		if (sscanf(line, "rdata %u %131099s", &type, hex) >= 1) {
			unhex(hex);
			rdata((uint16_t)type);
			continue;
		}
		if (sscanf(line, "%15s %131099s", word, hex) < 1)
			return EXIT_FAILURE;
		unhex(hex);
		switch (word[1]) {
		case 'a':
			parse();
			break;
		case 'r':
			print();
			break;
		case 'd':
			addr();
			break;
		case 'e':
			reverse();
			break;
		default:
			query();
			break;
		}
	}
	return EXIT_SUCCESS;
}
