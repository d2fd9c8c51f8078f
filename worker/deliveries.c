/* deliveries.c: what nginx says it has sent, read from a socket and counted. */
#include "worker/deliveries.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/base/num.h"

enum { PATH_SIZE = 4096, DATAGRAM_MAX = 2048, AT_ONCE = 256 };

/* Cut the next word off *at: up to `end`, which must be there. */
static bool
word(char *out, size_t room, const char **at, char end)
{
	const char *stop = strchr(*at, end);
	size_t n = stop ? (size_t)(stop - *at) : 0;

	if (n == 0 || n >= room)
		return false;
	memcpy(out, *at, n);
	out[n] = '\0';
	*at = end ? stop + 1 : stop;
	return true;
}

static bool
number(int64_t *ret, const char **at, char end)
{
	char text[24];

	return word(text, sizeof text, at, end) && num_parse(ret, text, 0, INT64_MAX);
}

bool
deliveries_parse(struct delivery *ret, char address[DELIVERY_ADDRESS_SIZE], const char *text,
    size_t n)
{
	static const char tag[] = " lazarette: ";
	char line[DATAGRAM_MAX + 1];
	struct delivery d;
	const char *at;
	int64_t status;

	if (n == 0 || n >= sizeof line || memchr(text, '\0', n) != NULL || text[0] != '<')
		return false;
	memcpy(line, text, n);
	line[n] = '\0';
	if (line[n - 1] == '\n')
		line[n - 1] = '\0';
	at = strstr(line, tag);
	if (at == NULL)
		return false;
	at += sizeof tag - 1;
	if (!number(&d.link, &at, ':') || !number(&d.file, &at, ' ') ||
	    !number(&status, &at, ' ') || !number(&d.bytes, &at, ' ') ||
	    !word(address, DELIVERY_ADDRESS_SIZE, &at, '\0'))
		return false;
	if (address[strspn(address, "0123456789abcdefABCDEF.:")] != '\0' &&
	    strcmp(address, "unix:") != 0)
		return false;
	if (d.link == 0 || d.file == 0 || (status != 200 && status != 206))
		return false;
	d.address = address;
	*ret = d;
	return true;
}

/* Only who holds the lock may bind, so that two workers never take the socket from each other. */
static bool
take_lock(struct deliveries *d, const struct conf *conf)
{
	char path[PATH_SIZE];

	if (snprintf(path, sizeof path, "%s/deliveries.lock", conf->run) >= (int)sizeof path)
		return false;
	d->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->lock >= 0 && flock(d->lock, LOCK_EX | LOCK_NB) != 0)
		fd_close(&d->lock);
	return d->lock >= 0;
}

void
deliveries_open(struct deliveries *d, const struct conf *conf)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct err e;
	mode_t mask;
	int bound;

	if (d->fd >= 0 || !take_lock(d, conf))
		return;
	if (snprintf(to.sun_path, sizeof to.sun_path, "%s/deliveries.sock", conf->run) >=
	    (int)sizeof to.sun_path) {
		log_line(LOG_ERROR, "deliveries.open",
		    "the path '%s/deliveries.sock' is too long for a socket: "
		    "deliveries are not counted; choose a shorter home folder",
		    conf->run);
		return;
	}
	d->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(to.sun_path);
	/* As web.sock: nginx runs as our account or in our group; nobody else may spend links. */
	mask = umask(0117);
	bound = d->fd < 0 ? -1 : bind(d->fd, (struct sockaddr *)&to, sizeof to);
	umask(mask);
	if (bound != 0) {
		err_sys(&e, "listen on '%s'", to.sun_path);
		log_line(LOG_WARN, "deliveries.open", "%s", e.text);
		deliveries_close(d);
	}
}

void
deliveries_read(struct deliveries *d, struct db *db)
{
	char text[DATAGRAM_MAX], address[DELIVERY_ADDRESS_SIZE];
	struct delivery delivery;
	struct err e;
	bool first;
	ssize_t n;

	for (int i = 0; i < AT_ONCE && (n = recv(d->fd, text, sizeof text, 0)) >= 0; i++) {
		if (!deliveries_parse(&delivery, address, text, (size_t)n))
			continue;
		if (links_delivered(&first, db, &delivery, &e) != 0)
			log_line(LOG_WARN, "deliveries.count", "link %" PRId64 ": %s",
			    delivery.link, e.text);
		else if (first)
			log_line(LOG_INFO, "link.first_use", "link %" PRId64 " from %s",
			    delivery.link, address);
	}
}

void
deliveries_close(struct deliveries *d)
{
	fd_close(&d->fd);
	fd_close(&d->lock);
}
