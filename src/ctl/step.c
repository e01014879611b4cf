#include "ctl/step.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cache/cache.h"
#include "ctl/asker.h"
#include "ctl/changes.h"
#include "ctl/stepfile.h"
#include "dns/type.h"
#include "snap/history.h"
#include "snap/special.h"

const char *step_outcome_text(enum step_outcome o)
{
	static const char *const words[] = {
		[STEP_ANSWER] = "NOERROR",
		[STEP_NODATA] = "NODATA",
		[STEP_NXDOMAIN] = "NXDOMAIN",
		[STEP_SERVFAIL] = "SERVFAIL",
		[STEP_FORWARDED] = "forwarded",
		[STEP_DELEGATED] = "delegated",
		[STEP_REFUSED] = "REFUSED",
		[STEP_DROPPED] = "dropped",
	};

	return words[o];
}

/* ---- in the snapshot ---- */

static enum lookup find(const struct snap *s, const struct name *n, struct node_view *v)
{
	struct hash128 h = hash_name(&s->key, n->wire, n->len);

	return snap_find(s, &h, n->wire, n->len, v);
}

/* Records of the type, or of a CNAME in its place. */
static void take_records(const struct node_view *v, uint16_t type, struct lines *out)
{
	struct lines all = {0};
	char word[12], want[24];

	lines_take(v, &all);
	for (unsigned pass = 0; pass < 2 && out->n == 0; pass++) {
		snprintf(want, sizeof(want), " %s ",
			type_text(pass == 0 ? type : TYPE_CNAME, word));
		for (size_t i = 0; i < all.n; i++) {
			const char *space = strchr(all.line[i], ' ');

			if (strstr(all.line[i], " glue only") == NULL && space != NULL &&
				strncmp(space, want, strlen(want)) == 0)
				lines_add(out, all.line[i]);
		}
	}
	lines_fini(&all);
}

/* RP-04: names of pods are worked out from the question. */
static bool is_pod(const struct overview *v, const struct name *name)
{
	struct name above = {.len = (uint8_t)(name->len - 1 - name->wire[0])};
	struct node_view node;
	struct addr addr;

	if (v->reader.settings.pods != PODS_INSECURE || name->len < 2 ||
		!addr_parse_dashed(name->wire + 1, name->wire[0], &addr))
		return false;
	memcpy(above.wire, name->wire + 1 + name->wire[0], above.len);
	return find(v->snap, &above, &node) == LOOKUP_FOUND &&
	       (node.head->flags & NODE_POD_GATE) != 0;
}

static void take_pod(const struct step_basis *b, struct step *s)
{
	char text[NAME_TEXT_MAX], line[NAME_TEXT_MAX], type[12];
	struct addr addr;

	s->outcome = STEP_NODATA;
	if (!addr_parse_dashed(s->name.wire + 1, s->name.wire[0], &addr) ||
		b->type != (addr.len == 4 ? TYPE_A : TYPE_AAAA))
		return;
	s->outcome = STEP_ANSWER;
	addr_text(&addr, text);
	snprintf(line, sizeof(line), "%u %s %.64s",
		(unsigned)b->view->reader.settings.ttl_s, type_text(b->type, type), text);
	lines_add(&s->records, line);
}

static void take_node(
	const struct step_basis *b, const struct node_view *v, struct step *s)
{
	const struct snap *snap = b->view->snap;
	bool complete = (snap->flags & ROOT_COMPLETE) != 0;

	if (!complete && (v->head->flags & NODE_ALWAYS) == 0) {
		s->outcome = STEP_SERVFAIL;
		return;
	}
	take_records(v, b->type, &s->records);
	if (b->type == TYPE_SOA && (v->head->flags & NODE_APEX) != 0 &&
		s->records.n == 0) {
		char line[64];

		snprintf(
			line, sizeof(line), "SOA with serial %u", (unsigned)snap->serial);
		lines_add(&s->records, line);
	}
	bool concealed = b->asker != NULL && asker_conceal(b->asker, v, b->type, s);
	s->outcome = s->records.n > 0 ? STEP_ANSWER : STEP_NODATA;
	if (concealed && s->hidden)
		s->outcome = STEP_NXDOMAIN;
}

