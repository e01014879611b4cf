/*
 * tempdir.h - a temporary directory that is the working directory, and files in it
 */
#ifndef UNIT_TEMPDIR_H
#define UNIT_TEMPDIR_H

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

static char tempdir[64];

static inline void tempdir_enter(void)
{
	snprintf(tempdir, sizeof(tempdir), "/tmp/shmdns-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(tempdir));
	ck_assert_int_eq(chdir(tempdir), 0);
}

static inline int tempdir_remove(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void tempdir_leave(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	nftw(tempdir, tempdir_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* A file of that text, in place of what was there. */
static inline void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

#endif
