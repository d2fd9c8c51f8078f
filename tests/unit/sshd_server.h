/* sshd_server.h: tests/fake/sshd.py as a child of a test: a real OpenSSH server with a wire. */
#ifndef TESTS_UNIT_SSHD_SERVER_H
#define TESTS_UNIT_SSHD_SERVER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/model/project.h"
#include "tests/unit/fake.h"

struct sshd {
	pid_t pid;
	int port;
	char folder[64], store[80], host_key[80], key[2000], address[160];
};

/* Up to n - 1 bytes of a file in its folder. */
UNUSED static void
sshd_file(const struct sshd *s, const char *name, char *out, size_t n)
{
	char path[128];
	size_t got;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", s->folder, name);
	f = fopen(path, "r");
	if (f == NULL)
		abort();
	got = fread(out, 1, n - 1, f);
	out[got] = '\0';
	fclose(f);
}

UNUSED static void
sshd_start(struct sshd *s)
{
	snprintf(s->folder, sizeof s->folder, "/tmp/sshd.XXXXXX");
	if (mkdtemp(s->folder) == NULL)
		abort();
	s->port = fake_spawn(&s->pid, SIGTERM,
	    (const char *[]){ "python3", "tests/fake/sshd.py", s->folder, NULL });
	if (s->port == 0)
		abort();
	snprintf(s->store, sizeof s->store, "%s/store", s->folder);
	snprintf(s->address, sizeof s->address, "sftp://root@127.0.0.1:%d%s", s->port, s->store);
	sshd_file(s, "user", s->key, sizeof s->key);
	sshd_file(s, "host_key", s->host_key, sizeof s->host_key);
}

UNUSED static void
sshd_stop(struct sshd *s)
{
	fake_end(s->pid, s->folder);
}

/* So many of the next connections break once so many bytes of ours went through. */
UNUSED static void
sshd_cut(const struct sshd *s, long bytes, int times, const char *how)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/cut", s->folder);
	unlink(path);
	if (times == 0)
		return;
	f = fopen(path, "w");
	if (f == NULL)
		abort();
	fprintf(f, "%ld %d %s", bytes, times, how);
	fclose(f);
}

UNUSED static struct storage
sshd_storage(const struct sshd *s, const char *folder)
{
	return (struct storage){
		.slug = "nas", .kind = "sftp", .path = s->address,
		.server = { .host = "127.0.0.1", .port = s->port, .login = "root",
			.folder = folder, .auth = "key", .host_key = s->host_key,
			.host_key_met = "" },
		.secret = s->key, .stall_ms = 5000, .pause_ms = 20, .tries = 3,
	};
}

#endif
