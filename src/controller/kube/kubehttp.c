#include "controller/kube/kubehttp.h"

#include <config.h>
#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/base.h"
#include "base/mem.h"

#define USER_TIMEOUT_MS  30000 /* WP-63 */
#define KEEPALIVE_PROBES 3
#define HEAD_OCTETS_MAX  ((size_t)64 << 10)
#define BUFFER_OCTETS    ((long)128 << 10) /* WP-74: large chunks parse fast */

struct kubehttp_transfer {
	struct kubehttp *http;
	CURL *easy;
	struct curl_slist *headers; /* secrets in it: wiped */
	struct curl_slist *connect_to;
	const struct kubehttp_handlers *handlers;
	void *arg;
	struct kubehttp_head head;
	size_t head_octets;
	bool headed;  /* on_head was called */
	bool stopped; /* on_body said so */
	bool gzip;
	char problem[CURL_ERROR_SIZE];
	LIST_ENTRY(kubehttp_transfer) link;
};

struct kubehttp {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	void (*on_drained)(void *arg);
	void *arg;
	LIST_HEAD(, kubehttp_transfer) transfers;
};

/* ---- the end of a transfer ---- */

static void wipe_list(struct curl_slist *list)
{
	for (struct curl_slist *l = list; l != NULL; l = l->next)
		explicit_bzero(l->data, strlen(l->data));
	curl_slist_free_all(list);
}

static void free_transfer(struct kubehttp_transfer *t)
{
	LIST_REMOVE(t, link);
	if (t->easy != NULL) {
		curl_multi_remove_handle(t->http->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	wipe_list(t->headers);
	curl_slist_free_all(t->connect_to);
	free(t);
}

static enum kubehttp_end end_of(const struct kubehttp_transfer *t, CURLcode code)
{
	if (t->stopped)
		return KUBEHTTP_STOPPED;
	switch (code) {
	case CURLE_OK:
		return KUBEHTTP_DONE;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return KUBEHTTP_CERTIFICATE;
	case CURLE_BAD_CONTENT_ENCODING:
		return KUBEHTTP_ENCODING;
	case CURLE_WRITE_ERROR: /* AF-03: a second member of gzip */
		return t->gzip ? KUBEHTTP_ENCODING : KUBEHTTP_FAILED;
	default:
		return KUBEHTTP_FAILED;
	}
}

static void end_transfer(struct kubehttp_transfer *t, CURLcode code)
{
	const struct kubehttp_handlers *handlers = t->handlers;
	enum kubehttp_end end = end_of(t, code);
	char problem[CURL_ERROR_SIZE] = "";
	void *arg = t->arg;

	if (code != CURLE_OK && !t->stopped)
		snprintf(problem, sizeof(problem), "%s",
			t->problem[0] != '\0' ? t->problem : curl_easy_strerror(code));
	free_transfer(t);
	handlers->on_end(arg, end, problem);
}

static void drain(struct kubehttp *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		struct kubehttp_transfer *t = NULL;
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		end_transfer(t, code);
	}
	h->on_drained(h->arg);
}

/* ---- what curl calls ---- */

static bool has_prefix(const char *s, size_t n, const char *prefix)
{
	size_t len = strlen(prefix);

	return n >= len && strncasecmp(s, prefix, len) == 0;
}

static const char *value_of(const char *line, size_t n, const char *name, size_t *len)
{
	if (!has_prefix(line, n, name))
		return NULL;
	line += strlen(name);
	n -= strlen(name);
	while (n > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		n--;
	}
	while (n > 0 &&
		(line[n - 1] == '\r' || line[n - 1] == '\n' || line[n - 1] == ' '))
		n--;
	*len = n;
	return line;
}

static void take_header(struct kubehttp_transfer *t, const char *line, size_t n)
{
	size_t len;
	const char *v;

	if (has_prefix(line, n, "HTTP/")) /* 1xx came before */
		t->head = (struct kubehttp_head){0};
	if ((v = value_of(line, n, "Content-Type:", &len)) != NULL)
		t->head.json = has_prefix(v, len, "application/json");
	if ((v = value_of(line, n, "Content-Encoding:", &len)) != NULL)
		t->head.encoded = len > 0 && !has_prefix(v, len, "identity") && !t->gzip;
}

static void finish_head(struct kubehttp_transfer *t)
{
	curl_off_t retry = 0;
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200)
		return;
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry);
	t->head.status = (unsigned)status;
	t->head.retry_after_s = (unsigned)MIN(MAX(retry, 0), 3600);
	t->headed = true;
	t->handlers->on_head(t->arg, &t->head);
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct kubehttp_transfer *t = arg;

	(void)size;
	t->head_octets += n;
	if (t->head_octets > HEAD_OCTETS_MAX)
		return 0;
	if (t->headed)
		return n; /* trailers */
	if (n <= 2 && (data[0] == '\r' || data[0] == '\n'))
		finish_head(t);
	else
		take_header(t, data, n);
	return n;
}

static size_t on_write(char *data, size_t size, size_t n, void *arg)
{
	struct kubehttp_transfer *t = arg;

	(void)size;
	if (t->handlers->on_body(t->arg, (const uint8_t *)data, n))
		return n;
	t->stopped = true;
	return n == 0 ? 1 : 0;
}

