/* hooksign.c: signatures of webhooks. */
#include "lib/util/hooksign.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <string.h>

#include "lib/base/rand.h"

enum { NEW_BYTES = 32, KEY_MIN = 24, KEY_MAX = 64, TEXT_ROOM = 128 };
static const char prefix[] = "whsec_";

char *
hooksign_secret(struct arena *a)
{
	unsigned char key[NEW_BYTES];
	char text[TEXT_ROOM];

	rand_bytes(key, sizeof key);
	sodium_bin2base64(text, sizeof text, key, sizeof key, sodium_base64_VARIANT_ORIGINAL);
	return arena_printf(a, "%s%s", prefix, text);
}

static int
read_secret(unsigned char key[KEY_MAX], size_t *n, const char *secret, struct err *e)
{
	size_t head = strlen(prefix);
	const char *end;

	if (strncmp(secret, prefix, head) != 0)
		return err_set(e, ERR_INPUT, "The secret must begin with whsec_");
	if (sodium_base642bin(key, KEY_MAX, secret + head, strlen(secret + head), NULL, n, &end,
	        sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    *end != '\0' || *n < KEY_MIN)
		return err_set(e, ERR_INPUT,
		    "The secret must be whsec_ and the base64 of 24 to 64 bytes");
	return 0;
}

int
hooksign_check(const char *secret, struct err *e)
{
	unsigned char key[KEY_MAX];
	size_t n;

	return read_secret(key, &n, secret, e);
}

int
hooksign_make(char **ret, struct arena *a, const struct hooksign *what, struct err *e)
{
	unsigned char key[KEY_MAX], mac[EVP_MAX_MD_SIZE];
	char text[TEXT_ROOM], *signed_text;
	unsigned mac_size = 0;
	size_t n;

	if (read_secret(key, &n, what->secret, e) != 0)
		return -1;
	signed_text =
	    arena_printf(a, "%s.%" PRId64 ".%s", what->id, what->timestamp_s, what->body);
	if (HMAC(EVP_sha256(), key, (int)n, (const unsigned char *)signed_text,
	        strlen(signed_text), mac, &mac_size) == NULL)
		return err_set(e, ERR_INTERNAL, "HMAC is not to be had");
	sodium_memzero(key, sizeof key);
	sodium_bin2base64(text, sizeof text, mac, mac_size, sodium_base64_VARIANT_ORIGINAL);
	*ret = arena_printf(a, "v1,%s", text);
	return 0;
}
