/*
 * Texts of a known form. What is wrong is said in the words of the reference
 * framework's parsers, which clients may show to people.
 */
#include "plan/schema_forms.h"

#include <arpa/inet.h>
#include <stddef.h>

#include "base/arena.h"

static bool
byte_is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool
byte_is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool
byte_is_hex(char byte)
{
	return byte_is_digit(byte) || (byte >= 'a' && byte <= 'f') ||
	    (byte >= 'A' && byte <= 'F');
}

/* ---- uuid ---------------------------------------------------------------- */

#define UUID_GROUPS 5

static const size_t uuid_starts[UUID_GROUPS] = { 0, 9, 14, 19, 24 };
static const size_t uuid_lengths[UUID_GROUPS] = { 8, 4, 4, 4, 12 };

/* All bytes are hexadecimal or '-': which group is wrong? */
static const char *
uuid_groups(struct text text, struct arena *arena)
{
	size_t start = 0, group = 0, i;

	for (i = 0; i <= text.len; i++) {
		if (i < text.len && text.at[i] != '-')
			continue;
		if (i - start != uuid_lengths[group])
			return arena_printf(arena, "invalid group length in "
			    "group %zu: expected %zu, found %zu", group,
			    uuid_lengths[group], i - start);
		start = i + 1;
		group++;
	}
	return NULL;
}

static const char *
uuid_explain(struct text text, struct arena *arena)
{
	size_t i, hyphens = 0, len = 1;

	for (i = 0; i < text.len; i++) {
		if (text.at[i] == '-')
			hyphens++;
		else if (!byte_is_hex(text.at[i]))
			break;
	}
	if (i < text.len) {
		while (i + len < text.len && (text.at[i + len] & 0xc0) == 0x80)
			len++;
		return arena_printf(arena, "invalid character: expected an "
		    "optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], "
		    "found `%.*s` at %zu", (int)len, text.at + i, i + 1);
	}
	if (hyphens == 0)
		return arena_printf(arena, "invalid length: expected length "
		    "32 for simple format, found %zu", text.len);
	if (hyphens != UUID_GROUPS - 1)
		return arena_printf(arena, "invalid group count: expected 5, "
		    "found %zu", hyphens + 1);
	return uuid_groups(text, arena);
}

const char *
form_uuid(struct text text, struct arena *arena)
{
	size_t i, group = 1, next = uuid_starts[1] - 1;
	bool simple = text.len == 32;

	if (text.len != 36 && !simple)
		return uuid_explain(text, arena);
	for (i = 0; i < text.len; i++) {
		if (!simple && i == next) {
			if (text.at[i] != '-')
				return uuid_explain(text, arena);
			group++;
			next = group < UUID_GROUPS ?
			    uuid_starts[group] - 1 : text.len;
		} else if (!byte_is_hex(text.at[i])) {
			return uuid_explain(text, arena);
		}
	}
	return NULL;
}

/* ---- bytes, addresses ---------------------------------------------------- */

const char *
form_bytea(struct text text)
{
	size_t i;

	if (text.len < 2 || text.at[0] != '\\' || text.at[1] != 'x')
		return "expected `\\x` in front";
	for (i = 2; i < text.len; i++) {
		if (!byte_is_hex(text.at[i]))
			return "invalid character";
	}
	return text.len % 2 == 0 ? NULL : "odd number of digits";
}

