#include "snap/board.h"

#include "base/base.h"

/* Octets that the check covers. */
#define CHECKED offsetof(struct board_page, check)

bool board_valid(const struct board_page *b, const char *instance)
{
	return b->magic == BOARD_MAGIC && b->layout == SNAP_LAYOUT &&
	       b->endian == LAYOUT_ENDIAN &&
	       strncmp(b->instance, instance, sizeof(b->instance)) == 0 &&
	       b->check == hash_check(b, CHECKED);
}

void board_init(struct board_page *b, const char *instance, const struct hash_key *key)
{
	memset(b, 0, sizeof(*b));
	b->magic = BOARD_MAGIC;
	b->layout = SNAP_LAYOUT;
	b->endian = LAYOUT_ENDIAN;
	b->key0 = key->k0;
	b->key1 = key->k1;
	strncpy(b->instance, instance, sizeof(b->instance) - 1);
	b->check = hash_check(b, CHECKED);
}

uint64_t board_load(const uint64_t *field)
{
	return __atomic_load_n(field, __ATOMIC_ACQUIRE);
}

void board_store(uint64_t *field, uint64_t v)
{
	__atomic_store_n(field, v, __ATOMIC_RELEASE);
}
