/*
 * confmem.h - the configuration, read once into a sealed memory file (shell)
 *
 * All files are read once; we and the controller parse the same octets. The memory file
 * is sealed against writing, growing and shrinking before anybody else gets it.
 */
#ifndef SUPERVISOR_CONFMEM_H
#define SUPERVISOR_CONFMEM_H

#include <stdint.h>

#include "base/log.h"
#include "conf/conf.h"

/* One reading of the files. */
struct confmem {
	int fd;          /* owned: the sealed memory file */
	uint32_t number; /* of this reading: 1 at the start, one more with each reload */
	uint8_t digest[SHA256_OCTETS]; /* of the files; also of those with errors */
	struct conf conf;
};

/*
 * Read and parse `path` and its conf.d. 0 with *out owned by the caller, warnings in
 * *report; -EINVAL: errors stand in *report; -errno: a file could not be read (logged).
 * *report is the caller's in either case. Only the first reading (number 1) may be of a
 * pipe.
 */
int confmem_load(const char *path, uint32_t number, struct confmem *out,
	struct conf_report *report);

/* The same of files that were read already; nothing is logged but a lack of memory. */
int confmem_of(const struct conf_bundle *bundle, uint32_t number, struct confmem *out,
	struct conf_report *report);

/* What may be named at the start but not read again: to open a FIFO would stop us. */
bool confmem_is_pipe(const char *path);

/* Close the memory file and free the settings; fd is -1 then. */
void confmem_close(struct confmem *c);

/* How these settings want logs; `quiet`: warnings and errors only, whatever they say. */
struct log_style confmem_style(const struct confmem *c, bool quiet);

/* One log line for each finding of a report. */
void confmem_log(const struct conf_report *report);

/*
 * One line for each setting that is read at the start only and differs from what that
 * start, `running`, has read. Returns how many.
 */
uint32_t confmem_log_restart(const struct conf *running, const struct conf *fresh);

#endif
