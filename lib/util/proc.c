/* proc.c: the one way a child process is run. */
#include "lib/util/proc.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/utf8.h"

enum { PROCS_MAX = 16, LINES_KEPT = 6, SECRET_MIN = 4, ENV_MAX = 64, PIPE_BYTES = 1 << 20 };

struct proc {
	pid_t pid;                    /* also its process group */
	pid_t guard;                  /* kills the group when we are gone */
	int lifeline;                 /* the guard sees it close */
	int pidfd, out, err;          /* -1 once at their end */
	bool reaped;
	char *name, *secret;
	struct buf line;              /* the line of stderr being read */
	bool overlong;                /* of which the rest is dropped */
	char *lines[LINES_KEPT];      /* the last ones; number i lies at i % LINES_KEPT */
	size_t line_count;
	void (*each)(void *arg, const char *line);
	void *arg;
};

/* What the child needs between fork and exec, where only async-signal-safe calls are allowed. */
struct launch {
	char *const *argv;
	char *const *env;
	pid_t parent;
	int in, out, err, failed;     /* `failed` takes errno when there is no exec */
};

/* Above the standard three, so that placing one never overwrites another. */
static int
lift(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 10);
}

static NORETURN void
become(const struct launch *l)
{
	int in = lift(l->in), out = lift(l->out), err = lift(l->err), failed = lift(l->failed);
	int reason;
	sigset_t none;

	if (failed < 0)
		failed = l->failed;
	sigemptyset(&none);
	/* The parent may have died before prctl(): then there is another one by now. */
	if (in < 0 || out < 0 || err < 0 || failed < 0 || setpgid(0, 0) != 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		goto fail;
	if (getppid() != l->parent)
		_exit(127);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 ||
	    dup3(failed, 3, O_CLOEXEC) < 0 || close_range(4, ~0U, 0) != 0)
		goto fail;
	failed = 3;
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(l->argv[0], l->argv, l->env);
fail:
	reason = errno;
	if (write(failed, &reason, sizeof reason) < 0)
		_exit(126);
	_exit(127);
}

/* Fork and exec; on success the child has become the tool. */
static int
launch(pid_t *ret, struct launch *l, struct err *e)
{
	CLEANUP_FD int tell = -1;
	CLEANUP_FD int hear = -1;
	int pair[2], reason = 0;
	ssize_t got;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) != 0)
		return err_sys(e, "pipe");
	hear = pair[0];
	tell = l->failed = pair[1];
	l->parent = getpid();
	pid = fork();
	if (pid < 0)
		return err_sys(e, "fork");
	if (pid == 0)
		become(l);
	fd_close(&tell);
	got = fd_read_full(hear, &reason, sizeof reason, e);
	if (got == 0) {
		*ret = pid;
		return 0;
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (got < 0)
		return -1;
	errno = reason;
	return err_sys(e, "cannot run %s", l->argv[0]);
}

/* The death signal reaches the tool alone: what a tool has started itself is the guard's to end. */
static NORETURN void
watch_over(pid_t group, int lifeline)
{
	char none;

	prctl(PR_SET_NAME, "proc-guard");
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	if (setpgid(0, group) != 0 || dup2(lifeline, 0) < 0 || close_range(1, ~0U, 0) != 0)
		_exit(127);
	while (read(0, &none, 1) < 0 && errno == EINTR)
		;
	kill(-group, SIGKILL);
	_exit(0);
}

static int
post_guard(struct proc *p, struct err *e)
{
	CLEANUP_FD int end = -1;
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) != 0)
		return err_sys(e, "pipe");
	end = pair[0];
	p->lifeline = pair[1];
	p->guard = fork();
	if (p->guard < 0)
		return err_sys(e, "fork");
	if (p->guard == 0)
		watch_over(p->pid, end);
	return 0;
}

