/*
 * target.h - which instance or server is meant, from -i and -c (shell)
 */
#ifndef CTL_TARGET_H
#define CTL_TARGET_H

#include "base/pair.h"
#include "ctl/ask.h"
#include "ctl/options.h"

#define TARGET_PATH_MAX 512

/*
 * The name of the instance: -i, else that of the file named by -c, else "default". False
 * with a message if the file has errors or the name is none.
 */
bool target_instance(const struct options *o, char out[INSTANCE_MAX]);

/*
 * The same for verbs that change nothing, or whose business the errors are: of a file
 * with errors it is enough what its lines seem to say, with a message that says so.
 */
bool target_guess(const struct options *o, char out[INSTANCE_MAX]);

/*
 * The control socket of `instance`: -s, else in the run_dir of the file named by -c, if
 * it has no errors, else in that of the appliance that runs, else where run_dir is by
 * default. False with a message.
 */
bool target_socket(
	const struct options *o, const char *instance, char out[TARGET_PATH_MAX]);

/*
 * The first listening address of a configuration file, the wildcard as loopback. False
 * with a message.
 */
bool target_listen(const char *config, struct server *out);

#endif
