#include "snap/stat.h"

#include "base/base.h"
#include "dns/type.h"

static const struct {
	uint16_t type;
	const char *text;
} qtypes[STAT_QTYPES - 1] = {
	{TYPE_A, "A"},
	{TYPE_AAAA, "AAAA"},
	{TYPE_SRV, "SRV"},
	{TYPE_PTR, "PTR"},
	{TYPE_CNAME, "CNAME"},
	{TYPE_TXT, "TXT"},
	{TYPE_SOA, "SOA"},
	{TYPE_NS, "NS"},
	{TYPE_MX, "MX"},
	{TYPE_HTTPS, "HTTPS"},
	{TYPE_SVCB, "SVCB"},
	{TYPE_DS, "DS"},
	{TYPE_DNSKEY, "DNSKEY"},
	{TYPE_CAA, "CAA"},
	{TYPE_ANY, "ANY"},
	{TYPE_AXFR, "AXFR"},
	{TYPE_IXFR, "IXFR"},
};

unsigned stat_qtype(uint16_t type)
{
	unsigned i = 0;

	while (i < ARRAY_LEN(qtypes) && qtypes[i].type != type)
		i++;
	return i;
}

const char *stat_qtype_text(unsigned index)
{
	if (index < ARRAY_LEN(qtypes))
		return qtypes[index].text;
	return index == ARRAY_LEN(qtypes) ? "other" : NULL;
}
