/* mail_send.c: the outbox on its way: one mail, one child process. */
#include "worker/notify/mail.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/store/outbox.h"
#include "lib/util/seal.h"
#include "lib/util/smtp.h"

/* What the child says, in one write. */
struct answer {
	int rc;
	struct err why;
};

/* A conversation has a handful of steps, each with its own time-out; connecting has none. */
static unsigned
patience_s(const struct conf *conf)
{
	return (unsigned)(conf->mail.timeout_ms * 6 / 1000 + 5);
}

/* Only here is the key read that opens the message. */
static int
send_sealed(const struct conf *conf, const struct outbox_mail *m, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct mail mail = { .message_id = m->message_id, .recipient = m->recipient };
	char *message;

	if (seal_open(&message, a, conf->secret_key, m->message, m->message_size, e) != 0)
		return err_in(e, "open the sealed mail");
	mail.message = message;
	mail.message_size = strlen(message);
	return smtp_send(&conf->mail, &mail, e);
}

static NORETURN void
child(int out, const struct conf *conf, const struct outbox_mail *m)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	struct answer answer = { 0 };
	struct err ignored;
	sigset_t none;

	sigaction(SIGALRM, &plain, NULL);
	sigaction(SIGTERM, &plain, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* The catalogue's files and all else of the supervisor; its memory we leave alone. */
	if (out > 3)
		close_range(3, (unsigned)out - 1, 0);
	close_range((unsigned)out + 1, ~0U, 0);
	alarm(patience_s(conf));
	answer.rc = send_sealed(conf, m, &answer.why);
	if (fd_write_all(out, &answer, sizeof answer, &ignored) != 0)
		_exit(1);
	_exit(0);
}

static int
start(struct mail_sender *s, const struct conf *conf, const struct outbox_mail *m, struct err *e)
{
	pid_t parent = getpid(), pid;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_sys(e, "make a pipe for a mail");
	pid = fork();
	if (pid < 0) {
		err_sys(e, "start a process for a mail");
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	if (pid == 0) {
		/* A mail that outlives the supervisor would be sent again by the next one. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		child(ends[1], conf, m);
	}
	close(ends[1]);
	*s = (struct mail_sender){ .pid = pid, .fd = ends[0], .id = m->id };
	return 0;
}

static int
start_next(struct mail_sender *s, struct db *db, const struct conf *conf, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct outbox_mail m;

	if (outbox_next(&m, a, db, patience_s(conf) * INT64_C(1000), e) != 0)
		return err_in(e, "outbox");
	return m.id == 0 ? 0 : start(s, conf, &m, e);
}

/* The child's process may have been reaped by the supervisor's own wait: that is fine. */
static void
put_away(struct mail_sender *s)
{
	fd_close(&s->fd);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

/* Take the answer if it is there; s->pid stays set while it is not. */
static void
collect(struct mail_sender *s, const struct conf *conf)
{
	struct answer answer;
	ssize_t n;

	do
		n = read(s->fd, &answer, sizeof answer);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof answer) {
		s->rc = answer.rc;
		s->why = answer.why;
	} else {
		s->rc = err_set(&s->why, ERR_BUSY, "the mail server did not answer within %u s",
		    patience_s(conf));
	}
	s->answered = true;
	put_away(s);
}

/* A refusal for good, or a mail that no key opens any more: trying again is of no use. */
static bool
is_final(enum err_kind kind)
{
	return kind == ERR_INPUT || kind == ERR_DAMAGED;
}

/* Kept until the catalogue has it: a sent mail that is forgotten would go out again. */
static int
record(struct mail_sender *s, struct db *db, struct err *e)
{
	if (s->rc == 0 && outbox_sent(db, s->id, e) != 0)
		return err_in(e, "outbox");
	if (s->rc != 0 && outbox_not_sent(db, s->id, s->why.text, is_final(s->why.kind), e) != 0)
		return err_in(e, "outbox");
	if (s->rc == 0)
		log_line(LOG_INFO, "mail.sent", "mail %" PRId64, s->id);
	else
		log_line(LOG_WARN, "mail.not_sent", "mail %" PRId64 ": %s", s->id, s->why.text);
	s->answered = false;
	return 0;
}

static bool
has_answer(const struct mail_sender *s, int timeout_ms)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) > 0;
}

int
mail_send_step(struct mail_sender *s, struct db *db, const struct conf *conf, struct err *e)
{
	if (s->pid != 0 && !s->answered) {
		if (!has_answer(s, 0))
			return 0;
		collect(s, conf);
	}
	if (s->answered && record(s, db, e) != 0)
		return -1;
	return start_next(s, db, conf, e);
}

int
mail_send_next(bool *tried, struct db *db, const struct conf *conf, struct err *e)
{
	struct mail_sender s = MAIL_SENDER_INIT;

	if (start_next(&s, db, conf, e) != 0)
		return -1;
	*tried = s.pid != 0;
	if (s.pid == 0)
		return 0;
	while (!has_answer(&s, -1))
		continue;
	collect(&s, conf);
	return record(&s, db, e);
}

void
mail_send_stop(struct mail_sender *s, struct db *db)
{
	struct err e;

	if (s->pid == 0)
		return;
	kill(s->pid, SIGKILL);
	put_away(s);
	/* If this fails, too, the mail is due when its time with us is over. */
	if (outbox_put_back(db, s->id, &e) != 0)
		log_line(LOG_WARN, "mail.put_back", "mail %" PRId64 ": %s", s->id, e.text);
}
