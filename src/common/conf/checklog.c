/* checklog.c - the part of check.c that is about logs (SM-01) */
#include <regex.h>

#include "base/pattern.h"
#include "conf/check.h"

void check_consolidate_rule(
	struct parse *p, const struct value *v, const struct conf_consolidate *rule)
{
	static const char path[] = "errors.consolidate[].match";
	const struct place *at = &p->given[schema_find(path) - schema];
	char shown[256], why[128];
	regex_t re;

	if (rule->match == NULL || rule->match[0] == '\0')
		return; /* that was said already */
	if (pattern_compile(rule->match, &re, why, sizeof(why))) {
		regfree(&re);
		return;
	}
	snprintf(shown, sizeof(shown), "%s.match", v->path);
	report_add(p->report, CONF_ERROR, at->file != NULL ? at : &v->item->value, shown,
		"\"%s\" is no regular expression: %s — see regex(7)", rule->match, why);
}
