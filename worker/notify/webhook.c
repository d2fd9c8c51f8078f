/* webhook.c: notices on their way over HTTP. */
#include "worker/notify/webhook.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/base/utf8.h"
#include "lib/store/notices.h"
#include "lib/util/hooksign.h"
#include "lib/util/http.h"
#include "lib/util/seal.h"

enum { GONE = 410, HEADERS_MAX = 6, TEXT_MAX = 255 };
static const int64_t longest_wait_ms = INT64_C(24) * 3600 * 1000;

static int64_t
patience_ms(const struct conf *conf)
{
	return conf->http.timeout_ms + 5000;
}

/* -- in the child -- */

/* The address and, behind a line end, what signs or opens. */
struct target {
	char *url, *secret;
};

static int
open_target(struct target *ret, struct arena *a, const struct conf *conf, const struct channel *c,
    struct err *e)
{
	struct err why = { .kind = ERR_DAMAGED };
	char *end;

	if (c->sealed == NULL ||
	    seal_open(&ret->url, a, conf->secret_key, c->sealed, c->sealed_size, &why) != 0) {
		if (why.kind == ERR_DAMAGED)
			return err_set(e, ERR_DAMAGED, "the address of this channel cannot be read "
			    "any more: enter it again");
		/* It can when the key is there again. */
		*e = why;
		return -1;
	}
	end = strchr(ret->url, '\n');
	ret->secret = end != NULL ? end + 1 : arena_dup(a, "");
	if (end != NULL)
		*end = '\0';
	return 0;
}

static int
sign(const char *headers[HEADERS_MAX], struct arena *a, const struct notice_due *due,
    const struct notice_message *m, const char *secret)
{
	struct hooksign what = { due->row.uuid, m->body, clock_now() / 1000, secret };
	char *signature;
	struct err e;

	if (hooksign_make(&signature, a, &what, &e) != 0)
		return -1;
	headers[1] = arena_printf(a, "webhook-id: %s", what.id);
	headers[2] = arena_printf(a, "webhook-timestamp: %" PRId64, what.timestamp_s);
	headers[3] = arena_printf(a, "webhook-signature: %s", signature);
	return 0;
}

/* In the text, in place. */
static void
hide(char *text, const char *what, size_t n)
{
	static const char instead[] = "…";

	for (char *at = text; (at = memmem(at, strlen(at), what, n)) != NULL;
	    at += strlen(instead)) {
		memmove(at + strlen(instead), at + n, strlen(at + n) + 1);
		memcpy(at, instead, strlen(instead));
	}
}

/* The head of it at the end of the text, where that was cut. Taking away more than was its head
 * does no harm: what is left of a head is found all the same. */
static void
drop_head(char *text, const char *what, size_t n)
{
	size_t length = strlen(text);

	for (size_t k = n < length ? n : length; k > 0; k--) {
		if (memcmp(text + length - k, what, k) == 0) {
			text[length - k] = '\0';
			return;
		}
	}
}

/* Servers tell what was asked for, and a channel's address is its secret: what stands behind the
 * host is not kept of an answer, be it whole or in pieces. */
static void
each_secret(char *text, const char *url, const char *secret,
    void (*away)(char *text, const char *what, size_t n))
{
	enum { SHORTEST = 6 };
	const char *host = strstr(url, "://"), *at = host != NULL ? host + 3 : url;

	at += strcspn(at, "/?#");
	if (strlen(at) >= SHORTEST)
		away(text, at, strlen(at));
	for (size_t n; *at != '\0'; at += n + (at[n] != '\0')) {
		n = strcspn(at, "/?&=#");
		if (n >= SHORTEST)
			away(text, at, n);
	}
	if (strlen(secret) >= SHORTEST)
		away(text, secret, strlen(secret));
}