/* It comes from this node, whatever its name. */
static void take_owner(const struct node_view *v, struct step *s)
{
	s->owner.len = v->name != NULL ? v->head->name_len : 0;
	if (v->name != NULL)
		memcpy(s->owner.wire, v->name, v->head->name_len);
}

/* ---- names of `hosts` ---- */

/* The name itself there, or the "*" that stands for its first label (HO-02). */
static bool find_host(const struct overview *v, const struct name *name, bool star,
	struct node_view *node)
{
	struct name n = *name;

	if (star) {
		size_t label = 1u + n.wire[0], rest = n.len - label;

		if (v->reader.settings.hosts.wildcards == 0 || n.len < 3)
			return false;
		memmove(n.wire + 2, name->wire + label, rest);
		n.wire[0] = 1;
		n.wire[1] = '*';
		n.len = (uint8_t)(2 + rest);
	}
	return find(v->snap, &n, node) == LOOKUP_FOUND &&
	       (node->head->flags & NODE_HOSTS) != 0;
}

/* HO-04: is a name that is not there denied? */
static bool denied_by_hosts(const struct host_settings *h, const struct name *name)
{
	for (unsigned i = 0; i < h->nzones; i++)
		if (name_under(name->wire, name->len, h->zones[i].wire, h->zones[i].len))
			return h->closed != 0;
	return h->closed != 0 && h->nzones == 0;
}

/*
 * What `hosts` says of a name that is in none of our zones (`outside`), or does not exist
 * there, or has its node. False: nothing.
 */
static bool take_host(const struct step_basis *b, bool outside, struct step *s)
{
	const struct host_settings *h = &b->view->reader.settings.hosts;
	bool others = h->unsupported != 0 && b->type != TYPE_A && b->type != TYPE_AAAA &&
	              b->type != TYPE_PTR;
	struct node_view node;

	if (h->on == 0)
		return false;
	bool star = !find_host(b->view, &s->name, false, &node);
	if (star && !outside && (b->view->snap->flags & ROOT_COMPLETE) == 0)
		return false; /* RU-03 */
	if (!star || find_host(b->view, &s->name, true, &node)) {
		if (others && outside)
			return false;
		take_node(b, &node, s);
		take_owner(&node, s);
		snprintf(s->rule, sizeof(s->rule), "HO-02");
		snprintf(s->object, sizeof(s->object), "hosts%s",
			star ? ", by its \"*\"" : "");
		return true;
	}
	if (!outside || !denied_by_hosts(h, &s->name))
		return false;
	s->outcome = STEP_NXDOMAIN;
	s->owner.len = 0; /* of settings */
	snprintf(s->rule, sizeof(s->rule), "HO-04");
	snprintf(s->reason, sizeof(s->reason),
		"it is not in hosts, which lets nothing of its zones through "
		"(hosts.fallthrough)");
	return true;
}

/* ---- since when ---- */

static bool same(const struct snap *a, const struct snap *b, const struct name *n)
{
	struct node_view x, y;
	enum lookup in_a = find(a, n, &x), in_b = find(b, n, &y);

	if (in_a != in_b || (a->flags & ROOT_COMPLETE) != (b->flags & ROOT_COMPLETE))
		return false;
	return in_a != LOOKUP_FOUND || x.head == y.head || changes_same(&x, &y);
}

static void take_since(const struct step_basis *b, struct step *s)
{
	struct snap at = *b->view->snap, before;

	if (s->owner.len == 0)
		return;
	while (history_previous(&at, &before) == 0 && same(&before, &at, &s->name) &&
		same(&before, &at, &s->owner))
		at = before;
	s->since = at.generation;
	s->since_ns = at.time_ns;
	s->since_start = history_previous(&at, &before) < 0;
}

/* ---- names elsewhere ---- */