/* A pipe whose reading end is ours (and never blocks). */
static int
our_pipe(int *ours, int *theirs, struct err *e)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) != 0)
		return err_sys(e, "pipe");
	*ours = pair[0];
	*theirs = pair[1];
	if (fcntl(*ours, F_SETFL, O_NONBLOCK) != 0)
		return err_sys(e, "pipe");
	return 0;
}

static int
start(struct proc *p, const struct proc_spec *spec, int in, struct err *e)
{
	static const char *const always[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8",
		"TZ=UTC" };
	const char *env[ENV_MAX + 1] = { NULL };
	CLEANUP_FD int out = -1;
	CLEANUP_FD int err = -1;
	struct launch l;
	size_t n = 0;

	for (; n < sizeof always / sizeof always[0]; n++)
		env[n] = always[n];
	for (const char *const *v = spec->env; v != NULL && *v != NULL; v++) {
		if (n == ENV_MAX)
			return err_set(e, ERR_INTERNAL, "too many environment variables");
		env[n++] = *v;
	}
	if (our_pipe(&p->out, &out, e) != 0 || our_pipe(&p->err, &err, e) != 0)
		return -1;
	/* Fewer turns per byte; past the user's limit for pipes the usual size does. */
	(void)fcntl(p->out, F_SETPIPE_SZ, PIPE_BYTES);
	/* execve() takes its vectors without const and leaves them alone. */
	l = (struct launch){ .in = in, .out = out, .err = err };
	memcpy(&l.argv, &spec->argv, sizeof l.argv);
	l.env = (char *const *)(void *)env;
	if (launch(&p->pid, &l, e) != 0)
		return -1;
	p->pidfd = pidfd_open(p->pid, 0);
	if (p->pidfd < 0)
		return err_sys(e, "pidfd_open");
	return post_guard(p, e);
}

int
proc_start(struct proc **ret, const struct proc_spec *spec, struct err *e)
{
	CLEANUP_FD int in =
	    spec->stdin_fd >= 0 ? spec->stdin_fd : open("/dev/null", O_RDONLY | O_CLOEXEC);
	CLEANUP_PROC struct proc *p = xmalloc(sizeof *p);
	const char *slash = strrchr(spec->argv[0], '/');

	*p = (struct proc){ .pid = -1, .guard = -1, .lifeline = -1, .pidfd = -1, .out = -1,
		.err = -1, .line = BUF_INIT, .each = spec->line, .arg = spec->arg };
	p->name = xstrdup(slash ? slash + 1 : spec->argv[0]);
	if (spec->secret != NULL && strlen(spec->secret) >= SECRET_MIN)
		p->secret = xstrdup(spec->secret);
	if (in < 0)
		return err_sys(e, "open '/dev/null'");
	if (start(p, spec, in, e) != 0)
		return -1;
	*ret = p;
	p = NULL;
	return 0;
}

/* `line` with every occurrence of the secret replaced. */
static void
redact(struct buf *to, const char *line, size_t n, const char *secret)
{
	size_t size = secret ? strlen(secret) : 0;
	const char *hit;

	while (size > 0 && (hit = memmem(line, n, secret, size)) != NULL) {
		buf_add(to, line, (size_t)(hit - line));
		buf_text(to, "***");
		n -= (size_t)(hit - line) + size;
		line = hit + size;
	}
	buf_add(to, line, n);
}

/* The line is complete: clean it, keep it, show it. */
static void
end_line(struct proc *p)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_BUF struct buf clean = BUF_INIT;
	size_t part = p->overlong && p->secret ? strlen(p->secret) : 0;
	char *line, **slot;

	redact(&clean, p->line.p, p->line.n, p->secret);
	/* Where an overlong line was cut, the beginning of the secret may stand. */
	buf_cut(&clean, clean.n > part ? clean.n - part : 0);
	if (clean.n > PROC_LINE_MAX)
		buf_cut(&clean, PROC_LINE_MAX);
	while (clean.n > 0 && strchr(" \t\r", clean.p[clean.n - 1]) != NULL)
		buf_cut(&clean, clean.n - 1);
	buf_clear(&p->line);
	p->overlong = false;
	if (clean.n == 0)
		return;
	line = utf8_clean(a, clean.p, clean.n);
	slot = &p->lines[p->line_count++ % LINES_KEPT];
	free(*slot);
	*slot = xstrdup(line);
	if (p->each)
		p->each(p->arg, line);
}