static bool
address_parse(int family, struct text text)
{
	unsigned char address[16];
	char copy[INET6_ADDRSTRLEN];

	if (text.len >= sizeof(copy) || memchr(text.at, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	return inet_pton(family, copy, address) == 1;
}

bool
form_ipv4(struct text text)
{
	return address_parse(AF_INET, text);
}

bool
form_ipv6(struct text text)
{
	return address_parse(AF_INET6, text);
}

const char *
form_uri(struct text text)
{
	size_t i = 0;

	if (text.len == 0)
		return "input is empty";
	if (!byte_is_letter(text.at[0]))
		return "relative URL without a base";
	while (i < text.len && (byte_is_letter(text.at[i]) ||
	    byte_is_digit(text.at[i]) || strchr("+-.", text.at[i]) != NULL))
		i++;
	if (i == text.len || text.at[i] != ':')
		return "relative URL without a base";
	if (i + 1 == text.len)
		return "empty host";
	for (; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.at[i];

		if (byte <= ' ' || byte == 0x7f ||
		    strchr("\"<>\\^`{|}", byte) != NULL)
			return "invalid character";
		if (byte == '%' && (text.len - i < 3 ||
		    !byte_is_hex(text.at[i + 1]) ||
		    !byte_is_hex(text.at[i + 2])))
			return "invalid percent escape";
	}
	return NULL;
}

/* ---- e-mail -------------------------------------------------------------- */

#define EMAIL_MAX 254
#define EMAIL_LOCAL_MAX 64
#define EMAIL_LABEL_MAX 63

/* RFC 5322's atext; beyond ASCII all letters of RFC 6531. */
static bool
email_is_atext(unsigned char byte)
{
	return byte_is_letter((char)byte) || byte_is_digit((char)byte) ||
	    byte >= 0x80 || (byte > ' ' &&
	    strchr("!#$%&'*+-/=?^_`{|}~", byte) != NULL);
}

static const char *
email_local(struct text local)
{
	size_t i;

	if (local.len == 0)
		return "There must be something before the @-sign.";
	if (local.len > EMAIL_LOCAL_MAX)
		return "The email address is too long before the @-sign.";
	if (local.at[0] == '.')
		return "An email address cannot start with a period.";
	if (local.at[local.len - 1] == '.')
		return "An email address cannot have a period immediately "
		    "before the @-sign.";
	for (i = 0; i < local.len; i++) {
		if (local.at[i] == '.') {
			if (local.at[i - 1] == '.')
				return "An email address cannot have two "
				    "periods in a row.";
		} else if (!email_is_atext((unsigned char)local.at[i])) {
			return "The email address contains invalid "
			    "characters before the @-sign.";
		}
	}
	return NULL;
}

static const char *
email_label(struct text label)
{
	size_t i;

	if (label.len == 0)
		return "An email address cannot have two periods in a row.";
	if (label.len > EMAIL_LABEL_MAX)
		return "After the @-sign, periods cannot be separated by so "
		    "many characters.";
	if (label.at[0] == '-' || label.at[label.len - 1] == '-')
		return "The part after the @-sign cannot have a hyphen at the "
		    "start or the end of a part.";
	for (i = 0; i < label.len; i++) {
		char byte = label.at[i];

		if (!byte_is_letter(byte) && !byte_is_digit(byte) &&
		    byte != '-' && (unsigned char)byte < 0x80)
			return "The part after the @-sign contains invalid "
			    "characters.";
	}
	return NULL;
}

static const char *
email_domain(struct text domain)
{
	const char *at = domain.at, *end = domain.at + domain.len, *wrong;
	unsigned labels = 0;

	if (domain.len == 0)
		return "There must be something after the @-sign.";
	if (*at == '.')
		return "An email address cannot have a period immediately "
		    "after the @-sign.";
	if (end[-1] == '.')
		return "An email address cannot end with a period.";
	while (at < end) {
		const char *dot = memchr(at, '.', (size_t)(end - at));

		if (dot == NULL)
			dot = end;
		wrong = email_label((struct text){ at, (size_t)(dot - at) });
		if (wrong != NULL)
			return wrong;
		labels++;
		at = dot + 1;
	}
	return labels > 1 ? NULL : "The part after the @-sign is not valid. "
	    "It should have a period.";
}

const char *
form_email(struct text text)
{
	const char *at = memchr(text.at, '@', text.len), *wrong;
	size_t local;

	if (at == NULL)
		return "An email address must have an @-sign.";
	if (text.len > EMAIL_MAX)
		return "The email address is too long.";
	local = (size_t)(at - text.at);
	wrong = email_local((struct text){ text.at, local });
	return wrong != NULL ? wrong : email_domain(
	    (struct text){ at + 1, text.len - local - 1 });
}
