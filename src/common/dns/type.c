/* type.c - mnemonics */
#include "dns/type.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/base.h"

static const struct {
	uint16_t number;
	const char *text;
} types[] = {
	{TYPE_A, "A"},
	{TYPE_NS, "NS"},
	{TYPE_CNAME, "CNAME"},
	{TYPE_SOA, "SOA"},
	{TYPE_PTR, "PTR"},
	{TYPE_HINFO, "HINFO"},
	{TYPE_MX, "MX"},
	{TYPE_TXT, "TXT"},
	{17, "RP"},
	{TYPE_AAAA, "AAAA"},
	{29, "LOC"},
	{TYPE_SRV, "SRV"},
	{35, "NAPTR"},
	{TYPE_DNAME, "DNAME"},
	{TYPE_OPT, "OPT"},
	{TYPE_DS, "DS"},
	{44, "SSHFP"},
	{TYPE_RRSIG, "RRSIG"},
	{TYPE_NSEC, "NSEC"},
	{TYPE_DNSKEY, "DNSKEY"},
	{TYPE_NSEC3, "NSEC3"},
	{51, "NSEC3PARAM"},
	{52, "TLSA"},
	{59, "CDS"},
	{60, "CDNSKEY"},
	{62, "CSYNC"},
	{63, "ZONEMD"},
	{TYPE_SVCB, "SVCB"},
	{TYPE_HTTPS, "HTTPS"},
	{99, "SPF"},
	{TYPE_TKEY, "TKEY"},
	{TYPE_TSIG, "TSIG"},
	{TYPE_IXFR, "IXFR"},
	{TYPE_AXFR, "AXFR"},
	{TYPE_MAILB, "MAILB"},
	{TYPE_MAILA, "MAILA"},
	{TYPE_ANY, "ANY"},
	{256, "URI"},
	{TYPE_CAA, "CAA"},
};

static const char *const rcodes[] = {
	[RCODE_NOERROR] = "NOERROR",
	[RCODE_FORMERR] = "FORMERR",
	[RCODE_SERVFAIL] = "SERVFAIL",
	[RCODE_NXDOMAIN] = "NXDOMAIN",
	[RCODE_NOTIMP] = "NOTIMP",
	[RCODE_REFUSED] = "REFUSED",
	[RCODE_YXDOMAIN] = "YXDOMAIN",
	[7] = "YXRRSET",
	[8] = "NXRRSET",
	[RCODE_NOTAUTH] = "NOTAUTH",
	[10] = "NOTZONE",
	[RCODE_BADVERS] = "BADVERS",
	[RCODE_BADCOOKIE] = "BADCOOKIE",
};

const char *type_text(uint16_t type, char buf[12])
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].number == type)
			return types[i].text;
	snprintf(buf, 12, "TYPE%u", (unsigned)type);
	return buf;
}

/* Decimal digits only, at most 65535; -1 otherwise. */
static int parse_number(const char *s)
{
	int v = 0;

	if (*s == '\0')
		return -1;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		v = v * 10 + (*s - '0');
		if (v > UINT16_MAX)
			return -1;
	}
	return v;
}

int type_parse(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcasecmp(types[i].text, text) == 0)
			return types[i].number;
	if (strncasecmp(text, "TYPE", 4) == 0)
		return parse_number(text + 4);
	return -1;
}

const char *rcode_text(unsigned rcode, char buf[12])
{
	if (rcode < ARRAY_LEN(rcodes) && rcodes[rcode] != NULL)
		return rcodes[rcode];
	snprintf(buf, 12, "RCODE%u", rcode & 0xffff);
	return buf;
}

const char *ede_text(unsigned code)
{
	static const char *const words[] = {"Other", "Unsupported DNSKEY Algorithm",
		"Unsupported DS Digest Type", "Stale Answer", "Forged Answer",
		"DNSSEC Indeterminate", "DNSSEC Bogus", "Signature Expired",
		"Signature Not Yet Valid", "DNSKEY Missing", "RRSIGs Missing",
		"No Zone Key Bit Set", "NSEC Missing", "Cached Error", "Not Ready",
		"Blocked", "Censored", "Filtered", "Prohibited", "Stale NXDOMAIN Answer",
		"Not Authoritative", "Not Supported", "No Reachable Authority",
		"Network Error", "Invalid Data"};

	return code < ARRAY_LEN(words) ? words[code] : NULL;
}
