#include "forwarder/exchange.h"

#include "base/mem.h"
#include "forwarder/kept.h"
#include "forwarder/tcp.h"
#include "forwarder/udp.h"

struct exchanges {
	struct exchange exchange[FWDTAB_EXCHANGES];
};

struct exchanges *exchange_table(void)
{
	return mem_alloc(1, sizeof(struct exchanges));
}

struct exchange *exchange_of(struct forwarder *f, uint32_t number)
{
	return &f->exchanges->exchange[number];
}

int exchange_send(void *arg, const struct fwdtab_send *s, uint16_t *id)
{
	struct forwarder *f = arg;

	exchange_close(f, s->exchange);
	if (s->transport != EXCHANGE_UDP)
		return tcp_send(f->tcp, s, id);
	if (s->group->reuse_sockets)
		return kept_send(f->kept, s, id);
	return udp_send(f->udp, s, id);
}

void exchange_close(void *arg, uint32_t number)
{
	struct forwarder *f = arg;
	struct exchange e = *exchange_of(f, number);

	*exchange_of(f, number) = (struct exchange){0};
	switch (e.carrier) {
	case CARRIER_UDP:
		udp_close(f->udp, number);
		break;
	case CARRIER_KEPT:
		kept_close(f->kept, e.index, e.place);
		break;
	case CARRIER_TCP:
		tcp_close(f->tcp, e.index, e.place);
		break;
	default:
		break;
	}
}

void exchange_failed(
	struct forwarder *f, uint32_t number, enum fwdtab_error why, const char *text)
{
	*exchange_of(f, number) = (struct exchange){0};
	fwdtab_error(f->table, number, why, text, forwarder_now(f));
}