static int
call(struct http_answer *answer, const struct conf *conf, const struct notice_due *due,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	const char *headers[HEADERS_MAX] = { NULL };
	struct notice_message m;
	struct target to;
	struct notice n;

	if (open_target(&to, a, conf, &due->channel, e) != 0 ||
	    notice_parse(&n, a, due->row.body, e) != 0 ||
	    notice_message(&m, a, due->channel.kind, to.url, &n, e) != 0)
		return -1;
	headers[0] = arena_printf(a, "Content-Type: %s", m.content_type);
	if (due->channel.kind == CHANNEL_WEBHOOK && sign(headers, a, due, &m, to.secret) != 0)
		return err_set(e, ERR_INPUT, "the secret of this channel is none: enter it again");
	if (due->channel.kind == CHANNEL_NTFY && *to.secret != '\0')
		headers[1] = arena_printf(a, "Authorization: Bearer %s", to.secret);
	if (http_send(answer, &conf->http,
	        &(struct http_request){ m.url, m.body, strlen(m.body), headers }, e) != 0)
		return -1;
	/* Heads first: of a text in which something is hidden they are no heads any more. */
	if (answer->cut)
		each_secret(answer->text, to.url, to.secret, drop_head);
	each_secret(answer->text, to.url, to.secret, hide);
	return 0;
}

static void
judge(struct webhook_answer *ret, const struct http_answer *answer)
{
	ret->status = answer->status;
	ret->retry_after_s = answer->retry_after_s;
	ret->sent = answer->status >= 200 && answer->status < 300;
	ret->final = answer->status == GONE;
	if (ret->sent)
		return;
	/* Cut only now that nothing secret is left that could be cut in two. */
	snprintf(ret->error, sizeof ret->error, "answered %d%s%s%.*s", answer->status,
	    answer->status / 100 == 3 ? " (redirects are not followed)" : "",
	    *answer->text != '\0' ? ": " : "", (int)utf8_cut(answer->text, TEXT_MAX), answer->text);
}

static NORETURN void
child(int out, const struct conf *conf, const struct notice_due *due)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	struct webhook_answer answer = { .sent = false };
	struct http_answer http = { .status = 0 };
	struct err e;
	sigset_t none;

	sigaction(SIGALRM, &plain, NULL);
	sigaction(SIGTERM, &plain, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* The catalogue's files and all else of the supervisor; its memory we leave alone. */
	if (out > 3)
		close_range(3, (unsigned)out - 1, 0);
	close_range((unsigned)out + 1, ~0U, 0);
	alarm((unsigned)(patience_ms(conf) / 1000));
	if (call(&http, conf, due, &e) == 0) {
		judge(&answer, &http);
	} else {
		answer.final = e.kind == ERR_INPUT || e.kind == ERR_DAMAGED;
		snprintf(answer.error, sizeof answer.error, "%.*s", WEBHOOK_ERROR_SIZE - 1, e.text);
	}
	FAULT("webhook.sent");
	_exit(fd_write_all(out, &answer, sizeof answer, &e) == 0 ? 0 : 1);
}

/* -- in the supervisor -- */

