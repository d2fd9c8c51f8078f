/* keyset.c: the keys of an instance. */
#include "cli/keyset.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/store/settings.h"
#include "lib/util/agekey.h"
#include "lib/util/minisign.h"

static char *
folder(const struct keyset *k)
{
	return arena_printf(k->arena, "%s/keys", k->conf->home);
}

static int
new_identity(const struct keyset *k, struct err *e)
{
	CLEANUP_AGEKEY struct agekey key = { .secret = { 0 } };
	char public[AGEKEY_TEXT];

	agekey_make(&key);
	agekey_public_text(public, key.public);
	/* The file first: what is encrypted to a key that nobody has is lost. */
	return agekey_put(folder(k), &key, e) != 0
	    ? -1 : settings_set(k->db, "age_recipient", public, e);
}

/* One key that lies there and no catalogue that knows it: the catalogue was made anew. */
static int
first_identity(const struct keyset *k, struct err *e)
{
	CLEANUP_AGERING struct agering ring = { NULL, 0 };
	char public[AGEKEY_TEXT];

	if (agekey_read_folder(&ring, folder(k), e) != 0)
		return -1;
	if (ring.count != 1)
		return new_identity(k, e);
	agekey_public_text(public, ring.keys[0].public);
	return settings_set(k->db, "age_recipient", public, e);
}

static int
new_recovery(const struct keyset *k, struct err *e)
{
	CLEANUP_AGEKEY struct agekey key = { .secret = { 0 } };
	char public[AGEKEY_TEXT], secret[AGEKEY_TEXT];

	agekey_make(&key);
	agekey_public_text(public, key.public);
	agekey_secret_text(secret, &key);
	printf("\nRECOVERY KEY\n"
	       "This opens every backup when this machine is lost. It is shown only now and stored "
	       "nowhere:\nwrite it down or put it into a password manager.\n\n"
	       "    %s\n\n", secret);
	OPENSSL_cleanse(secret, sizeof secret);
	if (fflush(stdout) != 0)
		return err_sys(e, "print the recovery key");
	return settings_set(k->db, "age_recovery", public, e);
}

static int
new_signing_key(const struct keyset *k, struct err *e)
{
	const char *file = arena_printf(k->arena, "%s/sign.key", folder(k));
	CLEANUP_MINISIGN struct minisign_secret secret = { .id = { 0 } };
	struct minisign_public public;
	char text[MINISIGN_PUBLIC_TEXT];

	if (access(file, F_OK) != 0) {
		if (minisign_make(&public, file, e) != 0)
			return err_in(e, "make the key that signs backups");
	} else {
		if (minisign_read_secret(&secret, file, e) != 0)
			return -1;
		minisign_public_of(&public, &secret);
	}
	minisign_public_text(text, &public);
	return settings_set(k->db, "sign_public_key", text, e);
}

int
keyset_make(const struct keyset *k, struct err *e)
{
	static const struct {
		const char *setting;
		int (*make)(const struct keyset *k, struct err *e);
	} keys[] = {
		{ "age_recipient", first_identity },
		{ "sign_public_key", new_signing_key },
		{ "age_recovery", new_recovery },
	};
	char *known;

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (settings_get(&known, k->arena, k->db, keys[i].setting, e) != 0)
			return -1;
		if (*known == '\0' && keys[i].make(k, e) != 0)
			return -1;
	}
	return 0;
}

int
keyset_rotate(const struct keyset *k, struct err *e)
{
	char *known;

	if (settings_get(&known, k->arena, k->db, "age_recipient", e) != 0)
		return -1;
	if (*known == '\0')
		return err_set(e, ERR_CONFLICT, "there are no keys yet; run: lazarette admin keys");
	return new_identity(k, e);
}

int
keyset_show(const struct keyset *k, struct err *e)
{
	struct minisign_public signing;
	char *recipient, *recovery, *sign, short_id[AGEKEY_SHORT], id[MINISIGN_ID_TEXT];

	if (settings_get(&recipient, k->arena, k->db, "age_recipient", e) != 0 ||
	    settings_get(&recovery, k->arena, k->db, "age_recovery", e) != 0 ||
	    settings_get(&sign, k->arena, k->db, "sign_public_key", e) != 0 ||
	    minisign_read_public(&signing, sign, e) != 0)
		return -1;
	agekey_short(short_id, recipient);
	minisign_id_text(id, signing.id);
	printf("Backups are encrypted to  %s\n"
	       "           opened with    %s/%s.identity\n"
	       "           or, recovery   %s\n"
	       "Backups are signed by     %s (minisign %s)\n",
	    recipient, folder(k), short_id, recovery, sign, id);
	return 0;
}
