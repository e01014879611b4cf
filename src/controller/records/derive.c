#include "controller/records/derive.h"

#include "controller/records/parts.h"

/* NS.svc.Z exists while the Namespace is exposed (OB-N1), NS.pod.Z with the pod names. */
static void derive_namespace(
	const struct namespace_record *n, const struct record_options *o, struct draft *d)
{
	const struct settings *s = &o->settings;

	if (!n->exposed)
		return;
	if (!draft_label(n->name)) {
		draft_skip(d, SKIP_NAME);
		return;
	}
	for (unsigned z = 0; z < s->nzones; z++) {
		struct name name;

		if (s->zones[z].kind == ZONE_REVERSE || s->zones[z].kind == ZONE_FILE)
			continue;
		if (!parts_name(&name, o, z, "svc", n->name, d))
			continue;
		parts_empty(d, o, &name, z, 0);
		if (s->pods == PODS_INSECURE &&
			parts_name(&name, o, z, "pod", n->name, d))
			parts_empty(d, o, &name, z, NODE_POD_GATE);
	}
}

void derive_owner(const struct store *s, const struct record_options *o,
	struct owner *owner, struct draft *d)
{
	draft_reset(d);
	switch (owner->kind) {
	case OWNER_ZONE:
		if (o->settings.zones[store_zone(owner)->zone].kind == ZONE_FILE)
			parts_filezone(s, o, store_zone(owner)->zone, d);
		else
			parts_zone(s, o, store_zone(owner)->zone, d);
		break;
	case OWNER_HOSTS:
		parts_hosts(o, d);
		break;
	case OWNER_NAMESPACE:
		derive_namespace(store_namespace(owner), o, d);
		break;
	case OWNER_SERVICE:
		parts_service(s, o, store_service(owner), d);
		break;
	case OWNER_ADDRESS:
		parts_client(s, o, store_address(owner), d);
		parts_address(s, o, store_address(owner), d);
		break;
	}
}
