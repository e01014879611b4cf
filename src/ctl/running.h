/*
 * running.h - which configuration runs, and what became of the last reload (shell)
 *
 * From the supervisor's stat page, which is hostile: copied in one piece, texts without
 * control characters.
 */
#ifndef CTL_RUNNING_H
#define CTL_RUNNING_H

#include "base/pair.h"
#include "base/sha256.h"
#include "ctl/json.h"
#include "snap/stat.h"

#define RUNNING_SHORT 13 /* octets of the first digits of a digest, with the NUL */

struct running {
	/* What runs. */
	uint64_t number;
	uint8_t digest[SHA256_OCTETS];
	uint64_t wall_ns; /* since then */
	bool last_good;   /* for want of a file without errors */
	uint64_t fd;      /* the supervisor's, of the memory file */
	uint64_t restart; /* keys that wait for the next start */
	uint64_t workers, addresses;
	char path[8 * STAT_PATH_WORDS], kept[8 * STAT_PATH_WORDS];
	char run_dir[8 * STAT_PATH_WORDS];
	/* The last reload that ended. */
	uint64_t reload; /* its number; 0: there was none */
	uint64_t outcome, reload_config, workers_was, added, removed;
	char refusal[8 * STAT_REFUSAL_WORDS];
};

/* The pages of an appliance that runs. */
struct running_pages {
	char instance[INSTANCE_MAX];
	const struct stat_supervisor *supervisor; /* mapped */
	const struct stat_controller *controller; /* mapped; NULL: there is none */
};

/*
 * Map those of the instance that is meant: -i, else that of the file named by -c, which
 * may have errors, else "default". EXIT_OK; else the exit status, said on stderr.
 * running_close() ends it in any case.
 */
struct options;
int running_open(const struct options *o, struct running_pages *p);
void running_close(struct running_pages *p);

/* False: it cannot be read in one piece, whose writer died, perhaps. */
bool running_read(const struct stat_supervisor *page, struct running *out);

/* The first digits of the digest, into `out`; returns it. */
const char *running_short(const struct running *r, char out[RUNNING_SHORT]);

/* The length of the first line of the refusal. */
int running_first(const struct running *r);

/* All of it as members of the object that is open. */
void running_json(struct json *j, const struct running *r);

#endif
