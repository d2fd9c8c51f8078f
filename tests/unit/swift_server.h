/* swift_server.h: tests/fake/swift.py as a child of a test: a real S3 server with one bucket. */
#ifndef TESTS_UNIT_SWIFT_SERVER_H
#define TESTS_UNIT_SWIFT_SERVER_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/attr.h"
#include "lib/model/project.h"
#include "lib/util/s3.h"
#include "tests/unit/fake.h"
#include "worker/dest/s3_list.h"

#define SWIFT_BUCKET "lazarette"

struct swift {
	pid_t pid;
	int port;
	char folder[64], endpoint[64], path[96];
};

UNUSED static void
swift_start(struct swift *s)
{
	snprintf(s->folder, sizeof s->folder, "/tmp/swift.XXXXXX");
	if (mkdtemp(s->folder) == NULL)
		abort();
	s->port = fake_spawn(&s->pid, SIGTERM,
	    (const char *[]){ "python3", "tests/fake/swift.py", s->folder, SWIFT_BUCKET, NULL });
	if (s->port == 0)
		abort();
	snprintf(s->endpoint, sizeof s->endpoint, "http://127.0.0.1:%d", s->port);
	snprintf(s->path, sizeof s->path, "%s/%s", s->endpoint, SWIFT_BUCKET);
}

UNUSED static void
swift_stop(struct swift *s)
{
	fake_end(s->pid, s->folder);
}

UNUSED static struct storage
swift_storage(const struct swift *s, const char *prefix)
{
	return (struct storage){
		.slug = "cloud", .kind = "s3", .path = s->path,
		.bucket = { .endpoint = s->endpoint, .region = "us-east-1", .bucket = SWIFT_BUCKET,
			.prefix = prefix, .style = "path", .storage_class = "", .encryption = "",
			.key_id = "test:tester" },
		.secret = "testing", .stall_ms = 5000, .pause_ms = 20, .tries = 3,
	};
}

UNUSED static struct s3_place
swift_place(const struct storage *s)
{
	return (struct s3_place){
		.endpoint = s->bucket.endpoint, .region = s->bucket.region,
		.bucket = s->bucket.bucket, .prefix = s->bucket.prefix, .style = s->bucket.style,
		.storage_class = "", .encryption = "", .key_id = s->bucket.key_id,
		.secret = s->secret, .ca_file = "", .pause_ms = 20,
	};
}

UNUSED static int
swift_count(void *arg, const char *key, const char *id, struct err *e)
{
	(void)key;
	(void)id;
	(void)e;
	++*(int *)arg;
	return 0;
}

/* How many unfinished uploads of a key there are. */
UNUSED static int
swift_uploads(struct s3 *s, const char *key)
{
	struct err e = { 0 };
	int n = 0;

	if (s3_list_uploads(s, key, swift_count, &n, &e) != 0)
		abort();
	return n;
}

#endif
