/* explain.c - shmdnsctl explain: why a name resolves as it does (OV-03) */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "ctl/look.h"
#include "ctl/options.h"
#include "ctl/search.h"
#include "ctl/step.h"
#include "ctl/target.h"
#include "dns/type.h"

#define TIMEOUT_MS 2000

const char explain_help[] =
	"\n"
	"Which object a name comes from, by which rule of doc/RECORDS.md, and since\n"
	"which generation; of a name that is not there the nearest reason. TYPE is A\n"
	"unless given. A name that does not end with a dot goes through the search list\n"
	"of a pod, with ndots 5. Records come from shared memory, objects and reasons\n"
	"from the controller, which anybody may ask who may use its socket; while it\n"
	"does not answer they are left out.\n"
	"Exit status 1: there is no such name or record; 3: no generation is in shared\n"
	"memory.\n"
	"      --from NS[/POD]    as asked by a pod of that namespace\n";

struct explain {
	struct overview view;
	struct step_basis basis;
	struct search search;
	struct step step[SEARCH_MAX];
	unsigned n; /* steps that were taken */
	const char *name, *from;
	char from_ns[64];
};

static bool is_last(const struct step *s)
{
	return s->outcome == STEP_ANSWER || s->outcome == STEP_DELEGATED ||
	       s->outcome == STEP_FORWARDED || s->outcome == STEP_REFUSED;
}

/* ---- text ---- */

static void print_since(const struct explain *e, const struct step *s)
{
	char when[32], age[32];

	if (s->since == 0)
		return;
	printf("      since  generation %" PRIu64 "%s, %s (%s ago)\n", s->since,
		s->since_start ? " or before, where history begins" : "",
		look_time(s->since_ns, when),
		overview_since(e->view.wall_ns, s->since_ns, age));
}

static void print_step(const struct explain *e, unsigned i, int width)
{
	const struct step *s = &e->step[i];
	bool answer = s->outcome == STEP_ANSWER;

	printf("  %u %-*s  %-9s", i + 1, width, s->text, step_outcome_text(s->outcome));
	if (answer)
		printf("  <- answer");
	if (s->rule[0] != '\0')
		printf("  (%s)", s->rule);
	printf("\n");
	for (size_t k = 0; k < s->records.n; k++)
		printf("      %s\n", s->records.line[k]);
	if (s->object[0] != '\0')
		printf("      from   %s%s%s%s%s%s\n", s->object,
			s->kind[0] != '\0' ? " (" : "", s->kind,
			s->kind[0] != '\0' ? ")" : "",
			s->version[0] != '\0' ? ", resourceVersion " : "", s->version);
	if (s->reason[0] != '\0')
		printf("      %s  %s\n", answer ? "note " : "why  ", s->reason);
	if (s->outcome == STEP_FORWARDED)
		printf("      group  %s, whose cache has %s\n", s->group,
			s->cached[0] != '\0' ? s->cached : "nothing");
	if (s->outcome == STEP_REFUSED)
		printf("      why    it is not ours, and no group of `forward` has it\n");
	print_since(e, s);
}

static void print_cost(const struct explain *e)
{
	const struct step *last = &e->step[e->n - 1];

	if (e->search.n == 1)
		return;
	printf("  cost: %u %s (%u wasted).", e->n, e->n == 1 ? "query" : "queries",
		is_last(last) ? e->n - 1 : e->n);
	if (is_last(last) && e->n > 1)
		printf(" \"%s\" with its final dot costs 1.", last->text);
	printf("\n");
}

static void print_text(const struct explain *e)
{
	char type[12];
	size_t width = 0;

	printf("%s  type %s", e->name, type_text(e->basis.type, type));
	if (e->from != NULL)
		printf(", as asked by %s %s",
			strchr(e->from, '/') != NULL ? "pod" : "a pod of", e->from);
	if (e->search.n > 1)
		printf(", ndots %d", SEARCH_NDOTS);
	printf("; generation %" PRIu64, e->view.snap->generation);
	if (!e->basis.told)
		printf("; THE CONTROLLER DOES NOT ANSWER: read from shared memory");
	if (e->view.controller != NULL &&
		stat_get(&e->view.controller->publish_frozen) != 0)
		printf("; PUBLISHING IS FROZEN: objects may say something else");
	if (e->view.reader.settings.acl.nrules > 0)
		printf("; WHAT acl SAYS OF WHO ASKS IS NOT LOOKED AT");
	printf("\n");
	for (unsigned i = 0; i < e->n; i++)
		width = MAX(width, strlen(e->step[i].text));
	for (unsigned i = 0; i < e->n; i++)
		print_step(e, i, (int)width);
	print_cost(e);
}

/* ---- JSON ---- */

static void json_text(struct json *j, const char *key, const char *value)
{
	if (value[0] != '\0')
		json_string(j, key, value);
}

