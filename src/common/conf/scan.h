/*
 * scan.h - our own reading of a configuration file, before libconfig's (inside of conf/)
 *
 * libconfig 1.5 reads 4294967301 as 5, "x\x00y" as "xy", and says of a fault "syntax
 * error" and the line where it gave up. So each file is first read here: where
 * everything stands (CF-03, CF-04), which numerals and strings would be misread (CF-01,
 * CF-07, CF-08), names given twice (CF-06). What is handed on is the same settings
 * written anew, without comments, with included files in their places (CF-05) and with
 * harmless values in place of bad ones, so that libconfig accepts it and one pass finds
 * everything. It differs from libconfig's language where that differs between releases
 * or hides mistakes: a string ends on the line where it begins, numbers have no leading
 * zeros, and no escapes are known but \\ \" \n \r \t \f \xHH.
 */
#ifndef CONF_SCAN_H
#define CONF_SCAN_H

#include "base/mem.h"
#include "conf/bundle.h"
#include "conf/report.h"

/* One value, in the order in which they begin: that of a walk down libconfig's tree. */
struct scan_item {
	struct place name;  /* of a setting; else as `value` */
	struct place value; /* where the value begins */
	const char *raw; /* as written, borrowed from the bundle; only the first string */
	size_t raw_len;
	bool bad; /* a finding about it was made: do not look at the value */
};

struct scan {
	struct scan_item *item; /* owned */
	size_t n;
	struct mem_buf text; /* for libconfig, NUL-terminated */
	bool failed;         /* a fault of syntax: text and items end early */
};

/*
 * Read the record `file` of the bundle and whatever it includes. Findings go to
 * *report; *out is owned by the caller, also if it failed.
 */
void scan_file(const uint8_t *bundle, size_t len, const struct bundle_record *file,
	struct conf_report *report, struct scan *out);

/* Free what scan_file() filled. */
void scan_fini(struct scan *s);

#endif
