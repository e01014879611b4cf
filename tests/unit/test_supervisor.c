/*
 * test_supervisor.c - what the supervisor reads of the kernel: addresses, sockets
 */
#include <errno.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "supervisor/addresses.h"
#include "supervisor/holder.h"

#include "support.h"

/* A dump in the making. */
static struct {
	_Alignas(8) uint8_t octets[1024];
	size_t len;
} dump;

static void add_attribute(uint16_t type, const void *data, size_t len)
{
	struct rtattr a = {.rta_type = type, .rta_len = (uint16_t)(sizeof(a) + len)};

	memcpy(dump.octets + dump.len, &a, sizeof(a));
	memcpy(dump.octets + dump.len + sizeof(a), data, len);
	dump.len += RTA_ALIGN(a.rta_len);
}

/* One RTM_NEWADDR with up to two addresses (NULL: without) and flags. */
static void add_address(
	int family, uint32_t flags, const uint8_t *address, const uint8_t *local)
{
	size_t at = dump.len, len = family == AF_INET ? 4 : 16;
	struct ifaddrmsg m = {.ifa_family = (uint8_t)family, .ifa_index = 7};
	struct nlmsghdr h = {.nlmsg_type = RTM_NEWADDR};

	dump.len += sizeof(h);
	memcpy(dump.octets + dump.len, &m, sizeof(m));
	dump.len += sizeof(m);
	if (address != NULL)
		add_attribute(IFA_ADDRESS, address, len);
	if (local != NULL)
		add_attribute(IFA_LOCAL, local, len);
	add_attribute(IFA_FLAGS, &flags, sizeof(flags));
	h.nlmsg_len = (uint32_t)(dump.len - at);
	memcpy(dump.octets + at, &h, sizeof(h));
}

static void add_done(void)
{
	struct nlmsghdr h = {.nlmsg_type = NLMSG_DONE, .nlmsg_len = sizeof(h)};

	memcpy(dump.octets + dump.len, &h, sizeof(h));
	dump.len += sizeof(h);
}

static const uint8_t ours[16] = {10, 0, 0, 1}, peers[16] = {10, 0, 0, 2};
static const uint8_t global[16] = {0xfd, [15] = 1},
		     link_local[16] = {0xfe, 0x80, [15] = 1};

static const struct {
	const char *what;
	int family;
	uint32_t flags;
	const uint8_t *address, *local;
	const uint8_t *expect; /* NULL: none */
	uint32_t scope;
} rows[] = {
	{"IPv4 has both", AF_INET, 0, ours, ours, ours, 0},
	{"point to point: local is ours", AF_INET, 0, peers, ours, ours, 0},
	{"IPv6 has one", AF_INET6, IFA_F_PERMANENT, global, NULL, global, 0},
	{"link-local: by interface", AF_INET6, 0, link_local, NULL, link_local, 7},
	{"tentative: not yet", AF_INET6, IFA_F_TENTATIVE, global, NULL, NULL, 0},
	{"a duplicate: never", AF_INET6, IFA_F_DADFAILED, global, NULL, NULL, 0},
	{"no address at all", AF_INET, 0, NULL, NULL, NULL, 0},
	{"another family", AF_PACKET, 0, global, NULL, NULL, 0},
};

START_TEST(addresses_of_a_dump)
{
	struct addresses l = {0};

	dump.len = 0;
	add_address(rows[_i].family, rows[_i].flags, rows[_i].address, rows[_i].local);
	ck_assert_int_eq(addresses_parse(dump.octets, dump.len, &l), 1);
	add_done();
	addresses_fini(&l);
	ck_assert_int_eq(addresses_parse(dump.octets, dump.len, &l), 0);
	ck_assert_msg(l.n == (rows[_i].expect != NULL), "%s", rows[_i].what);
	if (rows[_i].expect != NULL) {
		ck_assert_mem_eq(l.a[0].addr, rows[_i].expect, 16);
		ck_assert_uint_eq(l.a[0].family, (unsigned)rows[_i].family);
		ck_assert_uint_eq(l.a[0].scope, rows[_i].scope);
	}
	addresses_fini(&l);
}
END_TEST

