#include "worker/access.h"

/* Who asks, looked up once. */
static const struct client *who_asks(struct run *run)
{
	struct addr addr;

	if (!run->known) {
		addr_of_socket(run->p->client, &addr);
		(void)client_find(run->b->snap, &addr, &run->client);
		run->known = true;
	}
	return &run->client;
}

void access_begin(struct run *run)
{
	const struct acl_settings *acl = &run->b->settings->acl;
	struct addr client;

	addr_of_socket(run->p->client, &client);
	run->rules = acl_rules(acl, &client);
	/* Those that are about the client's namespace, or about all (AC-03). */
	if ((run->rules & acl->by_namespace) != 0) {
		const struct client *c = who_asks(run);

		run->rules = acl_rules_of(
			acl, run->rules, c->namespace, c->namespace_len);
	}
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

/* ---- visibility ---- */

static const struct viewer *viewer_of(struct run *run)
{
	if (run->r.viewer == NULL) {
		const struct client *c = who_asks(run);

		run->viewer = visibility_viewer(
			&run->b->settings->visibility, c->namespace, c->namespace_len);
		run->r.viewer = &run->viewer;
	}
	return run->r.viewer;
}

bool access_hides(struct run *run)
{
	const struct owner *o = &run->owner;

	return !settings_sees(run->b->settings, viewer_of(run), o->zone, o->name, o->len);
}

bool access_conceals(struct run *run, const struct node_view *v)
{
	if (!settings_conceals(run->b->settings, viewer_of(run), v))
		return false;
	run->p->facts |= PACKET_HIDDEN;
	run->p->source = SOURCE_POLICY;
	return true;
}
