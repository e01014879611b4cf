/*
 * fuzz_weights.c - any octets as a file of weights, and as the table in a snapshot (G10)
 *
 * The first octet chooses. What is taken of either goes through a block of settings
 * without a change, and every weight of it is found again.
 */
#include <string.h>

#include "base/base.h"
#include "controller/weightlist.h"
#include "fuzz/fuzz.h"

static uint8_t octets[WEIGHTS_OCTETS_MAX];
static struct weights table, again;

static void check_table(void)
{
	for (uint32_t i = 0; i < table.nnames; i++) {
		const struct weights_name *n = &table.name[i];

		for (uint32_t k = n->first; k < n->first + n->count; k++)
			FUZZ_CHECK(weights_of(&table, n, table.addr[k].octets, 16) ==
				   table.addr[k].weight);
	}
	size_t len = weights_encode(&table, octets);
	FUZZ_CHECK(len <= sizeof(octets));
	FUZZ_CHECK(weights_decode(octets, len, &again) == 0);
	FUZZ_CHECK(again.nnames == table.nnames && again.naddrs == table.naddrs);
	FUZZ_CHECK(memcmp(again.name, table.name, table.nnames * sizeof(table.name[0])) ==
		   0);
	FUZZ_CHECK(memcmp(again.addr, table.addr, table.naddrs * sizeof(table.addr[0])) ==
		   0);
}

static void check_error(const struct weightlist_error *e)
{
	FUZZ_CHECK(e->line > 0 && e->column > 0 && e->text[0] != '\0');
	for (const char *c = e->text; *c != '\0'; c++)
		FUZZ_CHECK(*c >= ' ' && *c <= '~');
}

static void parse(const uint8_t *data, size_t size)
{
	static const struct hash_key key = {1, 2, UINT64_MAX};
	struct weightlist_error e;
	int ret = weightlist_parse((const char *)data, size, &key, &table, &e);

	if (ret < 0 || e.line > 0)
		check_error(&e);
	if (ret == 0)
		check_table();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 0 && weights_decode(data + 1, size - 1, &table) == 0)
		check_table();
	if (data[0] != 0)
		parse(data + 1, size - 1);
	return 0;
}