static void json_step(struct json *j, const struct step *s)
{
	json_begin(j, NULL, '{');
	json_string(j, "name", s->text);
	json_string(j, "outcome", step_outcome_text(s->outcome));
	json_begin(j, "records", '[');
	for (size_t k = 0; k < s->records.n; k++)
		json_string(j, NULL, s->records.line[k]);
	json_end(j, ']');
	json_text(j, "rule", s->rule);
	json_text(j, "object", s->object);
	json_text(j, "kind", s->kind);
	json_text(j, "resourceVersion", s->version);
	json_text(j, "reason", s->reason);
	json_text(j, "group", s->group);
	json_text(j, "cached", s->cached);
	if (s->since != 0) {
		json_begin(j, "since", '{');
		json_number(j, "generation", s->since);
		json_number(j, "published_ns", s->since_ns);
		json_bool(j, "or_before", s->since_start);
		json_end(j, '}');
	}
	json_end(j, '}');
}

static void print_json(const struct explain *e)
{
	struct json j = {.out = stdout};
	char type[12];

	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	json_string(&j, "instance", e->view.instance);
	json_string(&j, "name", e->name);
	json_string(&j, "type", type_text(e->basis.type, type));
	if (e->from != NULL)
		json_string(&j, "from", e->from);
	json_number(&j, "generation", e->view.snap->generation);
	json_bool(&j, "controller", e->basis.told);
	json_begin(&j, "steps", '[');
	for (unsigned i = 0; i < e->n; i++)
		json_step(&j, &e->step[i]);
	json_end(&j, ']');
	json_number(&j, "cost", e->n);
	json_number(&j, "wasted", is_last(&e->step[e->n - 1]) ? e->n - 1 : e->n);
	json_end(&j, '}');
	printf("\n");
}

/* ---- the verb ---- */

/* Names of ours, and those of whoever says from where, need no guess. */
static void choose_names(struct explain *e, const struct name *name)
{
	const struct settings *s = &e->view.reader.settings;

	if (e->from == NULL && settings_zone(s, name->wire, name->len) >= 0) {
		e->search.name[0] = *name;
		e->search.n = 1;
		return;
	}
	search_names(e->name, e->from != NULL ? e->from_ns : NULL,
		&s->zones[s->primary].name, &e->search);
}

static int explain(struct explain *e, const struct name *name, const struct options *o)
{
	choose_names(e, name);
	while (e->n < e->search.n) {
		step_take(&e->basis, &e->search.name[e->n], &e->step[e->n]);
		if (is_last(&e->step[e->n++]))
			break;
	}
	if (o->format == FORMAT_JSON)
		print_json(e);
	else
		print_text(e);
	bool found = e->step[e->n - 1].outcome == STEP_ANSWER ||
	             e->step[e->n - 1].outcome == STEP_FORWARDED;
	for (unsigned i = 0; i < e->n; i++)
		step_fini(&e->step[i]);
	return found ? EXIT_OK : EXIT_NEGATIVE;
}

static bool parse_from(struct explain *e)
{
	size_t n = e->from != NULL ? strcspn(e->from, "/") : 0;

	if (e->from == NULL)
		return true;
	if (n == 0 || n >= sizeof(e->from_ns)) {
		ctl_complain("--from must be a namespace, or namespace/pod");
		return false;
	}
	memcpy(e->from_ns, e->from, n);
	return true;
}

int ctl_explain(const struct verb *verb, int argc, char **argv)
{
	static struct explain e;
	char instance[INSTANCE_MAX], path[TARGET_PATH_MAX];
	struct options o;
	struct name name;
	const struct option_spec own[] = {{NULL, "--from", &e.from, NULL}};
	int ret = options_parse(verb, argc, argv, own, ARRAY_LEN(own), &o);

	if (ret != 0)
		return options_exit(ret);
	if (o.nargs < 1 || o.nargs > 2) {
		ctl_complain("explain: say a name and perhaps a type (try --help)");
		return EXIT_USAGE;
	}
	if (name_parse(o.arg[0], &name) < 0) {
		ctl_complain("explain: '%s' is no name", o.arg[0]);
		return EXIT_USAGE;
	}
	int type = o.nargs > 1 ? type_parse(o.arg[1]) : TYPE_A;
	if (type < 0) {
		ctl_complain("explain: '%s' is no type, such as AAAA", o.arg[1]);
		return EXIT_USAGE;
	}
	name_fold(name.wire, name.wire, name.len);
	e.name = o.arg[0];
	if (!parse_from(&e) || !target_guess(&o, instance) ||
		!target_socket(&o, instance, path))
		return EXIT_USAGE;
	e.basis = (struct step_basis){.view = &e.view,
		.type = (uint16_t)type,
		.socket = path,
		.timeout_ms = o.timeout_ms > 0 ? o.timeout_ms : TIMEOUT_MS,
		.told = true};
	if (overview_open(&e.view, instance) && e.view.snap != NULL) {
		ret = explain(&e, &name, &o);
	} else {
		ctl_complain(
			"no generation of instance '%s' is in shared memory", instance);
		ret = EXIT_UNREACHABLE;
	}
	overview_close(&e.view);
	return ret;
}
