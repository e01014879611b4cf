#include "ctl/asker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "dns/type.h"

void asker_init(struct asker *a, const struct overview *v, const struct addr *client)
{
	const struct settings *s = &v->reader.settings;

	a->snap = v->snap;
	a->settings = s;
	(void)client_find(v->snap, client, &a->client);
	a->rules = acl_rules_of(&s->acl, acl_rules(&s->acl, client), a->client.namespace,
		a->client.namespace_len);
	a->viewer = visibility_viewer(
		&s->visibility, a->client.namespace, a->client.namespace_len);
}

bool asker_refused(const struct asker *a, uint16_t type, struct step *s)
{
	static const enum step_outcome outcomes[ACL_ACTIONS] = {
		[ACL_BLOCK] = STEP_REFUSED,
		[ACL_FILTER] = STEP_NODATA,
		[ACL_DROP] = STEP_DROPPED,
	};
	const enum acl_action action = acl_judge(
		&a->settings->acl, a->rules, s->name.wire, s->name.len, type);

	if (action == ACL_ALLOW)
		return false;
	s->outcome = outcomes[action];
	s->owner.len = 0;
	snprintf(s->rule, sizeof(s->rule), "AC-01");
	snprintf(s->reason, sizeof(s->reason), "a rule of acl says \"%s\" to this client",
		acl_action_text(action));
	return true;
}

bool asker_hidden(const struct asker *a, int zone, struct step *s)
{
	if (settings_sees(a->settings, &a->viewer, zone, s->name.wire, s->name.len))
		return false;
	s->owner.len = 0;
	if ((a->snap->flags & ROOT_COMPLETE) == 0) {
		s->outcome = STEP_SERVFAIL;
		snprintf(s->rule, sizeof(s->rule), "RU-03");
		snprintf(s->reason, sizeof(s->reason), "not all objects are known yet");
		return true;
	}
	s->outcome = STEP_NXDOMAIN;
	snprintf(s->rule, sizeof(s->rule), "AC-04");
	snprintf(s->reason, sizeof(s->reason),
		"no rule of visibility lets this client see the namespace, whether it is "
		"there or not");
	return true;
}

/* The target of a PTR in a line such as "30 PTR a.example." is one that it is told of. */
static bool is_told(const struct asker *a, const char *line)
{
	struct name target;

	return name_parse(strrchr(line, ' ') + 1, &target) < 0 ||
	       settings_tells(a->settings, &a->viewer, target.wire, target.len);
}

bool asker_conceal(
	const struct asker *a, const struct node_view *v, uint16_t type, struct step *s)
{
	const size_t n = s->records.n;
	size_t left = 0;

	if (type == TYPE_PTR) {
		for (size_t i = 0; i < n; i++) {
			if (is_told(a, s->records.line[i]))
				s->records.line[left++] = s->records.line[i];
			else
				free(s->records.line[i]);
		}
		s->records.n = left;
		if (left < n)
			snprintf(s->reason, sizeof(s->reason),
				"visibility hides PTRs from this client (AC-04)");
	}
	if (!settings_conceals(a->settings, &a->viewer, v))
		return false;
	s->hidden = v->head->nrrsets == 1 && (v->head->flags & NODE_APEX) == 0;
	if (s->hidden || type == TYPE_PTR)
		snprintf(s->rule, sizeof(s->rule), "AC-04");
	return s->hidden || type == TYPE_PTR;
}
