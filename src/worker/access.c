#include "worker/access.h"

#include "snap/client.h"

/* Of run->rules those that are about the client's namespace, or about all (AC-03). */
static uint64_t rules_of(const struct run *run, const struct addr *addr)
{
	struct client c;

	(void)client_find(run->b->snap, addr, &c);
	return acl_rules_of(
		&run->b->settings->acl, run->rules, c.namespace, c.namespace_len);
}

void access_begin(struct run *run)
{
	const struct acl_settings *acl = &run->b->settings->acl;
	struct addr client;

	addr_of_socket(run->p->client, &client);
	run->rules = acl_rules(acl, &client);
	if ((run->rules & acl->by_namespace) != 0)
		run->rules = rules_of(run, &client);
	run->p->facts |= PACKET_ACCESS;
	run->p->action = ACL_ALLOW;
}

bool access_judge(struct run *run, const uint8_t *name, size_t len)
{
	struct packet *p = run->p;
	const enum acl_action action = acl_judge(
		&run->b->settings->acl, run->rules, name, len, p->q.type);

	if (action == ACL_ALLOW)
		return true;
	run_refuse(run, action == ACL_FILTER ? EDE_FILTERED : EDE_BLOCKED);
	if (action == ACL_FILTER)
		run->r.rcode = RCODE_NOERROR;
	run->drop = action == ACL_DROP;
	/* Whatever was found on the way here is neither told nor kept warm. */
	p->facts = PACKET_ACCESS;
	p->action = (uint8_t)action;
	return false;
}
