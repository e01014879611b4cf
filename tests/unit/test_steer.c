/*
 * test_steer.c - steering programs, run by a small interpreter of the instructions used
 */
#include "supervisor/steer.h"
#include "supervisor/slots.h"

#include "support.h"

/* What the program returns where the kernel's random number is `random`. */
static uint32_t run(const struct sock_filter *p, uint16_t len, uint32_t random)
{
	uint32_t a = 0;

	for (uint16_t pc = 0; pc < len; pc++) {
		switch (p[pc].code) {
		case BPF_LD | BPF_W | BPF_ABS:
			ck_assert_uint_eq(
				p[pc].k, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM));
			a = random;
			break;
		case BPF_ALU | BPF_MOD | BPF_K:
			a %= p[pc].k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc = (uint16_t)(pc + (a == p[pc].k ? p[pc].jt : p[pc].jf));
			break;
		case BPF_RET | BPF_A:
			return a;
		case BPF_RET | BPF_K:
			return p[pc].k;
		default:
			ck_abort_msg("instruction %u: code %u", pc, p[pc].code);
		}
	}
	ck_abort_msg("ran off the end");
	return 0;
}

static const struct {
	uint32_t n, of;
	uint32_t share[4];
} cases[] = {
	{1, 1, {0}},
	{2, 2, {0, 1}},
	{4, 4, {0, 1, 2, 3}},
	{1, 2, {0}},
	{1, 2, {1}},
	{3, 4, {0, 2, 3}},
	{2, 9, {3, 8}},
};

/* Random number r gives the share at r mod n: each as often as the others. */
START_TEST(draws_evenly)
{
	struct sock_filter p[STEER_MAX];
	uint16_t len = steer_program(cases[_i].share, cases[_i].n, cases[_i].of, p);

	for (uint32_t r = 0; r < 1000; r++)
		ck_assert_uint_eq(run(p, len, r), cases[_i].share[r % cases[_i].n]);
	ck_assert_uint_lt(run(p, len, UINT32_MAX), cases[_i].of);
}
END_TEST

/* The longest program: all shares but one. */
START_TEST(longest)
{
	struct sock_filter p[STEER_MAX];
	uint32_t share[SLOTS_SHARES_MAX];
	const uint32_t n = SLOTS_SHARES_MAX - 1;

	for (uint32_t i = 0; i < n; i++)
		share[i] = i + 1;
	uint16_t len = steer_program(share, n, SLOTS_SHARES_MAX, p);
	ck_assert_uint_le(len, STEER_MAX);
	for (uint32_t r = 0; r < 2 * n; r++)
		ck_assert_uint_eq(run(p, len, r), r % n + 1);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("steer");

	tcase_add_loop_test(tc, draws_evenly, 0, ARRAY_LEN(cases));
	tcase_add_test(tc, longest);
	return run_case("steer", tc);
}
