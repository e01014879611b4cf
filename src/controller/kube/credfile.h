/*
 * credfile.h - a file of credentials that may be replaced at any time (shell)
 *
 * Opened by its path for each reading, never kept open and never watched: kubelet swaps a
 * directory's symlink (WP-03). A reading that fails, or finds nothing that could be used,
 * keeps what was there. Regular files of at most 4 MiB.
 */
#ifndef KUBE_CREDFILE_H
#define KUBE_CREDFILE_H

#include "controller/kube/secret.h"

enum credfile_kind {
	CREDFILE_TOKEN, /* one word; white space around it is trimmed */
	CREDFILE_PEM,   /* at least one PEM block, none cut short */
	CREDFILE_TEXT,  /* anything but an empty file */
};

struct credfile {
	char *path; /* owned; "": no file, there is nothing to read */
	enum credfile_kind kind;
	struct secret content; /* the last good one; empty: none yet */
	uint64_t due_ns;       /* when it is to be read again; 0: now */
	char problem[256];     /* what was wrong with the last reading; "": nothing */
};

/* Nothing is read yet; the path is copied. */
void credfile_init(struct credfile *f, enum credfile_kind kind, const char *path);

/*
 * Read it if it is due at `now_ns` (monotonic), or in any case with `now`. True if the
 * content is another one than before. Due again after 50 s, after a failure in 1 s.
 */
bool credfile_refresh(struct credfile *f, uint64_t now_ns, bool now);

/* Wipe and free. */
void credfile_fini(struct credfile *f);

#endif