/* Every cut of a dump is refused or taken as unfinished; nothing is read past it. */
START_TEST(addresses_of_a_cut_dump)
{
	struct addresses l = {0};

	dump.len = 0;
	add_address(AF_INET, 0, peers, ours);
	add_address(AF_INET6, 0, global, NULL);
	add_done();
	for (size_t cut = 0; cut < dump.len; cut++) {
		uint8_t *copy = exact_copy(dump.octets, cut);
		int ret = addresses_parse(copy, cut, &l);

		ck_assert_msg(ret == 1 || ret == -EBADMSG, "cut %zu: %d", cut, ret);
		free(copy);
	}
	addresses_fini(&l);
}
END_TEST

START_TEST(addresses_without_doubles)
{
	struct addresses l = {0};

	dump.len = 0;
	for (int k = 0; k < 3; k++) {
		add_address(AF_INET, 0, peers, NULL);
		add_address(AF_INET, 0, ours, NULL);
	}
	add_done();
	ck_assert_int_eq(addresses_parse(dump.octets, dump.len, &l), 0);
	ck_assert_uint_eq(l.n, 6);
	addresses_sort(&l);
	ck_assert_uint_eq(l.n, 2);
	ck_assert_mem_eq(l.a[0].addr, ours, 16);
	ck_assert_mem_eq(l.a[1].addr, peers, 16);
	addresses_fini(&l);
}
END_TEST

/* The kernel's own list: this machine has a loopback, or no addresses at all. */
START_TEST(addresses_of_this_machine)
{
	struct addresses l = {0};

	ck_assert_int_eq(addresses_list(&l), 0);
	for (size_t i = 1; i < l.n; i++)
		ck_assert_int_lt(memcmp(&l.a[i - 1], &l.a[i], sizeof(l.a[0])), 0);
	addresses_fini(&l);
}
END_TEST

#define HEADING                                                                          \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   " \
	"uid  timeout inode ref pointer drops"
#define REST " 07 00000000:00000000 00:00000000 00000000   101        0 21394 2 0 0"

/* Words stand as a little-endian machine prints them. */
static const struct {
	const char *line;
	unsigned words;
	bool ok;
	uint8_t addr[16];
} lines[] = {
	{HEADING, 1, false, {0}},
	{"", 1, false, {0}},
	{" 123: 3500007F:0035 00000000:0000" REST, 1, true, {127, 0, 0, 53}},
	{" 123: 3500007F:0035 00000000:0000" REST, 4, false, {0}},
	{"  9: 000080FE000000000000000001000000:0035 "
	 "00000000000000000000000000000000:0000" REST,
		4, true, {0xfe, 0x80, [15] = 1}},
	{"  9: 000080FE0000000000000000010000:0035 "
	 "00000000000000000000000000000000:0000" REST,
		4, false, {0}},
};

START_TEST(lines_of_proc)
{
	struct holder_socket s = {.port = 7};
	const struct {
		uint32_t one;
	} order = {1};
	uint8_t first;

	memcpy(&first, &order, 1);
	bool ok = holder_parse(lines[_i].line, lines[_i].words, &s);
	ck_assert_int_eq(ok, lines[_i].ok);
	ck_assert_uint_eq(s.port, ok ? 53 : 7);
	if (!ok)
		return;
	ck_assert_uint_eq(s.uid, 101);
	ck_assert_uint_eq(s.inode, 21394);
	if (first == 1)
		ck_assert_mem_eq(s.addr, lines[_i].addr, 16);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("supervisor");

	tcase_add_loop_test(tc, addresses_of_a_dump, 0, ARRAY_LEN(rows));
	tcase_add_test(tc, addresses_of_a_cut_dump);
	tcase_add_test(tc, addresses_without_doubles);
	tcase_add_test(tc, addresses_of_this_machine);
	tcase_add_loop_test(tc, lines_of_proc, 0, ARRAY_LEN(lines));
	return run_case("supervisor", tc);
}
