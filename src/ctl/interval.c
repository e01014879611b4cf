#include "ctl/interval.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "ctl/ctl.h"

#define DIGITS_MAX 9

bool interval_parse(const char *what, const char *text, uint64_t *ns)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} units[] = {{"", NS_PER_S}, {"s", NS_PER_S}, {"ms", NS_PER_MS}, {"us", 1000}};
	const size_t n = strspn(text, "0123456789");

	for (size_t i = 0; i < ARRAY_LEN(units) && n > 0 && n <= DIGITS_MAX; i++) {
		if (strcmp(text + n, units[i].text) != 0)
			continue;
		const uint64_t value = strtoull(text, NULL, 10) * units[i].ns;

		if (value == 0 || value > 3600 * NS_PER_S)
			break;
		*ns = value;
		return true;
	}
	ctl_complain("%s must be a time such as 1s, 500ms or 30us, not '%s'", what, text);
	return false;
}