static void take_cached(
	const struct overview *v, const struct question *q, char out[CACHED_MAX])
{
	struct cache c = {0};
	struct cache_found f;
	size_t octets;

	if (segment_cache_map(v->instance,
		    question_home(q, v->reader.settings.forward.forwarders), &c.base,
		    &octets) < 0)
		return;
	c.size = octets;
	c.copy[0] = mem_alloc(CACHE_COPY_MAX, 1);
	c.copy[1] = mem_alloc(CACHE_COPY_MAX, 1);
	if (!cache_valid(c.base, c.size, v->instance) ||
		!cache_find(&c, q, v->mono_ns, v->mono_ns, &f))
		snprintf(out, CACHED_MAX, "nothing");
	else if (f.answer != NULL)
		snprintf(out, CACHED_MAX, "%s, %s for %" PRIu64 " s",
			f.answer->kind == CACHE_NXDOMAIN ? "NXDOMAIN" : "an answer",
			f.fresh ? "fresh" : "stale",
			(f.fresh ? f.answer->expires_ns - v->mono_ns
				 : v->mono_ns - f.answer->expires_ns) /
				NS_PER_S);
	else if (f.failure != NULL && f.failure->text_len > 0)
		snprintf(out, CACHED_MAX, "a failure: %.*s", f.failure->text_len,
			(const char *)cache_text(f.failure));
	else
		snprintf(out, CACHED_MAX, "a failure");
	free(c.copy[0]);
	free(c.copy[1]);
	segment_cache_unmap(c.base, octets);
}

static void take_elsewhere(const struct step_basis *b, struct step *s)
{
	const struct overview *v = b->view;
	const struct forward_settings *f = &v->reader.settings.forward;
	struct question q = {.type = b->type, .name_len = s->name.len};
	int group = f->forwarders > 0 ? forward_group(f, s->name.wire, s->name.len, -1)
	                              : -1;

	s->outcome = STEP_REFUSED;
	if (group < 0)
		return;
	s->outcome = STEP_FORWARDED;
	name_text(f->groups[group].from.wire, f->groups[group].from.len, s->group,
		sizeof(s->group));
	memcpy(q.name, s->name.wire, s->name.len);
	q.hash = hash_name(&v->snap->key, s->name.wire, s->name.len);
	q.group = f->groups[group].digest;
	take_cached(v, &q, s->cached);
}

/* FT-01, FT-03: a name of ours that is not there goes on, if anybody may know it. */
static bool falls_through(const struct settings *s, int zone, const struct name *name)
{
	const struct forward_settings *f = &s->forward;

	return s->zones[zone].fallthrough && f->ngroups > f->bootstrap &&
	       f->forwarders > 0 && !forward_stays(f, name->wire, name->len);
}

/* ---- zones from files ---- */

/* With `above` the name itself is hidden from who asks. */
static void take_file(const struct step_basis *b, int zone, bool above, struct step *s)
{
	const struct settings *settings = &b->view->reader.settings;
	struct node_view node;

	switch (stepfile_find(b->view, &s->name, zone, b->type, above, &node)) {
	case STEPFILE_NODE:
		take_node(b, &node, s);
		if (node.name != NULL) /* an empty non-terminal is the name itself */
			take_owner(&node, s);
		break;
	case STEPFILE_CUT:
		s->outcome = STEP_DELEGATED;
		take_records(&node, TYPE_NS, &s->records);
		take_owner(&node, s);
		break;
	case STEPFILE_DNAME:
		s->outcome = STEP_ANSWER;
		take_records(&node, TYPE_DNAME, &s->records);
		take_owner(&node, s);
		break;
	case STEPFILE_ABSENT:
		s->outcome = STEP_NXDOMAIN;
		s->owner.len = 0; /* the names above it and their "*" say so, too */
		if (falls_through(settings, zone, &s->name))
			take_elsewhere(b, s);
		break;
	case STEPFILE_UNREAD:
	case STEPFILE_DAMAGED:
		s->outcome = STEP_SERVFAIL;
		s->owner.len = 0;
		break;
	}
}

/* ---- special names ---- */

static enum step_outcome special_outcome(
	enum special_kind kind, const struct name *name, uint16_t type)
{
	const bool v6 = name->len == SPECIAL_LOOPBACK6;
	const uint8_t *full = v6 ? special_loopback6 : special_loopback4;
	const size_t len = v6 ? SPECIAL_LOOPBACK6 : SPECIAL_LOOPBACK4;

