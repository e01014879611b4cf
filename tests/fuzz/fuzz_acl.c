/*
 * fuzz_acl.c - any octets as access rules of a snapshot
 *
 * G10. Rules that are taken come back octet for octet, and may be asked anything.
 */
#include <string.h>

#include "base/base.h"
#include "fuzz/fuzz.h"
#include "snap/acl.h"

static struct acl_settings settings;
static uint8_t again[ACL_OCTETS_MAX];

static void ask(const struct addr *client, const uint8_t *name, size_t len)
{
	const struct acl_settings *a = &settings;
	const uint64_t rules = acl_rules(a, client);

	FUZZ_CHECK(a->nrules == ACL_RULES_MAX || rules >> a->nrules == 0);
	FUZZ_CHECK((rules & a->anybody) == a->anybody);
	FUZZ_CHECK(acl_judge(a, rules, name, len, 1) < ACL_ACTIONS);
	FUZZ_CHECK(acl_judge(a, 0, name, len, 1) == ACL_ALLOW);
}

/* A client in the net has the rules of it, and perhaps of narrower ones. */
static void check_net(const struct acl_net *n)
{
	const uint64_t rules = acl_rules(&settings, &n->net.addr);

	FUZZ_CHECK((rules & n->rules) == n->rules);
	ask(&n->net.addr, (const uint8_t *)"\1a", 3);
}

/* Who is in the namespace has its rules, and who is nowhere none of them. */
static void check_namespace(const struct acl_namespace *n)
{
	const uint64_t all = acl_rules_of(
		&settings, UINT64_MAX, n->name.octets, n->name.len);
	const uint64_t nobody = acl_rules_of(&settings, UINT64_MAX, n->name.octets, 0);

	FUZZ_CHECK(nobody == ~settings.by_namespace);
	FUZZ_CHECK(all == (nobody | n->rules));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct addr nobody;

	if (acl_decode(data, size, &settings) < 0)
		return 0;
	const size_t len = acl_encode(&settings, again);
	FUZZ_CHECK(len == size && memcmp(again, data, len) == 0);
	ask(&nobody, (const uint8_t *)"", 1);
	for (unsigned i = 0; i < settings.nnames; i++)
		ask(&nobody, settings.names[i].wire, settings.names[i].len);
	for (unsigned i = 0; i < settings.nnets; i++)
		check_net(&settings.nets[i]);
	for (unsigned i = 0; i < settings.nnamespaces; i++)
		check_namespace(&settings.namespaces[i]);
	return 0;
}
