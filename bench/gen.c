/*
 * gen - the generator: learns replies, asks at a constant rate and checks every reply, or
 * floods
 */
#include "gen.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static const struct {
	const char *name;
	int (*run)(const struct gen *g);
} modes[] = {
	{"learn", gen_learn},
	{"paced", gen_paced},
	{"flood", gen_flood},
};

static int usage(void)
{
	fputs("usage: gen learn -s ADDR:PORT -f QUESTIONS -o EXPECTATIONS\n"
	      "       gen paced -s ADDR:PORT -f EXPECTATIONS [-r RATE] [-t SECONDS] [-n "
	      "SOCKETS] [-w SECONDS]\n"
	      "       gen flood -s ADDR:PORT -f QUESTIONS [-t SECONDS] [-F]\n"
	      "  -s  whom to ask\n"
	      "  -f  lines of NAME TYPE [HEX ...], see question.h\n"
	      "  -e  with EDNS, payload size 1232\n"
	      "  -r  queries per second (20000)\n"
	      "  -t  seconds (10)\n"
	      "  -w  seconds after which a query is lost (2)\n"
	      "  -F  let the kernel drop and count the replies\n",
		stderr);
	return 2;
}

/* Options into *g; false: not understood. */
static bool parse(int argc, char **argv, struct gen *g, const char **file, bool *edns)
{
	int c;

	while ((c = getopt(argc, argv, "s:f:o:r:t:n:w:eF")) != -1) {
		if (c == 's' && udp_parse(optarg, &g->target) < 0)
			return false;
		else if (c == 'f')
			*file = optarg;
		else if (c == 'o')
			g->out = optarg;
		else if (c == 'r')
			g->rate = strtoul(optarg, NULL, 10);
		else if (c == 't')
			g->length_ns = (uint64_t)(strtod(optarg, NULL) * 1e9);
		else if (c == 'n')
			g->sockets = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'w')
			g->lost_ns = (uint64_t)(strtod(optarg, NULL) * 1e9);
		else if (c == 'e')
			*edns = true;
		else if (c == 'F')
			g->filter = true;
		else if (c == '?')
			return false;
	}
	return g->target.len != 0 && *file != NULL && g->rate > 0;
}

int main(int argc, char **argv)
{
	struct gen g = {
		.rate = 20000, .length_ns = 10 * NS_PER_S, .lost_ns = 2 * NS_PER_S};
	const char *file = NULL;
	bool edns = false;
	unsigned mode = 0;

	while (argc > 1 && mode < ARRAY_LEN(modes) &&
		strcmp(argv[1], modes[mode].name) != 0)
		mode++;
	if (argc < 2 || mode == ARRAY_LEN(modes) ||
		!parse(argc - 1, argv + 1, &g, &file, &edns) ||
		(mode == 0 && g.out == NULL))
		return usage();
	int ret = questions_read(file, edns, &g.questions);
	if (ret == 0)
		ret = modes[mode].run(&g);
	if (ret < 0 && ret != -ENOBUFS)
		fprintf(stderr, "gen: %s: %s\n", file, strerror(-ret));
	questions_fini(&g.questions);
	return ret < 0 ? 1 : 0;
}
