#include "controller/kube/timestamp.h"

#include <string.h>

bool timestamp_digits(const char **p, unsigned n, unsigned *out)
{
	*out = 0;
	for (; n > 0; n--, ++*p) {
		if (**p < '0' || **p > '9')
			return false;
		*out = *out * 10 + (unsigned)(**p - '0');
	}
	return true;
}

bool timestamp_unix(const struct moment *m, uint64_t *out)
{
	if (m->year < 1970 || m->month < 1 || m->month > 12 || m->day < 1 ||
		m->day > 31 || m->hour > 23 || m->minute > 59 || m->second > 60)
		return false;
	/* Days since 1970 in the Gregorian calendar, years that begin in March. */
	const unsigned year = m->month > 2 ? m->year : m->year - 1;
	const unsigned month = (m->month + 9) % 12;
	const uint64_t days = (uint64_t)year * 365 + year / 4 - year / 100 + year / 400 +
	                      (month * 153 + 2) / 5 + m->day - 1 - 719468;

	*out = days * 86400 + m->hour * 3600 + m->minute * 60 + m->second;
	return true;
}

/* "Z", "+01:00", "-01:00" as seconds to subtract. */
static bool take_offset(const char *p, int64_t *offset)
{
	unsigned hours, minutes;
	const char sign = *p++;

	*offset = 0;
	if (sign == 'Z' || sign == 'z')
		return *p == '\0';
	if (sign != '+' && sign != '-')
		return false;
	if (!timestamp_digits(&p, 2, &hours) || *p++ != ':' ||
		!timestamp_digits(&p, 2, &minutes) || *p != '\0' || hours > 23 ||
		minutes > 59)
		return false;
	*offset = (int64_t)(hours * 3600 + minutes * 60) * (sign == '+' ? 1 : -1);
	return true;
}

bool timestamp_parse(const char *text, uint64_t *unix_s)
{
	struct moment m;
	const char *p = text;
	uint64_t local;
	int64_t offset;

	if (!timestamp_digits(&p, 4, &m.year) || *p++ != '-' ||
		!timestamp_digits(&p, 2, &m.month) || *p++ != '-' ||
		!timestamp_digits(&p, 2, &m.day) || (*p != 'T' && *p != 't'))
		return false;
	p++;
	if (!timestamp_digits(&p, 2, &m.hour) || *p++ != ':' ||
		!timestamp_digits(&p, 2, &m.minute) || *p++ != ':' ||
		!timestamp_digits(&p, 2, &m.second))
		return false;
	if (*p == '.') {
		const size_t digits = strspn(p + 1, "0123456789");

		if (digits == 0)
			return false;
		p += 1 + digits;
	}
	if (!take_offset(p, &offset) || !timestamp_unix(&m, &local) ||
		(offset > 0 && local < (uint64_t)offset))
		return false;
	*unix_s = local - (uint64_t)offset;
	return true;
}
