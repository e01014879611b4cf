/* version.c - the verbs that only talk about the program itself */
#include <stdio.h>

#include "ctl/options.h"
#include "snap/layout.h"

int ctl_version(const struct verb *v, int argc, char **argv)
{
	struct options o;
	int ret = options_parse(v, argc, argv, NULL, 0, &o);

	if (ret != 0)
		return options_exit(ret);
	if (o.format == FORMAT_JSON)
		printf("{\"version\":1,\"program\":\"%s\",\"layout\":%d}\n",
			PROGRAM_VERSION, SNAP_LAYOUT);
	else
		printf("shmdnsctl %s (shared memory layout %d)\n", PROGRAM_VERSION,
			SNAP_LAYOUT);
	return EXIT_OK;
}