static void
take_stderr(struct proc *p, const char *at, size_t n)
{
	size_t most = PROC_LINE_MAX + (p->secret ? strlen(p->secret) : 0);

	for (; n > 0; at++, n--) {
		if (*at == '\n')
			end_line(p);
		else if (p->line.n < most)
			buf_char(&p->line, *at);
		else
			p->overlong = true;
	}
}

/* Read what stderr holds now. */
static void
drain_stderr(struct proc *p)
{
	char piece[8192];
	ssize_t n;

	while (p->err >= 0) {
		n = read(p->err, piece, sizeof piece);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			fd_close(&p->err);
		else
			take_stderr(p, piece, (size_t)n);
	}
}

/* Sleep until stdout has something (1) or the child has ended and stdout has nothing (0). */
static int
await(struct proc *p, struct err *e)
{
	enum { OUT, ERR, END, FDS };

	for (;;) {
		struct pollfd fds[FDS] = {
			[OUT] = { .fd = p->out, .events = POLLIN },
			[ERR] = { .fd = p->err, .events = POLLIN },
			[END] = { .fd = p->pidfd, .events = POLLIN },
		};

		if (poll(fds, FDS, -1) < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(e, "poll");
		}
		if (fds[ERR].revents != 0)
			drain_stderr(p);
		if (fds[OUT].revents != 0)
			return 1;
		if (fds[END].revents != 0)
			return 0;
	}
}

ssize_t
proc_read(struct proc *p, void *at, size_t n, struct err *e)
{
	ssize_t got;
	int more;

	while (p->out >= 0) {
		more = await(p, e);
		if (more < 0)
			return -1;
		got = more ? read(p->out, at, n) : 0;
		if (got > 0)
			return got;
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return err_sys(e, "read from %s", p->name);
		fd_close(&p->out);
	}
	return 0;
}

/* Throw away what stdout holds now. */
static void
drop_stdout(struct proc *p)
{
	char piece[8192];
	ssize_t n = 1;

	while (p->out >= 0 && (n > 0 || errno == EINTR)) {
		n = read(p->out, piece, sizeof piece);
		if (n == 0)
			fd_close(&p->out);
		else if (n < 0 && errno != EINTR)
			return;
	}
}