/* WP-63: what is sent and not acknowledged for so long ends the connection. */
static int on_socket_made(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	unsigned ms = USER_TIMEOUT_MS;
	int probes = KEEPALIVE_PROBES;

	(void)arg;
	(void)purpose;
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	return CURL_SOCKOPT_OK;
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct kubehttp *h = arg;
	int running, mask = 0;

	if ((what & EV_READ) != 0)
		mask |= CURL_CSELECT_IN;
	if ((what & EV_WRITE) != 0)
		mask |= CURL_CSELECT_OUT;
	curl_multi_socket_action(h->multi, fd, mask, &running);
	drain(h);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct kubehttp *h = arg;
	int running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	drain(h);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket)
{
	struct kubehttp *h = arg;
	struct event *ev = socket;
	short events = EV_PERSIST;

	(void)easy;
	if (ev != NULL)
		event_free(ev);
	curl_multi_assign(h->multi, fd, NULL);
	if (what == CURL_POLL_REMOVE)
		return 0;
	events |= (what & CURL_POLL_IN) != 0 ? EV_READ : 0;
	events |= (what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0;
	ev = event_new(h->base, fd, events, on_ready, h);
	if (ev == NULL)
		return -1;
	if (event_add(ev, NULL) < 0) {
		event_free(ev);
		return -1;
	}
	curl_multi_assign(h->multi, fd, ev);
	return 0;
}

static int on_timeout(CURLM *multi, long ms, void *arg)
{
	struct kubehttp *h = arg;
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	(void)multi;
	if (ms < 0)
		event_del(h->timer);
	else
		event_add(h->timer, &tv);
	return 0;
}

/* ---- requests ---- */

static int add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *more = curl_slist_append(*list, line);

	if (more == NULL)
		return -ENOMEM;
	*list = more;
	return 0;
}

static int set_headers(struct kubehttp_transfer *t, const struct kubehttp_request *r)
{
	const struct access_facts *a = r->access;
	const char *accept = "Accept: application/json";
	int ret;

	if (r->metadata && r->table)
		accept = "Accept: application/json;as=PartialObjectMetadataList;"
			 "g=meta.k8s.io;v=v1,application/json";
	else if (r->metadata)
		accept = "Accept: application/json;as=PartialObjectMetadata;"
			 "g=meta.k8s.io;v=v1,application/json";
	ret = add_header(&t->headers, accept);
	if (ret == 0 && a->token[0] != '\0') {
		struct mem_buf line = {0};

		mem_buf_put(&line, "Authorization: Bearer ", 22);
		mem_buf_put(&line, a->token, strlen(a->token) + 1);
		ret = add_header(&t->headers, (const char *)line.data);
		explicit_bzero(line.data, line.len);
		mem_buf_fini(&line);
	}
	for (size_t i = 0; i < a->nheaders && ret == 0; i++)
		ret = add_header(&t->headers, a->headers[i]);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	return ret;
}

static void set_blob(CURL *easy, CURLoption option, struct access_pem pem)
{
	struct curl_blob blob = {.len = pem.len, .flags = CURL_BLOB_COPY};

	if (pem.len == 0)
		return;
	memcpy(&blob.data, &pem.data, sizeof(blob.data));
	curl_easy_setopt(easy, option, &blob);
}

static void set_tls(CURL *easy, const struct access_facts *a)
{
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, a->insecure ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, a->insecure ? 0L : 2L);
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L); /* AF-05 */
	if (a->ca.len > 0) {
		/* The system's CAs are not ours: libcurl would trust both. */
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
		curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
		set_blob(easy, CURLOPT_CAINFO_BLOB, a->ca);
	}
	if (a->cert.len > 0) {
		curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM");
		curl_easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM");
		set_blob(easy, CURLOPT_SSLCERT_BLOB, a->cert);
		set_blob(easy, CURLOPT_SSLKEY_BLOB, a->key);
	}
}

static void set_login(CURL *easy, const struct access_facts *a)
{
	if (a->username[0] == '\0')
		return;
	curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
	curl_easy_setopt(easy, CURLOPT_USERNAME, a->username);
	curl_easy_setopt(easy, CURLOPT_PASSWORD, a->password);
}

static void set_connection(CURL *easy, const struct kubehttp_request *r)
{
	curl_easy_setopt(easy, CURLOPT_PROXY, r->access->proxy); /* "": none (WP-12) */
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)r->whole_ms);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 15L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket_made);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, r->alone ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, r->alone ? 1L : 0L);
}

static void set_transfer(struct kubehttp_transfer *t)
{
	CURL *easy = t->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->problem);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "shmdns/" PACKAGE_VERSION); /* AF-04 */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);        /* waits for no resolver */
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L); /* WP-13 */
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_OCTETS);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	if (t->gzip)
		curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
}

