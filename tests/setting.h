/*
 * setting.h - a file that sets one key of no list: a = { b = VALUE; };
 */
#ifndef TESTS_SETTING_H
#define TESTS_SETTING_H

#include <stdio.h>
#include <string.h>

/* What stands before the value of the key "a.b". */
static inline void setting_begin(const char *path, FILE *out)
{
	for (; *path != '\0'; path++) {
		if (*path == '.')
			fputs(" = { ", out);
		else
			fputc(*path, out);
	}
	fputs(" = ", out);
}

/* ... and behind it. */
static inline void setting_end(const char *path, FILE *out)
{
	fputc(';', out);
	while ((path = strchr(path, '.')) != NULL) {
		fputs(" };", out);
		path++;
	}
}

#endif