	switch (kind) {
	case SPECIAL_FORWARD:
		return type == TYPE_A || type == TYPE_AAAA ? STEP_ANSWER : STEP_NODATA;
	case SPECIAL_REVERSE:
		if (name_equal(name->wire, name->len, full, len))
			return type == TYPE_PTR ? STEP_ANSWER : STEP_NODATA;
		return name_under(full, len, name->wire, name->len) ? STEP_NODATA
		                                                    : STEP_NXDOMAIN;
	case SPECIAL_NODATA:
		return STEP_NODATA;
	case SPECIAL_EMPTY:
		break;
	}
	return STEP_NXDOMAIN;
}

/* As worker/local.c answers: before hosts, and whatever the objects say. */
static bool take_special(const struct step_basis *b, int zone, struct step *s)
{
	struct special special;

	if (!special_find(
		    &b->view->reader.settings, s->name.wire, s->name.len, zone, &special))
		return false;
	s->outcome = special_outcome(special.kind, &s->name, b->type);
	s->owner.len = 0;
	snprintf(s->rule, sizeof(s->rule), "%s",
		special.kind == SPECIAL_EMPTY || special.kind == SPECIAL_NODATA
			? "SM-16"
			: "SM-04");
	snprintf(s->reason, sizeof(s->reason),
		"a special name: workers answer it by themselves, nobody else is asked "
		"(`local`, `special_names`)");
	return true;
}

/* ---- the controller ---- */

static void copy_line(const struct tell_reply *r, const char *word, char *out, size_t cap)
{
	size_t n = strlen(word);

	for (const char *at = r->text; *at != '\0';) {
		size_t len = strcspn(at, "\n");

		if (len > n && strncmp(at, word, n) == 0 && at[n] == ' ') {
			snprintf(out, cap, "%.*s", (int)(len - n - 1), at + n + 1);
			return;
		}
		at += len + (at[len] == '\n');
	}
}

/* False: it does not say, and is asked no more. */
static bool ask(struct step_basis *b, const char *name, struct tell_reply *reply)
{
	char line[REQUEST_LINE_MAX], type[12];
	const char *why;

	snprintf(line, sizeof(line), "explain %s %s", name, type_text(b->type, type));
	b->told = b->told && tell(b->socket, line, b->timeout_ms, reply) >= 0 &&
	          tell_ok(reply, &why);
	return b->told;
}

/* Where it stands in the files of `hosts`: of that the snapshot knows nothing. */
static void ask_host(struct step_basis *b, struct step *s)
{
	static struct tell_reply reply;
	char owner[NAME_TEXT_MAX], where[sizeof(s->object) - 32] = "", how[32];

	if (s->owner.len == 0)
		return;
	name_text(s->owner.wire, s->owner.len, owner, sizeof(owner));
	if (!ask(b, owner, &reply))
		return;
	copy_line(&reply, "object", where, sizeof(where));
	snprintf(how, sizeof(how), "%s", s->object + strlen("hosts"));
	if (strncmp(where, "hosts", strlen("hosts")) == 0)
		snprintf(s->object, sizeof(s->object), "%s%s", where, how);
}

static void ask_controller(struct step_basis *b, struct step *s)
{
	static struct tell_reply reply;

	if (!ask(b, s->text, &reply))
		return;
	copy_line(&reply, "rule", s->rule, sizeof(s->rule));
	copy_line(&reply, "object", s->object, sizeof(s->object));
	copy_line(&reply, "kind", s->kind, sizeof(s->kind));
	copy_line(&reply, "version", s->version, sizeof(s->version));
	copy_line(&reply, "reason", s->reason, sizeof(s->reason));
	if (s->outcome == STEP_NXDOMAIN && s->reason[0] == '\0')
		snprintf(s->reason, sizeof(s->reason),
			"the objects give it, but that is not published");
}

/* RU-03: what the controller lacks of it so far is not why. */
static void take_incomplete(struct step *s)
{
	s->object[0] = s->kind[0] = s->version[0] = '\0';
	snprintf(s->rule, sizeof(s->rule), "RU-03");
	snprintf(s->reason, sizeof(s->reason),
		"not all objects are known yet: `shmdnsctl status` and the log say what "
		"is missing");
}

