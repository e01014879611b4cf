/* steer.c - see steer.h */
#include "supervisor/steer.h"

#include <assert.h>

#include "supervisor/slots.h"

_Static_assert(3 + 2 * SLOTS_SHARES_MAX <= STEER_MAX, "room for every share");

static const struct sock_filter load_random = BPF_STMT(
	BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM));

uint16_t steer_program(
	const uint32_t *share, uint32_t n, uint32_t of, struct sock_filter *out)
{
	uint16_t len = 0;

	assert(n >= 1 && n <= of && of <= SLOTS_SHARES_MAX);
	out[len++] = load_random;
	out[len++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, n);
	if (n == of) {
		out[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
		return len;
	}
	/* Number i of those drawn among is share[i]: return it, or go on to the next. */
	for (uint32_t i = 0; i + 1 < n; i++) {
		out[len++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, i, 0, 1);
		out[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, share[i]);
	}
	out[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, share[n - 1]);
	return len;
}