static int
start(struct webhook_slot *s, const struct conf *conf, const struct notice_due *due, struct err *e)
{
	pid_t parent = getpid(), pid;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(e, "make a pipe for a notice");
	pid = fork();
	if (pid < 0) {
		err_sys(e, "start a process for a notice");
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	if (pid == 0) {
		/* One that outlives the supervisor would be sent again by the next one. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		child(ends[1], conf, due);
	}
	close(ends[1]);
	*s = (struct webhook_slot){ .pid = pid, .fd = ends[0], .id = due->row.id,
		.channel = due->row.channel, .attempts = due->row.attempts + 1,
		.event = due->row.event };
	snprintf(s->uuid, sizeof s->uuid, "%s", due->row.uuid);
	return 0;
}

/* The child's process may have been reaped by the supervisor's own wait: that is fine. */
static void
put_away(struct webhook_slot *s)
{
	fd_close(&s->fd);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

/* Take the answer if it is there. */
static void
collect(struct webhook_slot *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, 0) <= 0)
		return;
	do
		n = read(s->fd, &s->answer, sizeof s->answer);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof s->answer) {
		s->answer = (struct webhook_answer){ .sent = false };
		snprintf(s->answer.error, sizeof s->answer.error, "no answer came in time");
	}
	s->answered = true;
	put_away(s);
}

/* When it is tried again; 0: it is given up. */
static int64_t
again_at(const struct webhook_slot *s, int64_t now)
{
	int64_t wait = s->answer.final ? -1 : notice_retry_ms(s->event, s->attempts);
	int64_t asked = s->answer.retry_after_s;

	if (wait < 0)
		return 0;
	if (asked > longest_wait_ms / 1000)
		asked = longest_wait_ms / 1000;
	return now + (asked * 1000 > wait ? asked * 1000 : wait);
}

/* Kept until the catalogue has it: one that went out and is forgotten would go out again. */
static int
record(struct webhook_slot *s, struct db *db, int64_t now, struct err *e)
{
	struct notice_row row = { .id = s->id, .uuid = s->uuid };
	struct notice_outcome o = { s->answer.sent, s->answer.status, s->answer.error,
		s->answer.sent ? 0 : again_at(s, now) };

	FAULT("webhook.answered");
	if (notices_tried(db, &row, &o, e) != 0)
		return err_in(e, "notice %" PRId64, s->id);
	if (o.sent)
		log_line(LOG_INFO, "notice.sent", "notice %" PRId64 " to channel %" PRId64, s->id,
		    s->channel);
	else
		log_line(LOG_WARN, "notice.not_sent", "notice %" PRId64 " to channel %" PRId64
		    ": %s", s->id, s->channel, s->answer.error);
	s->answered = false;
	return 0;
}

static struct webhook_slot *
free_slot(struct webhook_sender *s)
{
	for (size_t i = 0; i < WEBHOOK_AT_ONCE; i++)
		if (s->slots[i].pid == 0 && !s->slots[i].answered)
			return &s->slots[i];
	return NULL;
}

static bool
is_under_way(const struct webhook_sender *s, int64_t channel)
{
	for (size_t i = 0; i < WEBHOOK_AT_ONCE; i++)
		if ((s->slots[i].pid != 0 || s->slots[i].answered) &&
		    s->slots[i].channel == channel)
			return true;
	return false;
}

static int
start_due(struct webhook_sender *s, struct db *db, const struct conf *conf, int64_t now,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct webhook_slot *slot = free_slot(s);
	struct notice_due *due;
	size_t count;
	bool taken;

	if (slot == NULL || notices_due(&due, &count, a, db, now, e) != 0)
		return slot == NULL ? 0 : -1;
	for (size_t i = 0; i < count && slot != NULL; i++) {
		if (is_under_way(s, due[i].row.channel))
			continue;
		if (notices_take(&taken, db, &due[i].row, now + patience_ms(conf) + 1000, e) != 0)
			return -1;
		if (taken && start(slot, conf, &due[i], e) != 0)
			return -1;
		slot = free_slot(s);
	}
	return 0;
}

int
webhook_step(struct webhook_sender *s, struct db *db, const struct conf *conf, int64_t now,
    struct err *e)
{
	for (size_t i = 0; i < WEBHOOK_AT_ONCE; i++) {
		if (s->slots[i].pid != 0)
			collect(&s->slots[i]);
		if (s->slots[i].answered && record(&s->slots[i], db, now, e) != 0)
			return -1;
	}
	return start_due(s, db, conf, now, e);
}

bool
webhook_busy(const struct webhook_sender *s)
{
	for (size_t i = 0; i < WEBHOOK_AT_ONCE; i++)
		if (s->slots[i].pid != 0 || s->slots[i].answered)
			return true;
	return false;
}

void
webhook_stop(struct webhook_sender *s, struct db *db, int64_t now)
{
	struct err e;

	for (size_t i = 0; i < WEBHOOK_AT_ONCE; i++) {
		struct webhook_slot *slot = &s->slots[i];

		if (slot->pid == 0)
			continue;
		kill(slot->pid, SIGKILL);
		put_away(slot);
		/* If this fails, too, it is due when its time with us is over. */
		if (notices_tried(db, &(struct notice_row){ .id = slot->id, .uuid = slot->uuid },
		        &(struct notice_outcome){ .error = "", .again_at = now }, &e) != 0)
			log_line(LOG_WARN, "notice.put_back", "notice %" PRId64 ": %s", slot->id,
			    e.text);
	}
}
