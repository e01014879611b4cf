/* model.c - see model.h */
#include "model.h"

#include <stdio.h>

#include "base/base.h"
#include "snap/place.h"

static void name_of(const char *text, struct name *out)
{
	name_parse(text, out);
}

void model_name(uint32_t i, struct name *out)
{
	char text[32];

	snprintf(text, sizeof(text), "n%06u.torture.", (unsigned)i);
	name_of(text, out);
}

void model_version_name(struct name *out)
{
	name_of("version.torture.", out);
}

/* Scatters indexes over the period, always in the same way. */
static uint32_t scatter(uint32_t i)
{
	return (i * UINT32_C(2654435761)) >> 16;
}

uint32_t model_changed(uint32_t i, uint32_t version)
{
	uint32_t ago = (version + scatter(i)) % MODEL_PERIOD;

	return version > ago ? version - ago : 0;
}

bool model_exists(uint32_t i, uint32_t version)
{
	if (i % 4 != 1)
		return true;
	return (model_changed(i, version) + scatter(i)) / MODEL_PERIOD % 2 == 0;
}

bool model_has_body(uint32_t i)
{
	return i % 4 == 2;
}

struct addr model_client(uint32_t i)
{
	struct addr a = {.len = i % 2 == 0 ? 4 : 16};

	store_u32(a.octets + a.len - 4, i);
	a.octets[0] |= 10;
	return a;
}

uint32_t model_place(uint32_t i, uint32_t version)
{
	return model_exists(i, version) ? 1 + model_changed(i, version) : PLACE_UNKNOWN;
}

uint32_t model_ttl(uint32_t version)
{
	return 1 + version / 8 % 1000;
}
