/* flush.c - shmdnsctl flush: what caches know of a name is forgotten */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "base/clock.h"
#include "ctl/forwarders.h"
#include "ctl/options.h"
#include "ctl/target.h"
#include "ctl/tell.h"

#define TIMEOUT_MS 5000
#define LOOK_NS    (10 * NS_PER_MS) /* between two looks at the pages */

const char flush_help[] =
	"\n"
	"Asks the controller, which tells the forwarders with the next generation, and "
	"waits until\n"
	"all that run have done it. For root and the appliance's own user.\n"
	"Exit status 1: not all have in time; 3: the controller cannot be asked; 4: it "
	"refuses.\n"
	"      --below            names below it too\n";

static struct overview view;

/* How many forwarders run and go by these settings or later ones. */
static unsigned done(uint64_t settings)
{
	unsigned n = 0;

	for (size_t i = 0; i < view.nforwarders; i++) {
		const struct stat_forwarder *f = view.forwarder[i].page;

		n += overview_lives(&view, &f->head) &&
		     stat_get(&f->settings) >= settings;
	}
	return n;
}

static uint64_t flushed(void)
{
	uint64_t n = 0;

	for (size_t i = 0; i < view.nforwarders; i++)
		n += stat_get(&view.forwarder[i].page->flushed);
	return n;
}

/* Until all forwarders that run have taken the settings; returns how many have. */
static unsigned await(uint64_t settings, uint64_t until_ns)
{
	const struct timespec step = {.tv_nsec = LOOK_NS};

	for (;;) {
		view.mono_ns = clock_mono_ns();
		unsigned n = done(settings);
		if (n == forwarders_living(&view) || view.mono_ns >= until_ns)
			return n;
		nanosleep(&step, NULL);
	}
}

static void print(enum format format, const char *name, uint64_t settings, unsigned n,
	unsigned of, uint64_t entries)
{
	struct json j = {.out = stdout};

	if (format != FORMAT_JSON) {
		printf("%s: forgotten by %u of %u forwarders, %" PRIu64
		       " entries (settings %" PRIu64 ")\n",
			name, n, of, entries, settings);
		return;
	}
	json_begin(&j, NULL, '{');
	json_number(&j, "version", 1);
	json_string(&j, "name", name);
	json_number(&j, "settings", settings);
	json_number(&j, "forwarders", of);
	json_number(&j, "done", n);
	json_number(&j, "entries", entries);
	json_end(&j, '}');
	printf("\n");
}

/* Ask, and wait for those who carry it out. An exit status. */
static int flush(const char *path, const char *name, bool below, const struct options *o)
{
	static struct tell_reply reply;
	unsigned timeout_ms = o->timeout_ms > 0 ? o->timeout_ms : TIMEOUT_MS;
	uint64_t until_ns = clock_mono_ns() + timeout_ms * NS_PER_MS;
	uint64_t before = flushed(), settings;
	char line[REQUEST_LINE_MAX];
	const char *why;

	snprintf(line, sizeof(line), "flush %s%s", name, below ? " below" : "");
	int ret = tell(path, line, timeout_ms, &reply);
	if (ret < 0) {
		tell_complain(path, ret);
		return EXIT_UNREACHABLE;
	}
	if (!tell_ok(&reply, &why)) {
		ctl_complain("refused: %.*s", (int)strcspn(why, "\n"), why);
		return EXIT_REFUSED;
	}
	if (!tell_value(&reply, "settings", &settings)) {
		ctl_complain("%s: a reply that makes no sense", path);
		return EXIT_UNREACHABLE;
	}
	unsigned n = await(settings, until_ns);
	unsigned of = forwarders_living(&view);
	print(o->format, name, settings, n, of, flushed() - before);
	return n == of ? EXIT_OK : EXIT_NEGATIVE;
}

int ctl_flush(const struct verb *verb, int argc, char **argv)
{
	char instance[INSTANCE_MAX], path[TARGET_PATH_MAX];
	bool below = false;
	struct options o;
	const struct option_spec own[] = {{NULL, "--below", NULL, &below}};
	struct name name;
	int ret = options_parse(verb, argc, argv, own, ARRAY_LEN(own), &o);

	if (ret != 0)
		return options_exit(ret);
	if (o.nargs != 1) {
		ctl_complain("flush: say one name");
		return EXIT_USAGE;
	}
	if (name_parse(o.arg[0], &name) < 0) {
		ctl_complain("flush: '%s' is no domain name", o.arg[0]);
		return EXIT_USAGE;
	}
	char text[NAME_TEXT_MAX];
	name_text(name.wire, name.len, text, sizeof(text));
	if (!target_instance(&o, instance) || !target_socket(&o, instance, path))
		return EXIT_USAGE;
	if (!overview_open(&view, instance)) {
		overview_complain(instance);
		ret = EXIT_UNREACHABLE;
	} else {
		ret = flush(path, text, below, &o);
	}
	overview_close(&view);
	return ret;
}