/* "NAME:VALUE" as a header or another line for curl. */
static int add_line(struct curl_slist **list, const char *a, const char *b, const char *c)
{
	struct mem_buf line = {0};
	int ret;

	mem_buf_put(&line, a, strlen(a));
	mem_buf_put(&line, b, strlen(b));
	mem_buf_put(&line, c, strlen(c) + 1);
	ret = add_header(list, (const char *)line.data);
	mem_buf_fini(&line);
	return ret;
}

/*
 * The certificate is checked for the name in the URL. Where that is another than the
 * server's (tls-server-name) the URL has it, CONNECT_TO the way there, and Host the
 * server's own name for proxies that go by it.
 */
static int rename_url(struct kubehttp_transfer *t, CURLU *url, const char *name)
{
	char *host = NULL, *port = NULL;
	int ret = -EINVAL;

	if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
		curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) !=
			CURLUE_OK ||
		curl_url_set(url, CURLUPART_HOST, name, 0) != CURLUE_OK)
		goto out;
	struct mem_buf to = {0};
	mem_buf_put(&to, host, strlen(host));
	mem_buf_put(&to, ":", 1);
	mem_buf_put(&to, port, strlen(port) + 1);
	/* "::HOST:PORT": from any host and port */
	ret = add_line(&t->connect_to, "::", (const char *)to.data, "");
	if (ret == 0)
		ret = add_line(&t->headers, "Host: ", (const char *)to.data, "");
	mem_buf_fini(&to);
	curl_easy_setopt(t->easy, CURLOPT_CONNECT_TO, t->connect_to);
out:
	curl_free(host);
	curl_free(port);
	return ret;
}

static int set_url(struct kubehttp_transfer *t, const struct kubehttp_request *r)
{
	const char *name = r->access->tls_server_name;
	bool https = strncmp(r->server, "https:", 6) == 0;
	CURLU *url = curl_url();
	char *whole = NULL;
	struct mem_buf text = {0};
	int ret = -EINVAL;

	mem_buf_put(&text, r->server, strlen(r->server));
	mem_buf_put(&text, r->path, strlen(r->path) + 1);
	if (url == NULL ||
		curl_url_set(url, CURLUPART_URL, (const char *)text.data, 0) != CURLUE_OK)
		goto out;
	if (name[0] != '\0' && rename_url(t, url, name) < 0)
		goto out;
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, https ? "https" : "http");
	if (curl_url_get(url, CURLUPART_URL, &whole, 0) == CURLUE_OK &&
		curl_easy_setopt(t->easy, CURLOPT_URL, whole) == CURLE_OK)
		ret = 0;
out:
	curl_free(whole);
	curl_url_cleanup(url);
	mem_buf_fini(&text);
	return ret;
}

static struct kubehttp_transfer *begin(struct kubehttp *h,
	const struct kubehttp_request *r, const struct kubehttp_handlers *handlers,
	void *arg, bool connect_only)
{
	struct kubehttp_transfer *t = mem_alloc(1, sizeof(*t));

	t->http = h;
	t->handlers = handlers;
	t->arg = arg;
	t->gzip = r->gzip && !r->access->no_compression;
	LIST_INSERT_HEAD(&h->transfers, t, link);
	t->easy = curl_easy_init();
	if (t->easy == NULL || set_url(t, r) < 0)
		goto out;
	set_transfer(t);
	set_connection(t->easy, r);
	set_tls(t->easy, r->access);
	set_login(t->easy, r->access);
	curl_easy_setopt(t->easy, CURLOPT_CONNECT_ONLY, connect_only ? 1L : 0L);
	if (set_headers(t, r) < 0 || curl_multi_add_handle(h->multi, t->easy) != CURLM_OK)
		goto out;
	return t;
out:
	free_transfer(t);
	return NULL;
}

struct kubehttp_transfer *kubehttp_get(struct kubehttp *h,
	const struct kubehttp_request *r, const struct kubehttp_handlers *handlers,
	void *arg)
{
	return begin(h, r, handlers, arg, false);
}

struct kubehttp_transfer *kubehttp_connect(struct kubehttp *h,
	const struct kubehttp_request *r, const struct kubehttp_handlers *handlers,
	void *arg)
{
	return begin(h, r, handlers, arg, true);
}

void kubehttp_cancel(struct kubehttp_transfer *t)
{
	free_transfer(t);
}

/* ---- open and close ---- */

int kubehttp_open(struct event_base *base, void (*on_drained)(void *arg), void *arg,
	struct kubehttp **out)
{
	struct kubehttp *h;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	h = mem_alloc(1, sizeof(*h));
	h->base = base;
	h->on_drained = on_drained;
	h->arg = arg;
	LIST_INIT(&h->transfers);
	h->multi = curl_multi_init();
	h->timer = evtimer_new(base, on_timer, h);
	if (h->multi == NULL || h->timer == NULL) {
		kubehttp_close(h);
		return -ENOMEM;
	}
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	*out = h;
	return 0;
}

void kubehttp_close(struct kubehttp *h)
{
	if (h == NULL)
		return;
	while (!LIST_EMPTY(&h->transfers))
		free_transfer(LIST_FIRST(&h->transfers));
	if (h->multi != NULL)
		curl_multi_cleanup(h->multi);
	if (h->timer != NULL)
		event_free(h->timer);
	free(h);
	curl_global_cleanup();
}
