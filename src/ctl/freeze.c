/* freeze.c - shmdnsctl freeze, thaw, rollback: whether objects are published (OV-08) */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "ctl/json.h"
#include "ctl/options.h"
#include "ctl/target.h"
#include "ctl/tell.h"

#define TIMEOUT_MS 5000

const char freeze_help[] =
	"\n"
	"The records stay as they are, whatever becomes of the objects in the cluster,\n"
	"until `thaw` or the next start of the controller. Settings are published all\n"
	"the same. For root and the appliance's own user.\n"
	"Exit status 3: the controller cannot be asked; 4: it refuses.\n";

const char thaw_help[] =
	"\n"
	"Ends `freeze` and `rollback`: what the objects say now is published at once.\n"
	"A first generation that is held back, because it has so few names, is\n"
	"published too. For root and the appliance's own user.\n"
	"Exit status 3: the controller cannot be asked; 4: it refuses.\n";

const char rollback_help[] =
	"\n"
	"Publishes the records of an older generation, under the settings of today, as\n"
	"a new generation, and freezes. `history` lists what is there; `thaw` goes back\n"
	"to what the objects say. For root and the appliance's own user.\n"
	"Exit status 3: the controller cannot be asked; 4: it refuses, for example\n"
	"because history does not reach so far back.\n";

/* Send the request; the exit status, EXIT_OK with the reply. */
static int request(const struct options *o, const char *line, struct tell_reply *reply)
{
	char instance[INSTANCE_MAX], path[TARGET_PATH_MAX];
	const char *why;

	if (!target_instance(o, instance) || !target_socket(o, instance, path))
		return EXIT_USAGE;
	int ret = tell(path, line, o->timeout_ms > 0 ? o->timeout_ms : TIMEOUT_MS, reply);
	if (ret < 0) {
		tell_complain(path, ret);
		return EXIT_UNREACHABLE;
	}
	if (tell_ok(reply, &why))
		return EXIT_OK;
	ctl_complain("refused: %.*s", (int)strcspn(why, "\n"), why);
	return EXIT_REFUSED;
}

/* The reply's generation and what it means, as JSON or as a line. */
static void print(
	const struct options *o, const char *text, bool frozen, uint64_t generation)
{
	struct json j = {.out = stdout};

	if (o->format != FORMAT_JSON) {
		printf("%s\n", text);
		return;
	}
	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	json_bool(&j, "frozen", frozen);
	json_number(&j, "generation", generation);
	json_end(&j, '}');
	printf("\n");
}

static int complain(void)
{
	ctl_complain("the controller's reply makes no sense");
	return EXIT_UNREACHABLE;
}

int ctl_freeze(const struct verb *verb, int argc, char **argv)
{
	static struct tell_reply reply;
	struct options o;
	uint64_t generation;
	char text[128];
	int ret = options_parse(verb, argc, argv, NULL, 0, &o);

	if (ret != 0)
		return options_exit(ret);
	if (o.nargs > 0) {
		ctl_complain("freeze: what is '%s'? (try --help)", o.arg[0]);
		return EXIT_USAGE;
	}
	ret = request(&o, "freeze", &reply);
	if (ret != EXIT_OK)
		return ret;
	if (!tell_value(&reply, "generation", &generation))
		return complain();
	snprintf(text, sizeof(text),
		"frozen: the records of generation %" PRIu64 " stay until `thaw`",
		generation);
	print(&o, text, true, generation);
	return EXIT_OK;
}

int ctl_thaw(const struct verb *verb, int argc, char **argv)
{
	static struct tell_reply reply;
	struct options o;
	uint64_t thawed, generation;
	char text[128];
	int ret = options_parse(verb, argc, argv, NULL, 0, &o);

	if (ret != 0)
		return options_exit(ret);
	if (o.nargs > 0) {
		ctl_complain("thaw: what is '%s'? (try --help)", o.arg[0]);
		return EXIT_USAGE;
	}
	ret = request(&o, "thaw", &reply);
	if (ret != EXIT_OK)
		return ret;
	if (!tell_value(&reply, "thawed", &thawed) ||
		!tell_value(&reply, "generation", &generation))
		return complain();
	snprintf(text, sizeof(text), "%s: generation %" PRIu64 " is what the objects say",
		thawed != 0 ? "thawed" : "nothing was frozen", generation);
	print(&o, text, false, generation);
	return EXIT_OK;
}

int ctl_rollback(const struct verb *verb, int argc, char **argv)
{
	static struct tell_reply reply;
	struct options o;
	unsigned long number;
	uint64_t generation;
	char text[128];
	int ret = options_parse(verb, argc, argv, NULL, 0, &o);

	if (ret != 0)
		return options_exit(ret);
	if (o.nargs != 1) {
		ctl_complain("rollback: say one generation (try --help)");
		return EXIT_USAGE;
	}
	if (!options_number("a generation", o.arg[0], 1, UINT64_MAX, &number))
		return EXIT_USAGE;
	snprintf(text, sizeof(text), "rollback %lu", number);
	ret = request(&o, text, &reply);
	if (ret != EXIT_OK)
		return ret;
	if (!tell_value(&reply, "generation", &generation))
		return complain();
	snprintf(text, sizeof(text),
		"generation %" PRIu64 " has the records of %lu; frozen until `thaw`",
		generation, number);
	print(&o, text, true, generation);
	return EXIT_OK;
}