int
proc_feed(struct proc *p, int fd, const void *at, size_t n, struct err *e)
{
	const char *next = at;

	while (n > 0) {
		struct pollfd fds[] = { { .fd = fd, .events = POLLOUT },
			{ .fd = p->out, .events = POLLIN }, { .fd = p->err, .events = POLLIN } };
		ssize_t put = write(fd, next, n);

		if (put > 0) {
			next += put;
			n -= (size_t)put;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return err_sys(e, "write to %s", p->name);
		if (poll(fds, sizeof fds / sizeof fds[0], -1) < 0 && errno != EINTR)
			return err_sys(e, "poll");
		drop_stdout(p);
		drain_stderr(p);
	}
	return 0;
}

/* The child has ended or must: nothing of its group stays, and its number is free only then. */
static int
reap(int *status, struct proc *p, struct err *e)
{
	pid_t got;

	/* The guard first: it must not act on a number that is free again. */
	if (p->guard > 0) {
		kill(p->guard, SIGKILL);
		while (waitpid(p->guard, NULL, 0) < 0 && errno == EINTR)
			;
	}
	kill(-p->pid, SIGKILL);
	do
		got = waitpid(p->pid, status, 0);
	while (got < 0 && errno == EINTR);
	p->reaped = true;
	return got == p->pid ? 0 : err_sys(e, "the exit status of %s is lost", p->name);
}

/* What stderr says of a failure: its last lines from the first "error:" on, else the last. */
static void
last_words(struct buf *to, const struct proc *p)
{
	size_t count = p->line_count, from = count - (count > 0);

	for (size_t i = count > LINES_KEPT ? count - LINES_KEPT : 0; i < count; i++) {
		if (strcasestr(p->lines[i % LINES_KEPT], "error:") != NULL) {
			from = i;
			break;
		}
	}
	for (size_t i = from; i < count; i++) {
		const char *line = p->lines[i % LINES_KEPT];

		buf_text(to, i == from ? ": " : " ");
		buf_text(to, line + strspn(line, " \t"));
	}
}

int
proc_wait(struct proc *p, struct err *e)
{
	CLEANUP_BUF struct buf words = BUF_INIT;
	char rest[8192];
	ssize_t n;
	int status;

	while ((n = proc_read(p, rest, sizeof rest, e)) > 0)
		;
	/* stdout is at its end; the child may still be at work. */
	if (n < 0 || await(p, e) < 0)
		return -1;
	drain_stderr(p);
	end_line(p);
	if (reap(&status, p, e) != 0)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	last_words(&words, p);
	if (WIFSIGNALED(status)) {
		int sig = WTERMSIG(status);

		err_set(e, ERR_INTERNAL, "%s was killed by signal %d (%s)%s", p->name, sig,
		    strsignal(sig), words.p);
		e->exit_code = 128 + sig;
		return -1;
	}
	err_set(e, ERR_INTERNAL, "%s ended with exit code %d%s", p->name, WEXITSTATUS(status),
	    words.p);
	e->exit_code = WEXITSTATUS(status);
	return -1;
}

int
proc_first(size_t *which, struct proc *const *procs, size_t n, struct err *e)
{
	struct pollfd fds[2 * PROCS_MAX];

	assert(n <= PROCS_MAX);
	for (;;) {
		for (size_t i = 0; i < n; i++) {
			const struct proc *p = procs[i];

			fds[2 * i] = (struct pollfd){ .fd = p ? p->err : -1, .events = POLLIN };
			fds[2 * i + 1] =
			    (struct pollfd){ .fd = p ? p->pidfd : -1, .events = POLLIN };
		}
		if (poll(fds, 2 * n, -1) < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(e, "poll");
		}
		for (size_t i = 0; i < n; i++) {
			if (fds[2 * i].revents != 0)
				drain_stderr(procs[i]);
			if (fds[2 * i + 1].revents != 0) {
				*which = i;
				return 0;
			}
		}
	}
}

void
proc_end(struct proc *p)
{
	struct err ignored;
	int status;

	if (p == NULL)
		return;
	if (p->pid > 0 && !p->reaped)
		(void)!reap(&status, p, &ignored);
	fd_close(&p->lifeline);
	fd_close(&p->pidfd);
	fd_close(&p->out);
	fd_close(&p->err);
	for (size_t i = 0; i < LINES_KEPT; i++)
		free(p->lines[i]);
	if (p->secret)
		explicit_bzero(p->secret, strlen(p->secret));
	free(p->secret);
	free(p->name);
	/* The line being read may hold the secret, too. */
	explicit_bzero(p->line.p, p->line.n);
	buf_release(&p->line);
	free(p);
}

void
proc_endp(struct proc **p)
{
	proc_end(*p);
	*p = NULL;
}

int
proc_output(struct buf *out, size_t max, const struct proc_spec *spec, struct err *e)
{
	enum { STEP = 16 * 1024 };
	CLEANUP_PROC struct proc *p = NULL;
	size_t begin = out->n;
	ssize_t n;

	if (proc_start(&p, spec, e) != 0)
		return -1;
	while ((n = proc_read(p, buf_room(out, STEP), STEP, e)) > 0) {
		buf_took(out, (size_t)n);
		if (out->n - begin > max)
			return err_set(e, ERR_INPUT, "%s wrote more than %zu bytes", p->name, max);
	}
	if (n < 0)
		return -1;
	return proc_wait(p, e);
}
