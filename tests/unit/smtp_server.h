/* smtp_server.h: tests/fake/smtpd.py as a child of a test, with an authority of its own. */
#ifndef TESTS_UNIT_SMTP_SERVER_H
#define TESTS_UNIT_SMTP_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/attr.h"
#include "lib/util/conf.h"

static char folder[] = "/tmp/smtp_test.XXXXXX";

struct server {
	const char *tls, *cert, *user;
	const char *host;             /* address to listen on; NULL: 127.0.0.1 */
	const char *chaos;            /* rate of connections with a fault of any kind; NULL: none */
	pid_t pid;
	int port;
	char dir[128], url[128], ca[128];
	struct conf_mail conf;
};

UNUSED static pid_t
run(const char *const *argv, int out)
{
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(out >= 0 ? out : null, 1);
		dup2(null, 2);
		execvp(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	return pid;
}

UNUSED static void
run_and_wait(const char *const *argv)
{
	int status;

	assert_int_equal(waitpid(run(argv, -1), &status, 0) > 0 ? status : -1, 0);
}

UNUSED static const char *
in_folder(const char *name)
{
	static char paths[8][256];
	static int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

/* A certificate `name`.crt for a host, signed by our authority; by itself when `ca` is NULL. */
UNUSED static void
make_certificate(const char *name, const char *host, const char *ca)
{
	char key[64], crt[64], subject[128], alt[128];

	snprintf(key, sizeof key, "%s.key", name);
	snprintf(crt, sizeof crt, "%s.crt", name);
	snprintf(subject, sizeof subject, "/CN=%s", host);
	snprintf(alt, sizeof alt, "subjectAltName=DNS:%s", host);
	const char *argv[] = { "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
		"ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", in_folder(key),
		"-out", in_folder(crt), "-subj", subject, "-addext", alt, ca ? "-CA" : NULL,
		in_folder("ca.crt"), "-CAkey", in_folder("ca.key"), NULL };

	run_and_wait(argv);
}

UNUSED static int
server_folder(void **state UNUSED)
{
	if (mkdtemp(folder) == NULL)
		return -1;
	make_certificate("ca", "Test authority", NULL);
	make_certificate("good", "localhost", "ca");
	make_certificate("other", "mail.elsewhere.example", "ca");
	make_certificate("self", "localhost", NULL);
	return 0;
}

UNUSED static int
server_folder_remove(void **state UNUSED)
{
	const char *argv[] = { "rm", "-rf", folder, NULL };

	run_and_wait(argv);
	return 0;
}

UNUSED static void
server_start(struct server *s, const char *fault)
{
	static int number;
	char cert[64], key[64], line[64] = "";
	int ends[2];

	snprintf(s->dir, sizeof s->dir, "%s/server%d", folder, number++);
	snprintf(cert, sizeof cert, "%s.crt", s->cert);
	snprintf(key, sizeof key, "%s.key", s->cert);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	const char *argv[] = { "/usr/bin/python3", "tests/fake/smtpd.py", "--dir", s->dir, "--tls",
		s->tls, "--cert", in_folder(cert), "--key", in_folder(key), "--fault", fault,
		"--chaos", s->chaos ? s->chaos : "0",
		"--host", s->host ? s->host : "127.0.0.1", s->user ? "--user" : NULL, s->user,
		"--password", "pass \"word\"", NULL };

	s->pid = run(argv, ends[1]);
	close(ends[1]);
	assert_true(read(ends[0], line, sizeof line - 1) > 0);
	close(ends[0]);
	assert_int_equal(sscanf(line, "listening %d", &s->port), 1);
	snprintf(s->url, sizeof s->url, "%s://localhost:%d",
	    strcmp(s->tls, "implicit") == 0 ? "smtps" : "smtp", s->port);
	snprintf(s->ca, sizeof s->ca, "%s", in_folder("ca.crt"));
	s->conf = (struct conf_mail){ .server = s->url,
		.from = "from@example.org",
		.user = s->user ? s->user : "",
		.password = "pass \"word\"",
		.ca_file = s->ca,
		.timeout_ms = 8000,
		.folder = "" };
}

UNUSED static void
server_stop(struct server *s)
{
	if (s->pid <= 0)
		return;
	kill(s->pid, SIGTERM);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
}
#define CLEANUP_SERVER CLEANUP(server_stop)

UNUSED static int
mails(const struct server *s)
{
	DIR *d = opendir(s->dir);
	struct dirent *entry;
	int n = 0;

	while (d != NULL && (entry = readdir(d)) != NULL)
		n += strstr(entry->d_name, ".eml") != NULL;
	if (d != NULL)
		closedir(d);
	return n;
}

#endif