/* A reverse name all of whose targets are hidden is as one that is not there (AC-04). */
static void take_hidden(const struct step_basis *b, int zone, struct step *s)
{
	const struct settings *settings = &b->view->reader.settings;

	s->owner.len = 0;
	s->object[0] = '\0';
	snprintf(s->rule, sizeof(s->rule), "AC-04");
	snprintf(s->reason, sizeof(s->reason),
		"visibility hides all that it tells of from this client");
	if (zone < 0 ? !denied_by_hosts(&settings->hosts, &s->name)
		     : falls_through(settings, zone, &s->name))
		take_elsewhere(b, s);
}

/* Wildcards stand for a hidden name as for one that is not there (AC-04). */
static void take_wildcard(const struct step_basis *b, int zone, struct step *s)
{
	struct step star = *s;

	star.records = (struct lines){0};
	star.hidden = false;
	/* What the controller would say is of the name itself. */
	snprintf(star.rule, sizeof(star.rule), "SM-11");
	snprintf(star.reason, sizeof(star.reason),
		"visibility hides the name itself from this client (AC-04): a wildcard "
		"answers");
	if (b->view->reader.settings.zones[zone].kind == ZONE_FILE)
		take_file(b, zone, true, &star);
	else
		(void)take_host(b, false, &star);
	if (star.hidden || (star.outcome != STEP_ANSWER && star.outcome != STEP_NODATA)) {
		lines_fini(&star.records);
		return;
	}
	lines_fini(&s->records);
	*s = star;
}

/* What take_host() has found. */
static void end_host(struct step_basis *b, int zone, struct step *s)
{
	if (s->hidden) {
		take_hidden(b, zone, s);
		return;
	}
	take_since(b, s);
	ask_host(b, s);
}

void step_take(struct step_basis *b, const struct name *name, struct step *out)
{
	const struct overview *v = b->view;
	const struct settings *settings = &v->reader.settings;
	struct node_view node;

	*out = (struct step){.name = *name, .owner = *name};
	name_text(name->wire, name->len, out->text, sizeof(out->text));
	int zone = settings_zone(settings, name->wire, name->len);
	if (b->asker != NULL && asker_refused(b->asker, b->type, out))
		return;
	if (take_special(b, zone, out))
		return;
	if (b->asker != NULL && asker_hidden(b->asker, zone, out))
		return;
	if (zone < 0) {
		if (!take_host(b, true, out))
			take_elsewhere(b, out);
		else
			end_host(b, zone, out);
		return;
	}
	enum lookup l = find(v->snap, name, &node);
	bool mine = l == LOOKUP_FOUND && (node.head->flags & NODE_HOSTS) == 0;
	if (!mine && l != LOOKUP_DAMAGED && !is_pod(v, name) &&
		take_host(b, false, out)) {
		end_host(b, zone, out);
		return;
	}
	if (l != LOOKUP_DAMAGED && !(l == LOOKUP_FOUND && !mine) &&
		settings->zones[zone].kind == ZONE_FILE)
		take_file(b, zone, false, out);
	else if (l == LOOKUP_DAMAGED ||
		 ((v->snap->flags & ROOT_COMPLETE) == 0 && l == LOOKUP_ABSENT))
		out->outcome = STEP_SERVFAIL;
	else if (l == LOOKUP_FOUND)
		take_node(b, &node, out);
	else if (is_pod(v, name))
		take_pod(b, out);
	else if (falls_through(settings, zone, name))
		take_elsewhere(b, out);
	else
		out->outcome = STEP_NXDOMAIN;
	if (out->hidden && mine)
		take_wildcard(b, zone, out);
	if (out->hidden) {
		take_hidden(b, zone, out);
		return;
	}
	take_since(b, out);
	if (out->rule[0] == '\0')
		ask_controller(b, out);
	if (out->outcome == STEP_SERVFAIL && settings->zones[zone].kind != ZONE_FILE &&
		(v->snap->flags & ROOT_COMPLETE) == 0)
		take_incomplete(out);
}

void step_fini(struct step *s)
{
	lines_fini(&s->records);
}
