/*
 * fuzz_visibility.c - any octets as rules of visibility in a snapshot
 *
 * G10. Rules that are taken come back octet for octet, and may be asked anything.
 */
#include <string.h>

#include "base/base.h"
#include "fuzz/fuzz.h"
#include "snap/visibility.h"

static struct visibility_settings settings;
static uint8_t again[VISIBILITY_OCTETS_MAX];

/* Who is in the namespace sees it, and what its rules and those about all give. */
static void check_namespace(const struct visibility_namespace *n)
{
	const struct visibility_settings *v = &settings;
	const struct viewer own = visibility_viewer(v, n->name.octets, n->name.len);
	const struct viewer nobody = visibility_viewer(v, NULL, 0);

	FUZZ_CHECK(own.about == (v->from_all | n->from));
	FUZZ_CHECK(nobody.about == v->from_all);
	FUZZ_CHECK(visibility_sees(&own, n->name.octets, n->name.len));
	FUZZ_CHECK(visibility_sees(&nobody, n->name.octets, n->name.len) ==
		   (v->nrules == 0 || (v->from_all & (v->to_all | n->to)) != 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (visibility_decode(data, size, &settings) < 0)
		return 0;
	const size_t len = visibility_encode(&settings, again);
	FUZZ_CHECK(len == size && memcmp(again, data, len) == 0);
	for (unsigned i = 0; i < settings.nnamespaces; i++)
		check_namespace(&settings.namespaces[i]);
	return 0;
}
